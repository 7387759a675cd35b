//! What an officer waits for: a command that is on the disk when it answers, against the disk
//! itself.
//!
//! Disks are noisy, and here other programs run beside. So each command has a bare append of its
//! own right before it, the run is cut into rounds, each round has its own ratio of rates, and
//! the middle one is told with the lowest and highest. Percentiles are over all rounds.

use std::{fs::File, io::Write as _, path::Path, sync::Arc, time::Instant};

use anyhow::anyhow;
use motcua_app::{App, Caller, clock::SystemClock};
use serde_json::{Value, json};

use crate::{
    Setting,
    history::settings,
    people::person,
    report::{Figure, Report, progress},
    stats::{Times, median},
};

/// People who wait at any time: a full waiting room.
pub(crate) const WAITING: usize = 30;
const SERVICES: [&str; 5] = ["ho-tich", "noi-vu", "khoa-hoc", "tra-ket-qua", "huong-dan"];
const PROCEDURE: &str = "1.001193";
const COMMANDS: [&str; 3] = ["register", "call", "receive"];
/// What others need for one ticket, as their own documents or our earlier measurement say.
const ELSEWHERE: [&str; 3] = [
    "FQM 24.7 ms, The Q 137 ms (documented elsewhere, not measured here)",
    "FQM 15.5 ms, The Q 84 ms (documented elsewhere, not measured here)",
    "",
];

pub(crate) fn run(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(&setting.folder)?;
    let dir = folder.path().join("data");
    let app = App::demo(settings(&dir), SystemClock::default())?;
    measure(setting, report, &app, &dir, "new folder")?;
    together(setting, report, &app, &dir, "new folder")?;
    drop(app);
    let dir = setting.history()?;
    let app = App::open(settings(&dir), SystemClock::default())?;
    measure(setting, report, &app, &dir, "with history")?;
    together(setting, report, &app, &dir, "with history")
}

/// Four desks at work at the same time, each citizen taken from the door to the receipt.
fn together(
    setting: &Setting,
    report: &mut Report,
    app: &Arc<App>,
    dir: &Path,
    place: &str,
) -> anyhow::Result<()> {
    const DESKS: usize = 4;
    let (rounds, citizens) = (setting.size(7, 2), setting.size(40, 5));
    for i in 0..WAITING {
        register(app, i)?;
    }
    let file = dir.join("bench-append.tmp");
    let mut raw = File::create(&file)?;
    let block = vec![0x5a_u8; 4096];
    let (mut rates, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut appends = Times::default();
        for _ in 0..citizens * DESKS {
            appends.take(|| {
                raw.write_all(&block)?;
                raw.sync_data()
            })?;
        }
        let begun = Instant::now();
        let done: usize = std::thread::scope(|scope| {
            let desks: Vec<_> = (1..=DESKS)
                .map(|counter| scope.spawn(move || desk(app, counter, citizens)))
                .collect();
            desks
                .into_iter()
                .map(|desk| desk.join().map_err(|_| anyhow!("a desk panicked"))?)
                .sum::<anyhow::Result<usize>>()
        })?;
        let rate = done as f64 / begun.elapsed().as_secs_f64();
        rates.push(rate);
        ratios.push(rate / appends.rate());
    }
    std::fs::remove_file(file)?;
    clear(app)?;
    let low = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let high = ratios.iter().copied().fold(0.0, f64::max);
    let ratio = median(ratios);
    report.add(Figure {
        budget: "≥ 0.9 of the raw rate".to_owned(),
        ok: Some(ratio >= 0.9),
        ..Figure::told(
            format!("durable commands of {DESKS} desks at once, {place}: rate"),
            median(rates),
            "1/s",
        )
        .against(format!(
            "bare appends one after another; {rounds} rounds, ratio {low:.2} to {high:.2}"
        ))
        .ratio(ratio)
    });
    Ok(())
}

/// One desk's work; answers how many durable commands it was.
fn desk(app: &App, counter: usize, citizens: usize) -> anyhow::Result<usize> {
    let papers = json!([{"index": 0, "originals": 1, "certified": 0, "copies": 1}]);
    let mut done = 0;
    for i in 0..citizens {
        register(app, counter * citizens + i)?;
        let called = call(app, "queue.call_next", json!({"counter": counter}))?;
        let visit = called["visit_id"].clone();
        call(app, "leg.start", json!({"visit_id": visit}))?;
        let case = json!({"visit_id": visit, "procedure_code": PROCEDURE, "papers": papers,
            "applicant": person(i as u64), "return_method": "counter"});
        call(app, "case.receive", case)?;
        call(app, "leg.finish", json!({"visit_id": visit}))?;
        done += 5;
    }
    Ok(done)
}

