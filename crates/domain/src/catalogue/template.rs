//! The hand-kept table (CSV or XLSX): one row per paper, or one per procedure.
//!
//! The columns are those of `assets/catalogue/mau-danh-muc.csv`. Only code and name must be
//! there; headers are found whatever their order, case or diacritics. Rows that repeat a code
//! and name, or leave both blank as merged cells do, add papers to that procedure.

mod columns;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::intake::{MAX_ROWS, ParsedFile, RowRefusal, too_many_rows, unreadable};
use super::lay_thu_tuc::{read_fee, split_subjects};
use super::reading::{self, Fault, Read, fault, numbers};
use super::{Channel, ChannelKind, ChannelLimit, Paper, Procedure, ResultPaper};
use crate::refusal::{Code, Result};
use columns::{Cells, Column, column, whole_code};
pub use columns::{header, is_header};

/// Reads the rows below a header. `rows` gives each row's number in the sheet and its cells.
///
/// # Errors
/// `CATALOGUE_UNREADABLE` where the header names no code or no name, or nothing stands below.
pub fn from_rows<I>(header: &[String], rows: I) -> Result<ParsedFile>
where
    I: IntoIterator<Item = (u32, Vec<String>)>,
{
    if !is_header(header) {
        return Err(unreadable(
            "Bảng này không có cột “Mã TTHC” và “Tên TTHC”. Danh mục đang dùng vẫn giữ nguyên. \
             Mời dùng bảng theo tệp mẫu mau-danh-muc.csv.",
        ));
    }
    let mut places = HashMap::new();
    for (i, title) in header.iter().enumerate() {
        if let Some(column) = column(title) {
            places.entry(column).or_insert(i);
        }
    }
    let mut table = Table::default();
    let mut seen_rows = 0;
    for (row, cells) in rows {
        if cells.iter().all(|c| c.trim().is_empty()) {
            continue;
        }
        seen_rows += 1;
        if seen_rows > MAX_ROWS {
            return Err(too_many_rows());
        }
        table.take(
            row,
            &Cells {
                places: &places,
                cells: &cells,
            },
        );
    }
    if seen_rows == 0 {
        return Err(unreadable(
            "Bảng không có dòng thủ tục nào. Danh mục đang dùng vẫn giữ nguyên.",
        ));
    }
    Ok(table.finish())
}

/// Procedures as they grow row by row.
#[derive(Default)]
struct Table {
    file: ParsedFile,
    by_code: HashMap<String, usize>,
    /// Where rows with blank code and name belong; none after a refused row, so that its
    /// papers are not hung on another procedure.
    open: Option<usize>,
}

impl Table {
    fn take(&mut self, row: u32, cells: &Cells<'_>) {
        let mut code = None;
        let outcome = self.place(row, cells, &mut code);
        if let Err(Fault { problem, reason }) = outcome {
            self.file.reject(
                row,
                RowRefusal {
                    code,
                    problem,
                    reason,
                },
            );
        }
    }

    fn place(&mut self, row: u32, cells: &Cells<'_>, seen: &mut Option<String>) -> Read<()> {
        if cells.get(Column::Code).is_empty() && cells.get(Column::Name).is_empty() {
            return match self.open {
                Some(index) => self.add(row, index, cells),
                None => fault(Code::ProcedureCodeMissing, "Dòng này không có mã thủ tục."),
            };
        }
        self.open = None;
        let code = reading::code(&whole_code(cells.get(Column::Code)), false)?;
        *seen = Some(code.clone());
        let name = reading::name(cells.get(Column::Name), "Tên thủ tục")?;
        if name.is_empty() {
            return fault(Code::ProcedureNameMissing, "Dòng này không có tên thủ tục.");
        }
        let Some(&index) = self.by_code.get(&code) else {
            let procedure = first_row(code.clone(), name, cells)?;
            let index = self.file.procedures.len();
            self.by_code.insert(code, index);
            self.file.procedures.push((row, procedure));
            self.open = Some(index);
            return Ok(());
        };
        let (first_row, first) = &self.file.procedures[index];
        if first.name != name {
            return fault(
                Code::ProcedureDuplicate,
                format!(
                    "Mã {code} đã có ở dòng {first_row} với tên khác. Đã giữ dòng {first_row}; mời xem lại mã của dòng này."
                ),
            );
        }
        self.add(row, index, cells)?;
        self.open = Some(index);
        Ok(())
    }

