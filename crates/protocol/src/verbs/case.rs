//! Cases, the catalogue and due times.

use chrono::NaiveDate;
use motcua_domain::{
    calendar::{DayMark, Limit},
    case::{
        Case, CaseFee, CaseStatus, HeldPaper, Money, OnBehalf, OnlineDossier, PaperCount,
        ReturnMethod,
    },
    catalogue::Procedure,
    notice::{Consent, Contact},
    visit::Party,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::case_acts::{CaseLine, CasePaper, PossibleAct, Undoable};
use crate::Time;

/// `case.receive`: a case is taken in. The code and the due time are given in the same step.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseReceive", optional_fields)]
#[schemars(rename = "CaseReceive")]
pub struct Receive {
    /// The visit it is handed in at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<Uuid>,
    /// Counter, where there is no visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u16>,
    /// Procedure code.
    pub procedure_code: String,
    /// Owner (chủ hồ sơ).
    pub applicant: Party,
    /// Who hands it in, if somebody else (người nộp thay).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitter: Option<Party>,
    /// What was received.
    #[serde(default)]
    pub papers: Vec<PaperCount>,
    /// Ground on which missing papers are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_ground: Option<String>,
    /// Sets, 1 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sets: Option<u16>,
    /// How the result is returned, at the counter unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_method: Option<ReturnMethod>,
    /// Where to, by post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_address: Option<String>,
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<CaseFee>,
    /// Whether the citizen wants to be told what becomes of it; leave it out where they were not
    /// asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Consent>,
    /// Another limit than the catalogue's first one for the counter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// The result is returned at once; no receipt needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instant: Option<bool>,
    /// Received for another agency: the limit begins when that one has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf: Option<OnBehalf>,
    /// Handed in online and checked here; the limit is that of the online channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<OnlineDossier>,
    /// Papers taken over from earlier cases of the same person: not asked for again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse: Option<Vec<super::scan::Reuse>>,
}

/// A case was taken in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseReceiveAnswer", optional_fields)]
#[schemars(rename = "CaseReceiveAnswer")]
pub struct ReceiveAnswer {
    /// The case.
    pub case_id: Uuid,
    /// Its code.
    pub case_code: String,
    /// The code is provisional: the final one replaces it once a number can be had.
    #[serde(default)]
    pub provisional: bool,
    /// Received.
    pub received_at: Time,
    /// Due; absent for results at once and procedures without a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Time>,
    /// How the due time came about.
    pub because: Vec<String>,
    /// Positions of required papers that are missing.
    pub missing: Vec<usize>,
    /// What the officer should look at; nothing here kept the case from being taken in.
    pub warnings: Vec<motcua_domain::identity::Warning>,
}

/// `case.get`: by id or by code.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseGet", optional_fields)]
#[schemars(rename = "CaseGet")]
pub struct Get {
    /// Id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Case code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// A case with its procedure as it was when received.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct CaseView {
    /// Id.
    pub case_id: Uuid,
    /// Code.
    pub case_code: String,
    /// The code is provisional: the final one replaces it once a number can be had.
    #[serde(default)]
    pub provisional: bool,
    /// The code on the first receipt, where that one was provisional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisional_code: Option<String>,
    /// Received.
    pub received_at: Time,
    /// Due now; absent without a limit and while papers are waited for.
    pub due_at: Option<Time>,
    /// How the due time that holds now came about.
    pub because: Vec<String>,
    /// The date that held before, where the citizen was given another: when it was, and how it came
    /// about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<String>,
    /// Everything known.
    pub case: Case,
    /// Grows with every act; `expected` of the next one.
    pub revision: u32,
    /// What can be done now.
    pub can: Vec<PossibleAct>,
    /// The last act, which may be taken back; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub undo: Option<Undoable>,
    /// What it costs and what came of it.
    pub money: Money,
    /// How the citizen is reached about it, and whether they want to be told.
    pub contact: Contact,
    /// Papers that can be printed.
    pub papers: Vec<CasePaper>,
    /// Papers of the dossier as they are now.
    pub held: Vec<HeldPaper>,
    /// There is a result, so that papers of one can be attached.
    pub has_result: bool,
    /// What happened, in words, from reception on.
    pub history: Vec<CaseLine>,
    /// The procedure's version the case was received under.
    pub procedure: Option<Procedure>,
}

/// `case.search`: by code, code of the portal, number, phone, part of a name without diacritics,
/// procedure, waybill; newest first, of work still to be done the online ones before that.
///
/// Filters narrow the search in the store, never a page of it. A day and where a case stands can
/// also be typed (`case.understood` says how it was read).
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseSearch", optional_fields)]
#[schemars(rename = "CaseSearch")]
pub struct Search {
    /// What was typed; blank lists the newest.
    pub text: String,
    /// Only cases that stand there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CaseStatus>,
    /// Only cases that are not closed: neither handed back nor refused, withdrawn or stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// Received on that day or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// Received on that day or earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// Past their due time while somebody still works on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue: Option<bool>,
    /// Due on that day and not closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<NaiveDate>,
    /// Only cases that were handed in online.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
    /// At most so many, 50 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The page behind this case, the last of the page before; all else as it was asked then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Uuid>,
}

/// `case.understood`: how `case.search` reads what was typed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseUnderstoodAsk")]
#[schemars(rename = "CaseUnderstoodAsk")]
pub struct UnderstoodAsk {
    /// What was typed.
    pub text: String,
}

/// What was typed, read.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseUnderstood")]
#[schemars(rename = "CaseUnderstood")]
pub struct Understood {
    /// Words that are looked for.
    pub words: String,
    /// What it is narrowed to, in words.
    pub narrowed: Vec<String>,
}

/// A case in a list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct CaseRow {
    /// Id.
    pub case_id: Uuid,
    /// Code.
    pub case_code: String,
    /// The code is provisional: the final one replaces it once a number can be had.
    #[serde(default)]
    pub provisional: bool,
    /// Procedure code.
    pub procedure_code: String,
    /// Procedure name.
    pub procedure_name: String,
    /// Owner.
    pub applicant: String,
    /// Received.
    pub received_at: Time,
    /// Due now; absent without a limit, while papers are waited for, and where it ended without a result.
    pub due_at: Option<Time>,
    /// Where it stands.
    pub status: CaseStatus,
    /// Receipts printed.
    pub receipts: u32,
    /// Handed in online: to be dealt with first.
    pub online: bool,
    /// Whole đồng still to be paid.
    pub fee_due: u64,
}

