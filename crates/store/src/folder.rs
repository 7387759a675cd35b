//! The data folder: where it may lie, who holds it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use motcua_domain::Code;

use crate::error::{Error, Result};

/// Name of the database in the folder.
pub const DATABASE: &str = "motcua.db";
const LOCK: &str = "motcua.lock";

/// Whether a Linux file system type (as `/proc/mounts` names it) lies on another machine.
/// SQLite's WAL needs shared memory and honest flushes, which these cannot promise.
pub fn is_network_filesystem(kind: &str) -> bool {
    matches!(
        kind,
        "nfs"
            | "nfs3"
            | "nfs4"
            | "cifs"
            | "smb"
            | "smb2"
            | "smb3"
            | "smbfs"
            | "9p"
            | "afs"
            | "ceph"
            | "glusterfs"
            | "davfs"
    ) || matches!(
        kind,
        "fuse.sshfs"
            | "fuse.glusterfs"
            | "fuse.davfs2"
            | "fuse.rclone"
            | "fuse.smbnetfs"
            | "fuse.s3fs"
    )
}

/// The type of the file system that holds `path`: the mount with the longest matching prefix.
fn filesystem_of(path: &Path, mounts: &str) -> Option<String> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut parts = line.split(' ');
            let (_, at, kind) = (parts.next()?, parts.next()?, parts.next()?);
            let at = at.replace("\\040", " ");
            path.starts_with(&at).then(|| (at.len(), kind.to_owned()))
        })
        .max_by_key(|(len, _)| *len)
        .map(|(_, kind)| kind)
}

/// Makes the folder and refuses one on a network share.
pub(crate) fn prepare(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir)?;
    let full = dir.canonicalize()?;
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let remote = filesystem_of(&full, &mounts).is_some_and(|kind| is_network_filesystem(&kind))
        || full.to_string_lossy().starts_with(r"\\?\UNC");
    if remote {
        return Err(Error::new(
            Code::NetworkShare,
            "Thư mục dữ liệu nằm trên ổ mạng, nơi mất điện có thể làm mất bản ghi. Chưa ghi gì. Mời chọn thư mục trên ổ đĩa của máy này.",
        ));
    }
    Ok(())
}

/// Holds the folder for this process; released when dropped or when the process dies.
#[derive(Debug)]
pub(crate) struct Held {
    _file: File,
}

/// Takes the folder, waiting at most `patience` for another process to let go.
pub(crate) fn hold(dir: &Path, patience: Duration) -> Result<Held> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(dir.join(LOCK))?;
    let until = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(5))
            }
            Err(TryLockError::WouldBlock) => {
                let mut who = String::new();
                file.read_to_string(&mut who).unwrap_or_default();
                tracing::info!(holder = who.trim(), "folder in use");
                return Err(Error::new(
                    Code::FolderInUse,
                    "Một cửa đang mở trên thư mục dữ liệu này. Dữ liệu an toàn. Mời dùng cửa sổ đang mở, hoặc đóng nó trước.",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    Ok(Held { _file: file })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("/srv/data/branch", Some("nfs4"))]
    #[case("/srv/database", Some("ext4"))]
    #[case("/home/a b/x", Some("cifs"))]
    fn longest_mount_decides(#[case] path: &str, #[case] kind: Option<&str>) {
        let mounts = "/dev/sda / ext4 rw 0 0\nhost:/x /srv/data nfs4 rw 0 0\n//nas/y /home/a\\040b cifs rw 0 0\n";
        assert_eq!(filesystem_of(Path::new(path), mounts).as_deref(), kind);
    }

    #[test]
    fn only_one_process_holds_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let held = hold(dir.path(), Duration::ZERO).unwrap();
        assert_eq!(
            hold(dir.path(), Duration::from_millis(20))
                .unwrap_err()
                .code(),
            Code::FolderInUse
        );
        drop(held);
        hold(dir.path(), Duration::ZERO).unwrap();
    }
}
