//! A branch on a network of its own: hub and counters as real programs, each with a network stack
//! and a cable to one switch (namespaces and a bridge), so that a pulled cable is a pulled cable:
//! nobody is told, connections stay half open, packets vanish in one direction.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where something is not as expected, and tells what it measured"
)]

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use motcua_testkit::{
    branch::{SERVICE, case, id},
    program::{Program, Serving},
};
use serde_json::{Value, json};
use tempfile::TempDir;

const INSIDE: &str = "MOTCUA_CABLES_INSIDE";
/// Makes names for network stacks possible where nobody else sees them.
const OWN: &str = "mount -t tmpfs none /run && mkdir /run/netns && ip netns add probe && ip link add name probe0 type bridge && exec \"$@\"";

/// Runs a test of this file once more, in network and mount namespaces of its own.
fn apart(test: &str, inside: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let own = |with: &[&str]| {
        let mut command = Command::new("unshare");
        command
            .args(with)
            .args(["--mount", "--net", "sh", "-c", OWN, "own"]);
        command
    };
    let rootless = ["--user", "--map-root-user"];
    let mut reasons = Vec::new();
    for with in [&[][..], &rootless[..]] {
        let tried = own(with).arg("true").output();
        match tried {
            Ok(output) if output.status.success() => {
                let output = own(with)
                    .arg(std::env::current_exe().unwrap())
                    .args(["--exact", test, "--nocapture"])
                    .env(INSIDE, "1")
                    .output()
                    .unwrap();
                let out = String::from_utf8_lossy(&output.stdout);
                println!("{out}");
                assert!(
                    output.status.success() && out.contains("1 passed"),
                    "{}",
                    String::from_utf8_lossy(&output.stderr)
                );
                return;
            }
            Ok(output) => reasons.push(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => reasons.push(error.to_string()),
        }
    }
    println!(
        "SKIPPED: no networks of one's own here: {}",
        reasons.join("; ")
    );
}

fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {words}: {said}");
}

/// A machine at the switch.
struct Machine {
    name: &'static str,
    program: Program,
    serving: Option<Serving>,
    _folder: TempDir,
}

impl Machine {
    fn at_switch(name: &'static str, address: &str) -> Self {
        ip(&format!("netns add {name}"));
        ip(&format!(
            "link add name v-{name} type veth peer name eth0 netns {name}"
        ));
        ip(&format!("link set v-{name} master switch0"));
        ip(&format!("-n {name} addr add {address}/24 dev eth0"));
        for up in [
            format!("link set v-{name} up"),
            format!("-n {name} link set eth0 up"),
            format!("-n {name} link set lo up"),
        ] {
            ip(&up);
        }
        let folder = tempfile::tempdir().unwrap();
        Self {
            name,
            program: Program::new(Program::beside_tests(), folder.path()).within(name),
            serving: None,
            _folder: folder,
        }
    }

    fn cable(&self, plugged: bool) {
        let state = if plugged { "up" } else { "down" };
        ip(&format!("link set v-{} {state}", self.name));
    }

    fn serve(&mut self, listen: &str) -> Value {
        let (serving, ready) = self.program.serve_at(listen);
        self.serving = Some(serving);
        ready
    }

    fn join(&mut self, hub: &Self) {
        let code = id(&hub.program.run(&["pair-code"]).json()["code"]);
        let at = format!("https://{HUB}");
        self.program
            .run(&["pair", "--hub", &at, "--code", &code])
            .json();
        self.serve("127.0.0.1:0");
    }

    fn register(&self) -> String {
        let given = self
            .program
            .answer("visit.register", &json!({"service": SERVICE}));
        id(&given["ticket"])
    }

    /// The number, and that it came within three seconds.
    fn register_soon(&self, when: &str) -> String {
        let began = Instant::now();
        let ticket = self.register();
        println!(
            "{}, {when}: {ticket} after {:.1?}",
            self.name,
            began.elapsed()
        );
        assert!(
            began.elapsed() < Duration::from_secs(3),
            "{:?}",
            began.elapsed()
        );
        ticket
    }

    fn call(&self, counter: u16) -> String {
        let args = json!({"counter": counter});
        let called = self.program.answer("queue.call_next", &args);
        let visit = json!({"visit_id": called["visit_id"]});
        self.program.answer("leg.start", &visit);
        self.program.answer("leg.finish", &visit);
        id(&called["ticket"])
    }

    fn waiting(&self) -> Vec<String> {
        let queue = self.program.answer("queue.snapshot", &json!({}));
        let rows = queue["waiting"].as_array().unwrap();
        rows.iter().map(|row| id(&row["ticket"])).collect()
    }

    fn dump(&self) -> String {
        String::from_utf8(self.program.run(&["dump"]).out).unwrap()
    }

