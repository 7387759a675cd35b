//! Who may bring a batch just now. Two hundred branches whose line comes back in one second must
//! not choke the database together: a few batches are stored at a time, some more wait their turn,
//! and whoever is one too many is told at once when to come again, each at another moment.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Batches that are stored at the same time. Fewer than there are connections to the database, so
/// that short questions always find one.
const STORED: usize = 6;
/// Batches on their way in, those that are stored among them. Bounds memory.
const INSIDE: usize = 48;
/// Of one office. Its batches are stored one after the other anyway, and an office with many
/// machines must not take the places of the others.
const OF_ONE_OFFICE: usize = 4;
/// So long a batch waits for its turn; then whoever brought it comes again.
const TURN: Duration = Duration::from_secs(8);
/// Nobody is told to come again sooner.
const SOONEST_MS: u64 = 1_000;
/// So much later, at most, than the soonest, for each full house.
const SPREAD_MS: u64 = 4_000;

/// The way in for batches.
#[derive(Debug)]
pub(crate) struct Admission {
    stored: Arc<Semaphore>,
    inside: Arc<Semaphore>,
    offices: Arc<Mutex<HashMap<i32, usize>>>,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            stored: Arc::new(Semaphore::new(STORED)),
            inside: Arc::new(Semaphore::new(INSIDE)),
            offices: Arc::default(),
        }
    }
}

/// Come again after so many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Later(pub(crate) u64);

/// A place for a batch on its way in; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    office: i32,
    offices: Arc<Mutex<HashMap<i32, usize>>>,
    stored: Arc<Semaphore>,
    later: Later,
    _inside: OwnedSemaphorePermit,
}

fn lock(offices: &Mutex<HashMap<i32, usize>>) -> MutexGuard<'_, HashMap<i32, usize>> {
    offices.lock().unwrap_or_else(PoisonError::into_inner)
}

/// By the device, so that those who are sent away together do not come back together.
fn later(device: Uuid) -> Later {
    let (high, low) = device.as_u64_pair();
    // SplitMix64: ids made one after the other lie far apart.
    let mut z = (high ^ low).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    Later(SOONEST_MS + (z ^ (z >> 31)) % SPREAD_MS)
}

impl Admission {
    /// A place, if there is one.
    pub(crate) fn enter(&self, office: i32, device: Uuid) -> Result<Seat, Later> {
        let later = later(device);
        let inside = Arc::clone(&self.inside).try_acquire_owned();
        let inside = inside.map_err(|_| later)?;
        let mut offices = lock(&self.offices);
        let here = offices.entry(office).or_default();
        if *here >= OF_ONE_OFFICE {
            return Err(later);
        }
        *here += 1;
        drop(offices);
        Ok(Seat {
            office,
            offices: Arc::clone(&self.offices),
            stored: Arc::clone(&self.stored),
            later,
            _inside: inside,
        })
    }
}

impl Seat {
    /// Waits for its turn to be stored; holds it as long as the answer lives.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, Later> {
        let turn = Arc::clone(&self.stored).acquire_owned();
        match tokio::time::timeout(TURN, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(self.later),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut offices = lock(&self.offices);
        if let Some(here) = offices.get_mut(&self.office) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                offices.remove(&self.office);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_full_house_sends_away_at_once_and_each_to_another_moment() {
        let door = Admission::default();
        let device = |n: u128| Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n);
        let seats: Vec<Seat> = (0..INSIDE)
            .map(|n| door.enter(n as i32, device(n as u128)).unwrap())
            .collect();
        let told: BTreeSet<u64> = (0..200)
            .map(|n| door.enter(1_000 + n, device(n as u128)).unwrap_err().0)
            .collect();
        assert!(told.len() > 150, "they come back apart: {}", told.len());
        let within = SOONEST_MS..SOONEST_MS + SPREAD_MS;
        assert!(told.iter().all(|ms| within.contains(ms)));
        drop(seats);
        assert!(door.enter(1, device(1)).is_ok());
        assert!(lock(&door.offices).is_empty(), "nothing is remembered");
    }

    #[test]
    fn an_office_with_many_machines_leaves_room_for_others() {
        let door = Admission::default();
        let mut seats: Vec<Seat> = (0..OF_ONE_OFFICE)
            .map(|n| door.enter(1, Uuid::from_u128(n as u128)).unwrap())
            .collect();
        assert!(door.enter(1, Uuid::max()).is_err());
        assert!(door.enter(2, Uuid::max()).is_ok());
        seats.pop();
        assert!(door.enter(1, Uuid::max()).is_ok());
    }
}
