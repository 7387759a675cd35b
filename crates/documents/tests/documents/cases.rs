//! The cases every test of papers looks at. No real citizen is among them.

use chrono::{DateTime, FixedOffset};
use motcua_documents::*;

pub(crate) fn at(text: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(&format!("{text}:00+07:00")).unwrap()
}

pub(crate) fn agency() -> Agency {
    Agency {
        parent: Some("ỦY BAN NHÂN DÂN PHƯỜNG BÌNH MINH".into()),
        desk: "BỘ PHẬN TIẾP NHẬN VÀ TRẢ KẾT QUẢ".into(),
        name: "Phường Bình Minh".into(),
        place: "Bình Minh".into(),
        sample: true,
    }
}

pub(crate) fn paper(name: &str, originals: u32, certified: u32, copies: u32) -> PaperRow {
    PaperRow {
        name: name.into(),
        originals,
        certified,
        copies,
        missing: false,
    }
}

/// Four papers, handed in by the owner.
pub(crate) fn usual() -> Receipt {
    Receipt {
        agency: agency(),
        number: Some("0047/BPTNTKQ".into()),
        case_code: "H99.12-261118-0047".into(),
        code_note: None,
        procedure_code: "1.004884".into(),
        procedure_name: "Đăng ký lại khai sinh".into(),
        owner: Party {
            name: "Đặng Thị Ngọc Uyển-Phương Ỷ Lan".into(),
            id: Some((IdKind::Citizen, "001190000846".into())),
            address: Some(
                "Số 5, ngõ 12, phố Đặng Văn Ngữ, phường Bình Minh, thành phố Hà Nội".into(),
            ),
            phone: Some("0912 000 846".into()),
            email: None,
            representative: None,
        },
        submitter: None,
        signer: "Đặng Thị Ngọc Uyển-Phương Ỷ Lan".into(),
        papers: vec![
            paper("Tờ khai đăng ký lại khai sinh", 1, 0, 0),
            paper("Giấy tờ cá nhân có ghi ngày, nơi sinh", 0, 1, 1),
            paper(
                "Văn bản cam đoan đã đăng ký khai sinh nhưng không lưu được bản chính",
                1,
                0,
                0,
            ),
            paper("Bản sao giấy tờ chứng minh quan hệ cha, mẹ, con", 0, 1, 0),
        ],
        missing_ground: None,
        sets: 1,
        limit: Some(TimeLimit {
            value: 5,
            unit: "ngày làm việc".into(),
        }),
        received_at: at("2026-11-18T09:21"),
        due: Due::At(at("2026-11-26T16:30")),
        return_at: "Bộ phận tiếp nhận và trả kết quả".into(),
        fee: None,
        register: Some(RegisterEntry {
            book: "02".into(),
            entry: "1047".into(),
        }),
        officer: "Nguyễn Thị Thanh Hà".into(),
        note: None,
        for_another: None,
        online_code: None,
        reprinted_at: None,
    }
}

/// Handed in by a proxy, one paper missing on a lawful ground, printed again.
pub(crate) fn proxy() -> Receipt {
    let mut receipt = usual();
    receipt.agency.sample = false;
    receipt.owner = Party {
        name: "Công ty trách nhiệm hữu hạn một thành viên Khoa học và Công nghệ Bình Minh".into(),
        id: Some((IdKind::Tax, "0100109106-001".into())),
        address: Some("Lô C2-1, Khu công nghệ cao Hòa Lạc, xã Hòa Lạc, thành phố Hà Nội".into()),
        phone: Some("024 3000 0846".into()),
        email: Some("vanthu@binhminh.example".into()),
        representative: None,
    };
    receipt.submitter = Some(Party {
        name: "Y Mŏ Êban H'Rưč".into(),
        id: Some((IdKind::Citizen, "066091000123".into())),
        phone: Some("0987 000 321".into()),
        ..Party::default()
    });
    receipt.signer = "Y Mŏ Êban H'Rưč".into();
    receipt.procedure_name =
        "Cấp giấy chứng nhận đăng ký hoạt động của tổ chức khoa học và công nghệ".into();
    receipt.papers[1].missing = true;
    receipt.papers.push(PaperRow {
        missing: true,
        ..paper("Giấy chứng nhận đăng ký doanh nghiệp", 0, 0, 0)
    });
    receipt.missing_ground =
        Some("Không khai thác được dữ liệu do sự cố (NĐ 309/2026/NĐ-CP Điều 2.1)".into());
    receipt.fee = Some(Fee::Paid(3_000_000));
    receipt.return_at = "Trụ sở tổ chức, qua dịch vụ bưu chính công ích".into();
    receipt.reprinted_at = Some(at("2026-11-19T08:05"));
    receipt
}

