//! The disk under the test: what programs see now, what is surely on the platter, and what lies
//! between the two and may or may not survive a power cut.
//!
//! Rules of the model:
//! - A write or truncate is *unsynced* until a sync of that file. A sync makes all earlier
//!   changes of that file durable.
//! - New and removed names are durable after the next sync of the folder. That is a removal that
//!   asks for it, the first sync of a journal or WAL after it was opened (SQLite's unix layer then
//!   syncs the folder, whether the file is new or not), or the first sync of any new file (with
//!   which ext4, XFS and NTFS put their log of names on the platter).
//!   Until then a power cut may bring a removed file back, or take a new one away.
//! - A power cut keeps any subset of the unsynced changes, in their order for one place, and
//!   tears each of them at 512-byte sectors. A sector being written may also end as noise or as
//!   zeros. Bytes beside a write never change (`SQLITE_IOCAP_POWERSAFE_OVERWRITE`, which SQLite's
//!   own unix and Windows layers claim too).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use super::rng::Rng;

/// The unit that a disk writes whole or not at all.
pub const SECTOR: usize = 512;

pub(super) type FileId = u64;

#[derive(Debug, Clone)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate { len: usize },
}

#[derive(Debug, Clone)]
struct Unsynced {
    /// Place in the order of all changes of all files.
    tick: u64,
    change: Change,
}

#[derive(Debug, Clone, Default)]
struct File {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Unsynced>,
}

/// All files of the simulated machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    files: BTreeMap<FileId, File>,
    names: BTreeMap<String, FileId>,
    durable_names: BTreeMap<String, FileId>,
    next_id: FileId,
    tick: u64,
}

/// What stands on a disk after a power cut or a killed process: name → content.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Image(BTreeMap<String, Vec<u8>>);

impl Image {
    /// Names and contents.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(n, b)| (n.as_str(), b.as_slice()))
    }

    /// Writes every file, by its last name part, into a real folder, for tools that know nothing
    /// of this VFS.
    pub fn write_to(&self, folder: &Path) -> std::io::Result<()> {
        for (name, bytes) in &self.0 {
            if let Some(file) = Path::new(name).file_name() {
                std::fs::write(folder.join(file), bytes)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(n, b)| (n, b.len())))
            .finish()
    }
}

impl Disk {
    pub(super) fn from_image(image: Image) -> Self {
        let mut disk = Self::default();
        for (name, bytes) in image.0 {
            let id = disk.anonymous();
            disk.files.insert(
                id,
                File {
                    now: bytes.clone(),
                    durable: bytes,
                    unsynced: Vec::new(),
                },
            );
            disk.names.insert(name.clone(), id);
            disk.durable_names.insert(name, id);
        }
        disk
    }

    /// A file without a name: nothing of it survives a power cut.
    pub(super) fn anonymous(&mut self) -> FileId {
        self.next_id += 1;
        self.files.insert(self.next_id, File::default());
        self.next_id
    }

    pub(super) fn find(&self, name: &str) -> Option<FileId> {
        self.names.get(name).copied()
    }

    pub(super) fn create(&mut self, name: &str) -> FileId {
        let id = self.anonymous();
        self.names.insert(name.to_owned(), id);
        id
    }

    pub(super) fn len(&self, id: FileId) -> usize {
        self.files.get(&id).map_or(0, |f| f.now.len())
    }

    /// Reads into `out`; the answer is the number of bytes that exist, the rest is zeros.
    pub(super) fn read(&self, id: FileId, at: usize, out: &mut [u8]) -> usize {
        out.fill(0);
        let now = self.files.get(&id).map_or(&[][..], |f| &f.now);
        let found = now.get(at..).unwrap_or_default();
        let n = found.len().min(out.len());
        out[..n].copy_from_slice(&found[..n]);
        n
    }

    pub(super) fn write(&mut self, id: FileId, at: usize, bytes: &[u8]) {
        let bytes = bytes.to_vec();
        self.change(id, Change::Write { at, bytes });
    }

