//! The one order of an entity's events, whatever order they arrived in.
//!
//! Each event follows what its writer had seen (`deps`) and what its own device wrote before;
//! where neither decides, device, epoch and sequence do. So every machine that holds the same
//! events folds them to the same state.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::log::Stored;

type Key = (Uuid, u32, u64);

fn key(event: &Stored) -> Key {
    (event.header.device, event.header.epoch, event.header.seq)
}

/// Sorts the events of one entity.
pub(crate) fn causal(events: Vec<Stored>) -> Vec<Stored> {
    let mut by_key: BTreeMap<Key, Stored> = events.into_iter().map(|e| (key(&e), e)).collect();
    let one_log = by_key
        .keys()
        .map(|(device, ..)| device)
        .collect::<BTreeSet<_>>()
        .len()
        <= 1;
    if one_log {
        return by_key.into_values().collect();
    }
    let keys: Vec<Key> = by_key.keys().copied().collect();
    let mut before: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    for (i, k) in keys.iter().enumerate() {
        let waits = before.entry(*k).or_default();
        if let Some(previous) = i.checked_sub(1).map(|p| keys[p]).filter(|p| p.0 == k.0) {
            waits.insert(previous);
        }
        for dep in &by_key[k].header.deps {
            let dep = (dep.device, dep.epoch, dep.seq);
            if by_key.contains_key(&dep) {
                waits.insert(dep);
            }
        }
    }
    let mut sorted = Vec::with_capacity(keys.len());
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
        sorted.extend(by_key.remove(&next));
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use motcua_protocol::event::{Dep, Header};
    use proptest::prelude::*;

    fn event(device: u128, seq: u64, deps: &[(u128, u64)]) -> Stored {
        let header = Header {
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
        };
        Stored {
            pos: 0,
            header,
            salt: vec![],
            body: vec![],
            body_hash: [0; 32],
            prev_hash: [0; 32],
            hash: [0; 32],
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
        let keys: Vec<_> = sorted
            .iter()
            .map(|e| (e.header.device.as_u128(), e.header.seq))
            .collect();
        assert_eq!(keys, [(2, 1), (1, 1), (2, 2)]);
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
