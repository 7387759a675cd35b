//! The real window under a driver: a screen of its own (Xvfb), a session bus, `WebKitWebDriver`,
//! and a plain client of the WebDriver protocol (W3C, section numbers in the comments).
//!
//! The driver starts the program itself. `TAURI_WEBVIEW_AUTOMATION` must be set on the driver, and
//! no `browserName` may be asked for; the `WEBKIT_DISABLE_*` switches must not be set, or the
//! screenshots hang.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longest wait for anything the window should show. Generous, as a busy machine is slow; a test
/// that passes never waits for it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the page is looked at.
const LOOK: Duration = Duration::from_millis(25);
/// Between two keys of a quick hand; a scanner is quicker.
const HAND_MS: u64 = 55;

/// A virtual screen; gone when dropped.
#[derive(Debug)]
pub struct Screen {
    server: Child,
    /// Value for `DISPLAY`.
    pub display: String,
}

impl Screen {
    /// Starts Xvfb on a free display.
    ///
    /// # Errors
    /// If Xvfb is not installed.
    pub fn open() -> Result<Self> {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1366x768x24",
                "-nolisten",
                "tcp",
            ])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb is missing: install the package xvfb")?;
        let mut number = String::new();
        let out = server.stdout.take().context("Xvfb has an output")?;
        BufReader::new(out).read_line(&mut number)?;
        ensure!(!number.trim().is_empty(), "Xvfb did not start");
        let display = format!(":{}", number.trim());
        Ok(Self { server, display })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        end_group(&mut self.server);
    }
}

/// A program with one window, and the driver that holds it; both are ended when dropped.
#[derive(Debug)]
pub struct Window {
    driver: Child,
    agent: ureq::Agent,
    session: String,
    program: PathBuf,
    folder: TempDir,
    _screen: Screen,
}

impl Window {
    /// Starts a program and waits for its page.
    ///
    /// # Errors
    /// If a tool is missing, or the window does not come.
    pub fn open(program: &Path, args: &[&str], env: &[(&str, &str)]) -> Result<Self> {
        let screen = Screen::open()?;
        let folder = tempfile::Builder::new()
            .prefix("motcua-window-")
            .tempdir()?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let log = fs::File::create(folder.path().join("log"))?;
        let driver = Command::new("dbus-run-session")
            .args(["--", "WebKitWebDriver", &format!("--port={port}")])
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env("DISPLAY", &screen.display)
            .env_remove("WAYLAND_DISPLAY")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            // What the web view keeps (and nothing of the tester's own) stays with this test.
            .env("HOME", folder.path())
            .envs(
                ["XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"]
                    .map(|name| (name, folder.path().join(name))),
            )
            .envs(env.iter().copied())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("dbus-run-session is missing: install the package dbus-x11")?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let mut window = Self {
            driver,
            agent,
            session: format!("http://127.0.0.1:{port}"),
            program: program.to_owned(),
            folder,
            _screen: screen,
        };
        let deadline = Instant::now() + PATIENCE;
        while window
            .agent
            .get(format!("{}/status", window.session))
            .call()
            .is_err()
        {
            ensure!(
                Instant::now() < deadline && window.driver.try_wait()?.is_none(),
                "WebKitWebDriver does not answer (package webkit2gtk-driver): {}",
                window.log()
            );
            thread::sleep(LOOK);
        }
        let wanted = json!({"webkitgtk:browserOptions": {"binary": program, "args": args}});
        let answer = window.post(
            "/session",
            &json!({"capabilities": {"alwaysMatch": wanted}}),
        )?;
        let id = answer["sessionId"]
            .as_str()
            .context("a session has an id")?;
        window.session = format!("{}/session/{id}", window.session);
        Ok(window)
    }

    /// Runs the body of a function in the page.
    ///
    /// # Errors
    /// If it throws, or the window is gone.
    pub fn execute(&self, script: &str, args: Value) -> Result<Value> {
        self.post("/execute/sync", &json!({"script": script, "args": args}))
    }

