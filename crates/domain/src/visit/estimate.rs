//! How long somebody who joins now will wait: the queue simulated forward in its real order.
//!
//! Answers a range, rounded to five minutes and never below five, because a single figure is
//! a promise nobody can keep. The range is stored with the visit and scored afterwards.

use super::state::Quote;

/// How long service takes, in milliseconds, by experience or by assumption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceTime {
    /// Median.
    pub usual_ms: i64,
    /// Four of five are shorter.
    pub long_ms: i64,
}

/// Fewer finished legs than this say little; the assumption weighs in.
const ENOUGH: usize = 8;

impl ServiceTime {
    /// From the last finished legs (newest first or last, all the same) and the configured
    /// minutes: the median, drawn towards the assumption while there are few.
    pub fn from_experience(mut finished_ms: Vec<i64>, assumed_minutes: u32) -> Self {
        let assumed = i64::from(assumed_minutes) * 60_000;
        if finished_ms.is_empty() {
            return Self {
                usual_ms: assumed,
                long_ms: assumed * 3 / 2,
            };
        }
        finished_ms.sort_unstable();
        let n = finished_ms.len();
        let median = finished_ms[n / 2];
        let p80 = finished_ms[(n * 4 / 5).min(n - 1)];
        if n >= ENOUGH {
            return Self {
                usual_ms: median,
                long_ms: p80.max(median),
            };
        }
        let (n, rest) = (n as i64, (ENOUGH - n) as i64);
        let blend = |measured: i64, assumed: i64| (measured * n + assumed * rest) / ENOUGH as i64;
        let usual_ms = blend(median, assumed);
        Self {
            usual_ms,
            long_ms: blend(p80, assumed * 3 / 2).max(usual_ms),
        }
    }
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

/// A counter that is open, with what it is busy with.
#[derive(Debug, Clone)]
pub struct OpenCounter {
    /// Indices of the services it serves.
    pub serves: Vec<usize>,
    /// Work and elapsed time of its present leg.
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

/// People ahead and the expected wait of somebody who joins `service` behind `ahead`
/// (work of the waiting people in call order, those ranked before the newcomer only).
///
/// `None` when no open counter serves that service.
pub fn quote(
    ahead: &[Work],
    service: usize,
    counters: &[OpenCounter],
    service_times: &[ServiceTime],
) -> Option<Quote> {
    let lo = start(ahead, service, counters, |w| {
        service_times[w.service].usual_ms * times(w.cases)
    })?;
    let hi = start(ahead, service, counters, |w| {
        service_times[w.service].long_ms * times(w.cases)
    })?;
    let lo_min = (lo / 60_000 / 5 * 5).max(0) as u32;
    let hi_min = ((hi + 299_999) / 300_000 * 5).max(5) as u32;
    let lo = lo_min.max(5).min(hi_min);
    Some(Quote {
        lo,
        hi: if hi_min <= lo { lo + 5 } else { hi_min },
    })
}

/// When service would begin, in milliseconds from now.
fn start(
    ahead: &[Work],
    service: usize,
    counters: &[OpenCounter],
    time: impl Fn(Work) -> i64,
) -> Option<i64> {
    let mut free: Vec<i64> = counters
        .iter()
        .map(|c| {
            let busy = c.busy.map_or(0, |(w, elapsed)| (time(w) - elapsed).max(0));
            busy.max(c.away_ms)
        })
        .collect();
    let earliest = |free: &[i64], service: usize| {
        (0..counters.len())
            .filter(|&c| counters[c].serves.contains(&service))
            .min_by_key(|&c| free[c])
    };
    for &person in ahead {
        // People whom no open counter serves do not stand in anybody's way.
        if let Some(c) = earliest(&free, person.service) {
            free[c] += time(person);
        }
    }
    earliest(&free, service).map(|c| free[c])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(usual: i64, long: i64) -> ServiceTime {
        ServiceTime {
            usual_ms: usual * 60_000,
            long_ms: long * 60_000,
        }
    }

    fn case(service: usize) -> Work {
        Work { service, cases: 1 }
    }

    #[test]
    fn a_family_takes_as_long_as_its_cases_up_to_a_bound() {
        let open = [OpenCounter {
            serves: vec![0],
            busy: None,
        }];
        let wait = |cases| quote(&[Work { service: 0, cases }], 0, &open, &[minutes(10, 15)]);
        assert_eq!(wait(1), Some(Quote { lo: 10, hi: 15 }));
        assert_eq!(wait(3), Some(Quote { lo: 30, hi: 45 }));
        assert_eq!(wait(5), Some(Quote { lo: 50, hi: 75 }));
        assert_eq!(wait(50), wait(5), "a figure typed wrongly frightens nobody");
        let busy = [OpenCounter {
            serves: vec![0],
            busy: Some((
                Work {
                    service: 0,
                    cases: 2,
                },
                10 * 60_000,
            )),
        }];
        assert_eq!(
            quote(&[], 0, &busy, &[minutes(10, 15)]),
            Some(Quote { lo: 10, hi: 20 }),
            "the second case of the one being served is still to come"
        );
    }

    #[test]
    fn nobody_ahead_is_soon() {
        let open = [OpenCounter {
            serves: vec![0],
            busy: None,
            away_ms: 0,
        }];
        assert_eq!(
            quote(&[], 0, &open, &[minutes(10, 15)]),
            Some(Quote { lo: 5, hi: 10 })
        );
    }

    #[test]
    fn two_counters_share_the_line() {
        let open = [
            OpenCounter {
                serves: vec![0],
                busy: None,
                away_ms: 0,
            },
            OpenCounter {
                serves: vec![0],
                busy: None,
                away_ms: 0,
            },
        ];
        // Four people ahead, ten minutes each, two at a time: twenty minutes; at worst thirty.
        assert_eq!(
            quote(&[case(0); 4], 0, &open, &[minutes(10, 15)]),
            Some(Quote { lo: 20, hi: 30 })
        );
    }

    #[test]
    fn present_service_counts_from_its_beginning() {
        let open = [OpenCounter {
            serves: vec![0],
            busy: Some((case(0), 8 * 60_000)),
            away_ms: 0,
        }];
        assert_eq!(
            quote(&[case(0)], 0, &open, &[minutes(10, 20)]),
            Some(Quote { lo: 10, hi: 35 })
        );
    }

    #[test]
    fn a_service_nobody_serves_has_no_promise() {
        let open = [OpenCounter {
            serves: vec![1],
            busy: None,
            away_ms: 0,
        }];
        assert_eq!(
            quote(&[], 0, &open, &[minutes(10, 20), minutes(10, 20)]),
            None
        );
    }

    #[test]
    fn a_counter_on_break_counts_from_its_expected_return() {
        let counter = |away_ms| OpenCounter {
            serves: vec![0],
            busy: None,
            away_ms,
        };
        let times = [minutes(10, 15)];
        let alone = quote(&[], 0, &[counter(20 * 60_000)], &times);
        assert_eq!(alone, Some(Quote { lo: 20, hi: 25 }));
        // A colleague who is there takes the first; the second finds either free after ten minutes.
        let both = [counter(10 * 60_000), counter(0)];
        assert_eq!(
            quote(&[0], 0, &both, &times),
            Some(Quote { lo: 10, hi: 15 })
        );
    }

    #[test]
    fn an_absence_without_end_is_a_usual_one_and_a_late_officer_may_come_any_minute() {
        assert_eq!(away(0, None, 5 * 60_000), 10 * 60_000);
        assert_eq!(away(0, Some(30 * 60_000), 5 * 60_000), 25 * 60_000);
        assert_eq!(away(0, Some(30 * 60_000), 45 * 60_000), 0);
    }

    #[test]
    fn few_measurements_are_drawn_to_the_assumption() {
        let one = ServiceTime::from_experience(vec![2 * 60_000], 10);
        assert!(one.usual_ms > 8 * 60_000 && one.usual_ms < 10 * 60_000);
        let many = ServiceTime::from_experience(vec![2 * 60_000; 30], 10);
        assert_eq!(many.usual_ms, 2 * 60_000);
    }
}
