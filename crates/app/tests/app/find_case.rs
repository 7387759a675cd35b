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
fn a_filter_looks_back_as_far_as_there_are_cases() {
    let branch = week();
    branch.pass(400 * DAY);
    let overdue = json!({"text": "", "overdue": true});
    assert_eq!(found(&branch, overdue).len(), 3);
    let until = json!({"text": "", "overdue": true, "to": "2026-11-26"});
    assert_eq!(found(&branch, until).len(), 2);
}

/// One case of each kind, on the same day: what an officer types finds exactly it.
fn one_of_each() -> TestBranch {
    let branch = TestBranch::demo();
    let taken = |name: &str, more: Value| {
        let mut args = case();
        args["applicant"] = json!({"kind": "individual", "name": name});
        args.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        id(&branch.ok(OFFICER, "case.receive", args)["case_id"])
    };
    let act = |verb: &str, case: &str, more: Value| {
        let mut args = more;
        args["id"] = json!(case);
        branch.ok(OFFICER, verb, args);
    };
    let refused = taken("Lò Thị Mai", json!({}));
    act(
        "case.refuse",
        &refused,
        json!({"reason": "không thuộc thẩm quyền"}),
    );
    let withdrawn = taken("Hoàng Văn Ký", json!({}));
    act("case.withdraw", &withdrawn, json!({"reason": "xin rút"}));
    let stopped = taken("Lương Thị Sen", json!({}));
    act("case.stop", &stopped, json!({"reason": "theo văn bản"}));
    let posted = taken("Mùa A Chu", json!({}));
    act("case.receive_result", &posted, json!({}));
    act(
        "case.return_result",
        &posted,
        json!({"recipient": {"to": "post", "waybill": "EB123456789VN", "address": "Bản Lướt"}}),
    );
    let by_proxy = taken("Giàng A Páo", json!({}));
    act("case.receive_result", &by_proxy, json!({}));
    act(
        "case.return_result",
        &by_proxy,
        json!({"recipient": {"to": "proxy", "name": "Quàng Thị Inh", "authorisation": "số 12"}}),
    );
    taken(
        "Vàng Thị Dợ",
        json!({"online": {"code": "G15.20-261129-0007"}}),
    );
    taken(
        "Sùng A Lử",
        json!({"applicant": {"kind": "individual", "name": "Sùng A Lử", "phone": "0912000111", "id_number": "001190000003"}}),
    );
    taken("Tú Chơi", json!({}));
    branch
}

#[rstest]
#[case::refused("từ chối", &["Lò Thị Mai"])]
#[case::a_name_with_marks_is_a_name("Tú Chơi", &["Tú Chơi"])]
#[case::withdrawn("đã rút", &["Hoàng Văn Ký"])]
#[case::withdrawn_bare("da rut", &["Hoàng Văn Ký"])]
#[case::stopped("dừng xử lý", &["Lương Thị Sen"])]
#[case::words_and_status("sen dừng xử lý", &["Lương Thị Sen"])]
#[case::words_of_another("mai dừng xử lý", &[])]
#[case::the_day("23/11/2026 đã rút", &["Hoàng Văn Ký"])]
#[case::another_day("22/11/2026 đã rút", &[])]
#[case::waybill("EB123456789VN", &["Mùa A Chu"])]
#[case::proxy("quang thi inh", &["Giàng A Páo"])]
#[case::portal_code("G15.20-261129-0007", &["Vàng Thị Dợ"])]
#[case::online("trực tuyến", &["Vàng Thị Dợ"])]
#[case::phone("0912000111", &["Sùng A Lử"])]
#[case::phone_as_it_is_printed("0912 000 111", &["Sùng A Lử"])]
#[case::phone_with_points("0912.000.111", &["Sùng A Lử"])]
#[case::phone_from_abroad("+84 912 000 111", &["Sùng A Lử"])]
#[case::phone_without_its_nought("912000111", &["Sùng A Lử"])]
#[case::beginning_of_a_phone("091200", &["Sùng A Lử"])]
#[case::card_in_groups("lử 001 190 000 003", &["Sùng A Lử"])]
#[case::another_phone("0912 000 112", &[])]
fn what_is_typed_finds(#[case] text: &str, #[case] names: &[&str]) {
    assert_eq!(found(&one_of_each(), json!({"text": text})), names);
}

