//! The one order of an entity's events, whatever order they arrived in.
//!
//! Each event follows what its writer had seen (`deps`) and what its own device wrote before;
//! where neither decides, device, epoch and sequence do. So every machine that holds the same
//! events folds them to the same state. An event that had seen something which is not here yet
//! is parked, and so is what follows it; it takes its place once the other has come.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use crate::event::Header;

type Key = (Uuid, u32, u64);

fn key<T: AsRef<Header>>(event: &T) -> Key {
    let header = event.as_ref();
    (header.device, header.epoch, header.seq)
}

/// Events of an entity in their order, and those that cannot have a place yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ordered<T> {
    /// In effect, in this order.
    pub placed: Vec<T>,
    /// Had seen something that is not here.
    pub parked: Vec<T>,
    /// For each of `placed` the places of those that its writer had seen, and that those had
    /// seen; `None` when every writer had seen all that stands before.
    pub seen: Option<Vec<BTreeSet<usize>>>,
}

/// Sorts the events of one entity. `closed` tells up to where an epoch of a device counts, where
/// its history went two ways.
///
/// # Errors
/// Those of `closed`.
pub fn causal<T: AsRef<Header>, E>(
    events: Vec<T>,
    mut closed: impl FnMut(Uuid, u32) -> Result<Option<u64>, E>,
) -> Result<Ordered<T>, E> {
    let one_log = events
        .windows(2)
        .all(|pair| pair[0].as_ref().device == pair[1].as_ref().device);
    // An event that was sent again under a later epoch stands where it was sent last: there
    // everybody has it.
    let mut last: HashMap<Uuid, Key> = HashMap::with_capacity(events.len());
    let mut places: HashMap<Key, Uuid> = HashMap::new();
    for event in &events {
        let at = last.entry(event.as_ref().event_id).or_insert(key(event));
        *at = (*at).max(key(event));
        if !one_log {
            places.insert(key(event), event.as_ref().event_id);
        }
    }
    let mut by_key: BTreeMap<Key, T> = events
        .into_iter()
        .filter(|e| last[&e.as_ref().event_id] == key(e))
        .map(|e| (key(&e), e))
        .collect();
    if one_log {
        let nobody_elses = |e: &T| e.as_ref().deps.is_empty();
        if by_key.values().all(nobody_elses) {
            return Ok(Ordered {
                placed: by_key.into_values().collect(),
                parked: Vec::new(),
                seen: None,
            });
        }
    }
    let keys: Vec<Key> = by_key.keys().copied().collect();
    let mut before: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    let mut parked: BTreeSet<Key> = BTreeSet::new();
    for (i, k) in keys.iter().enumerate() {
        let mut waits = BTreeSet::new();
        if let Some(previous) = i.checked_sub(1).map(|p| keys[p]).filter(|p| p.0 == k.0) {
            waits.insert(previous);
        }
        for dep in &by_key[k].as_ref().deps {
            // In a part that went two ways a number names two events. Whoever had seen one of
            // them comes after all that the device sent again.
            if closed(dep.device, dep.epoch)?.is_some_and(|upto| dep.seq > upto) {
                let again = keys.iter().filter(|o| o.0 == dep.device && o.1 > dep.epoch);
                waits.extend(again);
                continue;
            }
            match places.get(&(dep.device, dep.epoch, dep.seq)) {
                Some(id) => {
                    waits.insert(last[id]);
                }
                None => {
                    parked.insert(*k);
                }
            }
        }
        waits.remove(k);
        before.insert(*k, waits);
    }
    park_followers(&before, &mut parked);
    before.retain(|k, _| !parked.contains(k));
    let directly = before.clone();
    let mut at: HashMap<Key, usize> = HashMap::with_capacity(before.len());
    let mut ordered = Ordered {
        placed: Vec::with_capacity(by_key.len()),
        parked: Vec::new(),
        seen: None,
    };
    while !before.is_empty() {
        // Dependencies cannot form a circle, for each was written after what it had seen; should
        // a forged one do so, the smallest key goes first and the order is still the same everywhere.
        let Some(next) = before
            .iter()
            .find(|(_, waits)| waits.is_empty())
            .or_else(|| before.iter().next())
            .map(|(k, _)| *k)
        else {
            break;
        };
        before.remove(&next);
        for waits in before.values_mut() {
            waits.remove(&next);
        }
        at.insert(next, ordered.placed.len());
        ordered.placed.extend(by_key.remove(&next));
    }
    ordered.seen = seen(&ordered.placed, &directly, &at);
    ordered.parked = by_key.into_values().collect();
    Ok(ordered)
}

/// What each writer had seen, and all that those had seen.
fn seen<T: AsRef<Header>>(
    placed: &[T],
    directly: &BTreeMap<Key, BTreeSet<Key>>,
    at: &HashMap<Key, usize>,
) -> Option<Vec<BTreeSet<usize>>> {
    let mut seen: Vec<BTreeSet<usize>> = Vec::with_capacity(placed.len());
    for (i, event) in placed.iter().enumerate() {
        let mut before = BTreeSet::new();
        let earlier = directly[&key(event)]
            .iter()
            .filter_map(|k| at.get(k).copied());
        // In a forged circle something stands later that was said to come before.
        for j in earlier.filter(|j| *j < i) {
            before.extend(&seen[j]);
            before.insert(j);
        }
        seen.push(before);
    }
    let everybody_knew = seen.iter().enumerate().all(|(i, s)| s.len() == i);
    (!everybody_knew).then_some(seen)
}

