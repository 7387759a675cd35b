//! What central does when everybody comes at once, and when everything that comes is known: raw
//! batches over TLS to the real program on a real PostgreSQL, all on this machine.

use std::{
    path::Path,
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use motcua_app::{App, clock::SystemClock};
use motcua_protocol::sync::{Limits, RefusedWhy, Sealed};
use motcua_testkit::sender::Sender;
use serde_json::json;

use crate::{
    Setting,
    central::{Central, SERVICES, at_least, joining},
    durable::call,
    history::{self, settings, state},
    process::{command, program},
    report::{Figure, Report},
    stats::Times,
};

/// Branches that come back in the same second.
const BRANCHES: usize = 200;
/// Events of one batch: what a sender grows to.
const BATCH: usize = 1_000;

fn sender(central: &Central, office: &str) -> anyhow::Result<Sender> {
    let code = central.run(&["code", "--office", office])?;
    let text = |key: &str| code[key].as_str().context("no code");
    Ok(Sender::enrolled(
        &central.url,
        Path::new(text("ca_file")?),
        text("code")?,
    ))
}

/// A day of a branch, as its log has it.
fn day(setting: &Setting, visits: usize) -> anyhow::Result<Vec<Sealed>> {
    let folder = tempfile::tempdir_in(&setting.folder)?;
    let app = App::demo(
        settings(&folder.path().join("data")),
        SystemClock::default(),
    )?;
    for n in 0..visits {
        let service = SERVICES[n % SERVICES.len()];
        call(&app, "visit.register", json!({"service": service}))?;
        let called = call(&app, "queue.call_next", json!({"counter": 1}))?;
        let visit = json!({"visit_id": called["visit_id"]});
        call(&app, "leg.start", visit.clone())?;
        call(&app, "leg.finish", visit)?;
    }
    let store = app.store();
    let limits = Limits {
        events: 1_000_000,
        bytes: 1 << 30,
        ..Limits::default()
    };
    Ok(store.events_after(store.device(), store.epoch(), 0, &limits)?)
}

pub(crate) fn run(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let central = Central::start(setting)?;
    known(setting, &central, report)?;
    return_of_all(setting, &central, report)
}

/// Batches that central has already, from a few machines at once.
fn known(setting: &Setting, central: &Central, report: &mut Report) -> anyhow::Result<()> {
    let log = day(setting, setting.size(250, 12))?;
    let senders = (0..4)
        .map(|n| sender(central, &format!("G99.0{n}")))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let logs: Vec<Vec<Sealed>> = senders.iter().map(|s| s.as_its_own(&log)).collect();
    for (sender, log) in senders.iter().zip(&logs) {
        for batch in log.chunks(BATCH) {
            let said = sender.push(batch).pushed();
            said.map_err(|refused| anyhow!("{refused:?}"))?;
        }
    }
    let (rounds, done) = (setting.size(60, 2), AtomicU64::new(0));
    let begun = Instant::now();
    thread::scope(|scope| {
        for (sender, log) in senders.iter().zip(&logs) {
            let done = &done;
            scope.spawn(move || {
                for _ in 0..rounds {
                    for batch in log.chunks(BATCH) {
                        if sender.push(batch).pushed().is_ok() {
                            done.fetch_add(batch.len() as u64, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    let rate = done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
    report.add(at_least(
        "the same batches again over TLS, four machines: events known".to_owned(),
        rate,
        50_000.0,
        "senders, central and PostgreSQL share this machine; SQL alone with the head read first 133,000/s (measured earlier)",
    ));
    Ok(())
}

/// Two hundred branches whose line comes back in the same second, each with half a day unsent.
fn return_of_all(setting: &Setting, central: &Central, report: &mut Report) -> anyhow::Result<()> {
    let branches = setting.size(BRANCHES, 24);
    let log = day(setting, setting.size(125, 8))?;
    let senders = (0..branches)
        .map(|n| sender(central, &format!("K99.{n:03}")))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let logs: Vec<Vec<Sealed>> = senders.iter().map(|s| s.as_its_own(&log)).collect();
    let (sent_away, begun) = (AtomicU64::new(0), Instant::now());
    let taken = thread::scope(|scope| {
        let sending: Vec<_> = senders
            .iter()
            .zip(&logs)
            .map(|(sender, log)| {
                let sent_away = &sent_away;
                scope.spawn(move || bring(sender, log, sent_away))
            })
            .collect();
        let mut all = (Times::default(), Times::default());
        for one in sending {
            let (answered, whole) = one.join().map_err(|_| anyhow!("a branch panicked"))??;
            all.0.extend(answered);
            all.1.extend(whole);
        }
        anyhow::Ok(all)
    })?;
    let took = begun.elapsed().as_secs_f64();
    let (answered, whole) = taken;
    let events = central.postgres.query(
        "SELECT count(*) FROM event_log e JOIN office USING (office_id) WHERE code LIKE 'K99.%'",
    );
    let there: usize = events.parse()?;
    anyhow::ensure!(
        there == branches * log.len(),
        "{there} of {}",
        branches * log.len()
    );
    report.add(
        Figure::at_most(
            format!("{branches} branches return at once: a batch taken in, p99"),
            answered.percentile(0.99) / 1_000.0,
            "s",
            10.0,
        )
        .against(format!(
            "{there} events all there after {took:.1} s; {} batches were sent away with a moment to come again; from the first try to the answer p99 {:.1} s",
            sent_away.load(Ordering::Relaxed),
            whole.percentile(0.99) / 1_000.0
        )),
    );
    Ok(())
}

/// Brings everything, coming again when told to; times of the answers, and from the first try.
fn bring(sender: &Sender, log: &[Sealed], sent_away: &AtomicU64) -> anyhow::Result<(Times, Times)> {
    let (mut answered, mut whole) = (Times::default(), Times::default());
    for batch in log.chunks(BATCH / 4) {
        let first = Instant::now();
        loop {
            let begun = Instant::now();
            let said = sender.push(batch);
            match said.pushed() {
                Ok(_) => {
                    answered.push(begun.elapsed());
                    whole.push(first.elapsed());
                    break;
                }
                Err(refused) if refused.code == RefusedWhy::Busy => {
                    sent_away.fetch_add(1, Ordering::Relaxed);
                    let after = refused.retry_after_ms.unwrap_or(2_000);
                    thread::sleep(Duration::from_millis(after));
                }
                Err(refused) => anyhow::bail!("{refused:?}"),
            }
        }
    }
    Ok((answered, whole))
}

/// The most memory of a machine that sends what it has queued.
fn most_of(
    setting: &Setting,
    central: &Central,
    cases: u32,
    office: &str,
) -> anyhow::Result<(f64, u64)> {
    let kept = history::ensure(&setting.folder, cases)?;
    let folder = tempfile::tempdir_in(&setting.folder)?;
    let dir = folder.path().join("data");
    copy(&kept, &dir)?;
    copy(&state(&kept), &state(&dir))?;
    let app = App::open(settings(&dir), SystemClock::default())?;
    let code = central.run(&["code", "--office", office])?;
    let text = |key: &str| code[key].as_str().context("no code");
    let ask = joining(&central.url, text("code")?, Path::new(text("ca_file")?))?;
    motcua_hub::enrol(&app, &ask).map_err(|e| anyhow!("enrol: {}", e.message))?;
    let status = call(&app, "sync.status", json!({}))?;
    let waiting = status["unsent"].as_u64().context("no count")?;
    drop(app);
    let program = program(setting, "motcua", "motcua-cli")?;
    let mut child = command(&program, &dir)
        .args(["sync", "--once"])
        .stdout(Stdio::null())
        .spawn()?;
    let mut most: f64 = 0.0;
    let ended = loop {
        if let Some(ended) = child.try_wait()? {
            break ended;
        }
        let read = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
        let line = read.unwrap_or_default();
        let line = line.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
        most = most.max(kib.unwrap_or_default() / 1_024.0);
        thread::sleep(Duration::from_millis(5));
    };
    anyhow::ensure!(ended.success(), "motcua sync --once: {ended}");
    Ok((most, waiting))
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.exists() {
        return Ok(());
    }
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([from, to])
        .status()?;
    anyhow::ensure!(copied.success(), "cp {}: {copied}", from.display());
    Ok(())
}

/// A machine that was alone for weeks sends with the memory of one that was alone for an hour.
pub(crate) fn queue(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let central = Central::start(setting)?;
    let few = setting.size(200, 100) as u32;
    let many = setting.size(20_000, 1_000) as u32;
    let (little, _) = most_of(setting, &central, few, "M99.01")?;
    let (much, waiting) = most_of(setting, &central, many, "M99.02")?;
    report.add(
        Figure::at_most(
            format!("{waiting} queued events sent: memory beyond what a short queue takes"),
            much - little,
            "MB",
            24.0,
        )
        .against(format!(
            "the most that `motcua sync --once` ever held: {much:.0} MB; with {} events {little:.0} MB",
            few * 5
        ))
        .ratio(much / little),
    );
    Ok(())
}
