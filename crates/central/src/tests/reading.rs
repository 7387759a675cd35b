//! From events to what is read: the same bytes as at the desk, and nothing that holds others up.

use motcua_protocol::{
    amend::KIND,
    sync::{Limits, Sealed, Status},
};
use motcua_testkit::branch::{MINUTE, OFFICER, SUPERVISOR, TestBranch, case};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{OFFICE, Rig, Writer};

/// A morning at a desk: people served, gone, held, transferred; cases; counters opened and closed.
pub(super) fn morning() -> TestBranch {
    let branch = TestBranch::demo();
    for i in 0..12 {
        branch.pass(MINUTE);
        let counter = i % 2 + 1;
        let visit = branch.walk_in();
        if i % 4 == 3 {
            branch.leg(OFFICER, "leg.leave", &visit);
            continue;
        }
        branch.ok(
            OFFICER,
            "queue.call",
            json!({"visit_id": visit, "counter": counter}),
        );
        branch.pass(MINUTE);
        branch.leg(OFFICER, "leg.start", &visit);
        let mut received = case();
        received["visit_id"] = json!(visit);
        received["applicant"]["name"] =
            json!(["Đặng Văn Đức", "Ỷ Lan Nguyên Phi", "H'Hen Niê Kđăm"][i % 3]);
        branch.ok(OFFICER, "case.receive", received);
        branch.pass(3 * MINUTE);
        branch.leg(OFFICER, "leg.finish", &visit);
    }
    branch.ok(SUPERVISOR, "day.close", json!({}));
    branch
}

pub(super) fn log_of(branch: &TestBranch) -> Vec<Sealed> {
    let store = branch.app().store();
    let limits = Limits {
        events: 100_000,
        bytes: 256 << 20,
        ..Limits::default()
    };
    let (device, epoch) = (store.device(), store.epoch());
    store.events_after(device, epoch, 0, &limits).unwrap()
}

#[test]
fn central_dumps_the_bytes_that_the_desk_dumps_however_it_was_sent() {
    let branch = morning();
    let (log, dump) = (log_of(&branch), branch.dump());
    for kind in [
        "\"type\":\"visit\"",
        "\"type\":\"leg\"",
        "\"type\":\"case\"",
        "\"type\":\"counter\"",
    ] {
        assert!(dump.contains(kind), "{kind} is in the dump");
    }
    let rig = Rig::new();
    for (office, size) in [("A", log.len()), ("B", 1), ("C", 17)] {
        let device = rig.device(office);
        for batch in log.chunks(size) {
            device.push(batch).unwrap();
        }
        assert_eq!(rig.dump(office), dump, "in batches of {size}");
    }
    assert_eq!(rig.dump("no such office"), "");
}

