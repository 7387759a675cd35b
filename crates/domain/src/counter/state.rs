//! The state of a counter's day: what folding its events gives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::event::CounterEvent;
use crate::visit::{Outcome, Recorded, Stamp, Visit, clocks};

/// Where a counter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum CounterState {
    /// Nobody sits there.
    Closed,
    /// An officer sits there.
    Open,
    /// The officer stepped away and comes back.
    OnBreak,
}

/// How a shift ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// The officer closed the counter.
    Officer,
    /// The officer went on to another counter.
    Moved,
    /// A supervisor closed it.
    Supervisor,
    /// Another officer took over.
    TakenOver,
    /// Another officer had opened it at the same time, on a machine that did not know.
    Apart,
    /// Nobody closed it: it ended with the day.
    DayEnd,
}

/// The end of a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ShiftEnd {
    /// When (effective time).
    pub at_ms: i64,
    /// How.
    pub cause: EndCause,
    /// Who recorded it.
    pub by: String,
}

/// One absence within a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Break {
    /// From.
    pub from_ms: i64,
    /// To; open while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_ms: Option<i64>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Expected back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_ms: Option<i64>,
}

/// One officer's time at a counter (ca). Times are effective: they never run backwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Shift {
    /// Who.
    pub officer: String,
    /// From.
    pub from_ms: i64,
    /// How it ended; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<ShiftEnd>,
    /// Absences, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<Break>,
    /// Who held the counter when this officer opened it, neither knowing of the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart_from: Option<String>,
    /// False when a time is not to be trusted.
    pub accurate: bool,
}

impl Shift {
    fn begin(officer: &str, now: i64) -> Self {
        Self {
            officer: officer.to_owned(),
            from_ms: now,
            end: None,
            breaks: Vec::new(),
            apart_from: None,
            accurate: true,
        }
    }

    /// The absence that lasts.
    pub fn away(&self) -> Option<&Break> {
        self.breaks.last().filter(|b| b.to_ms.is_none())
    }

    /// In its present state since.
    pub fn since_ms(&self) -> i64 {
        match self.breaks.last() {
            Some(b) => b.to_ms.unwrap_or(b.from_ms),
            None => self.from_ms,
        }
    }

    fn back(&mut self, now: i64) {
        if let Some(last) = self.breaks.last_mut() {
            last.to_ms.get_or_insert(now.max(last.from_ms));
        }
    }

    fn finish(&mut self, at_ms: i64, cause: EndCause, by: &str) {
        let at_ms = at_ms.max(self.from_ms);
        // A shift that ended before its last recorded absence ended with it.
        let at_ms = self
            .breaks
            .iter()
            .map(|b| b.to_ms.unwrap_or(b.from_ms))
            .fold(at_ms, i64::max);
        self.back(at_ms);
        self.accurate &= cause != EndCause::DayEnd;
        self.end = Some(ShiftEnd {
            at_ms,
            cause,
            by: by.to_owned(),
        });
    }
}

/// A counter on a business day, as its events tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CounterDay {
    /// Business day.
    pub date: chrono::NaiveDate,
    /// Number.
    pub counter: u16,
    /// Who sat there, in order; only the last one may still last.
    pub shifts: Vec<Shift>,
    /// Wall time of the last event, by the device's clock.
    pub last_wall_ms: i64,
    /// Effective time of the last event.
    pub last_ms: i64,
    /// Run of the last event.
    pub last_boot: Uuid,
    /// Monotonic time of the last event.
    pub last_mono_ms: i64,
}

