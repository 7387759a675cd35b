//! Who still gets a number, and when somebody may be asked to come.

use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SERVICE, SUPERVISOR, TestBranch, id};
use rstest::rstest;
use serde_json::{Value, json};

const OTHER: &str = "noi-vu";

fn booked(branch: &TestBranch) -> String {
    let slot = json!({"service": SERVICE, "slot_at": "2026-11-23T09:00:00+07:00", "applicant": {"name": "Lò Thị Mai"}});
    id(&branch.ok(OFFICER, "visit.book", slot)["visit_id"])
}

fn stop(branch: &TestBranch, service: &str) {
    branch.ok(
        SUPERVISOR,
        "queue.issuing",
        json!({"service": service, "open": false}),
    );
}

fn contingent(branch: &TestBranch, most: u32) {
    let mut document = branch.ok(SUPERVISOR, "branch.get", json!({}))["branch"].clone();
    document["services"][0]["contingent"] = json!(most);
    branch.ok("quan-tri", "branch.configure", json!({"branch": document}));
}

#[test]
fn the_booked_get_in_where_newcomers_are_turned_away() {
    let branch = TestBranch::demo();
    let (first, second) = (booked(&branch), booked(&branch));
    contingent(&branch, 1);
    branch.walk_in();
    let refusal = branch.refused(OFFICER, "visit.register", json!({"service": SERVICE}));
    assert_eq!(refusal.code, Code::NumbersExhausted);
    assert_eq!(
        branch.leg(OFFICER, "visit.check_in", &first)["ticket"],
        "A-002"
    );
    stop(&branch, SERVICE);
    let refusal = branch.refused(OFFICER, "visit.register", json!({"service": SERVICE}));
    assert_eq!(refusal.code, Code::ServiceClosed);
    assert_eq!(
        branch.leg(OFFICER, "visit.check_in", &second)["ticket"],
        "A-003"
    );
    branch.assert_sound();
}

#[test]
fn nobody_gets_in_once_the_day_is_closed_and_no_number_is_used_up() {
    let branch = TestBranch::demo();
    let visit = booked(&branch);
    branch.ok(SUPERVISOR, "day.close", json!({"date": "2026-11-23"}));
    let before = branch.events();
    let refusal = branch.refused(OFFICER, "visit.check_in", json!({"visit_id": visit}));
    assert_eq!(refusal.code, Code::VisitState);
    let slot = json!({"service": SERVICE, "slot_at": "2026-11-23T10:00:00+07:00", "applicant": {"name": "Lò Thị Mai"}});
    assert_eq!(
        branch.refused(OFFICER, "visit.book", slot).code,
        Code::DayClosed
    );
    assert_eq!(branch.events(), before);
}

#[test]
fn a_thousandth_number_is_given_to_nobody() {
    let branch = TestBranch::demo();
    let visit = booked(&branch);
    for _ in 0..999 {
        let given = branch.walk_in();
        branch.ok(
            OFFICER,
            "leg.void",
            json!({"visit_id": given, "reason": "thử"}),
        );
    }
    for refusal in [
        branch.refused(OFFICER, "visit.register", json!({"service": SERVICE})),
        branch.refused(OFFICER, "visit.check_in", json!({"visit_id": visit})),
    ] {
        assert_eq!(
            (refusal.code, refusal.field.as_deref()),
            (Code::NumbersExhausted, Some("service"))
        );
    }
    assert_eq!(
        branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}))["state"],
        "booked",
        "the appointment is kept"
    );
}

#[rstest]
#[case::yesterday("2026-11-22T23:59:00+07:00")]
#[case::tomorrow("2026-11-24T00:00:00+07:00")]
#[case::in_two_minutes("2026-11-23T08:02:00+07:00")]
#[case::a_year_ago("2025-11-23T08:00:00+07:00")]
fn nobody_arrived_on_another_day_or_later_than_now(#[case] arrived_at: &str) {
    let branch = TestBranch::demo();
    let before = branch.events();
    let refusal = branch.refused(
        OFFICER,
        "visit.register",
        json!({"service": SERVICE, "arrived_at": arrived_at}),
    );
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::DateInvalid, Some("arrived_at"))
    );
    assert_eq!(branch.events(), before);
}

