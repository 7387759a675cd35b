//! Reading a catalogue file: JSON, CSV or XLSX, told apart by content, because names lie.
//!
//! A file comes from outside, so its size is bounded before and while it is unpacked. What a
//! row means is decided in `motcua_domain::catalogue`; nothing here touches the store.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use calamine::{DataRef, Reader, Xlsx};
use motcua_domain::Refusal;
use motcua_domain::catalogue::ParsedFile;
use motcua_domain::catalogue::intake::{MAX_ROWS, from_json, too_many_rows, unreadable};
use motcua_domain::catalogue::template::{from_rows, is_header};

/// Largest file read; the whole country's catalogue as JSON is about 20 MB.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Most that a packed file may unpack to, and that its cells may hold.
const MAX_UNPACKED: u64 = 256 * 1024 * 1024;
/// Parts of a workbook; a real one has a few dozen.
const MAX_PARTS: usize = 2_000;
/// Columns looked at; the template has 23.
const MAX_COLUMNS: u32 = 200;
/// Titles and notes may stand above the header, within this many rows.
const HEADER_WITHIN: usize = 20;

/// What stays true whenever a file is refused.
const UNTOUCHED: &str = "Danh mục đang dùng vẫn giữ nguyên.";

type Result<T> = std::result::Result<T, Refusal>;
type Row = (u32, Vec<String>);

/// Reads a catalogue file.
///
/// # Errors
/// `CATALOGUE_UNREADABLE` where it cannot be opened, is empty, too large, or no catalogue.
pub fn read_file(path: &Path) -> Result<ParsedFile> {
    let name = path
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let cannot = |error: io::Error| {
        tracing::warn!(%error, "catalogue file cannot be read");
        refused(
            &name,
            "không mở được",
            "Mời kiểm tra đường dẫn và quyền đọc tệp.",
        )
    };
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a file that grows meanwhile is refused as well.
    File::open(path)
        .map_err(cannot)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    read_bytes(&bytes, &name)
}

/// Reads a catalogue from memory; `name` is only for sentences.
///
/// # Errors
/// `CATALOGUE_UNREADABLE` where it is empty, too large, or no catalogue.
pub fn read_bytes(bytes: &[u8], name: &str) -> Result<ParsedFile> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(refused(
            name,
            "lớn hơn 64 MB",
            "Mời tách thành nhiều tệp nhỏ hơn.",
        ));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return from_rows_below_header(xlsx_rows(bytes, name)?);
    }
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(refused(
            name,
            "là tệp Excel kiểu cũ hoặc có mật khẩu",
            "Mời bỏ mật khẩu, lưu lại dạng .xlsx rồi nạp.",
        ));
    }
    let text = decode(bytes, name)?;
    let start = text.trim_start();
    if start.is_empty() {
        return Err(refused(name, "không có nội dung", "Mời chọn tệp khác."));
    }
    if start.starts_with(['{', '[']) {
        return from_json(&serde_json::from_str(start).map_err(|error| {
            let broken = format!(
                "là JSON bị hỏng ở dòng {}, cột {}",
                error.line(),
                error.column()
            );
            refused(name, &broken, "Mời kết xuất lại tệp từ nơi đã lấy.")
        })?);
    }
    if start.contains('\0') || start.starts_with('<') || start.starts_with("%PDF") {
        return Err(not_a_catalogue(name));
    }
    from_csv(&text)
}

fn refused(name: &str, what: &str, advice: &str) -> Refusal {
    let named = if name.is_empty() {
        String::new()
    } else {
        format!(" “{name}”")
    };
    unreadable(&format!(
        "Tệp{named} {what} nên chưa nạp. {UNTOUCHED} {advice}"
    ))
}

fn not_a_catalogue(name: &str) -> Refusal {
    refused(
        name,
        "không phải JSON, CSV hay XLSX",
        "Mời chọn tệp kết xuất LayThuTuc hoặc bảng theo mẫu mau-danh-muc.csv.",
    )
}

/// UTF-8 with or without a mark, or the UTF-16 that Excel writes as "Unicode text".
fn decode(bytes: &[u8], name: &str) -> Result<String> {
    let utf16 = |unit: fn([u8; 2]) -> u16| {
        let units = bytes[2..]
            .chunks_exact(2)
            .map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units)
            .collect::<std::result::Result<String, _>>()
            .map_err(|_| not_a_catalogue(name))
    };
    match bytes {
        [0xFF, 0xFE, ..] => utf16(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => utf16(u16::from_be_bytes),
        _ => match std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)) {
            Ok(text) => Ok(text.to_owned()),
            // Pictures and programs have zero bytes; tables in an old code page do not.
            Err(_) if bytes.contains(&0) => Err(not_a_catalogue(name)),
            Err(_) => Err(refused(
                name,
                "không ghi bằng mã UTF-8",
                "Mời mở bằng Excel và lưu lại dạng “CSV UTF-8”.",
            )),
        },
    }
}

