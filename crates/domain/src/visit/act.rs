//! What can be done to a visit, and how a leg can end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::state::{Class, Party};

/// One act on a visit. Registration is apart ([`super::register`]), for it has no visit yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Call to a counter (gọi số): from waiting, or again from missed.
    Call { counter: u16 },
    /// Call once more (gọi lại).
    Recall,
    /// Take back a call made by mistake; the wait is kept.
    UndoCall,
    /// The counter never heard that its call was granted, and has somebody else by now: it is as
    /// if nobody had been called, however long ago.
    CallUnheard,
    /// The person sits down: service begins.
    Start,
    /// Put aside (tạm giữ).
    Hold {
        reason: String,
        cause: Cause,
        due_ms: Option<i64>,
    },
    /// Go on with somebody put aside.
    Resume {
        to: HoldTo,
        counter: Option<u16>,
        front_rank_ms: Option<i64>,
    },
    /// Called, not there (vắng mặt).
    Miss,
    /// The missed person is back.
    Return { to: ReturnTo },
    /// Missed often and long ago: close as not having come.
    NoShow,
    /// To another service, counter or officer; the place in line is kept.
    Transfer(Hop),
    /// One more service in the same visit, after the present one.
    AddService { service: String },
    /// Service is over.
    Finish { note: Option<String> },
    /// The person went away.
    Leave { reason: Option<String> },
    /// The ticket was made in error.
    Void { reason: String },
    /// Closed by mistake, or the person is back the same day.
    Reopen {
        serving: bool,
        reason: Option<String>,
    },
    /// Priority claimed, or corrected, after the ticket was given.
    Classify { class: Class },
    /// Say who an unknown citizen is.
    Identify { party: Party },
    /// Day end: what is still open is closed and nothing is invented.
    CloseDay { outcome: Option<Outcome> },
    /// A booked person has come.
    CheckIn,
    /// A booked person is to come at another time.
    Move {
        date: chrono::NaiveDate,
        slot_ms: i64,
        reason: Option<String>,
        despite: Option<String>,
    },
    /// A booked person will not come.
    Cancel { reason: String },
    /// A supervisor lets somebody through at once.
    Jump { reason: String },
}

/// Where somebody is sent on to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Hop {
    /// The service of the new leg.
    pub service: String,
    /// Only this counter may call, where one is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u16>,
    /// Word for the colleague.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Who caused a pause: the citizen's pauses stop the waiting clock, the office's do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The citizen asked, or fetches papers.
    Citizen,
    /// The office has to look something up.
    Office,
}

/// Where somebody put aside goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum HoldTo {
    /// At the counter, now.
    Serving,
    /// In the queue, in front of the own class.
    Waiting,
}

/// Where a missed person who is back goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReturnTo {
    /// In the queue, with a small credit.
    Waiting,
    /// To this counter at once.
    Called {
        /// The counter that calls.
        counter: u16,
    },
}

/// How a leg ended. Endings made by machines are kept apart from those made by people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Served.
    Done,
    /// Sent on; a new leg follows.
    Transferred,
    /// Went away.
    Left,
    /// Called, never came.
    NoShow,
    /// The booking was taken back.
    Cancelled,
    /// Made in error; not counted.
    Void,
    /// Still waiting when the day was closed.
    UnservedAtClose,
    /// The officer signed out during service.
    EndedByLogout,
    /// Service never ended by a person; closed with the day.
    EndedBySystem,
}
