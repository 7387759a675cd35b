//! What a peer above has of somebody else's log and that does not fit here.
//!
//! Two machines may be put back to older copies at once: whose log it is, and the hub that passes
//! it on. What is written then stands at numbers under which central already has something else.
//! Central cannot take it, and only the owner may join the two ways, but the owner talks to the
//! hub, which has only one of them. So the hub keeps the other one beside its logs, and tells the
//! owner, who fetches it like its own past and goes on in a new epoch with both
//! ([`super::repair`]). Nothing of it takes effect before that.

use std::collections::HashMap;

use super::{Place, Sealed, rule::Known};

/// Whether an event that does not fit is kept aside: only if what goes before it is here, in the log
/// or aside, so that its owner is never shown a way with a hole in it.
///
/// # Errors
/// Those of `known`.
pub fn follows<K: Known + ?Sized>(
    known: &K,
    event: &Sealed,
    aside: impl FnOnce(Place, &[u8; 32]) -> Result<bool, K::Error>,
) -> Result<bool, K::Error> {
    let place = event.place();
    let Some(seq) = place.seq.checked_sub(1).filter(|seq| *seq > 0) else {
        return Ok(place.seq == 1);
    };
    let before = Place { seq, ..place };
    Ok(known.hash_at(before)? == Some(event.prev_hash) || aside(before, &event.prev_hash)?)
}

/// An event that is kept aside, without what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Its number.
    pub seq: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// Hash of the one before.
    pub prev_hash: [u8; 32],
    /// Whether an event of its id stands in a log here.
    pub known: bool,
}

/// The way of one log to tell its owner of: places in `nodes`, in the order of their numbers. There
/// may be several, where machines went back more than once; they are told one after another, each
/// until all of it stands in a log. `None` where everything does.
pub fn way(nodes: &[Node]) -> Option<Vec<usize>> {
    let at: HashMap<(u64, [u8; 32]), usize> = (nodes.iter().enumerate())
        .map(|(i, n)| ((n.seq, n.hash), i))
        .collect();
    let before = |i: usize| {
        let node = nodes.get(i)?;
        at.get(&(node.seq.checked_sub(1)?, node.prev_hash)).copied()
    };
    let mut ends = vec![true; nodes.len()];
    for i in (0..nodes.len()).filter_map(before) {
        if let Some(end) = ends.get_mut(i) {
            *end = false;
        }
    }
    let mut ways: Vec<Vec<usize>> = (0..nodes.len())
        .filter(|i| ends.get(*i) == Some(&true))
        .map(|end| {
            let mut way: Vec<usize> = std::iter::successors(Some(end), |i| before(*i)).collect();
            way.reverse();
            way
        })
        .filter(|way| way.iter().any(|i| nodes.get(*i).is_some_and(|n| !n.known)))
        .collect();
    // Which of them does not matter, but it has to be the same one until it is done.
    ways.sort_by_key(|way| way.last().and_then(|i| nodes.get(*i)).map(|n| n.hash));
    ways.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::{Node, way};

    fn node(seq: u64, hash: u8, before: u8, known: bool) -> Node {
        Node {
            seq,
            hash: [hash; 32],
            prev_hash: [before; 32],
            known,
        }
    }

    #[test]
    fn a_way_is_told_from_its_parting_to_its_end_until_all_of_it_is_known() {
        let mut nodes = vec![node(6, 61, 51, false), node(5, 51, 40, false)];
        assert_eq!(way(&nodes), Some(vec![1, 0]));
        nodes[1].known = true;
        assert_eq!(way(&nodes), Some(vec![1, 0]), "half of it is not all of it");
        nodes[0].known = true;
        assert_eq!(way(&nodes), None);
        assert_eq!(way(&[]), None);
    }

    #[test]
    fn two_ways_are_told_one_after_the_other_and_share_their_beginning() {
        let mut nodes = vec![
            node(5, 51, 40, false),
            node(6, 61, 51, false),
            node(6, 62, 51, false),
        ];
        assert_eq!(way(&nodes), Some(vec![0, 1]));
        nodes[0].known = true;
        nodes[1].known = true;
        assert_eq!(way(&nodes), Some(vec![0, 2]));
    }
}
