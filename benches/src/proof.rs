//! Proving the log and building everything anew from it: how long for how much.

use std::time::Instant;

use motcua_app::{App, clock::SystemClock};

use crate::{
    Setting, history,
    report::{Figure, Report},
};

pub(crate) fn run(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    // A fiftieth of the history tells the rate; the whole would take minutes.
    let rows = (setting.rows / 50).max(400);
    let dir = history::ensure(&setting.folder, rows)?;
    let app = App::open(history::settings(&dir), SystemClock::default())?;
    let start = Instant::now();
    let verified = app.verify()?;
    let took = start.elapsed().as_secs_f64();
    anyhow::ensure!(
        verified.findings.is_empty(),
        "the history is not sound: {:?}",
        verified.findings
    );
    report.add(Figure::told(
        "verify: chain, projections, numbers",
        verified.events as f64 / took,
        "events/s",
    ));
    let start = Instant::now();
    app.rebuild()?;
    let took = start.elapsed().as_secs_f64();
    report.add(Figure::told(
        "rebuild of every projection",
        verified.events as f64 / took,
        "events/s",
    ));
    Ok(())
}
