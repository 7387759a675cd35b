//! A hub and its counters as real processes: killed, stopped, started anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where something is not as expected, and tells what it measured"
)]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use motcua_testkit::{
    branch::{OFFICER, SERVICE, SUPERVISOR, case, id},
    program::{Program, Serving},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// One machine.
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

/// A running hub; killed when dropped.
struct Hub {
    machine: Machine,
    child: Child,
    url: String,
}

fn start(program: &Program, listen: &str) -> (Child, Value) {
    let mut child = program
        .command(&["serve", "--listen", listen])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

fn hub() -> Hub {
    let machine = machine();
    machine.program.run(&["--json", "demo"]).json();
    let (child, ready) = start(&machine.program, "127.0.0.1:0");
    let url = id(&ready["url"]);
    assert!(url.starts_with("https://"), "{ready}");
    assert_eq!(id(&ready["fingerprint"]).len(), 64);
    Hub {
        machine,
        child,
        url,
    }
}

impl Hub {
    fn program(&self) -> &Program {
        &self.machine.program
    }

    fn join(&self) -> Machine {
        let counter = machine();
        let code = id(&self.program().run(&["pair-code"]).json()["code"]);
        let joined = counter
            .program
            .run(&["pair", "--hub", &self.url, "--code", &code]);
        assert_eq!(joined.json()["branch"], "Phường Bình Minh");
        counter
    }

    fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    fn again(&mut self) {
        self.kill();
        let address = self.url.trim_start_matches("https://").to_owned();
        let (child, ready) = start(&self.machine.program, &address);
        self.child = child;
        assert_eq!(ready["url"], self.url.as_str());
    }

    fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.kill();
    }
}

fn register(program: &Program) -> String {
    let answer = program.answer("visit.register", &json!({"service": SERVICE}));
    id(&answer["ticket"])
}

/// The events of a serving process, as they come.
fn listen(ready: &Value) -> mpsc::Receiver<String> {
    let url = format!(
        "{}/events?token={}",
        id(&ready["local_url"]),
        id(&ready["token"])
    );
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let response = ureq::get(&url).call().unwrap();
        for line in BufReader::new(response.into_body().into_reader()).lines() {
            let Ok(line) = line else { return };
            if line.starts_with("data:") && sender.send(line).is_err() {
                return;
            }
        }
    });
    let hello = lines.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(hello, "data: {}");
    lines
}

#[test]
fn no_code_without_a_running_hub() {
    let alone = machine();
    alone.program.run(&["--json", "demo"]).json();
    let refused = alone.program.run(&["pair-code"]).error();
    assert_eq!(refused["code"], "NOT_PAIRED");
    let refused = alone.program.run(&["sync", "--once"]).error();
    assert_eq!(refused["code"], "NOT_PAIRED");
    let hub = hub();
    let counter = hub.join();
    // A counter gives no codes and is no hub.
    let refused = counter.program.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.error()["code"], "UNSUPPORTED");
    let (_serving, ready) = counter.program.serve();
    assert!(id(&ready["url"]).starts_with("http://127.0.0.1"));
    let refused = counter.program.run(&["pair-code"]).error();
    assert_eq!(refused["code"], "NOT_PAIRED");
}

/// A running counter hears of others at once, decides within three seconds that the hub is
/// silent, and is whole again by itself.
#[test]
fn a_running_counter_hears_and_goes_on() {
    let mut hub = hub();
    let (one, two) = (hub.join(), hub.join());
    let (_serving, ready): (Serving, Value) = one.program.serve();
    let events = listen(&ready);
    let began = Instant::now();
    let ticket = register(&two.program);
    assert_eq!(ticket, "A-001");
    let mut heard = Duration::ZERO;
    loop {
        let event = events.recv_timeout(Duration::from_secs(10)).expect("news");
        if event.contains("queue") {
            heard = heard.max(began.elapsed());
            break;
        }
    }
    println!("another counter's ticket heard after {heard:.0?}, program start included");
    let queue = one.program.answer("queue.snapshot", &json!({}));
    assert_eq!(queue["waiting"][0]["ticket"], "A-001");

    // The hub says nothing any more, but its address still takes connections.
    hub.signal("-STOP");
    let began = Instant::now();
    assert_eq!(register(&one.program), "2A-001");
    let running = began.elapsed();
    let began = Instant::now();
    assert_eq!(register(&two.program), "3A-001");
    let single = began.elapsed();
    let began = Instant::now();
    assert_eq!(register(&two.program), "3A-002");
    let next = began.elapsed();
    println!(
        "alone after {running:.1?} (running), {single:.1?} (one command), {next:.1?} (the next)"
    );
    assert!(running < Duration::from_secs(3), "{running:?}");
    assert!(single < Duration::from_secs(3), "{single:?}");
    assert!(next < Duration::from_secs(1), "{next:?}");
    let status = one.program.answer("sync.status", &json!({}));
    assert_eq!(status["hub"]["here"], false);
    assert_eq!(status["unsent"], 1);

    hub.signal("-CONT");
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let status = one.program.answer("sync.status", &json!({}));
        if status["unsent"] == 0 && status["hub"]["here"] == true {
            break;
        }
        assert!(Instant::now() < until, "{status}");
        events.recv_timeout(Duration::from_secs(5)).ok();
    }
    assert_eq!(two.program.run(&["sync", "--once"]).json()["unsent"], 0);
    let dump = |program: &Program| String::from_utf8(program.run(&["dump"]).out).unwrap();
    let there = dump(hub.program());
    for ticket in ["A-001", "2A-001", "3A-001", "3A-002"] {
        assert!(there.contains(&format!("\"{ticket}\"")), "{ticket}");
    }
    // Whatever the stopped hub did when it woke is known to all.
    assert_eq!(dump(&two.program), there);
    hub.program().run(&["verify"]).json();
    two.program.run(&["verify"]).json();
    hub.kill();
}

