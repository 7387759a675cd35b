//! Real stores on real disks: two counters and a hub go apart and come together, byte for byte.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test stops where something is not as expected, and tells what it measured"
)]

use std::{sync::Arc, time::Instant};

use motcua_app::{App, clock::ManualClock};
use motcua_protocol::sync::{Judgement, Limits, Page, Sealed, Status};
use motcua_store::{Moment, Options, Store};
use motcua_testkit::branch::{MORNING, OFFICER, SERVICE, TestBranch, case, dump, open, settings};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

const LIMITS: Limits = Limits {
    events: 50,
    bytes: 1 << 20,
    most_events: 20_000,
    most_bytes: 32 << 20,
};

fn moment(wall_ms: i64) -> Moment {
    Moment {
        wall_ms,
        boot: Uuid::from_u128(9),
        mono_ms: wall_ms - MORNING,
    }
}

/// Opens the store of a folder whose application is closed.
fn store(branch: &TestBranch) -> Store {
    let options = Options {
        state_dir: branch.settings().state_dir,
        ballast: false,
        ..Options::default()
    };
    Store::open(&branch.dir(), moment(MORNING + 3_600_000), options).unwrap()
}

/// Everything that `from` has, into `to`, by pages as over a wire.
fn pull(from: &Store, to: &Store) -> Vec<Judgement> {
    let mut cursor = 0;
    let mut unfit = Vec::new();
    loop {
        let page = from.feed_after(cursor, to.device(), &LIMITS).unwrap();
        let done = to
            .ingest_page("hub", &from.server_epoch(), &page, 0)
            .unwrap();
        unfit.extend(done.unfit.iter().map(|u| u.why));
        cursor = page.next;
        if !page.more {
            return unfit;
        }
    }
}

/// A morning with a bit of everything.
fn work(branch: &TestBranch, visits: usize) {
    for i in 0..visits {
        let visit = branch.serving(1);
        if i % 3 == 0 {
            let mut args = case();
            args["visit_id"] = json!(visit);
            branch.ok(OFFICER, "case.receive", args);
        }
        branch.pass(61_000).leg(OFFICER, "leg.finish", &visit);
    }
    branch.walk_in();
    branch.ok(
        OFFICER,
        "visit.register",
        json!({"service": SERVICE, "applicant": {"name": "Đặng Thị Ánh", "phone": "0912345678"}}),
    );
}

fn dumped(branch: &TestBranch) -> (String, Vec<String>) {
    let clock = Arc::new(ManualClock::at(MORNING + 4 * 3_600_000));
    let app: Arc<App> = open(branch.settings(), &clock).unwrap();
    let before = dump(&app);
    let verified = app.verify().unwrap();
    app.rebuild().unwrap();
    assert_eq!(dump(&app), before, "a rebuild comes to the same bytes");
    // Two branches on their own both give the first number; what is wrong besides is wrong.
    let wrong = |f: &&motcua_store::Finding| f.kind != "number";
    let found = verified.findings.iter().filter(wrong);
    (before, found.map(|f| format!("{f:?}")).collect())
}

#[test]
fn apart_and_together_again_all_come_to_the_same_bytes() {
    let mut branches = [TestBranch::demo(), TestBranch::demo(), TestBranch::demo()];
    work(&branches[0], 7);
    work(&branches[1], 4);
    work(&branches[2], 2);
    branches.iter_mut().for_each(TestBranch::close);
    {
        let stores: Vec<Store> = branches.iter().map(store).collect();
        assert!(pull(&stores[0], &stores[2]).is_empty());
        assert!(pull(&stores[1], &stores[2]).is_empty());
        assert!(pull(&stores[2], &stores[0]).is_empty());
        assert!(pull(&stores[2], &stores[1]).is_empty());
        let heads = stores[0].heads(None).unwrap();
        assert_eq!(heads.len(), 3);
        assert_eq!(stores[1].heads(None).unwrap(), heads);
        assert_eq!(stores[2].heads(None).unwrap(), heads);
        // Once more changes nothing.
        let page = stores[0]
            .feed_after(0, stores[1].device(), &Limits::default())
            .unwrap();
        let again = stores[1].ingest(&page.events, 0).unwrap();
        assert_eq!(again.stored, 0);
        assert!(again.results.iter().all(|v| v.status == Status::Duplicate));
    }
    let all: Vec<_> = branches.iter().map(dumped).collect();
    assert!(!all[0].0.is_empty());
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
    assert_eq!(all[0].1, Vec::<String>::new());
    // And the machine goes on working on what it got.
    for branch in &mut branches {
        branch.open().unwrap();
        branch.ok(OFFICER, "visit.register", json!({"service": SERVICE}));
    }
}

