//! The queue, the desk and the day.

use chrono::NaiveDate;
use motcua_domain::visit::{Class, Held, Outcome, Quote, State, figures};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{
    counter::{CounterSession, ShiftRow},
    issuing::{Roll, Shut},
    visit::VisitView,
    watch::{Estimates, PromiseRow},
};
use crate::Time;

/// `queue.snapshot`: the whole queue of the business day.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueueSnapshot")]
#[schemars(rename = "QueueSnapshot")]
pub struct Snapshot {}

/// The queue as it stands. `waiting` is in call order.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueueSnapshotAnswer")]
#[schemars(rename = "QueueSnapshotAnswer")]
pub struct SnapshotAnswer {
    /// Business day.
    pub date: NaiveDate,
    /// When the clocks were read.
    pub now: Time,
    /// Grows with every committed change.
    pub revision: u64,
    /// What people may queue for.
    pub services: Vec<ServiceRow>,
    /// In the queue, in call order.
    pub waiting: Vec<Row>,
    /// Called to a counter.
    pub called: Vec<Row>,
    /// Being served.
    pub serving: Vec<Row>,
    /// Put aside.
    pub held: Vec<Row>,
    /// Called and not there, latest first.
    pub missed: Vec<Row>,
    /// Booked for today, not here yet.
    pub booked: Vec<Row>,
    /// The desks.
    pub counters: Vec<CounterRow>,
    /// Numbers given last, latest first.
    pub recent: Vec<Row>,
    /// Visits that carry the same slip of a paper roll, recorded by counters that could not reach
    /// each other. Both are served; a supervisor looks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Row>>")]
    pub paper_twice: Vec<Row>,
}

/// A service with its queue.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ServiceRow {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// What belongs here.
    pub hint: String,
    /// First letter of its tickets.
    pub prefix: String,
    /// People waiting.
    pub waiting: u32,
    /// What a newcomer would be told; absent while no counter serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// Whether tickets are given.
    pub issuing: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shut: Option<Shut>,
    /// Until when they are, where hours say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// Numbers left of the day's contingent, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    /// The paper roll its numbers are torn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roll: Option<Roll>,
    /// Counters that serve it now: open or on break. Before any counter was opened today, those
    /// that are set up for it.
    pub counters: u32,
}

/// One visit in a list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueueRow", optional_fields)]
#[schemars(rename = "QueueRow")]
pub struct Row {
    /// The visit.
    pub visit_id: Uuid,
    /// Number as called.
    pub ticket: String,
    /// Service code.
    pub service: String,
    /// Service name.
    pub service_name: String,
    /// Priority class.
    pub class: Class,
    /// Name, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Time on the ticket.
    pub queued_at: Time,
    /// Where it stands.
    pub state: State,
    /// In that state since.
    pub since: Time,
    /// Official wait of the whole visit as of the snapshot's `now`, milliseconds.
    pub wait_ms: i64,
    /// Whether it runs on: add the time since `now`.
    pub wait_running: bool,
    /// Called as if having come at this time.
    pub ranked_as_at: Time,
    /// Counter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u16>,
    /// Officer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    /// Times called.
    pub calls: u32,
    /// Times missed.
    pub misses: u32,
    /// When the last call was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call_at: Option<Time>,
    /// People in the party.
    pub party_size: u16,
    /// Cases they bring.
    pub quantity: u16,
    /// The person claimed the class at a terminal; nobody has looked at papers yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub claimed: bool,
    /// Its number stands on a slip from a roll; no ticket is printed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub paper: bool,
    /// Services to come after this one.
    pub planned: u32,
    /// While put aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Word from the colleague who sent the person on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What the ticket promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// Booked time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_at: Option<Time>,
    /// The code of the appointment, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking: Option<String>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Whether its times are to be trusted.
    pub accurate: bool,
    /// Times the ticket was printed.
    pub ticket_prints: u32,
    /// What the end of the day would make of it; only where that is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
}

/// What the end of the day makes of an open visit.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct Closing {
    /// By rule.
    pub by_rule: Outcome,
    /// What a supervisor may say instead.
    pub others: Vec<Outcome>,
}

/// A desk and what it does.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct CounterRow {
    /// Number.
    pub number: u16,
    /// Name.
    pub name: String,
    /// Services served; empty means all.
    pub services: Vec<String>,
    /// Number it has called or serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// State of that visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// In that state since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Officer who called that visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    /// Who sits there; absent while the counter is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<CounterSession>,
}

/// `queue.preview`: what somebody would be told who joined now; nothing is recorded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueuePreview", optional_fields)]
#[schemars(rename = "QueuePreview")]
pub struct Preview {
    /// Service.
    pub service: String,
    /// Class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
}

/// What a newcomer would get.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueuePreviewAnswer", optional_fields)]
#[schemars(rename = "QueuePreviewAnswer")]
pub struct PreviewAnswer {
    /// The number that would be given if nobody else comes first; empty where only the paper of
    /// a roll can say it.
    pub ticket: String,
    /// People ahead.
    pub people_ahead: u32,
    /// Expected wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// Called as if having come at this time.
    pub ranked_as_at: Time,
    /// Counters that serve it now, as in [`ServiceRow::counters`].
    pub counters: u32,
}

/// `queue.call_next`: the next person for that counter, or `null` when nobody waits.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueueCallNext")]
#[schemars(rename = "QueueCallNext")]
pub struct CallNext {
    /// The counter.
    pub counter: u16,
}

