//! The command line as others script it: what it prints, where, and with which exit code.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops where something is not as expected"
)]

use std::{collections::BTreeSet, fs};

use motcua_protocol::verbs;
use motcua_testkit::{
    branch::{SERVICE, case, command_id, id},
    program::Program,
};
use rstest::rstest;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A demo branch made by the program itself.
fn demo() -> (TempDir, Program) {
    let root = tempfile::tempdir().unwrap();
    let program = Program::new(env!("CARGO_BIN_EXE_motcua"), root.path());
    assert_eq!(program.run(&["--json", "demo"]).json()["demo"], true);
    (root, program)
}

fn register(program: &Program) -> Value {
    program.answer("visit.register", &json!({"service": SERVICE}))
}

#[test]
fn a_demo_has_officers_counters_catalogue_and_nobody_waiting() {
    let (_root, program) = demo();
    let branch = program.answer("branch.get", &json!({}));
    assert_eq!(branch["branch"]["counters"].as_array().unwrap().len(), 4);
    assert!(branch["branch"]["officers"].as_array().unwrap().len() >= 3);
    assert!(branch["procedures"].as_u64().unwrap() >= 50);
    let queue = program.answer("queue.snapshot", &json!({}));
    assert_eq!(queue["waiting"], json!([]));
    assert_eq!(program.run(&["demo"]).error()["code"], "BRANCH_EXISTS");
}

#[test]
fn do_takes_literal_json_or_standard_input_or_nothing() {
    let (_root, program) = demo();
    assert_eq!(register(&program)["ticket"], "A-001");
    let argument = json!({"service": SERVICE}).to_string();
    let piped = program.run_with(&["do", "visit.register", "-"], argument.as_bytes());
    assert_eq!(piped.json()["ticket"], "A-002");
    let queue = program.run(&["do", "queue.snapshot"]).json();
    assert_eq!(queue["waiting"].as_array().unwrap().len(), 2);
    let officer = program.run(&["--as", "ha", "do", "queue.call_next", r#"{"counter":1}"#]);
    assert_eq!(officer.json()["ticket"], "A-001");
}

#[rstest]
#[case::no_verb(&["do", "visit.invent"], "UNKNOWN_COMMAND", None)]
#[case::broken_json(&["do", "visit.register", "{"], "ARGUMENT_INVALID", None)]
#[case::missing(&["do", "visit.register", "{}"], "FIELD_REQUIRED", Some("service"))]
#[case::a_rule(&["do", "queue.call_next", r#"{"counter":9}"#], "COUNTER_UNKNOWN", Some("counter"))]
#[case::nobody(&["--as", "ma", "do", "queue.snapshot"], "OFFICER_UNKNOWN", Some("officer"))]
#[case::not_allowed(&["--as", "khoi", "do", "day.close"], "NOT_ALLOWED", None)]
#[case::no_file(&["catalogue", "import", "/khong/co.json"], "NOT_FOUND", Some("file"))]
#[case::no_backup(&["restore", "/khong/co.db"], "NOT_FOUND", Some("file"))]
#[case::no_case(&["document", "receipt", "H99.12-261123-0001", "--out", "x.pdf"], "NOT_FOUND", Some("code"))]
#[case::no_hub(&["pair-code"], "NOT_PAIRED", None)]
#[case::no_counter(&["sync", "--once"], "NOT_PAIRED", None)]
#[case::no_port(&["enrol", "--central", "https://x", "--code", "y"], "ARGUMENT_INVALID", Some("central"))]
#[case::no_authority(&["enrol", "--central", "https://x:1", "--code", "y"], "FIELD_REQUIRED", Some("ca"))]
fn errors_are_json_on_standard_error_with_exit_1(
    #[case] args: &[&str],
    #[case] code: &str,
    #[case] field: Option<&str>,
) {
    let (_root, program) = demo();
    let ran = program.run(args);
    assert_eq!(ran.out, b"", "nothing on standard output");
    let error = ran.error();
    assert_eq!(
        (error["code"].as_str(), error["field"].as_str()),
        (Some(code), field)
    );
    assert!(!error["message"].as_str().unwrap().is_empty());
}

#[test]
fn a_folder_without_a_branch_is_no_branch() {
    let root = tempfile::tempdir().unwrap();
    let program = Program::new(env!("CARGO_BIN_EXE_motcua"), root.path());
    assert_eq!(
        program.run(&["do", "queue.snapshot"]).error()["code"],
        "NO_BRANCH"
    );
    assert!(!program.data().exists(), "looking makes no folder");
}

#[test]
fn commands_lists_what_the_protocol_promises() {
    let (_root, program) = demo();
    let listed = program.run(&["commands"]).json();
    let listed: BTreeSet<String> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            assert!(c["argument"].is_object() && c["answer"].is_object(), "{c}");
            id(&c["name"])
        })
        .collect();
    let promised: BTreeSet<String> = verbs::all().iter().map(|v| v.name.to_owned()).collect();
    assert_eq!(listed, promised);
}

