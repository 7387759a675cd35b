//! What central does with a batch of one log, without a database: what of it is stored, what is
//! said of each event, and what is held back. Central asks this, and so does its model in the
//! tests, so that what is simulated is what runs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use motcua_protocol::{
    event::{Body, BranchEvent, EpochOpened, Unreadable},
    sync::{Head, Judgement, Sealed, Status, Verdict, held, judge, rule::Known},
};
use uuid::Uuid;

use crate::Unfit;

/// What is known of a log, and grows with every event that is stored.
pub trait Grows: Known {
    /// That event stands there from now on.
    fn stored(&mut self, event: &Sealed);
}

/// An event that is new, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh<'a> {
    /// The event.
    pub event: &'a Sealed,
    /// What becomes of it.
    pub status: Status,
    /// Why, where it is not simply in effect.
    pub code: Option<&'static str>,
}

impl Fresh<'_> {
    /// As it is told.
    pub fn verdict(&self) -> Verdict {
        verdict(self.event, self.status, self.code)
    }
}

/// A batch, sorted out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sifted<'a> {
    /// What was there already.
    pub known: Vec<Verdict>,
    /// What is to be stored, in this order.
    pub fresh: Vec<Fresh<'a>>,
    /// The first that does not fit; nothing behind it is looked at.
    pub unfit: Option<Unfit>,
    /// Where the log ends once all of it is stored.
    pub head: Option<Head>,
}

fn verdict(event: &Sealed, status: Status, code: Option<&str>) -> Verdict {
    Verdict {
        event_id: event.header.event_id,
        epoch: event.header.epoch,
        seq: event.header.seq,
        status,
        code: code.map(str::to_owned),
    }
}

/// Sorts out a batch of one log. What an event says decides nothing about whether it is stored.
///
/// # Errors
/// Those of `known`.
pub fn sift<'a, K: Grows>(known: &mut K, events: &'a [Sealed]) -> Result<Sifted<'a>, K::Error> {
    let mut sifted = Sifted::default();
    for event in events {
        let judgement = judge(known, event)?;
        let status = match judgement {
            Judgement::Fork(_) | Judgement::Gap(_) => {
                sifted.unfit = Some(Unfit {
                    place: event.place(),
                    why: judgement,
                });
                break;
            }
            Judgement::Duplicate => {
                (sifted.known).push(verdict(event, Status::Duplicate, None));
                continue;
            }
            Judgement::StoreAlias(_) => Status::DuplicateOf,
            Judgement::Store => Status::Applied,
        };
        known.stored(event);
        sifted.head = Some(Head {
            seq: event.header.seq,
            hash: event.hash,
        });
        let (status, code) = match Body::read(&event.header.kind, &event.body) {
            _ if status == Status::DuplicateOf => (status, None),
            Ok(_) => (status, None),
            Err(Unreadable::Newer) => (Status::Parked, Some(held::UPGRADE)),
            Err(Unreadable::Broken) => (Status::Quarantined, Some(held::BODY_UNREADABLE)),
        };
        sifted.fresh.push(Fresh {
            event,
            status,
            code,
        });
    }
    Ok(sifted)
}

/// Epochs of its own device that an event says went two ways, and up to where each counts.
pub fn closes(event: &Sealed) -> Vec<(u32, u64)> {
    if event.header.kind != "epoch.opened" {
        return Vec::new();
    }
    match Body::decode(&event.header.kind, &event.body) {
        Some(Body::Branch(BranchEvent::Epoch(EpochOpened { closes, .. }))) => {
            closes.iter().map(|c| (c.epoch, c.seq)).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether an event that has no place yet is held back for that. What cannot be understood is held
/// back for itself, and stays so when what it had seen is there: else it would be forgotten then.
pub fn waits(kind: &str, body: &[u8]) -> bool {
    Body::read(kind, body).is_ok()
}

/// Events that had seen something that is not here yet, each with its device and entity.
pub type Waiting = HashMap<Uuid, (Uuid, Uuid)>;
/// Entities whose events cannot be folded or written.
pub type Failed = BTreeSet<Uuid>;

/// An event that is held back from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Whose it is.
    pub device: Uuid,
    /// What it is about.
    pub entity: Uuid,
    /// Waits for a person, or for other records.
    pub quarantined: bool,
    /// Why.
    pub code: &'static str,
}

/// Once the entities were folded anew: what is said of each new event after all, and everything
/// that is to be held back.
pub fn settle(fresh: &mut [Fresh<'_>], parked: &Waiting, failed: &Failed) -> BTreeMap<Uuid, Hold> {
    for one in fresh.iter_mut().filter(|f| f.status == Status::Applied) {
        let header = &one.event.header;
        if parked.contains_key(&header.event_id) {
            (one.status, one.code) = (Status::Parked, Some(held::DEPS));
        } else if failed.contains(&header.entity) {
            (one.status, one.code) = (Status::Quarantined, Some(held::RULE));
        }
    }
    let mut held: BTreeMap<Uuid, Hold> = parked
        .iter()
        .map(|(event_id, (device, entity))| {
            let hold = Hold {
                device: *device,
                entity: *entity,
                quarantined: false,
                code: held::DEPS,
            };
            (*event_id, hold)
        })
        .collect();
    for one in fresh.iter() {
        let quarantined = match one.status {
            Status::Parked => false,
            Status::Quarantined => true,
            Status::Applied | Status::Duplicate | Status::DuplicateOf => continue,
        };
        let header = &one.event.header;
        let hold = Hold {
            device: header.device,
            entity: header.entity,
            quarantined,
            code: one.code.unwrap_or(held::RULE),
        };
        held.insert(header.event_id, hold);
    }
    held
}
