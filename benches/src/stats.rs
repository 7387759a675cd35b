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

    /// Milliseconds within which that share of all was done.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let at = (share * last as f64).round() as usize;
        sorted.get(at).map_or(f64::NAN, |t| ms(*t))
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
