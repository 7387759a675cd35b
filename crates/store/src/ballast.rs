//! A file that keeps room on the disk: when the disk is full it goes, and the people who are
//! at the desk can still be served to the end.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// 64 MiB hold more than a year of one counter's events.
const BYTES: usize = 64 << 20;
const NAME: &str = "ballast.bin";

fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

/// Lays the ballast if it is not there. A disk without room for it is told by the answer.
pub(crate) fn lay(dir: &Path) -> bool {
    let file = path(dir);
    if fs::metadata(&file).is_ok_and(|m| m.len() >= BYTES as u64) {
        return true;
    }
    let written = write(&file);
    if let Err(error) = &written {
        tracing::warn!(%error, "no room for ballast");
        // Half a ballast would only take the room that the log needs.
        if let Err(error) = fs::remove_file(&file) {
            tracing::debug!(%error, "no partial ballast to remove");
        }
    }
    written.is_ok()
}

fn write(file: &Path) -> std::io::Result<()> {
    let mut out = fs::File::create(file)?;
    // Real bytes: a sparse file would reserve nothing.
    let block = vec![0x4d_u8; 1 << 20];
    for _ in 0..BYTES / block.len() {
        out.write_all(&block)?;
    }
    out.sync_data()
}

/// Drops the ballast; tells whether that freed anything.
pub(crate) fn drop_it(dir: &Path) -> bool {
    fs::remove_file(path(dir)).is_ok()
}

/// Whether the ballast lies.
pub(crate) fn lies(dir: &Path) -> bool {
    path(dir).exists()
}
