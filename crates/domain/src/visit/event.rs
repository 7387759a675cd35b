//! What happened to a visit, and how each event changes it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    act::{Cause, HoldTo, Outcome, ReturnTo},
    clocks,
    promise::Promise,
    state::{
        Class, Held, Leg, Origin, Party, Planned, Quote, Recorded, Skipped, Span, Stamp, State,
        Ticket, Visit, is_one, one,
    },
    turned_away::{DossierRefused, TurnedAway},
};

/// Registration: the first event of every visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Registered {
    /// Business day.
    pub date: chrono::NaiveDate,
    /// The number; absent while only booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Ticket>,
    /// First service.
    pub service: String,
    /// Services after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planned: Vec<Planned>,
    /// Priority class.
    #[serde(default)]
    pub class: Class,
    /// Where it came from.
    #[serde(default)]
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
    /// Why the number was given although the service gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<String>,
    /// Who, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applicant: Option<Party>,
    /// Booked time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_ms: Option<i64>,
    /// T_arrive, when registration was opened.
    pub arrive_ms: i64,
    /// Rank key, explained by [`super::order`].
    pub rank_ms: i64,
    /// What the ticket promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// People ahead at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people_ahead: Option<u32>,
    /// The counter for which the hub did it; absent where the machine did it for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<uuid::Uuid>,
}

/// Everything that can happen to a visit. The names are on the wire and in the log for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "kind", content = "body")]
#[allow(
    clippy::large_enum_variant,
    reason = "a registration is one event of each visit, and lives one fold long"
)]
pub enum VisitEvent {
    /// Registered or booked.
    #[serde(rename = "visit.registered")]
    Registered(Registered),
    /// A booked person came.
    #[serde(rename = "visit.checked_in")]
    CheckedIn {
        /// Number given now.
        ticket: Ticket,
        /// Rank by slot or arrival.
        rank_ms: i64,
        /// Numbers of the roll that were passed over for this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skipped: Option<Skipped>,
        /// The counter that gave the number while it had no hub.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alone: Option<u16>,
        /// The wait that was promised then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quote: Option<Quote>,
    },
    /// A booked person is to come at another time.
    #[serde(rename = "visit.moved")]
    Moved {
        /// The business day from now on.
        date: chrono::NaiveDate,
        /// The booked time from now on.
        slot_ms: i64,
        /// Rank by that time.
        rank_ms: i64,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Why into a slot that was full.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        despite: Option<String>,
    },
    /// The slip of an appointment went to a printer.
    #[serde(rename = "visit.appointment_printed")]
    AppointmentPrinted {
        /// BLAKE3 of what was printed, hex.
        hash: String,
    },
    /// Who it is.
    #[serde(rename = "visit.identified")]
    Identified {
        /// The party.
        party: Party,
    },
    /// Priority claimed or corrected.
    #[serde(rename = "visit.classified")]
    Classified {
        /// New class.
        class: Class,
        /// New rank.
        rank_ms: i64,
    },
    /// Let through at once by a supervisor.
    #[serde(rename = "visit.jumped")]
    Jumped {
        /// Why.
        reason: String,
        /// New rank.
        rank_ms: i64,
    },
    /// Called to a counter.
    #[serde(rename = "leg.called")]
    Called {
        /// Which counter.
        counter: u16,
    },
    /// Called once more.
    #[serde(rename = "leg.recalled")]
    Recalled {},
    /// The call was a mistake.
    #[serde(rename = "leg.call_undone")]
    CallUndone {},
    /// Service began.
    #[serde(rename = "leg.started")]
    Started {},
    /// Put aside.
    #[serde(rename = "leg.held")]
    HeldAside(Held),
    /// Gone on with.
    #[serde(rename = "leg.resumed")]
    Resumed {
        /// Where.
        to: HoldTo,
        /// Another counter than the one that put aside, when served there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counter: Option<u16>,
        /// Rank in the queue, when back there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rank_ms: Option<i64>,
        /// The wait that was promised then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quote: Option<Quote>,
    },
    /// Called, not there.
    #[serde(rename = "leg.missed")]
    Missed {},
    /// Back again.
    #[serde(rename = "leg.returned")]
    Returned {
        /// Where.
        to: ReturnTo,
        /// Rank in the queue, when back there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rank_ms: Option<i64>,
        /// The wait that was promised then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quote: Option<Quote>,
    },
    /// Sent on: this leg ends, a new one waits.
    #[serde(rename = "leg.transferred")]
    Transferred {
        /// New service.
        service: String,
        /// Only this counter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counter: Option<u16>,
        /// Word for the colleague.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Rank of the new leg.
        rank_ms: i64,
        /// The wait that was promised then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quote: Option<Quote>,
    },
    /// One more service after this one.
    #[serde(rename = "leg.service_added")]
    ServiceAdded {
        /// Which.
        service: String,
    },
    /// The leg ended by a person's act.
    #[serde(rename = "leg.ended")]
    Ended {
        /// How.
        outcome: Outcome,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// The wait that was promised for the service that comes next.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quote: Option<Quote>,
    },
    /// The leg was closed with the day; its end is its own last event.
    #[serde(rename = "leg.closed_by_day")]
    ClosedByDay {
        /// How, as the supervisor confirmed or the rule says.
        outcome: Outcome,
    },
    /// A closed visit goes on in a new leg.
    #[serde(rename = "leg.reopened")]
    Reopened {
        /// At the counter at once, or waiting.
        serving: bool,
        /// The counter, when serving.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counter: Option<u16>,
        /// Rank of the new leg.
        rank_ms: i64,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The wait that was promised then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quote: Option<Quote>,
    },
    /// The ticket went to a printer.
    #[serde(rename = "visit.ticket_printed")]
    TicketPrinted {
        /// BLAKE3 of what was printed, hex.
        hash: String,
    },
    /// A dossier was refused before it was received.
    #[serde(rename = "visit.dossier_refused")]
    DossierRefused(Box<DossierRefused>),
    /// The paper of such a refusal went to a printer.
    #[serde(rename = "visit.refusal_printed")]
    RefusalPrinted {
        /// Which of the visit's refusals, from 1.
        part: u32,
        /// BLAKE3 of what was printed, hex.
        hash: String,
    },
}

