//! One branch, many counters: numbers and calls through the hub, as each counter sees them.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use motcua_app::App;
use serde_json::{Value, json};

use crate::{
    Setting,
    branch::{Counters, Given, Hub},
    durable::call,
    report::{Figure, Report},
    stats::Times,
};

const COUNTERS: usize = 20;
/// Those of the demo branch: a series has 999 numbers a day, and this day has more.
const SERVICES: [&str; 5] = ["ho-tich", "noi-vu", "khoa-hoc", "tra-ket-qua", "huong-dan"];
const BUDGET_MS: f64 = 60.0;
const ELSEWHERE_TWICE: &str = "FQM with 2 workers: 12–13 numbers and 19–22 calls twice of 240; The Q: 40 numbers twice of 148 (measured earlier, not in this run)";
const ELSEWHERE_MS: &str = "one desk alone: FQM 24.7 ms a ticket and 15.5 ms a call at the median, The Q 137 ms and 84 ms (measured earlier, not in this run)";

/// What a counter did.
#[derive(Default)]
struct Worked {
    tickets: Vec<String>,
    called: Vec<String>,
    register: Times,
    call: Times,
    done: usize,
}

/// One desk: a citizen from the door to the end, step by step, each step when it is due. Its time
/// counts from then, so that a slow answer cannot hide those who come after it.
struct Desk<'a> {
    app: &'a App,
    counter: usize,
    worked: Worked,
}

impl Desk<'_> {
    fn step(&mut self, due: Instant, name: &str, args: Value) -> anyhow::Result<Value> {
        let answer = call(self.app, name, args)?;
        let took = due.elapsed();
        match name {
            "visit.register" => self.worked.register.push(took),
            "queue.call_next" => self.worked.call.push(took),
            _ => {}
        }
        self.worked.done += 1;
        Ok(answer)
    }

    /// `at(n)`: when the n-th step of this visit is due.
    fn visit(&mut self, at: impl Fn(u32) -> Instant) -> anyhow::Result<()> {
        let text = |value: &Value| value.as_str().map(str::to_owned).context("no text");
        let counter = self.counter;
        let service = SERVICES[counter % SERVICES.len()];
        let given = self.step(at(0), "visit.register", json!({"service": service}))?;
        self.worked.tickets.push(text(&given["ticket"])?);
        let called = self.step(at(1), "queue.call_next", json!({"counter": counter}))?;
        self.worked.called.push(text(&called["ticket"])?);
        let visit = json!({"visit_id": called["visit_id"]});
        self.step(at(2), "leg.start", visit.clone())?;
        self.step(at(3), "leg.finish", visit)?;
        Ok(())
    }
}

/// Every desk at once; `pace` is the time from one visit of a desk to its next, none for as fast
/// as it goes.
fn work(
    apps: &[Arc<App>],
    visits: usize,
    pace: Option<Duration>,
) -> anyhow::Result<(Vec<Worked>, Duration)> {
    let begun = Instant::now();
    let all = thread::scope(|scope| {
        let desks: Vec<_> = (apps.iter().enumerate())
            .map(|(i, app)| {
                scope.spawn(move || -> anyhow::Result<Worked> {
                    let mut desk = Desk {
                        app,
                        counter: i + 1,
                        worked: Worked::default(),
                    };
                    for n in 0..visits {
                        match pace {
                            None => desk.visit(|_| Instant::now())?,
                            Some(pace) => {
                                let share = i as f64 / apps.len() as f64;
                                let start = begun + pace.mul_f64(n as f64 + share);
                                desk.visit(|step| {
                                    let due = start + pace * step / 5;
                                    thread::sleep(due.saturating_duration_since(Instant::now()));
                                    due
                                })?;
                            }
                        }
                    }
                    Ok(desk.worked)
                })
            })
            .collect();
        desks
            .into_iter()
            .map(|desk| desk.join().map_err(|_| anyhow!("a desk panicked"))?)
            .collect::<anyhow::Result<Vec<_>>>()
    })?;
    Ok((all, begun.elapsed()))
}

