//! Who gets in: one-use codes, keys, tokens, offices.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use motcua_protocol::sync::RefusedWhy;
use motcua_sync::wire;
use serde_json::json;
use uuid::Uuid;

use super::{OFFICE, Rig, Writer};

fn code_of(answer: &(u16, serde_json::Value)) -> &str {
    answer.1["code"].as_str().unwrap()
}

#[test]
fn a_code_lets_one_device_in_once() {
    let rig = Rig::new();
    let code = rig.code(OFFICE);
    let device = rig.stranger(Uuid::now_v7());
    assert_eq!(device.enrol(&code).0, 200);
    // The answer was lost: the same device asks again with the same code and key.
    assert_eq!(device.enrol(&code).0, 200);
    let mut other = rig.stranger(Uuid::now_v7());
    other.branch = device.branch;
    assert_eq!(code_of(&other.enrol(&code)), "ENROL_CODE_WRONG");
    for wrong in ["", "ABC", "AAAAAAAAAAAA", "'; DROP TABLE device; --", "mã"] {
        assert_eq!(code_of(&other.enrol(wrong)), "ENROL_CODE_WRONG", "{wrong}");
    }
    let late = rig.code(OFFICE);
    rig.postgres
        .query("UPDATE enrolment_code SET expires_at = now() - interval '1 second'");
    assert_eq!(code_of(&other.enrol(&late)), "ENROL_CODE_WRONG");
    assert_eq!(rig.count("SELECT count(*) FROM device"), 1);
}

#[test]
fn a_refused_enrolment_uses_no_code_and_changes_nothing() {
    let rig = Rig::new();
    let known = rig.device(OFFICE);
    let code = rig.code(OFFICE);
    // The key of somebody else beside a signature of one's own.
    let thief = rig.stranger(Uuid::now_v7());
    let mut forged = thief.enrolment(&code);
    forged["public_key"] = json!(known.public());
    let answer = thief.say("/v1/enrol", forged.to_string().as_bytes());
    assert_eq!(code_of(&answer), "DEVICE_UNPROVEN");
    // A known device under another key.
    let mut copy = rig.stranger(known.id);
    copy.branch = known.branch;
    assert_eq!(code_of(&copy.enrol(&code)), "DEVICE_OTHER");
    // A device that another office has.
    let elsewhere = rig.code("H99.02");
    assert_eq!(code_of(&known.enrol(&elsewhere)), "DEVICE_OTHER");
    // Another branch's machine: two queues must not run into each other.
    let foreign = rig.stranger(Uuid::now_v7());
    assert_eq!(code_of(&foreign.enrol(&code)), "BRANCH_OTHER");
    // Not an enrolment at all.
    for body in [&b""[..], b"{}", b"\xff\xfe", &[b'['; 9_000]] {
        let (status, _) = foreign.say("/v1/enrol", body);
        assert!((400..=413).contains(&status), "{status}");
    }
    let mut second = rig.stranger(Uuid::now_v7());
    second.branch = known.branch;
    assert_eq!(second.enrol(&code).0, 200);
    assert_eq!(rig.count("SELECT count(*) FROM device"), 2);
    assert_eq!(
        rig.count("SELECT count(*) FROM office WHERE code = 'H99.02' AND branch IS NULL"),
        1
    );
}

#[test]
fn a_token_is_for_who_has_the_key_and_nobody_whose_access_was_taken_away() {
    let rig = Rig::new();
    let mut device = rig.device(OFFICE);
    assert_eq!(device.get(wire::HELLO).0, 200);
    assert_eq!(device.get_plainly(wire::HELLO), 426);
    // Nobody.
    let mut stranger = rig.stranger(Uuid::now_v7());
    assert_eq!(stranger.prove(), Err("DEVICE_UNKNOWN".to_owned()));
    assert_eq!(stranger.get(wire::HELLO).0, 401);
    // The known device's name without its key.
    let mut thief = rig.stranger(device.id);
    assert_eq!(thief.prove(), Err("DEVICE_UNPROVEN".to_owned()));
    // A challenge of one's own making.
    let forged = URL_SAFE_NO_PAD.encode([0_u8; 56]);
    let message = crate::auth::token_message(&forged, device.id);
    let signature = URL_SAFE_NO_PAD.encode(device.key.sign(&message));
    let ask = json!({"device": device.id, "challenge": forged, "signature": signature});
    let answer = device.say("/v1/token", ask.to_string().as_bytes());
    assert_eq!(code_of(&answer), "DEVICE_UNPROVEN");
    // A token with another device's id in it.
    let mut bytes = URL_SAFE_NO_PAD.decode(&device.token).unwrap();
    bytes[12] ^= 1;
    let mut changed = device.clone();
    changed.token = URL_SAFE_NO_PAD.encode(bytes);
    assert_eq!(changed.get(wire::HEADS).0, 401);
    // Taken away: neither the token that it has nor a new one opens, and nothing more is stored.
    let taken = rig
        .runtime
        .block_on(crate::devices::revoke(&rig.pool, device.id))
        .unwrap();
    let listed = rig
        .runtime
        .block_on(crate::devices::of_office(&rig.pool, OFFICE))
        .unwrap();
    assert_eq!(listed[0]["revoked_at"], taken["revoked_at"]);
    let nobody = crate::devices::revoke(&rig.pool, uuid::Uuid::nil());
    assert!(rig.runtime.block_on(nobody).is_err());
    assert_eq!(device.get(wire::HELLO).0, 403);
    let events = Writer::of(device.id).fills(1);
    let refused = device.push(&events).unwrap_err();
    assert_eq!(refused.code, RefusedWhy::UnknownDevice);
    assert_eq!(device.prove(), Err("DEVICE_UNKNOWN".to_owned()));
    assert_eq!(rig.events(), 0);
    // A new code lets it in again, under the key that it always had.
    assert_eq!(device.enrol(&rig.code(OFFICE)).0, 200);
    device.prove().unwrap();
    assert!(device.push(&events).is_ok());
}

#[test]
fn any_copy_of_the_program_takes_what_another_one_gave() {
    let rig = Rig::new();
    let mut device = rig.device(OFFICE);
    let mut writer = Writer::of(device.id);
    let first = writer.fills(3);
    device.push(&first).unwrap();
    device.url = rig.copy();
    // The token of the first copy, the log that the first copy stored.
    assert_eq!(device.heads().logs[0].head.seq, 3);
    assert_eq!(
        device.push(&writer.fills(2)).unwrap().acked.head.seq,
        5,
        "it goes on where the other one was"
    );
    let other = rig.stranger(Uuid::now_v7());
    // A challenge from one copy is answered at the other.
    let challenge = other.challenge();
    let message = crate::auth::token_message(&challenge, device.id);
    let signature = URL_SAFE_NO_PAD.encode(device.key.sign(&message));
    let ask = json!({"device": device.id, "challenge": challenge, "signature": signature});
    assert_eq!(device.say("/v1/token", ask.to_string().as_bytes()).0, 200);
}

#[test]
fn a_restored_database_is_told_to_devices_by_every_copy_at_once() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let before = device.heads().server_epoch;
    rig.runtime
        .block_on(crate::database::restored(&rig.pool))
        .unwrap();
    assert_ne!(device.heads().server_epoch, before);
}
