//! Records that come on a stick: once in effect however often they come, and nothing of what is
//! cut, changed, forged or somebody else's.

use std::io::Cursor;

use motcua_protocol::{
    ApiError,
    sync::{Sealed, Status},
    verbs::sync::StickTaken,
};
use motcua_stick::{Header, Introduction, OpenKey, SealKey, Writer as Stick};
use serde_json::json;
use uuid::Uuid;

use super::{Device, OFFICE, Rig, Writer};
use crate::{auth, database, stick};

impl Rig {
    fn seal_key(&self) -> SealKey {
        let installation = self.runtime.block_on(database::installation(&self.pool));
        OpenKey::of_secret(&installation.unwrap().secret)
            .seal_key()
            .clone()
    }

    fn import(&self, file: &[u8], office: Option<i32>) -> Result<StickTaken, ApiError> {
        let installation = self.runtime.block_on(database::installation(&self.pool));
        let installation = installation.unwrap();
        let open = || Ok(Cursor::new(file.to_vec()));
        let runtime = self.runtime.handle();
        let done = stick::take(runtime, &self.pool, &installation, office, open);
        done.map(|done| done.taken).map_err(|no| match no {
            stick::No::Refused(error) => error,
            stick::No::Fault(fault) => panic!("{fault}"),
        })
    }
}

impl Device {
    fn on_a_stick(&self, key: &SealKey, batches: &[&[Sealed]], code: Option<&str>) -> Vec<u8> {
        let introduction = code.map(|code| Introduction {
            code: code.to_owned(),
            name: "Một cửa không có mạng".to_owned(),
            public_key: self.public(),
            signature: self.sign(&auth::enrol_message(code, self.id)),
        });
        let header = Header {
            device: self.id,
            branch: self.branch,
            office: OFFICE.to_owned(),
            made_ms: 1_000,
            answer_key: None,
            introduction,
        };
        let mut stick = Stick::begin(Vec::new(), key, &header).unwrap();
        for batch in batches {
            stick.batch(batch).unwrap();
        }
        let sign = |message: &[u8]| self.key.sign(message).as_ref().to_vec();
        stick.finish(sign).unwrap()
    }

    fn brings(&self, file: &[u8]) -> (u16, serde_json::Value) {
        let answer = self
            .agent
            .post(format!("{}/v1/stick", self.url))
            .header(motcua_sync::wire::PROTO_HEADER, "1")
            .header("authorization", format!("Bearer {}", self.token))
            .send(file)
            .unwrap();
        let status = answer.status().as_u16();
        let text = answer.into_body().read_to_string().unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }
}

fn code(error: &ApiError) -> String {
    json!(error.code).as_str().unwrap().to_owned()
}

#[test]
fn a_file_twice_and_then_the_line_is_once_in_effect() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let mut writer = Writer::of(device.id);
    let events = writer.fills(2_500);
    // Central has the first of them by the line.
    device.push(&events[..100]).unwrap();
    let key = rig.seal_key();
    let file = device.on_a_stick(
        &key,
        &[&events[..1_000], &events[1_000..2_000], &events[2_000..]],
        None,
    );
    let taken = rig.import(&file, None).unwrap();
    assert_eq!(taken.office, OFFICE);
    assert_eq!(
        (taken.records, taken.stored, taken.known, taken.left),
        (2_500, 2_400, 100, 0)
    );
    let taken = rig.import(&file, None).unwrap();
    assert_eq!((taken.stored, taken.known), (0, 2_500));
    // The line is back: what the machine still counts as unsent is known already.
    let answer = device.push(&events).unwrap();
    assert_eq!(answer.acked.head.seq, 2_500);
    let all_known = answer.results.iter().all(|v| v.status == Status::Duplicate);
    assert!(all_known);
    let more = writer.fills(3);
    device.push(&more).unwrap();
    assert_eq!(rig.events(), 2_503);
    assert_eq!(
        rig.count("SELECT count(DISTINCT event_id) FROM event_log"),
        2_503
    );
    assert_eq!(rig.count("SELECT max(feed_seq) FROM event_log"), 2_503);
}

