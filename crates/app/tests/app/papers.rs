//! Several cases on one paper, papers of an end, cases for others,
//! online cases, the register book, batches.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SUPERVISOR, TestBranch, case, id};
use serde_json::{Value, json};

const DAY: i64 = 24 * 60 * MINUTE;

/// What another program reads on a paper, in one line.
pub(crate) fn words(rendered: &Value) -> String {
    let bytes = STANDARD
        .decode(rendered["content_base64"].as_str().unwrap())
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("paper.pdf");
    std::fs::write(&path, bytes).unwrap();
    let out = std::process::Command::new("pdftotext")
        .args(["-raw".as_ref(), path.as_os_str(), "-".as_ref()])
        .output()
        .unwrap();
    assert!(out.status.success());
    let text = String::from_utf8(out.stdout).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(crate) fn render(branch: &TestBranch, kind: &str, id: &str) -> String {
    words(&branch.ok(OFFICER, "document.render", json!({"kind": kind, "id": id})))
}

pub(crate) fn receive(branch: &TestBranch, more: Value) -> String {
    let mut args = case();
    args.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    id(&branch.ok(OFFICER, "case.receive", args)["case_id"])
}

pub(crate) fn view(branch: &TestBranch, case: &str) -> Value {
    branch.ok(OFFICER, "case.get", json!({"id": case}))
}

fn kinds(view: &Value) -> Vec<String> {
    let papers = view["papers"].as_array().unwrap();
    papers.iter().map(|p| id(&p["kind"])).collect()
}

fn prints(view: &Value, kind: &str) -> (u64, u64) {
    let papers = view["papers"].as_array().unwrap();
    let paper = papers.iter().find(|p| p["kind"] == kind).unwrap();
    (
        paper["prints"].as_u64().unwrap(),
        paper["earlier"].as_u64().unwrap(),
    )
}

#[test]
fn cases_of_one_visit_stand_on_one_receipt() {
    let branch = TestBranch::demo();
    let visit = branch.serving(1);
    let first = receive(
        &branch,
        json!({"visit_id": visit, "fee": {"amount": 8000, "method": "cash"}}),
    );
    assert!(
        !kinds(&view(&branch, &first)).contains(&"joint_receipt".to_owned()),
        "one is not several"
    );
    branch.pass(MINUTE);
    let second = receive(
        &branch,
        json!({"visit_id": visit, "fee": {"amount": 15000, "method": "unpaid"}}),
    );
    let text = render(&branch, "joint_receipt", &first);
    for case in [&first, &second] {
        let code = id(&view(&branch, case)["case_code"]);
        assert!(text.contains(&code), "{code}: {text}");
    }
    for want in [
        "GIẤY TIẾP NHẬN NHIỀU HỒ SƠ",
        "Số lượng hồ sơ: 02",
        "23.000 đồng",
        "Hai mươi ba nghìn đồng",
        "Liên 2",
    ] {
        assert!(text.contains(want), "{want}: {text}");
    }
    let job = branch.ok(
        OFFICER,
        "print.submit",
        json!({"kind": "joint_receipt", "id": second}),
    );
    assert_eq!(job["reprint"], false);
    assert_eq!(
        prints(&view(&branch, &first), "joint_receipt"),
        (1, 0),
        "it is a paper of both"
    );
    let job = branch.ok(
        OFFICER,
        "print.submit",
        json!({"kind": "joint_receipt", "id": first}),
    );
    assert_eq!(job["reprint"], true);
    branch.pass(MINUTE);
    receive(&branch, json!({"visit_id": visit}));
    assert_eq!(
        prints(&view(&branch, &first), "joint_receipt"),
        (0, 2),
        "with a third it is another"
    );
    branch.assert_sound();
}

#[test]
fn a_list_goes_to_a_department_whole_or_not_at_all() {
    let branch = TestBranch::demo();
    let first = receive(&branch, json!({}));
    let online = receive(&branch, json!({"online": {"code": "DVC-77"}}));
    let closed = receive(&branch, json!({}));
    branch.ok(
        OFFICER,
        "case.refuse",
        json!({"id": closed, "reason": "sai"}),
    );
    let before = branch.events();
    let args = json!({"ids": [first, online, closed], "to": "Phòng Tư pháp"});
    let refusal = branch.refused(OFFICER, "case.hand_over_many", args);
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::CaseStatus, Some("ids[2]"))
    );
    assert_eq!(branch.events(), before, "all or none");
    for ids in [json!([]), json!(vec![first.clone(); 201])] {
        let refusal = branch.refused(
            OFFICER,
            "case.hand_over_many",
            json!({"ids": ids, "to": "x"}),
        );
        assert_eq!(refusal.field.as_deref(), Some("ids"));
    }
    let done = branch.ok(
        OFFICER,
        "case.hand_over_many",
        json!({"ids": [first, online, first], "to": "Phòng Tư pháp", "receiver": "Lê Văn Bình"}),
    );
    assert_eq!(
        done["ids"],
        json!([online, first]),
        "online first, each once"
    );
    assert_eq!(view(&branch, &first)["case"]["status"], "processing");
    let text = render(&branch, "hand_over_list", &first);
    for want in [
        "DANH SÁCH BÀN GIAO HỒ SƠ",
        "Phòng Tư pháp",
        "Lê Văn Bình",
        "Số lượng hồ sơ: 02",
        "Trực tuyến, ưu tiên",
    ] {
        assert!(text.contains(want), "{want}: {text}");
    }
    branch.ok(
        OFFICER,
        "print.submit",
        json!({"kind": "hand_over_list", "id": first}),
    );
    assert_eq!(prints(&view(&branch, &online), "hand_over_list"), (1, 0));
    branch.assert_sound();
}