    /// One more paper or result of a procedure that an earlier row began.
    fn add(&mut self, row: u32, index: usize, cells: &Cells<'_>) -> Read<()> {
        let (first_row, procedure) = &mut self.file.procedures[index];
        let paper = paper(cells)?;
        let result = result(cells)?.filter(|r| !procedure.results.contains(r));
        let own = channels(cells)?;
        if !own.is_empty() && own != procedure.channels {
            return fault(
                Code::ProcedureDuplicate,
                format!(
                    "Thời hạn hoặc phí khác với dòng {first_row} của cùng thủ tục. Mời ghi thời hạn và phí ở dòng đầu."
                ),
            );
        }
        if paper.is_none() && result.is_none() {
            return fault(
                Code::ProcedureDuplicate,
                format!("Dòng {row} lặp lại dòng {first_row}; chỉ lấy một lần."),
            );
        }
        procedure.papers.extend(paper);
        procedure.results.extend(result);
        Ok(())
    }

    fn finish(mut self) -> ParsedFile {
        self.file.rejected.sort_by_key(|r| r.row);
        self.file
    }
}

fn first_row(code: String, name: String, cells: &Cells<'_>) -> Read<Procedure> {
    let requirements = reading::paragraphs(cells.get(Column::Requirements), "Yêu cầu, điều kiện")?;
    Ok(Procedure {
        code,
        name,
        level: cells.name(Column::Level, "Cấp thực hiện")?,
        decision: cells.name(Column::Decision, "Số quyết định")?,
        field_name: cells.name(Column::Field, "Lĩnh vực")?,
        field_code: cells.name(Column::FieldCode, "Mã lĩnh vực")?,
        agency: cells.name(Column::Agency, "Cơ quan thực hiện")?,
        subjects: split_subjects(cells.get(Column::Subjects))?,
        channels: channels(cells)?,
        papers: paper(cells)?.into_iter().collect(),
        results: result(cells)?.into_iter().collect(),
        requirements: Some(requirements).filter(|t| !t.is_empty()),
        effective_from: reading::date(cells.get(Column::EffectiveFrom))?,
        sample: false,
    })
}

/// The table has one limit and one fee, the same for every way of handing in.
fn channels(cells: &Cells<'_>) -> Read<Vec<Channel>> {
    let limit = numbers::time_limit(cells.get(Column::Limit), cells.get(Column::LimitUnit))?;
    let note = reading::paragraphs(cells.get(Column::Note), "Mô tả thời hạn, phí")?;
    let fee = match cells.get(Column::Fee) {
        "" => None,
        raw => Some(read_fee(raw, "", "")?),
    };
    let named = cells.get(Column::Channels);
    if limit.is_none() && note.is_empty() && fee.is_none() && named.is_empty() {
        return Ok(Vec::new());
    }
    let mut kinds = Vec::new();
    for part in named
        .split([',', ';', '\n'])
        .filter(|p| !p.trim().is_empty())
    {
        let kind = reading::channel(part)?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() {
        kinds.push(ChannelKind::Counter);
    }
    let limits = vec![ChannelLimit {
        limit,
        text: note,
        fees: fee.into_iter().collect(),
    }];
    Ok(kinds
        .into_iter()
        .map(|kind| Channel {
            kind,
            limits: limits.clone(),
        })
        .collect())
}

fn paper(cells: &Cells<'_>) -> Read<Option<Paper>> {
    let name = reading::name(cells.get(Column::Paper), "Tên giấy tờ")?;
    if name.is_empty() {
        return Ok(None);
    }
    let copies = numbers::count(cells.get(Column::Copies), "Số bản sao")?;
    let originals = numbers::count(cells.get(Column::Originals), "Số bản chính")?;
    // A paper listed without any number is asked for once.
    let originals = numbers::within_count(
        originals.unwrap_or(u32::from(copies.is_none())),
        "Số bản chính",
    )?;
    let copies = numbers::within_count(copies.unwrap_or(0), "Số bản sao")?;
    Ok(Some(Paper {
        required: reading::asked_of_everyone(&name, originals, copies),
        name,
        originals,
        copies,
        group: cells.name(Column::Group, "Trường hợp")?,
        form_name: cells.name(Column::Form, "Mẫu đơn")?,
        code: cells.name(Column::PaperCode, "Mã giấy tờ")?,
        originals_printed: None,
    }))
}

fn result(cells: &Cells<'_>) -> Read<Option<ResultPaper>> {
    let name = cells.name(Column::Result, "Kết quả")?;
    let code = cells.name(Column::ResultCode, "Mã kết quả")?;
    Ok(name
        .or_else(|| code.clone())
        .map(|name| ResultPaper { code, name }))
}
