//! From the start of the desktop program to a window that can be used, against a window of the
//! same kind with nothing in it.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::{
    Setting,
    history::state,
    process::{Running, program},
    report::{Figure, Report},
    stats::{median, ms},
};

/// A window that has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn run(setting: &Setting, report: &mut Report) -> anyhow::Result<()> {
    let desktop = program(setting, "motcua-desktop", "motcua-desktop")?;
    let dir = setting.history()?;
    let screen = Screen::open()?;
    let runs = setting.size(7, 1);
    let measure = |program: &Path, args: &[&std::ffi::OsStr]| -> anyhow::Result<f64> {
        let mut times = Vec::new();
        // The first only warms up.
        for i in 0..=runs {
            let time = usable(program, args, &dir, &screen.name)?;
            if i > 0 {
                times.push(ms(time));
            }
        }
        Ok(median(times))
    };
    let ours = measure(&desktop, &["--data".as_ref(), dir.as_os_str()])?;
    let figure = Figure::at_most("desktop on the history, start to usable window: median", ours, "ms", 1_500.0)
        .against("FQM 2.0–3.4 s, The Q 3.6–4.1 s to the first answer (documented elsewhere, not measured here)");
    report.add(figure);
    match program(setting, "empty-window", "motcua-benches --features window") {
        Ok(empty) => {
            let bare = measure(&empty, &[])?;
            report.add(
                Figure::at_most(
                    "desktop against an empty Tauri window",
                    ours / bare,
                    "×",
                    1.3,
                )
                .against(format!("empty window in the same run: {bare:.0} ms"))
                .ratio(ours / bare),
            );
        }
        Err(error) => {
            report.not_measured("desktop against an empty Tauri window", &error.to_string())
        }
    }
    Ok(())
}

/// From the start to the line in which the program says that its window can be used.
fn usable(
    program: &Path,
    args: &[&std::ffi::OsStr],
    dir: &Path,
    display: &str,
) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let mut running = Running(
        Command::new(program)
            .args(args)
            .env("MOTCUA_STARTUP_TRACE", "1")
            .env("MOTCUA_STATE_DIR", state(dir))
            .env("DISPLAY", display)
            // As the desktop program sets it for itself.
            .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?,
    );
    let out = BufReader::new(running.0.stdout.take().context("no output")?);
    let (said, heard) = mpsc::channel();
    std::thread::spawn(move || {
        // The receiver is gone once the time is up.
        out.lines()
            .map_while(Result::ok)
            .find(|line| line.contains("\"usable\""))
            .map(|_| said.send(Instant::now()))
    });
    let at = heard
        .recv_timeout(PATIENCE)
        .context("it never said that its window can be used")?;
    Ok(at - start)
}

/// The screen there is, or a virtual one.
struct Screen {
    name: String,
    _server: Option<Running>,
}

impl Screen {
    fn open() -> anyhow::Result<Self> {
        if let Some(name) = std::env::var("DISPLAY").ok().filter(|d| !d.is_empty()) {
            return Ok(Self {
                name,
                _server: None,
            });
        }
        let mut server = Running(
            Command::new("Xvfb")
                .args([
                    "-displayfd",
                    "1",
                    "-screen",
                    "0",
                    "1366x768x24",
                    "-nolisten",
                    "tcp",
                ])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .context("no screen, and no Xvfb to make one")?,
        );
        let mut number = String::new();
        BufReader::new(server.0.stdout.take().context("no output")?).read_line(&mut number)?;
        anyhow::ensure!(!number.trim().is_empty(), "Xvfb did not start");
        Ok(Self {
            name: format!(":{}", number.trim()),
            _server: Some(server),
        })
    }
}
