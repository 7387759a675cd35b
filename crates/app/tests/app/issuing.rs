//! Hours, stops, contingents, families, and numbers torn from a roll.

use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SERVICE, SUPERVISOR, TestBranch, id};
use rstest::rstest;
use serde_json::{Value, json};

const RECEPTION: &str = "khoi";
const HOUR: i64 = 60 * MINUTE;

/// Changes the branch document.
fn configure(branch: &TestBranch, change: impl FnOnce(&mut Value)) {
    let mut document = branch.ok(SUPERVISOR, "branch.get", json!({}))["branch"].clone();
    change(&mut document);
    branch.ok("quan-tri", "branch.configure", json!({"branch": document}));
}

/// Office hours, without numbers in the last forty minutes. It is Monday, eight o'clock.
fn with_hours() -> TestBranch {
    let branch = TestBranch::demo();
    configure(&branch, |b| b["hours"] = json!({"last_number_before": 40}));
    branch
}

fn with_roll() -> TestBranch {
    let branch = TestBranch::demo();
    configure(&branch, |b| {
        b["services"][0]["roll"] = json!({"series": "A"})
    });
    branch
}

fn register(branch: &TestBranch, more: Value) -> Value {
    branch.ok(OFFICER, "visit.register", wish(more))
}

fn wish(more: Value) -> Value {
    let mut args = json!({"service": SERVICE});
    if let (Some(args), Some(more)) = (args.as_object_mut(), more.as_object()) {
        args.extend(more.clone());
    }
    args
}

fn service(branch: &TestBranch, index: usize) -> Value {
    branch.ok(OFFICER, "queue.snapshot", json!({}))["services"][index].clone()
}

#[rstest]
#[case::noon(4 * HOUR, "hours", "13:30", "2026-11-23T13:30:00.000+07:00")]
#[case::too_late(8 * HOUR + 20 * MINUTE, "last_number", "07:30 ngày 25/11", "2026-11-25T07:30:00.000+07:00")]
#[case::evening(10 * HOUR, "hours", "07:30 ngày 25/11", "2026-11-25T07:30:00.000+07:00")]
#[case::holiday(24 * HOUR, "holiday", "07:30 ngày 25/11", "2026-11-25T07:30:00.000+07:00")]
fn a_shut_service_says_when_it_opens_again(
    #[case] later: i64,
    #[case] why: &str,
    #[case] says: &str,
    #[case] reopens: &str,
) {
    let branch = with_hours();
    assert_eq!(
        service(&branch, 0)["until"],
        "2026-11-23T11:30:00.000+07:00"
    );
    branch.walk_in();
    branch.pass(later);
    let before = branch.events();
    let refusal = branch.refused(OFFICER, "visit.register", wish(json!({})));
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::ServiceClosed, Some("service"))
    );
    assert!(refusal.message.contains(says), "{}", refusal.message);
    assert_eq!(branch.events(), before);
    let row = service(&branch, 0);
    assert_eq!(row["issuing"], false);
    assert_eq!(row["shut"]["why"], why);
    assert_eq!(row["shut"]["reopens_at"], reopens);
    let board = branch.ok("", "board.get", json!({}));
    let on_board = &board["services"][0]["shut"];
    assert_eq!(
        (&on_board["why"], &on_board["reopens_at"]),
        (&row["shut"]["why"], &row["shut"]["reopens_at"])
    );
    assert_eq!(
        (&row["shut"]["may_pass"], &on_board["may_pass"]),
        (&json!(true), &Value::Null)
    );
}

#[test]
fn a_demo_branch_gives_numbers_at_any_hour() {
    let branch = TestBranch::demo();
    for _ in 0..14 {
        branch.pass(13 * HOUR);
        branch.walk_in();
    }
}

