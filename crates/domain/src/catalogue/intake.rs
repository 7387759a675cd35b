//! Taking in a whole file: which rows went in, which did not and why; duplicates.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::{Procedure, lay_thu_tuc, reading};
use crate::refusal::{Code, Refusal, Result};

/// Rows in one file, well above the 6,000-odd procedures of the whole country.
pub const MAX_ROWS: usize = 100_000;

/// Why one row could not be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRefusal {
    /// The procedure's code, where it could be read.
    pub code: Option<String>,
    /// Stable code for programs.
    pub problem: Code,
    /// A Vietnamese sentence.
    pub reason: String,
}

/// A row that was left out, as the import reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Rejected {
    /// Position in a JSON list from 1, or the row number of the sheet (the header is row 1).
    pub row: u32,
    /// The procedure's code, where it could be read.
    pub code: Option<String>,
    /// Stable code for programs.
    pub problem: Code,
    /// A Vietnamese sentence: what is wrong in this row.
    pub reason: String,
}

/// What a catalogue file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParsedFile {
    /// Procedures with the row each stands in; every code once.
    pub procedures: Vec<(u32, Procedure)>,
    /// Rows left out.
    pub rejected: Vec<Rejected>,
}

impl ParsedFile {
    pub(crate) fn reject(&mut self, row: u32, refusal: RowRefusal) {
        let RowRefusal {
            code,
            problem,
            reason,
        } = refusal;
        self.rejected.push(Rejected {
            row,
            code,
            problem,
            reason,
        });
    }

    /// Leaves out all but the first of each code, and says so. A repeated row that is identical
    /// loses nothing; one that differs could be the right one, so the officer must decide.
    #[must_use]
    pub(crate) fn without_duplicates(self) -> Self {
        let mut kept = Self {
            procedures: Vec::new(),
            rejected: self.rejected,
        };
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (row, procedure) in self.procedures {
            let Some(&first) = seen.get(&procedure.code) else {
                seen.insert(procedure.code.clone(), kept.procedures.len());
                kept.procedures.push((row, procedure));
                continue;
            };
            let (first_row, first) = &kept.procedures[first];
            let reason = if *first == procedure {
                format!(
                    "Mã {} lặp lại y hệt dòng {first_row}; chỉ lấy một lần.",
                    procedure.code
                )
            } else {
                format!(
                    "Mã {} đã có ở dòng {first_row} với nội dung khác. Đã giữ dòng {first_row}; \
                     nếu dòng này mới đúng, mời xoá dòng kia rồi nạp lại.",
                    procedure.code
                )
            };
            let problem = Code::ProcedureDuplicate;
            kept.reject(
                row,
                RowRefusal {
                    code: Some(procedure.code),
                    problem,
                    reason,
                },
            );
        }
        kept.rejected.sort_by_key(|r| r.row);
        kept
    }
}

/// Reads a JSON catalogue: a list of `LayThuTuc` objects, one such object, or an envelope
/// whose `data` or `procedures` holds them. An envelope with `"status": "sample"` marks all.
///
/// # Errors
/// `CATALOGUE_UNREADABLE` where the JSON is no catalogue at all, or an empty one.
pub fn from_json(json: &Value) -> Result<ParsedFile> {
    let (rows, sample) = rows_of(json)?;
    if rows.is_empty() {
        return Err(unreadable(
            "Tệp không có thủ tục nào. Danh mục đang dùng vẫn giữ nguyên.",
        ));
    }
    if rows.len() > MAX_ROWS {
        return Err(too_many_rows());
    }
    let mut file = ParsedFile::default();
    for (row, value) in (1..).zip(rows) {
        match lay_thu_tuc::from_lay_thu_tuc(value) {
            Ok(mut procedure) => {
                procedure.sample |= sample;
                file.procedures.push((row, procedure));
            }
            Err(refusal) => file.reject(row, refusal),
        }
    }
    Ok(file.without_duplicates())
}

/// The refusal of files with more than [`MAX_ROWS`] rows.
pub fn too_many_rows() -> Refusal {
    unreadable(
        "Tệp có quá nhiều dòng (hơn 100.000) nên không nạp. Danh mục đang dùng vẫn giữ nguyên. Mời tách tệp rồi nạp lại.",
    )
}

/// A file that is no catalogue.
pub fn unreadable(message: &str) -> Refusal {
    Refusal::new(Code::CatalogueUnreadable, message).at("file")
}

fn rows_of(json: &Value) -> Result<(&[Value], bool)> {
    let strange = || {
        unreadable(
            "Tệp JSON này không có danh sách thủ tục (MATTHC, TENTTHC). Danh mục đang dùng vẫn giữ nguyên. \
             Mời chọn tệp kết xuất LayThuTuc hoặc bảng theo mẫu.",
        )
    };
    match json {
        Value::Array(rows) => Ok((rows, false)),
        Value::Object(map) => {
            let sample = reading::field(map, "status").and_then(Value::as_str) == Some("sample");
            for key in ["data", "procedures", "result"] {
                match reading::field(map, key) {
                    Some(Value::Array(rows)) => return Ok((rows, sample)),
                    Some(one @ Value::Object(_)) => return Ok((std::slice::from_ref(one), sample)),
                    _ => {}
                }
            }
            let known = ["MATTHC", "TENTTHC"]
                .iter()
                .any(|k| reading::field(map, k).is_some());
            if known {
                Ok((std::slice::from_ref(json), false))
            } else {
                Err(strange())
            }
        }
        _ => Err(strange()),
    }
}