fn from_csv(text: &str) -> Result<ParsedFile> {
    // The separator is the one under which the header is found.
    let mut first = None;
    for delimiter in [b';', b',', b'\t'] {
        let head: Vec<Row> = csv_rows(text, delimiter)
            .take(HEADER_WITHIN)
            .collect::<Result<_>>()?;
        if head.iter().any(|(_, cells)| is_header(cells)) {
            first = Some(delimiter);
            break;
        }
    }
    let most = MAX_ROWS + HEADER_WITHIN;
    let rows: Vec<Row> = csv_rows(text, first.unwrap_or(b','))
        .take(most + 1)
        .collect::<Result<_>>()?;
    if rows.len() > most {
        return Err(too_many_rows());
    }
    from_rows_below_header(rows)
}

fn csv_rows(text: &str, delimiter: u8) -> impl Iterator<Item = Result<Row>> {
    let reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(Cursor::new(text.as_bytes()));
    (1..).zip(reader.into_records()).map(|(row, record)| {
        let record =
            record.map_err(|_| refused("", "CSV bị hỏng", "Mời lưu lại bảng dạng “CSV UTF-8”."))?;
        Ok((row, record.iter().map(str::to_owned).collect()))
    })
}

fn from_rows_below_header(rows: Vec<Row>) -> Result<ParsedFile> {
    let at = rows
        .iter()
        .take(HEADER_WITHIN)
        .position(|(_, cells)| is_header(cells))
        .unwrap_or(0);
    let mut rows = rows.into_iter().skip(at);
    let header = rows.next().map(|(_, cells)| cells).unwrap_or_default();
    from_rows(&header, rows)
}

/// Rows of the first sheet that has the header, else of the first sheet.
///
/// Cells are streamed: a stray cell in the last row of a sheet would otherwise reserve memory
/// for all the empty ones before it.
fn xlsx_rows(bytes: &[u8], name: &str) -> Result<Vec<Row>> {
    let broken = || {
        refused(
            name,
            "là tệp nén nhưng không phải bảng Excel đọc được",
            "Mời mở bằng Excel và lưu lại dạng .xlsx.",
        )
    };
    within_unpacked_limit(bytes, name, MAX_UNPACKED).map_err(|e| e.unwrap_or_else(broken))?;
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| broken())?;
    let mut first = None;
    for sheet in workbook.sheet_names() {
        // Charts and macro sheets have no cells.
        let Ok(rows) = sheet_rows(&mut workbook, &sheet) else {
            continue;
        };
        let rows = rows?;
        if rows
            .iter()
            .take(HEADER_WITHIN)
            .any(|(_, cells)| is_header(cells))
        {
            return Ok(rows);
        }
        first.get_or_insert(rows);
    }
    first.ok_or_else(broken)
}

/// Unpacks everything once into nothing, because the sizes that a packed file states can lie.
fn within_unpacked_limit(
    bytes: &[u8],
    name: &str,
    limit: u64,
) -> std::result::Result<(), Option<Refusal>> {
    let too_large = || {
        Some(refused(
            name,
            "bung ra quá lớn",
            "Mời lưu lại bảng thành tệp mới, chỉ gồm danh mục.",
        ))
    };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| None)?;
    if archive.len() > MAX_PARTS {
        return Err(too_large());
    }
    let mut left = limit;
    for i in 0..archive.len() {
        let part = archive.by_index(i).map_err(|_| None)?;
        let size = io::copy(&mut part.take(left + 1), &mut io::sink()).map_err(|_| None)?;
        left = left.checked_sub(size).ok_or_else(too_large)?;
    }
    Ok(())
}

/// The cells of a sheet. The outer error means that it is no sheet of cells.
fn sheet_rows(
    workbook: &mut Xlsx<Cursor<&[u8]>>,
    sheet: &str,
) -> std::result::Result<Result<Vec<Row>>, ()> {
    let mut reader = workbook.worksheet_cells_reader(sheet).map_err(|_| ())?;
    let mut rows: Vec<Row> = Vec::new();
    let mut held = 0;
    while let Some(cell) = reader.next_cell().map_err(|_| ())? {
        let (row, column) = cell.get_position();
        let text = cell_text(cell.get_value());
        if column >= MAX_COLUMNS || text.is_empty() {
            continue;
        }
        // Shared texts count each time: a few bytes in the file can repeat a long one for ever.
        held += text.len() as u64;
        if held > MAX_UNPACKED || rows.len() > MAX_ROWS + HEADER_WITHIN {
            return Ok(Err(too_many_rows()));
        }
        if rows.last().is_none_or(|(last, _)| *last != row + 1) {
            rows.push((row + 1, Vec::new()));
        }
        if let Some((_, cells)) = rows.last_mut() {
            let column = column as usize;
            if cells.len() <= column {
                cells.resize(column + 1, String::new());
            }
            cells[column] = text;
        }
    }
    Ok(Ok(rows))
}

/// A cell as a person reads it.
fn cell_text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(s) | DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => s.clone(),
        DataRef::SharedString(s) => (*s).to_owned(),
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(n) => n.to_string(),
        DataRef::Bool(b) => b.to_string(),
        DataRef::DateTime(date) => {
            let (year, month, day, ..) = date.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

#[cfg(test)]
mod tests;
