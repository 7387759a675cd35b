//! What machines write in the worlds: bodies of a real working morning, so that what is folded at
//! the ends is what is folded at a desk.

use std::sync::OnceLock;

use motcua_protocol::{
    event::{Body, BranchEvent, EpochClosed, EpochOpened},
    sync::Limits,
};
use motcua_testkit::branch::{OFFICER, TestBranch, case};
use serde_json::json;

/// Bodies of which nobody can make sense.
pub(crate) const POISON: &[u8] = b"\xff poison";
/// A kind that only a newer program knows.
pub(crate) const OF_TOMORROW: &str = "of.2040";

/// Kinds and bodies, each visit's in their order.
pub(crate) fn acts() -> &'static [(String, Vec<u8>)] {
    static ACTS: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    ACTS.get_or_init(|| {
        let branch = TestBranch::demo();
        let served = branch.serving(1);
        let mut received = case();
        received["visit_id"] = json!(served);
        branch.ok(OFFICER, "case.receive", received);
        branch.pass(60_000).leg(OFFICER, "leg.finish", &served);
        let missed = branch.walk_in();
        branch.ok(
            OFFICER,
            "queue.call",
            json!({"visit_id": missed, "counter": 2}),
        );
        branch.leg(OFFICER, "leg.miss", &missed);
        let left = branch.walk_in();
        branch.leg(OFFICER, "leg.leave", &left);
        let store = branch.app().store();
        let limits = Limits {
            events: 10_000,
            bytes: 64 << 20,
            ..Limits::default()
        };
        let log = store.events_after(store.device(), store.epoch(), 0, &limits);
        log.unwrap()
            .into_iter()
            .filter(|e| {
                let of = |prefix: &str| e.header.kind.starts_with(prefix);
                of("visit.") || of("leg.") || of("case.") || of("clock.")
            })
            .map(|e| (e.header.kind, e.body))
            .collect()
    })
}

/// What begins a visit.
pub(crate) fn beginning() -> &'static (String, Vec<u8>) {
    let found = acts().iter().find(|(kind, _)| kind == "visit.registered");
    found.unwrap()
}

/// That epochs count only up to there.
pub(crate) fn closing(closes: &[(u32, u64)]) -> (String, Vec<u8>) {
    let closes = closes.iter().map(|(epoch, seq)| EpochClosed {
        epoch: *epoch,
        seq: *seq,
    });
    let opened = EpochOpened {
        from_epoch: 0,
        from_seq: 0,
        reason: "forked".to_owned(),
        closes: closes.collect(),
    };
    Body::Branch(BranchEvent::Epoch(opened)).encode().unwrap()
}