/// The figures of a run. Nothing may have been given or called twice in all runs so far, and every
/// number must be the hub's own: those that a counter gives alone begin with its digit.
fn told(
    report: &mut Report,
    name: &str,
    (all, took): (Vec<Worked>, Duration),
    (tickets, calls): (&mut Given, &mut Given),
    (within, against): (Option<f64>, &str),
) -> anyhow::Result<()> {
    let (mut register, mut call, mut done) = (Times::default(), Times::default(), 0);
    for worked in all {
        for ticket in &worked.tickets {
            anyhow::ensure!(
                ticket.starts_with(|c: char| c.is_ascii_uppercase()),
                "a counter took the hub for away and gave {ticket}"
            );
        }
        worked.tickets.into_iter().for_each(|t| tickets.note(t));
        worked.called.into_iter().for_each(|c| calls.note(c));
        register.extend(worked.register);
        call.extend(worked.call);
        done += worked.done;
    }
    for (what, times) in [("ticket", register), ("call", call)] {
        let (name, p99) = (format!("{name}, {what}: p99"), times.percentile(0.99));
        let p99 = match within {
            Some(budget) => Figure::at_most(name, p99, "ms", budget),
            None => Figure::told(name, p99, "ms"),
        };
        report.add(p99.against(format!(
            "p50 {:.1} ms, p95 {:.1} ms of {}; {against}",
            times.percentile(0.5),
            times.percentile(0.95),
            times.count()
        )));
    }
    report.add(Figure::told(
        format!("{name}: commands"),
        done as f64 / took.as_secs_f64(),
        "1/s",
    ));
    Ok(())
}

pub(crate) fn run(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let hub = Hub::start(setting, COUNTERS as u16, None)?;
    let counters = Counters::join(setting, &hub, COUNTERS)?;
    let (mut tickets, mut calls) = (Given::default(), Given::default());

    // 2,000 operations a desk are 500 visits of four.
    let four = work(&counters.apps[..4], setting.size(500, 10), None)?;
    told(
        report,
        "4 desks × 2,000 operations through the hub",
        four,
        (&mut tickets, &mut calls),
        (
            Some(BUDGET_MS),
            "as fast as it goes, 20 counters on the line",
        ),
    )?;
    counters.settle(&hub)?;

    // 3,000 visits in eight hours are one in ten seconds: this is fifty times that.
    let pace = Duration::from_millis(4_000);
    let paced = work(&counters.apps, setting.size(30, 2), Some(pace))?;
    told(
        report,
        "20 counters paced, 5 visits a second",
        paced,
        (&mut tickets, &mut calls),
        (
            Some(BUDGET_MS),
            &format!("fifty busy days at once; counted from when it was due; {ELSEWHERE_MS}"),
        ),
    )?;
    counters.settle(&hub)?;

    // How much the hub can do, not how long anybody waits: each of twenty always has a command on
    // its way, and the two cores are shared by hub and counters.
    let closed = work(&counters.apps, setting.size(20, 2), None)?;
    told(
        report,
        "20 counters as fast as they go",
        closed,
        (&mut tickets, &mut calls),
        (None, "nobody pauses: more than any branch does"),
    )?;
    counters.settle(&hub)?;

    report.add(
        Figure::at_most(
            "numbers given twice in all of that",
            tickets.twice as f64,
            "",
            0.0,
        )
        .against(ELSEWHERE_TWICE),
    );
    report.add(
        Figure::at_most(
            "people called twice in all of that",
            calls.twice as f64,
            "",
            0.0,
        )
        .against(ELSEWHERE_TWICE),
    );
    report.add(
        Figure::at_most(
            "hub with 20 counters after a day of 3,000 visits: resident",
            hub.resident_mb()?,
            "MB",
            80.0,
        )
        .against("FQM 90–94 MB, The Q 153–166 MB (documented elsewhere, not measured here)"),
    );
    drop(counters);
    hub.prove(setting)
}
