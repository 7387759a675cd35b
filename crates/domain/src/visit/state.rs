//! The state of a visit: what folding its events gives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{
    act::{Cause, Outcome},
    apart::Apart,
    event::VisitEvent,
    promise::Promise,
};

/// When and by whom an event was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// UTC milliseconds by the device's (corrected) clock.
    pub wall_ms: i64,
    /// One run of one process: within it `mono_ms` can be compared.
    pub boot: Uuid,
    /// Milliseconds of that run.
    pub mono_ms: i64,
    /// The officer.
    pub actor: String,
}

/// An event with its stamp.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<E> {
    /// When, by whom.
    pub stamp: Stamp,
    /// What.
    pub event: E,
}

/// Where a leg stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Appointment made, not here yet.
    Booked,
    /// In the queue.
    Waiting,
    /// Called to a counter.
    Called,
    /// Being served.
    Serving,
    /// Put aside.
    Held,
    /// Called, not there; can still come back today.
    Missed,
    /// Over; the outcome says how.
    Closed,
}

/// Why somebody goes first (Luật Người cao tuổi, Luật Người khuyết tật and local rule): the
/// group and its boost are the branch's configuration.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    TS,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// In the order of coming.
    #[default]
    Ordinary,
    /// Elderly (người cao tuổi).
    Elderly,
    /// Disabled or gravely ill (khuyết tật, ốm nặng).
    Disabled,
    /// Pregnant, or with an infant (mang thai, bế con nhỏ).
    Pregnant,
    /// Person with merit (người có công).
    Merit,
    /// With an appointment (có lịch hẹn).
    Appointment,
}

/// Where a ticket came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Reception or counter.
    #[default]
    Desk,
    /// Self-service screen.
    Kiosk,
    /// Booked beforehand.
    Appointment,
    /// A number torn from a pre-printed roll.
    PaperRoll,
}

/// What kind of party stands at the desk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum PartyKind {
    /// A person (cá nhân).
    #[default]
    Individual,
    /// A company (doanh nghiệp), with its tax code.
    Enterprise,
    /// A household business (hộ kinh doanh).
    HouseholdBusiness,
    /// A public agency or other organisation (cơ quan, tổ chức).
    Agency,
}

/// A person or organisation, as far as known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Party {
    /// What kind.
    #[serde(default)]
    pub kind: PartyKind,
    /// Full name, as on the card or licence.
    pub name: String,
    /// Identity number or tax code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_number: Option<String>,
    /// Date of birth, ISO.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<chrono::NaiveDate>,
    /// Sex as on the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<String>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Address, free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who acts for an organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub representative: Option<String>,
    /// What of this was taken over from an earlier record of the same party, and so not asked for
    /// again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<super::PartyField>>")]
    pub taken_over: Vec<super::PartyField>,
}

/// A queue number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Ticket {
    /// Series the number was taken from (`A`, later `3B` for a counter on its own).
    pub series: String,
    /// Number within series and day.
    pub number: u32,
    /// It stands on a slip from a pre-printed roll: a fact of paper, which two counters that
    /// cannot reach each other may both record.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub paper: bool,
}

/// Numbers of a paper roll that nobody showed before a later one was recorded. Who shows one
/// afterwards is welcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Skipped {
    /// First of them.
    pub from: u32,
    /// Last of them.
    pub to: u32,
    /// Why.
    pub reason: String,
}

/// One case, where nobody said how many.
pub(super) const fn one() -> u16 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape serde asks for"
)]
pub(super) const fn is_one(quantity: &u16) -> bool {
    *quantity == 1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape serde asks for"
)]
const fn is_none(prints: &u32) -> bool {
    *prints == 0
}

impl Ticket {
    /// As printed and called: `A-031`.
    pub fn label(&self) -> String {
        format!("{}-{:03}", self.series, self.number)
    }
}

/// The wait that was promised on the ticket, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Quote {
    /// At least.
    pub lo: u32,
    /// At most.
    pub hi: u32,
}

/// One stretch of a leg in one state. Times are effective: they never run backwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Span {
    /// Which state.
    pub state: State,
    /// From.
    pub from_ms: i64,
    /// To; open while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_ms: Option<i64>,
    /// Who caused it, for a pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// Why and until when somebody is put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Held {
    /// Reason in the officer's words.
    pub reason: String,
    /// Who caused it.
    pub cause: Cause,
    /// When to look again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<i64>,
}