    /// Waits until an expression about the page is true, and answers its value. Tells what was
    /// waited for, with what the page shows, when it does not come.
    ///
    /// # Errors
    /// If it does not come in time.
    pub fn wait_until(&self, what: &str, expression: &str) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.execute(&format!("return ({expression})"), json!([]))?;
            let empty = matches!(value, Value::Null | Value::Bool(false)) || value == "";
            if !empty {
                return Ok(value);
            }
            if Instant::now() > deadline {
                let shown = self.execute("return document.body.innerText", json!([]))?;
                bail!(
                    "waited in vain for {what}: {expression}\nthe page shows:\n{}",
                    shown.as_str().unwrap_or_default()
                );
            }
            thread::sleep(LOOK);
        }
    }

    /// Waits until the page shows a text.
    ///
    /// # Errors
    /// If it does not come in time.
    pub fn wait_text(&self, text: &str) -> Result<()> {
        let expression = format!(
            "document.body.innerText.normalize().includes({})",
            json!(text)
        );
        self.wait_until(text, &expression).map(drop)
    }

    /// The windows of the program (11.4).
    ///
    /// # Errors
    /// If the driver is gone.
    pub fn handles(&self) -> Result<Vec<String>> {
        let url = format!("{}/window/handles", self.session);
        let handles = value(self.agent.get(url).call()?)?;
        Ok(serde_json::from_value(handles)?)
    }

    /// Waits until the program has that many windows.
    ///
    /// # Errors
    /// If they do not come in time.
    pub fn wait_handles(&self, count: usize) -> Result<Vec<String>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let handles = self.handles()?;
            if handles.len() == count {
                return Ok(handles);
            }
            ensure!(
                Instant::now() < deadline,
                "{} windows, not {count}",
                handles.len()
            );
            thread::sleep(LOOK);
        }
    }

    /// Goes on in another window of the program (11.3).
    ///
    /// # Errors
    /// If there is none of that handle.
    pub fn switch_to(&self, handle: &str) -> Result<()> {
        self.post("/window", &json!({"handle": handle})).map(drop)
    }

    /// The visible text of the first element of a CSS selector.
    ///
    /// # Errors
    /// If there is none.
    pub fn text(&self, css: &str) -> Result<String> {
        let text = self.execute(
            "return document.querySelector(arguments[0])?.innerText",
            json!([css]),
        )?;
        Ok(text
            .as_str()
            .with_context(|| format!("no {css}"))?
            .to_owned())
    }

    /// Clicks the first element of a CSS selector as a mouse does (12.5.1).
    ///
    /// # Errors
    /// If there is none that can be clicked.
    pub fn click(&self, css: &str) -> Result<()> {
        let element = self.post("/element", &json!({"using": "css selector", "value": css}))?;
        let id = element
            .as_object()
            .and_then(|e| e.values().next()?.as_str())
            .context("an element has an id")?;
        self.post(&format!("/element/{id}/click"), &json!({}))
            .map(drop)
    }

    /// Presses one key or a combination: `F2`, `Ctrl+K`, `Enter`, `a`.
    ///
    /// # Errors
    /// If the key has no code here, or the window is gone.
    pub fn press(&self, keys: &str) -> Result<()> {
        let codes = keys.split('+').map(code).collect::<Result<Vec<_>>>()?;
        let down = codes
            .iter()
            .map(|key| json!({"type": "keyDown", "value": key}));
        let up = codes
            .iter()
            .rev()
            .map(|key| json!({"type": "keyUp", "value": key}));
        self.keys(down.chain(up).collect())
    }

    /// Types as a quick hand does.
    ///
    /// # Errors
    /// If the window is gone.
    pub fn type_text(&self, text: &str) -> Result<()> {
        let key = |c: char| {
            [
                json!({"type": "keyDown", "value": c.to_string()}),
                json!({"type": "keyUp", "value": c.to_string()}),
                json!({"type": "pause", "duration": HAND_MS}),
            ]
        };
        self.keys(text.chars().flat_map(key).collect())
    }

    /// Types without a pause, as a keyboard-wedge scanner does; `\n` is its Enter.
    ///
    /// # Errors
    /// If the window is gone.
    pub fn burst(&self, text: &str) -> Result<()> {
        let key = |c: char| {
            let c = if c == '\n' { '\u{e007}' } else { c }.to_string();
            [
                json!({"type": "keyDown", "value": c}),
                json!({"type": "keyUp", "value": c}),
            ]
        };
        self.keys(text.chars().flat_map(key).collect())
    }

    fn keys(&self, actions: Vec<Value>) -> Result<()> {
        let source = json!({"type": "key", "id": "keyboard", "actions": actions});
        self.post("/actions", &json!({"actions": [source]}))
            .map(drop)
    }

    /// A picture of the page as PNG.
    ///
    /// # Errors
    /// If the window is gone.
    pub fn screenshot(&self) -> Result<Vec<u8>> {
        let answer = self
            .agent
            .get(format!("{}/screenshot", self.session))
            .call()?;
        Ok(STANDARD.decode(value(answer)?.as_str().context("a picture")?)?)
    }

    /// Process number of the program.
    ///
    /// # Errors
    /// If it does not run.
    pub fn process(&self) -> Result<u32> {
        for entry in fs::read_dir("/proc")?.flatten() {
            let Some(id) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u32>().ok())
            else {
                continue;
            };
            let ours = fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe == self.program);
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // After the name in brackets: state, parent, process group.
            let group = stat
                .rsplit(')')
                .next()
                .and_then(|rest| rest.split_whitespace().nth(2)?.parse().ok());
            if ours && group == Some(self.driver.id()) {
                return Ok(id);
            }
        }
        bail!("{} does not run", self.program.display())
    }

    /// kill -9 of the program; then the driver and the rest go too.
    ///
    /// # Errors
    /// If it does not run.
    pub fn kill_nine(self) -> Result<()> {
        let id = self.process()?;
        signal(&id.to_string())?;
        // Only when it has ended (Z, until its parent asks), and its last thread with it, are its
        // locks free too.
        while let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) {
            let ended =
                (stat.rsplit(')').next()).is_some_and(|rest| rest.trim_start().starts_with('Z'));
            let threads = fs::read_dir(format!("/proc/{id}/task")).map_or(0, Iterator::count);
            if ended && threads <= 1 {
                break;
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// What program and driver have written, for the message of a failed test.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value> {
        value(
            self.agent
                .post(format!("{}{path}", self.session))
                .send_json(body)?,
        )
        .with_context(|| format!("{path} {}", self.log()))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        end_group(&mut self.driver);
    }
}

