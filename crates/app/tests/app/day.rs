//! What a supervisor sees of a day: its course, the visits behind a figure, and waits that a
//! clock set by hand neither stops nor stretches.

use motcua_testkit::branch::{MINUTE, MORNING, OFFICER, SERVICE, SUPERVISOR, TestBranch, id};
use serde_json::{Value, json};

const HOUR: i64 = 60 * MINUTE;

fn figures(branch: &TestBranch, args: Value) -> Value {
    branch.ok(SUPERVISOR, "day.figures", args)
}

fn serve(branch: &TestBranch, visit: &str) {
    branch.ok(
        OFFICER,
        "queue.call",
        json!({"visit_id": visit, "counter": 1}),
    );
    branch.leg(OFFICER, "leg.start", visit);
    branch.leg(OFFICER, "leg.finish", visit);
}

fn numbers(rows: &Value, field: &str) -> Vec<Option<u64>> {
    let rows = rows.as_array().unwrap();
    rows.iter().map(|row| row[field].as_u64()).collect()
}

/// 08:00 in Vietnam is a half hour of UTC too: the slots are those of the clock on the wall.
#[test]
fn the_course_of_the_day_adds_up_to_its_figures() {
    let branch = TestBranch::demo();
    assert_eq!(figures(&branch, json!({}))["by_half_hour"], json!([]));
    // 08:00 waits 4 minutes, 08:20 waits 20; nobody comes from 08:30 to 09:00; 09:05 still waits.
    let first = branch.walk_in();
    branch.pass(4 * MINUTE);
    serve(&branch, &first);
    branch.pass(16 * MINUTE);
    let second = branch.walk_in();
    branch.pass(20 * MINUTE);
    serve(&branch, &second);
    branch.pass(25 * MINUTE);
    branch.walk_in();
    branch.pass(17 * MINUTE);

    let day = figures(&branch, json!({}));
    let course = &day["by_half_hour"];
    assert_eq!(
        numbers(course, "served"),
        [Some(2), Some(0), Some(0)],
        "{course}"
    );
    assert_eq!(numbers(course, "mean_s"), [Some(12 * 60), None, None]);
    assert_eq!(numbers(course, "max_s"), [Some(20 * 60), None, None]);
    assert_eq!(numbers(course, "waiting"), [Some(0), Some(0), Some(1)]);
    assert_eq!(
        numbers(course, "longest_now_s"),
        [None, None, Some(17 * 60)]
    );
    assert_eq!(course[0]["from"], "2026-11-23T08:00:00.000+07:00");
    assert_eq!(course[2]["from"], "2026-11-23T09:00:00.000+07:00");
    assert_eq!((&day["mean_s"], &day["max_s"]), (&json!(720), &json!(1200)));
    assert_eq!(day["visits"], Value::Null);
}

#[test]
fn a_figure_opens_to_the_visits_it_counts() {
    let branch = TestBranch::demo();
    let short = branch.walk_in();
    let long = branch.walk_in();
    let gone = branch.walk_in();
    branch.pass(3 * MINUTE);
    serve(&branch, &short);
    branch.pass(9 * MINUTE);
    serve(&branch, &long);
    branch.leg(OFFICER, "leg.leave", &gone);
    for (list, wanted) in [
        ("served", vec![&long, &short]),
        ("left_before", vec![&gone]),
        ("no_show", vec![]),
        ("uncertain", vec![]),
    ] {
        let day = figures(&branch, json!({"list": list}));
        let got: Vec<String> = day["visits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| id(&row["visit_id"]))
            .collect();
        assert_eq!(got.iter().collect::<Vec<_>>(), wanted, "{list}");
    }
}

/// The clock was an hour ahead and is set right: what waits goes on waiting, second by second.
#[test]
fn a_clock_set_back_does_not_stop_a_wait() {
    let branch = TestBranch::demo();
    let visit = branch.walk_in();
    branch.pass(MINUTE);
    branch.clock.set_wall(MORNING - HOUR);
    branch.ok(SUPERVISOR, "clock.confirm", json!({}));
    branch.pass(5 * MINUTE);
    let waited = json!(6 * MINUTE);
    let queue = branch.ok(OFFICER, "queue.snapshot", json!({}));
    assert_eq!(queue["waiting"][0]["wait_ms"], waited);
    let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}));
    assert_eq!(view["clocks"]["wait_ms"], waited);
    let desk = branch.ok(OFFICER, "desk.get", json!({"counter": 1}));
    assert_eq!(desk["next"]["wait_ms"], waited);
    assert_eq!(figures(&branch, json!({}))["longest_now_s"], 6 * 60);
    // The next event counts the same.
    branch.ok(OFFICER, "queue.call_next", json!({"counter": 1}));
    let view = branch.ok(OFFICER, "visit.get", json!({"visit_id": visit}));
    assert_eq!(view["clocks"]["wait_ms"], waited);
}

/// A new run of the program has only the wall clock; it goes on from the last event.
#[test]
fn a_wait_goes_on_over_a_restart() {
    let mut branch = TestBranch::demo();
    branch.ok(OFFICER, "visit.register", json!({"service": SERVICE}));
    branch.pass(7 * MINUTE);
    branch.open().unwrap();
    branch.pass(MINUTE);
    let queue = branch.ok(OFFICER, "queue.snapshot", json!({}));
    assert_eq!(queue["waiting"][0]["wait_ms"], 8 * MINUTE);
}
