//! The self-service terminal in the real window: it takes the officer's place, over a restart too,
//! its page can do nothing else, and the code brings the officer's window back.

use anyhow::{Result, ensure};
use motcua_testkit::webdriver::Window;
use serde_json::json;

use crate::branch::Branch;

/// The only window that there is, once it is the wanted one.
fn alone(window: &Window, page: &str) -> Result<()> {
    let handles = window.wait_handles(1)?;
    window.switch_to(&handles[0])?;
    window.wait_until(page, &format!("location.pathname.endsWith('{page}')"))?;
    Ok(())
}

fn invoke(window: &Window, command: &str, args: serde_json::Value) -> Result<String> {
    let told = window.execute(
        "return window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]).then(() => 'done', e => typeof e === 'string' ? e : e.code)",
        json!([command, args]),
    )?;
    Ok(told.as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_terminal_takes_the_window_and_only_the_code_gives_it_back() -> Result<()> {
    let branch = Branch::new()?;
    let window = branch.sign_in()?;
    branch.call("kiosk.enter", &json!({"code": "4711"}))?;
    alone(&window, "/kiosk.html")?;
    window.wait_text("Mời chọn việc cần làm")?;
    window.click(".tile")?;
    window.click(".go")?;
    window.wait_until(
        "the number",
        "document.querySelector('.number')?.innerText === 'A-001'",
    )?;

    for (command, args, told) in [
        (
            "rpc",
            json!({"name": "queue.snapshot", "args": {}, "officer": "lan"}),
            "not allowed",
        ),
        ("board_open", json!({}), "not allowed"),
        (
            "kiosk_rpc",
            json!({"name": "queue.snapshot", "args": {}}),
            "NOT_ALLOWED",
        ),
        (
            "kiosk_rpc",
            json!({"name": "kiosk.leave", "args": {}}),
            "FIELD_REQUIRED",
        ),
        (
            "kiosk_rpc",
            json!({"name": "kiosk.leave", "args": {"code": "0000"}}),
            "KIOSK_CODE_WRONG",
        ),
        (
            "plugin:window|close",
            json!({"label": "kiosk"}),
            "not allowed",
        ),
    ] {
        let answer = invoke(&window, command, args)?;
        ensure!(answer.contains(told), "{command}: {answer}");
    }

    // Pulling the plug is not a way out.
    window.kill_nine()?;
    let window = branch.open()?;
    alone(&window, "/kiosk.html")?;
    window.wait_text("Mời chọn việc cần làm")?;
    let told = invoke(
        &window,
        "kiosk_rpc",
        json!({"name": "kiosk.leave", "args": {"code": "4711"}}),
    );
    // The answer may be cut off by the end of the window that asked.
    ensure!(told.as_deref().unwrap_or("done") == "done", "{told:?}");
    alone(&window, "/index.html").or_else(|_| alone(&window, "/"))?;
    window.wait_text("Nguyễn Thị Thanh Hà")?;
    Ok(())
}