/// The value of an answer, or its error (6.6).
fn value(mut answer: ureq::http::Response<ureq::Body>) -> Result<Value> {
    let ok = answer.status().is_success();
    let mut body: Value = answer
        .body_mut()
        .with_config()
        .limit(64 << 20)
        .read_json()?;
    ensure!(
        ok,
        "{}: {}",
        body["value"]["error"],
        body["value"]["message"]
    );
    Ok(body["value"].take())
}

/// Code of a key (17.4.2).
fn code(key: &str) -> Result<String> {
    if let Some(number) = key.strip_prefix('F').and_then(|n| n.parse::<u32>().ok()) {
        return Ok(char::from_u32(0xe030 + number)
            .context("a function key")?
            .to_string());
    }
    let known = match key {
        "Backspace" => '\u{e003}',
        "Tab" => '\u{e004}',
        "Enter" => '\u{e007}',
        "Shift" => '\u{e008}',
        "Ctrl" => '\u{e009}',
        "Escape" => '\u{e00c}',
        "Space" => ' ',
        "Up" => '\u{e013}',
        "Down" => '\u{e015}',
        "Delete" => '\u{e017}',
        one if one.chars().count() == 1 => return Ok(one.to_lowercase()),
        other => bail!("no key {other}"),
    };
    Ok(known.to_string())
}

fn signal(target: &str) -> Result<()> {
    let status = Command::new("kill")
        .args(["-KILL", "--", target])
        .stderr(Stdio::null())
        .status()?;
    ensure!(status.success(), "nothing to kill: {target}");
    Ok(())
}

/// Ends a process with everything it has started.
fn end_group(leader: &mut Child) {
    // Nothing can be done here about processes that are already gone.
    let _ = signal(&format!("-{}", leader.id()));
    let _ = leader.wait();
}
