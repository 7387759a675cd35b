//! The long story: the line is away for a week, five hundred people are served meanwhile, some of
//! them through the window; the line comes back, and central has every figure to the last digit and
//! every byte.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use motcua_app::{
    App, Settings,
    clock::{Clock as _, ManualClock, SystemClock},
};
use motcua_protocol::Time;
use motcua_testkit::{
    branch::{MINUTE, OFFICER, SUPERVISOR, caller, case, id},
    central::Central,
    program::Program,
    webdriver::Window,
};
use serde_json::{Value, json};

use crate::branch::{Branch, call_and_start, program, scan};

const DAYS: i64 = 6;
const A_DAY: usize = 70;
/// By keys in the window, and the rest of that day beside it.
const BY_KEYS: usize = 6;
const BESIDE: usize = 74;
const DAY: i64 = 24 * 60 * MINUTE;
const SERVICES: [&str; 5] = ["ho-tich", "noi-vu", "khoa-hoc", "tra-ket-qua", "huong-dan"];
const PILL: &str = "(document.querySelector('.sync')?.innerText ?? '').normalize()";

fn pill(window: &Window, says: &str) -> Result<()> {
    let expression = format!("{PILL}.includes({})", json!(says));
    window.wait_until(says, &expression).map(drop)
}

/// Eight in the morning in Vietnam, that many days before today.
fn morning(days_ago: i64) -> i64 {
    let zone = 7 * 3_600_000;
    let now = SystemClock::default().moment().wall_ms;
    let midnight = (now + zone).div_euclid(DAY) * DAY - zone;
    midnight - days_ago * DAY + 8 * 3_600_000
}

fn settings(branch: &Branch) -> Settings {
    Settings {
        state_dir: Some(branch.path().join("state")),
        ballast: false,
        ..Settings::new(branch.data())
    }
}

/// The branch begins on the first morning and is known to central; then nobody answers any more.
fn before_the_week(branch: &Branch, central: &mut Central) -> Result<(Program, String)> {
    let clock = Arc::new(ManualClock::at(morning(DAYS)));
    let app = App::demo(settings(branch), clock).map_err(|e| anyhow::anyhow!("{e}"))?;
    drop(app);
    let motcua = Program::new(program("motcua")?, branch.path());
    let status = motcua.answer("sync.status", &json!({}));
    let office = id(&status["office"]);
    // Known there and no more: what a session wrote would stand on this machine's clock, and no
    // record is earlier than the one before it.
    central.enrol(&motcua, &office);
    central.kill();
    Ok((motcua, office))
}

/// Somebody's visit on the clock of the test; how it goes follows from its number.
fn visit(app: &App, clock: &ManualClock, n: usize) -> Result<()> {
    let call = |name: &str, args: Value| {
        let answer = app.call(&caller(OFFICER), name, args);
        answer.map_err(|e| anyhow::anyhow!("{name}: {e:?}"))
    };
    let service = SERVICES[n % SERVICES.len()];
    let given = call("visit.register", json!({"service": service}))?;
    let visit = json!({"visit_id": given["visit_id"]});
    clock.pass(37_000 + (n as i64 * 7_919) % (4 * MINUTE));
    if n % 11 == 3 {
        call("leg.leave", visit)?;
        return Ok(());
    }
    let counter = n % 4 + 1;
    let called = json!({"visit_id": visit["visit_id"], "counter": counter});
    call("queue.call", called)?;
    clock.pass(11_000 + (n as i64 * 104_729) % MINUTE);
    if n % 13 == 5 {
        call("leg.miss", visit)?;
        return Ok(());
    }
    call("leg.start", visit.clone())?;
    if n.is_multiple_of(3) {
        let mut args = case();
        args["visit_id"] = visit["visit_id"].clone();
        call("case.receive", args)?;
    }
    clock.pass(MINUTE + (n as i64 * 15_485_863) % (3 * MINUTE));
    call("leg.finish", visit)?;
    Ok(())
}

/// The days before today, each closed in the evening.
fn the_week(branch: &Branch) -> Result<()> {
    let clock = Arc::new(ManualClock::at(morning(DAYS) + 10 * MINUTE));
    let app = App::open(settings(branch), Arc::clone(&clock));
    let app = app.map_err(|e| anyhow::anyhow!("{e}"))?;
    for day in 0..DAYS {
        let morning = clock.moment().wall_ms;
        for n in 0..A_DAY {
            visit(&app, &clock, n + day as usize * 17)?;
        }
        let close = app.call(&caller(SUPERVISOR), "day.close", json!({}));
        close.map_err(|e| anyhow::anyhow!("day.close: {e:?}"))?;
        let now = clock.moment().wall_ms;
        ensure!(now < morning + DAY, "the day was too long");
        clock.pass(morning + DAY - now);
    }
    Ok(())
}

