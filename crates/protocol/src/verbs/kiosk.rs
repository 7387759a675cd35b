//! The self-service terminal: what somebody in the hall may do without an officer.
//!
//! As with the board, the types hold no name in full and no number of a person, so that none can
//! reach a screen that others look at.

use chrono::NaiveDate;
use motcua_domain::visit::{Class, Quote};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{issuing::Shut, paper::JobState};
use crate::Time;

/// `kiosk.get`: what the terminal shows.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "KioskGet")]
#[schemars(rename = "KioskGet")]
pub struct Get {}

/// The terminal as it stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct Kiosk {
    /// Whether this machine is in self-service.
    pub on: bool,
    /// Name of the branch.
    pub branch: String,
    /// Business day.
    pub date: NaiveDate,
    /// When it was read.
    pub now: Time,
    /// What people may queue for.
    pub services: Vec<KioskService>,
    /// Priority classes, with the minutes by which each counts as having come earlier.
    pub classes: Vec<KioskClass>,
}

/// A service and its queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct KioskService {
    /// Code.
    pub code: String,
    /// First letter of its tickets.
    pub prefix: String,
    /// Name.
    pub name: String,
    /// What belongs here.
    pub hint: String,
    /// People waiting.
    pub waiting: u32,
    /// What a newcomer would be told; absent while no counter serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// Why no numbers are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shut: Option<Shut>,
    /// Its numbers are torn from a roll beside the terminal.
    pub paper: bool,
}

/// A priority class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct KioskClass {
    /// Which.
    pub class: Class,
    /// Minutes.
    pub minutes: u32,
}

/// `kiosk.greet`: the text of a citizen card's QR.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "KioskGreet")]
#[schemars(rename = "KioskGreet")]
pub struct Greet {
    /// As scanned.
    pub raw: String,
}

/// Who it is, as far as the hall may know.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct Greeting {
    /// Initials and the last word of the name.
    pub name: String,
    /// The class that the card itself suggests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
}

/// `kiosk.register`: a number, for whoever stands before the terminal.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "KioskRegister", optional_fields)]
#[schemars(rename = "KioskRegister")]
pub struct Register {
    /// Service code.
    pub service: String,
    /// Priority that the person claims; staff look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// The card, as scanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

/// `kiosk.print`: the ticket of a number that this terminal has just given.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "KioskPrint")]
#[schemars(rename = "KioskPrint")]
pub struct Print {
    /// The visit.
    pub visit_id: Uuid,
}

/// `kiosk.paper`: how far that ticket is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "KioskPaper")]
#[schemars(rename = "KioskPaper")]
pub struct Paper {
    /// The print job.
    pub job_id: Uuid,
}

/// A ticket on its way.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct PaperState {
    /// The print job.
    pub job_id: Uuid,
    /// Where it stands.
    pub state: JobState,
}

/// `kiosk.enter`: this machine becomes a self-service terminal, and is left with that code only.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "KioskEnter")]
#[schemars(rename = "KioskEnter")]
pub struct Enter {
    /// Four to eight digits.
    pub code: String,
}

/// `kiosk.leave`: the machine belongs to officers again.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "KioskLeave", optional_fields)]
#[schemars(rename = "KioskLeave")]
pub struct Leave {
    /// The code; needed at the terminal itself, not of a supervisor who signs in elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Whether the machine is a self-service terminal.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, TS)]
pub struct KioskMode {
    /// It is.
    pub on: bool,
}
