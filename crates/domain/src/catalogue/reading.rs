//! Reading single values of untidy sources: names, codes, channels, dates; numbers in [`numbers`].

pub(crate) mod numbers;

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::ChannelKind;
use crate::refusal::Code;
use crate::text::{self, limit};

/// What is wrong with one value; the caller knows row and procedure.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) problem: Code,
    pub(crate) reason: String,
}

pub(crate) type Read<T> = Result<T, Fault>;

pub(crate) fn fault<T>(problem: Code, reason: impl Into<String>) -> Read<T> {
    Err(Fault {
        problem,
        reason: reason.into(),
    })
}

/// Longest description or list of conditions taken in, in characters.
const MAX_TEXT: usize = 100_000;

/// A member of a JSON object by name, whatever its case.
pub(crate) fn field<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name)
        .or_else(|| {
            map.iter()
                .find(|(k, _)| k.eq_ignore_ascii_case(name))
                .map(|(_, v)| v)
        })
        .filter(|v| !v.is_null())
}

/// A JSON string or number as text; absent and null as empty.
pub(crate) fn as_text(value: Option<&Value>, what: &str) -> Read<String> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(s)) => Ok(s.clone()),
        Some(Value::Number(n)) => Ok(n.to_string()),
        Some(_) => fault(Code::ProcedureInvalid, format!("{what} không phải là chữ.")),
    }
}

/// A name on one line, as printed: NFC, trimmed, runs of blanks collapsed, nothing else.
///
/// Looser than [`text::line`], because names must come back whole: symbols of office fonts and
/// a stray left-to-right mark occur in real catalogues. What could turn or hide text on a
/// printed receipt is refused.
pub(crate) fn line(raw: &str, what: &str) -> Read<String> {
    let line = printable(raw, what, limit::PROCEDURE_NAME)?;
    let mut out = String::with_capacity(line.len());
    for word in line.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    Ok(out)
}

/// As [`line`]; only marks or punctuation, nothing that could be read aloud, counts as none.
pub(crate) fn name(raw: &str, what: &str) -> Read<String> {
    let mut out = line(raw, what)?;
    if !out.chars().any(char::is_alphanumeric) {
        out.clear();
    }
    Ok(out)
}

/// As [`name`], where empty and "Không có thông tin" mean that there is none.
pub(crate) fn optional_name(raw: &str, what: &str) -> Read<Option<String>> {
    let out = name(raw, what)?;
    Ok(Some(out).filter(|t| !t.is_empty() && text::fold(t) != "khong co thong tin"))
}

/// Several lines, each collapsed; blank lines are dropped.
pub(crate) fn paragraphs(raw: &str, what: &str) -> Read<String> {
    let text = printable(raw, what, MAX_TEXT)?;
    let lines = text
        .lines()
        .map(|l| l.split_whitespace().collect::<Vec<_>>().join(" "));
    Ok(lines
        .filter(|l| !l.is_empty())
        .collect::<Vec<_>>()
        .join("\n"))
}

fn printable(raw: &str, what: &str, limit: usize) -> Read<String> {
    // Bytes first, so that a 10 MB "name" is not normalised before it is refused.
    if raw.len() > limit.saturating_mul(16) || raw.chars().count() > limit.saturating_mul(2) {
        return fault(Code::FieldTooLong, format!("{what} dài quá {limit} ký tự."));
    }
    let composed = text::nfc(raw);
    if let Some(c) = composed.chars().find(|c| hides_or_turns(*c)) {
        let reason = format!(
            "{what} có ký tự điều khiển hoặc chữ hỏng (U+{:04X}).",
            u32::from(c)
        );
        return fault(Code::FieldCharacters, reason);
    }
    if composed.chars().count() > limit {
        return fault(Code::FieldTooLong, format!("{what} dài quá {limit} ký tự."));
    }
    Ok(composed)
}

fn hides_or_turns(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FFFD}')
}

