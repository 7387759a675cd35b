//! A branch of real programs in bad weather: three counters reach their hub only through a proxy
//! that is slow, silent, deaf, cuts, resets, repeats; any program is killed at any moment. What was
//! acknowledged is there in the end, once, the same on every machine.
//!
//! `make chaos SCENARIOS=n FROM=s`; a failure names the scenario that shows it again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where something is not as expected, and tells what it did"
)]

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    panic::{self, AssertUnwindSafe},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use motcua_testkit::{
    branch::{SERVICE, case, command_id, id},
    fuzz::Dice,
    program::Program,
    proxy::{Proxy, Weather},
};
use serde_json::{Value, json};
use tempfile::TempDir;

const COUNTERS: usize = 3;
const STEPS: usize = 60;
/// Longer than any command may take, the hub away or not.
const PATIENCE: Duration = Duration::from_secs(20);
/// What no weather may bring about.
const NEVER: [&str; 4] = [
    "INTERNAL_FAULT",
    "STORE_DAMAGED",
    "STORE_FAULT",
    "COMMAND_ID_REUSED",
];

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(usual)
}

/// One machine, running or not.
struct Machine {
    program: Program,
    listen: String,
    running: Option<(Child, Value)>,
    _folder: TempDir,
}

enum Told {
    Done(Value),
    Refused(String),
    /// No answer: the program is gone.
    Gone,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            program: Program::new(Program::beside_tests(), folder.path()),
            listen: "127.0.0.1:0".to_owned(),
            running: None,
            _folder: folder,
        }
    }

    fn start(&mut self) -> &Value {
        if self.running.is_none() {
            let mut child = self
                .program
                .command(&["serve", "--listen", &self.listen])
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap())
                .read_line(&mut line)
                .unwrap();
            let ready = serde_json::from_str(&line).expect("it did not start");
            self.running = Some((child, ready));
        }
        &self.running.as_ref().unwrap().1
    }

    /// kill -9.
    fn kill(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    fn ask(&self, name: &str, args: &Value, command: &str) -> Told {
        let Some((_, ready)) = &self.running else {
            return Told::Gone;
        };
        let answer = ureq::post(format!("{}/rpc/{name}", id(&ready["local_url"])))
            .config()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .build()
            .header("authorization", format!("Bearer {}", id(&ready["token"])))
            .header("x-officer", "lan")
            .header("x-command-id", command)
            .send_json(args);
        let Ok(mut answer) = answer else {
            return Told::Gone;
        };
        let ok = answer.status().is_success();
        match answer.body_mut().read_json::<Value>() {
            Ok(value) if ok => Told::Done(value),
            Ok(error) => Told::Refused(id(&error["code"])),
            Err(_) => Told::Gone,
        }
    }

    /// What an officer does: asks, and asks again with the same command when the program had to be
    /// started anew.
    fn act(&mut self, name: &str, args: &Value) -> Option<Value> {
        let command = command_id();
        for _ in 0..3 {
            let began = Instant::now();
            match self.ask(name, args, &command) {
                Told::Done(answer) => {
                    assert!(
                        began.elapsed() < Duration::from_secs(8),
                        "{name} took {:.1?}",
                        began.elapsed()
                    );
                    return Some(answer);
                }
                Told::Refused(code) => {
                    assert!(!NEVER.contains(&code.as_str()), "{name} {args}: {code}");
                    return None;
                }
                Told::Gone => drop(self.start()),
            }
        }
        panic!("{name}: no answer from a running program");
    }

    fn dump(&self) -> String {
        String::from_utf8(self.program.run(&["dump"]).out).unwrap()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Scenario {
    dice: Dice,
    hub: Machine,
    proxy: Proxy,
    counters: Vec<Machine>,
    /// Numbers that somebody holds in their hand.
    given: BTreeSet<String>,
    /// Numbers whose call an officer saw.
    called: BTreeSet<String>,
    cases: BTreeSet<String>,
    killed: u32,
}

impl Scenario {
    fn begin(seed: u64) -> Self {
        let mut hub = Machine::new();
        hub.program.run(&["--json", "demo"]).json();
        let url = id(&hub.start()["url"]);
        hub.listen = url.trim_start_matches("https://").to_owned();
        let proxy = Proxy::before(hub.listen.parse::<SocketAddr>().unwrap()).unwrap();
        let counters = (0..COUNTERS)
            .map(|_| {
                let mut counter = Machine::new();
                let code = id(&hub.program.run(&["pair-code"]).json()["code"]);
                let at = format!("https://{}", proxy.address());
                counter
                    .program
                    .run(&["pair", "--hub", &at, "--code", &code])
                    .json();
                counter.start();
                counter
            })
            .collect();
        Self {
            dice: Dice::new(seed),
            hub,
            proxy,
            counters,
            given: BTreeSet::new(),
            called: BTreeSet::new(),
            cases: BTreeSet::new(),
            killed: 0,
        }
    }

    fn step(&mut self) {
        let counter = self.dice.below(COUNTERS);
        match self.dice.below(20) {
            0..=6 => self.register(counter),
            7..=12 => self.serve(counter),
            13 => {
                let received = self.counters[counter].act("case.receive", &case());
                if let Some(received) = received {
                    let code = id(&received["case_code"]);
                    assert!(self.cases.insert(code.clone()), "case code {code} twice");
                }
            }
            14 | 15 => {
                let ms = self.dice.below(400) as u64;
                let weather = [
                    Weather::Clear,
                    Weather::Clear,
                    Weather::Slow(Duration::from_millis(ms)),
                    Weather::Narrow(2_000 + 100 * ms as u32),
                    Weather::Silent,
                    Weather::Deaf,
                    Weather::Reset,
                    Weather::Truncate(200 + 20 * ms),
                    Weather::Twice,
                ];
                self.proxy.set(*self.dice.of(&weather));
            }
            16 => self.proxy.cut(),
            17 => {
                self.counters[counter].kill();
                self.killed += 1;
            }
            18 => {
                self.hub.kill();
                self.killed += 1;
            }
            _ => drop(self.hub.start()),
        }
    }

    fn register(&mut self, counter: usize) {
        let args = json!({"service": SERVICE});
        // One in three comes to the hub's own officer, if it runs.
        let at_hub = self.dice.below(3) == 0 && self.hub.running.is_some();
        let machine = if at_hub {
            &mut self.hub
        } else {
            &mut self.counters[counter]
        };
        if let Some(given) = machine.act("visit.register", &args) {
            let ticket = id(&given["ticket"]);
            assert!(self.given.insert(ticket.clone()), "number {ticket} twice");
        }
    }

    /// The next step of whoever is at the counter, or the next in line.
    fn serve(&mut self, counter: usize) {
        let number = counter as u64 + 1;
        let machine = &mut self.counters[counter];
        let Some(queue) = machine.act("queue.snapshot", &json!({})) else {
            return;
        };
        let at = |part: &str| {
            let rows = queue[part].as_array().into_iter().flatten();
            rows.filter(|row| row["counter"] == number)
                .map(|row| json!({"visit_id": row["visit_id"]}))
                .next()
        };
        if let Some(visit) = at("called") {
            machine.act("leg.start", &visit);
        } else if let Some(visit) = at("serving") {
            machine.act("leg.finish", &visit);
        } else if let Some(called) = machine.act("queue.call_next", &json!({"counter": number}))
            && !called.is_null()
        {
            let ticket = id(&called["ticket"]);
            assert!(self.called.insert(ticket.clone()), "{ticket} called twice");
        }
    }

    /// Fair weather, everybody there: everything meets, and is what was acknowledged.
    fn end(mut self) -> String {
        self.proxy.set(Weather::Clear);
        self.proxy.cut();
        self.hub.start();
        for counter in &mut self.counters {
            counter.start();
        }
        let until = Instant::now() + Duration::from_secs(60);
        // Twice: what one counter brings in the first round, the others fetch in the second.
        for counter in self.counters.iter().chain(&self.counters) {
            loop {
                let synced = counter.program.run(&["sync", "--once"]);
                let done = serde_json::from_slice::<Value>(&synced.out);
                if done.is_ok_and(|d| d["unsent"] == 0 && d["last_error"].is_null()) {
                    break;
                }
                assert!(Instant::now() < until, "no rest: {}", synced.err);
                thread::sleep(Duration::from_millis(100));
            }
        }
        let there = self.hub.dump();
        for what in self.given.iter().chain(&self.called).chain(&self.cases) {
            assert!(there.contains(&format!("\"{what}\"")), "{what} is lost");
        }
        self.hub.program.run(&["verify"]).json();
        for (i, counter) in self.counters.iter().enumerate() {
            assert_eq!(counter.dump(), there, "counter {}", i + 1);
            counter.program.run(&["verify"]).json();
        }
        format!(
            "{} numbers, {} calls, {} cases, {} kills",
            self.given.len(),
            self.called.len(),
            self.cases.len(),
            self.killed
        )
    }
}

#[test]
fn whatever_the_weather_nothing_is_lost_and_nothing_is_twice() {
    let (count, from) = (number("MOTCUA_SCENARIOS", 4), number("MOTCUA_FROM", 0));
    let began = Instant::now();
    for seed in from..from + count {
        let done = panic::catch_unwind(AssertUnwindSafe(|| {
            let mut scenario = Scenario::begin(seed);
            for _ in 0..STEPS {
                scenario.step();
            }
            scenario.end()
        }));
        match done {
            Ok(told) => println!("scenario {seed}: {told}"),
            Err(fault) => {
                println!("scenario {seed} fails: make chaos SCENARIOS=1 FROM={seed}");
                panic::resume_unwind(fault);
            }
        }
    }
    println!("{count} scenarios from {from} in {:.0?}", began.elapsed());
}
