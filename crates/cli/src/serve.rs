//! `motcua serve`: the folder for browsers and command lines on this machine, until stopped.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use motcua_app::{App, Settings};
use motcua_domain::{Code, Refusal};
use motcua_hub::{Line, Remembered, Serve};
use motcua_protocol::ApiError;
use serde_json::json;

use crate::{args::Args, out};

/// Whoever is told to end waits this long for what is being done.
const LEAVE: Duration = Duration::from_secs(2);

pub(crate) fn run(
    app: Arc<App>,
    args: &Args,
    listen: Option<SocketAddr>,
    ui: Option<PathBuf>,
    line: Option<Arc<Line>>,
) -> Result<ExitCode, ApiError> {
    until_told(async {
        // A counter serves its own screens; the hub of its branch is another machine.
        let counter = line.is_some();
        // Where nobody says, a hub is again where it was.
        let remembered = Remembered::of_folder(&args.data)
            .map_err(|e| out::file_fault(&e, &args.data))?
            .listen();
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listen = listen.or(remembered).unwrap_or(here);
        if counter && !listen.ip().is_loopback() {
            return Err(Refusal::new(
                Code::Unsupported,
                "Thư mục này là quầy của một máy chủ khác nên chỉ phục vụ trên máy này. Mời bỏ địa chỉ mạng.",
            )
            .into());
        }
        // Beside a chosen port, so that what a browser has bookmarked is there again tomorrow.
        let beside = match listen.port() {
            0 => 0,
            port => port.checked_add(1).unwrap_or(0),
        };
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, beside));
        let options = Serve {
            listen: if counter { listen } else { loopback },
            dir: args.data.clone(),
            ui,
            screens: None,
            hub: (!counter).then_some(listen),
            line,
        };
        let branch = app.store().read(|read| read.branch()).ok().flatten();
        let running = motcua_hub::serve(app, options)
            .await
            .map_err(|error| fault(&error.to_string()))?;
        let machine = Arc::clone(running.machine());
        let shown = tokio::task::spawn_blocking(move || machine.resume_hall());
        shown.await.map_err(|error| fault(&error.to_string()))?;
        let mut ready = json!({
            "url": running.endpoint.url,
            "local_url": running.endpoint.url,
            "token": running.endpoint.token,
            "browser_url": running.browser_url(),
            "board_url": running.board_url(),
            "kiosk_url": running.endpoint.kiosk_url(),
            "rating_url": running.endpoint.rating_url(),
            "branch": branch.map(|b| b.office.name.clone()),
        });
        if let Some(lan) = running.lan() {
            ready["url"] = json!(lan.url);
            ready["fingerprint"] = json!(lan.fingerprint);
            ready["branch_id"] = json!(lan.branch);
        }
        out::json(&ready);
        stopped().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// A folder without a branch, until it has one and after.
pub(crate) fn setup(
    settings: Settings,
    listen: Option<SocketAddr>,
    ui: Option<PathBuf>,
) -> Result<ExitCode, ApiError> {
    until_told(async {
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let begun = motcua_hub::serve_beginning(settings, listen.unwrap_or(here), ui)
            .await
            .map_err(|error| fault(&error.to_string()))?;
        let url = &begun.endpoint.url;
        out::json(&json!({
            "url": url,
            "local_url": url,
            "token": begun.endpoint.token,
            "browser_url": format!("{url}/#token={}", begun.endpoint.token),
            "board_url": format!("{url}/board.html#token={}", begun.endpoint.board),
            "branch": null,
        }));
        stopped().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Runs the server, and ends the program whatever still waits: a question to a hub that is silent,
/// for example. What was answered is on the disk, and what was not is undone by its transaction.
fn until_told(
    served: impl Future<Output = Result<ExitCode, ApiError>>,
) -> Result<ExitCode, ApiError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|_| fault("Máy không cho chạy máy chủ. Mời khởi động lại máy."))?;
    let ended = runtime.block_on(served);
    runtime.shutdown_timeout(LEAVE);
    ended
}

fn fault(message: &str) -> ApiError {
    Refusal::new(Code::StoreFault, message).into()
}

/// Ctrl+C, or the request to end that a service manager sends.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    tokio::signal::ctrl_c().await.ok();
}
