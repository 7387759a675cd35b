//! Machines of one branch that work on their own and now and then hear from each other.

use std::sync::Arc;

use motcua_protocol::{sync::Limits, verbs::watch::WatchAnswer};
use motcua_store::{Moment, Options, Store};
use motcua_testkit::branch::{MORNING, SUPERVISOR, TestBranch};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) struct Machines(pub(crate) Vec<TestBranch>);

fn store(branch: &TestBranch) -> Store {
    let moment = Moment {
        wall_ms: MORNING,
        boot: Uuid::from_u128(9),
        mono_ms: 0,
    };
    let options = Options {
        state_dir: branch.settings().state_dir,
        ballast: false,
        ..Options::default()
    };
    Store::open(&branch.dir(), moment, options).unwrap()
}

impl Machines {
    pub(crate) fn new(count: usize) -> Self {
        Self((0..count).map(|_| TestBranch::demo()).collect())
    }

    pub(crate) fn pass(&self, ms: i64) {
        for branch in &self.0 {
            branch.pass(ms);
        }
    }

    /// One gets all that another has.
    pub(crate) fn hear(&mut self, to: usize, from: usize) {
        if to == from {
            return;
        }
        self.0[to].close();
        self.0[from].close();
        {
            let (source, target) = (store(&self.0[from]), store(&self.0[to]));
            for log in source.heads(None).unwrap() {
                let events = source
                    .events_after(log.device, log.head.epoch, 0, &Limits::default())
                    .unwrap();
                assert_eq!(events.len() as u64, log.head.seq, "all in one page");
                let taken = target.ingest(&events, 0).unwrap();
                assert!(taken.unfit.is_empty(), "{taken:?}");
            }
        }
        self.0[to].open().unwrap();
        self.0[from].open().unwrap();
    }

    /// Everybody gets everything.
    pub(crate) fn join(&mut self) {
        for other in 1..self.0.len() {
            self.hear(0, other);
        }
        for other in 1..self.0.len() {
            self.hear(other, 0);
        }
    }

    pub(crate) fn watch(&self, machine: usize) -> WatchAnswer {
        let answer = self.0[machine].ok(SUPERVISOR, "queue.watch", json!({}));
        serde_json::from_value(answer).unwrap()
    }

    /// All hold the same rows, a rebuild gives the same, and nothing is wrong but that two who
    /// were on their own gave one number each.
    pub(crate) fn assert_alike(&self) {
        let dump = self.0[0].dump();
        for branch in &self.0 {
            assert_eq!(branch.dump(), dump);
            let found = branch.app().verify().unwrap().findings;
            assert!(found.iter().all(|f| f.kind == "number"), "{found:?}");
            branch.app().rebuild().unwrap();
            assert_eq!(branch.dump(), dump, "a rebuild comes to the same bytes");
        }
    }
}

/// A command to try.
#[derive(Debug, Clone)]
pub(crate) struct Try {
    pub(crate) machine: usize,
    pub(crate) verb: usize,
    pub(crate) whom: usize,
    pub(crate) counter: u16,
    pub(crate) wait_ms: i64,
}

pub(crate) fn tries(machines: usize) -> impl Strategy<Value = Try> {
    (
        0..machines,
        0usize..34,
        0usize..5,
        1u16..5,
        prop::sample::select(vec![
            0,
            1_500,
            25_000,
            70_000,
            6 * 60_000,
            11 * 60_000,
            35 * 60_000,
        ]),
    )
        .prop_map(|(machine, verb, whom, counter, wait_ms)| Try {
            machine,
            verb,
            whom,
            counter,
            wait_ms,
        })
}

/// Name and argument of a try on a visit.
pub(crate) fn command(step: &Try, visit: &str) -> (&'static str, Value) {
    let on = |more: Value| {
        let mut args = json!({"visit_id": visit});
        if let (Some(args), Some(more)) = (args.as_object_mut(), more.as_object()) {
            args.extend(more.clone());
        }
        args
    };
    let counter = step.counter;
    let cause = if counter > 2 { "citizen" } else { "office" };
    match step.verb {
        0..=2 => ("visit.register", json!({"service": "ho-tich"})),
        3 => (
            "visit.register",
            json!({"service": "ho-tich", "more": ["noi-vu"]}),
        ),
        4 => (
            "visit.register",
            json!({"service": "noi-vu", "class": "elderly"}),
        ),
        5 => ("queue.call_next", json!({"counter": counter})),
        6..=9 => ("queue.call", on(json!({"counter": counter}))),
        10..=14 => ("leg.start", on(json!({}))),
        15..=18 => ("leg.finish", on(json!({}))),
        19 => ("leg.undo_call", on(json!({}))),
        20 => ("leg.hold", on(json!({"reason": "tra cứu", "cause": cause}))),
        21 => ("leg.resume", on(json!({"counter": counter}))),
        22 => ("leg.resume", on(json!({"to": "waiting"}))),
        23 => ("leg.miss", on(json!({}))),
        24 => ("leg.return", on(json!({}))),
        25 => ("leg.return", on(json!({"counter": counter}))),
        26 => ("leg.no_show", on(json!({}))),
        27 => ("leg.transfer", on(json!({"service": "noi-vu"}))),
        28 => (
            "leg.transfer",
            on(json!({"service": "noi-vu", "counter": counter})),
        ),
        29 => ("leg.leave", on(json!({"reason": "có việc"}))),
        30 => ("leg.void", on(json!({"reason": "nhầm"}))),
        31 => ("leg.reopen", on(json!({"serving": counter > 2}))),
        32 => ("visit.classify", on(json!({"class": "merit"}))),
        _ => ("leg.add_service", on(json!({"service": "huong-dan"}))),
    }
}

/// The clock of a machine.
pub(crate) fn now_ms(branch: &TestBranch) -> i64 {
    let clock = Arc::clone(&branch.clock);
    motcua_app::clock::Clock::moment(&*clock).wall_ms
}
