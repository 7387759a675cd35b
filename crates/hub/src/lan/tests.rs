//! The hub's door, tried by those who should not come in and by those who send nonsense, over
//! real TLS.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where something is not as expected"
)]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use motcua_app::{App, Settings, clock::ManualClock};
use motcua_domain::{Code, visit::State};
use motcua_protocol::sync::{Limits, Refused, RefusedWhy, encode_events};
use motcua_testkit::branch::{
    MINUTE, MORNING, OFFICER, SERVICE, SUPERVISOR, TestBranch, caller, case, dump, settings,
};
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    Identity, Joined, Line, Running, Serve,
    line::{Http, Send, host_of},
    pair, spawn, tls, wire,
};

mod files;
mod look_up;
mod numbers;
mod paper;

const PATIENCE: Duration = Duration::from_secs(10);

struct Hub {
    branch: TestBranch,
    running: Running,
}

fn hub() -> Hub {
    let branch = TestBranch::demo();
    let running = serve(&branch, "127.0.0.1:0").unwrap();
    Hub { branch, running }
}

fn serve(branch: &TestBranch, at: &str) -> Result<Running, crate::ServeError> {
    let options = Serve {
        listen: "127.0.0.1:0".parse().unwrap(),
        dir: branch.dir(),
        ui: None,
        screens: None,
        hub: Some(at.parse().unwrap()),
        line: None,
    };
    spawn(Arc::clone(branch.app()), options)
}

/// On the same address once more; the old listener lets it go when its runtime gets to that.
fn again(branch: &TestBranch, address: &str) -> Running {
    soon(|| serve(branch, address).ok())
}

/// What another thread is about to let go of.
fn soon<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(Instant::now() < until, "nobody let go of it");
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Hub {
    fn url(&self) -> String {
        self.running.lan().unwrap().url
    }

    fn code(&self) -> String {
        let mut answer = ureq::post(format!("{}/folder/pair-code", self.running.endpoint.url))
            .header(
                "authorization",
                format!("Bearer {}", self.running.endpoint.token),
            )
            .send_empty()
            .unwrap();
        let answer: Value = answer.body_mut().read_json().unwrap();
        answer["code"].as_str().unwrap().to_owned()
    }

    fn join(&self, root: &Path) -> Joined {
        let clock = Arc::new(ManualClock::at(MORNING));
        pair(
            &settings(root),
            clock,
            &self.url(),
            &self.code(),
            "Quầy thử",
        )
        .unwrap()
    }
}

fn counter(root: &Path) -> (Arc<App>, Arc<Line>) {
    let settings = settings(root);
    let line = Line::of_folder(&settings.dir, false).unwrap().unwrap();
    let app = App::open(
        Settings {
            link: Some(Arc::clone(&line) as Arc<dyn motcua_app::HubLink>),
            ..settings
        },
        Arc::new(ManualClock::at(MORNING)),
    )
    .unwrap();
    (app, line)
}

/// Somebody with a certificate of their own.
fn stranger(hub: &Hub, branch: Option<Uuid>) -> (TempDir, Http) {
    let folder = tempfile::tempdir().unwrap();
    let http = with_identity(hub, folder.path(), branch);
    (folder, http)
}

fn with_identity(hub: &Hub, folder: &Path, branch: Option<Uuid>) -> Http {
    let identity = Identity::of_folder(folder).unwrap();
    let config = tls::client(&identity, None).unwrap();
    let branch = branch.map(|b| b.to_string());
    Http::new(host_of(&hub.url()).unwrap(), branch, config).unwrap()
}

fn refused(http: &Http, send: Send) -> RefusedWhy {
    let got = http.send(send, PATIENCE).unwrap();
    let refused: Refused = serde_json::from_slice(&got.body)
        .unwrap_or_else(|_| panic!("{} {:?}", got.status, got.body));
    refused.code
}

