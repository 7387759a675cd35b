//! Paying by phone: the office's account, and the text of a VietQR code for it.
//!
//! The text follows the EMVCo merchant-presented code as NAPAS lays it down for transfers to an
//! account (“Định dạng mã VietQR trong dịch vụ chuyển nhanh NAPAS247”, version 1.5.2 of January
//! 2021): objects of two digits of name, two of length and a value, the last of them a checksum.

use crc::{CRC_16_IBM_3740, Crc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    refusal::{Code, Refusal, Result},
    text::{self, limit},
};

/// Most that a transfer of this kind carries in one go: under half a billion đồng.
pub const MOST: u64 = 499_999_999;
/// Longest account number (NAPAS: consumer id).
const LONGEST_NUMBER: usize = 19;
/// Longest purpose that the code carries.
const LONGEST_PURPOSE: usize = 25;
const CHECKSUM: Crc<u16> = Crc::<u16>::new(&CRC_16_IBM_3740);

/// The account into which citizens pay (tài khoản nhận phí, lệ phí).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Account {
    /// Name of the bank or the treasury, as citizens know it.
    pub bank: String,
    /// The bank's number with NAPAS: six digits.
    pub bin: String,
    /// Account number.
    pub number: String,
    /// In whose name, as the paying app will show it.
    pub holder: String,
}

impl Account {
    /// The account in its form; `None` where nothing was filled in.
    pub(crate) fn checked(self) -> Result<Option<Self>> {
        let all = [&self.bank, &self.bin, &self.number, &self.holder];
        if all.iter().all(|text| text.trim().is_empty()) {
            return Ok(None);
        }
        let required = |value: &str, field| {
            text::required(value, limit::NAME).map_err(|r: Refusal| r.at(field))
        };
        let account = Self {
            bank: required(&self.bank, "bank")?,
            bin: required(&self.bin, "bin")?,
            number: required(&self.number, "number")?,
            holder: required(&self.holder, "holder")?,
        };
        let wrong = |message, field| Err(Refusal::new(Code::ArgumentInvalid, message).at(field));
        if account.bin.len() != 6 || !account.bin.bytes().all(|b| b.is_ascii_digit()) {
            return wrong(
                "Mã ngân hàng (BIN) có đúng 6 chữ số. Chưa đổi gì. Mời xem lại ở ngân hàng.",
                "bin",
            );
        }
        let alphanumeric = account.number.bytes().all(|b| b.is_ascii_alphanumeric());
        if account.number.len() > LONGEST_NUMBER || !alphanumeric {
            return wrong(
                "Số tài khoản có tối đa 19 chữ số hoặc chữ không dấu, viết liền. Chưa đổi gì. Mời xem lại.",
                "number",
            );
        }
        Ok(Some(account))
    }
}

/// A purpose as every bank passes it on: letters without marks, digits and single spaces.
pub fn purpose(text: &str) -> String {
    let plain: String = text::fold(text)
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                ' '
            }
        })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let mut short: String = words.join(" ").chars().take(LONGEST_PURPOSE).collect();
    short.truncate(short.trim_end().len());
    short
}

/// Every value here is ASCII and shorter than a hundred.
fn object(name: &str, value: &str) -> String {
    format!("{name}{:02}{value}", value.len())
}

