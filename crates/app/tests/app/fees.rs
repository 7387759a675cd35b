//! Money at the desk: what a case costs, what came, what went back, a day's cash, the slips.

use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SUPERVISOR, TestBranch, case, id};
use rstest::rstest;
use serde_json::{Value, json};

const DAY: i64 = 24 * 60 * MINUTE;
const OTHER: &str = "dung";

fn receive(branch: &TestBranch, officer: &str, fee: Value) -> String {
    let mut args = case();
    args["fee"] = fee;
    id(&branch.ok(officer, "case.receive", args)["case_id"])
}

fn unpaid(branch: &TestBranch) -> String {
    receive(branch, OFFICER, json!({"amount": 8000, "method": "unpaid"}))
}

fn money(branch: &TestBranch, case: &str) -> Value {
    branch.ok(OFFICER, "case.get", json!({"id": case}))["money"].clone()
}

fn text(branch: &TestBranch, kind: &str, case: &str, part: Option<u32>) -> String {
    let args = match part {
        Some(part) => json!({"kind": kind, "id": case, "part": part}),
        None => json!({"kind": kind, "id": case}),
    };
    crate::papers::words(&branch.ok(OFFICER, "document.render", args))
}

#[test]
fn a_slip_printed_again_says_what_was_still_due_then() {
    let branch = TestBranch::demo();
    let case = unpaid(&branch);
    let pay = |amount: u64| {
        let args = json!({"id": case, "method": "cash", "amount": amount});
        branch.ok(OFFICER, "fee.pay", args);
    };
    pay(3000);
    let then = text(&branch, "fee_slip", &case, Some(1));
    assert!(then.contains("5.000 đồng"), "{then}");
    branch.pass(MINUTE);
    pay(5000);
    assert_eq!(text(&branch, "fee_slip", &case, Some(1)), then);
    assert!(!text(&branch, "fee_slip", &case, Some(2)).contains("Còn phải nộp"));
}

#[test]
fn the_receipt_says_what_came_what_is_left_and_why_nothing_is_asked() {
    let branch = TestBranch::demo();
    let case = unpaid(&branch);
    let pay = json!({"id": case, "method": "transfer", "amount": 3000, "note": "FT26334000123"});
    branch.ok(OFFICER, "fee.pay", pay);
    let receipt = text(&branch, "receipt", &case, None);
    let both = "3.000 đồng (đã nộp), 5.000 đồng (chưa nộp)";
    assert!(receipt.contains(both), "{receipt}");
    let warned = branch.ok(OFFICER, "case.get", json!({"id": case}))["can"].to_string();
    assert!(
        warned.contains("Đã thu 3.000 đồng. Nếu phải trả lại"),
        "{warned}"
    );
    // The number of the transfer is where the bank's list is compared.
    let day = branch.ok(OFFICER, "fee.day", json!({}));
    assert_eq!(day["officers"][0]["lines"][0]["note"], "FT26334000123");
    let exempt = json!({"amount": 0, "method": "exempt", "ground": "Hộ nghèo"});
    let free = receive(&branch, OFFICER, exempt);
    let receipt = text(&branch, "receipt", &free, None);
    assert!(receipt.contains("Không thu (Hộ nghèo)"), "{receipt}");
}

#[test]
fn money_comes_goes_back_and_comes_again_and_nothing_is_overwritten() {
    let branch = TestBranch::demo();
    let case = unpaid(&branch);
    assert_eq!(money(&branch, &case)["due"], 8000);
    let paid = branch.ok(OFFICER, "fee.pay", json!({"id": case, "method": "cash"}));
    assert_eq!(paid["paper"], "fee_slip");
    assert_eq!(paid["view"]["money"]["due"], 0);
    let slip = text(&branch, "fee_slip", &case, None);
    for want in [
        "PHIẾU XÁC NHẬN THU PHÍ, LỆ PHÍ",
        "không phải là biên lai",
        "8.000 đồng",
        "Tám nghìn đồng",
        "tiền mặt",
        "Số: 0001",
    ] {
        assert!(slip.contains(want), "{want}: {slip}");
    }
    branch.pass(MINUTE);
    let back = branch.ok(
        OFFICER,
        "fee.reverse",
        json!({"id": case, "payment": 1, "reason": "Ghi nhầm, công dân chuyển khoản"}),
    );
    assert_eq!(back["view"]["money"]["due"], 8000);
    let cancelled = text(&branch, "fee_slip", &case, Some(1));
    assert!(cancelled.contains("KHOẢN THU NÀY ĐÃ HỦY"), "{cancelled}");
    branch.pass(MINUTE);
    branch.ok(
        OFFICER,
        "fee.pay",
        json!({"id": case, "method": "transfer", "note": "FT26"}),
    );
    let money = money(&branch, &case);
    assert_eq!((&money["paid"], &money["due"]), (&json!(8000), &json!(0)));
    assert_eq!(money["payments"].as_array().unwrap().len(), 2, "both stay");
    assert_eq!(money["payments"][1]["slip"]["number"], 2, "numbers run on");

    let day = branch.ok(OFFICER, "fee.day", json!({}));
    let sums = &day["sums"];
    assert_eq!(
        (
            &sums["cash"],
            &sums["transfer"],
            &sums["payments"],
            &sums["reversals"]
        ),
        (&json!(0), &json!(8000), &json!(2), &json!(1))
    );
    assert_eq!(sums["total_words"], "Tám nghìn đồng");
    let lines = day["officers"][0]["lines"].as_array().unwrap();
    let amounts: Vec<i64> = lines
        .iter()
        .map(|l| l["amount"].as_i64().unwrap())
        .collect();
    assert_eq!(amounts, [8000, -8000, 8000]);
    branch.assert_sound();
}