#[test]
fn what_cannot_be_understood_is_kept_told_and_holds_nothing_up() {
    let branch = morning();
    let (log, dump) = (log_of(&branch), branch.dump());
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let mut hostile = Writer::of(device.id);
    let visit = (log.iter())
        .find(|e| e.header.kind == "visit.registered")
        .unwrap();
    let own = Uuid::now_v7();
    let events = [
        hostile.writes(own, "visit.registered", b"\xff\xfe no JSON"),
        hostile.writes(own, "visit.registered", &visit.body),
        hostile.writes(own, "leg.called", br#"{"counter": "one"}"#),
        hostile.writes(Uuid::now_v7(), "hologram.shown", br#"{"in": "2040"}"#),
        hostile.writes(Uuid::now_v7(), "leg.teleported", b"{}"),
        hostile.writes(Uuid::now_v7(), "x'); DROP TABLE visit; --", b"{}"),
        hostile.writes(Uuid::now_v7(), "a\0b", b"{\"a\": \"\\u0000\"}"),
        hostile.writes(Uuid::nil(), "case.received", b"null"),
    ];
    let answer = device.push(&events).unwrap();
    assert_eq!(answer.acked.head.seq, 8, "all of it is kept");
    let told: Vec<_> = answer
        .results
        .iter()
        .map(|v| (v.seq, v.status, v.code.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(
        told,
        [
            (1, Status::Quarantined, "BODY_UNREADABLE"),
            (3, Status::Quarantined, "BODY_UNREADABLE"),
            (4, Status::Parked, "UPGRADE"),
            (5, Status::Parked, "UPGRADE"),
            (6, Status::Parked, "UPGRADE"),
            (7, Status::Parked, "UPGRADE"),
            (8, Status::Quarantined, "BODY_UNREADABLE"),
        ]
    );
    assert_eq!(device.heads().quarantined, 3);
    // The entity's own readable event took effect between the two that are not.
    assert!(rig.dump(OFFICE).contains(&own.to_string()));
    // And the rest of the office goes on: the same branch's other machine, whole.
    let before = rig.dump(OFFICE);
    for batch in log.chunks(50) {
        device.push(batch).unwrap();
    }
    let after = rig.dump(OFFICE);
    let fresh: Vec<&str> = after.lines().filter(|l| !before.contains(l)).collect();
    assert_eq!(fresh, dump.lines().collect::<Vec<_>>());
    // Sent again it is known, and what was said of it stands.
    let again = device.push(&events).unwrap();
    assert!(again.results.iter().all(|v| v.status == Status::Duplicate));
    assert_eq!(device.heads().quarantined, 3);
}

/// The field of a record that central cannot read is said anew at the branch: from then on the
/// record counts, whichever of the two comes first, and it stays as it was written.
#[test]
fn a_field_said_anew_brings_its_record_into_effect_whichever_comes_first() {
    let branch = morning();
    let log = log_of(&branch);
    let received = (log.iter())
        .find(|e| e.header.kind == "case.received")
        .unwrap();
    let mut body: Value = serde_json::from_slice(&received.body).unwrap();
    body["applicant"]["phone"] = json!({"not": "a text"});
    let broken = body.to_string();
    let amended = |record: &Sealed, value: &str| {
        json!({"event_id": record.header.event_id, "field": "applicant.phone", "value": value})
            .to_string()
    };
    let rig = Rig::new();

    let device = rig.device("LATER");
    let mut writer = Writer::of(device.id);
    let entity = Uuid::now_v7();
    let record = writer.writes(entity, "case.received", broken.as_bytes());
    let other = writer.writes(Uuid::now_v7(), "case.received", &received.body);
    device.push(&[record.clone(), other]).unwrap();
    let held = device.heads().held.unwrap();
    assert_eq!(held[0].field.as_deref(), Some("applicant.phone"));
    assert!(!rig.dump("LATER").contains(&entity.to_string()));
    // What is said anew and cannot be read either changes nothing; of two the later one holds.
    let worse = amended(&record, "x").replace("\"x\"", "[1]");
    let better = ["0987654321", "0912345678"].map(|value| amended(&record, value));
    for (word, lifted) in [
        (worse, false),
        (better[0].clone(), true),
        (better[1].clone(), true),
    ] {
        let word = writer.writes(entity, KIND, word.as_bytes());
        device.push(&[word]).unwrap();
        assert_eq!(device.heads().held.unwrap().is_empty(), lifted);
    }
    let dump = rig.dump("LATER");
    let line = dump.lines().find(|l| l.contains(&entity.to_string()));
    assert!(line.unwrap().contains("0912345678"), "{line:?}");
    assert_eq!(device.heads().quarantined, 0);

    // In one batch, and from another machine before the record itself is there.
    let device = rig.device("TOGETHER");
    let mut writer = Writer::of(device.id);
    let record = writer.writes(entity, "case.received", broken.as_bytes());
    let word = writer.writes(entity, KIND, amended(&record, "0912345678").as_bytes());
    let told = device.push(&[record, word]).unwrap();
    assert_eq!(told.results, []);
    let first = rig.device("BEFORE");
    let mut second = rig.stranger(Uuid::now_v7());
    second.branch = first.branch;
    let (status, answer) = second.enrol(&rig.code("BEFORE"));
    assert_eq!(status, 200, "{answer}");
    second.prove().unwrap();
    let mut writer = Writer::of(first.id);
    let record = writer.writes(entity, "case.received", broken.as_bytes());
    let word =
        Writer::of(second.id).writes(entity, KIND, amended(&record, "0912345678").as_bytes());
    second.push(&[word]).unwrap();
    assert_eq!(first.push(&[record]).unwrap().results, []);
    for office in ["TOGETHER", "BEFORE"] {
        assert_eq!(rig.dump(office), dump_of_one(&dump, entity), "{office}");
    }
}

fn dump_of_one(dump: &str, entity: Uuid) -> String {
    let of_it = dump.lines().filter(|l| l.contains(&entity.to_string()));
    of_it.map(|l| format!("{l}\n")).collect()
}

#[test]
fn what_had_seen_more_waits_for_it_and_then_takes_effect() {
    let branch = morning();
    let log = log_of(&branch);
    let visit = (log.iter())
        .find(|e| e.header.kind == "visit.registered")
        .unwrap();
    let left = |e: &&Sealed| String::from_utf8_lossy(&e.body).contains("LEFT");
    let gone = (log.iter())
        .filter(|e| e.header.kind == "leg.ended")
        .find(left)
        .unwrap();
    let rig = Rig::new();
    let hub = rig.device(OFFICE);
    let entity = Uuid::now_v7();
    let (mut desk, mut counter) = (Writer::of(hub.id), Writer::of(Uuid::now_v7()));
    let registered = desk.writes(entity, "visit.registered", &visit.body);
    let left = counter.writes_after(entity, "leg.ended", &gone.body, &[&registered]);
    // The counter's log is here first.
    let answer = hub.push(std::slice::from_ref(&left)).unwrap();
    let told = &answer.results[0];
    assert_eq!(
        (told.status, told.code.as_deref()),
        (Status::Parked, Some("DEPS"))
    );
    assert_eq!(rig.dump(OFFICE), "");
    assert_eq!(rig.count("SELECT count(*) FROM verdict"), 1);
    // Others of the same counter do not wait.
    let more = counter.writes(Uuid::now_v7(), "visit.registered", &visit.body);
    assert!(hub.push(&[more]).unwrap().results.is_empty());
    assert_eq!(rig.dump(OFFICE).lines().count(), 2);
    hub.push(&[registered]).unwrap();
    assert_eq!(rig.count("SELECT count(*) FROM verdict"), 0);
    let dump = rig.dump(OFFICE);
    let line = (dump.lines())
        .find(|l| l.contains(&entity.to_string()) && l.contains("\"type\":\"leg\""))
        .unwrap();
    assert!(line.contains("LEFT"), "{line}");
}
