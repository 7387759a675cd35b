//! The database cut off at any moment, as by a power cut: nothing that was acknowledged is gone,
//! nothing is there twice, and the answers in between say that it was not done.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use motcua_protocol::sync::RefusedWhy;

use super::{OFFICE, Rig, Writer};

#[test]
fn a_database_cut_off_under_load_keeps_what_was_acknowledged_exactly_once() {
    const EVENTS: usize = 6_000;
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let events = Writer::of(device.id).fills(EVENTS);
    let acked = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let sender = {
        let (device, events) = (device.clone(), events.clone());
        let (acked, done) = (Arc::clone(&acked), Arc::clone(&done));
        thread::spawn(move || {
            let mut at = 0;
            while at < events.len() {
                let upto = (at + 40).min(events.len());
                match device.push(&events[at..upto]) {
                    Ok(answer) => {
                        let head = answer.acked.head.seq;
                        assert!(head >= acked.load(Ordering::SeqCst), "it never goes back");
                        acked.store(head, Ordering::SeqCst);
                        at = usize::try_from(head).unwrap();
                    }
                    Err(refused) => {
                        assert_eq!(refused.code, RefusedWhy::Busy);
                        thread::sleep(Duration::from_millis(20));
                    }
                }
            }
            done.store(true, Ordering::SeqCst);
        })
    };
    let mut cuts = 0;
    while !done.load(Ordering::SeqCst) && cuts < 6 {
        // Somewhere in the middle of the work, wherever that is just then.
        let from = acked.load(Ordering::SeqCst);
        let until = Instant::now() + Duration::from_secs(30);
        while acked.load(Ordering::SeqCst) < from + 400 && Instant::now() < until {
            thread::yield_now();
        }
        rig.postgres.cut();
        let promised = acked.load(Ordering::SeqCst);
        thread::sleep(Duration::from_millis(50));
        rig.postgres.up();
        let kept = rig.count("SELECT coalesce(max(seq), 0) FROM event_log");
        assert!(
            kept >= promised,
            "{promised} were promised, {kept} are there"
        );
        cuts += 1;
    }
    sender.join().unwrap();
    assert!(cuts >= 3, "{cuts} cuts fell into the work");
    assert_eq!(rig.events(), EVENTS as u64);
    assert_eq!(
        rig.count("SELECT count(DISTINCT event_id) FROM event_log"),
        EVENTS as u64
    );
    assert_eq!(rig.count("SELECT feed_seq FROM office"), EVENTS as u64);
}

#[test]
fn without_a_database_the_answer_is_to_come_again_and_health_says_so() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    assert_eq!(device.get("/health"), (200, b"ok".to_vec()));
    rig.postgres.cut();
    assert_eq!(device.get("/health").0, 503);
    let events = Writer::of(device.id).fills(1);
    let refused = device.push(&events).unwrap_err();
    assert_eq!(refused.code, RefusedWhy::Busy);
    assert!(refused.retry_after_ms.is_some());
    rig.postgres.up();
    assert_eq!(device.push(&events).unwrap().acked.head.seq, 1);
    let (status, text) = device.get("/metrics");
    let text = String::from_utf8(text).unwrap();
    assert_eq!(status, 200);
    assert!(text.contains("motcua_events_stored_total 1"), "{text}");
}

#[test]
fn a_database_that_takes_nothing_is_not_healthy_and_is_again_once_it_does() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let mut writer = Writer::of(device.id);
    device.push(&writer.fills(1)).unwrap();
    let ok = (200, b"ok".to_vec());
    assert_eq!(device.get("/health"), ok);
    // As after the other machine of a pair was made the first.
    let set = |value: &str| {
        let user = "ALTER ROLE CURRENT_USER SET default_transaction_read_only";
        rig.postgres
            .query(&format!("BEGIN READ WRITE; {user} = {value}; COMMIT"));
        rig.postgres.cut();
        rig.postgres.up();
    };
    set("on");
    let (status, why) = device.get("/health");
    assert_eq!((status, &why[..]), (503, &b"database is read-only"[..]));
    let events = writer.fills(1);
    assert_eq!(device.push(&events).unwrap_err().code, RefusedWhy::Busy);
    set("off");
    assert_eq!(device.get("/health"), ok, "a write was tried and done");
    assert_eq!(device.push(&events).unwrap().acked.head.seq, 2);
    // Where every look is answered and only writing fails: it is found out by what failed, and
    // being well again without anything coming in.
    let refuse = "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;";
    let trigger = |table: &str| {
        format!(
            "CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION no_room();"
        )
    };
    rig.postgres.query(&format!(
        "{refuse} {} {}",
        trigger("office"),
        trigger("installation")
    ));
    assert_eq!(device.get("/health"), ok, "nobody has tried yet");
    let events = writer.fills(1);
    assert_eq!(device.push(&events).unwrap_err().code, RefusedWhy::Busy);
    let (status, why) = device.get("/health");
    assert_eq!((status, &why[..]), (503, &b"database does not write"[..]));
    rig.postgres.query("DROP FUNCTION no_room() CASCADE");
    assert_eq!(device.get("/health"), ok);
    assert_eq!(device.push(&events).unwrap().acked.head.seq, 3);
}

