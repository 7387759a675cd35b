//! The promised wait against the real one: how far people could rely on what they were told.
//!
//! A promise is a range of minutes, made when somebody joins a queue. It is judged once service
//! has begun, by the official wait from the promise to that moment. A range that begins at
//! [`LEAST`], the least that is ever said, is taken to begin at nothing: whoever is told “5–10” and
//! is called after two minutes was not misled.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::state::{Leg, Quote, Visit};

/// The least minutes that are ever promised.
pub const LEAST: u32 = 5;
/// Fewer promises than this prove nothing.
pub const ENOUGH: u32 = 8;

/// What was promised for a leg, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Promise {
    /// The range.
    pub quote: Quote,
    /// The wait is counted from here (effective time).
    pub from_ms: i64,
}

/// A promise with what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The range.
    pub quote: Quote,
    /// The official wait since the promise.
    pub wait_ms: i64,
    /// Whether the times can be trusted.
    pub accurate: bool,
}

/// On which side of the range a wait fell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fell {
    /// Shorter than promised.
    Below,
    /// As promised.
    Inside,
    /// Longer than promised.
    Above,
}

impl Kept {
    /// The range in milliseconds, as it is judged.
    pub fn range_ms(&self) -> (i64, i64) {
        let lo = if self.quote.lo <= LEAST {
            0
        } else {
            self.quote.lo
        };
        (i64::from(lo) * 60_000, i64::from(self.quote.hi) * 60_000)
    }

    /// Where the wait fell.
    pub fn fell(&self) -> Fell {
        let (lo, hi) = self.range_ms();
        if self.wait_ms < lo {
            Fell::Below
        } else if self.wait_ms > hi {
            Fell::Above
        } else {
            Fell::Inside
        }
    }

    /// How far from the middle of the range; more than nothing when it took longer.
    fn off_middle_ms(&self) -> i64 {
        let (lo, hi) = self.range_ms();
        self.wait_ms - (lo + hi) / 2
    }

    /// How far outside the range; nothing within it.
    fn outside_ms(&self) -> i64 {
        let (lo, hi) = self.range_ms();
        (self.wait_ms - hi).max(0) - (lo - self.wait_ms).max(0)
    }
}

impl Visit {
    /// The promise under which a leg waited: its own, or for the first one that of the ticket.
    pub fn promise(&self, leg: usize) -> Option<Promise> {
        let at = self.legs.get(leg)?;
        let ticket = || {
            let quote = self.quote.filter(|_| leg == 0)?;
            Some(Promise {
                quote,
                from_ms: at.queued_ms,
            })
        };
        at.promise.or_else(ticket)
    }

    /// What came of the promise of a leg, once its service has begun.
    pub fn kept(&self, leg: usize) -> Option<Kept> {
        let Promise { quote, from_ms } = self.promise(leg)?;
        let leg = &self.legs[leg];
        Some(Kept {
            quote,
            wait_ms: leg.waited(from_ms, leg.serve_ms?),
            accurate: leg.accurate,
        })
    }
}

impl Leg {
    /// The official wait of this leg between two moments.
    fn waited(&self, from_ms: i64, to_ms: i64) -> i64 {
        self.spans
            .iter()
            .filter(|span| span.waits())
            .map(|span| {
                let end = span.to_ms.unwrap_or(to_ms).min(to_ms);
                (end - span.from_ms.max(from_ms)).max(0)
            })
            .sum()
    }
}

/// How promises were kept. Shares and deviations are `null` below [`ENOUGH`] promises.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct EstimateFigures {
    /// Promises with a service that began and times to be trusted.
    pub of: u32,
    /// Real wait within the range.
    pub inside: u32,
    /// Shorter than promised.
    pub below: u32,
    /// Longer than promised.
    pub above: u32,
    /// Promises left out because a time is not to be trusted.
    pub inaccurate: u32,
    /// Share within, in per cent, rounded down.
    pub percent: Option<u32>,
    /// Mean of the wait minus the middle of its range, seconds; above nothing: it takes longer
    /// than people are told.
    pub bias_s: Option<i32>,
    /// Mean of how far outside the range, seconds: nothing within it, minus where it was shorter.
    pub outside_s: Option<i32>,
}