/// A disk that forgot its last writes gives their places in the feed to others. Who had read to
/// there would never see those.
#[test]
fn a_server_that_forgot_its_last_writes_and_does_not_know_it_is_read_anew() {
    let (mut one, mut two, mut hub) = (TestBranch::demo(), TestBranch::demo(), TestBranch::demo());
    work(&one, 2);
    work(&two, 1);
    [&mut one, &mut two, &mut hub]
        .into_iter()
        .for_each(TestBranch::close);
    let kept = tempfile::tempdir().unwrap();
    std::fs::copy(hub.database(), kept.path().join("before.db")).unwrap();
    let log = |branch: &TestBranch| {
        let store = store(branch);
        store
            .events_after(store.device(), 1, 0, &Limits::default())
            .unwrap()
    };
    let (first, second) = (log(&one), log(&two));
    let reader = Uuid::from_u128(5);
    let all = Limits::default();
    let cursor = {
        let server = store(&hub);
        server.ingest(&second, 0).unwrap();
        let cursor = server.feed_after(0, reader, &all).unwrap().next;
        // Where it fits, only what is new is read.
        assert_eq!(server.feed_after(cursor, reader, &all).unwrap().events, []);
        server.ingest(&first[..2], 0).unwrap();
        let page = server.feed_after(cursor, reader, &all).unwrap();
        assert_eq!(page.events, first[..2]);
        cursor
    };
    let log_beside = hub.database().with_extension("db-wal");
    std::fs::remove_file(log_beside).ok();
    std::fs::copy(kept.path().join("before.db"), hub.database()).unwrap();
    let server = store(&hub);
    // More than were there before, so that the bare position exists.
    assert!(first.len() > second.len());
    server.ingest(&first, 0).unwrap();
    let page = server.feed_after(cursor, reader, &all).unwrap();
    assert!(first.iter().all(|e| page.events.contains(e)));
    let again = server.feed_after(page.next, reader, &all).unwrap();
    assert_eq!((again.events.len(), again.next), (0, page.next));
}

#[test]
fn a_batch_ends_between_commands() {
    let mut branch = TestBranch::demo();
    work(&branch, 3);
    branch.close();
    let store = store(&branch);
    let head = store.heads(Some(store.device())).unwrap()[0].head;
    let mut seq = 0;
    while seq < head.seq {
        let small = Limits {
            events: 3,
            ..LIMITS
        };
        let events = store
            .events_after(store.device(), head.epoch, seq, &small)
            .unwrap();
        seq = events.last().unwrap().header.seq;
        let next = store
            .events_after(store.device(), head.epoch, seq, &small)
            .unwrap();
        if let Some(next) = next.first() {
            assert_ne!(
                next.header.command_id,
                events.last().unwrap().header.command_id
            );
        }
    }
}