/// `queue.call`: this person, out of order or again after a miss.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueueCall")]
#[schemars(rename = "QueueCall")]
pub struct Call {
    /// The visit.
    pub visit_id: Uuid,
    /// The counter.
    pub counter: u16,
}

/// Somebody was called.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueueCalled")]
#[schemars(rename = "QueueCalled")]
pub struct Called {
    /// The visit.
    pub visit_id: Uuid,
    /// Its number.
    pub ticket: String,
    /// The counter.
    pub counter: u16,
    /// When.
    pub called_at: Time,
}

/// `queue.jump`: a supervisor lets somebody through at once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "QueueJump")]
#[schemars(rename = "QueueJump")]
pub struct Jump {
    /// The visit.
    pub visit_id: Uuid,
    /// Why.
    pub reason: String,
}

/// `desk.get`: what one counter has before it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "DeskGet")]
#[schemars(rename = "DeskGet")]
pub struct Desk {
    /// The counter.
    pub counter: u16,
}

/// A counter's view.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "DeskAnswer", optional_fields)]
#[schemars(rename = "DeskAnswer")]
pub struct DeskAnswer {
    /// Called or being served here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<VisitView>,
    /// Who would be called next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Row>,
    /// Who sits there; absent while the counter is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<CounterSession>,
    /// People this counter could call.
    pub waiting: u32,
    /// Visits whose service this officer began today.
    pub my_visits: u32,
    /// Share of them that waited at most 15 minutes; absent while there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub my_within_percent: Option<u32>,
}

/// `day.figures`: waiting figures of a day, today unless said.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "DayFiguresGet", optional_fields)]
#[schemars(rename = "DayFiguresGet")]
pub struct DayFigures {
    /// The day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
    /// Also the visits behind one of the figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<Counted>,
    /// Of these only one service, where the list is one of promises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// Which visits of a day: those that one of its figures counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Service began.
    Served,
    /// Went away before service.
    LeftBefore,
    /// Called, never came.
    NoShow,
    /// Left out of the figures: a time is not to be trusted.
    Uncertain,
    /// Served as promised.
    PromiseKept,
    /// Served sooner than promised.
    PromiseEarly,
    /// Served later than promised.
    PromiseLate,
    /// Promises left out of the figures: a time is not to be trusted.
    PromiseUncertain,
}

/// Half an hour of the day: the visits whose ticket bears a time in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct HalfHour {
    /// Its beginning.
    pub from: Time,
    /// Visits of it that were served, with times to be trusted.
    pub served: u32,
    /// Their mean wait, seconds.
    pub mean_s: Option<u32>,
    /// Their longest wait, seconds.
    pub max_s: Option<u32>,
    /// People of it who still wait: without them a bad hour would look good while it lasts.
    pub waiting: u32,
    /// The longest of their present waits, seconds.
    pub longest_now_s: Option<u32>,
}

/// Figures of a day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "DayFiguresAnswer", optional_fields)]
#[schemars(rename = "DayFiguresAnswer")]
pub struct DayFiguresAnswer {
    /// The day.
    pub date: NaiveDate,
    /// When they were read.
    pub now: Time,
    /// Visits registered.
    pub registered: u32,
    /// Cases received.
    pub cases: u32,
    /// The figures.
    #[serde(flatten)]
    pub figures: figures::DayFigures,
    /// The course of the day, from its first ticket to its last; without gaps.
    pub by_half_hour: Vec<HalfHour>,
    /// Promised waits against the real ones.
    pub estimates: Estimates,
    /// Papers that were not asked for again.
    pub reuse: Reuse,
    /// The promises asked for, the longest wait first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promises: Option<Vec<PromiseRow>>,
    /// The visits asked for, the longest wait first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visits: Option<Vec<Row>>,
}

/// Papers and data of the cases received on a day: how many were not asked for again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "ReuseFigures")]
#[schemars(rename = "ReuseFigures")]
pub struct Reuse {
    /// Papers that came, on paper or from an earlier case.
    pub papers: u32,
    /// Those of them that were taken over from an earlier case.
    pub reused: u32,
    /// Cases with at least one paper.
    pub cases: u32,
    /// Cases in which at least one paper was taken over.
    pub cases_reused: u32,
    /// What the cases say of their owners: names, numbers, addresses, each by itself.
    #[serde(default)]
    pub data: u32,
    /// Those of them that were taken over from an earlier record of the same person.
    #[serde(default)]
    pub data_reused: u32,
}

/// `day.open_legs`: visits of that day that are still open, today unless said.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "DayOpenLegs", optional_fields)]
#[schemars(rename = "DayOpenLegs")]
pub struct OpenLegs {
    /// The day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
}

/// `day.close`: close what is still open, inventing nothing.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "DayClose", optional_fields)]
#[schemars(rename = "DayClose")]
pub struct CloseDay {
    /// The day; today unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
    /// What the supervisor knows of single visits; the rule decides the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<Vec<CloseOutcome>>,
}

/// The outcome of one visit at day end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct CloseOutcome {
    /// The visit.
    pub visit_id: Uuid,
    /// How it ended.
    pub outcome: Outcome,
}

/// The day is closed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "DayCloseAnswer")]
#[schemars(rename = "DayCloseAnswer")]
pub struct CloseDayAnswer {
    /// The day.
    pub date: NaiveDate,
    /// What was still open, with the outcome each got.
    pub closed: Vec<Row>,
    /// Counters that nobody had closed, with the end each shift got.
    #[serde(default)]
    pub shifts: Vec<ShiftRow>,
}