#[test]
fn a_screen_a_little_ahead_is_taken_to_mean_now() {
    let branch = TestBranch::demo();
    branch.pass(MINUTE);
    let given = branch.ok(
        OFFICER,
        "visit.register",
        json!({"service": SERVICE, "arrived_at": "2026-11-23T08:01:30+07:00"}),
    );
    let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": given["visit_id"]}));
    assert_eq!(
        view["visit"]["arrive_ms"], view["visit"]["legs"][0]["queued_ms"],
        "not later than the queue was entered"
    );
}

#[rstest]
#[case::a_minute_ago("2026-11-23T07:59:00+07:00", Code::DateInvalid, "sau lúc này")]
#[case::holiday(
    "2026-11-24T09:00:00+07:00",
    Code::DateInvalid,
    "Ngày Văn hóa Việt Nam"
)]
#[case::sunday("2026-11-29T09:00:00+07:00", Code::DateInvalid, "cuối tuần")]
#[case::at_night("2026-11-25T22:00:00+07:00", Code::DateInvalid, "07:30–11:30")]
#[case::at_noon("2026-11-25T12:00:00+07:00", Code::DateInvalid, "13:30–17:00")]
fn nobody_is_asked_to_come_to_a_closed_door(
    #[case] slot_at: &str,
    #[case] code: Code,
    #[case] says: &str,
) {
    let branch = TestBranch::demo();
    let before = branch.events();
    let refusal = branch.refused(
        OFFICER,
        "visit.book",
        json!({"service": SERVICE, "slot_at": slot_at, "applicant": {"name": "Lò Thị Mai"}}),
    );
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (code, Some("slot_at"))
    );
    assert!(refusal.message.contains(says), "{}", refusal.message);
    assert_eq!(branch.events(), before);
}

#[test]
fn a_year_without_a_calendar_is_said_so() {
    let branch = TestBranch::demo();
    branch.pass(60 * 24 * 60 * MINUTE);
    let refusal = branch.refused(
        OFFICER,
        "visit.book",
        json!({"service": SERVICE, "slot_at": "2028-01-10T09:00:00+07:00", "applicant": {"name": "Lò Thị Mai"}}),
    );
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::CalendarUnknownYear, Some("slot_at"))
    );
}

#[rstest]
#[case::stopped(json!([OTHER]), Code::ServiceClosed, "more[0]")]
#[case::the_same_again(json!([SERVICE]), Code::ArgumentInvalid, "more[0]")]
#[case::twice(json!(["khoa-hoc", "khoa-hoc"]), Code::ArgumentInvalid, "more[1]")]
#[case::unknown(json!(["khoa-hoc", "bay"]), Code::ServiceUnknown, "more[1]")]
fn further_services_are_looked_at_one_by_one(
    #[case] more: Value,
    #[case] code: Code,
    #[case] field: &str,
) {
    let branch = TestBranch::demo();
    stop(&branch, OTHER);
    let refusal = branch.refused(
        OFFICER,
        "visit.register",
        json!({"service": SERVICE, "more": more}),
    );
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (code, Some(field))
    );
}

#[test]
fn further_services_follow_in_the_order_asked_for() {
    let branch = TestBranch::demo();
    branch.ok(
        OFFICER,
        "visit.register",
        json!({"service": SERVICE, "more": ["khoa-hoc", OTHER]}),
    );
    let snapshot = branch.ok(OFFICER, "queue.snapshot", json!({}));
    assert_eq!(snapshot["waiting"][0]["planned"], 2);
    let visit = id(&snapshot["waiting"][0]["visit_id"]);
    let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}));
    let planned: Vec<_> = view["visit"]["planned"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["service"].clone())
        .collect();
    assert_eq!(planned, ["khoa-hoc", OTHER]);
}
