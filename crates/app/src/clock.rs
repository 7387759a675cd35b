//! The one place where the machine's clocks are read.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use motcua_store::Moment;
use uuid::Uuid;

/// Something that tells the time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Now.
    fn moment(&self) -> Moment;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    boot: Uuid,
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            boot: Uuid::new_v4(),
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of the system clock"
    )]
    fn moment(&self) -> Moment {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Moment {
            wall_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
            boot: self.boot,
            mono_ms: i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX),
        }
    }
}

/// A clock that stands until it is moved: for tests, simulations and demonstrations.
#[derive(Debug)]
pub struct ManualClock {
    boot: Uuid,
    wall_ms: AtomicI64,
    mono_ms: AtomicI64,
}

impl ManualClock {
    /// Stands at that time.
    pub fn at(wall_ms: i64) -> Self {
        Self {
            boot: Uuid::new_v4(),
            wall_ms: AtomicI64::new(wall_ms),
            mono_ms: AtomicI64::new(0),
        }
    }

    /// Time passes.
    pub fn pass(&self, ms: i64) {
        self.wall_ms.fetch_add(ms, Ordering::Relaxed);
        self.mono_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Somebody sets the system clock; no time passes.
    pub fn set_wall(&self, wall_ms: i64) {
        self.wall_ms.store(wall_ms, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn moment(&self) -> Moment {
        Moment {
            wall_ms: self.wall_ms.load(Ordering::Relaxed),
            boot: self.boot,
            mono_ms: self.mono_ms.load(Ordering::Relaxed),
        }
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn moment(&self) -> Moment {
        (**self).moment()
    }
}
