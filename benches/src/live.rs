//! What screens show live, with years of history behind it.

use std::time::Instant;

use motcua_app::{App, clock::SystemClock};
use motcua_protocol::event::Body;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use crate::{
    Setting,
    durable::{WAITING, call, clear, register},
    history::settings,
    report::{Figure, Report},
    stats::{ms, repeat},
};

/// A working morning: people wait, all counters are at work.
pub(crate) fn morning(app: &App) -> anyhow::Result<()> {
    let snapshot = call(app, "queue.snapshot", json!({}))?;
    let here = |part: &str| snapshot[part].as_array().map_or(0, Vec::len);
    for i in here("waiting")..WAITING + 4 {
        register(app, i)?;
    }
    for counter in 1..=4 {
        if snapshot["counters"][counter - 1]["ticket"].is_null() {
            let called = call(app, "queue.call_next", json!({"counter": counter}))?;
            call(app, "leg.start", json!({"visit_id": called["visit_id"]}))?;
        }
    }
    Ok(())
}

/// Everybody goes home again.
pub(crate) fn evening(app: &App) -> anyhow::Result<()> {
    let snapshot = call(app, "queue.snapshot", json!({}))?;
    for row in snapshot["serving"].as_array().into_iter().flatten() {
        call(app, "leg.finish", json!({"visit_id": row["visit_id"]}))?;
    }
    clear(app)
}

pub(crate) fn run(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let dir = setting.history()?;
    let app = App::open(settings(&dir), SystemClock::default())?;
    morning(&app)?;
    let date = call(&app, "queue.snapshot", json!({}))?["date"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let file = dir.join(motcua_store::DATABASE);
    let bare = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let start = Instant::now();
    let read = day_from_log(&bare, &date)?;
    let anew = ms(start.elapsed());
    for (name, args) in [
        ("queue.snapshot", json!({})),
        ("day.figures", json!({})),
        ("queue.watch", json!({})),
        ("desk.get", json!({"counter": 1})),
        ("branch.get", json!({})),
        ("sync.status", json!({})),
    ] {
        let times = repeat(setting.size(200, 5), || call(&app, name, args.clone()))?;
        let p99 = times.percentile(0.99);
        report.add(
            Figure::at_most(format!("{name} on the history: p99"), p99, "ms", 5.0)
                .against(format!(
                    "reading the day out of all events: {anew:.0} ms for {read} events"
                ))
                .ratio(anew / p99),
        );
    }
    evening(&app)
}

/// What a program without projections would do: go through the log and read the day's events.
fn day_from_log(bare: &Connection, date: &str) -> anyhow::Result<usize> {
    let mut statement = bare.prepare("SELECT kind, body FROM event WHERE business_date = ?1")?;
    let mut rows = statement.query([date])?;
    let mut read = 0;
    while let Some(row) = rows.next()? {
        let (kind, body): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        read += usize::from(Body::decode(&kind, &body).is_some());
    }
    Ok(read)
}
