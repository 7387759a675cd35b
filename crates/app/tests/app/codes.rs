//! How far the case codes go that central granted, as people are told.

use motcua_protocol::lease::{DateGrant, LeaseAnswer, Numbers};
use motcua_store::{Author, table::lease::case_series};
use motcua_testkit::branch::{OFFICER, SUPERVISOR, TestBranch, case};
use serde_json::{Value, json};
use uuid::Uuid;

const AGENCY: &str = "H99.12";

/// Central granted a hundred codes for today, and is away since.
fn granted() -> TestBranch {
    let branch = TestBranch::demo();
    let app = branch.app();
    app.begin_parting().unwrap();
    let date = "2026-11-23".parse().unwrap();
    app.take_leases(&LeaseAnswer {
        epoch: app.store().epoch(),
        agency: AGENCY.to_owned(),
        dates: vec![DateGrant {
            date,
            ranges: vec![Numbers { from: 1, to: 100 }],
            rest: 9_899,
            clash: false,
        }],
    })
    .unwrap();
    branch
}

/// The same on the supervisor's screen and on that of the line.
#[track_caller]
fn told(branch: &TestBranch) -> Value {
    let watch = branch.ok(SUPERVISOR, "queue.watch", json!({}))["codes"].clone();
    let line = branch.ok(OFFICER, "sync.overview", json!({}))["codes"].clone();
    assert_eq!(watch, line);
    watch
}

fn receive(branch: &TestBranch, cases: usize) {
    for _ in 0..cases {
        branch.ok(OFFICER, "case.receive", case());
    }
}

#[test]
fn what_is_said_to_be_left_is_what_the_next_cases_get() {
    let branch = granted();
    receive(&branch, 79);
    assert_eq!(told(&branch), Value::Null, "21 of 100 is more than a fifth");
    receive(&branch, 1);
    // All blocks are out by now; what lies in them is given like any other.
    for left in (0..=20).rev() {
        let said = told(&branch);
        assert_eq!(
            (
                &said["left"],
                &said["of"],
                &said["low"],
                &said["provisional"]
            ),
            (&json!(left), &json!(100), &json!(true), &json!(0))
        );
        let answer = branch.ok(OFFICER, "case.receive", case());
        assert_eq!(answer["provisional"], left == 0, "{left}");
    }
    let said = told(&branch);
    assert_eq!(
        (&said["left"], &said["provisional"]),
        (&json!(0), &json!(1))
    );
    branch.assert_sound();
}

#[test]
fn what_lies_in_the_blocks_of_its_counters_can_still_be_given() {
    let branch = granted();
    let app = branch.app();
    let author = Author {
        actor: "system".to_owned(),
        command_id: Uuid::now_v7(),
        moment: app.moment(),
    };
    let counter = Uuid::now_v7();
    let lease = |epoch| {
        let leased = app.store().write(&author, |tx| {
            tx.lease(&case_series(AGENCY), tx.date(), counter, epoch)
        });
        leased.unwrap();
    };
    lease(1);
    receive(&branch, 41);
    assert_eq!(told(&branch), Value::Null, "39 here and 20 there");
    // A former life of it can give nothing any more.
    lease(2);
    receive(&branch, 18);
    assert_eq!(told(&branch), Value::Null, "1 here and 20 there");
    receive(&branch, 1);
    let said = told(&branch);
    assert_eq!((&said["left"], &said["of"]), (&json!(20), &json!(100)));
    branch.assert_sound();
}