    pub(super) fn truncate(&mut self, id: FileId, len: usize) {
        self.change(id, Change::Truncate { len });
    }

    fn change(&mut self, id: FileId, change: Change) {
        self.tick += 1;
        let tick = self.tick;
        if let Some(file) = self.files.get_mut(&id) {
            apply(&mut file.now, &change);
            file.unsynced.push(Unsynced { tick, change });
        }
    }

    /// Everything written to this file so far is on the platter; with `folder`, and after the
    /// first sync of a new file, so are all names.
    pub(super) fn sync(&mut self, id: FileId, folder: bool) {
        if let Some(file) = self.files.get_mut(&id) {
            for unsynced in file.unsynced.drain(..) {
                apply(&mut file.durable, &unsynced.change);
            }
        }
        let is_new = |name: &String| self.durable_names.get(name) != Some(&id);
        let name = self.names.iter().find(|(_, at)| **at == id);
        if folder || name.is_some_and(|(name, _)| is_new(name)) {
            // The disk of the model has one folder.
            self.durable_names = self.names.clone();
        }
    }

    /// A sync that failed: Linux then takes the pages for clean, so that a later sync says "done"
    /// without having written them. They can be read until the power goes, and never after.
    pub(super) fn lose_unsynced(&mut self, id: FileId) {
        if let Some(file) = self.files.get_mut(&id) {
            file.unsynced.clear();
        }
    }

    pub(super) fn remove(&mut self, name: &str, sync_folder: bool) {
        self.names.remove(name);
        if sync_folder {
            self.durable_names.remove(name);
        }
    }

    /// The disk as a killed process leaves it: the machine lives on, nothing written is lost.
    pub(super) fn as_seen(&self) -> Image {
        Image(
            self.names
                .iter()
                .map(|(name, id)| (name.clone(), self.files[id].now.clone()))
                .collect(),
        )
    }

    /// The disk as a power cut leaves it; the same seed gives the same disk.
    pub(super) fn after_power_cut(&self, seed: u64) -> Image {
        let mut rng = Rng::new(seed);
        let survival = Survival::draw(&mut rng, self.tick);
        let mut left = BTreeMap::new();
        let all_names: BTreeSet<&String> =
            self.names.keys().chain(self.durable_names.keys()).collect();
        for name in all_names {
            let now = self.names.get(name);
            let durable = self.durable_names.get(name);
            let entry = if now == durable || survival.keeps_name(&mut rng) {
                now
            } else {
                durable
            };
            if let Some(file) = entry.and_then(|id| self.files.get(id)) {
                left.insert(name.clone(), survival.apply(file, &mut rng));
            }
        }
        Image(left)
    }
}

fn apply(to: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { at, bytes } => put(to, *at, bytes),
        Change::Truncate { len } => to.resize(*len, 0),
    }
}

fn put(to: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if to.len() < end {
        to.resize(end, 0);
    }
    to[at..end].copy_from_slice(bytes);
}

/// How one power cut treats what was not synced. Several manners, because each finds other
/// faults: independent coins almost never keep a whole transaction, a clean cut in time never
/// reorders.
#[derive(Debug)]
enum Survival {
    Nothing,
    Everything,
    /// Changes up to a moment, the one at that moment torn.
    Until(u64),
    /// Each change by itself, with this chance in a hundred; some of the kept ones torn.
    Changes(u64),
    /// Each sector of each change by itself.
    Sectors(u64),
}

impl Survival {
    fn draw(rng: &mut Rng, tick: u64) -> Self {
        let percent = [10, 50, 90][rng.below(3) as usize];
        match rng.below(8) {
            0 => Self::Nothing,
            1 => Self::Everything,
            2 | 3 => Self::Until(tick.saturating_sub(rng.below(24))),
            4 | 5 => Self::Changes(percent),
            _ => Self::Sectors(percent),
        }
    }

