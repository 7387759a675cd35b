//! Files that are not as this program left them.

use std::fs;

use motcua_domain::Code;
use motcua_testkit::branch::{OFFICER, TestBranch, case, open};
use rstest::rstest;
use rusqlite::Connection;
use serde_json::json;

/// A second program's hand on the closed database.
fn sql(branch: &TestBranch, statements: &str) -> rusqlite::Result<()> {
    Connection::open(branch.database())?.execute_batch(statements)
}

const NO_TRIGGERS: &str =
    "DROP TRIGGER event_is_never_changed; DROP TRIGGER event_is_never_deleted;";

fn worked() -> TestBranch {
    let mut branch = TestBranch::demo();
    let visit = branch.serving(1);
    branch.leg(OFFICER, "leg.finish", &visit);
    branch.walk_in();
    branch.close();
    branch
}

#[rstest]
#[case::update("UPDATE event SET actor = 'x' WHERE seq = 2")]
#[case::delete("DELETE FROM event WHERE seq = 2")]
fn events_are_never_changed_or_deleted(#[case] statement: &str) {
    let branch = worked();
    let refused = sql(&branch, statement).unwrap_err().to_string();
    assert!(refused.contains("append-only"), "{refused}");
}

#[rstest]
#[case::body("UPDATE event SET body = CAST('{}' AS BLOB) WHERE kind = 'leg.called'")]
#[case::actor("UPDATE event SET actor = 'dung' WHERE kind = 'leg.called'")]
#[case::time("UPDATE event SET wall_ms = wall_ms - 600000 WHERE kind = 'leg.called'")]
#[case::kind("UPDATE event SET kind = 'leg.recalled' WHERE kind = 'leg.called'")]
#[case::hash("UPDATE event SET hash = zeroblob(32) WHERE kind = 'leg.called'")]
#[case::salt("UPDATE event SET salt = zeroblob(16) WHERE kind = 'leg.called'")]
#[case::taken_out("DELETE FROM event WHERE kind = 'leg.called'")]
#[case::renumbered("UPDATE event SET seq = seq + 1000 WHERE kind = 'leg.called'")]
fn a_change_at_the_end_of_the_log_is_found_at_opening(#[case] statement: &str) {
    let mut branch = worked();
    sql(&branch, &format!("{NO_TRIGGERS}{statement}")).unwrap();
    let error = branch.open().unwrap_err();
    assert_eq!(error.code, Code::StoreDamaged, "{error}");
}

#[rstest]
#[case::body("UPDATE event SET body = CAST('{}' AS BLOB) WHERE seq = 3")]
#[case::actor("UPDATE event SET actor = 'dung' WHERE seq = 3")]
#[case::taken_out("DELETE FROM event WHERE seq = 3")]
fn a_change_far_back_is_found_by_verify(#[case] statement: &str) {
    let mut branch = worked();
    branch.open().unwrap();
    for _ in 0..260 {
        branch.walk_in();
    }
    branch.close();
    sql(&branch, &format!("{NO_TRIGGERS}{statement}")).unwrap();
    branch.open().unwrap();
    let findings = branch.app().verify().unwrap().findings;
    assert!(findings.iter().any(|f| f.kind == "chain"), "{findings:?}");
}

#[rstest]
#[case::a_label("UPDATE visit SET label = 'A-099' WHERE label = 'A-001'")]
#[case::a_document("UPDATE visit SET doc = replace(doc, '\"party_size\":1', '\"party_size\":9')")]
#[case::a_row_gone("DELETE FROM visit WHERE label = 'A-001'")]
#[case::a_number_gone("DELETE FROM number_use WHERE n = 1")]
#[case::a_row_too_many(
    "INSERT INTO service_time VALUES(x'00112233445566778899aabbccddeeff', 0, 'ho-tich', 1, 1)"
)]
fn a_changed_projection_is_found_and_rebuilt(#[case] statement: &str) {
    let mut branch = TestBranch::demo();
    let visit = branch.serving(1);
    branch.leg(OFFICER, "leg.finish", &visit);
    let dump = branch.dump();
    branch.close();
    sql(&branch, statement).unwrap();
    branch.open().unwrap();
    let findings = branch.app().verify().unwrap().findings;
    assert!(
        findings.iter().any(|f| f.kind == "projection"),
        "{findings:?}"
    );
    branch.app().rebuild().unwrap();
    branch.assert_sound();
    assert_eq!(branch.dump(), dump);
}

