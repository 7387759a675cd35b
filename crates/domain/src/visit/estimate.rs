//! How long somebody who joins now will wait: the queue played forward many times in its real
//! order, each time with other service times out of those that were measured.
//!
//! Answers a range, rounded to five minutes and never below five, because a single figure is
//! a promise nobody can keep. From [`EARLY`] to [`LATE`] per cent of the plays lie within it before
//! rounding widens it. Behind a long line short and long services even out, which adding up their
//! medians and their long times does not see. The plays are drawn from a fixed sequence: the same
//! queue always gets the same answer. The range is stored with the leg and judged afterwards
//! ([`super::promise`]); `tests/visit/estimates.rs` judges the method.

use super::{promise::LEAST, state::Quote};

/// Fewer finished legs than this say little; the assumption weighs in.
const ENOUGH: usize = 8;
/// Plays of the queue.
const PLAYS: u64 = 120;
/// Per cent of the plays that are earlier than the range.
const EARLY: usize = 15;
/// Per cent of the plays that are not later than the range.
const LATE: usize = 85;
/// Service times around an assumed one, in per cent of it: most somewhat shorter, few much longer.
const SHAPE: [i64; ENOUGH] = [45, 62, 76, 90, 105, 125, 155, 220];

/// How long a counter is taken by one person, by experience or by assumption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceTime {
    /// Milliseconds, shortest first; never empty.
    times: Vec<i64>,
}

impl ServiceTime {
    /// From the last finished legs (newest first or last, all the same) and the configured
    /// minutes, which stand in for what has not been measured yet.
    pub fn from_experience(finished_ms: Vec<i64>, assumed_minutes: u32) -> Self {
        let mut times = finished_ms;
        let missing = ENOUGH.saturating_sub(times.len());
        for i in 0..missing {
            let part = SHAPE[(2 * i + 1) * ENOUGH / (2 * missing)];
            times.push(i64::from(assumed_minutes) * 60_000 * part / 100);
        }
        times.sort_unstable();
        Self { times }
    }

    /// Half of the services are shorter.
    pub fn usual_ms(&self) -> i64 {
        self.times[self.times.len() / 2]
    }

    fn drawn(&self, draw: u64) -> i64 {
        pick(&self.times, draw)
    }

    /// How much longer a service goes on that has lasted so long already.
    fn rest(&self, elapsed_ms: i64, draw: u64) -> i64 {
        let longer = &self.times[self.times.partition_point(|t| *t <= elapsed_ms)..];
        if longer.is_empty() {
            // Longer than any before: it may end at once, or take as long again as a usual one.
            return self.usual_ms() * (draw % 100) as i64 / 100;
        }
        pick(longer, draw) - elapsed_ms
    }
}

fn pick(times: &[i64], draw: u64) -> i64 {
    times[(draw % times.len() as u64) as usize]
}

/// Cases of one party beyond these lengthen the estimate no more: who brings twenty brings
/// twenty alike, and a figure typed wrongly must not frighten everybody else away.
const MOST_CASES: u16 = 5;

/// The work that somebody brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Index of the service.
    pub service: usize,
    /// Cases.
    pub cases: u16,
}

/// How many times the service time so many cases take.
pub fn times(cases: u16) -> i64 {
    i64::from(cases.clamp(1, MOST_CASES))
}

impl Work {
    /// How long it takes in one play: each case another draw.
    fn drawn(self, service_times: &[ServiceTime], play: u64, of: u64) -> i64 {
        (0..times(self.cases))
            .map(|case| service_times[self.service].drawn(draw(play, of + ((case as u64) << 16))))
            .sum()
    }

    /// How much longer it takes that has lasted so long already, its cases taken as alike.
    fn rest(self, service_times: &[ServiceTime], elapsed_ms: i64, draw: u64) -> i64 {
        let cases = times(self.cases);
        service_times[self.service].rest(elapsed_ms / cases, draw) * cases
    }
}

/// A counter that is open, with what it is busy with.
#[derive(Debug, Clone)]
pub struct OpenCounter {
    /// Indices of the services it serves.
    pub serves: Vec<usize>,
    /// Work of its present leg, and for how long that has taken the counter.
    pub busy: Option<(Work, i64)>,
    /// Milliseconds until its officer is expected back; 0 for one who is there.
    pub away_ms: i64,
}

/// An officer who stepped away without saying until when is expected back after so long.
const USUAL_BREAK_MS: i64 = 15 * 60_000;

