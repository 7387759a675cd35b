//! Bringing the WAL into the database.
//!
//! SQLite does so in the middle of the commit that fills the WAL up, and in a large database that
//! is a thousand pages all over the disk and two flushes more, while a citizen waits. Here another
//! connection does it beside the commands, and a commit only where that one cannot keep up.

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
};

use crate::{database::connect, error::Result, open::Options};

/// Commits from one checkpoint to the next: some thousand pages.
const EVERY: u32 = 48;
/// Pages in the WAL with which a commit brings them in itself: 32 MB.
pub(crate) const AT_LATEST_PAGES: u32 = 8_000;

/// How much was committed since the last one, and the one that runs.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints {
    commits: AtomicU32,
    running: Mutex<Option<JoinHandle<()>>>,
}

impl Checkpoints {
    /// Counts a commit, and begins a checkpoint when it is time.
    pub(crate) fn committed(&self, file: &Path, options: &Options) {
        if self.commits.fetch_add(1, Ordering::Relaxed) + 1 < EVERY {
            return;
        }
        let Ok(mut running) = self.running.try_lock() else {
            return;
        };
        if running.as_ref().is_some_and(|one| !one.is_finished()) {
            return;
        }
        self.commits.store(0, Ordering::Relaxed);
        let (file, options) = (file.to_owned(), options.clone());
        *running = thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || {
                // What it could not do the next one does, or a commit: nothing rests on it.
                if let Err(error) = bring_in(&file, &options) {
                    tracing::debug!(error = %error.refusal(), "checkpoint");
                }
            })
            .ok();
    }

    /// Waits for the one that runs.
    pub(crate) fn wait(&mut self) {
        let running = self.running.get_mut();
        if let Some(one) = running.unwrap_or_else(PoisonError::into_inner).take() {
            one.join().ok();
        }
    }
}

/// As far as readers let it; commands go on meanwhile.
fn bring_in(file: &Path, options: &Options) -> Result<()> {
    let connection = connect(file, options, true)?;
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(())
}
