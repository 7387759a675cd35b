//! Papers about money, endings and several cases: short, usual and extreme, read by another
//! program and looked at.

use std::collections::BTreeSet;

use motcua_documents::*;
use motcua_domain::transfer::{self, Account};
use rstest::rstest;

use crate::{cases, tools::*};

fn head() -> CaseHead {
    let receipt = cases::usual();
    CaseHead {
        agency: receipt.agency,
        unit: "Bộ phận tiếp nhận và trả kết quả Phường Bình Minh".into(),
        desk_phone: Some("024 3999 0000".into()),
        website: Some("dichvucong.gov.vn".into()),
        case_code: receipt.case_code,
        procedure_code: receipt.procedure_code,
        procedure_name: receipt.procedure_name,
        owner: receipt.owner,
        officer: receipt.officer,
        number: Some("0021".into()),
        made_at: cases::at("2026-11-20T14:05"),
        reprinted_at: None,
    }
}

/// A procedure of 1,094 characters, a name of 300, a reprint.
fn long_head() -> CaseHead {
    let receipt = cases::long();
    CaseHead {
        procedure_name: receipt.procedure_name,
        owner: receipt.owner,
        desk_phone: None,
        website: None,
        number: None,
        reprinted_at: Some(cases::at("2026-11-21T08:00")),
        ..head()
    }
}

/// Nothing optional at all.
fn bare_head() -> CaseHead {
    let mut head = head();
    head.agency.parent = None;
    head.agency.sample = false;
    head.owner = Party {
        name: "A".into(),
        ..Party::default()
    };
    head.number = None;
    head
}

fn reason() -> String {
    "Thành phần hồ sơ chưa thống nhất về họ tên, ngày sinh và nơi cư trú giữa các giấy tờ; "
        .chars()
        .cycle()
        .take(1_000)
        .collect()
}

fn fee(head: CaseHead) -> FeeSlip {
    FeeSlip {
        payer: head.owner.name.clone(),
        head,
        amount: 1_505_000,
        method: "tiền mặt".into(),
        note: None,
        still_due: 0,
        cancelled: None,
    }
}

fn notice(head: CaseHead, account: bool) -> FeeNotice {
    let to = Account {
        bank: "Ngân hàng mẫu".into(),
        bin: "970415".into(),
        number: "0123456789".into(),
        holder: "UBND PHUONG BINH MINH".into(),
    };
    let purpose = transfer::purpose(&head.case_code);
    FeeNotice {
        amount: 8_000,
        code: account.then(|| transfer::vietqr(&to, 8_000, &purpose).unwrap()),
        account: account.then(|| format!("{}, số {}, {}", to.holder, to.number, to.bank)),
        purpose: account.then_some(purpose),
        head,
    }
}

fn list_head() -> ListHead {
    let head = head();
    ListHead {
        agency: head.agency,
        unit: head.unit,
        officer: head.officer,
        made_at: head.made_at,
        reprinted_at: None,
    }
}

fn listed(n: u32) -> ListedCase {
    ListedCase {
        code: format!("H99.12-261118-{n:04}"),
        procedure: "Đăng ký lại khai sinh".into(),
        owner: "Đặng Thị Ngọc Uyển-Phương Ỷ Lan".into(),
        place_of_work: Some("Phòng Tư pháp".into()),
        received_at: cases::at("2026-11-18T09:21"),
        due: Due::At(cases::at("2026-11-26T16:30")),
        limit: Some("5 ngày làm việc".into()),
        sets: 1,
        online: n == 1,
        fee: Some("8.000 đ, đã nộp".into()),
    }
}

/// Sixty, among them the longest name that a procedure has and a case without anything.
fn many() -> Vec<ListedCase> {
    let mut cases: Vec<_> = (1..=60).map(listed).collect();
    let long = cases::long();
    cases[1].procedure = long.procedure_name;
    cases[2].owner = long.owner.name;
    cases[3].due = Due::WhenAccepted;
    cases[4] = ListedCase {
        place_of_work: None,
        limit: None,
        fee: None,
        due: Due::NoAppointment,
        ..listed(5)
    };
    cases
}

