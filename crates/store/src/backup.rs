//! Backups: one file, checked before it counts; restoring always opens a new epoch.

use std::{fs, io, path::Path};

use motcua_domain::Code;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use uuid::Uuid;

use crate::{
    blobs::{Blobs, Soundness},
    clock::Moment,
    database::{APPLICATION_ID, SCHEMA_VERSION, connect},
    error::{Error, Result},
    folder::{self, DATABASE},
    log,
    open::{Options, Store},
    table::meta,
    verify::{self, Verified},
};

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Device whose store it is.
    pub device: Uuid,
    /// Head of its log.
    pub epoch: u32,
    /// Head of its log.
    pub seq: u64,
    /// Events in it.
    pub events: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// Files of papers in it.
    pub blobs: u64,
    /// Files of papers that should have lain in the folder and did not, or were damaged. The
    /// records are in the backup all the same.
    pub blobs_missing: u64,
}

fn invalid() -> Error {
    Error::new(
        Code::BackupInvalid,
        "Tệp này không phải bản sao lưu của Một Cửa hoặc đã hỏng. Dữ liệu đang có vẫn nguyên. Mời chọn tệp khác.",
    )
}

impl Store {
    /// Writes a backup beside the target, checks it whole, then puts it in place: a file of that
    /// name is never a half backup.
    ///
    /// # Errors
    /// `DISK_FULL`, `READ_ONLY`; then nothing stands under that name that did not before.
    pub fn backup(&self, target: &Path) -> Result<Backup> {
        let draft = target.with_extension("dang-ghi");
        remove_if_there(&draft)?;
        // A connection of its own: no other may have a transaction open while it copies.
        let copied = connect(&self.dir.join(DATABASE), &self.options, false)
            .and_then(|c| Ok(c.execute("VACUUM INTO ?1", [draft.to_string_lossy()])?));
        copied.inspect_err(|_| {
            if let Err(error) = remove_if_there(&draft) {
                tracing::warn!(%error, "draft backup left behind");
            }
        })?;
        let missing = pack_blobs(&draft, &self.blobs())?;
        let (mut backup, verified) = inspect(&draft)?;
        backup.blobs_missing = missing;
        if !verified.findings.is_empty() {
            return Err(Error::new(
                Code::StoreDamaged,
                "Bản sao lưu vừa ghi không khớp nhật ký nên không giữ lại. Mời chạy kiểm tra dữ liệu.",
            ));
        }
        fs::File::open(&draft)?.sync_all()?;
        fs::rename(&draft, target)?;
        Ok(backup)
    }
}

/// Bytes of a file in one row of a backup.
const PART: usize = 1 << 20;

/// Puts the files of the folder into the backup, so that it stays one file. Each is read once and
/// checked; what is missing or damaged is left out and counted.
fn pack_blobs(draft: &Path, blobs: &Blobs) -> Result<u64> {
    let mut connection = Connection::open(draft)?;
    let tx = connection.transaction()?;
    // A backup that somebody put in place of the database by hand brings its own.
    tx.execute_batch(
        "DROP TABLE IF EXISTS packed_blob; CREATE TABLE packed_blob(hash TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY(hash, part)) STRICT",
    )?;
    let mut missing = 0;
    for hash in hashes(&tx, "SELECT hash FROM blob ORDER BY hash")? {
        if blobs.check(&hash)? != Soundness::Whole {
            tracing::warn!("a file of a paper is not in the backup");
            missing += 1;
            continue;
        }
        let mut insert =
            tx.prepare_cached("INSERT INTO packed_blob(hash, part, bytes) VALUES(?1, ?2, ?3)")?;
        let mut offset = 0;
        loop {
            let part = blobs.piece(&hash, offset, PART)?;
            if part.is_empty() {
                break;
            }
            insert.execute(params![hash, offset / PART as u64, part])?;
            offset += part.len() as u64;
        }
    }
    tx.commit()?;
    Ok(missing)
}

fn hashes(connection: &Connection, sql: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |r| r.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn has_packed(connection: &Connection) -> Result<bool> {
    Ok(connection.query_row(
        "SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE name = 'packed_blob')",
        [],
        |r| r.get(0),
    )?)
}

/// A file of a backup, read part by part.
struct Packed<'a> {
    connection: &'a Connection,
    hash: &'a str,
    part: u64,
    left: Vec<u8>,
    at: usize,
}

