//! Finding cases: what a filter leaves out is left out by the store, never by a page.

use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, TestBranch, case, id};
use rstest::rstest;
use serde_json::{Value, json};

const DAY: i64 = 24 * 60 * MINUTE;

fn receive(branch: &TestBranch, name: &str, limit: Value) -> String {
    let mut args = case();
    args["applicant"] = json!({"kind": "individual", "name": name});
    if limit == json!("instant") {
        args["instant"] = json!(true);
    } else {
        args["limit"] = limit;
    }
    id(&branch.ok(OFFICER, "case.receive", args)["case_code"])
}

fn working_days(n: u32) -> Value {
    json!({"value": n, "unit": "working_day"})
}

/// Monday 23/11: Mai (1 day), Ký at once. 24/11 is a holiday. Wednesday 25/11: Sen (1 day).
/// Friday 27/11, 08:00: Tú (20 days). Now it is five minutes later.
fn week() -> TestBranch {
    let branch = TestBranch::demo();
    receive(&branch, "Lò Thị Mai", working_days(1));
    receive(&branch, "Hoàng Văn Ký", json!("instant"));
    branch.pass(2 * DAY);
    receive(&branch, "Lương Thị Sen", working_days(1));
    branch.pass(2 * DAY);
    receive(&branch, "Lò Văn Tú", working_days(20));
    branch.pass(5 * MINUTE);
    branch
}

fn found(branch: &TestBranch, args: Value) -> Vec<String> {
    branch
        .ok(OFFICER, "case.search", args)
        .as_array()
        .unwrap()
        .iter()
        .map(|row| id(&row["applicant"]))
        .collect()
}

#[rstest]
#[case::all(json!({"text": ""}), &["Lò Văn Tú", "Lương Thị Sen", "Hoàng Văn Ký", "Lò Thị Mai"])]
#[case::from(json!({"text": "", "from": "2026-11-25"}), &["Lò Văn Tú", "Lương Thị Sen"])]
#[case::until(json!({"text": "", "to": "2026-11-23"}), &["Hoàng Văn Ký", "Lò Thị Mai"])]
#[case::one_day(json!({"text": "", "from": "2026-11-25", "to": "2026-11-25"}), &["Lương Thị Sen"])]
#[case::returned(json!({"text": "", "status": "returned"}), &["Hoàng Văn Ký"])]
#[case::received(json!({"text": "", "status": "received"}), &["Lò Văn Tú", "Lương Thị Sen", "Lò Thị Mai"])]
#[case::overdue(json!({"text": "", "overdue": true}), &["Lương Thị Sen", "Lò Thị Mai"])]
#[case::not_only_overdue(json!({"text": "", "overdue": false}), &["Lò Văn Tú", "Lương Thị Sen", "Hoàng Văn Ký", "Lò Thị Mai"])]
#[case::due_on_a_day(json!({"text": "", "due_on": "2026-11-26"}), &["Lương Thị Sen"])]
#[case::due_on_another(json!({"text": "", "due_on": "2026-11-24"}), &[])]
#[case::name_and_day(json!({"text": "lo", "to": "2026-11-23"}), &["Lò Thị Mai"])]
#[case::name_and_overdue(json!({"text": "lo", "overdue": true}), &["Lò Thị Mai"])]
#[case::name_and_status(json!({"text": "lo", "status": "returned"}), &[])]
#[case::the_newest_of_them(json!({"text": "", "status": "received", "limit": 1}), &["Lò Văn Tú"])]
#[case::beyond_the_page(json!({"text": "", "status": "returned", "limit": 1}), &["Hoàng Văn Ký"])]
fn a_filter_leaves_exactly(#[case] args: Value, #[case] names: &[&str]) {
    assert_eq!(found(&week(), args), names);
}

#[test]
fn what_no_index_serves_looks_back_a_year_unless_a_day_is_named() {
    let branch = week();
    branch.pass(400 * DAY);
    let overdue = json!({"text": "", "overdue": true});
    assert_eq!(found(&branch, overdue), Vec::<String>::new());
    let since = json!({"text": "", "overdue": true, "from": "2026-11-01"});
    assert_eq!(found(&branch, since).len(), 3);
    assert_eq!(found(&branch, json!({"text": ""})).len(), 4);
}

#[rstest]
#[case::turned_round(json!({"text": "", "from": "2026-11-25", "to": "2026-11-24"}), Code::DateInvalid, "from")]
#[case::no_such_day(json!({"text": "", "from": "2026-11-31"}), Code::ArgumentInvalid, "from")]
#[case::no_such_status(json!({"text": "", "status": "lost"}), Code::ArgumentInvalid, "status")]
#[case::not_a_yes(json!({"text": "", "overdue": "yes"}), Code::ArgumentInvalid, "overdue")]
fn a_filter_that_is_none_is_refused(#[case] args: Value, #[case] code: Code, #[case] field: &str) {
    let refusal = TestBranch::demo().refused(OFFICER, "case.search", args);
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (code, Some(field))
    );
}