#[test]
fn a_control_slip_counts_its_prints_over_its_hops() {
    let branch = TestBranch::demo();
    let case = receive(&branch, json!({}));
    branch.ok(
        OFFICER,
        "case.hand_over",
        json!({"id": case, "to": "Phòng Tư pháp"}),
    );
    branch.ok(
        OFFICER,
        "print.submit",
        json!({"kind": "control", "id": case}),
    );
    assert_eq!(prints(&view(&branch, &case), "control"), (1, 0));
    branch.pass(DAY);
    branch.ok(OFFICER, "case.receive_result", json!({"id": case}));
    assert_eq!(
        prints(&view(&branch, &case), "control"),
        (0, 1),
        "a line more, and still the slip that was printed"
    );
    let job = branch.ok(
        OFFICER,
        "print.submit",
        json!({"kind": "control", "id": case}),
    );
    assert_eq!(job["reprint"], false);
    assert_eq!(prints(&view(&branch, &case), "control"), (1, 1));
}

#[test]
fn requests_and_apologies_have_running_numbers() {
    let branch = TestBranch::demo();
    let (first, second) = (receive(&branch, json!({})), receive(&branch, json!({})));
    for (case, number) in [(&first, "Số: 0001/HDHS"), (&second, "Số: 0002/HDHS")] {
        branch.ok(
            OFFICER,
            "case.request_supplement",
            json!({"id": case, "content": "Sửa tờ khai", "reason": "sai ngày"}),
        );
        let text = render(&branch, "supplement", case);
        assert!(text.contains(number), "{text}");
    }
    let third = receive(&branch, json!({}));
    branch.ok(
        OFFICER,
        "case.postpone",
        json!({"id": third, "date": "2027-02-01", "reason": "chờ xác minh"}),
    );
    assert!(
        render(&branch, "apology", &third).contains("Số: 0001/PXL"),
        "a series of its own"
    );
    branch.assert_sound();
}

#[test]
fn an_end_without_a_result_has_its_paper() {
    let branch = TestBranch::demo();
    let fee = json!({"fee": {"amount": 8000, "method": "cash"}});
    for (verb, kind, want) in [
        (
            "case.withdraw",
            "withdrawal_note",
            "PHIẾU GHI NHẬN RÚT HỒ SƠ",
        ),
        (
            "case.stop",
            "stop_notice",
            "THÔNG BÁO DỪNG GIẢI QUYẾT HỒ SƠ",
        ),
    ] {
        let case = receive(&branch, fee.clone());
        let refusal = branch.refused(
            OFFICER,
            "document.render",
            json!({"kind": kind, "id": case}),
        );
        assert_eq!(refusal.code, Code::DocumentUnknown, "not before");
        let done = branch.ok(
            OFFICER,
            verb,
            json!({"id": case, "reason": "Công dân đổi ý"}),
        );
        assert_eq!(done["paper"], kind);
        let text = render(&branch, kind, &case);
        for want in [want, "Công dân đổi ý", "đã nộp 8.000 đồng"] {
            assert!(text.contains(want), "{want}: {text}");
        }
        // Its wording is not known; nobody may take this for it.
        assert!(!text.contains("Mẫu số 05"), "{text}");
    }
    let case = receive(&branch, json!({}));
    let rating = render(&branch, "rating_slip", &case);
    for want in [
        "PHIẾU ĐÁNH GIÁ",
        "Thái độ của cán bộ",
        "9 Việc cung cấp dịch vụ công trực tuyến",
    ] {
        assert!(rating.contains(want), "{want}: {rating}");
    }
}

