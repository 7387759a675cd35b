//! One hub after another, as real processes: the hub is killed, a person makes a counter the hub,
//! the others follow, and the old one gives way when it comes back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use motcua_testkit::{
    branch::{SERVICE, case, id},
    program::{Program, Serving},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than anything here takes; what does not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(60);

struct Machine {
    program: Program,
    _folder: TempDir,
}

fn machine() -> Machine {
    let folder = tempfile::tempdir().unwrap();
    Machine {
        program: Program::new(Program::beside_tests(), folder.path()),
        _folder: folder,
    }
}

/// A serving hub on an address; killed when dropped.
struct Hub(Child);

impl Hub {
    fn on(program: &Program, listen: &str) -> (Self, Value) {
        let mut child = program
            .command(&["serve", "--listen", listen])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        (Self(child), ready)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// An address on which nobody listens just now.
fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < end, "{what}: did not happen");
        thread::sleep(Duration::from_millis(100));
    }
}

fn register(program: &Program) -> String {
    let answer = program.answer("visit.register", &json!({"service": SERVICE}));
    id(&answer["ticket"])
}

fn status(program: &Program) -> Value {
    program.answer("sync.status", &json!({}))
}

/// Whether it is a counter whose hub answers, and everything is sent.
fn is_together(program: &Program) -> Option<()> {
    let status = status(program);
    (status["hub"]["here"] == true && status["unsent"] == 0).then_some(())
}

fn dump(program: &Program) -> String {
    String::from_utf8(program.run(&["dump"]).out).unwrap()
}

#[test]
fn a_counter_takes_the_place_of_a_dead_hub_and_gives_it_back_its_counters() {
    let (old, new, other) = (machine(), machine(), machine());
    old.program.run(&["--json", "demo"]).json();
    let (hub, ready) = Hub::on(&old.program, "127.0.0.1:0");
    let url = id(&ready["url"]);
    let join = |machine: &Machine| {
        let code = id(&old.program.run(&["pair-code"]).json()["code"]);
        let pair = ["pair", "--hub", &url, "--code", &code];
        machine.program.run(&pair).json();
    };
    join(&new);
    join(&other);
    let (_new_serves, _): (Serving, Value) = new.program.serve();
    let (_other_serves, _): (Serving, Value) = other.program.serve();
    let mut tickets = vec![register(&new.program), register(&other.program)];
    assert_eq!(tickets, ["A-001", "A-002"]);
    let mut codes = vec![id(
        &other.program.answer("case.receive", &case())["case_code"],
    )];

    drop(hub);
    let listen = free();
    // It takes a supervisor or an administrator, and a reason.
    let refused = new.program.run(&[
        "--as",
        "ha",
        "promote",
        "--reason",
        "hỏng nguồn",
        "--listen",
        &listen,
    ]);
    assert_eq!(refused.error()["code"], "NOT_ALLOWED");
    let refused = new
        .program
        .run(&["promote", "--reason", " ", "--listen", &listen]);
    assert_eq!(refused.error()["field"], "reason");
    let promote = ["promote", "--reason", "hỏng nguồn", "--listen", &listen];
    let promoted = new.program.run(&promote).json();
    assert_eq!(
        (&promoted["term"], &promoted["number"]),
        (&json!(2), &json!(2))
    );
    until("the counter is the hub", || {
        status(&new.program)["hub"].is_null().then_some(())
    });
    // A person types where the new hub is; whoever is none is not taken for it.
    let nobody = format!("https://{}", free());
    let refused = other.program.run(&["follow", "--hub", &nobody]).error();
    assert_eq!(refused["code"], "HUB_AWAY");
    let at = format!("https://{listen}");
    until("the new hub listens", || {
        (other.program.run(&["follow", "--hub", &at]).code == Some(0)).then_some(())
    });
    until("the other counter follows", || is_together(&other.program));
    // Nobody knows what the old hub still does, so these numbers are the new one's own; and the
    // queue is one.
    tickets.extend([register(&other.program), register(&new.program)]);
    assert_eq!(tickets[2..], ["2A-001", "2A-002"]);
    let next = json!({"counter": 1});
    let called = other.program.answer("queue.call_next", &next);
    assert_eq!(called["ticket"], "A-001");
    codes.push(id(
        &new.program.answer("case.receive", &case())["case_code"],
    ));
    codes.push(id(
        &other.program.answer("case.receive", &case())["case_code"],
    ));

    // The old machine is mended. Before it hears anything it is the hub it was.
    let (_back, _) = Hub::on(&old.program, url.trim_start_matches("https://"));
    until("the old hub gives way", || is_together(&old.program));
    until("its log has come", || {
        register_of(&new.program, "A-").then_some(())
    });
    tickets.push(register(&old.program));
    assert_eq!(tickets.last().unwrap().split('-').next(), Some("A"));
    let mut once = tickets.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), tickets.len(), "{tickets:?}");
    codes.push(id(
        &old.program.answer("case.receive", &case())["case_code"],
    ));
    let mut once = codes.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), codes.len(), "{codes:?}");

    until("everybody has everything", || {
        is_together(&old.program)?;
        is_together(&other.program)?;
        let there = dump(&new.program);
        let alike = dump(&old.program) == there && dump(&other.program) == there;
        alike.then_some(())
    });
    for machine in [&old, &new, &other] {
        let checked = machine.program.run(&["verify"]).json();
        assert_eq!(checked["ok"], true, "{checked}");
    }
}

/// Whether the next number of the hub would be of that series.
fn register_of(program: &Program, series: &str) -> bool {
    let preview = program.answer("queue.preview", &json!({"service": SERVICE}));
    id(&preview["ticket"]).starts_with(series)
}
