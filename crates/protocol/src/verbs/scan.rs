//! Papers become files: the scanner and the watched folder of this machine, the pages that came
//! from them and wait, and the files of a case.

use motcua_domain::{
    Code,
    case::{AttachedTo, Blob, PaperOrigin},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::Time;

/// Where the paper lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "ScanSource")]
pub enum Source {
    /// On the glass, one page.
    #[default]
    Flatbed,
    /// In the feeder, until it is empty.
    Feeder,
}

/// `scan.get`: the pages that wait on this machine, and how scanner and folder stand.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanGet", optional_fields)]
#[schemars(rename = "ScanGet")]
pub struct Get {
    /// Pages for that case, and those from the folder that belong to none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_id: Option<Uuid>,
}

/// Something that is wrong, in words and with a stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanProblem")]
#[schemars(rename = "ScanProblem")]
pub struct Problem {
    /// Stable code.
    pub code: Code,
    /// What happened, what is safe, what to do.
    pub message: String,
}

/// The scanner is at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanWorking")]
#[schemars(rename = "ScanWorking")]
pub struct Working {
    /// Pages so far.
    pub pages: u32,
    /// Since when.
    pub since: Time,
    /// From where.
    pub source: Source,
}

/// A page that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanPage", optional_fields)]
#[schemars(rename = "ScanPage")]
pub struct Page {
    /// The page.
    pub id: Uuid,
    /// Turned clockwise: 0, 90, 180, 270.
    pub turn: u16,
    /// For which case it was scanned; none for what came through the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_id: Option<Uuid>,
    /// A page of a PDF, with its number from 1; none for a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pdf_page: Option<u32>,
    /// Name of the file in the folder it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// There is a small picture of it.
    pub picture: bool,
    /// Bytes; of a PDF, those of the whole file.
    #[ts(type = "number")]
    pub bytes: u64,
}

/// A file of the watched folder that could not be taken in; it was moved aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanAside")]
#[schemars(rename = "ScanAside")]
pub struct Aside {
    /// Its name.
    pub name: String,
    /// Where it is now.
    pub path: String,
    /// Stable code.
    pub code: Code,
    /// Why, in words.
    pub message: String,
}

/// How this machine scans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanSettings", optional_fields)]
#[schemars(rename = "ScanSettings")]
pub struct Settings {
    /// The scanner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// Dots to the inch: 100–600.
    pub resolution: u16,
    /// In colour.
    pub colour: bool,
    /// The watched folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// The pages that wait, and how scanner and folder stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanTray", optional_fields)]
#[schemars(rename = "ScanTray")]
pub struct Tray {
    /// Pages, in their order.
    pub pages: Vec<Page>,
    /// Pages that wait for other cases.
    pub others: u32,
    /// How this machine scans.
    pub settings: Settings,
    /// The scanner is at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working: Option<Working>,
    /// What was wrong with the last scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// What is wrong with the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder_problem: Option<Problem>,
    /// Files that were set aside, the latest first.
    pub aside: Vec<Aside>,
    /// Most pages of one paper.
    pub most_pages: u32,
}

/// `scan.page`: a picture of a page that waits.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanPageGet", optional_fields)]
#[schemars(rename = "ScanPageGet")]
pub struct PageGet {
    /// The page.
    pub id: Uuid,
    /// Whole, to be read; else small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<bool>,
}

/// A picture.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanPicture")]
#[schemars(rename = "ScanPicture")]
pub struct Picture {
    /// Media type.
    pub media_type: String,
    /// The bytes, base64.
    pub content_base64: String,
}

/// `scan.devices`: scanners that are there now. Looking for them takes seconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanDevices")]
#[schemars(rename = "ScanDevices")]
pub struct Devices {}

/// A scanner.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanDevice")]
#[schemars(rename = "ScanDevice")]
pub struct Device {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: String,
}

/// `scan.setup`: how this machine scans.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanSetup", optional_fields)]
#[schemars(rename = "ScanSetup")]
pub struct Setup {
    /// The scanner; empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// Dots to the inch: 100–600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<u16>,
    /// In colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<bool>,
}

/// `scan.folder`: which folder is watched. Files in it are taken out of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanFolder", optional_fields)]
#[schemars(rename = "ScanFolder")]
pub struct Folder {
    /// Absolute path; none watches no folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// `scan.start`: scan for a case. Answers at once; pages come one by one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanStart")]
#[schemars(rename = "ScanStart")]
pub struct Start {
    /// The case.
    pub case_id: Uuid,
    /// Where the paper lies.
    #[serde(default)]
    pub source: Source,
}

/// `scan.stop`: end the scan; what came stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanStop")]
#[schemars(rename = "ScanStop")]
pub struct Stop {}

/// What is done with pages that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "what", rename_all = "snake_case")]
#[ts(rename = "ScanChange")]
#[schemars(rename = "ScanChange")]
pub enum Change {
    /// Turn clockwise by a quarter.
    Turn,
    /// Move to a place among the pages of the case, from 0.
    Move {
        /// The place.
        to: u32,
    },
    /// Throw away.
    Drop,
}

/// `scan.edit`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanEdit", optional_fields)]
#[schemars(rename = "ScanEdit")]
pub struct Edit {
    /// The case whose pages are looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_id: Option<Uuid>,
    /// The page.
    pub page: Uuid,
    /// What.
    pub change: Change,
}

/// `scan.bind`: pages become one PDF, kept by its content. They wait until `case.attach` names it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ScanBind")]
#[schemars(rename = "ScanBind")]
pub struct Bind {
    /// The case.
    pub case_id: Uuid,
    /// Pages, in their order.
    pub pages: Vec<Uuid>,
}

/// `case.attach`: a file becomes a paper of the case.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseAttach", optional_fields)]
#[schemars(rename = "CaseAttach")]
pub struct Attach {
    /// The case.
    pub id: Uuid,
    /// Which paper.
    pub paper: AttachedTo,
    /// What the file is to it; scanned from paper unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<PaperOrigin>,
    /// A code that stands on the paper; one is made unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The file, as `scan.bind` answered.
    pub blob: Blob,
}

/// `case.detach`: a file is taken back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseDetach")]
#[schemars(rename = "CaseDetach")]
pub struct Detach {
    /// The case.
    pub id: Uuid,
    /// Which file.
    pub attachment: Uuid,
    /// Why.
    pub reason: String,
}

/// `case.attachment`: a file of a case.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseAttachment")]
#[schemars(rename = "CaseAttachment")]
pub struct AttachmentGet {
    /// The case.
    pub id: Uuid,
    /// Which file.
    pub attachment: Uuid,
}

/// `case.reusable`: papers that somebody has given before.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CaseReusable", optional_fields)]
#[schemars(rename = "CaseReusable")]
pub struct Reusable {
    /// Identity or tax number of the owner.
    pub id_number: String,
    /// Only what fits a paper of that procedure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procedure_code: Option<String>,
}

/// A paper that was given before.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ReusablePaper", optional_fields)]
#[schemars(rename = "ReusablePaper")]
pub struct ReusablePaper {
    /// The earlier case.
    pub case_id: Uuid,
    /// Its code.
    pub case_code: String,
    /// The file.
    pub attachment: Uuid,
    /// What the paper is called.
    pub name: String,
    /// Its code.
    pub code: String,
    /// When it came.
    pub at: Time,
    /// Pages.
    pub pages: u32,
    /// The position in the procedure that it fits, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// The file lies on this machine.
    pub here: bool,
}

/// A paper that is taken over when a case is received.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ReusePaper")]
#[schemars(rename = "ReusePaper")]
pub struct Reuse {
    /// Position in the procedure's list, from 0.
    pub index: usize,
    /// The earlier case.
    pub case_id: Uuid,
    /// The file.
    pub attachment: Uuid,
}
