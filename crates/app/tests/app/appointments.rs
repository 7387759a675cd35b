//! Slots with places: booking, moving, cancelling, and what is free.

use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SERVICE, SUPERVISOR, TestBranch, command_id, id};
use rstest::rstest;
use serde_json::{Value, json};

const NINE: &str = "2026-11-23T09:00:00+07:00";
const HALF_PAST: &str = "2026-11-23T09:30:00+07:00";
const WEDNESDAY: &str = "2026-11-25T13:30:00+07:00";

fn with_slots(slots: Value) -> TestBranch {
    let branch = TestBranch::demo();
    let mut document = branch.ok(SUPERVISOR, "branch.get", json!({}))["branch"].clone();
    document["services"][0]["slots"] = slots;
    branch.ok("quan-tri", "branch.configure", json!({"branch": document}));
    branch
}

fn one_place() -> TestBranch {
    with_slots(json!({"minutes": 30, "places": 1}))
}

fn wish(at: &str) -> Value {
    json!({"service": SERVICE, "slot_at": at, "applicant": {"kind": "individual", "name": "Lò Thị Mai"}})
}

fn book(branch: &TestBranch, at: &str) -> String {
    id(&branch.ok(OFFICER, "visit.book", wish(at))["visit_id"])
}

fn slots(branch: &TestBranch, date: &str) -> Value {
    branch.ok(
        OFFICER,
        "visit.slots",
        json!({"service": SERVICE, "date": date}),
    )
}

fn free(branch: &TestBranch, at: &str) -> Value {
    let day = slots(branch, &at[..10]);
    let want = at.replace("+07:00", ".000+07:00");
    let slot = day["slots"].as_array().unwrap().iter();
    slot.filter(|s| s["at"] == want.as_str())
        .map(|s| s["free"].clone())
        .next()
        .expect("a slot")
}

#[test]
fn a_full_slot_is_refused_and_the_next_free_one_is_said() {
    let branch = one_place();
    assert_eq!(free(&branch, NINE), 1);
    book(&branch, NINE);
    assert_eq!(free(&branch, NINE), 0);
    let before = branch.events();
    let refusal = branch.refused(OFFICER, "visit.book", wish(NINE));
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::SlotFull, Some("slot_at"))
    );
    assert!(
        refusal.message.contains("09:30 ngày 23/11"),
        "{}",
        refusal.message
    );
    assert_eq!(branch.events(), before);
    book(&branch, HALF_PAST);
    // Another service's people take nobody's place.
    branch.ok(
        OFFICER,
        "visit.book",
        json!({"service": "noi-vu", "slot_at": NINE, "applicant": {"name": "Lò Thị Mai"}}),
    );
    branch.assert_sound();
}

#[test]
fn the_same_command_twice_takes_one_place() {
    let branch = one_place();
    let mut args = wish(NINE);
    args["command_id"] = json!(command_id());
    let first = branch.ok(OFFICER, "visit.book", args.clone());
    assert_eq!(branch.ok(OFFICER, "visit.book", args), first);
    assert!(id(&first["code"]).starts_with("HEN-"));
}

#[test]
fn of_many_who_want_the_last_place_at_once_one_has_it() {
    let branch = one_place();
    let done: usize = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| branch.call(OFFICER, "visit.book", wish(NINE))))
            .collect();
        let ended = all.into_iter().map(|each| each.join().unwrap());
        ended
            .filter(|answer| match answer {
                Ok(_) => true,
                Err(error) => {
                    assert_eq!(error.code, Code::SlotFull);
                    false
                }
            })
            .count()
    });
    assert_eq!(done, 1);
    branch.assert_sound();
}

#[test]
fn a_time_within_a_slot_is_refused_with_the_times_around_it() {
    let branch = one_place();
    let refusal = branch.refused(OFFICER, "visit.book", wish("2026-11-23T09:10:00+07:00"));
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::SlotUnknown, Some("slot_at"))
    );
    assert!(
        refusal.message.contains("09:00 hoặc 09:30"),
        "{}",
        refusal.message
    );
}

