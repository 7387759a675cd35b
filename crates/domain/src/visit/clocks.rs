//! Every clock of a visit, computed from its spans and never stored as a duration.
//!
//! The official wait runs from the time printed on the ticket to the start of service, less
//! what the citizen caused. Calling early cannot stop it. Others are kept beside it, because
//! every front-desk system has had to argue about its definition.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::{
    act::Cause,
    state::{Leg, Span, State, Visit},
};

/// Two clocks that disagree by more than this within one run mean that one was set by hand.
const JUMP_MS: i64 = 2_000;

/// The longest that is believed between two events of one visit: a year. A broken clock, or a
/// stamp that somebody made up, says more, and times that are added up must stay times.
const LONGEST_MS: i64 = 366 * 24 * 3_600_000;

/// Milliseconds between two stamps `(wall, run, monotonic)`, from nothing to a year, and whether
/// they are to be trusted. Within one run the monotonic clock decides; across runs only the wall
/// clock is left, and if it went backwards nothing is claimed. Two machines never show quite the
/// same time, so a little backwards between them is no jump.
pub fn elapsed(from: (i64, Uuid, i64), to: (i64, Uuid, i64)) -> (i64, bool) {
    let wall = to.0.saturating_sub(from.0);
    if from.1 == to.1 {
        let mono = to.2.saturating_sub(from.2);
        if (0..=LONGEST_MS).contains(&mono) {
            return (mono, wall.saturating_sub(mono).abs() <= JUMP_MS);
        }
    }
    (
        wall.clamp(0, LONGEST_MS),
        (-JUMP_MS..=LONGEST_MS).contains(&wall),
    )
}

/// The clocks of one leg or of a whole visit, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Clocks {
    /// The official wait: waiting, called, and pauses that the office caused.
    pub wait_ms: i64,
    /// In the queue only (as other systems count).
    pub queue_ms: i64,
    /// Called, on the way to the counter.
    pub walk_ms: i64,
    /// Being served.
    pub service_ms: i64,
    /// Put aside, whoever caused it.
    pub held_ms: i64,
    /// Called and not there.
    pub missed_ms: i64,
    /// First queue time to end: the sum of the five above it.
    pub total_ms: i64,
    /// Before the ticket: registration open to number given.
    pub prep_ms: i64,
}

impl Clocks {
    /// How long a counter was taken: on the way there, and served.
    pub fn counter_ms(&self) -> i64 {
        self.walk_ms + self.service_ms
    }

    fn add(&mut self, span: &Span, now_ms: i64) {
        let ms = (span.to_ms.unwrap_or(now_ms.max(span.from_ms)) - span.from_ms).max(0);
        match span.state {
            State::Waiting => self.queue_ms += ms,
            State::Called => self.walk_ms += ms,
            State::Serving => self.service_ms += ms,
            State::Held => self.held_ms += ms,
            State::Missed => self.missed_ms += ms,
            // Before the person came, and after: no clock of a visit.
            State::Booked | State::Closed => return,
        }
        self.total_ms += ms;
        if span.waits() {
            self.wait_ms += ms;
        }
    }
}

impl Span {
    /// Whether the official wait runs in it.
    pub(super) fn waits(&self) -> bool {
        match self.state {
            State::Waiting | State::Called => true,
            State::Held => self.cause == Some(Cause::Office),
            _ => false,
        }
    }
}

impl Leg {
    /// The clocks of this leg as of `now_ms` (effective time).
    pub fn clocks(&self, now_ms: i64) -> Clocks {
        let mut clocks = Clocks::default();
        for span in &self.spans {
            clocks.add(span, now_ms);
        }
        clocks
    }
}

impl Visit {
    /// The clocks of the whole visit as of `now_ms`: targets are per visit (lượt giao dịch).
    pub fn clocks(&self, now_ms: i64) -> Clocks {
        let mut all = Clocks::default();
        for leg in &self.legs {
            for span in &leg.spans {
                all.add(span, now_ms);
            }
        }
        let queued = self.legs[0].queued_ms;
        all.prep_ms = (queued - self.arrive_ms).max(0);
        all
    }

    /// The effective time of the visit at a moment `(wall, run, monotonic)`: counted as the next
    /// event will count it, within one run by the monotonic clock, so that a clock set back by
    /// hand does not stop a wait on screen.
    pub fn effective_ms(&self, now: (i64, Uuid, i64)) -> i64 {
        let last = (self.last_wall_ms, self.last_boot, self.last_mono_ms);
        self.last_ms.saturating_add(elapsed(last, now).0)
    }

    /// Whether every time of the visit can be trusted.
    pub fn accurate(&self) -> bool {
        self.legs.iter().all(|l| l.accurate)
    }
}
