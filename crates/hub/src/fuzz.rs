//! What comes to a hub or a counter over the network or lies in its folder, broken in the ways in
//! which such things break: read or refused, without panic and within bounds.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where something is not as expected"
)]

use std::fs;

use motcua_protocol::{
    ApiError,
    sync::{EpochHead, Hash, Limits, encode_events},
};
use motcua_testkit::fuzz;
use serde_json::json;
use uuid::Uuid;

use crate::{
    Endpoint, Paired, endpoint,
    line::host_of,
    pairing::{self, Begin, Begun, Finish, Finished},
    wire::{self, CommandAsk, CommandTold},
};

#[test]
fn fuzz_frames_of_the_network() {
    let answer = CommandTold::Done(json!({"ticket": "A-001", "people_ahead": 3}));
    let refused = CommandTold::Refused(ApiError {
        code: motcua_domain::Code::NotFound,
        message: "Không thấy lượt này.".to_owned(),
        field: Some("visit_id".to_owned()),
    });
    let page = encode_events(&[]);
    let plain: Vec<Vec<u8>> = [&answer, &refused]
        .iter()
        .map(|told| wire::frame(told, &page).unwrap())
        .collect();
    fuzz::run("frame of a command's answer", 0.04, &plain, |bytes| {
        if let Some((_, page)) = wire::unframe(bytes) {
            assert!(page.len() <= bytes.len());
        }
    });
    let zeros = vec![0; 8 << 20];
    let packed: Vec<Vec<u8>> = plain
        .iter()
        .map(|p| wire::pack(p))
        .chain([wire::pack(&zeros)])
        .collect();
    let most = 1 << 20;
    fuzz::run("packed body", 0.04, &packed, |bytes| {
        if let Some(out) = wire::unpack(bytes, most) {
            assert!(out.len() <= most);
        }
    });
    let ask = CommandAsk {
        command_id: Uuid::from_u128(1),
        name: "visit.register".to_owned(),
        args: json!({"service": "ho-tich"}),
        officer: Some("ha".to_owned()),
        head: EpochHead {
            epoch: 1,
            seq: 7,
            hash: Hash([7; 32]),
        },
        cursor: 77,
        server_epoch: Some("x-1".to_owned()),
    };
    let ask = serde_json::to_vec(&ask).unwrap();
    fuzz::run("command of a counter", 0.04, &[ask], |bytes| {
        serde_json::from_slice::<CommandAsk>(bytes).ok();
    });
    assert!(Limits::default().most_bytes >= most as u32);
}

#[test]
fn fuzz_pairing() {
    let id = Uuid::from_u128(7);
    let digest = "ab".repeat(32);
    let corpus = [
        json!({"proto": 1, "device": id, "name": "Quầy 1", "nonce": digest}).to_string(),
        json!({"session": id, "nonce": digest}).to_string(),
        json!({"session": id, "proof": digest}).to_string(),
        json!({"proof": digest, "number": 2, "branch": id, "hub": id}).to_string(),
        " abcd-2345 ".to_owned(),
        "https://192.168.1.10:7443".to_owned(),
        "https://[fe80::1]:7443/".to_owned(),
        digest,
    ]
    .map(String::into_bytes);
    fuzz::run("pairing", 0.04, &corpus, |bytes| {
        serde_json::from_slice::<Begin>(bytes).ok();
        serde_json::from_slice::<Begun>(bytes).ok();
        serde_json::from_slice::<Finish>(bytes).ok();
        serde_json::from_slice::<Finished>(bytes).ok();
        let text = String::from_utf8_lossy(bytes);
        if let Some(code) = pairing::clean(&text) {
            assert_eq!(pairing::clean(&code), Some(code.clone()));
        }
        pairing::digest(&text);
        crate::Fingerprint::parse(&text);
        if let Some(host) = host_of(&text) {
            assert!(!host.contains('/'), "{host}");
        }
    });
}

#[test]
fn fuzz_files_of_a_folder() {
    let id = Uuid::from_u128(7);
    let digest = "ab".repeat(32);
    let corpus = [
        json!({"url": "http://127.0.0.1:7444", "token": digest, "board": digest}).to_string(),
        json!({"url": "https://127.0.0.1:7443", "fingerprint": digest, "number": 2, "device": id, "hub": id, "branch": id})
            .to_string(),
        digest,
    ]
    .map(String::into_bytes);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    fuzz::run("files of a folder", 0.04, &corpus, |bytes| {
        for name in ["endpoint.json", "hub.json", "role.json", endpoint::BOARD] {
            fs::write(dir.join(name), bytes).unwrap();
        }
        Endpoint::read(dir);
        Paired::of_folder(dir).ok();
        crate::Remembered::of_folder(dir).ok();
        let token = endpoint::kept_token(dir, endpoint::BOARD).unwrap();
        assert!(token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()));
    });
}
