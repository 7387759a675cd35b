//! The way on foot: what central does not have goes into a sealed file, and somebody carries it.
//! Nothing counts as sent by that; only central says what it has.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read as _, Write},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use motcua_app::{App, CENTRAL};
use motcua_domain::Code;
use motcua_protocol::{
    ApiError, Time,
    sync::{EpochHead, Hash, Heads, Limits, LogHead},
    verbs::sync::{AnswerTaken, Carried, Carry, Export, Stick, StickBrought, StickMade},
};
use motcua_stick::{
    Answer, EXTENSION, EXTENSION_ANSWER, Fault, Header, Introduction, MAGIC, MAGIC_ANSWER,
    MOST_ANSWER, SealKey, Writer,
};
use serde::{Deserialize, Serialize};

use super::{
    enrol,
    enrolled::{Key, refuse},
    uplink::Uplink,
};
use crate::{identity::write_private, role::Remembered};

const KEPT: &str = "central-stick.json";
/// What is carried to central over a line is read whole.
const MOST: u64 = 64 << 20;

/// What a folder remembers of sticks.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Kept {
    /// For which a file is sealed, as central told it.
    #[serde(default)]
    seal_key: Option<String>,
    /// The file that was written last.
    #[serde(default)]
    last: Option<StickMade>,
}

impl Kept {
    fn of_folder(dir: &Path) -> io::Result<Self> {
        match fs::read(dir.join(KEPT)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    fn keep(&self, dir: &Path) -> io::Result<()> {
        write_private(dir, KEPT, serde_json::to_string(self)?.as_bytes())
    }
}

/// Remembers the key that central told.
pub(super) fn keep_key(dir: &Path, key: &str) -> io::Result<()> {
    let kept = Kept::of_folder(dir)?;
    if kept.seal_key.as_deref() == Some(key) {
        return Ok(());
    }
    Kept {
        seal_key: Some(key.to_owned()),
        ..kept
    }
    .keep(dir)
}

/// What a screen tells before anything is written.
pub(crate) fn known(dir: &Path) -> Stick {
    let kept = Kept::of_folder(dir).unwrap_or_default();
    Stick {
        has_key: kept.seal_key.is_some(),
        places: places(),
        name: String::new(),
        last: kept.last,
    }
}

/// Folders of removable disks, as this system mounts them.
fn places() -> Vec<String> {
    #[cfg(windows)]
    {
        ('D'..='Z')
            .map(|letter| format!("{letter}:\\"))
            .filter(|root| Path::new(root).exists())
            .collect()
    }
    #[cfg(not(windows))]
    {
        removable(&fs::read_to_string("/proc/mounts").unwrap_or_default())
    }
}

/// Mount points under which desktops put sticks.
#[cfg(not(windows))]
fn removable(mounts: &str) -> Vec<String> {
    mounts
        .lines()
        .filter_map(|line| Some(line.split(' ').nth(1)?.replace("\\040", " ")))
        .filter(|at| {
            ["/media/", "/run/media/", "/Volumes/"]
                .iter()
                .any(|root| at.starts_with(root))
        })
        .collect()
}

/// The sentence for a file that cannot be written or read.
fn file_fault(error: &io::Error, field: &str) -> ApiError {
    tracing::warn!(%error, "file of records");
    let (code, message) = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            (
                Code::DiskFull,
                "USB không đủ chỗ nên chưa ghi tệp nào. Bản ghi vẫn an toàn trên máy. Mời dùng USB khác hoặc xóa bớt tệp trên USB.",
            )
        }
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => (
            Code::NotFound,
            "Không thấy thư mục hoặc tệp này. Bản ghi vẫn an toàn trên máy. Mời cắm USB và xem lại đường dẫn.",
        ),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => (
            Code::ReadOnly,
            "Không ghi hoặc đọc được ở chỗ này. Bản ghi vẫn an toàn trên máy. Mời xem USB có khóa chống ghi không.",
        ),
        _ => (
            Code::StoreFault,
            "USB hoặc ổ đĩa bị lỗi khi ghi hoặc đọc tệp. Bản ghi vẫn an toàn trên máy. Mời rút ra cắm lại, hoặc dùng USB khác.",
        ),
    };
    refuse(code, message, field)
}

