//! A real branch and the real central on a real PostgreSQL, with bad weather between them: slow,
//! silent, deaf, cut in the middle of an answer, reset, said twice. The program, central and every
//! process of the database are killed at any moment. In the end central has everything that was
//! acknowledged at the desk, once, and both print the same bytes.
//!
//! And two copies of central behind a balancer, killed in turns.
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
    net::SocketAddr,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use motcua_testkit::{
    branch::{SERVICE, case, command_id, id},
    central::Central,
    fuzz::Dice,
    program::{Program, Serving},
    proxy::{Proxy, Weather},
    sender::Sender,
};
use serde_json::{Value, json};
use tempfile::TempDir;

const STEPS: usize = 45;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(usual)
}

fn address(central: &Central) -> SocketAddr {
    let url = central.url();
    url.trim_start_matches("https://").parse().unwrap()
}

/// A branch whose only way to central is that address.
struct Branch {
    program: Program,
    serving: Option<(Serving, String, String)>,
    agent: ureq::Agent,
    office: String,
    /// Visits that the desk was told are recorded.
    told: BTreeSet<String>,
    _folder: TempDir,
}

impl Branch {
    fn enrolled(central: &Central, way: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::new(Program::beside_tests(), folder.path());
        program.run(&["--json", "demo"]).json();
        let office = id(&program.answer("sync.status", &json!({}))["office"]);
        let (code, ca) = central.code(&office);
        let way = format!("https://{way}");
        let args = ["enrol", "--central", &way, "--code", &code, "--ca", &ca];
        program.run(&args).json();
        Self {
            program,
            serving: None,
            agent: ureq::Agent::config_builder()
                .http_status_as_error(false)
                .timeout_global(Some(Duration::from_secs(30)))
                .build()
                .into(),
            office,
            told: BTreeSet::new(),
            _folder: folder,
        }
    }

    fn starts(&mut self) {
        if self.serving.is_none() {
            let (serving, ready) = self.program.serve();
            let (url, token) = (id(&ready["local_url"]), id(&ready["token"]));
            self.serving = Some((serving, url, token));
        }
    }

    fn is_killed(&mut self) {
        self.serving = None;
    }

    fn says(&self, name: &str, mut args: Value) -> Value {
        let (_, url, token) = self.serving.as_ref().unwrap();
        args["command_id"] = json!(command_id());
        let mut answer = self
            .agent
            .post(format!("{url}/rpc/{name}"))
            .header("authorization", format!("Bearer {token}"))
            .send(args.to_string())
            .unwrap();
        assert!(
            answer.status().is_success(),
            "{name}: {:?}",
            answer.status()
        );
        answer.body_mut().read_json().unwrap()
    }