/// What a code for that transfer says.
///
/// # Errors
/// `NUMBER_OUT_OF_RANGE` for nothing, or more than one transfer carries.
pub fn vietqr(account: &Account, amount: u64, why: &str) -> Result<String> {
    if !(1..=MOST).contains(&amount) {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            "Mã chuyển khoản dùng cho số tiền từ 1 đến 499.999.999 đồng. Mời thu cách khác.",
        )
        .at("amount"));
    }
    let beneficiary = [object("00", &account.bin), object("01", &account.number)].concat();
    let merchant = [
        object("00", "A000000727"),
        object("01", &beneficiary),
        object("02", "QRIBFTTA"),
    ]
    .concat();
    let mut text = [
        object("00", "01"),
        // With an amount: for this one payment.
        object("01", "12"),
        object("38", &merchant),
        object("53", "704"),
        object("54", &amount.to_string()),
        object("58", "VN"),
    ]
    .concat();
    let why = purpose(why);
    if !why.is_empty() {
        text.push_str(&object("62", &object("08", &why)));
    }
    text.push_str("6304");
    let sum = CHECKSUM.checksum(text.as_bytes());
    Ok(format!("{text}{sum:04X}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn account() -> Account {
        Account {
            bank: "Ngân hàng thử".to_owned(),
            bin: "970415".to_owned(),
            number: "0011001932418".to_owned(),
            holder: "UBND PHUONG BINH MINH".to_owned(),
        }
    }

    /// An example that others publish, with the purpose in our capitals and so another sum.
    #[test]
    fn a_published_example_comes_out() {
        let text = vietqr(&account(), 120_000, "ủng hộ lũ lụt").unwrap();
        let theirs = "00020101021238570010A00000072701270006970415011300110019324180208QRIBFTTA530370454061200005802VN62170813ung ho lu lut6304C15C";
        let body = |text: &str| text[..text.len() - 4].to_owned();
        assert_eq!(
            body(&text),
            body(theirs).replace("ung ho lu lut", "UNG HO LU LUT")
        );
        let sum = CHECKSUM.checksum(body(theirs).as_bytes());
        assert_eq!(format!("{sum:04X}"), "C15C", "their sum by our rule");
    }

    #[rstest]
    #[case("H99.12-261128-0001", "H99 12 261128 0001")]
    #[case("  Lệ phí  –  A-006 ", "LE PHI A 006")]
    #[case("một hai ba bốn năm sáu bảy tám", "MOT HAI BA BON NAM SAU BA")]
    #[case("…", "")]
    fn a_purpose_is_plain_and_short(#[case] text: &str, #[case] said: &str) {
        assert_eq!(purpose(text), said);
    }

    #[rstest]
    #[case(0)]
    #[case(MOST + 1)]
    fn no_code_for_what_no_transfer_carries(#[case] amount: u64) {
        let refusal = vietqr(&account(), amount, "").unwrap_err();
        assert_eq!(
            (refusal.code, refusal.field.as_deref()),
            (Code::NumberOutOfRange, Some("amount"))
        );
    }

    #[rstest]
    #[case("bin", |a: &mut Account| a.bin = "97041".to_owned())]
    #[case("number", |a: &mut Account| a.number = "0011 0019".to_owned())]
    #[case("number", |a: &mut Account| a.number = "0".repeat(20))]
    #[case("holder", |a: &mut Account| a.holder.clear())]
    fn a_wrong_account_is_refused_by_its_field(
        #[case] field: &str,
        #[case] change: fn(&mut Account),
    ) {
        let mut account = account();
        change(&mut account);
        assert_eq!(account.checked().unwrap_err().field.as_deref(), Some(field));
    }

    #[test]
    fn nothing_filled_in_is_no_account() {
        assert_eq!(Account::default().checked(), Ok(None));
    }

    /// Reads objects as a bank's app does.
    fn objects(mut text: &str) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        while !text.is_empty() {
            let long: usize = text.get(2..4)?.parse().ok()?;
            found.push((text.get(..2)?.to_owned(), text.get(4..4 + long)?.to_owned()));
            text = &text[4 + long..];
        }
        Some(found)
    }

    proptest! {
        #[test]
        fn whatever_the_purpose_the_code_can_be_read(amount in 1..=MOST, why in "\\PC{0,80}") {
            let text = vietqr(&account(), amount, &why).unwrap();
            let found = objects(&text).unwrap();
            let of = |name: &str| found.iter().find(|o| o.0 == name).map(|o| o.1.clone());
            prop_assert_eq!(of("54"), Some(amount.to_string()));
            prop_assert_eq!(of("63").map(|sum| sum.len()), Some(4));
            if let Some(more) = of("62") {
                let inside = objects(&more).unwrap();
                prop_assert!(inside[0].1.len() <= 25 && inside[0].1.is_ascii());
            }
        }
    }
}
