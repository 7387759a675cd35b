//! What waits to be sent, what the other side holds back, and the way on foot where there is no
//! line. `sync.status`, which the top bar shows, is in [`super::admin`].

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{admin::HubStatus, watch::CodesLeft};
use crate::{Time, bundle, event::Resolution};

/// To whom a machine sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "SyncWay")]
pub enum Way {
    /// To its hub, which sends on for the whole branch.
    Hub,
    /// To central.
    Central,
    /// To nobody: it has never been connected.
    Nobody,
}

/// `sync.overview`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncOverview")]
#[schemars(rename = "SyncOverview")]
pub struct Overview {}

/// The line, and what waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncOverviewAnswer", optional_fields)]
#[schemars(rename = "SyncOverviewAnswer")]
pub struct OverviewAnswer {
    /// Now.
    pub now: Time,
    /// To whom this machine sends.
    pub way: Way,
    /// Where that is, `HOST:PORT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The line to the hub, where it is a counter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<HubStatus>,
    /// What people call the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub_name: Option<String>,
    /// Something is being sent just now.
    pub busy: bool,
    /// Why the last try failed: `SYNC_OFFLINE`, `SYNC_CAPTIVE_PORTAL` …; absent when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The same in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When everything last went through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_done_at: Option<Time>,
    /// When it tries again by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try_at: Option<Time>,
    /// The other side's clock minus this machine's, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew_ms: Option<i64>,
    /// Records that the other side does not have yet.
    pub unsent: u64,
    /// When the oldest of them was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_unsent_at: Option<Time>,
    /// The same by day, the latest first.
    pub days: Vec<WaitingDay>,
    /// And so many from before, which were not looked at one by one.
    pub earlier: u64,
    /// Those of them that only the machine that wrote them can bring in order: it and its hub were
    /// put back to older copies, and central has other records under their numbers.
    #[serde(default)]
    pub parted: Vec<Parted>,
    /// Records that the other side holds back and nobody has dealt with.
    pub problems: u32,
    /// The way on foot.
    pub stick: Stick,
    /// Files of papers that the other side does not have yet; records never wait for them.
    pub scans: WaitingScans,
    /// How far the case codes go, when few are left or cases wait for theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<CodesLeft>,
    /// What holds here from central: a line for each kind, or two where the office has its own.
    #[serde(default)]
    pub bundles: Vec<BundleLine>,
}

