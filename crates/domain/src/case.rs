//! A case (hồ sơ): what was taken in, from whom, under which code, until when, and what became
//! of it.
//!
//! - [`CaseStatus`]: where a case can stand, and the one table of ways from there;
//! - [`CaseEvent`]: everything that can happen to it;
//! - [`Case`]: what its events make of it, by a fold that never refuses;
//! - [`decide`]: whether an act is possible now, and what an officer should know before it.

pub mod attachment;
mod check;
pub mod decide;
mod event;
pub mod fee;
pub mod find;
mod held;
mod state;
mod status;
mod supplement;
pub mod undo;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

pub use attachment::{
    AttachedTo, Attachment, Blob, Detached, PaperAttached, PaperDetached, PaperOrigin, ReusedFrom,
};
pub use check::{check_email, check_papers, check_party};
pub use event::{
    Accepted, ActUndone, CaseEvent, CodeGiven, ContactChanged, DepartmentReport, DepartmentStep,
    FeeCharged, FeePaid, FeeReversed, HandedBack, HandedOver, Postponed, Recipient,
    ResultPaperNote, ResultReceived, ResultReturned, SupplementReceived, SupplementRequested,
    Wanted, WantedPaper, Why,
};
pub use fee::{Money, Payment, Reversal};
pub use held::HeldPaper;
pub use state::{Act, Case, GivenCode, Printed, Promised};
pub use status::{CaseAct, CaseStatus};
pub use supplement::Supplement;
pub use undo::Undone;

use crate::{calendar::Limit, identity::look_up::LookUp, notice::Consent, visit::Party};

/// Most copies of one paper that can be taken in; more is a slip of the finger.
pub const MAX_COUNT: u32 = 99;
/// Most sets of a dossier.
pub const MAX_SETS: u16 = 99;

/// How the citizen wants the result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReturnMethod {
    /// At the counter (tại quầy).
    #[default]
    Counter,
    /// By public post (bưu chính công ích).
    Post,
    /// Electronically (điện tử).
    Online,
}

/// What was received of one paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct PaperCount {
    /// Position in the procedure's list, from 0.
    pub index: usize,
    /// Originals (bản chính).
    #[serde(default)]
    pub originals: u32,
    /// Certified copies (bản chứng thực).
    #[serde(default)]
    pub certified: u32,
    /// Plain copies (bản photo).
    #[serde(default)]
    pub copies: u32,
    /// Does not apply to this citizen, with the reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<String>,
    /// Not asked for again: the file of an earlier case was taken over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub reused: bool,
}

impl PaperCount {
    /// Originals, certified copies, plain copies.
    pub fn counts(&self) -> [u32; 3] {
        [self.originals, self.certified, self.copies]
    }
}

/// Which version of which procedure a case was received under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ProcedureRef {
    /// National code.
    pub code: String,
    /// Content hash of the version.
    pub version: String,
    /// Name, so that the log can be read by itself.
    pub name: String,
}

/// How a fee was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum FeeMethod {
    /// In cash.
    Cash,
    /// By transfer.
    Transfer,
    /// Online, at a portal.
    Online,
    /// Later, or elsewhere.
    Unpaid,
    /// Exempt, with the ground in words.
    Exempt,
}

impl FeeMethod {
    /// Whether money came.
    pub fn is_paid(self) -> bool {
        matches!(self, Self::Cash | Self::Transfer | Self::Online)
    }

    /// The name it has in the database and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Transfer => "transfer",
            Self::Online => "online",
            Self::Unpaid => "unpaid",
            Self::Exempt => "exempt",
        }
    }

    /// In words, within a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Cash => "tiền mặt",
            Self::Transfer => "chuyển khoản",
            Self::Online => "thanh toán trực tuyến",
            Self::Unpaid => "chưa nộp",
            Self::Exempt => "miễn",
        }
    }
}

/// Fee of a case, in whole đồng.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CaseFee {
    /// Amount.
    pub amount: u64,
    /// How.
    pub method: FeeMethod,
    /// Ground of an exemption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// Number of the slip, where it was paid; given by the desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub slip: Option<BookEntry>,
}

/// Received for another agency, wherever it is (tiếp nhận không phụ thuộc địa giới): three places
/// that are not to be mixed up. The limit begins when the competent agency has the dossier
/// (NĐ 309/2026/NĐ-CP Điều 8.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct OnBehalf {
    /// Where the citizen was helped, if that is another place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where it was received: this desk unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Who is competent to settle it.
    pub competent: String,
}

/// Handed in online and checked at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct OnlineDossier {
    /// Its code where it was handed in.
    pub code: String,
    /// Handed in, UTC milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_ms: Option<i64>,
}

/// Number in the year's register book (Sổ theo dõi hồ sơ).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct BookEntry {
    /// Year of the book.
    pub year: i32,
    /// Running number within it.
    pub number: u32,
}

/// Reception: the first event of every case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CaseReceived {
    /// Case code (mã hồ sơ) as it stands on the receipt, provisional or not.
    pub code: String,
    /// Running number of the day within the code.
    pub number: u32,
    /// The code is provisional: no number of the agency was left here. [`CodeGiven`] replaces it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// Business day.
    pub date: NaiveDate,
    /// The visit it was handed in at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<Uuid>,
    /// Counter that took it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u16>,
    /// Procedure and version.
    pub procedure: ProcedureRef,
    /// Owner (chủ hồ sơ).
    pub applicant: Party,
    /// Who handed it in, if somebody else (người nộp thay).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitter: Option<Party>,
    /// What was received.
    pub papers: Vec<PaperCount>,
    /// Required papers that are missing, by position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<usize>,
    /// Ground on which it was taken in all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_ground: Option<String>,
    /// Sets handed in.
    pub sets: u16,
    /// How the result is to be returned.
    pub return_method: ReturnMethod,
    /// Where to, by post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_address: Option<String>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<CaseFee>,
    /// Whether the citizen wants to be told what becomes of it; none: was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Consent>,
    /// Time limit applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Received, UTC milliseconds: the legal beginning of the limit.
    pub received_ms: i64,
    /// Due, UTC milliseconds; none for results returned at once or without a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<i64>,
    /// How the due time came about, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// Entry in the register book; with a provisional code there is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub book: Option<BookEntry>,
    /// Form set in force.
    pub form_set: String,
    /// What came of looking the owner up; absent where there was no number to ask for, and in
    /// records from before there were look-ups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub look_up: Option<LookUp>,
    /// The result was returned at once: recorded, no receipt needed (NĐ 61/2018 Điều 17.4).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub instant: bool,
    /// For another agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub on_behalf: Option<OnBehalf>,
    /// Handed in online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub online: Option<OnlineDossier>,
}
