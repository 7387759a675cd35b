//! The papers that follow the receipt: read by another program, and looked at.

use motcua_documents::*;
use motcua_domain::refusal::Code;
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
        number: None,
        made_at: cases::at("2026-11-20T14:05"),
        reprinted_at: None,
    }
}

/// Names and reasons as long as they can be, and nothing that may be left out.
fn long_head() -> CaseHead {
    let receipt = cases::long();
    CaseHead {
        procedure_name: receipt.procedure_name,
        owner: receipt.owner,
        desk_phone: None,
        website: None,
        reprinted_at: Some(cases::at("2026-11-21T08:00")),
        ..head()
    }
}

const LONG: &str = "Thành phần hồ sơ chưa thống nhất về họ tên, ngày sinh và nơi cư trú giữa tờ khai, sổ hộ khẩu cũ và giấy tờ tùy thân; ";

fn reason() -> String {
    LONG.chars().cycle().take(1_000).collect()
}

/// A slip of any kind.
pub(crate) enum Slip {
    Supplement(Supplement),
    Refused(Refused),
    Apology(Apology),
    Control(Control),
    ReturnSlip(ReturnSlip),
}

pub(crate) fn pdf(slip: &Slip) -> Vec<u8> {
    match slip {
        Slip::Supplement(data) => supplement(data, &FORMS, &FONTS),
        Slip::Refused(data) => refused(data, &FORMS, &FONTS),
        Slip::Apology(data) => apology(data, &FORMS, &FONTS),
        Slip::Control(data) => control(data, &FORMS, &FONTS),
        Slip::ReturnSlip(data) => return_slip(data, &FORMS, &FONTS),
    }
    .unwrap()
}

fn hop(from: &str, to: &str, at: &str) -> Hop {
    Hop::new(from, to, cases::at(at))
}

fn hops() -> Vec<Hop> {
    let desk = "Bộ phận tiếp nhận và trả kết quả";
    vec![
        Hop {
            giver: Some("Nguyễn Thị Thanh Hà".into()),
            taker: Some("Lê Văn Bình".into()),
            ..hop(desk, "Phòng Tư pháp", "2026-11-18T10:30")
        },
        Hop {
            giver: Some("Lê Văn Bình".into()),
            taker: Some("Nguyễn Thị Thanh Hà".into()),
            standing: Some(HopStanding::Early),
            note: Some("Kèm 02 bản chính".into()),
            ..hop("Phòng Tư pháp", desk, "2026-11-24T15:45")
        },
    ]
}

pub(crate) fn slip(name: &str) -> Slip {
    let register = || RegisterEntry {
        book: "2026".into(),
        entry: "1047".into(),
    };
    match name {
        "supplement" => Slip::Supplement(Supplement {
            head: head(),
            papers: vec![
                cases::paper("Giấy chứng sinh", 1, 0, 0),
                cases::paper("Giấy chứng nhận kết hôn của cha, mẹ", 0, 1, 1),
            ],
            content: Some("Sửa ngày sinh ở mục 3 của tờ khai cho khớp giấy chứng sinh.".into()),
            reason: "Hồ sơ thiếu giấy chứng sinh theo Điều 16 Luật Hộ tịch.".into(),
        }),
        "supplement-content" => Slip::Supplement(Supplement {
            head: head(),
            papers: Vec::new(),
            content: Some("Ký tên vào tờ khai.".into()),
            reason: "Tờ khai chưa ký.".into(),
        }),
        "supplement-long" => Slip::Supplement(Supplement {
            head: long_head(),
            papers: cases::many().papers,
            content: Some(reason()),
            reason: reason(),
        }),
        "refusal" => Slip::Refused(Refused {
            head: head(),
            signer: "Đặng Thị Ngọc Uyển-Phương Ỷ Lan".into(),
            reason: "Việc này thuộc thẩm quyền của Sở Tư pháp thành phố Hà Nội.".into(),
        }),
        // Refused at the desk before it was received: there is no case, so no code.
        "refusal-dossier" => Slip::Refused(Refused {
            head: CaseHead {
                case_code: String::new(),
                number: None,
                desk_phone: None,
                website: None,
                ..head()
            },
            signer: "Y Mŏ Êban H'Rưč".into(),
            reason: "Thành phần hồ sơ không đúng quy định; người nộp không đồng ý bổ sung.".into(),
        }),
        "refusal-long" => Slip::Refused(Refused {
            head: long_head(),
            signer: long_head().owner.name,
            reason: reason(),
        }),
        "apology" => Slip::Apology(Apology {
            head: head(),
            received_at: cases::at("2026-11-18T09:21"),
            due_at: cases::at("2026-11-26T16:30"),
            new_due_at: cases::at("2026-12-03T16:30"),
            reason: "Cơ quan lưu trữ chưa gửi bản xác minh.".into(),
        }),
        "apology-long" => Slip::Apology(Apology {
            head: long_head(),
            received_at: cases::at("2026-11-18T09:21"),
            due_at: cases::at("2026-11-26T16:30"),
            new_due_at: cases::at("2027-01-03T16:30"),
            reason: reason(),
        }),
        "control" => Slip::Control(Control {
            head: head(),
            received_at: cases::at("2026-11-18T09:21"),
            due: Due::At(cases::at("2026-11-26T16:30")),
            register: Some(register()),
            place_of_work: Some("Phòng Tư pháp".into()),
            helping: Some("Công an phường Bình Minh".into()),
            hops: hops(),
        }),
        "control-long" => Slip::Control(Control {
            head: long_head(),
            received_at: cases::at("2026-11-18T09:21"),
            due: Due::NoAppointment,
            register: Some(register()),
            place_of_work: None,
            helping: None,
            hops: (0..12)
                .flat_map(|_| hops())
                .map(|hop| Hop {
                    note: Some(LONG.into()),
                    taker: None,
                    ..hop
                })
                .collect(),
        }),
        "return" => Slip::ReturnSlip(ReturnSlip {
            head: head(),
            taker: Taker::Person {
                name: "Hoàng Văn Ký".into(),
                phone: Some("0987 000 321".into()),
                id_number: Some("066091000123".into()),
                authorisation: Some(
                    "số 12/GUQ ngày 20/11/2026, UBND phường Bình Minh chứng thực".into(),
                ),
            },
            result_kind: Some("Giấy khai sinh".into()),
            result_number: Some("12/2026".into()),
            result_summary: Some("Đăng ký lại khai sinh cho Đặng Thị Ngọc Uyển".into()),
            note: None,
        }),
        "return-post" => Slip::ReturnSlip(ReturnSlip {
            head: head(),
            taker: Taker::Post {
                waybill: "EA123456789VN".into(),
                address: "Số 5, ngõ 12, phố Đặng Văn Ngữ, phường Bình Minh, thành phố Hà Nội"
                    .into(),
            },
            result_kind: None,
            result_number: None,
            result_summary: None,
            note: Some("Đã nhắn tin cho công dân.".into()),
        }),
        "return-long" => Slip::ReturnSlip(ReturnSlip {
            head: long_head(),
            taker: Taker::Person {
                name: long_head().owner.name,
                phone: None,
                id_number: None,
                authorisation: Some(reason()),
            },
            result_kind: Some(LONG.into()),
            result_number: None,
            result_summary: Some(reason()),
            note: Some(reason()),
        }),
        other => panic!("no slip {other}"),
    }
}

