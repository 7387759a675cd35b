//! The scanner and the watched folder at work, each on a thread of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use motcua_devices::scanning::{
    Ask, DocumentScanner, Sane, ScanFault, Source as Lies, Standing, WatchedFolder,
};
use motcua_documents::scans::{self, Sheet, TakenIn, Unreadable};
use motcua_domain::{
    Code, Refusal,
    case::{
        Blob,
        attachment::{MAX_BYTES, MAX_PAGES, check_size},
    },
};
use motcua_protocol::{
    Time,
    verbs::scan::{Aside, Change, Page, Problem, Settings, Source, Tray as Shown, Working},
};
use motcua_store::write_durably;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::tray::{Tray, Waiting};
use crate::{App, Result, change::Topic};

const FOLDER: &str = "scan-tray";
const SETTINGS: &str = "scan.json";
/// Files set aside that are still told of.
const MOST_ASIDE: usize = 20;
/// Files without a case are thrown away after so long: nobody will come back to bind and not attach.
const FORGOTTEN: Duration = Duration::from_secs(7 * 24 * 3600);

/// How the watched folder is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Between two looks.
    pub look: Duration,
    /// A file that has not changed for so long counts as written.
    pub quiet: Duration,
    /// One that still ends too early after so long is broken.
    pub give_up: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(1),
            quiet: Duration::from_secs(2),
            give_up: Duration::from_secs(30),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    #[serde(default)]
    device: Option<String>,
    #[serde(default)]
    device_name: Option<String>,
    resolution: u16,
    colour: bool,
    #[serde(default)]
    folder: Option<PathBuf>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            device: None,
            device_name: None,
            // Read with ease, and a page of A4 in colour stays below half a megabyte.
            resolution: 200,
            colour: true,
            folder: None,
        }
    }
}

#[derive(Debug)]
struct Inner {
    tray: Tray,
    kept: Kept,
    working: Option<Working>,
    problem: Option<Problem>,
    folder_problem: Option<Problem>,
    aside: Vec<Aside>,
}

/// Scanner, folder and tray of one machine.
#[derive(Debug)]
pub(crate) struct Station {
    data: PathBuf,
    inner: Mutex<Inner>,
    scanner: Mutex<Arc<dyn DocumentScanner>>,
    stop: AtomicBool,
    app: OnceLock<Weak<App>>,
}

fn problem(refusal: Refusal) -> Problem {
    Problem {
        code: refusal.code,
        message: refusal.message,
    }
}

/// A fault in words: what happened, what is safe, what to do.
fn fault(fault: &ScanFault) -> Refusal {
    let (code, message) = match fault {
        ScanFault::Missing => (
            Code::ScannerMissing,
            "Không thấy máy quét. Các trang đã quét vẫn còn. Mời kiểm tra dây và nguồn, rồi chọn lại máy quét.",
        ),
        ScanFault::Jam => (
            Code::ScannerJam,
            "Máy quét bị kẹt giấy. Các trang đã quét vẫn còn. Mời gỡ giấy kẹt rồi quét tiếp từ trang bị kẹt.",
        ),
        ScanFault::Empty => (
            Code::ScannerEmpty,
            "Khay nạp không có giấy. Các trang đã quét vẫn còn. Mời đặt giấy vào khay rồi quét lại.",
        ),
        ScanFault::Open => (
            Code::ScannerOpen,
            "Nắp máy quét đang mở. Các trang đã quét vẫn còn. Mời đóng nắp rồi quét lại.",
        ),
        ScanFault::Busy => (
            Code::ScannerBusy,
            "Máy quét đang bận. Các trang đã quét vẫn còn. Mời chờ một lát rồi quét lại.",
        ),
        ScanFault::NoSource => (
            Code::DocumentScannerFault,
            "Máy quét này không có khay nạp hoặc mặt kính như đã chọn. Mời chọn cách quét khác.",
        ),
        ScanFault::Silent => (
            Code::DocumentScannerFault,
            "Máy quét không trả lời. Các trang đã quét vẫn còn. Mời tắt bật lại máy quét rồi quét tiếp.",
        ),
        ScanFault::Stopped => (
            Code::DocumentScannerFault,
            "Đã dừng quét. Các trang đã quét vẫn còn.",
        ),
        ScanFault::Disk(_) => (
            Code::DiskFull,
            "Máy không ghi được trang vừa quét. Các trang trước vẫn còn. Mời kiểm tra ổ đĩa rồi quét lại trang này.",
        ),
        ScanFault::Other(_) => (
            Code::DocumentScannerFault,
            "Máy quét báo lỗi. Các trang đã quét vẫn còn. Mời kiểm tra máy quét rồi quét lại.",
        ),
    };
    Refusal::new(code, message)
}

