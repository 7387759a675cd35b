//! The edges of a working day.

use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SERVICE, SUPERVISOR, TestBranch, case, id};
use rstest::rstest;
use serde_json::{Value, json};

const HOUR: i64 = 60 * MINUTE;

fn labels(rows: &Value) -> Vec<String> {
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| id(&row["ticket"]))
        .collect()
}

/// What officers see listed is what the machine calls.
#[test]
fn the_list_is_the_order_of_calling() {
    let branch = TestBranch::demo();
    for class in ["ordinary", "ordinary", "elderly", "pregnant", "ordinary"] {
        branch.ok(
            OFFICER,
            "visit.register",
            json!({"service": SERVICE, "class": class}),
        );
        branch.pass(10 * MINUTE);
    }
    let listed = labels(&branch.ok(OFFICER, "queue.snapshot", json!({}))["waiting"]);
    assert_eq!(listed.len(), 5);
    for (counter, ticket) in (1..=4).zip(&listed) {
        let called = branch.ok(OFFICER, "queue.call_next", json!({"counter": counter}));
        assert_eq!(&id(&called["ticket"]), ticket);
    }
}

#[test]
fn a_priority_person_comes_first_only_within_the_boost() {
    let branch = TestBranch::demo();
    branch.walk_in();
    branch.pass(10 * MINUTE).walk_in();
    branch.pass(6 * MINUTE);
    branch.ok(
        OFFICER,
        "visit.register",
        json!({"service": SERVICE, "class": "elderly"}),
    );
    let listed = labels(&branch.ok(OFFICER, "queue.snapshot", json!({}))["waiting"]);
    // 16 minutes after the first, 6 after the second; the boost is 15.
    assert_eq!(listed, ["A-001", "A-003", "A-002"]);
}

#[test]
fn an_empty_queue_answers_null() {
    let branch = TestBranch::demo();
    assert_eq!(
        branch.ok(OFFICER, "queue.call_next", json!({"counter": 1})),
        Value::Null
    );
}

#[test]
fn a_busy_counter_is_asked_to_finish_first_and_nothing_is_reset() {
    let branch = TestBranch::demo();
    let first = branch.serving(1);
    branch.walk_in();
    branch.pass(5 * MINUTE);
    let refusal = branch.refused(OFFICER, "queue.call_next", json!({"counter": 1}));
    assert_eq!(refusal.code, Code::CounterBusy);
    let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": first}));
    assert_eq!(view["clocks"]["service_ms"], 5 * MINUTE);
}

#[test]
fn somebody_put_aside_goes_on_at_another_counter_and_is_there() {
    let branch = TestBranch::demo();
    let first = branch.serving(1);
    branch.ok(
        OFFICER,
        "leg.hold",
        json!({"visit_id": first, "reason": "tra cứu"}),
    );
    branch.serving(1);
    let busy = branch.refused(OFFICER, "leg.resume", json!({"visit_id": first}));
    assert_eq!(busy.code, Code::CounterBusy);
    let resumed = branch.ok(
        OFFICER,
        "leg.resume",
        json!({"visit_id": first, "counter": 2}),
    );
    assert_eq!(resumed["counter"], 2);
    let refusal = branch.refused(OFFICER, "queue.call_next", json!({"counter": 2}));
    assert_eq!(refusal.code, Code::CounterBusy);
}

#[test]
fn midnight_does_not_mix_two_days() {
    let branch = TestBranch::demo();
    let late = branch.walk_in();
    branch.pass(17 * HOUR);
    let refusal = branch.refused(
        OFFICER,
        "queue.call",
        json!({"visit_id": late, "counter": 1}),
    );
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::VisitOtherDay, Some("visit_id"))
    );
    let answer = branch.ok(OFFICER, "visit.register", json!({"service": SERVICE}));
    assert_eq!(answer["ticket"], "A-001", "a new day counts from one");
    // The evening's person may still be said to have gone, and the supervisor closes that day.
    let closed = branch.ok(SUPERVISOR, "day.close", json!({"date": "2026-11-23"}));
    assert_eq!(closed["closed"][0]["outcome"], "UNSERVED_AT_CLOSE");
    branch.assert_sound();
}

