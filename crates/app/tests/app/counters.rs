//! Who sits at the counters: opening, stepping away, taking over, closing; and the day's end.

use std::{
    sync::{Arc, Barrier},
    thread,
};

use motcua_domain::Code::{self, *};
use motcua_testkit::branch::{
    MINUTE, MORNING, OFFICER, SERVICE, SUPERVISOR, TestBranch, caller, case, command_id, id,
};
use rstest::rstest;
use serde_json::{Value, json};

const COLLEAGUE: &str = "dung";

fn at(counter: u16) -> Value {
    json!({ "counter": counter })
}

fn row(branch: &TestBranch, counter: u16) -> Value {
    branch.ok(SUPERVISOR, "queue.snapshot", json!({}))["counters"][usize::from(counter) - 1].clone()
}

fn shifts(branch: &TestBranch) -> Vec<Value> {
    let answer = branch.ok(SUPERVISOR, "counter.shifts", json!({}));
    answer["shifts"].as_array().unwrap().clone()
}

fn clock(ms: i64) -> Value {
    json!(motcua_protocol::Time::from_ms(ms))
}

#[test]
fn a_counter_is_opened_left_and_closed_and_everybody_sees_it() {
    let branch = TestBranch::demo();
    assert_eq!(row(&branch, 3)["session"], Value::Null);
    let opened = branch.ok(OFFICER, "counter.open", at(3));
    assert_eq!(opened["session"]["state"], "open");
    assert_eq!(opened["session"]["officer_name"], "Nguyễn Thị Thanh Hà");
    branch.pass(MINUTE);
    branch.ok(
        OFFICER,
        "counter.break",
        json!({"counter": 3, "reason": "Ăn trưa", "minutes": 30}),
    );
    let session = row(&branch, 3)["session"].clone();
    assert_eq!(session["state"], "on_break");
    assert_eq!(session["reason"], "Ăn trưa");
    assert_eq!(session["since"], clock(MORNING + MINUTE));
    assert_eq!(session["back_at"], clock(MORNING + 31 * MINUTE));
    assert_eq!(session["opened_at"], clock(MORNING));
    let desk = branch.ok(OFFICER, "desk.get", at(3));
    assert_eq!(desk["session"], session);
    branch.pass(20 * MINUTE);
    branch.ok(OFFICER, "counter.resume", at(3));
    assert_eq!(row(&branch, 3)["session"]["state"], "open");
    branch.pass(MINUTE);
    let closed = branch.ok(OFFICER, "counter.close", at(3));
    assert_eq!(closed["session"], Value::Null);
    let [shift] = &shifts(&branch)[..] else {
        panic!("one shift")
    };
    assert_eq!(shift["to"], clock(MORNING + 22 * MINUTE));
    assert_eq!(shift["cause"], "officer");
    assert_eq!(shift["breaks"][0]["to"], clock(MORNING + 21 * MINUTE));
    assert_eq!(shift["accurate"], true);
    // Closing what is closed changes nothing.
    let events = branch.events();
    branch.ok(OFFICER, "counter.close", at(3));
    assert_eq!(branch.events(), events);
    branch.assert_sound();
}

#[test]
fn of_two_officers_at_the_same_instant_one_has_it_and_the_other_may_take_over() {
    for _ in 0..10 {
        let branch = TestBranch::demo();
        let start = Arc::new(Barrier::new(2));
        let threads: Vec<_> = [OFFICER, COLLEAGUE]
            .into_iter()
            .map(|who| {
                let (app, start) = (Arc::clone(branch.app()), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    (who, app.call(&caller(who), "counter.open", at(2)))
                })
            })
            .collect();
        let answers: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, a)| a.is_ok());
        assert_eq!((won.len(), lost.len()), (1, 1));
        let refusal = lost[0].1.clone().unwrap_err();
        assert_eq!(
            (refusal.code, refusal.field.as_deref()),
            (CounterTaken, Some("counter"))
        );
        let winner = won[0].1.clone().unwrap()["session"]["officer_name"].clone();
        assert!(refusal.message.contains(winner.as_str().unwrap()));
        let answer = branch.ok(
            lost[0].0,
            "counter.open",
            json!({"counter": 2, "take_over": true}),
        );
        assert_eq!(answer["session"]["officer"], lost[0].0);
        let causes: Vec<_> = shifts(&branch).iter().map(|s| s["cause"].clone()).collect();
        assert_eq!(causes, [json!("taken_over"), Value::Null]);
        branch.assert_sound();
    }
}