#[test]
fn nothing_is_taken_of_what_is_cut_changed_forged_or_for_somebody_else() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let key = rig.seal_key();
    let mut writer = Writer::of(device.id);
    let events = writer.fills(40);
    let file = device.on_a_stick(&key, &[&events[..20], &events[20..]], None);
    for at in (0..file.len()).step_by(101) {
        let cut = rig.import(&file[..at], None).unwrap_err();
        assert_eq!(code(&cut), "STICK_INVALID", "cut at {at}");
        assert_eq!(cut.field.as_deref(), Some("file"));
        let mut changed = file.clone();
        changed[at] ^= 1;
        let changed = rig.import(&changed, None).unwrap_err();
        assert!(
            ["STICK_INVALID", "STICK_OTHER", "PROTOCOL_OTHER"].contains(&&*code(&changed)),
            "changed at {at}: {changed:?}"
        );
    }
    let other = OpenKey::of_secret(&[9; 32]);
    let elsewhere = device.on_a_stick(other.seal_key(), &[&events], None);
    let refused = rig.import(&elsewhere, None).unwrap_err();
    assert_eq!(code(&refused), "STICK_OTHER");
    // Whoever knows the key of central can write a file, but not in another's name.
    let mut thief = rig.stranger(device.id);
    let forged = thief.on_a_stick(&key, &[&events], None);
    assert_eq!(
        code(&rig.import(&forged, None).unwrap_err()),
        "DEVICE_UNPROVEN"
    );
    thief.id = Uuid::now_v7();
    let unknown = thief.on_a_stick(&key, &[&events], None);
    assert_eq!(
        code(&rig.import(&unknown, None).unwrap_err()),
        "DEVICE_UNKNOWN"
    );
    let wrong = thief.on_a_stick(&key, &[&events], Some("ABCDEFGHJKLM"));
    assert_eq!(
        code(&rig.import(&wrong, None).unwrap_err()),
        "ENROL_CODE_WRONG"
    );
    // The operator says whose file it has to be.
    let other = rig.runtime.block_on(database::office(&rig.pool, "H99.02"));
    let refused = rig.import(&file, other.ok()).unwrap_err();
    assert_eq!(code(&refused), "STICK_OTHER");
    // Access was taken away: also on foot.
    rig.postgres.query("UPDATE device SET revoked_at = now()");
    let refused = rig.import(&file, None).unwrap_err();
    assert_eq!(code(&refused), "DEVICE_UNKNOWN");
    assert_eq!(rig.events(), 0);
}

#[test]
fn a_branch_without_any_line_joins_by_its_first_file() {
    let rig = Rig::new();
    let key = rig.seal_key();
    let mut device = rig.stranger(Uuid::now_v7());
    let mut writer = Writer::of(device.id);
    let events = writer.fills(10);
    let once = rig.code(OFFICE);
    let file = device.on_a_stick(&key, &[&events], Some(&once));
    assert_eq!(rig.import(&file, None).unwrap().stored, 10);
    // The same again, and the next one, which carries the same code still.
    assert_eq!(rig.import(&file, None).unwrap().known, 10);
    let more = writer.fills(5);
    let next = device.on_a_stick(&key, &[&events, &more], Some(&once));
    let taken = rig.import(&next, None).unwrap();
    assert_eq!((taken.stored, taken.known), (5, 10));
    // One day there is a line: the key that was shown then opens.
    device.prove().unwrap();
    assert_eq!(device.push(&more).unwrap().acked.head.seq, 15);
    assert_eq!(rig.events(), 15);
    // A code is for one machine, on foot as well.
    let other = rig.stranger(Uuid::now_v7());
    let stolen = other.on_a_stick(&key, &[&Writer::of(other.id).fills(1)], Some(&once));
    assert_eq!(
        code(&rig.import(&stolen, None).unwrap_err()),
        "ENROL_CODE_WRONG"
    );
}