/// What an older program could not read of another machine's log has its effect once this one opens
/// the folder. The rows are put back to what that program would have made of them.
#[test]
fn what_an_older_program_could_not_read_takes_effect_after_the_upgrade() {
    let mut branch = TestBranch::demo();
    let visit = branch.serving(1);
    let mut args = case();
    args["visit_id"] = json!(visit);
    let received = branch.ok(OFFICER, "case.receive", args);
    branch.leg(OFFICER, "leg.finish", &visit);
    branch.close();
    sql(
        &branch,
        "CREATE TABLE before AS SELECT entity, status, doc FROM case_file",
    )
    .unwrap();
    branch.open().unwrap();
    branch.ok(
        OFFICER,
        "case.stop",
        json!({"id": received["case_id"], "reason": "Có đơn khiếu nại"}),
    );
    let dump = branch.dump();
    branch.close();
    sql(
        &branch,
        "UPDATE case_file SET status = before.status, doc = before.doc FROM before WHERE before.entity = case_file.entity;
         DROP TABLE before;
         INSERT INTO verdict(event_id, peer, status, code, at_ms)
           SELECT event_id, '', 'parked', 'UPGRADE', 0 FROM event WHERE kind = 'case.stopped';",
    )
    .unwrap();
    branch.open().unwrap();
    branch.assert_sound();
    assert_eq!(branch.dump(), dump);
    branch.close();
    let left: u32 = Connection::open(branch.database())
        .unwrap()
        .query_row("SELECT count(*) FROM verdict", [], |r| r.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_newer_version_s_file_is_left_as_it_is() {
    let mut branch = worked();
    sql(
        &branch,
        "PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE);",
    )
    .unwrap();
    let before = fs::read(branch.database()).unwrap();
    let error = branch.open().unwrap_err();
    assert_eq!(error.code, Code::StoreNewer);
    assert!(fs::read(branch.database()).unwrap() == before, "unchanged");
}

fn half(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() / 2].to_vec()
}

#[rstest]
#[case::text(|_: &[u8]| b"Day la mot tep van ban.".to_vec())]
#[case::long_text(|_: &[u8]| "Đây là văn bản. ".repeat(1_000).into_bytes())]
#[case::emptied(|_: &[u8]| Vec::new())]
#[case::zeroed(|bytes: &[u8]| vec![0; bytes.len()])]
#[case::one_zero_page(|_: &[u8]| vec![0; 4_096])]
#[case::half(half)]
#[case::header_only(|bytes: &[u8]| bytes[..100].to_vec())]
#[case::middle_zeroed(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    let (from, to) = (4_096, bytes.len());
    bytes[from..to].fill(0);
    bytes
})]
fn a_damaged_file_is_refused_and_left_as_it_is(#[case] harm: fn(&[u8]) -> Vec<u8>) {
    let mut branch = worked();
    let harmed = harm(&fs::read(branch.database()).unwrap());
    fs::write(branch.database(), &harmed).unwrap();
    let error = branch.open().unwrap_err();
    assert_eq!(error.code, Code::StoreDamaged, "{error}");
    assert!(fs::read(branch.database()).unwrap() == harmed, "untouched");
}

#[test]
fn somebody_else_s_database_is_not_written_into() {
    let mut branch = worked();
    fs::remove_file(branch.database()).unwrap();
    sql(&branch, "CREATE TABLE recipes(name TEXT);").unwrap();
    let before = fs::read(branch.database()).unwrap();
    assert_eq!(branch.open().unwrap_err().code, Code::StoreDamaged);
    assert!(fs::read(branch.database()).unwrap() == before, "untouched");
}

#[test]
fn a_folder_without_a_branch_says_so() {
    let mut branch = worked();
    fs::remove_dir_all(branch.dir()).unwrap();
    assert_eq!(branch.open().unwrap_err().code, Code::NoBranch);
}

#[test]
fn two_programs_do_not_share_a_folder() {
    let branch = TestBranch::demo();
    let second = open(branch.settings(), &branch.clock).unwrap_err();
    assert_eq!(second.code, Code::FolderInUse);
    branch.walk_in();
    branch.assert_sound();
}

#[test]
fn a_demo_is_not_made_over_a_branch() {
    let mut branch = worked();
    let again = motcua_app::App::demo(branch.settings(), std::sync::Arc::clone(&branch.clock));
    assert_eq!(again.unwrap_err().code(), Code::BranchExists);
    branch.open().unwrap();
    assert_eq!(
        branch.ok(OFFICER, "queue.snapshot", json!({}))["waiting"][0]["ticket"],
        "A-002"
    );
}