#[test]
fn a_phone_that_was_changed_finds_the_case() {
    let branch = one_of_each();
    let case = branch.ok(OFFICER, "case.search", json!({"text": "mai"}))[0]["case_id"].clone();
    let changed = json!({"id": case, "consent": "agreed", "phone": "0987654321"});
    branch.ok(OFFICER, "case.set_contact", changed);
    assert_eq!(
        found(&branch, json!({"text": "0987 654 321"})),
        ["Lò Thị Mai"]
    );
    let shown = branch.ok(OFFICER, "case.get", json!({"id": case}));
    let said = shown["history"].as_array().unwrap().iter();
    let lines = said.filter(|line| line["kind"] == "case.contact_changed");
    assert_eq!(lines.count(), 1, "{}", shown["history"]);
}

#[test]
fn a_procedure_is_found_by_name_and_code_and_a_day_as_it_is_written() {
    let branch = one_of_each();
    let row = &branch.ok(OFFICER, "case.search", json!({"text": "mai"}))[0];
    for text in [
        id(&row["procedure_code"]),
        id(&row["procedure_name"]),
        "23/11/2026".to_owned(),
        "23/11".to_owned(),
        "11/2026".to_owned(),
    ] {
        assert_eq!(found(&branch, json!({"text": text})).len(), 8, "{text}");
    }
    assert_eq!(
        branch.ok(
            OFFICER,
            "case.understood",
            json!({"text": "khai sinh 23/11/2026 từ chối"})
        ),
        json!({"words": "khai sinh", "narrowed": ["nhận ngày 23/11/2026", "hồ sơ không được tiếp nhận"]})
    );
}

#[test]
fn the_code_of_the_portal_opens_its_case() {
    let branch = one_of_each();
    let view = branch.ok(OFFICER, "case.get", json!({"code": "g15.20-261129-0007"}));
    assert_eq!(view["case"]["applicant"]["name"], "Vàng Thị Dợ");
}

#[test]
fn of_work_to_be_done_the_online_ones_come_first() {
    let branch = one_of_each();
    for filter in [
        json!({"text": "", "open": true}),
        json!({"text": "", "status": "received"}),
    ] {
        assert_eq!(
            found(&branch, filter),
            ["Vàng Thị Dợ", "Tú Chơi", "Sùng A Lử"]
        );
    }
    let all = found(&branch, json!({"text": ""}));
    assert_eq!(all[0], "Tú Chơi", "the newest of all is the newest");
}

/// Whatever is asked, page after page is the whole list, each case once.
#[rstest]
#[case::all(json!({"text": ""}))]
#[case::day(json!({"text": "", "from": "2026-11-23"}))]
#[case::open(json!({"text": "", "open": true}))]
#[case::closed(json!({"text": "", "status": "refused"}))]
#[case::words(json!({"text": "hu"}))]
#[case::words_and_status(json!({"text": "hu", "status": "received"}))]
#[case::beginnings(json!({"text": "ng hu"}))]
fn pages_are_the_whole_list(#[case] args: Value) {
    let branch = TestBranch::demo();
    for (n, name) in ["Nguyễn Văn Hứ", "Nguyễn Thị Hương", "Ngô Hú", "Ngô Hưng"]
        .iter()
        .cycle()
        .take(22)
        .enumerate()
    {
        let mut taken = case();
        taken["applicant"] = json!({"kind": "individual", "name": format!("{name} {n}")});
        if n % 3 == 0 {
            taken["online"] = json!({"code": format!("G15-{n}")});
        }
        let done = branch.ok(OFFICER, "case.receive", taken);
        if n % 4 == 1 {
            branch.ok(
                OFFICER,
                "case.refuse",
                json!({"id": done["case_id"], "reason": "sai"}),
            );
        }
    }
    let whole = found(&branch, args.clone());
    assert!(whole.len() > 4, "{whole:?}");
    let mut pages = Vec::new();
    let mut after = Value::Null;
    loop {
        let mut page = args.clone();
        page["limit"] = json!(3);
        if !after.is_null() {
            page["after"] = after;
        }
        let rows = branch.ok(OFFICER, "case.search", page);
        let rows = rows.as_array().unwrap();
        let Some(last) = rows.last() else { break };
        after = last["case_id"].clone();
        pages.extend(rows.iter().map(|row| id(&row["applicant"])));
        assert!(pages.len() <= whole.len(), "{pages:?}");
    }
    let (mut sorted, mut want) = (pages.clone(), whole);
    sorted.sort();
    want.sort();
    assert_eq!(sorted, want);
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