impl VisitEvent {
    /// Where the event says what wait was promised, if it can lead into a queue.
    pub fn quote_mut(&mut self) -> Option<&mut Option<Quote>> {
        match self {
            Self::Registered(first) => Some(&mut first.quote),
            Self::CheckedIn { quote, .. }
            | Self::Resumed { quote, .. }
            | Self::Returned { quote, .. }
            | Self::Transferred { quote, .. }
            | Self::Ended { quote, .. }
            | Self::Reopened { quote, .. } => Some(quote),
            _ => None,
        }
    }
}

impl Visit {
    /// The visit that a first event begins.
    pub(super) fn begin(recorded: &Recorded<VisitEvent>) -> Option<Self> {
        let VisitEvent::Registered(first) = &recorded.event else {
            return None;
        };
        let at = recorded.stamp.wall_ms;
        let state = if first.ticket.is_some() {
            State::Waiting
        } else {
            State::Booked
        };
        Some(Self {
            date: first.date,
            ticket: first.ticket.clone(),
            class: first.class,
            origin: first.origin,
            party_size: first.party_size,
            quantity: first.quantity,
            skipped: first.skipped.clone(),
            alone: first.alone,
            applicant: first.applicant.clone(),
            slot_ms: first.slot_ms,
            arrive_ms: first.arrive_ms.min(at),
            quote: first.quote,
            people_ahead: first.people_ahead,
            legs: vec![Leg::open(
                first.service.clone(),
                state,
                at,
                first.rank_ms,
                at,
            )],
            planned: first.planned.clone(),
            last_wall_ms: at,
            last_ms: at,
            last_boot: recorded.stamp.boot,
            last_mono_ms: recorded.stamp.mono_ms,
            last_actor: recorded.stamp.actor.clone(),
            ticket_prints: 0,
            slip_prints: 0,
            turned_away: Vec::new(),
            apart: Vec::new(),
        })
    }

    /// The effective time of a stamp: what has passed since the last event, added to that one's.
    pub(super) fn effective_at(&self, stamp: &Stamp) -> i64 {
        self.last_ms.saturating_add(self.elapsed_to(stamp).0)
    }

    fn elapsed_to(&self, stamp: &Stamp) -> (i64, bool) {
        clocks::elapsed(
            (self.last_wall_ms, self.last_boot, self.last_mono_ms),
            (stamp.wall_ms, stamp.boot, stamp.mono_ms),
        )
    }

    /// Changes the visit by one event. Events were decided under the rules when they were
    /// recorded; folding never refuses, it only tells what happened.
    pub fn apply(&mut self, recorded: &Recorded<VisitEvent>) {
        let stamp = &recorded.stamp;
        let (elapsed, sure) = self.elapsed_to(stamp);
        let before = self.last_ms;
        let now = before.saturating_add(elapsed);
        if !sure && self.is_open() {
            self.leg_mut().distrust("clock_jumped");
        }
        self.change(&recorded.event, before, now, stamp);
        self.last_ms = now;
        self.last_wall_ms = stamp.wall_ms;
        self.last_boot = stamp.boot;
        self.last_mono_ms = stamp.mono_ms;
        self.last_actor.clone_from(&stamp.actor);
    }

