//! An open branch: the store, the clock, the dated data, the print queue, the listeners.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, RwLock, mpsc},
    time::Duration,
};

use chrono::NaiveDate;
use motcua_domain::{
    Code, Refusal,
    branch::{Branch, Foundation},
    catalogue::{
        Procedure,
        search::{Entry, Index},
    },
};
use motcua_store::{Author, Backup, Options, Store, Verified, table::branch::ProcedureRow};
use uuid::Uuid;

use crate::{
    Result,
    assets::Assets,
    change::{Change, Listeners, Topic},
    clock::Clock,
    demo,
    hub_link::{HubLink, Link},
    kiosk::Kiosk,
    machine::MachineSlot,
    notice_queue,
    notice_setup::NoticeSetup,
    print_queue,
    replica::CentralLink,
    scan,
    scanner::{self, Scan},
    wake::Wake,
};

/// Who wrote what nobody pressed.
pub(crate) const SYSTEM: &str = "system";

/// How to open a branch.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The data folder.
    pub dir: PathBuf,
    /// Where what must outlive the folder lies (epoch tokens).
    pub state_dir: Option<PathBuf>,
    /// How long to wait for another process to let go of the folder.
    pub patience: Duration,
    /// Keep a file that holds room on the disk.
    pub ballast: bool,
    /// SQLite VFS by name; the system's unless said.
    pub vfs: Option<String>,
    /// Go on in the background with what waits: print jobs, and what citizens are to be told. A
    /// single command leaves it to the next start.
    pub printing: bool,
    /// CUPS server, the machine's own unless said.
    pub cups: Option<String>,
    /// Serial scanner as `PORT` or `PORT@BAUD`; none reads no scanner.
    pub scanner: Option<String>,
    /// How the watched folder of a document scanner is looked at.
    pub scan_times: scan::Times,
    /// The line to the hub, where this folder is a counter of one as it opens. It may get or
    /// lose one while it is open: [`App::set_link`].
    pub link: Option<Arc<dyn HubLink>>,
    /// The line to central, where this folder has one.
    pub central: Option<Arc<dyn CentralLink>>,
}

impl Settings {
    /// The usual settings for a folder.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            state_dir: state_dir(),
            patience: Duration::ZERO,
            ballast: true,
            vfs: None,
            printing: false,
            cups: None,
            scanner: None,
            scan_times: scan::Times::default(),
            link: None,
            central: None,
        }
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            vfs: self.vfs.clone(),
            state_dir: self.state_dir.clone(),
            ballast: self.ballast,
            patience: self.patience,
            readers: 2,
            device: None,
        }
    }
}

/// The folder of this user for what must outlive a data folder.
fn state_dir() -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    set("MOTCUA_STATE_DIR").or_else(|| {
        set("XDG_STATE_HOME")
            .or_else(|| set("LOCALAPPDATA"))
            .or_else(|| set("HOME").map(|h| h.join(".local/state")))
            .map(|base| base.join("motcua"))
    })
}

/// Whether a folder was begun and never became a branch: no document, and no word of any other
/// machine.
fn begun(store: &Store) -> Result<bool> {
    let own = store.device();
    Ok(store.read(|read| read.branch())?.is_none()
        && store.heads(None)?.iter().all(|log| log.device == own))
}

fn no_branch() -> motcua_store::Error {
    Refusal::new(
        Code::NoBranch,
        "Thư mục này chưa có cấu hình chi nhánh. Chưa có gì để mất. Mời tạo chi nhánh, hoặc ghép vào máy chủ quầy.",
    )
    .into()
}

/// A catalogue made searchable, as of one day and revision of the catalogue.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pub(crate) procedures: Vec<ProcedureRow>,
    pub(crate) index: Index,
    on: NaiveDate,
}

/// The application on one data folder.
#[derive(Debug)]
pub struct App {
    pub(crate) store: Store,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) assets: Assets,
    pub(crate) listeners: Listeners<Change>,
    pub(crate) scans: Listeners<Scan>,
    pub(crate) scan: scan::Station,
    pub(crate) prints: Arc<Wake>,
    pub(crate) kiosk: Kiosk,
    pub(crate) notices: Arc<notice_queue::Queue>,
    pub(crate) notice_setup: NoticeSetup,
    pub(crate) settings: Settings,
    pub(crate) link: Link,
    pub(crate) machine: MachineSlot,
    pub(crate) central: RwLock<Option<Arc<dyn CentralLink>>>,
    catalogue: RwLock<Option<Arc<Catalogue>>>,
}

impl App {
    /// Opens the branch of a folder.
    ///
    /// # Errors
    /// Those of the store: `NO_BRANCH`, `FOLDER_IN_USE`, `STORE_NEWER`, …
    pub fn open(settings: Settings, clock: impl Clock + 'static) -> Result<Arc<Self>> {
        let store = Store::open(&settings.dir, clock.moment(), settings.options())?;
        // Cut short between its file and the branch's document: still a folder without a branch. A
        // counter's records come from its hub.
        if settings.link.is_none() && begun(&store)? {
            return Err(no_branch());
        }
        let app = Self::start(store, settings, clock);
        // A day is closed once for the branch: at the hub.
        if app.link().is_none() {
            app.close_earlier_days()?;
        }
        Ok(app)
    }

    /// Makes a demo branch in an empty folder: officers, counters, catalogue, calendar, nobody
    /// in the queue.
    ///
    /// # Errors
    /// `BRANCH_EXISTS`, and those of the store.
    pub fn demo(settings: Settings, clock: impl Clock + 'static) -> Result<Arc<Self>> {
        let app = Self::unbegun(settings, clock)?;
        demo::fill(&app)?;
        Ok(app)
    }