#[test]
fn calling_opens_a_counter_ends_a_break_and_is_refused_at_a_colleagues() {
    let branch = TestBranch::demo();
    let visit = branch.walk_in();
    branch.ok(OFFICER, "queue.call_next", at(1));
    assert_eq!(row(&branch, 1)["session"]["officer"], OFFICER);
    branch.leg(OFFICER, "leg.start", &visit);
    branch.leg(OFFICER, "leg.finish", &visit);
    branch.ok(OFFICER, "counter.break", at(1));
    // In vain, but whoever asks for the next person is there.
    assert_eq!(branch.ok(OFFICER, "queue.call_next", at(1)), Value::Null);
    assert_eq!(row(&branch, 1)["session"]["state"], "open");
    let other = branch.walk_in();
    let (before, events) = (branch.dump(), branch.events());
    for (name, args) in [
        ("queue.call_next", at(1)),
        ("queue.call", json!({"counter": 1, "visit_id": other})),
    ] {
        for who in [COLLEAGUE, SUPERVISOR] {
            let refusal = branch.refused(who, name, args.clone());
            assert_eq!(
                (refusal.code, refusal.field.as_deref()),
                (CounterTaken, Some("counter"))
            );
        }
    }
    assert_eq!((branch.dump(), branch.events()), (before, events));
    branch.ok(
        COLLEAGUE,
        "counter.open",
        json!({"counter": 1, "take_over": true}),
    );
    branch.ok(COLLEAGUE, "queue.call_next", at(1));
    branch.assert_sound();
}

/// The same officer at two counters, perhaps on two machines: allowed, and seen.
#[test]
fn one_officer_at_two_counters_is_told_and_shown() {
    let branch = TestBranch::demo();
    branch.ok(OFFICER, "counter.open", at(1));
    let second = branch.ok(OFFICER, "counter.open", at(4));
    assert_eq!(second["session"]["also_at"], json!([1]));
    assert_eq!(row(&branch, 1)["session"]["also_at"], json!([4]));
    let (a, b) = (branch.walk_in(), branch.walk_in());
    assert_eq!(
        id(&branch.ok(OFFICER, "queue.call_next", at(1))["visit_id"]),
        a
    );
    assert_eq!(
        id(&branch.ok(OFFICER, "queue.call_next", at(4))["visit_id"]),
        b
    );
    branch.assert_sound();
}

#[test]
fn moving_to_another_counter_closes_the_one_left_or_does_nothing() {
    let branch = TestBranch::demo();
    branch.ok(OFFICER, "counter.open", at(1));
    let visit = branch.walk_in();
    branch.ok(OFFICER, "queue.call_next", at(1));
    let go = json!({"counter": 2, "leave": 1});
    let events = branch.events();
    let refusal = branch.refused(OFFICER, "counter.open", go.clone());
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (CounterBusy, Some("leave"))
    );
    assert_eq!(branch.events(), events, "neither opened nor closed");
    branch.leg(OFFICER, "leg.start", &visit);
    branch.leg(OFFICER, "leg.finish", &visit);
    branch.ok(OFFICER, "counter.open", go);
    assert_eq!(row(&branch, 1)["session"], Value::Null);
    assert_eq!(row(&branch, 2)["session"]["officer"], OFFICER);
    assert_eq!(shifts(&branch)[0]["cause"], "moved");
    // A colleague's counter is not closed by somebody who says to leave it.
    branch.ok(COLLEAGUE, "counter.open", at(3));
    branch.ok(OFFICER, "counter.open", json!({"counter": 4, "leave": 3}));
    assert_eq!(row(&branch, 3)["session"]["officer"], COLLEAGUE);
    branch.assert_sound();
}

