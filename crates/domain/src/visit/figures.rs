//! The waiting figures of a day: mean and longest against each target, and what keeps a mean
//! honest beside it (shares, median, p90, those who left).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Outcome, State, Visit};

/// One visit, as far as the figures need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The official wait.
    pub wait_ms: i64,
    /// How it went.
    pub kind: SampleKind,
    /// Whether the times can be trusted.
    pub accurate: bool,
}

/// How a visit went, for the figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleKind {
    /// Service began.
    Served,
    /// Went away before service.
    LeftBefore,
    /// Called, never came.
    NoShow,
    /// Still waiting when the day was closed.
    UnservedAtClose,
    /// Still here, not yet served.
    StillWaiting,
}

impl SampleKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Served,
        Self::LeftBefore,
        Self::NoShow,
        Self::UnservedAtClose,
        Self::StillWaiting,
    ];

    /// The name it has in a database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::LeftBefore => "left",
            Self::NoShow => "no_show",
            Self::UnservedAtClose => "unserved",
            Self::StillWaiting => "waiting",
        }
    }

    /// The kind of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Sample {
    /// A visit whose wait is settled: served as soon as its first service began. None while
    /// somebody is still to be served, and where nobody was (cancelled, made in error).
    pub fn settled(visit: &Visit) -> Option<Self> {
        let kind = if visit.legs.iter().any(|leg| leg.serve_ms.is_some()) {
            SampleKind::Served
        } else {
            match visit.leg().outcome? {
                Outcome::Left => SampleKind::LeftBefore,
                Outcome::NoShow => SampleKind::NoShow,
                Outcome::UnservedAtClose | Outcome::EndedBySystem | Outcome::EndedByLogout => {
                    SampleKind::UnservedAtClose
                }
                Outcome::Done | Outcome::Transferred | Outcome::Cancelled | Outcome::Void => {
                    return None;
                }
            }
        };
        Some(Self {
            wait_ms: visit.clocks(visit.last_ms).wait_ms,
            kind,
            accurate: visit.accurate(),
        })
    }

    /// Somebody who is here and not yet served, as of `now_ms` (effective time).
    pub fn still_waiting(visit: &Visit, now_ms: i64) -> Option<Self> {
        let waits = matches!(visit.state(), State::Waiting | State::Called)
            && visit.legs.iter().all(|leg| leg.serve_ms.is_none());
        waits.then(|| Self {
            wait_ms: visit.clocks(now_ms).wait_ms,
            kind: SampleKind::StillWaiting,
            accurate: visit.accurate(),
        })
    }
}

impl Visit {
    /// Whether it counts among those who took a number: booked and not come is none yet, made in
    /// error is none any more.
    pub fn is_registered(&self) -> bool {
        self.ticket.is_some() && self.leg().outcome != Some(Outcome::Void)
    }
}

/// Figures of one day (số liệu trong ngày). Seconds; `null` where nothing was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DayFigures {
    /// Visits whose service began.
    pub served: u32,
    /// Mean wait of the served.
    pub mean_s: Option<u32>,
    /// Longest wait of the served.
    pub max_s: Option<u32>,
    /// Half of the served waited at most this.
    pub median_s: Option<u32>,
    /// Nine of ten of the served waited at most this.
    pub p90_s: Option<u32>,
    /// One entry per target.
    pub targets: Vec<TargetFigure>,
    /// Went away before service.
    pub left_before_service: u32,
    /// Called, never came.
    pub no_show: u32,
    /// Still waiting at day end.
    pub unserved_at_close: u32,
    /// Waiting now.
    pub waiting_now: u32,
    /// Longest present wait.
    pub longest_now_s: Option<u32>,
    /// Visits left out of the figures because a time is not to be trusted.
    pub inaccurate: u32,
}

/// The day against one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct TargetFigure {
    /// Minutes of the target.
    pub minutes: u32,
    /// Served within it, of those served or gone for having waited too long.
    pub within: u32,
    /// Base of the share.
    pub of: u32,
    /// Share in per cent, rounded down: 100 only when all are within.
    pub percent: Option<u32>,
    /// Whether the mean meets it.
    pub mean_met: Option<bool>,
    /// Whether the longest wait meets it.
    pub max_met: Option<bool>,
}