    /// Somebody comes; the desk goes on whatever the weather is.
    fn serves(&mut self, dice: &mut Dice) {
        self.starts();
        let began = Instant::now();
        let visit = self.says("visit.register", json!({"service": SERVICE}));
        let visit = id(&visit["visit_id"]);
        self.told.insert(visit.clone());
        match dice.below(3) {
            0 => {
                self.says("leg.leave", json!({"visit_id": visit}));
            }
            1 => {
                self.says("queue.call", json!({"visit_id": visit, "counter": 1}));
                self.says("leg.start", json!({"visit_id": visit}));
                let mut args = case();
                args["visit_id"] = json!(visit);
                self.says("case.receive", args);
                self.says("leg.finish", json!({"visit_id": visit}));
            }
            _ => {}
        }
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "nobody waits for central"
        );
    }

    /// Until nothing waits any more, by itself.
    fn is_done(&self) {
        let until = Instant::now() + Duration::from_secs(180);
        loop {
            self.program.run(&["sync", "--once"]);
            let status = self.program.answer("sync.status", &json!({}));
            if status["unsent"] == 0 {
                return;
            }
            assert!(Instant::now() < until, "{status}");
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn is_alike(&self, central: &Central) {
        let ran = self.program.run(&["dump"]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let here = String::from_utf8(ran.out).unwrap();
        assert!(here == central.dump(&self.office), "other bytes");
        for visit in &self.told {
            assert!(here.contains(visit.as_str()), "{visit} was acknowledged");
        }
        let sql = "SELECT count(*) - count(DISTINCT event_id), count(*) - (SELECT sum(seq) FROM device_head), count(*) - (SELECT sum(feed_seq) FROM office) FROM event_log";
        assert_eq!(central.postgres.query(sql), "0|0|0");
        assert_eq!(self.program.run(&["verify"]).code, Some(0));
    }
}

fn weather(dice: &mut Dice) -> Weather {
    match dice.below(8) {
        0 => Weather::Slow(Duration::from_millis(dice.below(400) as u64)),
        1 => Weather::Narrow(2_000 + dice.below(20_000) as u32),
        2 => Weather::Silent,
        3 => Weather::Deaf,
        4 => Weather::Reset,
        5 => Weather::Truncate(dice.below(6_000) as u64),
        6 => Weather::Twice,
        _ => Weather::Clear,
    }
}

fn scenario(seed: u64) -> String {
    let mut dice = Dice::new(seed);
    let mut central = Central::start();
    let proxy = Proxy::before(address(&central)).unwrap();
    let mut branch = Branch::enrolled(&central, proxy.address());
    let (mut kills, mut storms) = ([0; 3], 0);
    for _ in 0..STEPS {
        match dice.below(10) {
            0..5 => branch.serves(&mut dice),
            5 | 6 => {
                storms += 1;
                proxy.set(weather(&mut dice));
                if dice.below(3) == 0 {
                    proxy.cut();
                }
            }
            what => {
                // A session is at work when the blow falls.
                branch.starts();
                let session = branch.program.command(&["sync", "--once"]).spawn();
                let mut session = session.unwrap();
                thread::sleep(Duration::from_millis(dice.below(60) as u64));
                match what {
                    7 => {
                        branch.is_killed();
                        kills[0] += 1;
                    }
                    8 => {
                        central.kill();
                        central.up();
                        kills[1] += 1;
                    }
                    _ => {
                        central.postgres.kill();
                        central.postgres.up();
                        kills[2] += 1;
                    }
                }
                // It ends with what it asks; whether it got through is not its caller's matter.
                session.kill().ok();
                session.wait().unwrap();
            }
        }
    }
    proxy.set(Weather::Clear);
    proxy.cut();
    branch.starts();
    branch.is_done();
    branch.is_alike(&central);
    format!(
        "{} visits, {storms} changes of weather, killed: program {}, central {}, database {}",
        branch.told.len(),
        kills[0],
        kills[1],
        kills[2]
    )
}

#[test]
fn whatever_happens_on_the_way_to_central_nothing_is_lost_and_nothing_is_twice() {
    let (from, many) = (number("MOTCUA_FROM", 0), number("MOTCUA_SCENARIOS", 2));
    for seed in from..from + many {
        println!("scenario {seed}: {}", scenario(seed));
    }
}

#[test]
fn two_copies_of_central_behind_a_balancer_are_one_central() {
    let mut first = Central::start();
    let mut second = first.copy();
    let proxy = Proxy::over(vec![address(&first), address(&second)]).unwrap();
    let mut branch = Branch::enrolled(&first, proxy.address());
    let mut dice = Dice::new(7);
    let (_, ca) = first.code(&branch.office);
    let stored = |central: &Central| -> u64 {
        let said = Sender::stranger(&central.url(), Path::new(&ca)).get("/metrics");
        let text = String::from_utf8(said.body).unwrap();
        let line = text
            .lines()
            .find_map(|l| l.strip_prefix("motcua_events_stored_total "));
        line.map_or(0, |n| n.parse().unwrap())
    };
    for _ in 0..6 {
        branch.serves(&mut dice);
        proxy.cut();
        branch.program.run(&["sync", "--once"]);
    }
    branch.is_done();
    let (one, two) = (stored(&first), stored(&second));
    assert!(one > 0 && two > 0, "both were at work: {one} and {two}");
    // One dies in the middle of the work, then the other: whoever is left goes on.
    for round in 0..4 {
        for _ in 0..3 {
            branch.serves(&mut dice);
        }
        let mut session = branch.program.command(&["sync", "--once"]).spawn().unwrap();
        thread::sleep(Duration::from_millis(15 * round));
        let gone = if round % 2 == 0 {
            &mut first
        } else {
            &mut second
        };
        gone.kill();
        session.wait().unwrap();
        branch.is_done();
        gone.up();
    }
    branch.is_alike(&first);
    branch.is_alike(&second);
}