/// What of central's catalogue, calendar or officers holds here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncBundleLine", optional_fields)]
#[schemars(rename = "SyncBundleLine")]
pub struct BundleLine {
    /// What it is about.
    pub kind: bundle::Kind,
    /// Which one is in force since when, in words.
    pub text: String,
    /// Serial number of the one that was taken in last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<u64>,
    /// A newer one was refused: its stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The same in words, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// Records of a machine that went back together with its hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncParted", optional_fields)]
#[schemars(rename = "SyncParted")]
pub struct Parted {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// How many.
    #[ts(type = "number")]
    pub records: u64,
}

/// Files of papers that wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncWaitingScans")]
#[schemars(rename = "SyncWaitingScans")]
pub struct WaitingScans {
    /// Files.
    #[ts(type = "number")]
    pub files: u64,
    /// Their bytes.
    #[ts(type = "number")]
    pub bytes: u64,
    /// Those of them that could not be sent when it was tried last.
    #[ts(type = "number")]
    pub failed: u64,
}

/// What waits of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncWaitingDay")]
#[schemars(rename = "SyncWaitingDay")]
pub struct WaitingDay {
    /// The day.
    pub date: NaiveDate,
    /// Visits of which something waits.
    pub visits: u32,
    /// Cases of which something waits.
    pub cases: u32,
    /// Records of anything else.
    pub other: u64,
    /// Records in all.
    pub records: u64,
}

/// Records on a stick.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncStick", optional_fields)]
#[schemars(rename = "SyncStick")]
pub struct Stick {
    /// Central has given the key for which a file is sealed; else it has to be typed.
    pub has_key: bool,
    /// Folders of removable disks that are there now.
    pub places: Vec<String>,
    /// Name for a new file.
    pub name: String,
    /// The file that was written last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<StickMade>,
}

/// `sync.problems`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncProblems")]
#[schemars(rename = "SyncProblems")]
pub struct Problems {}

/// A record that the other side has, and that is not in effect there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncProblem", optional_fields)]
#[schemars(rename = "SyncProblem")]
pub struct Problem {
    /// The record.
    pub event_id: Uuid,
    /// It waits for a person; else it waits for other records and comes by itself.
    pub quarantined: bool,
    /// `DEPS`, `UPGRADE`, `BODY_UNREADABLE`, `RULE`.
    pub code: String,
    /// What it is about: a number, a case code.
    pub subject: String,
    /// What was recorded, in words.
    pub what: String,
    /// When.
    pub at: Time,
    /// By whom.
    pub by: String,
    /// On which machine, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Since when it is known that it is held back.
    pub since: Time,
    /// Why, in words.
    pub reason: String,
    /// What to do, in words.
    pub advice: String,
    /// The field that the other side could not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What stands there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_value: Option<String>,
    /// Code of the case, to open it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_code: Option<String>,
    /// What a person did about it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
}

/// What a person did about a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncResolved", optional_fields)]
#[schemars(rename = "SyncResolved")]
pub struct Resolved {
    /// What.
    pub how: Resolution,
    /// When.
    pub at: Time,
    /// Who.
    pub by: String,
    /// In their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `sync.resolve`: a person deals with a record that the other side holds back. The record stays as
/// it was written; this is recorded beside it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncResolve", optional_fields)]
#[schemars(rename = "SyncResolve")]
pub struct Resolve {
    /// The record.
    pub event_id: Uuid,
    /// What was done.
    pub how: Resolution,
    /// Why, or by what: needed unless the other side is only asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What is to stand in the field that the other side cannot read: with `amended`, and only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// `sync.now`: sends and fetches now.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncNow")]
#[schemars(rename = "SyncNow")]
pub struct Now {}

/// `sync.export`: what central does not have yet goes into a sealed file. It counts as unsent until
/// central itself says that it has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncExport", optional_fields)]
#[schemars(rename = "SyncExport")]
pub struct Export {
    /// Where the file is to be.
    pub to: String,
    /// Everything, also what central is known to have: after central lost something.
    #[serde(default)]
    pub all: bool,
    /// The key that central gave on paper or as a file, where there was never a line to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The one-use code with which this machine joins central, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// A sealed file of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncStickMade")]
#[schemars(rename = "SyncStickMade")]
pub struct StickMade {
    /// The file.
    pub file: String,
    /// When it was written.
    pub at: Time,
    /// Records in it.
    pub records: u64,
    /// Its size.
    pub bytes: u64,
}

/// `sync.carry`: brings a sealed file, written on another machine, to central over this machine's
/// line. This machine cannot read it. Central's answer to a file of this machine is taken in here.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncCarry")]
#[schemars(rename = "SyncCarry")]
pub struct Carry {
    /// The file.
    pub file: String,
}

/// What central did with a file of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncStickTaken")]
#[schemars(rename = "SyncStickTaken")]
pub struct StickTaken {
    /// The machine that wrote it.
    pub device: Uuid,
    /// Agency code under which it was taken.
    pub office: String,
    /// When it was written.
    pub made_at: Time,
    /// Records in it.
    pub records: u64,
    /// That were new.
    pub stored: u64,
    /// That central had before.
    pub known: u64,
    /// That are stored and not in effect yet.
    pub held: u64,
    /// That could not be taken, because what goes before them is missing or differs at central.
    pub left: u64,
    /// The file beside it with central's answer, for the machine that wrote the records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_file: Option<String>,
}

/// What central says to whoever brought a file of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SyncStickBrought")]
pub struct StickBrought {
    /// What became of its records.
    #[serde(flatten)]
    pub taken: StickTaken,
    /// What central has by now, sealed for the machine that wrote the file, base64url. Absent where
    /// that machine gave no key for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// What this machine learnt from central's answer to its file of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "SyncAnswerTaken")]
#[schemars(rename = "SyncAnswerTaken")]
pub struct AnswerTaken {
    /// When central answered, by its own clock.
    pub answered_at: Time,
    /// Records that are known to have arrived since the last answer.
    pub arrived: u64,
    /// Records that central does not have yet.
    pub unsent: u64,
    /// Records that central holds back.
    pub held: u32,
}

/// What became of a file that was given to `sync.carry`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(untagged)]
#[ts(rename = "SyncCarried")]
#[schemars(rename = "SyncCarried")]
pub enum Carried {
    /// It was central's answer to this machine.
    Answer(AnswerTaken),
    /// It held records, and central took them.
    Records(StickTaken),
}
