//! What a scanner burst is, when it is not a citizen card.
//!
//! The desk has one scanner for everything. A wrong code is named for what it is, so that the
//! officer knows which card to ask for instead of only that "something was wrong".

use chrono::NaiveDate;

use crate::case_code;

/// What a scanned text looks like, from its shape alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanned {
    /// Twelve digits and nothing else: an identity number without the rest of the card.
    CitizenNumber,
    /// Nine digits and nothing else: perhaps the number of an old card.
    OldCardNumber,
    /// The QR code of a health-insurance card (thẻ bảo hiểm y tế).
    HealthCard,
    /// The machine-readable lines on the back of the card.
    MachineReadableLines,
    /// A case code, as on our receipts.
    CaseCode,
    /// A queue ticket's number.
    Ticket,
    /// A web address.
    WebAddress,
    /// None of these; perhaps a citizen card.
    Other,
}

/// Names a scanned text by its shape.
///
/// ```
/// use motcua_domain::identity::scan::{Scanned, recognise};
/// assert_eq!(recognise("H15.50.05.13-261008-0975"), Scanned::CaseCode);
/// assert_eq!(recognise("001090000001"), Scanned::CitizenNumber);
/// assert_eq!(recognise("A-031"), Scanned::Ticket);
/// ```
pub fn recognise(text: &str) -> Scanned {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    let all_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if all_digits && text.len() == 12 {
        Scanned::CitizenNumber
    } else if all_digits && text.len() == 9 {
        Scanned::OldCardNumber
    } else if is_web_address(text) {
        Scanned::WebAddress
    } else if text.starts_with("IDVNM") {
        Scanned::MachineReadableLines
    } else if is_health_card(text) {
        Scanned::HealthCard
    } else if case_code::recognise(text).is_some() || case_code::Provisional::read(text).is_some() {
        Scanned::CaseCode
    } else if is_ticket(text) {
        Scanned::Ticket
    } else {
        Scanned::Other
    }
}

impl Scanned {
    /// The sentence for somebody who expected a whole citizen card.
    pub(crate) fn instead_of_a_card(self) -> &'static str {
        match self {
            Self::CitizenNumber => {
                "Chỉ đọc được số định danh, thẻ thiếu họ tên và ngày sinh. \
                 Mời quét mã QR trên thẻ hoặc gõ tay phần còn lại."
            }
            Self::OldCardNumber => {
                "Chỉ đọc được 9 chữ số, có thể là số CMND cũ. Mời hỏi thẻ căn cước hoặc gõ tay."
            }
            Self::HealthCard => {
                "Đây là mã trên thẻ bảo hiểm y tế, không phải thẻ căn cước. \
                 Mời quét thẻ căn cước hoặc gõ tay."
            }
            Self::MachineReadableLines => {
                "Đây là dòng chữ máy đọc ở mặt sau thẻ. Mời quét ô mã QR trên thẻ."
            }
            Self::CaseCode => {
                "Đây là mã hồ sơ, không phải thẻ căn cước. Mời tìm hồ sơ bằng Ctrl F, \
                 hoặc quét thẻ căn cước."
            }
            Self::Ticket => "Đây là số thứ tự, không phải thẻ căn cước. Mời quét thẻ căn cước.",
            Self::WebAddress => {
                "Đây là mã dẫn tới một trang mạng, không phải thẻ căn cước. Mời quét thẻ căn cước."
            }
            Self::Other => {
                "Nội dung quét không phải thẻ căn cước. Mời quét lại đúng ô mã QR hoặc gõ tay."
            }
        }
    }
}

fn is_web_address(text: &str) -> bool {
    let head: String = text
        .chars()
        .take(8)
        .collect::<String>()
        .to_ascii_lowercase();
    head.starts_with("http://") || head.starts_with("https://")
}

/// `GD4010100000001|4e677579e1bb856e…|01/01/1990|1|…`: the card's code (15 characters, or the
/// 10 digits of the social-insurance number), then the name as hexadecimal UTF-8.
fn is_health_card(text: &str) -> bool {
    let mut fields = text.split('|').map(str::trim);
    let (Some(code), Some(name)) = (fields.next(), fields.next()) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let code_fits = match code.len() {
        10 => digits(code),
        15 => code.split_at_checked(2).is_some_and(|(head, rest)| {
            head.bytes().all(|b| b.is_ascii_alphabetic()) && digits(rest)
        }),
        _ => false,
    };
    code_fits && hex_text(name).is_some_and(|name| name.chars().any(char::is_alphabetic))
}

fn hex_text(hex: &str) -> Option<String> {
    if hex.is_empty() || !hex.is_ascii() || !hex.len().is_multiple_of(2) {
        return None;
    }
    let bytes = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}

/// One or two letters, perhaps a dash, two to four digits, and in the ticket's QR code the day:
/// `A-031`, `UT012`, `A-031 2026-11-22`.
fn is_ticket(text: &str) -> bool {
    let (ticket, day) = match text.split_once(' ') {
        Some((ticket, day)) => (ticket, Some(day)),
        None => (text, None),
    };
    let letters = ticket.bytes().take_while(u8::is_ascii_uppercase).count();
    let number = ticket[letters..]
        .strip_prefix('-')
        .unwrap_or(&ticket[letters..]);
    (1..=2).contains(&letters)
        && (2..=4).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && day.is_none_or(|day| day.parse::<NaiveDate>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("001090000001\r\n", Scanned::CitizenNumber)]
    #[case("012345678", Scanned::OldCardNumber)]
    #[case(
        "GD4010100000001|4e677579e1bb856e2056c4836e2041|01/01/1990|1|48c3a0204ee1bb9969",
        Scanned::HealthCard
    )]
    #[case(
        "0101000001|4E677579E1BB856E2056C4836E2041|01/01/1990|1|",
        Scanned::HealthCard
    )]
    #[case("0101000001|NGUYEN VAN A|01/01/1990|1|", Scanned::Other)]
    #[case("IDVNM0900000014001090000001<<6", Scanned::MachineReadableLines)]
    #[case("000.00.15.H10-210726-0001", Scanned::CaseCode)]
    #[case("B012", Scanned::Ticket)]
    #[case("A-031 2026-11-22", Scanned::Ticket)]
    #[case("A-031 2026-11-31", Scanned::Other)]
    #[case("https://example.vn/x", Scanned::WebAddress)]
    #[case("", Scanned::Other)]
    #[case("ă", Scanned::Other)]
    #[case("TẠM-261129-3-001", Scanned::CaseCode)]
    #[case("hello", Scanned::Other)]
    fn shapes(#[case] text: &str, #[case] want: Scanned) {
        assert_eq!(recognise(text), want);
    }
}
