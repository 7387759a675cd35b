//! What becomes of batches: doubled, out of order, cut, forged, too large, for others, by two ways
//! at once.

use std::{collections::BTreeSet, thread};

use motcua_protocol::sync::{Limits, RefusedWhy, Sealed, Status, encode_events};
use motcua_sync::wire;
use uuid::Uuid;

use super::{OFFICE, Rig, Writer};

#[test]
fn a_batch_sent_again_is_known_and_stored_once() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let events = Writer::of(device.id).fills(300);
    for _ in 0..3 {
        let answer = device.push(&events).unwrap();
        assert_eq!(answer.acked.head.seq, 300);
        assert_eq!(answer.acked.head.hash.0, events[299].hash);
    }
    // Half known, half new, and again in another cut.
    let mut longer = Writer::of(device.id);
    longer.seq = 300;
    longer.last = events[299].hash;
    let more = longer.fills(100);
    let across = [&events[200..], &more[..50]].concat();
    let answer = device.push(&across).unwrap();
    assert_eq!(answer.acked.head.seq, 350);
    let duplicates = answer.results.iter();
    assert_eq!(
        duplicates.filter(|v| v.status == Status::Duplicate).count(),
        100
    );
    assert_eq!(device.push(&more).unwrap().acked.head.seq, 400);
    assert_eq!(rig.events(), 400);
    assert_eq!(
        rig.count(
            "SELECT count(DISTINCT feed_seq) FROM event_log WHERE feed_seq BETWEEN 1 AND 400"
        ),
        400
    );
}

#[test]
fn batches_out_of_order_wait_for_what_goes_before() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let events = Writer::of(device.id).fills(30);
    let refused = device.push(&events[10..20]).unwrap_err();
    assert_eq!((refused.code, refused.head), (RefusedWhy::Gap, None));
    device.push(&events[..10]).unwrap();
    let refused = device.push(&events[20..]).unwrap_err();
    assert_eq!(refused.code, RefusedWhy::Gap);
    assert_eq!(refused.head.unwrap().head.seq, 10);
    device.push(&events[10..20]).unwrap();
    device.push(&events[20..]).unwrap();
    assert_eq!(rig.events(), 30);
}

#[test]
fn another_event_under_a_number_that_is_taken_is_a_fork_and_not_a_duplicate() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let mut writer = Writer::of(device.id);
    let first = writer.fills(5);
    let mut restored = writer.clone();
    let lived = writer.fills(5);
    device.push(&[&first[..], &lived].concat()).unwrap();
    // A folder that went back and gave the same numbers to other events.
    let again = restored.fills(3);
    let refused = device.push(&again).unwrap_err();
    assert_eq!(refused.code, RefusedWhy::Fork);
    assert_eq!(refused.head.unwrap().head.hash.0, lived[4].hash);
    let across = [&first[3..], &again].concat();
    assert_eq!(device.push(&across).unwrap_err().code, RefusedWhy::Fork);
    assert_eq!(rig.events(), 10);
    // A new epoch behind what both have; one event of it is known under another place.
    let mut repaired = Writer {
        epoch: 7,
        seq: 0,
        last: first[4].hash,
        ..writer
    };
    let mut reissued = repaired.fills(1).remove(0).header;
    reissued.event_id = lived[0].header.event_id;
    let reissued = Sealed::new(reissued, vec![7; 16], lived[0].body.clone(), first[4].hash);
    let answer = device.push(std::slice::from_ref(&reissued)).unwrap();
    assert_eq!(answer.results[0].status, Status::DuplicateOf);
    assert_eq!(rig.events(), 11);
    // An epoch that begins behind nothing that is here.
    let mut foreign = Writer::of(device.id);
    foreign.epoch = 9;
    foreign.last = [3; 32];
    let refused = device.push(&foreign.fills(1)).unwrap_err();
    assert_eq!(refused.code, RefusedWhy::Gap);
}

#[test]
fn what_is_no_batch_is_refused_as_a_whole_and_stores_nothing() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let mut writer = Writer::of(device.id);
    let events = writer.fills(20);
    let whole = encode_events(&events);
    // Cut, and changed, at many places.
    for at in (0..whole.len()).step_by(97) {
        let refused = device.post(&wire::pack(&whole[..at])).unwrap_err();
        assert_eq!(refused.code, RefusedWhy::Malformed, "cut at {at}");
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        let refused = device.post(&wire::pack(&changed)).unwrap_err();
        let code = refused.code;
        assert!(
            matches!(
                code,
                RefusedWhy::Malformed | RefusedWhy::Proto | RefusedWhy::TooLarge
            ),
            "changed at {at}: {code:?}"
        );
    }
    let packed = wire::pack(&whole);
    for body in [&b""[..], b"{}", &packed[..packed.len() / 2], &[0xff; 4_096]] {
        assert_eq!(device.post(body).unwrap_err().code, RefusedWhy::Malformed);
    }
    // A little that unpacks to a lot.
    let bomb = wire::pack(&vec![0; 256 << 20]);
    assert!(bomb.len() < wire::MOST_BODY);
    assert_eq!(device.post(&bomb).unwrap_err().code, RefusedWhy::Malformed);
    let vast = vec![0xa5; wire::MOST_BODY + 1];
    let refused = device.post(&vast).unwrap_err().code;
    assert!(
        matches!(refused, RefusedWhy::TooLarge | RefusedWhy::Busy),
        "{refused:?}"
    );
    // More events than are taken at once.
    let most = Limits::default().most_events as usize;
    let crowd = Writer::of(device.id).fills(most + 1);
    assert_eq!(device.push(&crowd).unwrap_err().code, RefusedWhy::TooLarge);
    assert_eq!(rig.events(), 0);
    // Nothing of it has hurt.
    assert_eq!(device.push(&events).unwrap().acked.head.seq, 20);
}