#[test]
fn a_clock_set_back_takes_back_neither_day_nor_number() {
    let mut branch = TestBranch::demo();
    branch.walk_in();
    branch
        .clock
        .set_wall(motcua_testkit::branch::MORNING - HOUR);
    let second = branch.ok(OFFICER, "visit.register", json!({"service": SERVICE}));
    assert_eq!(second["ticket"], "A-002");
    assert!(branch.ok(OFFICER, "branch.get", json!({}))["clock_warning"].is_string());
    // Also over a restart, and by a whole day.
    branch
        .clock
        .set_wall(motcua_testkit::branch::MORNING - 24 * HOUR);
    branch.open().unwrap();
    let third = branch.ok(OFFICER, "visit.register", json!({"service": SERVICE}));
    assert_eq!(third["ticket"], "A-003");
    branch.assert_sound();
}

#[test]
fn a_day_nobody_closed_is_closed_at_the_next_start_and_invents_nothing() {
    let mut branch = TestBranch::demo();
    let served = branch.serving(1);
    let called = branch.walk_in();
    branch.ok(
        OFFICER,
        "queue.call",
        json!({"visit_id": called, "counter": 2}),
    );
    let waiting = branch.walk_in();
    let done = branch.serving(3);
    branch.leg(OFFICER, "leg.finish", &done);
    branch.pass(24 * HOUR);
    branch.open().unwrap();
    for (visit, outcome) in [
        (&served, "ENDED_BY_SYSTEM"),
        (&called, "NO_SHOW"),
        (&waiting, "UNSERVED_AT_CLOSE"),
        (&done, "DONE"),
    ] {
        let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}));
        let legs = view["visit"]["legs"].as_array().unwrap();
        assert_eq!(legs.last().unwrap()["outcome"], outcome);
    }
    branch.assert_sound();
}

#[test]
fn after_closing_no_number_is_given_and_the_rest_is_refused_with_its_reason() {
    let branch = TestBranch::demo();
    branch.ok(SUPERVISOR, "day.close", json!({}));
    let refusal = branch.refused(OFFICER, "visit.register", json!({"service": SERVICE}));
    assert_eq!(refusal.code, Code::DayClosed);
}

#[test]
fn giving_numbers_can_be_stopped_and_those_who_wait_are_served() {
    let branch = TestBranch::demo();
    branch.walk_in();
    branch.ok(
        SUPERVISOR,
        "queue.issuing",
        json!({"service": SERVICE, "open": false}),
    );
    let refusal = branch.refused(OFFICER, "visit.register", json!({"service": SERVICE}));
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::ServiceClosed, Some("service"))
    );
    branch.ok(OFFICER, "visit.register", json!({"service": "noi-vu"}));
    assert_eq!(
        branch.ok(OFFICER, "queue.call_next", json!({"counter": 1}))["ticket"],
        "A-001"
    );
    branch.ok(
        SUPERVISOR,
        "queue.issuing",
        json!({"service": SERVICE, "open": true}),
    );
    branch.walk_in();
}

#[test]
fn the_day_s_numbers_run_out_with_a_sentence() {
    let branch = TestBranch::demo();
    let mut document = branch.ok(SUPERVISOR, "branch.get", json!({}))["branch"].clone();
    document["services"][0]["contingent"] = json!(2);
    branch.ok("quan-tri", "branch.configure", json!({"branch": document}));
    branch.walk_in();
    branch.walk_in();
    let refusal = branch.refused(OFFICER, "visit.register", json!({"service": SERVICE}));
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::NumbersExhausted, Some("service"))
    );
}

#[test]
fn a_voided_number_is_not_given_again() {
    let branch = TestBranch::demo();
    let visit = branch.walk_in();
    branch.ok(
        OFFICER,
        "leg.void",
        json!({"visit_id": visit, "reason": "nhầm"}),
    );
    assert_eq!(
        branch.ok(OFFICER, "visit.register", json!({"service": SERVICE}))["ticket"],
        "A-002"
    );
    assert_eq!(
        branch.ok(OFFICER, "day.figures", json!({}))["registered"],
        1
    );
    branch.assert_sound();
}

