//! Opening a store: place, lock, pragmas, migrations, tail check, epoch.

use std::{
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use motcua_domain::Code;
use motcua_protocol::event::{Body, BranchEvent, EpochOpened};
use rusqlite::Connection;
use uuid::Uuid;

use crate::{
    ballast,
    blobs::Blobs,
    checkpoint::Checkpoints,
    clock::{Corrected, Moment},
    cursors::Cursors,
    database::{Stands, connect, damaged, look, migrate, no_branch, refold},
    error::{Error, Result},
    folder::{self, DATABASE},
    log,
    memo::Memo,
    read::Read,
    standing,
    table::{grant, hub::HubTerm, lease, meta},
    together::{self, Batch, Outcomes},
    token::{self, Places, Token},
    verify,
    write::{Author, Write},
};

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// SQLite VFS by name; the system's unless said (tests use one that loses power).
    pub vfs: Option<String>,
    /// Where the second epoch token lies.
    pub state_dir: Option<PathBuf>,
    /// Keep a file that holds room on the disk.
    pub ballast: bool,
    /// How long to wait for another process to let go of the folder.
    pub patience: Duration,
    /// Read-only connections kept open.
    pub readers: usize,
    /// The id of a new store's device, where it is already known elsewhere; a new one unless said.
    pub device: Option<Uuid>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            vfs: None,
            state_dir: None,
            ballast: true,
            patience: Duration::ZERO,
            readers: 2,
            device: None,
        }
    }
}

/// An open data folder. One connection writes; others only read.
#[derive(Debug)]
pub struct Store {
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    pub(crate) writer: Mutex<Writer>,
    readers: Mutex<Vec<Connection>>,
    pub(crate) device: Uuid,
    pub(crate) revision: AtomicU64,
    /// The writer's epoch, for those who ask within a transaction or beside one.
    pub(crate) epoch: AtomicU32,
    pub(crate) memo: Memo,
    pub(crate) cursors: Cursors,
    /// Commands in line for the writer.
    in_line: AtomicUsize,
    outcomes: Outcomes,
    checkpoints: Checkpoints,
    /// The hub of the highest term that was ever read of in this folder, if it was a second one.
    pub(crate) known_hub: Mutex<Option<HubTerm>>,
    pub(crate) short_of_room: AtomicBool,
    _held: folder::Held,
}

/// What only the one writer has.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) clock: Corrected,
    pub(crate) epoch: u32,
    /// Hash behind which the epoch begins, until it has an event.
    pub(crate) base: [u8; 32],
    pub(crate) places: Places,
    pub(crate) token_seq: u64,
    /// The transaction that stands open for several commands, if one does.
    pub(crate) batch: Option<Batch>,
    /// Transactions so far.
    pub(crate) batches: u64,
}

impl Store {
    /// Makes a new store in an empty folder.
    ///
    /// # Errors
    /// `BRANCH_EXISTS` when there is one, and those of [`Store::open`].
    pub fn create(dir: &Path, moment: Moment, options: Options) -> Result<Self> {
        Self::open_or_create(dir, moment, options, true)
    }

    /// Opens the store of a folder.
    ///
    /// # Errors
    /// `NO_BRANCH` where there is none; `FOLDER_IN_USE`, `NETWORK_SHARE`, `READ_ONLY`,
    /// `STORE_NEWER`, `STORE_DAMAGED`, `DISK_FULL`.
    pub fn open(dir: &Path, moment: Moment, options: Options) -> Result<Self> {
        // A VFS of its own may keep its files anywhere; only SQLite knows whether one is there.
        if options.vfs.is_none() && !dir.join(DATABASE).exists() {
            return Err(no_branch());
        }
        Self::open_or_create(dir, moment, options, false)
    }