#[test]
fn slots_follow_hours_break_and_holiday() {
    let branch = one_place();
    let today = slots(&branch, "2026-11-23");
    let all = today["slots"].as_array().unwrap();
    assert_eq!((all.len(), &all[0]["past"]), (15, &json!(true)));
    assert_eq!(today["next_free"], "2026-11-23T08:00:00.000+07:00");
    let holiday = slots(&branch, "2026-11-24");
    assert_eq!(holiday["slots"], json!([]));
    assert!(id(&holiday["closed"]).contains("Ngày Văn hóa Việt Nam"));
    assert_eq!(holiday["next_free"], "2026-11-25T07:30:00.000+07:00");
    assert!(id(&slots(&branch, "2026-11-20")["closed"]).contains("đã qua"));
    let free = TestBranch::demo();
    assert_eq!(slots(&free, "2026-11-23")["minutes"], Value::Null);
}

#[test]
fn moving_frees_one_place_and_takes_another() {
    let branch = one_place();
    let visit = book(&branch, NINE);
    let other = book(&branch, HALF_PAST);
    let to = |at: &str| json!({"visit_id": visit, "slot_at": at, "reason": "bận việc nhà"});
    let full = branch.refused(OFFICER, "visit.move", to(HALF_PAST));
    assert_eq!(full.code, Code::SlotFull);
    let same = branch.refused(OFFICER, "visit.move", to(NINE));
    assert_eq!(
        (same.code, same.field.as_deref()),
        (Code::VisitState, Some("slot_at"))
    );
    branch.ok(OFFICER, "visit.move", to(WEDNESDAY));
    assert_eq!(
        (free(&branch, NINE), free(&branch, WEDNESDAY)),
        (json!(1), json!(0))
    );
    let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}));
    assert_eq!(view["visit"]["date"], "2026-11-25");
    let log = branch.ok(OFFICER, "visit.log", json!({"visit_id": visit}));
    assert_eq!(
        log[1]["text"],
        "Đổi lịch hẹn sang 13:30 ngày 25/11/2026: bận việc nhà."
    );
    let listed =
        |date: &str| branch.ok(OFFICER, "visit.bookings", json!({"date": date}))["booked"].clone();
    assert_eq!(listed("2026-11-25")[0]["visit_id"], visit.as_str());
    assert_eq!(listed("2026-11-23")[0]["visit_id"], other.as_str());
    // It is checked in on its new day, and not before.
    let early = branch.refused(OFFICER, "visit.check_in", json!({"visit_id": visit}));
    assert_eq!(early.code, Code::VisitOtherDay);
    branch.pass(2 * 24 * 60 * MINUTE);
    branch.leg(OFFICER, "visit.check_in", &visit);
    branch.assert_sound();
}

#[test]
fn cancelling_frees_the_place_and_happens_once() {
    let branch = one_place();
    let visit = book(&branch, NINE);
    let why = |reason: &str| json!({"visit_id": visit, "reason": reason});
    let empty = branch.refused(OFFICER, "visit.cancel", why("  "));
    assert_eq!(
        (empty.code, empty.field.as_deref()),
        (Code::FieldRequired, Some("reason"))
    );
    branch.ok(OFFICER, "visit.cancel", why("người dân báo không đến"));
    assert_eq!(free(&branch, NINE), 1);
    let again = branch.refused(OFFICER, "visit.cancel", why("lần nữa"));
    assert_eq!(again.code, Code::VisitState);
    assert!(again.message.contains("đã hủy"), "{}", again.message);
    let log = branch.ok(OFFICER, "visit.log", json!({"visit_id": visit}));
    assert_eq!(log[1]["text"], "Hủy lịch hẹn: người dân báo không đến.");
    let moved = json!({"visit_id": visit, "slot_at": HALF_PAST});
    assert_eq!(
        branch.refused(OFFICER, "visit.move", moved).code,
        Code::VisitState
    );
    book(&branch, NINE);
    branch.assert_sound();
}

#[test]
fn whoever_has_come_is_neither_moved_nor_cancelled_and_keeps_the_place() {
    let branch = one_place();
    let visit = book(&branch, NINE);
    branch.leg(OFFICER, "visit.check_in", &visit);
    assert_eq!(free(&branch, NINE), 0);
    for (verb, args) in [
        (
            "visit.move",
            json!({"visit_id": visit, "slot_at": HALF_PAST}),
        ),
        ("visit.cancel", json!({"visit_id": visit, "reason": "nhầm"})),
    ] {
        let refusal = branch.refused(OFFICER, verb, args);
        assert_eq!(refusal.code, Code::VisitState);
        assert!(refusal.message.contains("A-001"), "{}", refusal.message);
    }
    let walk_in = branch.walk_in();
    let refusal = branch.refused(
        OFFICER,
        "visit.cancel",
        json!({"visit_id": walk_in, "reason": "nhầm"}),
    );
    assert!(refusal.message.contains("không phải lịch hẹn"));
    branch.assert_sound();
}