/// Where the file is to be: a whole path, and nothing else of somebody's is written over.
fn target(to: &str) -> Result<PathBuf, ApiError> {
    let path = PathBuf::from(to.trim());
    if !path.is_absolute() || path.file_name().is_none() {
        return Err(refuse(
            Code::ArgumentInvalid,
            "Mời ghi đường dẫn đầy đủ của tệp, ví dụ /media/usb/ban-ghi.motcua. Chưa ghi gì.",
            "to",
        ));
    }
    if path.extension().is_none_or(|e| e != EXTENSION) {
        return Err(refuse(
            Code::ArgumentInvalid,
            "Tên tệp phải kết thúc bằng .motcua. Chưa ghi gì.",
            "to",
        ));
    }
    let begins = || -> io::Result<Vec<u8>> {
        let mut there = Vec::new();
        File::open(&path)?
            .take(MAGIC.len() as u64)
            .read_to_end(&mut there)?;
        Ok(there)
    };
    match begins() {
        Ok(there) if there != MAGIC => Err(refuse(
            Code::ArgumentInvalid,
            "Ở đó đã có một tệp khác không phải tệp bản ghi, nên không ghi đè. Chưa ghi gì. Mời chọn tên khác.",
            "to",
        )),
        Ok(_) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path),
        Err(error) => Err(file_fault(&error, "to")),
    }
}

/// Writes a file whole or not at all: under that name there is the old one, none, or the new one.
fn whole<T>(
    target: &Path,
    make: impl FnOnce(&Path) -> io::Result<File>,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<T>,
) -> io::Result<T> {
    let draft = target.with_extension("dang-ghi");
    let written = make(&draft).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 16, file);
        let answer = fill(&mut out)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        // On the stick, not in this machine's memory: it will be pulled out at once.
        file.sync_all()?;
        fs::rename(&draft, target)?;
        #[cfg(unix)]
        if let Some(dir) = target.parent() {
            File::open(dir)?.sync_all()?;
        }
        Ok(answer)
    });
    if written.is_err() {
        // Nothing half is left; where even that fails, its name says that it is half.
        fs::remove_file(&draft).ok();
    }
    written
}

