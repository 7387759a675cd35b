//! What is done with a case after it was taken in.
//!
//! Each act names in `expected` the revision of the case that was looked at; where somebody has
//! done something since, it is refused with what was done, and nothing is written.

use chrono::NaiveDate;
use motcua_domain::case::{CaseAct, Recipient, ResultPaperNote, WantedPaper};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{case::CaseView, paper::PaperKind};
use crate::Time;

/// `case.request_supplement`: the citizen is asked to complete the dossier (Mẫu 02).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseRequestSupplement", optional_fields)]
#[schemars(rename = "CaseRequestSupplement")]
pub struct RequestSupplement {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Papers to bring.
    #[serde(default)]
    pub papers: Vec<WantedPaper>,
    /// What else is to be completed or corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Why.
    pub reason: String,
}

/// `case.complete_supplement`: the dossier is complete; the limit begins again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseCompleteSupplement", optional_fields)]
#[schemars(rename = "CaseCompleteSupplement")]
pub struct CompleteSupplement {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Papers that came; those that were asked for unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub papers: Option<Vec<WantedPaper>>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `case.refuse`: the case is refused, with reasons (Mẫu 03).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseRefuse", optional_fields)]
#[schemars(rename = "CaseRefuse")]
pub struct Refuse {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Why.
    pub reason: String,
}

/// `case.postpone`: an apology and another date, once, at the latest one day before the old date
/// (Mẫu 04).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CasePostpone", optional_fields)]
#[schemars(rename = "CasePostpone")]
pub struct Postpone {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// The new date, a working day.
    pub date: NaiveDate,
    /// Why it is late.
    pub reason: String,
}

/// `case.withdraw`: the citizen takes the case back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseWithdraw", optional_fields)]
#[schemars(rename = "CaseWithdraw")]
pub struct Withdraw {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Why, as the citizen says.
    pub reason: String,
}

/// `case.stop`: work on the case ends without a result.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseStop", optional_fields)]
#[schemars(rename = "CaseStop")]
pub struct Stop {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Why.
    pub reason: String,
}

/// `case.hand_over`: the dossier goes to where it is settled (Mẫu 05).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseHandOver", optional_fields)]
#[schemars(rename = "CaseHandOver")]
pub struct HandOver {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Department or agency.
    pub to: String,
    /// Who takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    /// Agency that takes part in settling (cơ quan phối hợp, Mẫu 05).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helping: Option<String>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `case.hand_over_many`: several dossiers go to one place on one list, all of them or none. Those
/// that were handed in online stand first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseHandOverMany", optional_fields)]
#[schemars(rename = "CaseHandOverMany")]
pub struct HandOverMany {
    /// The cases; at most 200.
    pub ids: Vec<Uuid>,
    /// Department or agency.
    pub to: String,
    /// Who takes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    /// Agency that takes part in settling (cơ quan phối hợp, Mẫu 05).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helping: Option<String>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Dossiers were handed over.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct HandedOverMany {
    /// The cases in the order of the list; the list is a paper of each.
    pub ids: Vec<Uuid>,
}

/// `case.accept`: the competent agency has the dossier that was received for it; the limit begins.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseAccept", optional_fields)]
#[schemars(rename = "CaseAccept")]
pub struct Accept {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// When it had it; now unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `case.take_back`: the dossier comes back without a result.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseTakeBack", optional_fields)]
#[schemars(rename = "CaseTakeBack")]
pub struct TakeBack {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Why.
    pub reason: String,
    /// Who brings it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub giver: Option<String>,
}

/// `case.receive_result`: the result is at the desk.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseReceiveResult", optional_fields)]
#[schemars(rename = "CaseReceiveResult")]
pub struct ReceiveResult {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// What it is.
    #[serde(default)]
    pub result: ResultPaperNote,
    /// Who brings it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub giver: Option<String>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `case.return_result`: the result is handed out, or given to the post.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseReturnResult", optional_fields)]
#[schemars(rename = "CaseReturnResult")]
pub struct ReturnResult {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// To whom.
    pub recipient: Recipient,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `case.undo`: the last act was a slip and is taken back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseUndo", optional_fields)]
#[schemars(rename = "CaseUndo")]
pub struct Undo {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Why it was wrong.
    pub reason: String,
}

/// The last act was taken back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseUndoAnswer")]
#[schemars(rename = "CaseUndoAnswer")]
pub struct UndoAnswer {
    /// The case as it is now.
    pub view: CaseView,
    /// What the citizen was told of the act before, in sentences: they are to be told otherwise.
    pub told: Vec<String>,
}

/// What a case's last act is, and whether whoever looks can take it back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseUndoable", optional_fields)]
#[schemars(rename = "CaseUndoable")]
pub struct Undoable {
    /// The act in words, as the history has it.
    pub what: String,
    /// Why not, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}

/// `case.common_papers`: which papers each of these cases has, to print them together.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseCommonPapers")]
#[schemars(rename = "CaseCommonPapers")]
pub struct CommonPapers {
    /// The cases.
    pub ids: Vec<Uuid>,
}

/// An act was done.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseActAnswer", optional_fields)]
#[schemars(rename = "CaseActAnswer")]
pub struct ActAnswer {
    /// The case as it is now.
    pub view: CaseView,
    /// The paper that belongs to the act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper: Option<PaperKind>,
}

/// An act that the case's status knows, with what stands in its way or should be known before.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct PossibleAct {
    /// Which.
    pub act: CaseAct,
    /// Why not now, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
    /// What to know before, in words.
    pub warnings: Vec<String>,
    /// When the result would be due after it, where it gives a date by itself and was done now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Time>,
}

/// A paper that the case has.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct CasePaper {
    /// Which.
    pub kind: PaperKind,
    /// Which of several of that kind, from 1: each request for a supplement, each payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// How often it was printed as it is now; from the first on a print is a reprint.
    pub prints: u32,
    /// How often before it became what it is now: a control slip before its last line.
    pub earlier: u32,
}

/// A line of a case's history.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct CaseLine {
    /// When.
    pub at: Time,
    /// Name of the event.
    pub kind: String,
    /// By whom.
    pub officer: String,
    /// What, in one sentence.
    pub text: String,
    /// Done by somebody who had not heard what others did: without effect.
    pub set_aside: bool,
    /// Taken back later.
    pub undone: bool,
}
