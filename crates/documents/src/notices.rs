//! How a case ended without a result, and what the citizen thinks of the desk.

use chrono::{DateTime, FixedOffset};
use motcua_domain::refusal::Result;

use crate::{
    fonts::Fonts,
    form::moment,
    forms::{FormSet, Values},
    rows::RowLine,
    slips::{CaseHead, make},
};

/// The citizen took the dossier back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalNote {
    /// The case.
    pub head: CaseHead,
    /// Received.
    pub received_at: DateTime<FixedOffset>,
    /// Who signs.
    pub signer: String,
    /// Why.
    pub reason: String,
    /// How it stands with the money, in words.
    pub money: Option<String>,
}

/// Work on the case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopNotice {
    /// The case.
    pub head: CaseHead,
    /// Received.
    pub received_at: DateTime<FixedOffset>,
    /// Where it stood.
    pub stage: Option<String>,
    /// Why.
    pub reason: String,
    /// How it stands with the money, in words.
    pub money: Option<String>,
}

/// The slip on which the citizen rates the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// The case.
    pub head: CaseHead,
}

/// Note of a withdrawal as a PDF.
///
/// # Errors
/// `ASSET_FAULT` for a broken form file or face, `DOCUMENT_UNKNOWN` if the set has no such form.
pub fn withdrawal_note(data: &WithdrawalNote, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let values = Values::from([
        ("received", Some(moment(data.received_at, forms)?)),
        ("ended", Some(moment(data.head.made_at, forms)?)),
        ("signer", Some(data.signer.clone())),
        ("reason", Some(data.reason.clone())),
        ("money", data.money.clone()),
    ]);
    make(
        "withdrawal",
        &data.head,
        &[],
        (&[], &[]),
        values,
        (forms, fonts),
    )
}

/// Notice of a stop as a PDF.
///
/// # Errors
/// As [`withdrawal_note`].
pub fn stop_notice(data: &StopNotice, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let values = Values::from([
        ("received", Some(moment(data.received_at, forms)?)),
        ("ended", Some(moment(data.head.made_at, forms)?)),
        ("stage", data.stage.clone()),
        ("reason", Some(data.reason.clone())),
        ("money", data.money.clone()),
    ]);
    make("stop", &data.head, &[], (&[], &[]), values, (forms, fonts))
}

/// The nine indicators of TT 01/2018/TT-VPCP, each a word of the form set.
const INDICATORS: [&str; 9] = [
    "indicator_a",
    "indicator_b",
    "indicator_c",
    "indicator_d",
    "indicator_e",
    "indicator_f",
    "indicator_g",
    "indicator_h",
    "indicator_i",
];

/// Rating slip as a PDF.
///
/// # Errors
/// As [`withdrawal_note`].
pub fn rating_slip(data: &Rating, forms: &FormSet, fonts: &Fonts) -> Result<Vec<u8>> {
    let rows = INDICATORS
        .iter()
        .enumerate()
        .map(|(i, key)| {
            let box_ = || "☐".to_owned();
            Ok(RowLine::of([
                ("nth", (i + 1).to_string()),
                ("name", forms.word(key, &Values::new())?),
                ("two", box_()),
                ("one", box_()),
                ("nought", box_()),
            ]))
        })
        .collect::<Result<Vec<_>>>()?;
    make(
        "rating",
        &data.head,
        &[],
        (&[], &rows),
        Values::new(),
        (forms, fonts),
    )
}
