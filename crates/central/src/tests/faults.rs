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
