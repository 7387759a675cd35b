//! What a device writes when one of its epochs went two ways. One function for store and simulator.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use crate::sync::Sealed;

/// An event of the device's own log, as it stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// Its epoch.
    pub epoch: u32,
    /// Its number in it.
    pub seq: u64,
    /// Its id, which stays when it is written again.
    pub event_id: Uuid,
    /// Hash of the event before.
    pub prev_hash: [u8; 32],
    /// Its own.
    pub hash: [u8; 32],
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Nothing: it was done before.
    Nothing,
    /// Events of an epoch of which nothing stands here go into the present one.
    Adopt {
        /// Whether it has to be said first that their epoch counts for nothing.
        close: bool,
        /// Which of those that were found.
        theirs: Vec<usize>,
    },
    /// A new epoch.
    Reopen {
        /// The hash behind which it begins.
        base: [u8; 32],
        /// Epochs, and up to where each counts.
        closes: Vec<(u32, u64)>,
        /// Which of the events that were found go into it.
        theirs: Vec<usize>,
        /// Which of our own go into it again: epoch and number.
        ours: Vec<(u32, u64)>,
    },
}

/// `own`: the whole log of the device here, by epoch and number. `common`: the last event of `epoch`
/// that here and there are alike; too low a number only repeats, too high a one loses. `closed`: up
/// to where that epoch is known to count. `theirs`: all that was found behind `common`.
///
/// Afterwards every event behind `common` stands in a later epoch, here; and so does every event of
/// an epoch that began behind `common`, since the other side cannot take its beginning. An event
/// that stands in a later epoch already is left to that: it comes to the other side with it, or is
/// looked at when that epoch itself does not fit. Epochs only grow, so this ends.
pub fn repair(
    own: &[Own],
    epoch: u32,
    common: u64,
    closed: Option<u64>,
    theirs: &[Sealed],
) -> Repair {
    let mut last: HashMap<Uuid, u32> = HashMap::with_capacity(own.len());
    for event in own {
        let at = last.entry(event.event_id).or_default();
        *at = (*at).max(event.epoch);
    }
    let mut taken = HashSet::new();
    let unknown = |(_, e): &(usize, &Sealed)| {
        !last.contains_key(&e.header.event_id) && taken.insert(e.header.event_id)
    };
    let theirs: Vec<usize> = (theirs.iter().enumerate().filter(unknown))
        .map(|(i, _)| i)
        .collect();
    if !own.iter().any(|e| e.epoch == epoch) {
        return if theirs.is_empty() {
            Repair::Nothing
        } else {
            Repair::Adopt {
                close: closed.is_none(),
                theirs,
            }
        };
    }
    let mut closes = BTreeMap::from([(epoch, common)]);
    let places: HashMap<[u8; 32], (u32, u64)> =
        own.iter().map(|e| (e.hash, (e.epoch, e.seq))).collect();
    for first in own.iter().filter(|e| e.epoch > epoch && e.seq == 1) {
        let behind = places.get(&first.prev_hash);
        if behind.is_some_and(|(e, s)| closes.get(e).is_some_and(|upto| s > upto)) {
            closes.insert(first.epoch, 0);
        }
    }
    let mut again = BTreeSet::new();
    let stranded = |e: &&Own| {
        closes.get(&e.epoch).is_some_and(|upto| e.seq > *upto) && last[&e.event_id] == e.epoch
    };
    let ours: Vec<(u32, u64)> = (own.iter().filter(stranded))
        .filter(|e| again.insert(e.event_id))
        .map(|e| (e.epoch, e.seq))
        .collect();
    let kept_back = ours.iter().any(|(e, _)| *e == epoch);
    if theirs.is_empty() && !kept_back && closed.is_some_and(|c| c <= common) {
        return Repair::Nothing;
    }
    let base = own.iter().find(|e| (e.epoch, e.seq) == (epoch, common));
    Repair::Reopen {
        // Nothing in common: behind nothing, which every machine accepts.
        base: base.map_or([0; 32], |e| e.hash),
        closes: closes.into_iter().collect(),
        theirs,
        ours,
    }
}
