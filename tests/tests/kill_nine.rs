//! kill -9 at random moments of the real program: what was acknowledged is there, once.
//!
//! One folder lives through all runs. In each a server is started and driven as fast as it
//! answers until it is killed; the command that was under way is sent again, under its id, to
//! the next one. `MOTCUA_KILLS` says how many runs, `MOTCUA_FROM` the seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where something is not as expected"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::Duration,
};

use motcua_testkit::{
    branch::{case, command_id, id},
    program::Program,
};
use serde_json::{Value, json};

/// SplitMix64: the seed shows a failing run again.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

fn from_env(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(otherwise)
}

/// One counter's work, one visit after the other, and what was acknowledged of it.
#[derive(Default)]
struct Desk {
    /// Sent and not answered.
    pending: Option<(&'static str, Value)>,
    /// The present visit and how far it is.
    visit: Option<(String, usize)>,
    tickets: BTreeMap<String, String>,
    finished: BTreeSet<String>,
    cases: BTreeSet<String>,
    acked: u64,
}

const SERVICES: [&str; 5] = ["ho-tich", "noi-vu", "khoa-hoc", "tra-ket-qua", "huong-dan"];

impl Desk {
    /// The command to send: the one whose answer never came, or the next.
    fn next(&mut self) -> (&'static str, Value) {
        if let Some(pending) = &self.pending {
            return pending.clone();
        }
        let (name, mut args) = match &self.visit {
            None => {
                let service = SERVICES[self.tickets.len() % SERVICES.len()];
                ("visit.register", json!({"service": service}))
            }
            Some((visit, 0)) => ("queue.call", json!({"visit_id": visit, "counter": 1})),
            Some((visit, 1)) => ("leg.start", json!({"visit_id": visit})),
            Some((visit, 2)) => {
                let mut args = case();
                args["visit_id"] = json!(visit);
                ("case.receive", args)
            }
            Some((visit, _)) => ("leg.finish", json!({"visit_id": visit})),
        };
        args["command_id"] = json!(command_id());
        self.pending = Some((name, args.clone()));
        (name, args)
    }

    fn acknowledged(&mut self, answer: &Value) {
        self.acked += 1;
        let name = self.pending.take().map(|(name, _)| name);
        match name {
            Some("visit.register") => {
                let visit = id(&answer["visit_id"]);
                let before = self.tickets.insert(visit.clone(), id(&answer["ticket"]));
                assert_eq!(before, None, "a new visit");
                self.visit = Some((visit, 0));
            }
            Some("leg.finish") => {
                let (visit, _) = self.visit.take().unwrap();
                self.finished.insert(visit);
            }
            Some(name) => {
                if name == "case.receive" {
                    let code = id(&answer["case_code"]);
                    assert!(self.cases.insert(code.clone()), "{code} given twice");
                }
                self.visit.as_mut().unwrap().1 += 1;
            }
            None => panic!("an answer to nothing"),
        }
    }
}

#[test]
fn what_was_acknowledged_survives_kill_nine_exactly_once() {
    let runs = from_env("MOTCUA_KILLS", 50);
    let seed = from_env("MOTCUA_FROM", 1);
    let mut random = Random(seed);
    let root = tempfile::tempdir().unwrap();
    let program = Program::new(Program::beside_tests(), root.path());
    assert_eq!(program.run(&["demo"]).code, Some(0));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into();

    let mut desk = Desk::default();
    let mut cut_short = 0;
    for run in 0..runs {
        let (mut serving, ready) = program.serve();
        let (url, token) = (id(&ready["local_url"]), id(&ready["token"]));
        let alive = Duration::from_micros(random.below(120_000));
        let killer = thread::spawn(move || {
            // Not to wait for something: the moment of the kill is what is tried.
            thread::sleep(alive);
            serving.kill();
        });
        loop {
            let (name, args) = desk.next();
            let sent = agent
                .post(format!("{url}/rpc/{name}"))
                .header("authorization", format!("Bearer {token}"))
                .send(args.to_string());
            let Ok(mut response) = sent else { break };
            let ok = response.status().is_success();
            let Ok(answer) = response.body_mut().read_json::<Value>() else {
                break;
            };
            assert!(ok, "seed {seed} run {run}: {name} refused: {answer}");
            desk.acknowledged(&answer);
        }
        cut_short += u64::from(desk.pending.is_some());
        killer.join().unwrap();
    }
    // The last one under way is done by the command line, under its id.
    if let Some((name, args)) = desk.pending.clone() {
        desk.acknowledged(&program.answer(name, &args));
    }

    println!(
        "kill -9: {runs} runs from seed {seed}, {} commands acknowledged, {cut_short} cut short",
        desk.acked
    );
    let verified = program.run(&["verify"]).json();
    assert_eq!(verified["ok"], true, "seed {seed}: {verified}");
    let dump = program.run(&["dump"]);
    let mut visits = BTreeMap::new();
    let mut open = BTreeSet::new();
    let mut cases = BTreeSet::new();
    for line in String::from_utf8(dump.out).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        match line["type"].as_str().unwrap() {
            "visit" => {
                let ticket = id(&line["ticket"]);
                assert!(!visits.values().any(|t| *t == ticket), "{ticket} twice");
                visits.insert(id(&line["visit_id"]), ticket);
            }
            "case" => {
                assert!(
                    cases.insert(id(&line["data"]["code"])),
                    "one case, one code"
                );
            }
            "leg" => {
                if line["data"]["state"] != "closed" {
                    open.insert(id(&line["visit_id"]));
                }
            }
            "counter" => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(
        visits, desk.tickets,
        "seed {seed}: every visit, once, with its number"
    );
    assert_eq!(cases, desk.cases, "seed {seed}: every case, once");
    let unfinished: BTreeSet<String> = desk
        .tickets
        .keys()
        .filter(|visit| !desk.finished.contains(*visit))
        .cloned()
        .collect();
    assert_eq!(open, unfinished, "seed {seed}: who was finished stays so");
}