#[rstest]
#[case::hello(Send::get(wire::HELLO))]
#[case::heads(Send::get(wire::HEADS))]
#[case::past(Send::get(format!("{}?epoch=1&after=0", wire::PAST)))]
#[case::events(Send::post(wire::EVENTS, Vec::new()))]
#[case::feed(Send::get(format!("{}?cursor=0", wire::FEED)))]
#[case::command(Send::post(wire::COMMAND, Vec::new()))]
#[case::live(Send::get(wire::LIVE))]
fn a_device_that_nobody_introduced_gets_nothing(#[case] send: Send) {
    let hub = hub();
    let (_folder, http) = stranger(&hub, None);
    assert_eq!(refused(&http, send), RefusedWhy::UnknownDevice);
}

#[test]
fn a_device_of_another_branch_and_another_version_are_told_so() {
    let (hub, root) = (hub(), tempfile::tempdir().unwrap());
    hub.join(root.path());
    let data = settings(root.path()).dir;
    let other = with_identity(&hub, &data, Some(Uuid::from_u128(1)));
    assert_eq!(
        refused(&other, Send::get(wire::HELLO)),
        RefusedWhy::WrongBranch
    );
    let own = hub.running.lan().unwrap().branch;
    let right = with_identity(&hub, &data, Some(own));
    let got = right.send(Send::get(wire::HELLO), PATIENCE).unwrap();
    assert_eq!(got.status, 200);
    for proto in ["0", "2", "99999", "x", ""] {
        let got = right
            .send_as(Send::get(wire::HELLO), proto, PATIENCE)
            .unwrap();
        let told: Refused = serde_json::from_slice(&got.body).unwrap();
        assert_eq!(told.code, RefusedWhy::Proto, "{proto}");
    }
}

#[test]
fn damaged_and_oversized_bodies_are_refused_and_the_queue_goes_on() {
    let (hub, root) = (hub(), tempfile::tempdir().unwrap());
    hub.join(root.path());
    let before = hub.branch.events();
    let http = with_identity(&hub, &settings(root.path()).dir, None);
    let events = |body: Vec<u8>| refused(&http, Send::post(wire::EVENTS, body));
    assert_eq!(events(Vec::new()), RefusedWhy::Malformed);
    assert_eq!(events(vec![7; 1000]), RefusedWhy::Malformed);
    assert_eq!(events(wire::pack(b"nonsense")), RefusedWhy::Malformed);
    assert_eq!(
        events(wire::pack(&encode_events(&[]))),
        RefusedWhy::Malformed
    );
    // A few bytes that unpack to a gigabyte.
    let zeros = vec![0_u8; 64 << 20];
    assert_eq!(events(wire::pack(&zeros)), RefusedWhy::Malformed);
    assert_eq!(events(vec![1; wire::MOST_BODY + 1]), RefusedWhy::TooLarge);
    let command = |body: &[u8]| refused(&http, Send::post(wire::COMMAND, body.to_vec()));
    assert_eq!(command(b"{"), RefusedWhy::Malformed);
    assert_eq!(
        command(b"{\"name\":\"visit.register\"}"),
        RefusedWhy::Malformed
    );
    // Events of somebody else's log are nobody's to bring.
    let store = hub.branch.app().store();
    let others = store
        .events_after(store.device(), 1, 0, &Limits::default())
        .unwrap();
    assert_eq!(
        events(wire::pack(&encode_events(&others))),
        RefusedWhy::UnknownDevice
    );
    assert_eq!(hub.branch.events(), before);
    let (app, _) = counter(root.path());
    let answer = app.call(
        &caller(OFFICER),
        "visit.register",
        json!({"service": SERVICE}),
    );
    assert_eq!(answer.unwrap()["ticket"], "A-001");
}

#[test]
fn idle_and_slow_strangers_are_put_out_and_counters_are_served() {
    let (hub, root) = (hub(), tempfile::tempdir().unwrap());
    hub.join(root.path());
    let address = host_of(&hub.url()).unwrap();
    // Nobody of these ever finishes a handshake.
    let mut crowd: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(&[0x16, 3, 1]).unwrap();
            stream
        })
        .collect();
    let (app, _) = counter(root.path());
    let began = Instant::now();
    let answer = app.call(
        &caller(OFFICER),
        "visit.register",
        json!({"service": SERVICE}),
    );
    assert_eq!(answer.unwrap()["ticket"], "A-001");
    assert!(began.elapsed() < Duration::from_secs(3));
    // The hub hangs up on each of them.
    let first = crowd.first_mut().unwrap();
    first.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut rest = Vec::new();
    assert!(first.read_to_end(&mut rest).is_ok() || !rest.is_empty());
}

