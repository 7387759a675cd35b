//! A branch that was dark comes back: the real central over TLS, on a PostgreSQL of this run, and
//! real branches with queued records. Beside it stands the bare database, in the same run on the
//! same disk. Everything shares this machine's processors.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::Instant,
};

use anyhow::{Context as _, anyhow};
use motcua_app::{App, clock::SystemClock};
use motcua_hub::Uplink;
use motcua_protocol::verbs::{central::CentralEnrol, sync::Export};
use motcua_testkit::postgres::Postgres;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Setting,
    durable::call,
    history::settings,
    process::{Running, program},
    report::{Figure, Report},
    stats::repeat,
};

/// Those of the demo branch: a series has 999 numbers a day.
pub(crate) const SERVICES: [&str; 5] =
    ["ho-tich", "noi-vu", "khoa-hoc", "tra-ket-qua", "huong-dan"];
/// Branches that come back together.
const BRANCHES: usize = 4;
/// Events of one transaction of the bare database: what a batch grows to.
const BATCH: usize = 1_000;

/// Central, running.
pub(crate) struct Central {
    pub(crate) postgres: Postgres,
    program: PathBuf,
    pub(crate) url: String,
    _tls: TempDir,
    _running: Running,
}

impl Central {
    pub(crate) fn start(setting: &Setting) -> anyhow::Result<Self> {
        let program = program(setting, "motcua-central", "motcua-central")?;
        let postgres = Postgres::start();
        let tls = tempfile::tempdir()?;
        let mut child = Command::new(&program)
            .args(["serve", "--database-url", &postgres.url()])
            .args(["--listen", "127.0.0.1:0", "--dev-tls"])
            .arg(tls.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let out = child.stdout.take().context("no output")?;
        let running = Running(child);
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).context("central does not come up")?;
        Ok(Self {
            url: ready["url"].as_str().context("no address")?.to_owned(),
            postgres,
            program,
            _tls: tls,
            _running: running,
        })
    }

    pub(crate) fn run(&self, args: &[&str]) -> anyhow::Result<Value> {
        let out = Command::new(&self.program)
            .args(args)
            .args(["--database-url", &self.postgres.url()])
            .output()?;
        anyhow::ensure!(out.status.success(), "{args:?}: {}", out.status);
        Ok(serde_json::from_slice(&out.stdout)?)
    }
}

/// A branch with records that central does not have.
struct Branch {
    app: Arc<App>,
    line: Arc<Uplink>,
    waiting: u64,
    folder: TempDir,
}

impl Branch {
    fn dark(
        setting: &Setting,
        central: &Central,
        office: &str,
        visits: usize,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(&setting.folder)?;
        let dir = folder.path().join("data");
        let app = App::demo(settings(&dir), SystemClock::default())?;
        for n in 0..visits {
            let service = SERVICES[n % SERVICES.len()];
            call(&app, "visit.register", json!({"service": service}))?;
            let called = call(&app, "queue.call_next", json!({"counter": 1}))?;
            let visit = json!({"visit_id": called["visit_id"]});
            call(&app, "leg.start", visit.clone())?;
            call(&app, "leg.finish", visit)?;
        }
        let code = central.run(&["code", "--office", office])?;
        let text = |key: &str| code[key].as_str().context("no code");
        let ask = joining(&central.url, text("code")?, Path::new(text("ca_file")?))?;
        motcua_hub::enrol(&app, &ask).map_err(|e| anyhow!("enrol: {}", e.message))?;
        let line = Uplink::of_folder(&dir)?.context("not enrolled")?;
        let waiting = call(&app, "sync.status", json!({}))?["unsent"]
            .as_u64()
            .context("no count")?;
        Ok(Self {
            app,
            line,
            waiting,
            folder,
        })
    }

    /// Seconds until central has everything.
    fn send(&self) -> anyhow::Result<f64> {
        let begun = Instant::now();
        let synced = self.line.sync(&self.app);
        anyhow::ensure!(synced.unsent == 0, "{synced:?}");
        Ok(begun.elapsed().as_secs_f64())
    }
}

