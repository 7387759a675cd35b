//! `motcua serve`: the folder for browsers and command lines on this machine, until stopped.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use motcua_app::App;
use motcua_domain::{Code, Refusal};
use motcua_hub::Serve;
use motcua_protocol::ApiError;
use serde_json::json;

use crate::{args::Args, out};

pub(crate) fn run(
    app: Arc<App>,
    args: &Args,
    listen: SocketAddr,
    ui: Option<PathBuf>,
) -> Result<ExitCode, ApiError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|_| fault("Máy không cho chạy máy chủ. Mời khởi động lại máy."))?;
    runtime.block_on(async {
        let options = Serve {
            listen,
            dir: args.data.clone(),
            ui,
        };
        let running = motcua_hub::serve(app, options)
            .await
            .map_err(|error| fault(&error.to_string()))?;
        out::json(&json!({
            "url": running.endpoint.url,
            "token": running.endpoint.token,
            "browser_url": running.browser_url(),
        }));
        stopped().await;
        Ok(ExitCode::SUCCESS)
    })
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
