//! Ratings come from a screen in the hall, once for each stay; nobody reads a single one.

use motcua_app::{Caller, rater::RATER};
use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SUPERVISOR, TestBranch, case};
use rstest::rstest;
use serde_json::{Value, json};

fn at_screen(
    branch: &TestBranch,
    name: &str,
    args: Value,
) -> Result<Value, motcua_protocol::ApiError> {
    let caller = Caller {
        officer: Some(RATER.to_owned()),
        command_id: None,
    };
    branch.app().call(&caller, name, args)
}

fn asked(branch: &TestBranch, counter: u16) -> Value {
    at_screen(branch, "rating.prompt", json!({"counter": counter})).unwrap()["ask"].clone()
}

fn served(branch: &TestBranch, counter: u16) {
    let visit = branch.serving(counter);
    branch.pass(MINUTE);
    branch.leg(OFFICER, "leg.finish", &visit);
}

fn rate(branch: &TestBranch, counter: u16, grade: u8) -> Result<Value, motcua_protocol::ApiError> {
    let ask = asked(branch, counter);
    at_screen(
        branch,
        "rating.give",
        json!({"counter": counter, "visit_id": ask["visit_id"], "leg": ask["leg"], "grade": grade}),
    )
}

fn figures(branch: &TestBranch) -> Value {
    branch.ok(SUPERVISOR, "rating.figures", json!({}))
}

#[test]
fn the_person_just_served_is_asked_once_and_then_the_screen_rests() {
    let branch = TestBranch::demo();
    assert!(asked(&branch, 1).is_null());
    let visit = branch.serving(1);
    assert!(
        asked(&branch, 1).is_null(),
        "not before the service is over"
    );
    branch.leg(OFFICER, "leg.finish", &visit);
    let ask = asked(&branch, 1);
    assert_eq!(ask["ticket"], "A-001");
    assert!(asked(&branch, 2).is_null(), "only at the counter it was");
    rate(&branch, 1, 5).unwrap();
    assert!(asked(&branch, 1).is_null());
    let more = json!({"counter": 1, "visit_id": ask["visit_id"], "leg": ask["leg"], "indicators": [{"indicator": 7, "points": 2}]});
    at_screen(&branch, "rating.give", more).unwrap();
    let twice = json!({"counter": 1, "visit_id": ask["visit_id"], "leg": ask["leg"], "grade": 1});
    assert_eq!(
        at_screen(&branch, "rating.give", twice).unwrap_err().code,
        Code::VisitState
    );

    served(&branch, 1);
    assert!(!asked(&branch, 1).is_null());
    branch.pass(2 * MINUTE);
    assert!(asked(&branch, 1).is_null(), "the person is gone");
    served(&branch, 1);
    branch.serving(1);
    assert!(asked(&branch, 1).is_null(), "somebody else stands there");
    branch.assert_sound();
}

#[test]
fn what_follows_a_grade_is_taken_while_the_next_have_come_and_gone() {
    let branch = TestBranch::demo();
    served(&branch, 1);
    let ask = asked(&branch, 1);
    rate(&branch, 1, 4).unwrap();
    let more = |leg: &Value, counter: u16| {
        let args = json!({"counter": counter, "visit_id": ask["visit_id"], "leg": leg, "indicators": [{"indicator": 7, "points": 2}]});
        at_screen(&branch, "rating.give", args)
    };
    served(&branch, 1);
    assert!(more(&ask["leg"], 2).is_err(), "another counter's screen");
    more(&ask["leg"], 1).unwrap();
    branch.pass(10 * MINUTE);
    assert_eq!(more(&ask["leg"], 1).unwrap_err().code, Code::VisitState);
    branch.assert_sound();
}

#[test]
fn figures_begin_with_a_group_and_move_by_groups() {
    let branch = TestBranch::demo();
    for grade in [5, 5, 4, 2] {
        served(&branch, 1);
        rate(&branch, 1, grade).unwrap();
    }
    assert!(figures(&branch)["all"].is_null());
    served(&branch, 1);
    rate(&branch, 1, 4).unwrap();
    let five = figures(&branch);
    let one = &five["counters"][0]["figures"];
    assert_eq!(
        (
            &one["counted"],
            &one["mean_hundredths"],
            &one["satisfied_permille"]
        ),
        (&json!(5), &json!(400), &json!(800))
    );
    // A sixth, and one at another counter, change no figure: neither can be taken out of the whole.
    served(&branch, 1);
    rate(&branch, 1, 1).unwrap();
    served(&branch, 2);
    rate(&branch, 2, 1).unwrap();
    assert_eq!(figures(&branch), five);
}

#[test]
fn a_slip_of_paper_is_entered_once_and_by_nobody_who_took_the_case_in() {
    let branch = TestBranch::demo();
    let slip = |code: &Value| json!({"case_code": code, "indicators": [{"indicator": 7, "points": 2}, {"indicator": 1, "points": 1}]});
    let mut last = Value::Null;
    for nth in 0..6 {
        let code = branch.ok(OFFICER, "case.receive", case())["case_code"].clone();
        branch.ok(SUPERVISOR, "rating.enter_slip", slip(&code));
        assert_eq!(figures(&branch)["slips"].is_null(), nth < 4);
        last = code;
    }
    let slips = figures(&branch)["slips"].clone();
    assert_eq!(
        (
            &slips["counted"],
            &slips["indicators"][6],
            &slips["indicators"][0]
        ),
        (&json!(5), &json!(200), &json!(100))
    );
    assert!(figures(&branch)["all"].is_null(), "no grade was given");
    let refused = |officer, args| branch.refused(officer, "rating.enter_slip", args);
    assert_eq!(refused(SUPERVISOR, slip(&last)).code, Code::NotAllowed);
    assert_eq!(refused(OFFICER, slip(&last)).code, Code::NotAllowed);
    let none =
        json!({"case_code": "H99.12-260101-9999", "indicators": [{"indicator": 7, "points": 2}]});
    assert_eq!(
        refused(SUPERVISOR, none).field.as_deref(),
        Some("case_code")
    );
    let empty = json!({"case_code": last, "indicators": []});
    assert_eq!(
        refused(SUPERVISOR, empty).field.as_deref(),
        Some("indicators")
    );
    branch.assert_sound();
}

