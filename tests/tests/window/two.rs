//! Two machines with a window each, the board open, one hub: what one records the other calls, the
//! hall sees it, the hub dies and comes back, and no window is loaded anew for any of it.

use std::{fs, path::Path, thread, time::Duration, time::Instant};

use anyhow::{Context as _, Result, ensure};
use motcua_testkit::{
    program::{Program, Serving},
    webdriver::Window,
};
use serde_json::{Value, json};

use crate::branch::{Branch, program};

struct Hub {
    folder: tempfile::TempDir,
    program: Program,
    serving: Option<Serving>,
    url: String,
}

impl Hub {
    fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("motcua-hub-").tempdir()?;
        let motcua = Program::new(program("motcua")?, folder.path());
        motcua.run(&["--json", "demo"]).json();
        let (serving, ready) = motcua.serve();
        let url = ready["url"].as_str().context("a hub has an address")?;
        Ok(Self {
            url: url.to_owned(),
            folder,
            program: motcua,
            serving: Some(serving),
        })
    }

    fn again(&mut self) {
        let address = self.url.trim_start_matches("https://");
        self.serving = Some(self.program.serve_at(address).0);
    }

    /// A machine of this branch.
    fn join(&self) -> Result<Branch> {
        let code = self.program.run(&["pair-code"]).json();
        let code = code["code"].as_str().context("a code")?;
        let machine = Branch::new()?;
        let joined = machine.motcua(&["pair", "--hub", &self.url, "--code", code])?;
        ensure!(
            joined.status.success(),
            "{}",
            String::from_utf8_lossy(&joined.stderr)
        );
        Ok(machine)
    }

    fn dump(&self) -> Vec<u8> {
        self.program.run(&["dump"]).out
    }
}

/// A picture beside the test's own files, for whoever wants to look.
fn shoot(window: &Window, name: &str) -> Result<()> {
    if let Some(folder) = std::env::var_os("MOTCUA_LOOK") {
        // A picture can be a frame old: only the last of these is kept.
        for _ in 0..3 {
            fs::write(
                Path::new(&folder).join(format!("{name}.png")),
                window.screenshot()?,
            )?;
        }
    }
    Ok(())
}

/// Whatever is on the page was put there since this was set.
fn mark(window: &Window) -> Result<()> {
    window
        .execute("window.neverLoadedAnew = true", json!([]))
        .map(drop)
}

fn is_marked(window: &Window) -> Result<()> {
    let marked = window.execute("return window.neverLoadedAnew", json!([]))?;
    ensure!(marked == true, "a page was loaded anew");
    Ok(())
}

const PILL: &str = "(document.querySelector('.sync')?.innerText ?? '').normalize()";

fn pill(window: &Window, says: &str) -> Result<()> {
    let expression = format!("{PILL}.includes({})", json!(says));
    window.wait_until(says, &expression).map(drop)
}

#[test]
fn two_windows_and_a_board_outlive_their_hub() -> Result<()> {
    let mut hub = Hub::start()?;
    let (one, two) = (hub.join()?, hub.join()?);
    let first = one.sign_in_at("1", "1")?;
    let second = two.sign_in_at("2", "2")?;
    pill(&first, "Chung hàng chờ")?;
    pill(&second, "Chung hàng chờ")?;

    // The board of the first machine, in the hall.
    let desk = first.handles()?;
    ensure!(desk.len() == 1, "one window: {desk:?}");
    first.press("Ctrl+O")?;
    let opened = first.wait_handles(2)?;
    let board = opened
        .into_iter()
        .find(|h| !desk.contains(h))
        .context("the board")?;
    first.switch_to(&board)?;
    first.wait_text("Chưa gọi số nào")?;
    mark(&first)?;
    first.switch_to(&desk[0])?;
    mark(&first)?;
    mark(&second)?;

    // Recorded at the one, called at the other, seen in the hall.
    ensure!(
        one.register(Some("Lò Thị Mai"))? == "A-001",
        "the hub's first number"
    );
    second.wait_text("Lò Thị Mai")?;
    second.press("F2")?;
    second.wait_text("Đã gọi A-001")?;
    first.switch_to(&board)?;
    first.wait_until(
        "the call in the hall",
        "document.querySelector('.big')?.innerText === 'A-001' && document.querySelector('.to b').innerText === '2'",
    )?;
    shoot(&first, "two-board")?;
    first.switch_to(&desk[0])?;

    // The hub dies: said calmly, and each goes on with numbers of its own.
    hub.serving = None;
    pill(&first, "Quầy tự chạy")?;
    pill(&second, "Quầy tự chạy")?;
    shoot(&first, "two-alone")?;
    let began = Instant::now();
    let own = one.register(Some("Hoàng Văn Ký"))?;
    ensure!(own.starts_with("2A-"), "{own}");
    ensure!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    first.wait_text("Hoàng Văn Ký")?;
    first.press("F2")?;
    first.wait_text(&format!("Đã gọi {own}"))?;
    first.press("F4")?;
    first.wait_text("Đang phục vụ")?;
    second.press("F4")?;
    second.wait_text("Đang phục vụ")?;
    shoot(&second, "two-second-alone")?;

    // Back on its address: one queue again, by itself.
    hub.again();
    pill(&first, "Chung hàng chờ")?;
    pill(&second, "Chung hàng chờ")?;
    let serving = |machine: &Branch| -> Result<usize> {
        let queue = machine.call("queue.snapshot", &json!({}))?;
        Ok(queue["serving"].as_array().map_or(0, Vec::len))
    };
    let until = Instant::now() + Duration::from_secs(30);
    while serving(&one)? < 2 || serving(&two)? < 2 {
        ensure!(Instant::now() < until, "the machines do not meet");
        thread::sleep(Duration::from_millis(100));
    }
    shoot(&first, "two-together")?;
    let next = two.register(Some("Phạm Quốc Dũng"))?;
    ensure!(next == "A-002", "{next}");
    first.wait_text("Phạm Quốc Dũng")?;
    for window in [&first, &second] {
        is_marked(window)?;
    }
    first.switch_to(&board)?;
    is_marked(&first)?;
    first.wait_text("A-001")?;
    shoot(&first, "two-board-after")?;

    // The same bytes everywhere, and all of it proven.
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let there = hub.dump();
        if [&one, &two]
            .iter()
            .all(|m| m.motcua(&["dump"]).is_ok_and(|d| d.stdout == there))
        {
            break;
        }
        ensure!(Instant::now() < until, "the machines do not agree");
        thread::sleep(Duration::from_millis(100));
    }
    let proven: Value = hub.program.run(&["verify"]).json();
    ensure!(proven["ok"] == true, "{proven}");
    for (machine, window) in [(&one, first), (&two, second)] {
        window.kill_nine()?;
        machine.verify()?;
    }
    ensure!(hub.folder.path().is_dir(), "the hub's folder");
    Ok(())
}
