//! The program tells how long its window took, when somebody measures.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use motcua_testkit::webdriver::Screen;
use serde_json::Value;

use crate::branch::{Branch, program};

#[test]
fn the_window_says_when_it_can_be_used() -> Result<()> {
    let branch = Branch::new()?;
    let screen = Screen::open()?;
    let began = Instant::now();
    // As an officer starts it, without a driver.
    let mut window = Command::new(program("motcua-desktop")?)
        .arg("--data")
        .arg(branch.data())
        .arg("--demo")
        .envs(branch.env())
        .env("MOTCUA_STARTUP_TRACE", "1")
        .env("DISPLAY", &screen.display)
        .env_remove("WAYLAND_DISPLAY")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let out = BufReader::new(window.stdout.take().context("an output")?);
    let line = out
        .lines()
        .map_while(Result::ok)
        .find(|line| line.contains("\"usable_ms\""));
    let seen = began.elapsed();
    window.kill()?;
    window.wait()?;
    let told: Value = serde_json::from_str(&line.context("it ended without the line")?)?;
    let ms = told["usable_ms"].as_f64().context("a number")?;
    ensure!(
        ms > 0.0 && ms <= seen.as_secs_f64() * 1_000.0,
        "{told}, seen after {seen:?}"
    );
    Ok(())
}
