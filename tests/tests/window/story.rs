//! The first citizen: from the card to the receipt in the hand, then the machine dies.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use motcua_testkit::{cups::CupsHarness, printer9100::Printer9100};
use serde_json::json;

use crate::branch::{Branch, call_and_start, choose_procedure, field, scan};

/// As it stands in the code of a citizen card: upper case, composed.
const CARD: &str =
    "001187004521|012345678|TRIỆU THỊ KIM OANH|06031987|Nữ|Tổ 5, Phường Bình Minh, Hà Nội|15082021";
const NAME: &str = "TRIỆU THỊ KIM OANH";
const SECOND: &str =
    "025054000912||HOÀNG VĂN KÝ|06031954|Nam|Thôn Nà Lạn, Xã Bình Minh, Lào Cai|01012022";

/// A serial scanner on a pseudo-terminal; unplugged when dropped.
struct Cable(Child);

impl Cable {
    fn plug(link: &Path) -> Result<Self> {
        let terminal = format!("PTY,link={},raw,echo=0", link.display());
        let socat = Command::new("socat")
            .args([terminal.as_str(), "STDIO"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("socat is missing: install the package socat")?;
        Ok(Self(socat))
    }

    fn scan(&mut self, text: &str) -> Result<()> {
        let wire = self.0.stdin.as_mut().context("a cable")?;
        wire.write_all(text.as_bytes())?;
        wire.write_all(b"\r")?;
        Ok(wire.flush()?)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn poppler(tool: &str, args: &[&str], file: &Path) -> Result<String> {
    let output = Command::new(tool).arg(file).args(args).output();
    let output =
        output.with_context(|| format!("{tool} is missing: install the package poppler-utils"))?;
    ensure!(
        output.status.success(),
        "{tool}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn from_the_card_to_the_receipt_and_all_is_there_after_kill_nine() -> Result<()> {
    let cups = CupsHarness::start()?;
    let thermal = Printer9100::start()?;
    let mut branch = Branch::new()?;
    branch.cups = cups.address();
    let port = branch.path().join("scanner");
    let mut cable = Cable::plug(&port)?;
    branch.scanner = Some(port);

    let window = branch.sign_in()?;
    // The window holds the folder: these go through it.
    branch.assign("receipt", &format!("cups:{}", cups.queue_pdf()))?;
    branch.assign("ticket", &format!("tcp:{}", thermal.address()))?;

    // Reception: a card read by a keyboard-wedge scanner, a digit, Enter.
    window.press("Ctrl+2")?;
    window.wait_text("Việc cần làm")?;
    scan(&window, CARD)?;
    window.wait_until(
        "the name of the card",
        &format!("{} === {}", field("Họ và tên"), json!(NAME)),
    )?;
    window.wait_until(
        "its number",
        &format!("{} === '001187004521'", field("Số căn cước / giấy tờ")),
    )?;
    window.press("1")?;
    window.wait_until(
        "a service",
        "document.querySelector('[role=radio][aria-checked=true]')",
    )?;
    window.press("Enter")?;
    window.wait_text("A-001")?;
    let ticket = thermal
        .next_job(Duration::from_secs(20))
        .context("no ticket came out of the printer")?;
    ensure!(ticket.len() > 1_000, "a ticket of {} bytes", ticket.len());

    // The next card comes by wire from a serial scanner.
    cable.scan(SECOND)?;
    window.wait_until(
        "the second name",
        &format!("{} === 'HOÀNG VĂN KÝ'", field("Họ và tên")),
    )?;
    window.press("1")?;
    window.wait_until(
        "a service",
        "document.querySelector('[role=radio][aria-checked=true]')",
    )?;
    window.press("Ctrl+Enter")?;
    window.wait_text("A-002")?;

    // Desk: 72 years go first; the card's owner is called after.
    window.press("Ctrl+1")?;
    call_and_start(&window)?;
    window.press("F10")?;
    window.wait_text("Đã kết thúc lượt A-002")?;
    call_and_start(&window)?;
    window.wait_text(NAME)?;
    choose_procedure(&window)?;
    // Two originals of the first paper by digit, the second is not asked for, the third complete,
    // the fourth is missing. No pause between the keys: they act in their order.
    for key in ["2", "Down", "Down", "Space"] {
        window.press(key)?;
    }
    let counts = "[...document.querySelectorAll('[role=grid] tr [data-cell]')].map(cell => cell.innerText.trim()).filter(n => /^[1-9]/.test(n)).join()";
    window.wait_until(
        "two of the first paper, one of the third",
        &format!("{counts} === '2,1'"),
    )?;
    window.press("F9")?;
    window.wait_text("Thiếu 1 giấy tờ bắt buộc")?;
    ensure!(
        branch.call("case.search", &json!({"text": NAME}))? == json!([]),
        "nothing is taken in without a ground"
    );
    // Back from the safe choice to the ready-made grounds; the last of them.
    window.press("Shift+Tab")?;
    window.press("Enter")?;
    window.wait_until(
        "a ground",
        "document.querySelector('dialog input')?.value.includes('gián đoạn')",
    )?;
    window.press("F9")?;
    window.wait_text("an toàn trên máy")?;
    window.wait_text("Đã in xong lúc")?;

    // The paper that came out of the real printing service.
    let found = branch.call("case.search", &json!({"text": NAME}))?;
    let code = found[0]["case_code"].as_str().context("a case code")?;
    window.wait_text(&format!("Đã tiếp nhận {code}, đã in 2 liên"))?;
    let papers = cups.outputs()?;
    ensure!(papers.len() == 1, "printed: {papers:?}");
    let text = poppler("pdftotext", &["-"], &papers[0])?;
    for wanted in [
        code,
        NAME,
        "Liên 1: Lưu",
        "Liên 2: Giao khách hàng",
        "Còn thiếu",
    ] {
        ensure!(text.contains(wanted), "no {wanted} on the receipt:\n{text}");
    }
    ensure!(
        !text.contains("BẢN IN LẠI"),
        "the first print is no reprint"
    );
    let facts = poppler("pdfinfo", &[], &papers[0])?;
    ensure!(facts.contains("(A5)"), "not A5: {facts}");
    window.press("F10")?;
    window.wait_text("Đã kết thúc lượt A-001")?;

    // The machine dies; the window is opened again on the same folder.
    let before = branch.call("day.figures", &json!({}))?;
    window.kill_nine()?;
    let window = branch.sign_in()?;
    window.press("Ctrl+3")?;
    window.wait_text(code)?;
    window.type_text("trieu thi kim oanh")?;
    window.wait_until(
        "one case",
        "document.querySelectorAll('tbody tr').length === 1",
    )?;
    window.press("Enter")?;
    window.wait_text("đã in 1 lần")?;
    let after = branch.call("day.figures", &json!({}))?;
    ensure!(
        after["served"] == 2 && after["served"] == before["served"],
        "{before} {after}"
    );
    for figure in ["mean_s", "max_s"] {
        ensure!(
            after[figure] == before[figure],
            "{figure}: {before} {after}"
        );
    }
    let queue = branch.call("queue.snapshot", &json!({}))?;
    for list in ["waiting", "called", "serving", "held", "missed"] {
        ensure!(queue[list] == json!([]), "{list}: {}", queue[list]);
    }
    let id = found[0]["case_id"].as_str().context("an id")?;
    let case = branch.call("case.get", &json!({"id": id}))?;
    let visit = branch.call("visit.get", &json!({"visit_id": case["case"]["visit_id"]}))?;
    ensure!(
        visit["state"] == "closed" && visit["clocks"]["wait_ms"].is_number(),
        "{visit}"
    );
    let jobs = branch.call("print.jobs", &json!({}))?;
    let jobs: Vec<_> = jobs
        .as_array()
        .context("jobs")?
        .iter()
        .map(|job| (&job["kind"], &job["state"]))
        .collect();
    ensure!(
        jobs == [
            (&json!("receipt"), &json!("done")),
            (&json!("ticket"), &json!("done"))
        ],
        "one receipt and one ticket, each printed once: {jobs:?}"
    );
    window.kill_nine()?;
    branch.verify()?;
    ensure!(
        cups.outputs()?.len() == 1,
        "nothing is printed again by itself"
    );
    ensure!(
        thermal.next_job(Duration::ZERO).is_none(),
        "nor is a ticket"
    );
    Ok(())
}