/// Figures of a set of promises.
pub fn score(kept: impl IntoIterator<Item = Kept>) -> EstimateFigures {
    let mut figures = EstimateFigures::default();
    let (mut bias, mut outside) = (0, 0);
    for one in kept {
        if !one.accurate {
            figures.inaccurate += 1;
            continue;
        }
        figures.of += 1;
        match one.fell() {
            Fell::Below => figures.below += 1,
            Fell::Inside => figures.inside += 1,
            Fell::Above => figures.above += 1,
        }
        bias += one.off_middle_ms();
        outside += one.outside_ms();
    }
    if figures.of >= ENOUGH {
        let of = i64::from(figures.of);
        let mean_s = |sum: i64| i32::try_from(sum / of / 1000).unwrap_or(0);
        figures.percent = Some(figures.inside * 100 / figures.of);
        figures.bias_s = Some(mean_s(bias));
        figures.outside_s = Some(mean_s(outside));
    }
    figures
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(lo: u32, hi: u32, minutes: i64) -> Kept {
        Kept {
            quote: Quote { lo, hi },
            wait_ms: minutes * 60_000,
            accurate: true,
        }
    }

    #[test]
    fn both_ends_belong_to_the_range_and_the_least_begins_at_nothing() {
        assert_eq!(kept(10, 20, 10).fell(), Fell::Inside);
        assert_eq!(kept(10, 20, 20).fell(), Fell::Inside);
        assert_eq!(kept(10, 20, 9).fell(), Fell::Below);
        assert_eq!(kept(10, 20, 21).fell(), Fell::Above);
        assert_eq!(kept(5, 10, 0).fell(), Fell::Inside);
    }

    #[test]
    fn seven_promises_prove_nothing_and_eight_do() {
        let seven = score(vec![kept(10, 20, 12); 7]);
        assert_eq!((seven.of, seven.percent, seven.bias_s), (7, None, None));
        let mut eight = vec![kept(10, 20, 15); 6];
        eight.extend([kept(10, 20, 31), kept(10, 20, 4)]);
        let told = score(eight);
        assert_eq!((told.inside, told.above, told.below), (6, 1, 1));
        assert_eq!(told.percent, Some(75));
        // (16 − 11) ∕ 8 minutes from the middle, (11 − 6) ∕ 8 outside.
        assert_eq!((told.bias_s, told.outside_s), (Some(37), Some(37)));
    }

    #[test]
    fn times_not_to_be_trusted_stand_apart() {
        let mut all = vec![kept(10, 20, 15); 8];
        all[0].accurate = false;
        let told = score(all);
        assert_eq!((told.of, told.inaccurate, told.percent), (7, 1, None));
    }

    proptest! {
        #[test]
        fn the_three_sides_are_the_whole_and_the_order_does_not_matter(
            many in proptest::collection::vec((1u32..12, 1u32..6, 0i64..90, any::<bool>()), 0..40),
        ) {
            let all: Vec<Kept> = many
                .iter()
                .map(|(lo, more, wait, accurate)| Kept {
                    accurate: *accurate,
                    ..kept(lo * 5, (lo + more) * 5, *wait)
                })
                .collect();
            let told = score(all.clone());
            prop_assert_eq!(told.inside + told.below + told.above, told.of);
            prop_assert_eq!(told.of + told.inaccurate, all.len() as u32);
            prop_assert_eq!(told.percent.is_some(), told.of >= ENOUGH);
            if told.below == 0 && told.above == 0 {
                prop_assert!(told.outside_s.unwrap_or(0) == 0);
            }
            let mut backwards = all;
            backwards.reverse();
            prop_assert_eq!(score(backwards), told);
        }
    }
}
