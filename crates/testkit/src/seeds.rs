//! Simulated worlds, one a seed: as many as are asked for, on every core, within a time.
//!
//! `MOTCUA_SEEDS` says how many and `MOTCUA_FROM` from where. `MOTCUA_SECONDS` is a box around
//! them: no world begins after it, but [`LEAST`] are played in any case. A slow machine thus plays
//! fewer worlds and takes somewhat longer; it does not fail, and it never passes for having played
//! none.

#![allow(
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where something is not as expected, and tells how much it did"
)]

use std::{
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// So many worlds are played however long they take.
const LEAST: u64 = 200;
/// After so many failures the rest is not played: they are hardly news.
const ENOUGH: usize = 5;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[derive(Debug)]
struct Play<O> {
    begun: u64,
    done: Vec<O>,
    failed: Vec<(u64, String)>,
}

/// What a world came to; a panic in it is a failure like others.
///
/// # Errors
/// Why it failed.
pub fn world<O>(play: impl FnOnce() -> Result<O, String>) -> Result<O, String> {
    catch_unwind(AssertUnwindSafe(play)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Err(text.unwrap_or_else(|| "panic".to_owned()))
    })
}

/// Plays `usually` many worlds, or those that the environment names; answers what they came to.
///
/// # Panics
/// Where one fails, with its seed and story.
pub fn play<O: Send>(
    name: &str,
    usually: u64,
    run: impl Fn(u64) -> Result<O, String> + Sync,
) -> Vec<O> {
    let from = number("MOTCUA_FROM").unwrap_or(0);
    let seeds = number("MOTCUA_SEEDS").unwrap_or(usually);
    let within = number("MOTCUA_SECONDS").map(Duration::from_secs);
    let began = Instant::now();
    let state = Mutex::new(Play {
        begun: 0,
        done: Vec::new(),
        failed: Vec::new(),
    });
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let next = || {
        let mut play = lock();
        let late = within.is_some_and(|within| began.elapsed() >= within) && play.begun >= LEAST;
        if play.begun >= seeds || late || play.failed.len() >= ENOUGH {
            return None;
        }
        play.begun += 1;
        Some(from + play.begun - 1)
    };
    let hands = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 0..hands {
            scope.spawn(|| {
                while let Some(seed) = next() {
                    let came = run(seed);
                    let mut play = lock();
                    match came {
                        Ok(outcome) => play.done.push(outcome),
                        Err(why) => play.failed.push((seed, why)),
                    }
                }
            });
        }
    });
    let Play { done, failed, .. } = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    let played = done.len() + failed.len();
    let up = if (played as u64) < seeds && failed.len() < ENOUGH {
        ", for the time was up"
    } else {
        ""
    };
    println!(
        "{name}: {played} of {seeds} worlds from {from} in {:.1?}{up}",
        began.elapsed()
    );
    if !failed.is_empty() {
        let tell = |(seed, why): &(u64, String)| {
            format!("seed {seed}: {why}\n  again: make sim SEEDS=1 FROM={seed}\n")
        };
        panic!("{}", failed.iter().map(tell).collect::<String>());
    }
    done
}