/// Nothing optional at all.
pub(crate) fn bare() -> Receipt {
    let mut receipt = usual();
    receipt.agency.parent = None;
    receipt.number = None;
    receipt.owner = Party {
        name: "A".into(),
        ..Party::default()
    };
    receipt.signer = "A".into();
    receipt.papers.clear();
    receipt.limit = None;
    receipt.due = Due::NoAppointment;
    receipt.register = None;
    receipt
}

/// 111 papers, the most of the national catalogue, with long names.
pub(crate) fn many() -> Receipt {
    let mut receipt = usual();
    receipt.papers = (0..111)
        .map(|i| {
            let tail = ["", " kèm theo bản vẽ mặt bằng tổng thể", " được cơ quan có thẩm quyền phê duyệt theo quy định của pháp luật về đầu tư, xây dựng và bảo vệ môi trường"];
            paper(&format!("Giấy tờ thứ {} của hồ sơ nghiệm thu{}", i + 1, tail[i % 3]), 1, 0, u32::from(i % 4 == 0))
        })
        .collect();
    receipt
}

/// A procedure name of 1,094 characters, a signer of 300 letters, a word without any break, a
/// paper taller than a page.
pub(crate) fn long() -> Receipt {
    let mut receipt = usual();
    let words = "Cấp, cấp lại, gia hạn và điều chỉnh nội dung giấy phép tiến hành công việc bức xạ đối với cơ sở sử dụng thiết bị phát tia X trong y tế ";
    receipt.procedure_name = words
        .chars()
        .cycle()
        .take(1_094)
        .collect::<String>()
        .trim()
        .into();
    receipt.owner.name = "Nguyễn Phúc Hoàng "
        .chars()
        .cycle()
        .take(300)
        .collect::<String>()
        .trim()
        .into();
    receipt.signer.clone_from(&receipt.owner.name);
    receipt.papers.push(paper(&"Ệ".repeat(300), 1, 0, 0));
    receipt.papers.push(paper(
        &"Thuyết minh chi tiết từng nội dung công việc và dự toán kinh phí; ".repeat(110),
        1,
        0,
        1,
    ));
    receipt.papers.push(paper(
        "☐ Bản cam kết\n☑ Bản kê khai\n\u{F0FC} Bản vẽ 王",
        99,
        0,
        0,
    ));
    receipt
}

/// Taken in while neither a code nor a number in the register could be had.
pub(crate) fn provisional() -> Receipt {
    Receipt {
        number: None,
        case_code: "TẠM-261118-3-001".into(),
        code_note: Some(
            "MÃ TẠM: mã hồ sơ chính thức sẽ được cấp sau. Giấy này có giá trị như giấy mang mã chính thức; tra cứu được bằng cả hai mã.".into(),
        ),
        register: None,
        ..usual()
    }
}

/// The same, printed again under its final code.
pub(crate) fn replaced() -> Receipt {
    Receipt {
        code_note: Some("Mã này thay mã tạm TẠM-261118-3-001 trên giấy đã cấp.".into()),
        ..usual()
    }
}

pub(crate) fn all() -> [(&'static str, Receipt); 6] {
    [
        ("usual", usual()),
        ("proxy", proxy()),
        ("bare", bare()),
        ("provisional", provisional()),
        ("many", many()),
        ("long", long()),
    ]
}

pub(crate) fn ordinary_ticket() -> Ticket {
    Ticket {
        desk: "BỘ PHẬN MỘT CỬA".into(),
        office: "PHƯỜNG BÌNH MINH".into(),
        number: "A-038".into(),
        service: "Chứng thực".into(),
        standing: Standing::Ordinary,
        issued_at: at("2026-11-18T09:14"),
        people_ahead: 3,
        expected: Some((10, 20)),
        reprinted_at: None,
        note: None,
    }
}

pub(crate) fn tickets() -> [(&'static str, Ticket); 4] {
    let priority = Ticket {
        number: "B-014".into(),
        service: "Hộ tịch".into(),
        standing: Standing::Priority(at("2026-11-18T08:59")),
        ..ordinary_ticket()
    };
    let reprint = Ticket {
        reprinted_at: Some(at("2026-11-18T09:22")),
        ..priority.clone()
    };
    let long = Ticket {
        number: "KHCN-1038".into(),
        office: "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG XÃ EA H'ĐING, TỈNH ĐẮK LẮK".into(),
        service: "Hoạt động khoa học và công nghệ, sở hữu trí tuệ, tiêu chuẩn đo lường chất lượng"
            .into(),
        standing: Standing::Appointment(at("2026-11-18T10:00")),
        expected: None,
        ..ordinary_ticket()
    };
    [
        ("ordinary", ordinary_ticket()),
        ("priority", priority),
        ("reprint", reprint),
        ("long", long),
    ]
}
