//! A database of this version, committed: every later version must open it and say the same.
//!
//! `MOTCUA_BLESS=1 cargo nextest run --package motcua-tests golden` makes it anew; only ever
//! before this version is released.

use std::{fs, path::PathBuf};

use motcua_testkit::branch::{
    OFFICER, SERVICE, SUPERVISOR, TestBranch, case, dump, open, settings,
};
use serde_json::json;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

/// A small working day with one of everything.
fn bless() {
    let branch = TestBranch::demo();
    let served = branch.serving(1);
    let mut args = case();
    args["visit_id"] = json!(served);
    args["submitter"] = json!({"name": "Y-Bhăm Niê"});
    args["papers"] = json!([{"index": 0, "originals": 1}]);
    args["missing_ground"] = json!("Bổ sung sau");
    args["fee"] = json!({"amount": 0, "method": "exempt", "ground": "Hộ nghèo"});
    branch.ok(OFFICER, "case.receive", args);
    branch.pass(300_000).leg(OFFICER, "leg.finish", &served);
    let held = branch.serving(2);
    branch.ok(
        OFFICER,
        "leg.hold",
        json!({"visit_id": held, "reason": "lấy thêm giấy", "cause": "citizen"}),
    );
    let sent = branch.serving(3);
    branch.ok(
        OFFICER,
        "leg.transfer",
        json!({"visit_id": sent, "service": "noi-vu"}),
    );
    let missed = branch.walk_in();
    branch.ok(
        OFFICER,
        "queue.call",
        json!({"visit_id": missed, "counter": 4}),
    );
    branch.leg(OFFICER, "leg.miss", &missed);
    let void = branch.walk_in();
    branch.ok(
        OFFICER,
        "leg.void",
        json!({"visit_id": void, "reason": "nhầm"}),
    );
    branch.ok(
        OFFICER,
        "visit.book",
        json!({"service": SERVICE, "slot_at": "2026-11-25T09:00:00+07:00", "applicant": {"name": "Lò Thị Mai"}}),
    );
    branch.ok(
        SUPERVISOR,
        "queue.issuing",
        json!({"service": "khoa-hoc", "open": false}),
    );
    fs::create_dir_all(fixture("")).unwrap();
    branch.app().backup(&fixture("golden-v1.db")).unwrap();
    fs::write(fixture("golden-v1.jsonl"), branch.dump()).unwrap();
}

#[test]
fn a_database_of_version_1_opens_and_says_the_same() {
    if std::env::var_os("MOTCUA_BLESS").is_some() {
        bless();
    }
    let root = tempfile::tempdir().unwrap();
    let settings = settings(root.path());
    fs::create_dir_all(&settings.dir).unwrap();
    fs::copy(fixture("golden-v1.db"), settings.dir.join("motcua.db")).unwrap();
    let noon = motcua_testkit::branch::MORNING + 4 * 3_600_000;
    let clock = std::sync::Arc::new(motcua_app::clock::ManualClock::at(noon));
    let app = open(settings, &clock).unwrap();
    let verified = app.verify().unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
    let want = fs::read_to_string(fixture("golden-v1.jsonl")).unwrap();
    assert_eq!(dump(&app), want);
    app.rebuild().unwrap();
    assert_eq!(dump(&app), want);
}

/// OpenCRVS: "bumping this discards unsynced mutations (the outbox) too".
#[test]
fn t_upgrade_what_was_not_sent_yet_outlives_the_new_version_byte_for_byte() {
    type Row = (u32, u64, Vec<u8>, Vec<u8>, Vec<u8>);
    let rows = |file: &std::path::Path| -> Vec<Row> {
        let connection = rusqlite::Connection::open(file).unwrap();
        let mut found = connection
            .prepare("SELECT epoch, seq, event_id, body, hash FROM event ORDER BY pos")
            .unwrap();
        found
            .query_map([], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))
            })
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    };
    let root = tempfile::tempdir().unwrap();
    let settings = settings(root.path());
    fs::create_dir_all(&settings.dir).unwrap();
    let database = settings.dir.join("motcua.db");
    fs::copy(fixture("golden-v1.db"), &database).unwrap();
    let before = rows(&database);
    assert!(before.len() > 20);
    let noon = motcua_testkit::branch::MORNING + 4 * 3_600_000;
    let clock = std::sync::Arc::new(motcua_app::clock::ManualClock::at(noon));
    let app = open(settings, &clock).unwrap();
    let (unsent, oldest) = app.unsent(motcua_app::CENTRAL, true).unwrap();
    drop(app);
    let after = rows(&database);
    assert_eq!(&after[..before.len()], &before[..]);
    assert_eq!(unsent, after.len() as u64, "all of it still waits");
    assert!(oldest.is_some());
}
