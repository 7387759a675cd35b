//! The catalogue of administrative procedures: what a procedure asks for, how long it may
//! take, what it costs; how a catalogue file is read; how a procedure is found while typing.
//!
//! Catalogues come from the national portal's `LayThuTuc` answer ([`lay_thu_tuc`]) or from a
//! spreadsheet an office keeps by hand ([`template`]). Both are untidy in practice, so a file
//! is read row by row: what can be read goes in, and every other row comes back with its
//! number, its code and a sentence ([`intake`]). Names are kept as the source prints them, only
//! composed (NFC), trimmed and with runs of blanks collapsed: they end up on receipts.

pub mod intake;
pub mod lay_thu_tuc;
pub(crate) mod reading;
pub mod search;
pub mod template;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use crate::calendar::{Limit, LimitUnit};
pub use intake::{ParsedFile, Rejected, RowRefusal};
pub use lay_thu_tuc::from_lay_thu_tuc;

/// An administrative procedure (thủ tục hành chính) as one catalogue version holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Procedure {
    /// Code on the national portal (`1.001193`), or a local copy's (`2.001218.000.00.00.H38`).
    pub code: String,
    /// Full official name.
    pub name: String,
    /// Level of government that carries it out, as printed (`Cấp tỉnh, Cấp xã`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub level: Option<String>,
    /// Number of the decision that published it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub decision: Option<String>,
    /// Field (lĩnh vực), as printed; several are joined with a semicolon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field_name: Option<String>,
    /// Code of the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field_code: Option<String>,
    /// Agency that carries it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub agency: Option<String>,
    /// Who may ask for it.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// Ways of handing in, each once, in the order of the source.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// Papers to hand in (thành phần hồ sơ), in the order of the source.
    #[serde(default)]
    pub papers: Vec<Paper>,
    /// What the citizen gets in the end.
    #[serde(default)]
    pub results: Vec<ResultPaper>,
    /// Conditions, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub requirements: Option<String>,
    /// First day on which this version applies; none means from the import on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "string")]
    pub effective_from: Option<NaiveDate>,
    /// Sample data (dữ liệu mẫu): for trying, not for real cases.
    #[serde(default)]
    pub sample: bool,
}

/// Way of handing in (KENH 1, 2, 3 of the portal).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS,
)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// In person at the desk (trực tiếp).
    Counter,
    /// Through the portal (trực tuyến).
    Online,
    /// By post (dịch vụ bưu chính).
    Post,
}

/// One way of handing in, with its time limits and fees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Channel {
    /// Which way.
    pub kind: ChannelKind,
    /// One per variant of the procedure; the first is the usual one.
    #[serde(default)]
    pub limits: Vec<ChannelLimit>,
}

/// A time limit with the description and the fees printed beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ChannelLimit {
    /// The limit; none where the law sets none. A value of 0 means: answered at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<Limit>,
    /// Description as printed (MOTA), line breaks kept; may be empty.
    #[serde(default)]
    pub text: String,
    /// Fees and charges.
    #[serde(default)]
    pub fees: Vec<Fee>,
}

/// One fee or charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Fee {
    /// Whole đồng; none where the source gives no amount that can be read as đồng.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional, type = "number")]
    pub amount: Option<u64>,
    /// Unit as printed (`VND`).
    #[serde(default)]
    pub unit: String,
    /// What the source says beside or instead of the amount.
    #[serde(default)]
    pub text: String,
}

/// A paper to hand in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Paper {
    /// Name as printed.
    pub name: String,
    /// Originals asked for, 0–99.
    #[serde(default)]
    pub originals: u8,
    /// Copies asked for, 0–99.
    #[serde(default)]
    pub copies: u8,
    /// The case this paper belongs to (TRUONGHOP), where the procedure tells cases apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub group: Option<String>,
    /// Name of the form to fill in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub form_name: Option<String>,
    /// Code of the paper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    /// Whether every applicant must bring it. False for papers asked for "if any" or only in
    /// some cases, and for lines of the list that ask for no paper at all.
    #[serde(default)]
    pub required: bool,
    /// The number of originals as the source prints it, where the end of the paper's name has
    /// evidently run into it (`… ngày 01/01/` | `20261`); `originals` then holds its last digit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub originals_printed: Option<u32>,
}

/// A paper the citizen receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ResultPaper {
    /// Code of the result (`KQ.G15.000020`), where the source has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    /// Name as printed.
    pub name: String,
}

/// What the desk tells the citizen about money, in one glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct FeeSummary {
    /// Distinct amounts above 0, in whole đồng, smallest first.
    #[ts(type = "Array<number>")]
    pub amounts: Vec<u64>,
    /// True where the source gives 0 đồng and says nothing else about money.
    pub free: bool,
    /// What is printed beside the amounts; empty where nothing is.
    pub note: String,
}

impl Procedure {
    /// The channel of that kind, or the first there is.
    fn channel(&self, kind: ChannelKind) -> Option<&Channel> {
        self.channels
            .iter()
            .find(|c| c.kind == kind)
            .or_else(|| self.channels.first())
    }

    /// Whether the result is handed over at once (a limit of 0).
    pub fn is_immediate(&self, kind: ChannelKind) -> bool {
        primary_limit(self, kind).is_some_and(|limit| limit.value == 0)
    }
}

/// The usual limit when handing in that way: the first of that channel, or of the first
/// channel where the procedure is not offered that way. None where no limit is set.
pub fn primary_limit(procedure: &Procedure, kind: ChannelKind) -> Option<Limit> {
    procedure.channel(kind)?.limits.iter().find_map(|l| l.limit)
}

/// What the desk says about fees when handing in that way.
pub fn fee_summary(procedure: &Procedure, kind: ChannelKind) -> FeeSummary {
    let limits = procedure.channel(kind).map_or(&[][..], |c| &c.limits);
    let fees = || limits.iter().flat_map(|l| &l.fees);
    let mut amounts: Vec<u64> = fees().filter_map(|f| f.amount).filter(|a| *a > 0).collect();
    amounts.sort_unstable();
    amounts.dedup();
    let mut notes: Vec<&str> = Vec::new();
    for text in limits
        .iter()
        .map(|l| &l.text)
        .chain(fees().map(|f| &f.text))
    {
        if !text.is_empty() && !notes.contains(&text.as_str()) {
            notes.push(text);
        }
    }
    // The portal prints 0 both for "free" and for "see the note", so a note forbids the word.
    let says_free = notes.iter().all(|n| reading::numbers::says_free(n));
    let free = amounts.is_empty() && says_free && fees().any(|f| f.amount == Some(0));
    FeeSummary {
        amounts,
        free,
        note: notes.join("\n"),
    }
}

/// BLAKE3 of the procedure's JSON, in hex: equal hashes mean that an import changes nothing.
pub fn content_hash(procedure: &Procedure) -> String {
    #[expect(
        clippy::expect_used,
        reason = "a struct of strings and numbers always serialises"
    )]
    let json = serde_json::to_vec(procedure).expect("strings, numbers and lists only");
    blake3::hash(&json).to_hex().to_string()
}
