//! The model that the simulation plays is held to the real central: the same batches, good and
//! bad, in the same order, and every answer, every head, everything held back and every line of
//! the dump alike.

use std::collections::BTreeMap;

use motcua_protocol::sync::{Limits, Sealed};
use motcua_sync::{Access, Answer, Log as _, Request, answer};
use motcua_testkit::model::CentralModel;
use serde_json::json;
use uuid::Uuid;

use super::{Device, OFFICE, Rig, Writer, reading};

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n) as usize
    }
}

/// Asks both; they must not differ.
fn both(device: &Device, model: &mut CentralModel, events: &[Sealed]) {
    let access = Access {
        device: device.id,
        brings_others: true,
    };
    let request = Request::Push(events.to_vec());
    let Ok(there) = answer(model, access, &Limits::default(), 0, request);
    match (device.push(events), there) {
        (Ok(mut real), Answer::Push(mut model)) => {
            real.results.sort_by_key(|v| (v.seq, v.event_id));
            model.results.sort_by_key(|v| (v.seq, v.event_id));
            assert_eq!(real.acked, model.acked);
            assert_eq!(real.results, model.results);
        }
        (Err(real), Answer::Refused(model)) => assert_eq!(real, model),
        (real, model) => panic!("{real:?}\n{model:?}"),
    }
}

fn alike(rig: &Rig, device: &Device, model: &CentralModel) {
    let real = device.heads();
    let Ok(heads) = model.heads(None);
    let by_place = |heads: Vec<motcua_protocol::sync::LogHead>| -> BTreeMap<_, _> {
        heads
            .into_iter()
            .map(|h| ((h.device, h.head.epoch), h.head))
            .collect()
    };
    assert_eq!(by_place(real.logs), by_place(heads));
    let mut held = real.held.unwrap();
    held.sort_by_key(|h| h.event_id);
    let Ok(Some(mut theirs)) = model.held(None) else {
        panic!("the model tells")
    };
    theirs.sort_by_key(|h| h.event_id);
    assert_eq!(held, theirs);
    assert_eq!(rig.dump(OFFICE), model.dump());
}

#[test]
fn the_model_says_what_the_real_central_says() {
    let rig = Rig::new();
    let device = rig.device(OFFICE);
    let mut model = CentralModel::default();
    let mut chance = Chance(15);
    // A real morning, cut at random, doubled and out of order.
    let log = reading::log_of(&reading::morning());
    let mut at = 0;
    while at < log.len() {
        let from = at.saturating_sub(chance.below(6));
        let upto = (at + 1 + chance.below(20)).min(log.len());
        if chance.below(5) == 0 && upto + 3 < log.len() {
            both(&device, &mut model, &log[upto + 1..upto + 3]);
        }
        both(&device, &mut model, &log[from..upto]);
        at = upto;
    }
    alike(&rig, &device, &model);
    // Machines apart that touch the same entities, what is unreadable or of tomorrow, what waits
    // for others, forks and their repair.
    let registered: Vec<u8> = (log.iter())
        .find(|e| e.header.kind == "visit.registered")
        .map(|e| e.body.clone())
        .unwrap();
    let kinds: Vec<(&str, Vec<u8>)> = log
        .iter()
        .map(|e| (e.header.kind.as_str(), e.body.clone()))
        .collect();
    let mut writers = [
        Writer::of(device.id),
        Writer::of(Uuid::now_v7()),
        Writer::of(Uuid::now_v7()),
    ];
    // The device's own log goes on in an epoch of its own, behind nothing.
    writers[0].epoch = 9;
    let entities: Vec<Uuid> = (0..5).map(|_| Uuid::now_v7()).collect();
    let mut waiting: Vec<Vec<Sealed>> = vec![Vec::new(); 3];
    let mut written: Vec<Sealed> = Vec::new();
    let mut forks: Vec<Writer> = Vec::new();
    for round in 0..120 {
        let who = chance.below(3);
        let entity = entities[chance.below(5)];
        let seen: Vec<&Sealed> = (written.iter().rev())
            .filter(|e| e.header.entity == entity && e.header.device != writers[who].device)
            .take(chance.below(3))
            .collect();
        let (kind, body) = match chance.below(8) {
            0 => ("visit.registered", registered.clone()),
            1 => ("leg.called", b"\xff".to_vec()),
            2 => ("of.2040", b"{}".to_vec()),
            _ => kinds[chance.below(kinds.len() as u64)].clone(),
        };
        let event = writers[who].writes_after(entity, kind, &body, &seen);
        written.push(event.clone());
        waiting[who].push(event);
        match chance.below(6) {
            0 => {
                let batch = std::mem::take(&mut waiting[chance.below(3)]);
                if !batch.is_empty() {
                    both(&device, &mut model, &batch);
                    both(&device, &mut model, &batch[batch.len() / 2..]);
                }
            }
            1 if round % 7 == 0 => forks.push(writers[who].clone()),
            2 => {
                if let Some(fork) = forks.last_mut() {
                    let other = fork.fills(2);
                    both(&device, &mut model, &other);
                }
            }
            _ => {}
        }
    }
    for batch in waiting.iter().filter(|b| !b.is_empty()) {
        both(&device, &mut model, batch);
    }
    alike(&rig, &device, &model);
    // One epoch is closed, and what it held stands again in a later one.
    let first = &written[0];
    let mut repaired = Writer::of(first.header.device);
    repaired.epoch = 40;
    let closes = json!({"reason": "fork", "from_epoch": first.header.epoch, "from_seq": 0,
        "closes": [{"epoch": first.header.epoch, "seq": 0}]});
    let opened = repaired.writes(
        first.header.device,
        "epoch.opened",
        closes.to_string().as_bytes(),
    );
    both(&device, &mut model, &[opened]);
    alike(&rig, &device, &model);
    assert!(!model.held_back().is_empty(), "something was held back");
    assert!(model.log.len() > log.len() + 60);
}
