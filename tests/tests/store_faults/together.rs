//! Many commands at once share a flush of the disk, and nothing else: each is on the disk when it
//! is answered, a refusal takes back only its own, a panic harms nobody.

use std::{
    collections::BTreeSet,
    fs,
    sync::{Barrier, Mutex},
    thread,
    time::{Duration, Instant},
};

use motcua_domain::Code;
use motcua_store::{Author, Moment, Options, Store, Write};
use motcua_testkit::branch::{OFFICER, SERVICE, TestBranch, caller};
use serde_json::json;
use uuid::Uuid;

fn author() -> Author {
    Author {
        actor: "test".to_owned(),
        command_id: Uuid::now_v7(),
        moment: Moment {
            wall_ms: 1_764_000_000_000,
            boot: Uuid::nil(),
            mono_ms: 0,
        },
    }
}

fn options(dir: &std::path::Path) -> Options {
    Options {
        state_dir: Some(dir.join("state")),
        ballast: false,
        ..Options::default()
    }
}

#[test]
fn numbers_asked_for_at_once_are_all_given_and_none_twice() {
    let branch = TestBranch::demo();
    let app = branch.app();
    let (desks, each) = (8, 25);
    let start = Barrier::new(desks);
    let given = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..desks {
            scope.spawn(|| {
                start.wait();
                for _ in 0..each {
                    let answer = app
                        .call(
                            &caller(OFFICER),
                            "visit.register",
                            json!({"service": SERVICE}),
                        )
                        .unwrap();
                    given
                        .lock()
                        .unwrap()
                        .push(answer["ticket"].as_str().unwrap().to_owned());
                }
            });
        }
    });
    let given = given.into_inner().unwrap();
    assert_eq!(given.len(), desks * each);
    assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), desks * each);
    assert_eq!(app.verify().unwrap().findings, []);
}

#[test]
fn whoever_is_refused_takes_back_only_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("data");
    let store = Store::create(&dir, author().moment, options(folder.path())).unwrap();
    let (threads, each) = (6, 30);
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        for t in 0..threads {
            let (store, start) = (&store, &start);
            scope.spawn(move || {
                start.wait();
                for i in 0..each {
                    let key = format!("{t}.{i}");
                    let keep = i % 3 != 0;
                    let done = store.write(&author(), |tx: &mut Write<'_>| {
                        tx.set_setting(&key, Some("here"))?;
                        if keep {
                            Ok(())
                        } else {
                            Err(motcua_domain::Refusal::new(Code::NotAllowed, "no").into())
                        }
                    });
                    assert_eq!(done.is_ok(), keep, "{key}");
                    // What was answered is committed: another connection sees it.
                    let seen = store.read(|read| read.setting(&key)).unwrap();
                    assert_eq!(seen.is_some(), keep, "{key}");
                }
            });
        }
    });
    drop(store);
    let store = Store::open(&dir, author().moment, options(folder.path())).unwrap();
    for t in 0..threads {
        for i in 0..each {
            let seen = store
                .read(|read| read.setting(&format!("{t}.{i}")))
                .unwrap();
            assert_eq!(seen.is_some(), i % 3 != 0);
        }
    }
}

#[test]
fn a_panic_in_one_harms_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("data");
    let store = Store::create(&dir, author().moment, options(folder.path())).unwrap();
    let threads = 6;
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        for t in 0..threads {
            let (store, start) = (&store, &start);
            scope.spawn(move || {
                start.wait();
                for i in 0..20 {
                    let key = format!("{t}.{i}");
                    if (i + t) % 5 == 0 {
                        let fell = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                            store.write(
                                &author(),
                                |tx: &mut Write<'_>| -> motcua_store::Result<()> {
                                    tx.set_setting(&key, Some("half"))?;
                                    panic!("in the middle of a command")
                                },
                            )
                        }));
                        assert!(fell.is_err());
                    } else {
                        store
                            .write(&author(), |tx: &mut Write<'_>| {
                                tx.set_setting(&key, Some("here"))
                            })
                            .unwrap();
                    }
                    let seen = store.read(|read| read.setting(&key)).unwrap();
                    assert_eq!(seen.is_some(), (i + t) % 5 != 0, "{key}");
                }
            });
        }
    });
}

#[test]
fn what_looks_at_the_log_between_commands_finds_no_open_transaction() {
    let branch = TestBranch::demo();
    let app = branch.app();
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..20 {
                    app.call(
                        &caller(OFFICER),
                        "visit.register",
                        json!({"service": SERVICE}),
                    )
                    .unwrap();
                }
            });
        }
        scope.spawn(|| {
            start.wait();
            for _ in 0..3 {
                app.rebuild().unwrap();
                assert_eq!(app.verify().unwrap().findings, []);
            }
        });
    });
}

/// A week of a branch that is never closed must not lie in the WAL alone.
#[test]
fn the_database_takes_in_the_wal_while_the_branch_works() {
    let branch = TestBranch::demo();
    let size = || fs::metadata(branch.database()).unwrap().len();
    let before = size();
    for _ in 0..250 {
        branch.walk_in();
    }
    let until = Instant::now() + Duration::from_secs(30);
    while size() <= before {
        assert!(Instant::now() < until, "nothing was brought in");
        thread::sleep(Duration::from_millis(20));
    }
}
