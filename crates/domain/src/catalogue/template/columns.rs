//! The columns of the table: how their headers are told apart, and reading a row by column.

use std::collections::HashMap;

use crate::catalogue::reading::{self, Read};
use crate::text;

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Column {
    Code,
    Name,
    Field,
    FieldCode,
    Level,
    Decision,
    Agency,
    Subjects,
    Channels,
    Limit,
    LimitUnit,
    Fee,
    Note,
    Group,
    Paper,
    Originals,
    Copies,
    Form,
    PaperCode,
    Result,
    ResultCode,
    Requirements,
    EffectiveFrom,
}

/// The template's header, in its order, with other headers seen in exports (folded).
const HEADERS: &[(Column, &str, &[&str])] = &[
    (
        Column::Code,
        "Mã TTHC",
        &["ma so", "ma thu tuc", "ma thu tuc hanh chinh", "ma"],
    ),
    (
        Column::Name,
        "Tên TTHC",
        &[
            "ten",
            "ten thu tuc",
            "ten thu tuc hanh chinh",
            "thu tuc",
            "thu tuc hanh chinh",
        ],
    ),
    (Column::Field, "Lĩnh vực", &["ten linh vuc"]),
    (Column::FieldCode, "Mã lĩnh vực", &[]),
    (Column::Level, "Cấp thực hiện", &["cap"]),
    (
        Column::Decision,
        "Số quyết định",
        &["quyet dinh", "quyet dinh cong bo"],
    ),
    (
        Column::Agency,
        "Cơ quan thực hiện",
        &["co quan", "don vi thuc hien"],
    ),
    (Column::Subjects, "Đối tượng thực hiện", &["doi tuong"]),
    (
        Column::Channels,
        "Hình thức nộp",
        &["cach thuc thuc hien", "cach thuc", "kenh"],
    ),
    (
        Column::Limit,
        "Thời hạn",
        &["thoi gian", "thoi han giai quyet", "thoi gian giai quyet"],
    ),
    (
        Column::LimitUnit,
        "Đơn vị",
        &["don vi tinh", "don vi thoi han"],
    ),
    (
        Column::Fee,
        "Phí (đồng)",
        &["phi", "le phi", "phi le phi", "phi le phi dong"],
    ),
    (Column::Note, "Mô tả thời hạn, phí", &["mo ta", "ghi chu"]),
    (Column::Group, "Trường hợp", &[]),
    (
        Column::Paper,
        "Giấy tờ",
        &["ten giay to", "thanh phan ho so", "thanh phan"],
    ),
    (Column::Originals, "Bản chính", &["so ban chinh"]),
    (Column::Copies, "Bản sao", &["so ban sao"]),
    (
        Column::Form,
        "Mẫu đơn",
        &["ten mau don", "bieu mau", "mau don to khai"],
    ),
    (Column::PaperCode, "Mã giấy tờ", &[]),
    (
        Column::Result,
        "Kết quả",
        &["ket qua thuc hien", "ten ket qua"],
    ),
    (Column::ResultCode, "Mã kết quả", &[]),
    (
        Column::Requirements,
        "Yêu cầu, điều kiện",
        &["yeu cau", "dieu kien"],
    ),
    (
        Column::EffectiveFrom,
        "Áp dụng từ",
        &["ngay ap dung", "ap dung tu ngay", "ngay hieu luc"],
    ),
];

/// The header row of the template.
pub fn header() -> Vec<&'static str> {
    HEADERS.iter().map(|(_, title, _)| *title).collect()
}

/// A header reduced to its folded words, so that "PHÍ  (Đồng)" and "phi dong" are one.
fn normal(title: &str) -> String {
    text::folded_words(title).join(" ")
}

pub(super) fn column(title: &str) -> Option<Column> {
    let title = normal(title);
    HEADERS
        .iter()
        .find(|(_, own, others)| normal(own) == title || others.contains(&title.as_str()))
        .map(|(c, ..)| *c)
}

/// Whether a row is the header of the table: it names both the code and the name.
pub fn is_header(cells: &[String]) -> bool {
    let found: Vec<Column> = cells.iter().filter_map(|c| column(c)).collect();
    found.contains(&Column::Code) && found.contains(&Column::Name)
}

/// Spreadsheets take `1.000010` for a number and drop its zeros, or write it with a comma.
/// National codes always have six decimals, so they can be made whole again.
pub(super) fn whole_code(raw: &str) -> String {
    let decimals = raw
        .strip_prefix(|c: char| c.is_ascii_digit())
        .and_then(|r| r.strip_prefix(['.', ',']));
    match decimals {
        Some(d) if (1..6).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{}.{d:0<6}", &raw[..1])
        }
        Some(d) if d.len() == 6 => format!("{}.{d}", &raw[..1]),
        _ => raw.to_owned(),
    }
}

/// One row's cells by column; absent cells are blank.
pub(super) struct Cells<'a> {
    pub(super) places: &'a HashMap<Column, usize>,
    pub(super) cells: &'a [String],
}

impl Cells<'_> {
    pub(super) fn get(&self, column: Column) -> &str {
        self.places
            .get(&column)
            .and_then(|i| self.cells.get(*i))
            .map_or("", |c| c.trim())
    }

    pub(super) fn name(&self, column: Column, what: &str) -> Read<Option<String>> {
        reading::optional_name(self.get(column), what)
    }
}