pub(crate) const ALL: [&str; 13] = [
    "supplement",
    "supplement-content",
    "supplement-long",
    "refusal",
    "refusal-dossier",
    "refusal-long",
    "apology",
    "apology-long",
    "control",
    "control-long",
    "return",
    "return-post",
    "return-long",
];

#[rstest]
#[case("supplement")]
#[case("supplement-content")]
#[case("refusal")]
#[case("refusal-dossier")]
#[case("apology")]
#[case("control")]
#[case("return")]
#[case("return-post")]
fn reads_as_it_should(#[case] name: &str) {
    // Right when it reads aloud as the form of TT 01/2018/TT-VPCP in use at one-stop desks.
    let text = File::new(&pdf(&slip(name)), "slip.pdf").text("-raw");
    insta::assert_snapshot!(
        format!("slip-{name}"),
        text.replace('\u{c}', "\n=== trang ===\n")
    );
}

#[test]
fn usual_slips_are_one_sheet_and_name_no_other_office() {
    for name in ALL.iter().filter(|name| !name.contains("long")) {
        let file = File::new(&pdf(&slip(name)), "slip.pdf");
        let text = file.text("-layout");
        assert_eq!(file.render(30).len(), 1, "{name}");
        // One incumbent prints another province's centre on every refusal.
        for foreign in ["Thanh Hóa", "Hà Tĩnh", "THANH HÓA"] {
            assert!(!text.contains(foreign), "{name}");
        }
        let code = !name.contains("dossier");
        assert_eq!(text.contains("H99.12-261118-0047"), code, "{name}");
    }
}

#[test]
fn equal_data_gives_equal_bytes() {
    for name in ALL {
        assert_eq!(pdf(&slip(name)), pdf(&slip(name)), "{name}");
    }
}

/// What an independent reader finds on each page.
fn read_back(name: &str) -> Vec<String> {
    let file = File::new(&pdf(&slip(name)), "slip.pdf");
    let read = |page: &std::path::PathBuf| {
        let mut zbar = std::process::Command::new("zbarimg");
        let read = zbar.arg("-q").arg(page).output().unwrap();
        String::from_utf8(read.stdout).unwrap()
    };
    file.render(300).iter().map(read).collect()
}

#[test]
fn what_has_no_case_bears_no_code_at_all() {
    assert_eq!(read_back("refusal-dossier"), [""]);
}

#[test]
fn both_codes_are_read_back_from_a_slip() {
    for read in read_back("supplement") {
        for want in ["CODE-128:H99.12-261118-0047", "QR-Code:H99.12-261118-0047"] {
            assert!(
                read.lines().any(|line| line == want),
                "{want} not in: {read}"
            );
        }
    }
}

#[test]
fn slips_look_as_blessed() {
    for name in ALL {
        let file = File::new(&pdf(&slip(name)), "slip.pdf");
        let rendered = file.render(64);
        let mut chosen = vec![0, rendered.len() - 1];
        chosen.dedup();
        for i in chosen {
            compare(&rendered[i], &format!("slip-{name}-{}.png", i + 1));
        }
    }
}

#[test]
fn a_form_set_without_the_form_is_refused() {
    let json = include_str!("../../../../assets/forms/tt-01-2018.json")
        .replace("\"refusal\"", "\"other\"");
    let set = FormSet::from_json(&json).unwrap();
    let Slip::Refused(data) = slip("refusal") else {
        panic!("a refusal");
    };
    let refusal = refused(&data, &set, &FONTS).unwrap_err();
    assert_eq!(refusal.code, Code::DocumentUnknown);
}