#[test]
fn an_officer_lets_somebody_in_after_hours_with_a_reason_that_is_kept() {
    let branch = with_hours();
    branch.pass(4 * HOUR);
    let empty = branch.refused(RECEPTION, "visit.register", wish(json!({"despite": "  "})));
    assert_eq!(empty.code, Code::ServiceClosed);
    let given = branch.ok(
        RECEPTION,
        "visit.register",
        wish(json!({"despite": "đi xe từ xã xa"})),
    );
    let log = branch.ok(OFFICER, "visit.log", json!({"visit_id": given["visit_id"]}));
    let text = id(&log[0]["text"]);
    assert!(
        text.contains("cấp ngoài giờ phát số: đi xe từ xã xa"),
        "{text}"
    );
}

#[rstest]
#[case::stopped_by_a_supervisor(true)]
#[case::used_up(false)]
fn what_a_supervisor_limits_only_a_supervisor_passes(#[case] stopped: bool) {
    let branch = TestBranch::demo();
    branch.walk_in();
    if stopped {
        branch.ok(SUPERVISOR, "queue.issuing", json!({"open": false}));
    } else {
        configure(&branch, |b| b["services"][0]["contingent"] = json!(1));
    }
    let shut = service(&branch, 0)["shut"].clone();
    assert_eq!(
        shut["reopens_at"], "2026-11-25T07:30:00.000+07:00",
        "the next working day, beyond the holiday"
    );
    let wish = wish(json!({"despite": "cụ già, về xa"}));
    let refusal = branch.refused(OFFICER, "visit.register", wish.clone());
    assert_eq!(refusal.field.as_deref(), Some("despite"));
    branch.ok(SUPERVISOR, "visit.register", wish);
}

#[test]
fn a_closed_day_lets_nobody_in_whatever_the_reason() {
    let branch = TestBranch::demo();
    branch.ok(SUPERVISOR, "day.close", json!({"date": "2026-11-23"}));
    let refusal = branch.refused(
        SUPERVISOR,
        "visit.register",
        wish(json!({"despite": "người quen"})),
    );
    assert_eq!(refusal.code, Code::DayClosed);
    assert_eq!(service(&branch, 0)["shut"]["why"], "day_closed");
}

#[test]
fn stopping_everything_serves_the_rest() {
    let branch = TestBranch::demo();
    branch.walk_in();
    branch.ok(SUPERVISOR, "queue.issuing", json!({"open": false}));
    for index in 0..5 {
        assert_eq!(service(&branch, index)["shut"]["why"], "stopped");
    }
    let called = branch.ok(OFFICER, "queue.call_next", json!({"counter": 1}));
    assert_eq!(called["ticket"], "A-001");
    branch.ok(SUPERVISOR, "queue.issuing", json!({"open": true}));
    branch.walk_in();
    branch.assert_sound();
}

#[test]
fn a_contingent_says_how_many_numbers_are_left() {
    let branch = TestBranch::demo();
    assert_eq!(service(&branch, 0)["left"], Value::Null);
    configure(&branch, |b| b["services"][0]["contingent"] = json!(2));
    branch.walk_in();
    assert_eq!(service(&branch, 0)["left"], 1);
}

#[test]
fn a_booking_obeys_a_service_s_own_hours() {
    let branch = TestBranch::demo();
    configure(&branch, |b| {
        let mornings = json!([{"from": "08:00", "to": "11:00"}]);
        let mut week = json!({});
        for day in ["monday", "tuesday", "wednesday", "thursday", "friday"] {
            week[day] = json!([]);
        }
        week["saturday"] = mornings;
        week["sunday"] = json!([]);
        b["services"][0]["hours"] = json!({"week": week});
    });
    let book = |slot: &str| json!({"service": SERVICE, "slot_at": slot, "applicant": {"name": "Lò Thị Mai"}});
    branch.ok(OFFICER, "visit.book", book("2026-11-28T09:00:00+07:00"));
    let refusal = branch.refused(OFFICER, "visit.book", book("2026-11-25T09:00:00+07:00"));
    assert_eq!(refusal.field.as_deref(), Some("slot_at"));
    assert!(refusal.message.contains("28/11"), "{}", refusal.message);
}

