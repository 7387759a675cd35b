use proptest::prelude::*;

use super::*;
use crate::catalogue::{Limit, LimitUnit, fee_summary, primary_limit};

fn cells(list: &[&str]) -> Vec<String> {
    list.iter().map(|c| (*c).to_owned()).collect()
}

fn table(head: &[&str], rows: &[&[&str]]) -> ParsedFile {
    from_rows(&cells(head), (2..).zip(rows.iter().map(|r| cells(r)))).unwrap()
}

#[test]
fn rows_of_one_code_and_name_are_papers_of_it() {
    let file = table(
        &[
            "ten tthc",
            "MÃ  TTHC",
            "Bản sao",
            "Giấy tờ",
            "Thời hạn",
            "Đơn vị",
            "Phí (đồng)",
            "Hình thức nộp",
            "Áp dụng từ",
            "Cột lạ",
        ],
        &[
            &[
                "Cấp thẻ",
                "1.5",
                "",
                "Tờ khai",
                "3",
                "Ngày làm việc",
                "50.000",
                "Trực tiếp; Bưu chính",
                "2026-08-05",
                "?",
            ],
            &["Cấp thẻ", "1,500000", "2", "Ảnh 3x4"],
            &["", "", "1", "Căn cước"],
            &["", "", "", ""],
            &["Khác tên", "1.500000", "", "Đơn"],
            &["", "", "", "Giấy mồ côi"],
            &["Cấp thẻ", "1.500000", "", ""],
            &["Đổi thẻ", "", "", ""],
            &["", "1.000009", "", ""],
            &["Thu hồi thẻ", "1.000010", "100", "Thẻ"],
        ],
    );
    assert_eq!(file.procedures.len(), 1);
    let (first_row, procedure) = &file.procedures[0];
    assert_eq!((*first_row, procedure.code.as_str()), (2, "1.500000"));
    let papers: Vec<(&str, u8, u8)> = procedure
        .papers
        .iter()
        .map(|p| (p.name.as_str(), p.originals, p.copies))
        .collect();
    assert_eq!(
        papers,
        [("Tờ khai", 1, 0), ("Ảnh 3x4", 0, 2), ("Căn cước", 0, 1)]
    );
    assert_eq!(procedure.channels.len(), 2);
    assert_eq!(
        primary_limit(procedure, ChannelKind::Post),
        Some(Limit {
            value: 3,
            unit: LimitUnit::WorkingDay
        })
    );
    assert_eq!(
        fee_summary(procedure, ChannelKind::Counter).amounts,
        [50_000]
    );
    let rejected: Vec<(u32, Code)> = file.rejected.iter().map(|r| (r.row, r.problem)).collect();
    assert_eq!(
        rejected,
        [
            (6, Code::ProcedureDuplicate),
            (7, Code::ProcedureCodeMissing),
            (8, Code::ProcedureDuplicate),
            (9, Code::ProcedureCodeMissing),
            (10, Code::ProcedureNameMissing),
            (11, Code::NumberOutOfRange),
        ],
    );
}

#[test]
fn a_table_needs_code_and_name() {
    let refusal = from_rows(
        &cells(&["Mã TTHC", "Giấy tờ"]),
        [(2, cells(&["1.000001", "Đơn"]))],
    )
    .unwrap_err();
    assert_eq!(refusal.code, Code::CatalogueUnreadable);
    let refusal =
        from_rows(&cells(&["Mã TTHC", "Tên TTHC"]), [(2, cells(&["", " "]))]).unwrap_err();
    assert_eq!(
        refusal.code,
        Code::CatalogueUnreadable,
        "nothing below the header"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the cells, every row is taken in, added to a procedure, or reported once.
    #[test]
    fn any_table_is_read_or_refused(rows in prop::collection::vec(prop::collection::vec("(\\PC{0,6}|1\\.[0-9]{1,6}|-?[0-9]{1,4})", 0..24), 0..8)) {
        let head: Vec<String> = header().into_iter().map(str::to_owned).collect();
        if let Ok(file) = from_rows(&head, (2..).zip(rows.clone())) {
            prop_assert!(file.procedures.len() + file.rejected.len() <= rows.len());
        }
        if let Some(head) = rows.first() {
            let _ = from_rows(head, (2..).zip(rows.clone()));
        }
    }
}
