//! Everything that can happen to a case.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use uuid::Uuid;

use super::{BookEntry, CaseAct, CaseReceived, FeeMethod, PaperAttached, PaperDetached};
use crate::{calendar::Limit, notice::Consent};

/// A paper that is asked for, or that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct WantedPaper {
    /// Position in the procedure's list, from 0; none for a paper that is not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// Its name, so that the log can be read by itself.
    pub name: String,
    /// Originals (bản chính).
    #[serde(default)]
    pub originals: u32,
    /// Certified copies (bản chứng thực).
    #[serde(default)]
    pub certified: u32,
    /// Plain copies (bản photo).
    #[serde(default)]
    pub copies: u32,
}

impl WantedPaper {
    /// Originals, certified copies, plain copies.
    pub fn counts(&self) -> [u32; 3] {
        [self.originals, self.certified, self.copies]
    }
}

/// What a dossier lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields, rename = "DossierWanted")]
#[schemars(rename = "DossierWanted")]
pub struct Wanted {
    /// Papers to bring.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<WantedPaper>>", optional)]
    pub papers: Vec<WantedPaper>,
    /// What else is to be put in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// The case that was taken in under a provisional code has its final one. The provisional code
/// stands on paper, so the case is found under both for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CodeGiven {
    /// The final code.
    pub code: String,
    /// Running number of the day within it.
    pub number: u32,
    /// Day of receipt, as the code has it.
    pub date: NaiveDate,
    /// Entry in the register book.
    pub book: BookEntry,
}

/// The citizen was asked to complete the dossier (Mẫu 02).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct SupplementRequested {
    /// Papers to bring.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<WantedPaper>,
    /// What else is to be completed or corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Why.
    pub reason: String,
    /// Running number of the paper in its year (Số: …/HDHS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<BookEntry>,
}

/// The dossier is complete; the limit began again (NĐ 61/2018/NĐ-CP Điều 19.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct SupplementReceived {
    /// Papers that came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<WantedPaper>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Time limit applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Due now, UTC milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<i64>,
    /// How the due time came about, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
}

/// An act that needs nothing but its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct Why {
    /// Why.
    pub reason: String,
}

/// The citizen was apologised to and given another date (Mẫu 04).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct Postponed {
    /// Why it is late.
    pub reason: String,
    /// Was due, UTC milliseconds.
    pub from_ms: i64,
    /// Is due, UTC milliseconds.
    pub due_ms: i64,
    /// Running number of the paper in its year (Số: …/PXL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<BookEntry>,
}

/// The competent agency has the dossier that was received for it: the limit began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct Accepted {
    /// When it had it, UTC milliseconds.
    pub at_ms: i64,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Time limit applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Due now, UTC milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<i64>,
    /// How the due time came about, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
}

/// What the case costs, from now on; also an exemption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct FeeCharged {
    /// Whole đồng; 0 with a ground is an exemption.
    pub amount: u64,
    /// Ground of an exemption, or why the amount is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
}

/// Money came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct FeePaid {
    /// The payment, for ever.
    pub id: Uuid,
    /// Whole đồng.
    pub amount: u64,
    /// How.
    pub method: FeeMethod,
    /// Who paid, where it is not whoever handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// Notes: number of the transfer, of the official receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Number of the slip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slip: Option<BookEntry>,
}

/// A payment was taken back: the record of it stays, and this one stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct FeeReversed {
    /// Which; none is the one that came with the dossier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Uuid>,
    /// Why.
    pub reason: String,
}

/// The dossier went to where it is settled (Mẫu 05).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct HandedOver {
    /// Department or agency.
    pub to: String,
    /// Who took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    /// Agency that takes part in settling it (cơ quan phối hợp, Mẫu 05).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helping: Option<String>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The cases that went with it on one list, this one too, in the order of the list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<Uuid>>", optional)]
    pub list: Vec<Uuid>,
}

/// The dossier came back without a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct HandedBack {
    /// Why.
    pub reason: String,
    /// Who brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub giver: Option<String>,
}

/// What a result is, as it will stand on the slip.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ResultPaperNote {
    /// Kind of result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// The result came to the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ResultReceived {
    /// The result.
    #[serde(default)]
    pub result: ResultPaperNote,
    /// Who brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub giver: Option<String>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How far a department that settles a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum DepartmentStep {
    /// It works on it.
    Working,
    /// It is settled: there is a result.
    Finished,
    /// It was stopped.
    Stopped,
}

/// What the department that settles the case said of it, through central.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct DepartmentReport {
    /// Which department.
    pub department: String,
    /// How far it is.
    pub step: DepartmentStep,
    /// Who settled it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Notes; the reason, where it was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The result.
    #[serde(default)]
    pub result: ResultPaperNote,
}

/// Who was given the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Recipient {
    /// The owner, or who acts for an organisation.
    Owner {
        /// Full name.
        name: String,
    },
    /// Somebody else, on an authorisation.
    Proxy {
        /// Full name.
        name: String,
        /// Identity number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        id_number: Option<String>,
        /// Telephone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        phone: Option<String>,
        /// The authorisation that was shown: number, date, who certified it.
        authorisation: String,
    },
    /// The public post.
    Post {
        /// Number of the waybill.
        waybill: String,
        /// Where to.
        address: String,
    },
}

