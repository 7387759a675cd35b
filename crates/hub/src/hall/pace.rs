//! How often somebody may come: a few times at once, then at a steady pace. What is remembered of
//! everybody is bounded.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Of so many it is remembered how often they came; a newcomer beyond waits until one is at rest.
const MOST: usize = 512;

/// A pace, kept for each by itself.
#[derive(Debug)]
pub(crate) struct Pace<K> {
    /// Between two, in the long run.
    every: Duration,
    /// How far ahead of that anybody may be.
    ahead: Duration,
    /// From when each would be at rest again.
    rest: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq> Pace<K> {
    pub(crate) fn new(at_once: u32, every: Duration) -> Self {
        Self {
            every,
            ahead: every * at_once,
            rest: Mutex::default(),
        }
    }

    /// Whether that one may come now; counted if so.
    pub(crate) fn may(&self, who: K, now: Instant) -> bool {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if rest.len() >= MOST && !rest.contains_key(&who) {
            rest.retain(|_, at| *at > now);
            if rest.len() >= MOST {
                return false;
            }
        }
        let at = rest.entry(who).or_insert(now);
        let next = (*at).max(now) + self.every;
        let may = next.saturating_duration_since(now) <= self.ahead;
        if may {
            *at = next;
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_at_once_then_steadily_and_each_for_itself() {
        let pace = Pace::new(3, Duration::from_secs(1));
        let now = Instant::now();
        assert!((0..3).all(|_| pace.may('a', now)));
        assert!(!pace.may('a', now));
        assert!(pace.may('b', now));
        let later = now + Duration::from_secs(1);
        assert!(pace.may('a', later) && !pace.may('a', later));
    }

    #[test]
    fn a_crowd_of_names_does_not_grow_without_bound() {
        let pace = Pace::new(1, Duration::from_secs(1));
        let now = Instant::now();
        assert!((0..MOST).all(|i| pace.may(i, now)));
        assert!(!pace.may(MOST, now));
        assert!(pace.may(MOST, now + Duration::from_secs(2)));
    }
}
