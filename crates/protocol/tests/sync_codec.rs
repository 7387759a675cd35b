//! Reading what comes off a wire: everything that was written comes back, nothing else does,
//! and no bytes make it panic or reserve more than they are worth.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]

use motcua_protocol::{
    event::{Body, Dep, Header, Unreadable},
    sync::{
        Limits, Malformed, Page, Sealed, decode_events, decode_page, encode_events, encode_page,
    },
};
use proptest::prelude::*;
use uuid::Uuid;

fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

prop_compose! {
    fn header()(
        device in id(), epoch in 1u32.., seq in 1u64..(i64::MAX as u64 - 40), event_id in id(), entity in id(),
        kind in "[a-z.\u{1ea1}]{0,20}", kind_v in any::<u16>(), actor in ".{0,12}", command_id in id(),
        days in -400_000i32..2_900_000, wall_ms in any::<i64>(), boot in id(), mono_ms in any::<i64>(),
        skew_ms in any::<i64>(), deps in prop::collection::vec((id(), any::<u32>(), any::<u64>()), 0..4),
    ) -> Header {
        Header {
            device, epoch, seq, event_id, entity, kind, kind_v, actor, command_id,
            business_date: chrono::NaiveDate::from_num_days_from_ce_opt(days).unwrap(),
            wall_ms, boot, mono_ms, skew_ms,
            deps: deps.into_iter().map(|(device, epoch, seq)| Dep { device, epoch, seq }).collect(),
        }
    }
}

prop_compose! {
    fn events()(
        first in header(), prev in any::<[u8; 32]>(),
        parts in prop::collection::vec((header(), prop::collection::vec(any::<u8>(), 0..40), prop::collection::vec(any::<u8>(), 0..200)), 0..8),
    ) -> Vec<Sealed> {
        let mut prev = prev;
        let mut all = Vec::new();
        for (i, (mut header, salt, body)) in parts.into_iter().enumerate() {
            (header.device, header.epoch, header.seq) = (first.device, first.epoch, first.seq + i as u64);
            let event = Sealed::new(header, salt, body, prev);
            prev = event.hash;
            all.push(event);
        }
        all
    }
}

/// The last 32 bytes made right again, so that a mutation reaches the decoder behind the digest.
fn reseal(bytes: &mut [u8]) {
    if let Some(at) = bytes.len().checked_sub(32) {
        let digest = blake3::hash(&bytes[..at]);
        bytes[at..].copy_from_slice(digest.as_bytes());
    }
}

proptest! {
    #[test]
    fn what_was_written_comes_back(events in events(), next in any::<u64>(), more in any::<bool>()) {
        let limits = Limits::default();
        prop_assert_eq!(&decode_events(&encode_events(&events), &limits).unwrap(), &events);
        let page = Page { events, next, more };
        prop_assert_eq!(&decode_page(&encode_page(&page), &limits).unwrap(), &page);
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let limits = Limits::default();
        prop_assert!(decode_events(&bytes, &limits).is_err());
        prop_assert!(decode_page(&bytes, &limits).is_err());
    }

    #[test]
    fn a_changed_batch_is_refused(events in events(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = encode_events(&events);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(decode_events(&bytes, &Limits::default()).is_err());
    }

    #[test]
    fn a_forged_batch_that_is_read_is_written_to_the_same_bytes(
        events in events(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let limits = Limits::default();
        let page = Page { events: events.clone(), next: 1, more: true };
        for (of_page, mut bytes) in [(false, encode_events(&events)), (true, encode_page(&page))] {
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            for (at, to) in &changes {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = *to;
                }
            }
            reseal(&mut bytes);
            if of_page {
                if let Ok(page) = decode_page(&bytes, &limits) {
                    prop_assert_eq!(encode_page(&page), bytes);
                }
            } else if let Ok(events) = decode_events(&bytes, &limits)
                && !events.is_empty()
            {
                prop_assert_eq!(encode_events(&events), bytes);
            }
        }
    }

    #[test]
    fn a_false_count_reserves_nothing(count in any::<u32>()) {
        let mut bytes = encode_events(&[]);
        bytes[6..10].copy_from_slice(&count.to_be_bytes());
        reseal(&mut bytes);
        prop_assert_eq!(decode_events(&bytes, &Limits::default()).is_ok(), count == 0);
    }
}

#[test]
fn a_newer_protocol_is_told_from_damage() {
    let mut bytes = encode_events(&[]);
    bytes[4..6].copy_from_slice(&9u16.to_be_bytes());
    let limits = Limits::default();
    assert_eq!(decode_events(&bytes, &limits), Err(Malformed::Proto(9)));
    assert_eq!(decode_events(b"<html>", &limits), Err(Malformed::Damaged));
    let small = Limits {
        most_bytes: 10,
        ..limits
    };
    assert_eq!(decode_events(&bytes, &small), Err(Malformed::TooLarge));
}

#[test]
fn a_kind_of_tomorrow_is_told_from_a_broken_body() {
    let why = |kind: &str, body: &str| Body::read(kind, body.as_bytes()).err();
    assert_eq!(why("leg.teleported", "{}"), Some(Unreadable::Newer));
    assert_eq!(why("drone.landed", "{}"), Some(Unreadable::Newer));
    assert_eq!(why("day.closed", "{}"), Some(Unreadable::Broken));
    assert_eq!(why("leg.called", "{"), Some(Unreadable::Broken));
    let closed = r#"{"date":"2026-11-23","closed_open":[]}"#;
    assert_eq!(why("day.closed", closed), None);
}

/// ADE #403: a batch cut inside one transaction, and its rest was skipped for ever.
#[test]
fn t_page_the_events_of_one_command_are_never_parted() {
    let sealed = |seq: u64, command: u128| {
        let header = Header {
            device: Uuid::nil(),
            epoch: 1,
            seq,
            event_id: Uuid::from_u128(u128::from(seq)),
            entity: Uuid::nil(),
            kind: "leg.called".to_owned(),
            kind_v: 1,
            actor: "ha".to_owned(),
            command_id: Uuid::from_u128(command),
            business_date: chrono::NaiveDate::default(),
            wall_ms: 0,
            boot: Uuid::nil(),
            mono_ms: 0,
            skew_ms: 0,
            deps: Vec::new(),
        };
        Sealed::new(header, Vec::new(), b"{}".to_vec(), [0; 32])
    };
    // Commands of one to five events.
    let mut log = Vec::new();
    for command in 0..40_u128 {
        for _ in 0..=command % 5 {
            log.push(sealed(log.len() as u64 + 1, command));
        }
    }
    for most in 1..12 {
        for bytes in [1, 400, 1_500, 1 << 20] {
            let limits = Limits {
                events: most,
                bytes,
                ..Limits::default()
            };
            let mut at = 0;
            while at < log.len() {
                let mut gather = motcua_protocol::sync::Gather::new(&limits);
                for (pos, event) in log.iter().enumerate().skip(at) {
                    if !gather.take(pos as u64, event.clone()) {
                        break;
                    }
                }
                let last = gather.last_pos().expect("it goes on") as usize;
                let command = log[last].header.command_id;
                let next = log.get(last + 1).map(|e| e.header.command_id);
                assert_ne!(Some(command), next, "cut behind {last}, at most {most}");
                assert_eq!(gather.events.len(), last + 1 - at, "and nothing is skipped");
                at = last + 1;
            }
        }
    }
}
