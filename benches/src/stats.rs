//! Times and their percentiles.

use std::time::{Duration, Instant};

/// Times of one kind of act.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Does it and keeps how long it took.
    pub(crate) fn take<T>(&mut self, act: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let answer = act();
        self.0.push(start.elapsed());
        answer
    }

    /// Keeps a time that was taken elsewhere.
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Milliseconds within which that share of all was done.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let times: Vec<f64> = self.0.iter().map(|t| ms(*t)).collect();
        percentile(&times, share)
    }

    /// How many a second, one after the other.
    pub(crate) fn rate(&self) -> f64 {
        self.0.len() as f64 / self.0.iter().sum::<Duration>().as_secs_f64()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

pub(crate) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The value within which that share of all lie.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    let at = (share * last as f64).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Some runs of the same, the first of which only warms up.
pub(crate) fn repeat<T>(
    runs: usize,
    mut act: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<Times> {
    act()?;
    let mut times = Times::default();
    for _ in 0..runs {
        times.take(&mut act)?;
    }
    Ok(times)
}
