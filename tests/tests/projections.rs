//! Any sequence of commands leaves the projections equal to a rebuild, each command has its
//! effect once, and counters that act at the same instant never get the same person or number.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where something is not as expected"
)]

use std::{
    collections::BTreeSet,
    sync::{Arc, Barrier},
    thread,
};

use motcua_domain::Code;
use motcua_testkit::branch::{
    OFFICER, SERVICE, SUPERVISOR, TestBranch, caller, case, command_id, id,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A command to try: which, on whom, at which counter, after how long.
#[derive(Debug, Clone)]
struct Try {
    verb: usize,
    whom: usize,
    counter: u16,
    wait_ms: i64,
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let one = (
        0usize..50,
        0usize..6,
        1u16..5,
        prop::sample::select(vec![0, 1_500, 25_000, 70_000, 6 * 60_000, 40 * 60_000]),
    )
        .prop_map(|(verb, whom, counter, wait_ms)| Try {
            verb,
            whom,
            counter,
            wait_ms,
        });
    prop::collection::vec(one, 20..60)
}

/// Name and argument of a try; registering, calling and serving come up most.
fn command(step: &Try, visit: &str, file: &str) -> (&'static str, Value) {
    let on = |more: Value| {
        let mut args = json!({"visit_id": visit});
        if let (Some(args), Some(more)) = (args.as_object_mut(), more.as_object()) {
            args.extend(more.clone());
        }
        args
    };
    let counter = step.counter;
    let about = |more: Value| {
        let mut args = json!({"id": file, "reason": "thử"});
        if let (Some(args), Some(more)) = (args.as_object_mut(), more.as_object()) {
            args.extend(more.clone());
        }
        args
    };
    match step.verb {
        0 | 1 => (
            "visit.register",
            json!({"service": SERVICE, "more": ["noi-vu"]}),
        ),
        2 => (
            "visit.register",
            json!({"service": "noi-vu", "class": "elderly", "applicant": {"name": "Đặng Thị Ánh", "phone": "0912345678"}}),
        ),
        3 | 4 => ("queue.call_next", json!({"counter": counter})),
        5 => ("queue.call", on(json!({"counter": counter}))),
        6..=8 => ("leg.start", on(json!({}))),
        9 => ("leg.recall", on(json!({}))),
        10 => ("leg.undo_call", on(json!({}))),
        11 => (
            "leg.hold",
            on(json!({"reason": "tra cứu", "cause": if counter > 2 {"citizen"} else {"office"}})),
        ),
        12 => ("leg.resume", on(json!({"counter": counter}))),
        13 => ("leg.resume", on(json!({"to": "waiting"}))),
        14 => ("leg.miss", on(json!({}))),
        15 => ("leg.return", on(json!({}))),
        16 => ("leg.return", on(json!({"counter": counter}))),
        17 => ("leg.no_show", on(json!({}))),
        18 => (
            "leg.transfer",
            on(json!({"service": "noi-vu", "counter": counter})),
        ),
        19 => ("leg.add_service", on(json!({"service": "huong-dan"}))),
        20 | 21 => ("leg.finish", on(json!({}))),
        22 => ("leg.leave", on(json!({"reason": "có việc"}))),
        23 => ("leg.void", on(json!({"reason": "nhầm"}))),
        24 => ("leg.reopen", on(json!({"serving": counter > 2}))),
        25 => ("visit.classify", on(json!({"class": "merit"}))),
        26 => (
            "visit.identify",
            on(json!({"applicant": {"name": "Lò Thị Mai"}})),
        ),
        27 => ("queue.jump", on(json!({"reason": "cấp cứu"}))),
        28 => {
            let mut args = case();
            args["visit_id"] = json!(visit);
            ("case.receive", args)
        }
        29 | 30 => (
            "counter.open",
            json!({"counter": counter, "take_over": true, "leave": counter % 4 + 1}),
        ),
        31 | 32 => (
            "counter.break",
            json!({"counter": counter, "minutes": 10 + step.whom}),
        ),
        33 => ("counter.resume", json!({"counter": counter})),
        34 => (
            "counter.close",
            json!({"counter": counter, "force": step.whom > 2}),
        ),
        35 => ("case.undo", about(json!({}))),
        36 | 37 => (
            "case.request_supplement",
            about(json!({"papers": [{"name": "Tờ khai", "originals": 1}]})),
        ),
        38 | 39 => ("case.complete_supplement", about(json!({}))),
        40 | 41 => ("case.hand_over", about(json!({"to": "Phòng Tư pháp"}))),
        42 => ("case.take_back", about(json!({}))),
        43 | 44 => ("case.receive_result", about(json!({}))),
        45 => (
            "case.return_result",
            about(json!({"recipient": {"to": "owner", "name": ""}})),
        ),
        46 => ("case.postpone", about(json!({"date": "2027-01-11"}))),
        47 => (
            ["case.refuse", "case.withdraw", "case.stop"][usize::from(counter) % 3],
            about(json!({})),
        ),
        48 => ("print.submit", json!({"kind": "receipt", "id": file})),
        _ => (
            "visit.book",
            json!({"service": SERVICE, "slot_at": "2026-11-25T09:00:00+07:00", "applicant": {"name": "Lò Thị Mai"}}),
        ),
    }
}

fn with_id(mut args: Value, command: &str) -> Value {
    args["command_id"] = json!(command);
    args
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_commands_leave_what_a_rebuild_would_make(steps in tries()) {
        let mut branch = TestBranch::demo();
        let mut visits = vec![branch.walk_in()];
        let mut files = vec![id(&branch.ok(SUPERVISOR, "case.receive", case())["case_id"])];
        for step in &steps {
            branch.pass(step.wait_ms);
            let (name, args) = command(step, &visits[step.whom % visits.len()], &files[step.whom % files.len()]);
            let this = command_id();
            let before = branch.events();
            // A colleague sits down at times, so that counters change hands.
            let who = if name == "counter.open" && step.whom > 3 { OFFICER } else { SUPERVISOR };
            let Ok(answer) = branch.call(who, name, with_id(args.clone(), &this)) else {
                prop_assert_eq!(branch.events(), before, "a refusal writes nothing");
                continue;
            };
            if name == "visit.register" {
                visits.insert(0, id(&answer["visit_id"]));
            }
            if name == "case.receive" {
                files.insert(0, id(&answer["case_id"]));
            }
            let after = branch.events();
            // Time has passed when the same press arrives a second time.
            branch.pass(1_000);
            let again = branch.call(who, name, with_id(args, &this));
            prop_assert_eq!(again.as_ref(), Ok(&answer), "the same command, the same answer");
            let other = branch.refused(SUPERVISOR, "visit.register", with_id(json!({"service": "khoa-hoc"}), &this));
            prop_assert_eq!(other.code, Code::CommandIdReused);
            prop_assert_eq!(branch.events(), after, "done once");
        }
        branch.assert_sound();
        let dump = branch.dump();
        branch.app().rebuild().unwrap();
        prop_assert_eq!(&branch.dump(), &dump, "a rebuild comes to the same bytes");
        branch.assert_sound();
        branch.open().unwrap();
        prop_assert_eq!(&branch.dump(), &dump, "and so does opening again");
        branch.assert_sound();
    }
}

#[test]
fn four_counters_share_the_queue_without_a_double_number_or_call() {
    const EACH: usize = 200;
    let branch = TestBranch::demo();
    let work = |counter: u16| {
        let app = Arc::clone(branch.app());
        move || {
            let call = |name: &str, args: Value| app.call(&caller(OFFICER), name, args).unwrap();
            let mut tickets = Vec::new();
            let mut called = Vec::new();
            for _ in 0..EACH {
                tickets.push(id(
                    &call("visit.register", json!({"service": SERVICE}))["ticket"],
                ));
                // Each has added one before taking one, so somebody always waits.
                let visit = id(&call("queue.call_next", json!({"counter": counter}))["visit_id"]);
                call("leg.start", json!({"visit_id": visit}));
                call("leg.finish", json!({"visit_id": visit}));
                called.push(visit);
            }
            (tickets, called)
        }
    };
    let threads: Vec<_> = (1..=4)
        .map(|counter| thread::spawn(work(counter)))
        .collect();
    let mut tickets = BTreeSet::new();
    let mut called = BTreeSet::new();
    for thread in threads {
        let (given, had) = thread.join().unwrap();
        for ticket in given {
            assert!(tickets.insert(ticket.clone()), "{ticket} was given twice");
        }
        for visit in had {
            assert!(called.insert(visit.clone()), "{visit} was called twice");
        }
    }
    assert_eq!((tickets.len(), called.len()), (4 * EACH, 4 * EACH));
    branch.assert_sound();
}

#[test]
fn one_person_and_four_counters_at_the_same_instant() {
    let branch = TestBranch::demo();
    for _ in 0..20 {
        let visit = branch.walk_in();
        let start = Arc::new(Barrier::new(4));
        let threads: Vec<_> = (1..=4)
            .map(|counter| {
                let (app, start) = (Arc::clone(branch.app()), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    app.call(
                        &caller(OFFICER),
                        "queue.call_next",
                        json!({"counter": counter}),
                    )
                    .unwrap()
                })
            })
            .collect();
        let got: Vec<Value> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        let called: Vec<_> = got.iter().filter(|answer| !answer.is_null()).collect();
        assert_eq!(called.len(), 1, "{got:?}");
        assert_eq!(id(&called[0]["visit_id"]), visit);
        branch.ok(OFFICER, "leg.leave", json!({"visit_id": visit}));
    }
}

#[test]
fn two_officers_who_click_the_same_person_are_told_apart() {
    let branch = TestBranch::demo();
    let visit = branch.walk_in();
    branch.ok(
        OFFICER,
        "queue.call",
        json!({"visit_id": visit, "counter": 1}),
    );
    let second = branch.refused(
        "dung",
        "queue.call",
        json!({"visit_id": visit, "counter": 2}),
    );
    assert_eq!(second.code, Code::VisitAlreadyCalled);
}