/// A service still to come in this visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Planned {
    /// Which service.
    pub service: String,
}

/// One stay in one queue (chặng).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Leg {
    /// Service queued for.
    pub service: String,
    /// Where it stands.
    pub state: State,
    /// Rank key: lower is called first ([`super::order`]).
    pub rank_ms: i64,
    /// T_queue: entered this queue.
    pub queued_ms: i64,
    /// The queue time whose credit the rank carries (a transfer keeps the first one).
    pub credit_ms: i64,
    /// First and last call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_call_ms: Option<i64>,
    /// Last call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call_ms: Option<i64>,
    /// T_serve: service first began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serve_ms: Option<i64>,
    /// T_end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<i64>,
    /// Times called.
    pub calls: u32,
    /// Times missed.
    pub misses: u32,
    /// Counter that called last, or the only one that may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u16>,
    /// Only this counter may call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counter_only: bool,
    /// Officer who called last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    /// While put aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Leg that this one reopens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopens: Option<u16>,
    /// Word from the colleague who sent the person on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The wait that was promised for this leg, where it is not the ticket's ([`Visit::promise`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
    /// False when a time is not to be trusted; the cause stands beside.
    pub accurate: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inaccurate_because: Option<String>,
    /// Every stretch, in order, without gap or overlap.
    pub spans: Vec<Span>,
}

/// A visit as its events tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Visit {
    /// The business day it belongs to.
    pub date: chrono::NaiveDate,
    /// The queue number; a booked visit has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// Priority class.
    pub class: Class,
    /// Where the ticket came from.
    pub origin: Origin,
    /// People in the party.
    pub party_size: u16,
    /// Cases they bring.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[ts(optional, as = "Option<u16>")]
    pub quantity: u16,
    /// Numbers of the roll that were passed over for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Skipped>,
    /// The counter that gave the number while it had no hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alone: Option<u16>,
    /// Who it is, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applicant: Option<Party>,
    /// Booked time, for appointments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_ms: Option<i64>,
    /// T_arrive: registration was opened.
    pub arrive_ms: i64,
    /// The wait that was promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// People ahead when the ticket was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people_ahead: Option<u32>,
    /// Stays so far; the last one is the present.
    pub legs: Vec<Leg>,
    /// Services still to come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planned: Vec<Planned>,
    /// Wall time of the last event, by the device's clock.
    pub last_wall_ms: i64,
    /// Effective time of the last event.
    pub last_ms: i64,
    /// Run of the last event, for the elapsed time to the next.
    pub last_boot: Uuid,
    /// Monotonic time of the last event.
    pub last_mono_ms: i64,
    /// Officer of the last event.
    pub last_actor: String,
    /// Tickets printed: 0 none, 1 once, more are reprints.
    pub ticket_prints: u32,
    /// Slips printed of the appointment as it is now.
    #[serde(default, skip_serializing_if = "is_none")]
    #[ts(optional, as = "Option<u32>")]
    pub slip_prints: u32,
    /// Dossiers that were not taken in, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<super::TurnedAway>>", optional)]
    pub turned_away: Vec<super::TurnedAway>,
    /// What was done to it at the same time by people who could not hear of each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<Apart>,
}

impl Visit {
    /// The present leg. A visit always has one.
    pub fn leg(&self) -> &Leg {
        &self.legs[self.legs.len() - 1]
    }

    pub(super) fn leg_mut(&mut self) -> &mut Leg {
        let last = self.legs.len() - 1;
        &mut self.legs[last]
    }

    /// Where the visit stands: the state of its present leg.
    pub fn state(&self) -> State {
        self.leg().state
    }

    /// Whether anything is still open.
    pub fn is_open(&self) -> bool {
        self.state() != State::Closed
    }

    /// The number as called; a booked visit has none.
    pub fn label(&self) -> String {
        self.ticket.as_ref().map(Ticket::label).unwrap_or_default()
    }

    /// Folds events in order. `None` when the first one does not begin a visit.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Recorded<VisitEvent>>) -> Option<Self> {
        let mut visit: Option<Self> = None;
        for recorded in events {
            match &mut visit {
                None => visit = Some(Self::begin(recorded)?),
                Some(visit) => visit.apply(recorded),
            }
        }
        visit
    }
}