#[test]
fn what_goes_back_on_another_day_leaves_the_first_day_as_it_was() {
    let branch = TestBranch::demo();
    let case = receive(&branch, OFFICER, json!({"amount": 20000, "method": "cash"}));
    let first = branch.ok(SUPERVISOR, "fee.day", json!({}));
    assert_eq!(first["sums"]["cash"], 20000);
    branch.pass(DAY);
    branch.ok(
        SUPERVISOR,
        "fee.reverse",
        json!({"id": case, "payment": 1, "reason": "Công dân rút hồ sơ"}),
    );
    let again = branch.ok(SUPERVISOR, "fee.day", json!({"date": first["date"]}));
    assert_eq!(again["officers"], first["officers"]);
    let second = branch.ok(SUPERVISOR, "fee.day", json!({}));
    assert_eq!(second["sums"]["cash"], -20000);
    assert_eq!(second["sums"]["cash_words"], "Âm hai mươi nghìn đồng");
    branch.assert_sound();
}

#[test]
fn each_officer_has_a_report_and_sees_their_own() {
    let branch = TestBranch::demo();
    receive(&branch, OFFICER, json!({"amount": 8000, "method": "cash"}));
    receive(&branch, OTHER, json!({"amount": 5000, "method": "cash"}));
    receive(&branch, OTHER, json!({"amount": 7000, "method": "online"}));
    let all = branch.ok(SUPERVISOR, "fee.day", json!({}));
    let of = |name: &str| {
        let list = all["officers"].as_array().unwrap();
        list.iter().find(|o| o["officer"] == name).unwrap()["sums"].clone()
    };
    assert_eq!(of(OFFICER)["cash"], 8000);
    assert_eq!(
        (&of(OTHER)["cash"], &of(OTHER)["online"]),
        (&json!(5000), &json!(7000))
    );
    assert_eq!(all["sums"]["total"], 20000);
    let own = branch.ok(OTHER, "fee.day", json!({}));
    assert_eq!(own["officers"].as_array().unwrap().len(), 1);
    let refusal = branch.refused(OTHER, "fee.day", json!({"officer": OFFICER}));
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::NotAllowed, Some("officer"))
    );
    let pages = branch.ok(
        SUPERVISOR,
        "report.render",
        json!({"report": {"list": "cash"}}),
    );
    let words = crate::papers::words(&pages);
    for want in [
        "BÁO CÁO THU PHÍ, LỆ PHÍ TRONG NGÀY",
        "Nguyễn Thị Thanh Hà",
        "Phạm Tiến Dũng",
        "Hai mươi nghìn đồng",
    ] {
        assert!(words.contains(want), "{want}: {words}");
    }
    let job = branch.ok(
        SUPERVISOR,
        "report.print",
        json!({"report": {"list": "cash"}}),
    );
    assert_eq!(job["kind"], "cash_report");
    branch.assert_sound();
}

#[test]
fn somebody_elses_payment_is_taken_back_by_a_supervisor() {
    let branch = TestBranch::demo();
    let case = receive(&branch, OFFICER, json!({"amount": 8000, "method": "cash"}));
    let args = json!({"id": case, "payment": 1, "reason": "nhầm"});
    let refusal = branch.refused(OTHER, "fee.reverse", args.clone());
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::NotAllowed, Some("payment"))
    );
    branch.ok(SUPERVISOR, "fee.reverse", args.clone());
    assert_eq!(
        branch.refused(SUPERVISOR, "fee.reverse", args).code,
        Code::FeeReversedBefore
    );
}

