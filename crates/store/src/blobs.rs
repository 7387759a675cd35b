//! Files of papers beside the database, each under the BLAKE3 of its bytes.
//!
//! A file is whole under its name or not there: it is written under another name, flushed, named,
//! and the folder is flushed. Only then may an event name it. Nothing here is ever changed;
//! whoever finds other bytes under a name knows that the disk did it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use motcua_domain::{
    Code,
    case::attachment::{MAX_BYTES, is_address},
};

use crate::error::{Error, Result};

/// The folder's name within the data folder.
pub const FOLDER: &str = "blobs";
const PARTIAL: &str = "partial";
const BUFFER: usize = 128 << 10;

/// How a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Soundness {
    /// There, and what its name says.
    Whole,
    /// Not there.
    Missing,
    /// There, with other bytes.
    Damaged,
}

/// The files of one data folder.
#[derive(Debug, Clone)]
pub struct Blobs {
    dir: PathBuf,
}

/// Drafts of one process never share a name.
static DRAFT: AtomicU64 = AtomicU64::new(0);

fn not_an_address() -> Error {
    Error::new(Code::ArgumentInvalid, "Địa chỉ tệp không đúng dạng.")
}

fn missing() -> Error {
    Error::new(
        Code::BlobMissing,
        "Tệp giấy tờ này chưa có trên máy. Hồ sơ không bị ảnh hưởng. Mời mở trên máy đã quét, hoặc chờ tệp được chuyển tới.",
    )
}

fn damaged() -> Error {
    Error::new(
        Code::BlobDamaged,
        "Tệp giấy tờ trên ổ đĩa đã hỏng, không còn đúng như lúc quét. Hồ sơ không bị ảnh hưởng. Mời khôi phục từ bản sao lưu hoặc quét lại.",
    )
}

