//! The open folder behind the window: the one command of the window, and the pushes to it.

use std::{
    net::Ipv4Addr,
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use motcua_app::{App, Caller, HubLink, Settings, Topic, clock::SystemClock};
use motcua_domain::{Code, Refusal};
use motcua_hub::{DATABASE, Line, Running, Screens, Serve};
use motcua_protocol::ApiError;
use serde_json::Value;
use tauri::{AppHandle, Emitter as _, Manager as _, State};
use uuid::Uuid;

use crate::{args::Args, board, kiosk, window};

/// A window that was killed or closed a moment ago holds the folder until its last thread has ended:
/// whoever opens the next one at once need not be told.
const LEAVES: Duration = Duration::from_millis(1_500);
const LOOK: Duration = Duration::from_millis(50);
/// As long as the first window waits for its folder: mostly it is open by then, and it is known which
/// window this machine shows.
const SOON: Duration = Duration::from_secs(1);

/// The folder of the window: open, or why it is not; the window then shows that sentence, and
/// where there is no branch yet, how to get one.
pub(crate) struct Branch {
    settings: Settings,
    handle: AppHandle,
    /// None until it was looked for the first time.
    open: Mutex<Option<Result<Arc<App>, ApiError>>>,
    looked: Condvar,
    /// The way in for a command line while the window holds the folder, and the machine's role.
    running: Mutex<Option<Running>>,
    /// One beginning at a time.
    begins: Mutex<()>,
}

impl Branch {
    /// What is asked waits until the folder is open ([`Self::app`]): opening is done beside the
    /// window, which says so.
    pub(crate) fn new(handle: AppHandle, args: &Args) -> Self {
        let settings = Settings {
            printing: true,
            scanner: args.scanner.clone(),
            ..Settings::new(args.data())
        };
        Self {
            settings,
            handle,
            open: Mutex::new(None),
            looked: Condvar::new(),
            running: Mutex::new(None),
            begins: Mutex::new(()),
        }
    }

    /// Opens the folder, and answers whether that was soon: after an update the tables of a large
    /// branch are written anew, which takes longer than anybody looks at nothing.
    pub(crate) fn open_beside(handle: &AppHandle, demo: bool) -> bool {
        let beside = handle.clone();
        thread::spawn(move || {
            let branch = beside.state::<Self>();
            let _failed = Failed(&branch);
            branch.look(demo);
        });
        let branch = handle.state::<Self>();
        let (open, _) = (branch.looked)
            .wait_timeout_while(branch.open(), SOON, |open| open.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        open.is_some()
    }

    fn open(&self) -> MutexGuard<'_, Option<Result<Arc<App>, ApiError>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, open: Result<Arc<App>, ApiError>) {
        *self.open() = Some(open);
        self.looked.notify_all();
    }

    /// Opens what the folder holds.
    fn look(&self, demo: bool) {
        let opened = self.opened(demo);
        if let Ok((app, _)) = &opened {
            push(&self.handle, app);
        }
        let open = opened.map(|(app, line)| {
            *self.running.lock().unwrap_or_else(PoisonError::into_inner) = self.serve(&app, line);
            app
        });
        self.set(open);
    }

    fn opened(&self, demo: bool) -> Result<(Arc<App>, Option<Arc<Line>>), ApiError> {
        // A folder that is a counter must never open as a branch of its own.
        let line = Line::of_folder(&self.settings.dir, true).map_err(|error| {
            tracing::error!(%error, "hub of this folder");
            Refusal::new(
                Code::StoreDamaged,
                "Không đọc được thông tin ghép quầy của thư mục này. Xin không xóa gì. Mời báo người quản trị.",
            )
        })?;
        let settings = Settings {
            link: line.clone().map(|line| line as Arc<dyn HubLink>),
            ..self.settings.clone()
        };
        let until = Instant::now() + LEAVES;
        let app = loop {
            match App::open(settings.clone(), SystemClock::default()) {
                Err(error) if error.code() == Code::FolderInUse && Instant::now() < until => {
                    thread::sleep(LOOK);
                }
                Err(error) if error.code() == Code::NoBranch && demo => {
                    break App::demo(settings, SystemClock::default());
                }
                opened => break opened,
            }
        };
        Ok((app.map_err(Refusal::from)?, line))
    }

    fn serve(&self, app: &Arc<App>, line: Option<Arc<Line>>) -> Option<Running> {
        let serve = Serve {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            dir: self.settings.dir.clone(),
            ui: None,
            screens: Some(Arc::new(Bundled(self.handle.clone()))),
            hub: None,
            line,
        };
        motcua_hub::spawn(Arc::clone(app), serve)
            .inspect(|running| running.machine().resume())
            .inspect_err(|error| tracing::warn!(%error, "no way in for the command line"))
            .ok()
    }

    /// The open folder, or the sentence that says why it is not. Waits while it is being opened.
    pub(crate) fn app(&self) -> Result<Arc<App>, ApiError> {
        let open = self
            .looked
            .wait_while(self.open(), |open| open.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        // There is one: that is what was waited for.
        open.clone().unwrap_or_else(|| Err(not_opened()))
    }

    /// The folder, if it is open by now.
    pub(crate) fn opened_app(&self) -> Option<Arc<App>> {
        self.open().clone()?.ok()
    }

    /// Something to do in a folder without a branch; afterwards it may have one.
    fn begin(&self, name: &str, args: Value) -> Result<Value, ApiError> {
        let _one = self.begins.lock().unwrap_or_else(PoisonError::into_inner);
        if self.app().is_ok() {
            return Err(Refusal::new(
                Code::BranchExists,
                "Thư mục này vừa có chi nhánh. Không ghi đè gì. Mời mở lại màn hình.",
            )
            .into());
        }
        let done = motcua_hub::begin(&self.settings, name, args);
        if self.settings.dir.join(DATABASE).exists() {
            self.look(false);
        }
        done
    }
}

/// Opening ended without an answer.
fn not_opened() -> ApiError {
    Refusal::new(
        Code::InternalFault,
        "Chương trình gặp lỗi khi mở dữ liệu. Dữ liệu không bị ghi đè. Mời khởi động lại Một Cửa; nếu vẫn vậy, báo người quản trị.",
    )
    .into()
}

/// Who waits must not wait for ever, nor be told that there is no branch, where opening itself failed.
struct Failed<'a>(&'a Branch);

impl Drop for Failed<'_> {
    fn drop(&mut self) {
        let none = self.0.open().is_none();
        if none {
            self.0.set(Err(not_opened()));
        }
    }
}