/// Seconds in which PostgreSQL takes so many rows of that size, a batch in each transaction.
fn bare(postgres: &Postgres, events: u64) -> f64 {
    postgres.query(
        "CREATE TABLE bare(device uuid, seq bigint, event_id uuid, header bytea, body bytea, hash bytea, PRIMARY KEY(device, seq));
         CREATE INDEX ON bare(event_id)",
    );
    let row = "'6d6f7463-7561-4d43-8000-000000000001', i, gen_random_uuid(), convert_to(repeat('h', 220), 'UTF8'), convert_to(repeat('b', 200), 'UTF8'), decode(repeat('ab', 32), 'hex')";
    let script: String = (0..events.div_ceil(BATCH as u64))
        .map(|batch| {
            let from = batch * BATCH as u64 + 1;
            let to = (from + BATCH as u64 - 1).min(events);
            format!("INSERT INTO bare SELECT {row} FROM generate_series({from}, {to}) AS i;\nCOMMIT; BEGIN;\n")
        })
        .collect();
    let begun = Instant::now();
    postgres.query(&format!("BEGIN;\n{script}COMMIT"));
    begun.elapsed().as_secs_f64()
}

pub(crate) fn run(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let central = Central::start(setting)?;
    // Four acts a visit; some of them are more than one event.
    let branch = Branch::dark(setting, &central, "H99.00", setting.size(2_400, 20))?;
    let database = bare(&central.postgres, branch.waiting);
    let took = branch.send()?;
    let many = branch.waiting as f64;
    report.add(
        Figure::at_most(
            "10,000 queued events from one device over TLS until central has them",
            took * 10_000.0 / many,
            "s",
            3.0,
        )
        .against(format!(
            "{many} events, read from SQLite, sent, stored, folded and acknowledged, per 10,000; ratio: to PostgreSQL alone inserting as many bare rows, {database:.2} s; PouchDB 7.6–17.8 s (documented elsewhere, not measured here)",
        ))
        .ratio(took / database),
    );
    let empty = repeat(setting.size(100, 5), || branch.send())?;
    report.add(
        Figure::at_most(
            "a round in which nothing is new: p50",
            empty.percentile(0.5),
            "ms",
            20.0,
        )
        .against(format!(
            "p99 {:.1} ms; PouchDB 8–10 ms within one process (documented elsewhere)",
            empty.percentile(0.99)
        )),
    );

    let branches = (1..=BRANCHES)
        .map(|n| {
            Branch::dark(
                setting,
                &central,
                &format!("H99.{n:02}"),
                setting.size(1_200, 10),
            )
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let events: u64 = branches.iter().map(|b| b.waiting).sum();
    let begun = Instant::now();
    thread::scope(|scope| {
        let sending: Vec<_> = branches
            .iter()
            .map(|branch| scope.spawn(|| branch.send()))
            .collect();
        sending.into_iter().try_for_each(|sent| {
            sent.join().map_err(|_| anyhow!("a branch panicked"))??;
            anyhow::Ok(())
        })
    })?;
    let rate = events as f64 / begun.elapsed().as_secs_f64();
    report.add(at_least(
        format!("{BRANCHES} branches at once: events taken in over TLS"),
        rate,
        8_000.0,
        "branches, central and PostgreSQL share this machine; SQL alone 9,900–12,700/s (measured earlier)",
    ));

    // What is known already, on the way that asks nothing beforehand.
    let file = branch.folder.path().join("all.motcua");
    let ask = Export {
        to: file.to_string_lossy().into_owned(),
        all: true,
        ..Export::default()
    };
    let made = motcua_hub::export(&branch.app, &ask).map_err(|e| anyhow!("{}", e.message))?;
    let begun = Instant::now();
    let taken = central.run(&["import", &ask.to])?;
    let took = begun.elapsed().as_secs_f64();
    anyhow::ensure!(taken["known"] == made.records, "{taken}");
    report.add(
        Figure::told(
            "the same records again from a stick",
            made.records as f64 / took,
            "1/s",
        )
        .against(
            "the whole program from start to end: opened and checked twice, then known by its head",
        ),
    );
    Ok(())
}

/// How a branch joins a central.
pub(crate) fn joining(url: &str, code: &str, ca: &Path) -> anyhow::Result<CentralEnrol> {
    Ok(CentralEnrol {
        central: Some(url.to_owned()),
        code: Some(code.to_owned()),
        ca: Some(std::fs::read_to_string(ca)?),
        file: None,
    })
}

pub(crate) fn at_least(name: String, value: f64, least: f64, against: &str) -> Figure {
    Figure {
        budget: format!("≥ {least}"),
        ok: Some(value >= least),
        ..Figure::told(name, value, "1/s").against(against)
    }
}
