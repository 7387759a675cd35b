//! Whether the disk under a folder is encrypted, as far as the system tells without asking for
//! rights: what lies in the database and beside it is as plain as its disk (decision 0012).

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Layers that stand on each other (a volume in a group on a sealed partition of an array); more
/// are a circle.
const DEEPEST: u32 = 16;

/// `None` where the system does not tell.
pub fn is_encrypted(folder: &Path) -> Option<bool> {
    let devices = Path::new("/sys/dev/block");
    Some(is_sealed(&device_of(folder, devices)?, DEEPEST))
}

/// The directory of the kernel that describes the device on which a folder lies.
#[cfg(unix)]
fn device_of(folder: &Path, devices: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;

    let number = |dev: u64| {
        let major = ((dev >> 8) & 0xfff) | ((dev >> 32) & !0xfff);
        let minor = (dev & 0xff) | ((dev >> 12) & !0xff);
        format!("{major}:{minor}")
    };
    let own = number(fs::metadata(folder).ok()?.dev());
    let known = |number: &str| Some(devices.join(number)).filter(|dir| dir.exists());
    known(&own).or_else(|| {
        // Some file systems (btrfs) answer a number of their own; the mount names the device.
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let source = source_of(&mounts, &own)?;
        known(&number(fs::metadata(source).ok()?.rdev()))
    })
}

#[cfg(not(unix))]
fn device_of(_folder: &Path, _devices: &Path) -> Option<PathBuf> {
    None
}

/// What is mounted under a number, where it is a device.
#[cfg(unix)]
fn source_of<'a>(mounts: &'a str, number: &str) -> Option<&'a str> {
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let source = kind.split(' ').nth(1)?;
        (mount.split(' ').nth(2) == Some(number) && source.starts_with("/dev/")).then_some(source)
    })
}

/// A device is sealed if it is a sealed one (LUKS, plain dm-crypt), or all that it stands on is.
fn is_sealed(device: &Path, deepest: u32) -> bool {
    let Some(deeper) = deepest.checked_sub(1) else {
        return false;
    };
    let kind = fs::read_to_string(device.join("dm/uuid")).unwrap_or_default();
    if kind.starts_with("CRYPT-") {
        return true;
    }
    let below: Vec<PathBuf> = fs::read_dir(device.join("slaves"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    if !below.is_empty() {
        return below.iter().all(|each| is_sealed(each, deeper));
    }
    // A partition is described within the disk that it is a part of.
    let disk = || fs::canonicalize(device).ok()?.parent().map(Path::to_owned);
    device.join("partition").exists() && disk().is_some_and(|disk| is_sealed(&disk, deeper))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// The kernel's directory of devices, as far as it is read here.
    struct Kernel(tempfile::TempDir);

    impl Kernel {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn device(&self, name: &str, uuid: Option<&str>, stands_on: &[&str]) -> PathBuf {
            let dir = self.0.path().join(name);
            fs::create_dir_all(dir.join("slaves")).unwrap();
            if let Some(uuid) = uuid {
                fs::create_dir(dir.join("dm")).unwrap();
                fs::write(dir.join("dm/uuid"), uuid).unwrap();
            }
            for below in stands_on {
                let below = Path::new(below);
                let link = dir.join("slaves").join(below.file_name().unwrap());
                symlink(self.0.path().join(below), link).unwrap();
            }
            dir
        }

        fn partition(&self, name: &str) -> PathBuf {
            let dir = self.0.path().join(name);
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("partition"), "1").unwrap();
            dir
        }
    }

    #[test]
    fn a_volume_is_sealed_when_all_that_it_stands_on_is() {
        let kernel = Kernel::new();
        kernel.device("sda", None, &[]);
        kernel.device("sdb", None, &[]);
        let plain = kernel.partition("sda/sda1");
        let sealed = kernel.device("dm-0", Some("CRYPT-LUKS2-abc-root"), &["sda/sda1"]);
        let inside = kernel.device("dm-1", Some("LVM-xyz"), &["dm-0"]);
        let half = kernel.device("dm-2", Some("LVM-xyz"), &["dm-0", "sdb"]);
        kernel.device("md0", None, &["dm-0"]);
        let of_array = kernel.partition("md0/md0p1");
        for (device, is) in [
            (plain, false),
            (sealed, true),
            (inside, true),
            (half, false),
            (of_array, true),
        ] {
            assert_eq!(is_sealed(&device, DEEPEST), is, "{}", device.display());
        }
    }

    #[test]
    fn what_stands_on_itself_is_not_sealed() {
        let kernel = Kernel::new();
        let circle = kernel.device("dm-0", Some("LVM-xyz"), &["dm-0"]);
        assert!(!is_sealed(&circle, DEEPEST));
    }

    #[test]
    fn the_mount_names_the_device_of_a_file_system_with_numbers_of_its_own() {
        let mounts = "29 1 0:26 /root / rw,relatime shared:1 - btrfs /dev/mapper/luks-1 rw\n\
                      30 29 0:27 / /run rw - tmpfs tmpfs rw";
        assert_eq!(source_of(mounts, "0:26"), Some("/dev/mapper/luks-1"));
        assert_eq!(source_of(mounts, "0:27"), None);
        assert_eq!(source_of(mounts, "8:1"), None);
    }
}
