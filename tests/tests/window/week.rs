//! The long story: the line is away for a week, five hundred people are served meanwhile, some of
//! them through the window; the line comes back, and central has every figure to the last digit and
//! every byte.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use motcua_app::{
    App, Settings,
    clock::{Clock as _, ManualClock, SystemClock},
};
use motcua_domain::visit::{
    Outcome, Visit,
    figures::{self, Sample, SampleKind},
};
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

/// How a visit counts, told anew from what central keeps.
fn sample(visit: &Visit) -> Option<Sample> {
    let kind = if visit.legs.iter().any(|l| l.serve_ms.is_some()) {
        SampleKind::Served
    } else {
        match visit.leg().outcome? {
            Outcome::Left => SampleKind::LeftBefore,
            Outcome::NoShow => SampleKind::NoShow,
            Outcome::UnservedAtClose | Outcome::EndedBySystem | Outcome::EndedByLogout => {
                SampleKind::UnservedAtClose
            }
            Outcome::Done | Outcome::Transferred | Outcome::Cancelled | Outcome::Void => {
                return None;
            }
        }
    };
    Some(Sample {
        wait_ms: visit.clocks(visit.last_ms).wait_ms,
        kind,
        accurate: visit.accurate(),
    })
}

/// Every figure of every day, as the branch tells it and as it follows from central's rows.
fn the_same_figures(branch: &Branch, central: &Central, office: &str) -> Result<u64> {
    let of = format!("FROM visit JOIN office USING (office_id) WHERE code = '{office}'");
    let dates = central
        .postgres
        .query(&format!("SELECT DISTINCT date {of} ORDER BY date"));
    let mut all = 0;
    for date in dates.lines() {
        let told = branch.call("day.figures", &json!({"date": date}))?;
        let docs = central
            .postgres
            .query(&format!("SELECT doc {of} AND date = '{date}'"));
        let visits: Vec<Visit> = docs
            .lines()
            .map(serde_json::from_str)
            .collect::<serde_json::Result<_>>()?;
        let minutes: Vec<u32> = told["targets"]
            .as_array()
            .context("targets")?
            .iter()
            .filter_map(|t| t["minutes"].as_u64())
            .map(|m| m as u32)
            .collect();
        let here = figures::day(visits.iter().filter_map(sample), &minutes);
        let here = serde_json::to_value(here)?;
        for (name, value) in here.as_object().context("figures")? {
            ensure!(
                told[name] == *value,
                "{date} {name}: {} at the branch, {value} at central",
                told[name]
            );
        }
        ensure!(told["registered"] == json!(visits.len()), "{date}: {told}");
        all += visits.len() as u64;
    }
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
