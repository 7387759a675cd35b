//! File locks and WAL-index locks among the connections of this process, by SQLite's rules.

use std::collections::BTreeMap;

use rusqlite::ffi;

pub(super) type HandleId = u64;

/// Locks on one database file: the five levels of SQLite's locking protocol.
#[derive(Debug, Default)]
pub(super) struct FileLocks(BTreeMap<HandleId, i32>);

impl FileLocks {
    fn others_at_least(&self, me: HandleId, level: i32) -> bool {
        self.0.iter().any(|(h, l)| *h != me && *l >= level)
    }

    /// Raises the lock of `me`; false means busy. A refused EXCLUSIVE leaves PENDING behind, so
    /// that no new reader gets in before the writer.
    pub(super) fn raise(&mut self, me: HandleId, want: i32) -> bool {
        let held = self.0.get(&me).copied().unwrap_or(ffi::SQLITE_LOCK_NONE);
        if held >= want {
            return true;
        }
        if want == ffi::SQLITE_LOCK_SHARED {
            if self.others_at_least(me, ffi::SQLITE_LOCK_PENDING) {
                return false;
            }
        } else if self.others_at_least(me, ffi::SQLITE_LOCK_RESERVED) {
            return false;
        } else if want == ffi::SQLITE_LOCK_EXCLUSIVE
            && self.others_at_least(me, ffi::SQLITE_LOCK_SHARED)
        {
            self.0.insert(me, ffi::SQLITE_LOCK_PENDING);
            return false;
        }
        self.0.insert(me, want);
        true
    }

    pub(super) fn lower(&mut self, me: HandleId, to: i32) {
        if to == ffi::SQLITE_LOCK_NONE {
            self.0.remove(&me);
        } else if let Some(level) = self.0.get_mut(&me) {
            *level = to.min(*level);
        }
    }

    pub(super) fn reserved(&self) -> bool {
        self.0.values().any(|l| *l >= ffi::SQLITE_LOCK_RESERVED)
    }
}

/// Locks on the WAL index of one database: eight slots, each shared by many or held by one.
#[derive(Debug, Default)]
pub(super) struct IndexLocks(BTreeMap<HandleId, Held>);

#[derive(Debug, Default, Clone, Copy)]
struct Held {
    shared: u32,
    exclusive: u32,
}

impl IndexLocks {
    pub(super) fn join(&mut self, me: HandleId) {
        self.0.entry(me).or_default();
    }

    /// True when nobody uses the index any more.
    pub(super) fn leave(&mut self, me: HandleId) -> bool {
        self.0.remove(&me);
        self.0.is_empty()
    }

    pub(super) fn lock_shared(&mut self, me: HandleId, slots: u32) -> bool {
        let free = !self
            .0
            .iter()
            .any(|(h, l)| *h != me && l.exclusive & slots != 0);
        if free {
            self.0.entry(me).or_default().shared |= slots;
        }
        free
    }

    pub(super) fn lock_exclusive(&mut self, me: HandleId, slots: u32) -> bool {
        let free = !self
            .0
            .iter()
            .any(|(h, l)| *h != me && (l.exclusive | l.shared) & slots != 0);
        if free {
            self.0.entry(me).or_default().exclusive |= slots;
        }
        free
    }

    pub(super) fn unlock(&mut self, me: HandleId, slots: u32) {
        let held = self.0.entry(me).or_default();
        held.shared &= !slots;
        held.exclusive &= !slots;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_writer_and_no_new_readers_while_it_waits() {
        let mut locks = FileLocks::default();
        assert!(locks.raise(1, ffi::SQLITE_LOCK_SHARED));
        assert!(locks.raise(2, ffi::SQLITE_LOCK_SHARED));
        assert!(locks.raise(1, ffi::SQLITE_LOCK_RESERVED));
        assert!(!locks.raise(2, ffi::SQLITE_LOCK_RESERVED));
        assert!(
            !locks.raise(1, ffi::SQLITE_LOCK_EXCLUSIVE),
            "a reader is in"
        );
        assert!(!locks.raise(3, ffi::SQLITE_LOCK_SHARED), "the writer waits");
        locks.lower(2, ffi::SQLITE_LOCK_NONE);
        assert!(locks.raise(1, ffi::SQLITE_LOCK_EXCLUSIVE));
        assert!(locks.reserved());
        locks.lower(1, ffi::SQLITE_LOCK_SHARED);
        assert!(locks.raise(3, ffi::SQLITE_LOCK_SHARED));
    }

    #[test]
    fn index_slots_are_shared_or_held_by_one() {
        let mut locks = IndexLocks::default();
        assert!(locks.lock_shared(1, 0b10));
        assert!(locks.lock_shared(2, 0b10));
        assert!(!locks.lock_exclusive(2, 0b110));
        locks.unlock(1, 0b10);
        assert!(locks.lock_exclusive(3, 0b100));
        assert!(!locks.lock_shared(1, 0b100));
        assert!(!locks.leave(1));
        assert!(!locks.leave(2));
        assert!(locks.leave(3));
    }
}
