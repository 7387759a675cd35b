//! The self-service terminal: a window of its own in place of the officer's. While the machine is
//! a terminal there is no other window on it that does anything, and this one cannot be closed.

use std::{sync::Once, thread};

use motcua_app::{Caller, kiosk};
use motcua_domain::{Code, Refusal};
use motcua_protocol::ApiError;
use serde_json::Value;
use tauri::{AppHandle, Manager as _, State, WebviewUrl, WebviewWindowBuilder, WindowEvent};
use uuid::Uuid;

use crate::{branch::Branch, window};

/// Label of the terminal's window; its capability names it.
pub(crate) const KIOSK: &str = "kiosk";

/// The first window stands. Whoever would change windows because of what was recorded waits for
/// it: two who look at once would each find none and open one.
pub(crate) static SHOWN: Once = Once::new();

/// What the terminal may ask: whoever its page says it is, it is the terminal, and the
/// application refuses everything that a terminal does not need.
#[tauri::command(async)]
pub(crate) fn kiosk_rpc(
    branch: State<'_, Branch>,
    name: &str,
    args: Value,
    command_id: Option<Uuid>,
) -> Result<Value, ApiError> {
    let app = branch.app()?;
    if !app.kiosk_on() {
        return Err(Refusal::new(
            Code::KioskMode,
            "Máy này chưa bật chế độ tự phục vụ. Chưa cấp số. Mời gặp cán bộ tiếp đón.",
        )
        .into());
    }
    let terminal = Caller {
        officer: Some(kiosk::KIOSK.to_owned()),
        command_id,
    };
    app.call(&terminal, name, args)
}

/// The window that this machine should show, in place of the one it shows. The new one comes
/// first: a program without a window ends.
pub(crate) fn settle(handle: &AppHandle) -> tauri::Result<()> {
    let on = on(handle);
    let (wanted, other) = if on {
        (KIOSK, window::OFFICER)
    } else {
        (window::OFFICER, KIOSK)
    };
    if handle.get_webview_window(wanted).is_none() {
        if on {
            open(handle)?;
        } else {
            window::officer(handle)?;
        }
    }
    if let Some(window) = handle.get_webview_window(other) {
        window.destroy()?;
    }
    Ok(())
}

/// Whether this machine is a terminal.
pub(crate) fn on(handle: &AppHandle) -> bool {
    handle
        .state::<Branch>()
        .opened_app()
        .is_some_and(|app| app.kiosk_on())
}

/// The first window: at once, and whichever it is to be once the folder is open.
pub(crate) fn first(handle: &AppHandle, demo: bool) -> tauri::Result<()> {
    if Branch::open_beside(handle, demo) {
        return settle(handle);
    }
    window::officer(handle)?;
    let later = handle.clone();
    thread::spawn(move || {
        // What it cannot be opened for stands in the window.
        let _ = later.state::<Branch>().app();
        let settled = later.clone();
        let told = later.run_on_main_thread(move || {
            if let Err(error) = settle(&settled) {
                tracing::error!(%error, "window after opening");
            }
        });
        if let Err(error) = told {
            tracing::error!(%error, "window after opening");
        }
    });
    Ok(())
}

fn open(handle: &AppHandle) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(handle, KIOSK, WebviewUrl::App("kiosk.html".into()))
        .title("Lấy số thứ tự")
        .inner_size(1280.0, 720.0)
        .fullscreen(true)
        .decorations(false)
        .closable(false)
        .minimizable(false)
        .build()?;
    let of = handle.clone();
    window.on_window_event(move |event| {
        // Alt F4, a taskbar, a window manager: none of them is the code.
        if let WindowEvent::CloseRequested { api, .. } = event
            && on(&of)
        {
            api.prevent_close();
        }
    });
    Ok(())
}
