//! A receipt saved as a file: the window puts it where this user keeps downloads, and says where.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::branch::{Branch, call_and_start, choose_procedure, complete_papers};

/// Where the strip says the file is.
fn told(window: &motcua_testkit::webdriver::Window, ending: &str) -> Result<PathBuf> {
    let words = "document.querySelector('footer .said').innerText.normalize()";
    window.wait_until(
        "the place of the file",
        &format!(
            "{words}.startsWith('Đã lưu') && {words}.includes({})",
            json!(ending)
        ),
    )?;
    let said = window.text("footer .said")?;
    let path = said.trim_start_matches("Đã lưu ").trim_end_matches('.');
    Ok(PathBuf::from(path))
}

#[test]
fn a_saved_receipt_is_where_the_window_says() -> Result<()> {
    let branch = Branch::new()?;
    let window = branch.sign_in()?;
    branch.register(Some("Lò Thị Mai"))?;
    call_and_start(&window)?;
    choose_procedure(&window)?;
    complete_papers(&window)?;
    window.press("F9")?;
    window.wait_text("an toàn trên máy")?;
    let found = branch.call("case.search", &json!({"text": "Lò Thị Mai"}))?;
    let code = found[0]["case_code"].as_str().context("a case code")?;

    window.press("Ctrl+S")?;
    let first = told(&window, ".pdf")?;
    let bytes =
        std::fs::read(&first).with_context(|| format!("{} is not there", first.display()))?;
    ensure!(bytes.starts_with(b"%PDF-"), "{} is no PDF", first.display());
    ensure!(
        bytes.windows(5).any(|end| end == b"%%EOF"),
        "{} is cut short",
        first.display()
    );
    let name = first.file_name().context("a name")?.to_string_lossy();
    ensure!(name.contains(code), "{name} does not name {code}");

    // Saved again, the first file stays as it is.
    window.press("Ctrl+S")?;
    let second = told(&window, " (2).pdf")?;
    ensure!(first.exists() && second.exists() && first != second);
    Ok(())
}