/// Two copies of one folder that both went on under the same epoch, unnoticed.
#[test]
fn a_history_that_went_two_ways_is_joined_and_loses_nothing() {
    let mut one = TestBranch::demo();
    work(&one, 2);
    one.close();
    // The copy: the same device, the same epoch, as after a power cut on a disk that lies.
    let copy = tempfile::tempdir().unwrap();
    let options = settings(copy.path());
    std::fs::create_dir_all(&options.dir).unwrap();
    std::fs::copy(one.database(), options.dir.join("motcua.db")).unwrap();
    one.open().unwrap();
    work(&one, 3);
    one.close();
    let clock = Arc::new(ManualClock::at(MORNING + 2 * 3_600_000));
    let app = open(options.clone(), &clock).unwrap();
    let officer = motcua_testkit::branch::caller(OFFICER);
    for _ in 0..3 {
        app.call(&officer, "visit.register", json!({"service": SERVICE}))
            .unwrap();
    }
    drop(app);
    let mut hub = TestBranch::demo();
    hub.close();
    {
        let (first, server) = (store(&one), store(&hub));
        let second = Store::open(
            &options.dir,
            moment(MORNING + 3 * 3_600_000),
            Options {
                state_dir: options.state_dir.clone(),
                ballast: false,
                ..Options::default()
            },
        )
        .unwrap();
        let (device, epoch) = (first.device(), 1);
        assert_eq!(second.device(), device);
        pull(&first, &server);
        // The second meets a hub that has other events under its numbers.
        let unfit = pull(&second, &server);
        assert!(matches!(unfit[0], Judgement::Fork(_)), "{unfit:?}");
        let past = server
            .events_after(device, epoch, 0, &Limits::default())
            .unwrap();
        let taken = second.ingest(&past, 0).unwrap();
        let at = taken.unfit[0].place.seq;
        let theirs: Vec<Sealed> = past.into_iter().filter(|e| e.header.seq >= at).collect();
        let new = second
            .repair_fork(epoch, at - 1, &theirs, moment(MORNING + 9_000_000))
            .unwrap();
        assert!(new > epoch);
        assert_eq!(second.closed_at(device, epoch).unwrap(), Some(at - 1));
        // Done once; doing it again adds nothing.
        let again = second
            .repair_fork(epoch, at - 1, &theirs, moment(MORNING + 9_100_000))
            .unwrap();
        assert_eq!(again, new);
        let events = second
            .events_after(device, new, 0, &Limits::default())
            .unwrap();
        let sent = server.ingest(&events, 0).unwrap();
        assert!(sent.unfit.is_empty(), "{sent:?}");
        assert!(sent.results.iter().any(|v| v.status == Status::DuplicateOf));
        // Both ways are at the hub, and the copy has what the hub has.
        assert!(pull(&server, &second).is_empty());
        let lost = first
            .events_after(device, epoch, at - 1, &Limits::default())
            .unwrap();
        assert!(!lost.is_empty());
        for store in [&server, &second] {
            let verified = store.verify().unwrap();
            let wrong = verified.findings.iter().filter(|f| f.kind != "number");
            assert_eq!(wrong.count(), 0, "{:?}", verified.findings);
            for event in &lost {
                let id = event.header.event_id;
                let there = store.read(|r| r.events_of(event.header.entity)).unwrap();
                assert_eq!(there.iter().filter(|e| e.header.event_id == id).count(), 1);
            }
        }
    }
    let clock = Arc::new(ManualClock::at(MORNING + 5 * 3_600_000));
    let app = open(options, &clock).unwrap();
    let joined = dump(&app);
    assert_eq!(dumped(&hub).0, joined);
    app.call(&officer, "visit.register", json!({"service": SERVICE}))
        .unwrap();
}

/// What cannot be understood is kept, told, and holds nothing up.
#[test]
fn unreadable_and_newer_events_are_kept_and_told() {
    let (mut one, mut hub) = (TestBranch::demo(), TestBranch::demo());
    work(&one, 1);
    one.close();
    hub.close();
    let (from, to) = (store(&one), store(&hub));
    let mut events = from
        .events_after(from.device(), 1, 0, &Limits::default())
        .unwrap();
    let last = events.last().unwrap().clone();
    let mut prev = last.hash;
    for (i, (kind, body)) in [
        ("leg.called", "{\"bad\":"),
        ("leg.teleported", "{}"),
        ("day.closed", "{\"date\":\"2026-11-23\",\"closed_open\":[]}"),
    ]
    .iter()
    .enumerate()
    {
        let mut header = last.header.clone();
        header.seq += 1 + i as u64;
        header.event_id = Uuid::from_u128(77 + i as u128);
        header.entity = Uuid::from_u128(88 + i as u128);
        header.kind = (*kind).to_owned();
        let event = Sealed::new(header, vec![1; 16], body.as_bytes().to_vec(), prev);
        prev = event.hash;
        events.push(event);
    }
    let done = to.ingest(&events, 5).unwrap();
    let told: Vec<_> = done
        .results
        .iter()
        .map(|v| (v.status, v.code.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (Status::Quarantined, Some("BODY_UNREADABLE")),
            (Status::Parked, Some("UPGRADE"))
        ]
    );
    assert_eq!(done.stored, events.len());
    assert!(
        to.verify()
            .unwrap()
            .findings
            .iter()
            .all(|f| f.kind == "number")
    );
    to.rebuild().unwrap();
}