/// A procedure's code: letters, digits and the marks codes have. Spreadsheets turn `1.000010`
/// into the number 1.00001; national codes always have six decimals, so they come back whole.
pub(crate) fn code(raw: &str, is_number: bool) -> Read<String> {
    let mut code = name(raw, "Mã thủ tục")?;
    if is_number {
        match code.parse::<f64>() {
            Ok(n) if (1.0..10.0).contains(&n) => code = format!("{n:.6}"),
            _ => {
                return fault(
                    Code::ProcedureInvalid,
                    format!("Mã thủ tục {code} bị ghi thành số; mời ghi lại dạng chữ."),
                );
            }
        }
    }
    if code.is_empty() {
        return fault(Code::ProcedureCodeMissing, "Dòng này không có mã thủ tục.");
    }
    if code.chars().count() > limit::CODE {
        return fault(
            Code::FieldTooLong,
            format!("Mã thủ tục dài quá {} ký tự.", limit::CODE),
        );
    }
    if !code
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '/'))
    {
        return fault(
            Code::ProcedureInvalid,
            format!("Mã thủ tục “{code}” có ký tự lạ; mã chỉ gồm chữ, số và dấu chấm."),
        );
    }
    Ok(code)
}

/// A channel from the portal's number or its words.
pub(crate) fn channel(raw: &str) -> Read<ChannelKind> {
    match text::fold(raw).as_str() {
        "1" | "1.0" | "truc tiep" | "nop truc tiep" | "tai quay" => Ok(ChannelKind::Counter),
        "2" | "2.0" | "truc tuyen" | "nop truc tuyen" | "qua mang" => Ok(ChannelKind::Online),
        "3"
        | "3.0"
        | "buu chinh"
        | "dich vu buu chinh"
        | "qua buu chinh"
        | "dich vu buu chinh cong ich" => Ok(ChannelKind::Post),
        _ => fault(
            Code::ProcedureInvalid,
            format!(
                "Không đọc được hình thức nộp “{}” (trực tiếp, trực tuyến, bưu chính).",
                clip(raw)
            ),
        ),
    }
}

/// A date: ISO, `dd/mm/yyyy`, or the portal's `yyyyMMddHHmmss`.
pub(crate) fn date(raw: &str) -> Read<Option<NaiveDate>> {
    let raw = raw.trim();
    if raw.is_empty() {
        return Ok(None);
    }
    let digits = raw.len() >= 8 && raw.is_ascii() && raw.bytes().all(|b| b.is_ascii_digit());
    let parsed = if digits {
        NaiveDate::parse_from_str(&raw[..8], "%Y%m%d").ok()
    } else {
        let day = raw.split(['T', ' ']).next().unwrap_or_default();
        ["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y"]
            .iter()
            .find_map(|f| NaiveDate::parse_from_str(day, f).ok())
    };
    let plausible = |d: &NaiveDate| (1945..=2200).contains(&chrono::Datelike::year(d));
    match parsed.filter(plausible) {
        Some(date) => Ok(Some(date)),
        None => fault(
            Code::DateInvalid,
            format!(
                "Ngày “{}” không có thật hoặc không đúng dạng ngày/tháng/năm.",
                clip(raw)
            ),
        ),
    }
}

/// Whether every applicant has to bring the paper. The portal has no mark for it; its names
/// do: "nếu có" is for those who have it, "trường hợp …" for those whom it concerns, and a line
/// with neither original nor copy is an instruction. In doubt it is not required, because a
/// desk may always ask for a paper, but must not be stopped for one that nobody owes.
pub(crate) fn asked_of_everyone(name: &str, originals: u8, copies: u8) -> bool {
    let folded = text::fold(name);
    let start = folded.trim_start_matches(|c: char| !c.is_alphabetic());
    let begins = ["truong hop", "hoac", "neu "];
    let within = [
        "neu co",
        "(neu ",
        "neu nguoi",
        "trong truong hop",
        "doi voi truong hop",
    ];
    originals + copies > 0
        && !begins.iter().any(|c| start.starts_with(c))
        && !within.iter().any(|c| folded.contains(c))
}

/// The start of a value for a sentence: enough to recognise it, not enough to flood a list.
fn clip(raw: &str) -> String {
    let mut out: String = raw
        .trim()
        .chars()
        .filter(|c| !hides_or_turns(*c))
        .take(40)
        .collect();
    if raw.trim().chars().count() > 40 {
        out.push('…');
    }
    out
}