/// How long until an officer is back who stepped away at `from_ms`. One who is late may come any
/// minute: to add time for that would be a guess.
pub fn away(from_ms: i64, back_ms: Option<i64>, now_ms: i64) -> i64 {
    (back_ms.unwrap_or(from_ms + USUAL_BREAK_MS) - now_ms).max(0)
}

/// The queue played forward: when each counter would be free for a newcomer.
#[derive(Debug)]
pub struct Forecast<'a> {
    counters: &'a [OpenCounter],
    /// By play and counter, milliseconds from now.
    free: Vec<Vec<i64>>,
}

/// Plays the queue forward until everybody `ahead` (their work, in call order) has been taken.
pub fn forecast<'a>(
    ahead: &[Work],
    counters: &'a [OpenCounter],
    times: &[ServiceTime],
) -> Forecast<'a> {
    let able: Vec<Vec<usize>> = (0..times.len())
        .map(|service| {
            (0..counters.len())
                .filter(|c| counters[*c].serves.contains(&service))
                .collect()
        })
        .collect();
    let play = |play: u64| {
        let mut free: Vec<i64> = counters
            .iter()
            .enumerate()
            .map(|(c, counter)| {
                let busy = counter.busy.map_or(0, |(work, elapsed)| {
                    work.rest(times, elapsed, draw(play, c as u64))
                });
                busy.max(counter.away_ms)
            })
            .collect();
        for (i, work) in ahead.iter().enumerate() {
            // People whom no open counter serves do not stand in anybody's way.
            if let Some(&c) = able[work.service].iter().min_by_key(|c| free[**c]) {
                free[c] += work.drawn(times, play, (counters.len() + i) as u64);
            }
        }
        free
    };
    Forecast {
        counters,
        free: (0..PLAYS).map(play).collect(),
    }
}

impl Forecast<'_> {
    /// What somebody is told who joins for that service. `None` when no open counter serves it.
    pub fn for_service(&self, service: usize) -> Option<Quote> {
        self.among(|counter| counter.serves.contains(&service))
    }

    /// What somebody is told who was sent to the n-th counter alone.
    pub fn at_counter(&self, n: usize) -> Option<Quote> {
        let only = self.counters.get(n)?;
        self.among(|counter| std::ptr::eq(counter, only))
    }

    fn among(&self, able: impl Fn(&OpenCounter) -> bool) -> Option<Quote> {
        let able: Vec<usize> = (0..self.counters.len())
            .filter(|c| able(&self.counters[*c]))
            .collect();
        let mut starts = self
            .free
            .iter()
            .map(|free| able.iter().map(|c| free[*c]).min())
            .collect::<Option<Vec<i64>>>()?;
        starts.sort_unstable();
        let at = |percent: usize| starts[(starts.len() - 1) * percent / 100];
        Some(rounded(at(EARLY), at(LATE)))
    }
}

/// To five minutes, outwards.
fn rounded(early_ms: i64, late_ms: i64) -> Quote {
    const STEP_MS: i64 = 300_000;
    let lo = (early_ms / STEP_MS * 5).max(i64::from(LEAST)) as u32;
    let hi = ((late_ms + STEP_MS - 1) / STEP_MS * 5).max(0) as u32;
    Quote {
        lo,
        hi: hi.max(lo + LEAST),
    }
}

