//! Backups, restored and copied folders: history is never given out twice, nothing is deleted.

use std::{collections::BTreeSet, fs, path::Path};

use motcua_app::{App, clock::SystemClock};
use motcua_domain::Code;
use motcua_testkit::branch::{OFFICER, SERVICE, TestBranch, dump, open, settings};
use rstest::rstest;
use rusqlite::Connection;
use serde_json::json;

/// Why the present epoch was opened, and its number.
fn epoch(database: &Path) -> (u32, String) {
    let body: (u32, Vec<u8>) = Connection::open(database)
        .unwrap()
        .query_row(
            "SELECT epoch, body FROM event WHERE kind = 'epoch.opened' ORDER BY pos DESC LIMIT 1",
            [],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
        .unwrap();
    let text: serde_json::Value = serde_json::from_slice(&body.1).unwrap();
    (body.0, text["reason"].as_str().unwrap().to_owned())
}

/// `(epoch, seq)` of every event, with its id.
fn places(database: &Path) -> BTreeSet<(u32, u64, Vec<u8>)> {
    let connection = Connection::open(database).unwrap();
    let mut statement = connection
        .prepare("SELECT epoch, seq, event_id FROM event")
        .unwrap();
    statement
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// No place in the device's log holds two different events in the two histories.
fn assert_no_place_given_twice(a: &Path, b: &Path) {
    let mut seen = std::collections::BTreeMap::new();
    for (epoch, seq, event) in places(a).into_iter().chain(places(b)) {
        let before = seen.insert((epoch, seq), event.clone());
        assert!(
            before.is_none_or(|b| b == event),
            "{epoch}/{seq} given out twice"
        );
    }
}

#[test]
fn a_backup_is_whole_and_comes_back_in_an_empty_folder() {
    let branch = TestBranch::demo();
    branch.serving(1);
    let file = branch.beside("sao-luu.db");
    let backup = branch.app().backup(&file).unwrap();
    assert_eq!(backup.events, branch.events());
    let elsewhere = tempfile::tempdir().unwrap();
    let settings = settings(elsewhere.path());
    App::restore(&settings, &file, &branch.clock).unwrap();
    let restored = open(settings.clone(), &branch.clock).unwrap();
    assert_eq!(dump(&restored), branch.dump());
    assert!(restored.verify().unwrap().findings.is_empty());
    drop(restored);
    assert_eq!(epoch(&settings.dir.join("motcua.db")).1, "restored");
}

#[test]
fn restoring_opens_a_new_epoch_and_moves_the_old_data_aside() {
    let mut branch = TestBranch::demo();
    branch.walk_in();
    let file = branch.beside("sao-luu.db");
    branch.app().backup(&file).unwrap();
    let at_backup = branch.dump();
    let later = branch.walk_in();
    branch.pass(60_000);
    let old = branch.dump();
    branch.close();

    App::restore(&branch.settings(), &file, &branch.clock).unwrap();
    branch.open().unwrap();
    assert_eq!(branch.dump(), at_backup);
    assert!(epoch(&branch.database()).0 > 1);
    // The number of the lost afternoon is given again by this history, but under another epoch.
    branch.ok(OFFICER, "visit.register", json!({"service": SERVICE}));
    branch.assert_sound();
    branch.close();

    let aside = fs::read_dir(branch.dir())
        .unwrap()
        .map(|e| e.unwrap().path())
        .find(|p| {
            let name = p.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("before-restore-") && name.ends_with("motcua.db")
        })
        .expect("the old database lies aside");
    assert_no_place_given_twice(&aside, &branch.database());
    // What lies aside still opens, with everything.
    let elsewhere = tempfile::tempdir().unwrap();
    let settings = settings(elsewhere.path());
    fs::create_dir_all(&settings.dir).unwrap();
    fs::copy(&aside, settings.dir.join("motcua.db")).unwrap();
    let opened = open(settings, &branch.clock).unwrap();
    assert_eq!(dump(&opened), old);
    assert!(old.contains(&later));
}

#[test]
fn a_database_copied_back_goes_on_under_a_new_epoch() {
    let mut branch = TestBranch::demo();
    branch.walk_in();
    branch.close();
    let (copy, ahead) = (branch.beside("ban-chep.db"), branch.beside("sau.db"));
    fs::copy(branch.database(), &copy).unwrap();
    branch.open().unwrap();
    branch.walk_in();
    branch.close();
    fs::copy(branch.database(), &ahead).unwrap();

    fs::copy(&copy, branch.database()).unwrap();
    branch.open().unwrap();
    branch.walk_in();
    branch.assert_sound();
    branch.close();
    assert_eq!(epoch(&branch.database()).1, "rewound");
    assert_no_place_given_twice(&ahead, &branch.database());
}

#[test]
fn a_folder_copied_back_whole_is_noticed_by_what_lies_apart() {
    let mut branch = TestBranch::demo();
    branch.walk_in();
    branch.close();
    let copy = branch.beside("ban-chep");
    copy_folder(&branch.dir(), &copy);
    branch.open().unwrap();
    branch.walk_in();
    branch.close();
    fs::remove_dir_all(branch.dir()).unwrap();
    copy_folder(&copy, &branch.dir());
    branch.open().unwrap();
    branch.close();
    assert_eq!(epoch(&branch.database()).1, "rewound");
}

#[test]
fn a_folder_copied_elsewhere_is_a_clone() {
    let mut branch = TestBranch::demo();
    branch.walk_in();
    branch.close();
    let mut settings = branch.settings();
    settings.dir = branch.beside("noi-khac");
    copy_folder(&branch.dir(), &settings.dir);
    let clone = open(settings.clone(), &branch.clock).unwrap();
    assert!(clone.verify().unwrap().findings.is_empty());
    drop(clone);
    assert_eq!(epoch(&settings.dir.join("motcua.db")).1, "cloned");
    assert_no_place_given_twice(&branch.database(), &settings.dir.join("motcua.db"));
}

#[test]
fn an_untouched_folder_opens_no_epoch() {
    let mut branch = TestBranch::demo();
    for _ in 0..3 {
        branch.open().unwrap();
    }
    branch.close();
    assert_eq!(epoch(&branch.database()), (1, "first".to_owned()));
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[rstest]
#[case::nothing(b"")]
#[case::text(b"khong phai ban sao luu")]
#[case::a_header(b"SQLite format 3\0")]
fn garbage_is_no_backup_and_the_folder_stays(#[case] content: &[u8]) {
    let mut branch = TestBranch::demo();
    branch.walk_in();
    let before = branch.dump();
    branch.close();
    let file = branch.beside("rac.db");
    fs::write(&file, content).unwrap();
    let error = App::restore(&branch.settings(), &file, &SystemClock::default()).unwrap_err();
    assert_eq!(error.code(), Code::BackupInvalid);
    branch.open().unwrap();
    assert_eq!(branch.dump(), before);
    branch.close();
    assert_eq!(epoch(&branch.database()).1, "first");
}

/// Its log is whole, but it does not open: what was in the folder comes back.
#[test]
fn a_backup_that_does_not_open_leaves_the_folder_as_it_was() {
    let mut branch = TestBranch::demo();
    branch.walk_in();
    let before = branch.dump();
    let file = branch.beside("sao-luu.db");
    branch.app().backup(&file).unwrap();
    branch.close();
    Connection::open(&file)
        .unwrap()
        .execute_batch("ALTER TABLE hub RENAME TO nobody;")
        .unwrap();
    App::restore(&branch.settings(), &file, &branch.clock).unwrap_err();
    branch.open().unwrap();
    assert_eq!(branch.dump(), before);
}

#[test]
fn a_tampered_backup_is_refused() {
    let mut branch = TestBranch::demo();
    branch.walk_in();
    let file = branch.beside("sao-luu.db");
    branch.app().backup(&file).unwrap();
    branch.close();
    Connection::open(&file)
        .unwrap()
        .execute_batch(
            "DROP TRIGGER event_is_never_changed; UPDATE event SET actor = 'x' WHERE seq = 3;",
        )
        .unwrap();
    let error = App::restore(&branch.settings(), &file, &branch.clock).unwrap_err();
    assert_eq!(error.code(), Code::BackupInvalid);
    branch.open().unwrap();
}

#[test]
fn a_missing_file_and_an_open_folder_are_told_apart() {
    let branch = TestBranch::demo();
    let missing = App::restore(
        &branch.settings(),
        &branch.beside("khong-co.db"),
        &branch.clock,
    );
    assert_eq!(missing.unwrap_err().code(), Code::NotFound);
    let file = branch.beside("sao-luu.db");
    branch.app().backup(&file).unwrap();
    let open = App::restore(&branch.settings(), &file, &branch.clock);
    assert_eq!(open.unwrap_err().code(), Code::FolderInUse);
    branch.walk_in();
    branch.assert_sound();
}

#[test]
fn a_backup_to_nowhere_leaves_no_draft() {
    let branch = TestBranch::demo();
    let target = branch.beside("khong-co").join("sao-luu.db");
    branch.app().backup(&target).unwrap_err();
    assert!(!target.exists());
    branch.walk_in();
}

/// DHIS2: "Not synced data … will be permanently lost" after a login with another setting.
#[test]
fn t_wipe_nothing_that_was_not_sent_is_ever_deleted() {
    let mut branch = TestBranch::demo();
    branch.walk_in();
    let file = branch.beside("sao-luu.db");
    branch.app().backup(&file).unwrap();
    for _ in 0..3 {
        branch.walk_in();
    }
    let unsent = branch.app().unsent(motcua_app::CENTRAL, true).unwrap().0;
    assert_eq!(unsent, branch.events());
    branch.close();
    let kept = places(&branch.database());
    // Another branch over it, a demo over it, damaged bytes in the place of a backup: refused.
    let nonsense = branch.beside("rac.db");
    fs::write(&nonsense, b"no backup").unwrap();
    assert!(App::restore(&branch.settings(), &nonsense, &branch.clock).is_err());
    let demo = App::demo(branch.settings(), std::sync::Arc::clone(&branch.clock));
    assert!(demo.is_err());
    assert_eq!(places(&branch.database()), kept);
    // A backup put back on purpose: what the folder held lies beside, with every record.
    App::restore(&branch.settings(), &file, &branch.clock).unwrap();
    let everywhere: BTreeSet<_> = fs::read_dir(branch.dir())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with("motcua.db"))
        .flat_map(|path| places(&path))
        .collect();
    assert!(everywhere.is_superset(&kept));
}
