//! Commands and queries on one visit.

use motcua_domain::case::Wanted;
use motcua_domain::visit::{
    Cause, Class, Clocks, HoldTo, Origin, Outcome, Party, Quote, State, Visit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::Time;

/// `visit.register`: a citizen walks in and gets a number.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitRegister", optional_fields)]
#[schemars(rename = "VisitRegister")]
pub struct Register {
    /// Service code.
    pub service: String,
    /// Services after it, in the same visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<Vec<String>>,
    /// Priority class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// Who, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applicant: Option<Party>,
    /// People in the party, 1–50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party_size: Option<u16>,
    /// Cases they bring, 1–50; one unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u16>,
    /// The number on the slip, where the service's numbers are torn from a roll; the next of
    /// the roll unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper_number: Option<u32>,
    /// Why slips before that one were passed over; needed when they are many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_reason: Option<String>,
    /// Why a number is given although the service gives none now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<String>,
    /// Where the ticket comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// When the form was opened (T_arrive).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Time>,
}

/// A number was given.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitRegistered")]
#[schemars(rename = "VisitRegistered")]
pub struct Registered {
    /// The visit.
    pub visit_id: Uuid,
    /// Its number, as printed.
    pub ticket: String,
    /// People who will be called before.
    pub people_ahead: u32,
    /// Expected wait in minutes, at least and at most; `null` while no counter serves it.
    pub quoted_minutes: Option<[u32; 2]>,
    /// Time on the ticket.
    pub queued_at: Time,
    /// As if having come at this time (priority).
    pub ranked_as_at: Time,
}

/// `visit.book`: an appointment today or later.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitBook", optional_fields)]
#[schemars(rename = "VisitBook")]
pub struct Book {
    /// Service code.
    pub service: String,
    /// Booked time; where the service has slots, the beginning of one.
    pub slot_at: Time,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applicant: Option<Party>,
    /// Why somebody is booked into a slot that is full: a supervisor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<String>,
}

/// An appointment was made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitBooked")]
#[schemars(rename = "VisitBooked")]
pub struct Booked {
    /// The visit to come.
    pub visit_id: Uuid,
    /// Booked time.
    pub slot_at: Time,
    /// By which it is found again: on the slip, and said over the phone.
    pub code: String,
}

/// `visit.check_in`: a booked person has come.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitCheckIn", optional_fields)]
#[schemars(rename = "VisitCheckIn")]
pub struct CheckIn {
    /// The booked visit.
    pub visit_id: Uuid,
    /// The number on the slip, where the service's numbers are torn from a roll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paper_number: Option<u32>,
    /// Why slips before that one were passed over; needed when they are many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_reason: Option<String>,
}

/// `visit.identify`: say who an unknown citizen is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitIdentify")]
#[schemars(rename = "VisitIdentify")]
pub struct Identify {
    /// The visit.
    pub visit_id: Uuid,
    /// Who.
    pub applicant: Party,
}

/// `visit.classify`: priority claimed or corrected after the ticket.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitClassify")]
#[schemars(rename = "VisitClassify")]
pub struct Classify {
    /// The visit.
    pub visit_id: Uuid,
    /// New class.
    pub class: Class,
}

/// `visit.refuse_dossier`: a dossier of whoever is served is not taken in; no case comes of it. It is
/// refused (Mẫu 03), or, with what it lacks, to be completed first (Mẫu 02).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "VisitRefuseDossier")]
#[schemars(rename = "VisitRefuseDossier")]
pub struct RefuseDossier {
    /// The visit.
    pub visit_id: Uuid,
    /// Procedure code.
    pub procedure_code: String,
    /// Whose dossier it is.
    pub applicant: Party,
    /// Why.
    pub reason: String,
    /// What to bring, where it is only incomplete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub wanted: Option<Wanted>,
}

/// A dossier was refused.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct DossierTurnedAway {
    /// The visit.
    pub visit_id: Uuid,
    /// Which of its refusals, from 1: `part` of the paper.
    pub part: u32,
}

