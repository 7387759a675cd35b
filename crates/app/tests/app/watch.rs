//! The supervisor is told what needs a person, from when on, by the branch's thresholds; promises
//! are recorded with each leg and judged.

use chrono::DateTime;
use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SERVICE, SUPERVISOR, TestBranch, id};
use serde_json::{Value, json};

/// Notices of a kind: `from` in minutes from now, and the whole.
fn notices(branch: &TestBranch, kind: &str) -> Vec<(i64, Value)> {
    let told = branch.ok(SUPERVISOR, "queue.watch", json!({}));
    let ms = |value: &Value| {
        DateTime::parse_from_rfc3339(value.as_str().unwrap())
            .unwrap()
            .timestamp_millis()
    };
    let now = ms(&told["now"]);
    told["notices"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|n| n["kind"] == kind)
        .map(|n| ((ms(&n["from"]) - now) / MINUTE, n.clone()))
        .collect()
}

fn call_to(branch: &TestBranch, visit: &str, counter: u16) {
    let args = json!({"visit_id": visit, "counter": counter});
    branch.ok(OFFICER, "queue.call", args);
}

#[test]
fn a_wait_says_beforehand_when_it_passes_each_mark() {
    let branch = TestBranch::demo();
    let visit = branch.walk_in();
    branch.pass(4 * MINUTE);
    let marks = ["wait_near", "wait_over", "wait_far"].map(|kind| {
        let [(from, notice)] = &notices(&branch, kind)[..] else {
            panic!("{kind}")
        };
        assert_eq!(id(&notice["visit_id"]), visit);
        *from
    });
    assert_eq!(marks, [6, 11, 26]);
    // Nothing is asked again by the passing of time: the moment stays the same.
    branch.pass(7 * MINUTE);
    assert_eq!(notices(&branch, "wait_near")[0].0, -1);
    call_to(&branch, &visit, 1);
    branch.leg(OFFICER, "leg.start", &visit);
    assert!(notices(&branch, "wait_near").is_empty(), "served");
}

#[test]
fn a_pause_of_the_citizen_moves_the_marks_and_one_of_the_office_does_not() {
    for (cause, minutes) in [("citizen", 10), ("office", 5)] {
        let branch = TestBranch::demo();
        let visit = branch.walk_in();
        branch.pass(4 * MINUTE);
        call_to(&branch, &visit, 1);
        branch.leg(OFFICER, "leg.miss", &visit);
        branch.pass(5 * MINUTE);
        branch.leg(OFFICER, "leg.return", &visit);
        // Four minutes waited; the time away does not count.
        assert_eq!(notices(&branch, "wait_near")[0].0, 6);
        branch.pass(MINUTE);
        call_to(&branch, &visit, 1);
        branch.leg(OFFICER, "leg.start", &visit);
        let hold = json!({"visit_id": visit, "reason": "tra cứu", "cause": cause});
        branch.ok(OFFICER, "leg.hold", hold);
        assert_eq!(notices(&branch, "held")[0].0, 30, "{minutes}");
    }
}

#[test]
fn called_and_not_there_put_aside_and_due_served_for_long() {
    let branch = TestBranch::demo();
    let visit = branch.walk_in();
    call_to(&branch, &visit, 1);
    let [(from, notice)] = &notices(&branch, "called")[..] else {
        panic!()
    };
    assert_eq!((*from, &notice["counter"]), (2, &json!(1)));
    branch.leg(OFFICER, "leg.start", &visit);
    assert!(notices(&branch, "called").is_empty());
    // The demo assumes some minutes for this service; three times as long, but never under twenty.
    let (from, notice) = &notices(&branch, "service")[0];
    let usual = notice["usual_s"].as_i64().unwrap();
    assert_eq!(*from, (3 * usual / 60).max(20));
    let due = "2026-11-23T08:45:00+07:00";
    let hold = json!({"visit_id": visit, "reason": "chờ bản sao", "due_at": due});
    branch.ok(OFFICER, "leg.hold", hold);
    let (from, notice) = &notices(&branch, "held")[0];
    assert_eq!((*from, &notice["reason"]), (45, &json!("chờ bản sao")));
}

#[test]
fn a_counter_is_idle_only_while_somebody_waits_whom_it_could_serve() {
    let branch = TestBranch::demo();
    branch.walk_in();
    assert!(notices(&branch, "idle").is_empty(), "nobody works yet");
    let visit = branch.serving(1);
    assert!(notices(&branch, "idle").is_empty(), "busy");
    branch.pass(10 * MINUTE);
    branch.leg(OFFICER, "leg.finish", &visit);
    let idle = notices(&branch, "idle");
    assert_eq!(idle.len(), 1);
    assert_eq!((idle[0].0, &idle[0].1["counter"]), (3, &json!(1)));
    assert_eq!(idle[0].1["waiting"], json!(1));
    branch.ok(OFFICER, "queue.call_next", json!({"counter": 1}));
    assert!(notices(&branch, "idle").is_empty(), "nobody left to call");
}

#[test]
fn thresholds_are_the_branchs_and_nonsense_is_refused() {
    let branch = TestBranch::demo();
    branch.walk_in();
    let mut document = branch.ok(SUPERVISOR, "branch.get", json!({}))["branch"].clone();
    document["watch"]["wait_s"] = json!([120, 300, 600]);
    branch.ok(
        "quan-tri",
        "branch.configure",
        json!({"branch": document.clone()}),
    );
    assert_eq!(notices(&branch, "wait_near")[0].0, 2);
    document["watch"]["wait_s"] = json!([300, 120, 600]);
    let refused = branch.refused("quan-tri", "branch.configure", json!({"branch": document}));
    assert_eq!(refused.code, Code::NumberOutOfRange);
    assert_eq!(refused.field.as_deref(), Some("branch.watch.wait_s"));
}

#[test]
fn every_leg_that_waits_is_promised_something_and_the_promise_is_judged() {
    let branch = TestBranch::demo();
    let visit = branch.serving(1);
    let sent = branch.ok(
        OFFICER,
        "leg.transfer",
        json!({"visit_id": visit, "service": "noi-vu"}),
    );
    assert!(sent["quote"]["hi"].as_u64().unwrap() >= 10, "{sent}");
    let log = branch.ok(OFFICER, "visit.log", json!({"visit_id": visit}));
    let last = log.as_array().unwrap().last().unwrap();
    assert!(id(&last["text"]).contains("báo chờ"), "{last}");
    // Nobody else waits: the promise is the shortest there is, and 40 minutes break it.
    branch.pass(40 * MINUTE);
    call_to(&branch, &visit, 1);
    branch.leg(OFFICER, "leg.start", &visit);
    let told = branch.ok(OFFICER, "day.figures", json!({"list": "promise_late"}));
    let all = &told["estimates"]["all"];
    assert_eq!(
        (&all["of"], &all["inside"], &all["above"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(all["percent"], Value::Null, "two prove nothing");
    let late = told["promises"].as_array().unwrap();
    assert_eq!(late.len(), 1);
    assert_eq!(late[0]["wait_ms"], json!(40 * MINUTE));
    assert_eq!(
        (&late[0]["leg"], &late[0]["service"]),
        (&json!(1), &json!("noi-vu"))
    );
    let other = json!({"list": "promise_late", "service": SERVICE});
    let none = branch.ok(OFFICER, "day.figures", other);
    assert_eq!(none["promises"], json!([]));
}
