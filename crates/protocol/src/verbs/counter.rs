//! Who sits at the counters: opening, stepping away, taking over, closing.

use chrono::NaiveDate;
use motcua_domain::counter::{CounterState, EndCause};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Time;

/// `counter.open`: the officer sits at a counter from now on; one who was on break there is back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CounterOpen", optional_fields)]
#[schemars(rename = "CounterOpen")]
pub struct Open {
    /// The counter.
    pub counter: u16,
    /// Also where another officer sits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take_over: Option<bool>,
    /// The counter that the officer leaves for it, closed with the same act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave: Option<u16>,
}

/// `counter.break`: the officer steps away and comes back; said again, it changes reason and time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CounterBreak", optional_fields)]
#[schemars(rename = "CounterBreak")]
pub struct Break {
    /// The counter.
    pub counter: u16,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Expected back, by the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_at: Option<Time>,
    /// Expected back, in minutes from now; instead of `back_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
}

/// `counter.resume`: the officer is back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CounterResume")]
#[schemars(rename = "CounterResume")]
pub struct Resume {
    /// The counter.
    pub counter: u16,
}

/// `counter.close`: the shift ends. Refused while somebody is called or served there.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CounterClose", optional_fields)]
#[schemars(rename = "CounterClose")]
pub struct Close {
    /// The counter.
    pub counter: u16,
    /// A supervisor closes it whatever stands there: whoever is being served is put aside, whoever
    /// was called goes back into the queue with the old place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// A counter after a command.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct CounterAnswer {
    /// The counter.
    pub counter: u16,
    /// Who sits there; absent while it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<CounterSession>,
    /// Numbers that were sent to this counter alone and wait for it though nobody sits there now.
    #[serde(default)]
    pub waiting_only_here: Vec<String>,
    /// Number that a supervisor's closing put aside or back into the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub let_go: Option<String>,
}

/// Who sits at a counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct CounterSession {
    /// Officer.
    pub officer: String,
    /// Their name.
    pub officer_name: String,
    /// Open, or on break.
    pub state: CounterState,
    /// Sits there since.
    pub opened_at: Time,
    /// In that state since.
    pub since: Time,
    /// Why on break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Expected back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_at: Option<Time>,
    /// Other counters that the same officer has open.
    #[serde(default)]
    pub also_at: Vec<u16>,
    /// Another officer who had opened the counter meanwhile on a machine without the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart_from: Option<String>,
}

/// `counter.shifts`: who sat where on a day, today unless said.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CounterShifts", optional_fields)]
#[schemars(rename = "CounterShifts")]
pub struct Shifts {
    /// The day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
}

/// The shifts of a day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CounterShiftsAnswer")]
#[schemars(rename = "CounterShiftsAnswer")]
pub struct ShiftsAnswer {
    /// The day.
    pub date: NaiveDate,
    /// By counter, then in order.
    pub shifts: Vec<ShiftRow>,
}

/// One officer's time at a counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ShiftRow {
    /// The counter.
    pub counter: u16,
    /// Officer.
    pub officer: String,
    /// Their name.
    pub officer_name: String,
    /// From.
    pub from: Time,
    /// To; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Time>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EndCause>,
    /// Absences, in order.
    #[serde(default)]
    pub breaks: Vec<BreakRow>,
    /// Another officer who had opened the counter meanwhile on a machine without the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart_from: Option<String>,
    /// Whether its times are to be trusted.
    pub accurate: bool,
}

/// One absence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct BreakRow {
    /// From.
    pub from: Time,
    /// To; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Time>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Expected back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_at: Option<Time>,
}
