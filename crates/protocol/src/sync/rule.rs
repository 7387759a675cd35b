//! What a receiver does with an event, by what it already has of that log. One function for
//! store, hub, central and simulator.

use crate::sync::{Place, Sealed};

/// The end of an epoch of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Last sequence number.
    pub seq: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// What a receiver has to be able to tell of its logs.
pub trait Known {
    /// Why it could not tell.
    type Error;

    /// The end of an epoch; `None` where there is nothing of it.
    ///
    /// # Errors
    /// Faults of the disk.
    fn head(&self, device: uuid::Uuid, epoch: u32) -> Result<Option<Head>, Self::Error>;

    /// The hash of the event at a place.
    ///
    /// # Errors
    /// Faults of the disk.
    fn hash_at(&self, place: Place) -> Result<Option<[u8; 32]>, Self::Error>;

    /// Whether an event with that hash stands in an earlier epoch of that device, or it is the hash
    /// of nothing (zeros): a device that lost everything begins anew.
    ///
    /// # Errors
    /// Faults of the disk.
    fn base(&self, device: uuid::Uuid, epoch: u32, hash: &[u8; 32]) -> Result<bool, Self::Error>;

    /// Where else an event of that id stands.
    ///
    /// # Errors
    /// Faults of the disk.
    fn elsewhere(&self, event_id: uuid::Uuid) -> Result<Option<Place>, Self::Error>;
}

/// What to do with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing: it stands there.
    Duplicate,
    /// Store it.
    Store,
    /// Store it; the event is known under that place, its effect is not repeated.
    StoreAlias(Place),
    /// Refuse: another event stands there, or another one went before it.
    Fork(Head),
    /// Refuse: what goes before is missing. The head of that epoch, if there is one.
    Gap(Option<Head>),
}

/// The rules in their order: there with the same hash, there with another, next in the chain,
/// beyond it. Sequence numbers alone decide nothing: a history that went back gives the same
/// numbers to other events, and comparing numbers would drop those for duplicates.
///
/// # Errors
/// Those of `known`.
pub fn judge<K: Known + ?Sized>(known: &K, event: &Sealed) -> Result<Judgement, K::Error> {
    let place = event.place();
    let head = known.head(place.device, place.epoch)?;
    match head {
        Some(head) if place.seq <= head.seq => {
            let same = if place.seq == head.seq {
                head.hash == event.hash
            } else {
                known.hash_at(place)? == Some(event.hash)
            };
            return Ok(if same {
                Judgement::Duplicate
            } else {
                Judgement::Fork(head)
            });
        }
        Some(head) if place.seq - head.seq > 1 => return Ok(Judgement::Gap(Some(head))),
        Some(head) if head.hash != event.prev_hash => return Ok(Judgement::Fork(head)),
        Some(_) => {}
        None if place.seq != 1 => return Ok(Judgement::Gap(None)),
        // An epoch begins behind some event of the epochs before it.
        None if !known.base(place.device, place.epoch, &event.prev_hash)? => {
            return Ok(Judgement::Gap(None));
        }
        None => {}
    }
    Ok(match known.elsewhere(event.header.event_id)? {
        Some(other) => Judgement::StoreAlias(other),
        None => Judgement::Store,
    })
}
