//! One simulated machine: its disk, its locks, the faults it is to suffer and the count of what
//! was asked of it. Everything the C side calls ends here, under one mutex.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::c_int;

use rusqlite::ffi;

use super::disk::{Disk, FileId, SECTOR};
use super::locks::{FileLocks, HandleId, IndexLocks};
use super::rng::Rng;
use super::shm::Index;

/// What goes wrong, without a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A write, sync, truncate or delete is answered with an I/O error.
    ChangeError,
    /// A write finds the disk full.
    DiskFull,
    /// A read is answered with an I/O error (counted among the reads).
    ReadError,
}

/// How long it stays wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// That one operation.
    Once,
    /// That one and all after it, until [`repair`](super::CrashVfs::repair).
    Persistently,
}

/// Operations asked of the machine since it was switched on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// New files.
    pub creates: u64,
    /// Writes.
    pub writes: u64,
    /// Syncs.
    pub syncs: u64,
    /// Truncates.
    pub truncates: u64,
    /// Removed files.
    pub deletes: u64,
    /// Reads.
    pub reads: u64,
}

impl Counts {
    /// All operations that change the disk: the scale of `cut_at` and `fail_at`.
    pub fn changes(&self) -> u64 {
        self.creates + self.writes + self.syncs + self.truncates + self.deletes
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Create,
    Write,
    Sync,
    Truncate,
    Delete,
}

/// Enough to see which step of a commit or checkpoint was under way.
const RECENT: usize = 12;

enum Verdict {
    Proceed,
    /// The power goes while this operation is under way.
    Cut,
    Fail(c_int),
    /// The power has gone already.
    Off,
}

#[derive(Debug, Clone, Copy)]
struct Plan {
    fault: Fault,
    lasting: Lasting,
    at: u64,
}

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) disk: Disk,
    pub(super) counts: Counts,
    pub(super) off: bool,
    pub(super) cut_at: Option<u64>,
    pub(super) lying_sync: bool,
    /// What was struck, for the report of a failure.
    pub(super) struck: Option<String>,
    /// The last few changes before that, the newest last.
    recent: VecDeque<String>,
    plan: Option<Plan>,
    rng: Rng,
    locks: BTreeMap<FileId, FileLocks>,
    indexes: BTreeMap<FileId, (Index, IndexLocks)>,
    next_handle: HandleId,
}

impl Machine {
    pub(super) fn new(disk: Disk, seed: u64) -> Self {
        Self {
            disk,
            counts: Counts::default(),
            off: false,
            cut_at: None,
            lying_sync: false,
            struck: None,
            recent: VecDeque::new(),
            plan: None,
            rng: Rng::new(seed),
            locks: BTreeMap::new(),
            indexes: BTreeMap::new(),
            next_handle: 0,
        }
    }

    pub(super) fn plan(&mut self, at: u64, lasting: Lasting, fault: Fault) {
        self.plan = Some(Plan { fault, lasting, at });
    }

    pub(super) fn repair(&mut self) {
        self.plan = None;
    }

    /// What was struck and what went before it, for people who look for the cause.
    pub(super) fn story(&self) -> Option<String> {
        let before = self.recent.iter().map(String::as_str);
        let before: Vec<&str> = before.collect();
        self.struck
            .as_ref()
            .map(|struck| format!("{struck}; before it: {}", before.join(", ")))
    }