#[test]
fn an_exemption_keeps_its_ground() {
    let branch = TestBranch::demo();
    let case = unpaid(&branch);
    let refusal = branch.refused(OFFICER, "fee.charge", json!({"id": case, "amount": 0}));
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::FieldRequired, Some("ground"))
    );
    branch.ok(
        OFFICER,
        "fee.charge",
        json!({"id": case, "amount": 0, "ground": "Hộ nghèo, GCN số 12"}),
    );
    let money = money(&branch, &case);
    assert_eq!(
        (&money["due"], &money["ground"]),
        (&json!(0), &json!("Hộ nghèo, GCN số 12"))
    );
    assert_eq!(
        branch
            .refused(OFFICER, "fee.pay", json!({"id": case, "method": "cash"}))
            .code,
        Code::FeeNotDue
    );
}

/// The code on the notice pays what is due, to the office's account, for this case.
#[test]
fn a_notice_says_what_is_due_and_how_to_pay() {
    let branch = TestBranch::demo();
    let case = unpaid(&branch);
    let notice = text(&branch, "fee_notice", &case, None);
    for want in [
        "THÔNG BÁO NỘP PHÍ, LỆ PHÍ",
        "8.000 đồng",
        "Tám nghìn đồng",
        "TAI KHOAN MAU",
        "chưa ghi nhận việc đã nộp tiền",
    ] {
        assert!(notice.contains(want), "{want}: {notice}");
    }
    let given = branch.ok(OFFICER, "fee.qr", json!({"case_id": case, "amount": 8000}));
    assert!(notice.contains(given["purpose"].as_str().unwrap()));
    let print = json!({"kind": "fee_notice", "id": case});
    assert_eq!(branch.ok(OFFICER, "print.submit", print)["reprint"], false);
    branch.ok(OFFICER, "fee.pay", json!({"id": case, "method": "cash"}));
    let refusal = branch.refused(
        OFFICER,
        "document.render",
        json!({"kind": "fee_notice", "id": case}),
    );
    assert_eq!(refusal.code, Code::DocumentUnknown);
}

#[rstest]
#[case::below_zero("fee.pay", json!({"amount": -1, "method": "cash"}), Code::NumberOutOfRange, "amount")]
#[case::nothing("fee.pay", json!({"amount": 0, "method": "cash"}), Code::NumberOutOfRange, "amount")]
#[case::more_than_due("fee.pay", json!({"amount": 8001, "method": "cash"}), Code::NumberOutOfRange, "amount")]
#[case::as_if_paid("fee.pay", json!({"method": "exempt"}), Code::ArgumentInvalid, "method")]
#[case::no_way("fee.pay", json!({"method": "gold"}), Code::ArgumentInvalid, "method")]
#[case::charge_below_zero("fee.charge", json!({"amount": -5}), Code::NumberOutOfRange, "amount")]
#[case::charge_absurd("fee.charge", json!({"amount": 1_000_000_001}), Code::NumberOutOfRange, "amount")]
#[case::no_reason("fee.reverse", json!({"payment": 1, "reason": " "}), Code::NotFound, "payment")]
#[case::long_payer("fee.pay", json!({"method": "cash", "payer": "ă".repeat(301)}), Code::FieldTooLong, "payer")]
fn bad_input_names_its_field(
    #[case] verb: &str,
    #[case] more: Value,
    #[case] code: Code,
    #[case] field: &str,
) {
    let branch = TestBranch::demo();
    let case = unpaid(&branch);
    let mut args = json!({"id": case});
    args.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let before = branch.events();
    let refusal = branch.refused(OFFICER, verb, args);
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (code, Some(field))
    );
    assert_eq!(branch.events(), before, "a refusal writes nothing");
}

/// Also where it comes with the dossier.
#[test]
fn a_fee_below_zero_is_refused_when_a_case_is_received() {
    let branch = TestBranch::demo();
    let mut args = case();
    args["fee"] = json!({"amount": -8000, "method": "cash"});
    let refusal = branch.refused(OFFICER, "case.receive", args);
    assert_eq!(
        (refusal.code, refusal.field.as_deref()),
        (Code::ArgumentInvalid, Some("fee.amount"))
    );
}

#[test]
fn of_two_officers_who_take_the_same_money_the_second_is_told() {
    let branch = TestBranch::demo();
    let case = unpaid(&branch);
    let args = json!({"id": case, "expected": 0, "method": "cash"});
    branch.ok(OFFICER, "fee.pay", args.clone());
    let refusal = branch.refused(OTHER, "fee.pay", args);
    assert_eq!(refusal.code, Code::CaseChanged);
    assert!(
        refusal.message.contains("Thu 8.000 đồng"),
        "{}",
        refusal.message
    );
}