#[test]
fn papers_that_follow_say_how_the_owner_is_reached_now_and_every_request_has_its_own() {
    let branch = TestBranch::demo();
    let case = receive(&branch, json!({}));
    let changed =
        json!({"id": case, "consent": "agreed", "phone": "0987654321", "email": "mai@example.vn"});
    branch.ok(OFFICER, "case.set_contact", changed);
    for content in ["Ảnh chân dung", "Bản sao có chứng thực"] {
        let asked = json!({"id": case, "reason": "thiếu", "content": content});
        branch.ok(OFFICER, "case.request_supplement", asked);
        let print = json!({"kind": "supplement", "id": case});
        assert_eq!(branch.ok(OFFICER, "print.submit", print)["reprint"], false);
        branch.ok(OFFICER, "case.complete_supplement", json!({"id": case}));
        branch.pass(MINUTE);
    }
    let paper = |part: Value| {
        let mut args = json!({"kind": "supplement", "id": case});
        if !part.is_null() {
            args["part"] = part;
        }
        words(&branch.ok(OFFICER, "document.render", args))
    };
    let (first, last) = (paper(json!(1)), paper(Value::Null));
    assert!(
        first.contains("Ảnh chân dung") && first.contains("0001/HDHS"),
        "{first}"
    );
    assert!(
        last.contains("Bản sao có chứng thực") && last.contains("0002/HDHS"),
        "{last}"
    );
    assert!(
        last.contains("0987 654 321") && last.contains("mai@example.vn"),
        "{last}"
    );
    let third = json!({"kind": "supplement", "id": case, "part": 3});
    let refused = branch.refused(OFFICER, "document.render", third);
    assert_eq!(refused.code, Code::DocumentUnknown);
    let printed = |part: u32| {
        let args = json!({"kind": "supplement", "id": case, "part": part});
        branch.ok(OFFICER, "print.submit", args)["reprint"].clone()
    };
    // Each was printed while it was the last.
    assert_eq!([printed(1), printed(2), printed(1)], [true, true, true]);
    let view = branch.ok(OFFICER, "case.get", json!({"id": case}));
    let listed: Vec<Value> = (view["papers"].as_array().unwrap().iter())
        .filter(|paper| paper["kind"] == "supplement")
        .map(|paper| json!([paper["part"], paper["prints"], paper["earlier"]]))
        .collect();
    assert_eq!(listed, [json!([1, 3, 0]), json!([2, 2, 0])]);
    // A job tells which it is: a broken one is not taken for another request's.
    let jobs = branch.ok(OFFICER, "print.jobs", json!({}));
    let mut parts: Vec<_> = (jobs.as_array().unwrap().iter())
        .map(|job| job["part"].as_u64().unwrap())
        .collect();
    parts.sort_unstable();
    assert_eq!(parts, [1, 1, 1, 2, 2]);
}

#[test]
fn whoever_acts_for_an_organisation_signs_for_it() {
    let branch = TestBranch::demo();
    let owner = json!({"kind": "enterprise", "name": "Công ty TNHH Mẫu", "id_number": "0100109106", "representative": "Nguyễn Văn Đại"});
    let case = receive(&branch, json!({"applicant": owner}));
    let text = render(&branch, "receipt", &case);
    assert!(text.contains("Người đại diện: Nguyễn Văn Đại"), "{text}");
    assert!(
        text.matches("Nguyễn Văn Đại").count() >= 4,
        "signs on both copies: {text}"
    );
    branch.ok(OFFICER, "case.refuse", json!({"id": case, "reason": "sai"}));
    let text = render(&branch, "refusal", &case);
    assert!(text.matches("Nguyễn Văn Đại").count() >= 2, "{text}");
}

