//! What really comes out of printers: a ticket printer on a TCP port and one on a serial cable, whose
//! bytes are interpreted as a printer does and whose codes are read by zbar; and how printers are set
//! up on this machine.

use std::{
    fs,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use motcua_app::{App, Settings};
use motcua_domain::Code;
use motcua_testkit::{
    branch::{OFFICER, TestBranch, caller, case, id, open},
    cups::CupsHarness,
    escpos::{self, Strip},
    printer9100::Printer9100,
    serial_printer::SerialPrinter,
};
use serde_json::{Value, json};

// Longer than what was taken back waits to be told again to a service that was away.
const LIMIT: Duration = Duration::from_secs(60);

/// The branch with its printing thread.
fn at_work(branch: &mut TestBranch) -> Arc<App> {
    at_work_beside(branch, None)
}

/// The same, with that print service.
fn at_work_beside(branch: &mut TestBranch, cups: Option<&CupsHarness>) -> Arc<App> {
    branch.close();
    let settings = Settings {
        printing: true,
        cups: cups.map(CupsHarness::address),
        ..branch.settings()
    };
    open(settings, &branch.clock).unwrap()
}

fn ask(app: &App, verb: &str, args: Value) -> Value {
    app.call(&caller(OFFICER), verb, args).unwrap()
}

/// The jobs as told, once they are as they are waited for: the printers work beside the test, and
/// it looks again until a limit.
#[track_caller]
fn jobs_when(app: &App, there: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    when(
        || {
            ask(app, "print.jobs", json!({}))
                .as_array()
                .unwrap()
                .clone()
        },
        |jobs| there(jobs),
    )
}

/// What is looked at, once it is as it is waited for. Whoever changes it tells nobody here; the limit
/// only ends a test that has failed.
#[track_caller]
fn when<T: std::fmt::Debug>(look: impl Fn() -> T, there: impl Fn(&T) -> bool) -> T {
    let until = Instant::now() + LIMIT;
    loop {
        let seen = look();
        if there(&seen) {
            return seen;
        }
        assert!(Instant::now() < until, "{seen:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn is_over(job: &Value) -> bool {
    matches!(job["state"].as_str(), Some("done" | "failed"))
}

/// The newest job, when it has ended.
#[track_caller]
fn ended(app: &App) -> Value {
    jobs_when(app, |jobs| is_over(&jobs[0])).swap_remove(0)
}

#[track_caller]
fn strip(job: &[u8]) -> Strip {
    let strips = escpos::print(job).unwrap();
    assert_eq!(strips.len(), 1, "one ticket, one cut");
    assert!(strips[0].cut);
    strips[0].clone()
}

#[test]
fn a_ticket_printer_on_the_network_prints_a_ticket_that_a_phone_reads() {
    let mut branch = TestBranch::demo();
    let visit = branch.walk_in();
    let app = at_work(&mut branch);
    let printer = Printer9100::start().unwrap();
    let there = format!("tcp:{}", printer.address());
    ask(
        &app,
        "printer.assign",
        json!({"kind": "ticket", "printer": there}),
    );
    ask(&app, "print.submit", json!({"kind": "ticket", "id": visit}));
    let paper = strip(&printer.next_job(LIMIT).unwrap());
    assert_eq!(ended(&app)["state"], "done");
    let ticket = id(&ask(&app, "visit.get", json!({"visit_id": visit}))["ticket"]);
    assert_eq!(paper.width, 576);
    assert_eq!(paper.codes(), [format!("{ticket} 2026-11-23")]);
    // The same for narrow paper: fewer dots, and the code is still read.
    ask(
        &app,
        "printer.profile",
        json!({"printer": there, "profile": {"paper": "roll58"}}),
    );
    ask(&app, "print.submit", json!({"kind": "ticket", "id": visit}));
    let narrow = strip(&printer.next_job(LIMIT).unwrap());
    assert_eq!(narrow.width, 384);
    assert_eq!(narrow.codes(), [format!("{ticket} 2026-11-23")]);
}

#[test]
fn a_ticket_printer_on_a_serial_cable_prints_the_same() {
    let mut branch = TestBranch::demo();
    let visit = branch.walk_in();
    let cable_folder = branch.beside("cable");
    fs::create_dir(&cable_folder).unwrap();
    let cable = SerialPrinter::plug(&cable_folder);
    let app = at_work(&mut branch);
    let there = format!("serial:{}@115200", cable.port().display());
    ask(
        &app,
        "print.submit",
        json!({"kind": "ticket", "id": visit, "printer": there}),
    );
    let job = ended(&app);
    assert_eq!(job["state"], "done", "{job}");
    let paper = strip(&cable.job());
    let ticket = id(&ask(&app, "visit.get", json!({"visit_id": visit}))["ticket"]);
    assert_eq!(paper.codes(), [format!("{ticket} 2026-11-23")]);
    // The cable pulled: the paper is kept, and the officer is told.
    drop(cable);
    ask(
        &app,
        "print.submit",
        json!({"kind": "ticket", "id": visit, "printer": there}),
    );
    let job = ended(&app);
    assert_eq!(job["state"], "failed", "{job}");
    assert!(
        job["message"].as_str().unwrap().contains("chưa in"),
        "{job}"
    );
}

#[test]
fn a_test_page_shows_edges_and_a_code_on_every_kind_of_printer() {
    let mut branch = TestBranch::demo();
    let out = branch.beside("papers");
    let app = at_work(&mut branch);
    let printer = Printer9100::start().unwrap();
    let there = format!("tcp:{}", printer.address());
    ask(
        &app,
        "printer.profile",
        json!({"printer": there, "profile": {"dots": 512}}),
    );
    let job = ask(&app, "printer.test", json!({"printer": there}));
    assert_eq!(
        (&job["kind"], &job["title"]),
        (&json!("test"), &json!("In thử"))
    );
    let paper = strip(&printer.next_job(LIMIT).unwrap());
    assert_eq!(paper.width, 512);
    // Both outermost dots: a width set too large loses the right one.
    let middle = paper.rows.len() / 2;
    assert!(paper.is_ink(0, middle) && paper.is_ink(511, middle));
    assert_eq!(paper.codes(), ["IN THU 2026-11-23 08:00"]);
    let folder = format!("folder:{}", out.display());
    ask(&app, "printer.test", json!({"printer": folder}));
    assert_eq!(ended(&app)["state"], "done");
    let page = fs::read_dir(&out).unwrap().next().unwrap().unwrap().path();
    let info = std::process::Command::new("pdfinfo")
        .arg(&page)
        .output()
        .unwrap();
    let info = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(info.contains("Page size"), "{info}");
    assert!(
        info.contains("A5") || info.contains("419") || info.contains("420"),
        "{info}"
    );
    // A test page belongs to nobody: nothing of it is in the log, and it cannot be asked for as a form.
    let refused = app
        .call(
            &caller(OFFICER),
            "print.submit",
            json!({"kind": "test", "id": uuid_of_nobody()}),
        )
        .unwrap_err();
    assert_eq!(refused.code, Code::DocumentUnknown);
}

fn uuid_of_nobody() -> &'static str {
    "00000000-0000-0000-0000-000000000000"
}

#[test]
fn a_form_may_have_a_printer_of_its_own_and_others_go_where_receipts_go() {
    let branch = TestBranch::demo();
    let received = branch.ok(OFFICER, "case.receive", case());
    let case_id = &received["case_id"];
    let goes_to = |kind: &str| {
        branch.ok(
            OFFICER,
            "print.submit",
            json!({"kind": kind, "id": case_id}),
        )["printer"]
            .clone()
    };
    branch.ok(
        OFFICER,
        "printer.assign",
        json!({"kind": "receipt", "printer": "cups:A5"}),
    );
    assert_eq!(goes_to("receipt"), "cups:A5");
    branch.ok(
        OFFICER,
        "case.hand_over",
        json!({"id": case_id, "to": "Phòng Tư pháp"}),
    );
    assert_eq!(goes_to("control"), "cups:A5");
    let answer = branch.ok(
        OFFICER,
        "printer.assign",
        json!({"kind": "control", "printer": "cups:A4"}),
    );
    assert_eq!(
        answer["forms"],
        json!([{"kind": "control", "printer": "cups:A4"}])
    );
    assert_eq!(goes_to("control"), "cups:A4");
    assert_eq!(goes_to("receipt"), "cups:A5");
}

#[test]
fn what_a_printer_cannot_be_is_refused_with_the_field() {
    let branch = TestBranch::demo();
    for (printer, profile, field) in [
        ("cups:A5", json!({"dots": 575}), "profile.dots"),
        ("cups:A5", json!({"dots": 1000}), "profile.dots"),
        ("cups:A5", json!({"tray": "Khay số 2"}), "profile.tray"),
        ("tcp:10.0.0.9", json!({"tray": "tray-2"}), "profile.tray"),
        ("tcp:10.0.0.9", json!({"paper": "a5"}), "profile.paper"),
        ("serial:COM3@0", json!({}), "printer"),
        ("serial:COM3@9600+dtr", json!({}), "printer"),
        ("usb:1", json!({}), "printer"),
    ] {
        let refused = branch.refused(
            OFFICER,
            "printer.profile",
            json!({"printer": printer, "profile": profile}),
        );
        assert_eq!(refused.field.as_deref(), Some(field), "{printer} {profile}");
    }
    // What is set up by hand is listed, with how it is set up, until it is forgotten.
    let ask = json!({"printer": "serial:COM3@19200+xonxoff", "profile": {"paper": "roll58"}});
    branch.ok(OFFICER, "printer.profile", ask);
    let listed = branch.ok(OFFICER, "printer.list", json!({}))["printers"].clone();
    let of = |list: &Value| {
        let list = list.as_array().unwrap().iter();
        list.filter(|p| p["id"] == "serial:COM3@19200+xonxoff")
            .count()
    };
    assert_eq!(of(&listed), 1, "{listed}");
    branch.ok(
        OFFICER,
        "printer.profile",
        json!({"printer": "serial:COM3@19200+xonxoff"}),
    );
    let listed = branch.ok(OFFICER, "printer.list", json!({}))["printers"].clone();
    assert_eq!(of(&listed), 0, "{listed}");
}

/// Nobody is there.
const DEAD: &str = "tcp:127.0.0.1:1";

/// Waits until every job is over, and answers them as told.
#[track_caller]
fn all_over(app: &App) -> Vec<Value> {
    jobs_when(app, |jobs| jobs.iter().all(is_over))
}

#[test]
fn a_paper_that_failed_is_told_first_whatever_came_after_until_somebody_decides() {
    let mut branch = TestBranch::demo();
    let (first, other) = (branch.walk_in(), branch.walk_in());
    let out = branch.beside("papers");
    fs::create_dir(&out).unwrap();
    let app = at_work(&mut branch);
    let submit = |visit: &str, printer: &str| {
        let args = json!({"kind": "ticket", "id": visit, "printer": printer});
        ask(&app, "print.submit", args)["job_id"].clone()
    };
    let failed = [submit(&first, DEAD), submit(&other, DEAD)];
    let whole = format!("folder:{}", out.display());
    for _ in 0..53 {
        submit(&other, &whole);
    }
    let jobs = all_over(&app);
    let (newest, older) = (&jobs[0], &jobs[1]);
    assert_eq!(
        [&older["job_id"], &newest["job_id"]],
        [&failed[0], &failed[1]]
    );
    assert!([older, newest].iter().all(|job| job["state"] == "failed"));
    assert_eq!(jobs.len(), 2 + 50);

    // Set aside with a reason that stands beside it from then on; without one it stays.
    let aside = |reason: &str| {
        let args = json!({"job_id": failed[0], "reason": reason});
        app.call(&caller(OFFICER), "print.cancel", args)
    };
    assert_eq!(aside("  ").unwrap_err().field.as_deref(), Some("reason"));
    let job = aside("Người dân đã về").unwrap();
    assert_eq!(job["state"], "cancelled");
    let message = id(&job["message"]);
    assert!(message.ends_with("bỏ in: Người dân đã về"), "{message}");

    // All that is left goes to the printer that stands there now.
    let printer = Printer9100::start().unwrap();
    let there = format!("tcp:{}", printer.address());
    ask(
        &app,
        "printer.assign",
        json!({"kind": "ticket", "printer": there}),
    );
    assert_eq!(
        ask(&app, "print.retry_all", json!({})),
        json!({"queued": 1, "without_printer": 0})
    );
    let ticket = id(&ask(&app, "visit.get", json!({"visit_id": other}))["ticket"]);
    let paper = strip(&printer.next_job(LIMIT).unwrap());
    assert_eq!(paper.codes(), [format!("{ticket} 2026-11-23")]);
    jobs_when(&app, |jobs| jobs[0]["state"] != "failed");
}

/// What a print service still has to print, by number.
fn in_the_queue(cups: &CupsHarness) -> Vec<String> {
    let told = Command::new("lpstat")
        .args(["-h", &cups.address(), "-W", "not-completed", "-o", "pdf"])
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let number = |line: &str| {
        line.split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    told.lines().map(number).collect()
}

#[test]
fn what_was_taken_back_from_a_paused_printer_does_not_come_out_when_it_goes_on() {
    let mut cups = CupsHarness::start().unwrap();
    cups.pause("pdf").unwrap();
    let mut branch = TestBranch::demo();
    let case = || id(&branch.ok(OFFICER, "case.receive", case())["case_id"]);
    let cases = [case(), case()];
    let app = at_work_beside(&mut branch, Some(&cups));
    let [gone, again] = cases.map(|case| {
        let args = json!({"kind": "receipt", "id": case, "printer": "cups:pdf"});
        ask(&app, "print.submit", args)["job_id"].clone()
    });
    jobs_when(&app, |jobs| {
        jobs.iter().all(|job| job["message"].is_string())
    });
    let first = in_the_queue(&cups);
    assert_eq!(first.len(), 2);
    // The service is away just then: it is told as soon as it is there again.
    cups.kill().unwrap();
    let aside = json!({"job_id": gone, "reason": "In nhầm"});
    ask(&app, "print.cancel", aside);
    let may_come_out = |jobs: &[Value]| {
        let job = jobs.iter().find(|job| job["job_id"] == gone);
        job.is_some_and(|job| job["may_come_out"] == true)
    };
    jobs_when(&app, may_come_out);
    cups.restart().unwrap();
    ask(&app, "print.retry", json!({"job_id": again}));
    when(
        || in_the_queue(&cups),
        |now| now.len() == 1 && !first.contains(&now[0]),
    );
    jobs_when(&app, |jobs| !may_come_out(jobs));
    cups.resume("pdf").unwrap();
    jobs_when(&app, |jobs| {
        jobs.iter()
            .any(|job| job["job_id"] == again && job["state"] == "done")
    });
    assert_eq!(cups.outputs().unwrap().len(), 1, "once, not three times");
}

#[test]
fn a_print_service_that_never_comes_back_is_not_told_for_ever() {
    let mut cups = CupsHarness::start().unwrap();
    cups.pause("pdf").unwrap();
    let mut branch = TestBranch::demo();
    let case = id(&branch.ok(OFFICER, "case.receive", case())["case_id"]);
    let app = at_work_beside(&mut branch, Some(&cups));
    let args = json!({"kind": "receipt", "id": case, "printer": "cups:pdf"});
    let job = ask(&app, "print.submit", args)["job_id"].clone();
    jobs_when(&app, |jobs| jobs[0]["message"].is_string());
    cups.kill().unwrap();
    ask(
        &app,
        "print.cancel",
        json!({"job_id": job, "reason": "In nhầm"}),
    );
    jobs_when(&app, |jobs| jobs[0]["may_come_out"] == true);
    branch.clock.pass(8 * 24 * 3_600_000);
    jobs_when(&app, |jobs| jobs[0].get("may_come_out").is_none());
}

#[test]
fn a_page_that_takes_too_long_says_from_when_somebody_should_look() {
    // Nobody prints here: the job lies there as it would with a spooler that is stuck.
    let branch = TestBranch::demo();
    let visit = branch.walk_in();
    let args = json!({"kind": "ticket", "id": visit, "printer": DEAD});
    let job = branch.ok(OFFICER, "print.submit", args);
    assert_eq!(job["state"], "queued");
    let (made, stuck) = (id(&job["created_at"]), id(&job["stuck_from"]));
    let at = |time: &str| chrono::DateTime::parse_from_rfc3339(time).unwrap();
    assert_eq!((at(&stuck) - at(&made)).num_minutes(), 2);
}

#[test]
fn a_ticket_kept_for_one_kind_of_printer_is_drawn_anew_for_another() {
    let mut branch = TestBranch::demo();
    let (first, second) = (branch.walk_in(), branch.walk_in());
    let case = branch.ok(OFFICER, "case.receive", case())["case_id"].clone();
    let out = branch.beside("papers");
    fs::create_dir(&out).unwrap();
    let app = at_work(&mut branch);
    let submit = |args: Value| ask(&app, "print.submit", args)["job_id"].clone();
    // Drawn for a roll, and its printer is gone: a printer of pages takes it over.
    let roll = submit(json!({"kind": "ticket", "id": first, "printer": DEAD}));
    let receipt = submit(json!({"kind": "receipt", "id": case, "printer": "folder:/proc/nowhere"}));
    all_over(&app);
    let whole = format!("folder:{}", out.display());
    ask(
        &app,
        "print.retry",
        json!({"job_id": roll, "printer": whole}),
    );
    all_over(&app);
    let made: Vec<_> = fs::read_dir(&out)
        .unwrap()
        .map(|f| f.unwrap().path())
        .collect();
    assert_eq!(made.len(), 1, "{made:?}");
    assert!(fs::read(&made[0]).unwrap().starts_with(b"%PDF-"));

    // Kept with no printer at all, so drawn as a page: a roll takes it over.
    ask(
        &app,
        "print.submit",
        json!({"kind": "ticket", "id": second}),
    );
    let printer = Printer9100::start().unwrap();
    let there = format!("tcp:{}", printer.address());
    ask(
        &app,
        "printer.assign",
        json!({"kind": "ticket", "printer": there}),
    );
    ask(&app, "print.retry_all", json!({}));
    let ticket = id(&ask(&app, "visit.get", json!({"visit_id": second}))["ticket"]);
    let paper = strip(&printer.next_job(LIMIT).unwrap());
    assert_eq!(paper.codes(), [format!("{ticket} 2026-11-23")]);

    // A page is nothing for a roll, and stays.
    all_over(&app);
    let refused = app
        .call(
            &caller(OFFICER),
            "print.retry",
            json!({"job_id": receipt, "printer": there}),
        )
        .unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("printer"));
    let jobs = ask(&app, "print.jobs", json!({}));
    let kept = jobs
        .as_array()
        .unwrap()
        .iter()
        .find(|job| job["job_id"] == receipt);
    assert_eq!(kept.unwrap()["state"], "failed");
}
