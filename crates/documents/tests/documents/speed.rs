//! Prints how long a paper takes; the budgets themselves are held by the benches, in release.

use std::time::{Duration, Instant};

use motcua_documents::*;

use crate::{cases, tools::*};

/// Fastest and median of some runs after a first one that warms up.
fn times(mut run: impl FnMut()) -> (Duration, Duration) {
    run();
    let mut times: Vec<_> = (0..21)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    (times[0], times[times.len() / 2])
}

#[test]
fn papers_are_ready_before_the_printer_is() {
    for (name, data) in cases::all() {
        let (best, time) = times(|| drop(pdf(&data)));
        println!(
            "receipt {name}: {best:?}, median {time:?}, {} bytes",
            pdf(&data).len()
        );
        // Far above the budget: an unoptimised build on a busy machine must pass too.
        assert!(time < Duration::from_secs(2), "{name}: {time:?}");
    }
    let data = cases::ordinary_ticket();
    let (best, time) = times(|| drop(ticket(&data, &FONTS)));
    println!("ticket: {best:?}, median {time:?}");
    println!("fonts: {:?}", times(|| drop(Fonts::load())));
    assert!(time < Duration::from_secs(1), "ticket: {time:?}");
}