fn park_followers(before: &BTreeMap<Key, BTreeSet<Key>>, parked: &mut BTreeSet<Key>) {
    loop {
        let more: Vec<Key> = before
            .iter()
            .filter(|(k, waits)| !parked.contains(*k) && !waits.is_disjoint(parked))
            .map(|(k, _)| *k)
            .collect();
        if more.is_empty() {
            return;
        }
        parked.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::event::Dep;
    use proptest::prelude::*;

    fn sort(events: Vec<Header>) -> Ordered<Header> {
        let Ok(ordered) = super::causal::<_, std::convert::Infallible>(events, |_, _| Ok(None));
        ordered
    }

    fn causal(events: Vec<Header>) -> Vec<Header> {
        sort(events).placed
    }

    fn event(device: u128, seq: u64, deps: &[(u128, u64)]) -> Header {
        Header {
            device: Uuid::from_u128(device),
            epoch: 1,
            seq,
            event_id: Uuid::from_u128(device << 64 | u128::from(seq)),
            entity: Uuid::nil(),
            kind: String::new(),
            kind_v: 1,
            actor: String::new(),
            command_id: Uuid::nil(),
            business_date: chrono::NaiveDate::default(),
            wall_ms: 0,
            boot: Uuid::nil(),
            mono_ms: 0,
            skew_ms: 0,
            deps: deps
                .iter()
                .map(|(d, s)| Dep {
                    device: Uuid::from_u128(*d),
                    epoch: 1,
                    seq: *s,
                })
                .collect(),
        }
    }

    #[test]
    fn what_was_seen_comes_first() {
        // Device 1 wrote after it had seen device 2's first event.
        let sorted = causal(vec![
            event(1, 1, &[(2, 1)]),
            event(2, 1, &[]),
            event(2, 2, &[(1, 1)]),
        ]);
        let keys: Vec<_> = sorted.iter().map(|e| (e.device.as_u128(), e.seq)).collect();
        assert_eq!(keys, [(2, 1), (1, 1), (2, 2)]);
    }

    #[test]
    fn who_had_seen_what_is_told_where_somebody_had_not() {
        let ordered = |events| {
            let Ok(ordered) =
                super::causal::<Header, std::convert::Infallible>(events, |_, _| Ok(None));
            ordered
        };
        // Both call; the second device's next event has seen the first's.
        let apart = ordered(vec![
            event(1, 1, &[]),
            event(1, 2, &[]),
            event(2, 1, &[(1, 1)]),
            event(2, 2, &[(1, 2)]),
        ]);
        let seen: Vec<Vec<usize>> = apart
            .seen
            .unwrap()
            .iter()
            .map(|s| s.iter().copied().collect())
            .collect();
        assert_eq!(seen, [vec![], vec![0], vec![0], vec![0, 1, 2]]);
        let in_turns = ordered(vec![
            event(1, 1, &[]),
            event(2, 1, &[(1, 1)]),
            event(1, 2, &[(2, 1)]),
        ]);
        assert_eq!(in_turns.seen, None);
    }

    #[test]
    fn what_had_seen_more_than_is_here_is_parked_with_all_that_follows() {
        let all = vec![
            event(1, 1, &[]),
            event(2, 1, &[(3, 1)]),
            event(2, 2, &[]),
            event(1, 2, &[(2, 2)]),
        ];
        let ordered = sort(all.clone());
        assert_eq!((ordered.placed.len(), ordered.parked.len()), (1, 3));
        let whole = [all, vec![event(3, 1, &[])]].concat();
        assert_eq!(causal(whole).len(), 5);
    }

    #[test]
    fn an_event_sent_again_counts_once_and_where_it_was_sent_last() {
        let mut again = event(1, 2, &[]);
        again.epoch = 7;
        again.event_id = event(1, 1, &[]).event_id;
        let sorted = causal(vec![event(1, 1, &[]), event(2, 1, &[(1, 1)]), again]);
        let keys: Vec<_> = sorted
            .iter()
            .map(key)
            .map(|k| (k.0.as_u128(), k.1, k.2))
            .collect();
        assert_eq!(keys, [(1, 7, 2), (2, 1, 1)]);
    }

    proptest! {
        #[test]
        fn arrival_does_not_matter(
            links in proptest::collection::vec((1u128..4, proptest::option::of(0usize..8)), 1..12),
            seed in proptest::collection::vec(any::<u32>(), 12),
        ) {
            let mut seqs = BTreeMap::new();
            let mut made: Vec<(u128, u64)> = Vec::new();
            let mut events = Vec::new();
            for (device, link) in links {
                let seq = seqs.entry(device).and_modify(|s| *s += 1).or_insert(1u64);
                let deps: Vec<_> = link.and_then(|l| made.get(l).copied()).into_iter().collect();
                events.push(event(device, *seq, &deps));
                made.push((device, *seq));
            }
            let want: Vec<_> = causal(events.clone()).iter().map(key).collect();
            let mut shuffled: Vec<_> = events.into_iter().zip(seed).collect();
            shuffled.sort_by_key(|(_, s)| *s);
            let got: Vec<_> = causal(shuffled.into_iter().map(|(e, _)| e).collect()).iter().map(key).collect();
            prop_assert_eq!(got, want);
        }
    }
}
