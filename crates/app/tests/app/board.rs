//! What a hall full of people may read, and nothing more.

use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SERVICE, SUPERVISOR, TestBranch, id};
use rstest::rstest;
use serde_json::{Value, json};

fn board(branch: &TestBranch) -> Value {
    // The board is nobody.
    branch.ok("", "board.get", json!({}))
}

fn call(branch: &TestBranch, visit: &str, counter: u16) {
    branch.ok(
        OFFICER,
        "queue.call",
        json!({"visit_id": visit, "counter": counter}),
    );
}

fn tickets(board: &Value) -> Vec<&str> {
    board["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["ticket"].as_str().unwrap())
        .collect()
}

#[test]
fn the_latest_call_comes_first_with_the_counter_that_called() {
    let branch = TestBranch::demo();
    let visits: Vec<_> = (0..3).map(|_| branch.walk_in()).collect();
    for (visit, counter) in [(&visits[1], 4), (&visits[0], 2), (&visits[2], 1)] {
        call(&branch, visit, counter);
        branch.pass(MINUTE);
    }
    branch.leg(OFFICER, "leg.start", &visits[0]);
    let shown = board(&branch);
    assert_eq!(tickets(&shown), ["A-003", "A-001", "A-002"]);
    assert_eq!(
        shown["calls"][1],
        json!({
            "ticket": "A-001", "counter": 2, "counter_name": "Quầy 2",
            "called_at": "2026-11-23T08:01:00.000+07:00", "calls": 1, "state": "serving",
        })
    );

    // Called again, it is the newest again; once served to the end, it is gone.
    branch.leg(OFFICER, "leg.recall", &visits[1]);
    branch.leg(OFFICER, "leg.finish", &visits[0]);
    let shown = board(&branch);
    assert_eq!(tickets(&shown), ["A-002", "A-003"]);
    assert_eq!(shown["calls"][0]["calls"], 2);
}

#[test]
fn a_call_taken_back_is_not_shown_and_a_missed_number_stays() {
    let branch = TestBranch::demo();
    let (first, second, third) = (branch.walk_in(), branch.walk_in(), branch.walk_in());
    call(&branch, &first, 1);
    branch.leg(OFFICER, "leg.undo_call", &first);
    assert_eq!(tickets(&board(&branch)), [""; 0]);
    for visit in [&second, &third] {
        call(&branch, visit, 3);
        branch.leg(OFFICER, "leg.miss", visit);
        branch.pass(MINUTE);
    }
    assert_eq!(board(&branch)["missed"], json!(["A-003", "A-002"]));
    branch.leg(OFFICER, "leg.return", &second);
    assert_eq!(board(&branch)["missed"], json!(["A-003"]));
}

#[test]
fn every_service_tells_who_waits_what_to_expect_and_whether_numbers_are_given() {
    let branch = TestBranch::demo();
    let empty = board(&branch);
    assert_eq!(
        (&empty["branch"], &empty["date"], &empty["calls"]),
        (&json!("Phường Bình Minh"), &json!("2026-11-23"), &json!([]))
    );
    for _ in 0..9 {
        branch.walk_in();
    }
    branch.ok(
        SUPERVISOR,
        "queue.issuing",
        json!({"service": "noi-vu", "open": false}),
    );
    let shown = board(&branch);
    let told = branch.ok(OFFICER, "queue.snapshot", json!({}));
    assert_eq!(shown["services"][0]["waiting"], 9);
    for (service, row) in shown["services"]
        .as_array()
        .unwrap()
        .iter()
        .zip(told["services"].as_array().unwrap())
    {
        assert_eq!(service["quote"], row["quote"], "the same as at reception");
        assert_eq!(service["issuing"], json!(row["code"] != "noi-vu"));
    }
}

#[test]
fn nothing_personal_is_on_the_board() {
    let branch = TestBranch::demo();
    let applicant = json!({
        "kind": "individual", "name": "TRIỆU THỊ KIM OANH",
        "phone": "0912000010", "id_number": "001187004521",
    });
    let mut visits = Vec::new();
    for _ in 0..4 {
        let given = branch.ok(
            OFFICER,
            "visit.register",
            json!({"service": SERVICE, "applicant": applicant, "class": "elderly"}),
        );
        visits.push(id(&given["visit_id"]));
    }
    call(&branch, &visits[0], 1);
    branch.leg(OFFICER, "leg.start", &visits[0]);
    call(&branch, &visits[1], 2);
    call(&branch, &visits[2], 3);
    branch.leg(OFFICER, "leg.miss", &visits[2]);
    let text = board(&branch).to_string();
    let mut secrets = vec!["OANH", "0912000010", "001187004521", "elderly", "Thanh Hà"];
    secrets.extend(visits.iter().map(String::as_str));
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[rstest]
#[case("queue.snapshot")]
#[case("visit.register")]
#[case("desk.get")]
#[case("day.figures")]
fn nobody_may_ask_for_more_than_the_board(#[case] verb: &str) {
    let branch = TestBranch::demo();
    assert_eq!(
        branch.refused("", verb, json!({})).code,
        Code::OfficerUnknown
    );
}

#[test]
fn clips_of_the_branch_stand_in_for_the_samples() {
    let branch = TestBranch::demo();
    let sample = branch.app().sound("moi-so").unwrap();
    assert!(sample.starts_with(b"RIFF"));
    let own = branch.dir().join("assets").join("sounds");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("moi-so.ogg"), b"OggS-recorded").unwrap();
    assert_eq!(&*branch.app().sound("moi-so").unwrap(), b"OggS-recorded");
    assert!(branch.app().sound("7").unwrap().starts_with(b"RIFF"));
    assert_eq!(board(&branch)["recorded"], false, "one clip is not a voice");
    for outside in ["../../motcua.db", "", "moi-so.ogg", "..", "0/../0"] {
        assert!(branch.app().sound(outside).is_none(), "{outside}");
    }
    let spoken = "moi-so den-quay-so 0 1 2 3 4 5 6 7 8 9 10 muoi mot tu lam tram linh \
                  a b c d e f g h i j k l m n o p q r s t u v w x y z";
    for name in spoken.split_whitespace() {
        std::fs::write(own.join(format!("{name}.mp3")), b"ID3").unwrap();
    }
    assert_eq!(board(&branch)["recorded"], true);
}
