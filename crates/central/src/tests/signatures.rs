//! A batch bears the signature of the device that brings it: a token that somebody found opens
//! nothing that could be written, and every log can be shown to be its sender's afterwards.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use motcua_protocol::sync::{RefusedWhy, encode_events};
use motcua_sync::wire;
use ring::signature::{ED25519, UnparsedPublicKey};
use uuid::Uuid;

use super::{OFFICE, Rig, Writer};

#[test]
fn a_batch_without_the_device_s_own_signature_stores_nothing() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let other = rig.device("H99.02");
    let mut writer = Writer::of(device.id);
    let (first, second) = (writer.fills(5), writer.fills(5));
    let body = wire::pack(&encode_events(&first));
    let seal = device.seal(&first);
    // A thief has the token and another key; another device signs with its own; a signature of
    // another batch; the same end under another name; one that is none.
    let mut thief = rig.stranger(device.id);
    thief.token.clone_from(&device.token);
    let mut elsewhere = device.clone();
    elsewhere.id = Uuid::now_v7();
    let mut bent = seal.clone().unwrap().into_bytes();
    bent[3] = if bent[3] == b'A' { b'B' } else { b'A' };
    for wrong in [
        None,
        thief.seal(&first),
        other.seal(&first),
        device.seal(&second),
        device.seal(&first[..4]),
        elsewhere.seal(&first),
        Some(String::from_utf8(bent).unwrap()),
        Some(String::new()),
        Some("'; DROP TABLE device; --".to_owned()),
        Some(URL_SAFE_NO_PAD.encode([0; 64])),
        Some("A".repeat(4_000)),
    ] {
        let refused = device.post_signed(&body, wrong.clone()).unwrap_err();
        assert_eq!(refused.code, RefusedWhy::Unsigned, "{wrong:?}");
    }
    assert_eq!(rig.events(), 0);
    assert_eq!(device.push(&first).unwrap().acked.head.seq, 5);
    // Heard and said again by somebody else: it is known, and nothing more comes of it.
    assert!(device.post_signed(&body, seal).is_ok());
    assert_eq!(rig.events(), 5);
    assert_eq!(device.push(&second).unwrap().acked.head.seq, 10);
}

#[test]
fn the_end_of_every_log_is_kept_with_the_signature_of_who_brought_it() {
    let rig = Rig::new();
    let hub = rig.device(OFFICE);
    let mut counter = Writer::of(Uuid::now_v7());
    let mut brought = Vec::new();
    for _ in 0..3 {
        let events = counter.fills(7);
        hub.push(&events).unwrap();
        brought.extend(events);
    }
    let kept = rig.postgres.query(
        "SELECT signer || '|' || seq || '|' || encode(hash, 'hex') || '|' || encode(signature, 'base64') FROM device_head",
    );
    let kept = kept.replace('\n', "");
    let parts: Vec<&str> = kept.split('|').collect();
    let last = brought.last().unwrap();
    assert_eq!(parts[0], hub.id.to_string());
    assert_eq!(parts[1], "21");
    assert_eq!(
        parts[2],
        last.hash
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<String>()
    );
    let signature = base64::engine::general_purpose::STANDARD
        .decode(parts[3])
        .unwrap();
    let key = URL_SAFE_NO_PAD.decode(hub.public()).unwrap();
    let message = wire::batch_message(hub.id, last);
    assert!(
        UnparsedPublicKey::new(&ED25519, key)
            .verify(&message, &signature)
            .is_ok()
    );
}
