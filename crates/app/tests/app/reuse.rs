//! What a citizen said before is not asked again, and how much of a day that was.

use motcua_testkit::branch::{OFFICER, SERVICE, SUPERVISOR, TestBranch, case, id};
use serde_json::{Value, json};

const NUMBER: &str = "001190000001";

fn receive(branch: &TestBranch, applicant: Value) -> Value {
    let mut args = case();
    args["applicant"] = applicant;
    let done = branch.ok(OFFICER, "case.receive", args);
    branch.ok(OFFICER, "case.get", json!({"id": done["case_id"]}))["case"]["applicant"].clone()
}

fn data(branch: &TestBranch) -> (Value, Value) {
    let reuse = branch.ok(SUPERVISOR, "day.figures", json!({}))["reuse"].clone();
    (reuse["data"].clone(), reuse["data_reused"].clone())
}

#[test]
fn what_was_said_in_several_visits_is_offered_together() {
    let branch = TestBranch::demo();
    let come = |applicant: Value| {
        branch.ok(
            OFFICER,
            "visit.register",
            json!({"service": SERVICE, "applicant": applicant}),
        );
        branch.pass(1_000);
    };
    come(json!({"name": "Lò Thị Mai", "id_number": NUMBER, "address": "Bản Mòng"}));
    come(
        json!({"name": "Lò Thị Mai", "id_number": NUMBER, "phone": "0912345678", "taken_over": ["name"]}),
    );
    let known = branch.ok(OFFICER, "citizen.find", json!({"text": NUMBER, "limit": 1}));
    assert_eq!(
        known[0]["party"],
        json!({"kind": "individual", "name": "Lò Thị Mai", "id_number": NUMBER, "phone": "0912345678", "address": "Bản Mòng"}),
        "and not how it came into that form"
    );
    assert_eq!(known[0]["times"], 2);
}

#[test]
fn data_that_was_taken_over_counts_as_not_asked_again_and_nothing_else_does() {
    let branch = TestBranch::demo();
    let first = json!({"kind": "individual", "name": "Lò Thị Mai", "id_number": NUMBER, "phone": "0912345678"});
    // A screen that claims what nobody recorded before.
    let mut claimed = first.clone();
    claimed["taken_over"] = json!(["name", "phone"]);
    assert_eq!(receive(&branch, claimed), first);
    assert_eq!(data(&branch), (json!(3), json!(0)));

    branch.pass(1_000);
    let again = json!({
        "kind": "individual", "name": "Lò Thị Mai", "id_number": NUMBER, "phone": "0987654321", "address": "Bản Mòng",
        "taken_over": ["phone", "name", "address", "email", "name"],
    });
    let kept = receive(&branch, again);
    // The telephone was changed, the address is new, there is no e-mail.
    assert_eq!(kept["taken_over"], json!(["name"]));
    assert_eq!(data(&branch), (json!(7), json!(1)));
    assert!(branch.app().verify().unwrap().findings.is_empty());
}

#[test]
fn what_was_just_said_in_the_same_visit_was_asked() {
    let branch = TestBranch::demo();
    let person = json!({"kind": "individual", "name": "Lò Thị Mai", "id_number": NUMBER});
    let visit = id(&branch.ok(
        OFFICER,
        "visit.register",
        json!({"service": SERVICE, "applicant": person}),
    )["visit_id"]);
    branch.ok(
        OFFICER,
        "queue.call",
        json!({"visit_id": visit, "counter": 1}),
    );
    branch.leg(OFFICER, "leg.start", &visit);
    let mut args = case();
    args["visit_id"] = json!(visit);
    args["applicant"] = person;
    args["applicant"]["taken_over"] = json!(["name"]);
    branch.ok(OFFICER, "case.receive", args);
    assert_eq!(data(&branch).1, json!(0));
}