/// A number that looks like chance and never is (SplitMix64).
fn draw(play: u64, of: u64) -> u64 {
    let mut z = (play << 32 | of).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) >> 8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(times: &[i64]) -> ServiceTime {
        let times: Vec<i64> = times.iter().map(|m| m * 60_000).collect();
        ServiceTime::from_experience(times.repeat(ENOUGH), 1)
    }

    fn free(serves: &[usize]) -> OpenCounter {
        OpenCounter {
            serves: serves.to_vec(),
            busy: None,
            away_ms: 0,
        }
    }

    fn case(service: usize) -> Work {
        Work { service, cases: 1 }
    }

    fn told(ahead: &[usize], counters: &[OpenCounter], times: &[ServiceTime]) -> Option<Quote> {
        let ahead: Vec<Work> = ahead.iter().map(|service| case(*service)).collect();
        forecast(&ahead, counters, times).for_service(0)
    }

    #[test]
    fn a_family_takes_as_long_as_its_cases_up_to_a_bound() {
        let times = [minutes(&[10])];
        let counters = [free(&[0])];
        let wait =
            |cases| forecast(&[Work { service: 0, cases }], &counters, &times).for_service(0);
        assert_eq!(wait(1), Some(Quote { lo: 10, hi: 15 }));
        assert_eq!(wait(3), Some(Quote { lo: 30, hi: 35 }));
        assert_eq!(wait(5), Some(Quote { lo: 50, hi: 55 }));
        assert_eq!(wait(50), wait(5), "a figure typed wrongly frightens nobody");
        let two = Work {
            service: 0,
            cases: 2,
        };
        let busy = [OpenCounter {
            busy: Some((two, 10 * 60_000)),
            ..free(&[0])
        }];
        assert_eq!(
            told(&[], &busy, &times),
            Some(Quote { lo: 10, hi: 15 }),
            "the second case of the one being served is still to come"
        );
    }

    #[test]
    fn an_officer_on_break_is_waited_for() {
        let counters = [OpenCounter {
            away_ms: 20 * 60_000,
            ..free(&[0])
        }];
        assert_eq!(
            told(&[], &counters, &[minutes(&[10])]),
            Some(Quote { lo: 20, hi: 25 })
        );
        assert_eq!(away(0, Some(10 * 60_000), 4 * 60_000), 6 * 60_000);
        assert_eq!(away(0, None, 4 * 60_000), 11 * 60_000);
        assert_eq!(away(0, Some(10 * 60_000), 30 * 60_000), 0);
    }

    #[test]
    fn nobody_ahead_is_soon() {
        assert_eq!(
            told(&[], &[free(&[0])], &[minutes(&[10])]),
            Some(Quote { lo: 5, hi: 10 })
        );
    }

    #[test]
    fn two_counters_share_the_line() {
        // Five people ahead, always ten minutes each, two at a time.
        assert_eq!(
            told(&[0; 5], &[free(&[0]), free(&[0])], &[minutes(&[10])]),
            Some(Quote { lo: 20, hi: 25 })
        );
    }

    #[test]
    fn a_service_that_has_lasted_long_is_nearer_its_end_but_not_over() {
        let busy = |elapsed: i64| OpenCounter {
            serves: vec![0],
            busy: Some((case(0), elapsed * 60_000)),
            away_ms: 0,
        };
        let times = [minutes(&[4, 8, 30])];
        // Whoever has sat there for ten minutes will stay to the thirtieth.
        assert_eq!(
            told(&[], &[busy(10)], &times),
            Some(Quote { lo: 20, hi: 25 })
        );
        // Longer than anybody before: soon over, but nobody says that it is.
        assert_eq!(
            told(&[], &[busy(31)], &times),
            Some(Quote { lo: 5, hi: 10 })
        );
    }

    #[test]
    fn short_and_long_services_even_out_behind_a_long_line() {
        let times = [minutes(&[2, 4, 6, 8, 10, 20])];
        let line = told(&[0; 24], &[free(&[0])], &times).unwrap();
        // 24 people at 8⅓ minutes in the mean.
        assert!(line.lo > 150 && line.hi < 250, "{line:?}");
        assert!(line.lo < 200 && line.hi > 200, "{line:?}");
    }

    #[test]
    fn a_service_nobody_serves_has_no_promise_and_holds_nobody_up() {
        let times = [minutes(&[10]), minutes(&[10])];
        assert_eq!(told(&[], &[free(&[1])], &times), None);
        let counters = [free(&[1])];
        let played = forecast(&[case(0); 3], &counters, &times);
        assert_eq!(played.for_service(1), Some(Quote { lo: 5, hi: 10 }));
    }

    #[test]
    fn somebody_sent_to_one_counter_waits_for_that_one() {
        let busy = OpenCounter {
            serves: vec![0],
            busy: Some((case(0), 0)),
            away_ms: 0,
        };
        let counters = [free(&[0]), busy];
        let times = [minutes(&[40])];
        let played = forecast(&[], &counters, &times);
        assert_eq!(played.for_service(0), Some(Quote { lo: 5, hi: 10 }));
        assert_eq!(played.at_counter(1), Some(Quote { lo: 40, hi: 45 }));
        assert_eq!(played.at_counter(2), None);
    }

    #[test]
    fn few_measurements_are_drawn_to_the_assumption() {
        let none = ServiceTime::from_experience(Vec::new(), 10);
        assert!((8..12).contains(&(none.usual_ms() / 60_000)), "{none:?}");
        let one = ServiceTime::from_experience(vec![2 * 60_000], 10);
        assert!(one.usual_ms() > 7 * 60_000);
        let many = ServiceTime::from_experience(vec![2 * 60_000; 30], 10);
        assert_eq!(many.usual_ms(), 2 * 60_000);
    }
}