#[test]
fn what_does_not_fit_is_told_and_holds_no_other_log_up() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let counter = Uuid::now_v7();
    let (own, others) = (
        Writer::of(device.id).fills(30),
        Writer::of(counter).fills(20),
    );
    // It begins behind what central has: central was restored meanwhile.
    let file = device.on_a_stick(&rig.seal_key(), &[&own[10..20], &own[20..], &others], None);
    let taken = rig.import(&file, None).unwrap();
    assert_eq!((taken.stored, taken.left), (20, 20));
    let whole = device.on_a_stick(&rig.seal_key(), &[&own, &others], None);
    let taken = rig.import(&whole, None).unwrap();
    assert_eq!((taken.stored, taken.known, taken.left), (30, 20, 0));
}

#[test]
fn another_machine_of_the_office_brings_a_file_that_it_cannot_read() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let mut with_line = rig.stranger(Uuid::now_v7());
    with_line.branch = device.branch;
    assert_eq!(with_line.enrol(&rig.code(OFFICE)).0, 200);
    with_line.prove().unwrap();
    let stranger = rig.device("H99.02");
    let events = Writer::of(device.id).fills(30);
    let file = device.on_a_stick(&rig.seal_key(), &[&events], None);
    let (status, refused) = stranger.brings(&file);
    assert_eq!((status, &refused["code"]), (422, &json!("STICK_OTHER")));
    assert_eq!(rig.events(), 0);
    let (status, taken) = with_line.brings(&file);
    assert_eq!((status, &taken["stored"]), (200, &json!(30)));
    // And has it from central by the ordinary way.
    assert_eq!(with_line.page(0).events.len(), 30);
    let (status, refused) = with_line.brings(&file[..file.len() / 2]);
    assert_eq!((status, &refused["code"]), (422, &json!("STICK_INVALID")));
    let mut nobody = with_line.clone();
    nobody.token = "A".to_owned();
    assert_eq!(nobody.brings(&file).0, 401);
}

#[test]
fn what_is_held_back_is_told_with_its_field_and_looked_at_again_when_asked() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let mut writer = Writer::of(device.id);
    let good = writer.writes(Uuid::now_v7(), "clock.confirmed", b"{\"system_ms\":1}");
    let bad = writer.writes(
        Uuid::now_v7(),
        "clock.confirmed",
        b"{\"system_ms\":\"noon\"}",
    );
    let newer = writer.writes(Uuid::now_v7(), "drone.landed", b"{}");
    device
        .push(&[good.clone(), bad.clone(), newer.clone()])
        .unwrap();
    let held = device.heads().held.unwrap();
    let told = |event: &Sealed| {
        let id = event.header.event_id;
        held.iter()
            .find(|h| h.event_id == id)
            .map(|h| (h.status, h.code.as_str(), h.field.as_deref()))
    };
    assert_eq!(
        told(&bad),
        Some((Status::Quarantined, "BODY_UNREADABLE", Some("system_ms")))
    );
    assert_eq!(told(&newer), Some((Status::Parked, "UPGRADE", None)));
    assert_eq!(told(&good), None);
    // As if an older program had not known a kind that this one knows.
    rig.postgres.query(&format!(
        "INSERT INTO verdict(office_id, event_id, device, entity, status, code)
         SELECT office_id, event_id, device, entity, 'parked', 'UPGRADE' FROM event_log WHERE event_id = '{}'",
        good.header.event_id
    ));
    assert_eq!(device.heads().held.unwrap().len(), 3);
    let mut ask = |event: &Sealed, how: &str| {
        let id = event.header.event_id;
        let body = json!({"event_id": id, "how": how}).to_string();
        let entity = motcua_protocol::entity::held(id);
        let asked = writer.writes(entity, "sync.resolved", body.as_bytes());
        let answer = device.push(&[asked]).unwrap();
        assert_eq!(answer.results, []);
    };
    ask(&good, "acknowledged");
    assert_eq!(device.heads().held.unwrap().len(), 3);
    for event in [&good, &bad, &newer] {
        ask(event, "asked_again");
    }
    let held = device.heads().held.unwrap();
    assert_eq!(held.len(), 2, "{held:?}");
    assert!(held.iter().all(|h| h.event_id != good.header.event_id));
}