/// The result was handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ResultReturned {
    /// To whom.
    pub recipient: Recipient,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The last act was a slip and is taken back: it stays on record, and this one stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseActUndone")]
#[schemars(rename = "CaseActUndone")]
pub struct ActUndone {
    /// Which act.
    pub act: CaseAct,
    /// When it was done, UTC milliseconds: with the act this names it.
    pub done_ms: i64,
    /// Why it was wrong.
    pub reason: String,
}

/// How the citizen is reached from now on, and whether they want to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ContactChanged {
    /// What they said; where they were not asked, what they said before holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// Everything that can happen to a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "kind", content = "body")]
pub enum CaseEvent {
    /// Taken in.
    #[serde(rename = "case.received")]
    Received(Box<CaseReceived>),
    /// The final code, in place of a provisional one.
    #[serde(rename = "case.code_given")]
    CodeGiven(CodeGiven),
    /// A paper of the case went to a printer.
    #[serde(rename = "case.document_printed")]
    DocumentPrinted {
        /// Kind of paper (`receipt`).
        document: String,
        /// BLAKE3 of what was printed, hex.
        hash: String,
    },
    /// The citizen is reached another way, or wants to be told no more.
    #[serde(rename = "case.contact_changed")]
    ContactChanged(ContactChanged),
    /// More was asked for.
    #[serde(rename = "case.supplement_requested")]
    SupplementRequested(SupplementRequested),
    /// The dossier is complete now.
    #[serde(rename = "case.supplement_received")]
    SupplementReceived(SupplementReceived),
    /// Refused.
    #[serde(rename = "case.refused")]
    Refused(Why),
    /// Given another date, with an apology.
    #[serde(rename = "case.postponed")]
    Postponed(Postponed),
    /// Withdrawn by the citizen.
    #[serde(rename = "case.withdrawn")]
    Withdrawn(Why),
    /// Stopped.
    #[serde(rename = "case.stopped")]
    Stopped(Why),
    /// Handed over.
    #[serde(rename = "case.handed_over")]
    HandedOver(HandedOver),
    /// Came back without a result.
    #[serde(rename = "case.handed_back")]
    HandedBack(HandedBack),
    /// The department that settles it said how far it is.
    #[serde(rename = "case.department_reported")]
    Reported(DepartmentReport),
    /// The result came.
    #[serde(rename = "case.result_received")]
    ResultReceived(ResultReceived),
    /// The result was handed out.
    #[serde(rename = "case.result_returned")]
    ResultReturned(ResultReturned),
    /// The competent agency has it.
    #[serde(rename = "case.accepted")]
    Accepted(Accepted),
    /// The last act was taken back.
    #[serde(rename = "case.act_undone")]
    ActUndone(ActUndone),
    /// What it costs.
    #[serde(rename = "fee.charged")]
    FeeCharged(FeeCharged),
    /// Money came.
    #[serde(rename = "fee.paid")]
    FeePaid(FeePaid),
    /// A payment was taken back.
    #[serde(rename = "fee.reversed")]
    FeeReversed(FeeReversed),
    /// A file of a paper came.
    #[serde(rename = "case.paper_attached")]
    PaperAttached(PaperAttached),
    /// A file was taken back.
    #[serde(rename = "case.paper_detached")]
    PaperDetached(PaperDetached),
}

impl CaseEvent {
    /// Whether it is about money, which no status stands in the way of once it is recorded.
    pub fn is_fee(&self) -> bool {
        matches!(
            self,
            Self::FeeCharged(_) | Self::FeePaid(_) | Self::FeeReversed(_)
        )
    }

    /// Which act it records; none for reception itself, for its code, for printing, for money, for
    /// files, for how the citizen is reached, and for taking an act back.
    pub fn act(&self) -> Option<CaseAct> {
        match self {
            Self::Received(_)
            | Self::DocumentPrinted { .. }
            | Self::FeeCharged(_)
            | Self::FeePaid(_)
            | Self::FeeReversed(_)
            | Self::ContactChanged(_)
            | Self::CodeGiven(_)
            | Self::ActUndone(_)
            | Self::PaperAttached(_)
            | Self::PaperDetached(_) => None,
            Self::SupplementRequested(_) => Some(CaseAct::RequestSupplement),
            Self::SupplementReceived(_) => Some(CaseAct::CompleteSupplement),
            Self::Refused(_) => Some(CaseAct::Refuse),
            Self::Postponed(_) => Some(CaseAct::Postpone),
            Self::Withdrawn(_) => Some(CaseAct::Withdraw),
            Self::Stopped(_) => Some(CaseAct::Stop),
            Self::HandedOver(_) => Some(CaseAct::HandOver),
            Self::HandedBack(_) => Some(CaseAct::TakeBack),
            // By the same ways as if an officer had done it here.
            Self::Reported(report) => match report.step {
                DepartmentStep::Working => None,
                DepartmentStep::Finished => Some(CaseAct::ReceiveResult),
                DepartmentStep::Stopped => Some(CaseAct::Stop),
            },
            Self::ResultReceived(_) => Some(CaseAct::ReceiveResult),
            Self::ResultReturned(_) => Some(CaseAct::ReturnResult),
            Self::Accepted(_) => Some(CaseAct::Accept),
        }
    }
}
