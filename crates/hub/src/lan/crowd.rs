//! Who is here, by address or by device: bounded for all and for each, so that nobody takes the
//! places of others.
//!
//! When all places are taken, whoever holds the most gives up its oldest. So a crowd from one
//! address, or from one device gone mad, only ever crowds out itself.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, Semaphore};

/// What becomes of one who has as many places as one may have, and wants another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtOwnLimit {
    /// It is turned away: its next try may find a place.
    Refuse,
    /// It gives up its oldest, which is likely to be a connection that died without a word.
    GiveUpOldest,
}

#[derive(Debug)]
struct Held {
    places: BTreeMap<u64, Arc<Notify>>,
    share: Arc<Semaphore>,
}

#[derive(Debug)]
struct Inside<K> {
    held: HashMap<K, Held>,
    total: usize,
    next: u64,
}

/// The places.
#[derive(Debug)]
pub(crate) struct Crowd<K> {
    inside: Mutex<Inside<K>>,
    most: usize,
    most_of_one: usize,
    at_own_limit: AtOwnLimit,
    at_once: usize,
}

impl<K: Hash + Eq + Copy> Crowd<K> {
    /// So many places in all and for each; each does at most `at_once` things at a time.
    pub(crate) fn new(
        most: usize,
        most_of_one: usize,
        at_own_limit: AtOwnLimit,
        at_once: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            inside: Mutex::new(Inside {
                held: HashMap::new(),
                total: 0,
                next: 0,
            }),
            most,
            most_of_one,
            at_own_limit,
            at_once,
        })
    }

    fn inside(&self) -> MutexGuard<'_, Inside<K>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, until it is dropped or taken away.
    pub(crate) fn enter(self: &Arc<Self>, who: K) -> Option<Place<K>> {
        let mut inside = self.inside();
        let own = inside.held.get(&who).map_or(0, |h| h.places.len());
        if own >= self.most_of_one {
            match self.at_own_limit {
                AtOwnLimit::Refuse => return None,
                AtOwnLimit::GiveUpOldest => inside.put_out(who),
            }
        } else if inside.total >= self.most {
            let (largest, count) = (inside.held.iter())
                .map(|(k, h)| (*k, h.places.len()))
                .max_by_key(|(_, count)| *count)?;
            if count <= own + 1 {
                return None;
            }
            inside.put_out(largest);
        }
        let number = inside.next;
        inside.next += 1;
        inside.total += 1;
        let told = Arc::new(Notify::new());
        let held = inside.held.entry(who).or_insert_with(|| Held {
            places: BTreeMap::new(),
            share: Arc::new(Semaphore::new(self.at_once)),
        });
        held.places.insert(number, Arc::clone(&told));
        let share = Arc::clone(&held.share);
        Some(Place {
            crowd: Arc::clone(self),
            who,
            number,
            told,
            share,
        })
    }
}

impl<K: Hash + Eq + Copy> Inside<K> {
    fn put_out(&mut self, who: K) {
        let oldest = self
            .held
            .get(&who)
            .and_then(|h| h.places.keys().next().copied());
        if let Some(told) = oldest.and_then(|number| self.leave(who, number)) {
            told.notify_one();
        }
    }

    fn leave(&mut self, who: K, number: u64) -> Option<Arc<Notify>> {
        let held = self.held.get_mut(&who)?;
        let told = held.places.remove(&number)?;
        if held.places.is_empty() {
            self.held.remove(&who);
        }
        self.total -= 1;
        Some(told)
    }
}

/// A place.
#[derive(Debug)]
pub(crate) struct Place<K: Hash + Eq + Copy> {
    crowd: Arc<Crowd<K>>,
    who: K,
    number: u64,
    told: Arc<Notify>,
    share: Arc<Semaphore>,
}

impl<K: Hash + Eq + Copy> Place<K> {
    /// Ends when the place has gone to another.
    pub(crate) async fn taken_away(&self) {
        self.told.notified().await;
    }

    /// What all places of this one share: a permit for each thing done at a time.
    pub(crate) fn share(&self) -> Arc<Semaphore> {
        Arc::clone(&self.share)
    }
}

impl<K: Hash + Eq + Copy> Drop for Place<K> {
    fn drop(&mut self) {
        // It may have been taken away already.
        self.crowd.inside().leave(self.who, self.number);
    }
}

/// Addresses of one machine count as one: whoever has one IPv6 address has a whole network.
pub(crate) fn machine(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(
            || IpAddr::from((u128::from(v6) >> 64 << 64).to_be_bytes()),
            IpAddr::V4,
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{AtOwnLimit, Crowd, Place, machine};

    fn gone(place: &Place<char>) -> bool {
        use std::{pin::pin, task::Context};
        let mut told = pin!(place.taken_away());
        told.as_mut()
            .poll(&mut Context::from_waker(std::task::Waker::noop()))
            .is_ready()
    }

    #[test]
    fn a_crowd_from_one_side_crowds_out_only_itself() {
        let crowd = Crowd::new(4, 3, AtOwnLimit::Refuse, 1);
        let mut many: Vec<_> = (0..3).filter_map(|_| crowd.enter('a')).collect();
        assert_eq!(many.len(), 3);
        assert!(crowd.enter('a').is_none(), "its own limit");
        let one = crowd.enter('b').expect("the last place");
        // All are taken: whoever has the most gives one up, the oldest.
        let other = crowd.enter('c').expect("a place of the many");
        assert!(gone(&many[0]) && !gone(&many[1]) && !gone(&one) && !gone(&other));
        many.remove(0);
        // Nobody has more than one more than the newcomer would have: first come, first served.
        let next = crowd.enter('b');
        assert!(next.is_none());
        drop(many);
        assert!(crowd.enter('b').is_some());
    }

    #[test]
    fn a_device_that_comes_again_and_again_loses_its_oldest() {
        let crowd = Crowd::new(10, 2, AtOwnLimit::GiveUpOldest, 2);
        let first = crowd.enter('a').expect("a place");
        let second = crowd.enter('a').expect("a place");
        let third = crowd.enter('a').expect("a place");
        assert!(gone(&first) && !gone(&second) && !gone(&third));
        assert_eq!(third.share().available_permits(), 2);
        let _permit = second.share().try_acquire_owned().expect("a permit");
        assert_eq!(third.share().available_permits(), 1, "shared by all of one");
    }

    #[test]
    fn one_machine_has_many_addresses() {
        let ip = |text: &str| machine(text.parse::<IpAddr>().expect("an address"));
        assert_eq!(ip("2001:db8::1"), ip("2001:db8::ffff:1"));
        assert_ne!(ip("2001:db8::1"), ip("2001:db8:0:1::1"));
        assert_eq!(ip("::ffff:10.0.0.1"), ip("10.0.0.1"));
    }
}
