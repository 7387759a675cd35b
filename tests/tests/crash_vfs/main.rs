//! SQLite itself on the crash VFS: what it promises holds, what it does not promise is found to
//! break, and so the harness can be trusted with our own store.

mod ledger;
mod sqlite;

use ledger::{Ledger, Mistake};
use motcua_tests::crash_vfs::{Fault, Lasting, Trial, run_cuts, run_faults};

/// A fixed number of runs, for tests that want to *find* something.
fn enough() -> Trial {
    Trial {
        runs: 150,
        ..Trial::from_env(100)
    }
}

#[test]
fn wal_with_full_sync_loses_no_acknowledged_commit() {
    run_cuts(&Ledger::new("WAL", "FULL"), Trial::from_env(100)).assert_unharmed();
}

#[test]
fn wal_with_full_sync_and_readers_shows_nothing_that_a_cut_takes_back() {
    let ledger = Ledger {
        readers: 2,
        ..Ledger::new("WAL", "FULL")
    };
    run_cuts(&ledger, Trial::from_env(20)).assert_unharmed();
}

/// The difference that makes `synchronous=FULL` a precondition and not a preference. SQLite
/// promises that NORMAL keeps the database whole, and so it must be.
#[test]
fn wal_with_normal_sync_is_caught_losing_commits() {
    let report = run_cuts(&Ledger::new("WAL", "NORMAL"), enough());
    assert!(report.lost() > 0, "{report}");
    assert_eq!(report.damaged(), 0, "{report}");
}

#[test]
fn wal_without_sync_is_caught_losing_commits_and_damaging_the_file() {
    let report = run_cuts(&Ledger::new("WAL", "OFF"), enough());
    assert!(report.lost() > 0, "{report}");
    assert!(report.damaged() > 0, "{report}");
}

#[test]
fn a_disk_that_lies_about_sync_is_caught() {
    let lying = Trial {
        lying_sync: true,
        ..enough()
    };
    let report = run_cuts(&Ledger::new("WAL", "FULL"), lying);
    assert!(report.lost() > 0, "{report}");
}

#[test]
fn a_program_that_acknowledges_too_early_or_commits_in_pieces_is_caught() {
    let caught = |mistake| {
        let ledger = Ledger {
            mistake,
            ..Ledger::new("WAL", "FULL")
        };
        run_cuts(&ledger, enough())
    };
    let early = caught(Mistake::AcknowledgeBeforeCommit);
    assert!(early.lost() > 0, "{early}");
    let pieces = caught(Mistake::NoTransaction);
    assert!(pieces.damaged() > 0, "{pieces}");
}

/// SQLite's manual: in DELETE mode only EXTRA syncs the folder after removing the journal, so
/// that with FULL the journal may come back and roll the last commit back. The model of the folder
/// must show just that. (It also shows, rarely, that a file which VACUUM has shortened after
/// removing the journal does not survive its return, hence no word on damage here.)
#[test]
fn rollback_journals_behave_as_the_manual_says() {
    for (journal, synchronous) in [
        ("DELETE", "EXTRA"),
        ("TRUNCATE", "FULL"),
        ("PERSIST", "FULL"),
    ] {
        run_cuts(&Ledger::new(journal, synchronous), Trial::from_env(15)).assert_unharmed();
    }
    let report = run_cuts(&Ledger::new("DELETE", "FULL"), enough());
    assert!(report.lost() > 0, "{report}");
}

#[test]
fn errors_and_a_full_disk_leave_nothing_half_written() {
    let ledger = Ledger::new("WAL", "FULL");
    for fault in [Fault::ChangeError, Fault::DiskFull, Fault::ReadError] {
        for lasting in [Lasting::Once, Lasting::Persistently] {
            run_faults(&ledger, fault, lasting, Trial::from_env(20)).assert_unharmed();
        }
    }
}