/// One act through the public surface.
pub(crate) fn call(app: &App, name: &str, args: Value) -> anyhow::Result<Value> {
    app.call(&Caller::default(), name, args)
        .map_err(|e| anyhow!("{name}: {:?} {}", e.code, e.message))
}

/// Somebody takes a number.
pub(crate) fn register(app: &App, i: usize) -> anyhow::Result<Value> {
    let who = person(i as u64);
    call(
        app,
        "visit.register",
        json!({"service": SERVICES[i % SERVICES.len()], "applicant": who}),
    )
}

#[derive(Default)]
struct Round {
    raw: Times,
    commands: [Times; 3],
}

fn measure(
    setting: &Setting,
    report: &mut Report,
    app: &Arc<App>,
    dir: &Path,
    place: &str,
) -> anyhow::Result<()> {
    let (rounds, citizens) = (setting.size(7, 2), setting.size(60, 5));
    for i in 0..WAITING {
        register(app, i)?;
    }
    let mut raw = File::create(dir.join("bench-append.tmp"))?;
    let block = vec![0x5a_u8; 4096];
    let mut append = |times: &mut Times| {
        times.take(|| {
            raw.write_all(&block)?;
            raw.sync_data()
        })
    };
    let mut all = Vec::new();
    for _ in 0..rounds {
        let mut round = Round::default();
        for i in 0..citizens {
            let counter = i % 4 + 1;
            append(&mut round.raw)?;
            round.commands[0].take(|| register(app, WAITING + i))?;
            append(&mut round.raw)?;
            let called = round.commands[1]
                .take(|| call(app, "queue.call_next", json!({"counter": counter})))?;
            let visit = called["visit_id"].clone();
            call(app, "leg.start", json!({"visit_id": visit}))?;
            let papers = json!([{"index": 0, "originals": 1, "certified": 0, "copies": 1}]);
            let case = json!({"visit_id": visit, "procedure_code": PROCEDURE, "papers": papers,
                "applicant": person(i as u64), "return_method": "counter"});
            append(&mut round.raw)?;
            round.commands[2].take(|| call(app, "case.receive", case))?;
            call(app, "leg.finish", json!({"visit_id": visit}))?;
        }
        all.push(round);
    }
    std::fs::remove_file(dir.join("bench-append.tmp"))?;
    // What waits now leaves, so that the next run begins with the same room.
    clear(app)?;

    let mut raw_all = Times::default();
    for round in &all {
        raw_all.extend(round.raw.clone());
    }
    report.add(
        Figure::told(
            format!("4 KB append + fdatasync, {place}: p50"),
            raw_all.percentile(0.5),
            "ms",
        )
        .against(format!(
            "p99 {:.2} ms, {:.0}/s",
            raw_all.percentile(0.99),
            raw_all.rate()
        )),
    );
    for (at, name) in COMMANDS.iter().enumerate() {
        let mut times = Times::default();
        let mut ratios = Vec::new();
        for round in &all {
            ratios.push(round.commands[at].rate() / round.raw.rate());
            times.extend(round.commands[at].clone());
        }
        let low = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let high = ratios.iter().copied().fold(0.0, f64::max);
        let ratio = median(ratios);
        report.add(Figure {
            budget: "≥ 0.9 of the raw rate".to_owned(),
            ok: Some(ratio >= 0.9),
            ..Figure::told(format!("{name}, {place}: rate"), times.rate(), "1/s")
                .against(format!(
                    "{:.0}/s raw; {rounds} rounds, ratio {low:.2} to {high:.2}",
                    raw_all.rate()
                ))
                .ratio(ratio)
        });
        report.add(
            Figure::told(format!("{name}, {place}: p50"), times.percentile(0.5), "ms")
                .against(ELSEWHERE[at]),
        );
        report.add(Figure::at_most(
            format!("{name}, {place}: p99"),
            times.percentile(0.99),
            "ms",
            10.0,
        ));
    }
    Ok(())
}

/// Everybody who still waits goes home.
pub(crate) fn clear(app: &App) -> anyhow::Result<()> {
    let snapshot = call(app, "queue.snapshot", json!({}))?;
    for part in ["waiting", "called"] {
        for row in snapshot[part].as_array().into_iter().flatten() {
            if let Err(error) = call(
                app,
                "leg.leave",
                json!({"visit_id": row["visit_id"], "reason": "Hết việc"}),
            ) {
                progress(&format!("  {error:#}"));
            }
        }
    }
    Ok(())
}
