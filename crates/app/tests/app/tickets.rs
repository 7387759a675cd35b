//! A number and its paper, a person and their numbers.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use motcua_app::{App, Settings};
use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SERVICE, TestBranch, caller, id, open};
use serde_json::{Value, json};

fn papers(folder: &std::path::Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// Goes on with printing until nothing is left to print.
fn printed(app: &Arc<App>) -> Value {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let jobs = app.call(&caller(OFFICER), "print.jobs", json!({})).unwrap();
        let open = |job: &Value| !matches!(job["state"].as_str(), Some("done" | "failed"));
        if !jobs.as_array().unwrap().iter().any(open) {
            return jobs;
        }
        assert!(Instant::now() < until, "{jobs}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Killed after the number was given and its paper asked for, before anything was printed: the next
/// start prints it, once, and not as a reprint.
#[test]
fn a_ticket_asked_for_before_a_crash_is_printed_once_at_the_next_start() {
    let mut branch = TestBranch::demo();
    let out = branch.beside("papers");
    fs::create_dir(&out).unwrap();
    let visit = branch.walk_in();
    let printer = format!("folder:{}", out.display());
    branch.ok(
        OFFICER,
        "print.submit",
        json!({"kind": "ticket", "id": visit, "printer": printer}),
    );
    branch.close();
    assert_eq!(papers(&out), 0, "committed, not printed");
    let settings = Settings {
        printing: true,
        ..branch.settings()
    };
    let app = open(settings.clone(), &branch.clock).unwrap();
    let jobs = printed(&app);
    assert_eq!(
        (&jobs[0]["state"], &jobs[0]["reprint"]),
        (&json!("done"), &json!(false))
    );
    assert_eq!(papers(&out), 1);
    drop(app);
    // And what is out is not printed again.
    let app = open_soon(&settings, &branch);
    printed(&app);
    assert_eq!(papers(&out), 1);
    let view = app
        .call(&caller(OFFICER), "visit.get", json!({"visit_id": visit}))
        .unwrap();
    assert_eq!(view["visit"]["ticket_prints"], 1);
}

/// The printing thread lets go of the folder when it gets to it.
fn open_soon(settings: &Settings, branch: &TestBranch) -> Arc<App> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match open(settings.clone(), &branch.clock) {
            Ok(app) => return app,
            Err(error) => assert!(Instant::now() < until, "{error:?}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Paper follows the record, so what was not recorded is on no paper.
#[test]
fn what_is_refused_reaches_no_printer() {
    let mut branch = TestBranch::demo();
    let out = branch.beside("papers");
    fs::create_dir(&out).unwrap();
    branch.close();
    let settings = Settings {
        printing: true,
        ..branch.settings()
    };
    let app = open(settings, &branch.clock).unwrap();
    let call = |name: &str, args: Value| app.call(&caller(OFFICER), name, args);
    let printer = format!("folder:{}", out.display());
    let unknown =
        json!({"kind": "ticket", "id": "00000000-0000-7000-8000-000000000000", "printer": printer});
    assert_eq!(
        call("print.submit", unknown).unwrap_err().code,
        Code::NotFound
    );
    // The id of another command: the transaction is taken back whole.
    let given = call(
        "visit.register",
        json!({"service": SERVICE, "command_id": "0197a000-0000-7000-8000-000000000001"}),
    )
    .unwrap();
    let reused = json!({"kind": "ticket", "id": given["visit_id"], "printer": printer, "command_id": "0197a000-0000-7000-8000-000000000001"});
    assert_eq!(
        call("print.submit", reused).unwrap_err().code,
        Code::CommandIdReused
    );
    assert_eq!(printed(&app), json!([]));
    assert_eq!(papers(&out), 0);
    let view = call("visit.get", json!({"visit_id": given["visit_id"]})).unwrap();
    assert_eq!(view["visit"]["ticket_prints"], 0);
}

/// Somebody takes two numbers, for two matters or by mistake: each has its own place and clocks, and
/// what happens to one leaves the other as it is.
#[test]
fn a_person_holding_two_tickets_has_two_places() {
    let branch = TestBranch::demo();
    let person = json!({"kind": "individual", "name": "Lò Thị Mai", "id_number": "001190000001"});
    let take = |service: &str| {
        let answer = branch.ok(
            OFFICER,
            "visit.register",
            json!({"service": service, "applicant": person}),
        );
        id(&answer["visit_id"])
    };
    let (first, second) = (take(SERVICE), take("noi-vu"));
    branch.pass(3 * MINUTE);
    let between = branch.walk_in();
    branch.ok(
        OFFICER,
        "queue.call",
        json!({"visit_id": first, "counter": 1}),
    );
    // Called at another counter while being served at the first: not there, and not lost.
    branch.leg(OFFICER, "leg.start", &first);
    branch.ok(
        OFFICER,
        "queue.call",
        json!({"visit_id": second, "counter": 2}),
    );
    branch.leg(OFFICER, "leg.miss", &second);
    branch.pass(4 * MINUTE);
    let view = |visit: &str| branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}));
    assert_eq!(view(&first)["clocks"]["service_ms"], 4 * MINUTE);
    branch.leg(OFFICER, "leg.finish", &first);
    assert_eq!(view(&second)["state"], "missed");
    branch.leg(OFFICER, "leg.return", &second);
    // Back with a credit of five minutes, which is before whoever came four minutes ago.
    let waiting = branch.ok(OFFICER, "queue.snapshot", json!({}))["waiting"].clone();
    let order: Vec<_> = waiting
        .as_array()
        .unwrap()
        .iter()
        .map(|row| id(&row["visit_id"]))
        .collect();
    assert_eq!(order, [second.clone(), between]);
    branch.leg(OFFICER, "leg.leave", &second);
    assert_eq!(view(&first)["visit"]["legs"][0]["outcome"], "DONE");
    assert_eq!(
        branch.ok(OFFICER, "day.figures", json!({}))["registered"],
        3
    );
    branch.assert_sound();
}

/// Priority claimed after the ticket was given: the number stays, the place moves by the boost, and
/// the wait goes on from the time on the ticket.
#[test]
fn priority_claimed_after_the_ticket_moves_the_place_and_nothing_else() {
    let branch = TestBranch::demo();
    branch.walk_in();
    branch.pass(5 * MINUTE);
    let claims = branch.walk_in();
    branch.pass(5 * MINUTE);
    branch.ok(
        OFFICER,
        "visit.classify",
        json!({"visit_id": claims, "class": "pregnant"}),
    );
    let first = branch.ok(OFFICER, "queue.snapshot", json!({}))["waiting"][0].clone();
    assert_eq!(first["ticket"], "A-002");
    assert_eq!(first["wait_ms"], 5 * MINUTE);
    assert_eq!(first["ranked_as_at"], "2026-11-23T07:50:00.000+07:00");
    branch.assert_sound();
}