/// Writes what central is not known to have, or everything, into a sealed file.
///
/// # Errors
/// `UNSUPPORTED` at a counter, `SEAL_KEY_MISSING`, `NOT_FOUND` where nothing waits, and those of the
/// file.
pub fn export(app: &App, ask: &Export) -> Result<StickMade, ApiError> {
    let dir = app.dir();
    let folder = |error: io::Error| file_fault(&error, "data");
    if matches!(Remembered::of_folder(dir), Ok(Remembered::Counter)) {
        return Err(refuse(
            Code::Unsupported,
            "Máy này là quầy; bản ghi của cả chi nhánh ở máy chủ quầy. Chưa ghi gì. Mời xuất ra USB trên máy chủ quầy.",
            "data",
        ));
    }
    let kept = Kept::of_folder(dir).map_err(folder)?;
    let key = match ask.key.as_deref().map(str::trim).filter(|k| !k.is_empty()) {
        Some(typed) => SealKey::parse(typed).ok_or_else(|| {
            refuse(
                Code::ArgumentInvalid,
                "Khóa niêm phong không đúng, có thể chép thiếu hoặc nhầm chữ. Chưa ghi gì. Mời chép lại nguyên văn khóa do trung tâm cấp.",
                "key",
            )
        })?,
        None => kept
            .seal_key
            .as_deref()
            .and_then(SealKey::parse)
            .ok_or_else(|| {
                refuse(
                    Code::SealKeyMissing,
                    "Máy này chưa có khóa niêm phong của trung tâm, nên chưa xuất được tệp mà chỉ trung tâm mở được. Chưa ghi gì. Mời xin khóa và mã kết nối ở đơn vị quản trị trung tâm rồi nhập vào đây.",
                    "key",
                )
            })?,
    };
    let target = target(&ask.to)?;
    let device_key = Key::of_folder(dir).map_err(folder)?;
    let header = header(app, ask.code.as_deref(), &device_key)?;
    let fault = |error: motcua_store::Error| ApiError::from(motcua_domain::Refusal::from(error));
    let owed = app
        .owed((!ask.all).then_some(CENTRAL), true)
        .map_err(fault)?;
    if owed.is_empty() {
        return Err(refuse(
            Code::NotFound,
            "Không có bản ghi nào chờ gửi: trung tâm đã nhận đủ. Chưa ghi tệp nào.",
            "to",
        ));
    }
    let limits = Limits::default();
    // What went wrong here and not on the stick.
    let mut ours = None;
    let made_at = Time::from_ms(header.made_ms);
    let create = |draft: &Path| {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        options.open(draft)
    };
    let written = whole(&target, create, |out| {
        let mut records = 0;
        let mut file = Writer::begin(out, &key, &header)?;
        for log in &owed {
            let (device, epoch) = (log.log.device, log.log.head.epoch);
            let mut at = log.there;
            while at < log.log.head.seq {
                let events = match app.store().events_after(device, epoch, at, &limits) {
                    Ok(events) => events,
                    Err(error) => {
                        ours = Some(error);
                        return Err(io::Error::other("records not read"));
                    }
                };
                let Some(last) = events.last() else { break };
                at = last.header.seq;
                records += events.len() as u64;
                file.batch(&events)?;
            }
        }
        file.finish(|message| device_key.sign_bytes(message))?;
        Ok(records)
    });
    let records = match (written, ours) {
        (Ok(records), _) => records,
        (Err(_), Some(error)) => return Err(fault(error)),
        (Err(error), None) => return Err(file_fault(&error, "to")),
    };
    let made = StickMade {
        file: target.to_string_lossy().into_owned(),
        at: made_at,
        records,
        bytes: fs::metadata(&target).map_or(0, |m| m.len()),
    };
    // A key that was typed is kept: central's answer is believed by it.
    let kept = Kept {
        last: Some(made.clone()),
        seal_key: Some(key.to_string()),
    };
    if let Err(error) = kept.keep(dir) {
        // The file is there; only the screen does not tell of it later.
        tracing::warn!(%error, "file of records not remembered");
    }
    app.link_changed();
    Ok(made)
}

fn header(app: &App, code: Option<&str>, key: &Key) -> Result<Header, ApiError> {
    let refused = |error: motcua_store::Error| ApiError::from(motcua_domain::Refusal::from(error));
    let device = app.store().device();
    let (branch, document) = app
        .store()
        .read(|read| Ok((read.branch_id()?, read.branch()?)))
        .map_err(refused)?;
    let code = code.map(str::trim).filter(|code| !code.is_empty());
    Ok(Header {
        device,
        branch: branch.unwrap_or(device),
        office: document.map_or_else(String::new, |d| d.office.code.clone()),
        made_ms: app.moment().wall_ms,
        answer_key: Some(key.opens().seal_key().to_string()),
        introduction: match code {
            Some(code) => Some(Introduction {
                code: code.to_owned(),
                name: app.office_name().map_err(refused)?,
                public_key: key.public(),
                signature: key.sign(&enrol::message(code, device)),
            }),
            None => None,
        },
    })
}

