//! A dead printer never blocks the desk and never loses the paper.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use motcua_testkit::cups::CupsHarness;
use serde_json::json;

use crate::branch::{Branch, call_and_start, choose_procedure, complete_papers};

#[test]
fn a_dead_printer_blocks_nothing_and_the_paper_outlives_kill_nine() -> Result<()> {
    let mut cups = CupsHarness::start()?;
    let mut branch = Branch::new()?;
    branch.cups = cups.address();
    let window = branch.sign_in()?;
    branch.assign("receipt", &format!("cups:{}", cups.queue_pdf()))?;
    branch.register(Some("Mùa A Chu"))?;
    call_and_start(&window)?;
    choose_procedure(&window)?;
    complete_papers(&window)?;
    cups.kill()?;

    let pressed = Instant::now();
    window.press("F9")?;
    window.wait_text("an toàn trên máy")?;
    ensure!(
        pressed.elapsed() < Duration::from_secs(5),
        "the desk waited {:?} for a printer",
        pressed.elapsed()
    );
    window.wait_text("Chưa in được giấy tiếp nhận")?;
    let card = window.text("[role=alert]")?;
    ensure!(
        card.contains("đã ghi") && card.contains("In lại"),
        "what is safe and what to do: {card}"
    );
    let found = branch.call("case.search", &json!({"text": "Mùa A Chu"}))?;
    ensure!(found[0]["status"] == "received", "{found}");

    // The machine dies before anybody could see to the printer.
    window.kill_nine()?;
    cups.restart()?;
    let window = branch.sign_in()?;
    window.wait_text("Chưa in được giấy tiếp nhận")?;
    ensure!(cups.outputs()?.is_empty(), "nothing is printed unasked");
    window.press("Ctrl+P")?;
    window.wait_text("Đã in xong lúc")?;
    ensure!(cups.outputs()?.len() == 1, "printed: {:?}", cups.outputs()?);

    // A stopped queue: the paper waits with its reason, and goes on by itself.
    cups.pause(cups.queue_pdf())?;
    window.press("Ctrl+P")?;
    window.wait_text("BẢN IN LẠI")?;
    window.wait_text("Máy in đang tạm dừng")?;
    cups.resume(cups.queue_pdf())?;
    window.wait_until(
        "the reprint",
        "/Đã in xong lúc.*BẢN IN LẠI/s.test(document.body.innerText.normalize())",
    )?;
    ensure!(cups.outputs()?.len() == 2, "printed: {:?}", cups.outputs()?);
    window.press("F10")?;
    window.wait_text("Đã kết thúc lượt")?;
    window.kill_nine()?;
    branch.verify()
}
