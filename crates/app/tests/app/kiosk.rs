//! The self-service terminal: what it may do, and how it is left.

use std::{fs, sync::Arc};

use motcua_app::kiosk::{KIOSK, VERBS};
use motcua_domain::Code;
use motcua_testkit::branch::{MINUTE, OFFICER, SERVICE, SUPERVISOR, TestBranch, id};
use rstest::rstest;
use serde_json::{Value, json};

const CARD: &str =
    "025054000912|012345678|Hoàng Văn Ký|06031954|Nam|Thôn Nà Lạn, xã Bình Minh, Lào Cai|01012022";
const CODE: &str = "274915";

fn terminal() -> TestBranch {
    let branch = TestBranch::demo();
    branch.ok(SUPERVISOR, "kiosk.enter", json!({"code": CODE}));
    branch
}

fn register(branch: &TestBranch, more: Value) -> Value {
    let mut args = json!({"service": SERVICE});
    if let (Some(args), Some(more)) = (args.as_object_mut(), more.as_object()) {
        args.extend(more.clone());
    }
    branch.ok(KIOSK, "kiosk.register", args)
}

#[test]
fn a_terminal_can_do_nothing_but_what_it_is_for() {
    let branch = terminal();
    let before = branch.events();
    for verb in motcua_app::commands() {
        let name = id(&verb["name"]);
        if VERBS.contains(&name.as_str()) {
            continue;
        }
        let refusal = branch.refused(KIOSK, &name, json!({}));
        assert_eq!(refusal.code, Code::NotAllowed, "{name}");
    }
    assert_eq!(branch.events(), before);
    let names: Vec<String> = motcua_app::commands()
        .iter()
        .map(|verb| id(&verb["name"]))
        .collect();
    for name in VERBS {
        assert!(names.iter().any(|n| n == name), "{name} is a verb");
    }
}

#[test]
fn no_officer_can_be_named_like_a_terminal() {
    let branch = TestBranch::demo();
    let mut document = branch.ok(SUPERVISOR, "branch.get", json!({}))["branch"].clone();
    document["officers"][0]["id"] = json!(KIOSK);
    let refusal = branch.refused("quan-tri", "branch.configure", json!({"branch": document}));
    assert_eq!(refusal.field.as_deref(), Some("branch.officers[0].id"));
}

#[test]
fn a_card_is_greeted_without_its_name_and_stands_in_the_visit() {
    let branch = terminal();
    let greeting = branch.ok(KIOSK, "kiosk.greet", json!({"raw": CARD}));
    assert_eq!(greeting, json!({"name": "H. V. Ký", "class": "elderly"}));
    let given = register(&branch, json!({"raw": CARD, "class": "elderly"}));
    assert_eq!(given["ticket"], "A-001");
    assert_eq!(given["ranked_as_at"], "2026-11-23T07:45:00.000+07:00");
    let snapshot = branch.ok(OFFICER, "queue.snapshot", json!({}));
    assert_eq!(snapshot["waiting"][0]["name"], "Hoàng Văn Ký");
    assert_eq!(snapshot["waiting"][0]["claimed"], true);
    let log = branch.ok(OFFICER, "visit.log", json!({"visit_id": given["visit_id"]}));
    assert_eq!(log[0]["officer"], "Máy lấy số tự phục vụ");
    let shown = branch.ok(KIOSK, "kiosk.get", json!({})).to_string();
    for secret in ["Hoàng", "025054000912"] {
        assert!(!shown.contains(secret), "{shown}");
        assert!(!given.to_string().contains(secret), "{given}");
    }
    branch.assert_sound();
}

#[test]
fn a_terminal_prints_its_own_fresh_ticket_twice_and_no_other() {
    let branch = terminal();
    branch.ok(
        OFFICER,
        "printer.assign",
        json!({"kind": "ticket", "printer": "folder:/nowhere"}),
    );
    let print = |visit: &Value| json!({"visit_id": visit});
    let at_desk = json!(branch.walk_in());
    assert_eq!(
        branch.refused(KIOSK, "kiosk.print", print(&at_desk)).code,
        Code::NotAllowed
    );
    let given = register(&branch, json!({}));
    let job = branch.ok(KIOSK, "kiosk.print", print(&given["visit_id"]));
    let state = branch.ok(KIOSK, "kiosk.paper", json!({"job_id": job["job_id"]}));
    assert_eq!(state["state"], "queued");
    branch.ok(KIOSK, "kiosk.print", print(&given["visit_id"]));
    let third = branch.refused(KIOSK, "kiosk.print", print(&given["visit_id"]));
    assert_eq!(third.code, Code::NotAllowed);
    let later = register(&branch, json!({}));
    branch.pass(6 * MINUTE);
    assert_eq!(
        branch
            .refused(KIOSK, "kiosk.print", print(&later["visit_id"]))
            .code,
        Code::NotAllowed
    );
    let old = json!({"job_id": job["job_id"]});
    assert_eq!(
        branch.refused(KIOSK, "kiosk.paper", old).code,
        Code::NotAllowed
    );
}

#[test]
fn a_closed_service_gives_a_terminal_nothing() {
    let branch = terminal();
    branch.ok(
        SUPERVISOR,
        "queue.issuing",
        json!({"service": SERVICE, "open": false}),
    );
    let look = branch.ok(KIOSK, "kiosk.get", json!({}));
    assert_eq!(look["services"][0]["shut"]["why"], "stopped");
    assert_eq!(look["services"][0]["shut"]["may_pass"], Value::Null);
    let refusal = branch.refused(
        KIOSK,
        "kiosk.register",
        json!({"service": SERVICE, "despite": "tôi vội"}),
    );
    assert_eq!(refusal.code, Code::ServiceClosed);
}