const INSIDE: &str = "MOTCUA_FULL_DISK";

/// The database on a small disk of its own, in a mount namespace where nobody else sees it.
#[test]
fn a_full_disk_at_the_database_acknowledges_nothing_that_it_does_not_keep() {
    use std::{fs, path::Path, process::Command};
    let Some(root) = std::env::var_os(INSIDE) else {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(
            root.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o777),
        )
        .unwrap();
        let mount = |target: &Path| {
            let mut command = Command::new("unshare");
            command
                .args(["--mount", "mount", "-t", "tmpfs", "none"])
                .arg(target);
            command.output()
        };
        if !mount(root.path()).is_ok_and(|done| done.status.success()) {
            eprintln!("skipped, mounting is not permitted here");
            return;
        }
        let name =
            "tests::faults::a_full_disk_at_the_database_acknowledges_nothing_that_it_does_not_keep";
        let output = Command::new("unshare")
            .args(["--mount", "sh", "-c"])
            .arg("mount -t tmpfs -o size=220m,mode=777 none \"$0\" && exec \"$@\"")
            .arg(root.path())
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(INSIDE, root.path())
            .env("TMPDIR", root.path())
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && out.contains("1 passed"),
            "{out}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        return;
    };
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let mut writer = Writer::of(device.id);
    let first = writer.fills(50);
    device.push(&first).unwrap();
    let filler = Path::new(&root).join("filler");
    let fill = || {
        use std::io::Write as _;
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&filler)
            .unwrap();
        while file.write_all(&[0x46; 64 << 10]).is_ok() {}
    };
    fill();
    // Large records, until the database has no room for the next.
    let body = format!("{{\"system_ms\": 1, \"more\": \"{}\"}}", "x".repeat(4_000));
    let (mut acked, mut refused_at) = (50, None);
    let mut kept = Vec::new();
    for round in 0..400 {
        let batch: Vec<_> = (0..40)
            .map(|_| writer.writes(uuid::Uuid::now_v7(), "clock.confirmed", body.as_bytes()))
            .collect();
        match device.push(&batch) {
            Ok(answer) => acked = answer.acked.head.seq,
            Err(refused) => {
                assert_eq!(refused.code, RefusedWhy::Busy);
                assert!(refused.retry_after_ms.is_some());
                refused_at = Some(round);
                kept = batch;
                break;
            }
        }
        fill();
    }
    assert!(refused_at.is_some(), "the disk never got full");
    // Still full: refused again, and nothing of it is half there.
    assert_eq!(device.push(&kept).unwrap_err().code, RefusedWhy::Busy);
    fs::remove_file(&filler).unwrap();
    // The database may have fallen over for want of room for its log, and comes back by itself or
    // is started again.
    let until = Instant::now() + Duration::from_secs(60);
    let head = loop {
        if let Ok(answer) = device.push(&kept) {
            break answer.acked.head.seq;
        }
        assert!(Instant::now() < until, "it does not come back");
        if !rig.postgres.runs() {
            rig.postgres.up();
        }
        thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(head, acked + 40);
    assert_eq!(rig.events(), head);
    assert_eq!(
        rig.count("SELECT count(DISTINCT event_id) FROM event_log"),
        head
    );
}

#[test]
fn a_database_killed_under_load_and_started_again_keeps_what_was_acknowledged() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let events = Writer::of(device.id).fills(2_000);
    let acked = Arc::new(AtomicU64::new(0));
    let sender = {
        let (device, events, acked) = (device.clone(), events.clone(), Arc::clone(&acked));
        thread::spawn(move || {
            let mut at = 0;
            while at < events.len() {
                let upto = (at + 25).min(events.len());
                match device.push(&events[at..upto]) {
                    Ok(answer) => {
                        at = usize::try_from(answer.acked.head.seq).unwrap();
                        acked.store(at as u64, Ordering::SeqCst);
                    }
                    Err(refused) => {
                        assert_eq!(refused.code, RefusedWhy::Busy);
                        thread::sleep(Duration::from_millis(20));
                    }
                }
            }
        })
    };
    for round in 1..=3_u64 {
        let until = Instant::now() + Duration::from_secs(30);
        while acked.load(Ordering::SeqCst) < round * 400 && Instant::now() < until {
            thread::yield_now();
        }
        // Each of its processes at once, wherever they are.
        rig.postgres.kill();
        let promised = acked.load(Ordering::SeqCst);
        rig.postgres.up();
        assert!(rig.count("SELECT coalesce(max(seq), 0) FROM event_log") >= promised);
    }
    sender.join().unwrap();
    assert_eq!(rig.events(), 2_000);
    assert_eq!(rig.count("SELECT feed_seq FROM office"), 2_000);
}
