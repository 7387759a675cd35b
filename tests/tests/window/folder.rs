//! A folder that cannot be worked with: the window says what happened, what is safe, what to do.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use motcua_testkit::webdriver::Window;
use serde_json::json;

use crate::branch::Branch;

fn refused(window: &Window, code: &str, sentence: &str) -> Result<()> {
    window.wait_text(code)?;
    window.wait_text(sentence)?;
    window
        .wait_until(
            "a way on",
            "document.querySelector('button')?.innerText.trim() !== ''",
        )
        .map(drop)
}

/// Everything into the one file, so that it can be compared; and which version wrote it.
fn settle(file: &Path, version: u32) -> Result<()> {
    let database = rusqlite::Connection::open(file)?;
    database.pragma_update(None, "user_version", version)?;
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

#[test]
fn a_second_window_says_that_one_is_open_and_the_first_goes_on() -> Result<()> {
    let branch = Branch::new()?;
    let first = branch.sign_in()?;
    let second = branch.open()?;
    refused(&second, "FOLDER_IN_USE", "Dữ liệu an toàn")?;
    drop(second);
    // The way in for the command line is still the first one's.
    let ticket = branch.register(Some("Lò Thị Mai"))?;
    first.wait_text("Lò Thị Mai")?;
    first.press("F2")?;
    first.wait_text(&format!("Đã gọi {ticket}"))?;
    let queue = branch.call("queue.snapshot", &json!({}))?;
    ensure!(queue["called"][0]["ticket"] == json!(ticket), "{queue}");
    first.kill_nine()?;
    branch.verify()
}

#[test]
fn data_of_a_newer_version_is_left_alone() -> Result<()> {
    let branch = Branch::new()?;
    branch.motcua(&["demo"])?;
    let file = branch.data().join("motcua.db");
    settle(&file, 9_999)?;
    let before = fs::read(&file)?;
    let window = branch.open()?;
    refused(&window, "STORE_NEWER", "mới hơn")?;
    window.kill_nine()?;
    ensure!(fs::read(&file)? == before, "the file was touched");
    Ok(())
}

#[test]
fn damaged_data_is_said_so_and_not_overwritten() -> Result<()> {
    let branch = Branch::new()?;
    branch.motcua(&["demo"])?;
    let file = branch.data().join("motcua.db");
    settle(&file, 1)?;
    let mut bytes = fs::read(&file)?;
    bytes.get_mut(..4_096).context("a page")?.fill(0x5a);
    fs::write(&file, &bytes)?;
    let window = branch.open()?;
    refused(&window, "STORE_DAMAGED", "sao lưu")?;
    window.kill_nine()?;
    ensure!(fs::read(&file)? == bytes, "the file was touched");
    Ok(())
}