fn no_such_page() -> Refusal {
    Refusal::new(
        Code::NotFound,
        "Trang này không còn chờ ở máy này. Mời xem lại danh sách trang.",
    )
    .at("page")
}

impl Station {
    pub(crate) fn of_folder(data: &Path) -> Self {
        let kept = fs::read(data.join(SETTINGS))
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok())
            .unwrap_or_default();
        Self {
            data: data.to_owned(),
            inner: Mutex::new(Inner {
                tray: Tray::of_folder(&data.join(FOLDER)),
                kept,
                working: None,
                problem: None,
                folder_problem: None,
                aside: Vec::new(),
            }),
            scanner: Mutex::new(Arc::new(Sane::default())),
            stop: AtomicBool::new(false),
            app: OnceLock::new(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn scanner(&self) -> Arc<dyn DocumentScanner> {
        let now = self.scanner.lock();
        Arc::clone(&now.unwrap_or_else(PoisonError::into_inner))
    }

    /// Scans through another driver.
    pub(crate) fn use_scanner(&self, scanner: Arc<dyn DocumentScanner>) {
        *self.scanner.lock().unwrap_or_else(PoisonError::into_inner) = scanner;
    }

    fn tell(&self) {
        if let Some(app) = self.app.get().and_then(Weak::upgrade) {
            app.tell(vec![Topic::Scan]);
        }
    }

    /// Knows its application; `watch` looks at the folder from now on.
    pub(crate) fn attach(&self, app: &Arc<App>, watch: bool, times: Times) {
        self.app.set(Arc::downgrade(app)).ok();
        if !watch {
            return;
        }
        let weak = Arc::downgrade(app);
        thread::spawn(move || {
            if let Some(app) = weak.upgrade() {
                forget_unnamed(&app);
            }
            let mut folder: Option<WatchedFolder> = None;
            loop {
                let Some(app) = weak.upgrade() else { return };
                app.scan.look(&mut folder, times);
                drop(app);
                thread::sleep(times.look);
            }
        });
    }

    /// What a screen shows.
    pub(crate) fn shown(&self, app: &App, case: Option<Uuid>) -> Result<Shown> {
        self.forget_attached(app)?;
        let inner = self.inner();
        let pages: Vec<Page> = inner
            .tray
            .of_case(case)
            .map(|page| Page {
                id: page.id,
                turn: page.turn,
                case_id: page.case,
                pdf_page: page.page.map(|page| page + 1),
                file: page.name.clone(),
                picture: page.page.is_none() || inner.tray.thumb(page).is_file(),
                bytes: page.bytes,
            })
            .collect();
        let kept = &inner.kept;
        Ok(Shown {
            others: (inner.tray.pages.len() - pages.len()) as u32,
            pages,
            settings: Settings {
                device: kept.device.clone(),
                device_name: kept.device_name.clone(),
                resolution: kept.resolution,
                colour: kept.colour,
                folder: kept
                    .folder
                    .as_ref()
                    .map(|f| f.to_string_lossy().into_owned()),
            },
            working: inner.working.clone(),
            problem: inner.problem.clone(),
            folder_problem: inner.folder_problem.clone(),
            aside: inner.aside.clone(),
            most_pages: MAX_PAGES,
        })
    }

    /// Pages that a case names by now are no longer waiting. It is the event that decides: a
    /// machine that dies between the file and the event finds its pages again.
    fn forget_attached(&self, app: &App) -> Result<()> {
        let mut bound: Vec<(Uuid, String)> = Vec::new();
        for page in &self.inner().tray.pages {
            if let Some(of) = &page.bound
                && !bound.contains(of)
            {
                bound.push(of.clone());
            }
        }
        if bound.is_empty() {
            return Ok(());
        }
        let named = app.store.read(|read| {
            let mut named = Vec::new();
            for (case, hash) in bound {
                let Some(row) = read.case(case)? else {
                    continue;
                };
                if (row.case.attachments.iter()).any(|a| a.file.blob.hash == hash) {
                    named.push((case, hash));
                }
            }
            Ok(named)
        })?;
        let gone = |page: &Waiting| page.bound.as_ref().is_some_and(|b| named.contains(b));
        self.inner().tray.remove(gone)?;
        Ok(())
    }

    pub(crate) fn picture(&self, id: Uuid, whole: bool) -> Result<(&'static str, Vec<u8>)> {
        let (path, media) = {
            let inner = self.inner();
            let page = inner.tray.pages.iter().find(|p| p.id == id);
            let page = page.ok_or_else(no_such_page)?;
            match (whole, page.page) {
                (true, None) => (inner.tray.path(page), "image/jpeg"),
                (true, Some(_)) => (inner.tray.path(page), "application/pdf"),
                (false, _) => (inner.tray.thumb(page), "image/jpeg"),
            }
        };
        Ok((media, fs::read(path)?))
    }

    pub(crate) fn set_up(&self, change: impl FnOnce(&mut Settings)) -> Result<()> {
        let mut inner = self.inner();
        let kept = &inner.kept;
        let mut settings = Settings {
            device: kept.device.clone(),
            device_name: kept.device_name.clone(),
            resolution: kept.resolution,
            colour: kept.colour,
            folder: kept
                .folder
                .as_ref()
                .map(|f| f.to_string_lossy().into_owned()),
        };
        change(&mut settings);
        let kept = Kept {
            device: settings.device,
            device_name: settings.device_name,
            resolution: settings.resolution,
            colour: settings.colour,
            folder: settings.folder.map(PathBuf::from),
        };
        write_durably(&self.data.join(SETTINGS), &serde_json::to_vec(&kept)?)?;
        if inner.kept.folder != kept.folder {
            inner.folder_problem = None;
        }
        if inner.kept.device != kept.device {
            inner.problem = None;
        }
        inner.kept = kept;
        drop(inner);
        self.tell();
        Ok(())
    }

    /// Begins to scan; pages come one by one.
    pub(crate) fn start(&self, now: Time, case: Uuid, source: Source) -> Result<()> {
        let app = self.app.get().cloned().unwrap_or_default();
        let ask = {
            let mut inner = self.inner();
            if inner.working.is_some() {
                return Err(fault(&ScanFault::Busy).into());
            }
            let Some(device) = inner.kept.device.clone() else {
                return Err(Refusal::new(
                    Code::ScannerMissing,
                    "Chưa chọn máy quét cho máy này. Mời chọn máy quét trước.",
                )
                .into());
            };
            if inner.tray.of_case(Some(case)).count() >= MAX_PAGES as usize {
                return Err(too_many().into());
            }
            inner.problem = None;
            inner.working = Some(Working {
                pages: 0,
                since: now,
                source,
            });
            Ask {
                device,
                source: match source {
                    Source::Flatbed => Lies::Flatbed,
                    Source::Feeder => Lies::Feeder,
                },
                resolution: inner.kept.resolution,
                colour: inner.kept.colour,
            }
        };
        self.stop.store(false, Ordering::Release);
        let scanner = self.scanner();
        let into = self
            .data
            .join(FOLDER)
            .join(format!("dang-quet-{}", Uuid::now_v7().simple()));
        thread::spawn(move || {
            let Some(app) = app.upgrade() else { return };
            let station = &app.scan;
            let mut refused = None;
            let done = scanner.scan(&ask, &into, &station.stop, &mut |path| {
                if let Err(why) = station.take_page(&path, case) {
                    refused = Some(why);
                    station.stop.store(true, Ordering::Release);
                }
                station.tell();
            });
            fs::remove_dir_all(&into).ok();
            let mut inner = station.inner();
            inner.working = None;
            inner.problem = match (refused, done) {
                (Some(why), _) => Some(problem(why)),
                (None, Ok(_) | Err(ScanFault::Stopped)) => None,
                (None, Err(why)) => {
                    tracing::warn!(%why, "scan");
                    Some(problem(fault(&why)))
                }
            };
            drop(inner);
            station.tell();
        });
        self.tell();
        Ok(())
    }

    fn take_page(&self, path: &Path, case: Uuid) -> Result<(), Refusal> {
        let disk = || fault(&ScanFault::Disk(String::new()));
        let bytes = fs::read(path).map_err(|_| disk())?;
        let taken = scans::take_in(&bytes).map_err(Unreadable::refusal)?;
        let mut inner = self.inner();
        inner
            .tray
            .add(&taken, &bytes, Some(case), None)
            .map_err(|_| disk())?;
        if let Some(working) = &mut inner.working {
            working.pages += 1;
        }
        if inner.tray.of_case(Some(case)).count() >= MAX_PAGES as usize {
            return Err(too_many());
        }
        Ok(())
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    pub(crate) fn edit(&self, case: Option<Uuid>, page: Uuid, change: Change) -> Result<()> {
        let mut inner = self.inner();
        let tray = &mut inner.tray;
        let at = tray.pages.iter().position(|p| p.id == page);
        let at = at.ok_or_else(no_such_page)?;
        match change {
            Change::Turn => {
                tray.pages[at].turn = (tray.pages[at].turn + 90) % 360;
                tray.save()?;
            }
            Change::Drop => tray.remove(|p| p.id == page)?,
            Change::Move { to } => {
                let moved = tray.pages.remove(at);
                // The place counts pages that are seen; between them may lie those of other cases.
                let seen: Vec<usize> = (tray.pages.iter().enumerate())
                    .filter(|(_, p)| p.case.is_none() || p.case == case)
                    .map(|(i, _)| i)
                    .collect();
                let place = seen.get(to as usize).copied();
                let place = place.unwrap_or_else(|| seen.last().map_or(0, |last| last + 1));
                tray.pages.insert(place, moved);
                tray.save()?;
            }
        }
        drop(inner);
        self.tell();
        Ok(())
    }

    /// One PDF of pages, kept by its content.
    pub(crate) fn bind(&self, app: &App, case: Uuid, ids: &[Uuid]) -> Result<Blob> {
        let (files, sheets) = {
            let inner = self.inner();
            let mut names: Vec<&str> = Vec::new();
            let mut sheets = Vec::with_capacity(ids.len());
            let mut paths = Vec::new();
            let mut bytes = 0;
            for (i, id) in ids.iter().enumerate() {
                let page = inner.tray.of_case(Some(case)).find(|p| p.id == *id);
                let page = page.ok_or_else(|| no_such_page().at(format!("pages[{i}]")))?;
                let file = match names.iter().position(|name| *name == page.file) {
                    Some(file) => file,
                    None => {
                        names.push(&page.file);
                        paths.push(inner.tray.path(page));
                        bytes += page.bytes;
                        names.len() - 1
                    }
                };
                sheets.push(Sheet {
                    file,
                    page: page.page.unwrap_or(0),
                    turn: page.turn,
                });
            }
            // Before anything large is read.
            check_size(sheets.len() as u32, bytes)?;
            (paths, sheets)
        };
        let files = files
            .iter()
            .map(fs::read)
            .collect::<std::io::Result<Vec<_>>>()?;
        let pdf = scans::bind(&files, &sheets)?;
        drop(files);
        check_size(sheets.len() as u32, pdf.len() as u64)?;
        let blob = Blob {
            hash: app.store.blobs().put(&pdf)?,
            bytes: pdf.len() as u64,
            pages: sheets.len() as u32,
        };
        let mut inner = self.inner();
        for page in &mut inner.tray.pages {
            if ids.contains(&page.id) {
                page.bound = Some((case, blob.hash.clone()));
            }
        }
        inner.tray.save()?;
        Ok(blob)
    }

    /// One look at the watched folder.
    fn look(&self, folder: &mut Option<WatchedFolder>, times: Times) {
        let wanted = self.inner().kept.folder.clone();
        if folder.as_ref().map(WatchedFolder::dir) != wanted.as_deref() {
            *folder = wanted.map(|dir| WatchedFolder::new(dir, times.quiet));
        }
        let Some(folder) = folder else { return };
        let standing = match folder.look(Instant::now()) {
            Ok(standing) => standing,
            Err(why) => {
                tracing::debug!(%why, "watched folder");
                self.folder_is(Some(Refusal::new(
                    Code::ScanFolderMissing,
                    "Không mở được thư mục quét. Các trang đã lấy vào vẫn còn. Mời kiểm tra thư mục, dây mạng, rồi chờ vài giây.",
                )));
                return;
            }
        };
        for file in standing {
            self.take_file(folder, &file, times.give_up);
        }
        // Perhaps whoever held it has let go.
        let left = folder
            .staying()
            .iter()
            .filter(|path| fs::remove_file(path).is_err())
            .count();
        self.folder_is((left > 0).then(|| {
            Refusal::new(
                Code::ScanFolderReadOnly,
                format!(
                    "{left} tệp đã lấy vào nhưng không xóa được khỏi thư mục quét. Các trang vẫn còn và không bị lấy hai lần. Mời nhờ người quản lý mạng cho máy này quyền xóa trong thư mục, rồi xóa các tệp đó."
                ),
            )
        }));
    }

    fn folder_is(&self, why: Option<Refusal>) {
        let why = why.map(problem);
        let mut inner = self.inner();
        if inner.folder_problem != why {
            inner.folder_problem = why;
            drop(inner);
            self.tell();
        }
    }

    fn take_file(&self, folder: &mut WatchedFolder, file: &Standing, give_up: Duration) {
        let read = match file.bytes {
            _ if !file.scan => Err(Unreadable::Foreign),
            bytes if bytes > MAX_BYTES => Err(Unreadable::TooLarge),
            _ => match fs::read(&file.path) {
                Ok(bytes) => scans::take_in(&bytes).map(|taken| (taken, bytes)),
                // Still held by whoever writes it, or gone: looked at again.
                Err(_) => return,
            },
        };
        match read {
            // First it is here for sure, then it leaves the folder: in between it is here twice, never
            // nowhere.
            Ok((taken, bytes)) => match self.keep_file(&file.path, &taken, &bytes) {
                Ok(()) if fs::remove_file(&file.path).is_ok() => {}
                Ok(()) => folder.stays(&file.path),
                Err(why) => tracing::warn!(%why, "a scanned file stays where it is"),
            },
            // Perhaps it is still on its way.
            Err(
                Unreadable::Cut
                | Unreadable::Broken
                | Unreadable::BrokenPage(_)
                | Unreadable::Foreign,
            ) if file.still < give_up => {}
            Err(why) => self.aside(folder, &file.path, why.refusal()),
        }
    }

    fn keep_file(&self, path: &Path, taken: &TakenIn, bytes: &[u8]) -> std::io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        self.inner().tray.add(taken, bytes, None, Some(&name))?;
        self.tell();
        Ok(())
    }

    fn aside(&self, folder: &WatchedFolder, path: &Path, why: Refusal) {
        let Ok(to) = folder.set_aside(path) else {
            return;
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut inner = self.inner();
        inner.aside.insert(
            0,
            Aside {
                name: name.into_owned(),
                path: to.to_string_lossy().into_owned(),
                code: why.code,
                message: why.message,
            },
        );
        inner.aside.truncate(MOST_ASIDE);
        drop(inner);
        self.tell();
    }
}

fn too_many() -> Refusal {
    Refusal::new(
        Code::ScanTooManyPages,
        format!(
            "Đã có {MAX_PAGES} trang đang chờ, là mức cho một giấy tờ. Các trang vẫn còn. Mời gắn các trang này vào giấy tờ rồi quét tiếp."
        ),
    )
}

/// Files that were bound and never attached.
fn forget_unnamed(app: &App) {
    let blobs = app.store.blobs();
    let now =
        std::time::UNIX_EPOCH + Duration::from_millis(app.clock.moment().wall_ms.unsigned_abs());
    let forgotten = || -> Result<()> {
        for hash in blobs.older_than(FORGOTTEN, now)? {
            let named = (app.store).read(|r| Ok(r.names_blob(&hash)? || r.has_blob(&hash)?))?;
            if !named {
                blobs.remove(&hash)?;
            }
        }
        Ok(())
    };
    if let Err(error) = forgotten() {
        tracing::warn!(%error, "files that nobody names");
    }
}