#[test]
fn the_same_command_id_does_nothing_twice() {
    let (_root, program) = demo();
    let argument = json!({"service": SERVICE, "command_id": command_id()});
    let first = program.answer("visit.register", &argument);
    assert_eq!(program.answer("visit.register", &argument), first);
    let other = json!({"service": "noi-vu", "command_id": argument["command_id"]}).to_string();
    let refused = program.run(&["do", "visit.register", &other]);
    assert_eq!(refused.error()["code"], "COMMAND_ID_REUSED");
}

#[rstest]
#[case::ticket_pdf("ticket", "so.pdf", b"%PDF-")]
#[case::ticket_png("ticket", "so.png", b"\x89PNG")]
#[case::ticket_escpos("ticket", "so.escpos", b"\x1b@")]
#[case::receipt("receipt", "giay.pdf", b"%PDF-")]
fn a_document_becomes_a_file(#[case] kind: &str, #[case] name: &str, #[case] begins: &[u8]) {
    let (root, program) = demo();
    let what = match kind {
        "ticket" => id(&register(&program)["visit_id"]),
        // A case is named by the code on its paper.
        _ => id(&program.answer("case.receive", &case())["case_code"]),
    };
    let file = root.path().join(name);
    let told = program
        .run(&["document", kind, &what, "--out", &file.to_string_lossy()])
        .json();
    let bytes = fs::read(&file).unwrap();
    assert!(bytes.starts_with(begins), "{:?}", &bytes[..8]);
    assert_eq!(told["bytes"], bytes.len());
}

#[test]
fn a_dump_is_sorted_canonical_and_stable() {
    let (_root, program) = demo();
    for _ in 0..3 {
        register(&program);
    }
    program.answer("case.receive", &case());
    let dump = program.run(&["dump"]);
    assert_eq!(program.run(&["dump"]).out, dump.out, "byte for byte");
    let text = String::from_utf8(dump.out).unwrap();
    let key = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let case = line["type"] == "case";
        let entity = line[if case { "case_id" } else { "visit_id" }].clone();
        (
            case,
            id(&entity),
            line["type"] == "visit",
            line["leg"].as_u64(),
        )
    };
    let keys: Vec<_> = text.lines().map(key).collect();
    assert_eq!(
        keys.len(),
        3 + 3 + 1,
        "a visit and a leg each, and the case"
    );
    assert!(keys.is_sorted(), "{keys:?}");
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!(motcua_protocol::canonical::bytes(&value), line.as_bytes());
    }
}

#[test]
fn verify_says_what_differs_and_rebuild_mends_it() {
    let (_root, program) = demo();
    register(&program);
    let before = program.run(&["dump"]).out;
    assert_eq!(program.run(&["verify"]).json()["ok"], true);
    rusqlite::Connection::open(program.data().join("motcua.db"))
        .unwrap()
        .execute_batch("UPDATE visit SET label = 'A-099'")
        .unwrap();
    let damaged = program.run(&["verify"]);
    assert_eq!(damaged.code, Some(1));
    let findings: Value = serde_json::from_slice(&damaged.out).unwrap();
    assert_eq!(
        (&findings["ok"], &findings["findings"][0]["kind"]),
        (&json!(false), &json!("projection"))
    );
    assert!(
        program.run(&["rebuild"]).json()["entities"]
            .as_u64()
            .unwrap()
            > 1
    );
    assert_eq!(program.run(&["verify"]).json()["ok"], true);
    assert_eq!(program.run(&["dump"]).out, before);
}

