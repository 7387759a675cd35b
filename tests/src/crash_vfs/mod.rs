//! A disk that fails on purpose: an SQLite VFS that keeps its files in memory, knows which bytes
//! were synced, and can lose power, report errors or run full at any chosen operation.
//!
//! It proves the promise "a commit that was acknowledged survives a power cut", and proves too
//! that the proof can fail: with `synchronous=NORMAL`, or on a disk that lies about syncing, the
//! same harness finds the loss. The method is that of SQLite's own crash and I/O-error tests: try
//! the fault at *every* operation.
//!
//! - [`CrashVfs`] is one machine with its disk; connections open files on it by its VFS name.
//! - [`run_cuts`] and [`run_faults`] drive any [`Scenario`] through power cuts and through errors.
//!
//! ```
//! use motcua_tests::crash_vfs::CrashVfs;
//! use rusqlite::{Connection, OpenFlags};
//!
//! let vfs = CrashVfs::register(1);
//! let db = Connection::open_with_flags_and_vfs("/a.db", OpenFlags::default(), vfs.name())?;
//! db.execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE t(x); INSERT INTO t VALUES (7)")?;
//! vfs.cut_now();
//! let after = CrashVfs::from_image(vfs.power_cut(99), 1);
//! let db = Connection::open_with_flags_and_vfs("/a.db", OpenFlags::default(), after.name())?;
//! assert_eq!(db.query_row("SELECT x FROM t", [], |r| r.get::<_, i64>(0))?, 7);
//! # rusqlite::Result::<()>::Ok(())
//! ```

mod cuts;
mod disk;
mod file;
mod locks;
mod machine;
mod report;
mod rng;
mod shm;
mod vfs;

use std::fmt;
use std::sync::{Arc, Mutex};

pub use cuts::{Place, Scenario, Stop, Trial, run_cuts, run_faults};
pub use disk::{Image, SECTOR};
pub use machine::{Counts, Fault, Lasting};
pub use report::{Failure, Found, Harm, Report};
pub use rng::Rng;

/// A simulated machine, registered with SQLite under a name of its own as long as it lives.
pub struct CrashVfs {
    slot: &'static vfs::Slot,
    machine: vfs::Shared,
}

impl CrashVfs {
    /// A machine with an empty disk. The seed decides how much of a failing write gets through.
    pub fn register(seed: u64) -> Self {
        Self::from_image(Image::default(), seed)
    }

    /// A machine switched on again with what a cut or a kill has left on its disk.
    pub fn from_image(image: Image, seed: u64) -> Self {
        let disk = disk::Disk::from_image(image);
        let machine = Arc::new(Mutex::new(machine::Machine::new(disk, seed)));
        let slot = vfs::install(&machine);
        Self { slot, machine }
    }

    /// The VFS name to open connections with.
    pub fn name(&self) -> &str {
        &self.slot.name
    }

    /// The power goes in the `n`-th changing operation (from 1, since the machine was switched
    /// on): that operation may get through in part, and everything after it is an I/O error.
    pub fn cut_at(&self, n: u64) {
        vfs::guard(&self.machine).cut_at = Some(n);
    }

    /// The power goes now.
    pub fn cut_now(&self) {
        vfs::guard(&self.machine).off = true;
    }

    /// Has the power gone?
    pub fn is_off(&self) -> bool {
        vfs::guard(&self.machine).off
    }

    /// From the `n`-th operation on (changing ones, or reads for [`Fault::ReadError`]) the next
    /// one that the fault concerns fails, with the power on.
    pub fn fail_at(&self, n: u64, lasting: Lasting, fault: Fault) {
        vfs::guard(&self.machine).plan(n, lasting, fault);
    }

    /// No planned fault any more: space was freed, the cable sits again.
    pub fn repair(&self) {
        vfs::guard(&self.machine).repair();
    }

    /// From now on a sync says "done" and does nothing, as cheap disks and careless settings do.
    pub fn lie_about_sync(&self) {
        vfs::guard(&self.machine).lying_sync = true;
    }

    /// What was asked of the disk so far.
    pub fn counts(&self) -> Counts {
        vfs::guard(&self.machine).counts
    }

    /// The operation that the cut or the fault hit, and those just before it, in words.
    pub fn struck(&self) -> Option<String> {
        vfs::guard(&self.machine).story()
    }

    /// Cuts the power and answers what is left on the disk; the same seed leaves the same.
    pub fn power_cut(&self, seed: u64) -> Image {
        let mut machine = vfs::guard(&self.machine);
        machine.off = true;
        machine.disk.after_power_cut(seed)
    }

    /// What another process would find if this one were killed now: everything written.
    pub fn kill(&self) -> Image {
        let mut machine = vfs::guard(&self.machine);
        machine.off = true;
        machine.disk.as_seen()
    }
}

impl Drop for CrashVfs {
    fn drop(&mut self) {
        vfs::uninstall(self.slot);
    }
}

impl fmt::Debug for CrashVfs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrashVfs")
            .field("name", &self.name())
            .field("counts", &self.counts())
            .field("struck", &self.struck())
            .finish()
    }
}
