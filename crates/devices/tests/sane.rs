//! A real SANE with its own test device (Debian's sane-utils): pages, feeder, and each fault that
//! the device can be told to have.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use motcua_devices::scanning::{Ask, DocumentScanner as _, Sane, ScanFault, Source};
use rstest::rstest;

/// SANE's settings with nothing but its test device, which answers reading with `status`.
fn settings(dir: &Path, status: &str, more: &str) -> PathBuf {
    let config = dir.join("sane.d");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("dll.conf"), "test\n").unwrap();
    let test = format!(
        "number_of_devices 1\nmode Gray\ndepth 8\nresolution_min 1.0\nresolution_max 1200.0\nresolution_quant 1.0\nresolution 50.0\ntest-picture \"Grid\"\nenable-test-options true\nread-status-code \"{status}\"\ngeometry_min 0.0\ngeometry_max 200.0\ngeometry_quant 1.0\ntl_x 0.0\ntl_y 0.0\nbr_x 80.0\nbr_y 100.0\n{more}\n"
    );
    fs::write(config.join("test.conf"), test).unwrap();
    config
}

fn ask(source: Source) -> Ask {
    Ask {
        device: "test:0".to_owned(),
        source,
        resolution: 150,
        colour: true,
    }
}

fn scan(sane: &Sane, dir: &Path, ask: &Ask) -> (Result<u32, ScanFault>, Vec<PathBuf>) {
    let mut pages = Vec::new();
    let done = sane.scan(ask, &dir.join("pages"), &AtomicBool::new(false), &mut |p| {
        pages.push(p);
    });
    (done, pages)
}

#[test]
fn the_device_is_found_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let sane = Sane::default().with_config(settings(dir.path(), "Default", ""));
    let found = sane.list().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id, "test:0");
    assert_eq!(found[0].name, "Noname frontend-tester");
}

#[test]
fn one_page_from_the_glass_and_ten_from_the_feeder() {
    let dir = tempfile::tempdir().unwrap();
    let sane = Sane::default().with_config(settings(dir.path(), "Default", ""));
    let (done, pages) = scan(&sane, dir.path(), &ask(Source::Flatbed));
    assert_eq!(done, Ok(1));
    let jpeg = fs::read(&pages[0]).unwrap();
    assert!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.len() > 1000);

    // SANE's test device is out of paper after ten.
    let other = dir.path().join("feeder");
    fs::create_dir(&other).unwrap();
    let (done, pages) = scan(&sane, &other, &ask(Source::Feeder));
    assert_eq!(done, Ok(10));
    assert_eq!(pages.len(), 10);
    assert!(pages.iter().all(|page| page.is_file()));
}

#[rstest]
#[case("SANE_STATUS_JAMMED", ScanFault::Jam)]
#[case("SANE_STATUS_NO_DOCS", ScanFault::Empty)]
#[case("SANE_STATUS_COVER_OPEN", ScanFault::Open)]
#[case("SANE_STATUS_DEVICE_BUSY", ScanFault::Busy)]
fn what_goes_wrong_has_a_name(#[case] status: &str, #[case] fault: ScanFault) {
    let dir = tempfile::tempdir().unwrap();
    let sane = Sane::default().with_config(settings(dir.path(), status, ""));
    let (done, pages) = scan(&sane, dir.path(), &ask(Source::Flatbed));
    assert_eq!(done, Err(fault));
    assert!(pages.is_empty());
}

/// Seen with the real program on a busy machine, and here in a program that always does it.
#[test]
fn a_program_that_does_not_end_after_a_fault_is_ended_and_the_fault_told() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("scanimage");
    fs::write(
        &program,
        "#!/bin/sh\ncase \"$*\" in *-A*) exit 0;; esac\necho 'scanimage: sane_read: Device busy' >&2\necho 'Batch terminated, 1 page scanned' >&2\nexec sleep 600\n",
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let sane = Sane::default()
        .with_program(&program)
        .with_patience(Duration::from_secs(1));
    let (done, pages) = scan(&sane, dir.path(), &ask(Source::Flatbed));
    assert_eq!((done, pages.len()), (Err(ScanFault::Busy), 0));
}

#[test]
fn other_faults_are_told_in_the_scanners_words() {
    let dir = tempfile::tempdir().unwrap();
    let sane = Sane::default().with_config(settings(dir.path(), "SANE_STATUS_IO_ERROR", ""));
    let (done, _) = scan(&sane, dir.path(), &ask(Source::Flatbed));
    assert!(matches!(done, Err(ScanFault::Other(said)) if !said.is_empty()));
}

#[test]
fn no_scanner_and_no_program_are_the_same_to_whoever_waits() {
    let dir = tempfile::tempdir().unwrap();
    let sane = Sane::default().with_config(settings(dir.path(), "Default", ""));
    let gone = Ask {
        device: "pixma:04A91234".to_owned(),
        ..ask(Source::Flatbed)
    };
    assert_eq!(scan(&sane, dir.path(), &gone).0, Err(ScanFault::Missing));
    let none = Sane::default().with_program(dir.path().join("scanimage"));
    assert_eq!(none.list(), Err(ScanFault::Missing));
}

#[test]
fn a_scan_is_stopped_and_what_came_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let slow = "read-delay true\nread-delay-duration 200000\nread-limit true\nread-limit-size 2000";
    let sane = Sane::default()
        .with_config(settings(dir.path(), "Default", slow))
        .with_patience(Duration::from_secs(20));
    let stop = AtomicBool::new(true);
    let done = sane.scan(
        &ask(Source::Feeder),
        &dir.path().join("p"),
        &stop,
        &mut |_| {},
    );
    assert_eq!(done, Err(ScanFault::Stopped));
    stop.store(false, Ordering::Release);
}