/// Figures of the samples against the targets (minutes).
pub fn day(samples: impl IntoIterator<Item = Sample>, targets: &[u32]) -> DayFigures {
    let mut figures = DayFigures::default();
    let mut waits: Vec<i64> = Vec::new();
    let mut gone: Vec<i64> = Vec::new();
    for sample in samples {
        if !sample.accurate && sample.kind != SampleKind::StillWaiting {
            figures.inaccurate += 1;
        }
        match sample.kind {
            SampleKind::Served => {
                figures.served += 1;
                if sample.accurate {
                    waits.push(sample.wait_ms);
                }
            }
            SampleKind::LeftBefore => {
                figures.left_before_service += 1;
                if sample.accurate {
                    gone.push(sample.wait_ms);
                }
            }
            SampleKind::NoShow => figures.no_show += 1,
            SampleKind::UnservedAtClose => figures.unserved_at_close += 1,
            SampleKind::StillWaiting => {
                figures.waiting_now += 1;
                let s = seconds(sample.wait_ms);
                figures.longest_now_s = Some(figures.longest_now_s.map_or(s, |l| l.max(s)));
            }
        }
    }
    waits.sort_unstable();
    let n = waits.len();
    let mean_ms = (n > 0).then(|| waits.iter().sum::<i64>() / n as i64);
    figures.mean_s = mean_ms.map(seconds);
    figures.max_s = waits.last().copied().map(seconds);
    figures.median_s = percentile(&waits, 50).map(seconds);
    figures.p90_s = percentile(&waits, 90).map(seconds);
    figures.targets = targets
        .iter()
        .map(|&minutes| {
            let target = i64::from(minutes) * 60_000;
            let within = waits.iter().filter(|w| **w <= target).count() as u32;
            // Somebody who left after the target counts as a breach; one who left before it
            // would flatter or damn nobody and stands only in its own figure.
            let of = n as u32 + gone.iter().filter(|w| **w > target).count() as u32;
            TargetFigure {
                minutes,
                within,
                of,
                percent: (of > 0).then(|| within * 100 / of),
                mean_met: mean_ms.map(|m| m <= target),
                max_met: waits.last().map(|m| *m <= target),
            }
        })
        .collect();
    figures
}

fn seconds(ms: i64) -> u32 {
    u32::try_from(ms / 1000).unwrap_or(0)
}

/// Nearest-rank percentile: a wait that somebody really had.
fn percentile(sorted: &[i64], p: usize) -> Option<i64> {
    let rank = (sorted.len() * p).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(minutes: i64) -> Sample {
        Sample {
            wait_ms: minutes * 60_000,
            kind: SampleKind::Served,
            accurate: true,
        }
    }

    #[test]
    fn a_mean_is_never_alone() {
        let f = day([5, 10, 15, 31].map(served), &[30, 15]);
        assert_eq!(
            (f.mean_s, f.max_s, f.median_s, f.p90_s),
            (Some(915), Some(1860), Some(600), Some(1860))
        );
        let t15 = &f.targets[1];
        assert_eq!(
            (t15.within, t15.of, t15.percent, t15.mean_met, t15.max_met),
            (3, 4, Some(75), Some(false), Some(false))
        );
    }

    #[test]
    fn leaving_after_the_target_is_a_breach_and_before_it_is_not() {
        let left = |m: i64| Sample {
            wait_ms: m * 60_000,
            kind: SampleKind::LeftBefore,
            accurate: true,
        };
        let f = day([served(5), left(20), left(3)], &[15]);
        assert_eq!(
            (f.targets[0].within, f.targets[0].of, f.left_before_service),
            (1, 2, 2)
        );
    }

    #[test]
    fn a_kind_is_found_by_its_name() {
        for kind in SampleKind::ALL {
            assert_eq!(SampleKind::of_name(kind.name()), Some(kind));
        }
        assert_eq!(SampleKind::of_name("else"), None);
    }

    #[test]
    fn nothing_measured_is_nothing_claimed() {
        let f = day([], &[30, 15]);
        assert_eq!(
            (f.mean_s, f.targets[0].percent, f.targets[0].mean_met),
            (None, None, None)
        );
    }
}