    fn keeps_name(&self, rng: &mut Rng) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Until(_) | Self::Changes(_) | Self::Sectors(_) => rng.chance(50),
        }
    }

    fn apply(&self, file: &File, rng: &mut Rng) -> Vec<u8> {
        let mut left = file.durable.clone();
        for Unsynced { tick, change } in &file.unsynced {
            let (whole, torn) = match self {
                Self::Nothing => (false, false),
                Self::Everything => (true, false),
                Self::Until(last) => (tick < last, tick == last),
                Self::Changes(percent) => {
                    let kept = rng.chance(*percent);
                    let torn = rng.chance(20);
                    (kept && !torn, kept && torn)
                }
                Self::Sectors(_) => (false, true),
            };
            if whole {
                apply(&mut left, change);
            } else if torn {
                let percent = if let Self::Sectors(p) = self { *p } else { 50 };
                tear(&mut left, change, percent, rng);
            }
        }
        left
    }
}

/// A change that was under way: each of its sectors old, new, noise or zeros.
fn tear(to: &mut Vec<u8>, change: &Change, percent: u64, rng: &mut Rng) {
    let Change::Write { at, bytes } = change else {
        // A length is one field of the file's record: changed or not.
        if rng.chance(percent) {
            apply(to, change);
        }
        return;
    };
    let mut from = 0;
    while from < bytes.len() {
        let until_border = SECTOR - (at + from) % SECTOR;
        let end = bytes.len().min(from + until_border);
        if rng.chance(percent) {
            put(to, at + from, &bytes[from..end]);
        } else if rng.chance(8) {
            let mut noise = vec![0; end - from];
            if rng.chance(50) {
                rng.fill(&mut noise);
            }
            put(to, at + from, &noise);
        }
        from = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content<'a>(image: &'a Image, name: &str) -> Option<&'a [u8]> {
        image.files().find(|(n, _)| *n == name).map(|(_, b)| b)
    }

    #[test]
    fn synced_bytes_survive_every_cut_and_unsynced_ones_only_some() {
        let mut disk = Disk::default();
        let id = disk.create("a");
        disk.write(id, 0, &[1; 1024]);
        disk.sync(id, false);
        disk.write(id, 1024, &[2; 1024]);
        let mut lengths = BTreeSet::new();
        let mut torn = false;
        for seed in 0..200 {
            let image = disk.after_power_cut(seed);
            let bytes = content(&image, "a").expect("its name was synced");
            assert_eq!(&bytes[..1024], &[1; 1024], "seed {seed}");
            lengths.insert(bytes.len());
            torn |= bytes.len() == 2048 && bytes[1024] != bytes[2047];
            assert_eq!(
                image,
                disk.after_power_cut(seed),
                "a seed gives one disk only"
            );
        }
        assert!(
            lengths.contains(&1024) && lengths.contains(&2048),
            "{lengths:?}"
        );
        assert!(torn, "no write was ever torn");
    }

    #[test]
    fn a_removed_name_may_come_back_unless_the_folder_was_synced() {
        for (synced, expected) in [(false, vec![false, true]), (true, vec![false])] {
            let mut disk = Disk::default();
            let id = disk.create("journal");
            disk.sync(id, false);
            disk.remove("journal", synced);
            let back: BTreeSet<bool> = (0..100)
                .map(|seed| content(&disk.after_power_cut(seed), "journal").is_some())
                .collect();
            assert_eq!(back.into_iter().collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn what_a_failed_sync_dropped_is_readable_until_the_cut_only() {
        let mut disk = Disk::default();
        let id = disk.create("a");
        disk.sync(id, false);
        disk.write(id, 0, b"gone");
        disk.lose_unsynced(id);
        disk.sync(id, false);
        assert_eq!(content(&disk.as_seen(), "a"), Some(&b"gone"[..]));
        for seed in 0..50 {
            assert_eq!(content(&disk.after_power_cut(seed), "a"), Some(&b""[..]));
        }
    }
}
