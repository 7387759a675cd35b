//! The branch itself.

use chrono::NaiveDate;
use motcua_domain::branch::Branch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Time;

/// `branch.get`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
pub struct BranchGet {}

/// The branch, this device, and the day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct BranchAnswer {
    /// The document.
    pub branch: Branch,
    /// Business day.
    pub date: NaiveDate,
    /// Now.
    pub now: Time,
    /// Version of the program.
    pub version: String,
    /// In words, when this machine's clock is not to be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_warning: Option<String>,
    /// This machine and the other side are more than a day apart, and nobody has said which is
    /// right: nothing that gets a date of this machine is done before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_doubt: Option<ClockDoubt>,
    /// In words, when the disk runs out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_warning: Option<String>,
    /// An earlier day that still has open visits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unclosed_date: Option<NaiveDate>,
    /// Procedures in the catalogue.
    pub procedures: u32,
    /// Stands for this very document: `branch.configure` takes it as `expected`.
    #[serde(default)]
    pub revision: String,
}

/// `branch.configure`: the new document, whole.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct BranchConfigure {
    /// The document.
    pub branch: Branch,
    /// The `revision` of the document that was changed into this one. Where another stands by
    /// now, nothing is written; without it, whatever stands is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
}

/// `clock.confirm`: a supervisor says that the system clock is right.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
pub struct ClockConfirm {}

/// Two clocks that are more than a day apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ClockDoubt {
    /// What would be written on papers now.
    pub here: Time,
    /// What the other side says.
    pub there: Time,
    /// The other side is the branch's hub; else central.
    pub hub: bool,
    /// The machine's clock was set meanwhile and agrees with the other side's.
    pub set: bool,
}

/// `clock.confirm_date`: somebody says which day it is, because two clocks disagree.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct ClockConfirmDate {
    /// The day, as a calendar on the wall has it.
    pub date: NaiveDate,
}

/// The clock was confirmed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ClockConfirmedAnswer")]
#[schemars(rename = "ClockConfirmedAnswer")]
pub struct ClockConfirmed {
    /// The time from now on.
    pub now: Time,
}

/// `sync.status`: what waits to be sent.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
pub struct SyncStatus {}

/// What waits to be sent: from a counter to its hub, from a hub or a machine of its own to
/// central. Where there is no central everything is kept here, and counted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct SyncStatusAnswer {
    /// Agency code.
    pub office: String,
    /// Events not acknowledged by central.
    pub unsent: u64,
    /// When the oldest of them was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_unsent_at: Option<Time>,
    /// Why the last try failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When the next try is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try_at: Option<Time>,
    /// Records that central could not take in as they are.
    pub quarantined: u64,
    /// Whether a central system is set up at all.
    pub enrolled: bool,
    /// The other side's clock minus this machine's, milliseconds, as far as it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew_ms: Option<i64>,
    /// The line to the hub; absent at the hub and on a machine of its own. Where it is there,
    /// everything above speaks of the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<HubStatus>,
    /// Where this machine took the place of another hub, as long as that one may still come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leads: Option<Leads>,
}

/// A hub that was made one by a person's word.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct Leads {
    /// Its term.
    pub term: u32,
    /// Its number among the machines: tickets begin with it for now.
    pub number: u16,
    /// Hubs that have not given way yet.
    pub former: Vec<FormerHub>,
}

/// A hub whose place another took.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct FormerHub {
    /// Which machine.
    pub device: uuid::Uuid,
    /// What people call it.
    pub name: String,
}

/// The line from a counter to its hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct HubStatus {
    /// Whether it answered when last asked. When not, the counter works alone.
    pub here: bool,
    /// This counter's number among the machines: its own tickets begin with it.
    pub number: u16,
}