#[test]
fn what_is_due_on_the_same_day_says_so() {
    let branch = TestBranch::demo();
    let limit = json!({"value": 0, "unit": "working_day"});
    let case = receive(&branch, json!({"limit": limit}));
    let text = render(&branch, "receipt", &case);
    assert!(text.contains("theo quy định là: Trả trong ngày"), "{text}");
}

#[test]
fn what_another_agency_took_over_stands_on_the_control_slip() {
    let branch = TestBranch::demo();
    let other = json!({"competent": "UBND phường Khác"});
    let case = receive(&branch, json!({"on_behalf": other}));
    branch.ok(
        OFFICER,
        "case.accept",
        json!({"id": case, "note": "Bưu tá giao"}),
    );
    let text = render(&branch, "control", &case);
    for want in [
        "giải quyết hồ sơ: UBND phường Khác",
        "2. Nhận: UBND phường Khác",
        "Bưu tá giao",
    ] {
        assert!(text.contains(want), "{want}: {text}");
    }
}

#[test]
fn a_case_for_another_agency_has_no_date_before_that_agency_has_it() {
    let branch = TestBranch::demo();
    let mut args = case();
    args["on_behalf"] = json!({"competent": " "});
    let refusal = branch.refused(OFFICER, "case.receive", args);
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::FieldRequired, Some("on_behalf.competent"))
    );
    let case = receive(
        &branch,
        json!({"on_behalf": {
        "help": "Điểm hỗ trợ thôn 3", "competent": "Ủy ban nhân dân phường An Khê"}}),
    );
    let before = view(&branch, &case);
    assert_eq!(before["due_at"], Value::Null);
    assert!(
        before["because"][0]
            .as_str()
            .unwrap()
            .contains("phường An Khê")
    );
    let receipt = render(&branch, "receipt", &case);
    for want in [
        "Nơi hỗ trợ: Điểm hỗ trợ thôn 3",
        "Nơi tiếp nhận: Bộ phận tiếp nhận và trả kết quả Phường Bình Minh",
        "Cơ quan có thẩm quyền giải quyết: Ủy ban nhân dân phường An Khê",
        "Tính từ khi cơ quan có thẩm quyền nhận được hồ sơ",
    ] {
        assert!(receipt.contains(want), "{want}: {receipt}");
    }
    branch.ok(
        OFFICER,
        "print.submit",
        json!({"kind": "receipt", "id": case}),
    );
    branch.pass(2 * DAY);
    let refusal = branch.refused(
        OFFICER,
        "case.accept",
        json!({"id": case, "at": "2026-11-20T08:00:00+07:00"}),
    );
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::DateInvalid, Some("at"))
    );
    let done = branch.ok(OFFICER, "case.accept", json!({"id": case}));
    assert_eq!(done["paper"], "receipt", "the receipt tells the date now");
    assert_ne!(done["view"]["due_at"], Value::Null);
    assert_eq!(done["view"]["case"]["status"], "processing");
    assert_eq!(prints(&done["view"], "receipt"), (0, 1));
    assert_eq!(
        branch
            .refused(OFFICER, "case.accept", json!({"id": case}))
            .code,
        Code::CaseStatus
    );
    branch.assert_sound();
}

#[test]
fn online_cases_are_marked_and_found() {
    let branch = TestBranch::demo();
    receive(&branch, json!({}));
    let online = receive(&branch, json!({"online": {"code": "DVC-2026-77"}}));
    let found = branch.ok(OFFICER, "case.search", json!({"text": "", "online": true}));
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(
        (&found[0]["case_id"], &found[0]["online"]),
        (&json!(online), &json!(true))
    );
    let both = branch.ok(
        OFFICER,
        "case.search",
        json!({"text": "mai", "online": true}),
    );
    assert_eq!(both.as_array().unwrap().len(), 1, "with words too");
    assert!(render(&branch, "receipt", &online).contains("Hồ sơ nộp trực tuyến, mã: DVC-2026-77"));
    let mut later = case();
    later["online"] = json!({"code": "X", "submitted_ms": 4_102_444_800_000_i64});
    let refusal = branch.refused(OFFICER, "case.receive", later);
    assert_eq!(refusal.field.as_deref(), Some("online.submitted_ms"));
}

