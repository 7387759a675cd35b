//! Pictures of the real window for the documents: `MOTCUA_SHOTS=1 cargo nextest run --test window shots`.

use std::fs;
use std::path::Path;

use anyhow::Result;
use motcua_testkit::webdriver::Window;
use serde_json::json;

use crate::branch::{Branch, call_and_start, choose_procedure, complete_papers, scan};

fn shoot(window: &Window, name: &str) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screenshots");
    for theme in ["light", "dark"] {
        window.execute(
            "document.documentElement.dataset.theme = arguments[0]",
            json!([theme]),
        )?;
        // A picture can be a frame old: only the last of these is kept.
        for _ in 0..3 {
            window.execute(
                "window.drawn = 0; requestAnimationFrame(() => requestAnimationFrame(() => window.drawn = 1))",
                json!([]),
            )?;
            window.wait_until(
                "a frame",
                "window.drawn && document.fonts.status === 'loaded'",
            )?;
            let picture = window.screenshot()?;
            fs::write(folder.join(format!("window-{name}-{theme}.png")), picture)?;
        }
    }
    Ok(())
}

#[test]
fn shots() -> Result<()> {
    if std::env::var_os("MOTCUA_SHOTS").is_none() {
        return Ok(());
    }
    let branch = Branch::new()?;
    let window = branch.open()?;
    window.wait_until(
        "a chosen officer",
        "document.querySelector('input[name=officer]:checked')",
    )?;
    shoot(&window, "start")?;
    // The supervisor sees every screen.
    for key in ["4", "Enter", "1", "Enter"] {
        window.press(key)?;
    }
    window.wait_text("F2")?;
    branch.assign("receipt", &format!("folder:{}", branch.path().display()))?;
    for name in [
        "Lò Thị Mai",
        "Hoàng Văn Ký",
        "Phạm Quốc Dũng",
        "Nguyễn Thị Ánh Tuyết",
        "Đặng Hữu Nghĩa",
        "Bùi Thị Hường",
    ] {
        branch.register(Some(name))?;
    }
    for _ in 0..2 {
        call_and_start(&window)?;
        choose_procedure(&window)?;
        complete_papers(&window)?;
        window.press("F9")?;
        window.wait_text("an toàn trên máy")?;
        window.press("F10")?;
        window.wait_text("Đã kết thúc lượt")?;
    }
    call_and_start(&window)?;
    choose_procedure(&window)?;
    window.press("Space")?;
    window.press("Down")?;
    window.press("Space")?;
    window.wait_until(
        "counts",
        "document.querySelectorAll('[role=grid] [aria-label$=\" 1 bản\"]').length >= 2",
    )?;
    shoot(&window, "desk")?;
    window.press("Ctrl+2")?;
    window.wait_text("Việc cần làm")?;
    scan(
        &window,
        "025054000912||HOÀNG VĂN KÝ|06031954|Nam|Thôn Nà Lạn, Xã Bình Minh, Lào Cai|01012022",
    )?;
    window.wait_text("Đã đọc thẻ Căn cước")?;
    window.press("1")?;
    window.wait_until("a preview", "document.body.innerText.includes('A-007')")?;
    shoot(&window, "reception")?;
    window.press("Ctrl+3")?;
    window.wait_until(
        "cases",
        "document.querySelectorAll('tbody tr').length === 2",
    )?;
    window.press("Enter")?;
    window.wait_text("Giấy tờ đã nhận")?;
    shoot(&window, "cases")?;
    window.press("Ctrl+4")?;
    window.wait_text("Chờ trung bình")?;
    shoot(&window, "supervisor")
}