#[test]
fn a_backup_comes_back() {
    let (root, program) = demo();
    register(&program);
    let before = program.run(&["dump"]).out;
    let file = root
        .path()
        .join("sao-luu.db")
        .to_string_lossy()
        .into_owned();
    let backup = program.run(&["backup", &file]).json();
    assert!(backup["events"].as_u64().unwrap() > 1 && backup["bytes"].as_u64().unwrap() > 4096);
    register(&program);
    // Also while the folder is at work.
    let (serving, _) = program.serve();
    register(&program);
    let at_work = root.path().join("dang-chay.db");
    let made = program.run(&["backup", at_work.to_str().unwrap()]).json();
    assert!(made["events"].as_u64() > backup["events"].as_u64());
    drop(serving);
    let whole = program.run(&["dump"]).out;
    program.run(&["restore", at_work.to_str().unwrap()]).json();
    assert_eq!(program.run(&["dump"]).out, whole);
    assert_eq!(
        program.run(&["restore", &file]).json()["events"],
        backup["events"]
    );
    assert_eq!(program.run(&["dump"]).out, before);
    assert_eq!(program.run(&["verify"]).json()["ok"], true);
}

#[test]
fn an_import_tells_of_every_row() {
    let (root, program) = demo();
    let row = |code: &str, name: &str| json!({"MATTHC": code, "TENTTHC": name});
    let rows = json!([
        row("9.000001", "Cấp giấy thử nghiệm"),
        row("", "Không có mã"),
        row("9.000002", ""),
        row("9.000003", "Cấp lại giấy thử nghiệm"),
    ]);
    let file = root.path().join("danh-muc.json");
    fs::write(&file, rows.to_string()).unwrap();
    let import = || {
        program
            .run(&["catalogue", "import", &file.to_string_lossy()])
            .json()
    };
    let report = import();
    assert_eq!(
        (
            &report["imported"],
            &report["updated"],
            &report["unchanged"]
        ),
        (&json!(2), &json!(0), &json!(0))
    );
    let rejected = report["rejected"].as_array().unwrap();
    assert_eq!(
        rejected
            .iter()
            .map(|r| r["row"].clone())
            .collect::<Vec<_>>(),
        [json!(2), json!(3)]
    );
    assert_eq!(rejected[0]["code"], Value::Null);
    assert_eq!(rejected[1]["code"], "9.000002");
    assert!(rejected.iter().all(|r| !id(&r["reason"]).is_empty()));
    assert_eq!(import()["unchanged"], 2);
    assert_eq!(
        program.answer("catalogue.get", &json!({"code": "9.000001"}))["name"],
        "Cấp giấy thử nghiệm"
    );
}

#[test]
fn do_goes_through_a_serving_process_and_by_itself_after_that_was_killed() {
    let (_root, program) = demo();
    let (mut serving, ready) = program.serve();
    assert!(id(&ready["local_url"]).starts_with("http://127.0.0.1:"));
    assert!(ready["token"].is_string());
    assert_eq!(register(&program)["ticket"], "A-001");
    let refused = program.run(&["do", "visit.register", r#"{"service":"x"}"#]);
    assert_eq!(refused.error()["code"], "SERVICE_UNKNOWN");
    serving.kill();
    assert!(
        program.data().join("endpoint.json").exists(),
        "left behind by the kill"
    );
    assert_eq!(register(&program)["ticket"], "A-002");
    assert_eq!(program.run(&["verify"]).json()["ok"], true);
}

#[test]
fn a_real_branch_is_created_by_its_verb_in_an_empty_folder_only() {
    let root = tempfile::tempdir().unwrap();
    let program = Program::new(env!("CARGO_BIN_EXE_motcua"), root.path());
    let said = json!({"name": "Phường Tân Lập", "code": "H17.33", "address": "Số 5, phường Tân Lập", "administrator": "Vũ Thị Ánh"});
    let wrong = program.run(&["do", "branch.create", r#"{"name":"Phường Tân Lập"}"#]);
    assert_eq!(wrong.error()["field"], "code");
    assert_eq!(
        program.answer("branch.create", &said)["branch"],
        "Phường Tân Lập"
    );
    let branch = program.answer("branch.get", &json!({}));
    assert_eq!(branch["branch"]["demo"], false);
    assert_eq!(branch["branch"]["officers"][0]["id"], "anh");
    let again = program.run(&["do", "branch.create", &said.to_string()]);
    assert_eq!(again.error()["code"], "BRANCH_EXISTS");
}
