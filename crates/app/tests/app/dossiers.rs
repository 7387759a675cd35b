//! Dossiers at the desk: not taken in and why, complete by now, and never twice.

use motcua_domain::Code;
use motcua_testkit::branch::{OFFICER, PROCEDURE, TestBranch, case, id};
use serde_json::{Value, json};

use crate::papers::{receive, render, view};

#[test]
fn a_dossier_is_refused_before_it_is_received() {
    let branch = TestBranch::demo();
    let visit = branch.serving(1);
    let args = |reason: &str| {
        json!({"visit_id": visit, "procedure_code": PROCEDURE, "reason": reason,
            "applicant": {"kind": "individual", "name": "Lò Thị Mai"}})
    };
    let refusal = branch.refused(OFFICER, "visit.refuse_dossier", args(" "));
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::FieldRequired, Some("reason"))
    );
    let mut nameless = args("sai");
    nameless["applicant"]["name"] = json!("");
    let refusal = branch.refused(OFFICER, "visit.refuse_dossier", nameless);
    assert_eq!(refusal.field.as_deref(), Some("applicant.name"));
    let done = branch.ok(
        OFFICER,
        "visit.refuse_dossier",
        args("Không thuộc thẩm quyền của phường."),
    );
    assert_eq!(done["part"], 1);
    let text = render(&branch, "dossier_refusal", &visit);
    for want in [
        "PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ",
        "Lò Thị Mai",
        "Không thuộc thẩm quyền của phường.",
    ] {
        assert!(text.contains(want), "{want}: {text}");
    }
    let print = json!({"kind": "dossier_refusal", "id": visit, "part": 1});
    assert_eq!(
        branch.ok(OFFICER, "print.submit", print.clone())["reprint"],
        false
    );
    assert_eq!(branch.ok(OFFICER, "print.submit", print)["reprint"], true);
    let found = branch.ok(OFFICER, "case.search", json!({"text": ""}));
    assert_eq!(found, json!([]), "no case comes of it");
    // Only of somebody who is at the desk.
    branch.leg(OFFICER, "leg.finish", &visit);
    assert_eq!(
        branch
            .refused(OFFICER, "visit.refuse_dossier", args("sai"))
            .code,
        Code::VisitState
    );
    branch.assert_sound();
}

#[test]
fn a_dossier_that_is_only_incomplete_gets_mau_02_and_no_code() {
    let branch = TestBranch::demo();
    let visit = branch.serving(1);
    let args = |wanted: Value| {
        json!({"visit_id": visit, "procedure_code": PROCEDURE, "reason": "Chưa đủ bản chính",
            "wanted": wanted, "applicant": {"kind": "individual", "name": "Lò Thị Mai"}})
    };
    let nothing = branch.refused(OFFICER, "visit.refuse_dossier", args(json!({})));
    assert_eq!(
        (nothing.code, nothing.field.as_deref()),
        (Code::FieldRequired, Some("content"))
    );
    let papers = json!({"papers": [{"index": 0, "name": "x", "originals": 1}], "content": "Ký tên vào tờ khai"});
    let done = branch.ok(OFFICER, "visit.refuse_dossier", args(papers));
    let text = render(&branch, "dossier_supplement", &visit);
    for want in [
        "PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ",
        "Lò Thị Mai",
        "Chưa đủ bản chính",
        "Ký tên vào tờ khai",
        "dichvucong.gov.vn",
    ] {
        assert!(text.contains(want), "{want}: {text}");
    }
    assert!(!text.contains("Mã hồ sơ"), "{text}");
    let print = |kind: &str| json!({"kind": kind, "id": visit, "part": done["part"]});
    branch.ok(OFFICER, "print.submit", print("dossier_supplement"));
    let other = branch.refused(OFFICER, "print.submit", print("dossier_refusal"));
    assert_eq!(other.code, Code::DocumentUnknown);
    let found = branch.ok(OFFICER, "case.search", json!({"text": ""}));
    assert_eq!(found, json!([]), "no case comes of it");
    branch.assert_sound();
}

#[test]
fn a_dossier_that_is_complete_by_now_needs_no_ground() {
    let branch = TestBranch::demo();
    let case = receive(
        &branch,
        json!({"papers": [{"index": 0, "originals": 1}], "missing_ground": "Điều 9 Luật mẫu"}),
    );
    assert!(render(&branch, "receipt", &case).contains("Điều 9 Luật mẫu"));
    let papers = json!([{"index": 1, "name": "x", "originals": 1}, {"index": 2, "name": "y", "originals": 1}]);
    let asked = json!({"id": case, "reason": "thiếu", "papers": papers});
    branch.ok(OFFICER, "case.request_supplement", asked);
    branch.ok(OFFICER, "case.complete_supplement", json!({"id": case}));
    let text = render(&branch, "receipt", &case);
    assert!(!text.contains("Tiếp nhận khi còn thiếu giấy tờ"), "{text}");
}

#[test]
fn a_dossier_from_the_portal_is_taken_in_once_unless_it_ended() {
    let branch = TestBranch::demo();
    let online = json!({"online": {"code": "G15.20-261123-0007"}});
    let first = receive(&branch, online.clone());
    let mut again = case();
    again["online"] = online["online"].clone();
    let refused = branch.refused(OFFICER, "case.receive", again.clone());
    assert_eq!(refused.field.as_deref(), Some("online.code"));
    let code = id(&view(&branch, &first)["case_code"]);
    assert!(refused.message.contains(&code), "{}", refused.message);
    branch.ok(
        OFFICER,
        "case.withdraw",
        json!({"id": first, "reason": "sai"}),
    );
    branch.ok(OFFICER, "case.receive", again);
}
