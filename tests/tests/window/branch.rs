//! A branch in a folder of its own, its window, and the command line beside it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use motcua_testkit::webdriver::Window;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A procedure with three required papers and one that is not.
pub(crate) const PROCEDURE: &str = "cap doi the bao hiem y te";

/// A program built beside the tests.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    // target/debug/deps/window-…
    let dir = here.ancestors().nth(2).context("a folder of programs")?;
    let program = dir.join(name);
    ensure!(
        program.exists(),
        "{} is missing: make test builds it first",
        program.display()
    );
    Ok(program)
}

/// A demo branch and what belongs to it; all of it is gone when dropped.
#[derive(Debug)]
pub(crate) struct Branch {
    folder: TempDir,
    /// Address of the printing service the window should use.
    pub(crate) cups: String,
    /// Serial scanner, where there is one.
    pub(crate) scanner: Option<PathBuf>,
}

impl Branch {
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("motcua-e2e-").tempdir()?;
        // Nobody listens there: a test that prints names a service of its own.
        Ok(Self {
            folder,
            cups: "127.0.0.1:1".to_owned(),
            scanner: None,
        })
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn env(&self) -> [(&'static str, String); 3] {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        // The profile of the web view outlives the window, as it does on a counter's machine.
        [
            ("MOTCUA_STATE_DIR", path("state")),
            ("XDG_DATA_HOME", path("profile")),
            ("CUPS_SERVER", self.cups.clone()),
        ]
    }

    /// Opens the window on the folder.
    pub(crate) fn open(&self) -> Result<Window> {
        let data = self.data().display().to_string();
        let mut args = vec!["--data", &data, "--demo"];
        let scanner = self.scanner.as_ref().map(|path| path.display().to_string());
        if let Some(path) = &scanner {
            args.extend(["--scanner", path]);
        }
        let env = self.env();
        let env: Vec<(&str, &str)> = env
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Window::open(&program("motcua-desktop")?, &args, &env)
    }

    /// Opens the window and signs in by keys: the first officer at counter 1.
    pub(crate) fn sign_in(&self) -> Result<Window> {
        self.sign_in_at("1", "1")
    }

    /// The same as the n-th officer at a counter.
    pub(crate) fn sign_in_at(&self, officer: &str, counter: &str) -> Result<Window> {
        let window = self.open()?;
        window.wait_text("Nguyễn Thị Thanh Hà")?;
        window.wait_until(
            "a chosen officer",
            "document.querySelector('input[name=officer]:checked')",
        )?;
        for key in [officer, "Enter", counter, "Enter"] {
            window.press(key)?;
        }
        window.wait_text("F2")?;
        Ok(window)
    }

    /// The command line on the same folder.
    pub(crate) fn motcua(&self, args: &[&str]) -> Result<Output> {
        Ok(Command::new(program("motcua")?)
            .arg("--data")
            .arg(self.data())
            .args(args)
            .envs(self.env())
            .output()?)
    }

    /// One verb through the command line; goes through the window while that is open.
    pub(crate) fn call(&self, verb: &str, args: &Value) -> Result<Value> {
        let output = self.motcua(&["do", verb, &args.to_string()])?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "{verb}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_str(&said).with_context(|| format!("{verb}: {said}"))
    }

    pub(crate) fn assign(&self, paper: &str, printer: &str) -> Result<()> {
        self.call(
            "printer.assign",
            &json!({"kind": paper, "printer": printer}),
        )
        .map(drop)
    }

    /// A citizen of the given name waits; without one, somebody unknown.
    pub(crate) fn register(&self, name: Option<&str>) -> Result<String> {
        let mut args = json!({"service": "ho-tich"});
        if let Some(name) = name {
            args["applicant"] = json!({"kind": "individual", "name": name});
        }
        let given = self.call("visit.register", &args)?;
        Ok(given["ticket"].as_str().context("a ticket")?.to_owned())
    }

    /// Chain, projections and numbers; the window must be closed.
    pub(crate) fn verify(&self) -> Result<()> {
        let output = self.motcua(&["verify"])?;
        let said: Value = serde_json::from_slice(&output.stdout)?;
        ensure!(
            output.status.success() && said["ok"] == true,
            "verify: {said}"
        );
        Ok(())
    }
}

/// Desk by keys: call, start.
pub(crate) fn call_and_start(window: &Window) -> Result<()> {
    window.wait_text("Người tiếp theo là")?;
    window.press("F2")?;
    window.wait_text("Đang gọi")?;
    window.press("F4")?;
    window.wait_text("Đang phục vụ")?;
    Ok(())
}

/// Desk by keys: the procedure by its name without diacritics, until its papers are there.
pub(crate) fn choose_procedure(window: &Window) -> Result<()> {
    window.press("Ctrl+K")?;
    window.wait_until(
        "the search",
        "document.activeElement.getAttribute('role') === 'combobox'",
    )?;
    window.type_text(PROCEDURE)?;
    window.wait_until(
        "the procedure",
        "document.querySelector('[role=option][aria-selected=true]')?.innerText.includes('Cấp đổi thẻ bảo hiểm y tế')",
    )?;
    window.press("Enter")?;
    window.wait_until(
        "the papers",
        "document.activeElement.closest('[role=grid]') !== null",
    )?;
    Ok(())
}

/// Desk by keys: every paper complete.
pub(crate) fn complete_papers(window: &Window) -> Result<()> {
    let rows = "document.querySelectorAll('[role=grid] [aria-label$=\" 1 bản\"]').length";
    for n in 1..=4 {
        window.press("Space")?;
        window.wait_until("a counted paper", &format!("{rows} >= {n}"))?;
    }
    Ok(())
}

/// Value of the field with an accessible label.
pub(crate) fn field(label: &str) -> String {
    format!(
        "[...document.querySelectorAll('input')].find(i => i.labels?.[0]?.innerText.trim() === {})?.value?.normalize()",
        json!(label)
    )
}

/// A card held to a keyboard-wedge scanner. On a starved machine the driver's keys can come
/// slower than any scanner's; then the card is held out again, as a person does.
pub(crate) fn scan(window: &Window, card: &str) -> Result<()> {
    /// What the page still takes for a scanner, less the time it takes to see the key.
    const SLOWEST_MS: f64 = 30.0;
    window.execute(
        "window.addEventListener('keydown', () => { const now = performance.now(); \
         window.gap = Math.max(window.gap ?? 0, now - (window.last ?? now)); window.last = now; }, true)",
        json!([]),
    )?;
    for _ in 0..5 {
        window.execute("window.gap = window.last = undefined", json!([]))?;
        window.burst(&format!("{card}\n"))?;
        let gap = window.execute("return window.gap", json!([]))?;
        if gap.as_f64().is_some_and(|gap| gap < SLOWEST_MS) {
            return Ok(());
        }
        window.press("Escape")?;
    }
    anyhow::bail!("this machine is too busy to play a scanner")
}
