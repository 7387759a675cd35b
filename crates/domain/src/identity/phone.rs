//! Phone numbers in one form: `0912345678`; foreign ones as `+…`.
//!
//! Numbers move between carriers and new prefixes appear, so an unknown prefix only warns.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Checked, Warning, WarningCode, digits_only};
use crate::refusal::{Code, Refusal, Result};

/// Mobile prefixes in use by some carrier.
const MOBILE: &[&str] = &[
    "032", "033", "034", "035", "036", "037", "038", "039", "052", "055", "056", "058", "059",
    "070", "076", "077", "078", "079", "081", "082", "083", "084", "085", "086", "087", "088",
    "089", "090", "091", "092", "093", "094", "096", "097", "098", "099",
];

/// A phone number in its normal form.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
#[ts(type = "string")]
pub struct Phone(String);

impl Phone {
    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For screens others can see: `091••••678`.
    pub fn masked(&self) -> String {
        let chars: Vec<char> = self.0.chars().collect();
        if chars.len() < 8 {
            return "•".repeat(chars.len());
        }
        let head: String = chars[..3].iter().collect();
        let tail: String = chars[chars.len() - 3..].iter().collect();
        format!("{head}••••{tail}")
    }
}

/// Reads a phone number as typed: blanks, dots, dashes, brackets, `+84` or `84` in front.
///
/// # Errors
/// `PHONE_INVALID` where it has letters or too few or many digits.
///
/// ```
/// use motcua_domain::identity::phone;
/// assert_eq!(phone::parse("+84 912.345.678").unwrap().value.as_str(), "0912345678");
/// ```
pub fn parse(text: &str) -> Result<Checked<Phone>> {
    let refuse = |message: &str| Err(Refusal::new(Code::PhoneInvalid, message));
    if text.len() > 100 {
        return refuse("Số điện thoại dài quá. Mời xem lại.");
    }
    let text = text.trim();
    let (international, rest) = match (text.strip_prefix('+'), text.strip_prefix("00")) {
        (Some(rest), _) | (None, Some(rest)) => (true, rest),
        (None, None) => (false, text),
    };
    let Some(digits) = digits_only(rest) else {
        return refuse("Số điện thoại chỉ gồm chữ số. Mời xem lại.");
    };
    let mut warnings = Vec::new();
    let warn = |code, message: &str| Warning::new(code, "phone", message);

    let number = match digits.strip_prefix("84") {
        // People write +84 (0)912… as well.
        Some(local) if international || matches!(digits.len(), 11 | 12) => {
            format!("0{}", local.trim_start_matches('0'))
        }
        _ if international => {
            if !(8..=15).contains(&digits.len()) {
                return refuse("Số điện thoại nước ngoài có từ 8 đến 15 chữ số. Mời xem lại.");
            }
            warnings.push(warn(
                WarningCode::PhoneForeign,
                "Số điện thoại nước ngoài, tin nhắn có thể không tới. Mời hỏi thêm số trong nước.",
            ));
            return Ok(Checked {
                value: Phone(format!("+{digits}")),
                warnings,
            });
        }
        _ if digits.len() == 9 && digits.starts_with(['3', '5', '7', '8', '9']) => {
            warnings.push(warn(
                WarningCode::PhoneZeroAdded,
                "Số điện thoại thiếu số 0 ở đầu, đã thêm. Mời xem lại.",
            ));
            format!("0{digits}")
        }
        _ => digits,
    };

    let switchboard = number.starts_with("1800") || number.starts_with("1900");
    match number.len() {
        8..=10 if switchboard => {}
        10 if number.starts_with("02") => {}
        11 if number.starts_with("02") => {}
        10 if number.starts_with('0') => {
            if !MOBILE.contains(&&number[..3]) {
                warnings.push(warn(
                    WarningCode::PhonePrefixUnknown,
                    "Đầu số này chưa thấy nhà mạng nào dùng. Mời đọc lại số cho người nộp nghe.",
                ));
            }
        }
        11 if number.starts_with("01") => warnings.push(warn(
            WarningCode::PhoneOldNumber,
            "Số di động 11 số đã đổi sang 10 số từ năm 2018. Mời hỏi số đang dùng.",
        )),
        _ => {
            return refuse("Số điện thoại có 10 chữ số, bắt đầu bằng 0. Mời xem lại.");
        }
    }
    Ok(Checked {
        value: Phone(number),
        warnings,
    })
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Phone {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self> {
        parse(&text).map(|checked| checked.value)
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("0912345678", "0912345678", None)]
    #[case("+84 912 345 678", "0912345678", None)]
    #[case("84912345678", "0912345678", None)]
    #[case("0084912345678", "0912345678", None)]
    #[case("+84 (0)912-345-678", "0912345678", None)]
    #[case("091.234.5678", "0912345678", None)]
    #[case("024 3825 1234", "02438251234", None)]
    #[case("+84 24 3825 1234", "02438251234", None)]
    #[case("19001234", "19001234", None)]
    #[case("0841234567", "0841234567", None)]
    #[case("912345678", "0912345678", Some(WarningCode::PhoneZeroAdded))]
    #[case("0512345678", "0512345678", Some(WarningCode::PhonePrefixUnknown))]
    #[case("01662345678", "01662345678", Some(WarningCode::PhoneOldNumber))]
    #[case("+81 3 1234 5678", "+81312345678", Some(WarningCode::PhoneForeign))]
    fn read(#[case] text: &str, #[case] want: &str, #[case] warning: Option<WarningCode>) {
        let phone = parse(text).unwrap();
        assert_eq!(phone.value.as_str(), want);
        assert_eq!(phone.warnings.first().map(|w| w.code), warning);
        assert_eq!(
            parse(want).unwrap().value,
            phone.value,
            "the normal form reads as itself"
        );
    }

    #[rstest]
    #[case("")]
    #[case("abc")]
    #[case("091234567")]
    #[case("09123456789")]
    #[case("0912345678 / 0987654321")]
    #[case("+1")]
    fn refused(#[case] text: &str) {
        assert_eq!(parse(text).unwrap_err().code, Code::PhoneInvalid);
    }

    #[test]
    fn masked_keeps_head_and_tail() {
        assert_eq!(parse("0912345678").unwrap().value.masked(), "091••••678");
    }

    proptest! {
        #[test]
        fn the_normal_form_stays_itself(text in "[+0-9 .()-]{0,20}") {
            if let Ok(phone) = parse(&text) {
                prop_assert_eq!(parse(phone.value.as_str()).unwrap().value, phone.value);
            }
        }
    }
}
