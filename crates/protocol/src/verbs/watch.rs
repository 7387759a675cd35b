//! What the supervisor watches: what needs a person, what was done apart, how promises were kept.

use chrono::NaiveDate;
use motcua_domain::visit::{Class, Quote, State, promise::EstimateFigures, watch::NoticeKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::visit::Heeded;
use crate::Time;

/// `queue.watch`: what needs a person, now and as time goes on.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueueWatch")]
#[schemars(rename = "QueueWatch")]
pub struct Watch {}

/// Nothing in here has to be asked again before something happens: what begins later says when.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueueWatchAnswer", optional_fields)]
#[schemars(rename = "QueueWatchAnswer")]
pub struct WatchAnswer {
    /// Business day.
    pub date: NaiveDate,
    /// When it was read.
    pub now: Time,
    /// Visits and counters that need, or will need, a person; the earliest first.
    pub notices: Vec<Notice>,
    /// Visits to which people did things at the same time without hearing of each other.
    pub apart: Vec<ApartVisit>,
    /// Numbers that several visits of the day bear.
    pub numbers_twice: Vec<NumberTwice>,
    /// Counters that have several people before them.
    pub crowded: Vec<Crowded>,
    /// How promises were kept today, when it is too seldom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimates_off: Option<EstimateFigures>,
    /// How far the case codes go, when few are left or cases wait for theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<CodesLeft>,
}

/// How far the case codes of today go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct CodesLeft {
    /// Today.
    pub date: NaiveDate,
    /// Central grants the codes to this branch.
    pub parted: bool,
    /// Codes that the branch can still give today: those that its hub has not leased yet, and those
    /// that its machines have in their blocks and have not given, as far as it is known here.
    pub left: u32,
    /// Codes that it was granted for today.
    pub of: u32,
    /// At most a fifth is left.
    pub low: bool,
    /// Cases that were taken in under a provisional code and wait for their final one.
    pub provisional: u32,
    /// Why central grants none, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// Something that needs a person from a moment on, unless something happens before.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "WatchNotice", optional_fields)]
#[schemars(rename = "WatchNotice")]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// From when.
    pub from: Time,
    /// Since when it has been going on: its clock.
    pub since: Time,
    /// The visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<Uuid>,
    /// Its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Name of its service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
    /// Its class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// The counter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u16>,
    /// People whom that counter could serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<u32>,
    /// How long such a service usually takes, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_s: Option<u32>,
    /// Why somebody was put aside, in the officer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A visit handled at several places at once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ApartVisit {
    /// The visit.
    pub visit_id: Uuid,
    /// Its number.
    pub ticket: String,
    /// How it stands now, with everything joined.
    pub state: State,
    /// The counter that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u16>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<motcua_domain::visit::Outcome>,
    /// What was done apart, the earliest first.
    pub acts: Vec<ApartAct>,
}

/// One thing done apart.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ApartAct {
    /// When, by the clock where it was done.
    pub at: Time,
    /// Event kind.
    pub kind: String,
    /// In words.
    pub text: String,
    /// By whom.
    pub officer: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u16>,
    /// What became of it.
    pub heeded: Heeded,
}

/// A number that several visits bear: given apart.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct NumberTwice {
    /// The number.
    pub ticket: String,
    /// Its visits.
    pub visits: Vec<Uuid>,
}

/// A counter with several people before it: joined from what was done apart.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct Crowded {
    /// The counter.
    pub counter: u16,
    /// Their numbers.
    pub tickets: Vec<String>,
}

/// How the promises of a day were kept.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct Estimates {
    /// All of them.
    pub all: EstimateFigures,
    /// By service, in the order of the branch; those without any are left out.
    pub by_service: Vec<ServiceEstimates>,
}

/// The promises of one service.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct ServiceEstimates {
    /// Code.
    pub service: String,
    /// Name.
    pub service_name: String,
    /// Its figures.
    #[serde(flatten)]
    pub figures: EstimateFigures,
}

/// One promise and what came of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct PromiseRow {
    /// The visit.
    pub visit_id: Uuid,
    /// Its number.
    pub ticket: String,
    /// Which leg, from 0.
    pub leg: usize,
    /// Service code.
    pub service: String,
    /// Service name.
    pub service_name: String,
    /// When the promise was made.
    pub told_at: Time,
    /// What was promised, minutes.
    pub quote: Quote,
    /// The wait since then, milliseconds.
    pub wait_ms: i64,
    /// Whether the times are to be trusted.
    pub accurate: bool,
}