/// Brings a sealed file to central over this machine's line, and fetches what is new there; or
/// takes in what central answered to a file of this machine, for which it needs no line.
///
/// # Errors
/// `NOT_PAIRED` without a central, what central refuses, faults of line and file.
pub fn carry(app: &App, ask: &Carry, uplink: Option<&Uplink>) -> Result<Carried, ApiError> {
    let path = Path::new(ask.file.trim());
    let bytes = read_whole(path)?;
    if bytes.starts_with(MAGIC_ANSWER) {
        return take_answer(app, &bytes).map(Carried::Answer);
    }
    if !bytes.starts_with(MAGIC) {
        return Err(refuse(
            Code::StickInvalid,
            "Tệp này không phải tệp bản ghi của Một Cửa. Chưa gửi gì. Mời chọn tệp khác.",
            "file",
        ));
    }
    let Some(uplink) = uplink else {
        return Err(refuse(
            Code::NotPaired,
            "Máy này chưa kết nối trung tâm nên không chuyển tệp được. Chưa gửi gì. Mời mang USB tới máy chủ quầy có mạng, hoặc tới trung tâm.",
            "file",
        ));
    };
    let StickBrought { mut taken, answer } = uplink.carry(bytes)?;
    // What came in by it comes here too.
    uplink.sync(app);
    if let Some(sealed) = answer.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()) {
        let beside = path.with_extension(EXTENSION_ANSWER);
        match whole(
            &beside,
            |draft| File::create(draft),
            |out| out.write_all(&sealed),
        ) {
            Ok(()) => taken.answer_file = Some(beside.to_string_lossy().into_owned()),
            // The records are in; its machine only does not hear of it by this stick.
            Err(error) => tracing::warn!(%error, "no answer on the stick"),
        }
    }
    Ok(Carried::Records(taken))
}

fn read_whole(path: &Path) -> Result<Vec<u8>, ApiError> {
    let size = fs::metadata(path).map_err(|e| file_fault(&e, "file"))?;
    if size.len() > MOST || !size.is_file() {
        return Err(refuse(
            Code::StickInvalid,
            "Tệp này không phải tệp bản ghi, hoặc quá lớn để chuyển qua mạng. Chưa gửi gì. Mời mang USB thẳng tới trung tâm.",
            "file",
        ));
    }
    fs::read(path).map_err(|e| file_fault(&e, "file"))
}

/// Takes in what central says that it has. An answer that is older than another makes the next file
/// larger and nothing else, so their order need not be watched.
fn take_answer(app: &App, bytes: &[u8]) -> Result<AnswerTaken, ApiError> {
    let dir = app.dir();
    let folder = |error: io::Error| file_fault(&error, "data");
    let other = || {
        refuse(
            Code::StickOther,
            "Tệp trả lời này không phải của trung tâm gửi cho máy này, hoặc đã bị sửa. Chưa ghi gì. Mời dùng trên máy đã xuất tệp bản ghi.",
            "file",
        )
    };
    let central = Kept::of_folder(dir).map_err(folder)?.seal_key;
    let central = central
        .as_deref()
        .and_then(SealKey::parse)
        .ok_or_else(other)?;
    let key = Key::of_folder(dir).map_err(folder)?;
    let damaged = || {
        refuse(
            Code::StickInvalid,
            "Tệp trả lời bị hỏng. Chưa ghi gì; bản ghi vẫn an toàn trên máy. Mời chép lại tệp từ trung tâm.",
            "file",
        )
    };
    if bytes.len() as u64 > MOST_ANSWER {
        return Err(damaged());
    }
    let answer = Answer::open(bytes, key.opens(), &central).map_err(|fault| match fault {
        Fault::OtherKey => other(),
        Fault::Newer => refuse(
            Code::ProtocolOther,
            "Tệp trả lời do bản chương trình mới hơn ghi. Chưa ghi gì. Mời cập nhật chương trình trên máy này.",
            "file",
        ),
        Fault::NotOurs | Fault::Damaged | Fault::Io(_) => damaged(),
    })?;
    if answer.device != app.store().device() {
        return Err(other());
    }
    let noted = note(app, &answer.heads);
    let (before, after) = noted.map_err(|e| ApiError::from(motcua_domain::Refusal::from(e)))?;
    app.link_changed();
    Ok(AnswerTaken {
        answered_at: Time::from_ms(answer.answered_ms),
        arrived: before.saturating_sub(after),
        unsent: after,
        held: u32::try_from(answer.heads.held.map_or(0, |held| held.len())).unwrap_or(u32::MAX),
    })
}