#[test]
fn the_register_book_runs_on_through_the_year() {
    let branch = TestBranch::demo();
    let first = receive(&branch, json!({"return_method": "counter"}));
    branch.pass(DAY);
    let second = receive(
        &branch,
        json!({"applicant": {"kind": "individual", "name": "=HYPERLINK(\"x\")a"}}),
    );
    branch.ok(OFFICER, "case.receive_result", json!({"id": first}));
    branch.ok(
        OFFICER,
        "case.return_result",
        json!({"id": first, "recipient": {"to": "owner", "name": ""}}),
    );
    branch.ok(
        OFFICER,
        "case.withdraw",
        json!({"id": second, "reason": "đổi ý"}),
    );
    let book = branch.ok(OFFICER, "book.get", json!({}));
    let rows = book["rows"].as_array().unwrap();
    assert_eq!(
        rows.iter()
            .map(|r| r["number"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(
        (&book["year"], &book["last"], &book["more"]),
        (&json!(2026), &json!(2), &json!(false))
    );
    assert_eq!(rows[0]["taker"], "Lò Thị Mai");
    assert_eq!(rows[1]["note"], "Rút hồ sơ 24/11/2026");
    let one = branch.ok(OFFICER, "book.get", json!({"limit": 1}));
    assert_eq!(one["more"], true);
    let rest = branch.ok(OFFICER, "book.get", json!({"from": 2}));
    assert_eq!(rest["rows"].as_array().unwrap().len(), 1);
    let refusal = branch.refused(OFFICER, "book.get", json!({"from": 3, "to": 2}));
    assert_eq!(refusal.field.as_deref(), Some("from"));

    let report = json!({"list": "book", "year": 2026});
    let text = words(&branch.ok(OFFICER, "report.render", json!({"report": report})));
    for want in [
        "SỔ THEO DÕI HỒ SƠ",
        "Năm 2026",
        "Lò Thị Mai",
        "Từ số 1 đến số 2",
    ] {
        assert!(text.contains(want), "{want}: {text}");
    }
    let csv = branch.ok(
        OFFICER,
        "report.render",
        json!({"report": report, "format": "csv"}),
    );
    let bytes = STANDARD
        .decode(csv["content_base64"].as_str().unwrap())
        .unwrap();
    let csv = String::from_utf8(bytes).unwrap();
    assert!(csv.starts_with("\u{feff}STT,Mã hồ sơ"), "{csv}");
    assert!(
        csv.contains("\"'=HYPERLINK(\"\"x\"\")a\""),
        "no formula of a stranger is run: {csv}"
    );
    // The next year begins a book of its own.
    branch.pass(45 * DAY);
    receive(&branch, json!({}));
    let next = branch.ok(OFFICER, "book.get", json!({}));
    assert_eq!(
        (&next["year"], &next["rows"][0]["number"], &next["years"]),
        (&json!(2027), &json!(1), &json!([2027, 2026]))
    );
    let job = branch.ok(SUPERVISOR, "report.print", json!({"report": report}));
    assert_eq!(job["kind"], "register_book");
    branch.assert_sound();
}

#[test]
fn a_batch_prints_what_there_is_and_tells_what_there_is_not() {
    let branch = TestBranch::demo();
    let ids: Vec<String> = (0..3).map(|_| receive(&branch, json!({}))).collect();
    branch.ok(
        OFFICER,
        "print.submit",
        json!({"kind": "receipt", "id": ids[1]}),
    );
    let done = branch.ok(
        OFFICER,
        "print.batch",
        json!({"kind": "receipt", "ids": ids}),
    );
    let reprints: Vec<bool> = done["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|j| j["reprint"].as_bool().unwrap())
        .collect();
    assert_eq!(
        reprints,
        [false, true, false],
        "each as it would be by itself"
    );
    branch.ok(
        OFFICER,
        "case.hand_over",
        json!({"id": ids[0], "to": "Phòng Tư pháp"}),
    );
    let done = branch.ok(
        OFFICER,
        "print.batch",
        json!({"kind": "control", "ids": ids}),
    );
    assert_eq!(
        (
            done["jobs"].as_array().unwrap().len(),
            done["skipped"].as_array().unwrap().len()
        ),
        (1, 2)
    );
    for ids in [json!([]), json!(vec![ids[0].clone(); 201])] {
        let refusal = branch.refused(
            OFFICER,
            "print.batch",
            json!({"kind": "receipt", "ids": ids}),
        );
        assert_eq!(refusal.field.as_deref(), Some("ids"));
    }
    branch.assert_sound();
}