#[test]
fn a_family_with_three_cases_takes_three_times_as_long() {
    let promised = |cases: u16| {
        let branch = TestBranch::demo();
        configure(&branch, |b| {
            b["counters"] = json!([{"number": 1, "name": "Quầy 1"}]);
        });
        let given = register(&branch, json!({"party_size": 4, "quantity": cases}));
        let snapshot = branch.ok(OFFICER, "queue.snapshot", json!({}));
        assert_eq!(snapshot["waiting"][0]["quantity"], cases);
        assert_eq!(snapshot["waiting"][0]["party_size"], 4);
        assert_eq!(given["ticket"], "A-001");
        branch.assert_sound();
        register(&branch, json!({}))["quoted_minutes"].clone()
    };
    let middle = |cases| {
        let told = promised(cases);
        (told[0].as_f64().unwrap() + told[1].as_f64().unwrap()) / 2.0
    };
    let (one, three) = (middle(1), middle(3));
    assert!((2.0..=4.0).contains(&(three / one)), "{one} {three}");
    assert_eq!(promised(50), promised(5));
}

#[test]
fn a_family_teaches_the_estimate_the_time_of_one_case() {
    let branch = TestBranch::demo();
    configure(&branch, |b| {
        b["counters"] = json!([{"number": 1, "name": "Quầy 1"}]);
    });
    for _ in 0..10 {
        let visit = id(&register(&branch, json!({"quantity": 4}))["visit_id"]);
        branch.ok(OFFICER, "queue.call_next", json!({"counter": 1}));
        branch.leg(OFFICER, "leg.start", &visit);
        branch.pass(40 * MINUTE);
        branch.leg(OFFICER, "leg.finish", &visit);
    }
    branch.walk_in();
    let promised = register(&branch, json!({}));
    assert_eq!(promised["quoted_minutes"], json!([10, 15]));
}

#[test]
fn the_next_slip_of_a_roll_is_one_key_and_nothing_is_printed() {
    let branch = with_roll();
    assert_eq!(service(&branch, 0)["roll"], json!({"series": "A"}));
    let first = branch.refused(OFFICER, "visit.register", wish(json!({})));
    assert_eq!(
        (first.code, first.field.as_deref()),
        (Code::FieldRequired, Some("paper_number")),
        "only the paper knows where the roll stands in the morning"
    );
    assert_eq!(
        register(&branch, json!({"paper_number": 457}))["ticket"],
        "A-457"
    );
    assert_eq!(service(&branch, 0)["roll"]["next"], 458);
    let next = register(&branch, json!({}));
    assert_eq!(next["ticket"], "A-458");
    let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": next["visit_id"]}));
    assert_eq!(view["visit"]["origin"], "paper_roll");
    let print = json!({"kind": "ticket", "id": next["visit_id"], "printer": "folder:/nowhere"});
    assert_eq!(
        branch.refused(OFFICER, "print.submit", print).code,
        Code::DocumentUnknown
    );
    branch.assert_sound();
}

#[test]
fn slips_passed_over_are_recorded_and_welcome_later() {
    let branch = with_roll();
    register(&branch, json!({"paper_number": 10}));
    let jumped = register(&branch, json!({"paper_number": 13}));
    assert_eq!(
        service(&branch, 0)["roll"]["passed_over"][1],
        json!({"from": 11, "to": 12, "reason": "chưa ai đưa phiếu"})
    );
    let log = branch.ok(
        OFFICER,
        "visit.log",
        json!({"visit_id": jumped["visit_id"]}),
    );
    let text = id(&log[0]["text"]);
    assert!(text.contains("Bỏ qua số 011–012"), "{text}");
    assert_eq!(
        register(&branch, json!({"paper_number": 12}))["ticket"],
        "A-012"
    );
    assert_eq!(register(&branch, json!({}))["ticket"], "A-014");
    // The ledger explains 1–9 and 11, and nothing else is missing.
    branch.assert_sound();
}

#[test]
fn a_number_typed_wildly_wrong_needs_a_reason() {
    let branch = with_roll();
    register(&branch, json!({"paper_number": 10}));
    let before = branch.events();
    let refusal = branch.refused(
        OFFICER,
        "visit.register",
        wish(json!({"paper_number": 110})),
    );
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::FieldRequired, Some("skip_reason"))
    );
    assert!(refusal.message.contains("99 số"), "{}", refusal.message);
    assert_eq!(branch.events(), before);
    register(
        &branch,
        json!({"paper_number": 110, "skip_reason": "cuộn bị ướt, bỏ 99 số"}),
    );
    branch.assert_sound();
}