    fn open_or_create(dir: &Path, moment: Moment, options: Options, create: bool) -> Result<Self> {
        folder::prepare(dir)?;
        let held = folder::hold(dir, options.patience)?;
        let file = dir.join(DATABASE);
        if options.vfs.is_none() && file.exists() {
            let stands = look(&file, dir)?;
            match (stands, create) {
                (Stands::Branch, true) => {
                    return Err(Error::new(
                        Code::BranchExists,
                        "Thư mục này đã có dữ liệu của một chi nhánh. Không ghi đè gì. Mời chọn thư mục khác.",
                    ));
                }
                (Stands::Draft, false) => return Err(no_branch()),
                (Stands::Branch, false) | (Stands::Draft, true) => {}
            }
        }
        let mut connection = connect(&file, &options, true)?;
        migrate(&mut connection, dir, create)?;
        refold(&mut connection)?;
        let device = match meta::get(&connection, meta::DEVICE)? {
            Some(id) => Uuid::parse_str(&id).map_err(|_| damaged())?,
            None => {
                let id = options.device.unwrap_or_else(Uuid::new_v4);
                meta::set(&connection, meta::DEVICE, &id.to_string())?;
                id
            }
        };
        verify::tail(&connection, device)?;
        let places = Places::new(dir, options.state_dir.as_deref(), device);
        let own = match meta::get(&connection, meta::EPOCH)?.and_then(|e| e.parse().ok()) {
            Some(epoch) => log::head_of(&connection, device, epoch)?,
            None => log::head(&connection, device)?,
        };
        let (head_epoch, head_seq, base) =
            own.map_or((0, 0, [0; 32]), |h| (h.epoch, h.seq, h.hash));
        if head_epoch > 0 {
            meta::set(&connection, meta::EPOCH, &head_epoch.to_string())?;
        }
        let revision = log::last_pos(&connection)?;
        let last_ms = log::last_wall(&connection, device)?.unwrap_or(0);
        let readers = (0..options.readers.max(1))
            .map(|_| connect(&file, &options, false))
            .collect::<Result<Vec<_>>>()?;
        let store = Self {
            dir: dir.to_owned(),
            writer: Mutex::new(Writer {
                connection,
                clock: Corrected::after(last_ms),
                epoch: head_epoch.max(1),
                base,
                places,
                token_seq: head_seq,
                batch: None,
                batches: 0,
            }),
            readers: Mutex::new(readers),
            device,
            revision: AtomicU64::new(revision),
            epoch: AtomicU32::new(head_epoch.max(1)),
            memo: Memo::default(),
            cursors: Cursors::default(),
            in_line: AtomicUsize::new(0),
            outcomes: Outcomes::default(),
            checkpoints: Checkpoints::default(),
            known_hub: Mutex::default(),
            short_of_room: AtomicBool::new(false),
            _held: held,
            options,
        };
        store.settle_epoch(head_epoch, head_seq, moment)?;
        if store.options.ballast && !ballast::lay(dir) {
            store.short_of_room.store(true, Ordering::Relaxed);
        }
        Ok(store)
    }

    /// Opens a new epoch where the log went backwards or was copied, and for a first log.
    fn settle_epoch(&self, head_epoch: u32, head_seq: u64, moment: Moment) -> Result<()> {
        let token = self.writer().places.read(self.device);
        let folder = self.folder_name();
        // A copy knows whom the original obeys; that it is the hub itself was not said of the copy.
        let hub = (token.as_ref()).and_then(|t| {
            let hub = t.hub.clone()?;
            (hub.device != self.device || t.is_of(&folder)).then_some(hub)
        });
        *self
            .known_hub
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = hub;
        let parted = token.as_ref().is_some_and(|t| t.parted);
        let reason = match &token {
            _ if head_epoch == 0 => Some("first"),
            None => None,
            Some(t) if (t.epoch, t.seq) > (head_epoch, head_seq) => Some("rewound"),
            Some(t) if !t.is_of(&folder) => Some("cloned"),
            Some(_) => None,
        };
        if let Some(reason) = reason {
            let before = token.map_or(head_epoch, |t| t.epoch.max(head_epoch));
            self.open_epoch(before, head_seq, reason, moment)?;
        }
        if parted {
            self.remember_parted(moment)?;
        }
        self.write_token();
        Ok(())
    }