    /// Waits, without doing anything for it, until the machine is with its hub again.
    fn back(&self) {
        let began = Instant::now();
        loop {
            let status = self.program.answer("sync.status", &json!({}));
            if status["unsent"] == 0 && status["hub"]["here"] == true {
                println!(
                    "{}: together again after {:.1?}",
                    self.name,
                    began.elapsed()
                );
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{status}");
            thread::sleep(Duration::from_millis(100));
        }
    }
}

const HUB: &str = "10.77.0.1:7443";

struct Branch {
    hub: Machine,
    one: Machine,
    two: Machine,
}

impl Branch {
    fn new() -> Self {
        ip("link add name switch0 type bridge");
        ip("link set switch0 up");
        let mut hub = Machine::at_switch("hub", "10.77.0.1");
        hub.program.run(&["--json", "demo"]).json();
        hub.serve(HUB);
        let mut one = Machine::at_switch("one", "10.77.0.11");
        let mut two = Machine::at_switch("two", "10.77.0.12");
        one.join(&hub);
        two.join(&hub);
        Self { hub, one, two }
    }

    /// Everything met: one queue, the same bytes everywhere, and all of it proven.
    fn agree(&self) {
        let counters = [&self.one, &self.two];
        counters.iter().for_each(|m| m.back());
        let until = Instant::now() + Duration::from_secs(30);
        let there = loop {
            let there = self.hub.dump();
            if counters.iter().all(|m| m.dump() == there) {
                break there;
            }
            assert!(Instant::now() < until, "the machines do not agree");
            thread::sleep(Duration::from_millis(100));
        };
        for machine in [&self.hub, &self.one, &self.two] {
            machine.program.run(&["verify"]).json();
        }
        assert!(!there.is_empty());
    }
}

/// One counter's cable is pulled in the middle of the morning.
#[test]
fn a_pulled_cable_parts_one_counter_and_nobody_else() {
    apart("a_pulled_cable_parts_one_counter_and_nobody_else", || {
        let branch = Branch::new();
        let Branch { one, two, .. } = &branch;
        assert_eq!([one.register(), two.register()], ["A-001", "A-002"]);
        one.cable(false);
        assert_eq!(one.register_soon("cable pulled"), "2A-001");
        assert_eq!(one.register_soon("the next"), "2A-002");
        let code = id(&one.program.answer("case.receive", &case())["case_code"]);
        // The common queue is the others': one calls only whom it registered itself.
        assert_eq!(one.call(1), "2A-001");
        assert_eq!(
            [two.register_soon("hub there"), two.call(2)],
            ["A-003", "A-001"]
        );
        one.cable(true);
        branch.agree();
        assert!(branch.hub.dump().contains(&code));
        let mut waiting = branch.hub.waiting();
        waiting.sort();
        assert_eq!(waiting, ["2A-002", "A-002", "A-003"]);
        assert_eq!(one.register(), "A-004");
    });
}

/// The hub's machine is gone without a word, then its address answers that nobody listens, then it
/// is there again.
#[test]
fn a_hub_that_vanishes_without_a_word_and_comes_back() {
    apart("a_hub_that_vanishes_without_a_word_and_comes_back", || {
        let mut branch = Branch::new();
        assert_eq!(branch.one.register(), "A-001");
        branch.hub.cable(false);
        assert_eq!(branch.one.register_soon("hub silent"), "2A-001");
        assert_eq!(branch.two.register_soon("hub silent"), "3A-001");
        // Its own officer, sitting at the hub, goes on all the while.
        assert_eq!(branch.hub.register(), "A-002");
        branch.hub.serving = None;
        branch.hub.cable(true);
        assert_eq!(branch.two.register_soon("nobody listens"), "3A-002");
        branch.hub.serve(HUB);
        branch.agree();
        let mut waiting = branch.two.waiting();
        waiting.sort();
        assert_eq!(waiting, ["2A-001", "3A-001", "3A-002", "A-001", "A-002"]);
        assert_eq!(branch.one.call(1), "A-001");
    });
}

/// The hub hears a counter and its answers get lost: what it did for nobody is taken back.
#[test]
fn answers_that_get_lost_leave_no_number_behind() {
    apart("answers_that_get_lost_leave_no_number_behind", || {
        let branch = Branch::new();
        let Branch { one, two, .. } = &branch;
        assert_eq!([one.register(), two.register()], ["A-001", "A-002"]);
        ip("-n hub route add blackhole 10.77.0.11/32");
        assert_eq!(one.register_soon("answers lost"), "2A-001");
        // The hub did it before the counter went alone, or heard too late and left it.
        let next = two.register_soon("hub there");
        assert!(["A-003", "A-004"].contains(&next.as_str()), "{next}");
        ip("-n hub route del blackhole 10.77.0.11/32");
        branch.agree();
        let mut waiting = branch.hub.waiting();
        waiting.sort();
        assert_eq!(waiting, ["2A-001", "A-001", "A-002", &next]);
    });
}

/// A counter's machine gets another address in the middle of a connection.
#[test]
fn another_address_is_the_same_counter() {
    apart("another_address_is_the_same_counter", || {
        let branch = Branch::new();
        let Branch { one, two, .. } = &branch;
        assert_eq!(one.register(), "A-001");
        ip("-n one addr del 10.77.0.11/24 dev eth0");
        ip("-n one addr add 10.77.0.111/24 dev eth0");
        let between = one.register_soon("address changed");
        assert!(["A-002", "2A-001"].contains(&between.as_str()), "{between}");
        one.back();
        let numbers = [one.register(), two.register()];
        assert!(numbers.iter().all(|n| n.starts_with("A-")), "{numbers:?}");
        branch.agree();
    });
}