    /// The same for an event whose writer had not seen the last ones: it may have been earlier
    /// than they, and then it takes no time of its own and moves no clock back.
    pub(super) fn apply_beside(&mut self, recorded: &Recorded<VisitEvent>) {
        let stamp = &recorded.stamp;
        let before = self.last_ms;
        let now = before.saturating_add(self.elapsed_to(stamp).0);
        self.change(&recorded.event, before, now, stamp);
        if stamp.wall_ms >= self.last_wall_ms {
            self.last_ms = now;
            self.last_wall_ms = stamp.wall_ms;
            self.last_boot = stamp.boot;
            self.last_mono_ms = stamp.mono_ms;
            self.last_actor.clone_from(&stamp.actor);
        }
    }

    fn change(&mut self, event: &VisitEvent, before: i64, now: i64, stamp: &Stamp) {
        match event {
            VisitEvent::Registered(_) => {}
            VisitEvent::CheckedIn {
                ticket,
                rank_ms,
                skipped,
                alone,
                quote,
            } => {
                self.ticket = Some(ticket.clone());
                self.skipped.clone_from(skipped);
                self.alone = *alone;
                let leg = self.leg_mut();
                *leg = Leg::open(leg.service.clone(), State::Waiting, now, *rank_ms, now);
                leg.promised(*quote, now);
            }
            VisitEvent::Moved {
                date,
                slot_ms,
                rank_ms,
                ..
            } => {
                self.date = *date;
                self.slot_ms = Some(*slot_ms);
                self.leg_mut().rank_ms = *rank_ms;
                // The slip in the person's hand is of another time.
                self.slip_prints = 0;
            }
            VisitEvent::AppointmentPrinted { .. } => {
                self.slip_prints = self.slip_prints.saturating_add(1);
            }
            VisitEvent::Identified { party } => self.applicant = Some(party.clone()),
            VisitEvent::Classified { class, rank_ms } => {
                self.class = *class;
                self.leg_mut().rank_ms = *rank_ms;
            }
            VisitEvent::Jumped { rank_ms, .. } => self.leg_mut().rank_ms = *rank_ms,
            VisitEvent::Called { counter } => self.called(*counter, now, stamp),
            VisitEvent::Recalled {} => {
                let leg = self.leg_mut();
                leg.calls += 1;
                leg.last_call_ms = Some(now);
            }
            VisitEvent::CallUndone {} => {
                let leg = self.leg_mut();
                leg.enter(State::Waiting, now, None);
                leg.calls = leg.calls.saturating_sub(1);
                if leg.calls == 0 {
                    leg.first_call_ms = None;
                    leg.last_call_ms = None;
                }
                if !leg.counter_only {
                    leg.counter = None;
                }
                leg.officer = None;
            }
            VisitEvent::Started {} => self.leg_mut().serve(now, stamp),
            VisitEvent::HeldAside(held) => {
                let leg = self.leg_mut();
                leg.enter(State::Held, now, Some(held.cause));
                leg.held = Some(held.clone());
            }
            VisitEvent::Resumed {
                to,
                counter,
                rank_ms,
                quote,
            } => {
                let leg = self.leg_mut();
                leg.held = None;
                match to {
                    HoldTo::Serving => {
                        leg.counter = counter.or(leg.counter);
                        leg.serve(now, stamp);
                    }
                    HoldTo::Waiting => {
                        leg.wait_again(now, *rank_ms);
                        leg.promised(*quote, now);
                    }
                }
            }
            VisitEvent::Missed {} => {
                let leg = self.leg_mut();
                leg.misses += 1;
                leg.enter(State::Missed, now, Some(Cause::Citizen));
            }
            VisitEvent::Returned { to, rank_ms, quote } => match to {
                ReturnTo::Waiting => {
                    let leg = self.leg_mut();
                    leg.wait_again(now, *rank_ms);
                    leg.promised(*quote, now);
                }
                ReturnTo::Called { counter } => self.called(*counter, now, stamp),
            },
            VisitEvent::Transferred {
                service,
                counter,
                note,
                rank_ms,
                quote,
            } => {
                let credit = self.leg().credit_ms;
                self.leg_mut().close(Outcome::Transferred, now);
                let mut leg = Leg::open(service.clone(), State::Waiting, now, *rank_ms, credit);
                leg.counter = *counter;
                leg.counter_only = counter.is_some();
                leg.note.clone_from(note);
                leg.promised(*quote, now);
                self.legs.push(leg);
            }
            VisitEvent::ServiceAdded { service } => self.planned.push(Planned {
                service: service.clone(),
            }),
            VisitEvent::Ended {
                outcome,
                note,
                quote,
            } => {
                let leg = self.leg_mut();
                leg.close(*outcome, now);
                if note.is_some() {
                    leg.note.clone_from(note);
                }
                if *outcome == Outcome::Done {
                    self.next_planned(*quote, now);
                } else {
                    self.planned.clear();
                }
            }
            VisitEvent::ClosedByDay { outcome } => {
                self.planned.clear();
                let leg = self.leg_mut();
                // The end is the leg's own last event, never the hour at which the day was closed.
                leg.close(*outcome, before);
                if *outcome == Outcome::EndedBySystem {
                    leg.distrust("closed_by_day");
                }
            }
            VisitEvent::Reopened {
                serving,
                counter,
                rank_ms,
                quote,
                ..
            } => {
                let old = self.leg();
                let (service, credit) = (old.service.clone(), old.credit_ms);
                let index = u16::try_from(self.legs.len() - 1).unwrap_or(u16::MAX);
                let state = if *serving {
                    State::Serving
                } else {
                    State::Waiting
                };
                let mut leg = Leg::open(service, state, now, *rank_ms, credit);
                leg.reopens = Some(index);
                leg.counter = *counter;
                if *serving {
                    leg.serve_ms = Some(now);
                    leg.officer = Some(stamp.actor.clone());
                } else {
                    leg.promised(*quote, now);
                }
                self.legs.push(leg);
            }
            VisitEvent::TicketPrinted { .. } => self.ticket_prints += 1,
            VisitEvent::DossierRefused(dossier) => self.turned_away.push(TurnedAway {
                dossier: (**dossier).clone(),
                at_ms: stamp.wall_ms,
                officer: stamp.actor.clone(),
                prints: 0,
            }),
            VisitEvent::RefusalPrinted { part, .. } => {
                let place = (*part as usize).checked_sub(1);
                if let Some(refused) = place.and_then(|i| self.turned_away.get_mut(i)) {
                    refused.prints = refused.prints.saturating_add(1);
                }
            }
        }
    }