/// Signing out while serving: never a success by itself, and the officer is given the choices.
#[test]
fn a_counter_with_somebody_at_it_is_not_closed_and_never_makes_a_success() {
    let branch = TestBranch::demo();
    let visit = branch.serving(1);
    branch.pass(5 * MINUTE);
    let before = branch.dump();
    for (name, args) in [
        ("counter.close", at(1)),
        ("counter.break", json!({"counter": 1, "minutes": 10})),
    ] {
        let refusal = branch.refused(OFFICER, name, args);
        assert_eq!(refusal.code, CounterBusy);
        assert!(refusal.message.contains("A-001"), "{}", refusal.message);
    }
    let refusal = branch.refused(
        OFFICER,
        "counter.close",
        json!({"counter": 1, "force": true}),
    );
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (NotAllowed, Some("force"))
    );
    assert_eq!(branch.dump(), before);
    branch.ok(
        OFFICER,
        "leg.hold",
        json!({"visit_id": visit, "reason": "đóng quầy"}),
    );
    branch.ok(OFFICER, "counter.close", at(1));
    let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}));
    assert_eq!(view["state"], "held");
}

#[test]
fn closed_by_force_nobody_is_lost_and_nobody_is_called_served() {
    let branch = TestBranch::demo();
    let served = branch.serving(1);
    let called = branch.walk_in();
    branch.pass(2 * MINUTE);
    branch.walk_in();
    let queued = branch.ok(OFFICER, "visit.get", json!({"visit_id": called}))["visit"]["legs"][0]
        ["queued_ms"]
        .clone();
    branch.ok(
        OFFICER,
        "queue.call",
        json!({"visit_id": called, "counter": 2}),
    );
    branch.pass(2 * MINUTE);
    let force = |counter: u16| json!({"counter": counter, "force": true});
    let answer = branch.ok(SUPERVISOR, "counter.close", force(1));
    assert_eq!(answer["let_go"], "A-001");
    branch.ok(SUPERVISOR, "counter.close", force(2));
    let view = |visit: &str| branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}));
    let (served, called) = (view(&served), view(&called));
    assert_eq!(served["state"], "held");
    assert_eq!(called["state"], "waiting");
    let legs = called["visit"]["legs"].as_array().unwrap();
    assert_eq!(legs.last().unwrap()["credit_ms"], queued, "the old place");
    let next = branch.ok(OFFICER, "queue.call_next", at(3));
    assert_eq!(next["ticket"], "A-002", "before whoever came later");
    for shift in shifts(&branch).iter().take(2) {
        assert_eq!(shift["cause"], "supervisor");
    }
    assert_eq!(branch.ok(SUPERVISOR, "day.figures", json!({}))["served"], 1);
    branch.assert_sound();
}

#[test]
fn whoever_waits_for_a_closed_counter_alone_is_named() {
    let branch = TestBranch::demo();
    branch.ok(COLLEAGUE, "counter.open", at(2));
    let visit = branch.serving(1);
    branch.ok(
        OFFICER,
        "leg.transfer",
        json!({"visit_id": visit, "counter": 2}),
    );
    let closed = branch.ok(COLLEAGUE, "counter.close", at(2));
    assert_eq!(closed["waiting_only_here"], json!(["A-001"]));
}

