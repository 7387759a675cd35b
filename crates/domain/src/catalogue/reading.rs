//! Reading single values of untidy sources: names, amounts, limits, dates.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{ChannelKind, Limit, LimitUnit};
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
/// Longest limits: above any law's, small enough for the calendar to count.
const MAX_DAYS: u32 = 3_650;
/// Highest single fee taken in: a hundred thousand billion đồng.
const MAX_MONEY: f64 = 1e14;
/// Highest number of originals or copies of one paper.
pub(crate) const MAX_COUNT: u32 = 99;

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

/// Number of originals or copies in a hand-kept table; blank is none given.
pub(crate) fn count(raw: &str, what: &str) -> Read<Option<u32>> {
    let raw = raw.trim();
    if raw.is_empty() {
        return Ok(None);
    }
    match decimal(raw) {
        Some(n) if !(0.0..=f64::from(u32::MAX)).contains(&n) || n.fract() != 0.0 => fault(
            Code::NumberOutOfRange,
            format!("{what} là {raw}; số bản phải từ 0 đến {MAX_COUNT}."),
        ),
        Some(n) => Ok(Some(n as u32)),
        None => fault(
            Code::ProcedureInvalid,
            format!("{what} “{}” không phải là số.", clip(raw)),
        ),
    }
}

/// Refuses more copies of one paper than a dossier can have.
pub(crate) fn within_count(count: u32, what: &str) -> Read<u8> {
    match u8::try_from(count) {
        Ok(n) if count <= MAX_COUNT => Ok(n),
        _ => fault(
            Code::NumberOutOfRange,
            format!("{what} là {count}; số bản phải từ 0 đến {MAX_COUNT}."),
        ),
    }
}

/// A decimal number with point or comma; very large JSON numbers print with an exponent.
fn decimal(raw: &str) -> Option<f64> {
    let plain = raw.replace(',', ".");
    let shape = plain
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E'));
    plain.parse::<f64>().ok().filter(|n| shape && n.is_finite())
}

/// An amount in đồng: `50000`, `50.000`, `50,000 đồng`, `Miễn phí`. None where it is a text.
pub(crate) fn money(raw: &str) -> Read<Option<u64>> {
    let folded = text::fold(raw);
    if folded.is_empty() {
        return Ok(None);
    }
    if says_free(&folded) {
        return Ok(Some(0));
    }
    let bare = ["dong", "vnd", "d"]
        .iter()
        .find_map(|unit| folded.strip_suffix(unit))
        .unwrap_or(&folded);
    let bare: String = bare.chars().filter(|c| !c.is_whitespace()).collect();
    let mut groups = bare.split(['.', ',']);
    let first = groups.next().unwrap_or_default().trim_start_matches('-');
    let grouped =
        (1..=3).contains(&first.len()) && bare.contains(['.', ',']) && groups.all(|g| g.len() == 3);
    let plain = if grouped {
        bare.replace(['.', ','], "")
    } else {
        bare
    };
    match decimal(&plain) {
        None => Ok(None),
        Some(n) if !(0.0..=MAX_MONEY).contains(&n) || n.fract() != 0.0 => fault(
            Code::NumberOutOfRange,
            format!("Phí, lệ phí “{}” không phải là số đồng hợp lệ.", clip(raw)),
        ),
        Some(n) => Ok(Some(n as u64)),
    }
}

/// Whether a note says nothing but that there is no fee.
pub(crate) fn says_free(note: &str) -> bool {
    let words = text::folded_words(note).join(" ");
    matches!(
        words.as_str(),
        "" | "khong"
            | "khong co"
            | "khong thu"
            | "mien phi"
            | "mien"
            | "khong thu phi"
            | "khong mat phi"
            | "khong phi"
    )
}

/// A limit from value and unit; the unit may also stand in the value (`10 ngày làm việc`).
pub(crate) fn time_limit(value: &str, unit: &str) -> Read<Option<Limit>> {
    let value = value.trim();
    if value.is_empty()
        || matches!(
            text::fold(value).as_str(),
            "khong" | "khong quy dinh" | "khong co thong tin"
        )
    {
        return Ok(None);
    }
    if text::fold(value).starts_with("tra ngay") || text::fold(value) == "ngay" {
        return Ok(Some(Limit {
            value: 0,
            unit: LimitUnit::WorkingDay,
        }));
    }
    let digits = value
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '-')))
        .unwrap_or(value.len());
    let (number, rest) = value.split_at(digits);
    // A unit beside the number counts where no other is given; "1e300" is a number, not 1 "e300".
    let (number, unit) = match unit.trim() {
        "" => (number, rest),
        unit if text::fold(rest) == text::fold(unit) => (number, unit),
        unit => (value, unit),
    };
    let Some(number) = decimal(number.trim()) else {
        return fault(
            Code::ProcedureInvalid,
            format!("Thời hạn “{}” không phải là số.", clip(value)),
        );
    };
    // How many of our unit one printed unit is, and one finer unit for halves.
    let (factor, ours, finer) = match text::fold(unit).as_str() {
        "ngay lam viec" => (
            1,
            LimitUnit::WorkingDay,
            Some((8.0, LimitUnit::WorkingHour)),
        ),
        "ngay" | "ngay lich" => (1, LimitUnit::Day, Some((24.0, LimitUnit::Hour))),
        "gio lam viec" => (1, LimitUnit::WorkingHour, None),
        "gio" => (1, LimitUnit::Hour, None),
        "tuan" => (7, LimitUnit::Day, None),
        "thang" => (1, LimitUnit::Month, None),
        "nam" => (12, LimitUnit::Month, None),
        "" => {
            return fault(
                Code::LimitInvalid,
                format!(
                    "Thời hạn {} không ghi đơn vị (ngày làm việc, ngày, giờ, tháng).",
                    clip(value)
                ),
            );
        }
        other => {
            return fault(
                Code::LimitInvalid,
                format!("Không đọc được đơn vị thời hạn “{}”.", clip(other)),
            );
        }
    };
    let whole = number * f64::from(factor);
    let (amount, unit) = match finer {
        _ if whole.fract() == 0.0 => (whole, ours),
        Some((parts, finer)) if (whole * parts).fract() == 0.0 => (whole * parts, finer),
        _ => {
            return fault(
                Code::LimitInvalid,
                format!("Thời hạn lẻ “{}” không đổi được ra giờ.", clip(value)),
            );
        }
    };
    let most = match unit {
        LimitUnit::Hour | LimitUnit::WorkingHour => MAX_DAYS * 24,
        LimitUnit::Day | LimitUnit::WorkingDay => MAX_DAYS,
        LimitUnit::Month => 120,
    };
    if !(0.0..=f64::from(most)).contains(&amount) {
        return fault(
            Code::NumberOutOfRange,
            format!("Thời hạn “{}” ngoài khoảng có thể có.", clip(value)),
        );
    }
    Ok(Some(Limit {
        value: amount as u32,
        unit,
    }))
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
