//! What happened to a counter. The names are on the wire and in the log for ever.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::state::EndCause;

/// Everything that can happen to a counter on a day.
///
/// Each names the officer whose shift it concerns: what one machine recorded of one officer must
/// not, once joined with what another machine recorded meanwhile, befall somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "kind", content = "body")]
pub enum CounterEvent {
    /// An officer sat down.
    #[serde(rename = "counter.opened")]
    Opened {
        /// Business day.
        date: chrono::NaiveDate,
        /// Which counter.
        counter: u16,
        /// Who.
        officer: String,
        /// Not by opening it, but by calling somebody to it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_call: bool,
    },
    /// An officer sat down in another's place.
    #[serde(rename = "counter.taken_over")]
    TakenOver {
        /// Business day.
        date: chrono::NaiveDate,
        /// Which counter.
        counter: u16,
        /// Who.
        officer: String,
        /// Who had it.
        from: String,
    },
    /// The officer stepped away, or said anew until when.
    #[serde(rename = "counter.break_began")]
    BreakBegan {
        /// Business day.
        date: chrono::NaiveDate,
        /// Which counter.
        counter: u16,
        /// Whose break.
        officer: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Expected back, UTC milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_ms: Option<i64>,
    },
    /// The officer is back.
    #[serde(rename = "counter.break_ended")]
    BreakEnded {
        /// Business day.
        date: chrono::NaiveDate,
        /// Which counter.
        counter: u16,
        /// Whose break.
        officer: String,
    },
    /// The shift ended.
    #[serde(rename = "counter.closed")]
    Closed {
        /// Business day.
        date: chrono::NaiveDate,
        /// Which counter.
        counter: u16,
        /// Whose shift.
        officer: String,
        /// How.
        cause: EndCause,
        /// When, if not at the moment of recording: the last act that the log knows of, where
        /// nobody closed the counter. UTC milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_ms: Option<i64>,
    },
}

impl CounterEvent {
    /// The day and counter it belongs to.
    pub fn place(&self) -> (chrono::NaiveDate, u16) {
        match self {
            Self::Opened { date, counter, .. }
            | Self::TakenOver { date, counter, .. }
            | Self::BreakBegan { date, counter, .. }
            | Self::BreakEnded { date, counter, .. }
            | Self::Closed { date, counter, .. } => (*date, *counter),
        }
    }
}