    fn called(&mut self, counter: u16, now: i64, stamp: &Stamp) {
        let leg = self.leg_mut();
        leg.enter(State::Called, now, None);
        leg.calls += 1;
        leg.first_call_ms.get_or_insert(now);
        leg.last_call_ms = Some(now);
        leg.counter = Some(counter);
        leg.officer = Some(stamp.actor.clone());
    }

    fn next_planned(&mut self, quote: Option<Quote>, now: i64) {
        if self.planned.is_empty() {
            return;
        }
        let next = self.planned.remove(0);
        // The person has been here since the first ticket: the place in line is as old as that.
        let credit = self.legs[0].credit_ms;
        let rank = self.legs[0].rank_ms;
        let mut leg = Leg::open(next.service, State::Waiting, now, rank, credit);
        leg.promised(quote, now);
        self.legs.push(leg);
    }
}

impl Leg {
    fn open(service: String, state: State, now: i64, rank_ms: i64, credit_ms: i64) -> Self {
        Self {
            service,
            state,
            rank_ms,
            queued_ms: now,
            credit_ms,
            first_call_ms: None,
            last_call_ms: None,
            serve_ms: None,
            end_ms: None,
            calls: 0,
            misses: 0,
            counter: None,
            counter_only: false,
            officer: None,
            held: None,
            outcome: None,
            reopens: None,
            note: None,
            promise: None,
            accurate: true,
            inaccurate_because: None,
            spans: vec![Span {
                state,
                from_ms: now,
                to_ms: None,
                cause: None,
            }],
        }
    }

    /// Somebody was told how long it takes from now on.
    fn promised(&mut self, quote: Option<Quote>, now: i64) {
        if let Some(quote) = quote {
            self.promise = Some(Promise {
                quote,
                from_ms: now,
            });
        }
    }

    fn enter(&mut self, state: State, now: i64, cause: Option<Cause>) {
        self.end_span(now);
        self.state = state;
        self.spans.push(Span {
            state,
            from_ms: now,
            to_ms: None,
            cause,
        });
    }

    fn end_span(&mut self, now: i64) {
        if let Some(last) = self.spans.last_mut() {
            last.to_ms.get_or_insert(now.max(last.from_ms));
        }
    }

    fn serve(&mut self, now: i64, stamp: &Stamp) {
        self.enter(State::Serving, now, None);
        self.serve_ms.get_or_insert(now);
        self.officer = Some(stamp.actor.clone());
    }

    fn wait_again(&mut self, now: i64, rank_ms: Option<i64>) {
        self.enter(State::Waiting, now, None);
        if let Some(rank) = rank_ms {
            self.rank_ms = rank;
        }
        if !self.counter_only {
            self.counter = None;
        }
    }

    fn close(&mut self, outcome: Outcome, now: i64) {
        self.end_span(now);
        self.state = State::Closed;
        self.outcome = Some(outcome);
        self.end_ms = Some(now);
        self.held = None;
    }

    fn distrust(&mut self, cause: &str) {
        self.accurate = false;
        self.inaccurate_because
            .get_or_insert_with(|| cause.to_owned());
    }
}
