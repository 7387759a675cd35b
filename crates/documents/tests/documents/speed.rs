//! Prints how long a paper takes; the budgets themselves are held by the benches, in release.

use std::time::{Duration, Instant};

use motcua_documents::*;

use crate::{cases, tools::*};

/// Median of some runs after a first one that warms up.
fn median(mut run: impl FnMut()) -> Duration {
    run();
    let mut times: Vec<_> = (0..21)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

#[test]
fn papers_are_ready_before_the_printer_is() {
    for (name, data) in cases::all() {
        let time = median(|| drop(pdf(&data)));
        println!("receipt {name}: {time:?}, {} bytes", pdf(&data).len());
        // Far above the budget: an unoptimised build on a busy machine must pass too.
        assert!(time < Duration::from_secs(2), "{name}: {time:?}");
    }
    let data = cases::ordinary_ticket();
    let time = median(|| drop(ticket(&data, &FONTS)));
    println!("ticket: {time:?}");
    println!("fonts: {:?}", median(|| drop(Fonts::load())));
    assert!(time < Duration::from_secs(1), "ticket: {time:?}");
}
