//! What others lost, tried against the real central: see `docs/named-tests.md`.

use motcua_protocol::sync::{RefusedWhy, decode_events};
use motcua_sync::wire;
use uuid::Uuid;

use super::{OFFICE, Rig, Writer};

/// submersion #316: a hash over bytes that were encoded anew locked every older client out.
#[test]
fn t_oldclient_what_an_older_program_wrote_stays_byte_for_byte() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let mut writer = Writer::of(device.id);
    let bodies: [&[u8]; 6] = [
        br#"{"system_ms":1}"#,
        b"{ \"system_ms\" :\t1 }",
        br#"{"system_ms":1,"of_an_older_version":[1.50,1e3,null]}"#,
        br#"{"z":1,"a":2,"z":3}"#,
        br#"{"text":"\u0110\u1eb7ng \/ \u00e2"}"#,
        b"\xef\xbb\xbf{}",
    ];
    let events: Vec<_> = bodies
        .iter()
        .map(|body| writer.writes(Uuid::now_v7(), "clock.confirmed", body))
        .collect();
    device.push(&events).unwrap();
    let (status, packed) = device.get(&format!("{}?epoch=1&after=0", wire::PAST));
    assert_eq!(status, 200);
    let raw = wire::unpack(&packed, 64 << 20).unwrap();
    let back = decode_events(&raw, &motcua_protocol::sync::Limits::default()).unwrap();
    assert_eq!(back, events, "the bytes that were hashed");
    // And the machine goes on from there, as it always did.
    let more = writer.fills(3);
    assert_eq!(device.push(&more).unwrap().acked.head.seq, 9);
}

/// tailscale #16566: machines that were off for long were locked out by a key that had run out.
#[test]
fn t_longoff_a_machine_that_was_dark_for_a_year_simply_comes_back() {
    let rig = Rig::new();
    let mut device = rig.device(OFFICE);
    let mut writer = Writer::of(device.id);
    device.push(&writer.fills(2)).unwrap();
    rig.postgres.query(
        "UPDATE device SET enrolled_at = now() - interval '2 years', seen_at = now() - interval '1 year';
         UPDATE enrolment_code SET expires_at = now() - interval '2 years', used_at = now() - interval '2 years'",
    );
    // Its token is of last year; the key is still its key.
    let old = device.token.clone();
    device.token = "AAAA".to_owned();
    let events = writer.fills(3);
    assert_eq!(
        device.push(&events).unwrap_err().code,
        RefusedWhy::Unauthorized
    );
    assert_ne!(old, device.token);
    device.prove().unwrap();
    assert_eq!(device.push(&events).unwrap().acked.head.seq, 5);
}

#[test]
fn whoever_is_turned_away_hears_why_whatever_was_being_sent() {
    let rig = Rig::new();
    let mut device = rig.device(OFFICE);
    let good = std::mem::replace(&mut device.token, "AAAA".to_owned());
    let body = vec![0x5a; 900 << 10];
    for _ in 0..20 {
        let refused = device.post(&body).unwrap_err();
        assert_eq!(refused.code, RefusedWhy::Unauthorized);
        // The same line goes on.
        device.challenge();
    }
    device.token = good;
    assert_eq!(device.heads().quarantined, 0);
}

/// medic, OpenCRVS, PowerSync: a record that cannot be understood blocks the queue, or vanishes.
#[test]
fn t_poison_a_record_nobody_understands_is_kept_and_holds_nothing_up() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let mut writer = Writer::of(device.id);
    let mut events = writer.fills(2);
    events.push(writer.writes(Uuid::now_v7(), "visit.registered", b"\xff poison"));
    events.push(writer.writes(Uuid::now_v7(), "of.2040", b"{}"));
    events.extend(writer.fills(2));
    let answer = device.push(&events).unwrap();
    assert_eq!(answer.acked.head.seq, 6);
    let heads = device.heads();
    assert_eq!(heads.quarantined, 1);
    let held: Vec<_> = heads.held.unwrap().into_iter().map(|h| h.code).collect();
    assert_eq!(held, ["BODY_UNREADABLE", "UPGRADE"]);
    assert_eq!(rig.events(), 6);
}

/// Found by our own worlds: a record that nobody understands, and that waits for another besides,
/// was forgotten when the other came.
#[test]
fn t_held_what_nobody_understands_stays_held_back_when_what_it_waited_for_is_there() {
    let rig = Rig::new();
    let hub = rig.device(OFFICE);
    let (mut desk, mut counter) = (Writer::of(hub.id), Writer::of(Uuid::now_v7()));
    let entity = Uuid::now_v7();
    let seen = desk.writes(entity, "clock.confirmed", br#"{"system_ms": 1}"#);
    let poison = counter.writes_after(entity, "leg.called", b"\xff", &[&seen]);
    let newer = counter.writes_after(entity, "of.2040", b"{}", &[&seen]);
    let fine = counter.writes_after(entity, "clock.confirmed", br#"{"system_ms": 2}"#, &[&seen]);
    let told = || {
        let mut held: Vec<_> = hub.heads().held.unwrap();
        held.sort_by_key(|h| h.event_id);
        held.into_iter().map(|h| h.code).collect::<Vec<_>>()
    };
    hub.push(&[poison, newer]).unwrap();
    assert_eq!(told(), ["BODY_UNREADABLE", "UPGRADE"]);
    hub.push(&[fine]).unwrap();
    assert_eq!(told(), ["BODY_UNREADABLE", "UPGRADE", "DEPS"]);
    hub.push(&[seen]).unwrap();
    assert_eq!(told(), ["BODY_UNREADABLE", "UPGRADE"]);
}
