//! Papers: how long from data to bytes.

use chrono::DateTime;
use motcua_documents::{
    Agency, Due, Fonts, FormSet, IdKind, PaperRow, Party, Receipt, RegisterEntry, Standing, Ticket,
    TimeLimit, receipt, ticket,
};

use motcua_testkit::branch::{OFFICER, TestBranch, case};
use serde_json::{Value, json};

use crate::{
    Setting,
    report::{Figure, Report},
    stats::{Times, repeat},
};

pub(crate) fn run(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let fonts = Fonts::load()?;
    let forms = FormSet::built_in()?.remove(0);
    let usual = usual()?;
    let times = repeat(setting.size(200, 5), || {
        Ok(receipt(&usual, &forms, &fonts)?)
    })?;
    report.add(
        Figure::at_most("receipt, two copies: p50", times.percentile(0.5), "ms", 5.0)
            .against("printpdf with whole fonts 108 ms, with pre-subset fonts 10 ms (measured before, not in this run)"),
    );
    report.add(Figure::told(
        "receipt, two copies: p99",
        times.percentile(0.99),
        "ms",
    ));
    let size = receipt(&usual, &forms, &fonts)?.len() as f64 / 1024.0;
    report.add(
        Figure::at_most("receipt, two copies: size", size, "KB", 60.0)
            .against("printpdf with whole fonts 420 KB, with pre-subset fonts 64 KB (measured before, not in this run)"),
    );
    batch(setting, report)?;
    let many = many()?;
    let times = repeat(setting.size(20, 2), || Ok(receipt(&many, &forms, &fonts)?))?;
    report.add(Figure::told(
        "receipt of 111 papers: p50",
        times.percentile(0.5),
        "ms",
    ));
    let size = receipt(&many, &forms, &fonts)?.len() as f64 / 1024.0;
    report.add(Figure::told("receipt of 111 papers: size", size, "KB"));
    let ticket_data = queue_ticket()?;
    let times = repeat(setting.size(200, 5), || {
        Ok(ticket(&ticket_data, &fonts)?.to_escpos())
    })?;
    report.add(Figure::at_most(
        "80 mm ticket, raster and ESC/POS: p50",
        times.percentile(0.5),
        "ms",
        10.0,
    ));
    let times = repeat(setting.size(20, 2), || Ok(Fonts::load()?))?;
    report.add(Figure::told(
        "faces loaded, once a start",
        times.percentile(0.5),
        "ms",
    ));
    Ok(())
}

/// The receipts of a whole list by one command: made, recorded with their hashes and kept for the
/// printer in one transaction.
fn batch(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let branch = TestBranch::demo();
    let size = setting.size(200, 10);
    let ids: Vec<Value> = (0..size)
        .map(|_| branch.ok(OFFICER, "case.receive", case())["case_id"].take())
        .collect();
    let mut times = Times::default();
    // The first time they are originals, then reprints, which are made the same way.
    for _ in 0..setting.size(5, 1) {
        let args = json!({"kind": "receipt", "ids": ids});
        let done = times.take(|| branch.ok(OFFICER, "print.batch", args));
        let made = done["jobs"].as_array().map_or(0, Vec::len);
        anyhow::ensure!(made == size, "{made} of {size} papers");
    }
    report.add(Figure::at_most(
        "200 receipts by one command: p50",
        times.percentile(0.5),
        "ms",
        2_000.0,
    ));
    Ok(())
}

fn paper(name: &str, originals: u32, certified: u32, copies: u32) -> PaperRow {
    PaperRow {
        name: name.to_owned(),
        originals,
        certified,
        copies,
        missing: false,
    }
}

/// Four papers, handed in by the owner.
fn usual() -> anyhow::Result<Receipt> {
    Ok(Receipt {
        agency: Agency {
            parent: Some("ỦY BAN NHÂN DÂN PHƯỜNG BÌNH MINH".to_owned()),
            desk: "BỘ PHẬN TIẾP NHẬN VÀ TRẢ KẾT QUẢ".to_owned(),
            name: "Phường Bình Minh".to_owned(),
            place: "Bình Minh".to_owned(),
            sample: true,
        },
        number: Some("0047/BPTNTKQ".to_owned()),
        case_code: "H99.12-261118-0047".to_owned(),
        code_note: None,
        procedure_code: "1.004884".to_owned(),
        procedure_name: "Đăng ký lại khai sinh".to_owned(),
        owner: Party {
            name: "Đặng Thị Ngọc Uyển-Phương Ỷ Lan".to_owned(),
            id: Some((IdKind::Citizen, "001190000846".to_owned())),
            address: Some(
                "Số 5, ngõ 12, phố Đặng Văn Ngữ, phường Bình Minh, thành phố Hà Nội".to_owned(),
            ),
            phone: Some("0912 000 846".to_owned()),
            email: None,
            representative: None,
        },
        submitter: None,
        signer: "Đặng Thị Ngọc Uyển-Phương Ỷ Lan".to_owned(),
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
            unit: "ngày làm việc".to_owned(),
        }),
        received_at: DateTime::parse_from_rfc3339("2026-11-18T09:21:00+07:00")?,
        due: Due::At(DateTime::parse_from_rfc3339("2026-11-26T16:30:00+07:00")?),
        return_at: "Bộ phận tiếp nhận và trả kết quả".to_owned(),
        fee: None,
        register: Some(RegisterEntry {
            book: "02".to_owned(),
            entry: "1047".to_owned(),
        }),
        officer: "Nguyễn Thị Thanh Hà".to_owned(),
        note: None,
        for_another: None,
        online_code: None,
        reprinted_at: None,
    })
}

/// The most papers a procedure of the national catalogue asks for.
fn many() -> anyhow::Result<Receipt> {
    let tails = [
        "",
        " kèm theo bản vẽ mặt bằng tổng thể",
        " được cơ quan có thẩm quyền phê duyệt theo quy định của pháp luật về đầu tư, xây dựng và bảo vệ môi trường",
    ];
    let papers = (0..111)
        .map(|i| {
            paper(
                &format!("Giấy tờ thứ {} của hồ sơ nghiệm thu{}", i + 1, tails[i % 3]),
                1,
                0,
                1,
            )
        })
        .collect();
    Ok(Receipt { papers, ..usual()? })
}

fn queue_ticket() -> anyhow::Result<Ticket> {
    Ok(Ticket {
        desk: "BỘ PHẬN MỘT CỬA".to_owned(),
        office: "PHƯỜNG BÌNH MINH".to_owned(),
        number: "A-038".to_owned(),
        service: "Hộ tịch, chứng thực".to_owned(),
        standing: Standing::Ordinary,
        issued_at: DateTime::parse_from_rfc3339("2026-11-18T09:14:00+07:00")?,
        people_ahead: 3,
        expected: Some((10, 20)),
        reprinted_at: None,
        note: None,
    })
}
