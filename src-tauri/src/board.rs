//! The board in the hall: a window of its own that can look and do nothing.

use motcua_app::Caller;
use motcua_domain::{Code, Refusal};
use motcua_protocol::{
    ApiError,
    verbs::{Verb as _, board},
};
use serde_json::{Value, json};
use tauri::{AppHandle, Manager as _, Monitor, State, WebviewUrl, WebviewWindowBuilder, ipc};

use crate::{branch::Branch, window};

/// Label of the board's window; its capability names it.
pub(crate) const BOARD: &str = "board";

/// All that the board may ask: the name of the verb is not the page's to choose, and whoever
/// looks is nobody.
#[tauri::command(async)]
pub(crate) fn board_rpc(branch: State<'_, Branch>) -> Result<Value, ApiError> {
    let nobody = Caller {
        officer: Some(String::new()),
        command_id: None,
    };
    branch.app()?.call(&nobody, board::Get::NAME, json!({}))
}

/// A clip of the spoken call.
#[tauri::command(async)]
pub(crate) fn board_clip(branch: State<'_, Branch>, name: &str) -> Result<ipc::Response, ApiError> {
    let clip = branch.app()?.sound(name).ok_or_else(|| {
        Refusal::new(
            Code::NotFound,
            "Không có đoạn âm thanh này. Số vẫn hiện trên bảng.",
        )
    })?;
    Ok(ipc::Response::new(clip.into_owned()))
}

/// Opens the board, or brings it to the front. On a second screen it fills the screen.
#[tauri::command(async)]
pub(crate) fn board_open(handle: AppHandle) -> Result<(), ApiError> {
    open(&handle).map_err(|error| {
        tracing::error!(%error, "board");
        Refusal::new(
            Code::InternalFault,
            "Không mở được cửa sổ bảng gọi số. Hàng chờ vẫn chạy như thường. Mời mở bảng bằng trình duyệt, hoặc khởi động lại Một Cửa.",
        )
        .into()
    })
}

fn open(handle: &AppHandle) -> tauri::Result<()> {
    if let Some(window) = handle.get_webview_window(BOARD) {
        window.unminimize()?;
        return window.set_focus();
    }
    let mut board = WebviewWindowBuilder::new(handle, BOARD, WebviewUrl::App("board.html".into()))
        .title("Bảng gọi số")
        .inner_size(1280.0, 720.0)
        .min_inner_size(640.0, 360.0);
    let second = second_screen(handle)?;
    if let Some(screen) = &second {
        let at = screen.position().to_logical::<f64>(screen.scale_factor());
        board = board.position(at.x, at.y);
    }
    let board = board.build()?;
    if second.is_some() {
        board.set_fullscreen(true)?;
    }
    Ok(())
}

/// A screen on which the officer's window is not.
fn second_screen(handle: &AppHandle) -> tauri::Result<Option<Monitor>> {
    let Some(officer) = handle.get_webview_window(window::OFFICER) else {
        return Ok(None);
    };
    let here = officer.current_monitor()?.map(|m| *m.position());
    Ok(handle
        .available_monitors()?
        .into_iter()
        .find(|m| here.is_some_and(|here| *m.position() != here)))
}
