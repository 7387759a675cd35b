//! The VFS as a VFS: several connections, locks, other file names, and recovery elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use motcua_tests::crash_vfs::{CrashVfs, Image, Place, Scenario, Stop};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::ledger::{Ledger, judge, open};

const PATH: &str = "/office.db";

fn connect(vfs: &CrashVfs) -> anyhow::Result<Connection> {
    Ok(open(Place {
        vfs: vfs.name(),
        path: Path::new(PATH),
        folder: Path::new("/"),
    })?)
}

#[test]
fn one_writer_at_a_time_and_readers_keep_their_snapshot() -> anyhow::Result<()> {
    for journal in ["WAL", "DELETE"] {
        let vfs = CrashVfs::register(0);
        let (a, b) = (connect(&vfs)?, connect(&vfs)?);
        b.busy_timeout(std::time::Duration::ZERO)?;
        let mode: String =
            a.query_row(&format!("PRAGMA journal_mode={journal}"), [], |r| r.get(0))?;
        assert_eq!(mode.to_uppercase(), journal);
        a.execute_batch("CREATE TABLE t(x)")?;
        a.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")?;
        let refused = b
            .execute_batch("BEGIN IMMEDIATE")
            .expect_err("a is writing");
        assert_eq!(refused.sqlite_error_code(), Some(ErrorCode::DatabaseBusy));
        let count =
            |db: &Connection| db.query_row("SELECT count(*) FROM t", [], |r| r.get::<_, i64>(0));
        assert_eq!(count(&b)?, 0, "{journal}: not committed yet");
        if journal == "WAL" {
            b.execute_batch("BEGIN; SELECT count(*) FROM t")?;
            a.execute_batch("COMMIT")?;
            assert_eq!(count(&b)?, 0, "b's snapshot is older");
            b.execute_batch("COMMIT")?;
        } else {
            a.execute_batch("COMMIT")?;
        }
        assert_eq!(count(&b)?, 1);
        b.execute_batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (2); COMMIT")?;
        assert_eq!(count(&a)?, 2);
    }
    Ok(())
}

#[test]
fn the_last_connection_takes_the_log_away_and_the_file_is_whole() -> anyhow::Result<()> {
    let vfs = CrashVfs::register(0);
    let db = connect(&vfs)?;
    db.execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES (1)")?;
    drop(db);
    let names: Vec<String> = vfs.kill().files().map(|(n, _)| n.to_owned()).collect();
    assert_eq!(names, [PATH]);
    Ok(())
}

#[test]
fn what_a_cut_leaves_is_recovered_by_the_system_vfs_as_well() -> anyhow::Result<()> {
    for seed in 0..20 {
        let ledger = Ledger::new("WAL", "FULL");
        let vfs = CrashVfs::register(seed);
        vfs.cut_at(30 + 7 * seed);
        let mut acked = BTreeMap::new();
        let place = Place {
            vfs: vfs.name(),
            path: Path::new(PATH),
            folder: Path::new("/"),
        };
        let worked = ledger.work(place, seed, &mut acked);
        assert!(vfs.is_off() || worked.is_ok(), "seed {seed}: {worked:?}");
        let folder = tempfile::tempdir()?;
        vfs.power_cut(seed).write_to(folder.path())?;
        let db = Connection::open(folder.path().join("office.db"))?;
        judge(&db, &acked).map_err(|harm| anyhow::anyhow!("seed {seed}: {harm:?}"))?;
    }
    Ok(())
}

#[test]
fn after_the_cut_nothing_gets_through() -> anyhow::Result<()> {
    let vfs = CrashVfs::register(0);
    let db = connect(&vfs)?;
    db.execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE t(x)")?;
    vfs.cut_now();
    let (counts, left) = (vfs.counts(), vfs.power_cut(3));
    assert!(db.execute_batch("INSERT INTO t VALUES (1)").is_err());
    drop(db);
    assert_eq!(vfs.counts(), counts);
    assert_eq!(vfs.power_cut(3), left);
    assert!(
        connect(&vfs)
            .and_then(|db| Ok(db.execute_batch("SELECT * FROM t")?))
            .is_err()
    );
    Ok(())
}

#[test]
fn the_same_seed_asks_the_same_of_the_disk() {
    let counts = |seed| {
        let vfs = CrashVfs::register(seed);
        let place = Place {
            vfs: vfs.name(),
            path: Path::new(PATH),
            folder: Path::new("/"),
        };
        let worked: Result<(), Stop> =
            Ledger::new("WAL", "FULL").work(place, seed, &mut BTreeMap::new());
        worked.expect("a sound disk");
        vfs.counts()
    };
    assert_eq!(counts(5), counts(5));
    assert_ne!(counts(5), counts(6));
}

#[test]
fn machines_do_not_share_files_and_a_missing_file_is_not_made_unasked() {
    let (a, b) = (CrashVfs::register(0), CrashVfs::register(0));
    assert_ne!(a.name(), b.name());
    let db = connect(&a).expect("opens");
    db.execute_batch("CREATE TABLE t(x)").expect("writes");
    assert_eq!(b.kill(), Image::default());
    let opened = Connection::open_with_flags_and_vfs(
        "/none.db",
        OpenFlags::SQLITE_OPEN_READ_WRITE,
        a.name(),
    );
    assert!(opened.is_err());
}

#[test]
fn vacuum_into_makes_a_file_on_the_same_disk() -> anyhow::Result<()> {
    let vfs = CrashVfs::register(0);
    let db = connect(&vfs)?;
    db.execute_batch(
        "PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES (7);
         VACUUM INTO '/copy.db'",
    )?;
    let copy = Connection::open_with_flags_and_vfs("/copy.db", OpenFlags::default(), vfs.name())?;
    assert_eq!(
        copy.query_row("SELECT x FROM t", [], |r| r.get::<_, i64>(0))?,
        7
    );
    Ok(())
}