macro_rules! on_visit {
    ($(#[$doc:meta])* $type:ident, $name:literal { $($(#[$field_doc:meta])* $field:ident : $ty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
        #[ts(rename = $name, optional_fields)]
        #[schemars(rename = $name)]
        pub struct $type {
            /// The visit.
            pub visit_id: Uuid,
            $(
                $(#[$field_doc])*
                pub $field: $ty,
            )*
        }
    };
}

on_visit!(
    /// `leg.recall`: call once more, not sooner than 20 s, at most three times.
    Recall, "LegRecall" {}
);
on_visit!(
    /// `leg.undo_call`: the call was a mistake; within 60 s, the wait is kept.
    UndoCall, "LegUndoCall" {}
);
on_visit!(
    /// `leg.start`: the person sits down.
    Start, "LegStart" {}
);
on_visit!(
    /// `leg.hold`: put aside.
    Hold, "LegHold" {
        /// Why.
        reason: String,
        /// Who caused it; the office unless said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
        /// When to look again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due_at: Option<Time>,
    }
);
on_visit!(
    /// `leg.resume`: go on with somebody put aside; at the counter unless said.
    Resume, "LegResume" {
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<HoldTo>,
        /// The counter that goes on; the one that put aside unless said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counter: Option<u16>,
    }
);
on_visit!(
    /// `leg.miss`: called, not there.
    Miss, "LegMiss" {}
);
on_visit!(
    /// `leg.return`: back after a miss; into the queue, or to the counter named.
    Return, "LegReturn" {
        /// Call to this counter at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counter: Option<u16>,
    }
);
on_visit!(
    /// `leg.no_show`: missed often and long ago; close as not having come.
    NoShow, "LegNoShow" {}
);
on_visit!(
    /// `leg.transfer`: to another service, counter; the place in line is kept.
    Transfer, "LegTransfer" {
        /// New service; the same unless said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
        /// Only this counter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counter: Option<u16>,
        /// Word for the colleague.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    }
);
on_visit!(
    /// `leg.add_service`: one more service in this visit.
    AddService, "LegAddService" {
        /// Which.
        service: String,
    }
);
on_visit!(
    /// `leg.finish`: service is over.
    Finish, "LegFinish" {
        /// Note.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    }
);
on_visit!(
    /// `leg.leave`: the person went away.
    Leave, "LegLeave" {
        /// Why, if told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
);
on_visit!(
    /// `leg.void`: a ticket made in error, within five minutes or by a supervisor.
    Void, "LegVoid" {
        /// Why.
        reason: String,
    }
);
on_visit!(
    /// `leg.reopen`: closed by mistake, or back the same day.
    Reopen, "LegReopen" {
        /// At the counter at once, or into the queue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serving: Option<bool>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
);
on_visit!(
    /// `visit.get`
    Get, "VisitGet" {}
);
on_visit!(
    /// `visit.log`: what happened, in words.
    Log, "VisitLog" {}
);

/// The present leg after a command.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct LegAnswer {
    /// The visit.
    pub visit_id: Uuid,
    /// Its number.
    pub ticket: String,
    /// Position of the leg in the visit, from 0.
    pub leg: usize,
    /// Where it stands.
    pub state: State,
    /// Service.
    pub service: String,
    /// Counter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<u16>,
    /// Entered the queue.
    pub queued_at: Time,
    /// Service first began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_at: Option<Time>,
    /// Ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Times called.
    pub calls: u32,
    /// Whether its times are to be trusted.
    pub accurate: bool,
    /// What the person may be told, who waits (again) from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
}

/// A visit with all its clocks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct VisitView {
    /// The visit.
    pub visit_id: Uuid,
    /// Number as called.
    pub ticket: String,
    /// Its present state.
    pub state: State,
    /// Everything known.
    pub visit: Visit,
    /// Clocks as of `now`.
    pub clocks: Clocks,
    /// When the clocks were read.
    pub now: Time,
    /// Whether the official wait runs on.
    pub wait_running: bool,
    /// Cases taken in so far.
    pub cases: Vec<super::case::CaseRow>,
}

/// One line of a visit's history, in words.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct LogLine {
    /// When.
    pub at: Time,
    /// Event kind.
    pub kind: String,
    /// Vietnamese sentence.
    pub text: String,
    /// By whom.
    pub officer: String,
    /// Done while something else was done elsewhere, unheard of: whether it counts all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart: Option<Heeded>,
}

/// What became of something done apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Heeded {
    /// It counts, though another did the like elsewhere.
    Counted,
    /// It stands in the log only.
    SetAside,
}

/// Minutes promised, as stored.
pub type Quoted = Quote;
