//! Waking a thread that works in the background.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// Whether there is work. A call that comes while the thread works is not lost.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    work: Mutex<bool>,
    called: Condvar,
}

impl Wake {
    /// There is.
    pub(crate) fn wake(&self) {
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.called.notify_all();
    }

    /// Until there is, or that long.
    pub(crate) fn wait(&self, at_most: Duration) {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut work, _) = self
            .called
            .wait_timeout_while(work, at_most, |work| !*work)
            .unwrap_or_else(PoisonError::into_inner);
        *work = false;
    }
}
