//! The life of a case after it was taken in: every act by its verb, its paper, its refusals, two
//! officers at once.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SUPERVISOR, TestBranch, case, id};
use rstest::rstest;
use serde_json::{Value, json};

const DAY: i64 = 24 * 60 * MINUTE;

struct Life {
    branch: TestBranch,
    id: String,
}

impl Life {
    fn new() -> Self {
        Self::of(case())
    }

    fn of(args: Value) -> Self {
        let branch = TestBranch::demo();
        let id = id(&branch.ok(OFFICER, "case.receive", args)["case_id"]);
        Self { branch, id }
    }

    fn with(&self, more: Value) -> Value {
        let mut args = json!({"id": self.id});
        if let (Some(args), Some(more)) = (args.as_object_mut(), more.as_object()) {
            args.extend(more.clone());
        }
        args
    }

    fn act(&self, name: &str, more: Value) -> Value {
        self.branch.ok(OFFICER, name, self.with(more))
    }

    fn refused(&self, name: &str, more: Value) -> (Code, Option<String>, String) {
        let before = self.branch.events();
        let refusal = self.branch.refused(OFFICER, name, self.with(more));
        assert_eq!(self.branch.events(), before, "a refusal writes nothing");
        (refusal.code, refusal.field, refusal.message)
    }

    fn view(&self) -> Value {
        self.branch.ok(OFFICER, "case.get", json!({"id": self.id}))
    }

    fn print(&self, kind: &str) -> Value {
        self.branch.ok(
            OFFICER,
            "print.submit",
            json!({"kind": kind, "id": self.id}),
        )
    }

    fn can(&self) -> Vec<String> {
        let view = self.view();
        let acts = view["can"].as_array().unwrap();
        acts.iter().map(|each| id(&each["act"])).collect()
    }

    fn found(&self, filter: Value) -> usize {
        let mut args = json!({"text": ""});
        args.as_object_mut()
            .unwrap()
            .extend(filter.as_object().unwrap().clone());
        let rows = self.branch.ok(OFFICER, "case.search", args);
        rows.as_array().unwrap().len()
    }
}

fn supplement() -> Value {
    json!({"papers": [{"name": "Giấy chứng sinh", "originals": 1}], "reason": "Thiếu giấy chứng sinh"})
}