fn joint(cases: Vec<ListedCase>, fees: Option<u64>) -> JointReceipt {
    JointReceipt {
        head: list_head(),
        signer: head().owner.name,
        submitter: head().owner,
        cases,
        fees,
    }
}

fn handed(cases: Vec<ListedCase>) -> HandOverList {
    HandOverList {
        head: list_head(),
        to: "Phòng Tư pháp".into(),
        receiver: Some("Lê Văn Bình".into()),
        note: None,
        cases,
    }
}

fn cash_line(n: u32, amount: i64) -> CashLine {
    CashLine {
        at: cases::at("2026-11-18T09:21"),
        slip: Some(format!("{n:04}")),
        code: format!("H99.12-261118-{n:04}"),
        payer: "Đặng Thị Ngọc Uyển-Phương Ỷ Lan".into(),
        method: if n == 2 {
            "chuyển khoản"
        } else {
            "tiền mặt"
        }
        .into(),
        amount,
        note: (amount < 0).then(|| "Hủy: ghi nhầm số tiền".into()),
    }
}

fn cash(lines: Vec<CashLine>) -> CashReport {
    let mut sums = CashSums::default();
    for line in &lines {
        if line.method == "chuyển khoản" {
            sums.transfer += line.amount;
        } else {
            sums.cash += line.amount;
        }
    }
    let second = vec![cash_line(7, 15_000)];
    let other = CashSums {
        cash: 15_000,
        ..CashSums::default()
    };
    CashReport {
        head: list_head(),
        date: cases::at("2026-11-18T09:21").date_naive(),
        officers: vec![
            ("Nguyễn Thị Thanh Hà".into(), lines, sums),
            ("Phạm Tiến Dũng".into(), second, other),
        ],
    }
}

fn book(cases: Vec<ListedCase>) -> RegisterBook {
    let entry = |(i, case): (usize, ListedCase)| BookEntry {
        number: 1_000 + i as u32,
        contact: "Số 5, ngõ 12, phố Đặng Văn Ngữ, phường Bình Minh, 0912 000 846".into(),
        returned_at: (i % 2 == 0).then(|| cases::at("2026-11-25T10:00")),
        return_method: "Tại quầy".into(),
        taker: (i % 2 == 0).then(|| "Lò Thị Mai".into()),
        note: if i == 1 { "Đã rút" } else { "" }.into(),
        case,
    };
    RegisterBook {
        head: list_head(),
        year: 2026,
        entries: cases.into_iter().enumerate().map(entry).collect(),
    }
}

pub(crate) const ALL: [&str; 26] = [
    "fee",
    "fee-bare",
    "fee-cancelled",
    "fee-long",
    "notice",
    "notice-bare",
    "notice-long",
    "joint",
    "joint-bare",
    "joint-long",
    "handed",
    "handed-bare",
    "handed-long",
    "cash",
    "cash-bare",
    "cash-long",
    "book",
    "book-bare",
    "book-long",
    "withdrawal",
    "withdrawal-bare",
    "withdrawal-long",
    "stop",
    "stop-long",
    "rating",
    "rating-long",
];

fn withdrawal(head: CaseHead, reason: &str, money: Option<&str>) -> WithdrawalNote {
    WithdrawalNote {
        received_at: cases::at("2026-11-18T09:21"),
        signer: head.owner.name.clone(),
        head,
        reason: reason.into(),
        money: money.map(Into::into),
    }
}

fn stop(head: CaseHead, reason: &str) -> StopNotice {
    StopNotice {
        received_at: cases::at("2026-11-18T09:21"),
        head,
        stage: Some("Phòng Tư pháp".into()),
        reason: reason.into(),
        money: Some("mức phí 8.000 đồng, đã nộp 8.000 đồng".into()),
    }
}