/// What was left open ends with its last recorded act, whatever the hour at which that is noticed.
#[test]
fn a_counter_left_open_ends_with_its_last_act_when_the_next_day_begins() {
    let mut branch = TestBranch::demo();
    branch.ok(COLLEAGUE, "counter.open", at(2));
    branch.pass(MINUTE);
    let visit = branch.serving(1);
    branch.pass(30 * MINUTE);
    let mut args = case();
    args["visit_id"] = json!(visit);
    branch.ok(OFFICER, "case.receive", args);
    branch.pass(25 * 60 * MINUTE);
    branch.open().unwrap();
    let answer = branch.ok(SUPERVISOR, "counter.shifts", json!({"date": "2026-11-23"}));
    let shifts = answer["shifts"].as_array().unwrap();
    for (shift, end) in shifts.iter().zip([MORNING + 31 * MINUTE, MORNING]) {
        assert_eq!(shift["to"], clock(end), "{shift}");
        assert_eq!(shift["cause"], "day_end");
        assert_eq!(shift["accurate"], false);
    }
    assert_eq!(shifts.len(), 2);
    assert_eq!(row(&branch, 1)["session"], Value::Null);
    let open = branch.ok(SUPERVISOR, "branch.get", json!({}));
    assert_eq!(open["unclosed_date"], Value::Null);
    branch.assert_sound();
}

/// The program runs through the night: the new day begins with closed counters, and closing the
/// evening's day ends what it left open.
#[test]
fn at_midnight_counters_are_closed_and_the_evening_is_still_to_be_ended() {
    let branch = TestBranch::demo();
    branch.ok(OFFICER, "counter.open", at(1));
    branch.pass(17 * 60 * MINUTE);
    branch.walk_in();
    assert_eq!(row(&branch, 1)["session"], Value::Null);
    branch.ok(COLLEAGUE, "queue.call_next", at(1));
    let answer = branch.ok(SUPERVISOR, "day.close", json!({"date": "2026-11-23"}));
    assert_eq!(answer["shifts"][0]["cause"], "day_end");
    assert_eq!(answer["shifts"][0]["to"], clock(MORNING));
    assert_eq!(row(&branch, 1)["session"]["officer"], COLLEAGUE);
    branch.assert_sound();
}

#[test]
fn closing_the_day_tells_which_counters_were_left_open() {
    let branch = TestBranch::demo();
    let visit = branch.serving(1);
    branch.leg(OFFICER, "leg.finish", &visit);
    branch.ok(COLLEAGUE, "counter.open", at(2));
    branch.ok(COLLEAGUE, "counter.close", at(2));
    branch.pass(60 * MINUTE);
    let answer = branch.ok(SUPERVISOR, "day.close", json!({}));
    let left = answer["shifts"].as_array().unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(
        (&left[0]["counter"], &left[0]["to"]),
        (&json!(1), &clock(MORNING))
    );
    branch.assert_sound();
}

/// The office opens late: people come before officers have sat down.
#[test]
fn only_open_counters_count_and_before_the_first_the_plan_does() {
    let branch = TestBranch::demo();
    let preview = || branch.ok(OFFICER, "queue.preview", json!({"service": SERVICE}));
    for _ in 0..4 {
        branch.walk_in();
    }
    // Nobody has opened: as if all four did.
    assert_eq!(preview()["counters"], 4);
    let planned = preview()["quote"]["hi"].as_u64().unwrap();
    branch.ok(OFFICER, "counter.open", at(1));
    assert_eq!(preview()["counters"], 1);
    let alone = preview()["quote"].clone();
    assert!(alone["lo"].as_u64().unwrap() > planned, "{alone}");
    branch.ok(COLLEAGUE, "counter.open", at(2));
    let two = preview()["quote"]["lo"].as_u64().unwrap();
    assert!(two < alone["lo"].as_u64().unwrap());
    // On break: counts from the expected return.
    branch.ok(
        COLLEAGUE,
        "counter.break",
        json!({"counter": 2, "minutes": 240}),
    );
    assert_eq!(preview()["quote"], alone, "too long away to help anybody");
    branch.ok(
        COLLEAGUE,
        "counter.break",
        json!({"counter": 2, "minutes": 1}),
    );
    assert!(preview()["quote"]["lo"].as_u64().unwrap() < alone["lo"].as_u64().unwrap());
    // Everybody went home: no promise at all.
    branch.ok(COLLEAGUE, "counter.close", at(2));
    branch.ok(OFFICER, "counter.close", at(1));
    assert_eq!(preview()["quote"], Value::Null);
    assert_eq!(preview()["counters"], 0);
    let service = &branch.ok(OFFICER, "queue.snapshot", json!({}))["services"][0];
    assert_eq!(
        (&service["quote"], &service["counters"]),
        (&Value::Null, &json!(0))
    );
    branch.walk_in();
}

