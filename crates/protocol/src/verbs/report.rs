//! Lists of a day or a year on screen, as papers and as files.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::Time;

/// Which list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "list", rename_all = "snake_case")]
pub enum Report {
    /// Cash report of a day.
    Cash {
        /// Which day, today unless said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        date: Option<NaiveDate>,
        /// Only one officer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        officer: Option<String>,
    },
    /// Register book of a year (Mẫu 06), by its running numbers.
    Book {
        /// Which year.
        year: i32,
        /// First number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        from: Option<u32>,
        /// Last number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        to: Option<u32>,
    },
}

/// As what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// Pages.
    Pdf,
    /// Comma-separated values that a spreadsheet opens.
    Csv,
}

/// `report.render`: a list as a file; nothing is recorded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ReportRender", optional_fields)]
#[schemars(rename = "ReportRender")]
pub struct Render {
    /// Which list.
    pub report: Report,
    /// Pages unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ReportFormat>,
}

/// `report.preview`: the pages of a list as `report.print` would print it now; nothing is recorded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ReportPreview", optional_fields)]
#[schemars(rename = "ReportPreview")]
pub struct Preview {
    /// Which list.
    pub report: Report,
    /// From which page, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// `made_at` of the answer before: more pages of the same paper, which bears its moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Time>,
}

/// `report.print`: a list on paper, recorded first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ReportPrint", optional_fields)]
#[schemars(rename = "ReportPrint")]
pub struct Print {
    /// Which list.
    pub report: Report,
    /// Another printer than the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printer: Option<String>,
}

/// `book.get`: entries of the register book, by their running numbers.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "BookGet", optional_fields)]
#[schemars(rename = "BookGet")]
pub struct Book {
    /// Which year, this one unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// First number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// Last number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    /// At most so many, 100 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A stretch of the register book.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct BookAnswer {
    /// Which year.
    pub year: i32,
    /// Years that have a book, the newest first.
    pub years: Vec<i32>,
    /// Last number of the year; 0 for an empty book.
    pub last: u32,
    /// Entries in the order of their numbers. Numbers that no case carries are left out.
    pub rows: Vec<BookRow>,
    /// Whether there are more after them.
    pub more: bool,
}

/// An entry of the register book.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct BookRow {
    /// Running number of the year.
    pub number: u32,
    /// The case.
    pub case_id: Uuid,
    /// Its code.
    pub case_code: String,
    /// Procedure name.
    pub procedure_name: String,
    /// Sets.
    pub sets: u16,
    /// Owner.
    pub applicant: String,
    /// Address, and telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Who settles it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_of_work: Option<String>,
    /// Received.
    pub received_at: Time,
    /// Due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Time>,
    /// Result handed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_at: Option<Time>,
    /// How the result is returned, in words.
    pub return_method: String,
    /// Who took the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taker: Option<String>,
    /// Notes: where it stands, if it came to another end.
    pub note: String,
}
