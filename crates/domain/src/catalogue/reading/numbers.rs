//! Numbers of untidy sources: counts of papers, amounts of money, time limits.

use super::{Fault, Read, clip, fault};
use crate::catalogue::{Limit, LimitUnit};
use crate::refusal::Code;
use crate::text;

/// Highest single fee taken in: a hundred thousand billion đồng.
const MAX_MONEY: f64 = 1e14;
/// Highest number of originals or copies of one paper.
pub(crate) const MAX_COUNT: u32 = 99;

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
    if !(0.0..=f64::from(u32::MAX)).contains(&amount) {
        return fault(
            Code::NumberOutOfRange,
            format!("Thời hạn “{}” ngoài khoảng có thể có.", clip(value)),
        );
    }
    let limit = Limit {
        value: amount as u32,
        unit,
    };
    match limit.check() {
        Ok(limit) => Ok(Some(limit)),
        Err(refusal) => Err(Fault {
            problem: refusal.code,
            reason: refusal.message,
        }),
    }
}
