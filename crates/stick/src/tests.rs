//! A file as it is, cut at every place, changed at every place, for others.

use std::io::Cursor;

use motcua_protocol::{
    event,
    sync::{Heads, Limits, Sealed},
};
use uuid::Uuid;

use super::{Answer, Fault, Header, Item, OpenKey, Reader, SealKey, Writer};

fn header() -> Header {
    Header {
        device: Uuid::from_u128(1),
        branch: Uuid::from_u128(2),
        office: "H99.01".to_owned(),
        made_ms: 7,
        answer_key: None,
        introduction: None,
    }
}

fn events(many: u64) -> Vec<Sealed> {
    let mut before = [0; 32];
    (1..=many)
        .map(|seq| {
            let header = event::Header {
                device: Uuid::from_u128(1),
                epoch: 1,
                seq,
                event_id: Uuid::from_u128(seq.into()),
                entity: Uuid::nil(),
                kind: "clock.confirmed".to_owned(),
                kind_v: 1,
                actor: "ha".to_owned(),
                command_id: Uuid::nil(),
                business_date: "2026-11-23".parse().unwrap(),
                wall_ms: 1,
                boot: Uuid::nil(),
                mono_ms: 0,
                skew_ms: 0,
                deps: Vec::new(),
            };
            let event = Sealed::new(header, vec![7; 16], b"{\"system_ms\":1}".to_vec(), before);
            before = event.hash;
            event
        })
        .collect()
}

fn file(key: &SealKey) -> Vec<u8> {
    let all = events(6);
    let mut writer = Writer::begin(Vec::new(), key, &header()).unwrap();
    writer.batch(&all[..4]).unwrap();
    writer.batch(&all[4..]).unwrap();
    writer.finish(<[u8]>::to_vec).unwrap()
}

/// Reads to the end: how many events, or why not.
fn read(bytes: &[u8], key: &OpenKey) -> Result<usize, Fault> {
    let (told, mut reader) = Reader::open(Cursor::new(bytes), key)?;
    assert_eq!(told, header());
    let mut many = 0;
    loop {
        match reader.item(&Limits::default())? {
            Item::Batch(events) => many += events.len(),
            Item::End { signature, message } => {
                // The test signs by showing what it was asked to sign.
                assert_eq!(signature, message);
                return Ok(many);
            }
        }
    }
}

#[test]
fn what_was_written_is_read_and_by_nobody_else() {
    let key = OpenKey::of_secret(&[1; 32]);
    let bytes = file(key.seal_key());
    assert_eq!(read(&bytes, &key).unwrap(), 6);
    let other = OpenKey::of_secret(&[2; 32]);
    assert!(matches!(read(&bytes, &other), Err(Fault::OtherKey)));
    // Nothing of it stands there in clear, and two files of the same are not alike.
    let shown = |text: &[u8]| bytes.windows(text.len()).any(|w| w == text);
    assert!(!shown(b"H99.01") && !shown(b"clock.confirmed"));
    assert_ne!(bytes, file(key.seal_key()));
    // The same secret gives the same key in every copy of central.
    assert_eq!(OpenKey::of_secret(&[1; 32]).seal_key(), key.seal_key());
}

#[test]
fn a_cut_or_changed_file_is_never_taken_for_a_whole_one() {
    let key = OpenKey::of_secret(&[1; 32]);
    let bytes = file(key.seal_key());
    for at in 0..bytes.len() {
        let cut = read(&bytes[..at], &key).unwrap_err();
        assert!(
            matches!(cut, Fault::Damaged | Fault::NotOurs),
            "cut at {at}: {cut}"
        );
        let mut changed = bytes.clone();
        changed[at] ^= 0x20;
        assert!(read(&changed, &key).is_err(), "changed at {at}");
    }
    let longer = [&bytes[..], b"x"].concat();
    assert!(matches!(read(&longer, &key), Err(Fault::Damaged)));
    assert!(matches!(read(b"", &key), Err(Fault::NotOurs)));
    assert!(matches!(read(b"MCSTICK9", &key), Err(Fault::Newer)));
}

#[test]
fn a_slip_in_copying_a_key_is_noticed() {
    let key = OpenKey::of_secret(&[1; 32]).seal_key().clone();
    let text = key.to_string();
    assert_eq!(SealKey::parse(&format!(" {text}\n")), Some(key.clone()));
    for at in 0..text.len() {
        let mut other = text.clone().into_bytes();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = SealKey::parse(&String::from_utf8(other).unwrap());
        assert!(other.is_none_or(|other| other == key), "at {at}");
    }
    assert_eq!(SealKey::parse("ữ"), None);
}

#[test]
fn an_answer_is_read_by_its_machine_and_believed_from_central_alone() {
    let (central, machine) = (OpenKey::of_secret(&[1; 32]), OpenKey::of_secret(&[2; 32]));
    let other = OpenKey::of_secret(&[3; 32]);
    let answer = Answer {
        device: Uuid::from_u128(1),
        made_ms: 7,
        answered_ms: 8,
        heads: Heads {
            server_epoch: "e".to_owned(),
            logs: Vec::new(),
            quarantined: 0,
            held: Some(Vec::new()),
            aside: Vec::new(),
        },
    };
    let bytes = answer.seal(&central, machine.seal_key()).unwrap();
    let open =
        |bytes: &[u8], mine: &OpenKey, from: &OpenKey| Answer::open(bytes, mine, from.seal_key());
    assert_eq!(open(&bytes, &machine, &central).unwrap(), answer);
    // Anybody may know the machine's key; only central has its own.
    let forged = answer.seal(&other, machine.seal_key()).unwrap();
    for (bytes, mine, from) in [
        (&forged, &machine, &central),
        (&bytes, &other, &central),
        (&bytes, &machine, &other),
    ] {
        assert!(matches!(open(bytes, mine, from), Err(Fault::OtherKey)));
    }
    for at in 0..bytes.len() {
        assert!(
            open(&bytes[..at], &machine, &central).is_err(),
            "cut at {at}"
        );
        let mut changed = bytes.clone();
        changed[at] ^= 0x20;
        assert!(
            open(&changed, &machine, &central).is_err(),
            "changed at {at}"
        );
    }
    assert!(matches!(
        open(b"MCSTICK1", &machine, &central),
        Err(Fault::NotOurs)
    ));
    assert!(matches!(
        open(b"MCANSWR9", &machine, &central),
        Err(Fault::Newer)
    ));
}
