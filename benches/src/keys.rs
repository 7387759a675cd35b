//! From a key to what people see: on the officer's own screen, and on the board in the hall.
//!
//! A counter and its hub as real programs, the desk's page of the one and the board's page of the
//! other in a real browser. From the keydown of “call next” through the counter, over TLS to the
//! hub, its disk, back into the counter's log and to its page; and from the hub to the board.

use std::{path::Path, process::Command};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::json;

use crate::{
    Setting,
    branch::{Hub, counters_folder, serve},
    history::settings,
    process::program,
    report::{Figure, Report},
    stats::percentile,
};

#[derive(Deserialize)]
struct Seen {
    desk: Vec<f64>,
    board: Vec<f64>,
}

pub(crate) fn run(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let seen = seen(setting)?;
    for (name, times, most, elsewhere) in [
        (
            "key press → own screen painted: p95",
            seen.desk,
            100.0,
            "FQM 9.3 s a call on its operator page (measured earlier, not in this run)",
        ),
        (
            "key press at a counter → hub's board painted: p95",
            seen.board,
            300.0,
            "FQM ≤ 2 s, OpenMRS 5–10 s, ZMS ≤ 10 s by their polling (documented elsewhere)",
        ),
    ] {
        let against = format!(
            "keydown of F2 to the second frame after the number is in the page; Chromium, counter and hub on one machine over TLS; p50 {:.0} ms, slowest {:.0} ms of {}; {elsewhere}",
            percentile(&times, 0.5),
            percentile(&times, 1.0),
            times.len()
        );
        let figure = Figure::at_most(name, percentile(&times, 0.95), "ms", most);
        report.add(figure.against(against));
    }
    Ok(())
}

fn seen(setting: &Setting) -> anyhow::Result<Seen> {
    let ui = setting.root.join("ui");
    let screens = ui.join("dist");
    anyhow::ensure!(
        screens.is_dir(),
        "the screens are not built: npm --prefix ui run build"
    );
    let hub = Hub::start(setting, 4, Some(&screens))?;
    let folder = counters_folder(setting)?;
    let settings = settings(&folder.path().join("counter"));
    hub.pair(&settings, "Quầy 1")?;
    let program = program(setting, "motcua", "motcua-cli")?;
    let (counter, ready) = serve(&program, &settings.dir, Some(&screens))?;
    let asked = json!({
        "desk": ready["local_url"], "token": ready["token"], "board": hub.board,
        "hub": hub.local, "hubToken": hub.token, "officer": "ha", "counter": 1,
        "times": setting.size(100, 3),
    });
    let output = Command::new("node")
        .arg(Path::new("e2e/keys.mjs"))
        .arg(asked.to_string())
        .current_dir(&ui)
        .output()
        .context("no node")?;
    drop(counter);
    if !output.status.success() {
        bail!("e2e/keys.mjs: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("e2e/keys.mjs did not say what it saw")
}
