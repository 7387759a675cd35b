//! The device's clock, corrected so that it never runs backwards.
//!
//! The system clock is evidence, not truth: within a run the monotonic clock decides, across
//! runs the last recorded time is the floor. What was corrected is kept with the event.

use chrono::{NaiveDate, TimeZone};
use motcua_protocol::time::vietnam;
use uuid::Uuid;

/// What the machine's clocks say at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// System clock, UTC milliseconds.
    pub wall_ms: i64,
    /// This run of this process.
    pub boot: Uuid,
    /// Milliseconds of this run.
    pub mono_ms: i64,
}

/// The local date of a moment in Vietnam.
pub fn today(wall_ms: i64) -> NaiveDate {
    vietnam()
        .timestamp_millis_opt(wall_ms)
        .single()
        .map(|t| t.date_naive())
        .unwrap_or_default()
}

/// A step of the system clock larger than this within a run is a setting, not drift.
const STEP_MS: i64 = 120_000;

#[derive(Debug, Clone, Copy)]
struct Anchor {
    boot: Uuid,
    mono_ms: i64,
    wall_ms: i64,
}

/// The correction, from the last recorded time on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Corrected {
    last_ms: i64,
    anchor: Option<Anchor>,
}

impl Corrected {
    pub(crate) fn after(last_ms: i64) -> Self {
        Self {
            last_ms,
            anchor: None,
        }
    }

    /// Corrected wall time and how far the system clock is off it.
    pub(crate) fn read(&self, moment: Moment) -> (i64, i64) {
        let wall = match self.anchor {
            Some(anchor) if anchor.boot == moment.boot => {
                let expected = anchor.wall_ms + (moment.mono_ms - anchor.mono_ms).max(0);
                if (moment.wall_ms - expected).abs() > STEP_MS {
                    expected
                } else {
                    moment.wall_ms.max(self.last_ms)
                }
            }
            _ => moment.wall_ms.max(self.last_ms),
        };
        (wall, moment.wall_ms - wall)
    }

    /// After a commit at this moment.
    pub(crate) fn advance(&mut self, moment: Moment) {
        let (wall_ms, _) = self.read(moment);
        self.last_ms = self.last_ms.max(wall_ms);
        self.anchor = Some(Anchor {
            boot: moment.boot,
            mono_ms: moment.mono_ms,
            wall_ms,
        });
    }

    /// A person says that the system clock is right.
    pub(crate) fn trust(&mut self, moment: Moment) {
        self.last_ms = moment.wall_ms;
        self.anchor = Some(Anchor {
            boot: moment.boot,
            mono_ms: moment.mono_ms,
            wall_ms: moment.wall_ms,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall_ms: i64, mono_ms: i64) -> Moment {
        Moment {
            wall_ms,
            boot: Uuid::nil(),
            mono_ms,
        }
    }

    #[test]
    fn an_hour_back_within_a_run_changes_nothing_but_the_skew() {
        let mut clock = Corrected::after(0);
        clock.advance(at(10_000_000, 1_000));
        assert_eq!(
            clock.read(at(10_000_000 - 3_600_000, 2_000)),
            (10_001_000, -3_601_000)
        );
    }

    #[test]
    fn a_year_ahead_within_a_run_is_not_believed() {
        let mut clock = Corrected::after(0);
        clock.advance(at(10_000_000, 1_000));
        let year = 31_536_000_000;
        assert_eq!(clock.read(at(10_000_000 + year, 2_000)).0, 10_001_000);
    }

    #[test]
    fn a_new_run_never_starts_before_the_last_record() {
        let clock = Corrected::after(10_000_000);
        assert_eq!(clock.read(at(9_000_000, 5)), (10_000_000, -1_000_000));
        assert_eq!(clock.read(at(11_000_000, 5)), (11_000_000, 0));
    }

    #[test]
    fn a_person_can_set_it_right() {
        let mut clock = Corrected::after(10_000_000);
        clock.trust(at(9_000_000, 5));
        assert_eq!(clock.read(at(9_001_000, 1_005)).0, 9_001_000);
    }
}