/// Every figure of every day, as the branch tells it and as central does.
fn the_same_figures(branch: &Branch, central: &Central, office: &str) -> Result<u64> {
    let day = |days_ago: i64| Time::from_ms(morning(days_ago)).date().to_string();
    let there = central.figures(office, &day(DAYS), &day(0));
    let days = there["days"].as_array().context("days")?;
    ensure!(days.len() == DAYS as usize + 1, "{there}");
    let mut all = 0;
    for day in days {
        let told = branch.call("day.figures", &json!({"date": day["date"]}))?;
        for (name, value) in day.as_object().context("figures")? {
            // The branch counts no results that were returned.
            ensure!(
                name == "returned" || told[name] == *value,
                "{} {name}: {} at the branch, {value} at central",
                day["date"],
                told[name]
            );
        }
        all += day["registered"].as_u64().context("a count")?;
    }
    ensure!(there["all"]["registered"] == json!(all), "{there}");
    Ok(all)
}

#[test]
fn a_week_without_a_line_and_then_every_figure_and_every_byte_is_at_central() -> Result<()> {
    let branch = Branch::new()?;
    let mut central = Central::start();
    let (motcua, office) = before_the_week(&branch, &mut central)?;
    the_week(&branch)?;

    // Today, in the window. It says that it is alone and that everything is safe.
    let window = branch.sign_in()?;
    pill(&window, "chờ gửi")?;
    for n in 0..BY_KEYS {
        window.press("Ctrl+2")?;
        window.wait_text("Việc cần làm")?;
        let card = format!(
            "00118700{n:04}||NGUYỄN THỊ TUẦN {}|06031987|Nữ|Tổ {n}, Phường Bình Minh, Hà Nội|15082021",
            ["MỘT", "HAI", "BA", "BỐN", "NĂM", "SÁU"][n]
        );
        scan(&window, &card)?;
        window.press("1")?;
        window.wait_until(
            "a service",
            "document.querySelector('[role=radio][aria-checked=true]')",
        )?;
        window.press("Enter")?;
        window.wait_text(&format!("A-{:03}", n + 1))?;
        window.press("Ctrl+1")?;
        call_and_start(&window)?;
        window.press("F10")?;
        window.wait_text("Đã kết thúc lượt")?;
    }
    for n in 0..BESIDE {
        let service = SERVICES[n % SERVICES.len()];
        let given = branch.call("visit.register", &json!({"service": service}))?;
        let visit = json!({"visit_id": given["visit_id"]});
        if n % 5 == 2 {
            branch.call("leg.leave", &visit)?;
            continue;
        }
        let called = json!({"visit_id": visit["visit_id"], "counter": 2});
        branch.call("queue.call", &called)?;
        branch.call("leg.start", &visit)?;
        branch.call("leg.finish", &visit)?;
    }
    let waiting = branch.call("sync.status", &json!({}))?["unsent"]
        .as_u64()
        .context("a count")?;
    ensure!(waiting > 2_000, "{waiting} records wait");
    pill(&window, "chờ gửi")?;

    // The line is back; somebody presses the button and goes on working.
    central.up();
    window.press("Ctrl+5")?;
    let send = "[...document.querySelectorAll('button')].find(b => b.innerText.normalize().includes('Gửi ngay'))";
    window.wait_until("the button", &format!("{send} !== undefined"))?;
    window.execute(&format!("{send}.click()"), json!([]))?;
    pill(&window, "Đã gửi hết")?;
    let status = branch.call("sync.status", &json!({}))?;
    ensure!(status["unsent"] == 0, "{status}");
    let visits = the_same_figures(&branch, &central, &office)?;
    ensure!(
        visits == DAYS as u64 * A_DAY as u64 + (BY_KEYS + BESIDE) as u64,
        "{visits}"
    );
    window.kill_nine()?;
    let ran = motcua.run(&["dump"]);
    ensure!(
        ran.out == central.dump(&office).into_bytes(),
        "central prints other bytes"
    );
    branch.verify()
}