#[test]
fn an_office_neither_sees_nor_touches_another_ones_records() {
    let rig = Rig::new();
    let (here, there) = (rig.device(OFFICE), rig.device("H99.02"));
    let mut writer = Writer::of(here.id);
    here.push(&writer.fills(10)).unwrap();
    assert!(there.heads().logs.is_empty());
    assert!(there.page(0).events.is_empty());
    // Under the other's name it writes into its own office, and disturbs nothing there.
    let forged = Writer::of(here.id).fills(12);
    there.push(&forged).unwrap();
    assert_eq!(here.heads().logs[0].head.seq, 10);
    assert_eq!(here.push(&writer.fills(1)).unwrap().acked.head.seq, 11);
    // A hub brings its counters' logs, and reads what others of its branch wrote.
    let mut counter = Writer::of(Uuid::now_v7());
    here.push(&counter.fills(4)).unwrap();
    let page = here.page(0);
    assert_eq!(page.events.len(), 4);
    assert!(here.page(page.next).events.is_empty());
}

#[test]
fn the_same_log_by_two_ways_at_once_is_stored_once_and_the_feed_has_no_holes() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let events = Writer::of(device.id).fills(600);
    let counter = Writer::of(Uuid::now_v7()).fills(600);
    let ways: Vec<_> = (0..4)
        .map(|way| {
            let mut device = device.clone();
            device.url = rig.copy();
            let log = if way % 2 == 0 {
                events.clone()
            } else {
                counter.clone()
            };
            let size = 20 + way * 13;
            thread::spawn(move || {
                let mut at = 0;
                while at < log.len() {
                    let upto = (at + size).min(log.len());
                    // Four of an office may be on their way in, one waits for the other, and nobody
                    // is sent away because two took the same places.
                    let answer = device.push(&log[at..upto]).unwrap();
                    at = usize::try_from(answer.acked.head.seq).unwrap().max(upto);
                }
            })
        })
        .collect();
    for way in ways {
        way.join().unwrap();
    }
    assert_eq!(rig.events(), 1_200);
    assert_eq!(
        rig.count("SELECT count(DISTINCT event_id) FROM event_log"),
        1_200
    );
    assert_eq!(rig.count("SELECT max(feed_seq) FROM event_log"), 1_200);
    let reader = rig.stranger(Uuid::now_v7());
    let mut reader = super::Device {
        branch: device.branch,
        ..reader
    };
    assert_eq!(reader.enrol(&rig.code(OFFICE)).0, 200);
    reader.prove().unwrap();
    let (mut cursor, mut read) = (0, BTreeSet::new());
    loop {
        let page = reader.page(cursor);
        read.extend(page.events.iter().map(|e| e.header.event_id));
        cursor = page.next;
        if !page.more {
            break;
        }
    }
    assert_eq!(read.len(), 1_200);
}

#[test]
fn heads_and_queries_that_are_attacks_get_a_defined_answer_and_change_nothing() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let events = Writer::of(device.id).fills(2);
    device.push(&events).unwrap();
    let before = rig
        .postgres
        .query("SELECT count(*) FROM event_log, device, office");
    for query in [
        "/v1/feed?cursor=-1",
        "/v1/feed?cursor=99999999999999999999999",
        "/v1/feed?cursor=1;DROP%20TABLE%20event_log",
        "/v1/feed",
        "/v1/devices/self/events?epoch=1%27--&after=0",
        "/v1/devices/self/events?epoch=4294967296&after=0",
        "/v1/devices/self/heads?all=%27%20OR%201=1",
    ] {
        assert_eq!(device.get(query).0, 400, "{query}");
    }
    assert_eq!(device.get("/v1/feed?cursor=9223372036854775808").0, 200);
    assert_eq!(
        device
            .get("/v1/devices/self/events?epoch=4294967295&after=18446744073709551615")
            .0,
        200
    );
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let bearer = format!("Bearer {}", device.token);
    for (name, value, status) in [
        (wire::PROTO_HEADER, "1'; DROP TABLE office; --", 426),
        (wire::PROTO_HEADER, "-1", 426),
        (wire::PROTO_HEADER, "99999", 426),
        ("authorization", "Bearer ", 401),
        ("authorization", "Bearer ' OR '1'='1", 401),
        ("authorization", "Basic YTpi", 401),
        // What is said beside is not believed, and harms nothing.
        (wire::UNSENT_HEADER, "1'; DELETE FROM device; --", 200),
        (
            wire::UNSENT_HEADER,
            "18446744073709551615 9223372036854775807",
            200,
        ),
        (wire::UNSENT_HEADER, "1 -9223372036854775808", 200),
        ("x-forwarded-for", "<script>alert(1)</script>", 200),
    ] {
        let mut request = agent.get(format!("{}{}", device.url, wire::HELLO));
        let usual = [(wire::PROTO_HEADER, "1"), ("authorization", &*bearer)];
        for (usual, said) in usual.iter().filter(|(usual, _)| *usual != name) {
            request = request.header(*usual, *said);
        }
        let answer = request.header(name, value).call().unwrap();
        assert_eq!(answer.status().as_u16(), status, "{name}: {value}");
    }
    let after = rig
        .postgres
        .query("SELECT count(*) FROM event_log, device, office");
    assert_eq!(before, after);
}