#[rstest]
#[case::no_counter("counter.open", json!({}), FieldRequired, "counter")]
#[case::unknown("counter.open", at(99), CounterUnknown, "counter")]
#[case::not_open("counter.break", at(2), CounterNotOpen, "counter")]
#[case::not_on_break("counter.resume", at(2), CounterNotOpen, "counter")]
#[case::no_time("counter.break", json!({"counter": 1, "minutes": 0}), NumberOutOfRange, "minutes")]
#[case::all_day("counter.break", json!({"counter": 1, "minutes": 241}), NumberOutOfRange, "minutes")]
#[case::both("counter.break", json!({"counter": 1, "minutes": 5, "back_at": "2026-11-23T09:00:00+07:00"}), ArgumentInvalid, "minutes")]
#[case::past("counter.break", json!({"counter": 1, "back_at": "2026-11-23T07:00:00+07:00"}), DateInvalid, "back_at")]
#[case::tomorrow("counter.break", json!({"counter": 1, "back_at": "2026-11-24T07:00:00+07:00"}), DateInvalid, "back_at")]
#[case::novel("counter.break", json!({"counter": 1, "reason": "ă".repeat(2000)}), FieldTooLong, "reason")]
fn what_makes_no_sense_is_refused_and_nothing_written(
    #[case] name: &str,
    #[case] args: Value,
    #[case] code: Code,
    #[case] field: &str,
) {
    let branch = TestBranch::demo();
    branch.ok(OFFICER, "counter.open", at(1));
    let events = branch.events();
    let refusal = branch.refused(OFFICER, name, args);
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (code, Some(field))
    );
    assert_eq!(branch.events(), events);
}

#[test]
fn reception_opens_no_counter() {
    let branch = TestBranch::demo();
    let refusal = branch.refused("khoi", "counter.open", at(1));
    assert_eq!(refusal.code, NotAllowed);
}

#[test]
fn the_same_press_twice_is_one_and_a_rebuild_comes_to_the_same() {
    let branch = TestBranch::demo();
    let press = |name: &str, mut args: Value| {
        args["command_id"] = json!(command_id());
        let first = branch.ok(OFFICER, name, args.clone());
        let events = branch.events();
        branch.pass(MINUTE);
        assert_eq!(branch.ok(OFFICER, name, args), first);
        assert_eq!(branch.events(), events);
    };
    press("counter.open", at(1));
    press("counter.break", json!({"counter": 1, "minutes": 10}));
    press("counter.resume", at(1));
    press("counter.close", at(1));
    press("counter.open", at(1));
    branch.assert_sound();
    let dump = branch.dump();
    branch.app().rebuild().unwrap();
    assert_eq!(branch.dump(), dump);
    branch.assert_sound();
}

/// Opening, leaving, taking over and closing go past whoever is being served (ZMS PR #2936).
#[test]
fn nothing_done_with_the_counter_resets_a_service() {
    let branch = TestBranch::demo();
    let visit = branch.serving(1);
    let clocks = || {
        let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}));
        (view["state"].clone(), view["clocks"]["service_ms"].clone())
    };
    let take_over = json!({"counter": 1, "take_over": true});
    for (minutes, who, name, args, done) in [
        (1, OFFICER, "counter.open", at(1), true),
        (2, OFFICER, "queue.call_next", at(1), false),
        (3, OFFICER, "counter.break", at(1), false),
        (4, OFFICER, "counter.close", at(1), false),
        (5, COLLEAGUE, "counter.open", take_over, true),
        (6, COLLEAGUE, "queue.call_next", at(1), false),
    ] {
        branch.pass(MINUTE);
        assert_eq!(branch.call(who, name, args).is_ok(), done, "{name}");
        assert_eq!(clocks(), (json!("serving"), json!(minutes * MINUTE)));
    }
}