pub(crate) fn pdf(name: &str) -> Vec<u8> {
    let (forms, fonts) = (&*FORMS, &*FONTS);
    match name {
        "fee" => fee_slip(&fee(head()), forms, fonts),
        "fee-bare" => fee_slip(&fee(bare_head()), forms, fonts),
        "fee-cancelled" => {
            let data = FeeSlip {
                still_due: 1_505_000,
                note: Some("Số giao dịch FT26324000846".into()),
                cancelled: Some(Cancelled {
                    at: cases::at("2026-11-20T15:40"),
                    officer: "Trần Ngọc Lan".into(),
                    reason: "Công dân chuyển khoản, ghi nhầm là tiền mặt".into(),
                }),
                ..fee(head())
            };
            fee_slip(&data, forms, fonts)
        }
        "fee-long" => {
            let data = FeeSlip {
                amount: 999_999_999,
                note: Some(reason()),
                ..fee(long_head())
            };
            fee_slip(&data, forms, fonts)
        }
        "notice" => fee_notice(&notice(head(), true), forms, fonts),
        "notice-bare" => fee_notice(&notice(bare_head(), false), forms, fonts),
        "notice-long" => fee_notice(&notice(long_head(), true), forms, fonts),
        "joint" => joint_receipt(
            &joint((1..=3).map(listed).collect(), Some(24_000)),
            forms,
            fonts,
        ),
        "joint-bare" => joint_receipt(&joint(vec![listed(1)], None), forms, fonts),
        "joint-long" => joint_receipt(&joint(many(), Some(480_000)), forms, fonts),
        "handed" => hand_over_list(&handed((1..=4).map(listed).collect()), forms, fonts),
        "handed-bare" => {
            let data = HandOverList {
                receiver: None,
                ..handed(vec![])
            };
            hand_over_list(&data, forms, fonts)
        }
        "handed-long" => hand_over_list(&handed(many()), forms, fonts),
        "cash" => {
            let lines = vec![
                cash_line(1, 8_000),
                cash_line(2, 3_000_000),
                cash_line(1, -8_000),
                cash_line(3, 5_000),
            ];
            cash_report(&cash(lines), forms, fonts)
        }
        "cash-bare" => {
            let data = CashReport {
                officers: vec![],
                ..cash(vec![])
            };
            cash_report(&data, forms, fonts)
        }
        "cash-long" => cash_report(
            &cash((1..=200).map(|n| cash_line(n, 8_000)).collect()),
            forms,
            fonts,
        ),
        "book" => register_book(&book((1..=6).map(listed).collect()), forms, fonts),
        "book-bare" => register_book(&book(vec![]), forms, fonts),
        "book-long" => register_book(&book(many()), forms, fonts),
        "withdrawal" => {
            let money = Some("mức phí 8.000 đồng, đã ghi hủy khoản thu 8.000 đồng");
            withdrawal_note(&withdrawal(head(), "Công dân đổi ý", money), forms, fonts)
        }
        "withdrawal-bare" => withdrawal_note(&withdrawal(bare_head(), "Đổi ý", None), forms, fonts),
        "withdrawal-long" => {
            withdrawal_note(&withdrawal(long_head(), &reason(), None), forms, fonts)
        }
        "stop" => {
            let why = "Công dân không bổ sung hồ sơ theo Phiếu yêu cầu trong thời hạn.";
            stop_notice(&stop(head(), why), forms, fonts)
        }
        "stop-long" => stop_notice(&stop(long_head(), &reason()), forms, fonts),
        "rating" => rating_slip(&Rating { head: head() }, forms, fonts),
        "rating-long" => rating_slip(&Rating { head: long_head() }, forms, fonts),
        other => panic!("{other}"),
    }
    .unwrap()
}

#[test]
fn they_look_as_blessed() {
    for name in ALL {
        let file = File::new(&pdf(name), "list.pdf");
        let rendered = file.render(64);
        let mut chosen = vec![0, rendered.len() - 1];
        chosen.dedup();
        for i in chosen {
            compare(&rendered[i], &format!("list-{name}-{}.png", i + 1));
        }
    }
}

#[test]
fn equal_data_gives_equal_bytes() {
    for name in ALL {
        assert_eq!(pdf(name), pdf(name), "{name}");
    }
}

