//! Clocks that disagree about the date: a person says once which day it is, and everything follows
//! that day.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use motcua_app::{App, CentralLink, LinkState};
use motcua_domain::Code;
use motcua_protocol::look_up::{self, Ask, Told};
use motcua_testkit::branch::{MINUTE, MORNING, OFFICER, SERVICE, SUPERVISOR, TestBranch, case, id};
use serde_json::{Value, json};

const DAY: i64 = 24 * 60 * MINUTE;

/// A central whose clock is known.
#[derive(Debug)]
struct Other {
    /// What it says when this machine's monotonic clock begins.
    start_ms: AtomicI64,
    here: AtomicBool,
}

impl CentralLink for Other {
    fn state(&self, app: &App) -> LinkState {
        let moment = app.moment();
        let now = self.start_ms.load(Ordering::SeqCst) + moment.mono_ms;
        LinkState {
            here: self.here.load(Ordering::SeqCst),
            skew_ms: Some(now - moment.wall_ms),
            ..LinkState::default()
        }
    }

    fn send_now(&self, _: &App) {}

    fn look_up(&self, _: &Ask) -> Told {
        Told::unavailable(look_up::NO_LINE)
    }
}

fn hears(branch: &TestBranch, start_ms: i64) -> Arc<Other> {
    let other = Arc::new(Other {
        start_ms: start_ms.into(),
        here: true.into(),
    });
    let link = Arc::clone(&other) as Arc<dyn CentralLink>;
    branch.app().set_central(Some(link));
    other
}

fn doubt(branch: &TestBranch) -> Value {
    branch.ok(OFFICER, "branch.get", json!({}))["clock_doubt"].clone()
}

fn refuses(branch: &TestBranch) {
    let before = branch.events();
    for (name, args) in [
        ("visit.register", json!({"service": SERVICE})),
        ("case.receive", case()),
    ] {
        let refusal = branch.refused(OFFICER, name, args);
        assert_eq!(refusal.code, Code::ClockJumped, "{name}");
    }
    assert_eq!(branch.events(), before, "nothing was written");
}

fn confirm(branch: &TestBranch, date: &str) {
    let args = json!({"date": date});
    branch.ok(OFFICER, "clock.confirm_date", args);
}

#[test]
fn a_date_in_doubt_is_confirmed_once_before_anything_bears_it() {
    let mut branch = TestBranch::demo();
    let waiting = branch.walk_in();
    // A day and less is no doubt; a day more is.
    let other = hears(&branch, MORNING - DAY + MINUTE);
    assert_eq!(doubt(&branch), Value::Null);
    branch.walk_in();
    other.start_ms.store(MORNING - 2 * DAY, Ordering::SeqCst);
    refuses(&branch);
    let said = doubt(&branch);
    assert!(id(&said["here"]).starts_with("2026-11-23T08:00"), "{said}");
    assert!(id(&said["there"]).starts_with("2026-11-21T08:00"), "{said}");
    assert_eq!((&said["hub"], &said["set"]), (&json!(false), &json!(false)));
    // Whoever is here is called and served.
    let call = json!({"visit_id": waiting, "counter": 1});
    branch.ok(OFFICER, "queue.call", call);
    branch.leg(OFFICER, "leg.start", &waiting);
    // Without a line there is nothing to compare with, and the desk goes on.
    other.here.store(false, Ordering::SeqCst);
    branch.walk_in();
    other.here.store(true, Ordering::SeqCst);
    refuses(&branch);
    // Saying another day than the machine's does not make it so: the machine has to be set.
    let wrong = branch.refused(OFFICER, "clock.confirm_date", json!({"date": "2026-11-21"}));
    assert_eq!(
        (wrong.code, wrong.field.as_deref()),
        (Code::DateInvalid, Some("date"))
    );
    refuses(&branch);
    confirm(&branch, "2026-11-23");
    assert_eq!(doubt(&branch), Value::Null);
    branch.walk_in();
    branch.ok(OFFICER, "case.receive", case());
    // Remembered over a restart, and until it is another fault.
    branch.open().unwrap();
    let other = hears(&branch, MORNING - 2 * DAY + 30 * MINUTE);
    branch.walk_in();
    other
        .start_ms
        .store(MORNING - 2 * DAY - 120 * MINUTE, Ordering::SeqCst);
    refuses(&branch);
    branch.assert_sound();
}

/// It is Monday, and this machine was started on a clock that says Wednesday.
fn wrong() -> TestBranch {
    let mut branch = TestBranch::demo();
    branch.clock.set_wall(MORNING + 2 * DAY);
    branch.open().unwrap();
    branch
}

#[test]
fn once_the_clock_is_set_tickets_and_codes_follow_the_right_day() {
    let mut branch = wrong();
    let waiting = branch.walk_in();
    let serving = branch.serving(1);
    branch.ok(OFFICER, "case.receive", case());
    hears(&branch, MORNING);
    // Set by somebody: the two agree, and it takes no supervisor to say so.
    branch.clock.set_wall(MORNING);
    assert_eq!(doubt(&branch)["set"], true);
    refuses(&branch);
    confirm(&branch, "2026-11-23");
    assert_eq!(doubt(&branch), Value::Null);
    follows(&branch, "2026-11-23", "261123");
    // Nobody stands in the queue of a day that has not come, and nothing was invented.
    for (visit, outcome) in [
        (&waiting, "UNSERVED_AT_CLOSE"),
        (&serving, "ENDED_BY_SYSTEM"),
    ] {
        let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}));
        let legs = view["visit"]["legs"].as_array().unwrap();
        assert_eq!(legs.last().unwrap()["outcome"], outcome);
    }
    branch.assert_sound();
    branch.open().unwrap();
    follows(&branch, "2026-11-23", "261123");
    // The day itself comes, is not closed, and goes on behind the numbers that are on paper.
    branch.pass(2 * DAY);
    let answer = branch.ok(OFFICER, "visit.register", json!({"service": SERVICE}));
    assert_eq!(answer["ticket"], "A-003");
    follows(&branch, "2026-11-25", "261125");
    branch.assert_sound();
}

#[test]
fn a_supervisor_who_sets_a_machine_right_that_hears_nobody_sets_its_codes_right() {
    let branch = wrong();
    branch.ok(OFFICER, "case.receive", case());
    branch.clock.set_wall(MORNING);
    follows(&branch, "2026-11-25", "261125");
    branch.ok(SUPERVISOR, "clock.confirm", json!({}));
    follows(&branch, "2026-11-23", "261123");
    branch.assert_sound();
}

#[track_caller]
fn follows(branch: &TestBranch, date: &str, in_code: &str) {
    let answer = branch.ok(OFFICER, "case.receive", case());
    let (code, at) = (id(&answer["case_code"]), id(&answer["received_at"]));
    assert!(code.contains(in_code), "{code}");
    assert!(at.starts_with(date), "{at}");
    assert_eq!(branch.ok(OFFICER, "branch.get", json!({}))["date"], date);
}
