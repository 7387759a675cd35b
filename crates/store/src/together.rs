//! Committing together.
//!
//! A flush of the disk takes longer than the work of a command, and one flush can make many
//! commands durable. So whoever finds others already in line behind does its work in the open
//! transaction, lets the next one in, and waits; the last in line commits for all. Nobody is
//! answered before the commit has returned, and a command that is refused takes back only what
//! was its own.

use std::sync::{Condvar, Mutex, PoisonError};

use motcua_domain::Refusal;

/// Commands in one transaction at most, so that the first in it does not wait for ever.
pub(crate) const MOST: u32 = 32;

/// The transaction that stands open on the writer's connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Batch {
    /// Which one; they are counted.
    pub(crate) number: u64,
    /// Commands in it.
    pub(crate) members: u32,
    /// Where the log ends when it is committed.
    pub(crate) end: Option<super::write::End>,
}

/// What became of transactions, told to those who wait.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    told: Mutex<Told>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Told {
    /// All up to this one are decided.
    decided: u64,
    /// The last few that failed, and why.
    failed: Vec<(u64, Refusal)>,
}

impl Outcomes {
    /// Says how a transaction ended.
    pub(crate) fn tell(&self, batch: u64, fault: Option<Refusal>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.decided = told.decided.max(batch);
        if let Some(fault) = fault {
            // Whoever waits for one is woken at once; none is asked about much later.
            if told.failed.len() == 64 {
                told.failed.remove(0);
            }
            told.failed.push((batch, fault));
        }
        drop(told);
        self.changed.notify_all();
    }

    /// Waits until a transaction is decided.
    pub(crate) fn wait(&self, batch: u64) -> Result<(), Refusal> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        while told.decided < batch {
            told = self
                .changed
                .wait(told)
                .unwrap_or_else(PoisonError::into_inner);
        }
        match told.failed.iter().find(|(number, _)| *number == batch) {
            None => Ok(()),
            Some((_, fault)) => Err(fault.clone()),
        }
    }
}