impl io::Read for Packed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.left.len() {
            let next = self
                .connection
                .prepare_cached("SELECT bytes FROM packed_blob WHERE hash = ?1 AND part = ?2")
                .and_then(|mut s| {
                    s.query_row(params![self.hash, self.part], |r| r.get::<_, Vec<u8>>(0))
                        .optional()
                })
                .map_err(io::Error::other)?;
            let Some(next) = next else { return Ok(0) };
            (self.left, self.at, self.part) = (next, 0, self.part + 1);
        }
        let n = into.len().min(self.left.len() - self.at);
        into[..n].copy_from_slice(&self.left[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Lays the files of a backup into the folder, and takes them out of the database that is to
/// become the folder's. Files are added, never replaced by others: the name is the content.
fn unpack_blobs(draft: &Path, blobs: &Blobs) -> Result<()> {
    let connection = Connection::open(draft)?;
    if !has_packed(&connection)? {
        return Ok(());
    }
    for hash in hashes(
        &connection,
        "SELECT DISTINCT hash FROM packed_blob ORDER BY hash",
    )? {
        if blobs.check(&hash)? == Soundness::Whole {
            continue;
        }
        let mut packed = Packed {
            connection: &connection,
            hash: &hash,
            part: 0,
            left: Vec::new(),
            at: 0,
        };
        if !blobs.put_stream(&hash, &mut packed)? {
            return Err(invalid());
        }
    }
    connection.execute_batch("DROP TABLE packed_blob; VACUUM")?;
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn inspect(file: &Path) -> Result<(Backup, Verified)> {
    let bytes = fs::metadata(file)?.len();
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|_| invalid())?;
    let id: i64 = connection
        .query_row("PRAGMA application_id", [], |r| r.get(0))
        .map_err(|_| invalid())?;
    let version: i64 = connection
        .query_row("PRAGMA user_version", [], |r| r.get(0))
        .map_err(|_| invalid())?;
    if id != APPLICATION_ID {
        return Err(invalid());
    }
    if version > SCHEMA_VERSION {
        return Err(Error::new(
            Code::StoreNewer,
            "Bản sao lưu do bản Một Cửa mới hơn ghi. Mời cập nhật chương trình rồi khôi phục.",
        ));
    }
    let verified = verify::verify(&connection).map_err(|_| invalid())?;
    let device = meta::get(&connection, meta::DEVICE)?
        .and_then(|d| Uuid::parse_str(&d).ok())
        .ok_or_else(invalid)?;
    let own = match meta::get(&connection, meta::EPOCH)?.and_then(|e| e.parse().ok()) {
        Some(epoch) => log::head_of(&connection, device, epoch)?,
        None => log::head(&connection, device)?,
    };
    let head = own.ok_or_else(invalid)?;
    let blobs = if has_packed(&connection)? {
        connection.query_row("SELECT count(DISTINCT hash) FROM packed_blob", [], |r| {
            r.get(0)
        })?
    } else {
        0
    };
    Ok((
        Backup {
            device,
            epoch: head.epoch,
            seq: head.seq,
            events: verified.events,
            bytes,
            blobs,
            blobs_missing: 0,
        },
        verified,
    ))
}

/// What one database is on disk, by the ends of the names.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// Puts a backup into a folder. What the folder held is moved aside, never deleted. The restored
/// log goes on in a new epoch, so that no sequence number is given out twice.
///
/// # Errors
/// `BACKUP_INVALID`, `FOLDER_IN_USE`, faults of the disk; then the folder is as before.
pub fn restore(dir: &Path, file: &Path, moment: Moment, options: Options) -> Result<Backup> {
    if !file.is_file() {
        return Err(Error::new(
            Code::NotFound,
            "Không thấy tệp sao lưu. Mời kiểm tra đường dẫn.",
        )
        .at_field("file"));
    }
    let (backup, verified) = inspect(file)?;
    if !verified.findings.is_empty() {
        return Err(invalid());
    }
    folder::prepare(dir)?;
    let aside = format!("before-restore-{}-{DATABASE}", moment.wall_ms);
    {
        let _held = folder::hold(dir, options.patience)?;
        let draft = dir.join("restoring.db");
        fs::copy(file, &draft)?;
        unpack_blobs(&draft, &Blobs::of_folder(dir))?;
        fs::File::open(&draft)?.sync_all()?;
        for suffix in FILES {
            let old = dir.join(format!("{DATABASE}{suffix}"));
            if old.exists() {
                fs::rename(old, dir.join(format!("{aside}{suffix}")))?;
            }
        }
        fs::rename(&draft, dir.join(DATABASE))?;
    }
    if let Err(error) = begin_anew(dir, &backup, moment, &options) {
        // What verifies need not open: a page may be damaged that only opening reads.
        let _held = folder::hold(dir, options.patience)?;
        for suffix in FILES {
            let (now, old) = (
                dir.join(format!("{DATABASE}{suffix}")),
                dir.join(format!("{aside}{suffix}")),
            );
            remove_if_there(&now)?;
            if old.exists() {
                fs::rename(old, now)?;
            }
        }
        return Err(error);
    }
    Ok(backup)
}

/// Opens what was restored, in an epoch of its own.
fn begin_anew(dir: &Path, backup: &Backup, moment: Moment, options: &Options) -> Result<()> {
    let store = Store::open(dir, moment, options.clone())?;
    // Opening has already begun a new epoch if the token shows that this history went back; a
    // restore does so in any case.
    if store.writer().epoch <= backup.epoch {
        store.open_epoch(backup.epoch, backup.seq, "restored", moment)?;
    }
    store.write_token();
    Ok(())
}

impl Error {
    fn at_field(self, field: &str) -> Self {
        let refusal: motcua_domain::Refusal = self.into();
        Self::from(refusal.at(field))
    }
}