#[rstest]
#[case::wrong("22222222", Code::PairCodeWrong)]
#[case::short("2222", Code::PairCodeWrong)]
#[case::strange("IIIIIIII", Code::PairCodeWrong)]
fn a_wrong_code_pairs_nobody(#[case] code: &str, #[case] expected: Code) {
    let (hub, root) = (hub(), tempfile::tempdir().unwrap());
    hub.code();
    let clock = || Arc::new(ManualClock::at(MORNING));
    let settings = settings(root.path());
    let error = pair(&settings, clock(), &hub.url(), code, "Quầy thử").unwrap_err();
    assert_eq!(error.code, expected);
    assert!(Line::of_folder(&settings.dir, false).unwrap().is_none());
    // Nothing is left that keeps the folder from being paired.
    pair(&settings, clock(), &hub.url(), &hub.code(), "Quầy thử").unwrap();
}

#[test]
fn a_code_is_used_once_and_a_branch_is_not_overwritten() {
    let hub = hub();
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let clock = || Arc::new(ManualClock::at(MORNING));
    // As people read it out.
    let code = hub.code();
    let spoken = format!(" {}-{} ", code[..4].to_lowercase(), &code[4..]);
    let joined = pair(
        &settings(one.path()),
        clock(),
        &hub.url(),
        &spoken,
        "Quầy một",
    )
    .unwrap();
    assert_eq!(joined.number, 2, "the hub is the first machine");
    let again = pair(
        &settings(two.path()),
        clock(),
        &hub.url(),
        &code,
        "Quầy hai",
    )
    .unwrap_err();
    assert_eq!(again.code, Code::PairCodeUsed);
    let over = pair(
        &settings(one.path()),
        clock(),
        &hub.url(),
        &hub.code(),
        "Quầy",
    )
    .unwrap_err();
    assert_eq!(over.code, Code::BranchExists);
    assert_eq!(hub.join(two.path()).number, 3);
}

#[test]
fn nobody_answers_or_somebody_else_does() {
    let root = tempfile::tempdir().unwrap();
    let clock = || Arc::new(ManualClock::at(MORNING));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", closed.local_addr().unwrap());
    drop(closed);
    let error = pair(
        &settings(root.path()),
        clock(),
        &address,
        "22222222",
        "Quầy",
    )
    .unwrap_err();
    assert_eq!(
        (error.code, error.field.as_deref()),
        (Code::HubAway, Some("hub"))
    );
    for url in [
        "",
        "https://",
        "hub",
        "https://hub:port",
        "https://hub:1/path",
    ] {
        let error = pair(&settings(root.path()), clock(), url, "22222222", "Quầy").unwrap_err();
        assert_eq!(error.code, Code::ArgumentInvalid, "{url}");
    }
}

/// Another machine at the hub's address: the counter sends it nothing and goes on alone.
#[test]
fn a_foreign_certificate_at_the_hubs_address_gets_nothing() {
    let (hub, root) = (hub(), tempfile::tempdir().unwrap());
    hub.join(root.path());
    let address = host_of(&hub.url()).unwrap();
    let Hub { branch, running } = hub;
    drop(running);
    let other = TestBranch::demo();
    let before = other.events();
    let impostor = again(&other, &address);
    let (app, line) = counter(root.path());
    let answer = app.call(
        &caller(OFFICER),
        "visit.register",
        json!({"service": SERVICE}),
    );
    assert_eq!(answer.unwrap()["ticket"], "2A-001");
    let synced = line.sync(&app);
    assert_eq!(synced.unsent, 1);
    assert!(synced.last_error.is_some());
    let status = app
        .call(&caller(OFFICER), "sync.status", json!({}))
        .unwrap();
    assert_eq!(status["hub"]["here"], false);
    assert!(
        status["last_error"]
            .as_str()
            .unwrap()
            .contains("không phải máy chủ đã ghép")
    );
    assert_eq!(other.events(), before);
    drop((impostor, branch));
}

