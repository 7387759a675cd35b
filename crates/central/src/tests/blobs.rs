//! Files of papers at central: in pieces, broken off and gone on with, wrong ones refused, once for
//! all who send them, and for nobody else.

use motcua_protocol::sync::{BlobStands, PROTO, piece_path, stands_path};
use motcua_sync::wire;
use serde_json::{Value, json};

use super::{Device, OFFICE, Rig, Writer};

const PIECE: usize = 100_000;

fn scan(seed: u8) -> (Vec<u8>, String) {
    let bytes: Vec<u8> = (0..250_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8 ^ seed)
        .collect();
    let hash = blake3::hash(&bytes).to_hex().to_string();
    (bytes, hash)
}

impl Device {
    fn piece(&self, hash: &str, offset: usize, total: usize, piece: &[u8]) -> (u16, Value) {
        let answer = self
            .agent
            .post(format!(
                "{}{}",
                self.url,
                piece_path(hash, offset as u64, total as u64)
            ))
            .header(wire::PROTO_HEADER, PROTO.to_string())
            .header("authorization", format!("Bearer {}", self.token))
            .send(piece)
            .unwrap();
        let status = answer.status().as_u16();
        let text = answer.into_body().read_to_string().unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    fn stands(&self, hash: &str) -> BlobStands {
        let (status, body) = self.get(&stands_path(hash));
        assert_eq!(status, 200);
        serde_json::from_slice(&body).unwrap()
    }

    /// The rest of a file, from where it stands.
    fn sends(&self, hash: &str, bytes: &[u8]) {
        loop {
            let stands = self.stands(hash);
            if stands.whole {
                return;
            }
            let from = stands.offset as usize;
            let piece = &bytes[from..bytes.len().min(from + PIECE)];
            let (status, said) = self.piece(hash, from, bytes.len(), piece);
            assert_eq!(status, 200, "{said}");
        }
    }

    fn fetches(&self, hash: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let (status, piece) = self.get(&format!("/v1/blobs/{hash}?offset={}", bytes.len()));
            assert_eq!(status, 200);
            if piece.is_empty() {
                return bytes;
            }
            bytes.extend(piece);
        }
    }
}

#[test]
fn a_file_goes_on_where_it_stopped_and_is_given_back_to_its_office_alone() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let (bytes, hash) = scan(0);
    assert_eq!(device.stands(&hash).offset, 0);
    let (status, said) = device.piece(&hash, 0, bytes.len(), &bytes[..PIECE]);
    assert_eq!((status, &said["offset"]), (200, &json!(PIECE)));
    // The answer was lost: the same piece again does not follow.
    let (status, said) = device.piece(&hash, 0, bytes.len(), &bytes[..PIECE]);
    assert_eq!((status, &said["code"]), (409, &json!("BLOB_OFFSET")));
    // Another copy of the program goes on; what is there is asked for.
    let mut elsewhere = device.clone();
    elsewhere.url = rig.copy();
    assert_eq!(elsewhere.stands(&hash).offset, PIECE as u64);
    let (status, _) = device.get(&format!("/v1/blobs/{hash}"));
    assert_eq!(status, 404, "half a file is given to nobody");
    elsewhere.sends(&hash, &bytes);
    assert_eq!(device.fetches(&hash), bytes);
    assert_eq!(rig.count("SELECT count(*) FROM blob_upload"), 0);

    let stranger = rig.device("H99.02");
    assert_eq!(stranger.get(&format!("/v1/blobs/{hash}")).0, 404);
    let mut nobody = device.clone();
    nobody.token = "nothing".to_owned();
    assert_eq!(nobody.get(&format!("/v1/blobs/{hash}")).0, 401);
    assert_eq!(nobody.get(&stands_path(&hash)).0, 401);
    assert_eq!(nobody.piece(&hash, 0, 10, b"x").0, 401);
}

#[test]
fn the_same_file_of_two_offices_lies_here_once() {
    let rig = Rig::new();
    let (one, two) = (rig.device(OFFICE), rig.device("H99.02"));
    let (bytes, hash) = scan(0);
    // Both begin; neither spoils the other's.
    one.piece(&hash, 0, bytes.len(), &bytes[..PIECE]);
    two.piece(&hash, 0, bytes.len(), &vec![9; PIECE]);
    one.sends(&hash, &bytes);
    assert!(two.stands(&hash).whole, "nothing is sent twice");
    assert_eq!(two.fetches(&hash), bytes);
    assert_eq!(rig.count("SELECT count(*) FROM blob"), 1);
    assert_eq!(rig.count("SELECT count(*) FROM blob_of_office"), 2);
    assert_eq!(
        rig.count("SELECT sum(length(data)) FROM blob_piece"),
        bytes.len() as u64
    );
}

#[test]
fn wrong_pieces_are_refused_and_leave_nothing() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let (bytes, hash) = scan(0);
    let refused = |hash: &str, offset, total, piece: &[u8]| {
        let (status, said) = device.piece(hash, offset, total, piece);
        (status, said["code"].as_str().unwrap_or_default().to_owned())
    };
    let is = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(refused("zz", 0, 10, b"x"), is(400, "ARGUMENT_INVALID"));
    assert_eq!(refused(&hash, 0, 10, b""), is(400, "ARGUMENT_INVALID"));
    assert_eq!(refused(&hash, 5, 10, b"x"), is(409, "BLOB_OFFSET"));
    assert_eq!(refused(&hash, 0, 3, b"xxxx"), is(409, "BLOB_OFFSET"));
    assert_eq!(
        refused(&hash, 0, 200_000_001, b"x"),
        is(413, "SCAN_TOO_LARGE")
    );
    let (status, _) = device.piece(&hash, 0, 3 << 20, &vec![0; (1 << 20) + 1]);
    assert_eq!(status, 413);
    // One bit in the middle: found at the end, all of it is thrown away, and the right one comes.
    let mut wrong = bytes.clone();
    wrong[120_000] ^= 1;
    device.piece(&hash, 0, bytes.len(), &wrong[..200_000]);
    let last = refused(&hash, 200_000, bytes.len(), &wrong[200_000..]);
    assert_eq!(last, is(422, "BLOB_DAMAGED"));
    assert_eq!(rig.count("SELECT count(*) FROM blob_piece"), 0);
    assert_eq!(device.stands(&hash).offset, 0);
    device.sends(&hash, &bytes);
    assert_eq!(device.fetches(&hash), bytes);
    let metrics = device.get("/metrics");
    let metrics = String::from_utf8(metrics.1).unwrap();
    assert!(metrics.contains("motcua_blobs 1"), "{metrics}");
    assert!(metrics.contains("motcua_blob_bytes 250000"), "{metrics}");
}

#[test]
fn a_record_never_waits_for_a_file() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let (bytes, hash) = scan(0);
    // A file is half there, and its table is held by somebody: records go through all the same.
    device.piece(&hash, 0, bytes.len(), &bytes[..PIECE]);
    let client = rig.runtime.block_on(rig.pool.get()).unwrap();
    let run = |sql| rig.runtime.block_on(client.batch_execute(sql)).unwrap();
    run("BEGIN; LOCK TABLE blob_upload, blob_piece IN ACCESS EXCLUSIVE MODE");
    let mut writer = Writer::of(device.id);
    let answer = device.push(&writer.fills(20)).unwrap();
    assert_eq!(answer.acked.head.seq, 20);
    run("ROLLBACK");
    device.sends(&hash, &bytes);
}