#[test]
fn only_a_supervisor_books_into_a_full_slot_with_a_reason_that_is_kept() {
    let branch = one_place();
    book(&branch, NINE);
    let mut args = wish(NINE);
    args["despite"] = json!("cụ già, nhà xa");
    let refusal = branch.refused(OFFICER, "visit.book", args.clone());
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::NotAllowed, Some("despite"))
    );
    let given = branch.ok(SUPERVISOR, "visit.book", args);
    let log = branch.ok(OFFICER, "visit.log", json!({"visit_id": given["visit_id"]}));
    let text = id(&log[0]["text"]);
    assert!(text.contains("nhận thêm dù đã đủ người: cụ già"), "{text}");
}

#[rstest]
#[case::minutes(json!({"minutes": 4}), "branch.services[0].slots.minutes")]
#[case::places(json!({"minutes": 30, "places": 0}), "branch.services[0].slots.places")]
#[case::no_length(json!({"places": 2}), "branch.services[0].slots.minutes")]
fn rules_that_make_no_sense_are_refused_at_their_field(#[case] rules: Value, #[case] field: &str) {
    let branch = TestBranch::demo();
    let mut document = branch.ok(SUPERVISOR, "branch.get", json!({}))["branch"].clone();
    document["services"][0]["slots"] = rules;
    let refusal = branch.refused("quan-tri", "branch.configure", json!({"branch": document}));
    assert_eq!(refusal.field.as_deref(), Some(field));
}

#[test]
fn a_slip_is_printed_marked_as_a_reprint_and_new_again_after_a_move() {
    let branch = one_place();
    let visit = book(&branch, NINE);
    let submit = json!({"kind": "appointment", "id": visit, "printer": "folder:/nowhere"});
    let printed = || branch.ok(OFFICER, "print.submit", submit.clone())["reprint"].clone();
    assert_eq!((printed(), printed()), (json!(false), json!(true)));
    branch.ok(
        OFFICER,
        "visit.move",
        json!({"visit_id": visit, "slot_at": HALF_PAST}),
    );
    assert_eq!(printed(), false);
    branch.leg(OFFICER, "visit.check_in", &visit);
    let refusal = branch.refused(OFFICER, "print.submit", submit);
    assert_eq!(refusal.code, Code::DocumentUnknown);
    branch.assert_sound();
}

#[test]
fn a_slip_is_known_on_whichever_day_it_is_and_whatever_became_of_it() {
    let branch = one_place();
    let booked = [NINE, WEDNESDAY].map(|at| branch.ok(OFFICER, "visit.book", wish(at)));
    let of_slip = |code: &str| branch.ok(OFFICER, "visit.of_slip", json!({"code": code}));
    for each in &booked {
        let code = id(&each["code"]);
        for typed in [code.clone(), code.to_lowercase().replace('-', " ")] {
            let row = of_slip(&typed);
            assert_eq!(
                (&row["visit_id"], &row["booking"]),
                (&each["visit_id"], &json!(code))
            );
        }
    }
    let today = id(&booked[0]["visit_id"]);
    branch.leg(OFFICER, "visit.check_in", &today);
    let code = id(&booked[0]["code"]);
    assert_eq!(of_slip(&code)["state"], "waiting");
    let unknown = |code: &str| {
        let refused = branch.refused(OFFICER, "visit.of_slip", json!({"code": code}));
        (refused.code, refused.field)
    };
    let not_found = (Code::NotFound, Some("code".to_owned()));
    for nobodys in ["HEN-000-000", "HEN-12", "H99.12-261123-0001"] {
        assert_eq!(unknown(nobodys), not_found, "{nobodys}");
    }
    branch.pass(31 * 24 * 60 * MINUTE);
    assert_eq!(unknown(&code), not_found);
}