    /// Makes a real branch in an empty folder: as its founder says, with services and counters to
    /// begin with. Nothing is written before everything said was checked.
    ///
    /// # Errors
    /// The field at fault; `BRANCH_EXISTS`, and those of the store.
    pub fn create(
        settings: Settings,
        clock: impl Clock + 'static,
        foundation: Foundation,
    ) -> Result<Arc<Self>> {
        let branch = foundation.branch()?;
        let app = Self::unbegun(settings, clock)?;
        app.store
            .write(&app.system(), |tx| demo::found(tx, branch.clone()))?;
        Ok(app)
    }

    /// A folder that holds nothing yet, or only a file without a branch.
    fn unbegun(settings: Settings, clock: impl Clock + 'static) -> Result<Arc<Self>> {
        let made = Store::create(&settings.dir, clock.moment(), settings.options());
        let store = match made {
            Err(exists) if exists.code() == Code::BranchExists && settings.link.is_none() => {
                let store = Store::open(&settings.dir, clock.moment(), settings.options())?;
                if !begun(&store)? {
                    return Err(exists);
                }
                store
            }
            made => made?,
        };
        Ok(Self::start(store, settings, clock))
    }

    pub(crate) fn start(
        store: Store,
        mut settings: Settings,
        clock: impl Clock + 'static,
    ) -> Arc<Self> {
        let printing = settings.printing;
        let link = Link::new(settings.link.take());
        let central = settings.central.take();
        let app = Arc::new(Self {
            store,
            clock: Box::new(clock),
            assets: Assets::default(),
            listeners: Listeners::default(),
            scans: Listeners::default(),
            scan: scan::Station::of_folder(&settings.dir),
            prints: Arc::default(),
            kiosk: Kiosk::of_folder(&settings.dir),
            notices: Arc::default(),
            notice_setup: NoticeSetup::of_folder(&settings.dir),
            settings,
            link,
            machine: MachineSlot::default(),
            central: RwLock::new(central),
            catalogue: RwLock::new(None),
        });
        app.scan.attach(&app, printing, app.settings.scan_times);
        if printing {
            print_queue::start(&app);
            notice_queue::start(&app);
        }
        if let Some(port) = app.settings.scanner.clone() {
            scanner::start(&app, port);
        }
        if let Some(link) = app.link() {
            link.attached(&app);
        }
        app
    }

    /// Puts a backup into a folder; what was there is moved aside.
    ///
    /// # Errors
    /// `BACKUP_INVALID`, and those of the store.
    pub fn restore(settings: &Settings, file: &Path, clock: &dyn Clock) -> Result<Backup> {
        motcua_store::restore(&settings.dir, file, clock.moment(), settings.options())
    }

    /// Writes a backup.
    ///
    /// # Errors
    /// Those of the store.
    pub fn backup(&self, file: &Path) -> Result<Backup> {
        self.store.backup(file)
    }

    /// Checks chain, projections and numbers.
    ///
    /// # Errors
    /// Those of the store.
    pub fn verify(&self) -> Result<Verified> {
        self.store.verify()
    }

    /// Writes every projection anew.
    ///
    /// # Errors
    /// Those of the store.
    pub fn rebuild(&self) -> Result<usize> {
        self.store.rebuild()
    }

    /// Told of every committed change from now on.
    pub fn subscribe(&self) -> mpsc::Receiver<Change> {
        self.listeners.subscribe()
    }

    /// Told of everything the serial scanner reads from now on.
    pub fn subscribe_scans(&self) -> mpsc::Receiver<Scan> {
        self.scans.subscribe()
    }

    /// Document scanners are driven by `scanner` from now on; by SANE unless said.
    pub fn use_document_scanner(
        &self,
        scanner: Arc<dyn motcua_devices::scanning::DocumentScanner>,
    ) {
        self.scan.use_scanner(scanner);
    }

    pub(crate) fn tell(&self, topics: Vec<Topic>) {
        if topics.contains(&Topic::Catalogue) {
            *self
                .catalogue
                .write()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        }
        if !topics.is_empty() {
            self.listeners.tell(&Change {
                revision: self.store.revision(),
                topics,
            });
        }
    }

    /// The branch document.
    pub(crate) fn branch(&self) -> Result<Arc<Branch>> {
        self.store.read(|read| read.branch())?.ok_or_else(no_branch)
    }

    /// Time now by the corrected clock.
    pub(crate) fn now_ms(&self) -> i64 {
        self.store.now(self.clock.moment()).0
    }

    /// The business day: never moves back.
    pub(crate) fn today(&self) -> Result<NaiveDate> {
        let by_clock = motcua_store::today(self.now_ms());
        let last = self.store.read(|read| read.business_date())?;
        Ok(last.map_or(by_clock, |last| last.max(by_clock)))
    }

    /// The catalogue in force on a day, searchable. Kept until an import changes it.
    pub(crate) fn catalogue(&self, on: NaiveDate) -> Result<Arc<Catalogue>> {
        let kept = self
            .catalogue
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone();
        if let Some(kept) = kept.filter(|c| c.on == on) {
            return Ok(kept);
        }
        let procedures = self.store.read(|read| read.procedures(on))?;
        let index = Index::new(procedures.iter().map(|p| entry(&p.procedure)));
        let fresh = Arc::new(Catalogue {
            procedures,
            index,
            on,
        });
        *self
            .catalogue
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// An author for what the program does by itself.
    pub(crate) fn system(&self) -> Author {
        Author {
            actor: SYSTEM.to_owned(),
            command_id: Uuid::now_v7(),
            moment: self.clock.moment(),
        }
    }
}

fn entry(procedure: &Procedure) -> Entry<'_> {
    Entry {
        code: &procedure.code,
        name: &procedure.name,
        field: procedure.field_name.as_deref(),
    }
}
