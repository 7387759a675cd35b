//! The program as a process: how soon it answers, how much memory it takes.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};

use anyhow::Context as _;
use motcua_app::{App, clock::SystemClock};

use crate::{
    Setting,
    branch::serve,
    history::{settings, state},
    live::{evening, morning},
    report::{Figure, Report},
    stats::repeat,
};

/// A program built beside this one.
pub(crate) fn program(setting: &Setting, name: &str, package: &str) -> anyhow::Result<PathBuf> {
    let program = setting.programs.join(name);
    anyhow::ensure!(
        program.exists(),
        "{name} is not built: cargo build --release -p {package}"
    );
    Ok(program)
}

/// The program on a folder, with its tokens beside it.
pub(crate) fn command(program: &Path, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg("--data")
        .arg(dir)
        .env("MOTCUA_STATE_DIR", state(dir))
        .stderr(Stdio::null());
    command
}

/// From the start of the process to its answer.
pub(crate) fn start(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let program = program(setting, "motcua", "motcua-cli")?;
    let dir = setting.history()?;
    let times = repeat(setting.size(20, 2), || {
        let out = command(&program, &dir)
            .args(["do", "branch.get"])
            .stdout(Stdio::piped())
            .output()?;
        anyhow::ensure!(out.status.success(), "motcua do branch.get: {}", out.status);
        Ok(())
    })?;
    report.add(
        Figure::at_most("motcua do branch.get on the history, process start to end: p50", times.percentile(0.5), "ms", 1_500.0)
            .against("FQM 2.0–3.4 s, The Q 3.6–4.1 s to the first answer (documented elsewhere, not measured here)"),
    );
    Ok(())
}

/// A running process, ended when dropped.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Either may fail only because it has ended already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Megabytes that a process holds.
pub(crate) fn resident_mb(process: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kib.context("no VmRSS")? / 1024.0)
}

/// Resident memory of `motcua serve` at work.
pub(crate) fn memory(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let program = program(setting, "motcua", "motcua-cli")?;
    let dir = setting.history()?;
    let app = App::open(settings(&dir), SystemClock::default())?;
    morning(&app)?;
    drop(app);
    let (running, ready) = serve(&program, &dir, None)?;
    let url = ready["local_url"].as_str().context("no url")?;
    let token = ready["token"].as_str().context("no token")?;
    let ask = |name: &str, body: &str| -> anyhow::Result<String> {
        Ok(ureq::post(format!("{url}/rpc/{name}"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .send(body)?
            .body_mut()
            .read_to_string()?)
    };
    let began = Instant::now();
    let calls = setting.size(100, 5);
    for _ in 0..calls {
        ask("queue.snapshot", "{}")?;
    }
    let each = began.elapsed().as_secs_f64() * 1_000.0 / calls as f64;
    for text in ["nguyen thi", "tran van", "09"] {
        ask(
            "case.search",
            &format!("{{\"text\": \"{text}\", \"limit\": 50}}"),
        )?;
    }
    let resident = resident_mb(running.0.id())?;
    report.add(
        Figure::at_most(
            "motcua serve on the history, resident after 100 snapshots and searches",
            resident,
            "MB",
            80.0,
        )
        .against("FQM 90–94 MB, The Q 153–166 MB (documented elsewhere, not measured here)"),
    );
    report.add(Figure::told(
        "queue.snapshot over loopback HTTP: mean",
        each,
        "ms",
    ));
    drop(running);
    let app = App::open(settings(&dir), SystemClock::default())?;
    evening(&app)
}