/// Papers that travel alone fit one sheet as they usually are.
#[rstest]
#[case("fee")]
#[case("fee-cancelled")]
#[case("notice")]
#[case("withdrawal")]
#[case("stop")]
#[case("rating")]
#[case("cash")]
#[case("book")]
fn a_usual_paper_is_one_sheet(#[case] name: &str) {
    assert_eq!(File::new(&pdf(name), "list.pdf").render(30).len(), 1);
}

/// Sizes as the law has them: A5, lists A4 (TT 01/2018/TT-VPCP Điều 9).
#[rstest]
#[case("fee", "419")]
#[case("cash", "595.28 x 841.891")]
#[case("book", "841.891 x 595.28")]
#[case("joint", "841.891 x 595.28")]
fn a_paper_has_its_size(#[case] name: &str, #[case] size: &str) {
    let told = File::new(&pdf(name), "list.pdf").ask("pdfinfo", &[], &[]);
    let line = told.lines().find(|l| l.starts_with("Page size")).unwrap();
    assert!(line.contains(size), "{line}");
}

/// Whatever follows on other sheets, the head of the table does, too, and no case is lost.
#[rstest]
#[case("joint-long", 2)]
#[case("handed-long", 2)]
#[case("book-long", 1)]
fn a_long_list_loses_nothing(#[case] name: &str, #[case] copies: usize) {
    let text = File::new(&pdf(name), "list.pdf").text("-raw");
    for n in 1..=60 {
        let code = format!("H99.12-261118-{n:04}");
        assert_eq!(text.matches(&code).count(), copies, "{code}");
    }
    let sheets = text.matches('\u{c}').count();
    assert!(sheets > copies, "{sheets}");
    assert_eq!(
        text.matches("Mã hồ sơ").count(),
        sheets,
        "a head on each sheet"
    );
}

#[test]
fn no_paper_about_money_poses_as_a_tax_receipt() {
    for name in ["fee", "fee-bare", "fee-cancelled", "fee-long"] {
        let text = File::new(&pdf(name), "list.pdf").text("-raw");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("không phải là biên lai"), "{name}: {text}");
        for tax in ["BIÊN LAI", "Ký hiệu", "Mẫu số"] {
            assert!(!text.contains(tax), "{name}: {tax}");
        }
    }
}

#[test]
fn a_phone_reads_the_code_of_a_notice() {
    let data = notice(head(), true);
    let file = File::new(&pdf("notice"), "list.pdf");
    let read = std::process::Command::new("zbarimg")
        .arg("-q")
        .arg(&file.render(300)[0])
        .output()
        .unwrap();
    let read = String::from_utf8(read.stdout).unwrap();
    let want = format!("QR-Code:{}", data.code.unwrap());
    assert!(
        read.lines().any(|line| line == want),
        "{want} not in: {read}"
    );
}

#[rstest]
#[case("joint", 3)]
#[case("joint-long", 60)]
#[case("handed", 4)]
fn a_scanner_opens_each_case_of_a_list(#[case] name: &str, #[case] cases: usize) {
    let mut codes = BTreeSet::new();
    // Of many codes in one picture zbar misses one now and then, as nobody holds a scanner: another
    // resolution is another try.
    for dpi in [200, 300] {
        let file = File::new(&pdf(name), "list.pdf");
        for (number, page) in file.render(dpi).iter().enumerate() {
            let read = std::process::Command::new("zbarimg")
                .args(["-q", "--raw"])
                .arg(page)
                .output()
                .unwrap();
            let read = String::from_utf8(read.stdout).unwrap();
            codes.extend(read.lines().map(|code| (code.to_owned(), number)));
        }
    }
    let codes: Vec<_> = codes.into_iter().map(|(code, _)| code).collect();
    let code = |n| format!("H99.12-261118-{n:04}");
    // Both copies.
    let want: Vec<_> = (1..=cases).flat_map(|n| [code(n), code(n)]).collect();
    assert_eq!(codes, want);
}