#[test]
fn the_same_slip_twice_is_refused_with_who_and_when() {
    let branch = with_roll();
    let first = register(&branch, json!({"paper_number": 31}));
    branch.pass(15 * MINUTE);
    let again = wish(json!({"paper_number": 31}));
    let refusal = branch.refused(RECEPTION, "visit.register", again.clone());
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::PaperNumberTaken, Some("paper_number"))
    );
    assert!(
        refusal.message.contains("08:00 (Nguyễn Thị Thanh Hà)"),
        "{}",
        refusal.message
    );
    // Typed for another's: voided, the slip is free again, and the roll goes on where it was.
    branch.ok(
        SUPERVISOR,
        "leg.void",
        json!({"visit_id": first["visit_id"], "reason": "gõ nhầm"}),
    );
    branch.ok(RECEPTION, "visit.register", again);
    assert_eq!(
        branch.ok(OFFICER, "day.figures", json!({}))["registered"],
        1
    );
    branch.assert_sound();
}

#[rstest]
#[case::zero(json!({"paper_number": 0}), Code::NumberOutOfRange)]
#[case::four_digits(json!({"paper_number": 1000}), Code::NumberOutOfRange)]
#[case::a_word(json!({"paper_number": "mười"}), Code::ArgumentInvalid)]
fn a_slip_s_number_has_three_digits(#[case] more: Value, #[case] code: Code) {
    let branch = with_roll();
    let refusal = branch.refused(OFFICER, "visit.register", wish(more));
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (code, Some("paper_number"))
    );
}

#[test]
fn a_service_without_a_roll_takes_no_slip() {
    let branch = TestBranch::demo();
    let refusal = branch.refused(OFFICER, "visit.register", wish(json!({"paper_number": 3})));
    assert_eq!(refusal.field.as_deref(), Some("paper_number"));
}

#[test]
fn one_roll_serves_several_services() {
    let branch = TestBranch::demo();
    configure(&branch, |b| {
        for index in 0..2 {
            b["services"][index]["roll"] = json!({"series": "R"});
        }
    });
    register(&branch, json!({"paper_number": 1}));
    let other = branch.ok(OFFICER, "visit.register", json!({"service": "noi-vu"}));
    assert_eq!(other["ticket"], "R-002");
    branch.assert_sound();
}

#[rstest]
#[case::another_s_letter(json!({"series": "B"}), Value::Null, "branch.services[0].roll.series")]
#[case::no_letter(json!({"series": "7"}), Value::Null, "branch.services[0].roll.series")]
#[case::shared_and_limited(json!({"series": "R"}), json!(5), "branch.services[0].contingent")]
fn a_roll_that_would_give_numbers_twice_is_refused(
    #[case] roll: Value,
    #[case] contingent: Value,
    #[case] field: &str,
) {
    let branch = TestBranch::demo();
    let mut document = branch.ok(SUPERVISOR, "branch.get", json!({}))["branch"].clone();
    document["services"][0]["roll"] = roll;
    document["services"][0]["contingent"] = contingent;
    document["services"][2]["roll"] = json!({"series": "R"});
    let refusal = branch.refused("quan-tri", "branch.configure", json!({"branch": document}));
    assert_eq!(refusal.field.as_deref(), Some(field));
}

#[test]
fn a_booked_person_shows_a_slip_too() {
    let branch = with_roll();
    let slot = json!({"service": SERVICE, "slot_at": "2026-11-23T09:00:00+07:00", "applicant": {"name": "Lò Thị Mai"}});
    let booked = branch.ok(OFFICER, "visit.book", slot);
    let visit = booked["visit_id"].clone();
    let given = branch.ok(
        OFFICER,
        "visit.check_in",
        json!({"visit_id": visit, "paper_number": 5}),
    );
    assert_eq!(given["ticket"], "A-005");
    assert_eq!(register(&branch, json!({}))["ticket"], "A-006");
    branch.assert_sound();
}