#[rstest]
#[case::booked(json!({"service": SERVICE, "class": "appointment"}), "class")]
#[case::damaged(json!({"service": SERVICE, "raw": "025054000912||Hoàng"}), "raw")]
#[case::unknown(json!({"service": "bay"}), "service")]
fn nonsense_at_a_terminal_is_refused_with_its_field(#[case] args: Value, #[case] field: &str) {
    let branch = terminal();
    let before = branch.events();
    let refusal = branch.refused(KIOSK, "kiosk.register", args);
    assert_eq!(refusal.field.as_deref(), Some(field));
    assert_eq!(branch.events(), before);
}

#[rstest]
#[case::short("123")]
#[case::long("123456789")]
#[case::letters("12ab56")]
#[case::none("")]
fn a_code_has_four_to_eight_digits(#[case] code: &str) {
    let branch = TestBranch::demo();
    let refusal = branch.refused(SUPERVISOR, "kiosk.enter", json!({"code": code}));
    assert_eq!(refusal.field.as_deref(), Some("code"));
    assert!(!branch.app().kiosk_on());
}

#[test]
fn only_a_supervisor_turns_it_on() {
    let branch = TestBranch::demo();
    for officer in [OFFICER, "khoi"] {
        let refusal = branch.refused(officer, "kiosk.enter", json!({"code": CODE}));
        assert_eq!(refusal.code, Code::NotAllowed);
    }
    assert!(!branch.app().kiosk_on());
}

#[test]
fn the_mode_survives_a_restart_and_the_code_lies_nowhere() {
    let mut branch = terminal();
    branch.open().unwrap();
    assert!(branch.app().kiosk_on());
    assert_eq!(
        branch.refused(KIOSK, "kiosk.leave", json!({})).code,
        Code::FieldRequired
    );
    let dir = branch.dir();
    branch.close();
    for file in fs::read_dir(&dir).unwrap().flatten() {
        let Ok(bytes) = fs::read(file.path()) else {
            continue;
        };
        let found = bytes.windows(CODE.len()).any(|w| w == CODE.as_bytes());
        assert!(!found, "{}", file.path().display());
    }
    branch.open().unwrap();
    branch.ok(KIOSK, "kiosk.leave", json!({"code": CODE}));
    assert!(!branch.app().kiosk_on());
    branch.open().unwrap();
    assert!(!branch.app().kiosk_on());
}

#[test]
fn wrong_codes_cost_longer_and_longer_waits_over_a_restart_too() {
    let mut branch = terminal();
    let wrong = || json!({"code": "0000"});
    for left in (1..5).rev() {
        let refusal = branch.refused(KIOSK, "kiosk.leave", wrong());
        assert_eq!(refusal.code, Code::KioskCodeWrong);
        assert!(
            refusal.message.contains(&format!("Còn {left} lần")),
            "{}",
            refusal.message
        );
    }
    let refusal = branch.refused(KIOSK, "kiosk.leave", wrong());
    assert_eq!(refusal.code, Code::KioskTooMany);
    assert!(refusal.message.contains("0:30"), "{}", refusal.message);
    branch.open().unwrap();
    let right = json!({"code": CODE});
    assert_eq!(
        branch.refused(KIOSK, "kiosk.leave", right.clone()).code,
        Code::KioskTooMany,
        "not even the right one, not even after a restart"
    );
    branch.pass(30_000);
    for _ in 0..4 {
        branch.refused(KIOSK, "kiosk.leave", wrong());
    }
    let refusal = branch.refused(KIOSK, "kiosk.leave", wrong());
    assert!(refusal.message.contains("1:00"), "{}", refusal.message);
    assert!(register(&branch, json!({}))["ticket"].is_string());
    branch.pass(MINUTE);
    branch.ok(KIOSK, "kiosk.leave", right);
    assert!(!branch.app().kiosk_on());
}

#[test]
fn a_forgotten_code_is_undone_by_a_supervisor_elsewhere() {
    let branch = terminal();
    let refusal = branch.refused(OFFICER, "kiosk.leave", json!({}));
    assert_eq!(refusal.code, Code::NotAllowed);
    branch.ok(SUPERVISOR, "kiosk.leave", json!({}));
    assert!(!branch.app().kiosk_on());
}

#[test]
fn a_damaged_file_is_no_way_out() {
    let mut branch = terminal();
    branch.close();
    fs::write(branch.dir().join("kiosk.json"), b"{").unwrap();
    branch.open().unwrap();
    assert!(branch.app().kiosk_on());
    assert_eq!(
        branch
            .refused(KIOSK, "kiosk.leave", json!({"code": CODE}))
            .code,
        Code::KioskCodeWrong
    );
    branch.ok(SUPERVISOR, "kiosk.leave", json!({}));
    assert!(!branch.app().kiosk_on());
}

#[test]
fn screens_are_told_when_it_begins_and_ends() {
    let branch = TestBranch::demo();
    let changes = Arc::clone(branch.app()).subscribe();
    branch.ok(SUPERVISOR, "kiosk.enter", json!({"code": CODE}));
    branch.ok(KIOSK, "kiosk.leave", json!({"code": CODE}));
    assert_eq!(changes.try_iter().count(), 2);
    branch.assert_sound();
}
