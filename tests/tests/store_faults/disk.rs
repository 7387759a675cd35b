//! A full disk and a read-only one, for real: a small file system of our own, mounted where
//! nobody else sees it. Where that is not permitted, the reason is printed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use motcua_app::{App, Settings, clock::ManualClock};
use motcua_domain::Code;
use motcua_testkit::branch::{MORNING, OFFICER, SERVICE, caller, id, open};
use serde_json::{Value, json};

const INSIDE: &str = "MOTCUA_MOUNT_TEST";

/// Runs one of the ignored tests below in a mount namespace of its own.
fn apart(test: &str) {
    let root = tempfile::tempdir().unwrap();
    let allowed = Command::new("unshare")
        .args(["--mount", "mount", "-t", "tmpfs", "none"])
        .arg(root.path())
        .output();
    let refused = match allowed {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(reason) = refused {
        eprintln!("skipped, mounting is not permitted here: {}", reason.trim());
        return;
    }
    let output = Command::new("unshare")
        .arg("--mount")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(INSIDE, root.path())
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && out.contains("1 passed"),
        "{out}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn mount(args: &[&str], at: &Path) {
    let done = Command::new("mount").args(args).arg(at).status().unwrap();
    assert!(done.success(), "mount {args:?}");
}

fn inside() -> PathBuf {
    PathBuf::from(std::env::var_os(INSIDE).expect("run by the test of the same name"))
}

fn on(root: &Path) -> Settings {
    Settings {
        state_dir: Some(root.join("state")),
        ballast: true,
        ..Settings::new(root.join("data"))
    }
}

fn call(app: &App, name: &str, args: Value) -> Result<Value, Code> {
    app.call(&caller(OFFICER), name, args).map_err(|e| e.code)
}

#[test]
fn a_full_disk_is_told_and_those_who_are_here_are_served() {
    apart("disk::inside_a_full_disk");
}

#[test]
#[ignore = "run by a_full_disk_is_told_and_those_who_are_here_are_served"]
fn inside_a_full_disk() {
    let root = inside();
    mount(&["-t", "tmpfs", "-o", "size=76m", "none"], &root);
    let clock = Arc::new(ManualClock::at(MORNING));
    let app = App::demo(on(&root), Arc::clone(&clock)).unwrap();
    let ballast = root.join("data/ballast.bin");
    assert!(ballast.exists());
    fill(&root, 200 << 10);

    let register = || call(&app, "visit.register", json!({"service": SERVICE}));
    let mut acked = Vec::new();
    let refused = loop {
        match register() {
            Ok(answer) => acked.push(id(&answer["visit_id"])),
            Err(code) => break code,
        }
        assert!(acked.len() < 900, "the disk never got full");
    };
    assert_eq!(refused, Code::DiskFull);
    assert!(!ballast.exists(), "the ballast made room");
    // Those who are here are served to the end; nobody new is let in until there is room.
    let called = call(&app, "queue.call_next", json!({"counter": 1})).unwrap();
    call(&app, "leg.start", json!({"visit_id": called["visit_id"]})).unwrap();
    call(&app, "leg.finish", json!({"visit_id": called["visit_id"]})).unwrap();
    let warned = call(&app, "branch.get", json!({})).unwrap();
    assert!(warned["disk_warning"].is_string());
    fill(&root, 1 << 20);
    assert_eq!(register(), Err(Code::DiskFull));

    for visit in &acked {
        call(&app, "visit.get", json!({"visit_id": visit})).unwrap();
    }
    let registered = call(&app, "day.figures", json!({})).unwrap()["registered"].clone();
    assert_eq!(
        registered,
        json!(acked.len()),
        "none half written, none lost"
    );
    let verified = app.verify().unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);

    fs::remove_file(root.join("filler")).unwrap();
    register().unwrap();
    drop(app);
    let app = open(on(&root), &clock).unwrap();
    assert!(app.verify().unwrap().findings.is_empty());
    assert!(ballast.exists());
}

/// Fills the file system but for so many bytes.
fn fill(root: &Path, leave: u64) {
    use std::io::Write as _;
    let path = root.join("filler");
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .unwrap();
    // A full file system takes no more; that is wanted.
    while file.write_all(&[0x46; 16 << 10]).is_ok() {}
    let size = file.metadata().unwrap().len();
    file.set_len(size.saturating_sub(leave)).unwrap();
}

#[test]
fn a_read_only_folder_is_told_and_left_alone() {
    apart("disk::inside_a_read_only_folder");
}

#[test]
#[ignore = "run by a_read_only_folder_is_told_and_left_alone"]
fn inside_a_read_only_folder() {
    let root = inside();
    mount(&["-t", "tmpfs", "-o", "size=32m", "none"], &root);
    let clock = Arc::new(ManualClock::at(MORNING));
    let settings = Settings {
        ballast: false,
        ..on(&root)
    };
    drop(App::demo(settings.clone(), Arc::clone(&clock)).unwrap());
    let before = fs::read(settings.dir.join("motcua.db")).unwrap();
    mount(&["-o", "remount,ro"], &root);
    let error = open(settings.clone(), &clock).unwrap_err();
    assert_eq!(error.code, Code::ReadOnly, "{error}");
    assert!(fs::read(settings.dir.join("motcua.db")).unwrap() == before);
    let elsewhere = App::demo(
        Settings {
            dir: root.join("moi"),
            ..settings
        },
        clock,
    );
    assert_eq!(elsewhere.unwrap_err().code(), Code::ReadOnly);
}