    fn verdict(&mut self, op: Op, on: &str) -> Verdict {
        if self.off {
            return Verdict::Off;
        }
        match op {
            Op::Create => self.counts.creates += 1,
            Op::Write => self.counts.writes += 1,
            Op::Sync => self.counts.syncs += 1,
            Op::Truncate => self.counts.truncates += 1,
            Op::Delete => self.counts.deletes += 1,
        }
        let n = self.counts.changes();
        if self.cut_at.is_some_and(|at| n >= at) {
            self.off = true;
            self.struck = Some(format!("power cut in change {n}: {op:?} {on}"));
            return Verdict::Cut;
        }
        if self.struck.is_none() {
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            let ending = on.rsplit('/').next().unwrap_or(on);
            self.recent.push_back(format!("{op:?} {ending}"));
        }
        let Some(plan) = self.plan else {
            return Verdict::Proceed;
        };
        let code = match (plan.fault, op) {
            (Fault::ReadError, _) => return Verdict::Proceed,
            (Fault::DiskFull, Op::Write) => ffi::SQLITE_FULL,
            (Fault::DiskFull, Op::Create) => ffi::SQLITE_CANTOPEN,
            (Fault::DiskFull, _) => return Verdict::Proceed,
            (Fault::ChangeError, Op::Create) => ffi::SQLITE_CANTOPEN,
            (Fault::ChangeError, Op::Write) => ffi::SQLITE_IOERR_WRITE,
            (Fault::ChangeError, Op::Sync) => ffi::SQLITE_IOERR_FSYNC,
            (Fault::ChangeError, Op::Truncate) => ffi::SQLITE_IOERR_TRUNCATE,
            (Fault::ChangeError, Op::Delete) => ffi::SQLITE_IOERR_DELETE,
        };
        if n < plan.at {
            return Verdict::Proceed;
        }
        self.strike(plan, &format!("{op:?} {on}"));
        Verdict::Fail(code)
    }

    fn strike(&mut self, plan: Plan, what: &str) {
        if plan.lasting == Lasting::Once {
            self.plan = None;
        }
        if self.struck.is_none() {
            self.struck = Some(format!("{:?} {:?}: {what}", plan.lasting, plan.fault));
        }
    }

    /// Opens `name` (or a nameless temporary file): the file, or the error code.
    pub(super) fn open(&mut self, name: Option<&str>, create: bool) -> Result<FileId, c_int> {
        if self.off {
            return Err(ffi::SQLITE_IOERR);
        }
        let Some(name) = name else {
            return Ok(self.disk.anonymous());
        };
        if let Some(id) = self.disk.find(name) {
            return Ok(id);
        }
        if !create {
            return Err(ffi::SQLITE_CANTOPEN);
        }
        match self.verdict(Op::Create, name) {
            Verdict::Proceed => Ok(self.disk.create(name)),
            Verdict::Cut => {
                self.disk.create(name);
                Err(ffi::SQLITE_CANTOPEN)
            }
            Verdict::Fail(code) => Err(code),
            Verdict::Off => Err(ffi::SQLITE_IOERR),
        }
    }

    pub(super) fn new_handle(&mut self) -> HandleId {
        self.next_handle += 1;
        self.next_handle
    }

    pub(super) fn close(&mut self, file: FileId, me: HandleId) {
        if let Some(locks) = self.locks.get_mut(&file) {
            locks.lower(me, ffi::SQLITE_LOCK_NONE);
        }
        self.leave_index(file, me);
    }

    pub(super) fn read(&mut self, file: FileId, at: usize, out: &mut [u8]) -> c_int {
        if self.off {
            return ffi::SQLITE_IOERR_READ;
        }
        self.counts.reads += 1;
        if let Some(plan) = self.plan
            && plan.fault == Fault::ReadError
            && self.counts.reads >= plan.at
        {
            self.strike(plan, "read");
            return ffi::SQLITE_IOERR_READ;
        }
        if self.disk.read(file, at, out) < out.len() {
            ffi::SQLITE_IOERR_SHORT_READ
        } else {
            ffi::SQLITE_OK
        }
    }

    pub(super) fn write(&mut self, file: FileId, on: &str, at: usize, bytes: &[u8]) -> c_int {
        match self.verdict(Op::Write, on) {
            Verdict::Proceed => {
                self.disk.write(file, at, bytes);
                ffi::SQLITE_OK
            }
            Verdict::Cut => {
                self.disk.write(file, at, bytes);
                ffi::SQLITE_IOERR_WRITE
            }
            Verdict::Fail(code) => {
                // A failed write may have written a first part of what it was given.
                let part = self.rng.below(bytes.len() as u64 / SECTOR as u64 + 1) as usize * SECTOR;
                self.disk.write(file, at, &bytes[..part]);
                code
            }
            Verdict::Off => ffi::SQLITE_IOERR_WRITE,
        }
    }

