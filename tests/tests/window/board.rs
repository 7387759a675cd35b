//! The board in the hall as a second window: it opens by a key, shows a call by push, and its
//! page can look but not act.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::branch::Branch;

#[test]
fn the_board_opens_beside_the_desk_shows_a_call_and_can_do_nothing() -> Result<()> {
    let branch = Branch::new()?;
    let window = branch.sign_in()?;
    let desk = window.handles()?;
    ensure!(desk.len() == 1, "one window: {desk:?}");
    window.press("Ctrl+O")?;
    let opened = window.wait_handles(2)?;
    let board = opened.iter().find(|h| !desk.contains(h));
    window.switch_to(board.map_or("", String::as_str))?;
    window.wait_text("Chưa gọi số nào")?;

    let applicant = json!({"kind": "individual", "name": "Triệu Thị Kim Oanh"});
    let given = branch.call(
        "visit.register",
        &json!({"service": "ho-tich", "applicant": applicant}),
    )?;
    let call = json!({"visit_id": given["visit_id"], "counter": 3});
    branch.call("queue.call", &call)?;
    window.wait_until(
        "the call with its counter",
        "document.querySelector('.big')?.innerText === 'A-001' && document.querySelector('.to b').innerText === '3'",
    )?;
    let shown = window.text("body")?;
    ensure!(!shown.contains("Oanh"), "a name in the hall: {shown}");

    // The page of the board asks for what only an officer may: the shell refuses.
    for (command, args) in [
        (
            "rpc",
            json!({"name": "queue.snapshot", "args": {}, "officer": "lan"}),
        ),
        ("board_open", json!({})),
        (
            "plugin:event|emit",
            json!({"event": "change", "payload": {}}),
        ),
    ] {
        let told = window.execute(
            "return window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]).then(() => 'done', String)",
            json!([command, args]),
        )?;
        let told = told.as_str().unwrap_or_default();
        ensure!(told.contains("not allowed"), "{command}: {told}");
    }
    let clip = window.execute(
        "return window.__TAURI_INTERNALS__.invoke('board_clip', {name: 'moi-so'}).then(b => b.byteLength)",
        json!([]),
    )?;
    ensure!(clip.as_u64() > Some(10_000), "a clip of {clip} bytes");

    // Asked for again, it is the same window.
    window.switch_to(&desk[0])?;
    window.press("Ctrl+O")?;
    window.wait_text("Đã mở bảng gọi số")?;
    ensure!(window.handles()?.len() == 2, "no third window");
    Ok(())
}