/// `catalogue.get`: a procedure in force today, or on the day said.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CatalogueGet", optional_fields)]
#[schemars(rename = "CatalogueGet")]
pub struct CatalogueGet {
    /// Procedure code.
    pub code: String,
    /// The day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
}

/// A procedure with what the desk needs at once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct CatalogueEntry {
    /// The procedure.
    #[serde(flatten)]
    pub procedure: Procedure,
    /// Content hash of this version.
    pub version: String,
    /// The limit that applies at the counter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// In words (“5 ngày làm việc”).
    pub limit_text: String,
    /// Fee at the counter, where it is one clear amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<u64>,
    /// In words (“8.000 đ”, “Không thu phí”).
    pub fee_text: String,
}

/// `catalogue.search`: as one types, without diacritics, words in any order, code, initials.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CatalogueSearch", optional_fields)]
#[schemars(rename = "CatalogueSearch")]
pub struct CatalogueSearch {
    /// What was typed; blank lists those used last.
    pub text: String,
    /// At most so many, 10 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A procedure that matches.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct CatalogueHit {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_name: Option<String>,
    /// Characters of the name that match, from and to.
    pub matches: Vec<[u32; 2]>,
    /// Limit in words.
    pub limit_text: String,
    /// Fee in words.
    pub fee_text: String,
    /// Papers to hand in.
    pub papers: u32,
    /// Sample data.
    pub sample: bool,
}

/// `catalogue.import`: LayThuTuc JSON, CSV or XLSX.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CatalogueImport")]
#[schemars(rename = "CatalogueImport")]
pub struct CatalogueImport {
    /// Name of the file.
    pub file_name: String,
    /// Its bytes, base64.
    pub content_base64: String,
}

/// What became of the rows.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
pub struct CatalogueImported {
    /// New procedures.
    pub imported: u32,
    /// New versions of known ones.
    pub updated: u32,
    /// As before.
    pub unchanged: u32,
    /// Rows that could not be taken in.
    pub rejected: Vec<RejectedRow>,
}

/// A row that could not be taken in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct RejectedRow {
    /// Row in the file, from 1.
    pub row: usize,
    /// Procedure code, if it had one.
    pub code: Option<String>,
    /// Why, in words.
    pub reason: String,
}

/// `calendar.due`: when a limit ends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CalendarDue", optional_fields)]
#[schemars(rename = "CalendarDue")]
pub struct CalendarDue {
    /// Received; now unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<Time>,
    /// The limit; none has no due time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
}

/// A due time, explained.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct DueAnswer {
    /// Due; `null` without a limit.
    pub due_at: Option<Time>,
    /// How it came about, in sentences.
    pub because: Vec<String>,
    /// The days between, for the strip on screen.
    pub days: Vec<DayMark>,
    /// Whether a day in between is not confirmed yet.
    pub unconfirmed: bool,
}