    pub(super) fn truncate(&mut self, file: FileId, on: &str, len: usize) -> c_int {
        match self.verdict(Op::Truncate, on) {
            Verdict::Proceed => {
                self.disk.truncate(file, len);
                ffi::SQLITE_OK
            }
            Verdict::Cut => {
                self.disk.truncate(file, len);
                ffi::SQLITE_IOERR_TRUNCATE
            }
            Verdict::Fail(code) => code,
            Verdict::Off => ffi::SQLITE_IOERR_TRUNCATE,
        }
    }

    pub(super) fn sync(&mut self, file: FileId, on: &str, folder: bool) -> c_int {
        match self.verdict(Op::Sync, on) {
            Verdict::Proceed => {
                if !self.lying_sync {
                    self.disk.sync(file, folder);
                }
                ffi::SQLITE_OK
            }
            Verdict::Fail(code) => {
                self.disk.lose_unsynced(file);
                code
            }
            Verdict::Cut | Verdict::Off => ffi::SQLITE_IOERR_FSYNC,
        }
    }

    pub(super) fn delete(&mut self, name: &str, sync_folder: bool) -> c_int {
        if !self.off && self.disk.find(name).is_none() {
            return ffi::SQLITE_IOERR_DELETE_NOENT;
        }
        match self.verdict(Op::Delete, name) {
            Verdict::Proceed => {
                self.disk.remove(name, sync_folder && !self.lying_sync);
                ffi::SQLITE_OK
            }
            Verdict::Cut => {
                self.disk.remove(name, false);
                ffi::SQLITE_IOERR_DELETE
            }
            Verdict::Fail(code) => code,
            Verdict::Off => ffi::SQLITE_IOERR_DELETE,
        }
    }

    /// As the unix layer has it: an empty file does not "exist".
    pub(super) fn exists(&self, name: &str) -> bool {
        self.disk.find(name).is_some_and(|id| self.disk.len(id) > 0)
    }

    pub(super) fn lock(&mut self, file: FileId, me: HandleId, level: c_int) -> c_int {
        if self.off {
            return ffi::SQLITE_IOERR_LOCK;
        }
        busy_unless(self.locks.entry(file).or_default().raise(me, level))
    }

    pub(super) fn unlock(&mut self, file: FileId, me: HandleId, level: c_int) {
        self.locks.entry(file).or_default().lower(me, level);
    }

    pub(super) fn reserved(&self, file: FileId) -> bool {
        self.locks.get(&file).is_some_and(FileLocks::reserved)
    }

    /// The address of one region of the WAL index, null where it need not exist yet.
    pub(super) fn index_region(
        &mut self,
        file: FileId,
        me: HandleId,
        region: usize,
        size: usize,
        extend: bool,
    ) -> Result<*mut u8, c_int> {
        if self.off {
            return Err(ffi::SQLITE_IOERR_SHMMAP);
        }
        let (index, locks) = self.indexes.entry(file).or_default();
        locks.join(me);
        Ok(index.region(region, size, extend))
    }

    pub(super) fn index_lock(
        &mut self,
        file: FileId,
        me: HandleId,
        slots: u32,
        flags: c_int,
    ) -> c_int {
        let (_, locks) = self.indexes.entry(file).or_default();
        if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
            locks.unlock(me, slots);
            return ffi::SQLITE_OK;
        }
        if self.off {
            return ffi::SQLITE_IOERR_SHMLOCK;
        }
        busy_unless(if flags & ffi::SQLITE_SHM_SHARED != 0 {
            locks.lock_shared(me, slots)
        } else {
            locks.lock_exclusive(me, slots)
        })
    }

    /// The last one to leave takes the index with it: the next opener starts from zeros, as after
    /// the real layer's "dead man switch".
    pub(super) fn leave_index(&mut self, file: FileId, me: HandleId) {
        if let Some((_, locks)) = self.indexes.get_mut(&file)
            && locks.leave(me)
        {
            self.indexes.remove(&file);
        }
    }
}

fn busy_unless(got: bool) -> c_int {
    if got {
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_BUSY
    }
}
