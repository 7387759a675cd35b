//! Who stands at the desk: citizen cards, identity numbers, tax codes, phones.
//!
//! It owns reading and checking what was scanned or typed. The law guarantees little more than
//! the count of digits (Luật Căn cước 26/2023/QH15), so what merely looks odd is a [`Warning`]
//! beside the value; only what cannot be that thing at all is refused.

pub mod card;
mod card_fields;
mod card_letters;
pub mod look_up;
pub mod mask;
pub mod national_id;
pub mod phone;
pub mod scan;
pub mod tax_code;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Sex as the citizen card states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// Nam.
    Male,
    /// Nữ.
    Female,
}

impl Sex {
    /// The word on the card.
    pub fn vietnamese(self) -> &'static str {
        match self {
            Self::Male => "Nam",
            Self::Female => "Nữ",
        }
    }
}

/// Stable codes of warnings; programs match on them, never on the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum WarningCode {
    /// The first three digits name no province that ever registered births under them.
    NumberProvinceUnknown,
    /// The number says another sex than the card.
    NumberSexDiffers,
    /// The number says another year of birth than the card.
    NumberBirthYearDiffers,
    /// A nine-digit number of the old card (chứng minh nhân dân).
    OldCardNumber,
    /// The old number on the card has a shape that no old number has; it was left out.
    OldNumberOdd,
    /// Born after today.
    BirthInFuture,
    /// More than 120 years old.
    VeryOld,
    /// The card gives only the year of birth.
    BirthYearOnly,
    /// The card gives no sex.
    SexMissing,
    /// The card gives no address.
    AddressMissing,
    /// The card gives no date of issue.
    IssueDateMissing,
    /// Issued before the holder was born.
    IssuedBeforeBirth,
    /// Issued after today.
    IssuedInFuture,
    /// Expires no later than it was issued.
    ExpiresBeforeIssued,
    /// The card has expired.
    CardExpired,
    /// Name and address came without one Vietnamese mark.
    MarksMissing,
    /// No carrier is known under this prefix.
    PhonePrefixUnknown,
    /// An eleven-digit mobile number, withdrawn in 2018.
    PhoneOldNumber,
    /// The leading zero was missing and has been put back.
    PhoneZeroAdded,
    /// A number of another country.
    PhoneForeign,
}

/// Something odd that the officer should look at; the value is still usable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Warning {
    /// Stable code.
    pub code: WarningCode,
    /// One or two Vietnamese sentences.
    pub message: String,
    /// The field of the answer that is odd.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<String>,
}

impl Warning {
    pub(crate) fn new(code: WarningCode, field: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: Some(field.to_owned()),
        }
    }
}

/// A value that may be used, with what is odd about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked<T> {
    /// The value in its one normal form.
    pub value: T,
    /// What the officer should look at.
    pub warnings: Vec<Warning>,
}

/// The digits of `text`, where nothing but digits and the usual separators of numbers stands.
pub(crate) fn digits_only(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '.' | '-' | '\u{00A0}' | '\u{2013}' | '(' | ')' => {}
            _ => return None,
        }
    }
    Some(digits)
}
