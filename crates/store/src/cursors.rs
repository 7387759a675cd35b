//! Cursors that were worked out lately. Committed positions never change while a store is open,
//! so neither does the cursor of one; every counter asks for the same few of them again and again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A counter that has fallen further behind has its cursor worked out anew.
const KEPT: usize = 1_024;

/// Cursors by position, the latest kept.
#[derive(Debug, Default)]
pub(crate) struct Cursors(Mutex<BTreeMap<u64, u64>>);

impl Cursors {
    fn kept(&self) -> MutexGuard<'_, BTreeMap<u64, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cursor of a committed position, worked out where it is not known.
    pub(crate) fn at<E>(
        &self,
        position: u64,
        work_out: impl FnOnce() -> Result<u64, E>,
    ) -> Result<u64, E> {
        if let Some(cursor) = self.kept().get(&position) {
            return Ok(*cursor);
        }
        let cursor = work_out()?;
        let mut kept = self.kept();
        kept.insert(position, cursor);
        if kept.len() > KEPT {
            kept.pop_first();
        }
        Ok(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursors, KEPT};

    #[test]
    fn worked_out_once_and_the_oldest_are_let_go() {
        let cursors = Cursors::default();
        let mut asked = 0;
        let mut at = |position: u64| {
            cursors.at(position, || {
                asked += 1;
                Ok::<_, ()>(position * 10)
            })
        };
        for position in 1..=KEPT as u64 + 1 {
            assert_eq!(at(position), Ok(position * 10));
            assert_eq!(at(position), Ok(position * 10));
        }
        assert_eq!(at(1), Ok(10));
        assert_eq!(asked, KEPT + 2);
        assert!(cursors.kept().len() <= KEPT);
        let failed: Result<u64, &str> = cursors.at(0, || Err("disk"));
        assert_eq!(failed, Err("disk"));
        assert_eq!(cursors.at(0, || Ok::<_, ()>(7)), Ok(7));
    }
}
