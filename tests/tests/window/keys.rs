//! Function keys belong to the officer: the web view's own meanings (reload, find, print, caret
//! browsing, developer tools) never act.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::branch::Branch;

#[test]
fn function_keys_reach_the_page_and_the_web_view_does_nothing_with_them() -> Result<()> {
    let branch = Branch::new()?;
    let window = branch.sign_in()?;
    branch.register(Some("Sầm Văn Toản"))?;
    window.wait_text("Sầm Văn Toản")?;
    // A page that was loaded anew would have neither.
    window.execute(
        "window.marker = []; \
         window.addEventListener('keydown', e => setTimeout(() => window.marker.push([e.key, e.ctrlKey, e.defaultPrevented])), true)",
        json!([]),
    )?;
    let function = (1..=12).map(|n| format!("F{n}"));
    let control = "PSFRGEL".chars().map(|letter| format!("Ctrl+{letter}"));
    for keys in function.chain(control) {
        window.execute("window.marker.length = 0", json!([]))?;
        window.press(&keys)?;
        let key = keys.rsplit('+').next().unwrap_or_default();
        window.wait_until(
            &keys,
            &format!(
                "window.marker.some(([k]) => k.toLowerCase() === {})",
                json!(key.to_lowercase())
            ),
        )?;
        let seen = window.execute("return window.marker", json!([]))?;
        let seen = seen.as_array().cloned().unwrap_or_default();
        let (last, all) = (seen.last(), &seen);
        ensure!(
            last.is_some_and(|event| event[2] == Value::Bool(true)),
            "{keys} is left to the web view: {all:?}"
        );
        match keys.as_str() {
            "F2" => window.wait_text("Đang gọi")?,
            "F4" => window.wait_text("Đang phục vụ")?,
            "F10" => window.wait_text("Đã kết thúc lượt")?,
            _ => {}
        }
        // Whatever dialog it opened goes away again.
        window.press("Escape")?;
        window.wait_until("no dialog", "!document.querySelector('dialog[open]')")?;
    }
    let queue = branch.call("queue.snapshot", &json!({}))?;
    // F2 called, F4 started, F10 finished the one who waited: the keys meant what the rail says.
    ensure!(queue["recent"][0]["state"] == "closed", "{queue}");
    Ok(())
}
