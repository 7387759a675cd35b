//! Giving numbers: which services do, and why one does not.

use motcua_domain::visit::Skipped;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Time;

/// `queue.issuing`: stop or resume giving tickets today.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueueIssuing", optional_fields)]
#[schemars(rename = "QueueIssuing")]
pub struct Issuing {
    /// Service; every service unless said, to serve the rest and take in nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Whether tickets are given.
    pub open: bool,
}

/// Whether tickets are given now.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueueIssuingAnswer", optional_fields)]
#[schemars(rename = "QueueIssuingAnswer")]
pub struct IssuingAnswer {
    /// Service; every service where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Whether tickets are given.
    pub open: bool,
}

/// Why a service gives no numbers, since when and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct Shut {
    /// Why.
    pub why: ShutWhy,
    /// Since then, where it gave numbers earlier that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// When it gives numbers again, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopens_at: Option<Time>,
    /// The holiday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holiday: Option<String>,
    /// Whether whoever asks may give a number all the same, with a reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub may_pass: bool,
}

/// Why a service gives no numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ShutWhy {
    /// The business day is closed.
    DayClosed,
    /// A supervisor stopped it for today.
    Stopped,
    /// Before opening, in the midday break, after closing.
    Hours,
    /// The office is open, but whoever came now would not be served today.
    LastNumber,
    /// No hours on this weekday.
    Weekend,
    /// A holiday.
    Holiday,
    /// The day's numbers are used up.
    UsedUp,
}

/// The paper roll from which a service's numbers are torn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct Roll {
    /// Letters before its numbers.
    pub series: String,
    /// The slip that should come next. Absent before the first of the day, and while this
    /// counter has no hub: then only the paper says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u32>,
    /// Slips passed over today, with the ground; some may have been shown since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Skipped>>")]
    pub passed_over: Vec<Skipped>,
}
