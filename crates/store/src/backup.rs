//! Backups: one file, checked before it counts; restoring always opens a new epoch.

use std::{fs, path::Path};

use motcua_domain::Code;
use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use crate::{
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
        let (backup, verified) = inspect(&draft)?;
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
    Ok((
        Backup {
            device,
            epoch: head.epoch,
            seq: head.seq,
            events: verified.events,
            bytes,
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
