//! Tax codes (mã số thuế): 10 digits, 13 for a branch, or the 12 digits of a person.
//!
//! Check digit by TT 105/2020/TT-BTC; since 1/7/2025 the identity number takes the place of the
//! tax code of persons and household businesses (TT 86/2024/TT-BTC), so 12 digits pass as such.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::digits_only;
use crate::refusal::{Code, Refusal, Result};

const WEIGHTS: [u32; 9] = [31, 29, 23, 19, 17, 13, 7, 5, 3];

/// Whose tax code it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum TaxCodeKind {
    /// 10 digits: an enterprise or other taxpayer.
    Taxpayer,
    /// 13 digits: a branch or dependent unit.
    Branch,
    /// 12 digits: a person or household business, by identity number.
    Person,
}

/// A tax code in its normal form: `0100109106`, `0100109106-001` or 12 digits.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
#[ts(type = "string")]
pub struct TaxCode(String);

impl TaxCode {
    /// Reads a tax code as typed, with or without the dash.
    ///
    /// # Errors
    /// `TAX_CODE_INVALID` for other lengths, a wrong check digit, or branch 000.
    ///
    /// ```
    /// use motcua_domain::identity::tax_code::TaxCode;
    /// assert_eq!(TaxCode::parse("0100109106001").unwrap().as_str(), "0100109106-001");
    /// assert!(TaxCode::parse("0100109107").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |message: &str| Err(Refusal::new(Code::TaxCodeInvalid, message));
        let digits = match digits_only(text.trim()) {
            Some(digits) if text.len() <= 100 => digits,
            _ => return refuse("Mã số thuế chỉ gồm chữ số. Mời xem lại."),
        };
        match digits.len() {
            12 => Ok(Self(digits)),
            10 | 13 if !check_digit_holds(&digits) => refuse(
                "Mã số thuế sai số kiểm tra, có thể gõ nhầm một chữ số. Mời xem lại trên giấy chứng nhận.",
            ),
            10 => Ok(Self(digits)),
            13 if digits.ends_with("000") => {
                refuse("Mã số thuế đơn vị phụ thuộc có ba số cuối từ 001 đến 999. Mời xem lại.")
            }
            13 => Ok(Self(format!("{}-{}", &digits[..10], &digits[10..]))),
            _ => refuse(
                "Mã số thuế có 10 chữ số, đơn vị phụ thuộc 13, cá nhân và hộ kinh doanh 12. Mời xem lại.",
            ),
        }
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whose it is.
    pub fn kind(&self) -> TaxCodeKind {
        match self.0.len() {
            10 => TaxCodeKind::Taxpayer,
            12 => TaxCodeKind::Person,
            _ => TaxCodeKind::Branch,
        }
    }
}

/// Digit 10 is 10 − (Σ weight·digit mod 11); codes where that gives 10 are not issued.
fn check_digit_holds(digits: &str) -> bool {
    let mut values = digits.bytes().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = WEIGHTS
        .iter()
        .zip(values.by_ref())
        .map(|(weight, digit)| weight * digit)
        .sum();
    values.next() == Some(10 - sum % 11)
}

impl fmt::Display for TaxCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for TaxCode {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<TaxCode> for String {
    fn from(code: TaxCode) -> Self {
        code.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("0100047516", "0100047516", TaxCodeKind::Taxpayer)]
    #[case("0100109106", "0100109106", TaxCodeKind::Taxpayer)]
    #[case("0300588569", "0300588569", TaxCodeKind::Taxpayer)]
    #[case(" 0100109106-001 ", "0100109106-001", TaxCodeKind::Branch)]
    #[case("0100109106 999", "0100109106-999", TaxCodeKind::Branch)]
    #[case("001090000001", "001090000001", TaxCodeKind::Person)]
    fn read(#[case] text: &str, #[case] want: &str, #[case] kind: TaxCodeKind) {
        let code = TaxCode::parse(text).unwrap();
        assert_eq!((code.as_str(), code.kind()), (want, kind));
    }

    #[rstest]
    #[case("")]
    #[case("0100047517")]
    #[case("0100109106-000")]
    #[case("0100109107-001")]
    #[case("010010910")]
    #[case("01001091O6")]
    #[case("0000000000")]
    fn refused(#[case] text: &str) {
        assert_eq!(TaxCode::parse(text).unwrap_err().code, Code::TaxCodeInvalid);
    }

    proptest! {
        /// Every weight is prime to 11, so one wrong digit always shows.
        #[test]
        fn one_wrong_digit_is_noticed(head in "[0-9]{9}", at in 0usize..10, by in 1u8..10) {
            let Some(good) = (0..10).map(|d| format!("{head}{d}")).find(|c| TaxCode::parse(c).is_ok())
            else { return Ok(()) };
            let mut bytes = good.into_bytes();
            bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
            prop_assert!(TaxCode::parse(&String::from_utf8(bytes).unwrap()).is_err());
        }

        #[test]
        fn the_normal_form_stays_itself(text in "[0-9 -]{0,20}") {
            if let Ok(code) = TaxCode::parse(&text) {
                prop_assert_eq!(TaxCode::parse(code.as_str()).unwrap(), code);
            }
        }
    }
}