#[test]
fn ten_thousand_events_in_well_under_two_seconds() {
    let mut one = TestBranch::demo();
    work(&one, 40);
    one.close();
    let mut hub = TestBranch::demo();
    hub.close();
    let (from, to) = (store(&one), store(&hub));
    let page: Page = from.feed_after(0, to.device(), &LIMITS).unwrap();
    assert!(page.more || !page.events.is_empty());
    // Ten thousand events of a thousand visits, made out of the real ones.
    let real = from
        .events_after(from.device(), 1, 0, &Limits::default())
        .unwrap();
    let legs: Vec<_> = real
        .iter()
        .filter(|e| e.header.kind.starts_with("visit.") || e.header.kind.starts_with("leg."))
        .collect();
    let device = Uuid::from_u128(4_242);
    let mut prev = [0; 32];
    let mut many: Vec<Sealed> = Vec::new();
    let mut round = 0u128;
    while many.len() < 10_000 {
        round += 1;
        for event in &legs {
            let mut header = event.header.clone();
            header.device = device;
            header.epoch = 1;
            header.seq = many.len() as u64 + 1;
            header.event_id = Uuid::from_u128(1 << 100 | many.len() as u128);
            header.entity = Uuid::from_u128(header.entity.as_u128() ^ (round << 64));
            let event = Sealed::new(header, event.salt.clone(), event.body.clone(), prev);
            prev = event.hash;
            many.push(event);
        }
    }
    many.truncate(10_000);
    let began = Instant::now();
    for batch in many.chunks(1_000) {
        assert!(to.ingest(batch, 0).unwrap().unfit.is_empty());
    }
    let first = began.elapsed();
    let began = Instant::now();
    for batch in many.chunks(1_000) {
        to.ingest(batch, 0).unwrap();
    }
    println!(
        "10,000 events: {first:.2?}; again, all known: {:.2?}",
        began.elapsed()
    );
    assert!(first.as_secs_f64() < 10.0, "{first:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    /// Logs may arrive in any mixture: the rows are the same.
    #[test]
    fn arrival_does_not_matter(turns in prop::collection::vec(0usize..3, 40), sizes in prop::collection::vec(1usize..9, 40)) {
        let mut branches = [TestBranch::demo(), TestBranch::demo(), TestBranch::demo()];
        work(&branches[0], 2);
        work(&branches[1], 1);
        branches.iter_mut().for_each(TestBranch::close);
        {
            let stores: Vec<Store> = branches.iter().map(store).collect();
            let logs: Vec<Vec<Sealed>> = stores.iter()
                .map(|s| s.events_after(s.device(), 1, 0, &Limits::default()).unwrap()).collect();
            let mut at = [0usize; 3];
            for (turn, size) in turns.iter().zip(&sizes) {
                let log = &logs[*turn];
                let to = (at[*turn] + size).min(log.len());
                stores[2].ingest(&log[at[*turn]..to], 0).unwrap();
                at[*turn] = to;
            }
            for (i, log) in logs.iter().enumerate() {
                stores[2].ingest(&log[at[i]..], 0).unwrap();
            }
            pull(&stores[0], &stores[1]);
            pull(&stores[2], &stores[1]);
            pull(&stores[2], &stores[0]);
        }
        let all: Vec<_> = branches.iter().map(dumped).collect();
        prop_assert_eq!(&all[0], &all[2]);
        prop_assert_eq!(&all[1], &all[2]);
    }
}