impl CounterDay {
    /// Folds events in order; `None` when there are none.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Recorded<CounterEvent>>) -> Option<Self> {
        let mut day: Option<Self> = None;
        for recorded in events {
            let (date, counter) = recorded.event.place();
            let stamp = &recorded.stamp;
            day.get_or_insert_with(|| Self {
                date,
                counter,
                shifts: Vec::new(),
                last_wall_ms: stamp.wall_ms,
                last_ms: stamp.wall_ms,
                last_boot: stamp.boot,
                last_mono_ms: stamp.mono_ms,
            })
            .apply(recorded);
        }
        day
    }

    /// The shift that lasts.
    pub fn shift(&self) -> Option<&Shift> {
        self.shifts.last().filter(|s| s.end.is_none())
    }

    /// Where the counter stands.
    pub fn state(&self) -> CounterState {
        match self.shift() {
            None => CounterState::Closed,
            Some(shift) if shift.away().is_some() => CounterState::OnBreak,
            Some(_) => CounterState::Open,
        }
    }

    /// Changes the day by one event. Events were decided when they were recorded; folding never
    /// refuses. Of two machines that decided apart, the later event in the one order holds.
    pub fn apply(&mut self, recorded: &Recorded<CounterEvent>) {
        let stamp = &recorded.stamp;
        let (elapsed, sure) = clocks::elapsed(
            (self.last_wall_ms, self.last_boot, self.last_mono_ms),
            (stamp.wall_ms, stamp.boot, stamp.mono_ms),
        );
        let now = self.last_ms.saturating_add(elapsed);
        if !sure && let Some(shift) = self.lasting() {
            shift.accurate = false;
        }
        self.change(&recorded.event, now, stamp);
        self.last_ms = now;
        self.last_wall_ms = stamp.wall_ms;
        self.last_boot = stamp.boot;
        self.last_mono_ms = stamp.mono_ms;
    }

    fn change(&mut self, event: &CounterEvent, now: i64, stamp: &Stamp) {
        match event {
            CounterEvent::Opened { officer, .. } => self.sit_down(officer, None, now, stamp),
            CounterEvent::TakenOver { officer, from, .. } => {
                self.sit_down(officer, Some(from), now, stamp);
            }
            CounterEvent::BreakBegan {
                officer,
                reason,
                back_ms,
                ..
            } => {
                let Some(shift) = self.of(officer) else {
                    return;
                };
                let from_ms = match shift.away() {
                    Some(away) => away.from_ms,
                    None => now,
                };
                shift.breaks.retain(|b| b.to_ms.is_some());
                shift.breaks.push(Break {
                    from_ms,
                    to_ms: None,
                    reason: reason.clone(),
                    back_ms: *back_ms,
                });
            }
            CounterEvent::BreakEnded { officer, .. } => {
                if let Some(shift) = self.of(officer) {
                    shift.back(now);
                }
            }
            CounterEvent::Closed {
                officer,
                cause,
                at_ms,
                ..
            } => {
                if let Some(shift) = self.of(officer) {
                    shift.finish(at_ms.unwrap_or(now).min(now), *cause, &stamp.actor);
                }
            }
        }
    }

    fn sit_down(&mut self, officer: &str, from: Option<&String>, now: i64, stamp: &Stamp) {
        if let Some(shift) = self.of(officer) {
            // The same officer, on two machines that did not know of each other.
            shift.back(now);
            return;
        }
        let mut fresh = Shift::begin(officer, now);
        if let Some(held) = self.lasting() {
            let cause = if from == Some(&held.officer) {
                EndCause::TakenOver
            } else {
                fresh.apart_from = Some(held.officer.clone());
                EndCause::Apart
            };
            held.finish(now, cause, &stamp.actor);
        }
        self.shifts.push(fresh);
    }

    fn lasting(&mut self) -> Option<&mut Shift> {
        self.shifts.last_mut().filter(|s| s.end.is_none())
    }

    /// The shift that lasts, if it is that officer's.
    fn of(&mut self, officer: &str) -> Option<&mut Shift> {
        self.lasting().filter(|s| s.officer == officer)
    }
}

/// The last thing that an officer is known to have done for a visit at a counter.
pub fn last_act<'a>(
    visits: impl IntoIterator<Item = &'a Visit>,
    counter: u16,
    officer: &str,
) -> Option<i64> {
    visits
        .into_iter()
        .flat_map(|visit| &visit.legs)
        .filter(|leg| leg.counter == Some(counter) && leg.officer.as_deref() == Some(officer))
        .flat_map(|leg| {
            // Closed by a machine is nobody's act.
            let by_person = !matches!(
                leg.outcome,
                Some(Outcome::EndedBySystem | Outcome::UnservedAtClose)
            );
            let ended = leg.end_ms.filter(|_| by_person);
            let entered = leg.spans.last().map(|s| s.from_ms);
            [ended, leg.last_call_ms, entered]
        })
        .flatten()
        .max()
}