/// Notes what central has; answers how many records were and are unsent. Believed is only what
/// stands here in the same words: a log that has gone another way there is carried whole.
fn note(app: &App, heads: &Heads) -> motcua_store::Result<(u64, u64)> {
    let (store, at) = (app.store(), app.moment().wall_ms);
    let (before, _) = app.unsent(CENTRAL, true)?;
    let one = Limits {
        events: 1,
        ..Limits::default()
    };
    let mut there = Vec::new();
    for LogHead { device, head } in store.heads(None)? {
        let told = heads
            .logs
            .iter()
            .find(|log| log.device == device && log.head.epoch == head.epoch)
            .map(|log| log.head)
            .filter(|told| told.seq > 0);
        let same = match told {
            Some(told) => store
                .events_after(device, told.epoch, told.seq - 1, &one)?
                .first()
                .is_some_and(|event| event.header.seq == told.seq && event.hash == told.hash.0),
            None => false,
        };
        let nothing = EpochHead {
            epoch: head.epoch,
            seq: 0,
            hash: Hash([0; 32]),
        };
        let head = told.filter(|_| same).unwrap_or(nothing);
        there.push(LogHead { device, head });
    }
    store.note_peer(CENTRAL, &there, &[], at)?;
    if let Some(held) = &heads.held {
        store.note_held(CENTRAL, held, at)?;
    }
    let (after, _) = app.unsent(CENTRAL, true)?;
    if after == 0 {
        store.note_done(CENTRAL, at)?;
    }
    Ok((before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> io::Result<File> {
        File::create(path)
    }

    #[test]
    fn a_stick_that_runs_full_keeps_what_it_had_and_nothing_half() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.motcua");
        fs::write(&target, b"old").unwrap();
        let full = whole(&target, open, |out| -> io::Result<()> {
            out.write_all(&[0; 200_000])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(full.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&target).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        // What only fails when the last of it is written, too: a disk that has no room at all.
        #[cfg(target_os = "linux")]
        {
            let nowhere = |_: &Path| fs::OpenOptions::new().write(true).open("/dev/full");
            let full = whole(&target, nowhere, |out| out.write_all(b"new"));
            let error = full.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            assert_eq!(file_fault(&error, "to").code, Code::DiskFull);
            assert_eq!(fs::read(&target).unwrap(), b"old");
        }
        whole(&target, open, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_of_somebody_elses_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        let refused = |to: &str| target(to).unwrap_err();
        assert_eq!(refused("a.motcua").field.as_deref(), Some("to"));
        assert_eq!(refused(&at("a.txt")).code, Code::ArgumentInvalid);
        fs::write(dir.path().join("b.motcua"), b"a letter").unwrap();
        assert_eq!(refused(&at("b.motcua")).code, Code::ArgumentInvalid);
        fs::write(dir.path().join("c.motcua"), MAGIC).unwrap();
        target(&at("c.motcua")).unwrap();
        target(&at("d.motcua")).unwrap();
    }

    #[cfg(not(windows))]
    #[test]
    fn sticks_are_where_desktops_mount_them() {
        let mounts = "/dev/sda / ext4 rw 0 0\n/dev/sdb /media/ha/USB\\040A vfat rw 0 0\n";
        assert_eq!(removable(mounts), ["/media/ha/USB A"]);
    }
}