/// Killed in the middle of a morning, and started anew on the same address.
#[test]
fn a_killed_hub_comes_back_and_nothing_is_twice() {
    let mut hub = hub();
    let counters = [hub.join(), hub.join()];
    let mut tickets = Vec::new();
    for round in 0..3 {
        for counter in &counters {
            tickets.push(register(&counter.program));
        }
        hub.kill();
        for counter in &counters {
            tickets.push(register(&counter.program));
            let received = counter.program.answer("case.receive", &case());
            tickets.push(id(&received["case_code"]));
        }
        hub.again();
        for counter in &counters {
            counter.program.run(&["sync", "--once"]).json();
        }
        assert_eq!(tickets.len(), (round + 1) * 6 + round, "{tickets:?}");
        tickets.push(register(hub.program()));
    }
    let mut once = tickets.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), tickets.len(), "{tickets:?}");
    for counter in &counters {
        counter.program.run(&["sync", "--once"]).json();
    }
    let dump = |program: &Program| program.run(&["dump"]).out;
    let there = dump(hub.program());
    for machine in &counters {
        assert_eq!(dump(&machine.program), there);
        machine.program.run(&["verify"]).json();
        machine.program.run(&["rebuild"]).json();
        assert_eq!(dump(&machine.program), there);
    }
    hub.program().run(&["verify"]).json();
}

/// As that officer; what was answered, or refused.
fn ask(program: &Program, officer: &str, name: &str, argument: &Value) -> Result<Value, Value> {
    let ran = program.run(&["--as", officer, "do", name, &argument.to_string()]);
    match ran.code {
        Some(0) => Ok(ran.json()),
        _ => Err(ran.error()),
    }
}

/// The places of a slot are counted where every counter's word comes together.
#[test]
fn the_last_place_of_a_slot_is_one_counter_s_and_without_the_hub_only_a_supervisor_s() {
    let mut hub = hub();
    let mut branch = hub.program().answer("branch.get", &json!({}))["branch"].clone();
    branch["services"][0]["slots"] = json!({"minutes": 30, "places": 1});
    let branch = json!({"branch": branch});
    ask(hub.program(), "quan-tri", "branch.configure", &branch).unwrap();
    let counters = [hub.join(), hub.join()];
    let slots = |program: &Program| {
        let today = id(&program.answer("branch.get", &json!({}))["date"]);
        let day = json!({"service": SERVICE, "date": today});
        let next = program.answer("visit.slots", &day)["next_free"].clone();
        let day = json!({"service": SERVICE, "date": &id(&next)[..10]});
        (next, program.answer("visit.slots", &day))
    };
    let (first, day) = slots(&counters[0].program);
    assert_eq!(day["places"], 1, "the counter has the rules of the branch");
    let wish = |name: &str| {
        json!({
            "service": SERVICE,
            "slot_at": first,
            "applicant": {"kind": "individual", "name": name},
        })
    };

    // Both press at once.
    let came: Vec<_> = thread::scope(|scope| {
        let both = counters.each_ref().map(|counter| {
            scope.spawn(|| ask(&counter.program, OFFICER, "visit.book", &wish("Lò Thị Mai")))
        });
        both.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let refused: Vec<&Value> = came.iter().filter_map(|one| one.as_ref().err()).collect();
    assert_eq!(refused.len(), 1, "{came:?}");
    assert_eq!(refused[0]["code"], "SLOT_FULL");
    let (free, day) = slots(&counters[1].program);
    assert_ne!(free, first, "{day}");

    // Nobody knows what others have booked meanwhile.
    hub.kill();
    let other = |name: &str, despite: Value| {
        let mut other = wish(name);
        other["slot_at"] = free.clone();
        other["despite"] = despite;
        other
    };
    let alone = &counters[0].program;
    let away = ask(
        alone,
        OFFICER,
        "visit.book",
        &other("Hà Văn Núi", json!(null)),
    );
    assert_eq!(away.unwrap_err()["code"], "HUB_AWAY");
    let reason = json!("Người khuyết tật, đi xa 40 km");
    let taken = ask(
        alone,
        SUPERVISOR,
        "visit.book",
        &other("Hà Văn Núi", reason),
    );
    let code = id(&taken.unwrap()["code"]);

    hub.again();
    for counter in &counters {
        counter.program.run(&["sync", "--once"]).json();
    }
    let list = json!({"date": &id(&free)[..10]});
    let known = counters[1].program.answer("visit.bookings", &list);
    assert!(known.to_string().contains(&code), "{known}");
    let (after, _) = slots(&counters[1].program);
    assert!(after != first && after != free, "{after}");
    hub.program().run(&["verify"]).json();
}