/// A morning with the hub, an hour without, and together again.
#[test]
fn apart_and_together_over_the_network() {
    let (hub, one, two) = (
        hub(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    hub.join(one.path());
    hub.join(two.path());
    let address = host_of(&hub.url()).unwrap();
    let (first, first_line) = counter(one.path());
    let (second, second_line) = counter(two.path());
    let officer = caller(OFFICER);
    let ok = |app: &App, name: &str, args: Value| {
        app.call(&officer, name, args.clone())
            .unwrap_or_else(|e| panic!("{name} {args}: {e:?}"))
    };
    let register = || json!({"service": SERVICE});
    assert_eq!(ok(&first, "visit.register", register())["ticket"], "A-001");
    assert_eq!(ok(&second, "visit.register", register())["ticket"], "A-002");
    // Whoever is called by one is not called by the other.
    let a = ok(&first, "queue.call_next", json!({"counter": 1}));
    let b = ok(&second, "queue.call_next", json!({"counter": 2}));
    assert_eq!(
        (&a["ticket"], &b["ticket"]),
        (&json!("A-001"), &json!("A-002"))
    );
    assert_eq!(ok(&first, "visit.register", register())["ticket"], "A-003");
    ok(&first, "leg.start", json!({"visit_id": a["visit_id"]}));
    // Each takes in cases under codes of its own block.
    let code = |app: &App| {
        ok(app, "case.receive", case())["case_code"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let codes = [code(&first), code(&second), code(&first)];
    assert_eq!(
        codes
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        3,
        "{codes:?}"
    );

    // The same command again, wherever it was done, gives the same answer.
    let id = Uuid::now_v7().to_string();
    let once = json!({"service": SERVICE, "command_id": id});
    let there = ok(&first, "visit.register", once.clone());
    assert_eq!(ok(&first, "visit.register", once.clone()), there);

    let Hub { branch, running } = hub;
    drop(running);
    assert_eq!(ok(&first, "visit.register", once), there);
    let alone_id = Uuid::now_v7().to_string();
    let alone_args = json!({"service": SERVICE, "command_id": alone_id});
    let alone = ok(&first, "visit.register", alone_args.clone());
    assert_eq!(alone["ticket"], "2A-001");
    assert_eq!(
        ok(&second, "visit.register", register())["ticket"],
        "3A-001"
    );
    ok(&first, "leg.finish", json!({"visit_id": a["visit_id"]}));
    // One officer at two machines is seen by both.
    for (app, also) in [(&first, json!([2])), (&second, json!([1]))] {
        let rows = ok(app, "queue.snapshot", json!({}))["counters"].clone();
        let own = usize::from(also == json!([1]));
        assert_eq!(rows[own]["session"]["also_at"], also);
    }
    // Two officers sit down at one counter, neither machine knowing of the other's.
    ok(&first, "counter.open", json!({"counter": 4}));
    let open = json!({"counter": 4});
    second.call(&caller("dung"), "counter.open", open).unwrap();
    // Alone, the common queue is left alone and the own series is called.
    let called = ok(&first, "queue.call_next", json!({"counter": 1}));
    assert_eq!(called["ticket"], "2A-001");
    let waits = ok(&first, "queue.snapshot", json!({}))["waiting"][0]["visit_id"].clone();
    for (name, args) in [
        ("queue.call", json!({"visit_id": waits, "counter": 3})),
        ("leg.leave", json!({"visit_id": waits})),
        ("queue.issuing", json!({"service": SERVICE, "open": false})),
    ] {
        let refused = first.call(&caller("lan"), name, args).unwrap_err();
        assert_eq!(refused.code, Code::HubAway, "{name}");
    }
    let codes = [
        code(&first),
        code(&second),
        codes[0].clone(),
        codes[1].clone(),
    ];
    assert_eq!(
        codes
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        4,
        "{codes:?}"
    );
    let status = ok(&first, "sync.status", json!({}));
    assert!(status["unsent"].as_u64().unwrap() >= 4, "{status}");
    assert!(status["oldest_unsent_at"].is_string());

    let _running = again(&branch, &address);
    for (app, line) in [
        (&first, &first_line),
        (&second, &second_line),
        (&first, &first_line),
        (&second, &second_line),
    ] {
        let synced = line.sync(app);
        assert_eq!((synced.unsent, synced.last_error), (0, None));
    }
    assert_eq!(ok(&first, "visit.register", alone_args), alone);
    let lines = branch.dump();
    assert!(lines.contains("2A-001") && lines.contains("3A-001"));
    assert_eq!(dump(&first), lines);
    assert_eq!(dump(&second), lines);
    branch.assert_sound();
    for app in [&first, &second] {
        let verified = app.verify().unwrap();
        assert!(verified.findings.is_empty(), "{:?}", verified.findings);
    }
    // Both are on record; the later in the one order has the counter, and it is the same one
    // everywhere.
    let shifts = ok(&first, "counter.shifts", json!({}));
    let at_four: Vec<&Value> = shifts["shifts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["counter"] == 4)
        .collect();
    assert_eq!(at_four.len(), 2, "{shifts}");
    assert_eq!(at_four[0]["cause"], "apart");
    assert_eq!(at_four[1]["apart_from"], at_four[0]["officer_name"]);
    for app in [&first, &second] {
        let rows = ok(app, "queue.snapshot", json!({}))["counters"].clone();
        assert_eq!(rows[3]["session"]["officer"], at_four[1]["officer"]);
    }
    // With the hub, one has it and the other is told who.
    let open = json!({"counter": 2});
    let refused = first
        .call(&caller("dung"), "counter.open", open)
        .unwrap_err();
    assert_eq!(refused.code, Code::CounterTaken);
    // And the queue is one again.
    let next = ok(&second, "queue.call_next", json!({"counter": 3}));
    assert_eq!(next["ticket"], "A-003");
}

/// The hub did it and its answer was lost; then the counter went on alone. Its log may come when
/// the hub has another day.
#[rstest]
#[case::the_same_day(0)]
#[case::the_next_day(24 * 60 * MINUTE)]
fn a_number_that_nobody_got_is_taken_back(#[case] later: i64) {
    let (hub, root) = (hub(), tempfile::tempdir().unwrap());
    hub.join(root.path());
    let id = Uuid::now_v7();
    let args = json!({"service": SERVICE});
    let mut lost = caller(OFFICER);
    lost.command_id = Some(id);
    // Done at the hub, under the id of the counter's command; no answer comes back.
    let asked_by = Uuid::from_u128(2);
    let app = hub.branch.app();
    let there = app.call_for(asked_by, &lost, "visit.register", args.clone());
    assert_eq!(there.unwrap()["ticket"], "A-001");
    let address = host_of(&hub.url()).unwrap();
    let Hub { branch, running } = hub;
    drop(running);
    let (app, line) = counter(root.path());
    let alone = app.call(&lost, "visit.register", args.clone()).unwrap();
    assert_eq!(alone["ticket"], "2A-001");
    branch.pass(later);
    let _running = again(&branch, &address);
    assert_eq!(line.sync(&app).last_error, None);
    assert_eq!(app.call(&lost, "visit.register", args).unwrap(), alone);
    line.sync(&app);
    let queue = app
        .call(&caller(OFFICER), "queue.snapshot", json!({}))
        .unwrap();
    let waiting: Vec<_> = (queue["waiting"].as_array().unwrap().iter())
        .map(|w| w["ticket"].clone())
        .collect();
    assert_eq!(waiting, ["2A-001"]);
    let given = app.store().read(|read| read.registered_by(id)).unwrap();
    let unseen = given.iter().find(|(.., r)| r.via.is_some()).unwrap().0;
    let unseen = app.store().read(|read| read.visit(unseen)).unwrap();
    assert_eq!(unseen.unwrap().state(), State::Closed);
    assert_eq!(dump(&app), branch.dump());
    branch.assert_sound();
}

/// The hub called somebody for a counter, which never heard it and called another; then the hub
/// died. A new hub hears of both, in any order.
#[rstest]
#[case::the_counter_first(&[Who::Counter, Who::Hub])]
#[case::the_former_hub_first(&[Who::Hub, Who::Counter])]
fn a_call_that_no_counter_heard_is_taken_back_by_the_next_hub(#[case] order: &[Who]) {
    let hub = hub();
    let roots = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for root in &roots {
        hub.join(root.path());
    }
    hub.branch.walk_in();
    let (app, _line) = counter(roots[0].path());
    let Hub { branch, running } = hub;
    drop(running);
    let args = json!({"counter": 2});
    let asked_by = app.store().device();
    let lost = branch
        .app()
        .call_for(asked_by, &caller(OFFICER), "queue.call_next", args.clone());
    assert_eq!(lost.unwrap()["ticket"], "A-001");
    let ask = |app: &App, officer, name, args| app.call(&caller(officer), name, args).unwrap();
    ask(&app, OFFICER, "visit.register", json!({"service": SERVICE}));
    let alone = ask(&app, OFFICER, "queue.call_next", args);
    assert_eq!(alone["ticket"], "2A-001");

    let clock = Arc::new(ManualClock::at(MORNING));
    let next = App::open(settings(roots[1].path()), clock).unwrap();
    let word = json!({"reason": "Máy chủ quầy hỏng", "listen": "127.0.0.1:7420"});
    ask(&next, SUPERVISOR, "hub.promote", word);
    for who in order {
        let from = match who {
            Who::Hub => branch.app().store(),
            Who::Counter => app.store(),
        };
        for log in from.heads(Some(from.device())).unwrap() {
            let events = from
                .events_after(log.device, log.head.epoch, 0, &Limits::default())
                .unwrap();
            next.store().ingest(&events, MORNING).unwrap();
            next.took(&events);
        }
    }
    let queue = ask(&next, SUPERVISOR, "queue.snapshot", json!({}));
    let tickets = |state: &str| -> Vec<Value> {
        let rows = queue[state].as_array().unwrap().iter();
        rows.map(|row| row["ticket"].clone()).collect()
    };
    assert_eq!(tickets("called"), ["2A-001"]);
    assert_eq!(tickets("waiting"), ["A-001"]);
}

#[derive(Debug, Clone, Copy)]
enum Who {
    Hub,
    Counter,
}

/// Twenty counters at once on one hub.
#[test]
fn twenty_counters_share_one_line_of_numbers() {
    const EACH: usize = 15;
    let hub = hub();
    let roots: Vec<TempDir> = (0..20).map(|_| tempfile::tempdir().unwrap()).collect();
    for root in &roots {
        hub.join(root.path());
    }
    let counters: Vec<_> = roots.iter().map(|root| counter(root.path())).collect();
    let began = Instant::now();
    let threads: Vec<_> = counters
        .into_iter()
        .map(|(app, _line)| {
            std::thread::spawn(move || {
                let mut done = Vec::new();
                for _ in 0..EACH {
                    let began = Instant::now();
                    let args = json!({"service": SERVICE});
                    let answer = app.call(&caller(OFFICER), "visit.register", args).unwrap();
                    done.push((
                        answer["ticket"].as_str().unwrap().to_owned(),
                        began.elapsed(),
                    ));
                }
                done
            })
        })
        .collect();
    let done: Vec<_> = threads
        .into_iter()
        .flat_map(|t| t.join().unwrap())
        .collect();
    let tickets: std::collections::BTreeSet<_> = done.iter().map(|(t, _)| t).collect();
    assert_eq!(tickets.len(), 20 * EACH);
    assert!(
        tickets.iter().all(|t| t.starts_with("A-")),
        "the hub gave every one"
    );
    let mut times: Vec<Duration> = done.iter().map(|(_, t)| *t).collect();
    times.sort();
    println!(
        "20 counters, {} numbers in {:.1?}: p50 {:.1?}, p99 {:.1?}",
        done.len(),
        began.elapsed(),
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
    hub.branch.assert_sound();
}