#[test]
fn a_mistyped_slip_is_put_right_the_same_day_by_whoever_typed_it() {
    let branch = TestBranch::demo();
    let codes: Vec<Value> = (0..5)
        .map(|_| branch.ok(OFFICER, "case.receive", case())["case_code"].clone())
        .collect();
    let slip = |code: &Value, points: u8, corrects: bool| json!({"case_code": code, "indicators": [{"indicator": 7, "points": points}], "corrects": corrects});
    for code in &codes {
        branch.ok(SUPERVISOR, "rating.enter_slip", slip(code, 0, false));
    }
    let mean = || figures(&branch)["slips"]["indicators"][6].clone();
    assert_eq!(mean(), 0);
    branch.ok(SUPERVISOR, "rating.enter_slip", slip(&codes[2], 2, true));
    assert_eq!(mean(), 40);
    let refused = |officer, args| branch.refused(officer, "rating.enter_slip", args).code;
    assert_eq!(
        refused("quan-tri", slip(&codes[2], 1, true)),
        Code::NotAllowed
    );
    // Of another case: it is taken out, and may come again.
    let out = json!({"case_code": codes[4], "indicators": [], "corrects": true});
    branch.ok(SUPERVISOR, "rating.enter_slip", out.clone());
    assert!(figures(&branch)["slips"].is_null(), "four are no group");
    assert_eq!(refused(SUPERVISOR, out), Code::NotAllowed);
    branch.ok(SUPERVISOR, "rating.enter_slip", slip(&codes[4], 1, false));
    assert_eq!(mean(), 60);
    // Taken out, and typed anew by another supervisor, who may correct it now.
    let out = json!({"case_code": codes[3], "indicators": [], "corrects": true});
    branch.ok(SUPERVISOR, "rating.enter_slip", out);
    branch.ok("quan-tri", "rating.enter_slip", slip(&codes[3], 0, false));
    assert_eq!(
        refused(SUPERVISOR, slip(&codes[3], 1, true)),
        Code::NotAllowed
    );
    branch.ok("quan-tri", "rating.enter_slip", slip(&codes[3], 1, true));
    branch.pass(24 * 60 * MINUTE);
    assert_eq!(
        refused(SUPERVISOR, slip(&codes[2], 1, true)),
        Code::NotAllowed
    );
    branch.assert_sound();
}

#[rstest]
#[case("rating.figures", json!({}))]
#[case("complaint.list", json!({}))]
fn an_officer_reads_no_rating(#[case] name: &str, #[case] args: Value) {
    let branch = TestBranch::demo();
    assert_eq!(branch.refused(OFFICER, name, args).code, Code::NotAllowed);
}

#[test]
fn an_officer_gives_none_and_a_screen_does_nothing_else() {
    let branch = TestBranch::demo();
    served(&branch, 1);
    let ask = asked(&branch, 1);
    let give = json!({"counter": 1, "visit_id": ask["visit_id"], "leg": ask["leg"], "grade": 5});
    for officer in [OFFICER, SUPERVISOR] {
        assert_eq!(
            branch.refused(officer, "rating.give", give.clone()).code,
            Code::NotAllowed
        );
        let prompt = json!({"counter": 1});
        assert_eq!(
            branch.refused(officer, "rating.prompt", prompt).code,
            Code::NotAllowed
        );
    }
    for name in [
        "queue.snapshot",
        "rating.figures",
        "branch.get",
        "case.search",
    ] {
        let refused = at_screen(&branch, name, json!({})).unwrap_err();
        assert_eq!(refused.code, Code::NotAllowed, "{name}");
    }
}

#[test]
fn a_complaint_has_its_terms() {
    let branch = TestBranch::demo();
    let note = json!({"complaint": "complaint", "content": "Chờ quá lâu"});
    let noted = branch.ok(OFFICER, "complaint.note", note);
    // 15 working days after Monday the 23rd, Tuesday the 24th being a holiday; 5 for a first word.
    assert_eq!(
        (&noted["due"], &noted["word_due"]),
        (&json!("2026-12-15"), &json!("2026-12-01"))
    );
    branch.pass(9 * 24 * 60 * MINUTE);
    let late = branch.ok(SUPERVISOR, "complaint.list", json!({}));
    assert_eq!(late[0]["late"], true);
    let word = json!({"id": noted["id"], "text": "Đang xác minh"});
    let heard = branch.ok(SUPERVISOR, "complaint.handle", word);
    assert_eq!(heard["late"], false);
    let answer = json!({"id": noted["id"], "text": "Đã trả lời", "answered": true});
    let answered = branch.ok(SUPERVISOR, "complaint.handle", answer.clone());
    assert_eq!(
        (&answered["answered"], &answered["word_due"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        branch.refused(SUPERVISOR, "complaint.handle", answer).code,
        Code::NotAllowed
    );
    branch.assert_sound();
}