/// The screens that are part of the program.
struct Bundled(AppHandle);

impl std::fmt::Debug for Bundled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bundled")
    }
}

impl Screens for Bundled {
    fn file(&self, path: &str) -> Option<Vec<u8>> {
        let plain = Path::new(path).components().count() <= 2;
        plain
            .then(|| self.0.asset_resolver().get(path.to_owned()))?
            .map(|asset| asset.bytes)
    }
}

/// The one command of the officer window: a verb by name.
#[tauri::command(async)]
pub(crate) fn rpc(
    branch: State<'_, Branch>,
    name: &str,
    args: Value,
    officer: Option<String>,
    command_id: Option<Uuid>,
) -> Result<Value, ApiError> {
    let app = match branch.app() {
        Err(error) if error.code == Code::NoBranch => return branch.begin(name, args),
        app => app?,
    };
    if app.kiosk_on() {
        return Err(Refusal::new(
            Code::KioskMode,
            "Máy đang ở chế độ tự phục vụ. Chưa ghi gì. Mời thoát chế độ tự phục vụ bằng mã rồi làm lại.",
        )
        .into());
    }
    // The window never acts as nobody's administrator: no officer is an empty officer.
    let caller = Caller {
        officer: Some(officer.unwrap_or_default()),
        command_id,
    };
    app.call(&caller, name, args)
}

/// Pushes committed changes and scans into the window. It never polls.
fn push(handle: &AppHandle, app: &App) {
    let (changes, scans) = (app.subscribe(), app.subscribe_scans());
    let to_window = handle.clone();
    thread::spawn(move || {
        kiosk::SHOWN.wait();
        for change in changes {
            if change.topics.contains(&Topic::Branch)
                && let Err(error) = kiosk::settle(&to_window)
            {
                tracing::error!(%error, "windows of the self-service mode");
            }
            for hall in [board::BOARD, kiosk::KIOSK] {
                if to_window.get_webview_window(hall).is_some() {
                    tell(&to_window, hall, "change", change.clone());
                }
            }
            if to_window.get_webview_window(window::OFFICER).is_some() {
                tell(&to_window, window::OFFICER, "change", change);
            }
        }
    });
    let to_window = handle.clone();
    thread::spawn(move || {
        kiosk::SHOWN.wait();
        for scan in scans {
            // The scanner on the counter's port serves whoever the screen is for.
            let to = if kiosk::on(&to_window) {
                kiosk::KIOSK
            } else {
                window::OFFICER
            };
            tell(&to_window, to, "scan", scan);
        }
    });
}

fn tell(handle: &AppHandle, to: &str, event: &str, payload: impl serde::Serialize + Clone) {
    if let Err(error) = handle.emit_to(to, event, payload) {
        tracing::warn!(%error, event, to, "window not told");
    }
}
