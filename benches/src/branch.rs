//! A branch of several machines: the hub as the real program in a process of its own, its
//! counters as real applications with their own folders and their own line to it over TLS.
//!
//! All of it shares this machine's processors, so that what is measured here is slower than a
//! branch, where every counter has its own. Only the hub's folder lies on the disk: a counter has
//! a disk of its own too, and twenty that flush the hub's would measure something else.

use std::{
    collections::HashSet,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use motcua_app::{App, HubLink, Settings, clock::SystemClock};
use motcua_hub::{Line, pair};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Setting,
    durable::call,
    history::settings,
    process::{Running, command, program, resident_mb},
};

/// The hub, running, and whatever is needed to ask it something.
pub(crate) struct Hub {
    running: Running,
    /// `https://…`, for counters.
    pub(crate) url: String,
    /// `http://…`, for this machine.
    pub(crate) local: String,
    pub(crate) token: String,
    pub(crate) board: String,
    folder: TempDir,
}

impl Hub {
    /// A demo branch with that many counters.
    pub(crate) fn start(
        setting: &Setting,
        counters: u16,
        ui: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(&setting.folder)?;
        let dir = folder.path().join("data");
        let program = program(setting, "motcua", "motcua-cli")?;
        let made = command(&program, &dir).arg("demo").output()?;
        anyhow::ensure!(made.status.success(), "motcua demo: {}", made.status);
        let (running, ready) = serve(&program, &dir, ui)?;
        let said = |key: &str| -> anyhow::Result<String> {
            Ok(ready[key].as_str().context("no address")?.to_owned())
        };
        let hub = Self {
            running,
            url: said("url")?,
            local: said("local_url")?,
            token: said("token")?,
            board: said("board_url")?,
            folder,
        };
        let mut branch = hub.ask("/rpc/branch.get", &json!({}))?["branch"].take();
        branch["counters"] = (1..=counters)
            .map(|n| json!({"number": n, "name": format!("Quầy {n}"), "services": []}))
            .collect();
        hub.ask("/rpc/branch.configure", &json!({"branch": branch}))?;
        Ok(hub)
    }

    /// Something this machine's own officer asks.
    pub(crate) fn ask(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let mut response = ureq::post(format!("{}{path}", self.local))
            .config()
            .http_status_as_error(false)
            .build()
            .header("authorization", format!("Bearer {}", self.token))
            .send_json(body)?;
        let ok = response.status().is_success();
        let answer: Value = response.body_mut().read_json()?;
        anyhow::ensure!(ok, "{path}: {answer}");
        Ok(answer)
    }

    /// Makes a folder a counter of this hub.
    pub(crate) fn pair(&self, settings: &Settings, name: &str) -> anyhow::Result<()> {
        let code = self.ask("/folder/pair-code", &json!({}))?;
        let code = code["code"].as_str().context("no code")?;
        pair(settings, SystemClock::default(), &self.url, code, name)
            .map_err(|e| anyhow!("pair: {}", e.message))?;
        Ok(())
    }

    /// Megabytes that its process holds.
    pub(crate) fn resident_mb(&self) -> anyhow::Result<f64> {
        resident_mb(self.running.0.id())
    }

    /// Ends it and proves what it has recorded.
    pub(crate) fn prove(self, setting: &Setting) -> anyhow::Result<()> {
        let Self {
            running, folder, ..
        } = self;
        drop(running);
        let program = program(setting, "motcua", "motcua-cli")?;
        let out = command(&program, &folder.path().join("data"))
            .arg("verify")
            .output()?;
        anyhow::ensure!(
            out.status.success(),
            "the hub does not verify: {}",
            String::from_utf8_lossy(&out.stdout)
        );
        Ok(())
    }
}

/// `motcua serve` on a folder, and its one line.
pub(crate) fn serve(
    program: &Path,
    dir: &Path,
    ui: Option<&Path>,
) -> anyhow::Result<(Running, Value)> {
    let mut serve = command(program, dir);
    serve.args(["serve", "--listen", "127.0.0.1:0"]);
    if let Some(ui) = ui {
        serve.arg("--ui").arg(ui);
    }
    let mut running = Running(serve.stdout(Stdio::piped()).spawn()?);
    let mut line = String::new();
    let out = running.0.stdout.take().context("no output")?;
    BufReader::new(out).read_line(&mut line)?;
    let ready = serde_json::from_str(&line).context("motcua serve did not say that it is ready")?;
    Ok((running, ready))
}

/// Where counters keep their folders: in memory where there is such a place.
pub(crate) fn counters_folder(setting: &Setting) -> anyhow::Result<TempDir> {
    let memory = PathBuf::from("/dev/shm");
    let at = if memory.is_dir() {
        &memory
    } else {
        &setting.folder
    };
    Ok(tempfile::Builder::new()
        .prefix("motcua-bench-")
        .tempdir_in(at)?)
}

/// Counters of a hub, each on its open line.
pub(crate) struct Counters {
    pub(crate) apps: Vec<Arc<App>>,
    _folder: TempDir,
}

impl Counters {
    pub(crate) fn join(setting: &Setting, hub: &Hub, count: usize) -> anyhow::Result<Self> {
        let folder = counters_folder(setting)?;
        let mut apps = Vec::new();
        for i in 0..count {
            let settings = settings(&folder.path().join(format!("counter-{i}")));
            hub.pair(&settings, &format!("Quầy {}", i + 1))?;
            let line = Line::of_folder(&settings.dir, true)?.context("not paired")?;
            let settings = Settings {
                link: Some(line as Arc<dyn HubLink>),
                ..settings
            };
            apps.push(App::open(settings, SystemClock::default())?);
        }
        Ok(Self {
            apps,
            _folder: folder,
        })
    }

    /// Waits until every counter has said everything and shows the same day as the hub.
    pub(crate) fn settle(&self, hub: &Hub) -> anyhow::Result<()> {
        let until = Instant::now() + Duration::from_secs(120);
        let there = hub.ask("/rpc/day.figures", &json!({}))?;
        for app in &self.apps {
            loop {
                let status = call(app, "sync.status", json!({}))?;
                if status["unsent"] == 0
                    && call(app, "day.figures", json!({}))?["registered"] == there["registered"]
                {
                    break;
                }
                anyhow::ensure!(
                    Instant::now() < until,
                    "a counter does not come to rest: {status}"
                );
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }
}

/// What was given out, and to whom: nothing may be in here twice.
#[derive(Debug, Default)]
pub(crate) struct Given {
    seen: HashSet<String>,
    pub(crate) twice: usize,
}

impl Given {
    pub(crate) fn note(&mut self, what: String) {
        if !self.seen.insert(what) {
            self.twice += 1;
        }
    }
}