/// A rename is only durable once the folder that holds the name is.
fn flush_dir(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Writes a file so that it is whole under its name or not there, and there after a power cut.
///
/// # Errors
/// Those of the disk; then nothing stands under that name that did not before.
pub fn write_durably(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = file.parent().unwrap_or(Path::new("."));
    let draft = dir.join(format!(
        ".{}-{}.dang-ghi",
        std::process::id(),
        DRAFT.fetch_add(1, Ordering::Relaxed)
    ));
    let written = (|| {
        let mut out = File::create(&draft)?;
        out.write_all(bytes)?;
        out.sync_all()?;
        fs::rename(&draft, file)?;
        flush_dir(dir)
    })();
    if written.is_err() {
        fs::remove_file(&draft).ok();
    }
    written
}

impl Blobs {
    pub(crate) fn of_folder(data: &Path) -> Self {
        Self {
            dir: data.join(FOLDER),
        }
    }

    fn path(&self, hash: &str) -> Result<PathBuf> {
        if !is_address(hash) {
            return Err(not_an_address());
        }
        Ok(self.dir.join(&hash[..2]).join(&hash[2..]))
    }

    fn partial(&self, hash: &str) -> Result<PathBuf> {
        if !is_address(hash) {
            return Err(not_an_address());
        }
        Ok(self.dir.join(PARTIAL).join(hash))
    }

    /// Keeps bytes; answers their address. Once this returns they survive a power cut.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn put(&self, bytes: &[u8]) -> Result<String> {
        let hash = blake3::hash(bytes).to_hex().to_string();
        let path = self.path(&hash)?;
        if self.check(&hash)? == Soundness::Whole {
            return Ok(hash);
        }
        self.shelf(&path)?;
        write_durably(&path, bytes)?;
        Ok(hash)
    }

    /// Makes the folder of a file, with all above it durable.
    fn shelf(&self, path: &Path) -> Result<()> {
        let shelf = path.parent().unwrap_or(&self.dir);
        if !shelf.is_dir() {
            fs::create_dir_all(shelf)?;
            flush_dir(&self.dir)?;
            if let Some(data) = self.dir.parent() {
                flush_dir(data)?;
            }
        }
        Ok(())
    }

    /// The bytes of a file, checked.
    ///
    /// # Errors
    /// `BLOB_MISSING`, `BLOB_DAMAGED`, faults of the disk.
    pub fn read(&self, hash: &str) -> Result<Vec<u8>> {
        let bytes = match fs::read(self.path(hash)?) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
            Err(error) => return Err(error.into()),
        };
        if blake3::hash(&bytes).to_hex().as_str() == hash {
            Ok(bytes)
        } else {
            Err(damaged())
        }
    }

    /// A piece of a file from an offset on, unchecked: whoever has all of them checks the whole.
    ///
    /// # Errors
    /// `BLOB_MISSING`, faults of the disk.
    pub fn piece(&self, hash: &str, offset: u64, most: usize) -> Result<Vec<u8>> {
        let mut file = self.open(hash)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut piece = Vec::new();
        file.take(most as u64).read_to_end(&mut piece)?;
        Ok(piece)
    }

    fn open(&self, hash: &str) -> Result<File> {
        File::open(self.path(hash)?).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(),
            _ => error.into(),
        })
    }

    /// Bytes of a file that is there.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn len(&self, hash: &str) -> Result<Option<u64>> {
        match fs::metadata(self.path(hash)?) {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads a file whole and compares.
    ///
    /// # Errors
    /// `ARGUMENT_INVALID` for what is no address. A file that cannot be read counts as damaged.
    pub fn check(&self, hash: &str) -> Result<Soundness> {
        let mut file = match self.open(hash) {
            Ok(file) => file,
            Err(error) if error.code() == Code::BlobMissing => return Ok(Soundness::Missing),
            Err(error) => return Err(error),
        };
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; BUFFER];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => hasher.update(&buffer[..n]),
                Err(error) => {
                    tracing::warn!(%error, "file of a paper");
                    return Ok(Soundness::Damaged);
                }
            };
        }
        Ok(if hasher.finalize().to_hex().as_str() == hash {
            Soundness::Whole
        } else {
            Soundness::Damaged
        })
    }

    /// How much of a file that comes in pieces is here.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn offset(&self, hash: &str) -> Result<u64> {
        match fs::metadata(self.partial(hash)?) {
            Ok(found) => Ok(found.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the next piece of a file; true once it is whole and kept. What does not come to the
    /// address is thrown away whole: nobody can tell which piece was wrong.
    ///
    /// # Errors
    /// `BLOB_OFFSET` for a piece that does not follow; `BLOB_DAMAGED`; `SCAN_TOO_LARGE`; faults of
    /// the disk.
    pub fn take(&self, hash: &str, offset: u64, piece: &[u8], total: u64) -> Result<bool> {
        let partial = self.partial(hash)?;
        let here = self.offset(hash)?;
        let end = offset.saturating_add(piece.len() as u64);
        if total > MAX_BYTES {
            return Err(Error::new(
                Code::ScanTooLarge,
                format!(
                    "Tệp lớn hơn {} MB, là mức cho một giấy tờ. Chưa nhận. Mời chia thành nhiều tệp.",
                    MAX_BYTES / 1_000_000
                ),
            ));
        }
        if here != offset || end > total || (piece.is_empty() && total > 0) {
            return Err(Error::new(
                Code::BlobOffset,
                "Phần tệp gửi tới không nối tiếp phần đã có. Mời gửi tiếp từ chỗ đã có.",
            ));
        }
        self.shelf(&partial)?;
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&partial)?;
        file.write_all(piece)?;
        if end < total {
            return Ok(false);
        }
        file.sync_all()?;
        drop(file);
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(&partial)?)?;
        if hasher.finalize().to_hex().as_str() != hash {
            fs::remove_file(&partial)?;
            return Err(damaged());
        }
        let path = self.path(hash)?;
        self.shelf(&path)?;
        fs::rename(&partial, &path)?;
        flush_dir(path.parent().unwrap_or(&self.dir))?;
        Ok(true)
    }

    /// Takes a file from a stream, as when a backup is put back.
    pub(crate) fn put_stream(&self, hash: &str, from: &mut dyn Read) -> Result<bool> {
        let partial = self.partial(hash)?;
        self.shelf(&partial)?;
        let mut out = File::create(&partial)?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; BUFFER];
        loop {
            let n = from.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            hasher.update(&buffer[..n]);
            out.write_all(&buffer[..n])?;
        }
        out.sync_all()?;
        if hasher.finalize().to_hex().as_str() != hash {
            fs::remove_file(&partial)?;
            return Ok(false);
        }
        let path = self.path(hash)?;
        self.shelf(&path)?;
        fs::rename(&partial, &path)?;
        flush_dir(path.parent().unwrap_or(&self.dir))?;
        Ok(true)
    }

    /// Files that lie here and were not touched for a while. What no case names among them was
    /// left by a machine that died between the file and the event.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn older_than(&self, age: Duration, now: SystemTime) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let Ok(shelves) = fs::read_dir(&self.dir) else {
            return Ok(found);
        };
        for shelf in shelves {
            let shelf = shelf?;
            let Ok(files) = fs::read_dir(shelf.path()) else {
                continue;
            };
            for file in files {
                let file = file?;
                let hash = format!(
                    "{}{}",
                    shelf.file_name().to_string_lossy(),
                    file.file_name().to_string_lossy()
                );
                let touched = file.metadata().and_then(|m| m.modified());
                let old = touched.is_ok_and(|at| now.duration_since(at).is_ok_and(|d| d > age));
                if old && is_address(&hash) {
                    found.push(hash);
                }
            }
        }
        Ok(found)
    }

    /// Removes a file that nobody names.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn remove(&self, hash: &str) -> Result<()> {
        Ok(fs::remove_file(self.path(hash)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::of_folder(dir.path());
        (dir, blobs)
    }

    #[test]
    fn what_is_kept_comes_back_and_a_changed_byte_is_found() {
        let (_dir, blobs) = blobs();
        let hash = blobs.put(b"giay khai sinh").unwrap();
        assert_eq!(blobs.read(&hash).unwrap(), b"giay khai sinh");
        assert_eq!(blobs.check(&hash).unwrap(), Soundness::Whole);
        fs::write(blobs.path(&hash).unwrap(), b"giay khai sinX").unwrap();
        assert_eq!(blobs.check(&hash).unwrap(), Soundness::Damaged);
        assert_eq!(blobs.read(&hash).unwrap_err().code(), Code::BlobDamaged);
        // Kept again, it is whole again.
        blobs.put(b"giay khai sinh").unwrap();
        assert_eq!(blobs.check(&hash).unwrap(), Soundness::Whole);
        blobs.remove(&hash).unwrap();
        assert_eq!(blobs.check(&hash).unwrap(), Soundness::Missing);
        assert_eq!(blobs.read(&hash).unwrap_err().code(), Code::BlobMissing);
    }

    #[test]
    fn pieces_go_on_where_they_stopped_and_wrong_ones_are_refused() {
        let (_dir, blobs) = blobs();
        let content: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        let hash = blake3::hash(&content).to_hex().to_string();
        let total = content.len() as u64;
        assert!(!blobs.take(&hash, 0, &content[..1000], total).unwrap());
        assert_eq!(blobs.offset(&hash).unwrap(), 1000);
        for (offset, piece) in [(0, &content[..1000]), (2000, &content[2000..3000])] {
            let refused = blobs.take(&hash, offset, piece, total).unwrap_err();
            assert_eq!(refused.code(), Code::BlobOffset);
        }
        assert!(blobs.take(&hash, 1000, &content[1000..], total).unwrap());
        assert_eq!(blobs.read(&hash).unwrap(), content);

        // A piece with other bytes: found at the end, and begun anew.
        let other = blake3::hash(b"anders").to_hex().to_string();
        blobs.take(&other, 0, b"and", 6).unwrap();
        let refused = blobs.take(&other, 3, b"erX", 6).unwrap_err();
        assert_eq!(refused.code(), Code::BlobDamaged);
        assert_eq!(blobs.offset(&other).unwrap(), 0);
        assert_eq!(blobs.check(&other).unwrap(), Soundness::Missing);
    }

    #[test]
    fn an_address_is_never_a_path() {
        let (_dir, blobs) = blobs();
        let long = "a".repeat(63);
        for bad in ["", "../../etc/passwd", "A".repeat(64).as_str(), &long] {
            assert_eq!(blobs.read(bad).unwrap_err().code(), Code::ArgumentInvalid);
        }
    }
}
