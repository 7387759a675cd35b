//! A folder into which a scanner puts its files. It is looked at, not listened to: such folders
//! often lie on another machine, whose changes this one is not told of.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

/// Where files go that cannot be read.
const ASIDE: &str = "khong-doc-duoc";
/// What is taken for a scan, by the end of its name.
const ENDINGS: [&str; 6] = ["pdf", "jpg", "jpeg", "png", "tif", "tiff"];
/// What programs keep in a folder beside their files, or write on the way to one.
const WORKING: [&str; 10] = [
    "tmp",
    "temp",
    "part",
    "partial",
    "crdownload",
    "ini",
    "db",
    "lnk",
    "lock",
    "log",
];
/// Files looked at in one round.
const MOST: usize = 2_000;

/// The folder cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("folder: {0}")]
pub struct FolderFault(pub String);

/// A file that has not changed for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it lies.
    pub path: PathBuf,
    /// Bytes.
    pub bytes: u64,
    /// Since when it has not changed.
    pub still: Duration,
    /// It may be a scan, by the end of its name. Anything else somebody put there by mistake, and
    /// waits in vain to see it come in.
    pub scan: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    bytes: u64,
    changed: Option<SystemTime>,
    since: Instant,
    /// It was taken in and could not be taken away.
    stays: bool,
}

/// A folder that is watched.
#[derive(Debug)]
pub struct WatchedFolder {
    dir: PathBuf,
    quiet: Duration,
    seen: HashMap<OsString, Seen>,
}

impl WatchedFolder {
    /// A file counts as written once it has not changed for `quiet`.
    pub fn new(dir: impl Into<PathBuf>, quiet: Duration) -> Self {
        Self {
            dir: dir.into(),
            quiet,
            seen: HashMap::new(),
        }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Files that have stood still, by name: scanners number them.
    ///
    /// # Errors
    /// The folder is not there or cannot be read.
    pub fn look(&mut self, now: Instant) -> Result<Vec<Standing>, FolderFault> {
        let fault = |error: io::Error| FolderFault(error.to_string());
        let mut there = HashMap::new();
        let mut standing = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(fault)?.take(MOST) {
            let entry = entry.map_err(fault)?;
            let (name, path) = (entry.file_name(), entry.path());
            let Some(scan) = kind(&path) else {
                continue;
            };
            // A link could lead anywhere; what vanished meanwhile is no fault.
            let Ok(found) = fs::symlink_metadata(&path) else {
                continue;
            };
            if !found.is_file() {
                continue;
            }
            let fresh = Seen {
                bytes: found.len(),
                changed: found.modified().ok(),
                since: now,
                stays: false,
            };
            let seen = match self.seen.remove(&name) {
                Some(before) if before.bytes == fresh.bytes && before.changed == fresh.changed => {
                    before
                }
                _ => fresh,
            };
            let still = now.saturating_duration_since(seen.since);
            if still >= self.quiet && !seen.stays {
                standing.push(Standing {
                    path,
                    bytes: seen.bytes,
                    still,
                    scan,
                });
            }
            there.insert(name, seen);
        }
        self.seen = there;
        standing.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(standing)
    }

    /// A file that was taken in could not be taken out of the folder: as long as it stays as it is, it
    /// is not told of again.
    pub fn stays(&mut self, path: &Path) {
        let seen = path.file_name().and_then(|name| self.seen.get_mut(name));
        if let Some(seen) = seen {
            seen.stays = true;
        }
    }

    /// Files that were taken in and still lie there.
    pub fn staying(&self) -> Vec<PathBuf> {
        let staying = self.seen.iter().filter(|(_, seen)| seen.stays);
        staying.map(|(name, _)| self.dir.join(name)).collect()
    }

    /// Moves a file out of the way, never over another one.
    ///
    /// # Errors
    /// Those of the disk; then it is where it was.
    pub fn set_aside(&self, path: &Path) -> io::Result<PathBuf> {
        let aside = self.dir.join(ASIDE);
        fs::create_dir_all(&aside)?;
        let name = path.file_name().unwrap_or_default();
        let mut to = aside.join(name);
        let mut nth = 2;
        while to.exists() {
            to = aside.join(format!("{nth}-{}", name.to_string_lossy()));
            nth += 1;
        }
        fs::rename(path, &to)?;
        Ok(to)
    }
}

/// Whether a file may be a scan; nothing for those that are nobody's paper.
fn kind(path: &Path) -> Option<bool> {
    let hidden = path
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(['.', '~']));
    let ending = path.extension()?.to_string_lossy().to_lowercase();
    let ours = hidden || WORKING.contains(&ending.as_str());
    (!ours).then(|| ENDINGS.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_once_it_stands_still_and_not_while_it_grows() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = WatchedFolder::new(dir.path(), Duration::from_secs(2));
        let start = Instant::now();
        let after = |s: u64| start + Duration::from_secs(s);
        let file = dir.path().join("scan001.pdf");
        fs::write(&file, b"%PDF").unwrap();
        fs::write(dir.path().join("scan002.pdf.tmp"), b"x").unwrap();
        fs::write(dir.path().join("Thumbs.db"), b"x").unwrap();
        fs::write(dir.path().join(".scan.pdf"), b"x").unwrap();
        assert!(folder.look(start).unwrap().is_empty());
        fs::write(&file, b"%PDF-1.7 more").unwrap();
        assert!(folder.look(after(3)).unwrap().is_empty());
        let found = folder.look(after(5)).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, file);
        assert_eq!(found[0].still, Duration::from_secs(2));
        assert!(found[0].scan);
        let aside = folder.set_aside(&file).unwrap();
        assert!(aside.ends_with("khong-doc-duoc/scan001.pdf") && aside.is_file());
        // The same name again does not push the first one out.
        fs::write(&file, b"two").unwrap();
        assert!(folder.set_aside(&file).unwrap().ends_with("2-scan001.pdf"));
        assert!(folder.look(after(9)).unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_taken_away_is_told_of_once_until_it_is_another_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = WatchedFolder::new(dir.path(), Duration::ZERO);
        let file = dir.path().join("a.pdf");
        fs::write(&file, b"%PDF").unwrap();
        let mut look = || folder.look(Instant::now()).unwrap().len();
        assert_eq!([look(), look()], [1, 1]);
        folder.stays(&file);
        assert_eq!(folder.look(Instant::now()).unwrap(), []);
        assert_eq!(folder.staying(), [file.as_path()]);
        fs::write(&file, b"%PDF-1.7 another").unwrap();
        assert_eq!(folder.look(Instant::now()).unwrap().len(), 1);
        assert!(folder.staying().is_empty());
    }

    #[test]
    fn what_is_no_scan_is_named_and_not_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = WatchedFolder::new(dir.path(), Duration::ZERO);
        fs::write(dir.path().join("Don.DOCX"), b"x").unwrap();
        fs::write(dir.path().join("~$Don.docx"), b"x").unwrap();
        let found = folder.look(Instant::now()).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].path.ends_with("Don.DOCX") && !found[0].scan);
    }

    #[test]
    fn a_folder_that_is_gone_is_told_and_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("quet");
        let mut folder = WatchedFolder::new(&at, Duration::ZERO);
        assert!(folder.look(Instant::now()).is_err());
        fs::create_dir(&at).unwrap();
        fs::write(at.join("a.jpg"), b"x").unwrap();
        assert_eq!(folder.look(Instant::now()).unwrap().len(), 1);
    }
}