    pub(crate) fn open_epoch(
        &self,
        before: u32,
        from_seq: u64,
        reason: &str,
        moment: Moment,
    ) -> Result<()> {
        let epoch = {
            let mut writer = self.writer();
            // Another copy of this device may have opened later ones, which came in from elsewhere.
            let known = log::head(&writer.connection, self.device)?.map_or(0, |h| h.epoch);
            let own = log::head_of(&writer.connection, self.device, writer.epoch)?;
            writer.base = own.map_or(writer.base, |h| h.hash);
            writer.epoch = next_epoch(before.max(known), moment);
            self.epoch.store(writer.epoch, Ordering::Release);
            writer.epoch
        };
        tracing::info!(reason, before, epoch, "epoch opened");
        let author = Author {
            actor: "system".to_owned(),
            command_id: Uuid::now_v7(),
            moment,
        };
        self.write(&author, |tx| {
            tx.append(
                self.device,
                &Body::Branch(BranchEvent::Epoch(EpochOpened {
                    from_epoch: before,
                    from_seq,
                    reason: reason.to_owned(),
                    closes: Vec::new(),
                })),
            )?;
            meta::set(tx.tx(), meta::EPOCH, &epoch.to_string())
        })
    }

    /// One transaction: everything in it is on the disk when this returns, or nothing of it is.
    ///
    /// # Errors
    /// Whatever the closure refuses, and faults of the disk.
    pub fn write<T>(
        &self,
        author: &Author,
        work: impl FnOnce(&mut Write<'_>) -> Result<T>,
    ) -> Result<T> {
        self.in_line.fetch_add(1, Ordering::AcqRel);
        let mut writer = self.lock();
        self.in_line.fetch_sub(1, Ordering::AcqRel);
        // A handler that panics takes nobody else's work with it.
        let answer = panic::catch_unwind(AssertUnwindSafe(|| {
            Write::run(&mut writer, self.device, &self.memo, author, work)
        }));
        let done = self.leave(writer, matches!(answer, Ok(Ok(_))));
        match answer {
            Err(panic) => panic::resume_unwind(panic),
            Ok(Ok(answer)) => done.map(|()| answer),
            Ok(Err(error)) => {
                self.mind_room(&error);
                Err(error)
            }
        }
    }

    /// Commits, unless somebody in line will; then waits for that.
    fn leave(&self, mut writer: MutexGuard<'_, Writer>, wrote: bool) -> Result<()> {
        let Some(batch) = writer.batch else {
            return Ok(());
        };
        let others = self.in_line.load(Ordering::Acquire) > 0;
        let stands = !writer.connection.is_autocommit();
        if others && stands && batch.members < together::MOST {
            drop(writer);
            if wrote {
                self.outcomes.wait(batch.number)?;
            }
            return Ok(());
        }
        let done = self.settle(&mut writer);
        let due = batch
            .end
            .is_some_and(|end| end.seq >= writer.token_seq + 50);
        drop(writer);
        if done.is_ok() {
            self.committed();
            if due {
                self.write_token_beside();
            }
        }
        // Whoever was refused is told that, not how the others fared.
        if wrote { done } else { Ok(()) }
    }

    /// Ends the open transaction, if there is one, and tells those who wait for it.
    pub(crate) fn settle(&self, writer: &mut Writer) -> Result<()> {
        let Some(batch) = writer.batch.take() else {
            return Ok(());
        };
        // SQLite takes a whole transaction back by itself when the disk fails it.
        let done = if writer.connection.is_autocommit() {
            Err(Error::new(
                Code::StoreFault,
                "Chưa ghi được vào ổ đĩa. Những gì đã báo ghi vẫn an toàn. Mời làm lại; nếu vẫn vậy, mời báo người quản trị.",
            ))
        } else {
            writer
                .connection
                .execute_batch("COMMIT")
                .map_err(Error::from)
        };
        if let Err(error) = &done {
            self.mind_room(error);
            if !writer.connection.is_autocommit() {
                writer.connection.execute_batch("ROLLBACK").ok();
            }
        } else if let Some(end) = batch.end {
            self.revision.store(end.pos, Ordering::Release);
        }
        let fault = done.as_ref().err().map(Error::refusal);
        self.outcomes.tell(batch.number, fault);
        done
    }

    /// Something is in the WAL that the database must have some time.
    pub(crate) fn committed(&self) {
        (self.checkpoints).committed(&self.dir.join(DATABASE), &self.options);
    }

    /// Where the disk is full, lets go of what was kept for that.
    pub(crate) fn mind_room(&self, error: &Error) {
        if error.code() == Code::DiskFull {
            let freed = ballast::drop_it(&self.dir);
            self.short_of_room.store(true, Ordering::Relaxed);
            tracing::error!(freed, "disk full");
        }
    }

    /// Looks at committed state; never waits for the writer.
    ///
    /// # Errors
    /// Faults of the disk, and whatever the closure refuses.
    pub fn read<T>(&self, look: impl FnOnce(&Read<'_>) -> Result<T>) -> Result<T> {
        let pooled = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut connection = match pooled {
            Some(connection) => connection,
            None => connect(&self.dir.join(DATABASE), &self.options, false)?,
        };
        // One snapshot for everything the closure looks at.
        let transaction = connection.transaction()?;
        let answer = look(&Read::new(&transaction, &self.memo));
        drop(transaction);
        self.readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        answer
    }

    /// The corrected time now, and how far the system clock is off it.
    pub fn now(&self, moment: Moment) -> (i64, i64) {
        self.lock().clock.read(moment)
    }

    /// Grows with every committed event.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// This device.
    pub fn device(&self) -> Uuid {
        self.device
    }

    /// The epoch in which this device writes.
    pub fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Device and epoch of what is written here.
    pub fn place(&self) -> (Uuid, u32) {
        (self.device, self.epoch())
    }

    /// Files of papers.
    pub fn blobs(&self) -> Blobs {
        Blobs::of_folder(&self.dir)
    }

    /// The data folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether the disk has run so full that no new citizens should be registered.
    pub fn short_of_room(&self) -> bool {
        self.short_of_room.load(Ordering::Relaxed)
    }

    /// Lays the ballast again if there is room; tells whether the disk is well.
    pub fn recover_room(&self) -> bool {
        if self.options.ballast && !ballast::lies(&self.dir) && !ballast::lay(&self.dir) {
            return false;
        }
        self.short_of_room.store(false, Ordering::Relaxed);
        true
    }

    /// The writer, with no transaction open.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        let mut writer = self.lock();
        if self.settle(&mut writer).is_err() {
            // Those whose work it was are told; whoever comes now finds the writer as before it.
            tracing::warn!("open transaction lost");
        }
        writer
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        // A panic inside a transaction rolled it back; the connection itself is sound.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder_name(&self) -> String {
        self.dir
            .canonicalize()
            .unwrap_or_else(|_| self.dir.clone())
            .to_string_lossy()
            .into_owned()
    }

    /// Brings the epoch token up to the head of the log.
    pub fn write_token(&self) {
        if let Some((places, token)) = self.token() {
            places.write(&token);
        }
    }

    /// The same, without the caller waiting for the disk a second time: a token that comes a
    /// little later still tells every rewind but that of the last moment.
    fn write_token_beside(&self) {
        if let Some((places, token)) = self.token() {
            std::thread::spawn(move || places.write(&token));
        }
    }

    fn token(&self) -> Option<(Places, Token)> {
        let mut writer = self.writer();
        let head = log::head_of(&writer.connection, self.device, writer.epoch).ok()??;
        writer.token_seq = head.seq;
        let parted = grant::is_parted(&writer.connection).ok()?;
        let token = Token {
            device: self.device,
            epoch: head.epoch,
            seq: head.seq,
            hash: blake3::Hash::from_bytes(head.hash).to_hex().to_string(),
            machine: token::machine(),
            folder: self.folder_name(),
            hub: self.known_hub(),
            parted,
        };
        Some((writer.places.clone(), token))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.write_token();
        // The writer closes last: then SQLite brings the WAL into the database, and the one file
        // is whole by itself, as anybody who copies a closed folder expects. A read-only
        // connection that closed last could not.
        self.readers
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.checkpoints.wait();
    }
}

/// Later epochs are numbered by the second they began, so that two copies of one history that
/// both go on do not meet under one number; each in a slot of its own, and so that of any few
/// that follow each other no two leave the same rest (`table::lease` gives each rest a lane).
pub(crate) fn next_epoch(before: u32, moment: Moment) -> u32 {
    if before == 0 {
        return 1;
    }
    let by_time = u32::try_from(moment.wall_ms / 1000).unwrap_or(u32::MAX);
    let least = by_time.max(before.saturating_add(standing::SLOT_S));
    let rest = (before % lease::LIVES + 1) % lease::LIVES;
    least.saturating_add((rest + lease::LIVES - least % lease::LIVES) % lease::LIVES)
}
