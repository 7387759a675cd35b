//! The open folder behind the window: the one command of the window, and the pushes to it.

use std::{net::Ipv4Addr, sync::Arc, thread};

use motcua_app::{App, Caller, HubLink, Settings, clock::SystemClock};
use motcua_domain::{Code, Refusal};
use motcua_hub::{Line, Running, Serve};
use motcua_protocol::ApiError;
use serde_json::Value;
use tauri::{AppHandle, Emitter as _, Manager as _, State};
use uuid::Uuid;

use crate::{args::Args, board, window};

/// The open folder, or why it is not open; the window then shows that sentence.
pub(crate) struct Branch {
    app: Result<Arc<App>, ApiError>,
    /// The way in for a command line while the window holds the folder.
    _endpoint: Option<Running>,
}

impl Branch {
    pub(crate) fn open(args: &Args) -> Self {
        let dir = args.data();
        // A folder that is a counter must never open as a branch of its own.
        let line = match Line::of_folder(&dir, true) {
            Ok(line) => line,
            Err(error) => {
                tracing::error!(%error, "hub of this folder");
                let refusal = Refusal::new(
                    Code::StoreDamaged,
                    "Không đọc được thông tin ghép quầy của thư mục này. Xin không xóa gì. Mời báo người quản trị.",
                );
                return Self {
                    app: Err(refusal.into()),
                    _endpoint: None,
                };
            }
        };
        let settings = Settings {
            link: line.clone().map(|line| line as Arc<dyn HubLink>),
            printing: true,
            scanner: args.scanner.clone(),
            ..Settings::new(&dir)
        };
        let app = match App::open(settings.clone(), SystemClock::default()) {
            Err(error) if error.code() == Code::NoBranch && args.demo => {
                App::demo(settings, SystemClock::default())
            }
            opened => opened,
        };
        let app = app.map_err(|error| ApiError::from(Refusal::from(error)));
        let endpoint = app.as_ref().ok().and_then(|app| {
            let serve = Serve {
                listen: (Ipv4Addr::LOCALHOST, 0).into(),
                dir,
                ui: None,
                hub: None,
                line,
            };
            motcua_hub::spawn(Arc::clone(app), serve)
                .inspect(|running| running.machine().resume())
                .inspect_err(|error| tracing::warn!(%error, "no way in for the command line"))
                .ok()
        });
        Self {
            app,
            _endpoint: endpoint,
        }
    }
}

impl Branch {
    /// The open folder, or the sentence that says why it is not.
    pub(crate) fn app(&self) -> Result<&Arc<App>, ApiError> {
        self.app.as_ref().map_err(Clone::clone)
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
    let app = branch.app()?;
    // The window never acts as nobody's administrator: no officer is an empty officer.
    let caller = Caller {
        officer: Some(officer.unwrap_or_default()),
        command_id,
    };
    app.call(&caller, name, args)
}

/// Pushes committed changes and scans into the window. It never polls.
pub(crate) fn push(handle: &AppHandle) {
    let Ok(app) = &handle.state::<Branch>().app else {
        return;
    };
    let (changes, scans) = (app.subscribe(), app.subscribe_scans());
    let to_window = handle.clone();
    thread::spawn(move || {
        for change in changes {
            if to_window.get_webview_window(board::BOARD).is_some() {
                tell(&to_window, board::BOARD, "change", change.clone());
            }
            tell(&to_window, window::OFFICER, "change", change);
        }
    });
    let to_window = handle.clone();
    thread::spawn(move || {
        for scan in scans {
            tell(&to_window, window::OFFICER, "scan", scan);
        }
    });
}

fn tell(handle: &AppHandle, to: &str, event: &str, payload: impl serde::Serialize + Clone) {
    if let Err(error) = handle.emit_to(to, event, payload) {
        tracing::warn!(%error, event, to, "window not told");
    }
}
