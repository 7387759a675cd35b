//! Papers about money of a case. None of them is a tax receipt (biên lai), which has numbers and a
//! form of its own; each says so.

use chrono::{DateTime, FixedOffset};
use motcua_domain::{money, refusal::Result, text::grouped};

use crate::{
    fonts::Fonts,
    form::moment,
    forms::{FormSet, Values},
    slips::{CaseHead, make},
};

/// A payment that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancelled {
    /// When.
    pub at: DateTime<FixedOffset>,
    /// By whom.
    pub officer: String,
    /// Why.
    pub reason: String,
}

/// Slip of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeSlip {
    /// The case; its officer took the money, its number is the slip's.
    pub head: CaseHead,
    /// Who paid.
    pub payer: String,
    /// Whole đồng.
    pub amount: u64,
    /// How, in words.
    pub method: String,
    /// Notes.
    pub note: Option<String>,
    /// What is still to be paid after it.
    pub still_due: u64,
    /// Taken back.
    pub cancelled: Option<Cancelled>,
}

/// What is still to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeNotice {
    /// The case.
    pub head: CaseHead,
    /// Whole đồng.
    pub amount: u64,
    /// Text of the code with which to pay by phone.
    pub code: Option<String>,
    /// The account in words: holder, number, bank.
    pub account: Option<String>,
    /// What is to stand with the transfer.
    pub purpose: Option<String>,
}

/// Slip of a payment as a PDF.
///
/// # Errors
/// `ASSET_FAULT` for a broken form file or face, `DOCUMENT_UNKNOWN` if the set has no such form.
pub fn fee_slip(data: &FeeSlip, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let cancelled = data.cancelled.as_ref();
    let values = Values::from([
        ("payer", Some(data.payer.clone())),
        ("amount", Some(grouped(data.amount))),
        ("amount_words", Some(money::dong(data.amount))),
        ("method", Some(data.method.clone())),
        ("paid", Some(moment(data.head.made_at, forms)?)),
        ("note", data.note.clone()),
        (
            "still_due",
            (data.still_due > 0).then(|| grouped(data.still_due)),
        ),
        (
            "cancelled",
            cancelled.map(|c| moment(c.at, forms)).transpose()?,
        ),
        ("cancelled_by", cancelled.map(|c| c.officer.clone())),
        ("cancelled_why", cancelled.map(|c| c.reason.clone())),
    ]);
    make(
        "fee_slip",
        &data.head,
        &[],
        (&[], &[]),
        values,
        (forms, fonts),
    )
}

/// What is still to be paid as a PDF.
///
/// # Errors
/// As [`fee_slip`].
pub fn fee_notice(data: &FeeNotice, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let values = Values::from([
        ("amount", Some(grouped(data.amount))),
        ("amount_words", Some(money::dong(data.amount))),
        ("pay_code", data.code.clone()),
        ("account", data.account.clone()),
        ("purpose", data.purpose.clone()),
    ]);
    make(
        "fee_notice",
        &data.head,
        &[],
        (&[], &[]),
        values,
        (forms, fonts),
    )
}
