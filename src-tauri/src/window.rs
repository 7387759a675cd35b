//! The officer window.

use tauri::{AppHandle, Manager as _, WebviewUrl, WebviewWindowBuilder};

use crate::{saved, startup};

/// Label of the officer window; its capability names it.
pub(crate) const OFFICER: &str = "officer";

/// Name of the window until the page names itself after the branch.
const TITLE: &str = "Một Cửa";

/// Smallest size at which the desk is drawn whole.
const LEAST: (f64, f64) = (1024.0, 640.0);

/// Settings of the web view that must stand before it starts.
///
/// Some Linux graphics drivers show a blank window through DMA-BUF, so it is off unless whoever
/// starts us decided otherwise. Tests must not have it off: the WebKit driver's screenshots hang
/// then. A process cannot safely change its own environment, so it starts itself once more.
pub(crate) fn prepare() {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt as _;
        const SWITCH: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
        let decided = std::env::var_os(SWITCH).is_some()
            || std::env::var_os("TAURI_WEBVIEW_AUTOMATION").is_some();
        if let (false, Ok(program)) = (decided, std::env::current_exe()) {
            let error = std::process::Command::new(program)
                .args(std::env::args_os().skip(1))
                .env(SWITCH, "1")
                .exec();
            // `exec` only comes back when it failed; the window may still be fine without.
            tracing::warn!(%error, "web view started without the switch");
        }
    }
}

/// Opens the officer window.
pub(crate) fn officer(handle: &AppHandle) -> tauri::Result<()> {
    WebviewWindowBuilder::new(handle, OFFICER, WebviewUrl::default())
        .title(TITLE)
        .inner_size(1366.0, 768.0)
        .min_inner_size(LEAST.0, LEAST.1)
        .center()
        .on_document_title_changed(|window, title| {
            if title.is_empty() || title == TITLE {
                return;
            }
            startup::usable();
            if let Err(error) = window.set_title(&title) {
                tracing::debug!(%error, "title");
            }
        })
        .on_download(|webview, event| {
            saved::follow(webview.app_handle(), event);
            true
        })
        .build()?;
    Ok(())
}