#[test]
fn a_case_goes_its_whole_way_with_its_papers() {
    let life = Life::new();
    let first = life.view();
    assert_eq!(first["revision"], 0);
    assert_eq!(life.print("receipt")["reprint"], false);

    life.branch.pass(DAY);
    let asked = life.act("case.request_supplement", supplement());
    assert_eq!(asked["paper"], "supplement");
    assert_eq!(asked["view"]["case"]["status"], "supplement_requested");
    assert_eq!(
        asked["view"]["due_at"],
        Value::Null,
        "the limit stands still"
    );
    assert_eq!(life.print("supplement")["reprint"], false);
    assert_eq!(life.print("supplement")["reprint"], true);
    assert_eq!(life.found(json!({"status": "supplement_requested"})), 1);
    assert_eq!(life.found(json!({"status": "received"})), 0);

    life.branch.pass(DAY);
    let complete = life.act("case.complete_supplement", json!({}));
    assert_eq!(complete["paper"], "receipt");
    assert_eq!(complete["view"]["case"]["status"], "received");
    assert_ne!(complete["view"]["due_at"], first["due_at"], "counted anew");
    assert_eq!(
        life.print("receipt")["reprint"],
        false,
        "the receipt tells another beginning, so it is another paper"
    );

    life.branch.pass(MINUTE);
    let handed = life.act(
        "case.hand_over",
        json!({"to": "Phòng Tư pháp", "receiver": "Lê Văn Bình"}),
    );
    assert_eq!(handed["paper"], "control");
    life.print("control");
    life.branch.pass(DAY);
    life.act("case.take_back", json!({"reason": "nhầm nơi giải quyết"}));
    life.act("case.hand_over", json!({"to": "Phòng Nội vụ"}));
    life.branch.pass(DAY);
    let done = life.act(
        "case.receive_result",
        json!({"result": {"kind": "Giấy khai sinh", "number": "12/2026"}, "giver": "Trần Thị Cúc"}),
    );
    assert_eq!(done["view"]["case"]["status"], "done");
    assert_eq!(life.found(json!({"open": true})), 1);
    assert_eq!(life.can(), ["return_result"]);

    let to_another = json!({"recipient": {"to": "owner", "name": "Hoàng Văn Ký"}});
    let (code, field, _) = life.refused("case.return_result", to_another);
    assert_eq!(
        (code, field.as_deref()),
        (Code::AuthorisationMissing, Some("recipient.name"))
    );
    let without =
        json!({"recipient": {"to": "proxy", "name": "Hoàng Văn Ký", "authorisation": ""}});
    let (code, field, _) = life.refused("case.return_result", without);
    assert_eq!(
        (code, field.as_deref()),
        (Code::AuthorisationMissing, Some("recipient.authorisation"))
    );
    life.branch.pass(MINUTE);
    let returned = life.act(
        "case.return_result",
        json!({"recipient": {"to": "proxy", "name": "Hoàng Văn Ký", "phone": "0912 345 678",
            "authorisation": "số 12 ngày 20/11/2026, UBND phường chứng thực"}}),
    );
    assert_eq!(returned["paper"], "return_slip");
    assert_eq!(life.print("return_slip")["reprint"], false);
    assert_eq!(life.can(), Vec::<String>::new());
    assert_eq!(life.found(json!({"open": true})), 0);

    let view = life.view();
    let told: Vec<String> = view["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| id(&line["text"]))
        .filter(|text| !text.starts_with("In "))
        .collect();
    // Right when an officer could read it out to the citizen.
    insta::assert_snapshot!(told.join("\n"));
    life.branch.assert_sound();
    let dump = life.branch.dump();
    life.branch.app().rebuild().unwrap();
    assert_eq!(life.branch.dump(), dump, "a rebuild comes to the same");
}

#[rstest]
#[case::refused("case.refuse", json!({"reason": "Không thuộc thẩm quyền"}), "refused", Some("refusal"))]
#[case::withdrawn("case.withdraw", json!({"reason": "Công dân đổi ý"}), "withdrawn", Some("withdrawal_note"))]
#[case::stopped("case.stop", json!({"reason": "Có đơn khiếu nại"}), "stopped", Some("stop_notice"))]
fn an_act_ends_the_case_and_needs_its_reason(
    #[case] name: &str,
    #[case] args: Value,
    #[case] status: &str,
    #[case] paper: Option<&str>,
) {
    let life = Life::new();
    for nothing in [json!({}), json!({"reason": "   "})] {
        let (code, field, _) = life.refused(name, nothing);
        assert_eq!(
            (code, field.as_deref()),
            (Code::FieldRequired, Some("reason"))
        );
    }
    let done = life.act(name, args.clone());
    assert_eq!(done["view"]["case"]["status"], status);
    assert_eq!(done["paper"].as_str(), paper);
    assert_eq!(life.found(json!({"status": status})), 1);
    assert_eq!(life.found(json!({"open": true})), 0);
    // Nothing is awaited in the list any more; what was promised stays with the case.
    let rows = life.branch.ok(
        OFFICER,
        "case.search",
        json!({"text": "", "status": status}),
    );
    assert_eq!(rows[0]["due_at"], Value::Null);
    assert!(done["view"]["due_at"].is_string());
    let (code, field, message) = life.refused(name, args);
    assert_eq!((code, field.as_deref()), (Code::CaseStatus, Some("id")));
    assert!(message.contains("Chưa ghi gì"), "{message}");
    // However long it lies there, it is not overdue.
    life.branch.pass(90 * DAY);
    assert_eq!(life.found(json!({"overdue": true})), 0);
    life.branch.assert_sound();
}

#[test]
fn the_second_of_two_officers_is_told_what_the_first_did() {
    let life = Life::new();
    let seen = life.view()["revision"].clone();
    life.act(
        "case.hand_over",
        json!({"to": "Phòng Tư pháp", "expected": seen}),
    );
    let late = json!({"reason": "Thiếu chữ ký", "expected": seen});
    let (code, field, message) = life.refused("case.refuse", late);
    assert_eq!(
        (code, field.as_deref()),
        (Code::CaseChanged, Some("expected"))
    );
    assert!(
        message.contains("Chuyển hồ sơ đến Phòng Tư pháp"),
        "{message}"
    );
    assert!(message.contains("08:00"), "{message}");
    // Printing changes nothing that somebody could have looked past.
    let now = life.view()["revision"].clone();
    life.print("receipt");
    life.act(
        "case.refuse",
        json!({"reason": "Thiếu chữ ký", "expected": now}),
    );
}

#[test]
fn an_apology_moves_the_date_once() {
    let life = Life::new();
    let due = id(&life.view()["due_at"]);
    let new = json!({"date": "2027-01-11", "reason": "Hồ sơ cần xác minh thêm"});
    let done = life.act("case.postpone", new.clone());
    assert_eq!(done["paper"], "apology");
    assert_ne!(id(&done["view"]["due_at"]), due);
    assert_eq!(
        life.found(json!({"due_on": "2027-01-11"})),
        1,
        "found by the new date"
    );
    let (code, field, _) = life.refused("case.postpone", new);
    assert_eq!(
        (code, field.as_deref()),
        (Code::CasePostponedBefore, Some("date"))
    );
    let view = life.view();
    let postpone = view["can"]
        .as_array()
        .unwrap()
        .iter()
        .find(|each| each["act"] == "postpone")
        .unwrap();
    assert!(postpone["why_not"].as_str().unwrap().contains("một lần"));
    life.branch.assert_sound();
}

#[test]
fn a_second_request_warns_before_it_is_made() {
    let life = Life::new();
    life.act("case.request_supplement", supplement());
    life.act("case.complete_supplement", json!({}));
    let view = life.view();
    let again = view["can"]
        .as_array()
        .unwrap()
        .iter()
        .find(|each| each["act"] == "request_supplement")
        .unwrap();
    assert_eq!(again["why_not"], Value::Null);
    assert_eq!(again["warnings"].as_array().unwrap().len(), 1);
    life.branch.pass(MINUTE);
    life.act("case.request_supplement", supplement());
    assert_eq!(
        life.print("supplement")["reprint"],
        false,
        "a paper of its own"
    );
}

#[rstest]
#[case::supplement("supplement")]
#[case::refusal("refusal")]
#[case::apology("apology")]
#[case::control("control")]
#[case::return_slip("return_slip")]
fn a_paper_of_an_act_that_was_not_done_is_refused(#[case] kind: &str) {
    let life = Life::new();
    let (code, field, _) = life.refused("print.submit", json!({"kind": kind}));
    assert_eq!(
        (code, field.as_deref()),
        (Code::DocumentUnknown, Some("kind"))
    );
    let refusal = life.branch.refused(
        OFFICER,
        "document.render",
        json!({"kind": kind, "id": life.id}),
    );
    assert_eq!(refusal.code, Code::DocumentUnknown);
}

#[test]
fn every_paper_is_a_pdf_that_names_the_case() {
    let life = Life::new();
    let rendered = |kind: &str| {
        let answer = life.branch.ok(
            OFFICER,
            "document.render",
            json!({"kind": kind, "id": life.id}),
        );
        let bytes = STANDARD.decode(id(&answer["content_base64"])).unwrap();
        assert!(bytes.starts_with(b"%PDF"), "{kind}");
        assert!(id(&answer["file_name"]).starts_with("H99"), "{answer}");
    };
    life.act("case.request_supplement", supplement());
    rendered("supplement");
    life.act("case.complete_supplement", json!({}));
    rendered("receipt");
    life.act(
        "case.postpone",
        json!({"date": "2027-01-18", "reason": "bận"}),
    );
    rendered("apology");
    life.act("case.hand_over", json!({"to": "Phòng Tư pháp"}));
    rendered("control");
    life.act("case.receive_result", json!({}));
    life.act(
        "case.return_result",
        json!({"recipient": {"to": "post", "waybill": "EA123456789VN", "address": "Số 5, Hà Nội"}}),
    );
    rendered("return_slip");
    let refused = Life::new();
    refused.act("case.refuse", json!({"reason": "Không thuộc thẩm quyền"}));
    let answer = refused.branch.ok(
        OFFICER,
        "document.render",
        json!({"kind": "refusal", "id": refused.id}),
    );
    assert_eq!(answer["media_type"], "application/pdf");
}

#[rstest]
#[case::nothing_asked("case.request_supplement", json!({"reason": "x"}), Code::FieldRequired, "content")]
#[case::no_count("case.request_supplement", json!({"papers": [{"name": "A"}], "reason": "x"}), Code::PaperCountInvalid, "papers[0].originals")]
#[case::no_such_paper("case.request_supplement", json!({"papers": [{"index": 9, "name": "A", "originals": 1}], "reason": "x"}), Code::PaperIndexInvalid, "papers[0].index")]
#[case::below_nought("case.request_supplement", json!({"papers": [{"name": "A", "originals": -1}], "reason": "x"}), Code::ArgumentInvalid, "papers[0].originals")]
#[case::nowhere("case.hand_over", json!({"to": " "}), Code::FieldRequired, "to")]
#[case::too_long("case.refuse", json!({"reason": "x".repeat(1001)}), Code::FieldTooLong, "reason")]
#[case::marks("case.refuse", json!({"reason": "a\u{202E}b"}), Code::FieldCharacters, "reason")]
#[case::holiday("case.postpone", json!({"date": "2027-01-01", "reason": "x"}), Code::DateInvalid, "date")]
#[case::no_date("case.postpone", json!({"date": "2027-02-30", "reason": "x"}), Code::ArgumentInvalid, "date")]
#[case::not_supplemented("case.complete_supplement", json!({}), Code::CaseStatus, "id")]
#[case::not_away("case.take_back", json!({"reason": "x"}), Code::CaseStatus, "id")]
#[case::no_result("case.return_result", json!({"recipient": {"to": "owner", "name": ""}}), Code::CaseStatus, "id")]
#[case::seen_too_much("case.stop", json!({"reason": "x", "expected": 7}), Code::CaseChanged, "expected")]
fn bad_input_names_its_field(
    #[case] name: &str,
    #[case] args: Value,
    #[case] code: Code,
    #[case] field: &str,
) {
    let refusal = Life::new().refused(name, args);
    assert_eq!((refusal.0, refusal.1.as_deref()), (code, Some(field)));
}

#[test]
fn a_result_at_once_has_no_way_on() {
    let mut args = case();
    args["instant"] = json!(true);
    let life = Life::of(args);
    assert_eq!(life.can(), Vec::<String>::new());
    let (code, ..) = life.refused("case.refuse", json!({"reason": "x"}));
    assert_eq!(code, Code::CaseStatus);
}

#[test]
fn reception_hands_out_results_and_does_nothing_else_to_a_case() {
    let life = Life::new();
    life.act("case.receive_result", json!({}));
    let branch = &life.branch;
    let mut document = branch.ok(SUPERVISOR, "branch.get", json!({}))["branch"].clone();
    document["officers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"id": "tiep-don-moi", "name": "Lý Thị Đón", "roles": ["reception"]}));
    branch.ok("quan-tri", "branch.configure", json!({"branch": document}));
    let refusal = branch.refused(
        "tiep-don-moi",
        "case.stop",
        life.with(json!({"reason": "x"})),
    );
    assert_eq!(refusal.code, Code::NotAllowed);
    branch.ok(
        "tiep-don-moi",
        "case.return_result",
        life.with(json!({"recipient": {"to": "owner", "name": ""}})),
    );
}

/// A result booked into the wrong case: taken back, with everything on record.
#[test]
fn the_last_act_is_taken_back_and_both_stay_in_the_history() {
    let life = Life::new();
    let before = life.view();
    assert_eq!(before["undo"], Value::Null, "no act yet");
    life.act("case.receive_result", json!({}));
    let undo = json!({"id": life.id, "reason": "nhầm hồ sơ bên cạnh"});
    let other = life.branch.refused("dung", "case.undo", undo.clone());
    assert_eq!(other.code, Code::NotAllowed);
    assert_eq!(life.view()["undo"]["why_not"], Value::Null);
    let mut seen = undo.clone();
    seen["expected"] = json!(0);
    assert_eq!(
        life.branch.refused(OFFICER, "case.undo", seen).code,
        Code::CaseChanged
    );
    let done = life.branch.ok(OFFICER, "case.undo", undo.clone());
    assert_eq!(done["told"], json!([]), "nobody was told");
    let view = &done["view"];
    assert_eq!(view["case"]["status"], before["case"]["status"]);
    assert_eq!(view["due_at"], before["due_at"]);
    assert_eq!(view["can"], before["can"]);
    assert_eq!(view["revision"], 2);
    let history: Vec<(String, bool)> = view["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (id(&line["kind"]), line["undone"] == json!(true)))
        .collect();
    let kinds: Vec<(&str, bool)> = history.iter().map(|(k, u)| (&**k, *u)).collect();
    assert_eq!(
        kinds,
        [
            ("case.received", false),
            ("case.result_received", true),
            ("case.act_undone", false)
        ]
    );
    let last = id(&view["history"][2]["text"]);
    assert!(
        last.contains("nhận kết quả") && last.contains("nhầm hồ sơ bên cạnh"),
        "{last}"
    );
    let again = life.branch.refused(OFFICER, "case.undo", undo);
    assert_eq!(again.code, Code::CaseStatus, "there is nothing more");
    life.branch.assert_sound();
}

#[test]
fn a_list_of_a_hand_over_loses_whoever_was_taken_back() {
    let branch = TestBranch::demo();
    let taken = || id(&branch.ok(OFFICER, "case.receive", case())["case_id"]);
    let (one, two) = (taken(), taken());
    branch.ok(
        OFFICER,
        "case.hand_over_many",
        json!({"ids": [one, two], "to": "Phòng Tư pháp"}),
    );
    branch.pass(MINUTE);
    branch.ok(
        OFFICER,
        "case.undo",
        json!({"id": one, "reason": "chưa đủ giấy"}),
    );
    let common = json!({"ids": [one, two]});
    let kinds = branch.ok(OFFICER, "case.common_papers", common);
    assert!(
        kinds.as_array().unwrap().contains(&json!("receipt")),
        "{kinds}"
    );
    assert!(
        !kinds.as_array().unwrap().contains(&json!("control")),
        "{kinds}"
    );
    let job = branch.ok(
        OFFICER,
        "print.submit",
        json!({"kind": "hand_over_list", "id": two}),
    );
    assert_eq!(job["reprint"], false);
    let kinds = |case: &str| {
        id(&json!(
            branch.ok(OFFICER, "case.get", json!({"id": case}))["history"].to_string()
        ))
    };
    assert!(kinds(&two).contains("document_printed"));
    assert!(
        !kinds(&one).contains("document_printed"),
        "it is not on that list"
    );
    branch.assert_sound();
}

#[test]
fn a_list_that_was_taken_back_and_made_again_holds_all_again() {
    let branch = TestBranch::demo();
    let taken = || branch.ok(OFFICER, "case.receive", case());
    let (one, two) = (taken(), taken());
    let ids = json!([one["case_id"], two["case_id"]]);
    for to in ["Phòng Nội vụ", "Phòng Tư pháp"] {
        branch.ok(
            OFFICER,
            "case.hand_over_many",
            json!({"ids": ids, "to": to}),
        );
        branch.pass(MINUTE);
        if to == "Phòng Nội vụ" {
            for case in ids.as_array().unwrap() {
                branch.ok(
                    OFFICER,
                    "case.undo",
                    json!({"id": case, "reason": "nhầm phòng"}),
                );
            }
            branch.pass(MINUTE);
        }
    }
    let list = json!({"kind": "hand_over_list", "id": one["case_id"]});
    let text = crate::papers::words(&branch.ok(OFFICER, "document.render", list.clone()));
    for want in [
        &one["case_code"],
        &two["case_code"],
        &json!("Phòng Tư pháp"),
    ] {
        assert!(text.contains(want.as_str().unwrap()), "{want}: {text}");
    }
    branch.ok(OFFICER, "print.submit", list);
    for case in ids.as_array().unwrap() {
        let view = branch.ok(OFFICER, "case.get", json!({"id": case}));
        let printed = view["papers"].as_array().unwrap().iter();
        let printed: Vec<_> = printed.filter(|p| p["kind"] == "hand_over_list").collect();
        assert_eq!(printed[0]["prints"], 1, "{view}");
    }
    branch.assert_sound();
}

#[test]
fn what_would_be_due_and_what_is_missing_are_told_with_the_case() {
    let life = Life::new();
    life.act("case.request_supplement", supplement());
    let can = |view: &Value| {
        let mut acts = view["can"].as_array().unwrap().iter();
        acts.find(|a| a["act"] == "complete_supplement").unwrap()["due_at"].clone()
    };
    let foretold = can(&life.view());
    assert!(foretold.is_string());
    let done = life.act("case.complete_supplement", json!({}));
    assert_eq!(done["view"]["due_at"], foretold);
    // Nothing runs before the agency that is competent has it.
    let branch = TestBranch::demo();
    let mut args = case();
    args["on_behalf"] = json!({"competent": "UBND phường Khác"});
    let case = branch.ok(OFFICER, "case.receive", args)["case_id"].clone();
    let mut asks = supplement();
    asks["id"] = case.clone();
    branch.ok(OFFICER, "case.request_supplement", asks);
    let view = branch.ok(OFFICER, "case.get", json!({"id": case}));
    assert_eq!(can(&view), Value::Null);
}

#[test]
fn after_an_apology_the_new_date_is_explained_and_the_old_one_is_former() {
    let life = Life::new();
    let before = life.view();
    assert_eq!(before["former"], Value::Null);
    let done = life.act(
        "case.postpone",
        json!({"date": "2027-01-11", "reason": "chờ xác minh"}),
    );
    let because = done["view"]["because"].to_string();
    assert!(
        because.contains("11/01/2027") && because.contains("chờ xác minh"),
        "{because}"
    );
    assert_eq!(done["view"]["former"], before["because"]);
    assert!(!before["because"].to_string().contains("chưa đối chiếu"));
}

#[rstest]
#[case::cash(json!({"amount": 8000, "method": "cash"}), "fee.paid", "Thu 8.000 đồng, tiền mặt.")]
#[case::exempt(json!({"amount": 8000, "method": "exempt", "ground": "hộ nghèo"}), "fee.charged", "Miễn phí, lệ phí. Căn cứ: hộ nghèo.")]
#[case::unpaid(json!({"amount": 8000, "method": "unpaid"}), "fee.charged", "Mức phí, lệ phí: 8.000 đồng.")]
fn money_at_reception_stands_in_the_history(
    #[case] fee: Value,
    #[case] kind: &str,
    #[case] text: &str,
) {
    let branch = TestBranch::demo();
    let mut args = case();
    args["fee"] = fee;
    let taken = branch.ok(OFFICER, "case.receive", args);
    let view = branch.ok(OFFICER, "case.get", json!({"id": taken["case_id"]}));
    let line = &view["history"][1];
    assert_eq!(line["kind"], kind);
    assert!(id(&line["text"]).starts_with(text), "{line}");
}

#[test]
fn a_second_apology_after_one_that_was_printed_and_taken_back_says_so_first() {
    let life = Life::new();
    let warned = |life: &Life| {
        let view = life.view();
        let can = view["can"].as_array().unwrap().iter();
        let postpone = can.clone().find(|can| can["act"] == "postpone").unwrap();
        postpone["warnings"]
            .as_array()
            .is_some_and(|all| all.iter().any(|w| id(w).contains("thu lại")))
    };
    let postpone = json!({"id": life.id, "reason": "chờ xác minh", "date": "2026-12-30"});
    let undo = json!({"id": life.id, "reason": "nhầm ngày"});
    life.branch.ok(OFFICER, "case.postpone", postpone.clone());
    life.branch.ok(OFFICER, "case.undo", undo.clone());
    assert!(!warned(&life), "nothing was printed");
    life.branch.ok(OFFICER, "case.postpone", postpone);
    let print = json!({"kind": "apology", "id": life.id});
    life.branch.ok(OFFICER, "print.submit", print);
    life.branch.ok(OFFICER, "case.undo", undo);
    assert!(warned(&life));
}
