//! What the other side's clock says.

use std::sync::{Mutex, PoisonError};

use motcua_store::Moment;

/// Heard once, and carried on by this machine's monotonic clock: whoever sets the system clock
/// meanwhile changes how far the two are apart, and not what the other one says.
#[derive(Debug, Default)]
pub(crate) struct OtherClock(Mutex<Option<Heard>>);

#[derive(Debug, Clone, Copy)]
struct Heard {
    /// As the engine measured it; another one is another measurement.
    skew_ms: i64,
    other_ms: i64,
    at: Moment,
}

impl OtherClock {
    /// After a session, in which the engine may have measured anew.
    pub(crate) fn hears(&self, skew_ms: Option<i64>, at: Moment) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(skew_ms) = skew_ms else { return };
        if heard.is_none_or(|h| h.skew_ms != skew_ms) {
            *heard = Some(Heard {
                skew_ms,
                other_ms: at.wall_ms + skew_ms,
                at,
            });
        }
    }

    /// The other side's clock minus the system clock now, as far as it was ever asked.
    pub(crate) fn skew_ms(&self, now: Moment) -> Option<i64> {
        let heard = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        if heard.at.boot != now.boot {
            return Some(heard.skew_ms);
        }
        let passed = now.mono_ms.saturating_sub(heard.at.mono_ms);
        Some(heard.other_ms + passed - now.wall_ms)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(wall_ms: i64, mono_ms: i64) -> Moment {
        Moment {
            wall_ms,
            boot: Uuid::nil(),
            mono_ms,
        }
    }

    #[test]
    fn setting_the_system_clock_is_seen_at_once_and_changes_nothing_of_the_other() {
        let clock = OtherClock::default();
        assert_eq!(clock.skew_ms(at(5, 5)), None);
        clock.hears(Some(-2_000), at(10_000, 100));
        assert_eq!(clock.skew_ms(at(11_000, 1_100)), Some(-2_000));
        // Set back by two seconds: nothing is between them any more.
        assert_eq!(clock.skew_ms(at(9_000, 1_100)), Some(0));
        // A session in which nothing was measured says the old value once more.
        clock.hears(Some(-2_000), at(9_500, 1_600));
        assert_eq!(clock.skew_ms(at(9_500, 1_600)), Some(0));
        clock.hears(Some(3), at(9_500, 1_600));
        assert_eq!(clock.skew_ms(at(9_500, 1_600)), Some(3));
    }
}