#[test]
fn a_family_has_one_number_and_several_cases() {
    let branch = TestBranch::demo();
    let answer = branch.ok(
        OFFICER,
        "visit.register",
        json!({"service": SERVICE, "party_size": 4}),
    );
    let visit = id(&answer["visit_id"]);
    branch.ok(OFFICER, "queue.call_next", json!({"counter": 1}));
    branch.leg(OFFICER, "leg.start", &visit);
    let mut codes = Vec::new();
    for _ in 0..3 {
        let mut args = case();
        args["visit_id"] = json!(visit);
        codes.push(id(&branch.ok(OFFICER, "case.receive", args)["case_code"]));
    }
    assert_eq!(
        codes,
        [
            "H99.12-261123-0001",
            "H99.12-261123-0002",
            "H99.12-261123-0003"
        ]
    );
    let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}));
    assert_eq!(view["cases"].as_array().unwrap().len(), 3);
    assert_eq!(view["visit"]["party_size"], 4);
}

#[rstest]
#[case::early(-20, "2026-11-23T08:55:00.000+07:00")]
#[case::late(20, "2026-11-23T09:20:00.000+07:00")]
fn an_appointment_twenty_minutes_off(#[case] off: i64, #[case] ranked: &str) {
    let branch = TestBranch::demo();
    let slot = json!({"service": SERVICE, "slot_at": "2026-11-23T09:00:00+07:00", "applicant": {"name": "Lò Thị Mai"}});
    let booked = branch.ok(OFFICER, "visit.book", slot);
    branch.pass((60 + off) * MINUTE);
    let answer = branch.ok(
        OFFICER,
        "visit.check_in",
        json!({"visit_id": booked["visit_id"]}),
    );
    assert_eq!(answer["ranked_as_at"], ranked);
    assert_eq!(answer["ticket"], "A-001");
}

#[test]
fn a_booking_for_another_day_is_not_checked_in_today() {
    let branch = TestBranch::demo();
    let slot = json!({"service": SERVICE, "slot_at": "2026-11-25T09:00:00+07:00", "applicant": {"name": "Lò Thị Mai"}});
    let booked = branch.ok(OFFICER, "visit.book", slot);
    let refusal = branch.refused(
        OFFICER,
        "visit.check_in",
        json!({"visit_id": booked["visit_id"]}),
    );
    assert_eq!(refusal.code, Code::VisitOtherDay);
    // By the code on the slip: there is no number yet.
    let said = format!(
        "Lịch hẹn {} là của ngày 25/11/2026",
        booked["code"].as_str().unwrap()
    );
    assert!(refusal.message.starts_with(&said), "{}", refusal.message);
}

#[test]
fn a_second_print_is_a_reprint_of_the_same_number() {
    let branch = TestBranch::demo();
    let visit = branch.walk_in();
    let submit = json!({"kind": "ticket", "id": visit, "printer": "folder:/nowhere"});
    let (first, second) = (
        branch.ok(OFFICER, "print.submit", submit.clone()),
        branch.ok(OFFICER, "print.submit", submit),
    );
    assert_eq!(
        (&first["reprint"], &second["reprint"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(first["title"], second["title"]);
    let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}));
    assert_eq!(view["visit"]["ticket_prints"], 2);
}

/// A clock that was an hour ahead in the morning and is set right: nobody is kept waiting by it.
#[test]
fn after_the_clock_was_confirmed_recalls_work_as_ever() {
    let branch = TestBranch::demo();
    let visit = branch.walk_in();
    branch.pass(MINUTE);
    branch
        .clock
        .set_wall(motcua_testkit::branch::MORNING - HOUR);
    branch.ok(SUPERVISOR, "clock.confirm", json!({}));
    branch.ok(OFFICER, "queue.call_next", json!({"counter": 1}));
    branch.pass(20_000);
    branch.leg(OFFICER, "leg.recall", &visit);
}
