//! What the owner of the folder asks of the process that holds it, beside commands: a pairing
//! code, a session with the hub, the dump, the check. Only the officer's token opens these.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use motcua_app::App;
use motcua_domain::{Code, Refusal};
use motcua_protocol::ApiError;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    machine::Machine,
    routes::{bearer, refuse, same},
};

/// The folder of this process.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub(crate) app: Arc<App>,
    pub(crate) token: Arc<str>,
    pub(crate) machine: Arc<Machine>,
}

impl Folder {
    pub(crate) fn routes<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        Router::new()
            .route("/folder/pair-code", post(pair_code))
            .route("/folder/sync", post(sync))
            .route("/folder/follow", post(follow))
            .route("/folder/verify", post(verify))
            .route("/folder/backup", post(backup))
            .route("/folder/dump", get(dump))
            .with_state(self)
    }

    fn is_owner(&self, headers: &HeaderMap) -> bool {
        bearer(headers).is_some_and(|token| same(token, &self.token))
    }
}

/// For whoever may read the endpoint file: the owner of the folder.
async fn of_owner(
    shared: Folder,
    headers: HeaderMap,
    work: impl FnOnce(&Folder) -> Result<Value, ApiError> + Send + 'static,
) -> Response {
    if !shared.is_owner(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match tokio::task::spawn_blocking(move || work(&shared)).await {
        Ok(Ok(answer)) => Json(answer).into_response(),
        Ok(Err(error)) => refuse(error),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn api(error: impl Into<Refusal>) -> ApiError {
    ApiError::from(error.into())
}

/// There is nobody to send to.
pub const NOBODY: &str = "Máy này chưa ghép với máy chủ quầy và chưa kết nối trung tâm nên chưa có nơi gửi. Mọi bản ghi vẫn an toàn trên máy.";

fn unpaired(message: &str) -> ApiError {
    api(Refusal::new(Code::NotPaired, message))
}

async fn pair_code(State(shared): State<Folder>, headers: HeaderMap) -> Response {
    of_owner(shared, headers, |shared| {
        let hub = shared.machine.hub().ok_or_else(|| {
            unpaired("Máy này không làm máy chủ quầy nên không cấp mã ghép được. Mời lấy mã trên máy chủ quầy.")
        })?;
        Ok(json!(hub.pair_code()?))
    })
    .await
}

async fn sync(State(shared): State<Folder>, headers: HeaderMap) -> Response {
    of_owner(shared, headers, |shared| {
        let (app, machine) = (&shared.app, &shared.machine);
        match (machine.line(), machine.uplink()) {
            (Some(line), _) => Ok(json!(line.sync(app))),
            (None, Some(uplink)) => Ok(json!(uplink.sync(app))),
            (None, None) => Err(unpaired(NOBODY)),
        }
    })
    .await
}

/// Takes another machine for the hub, at an address that a person knows.
async fn follow(State(shared): State<Folder>, headers: HeaderMap, body: Bytes) -> Response {
    of_owner(shared, headers, move |shared| {
        let address: Address = serde_json::from_slice(&body).map_err(|_| {
            api(Refusal::new(
                Code::FieldRequired,
                "Mời nhập địa chỉ máy chủ quầy, dạng https://TÊN-MÁY:CỔNG. Chưa đổi gì.",
            )
            .at("hub"))
        })?;
        Ok(json!(shared.machine.consider(&address.hub)?))
    })
    .await
}

#[derive(Deserialize)]
struct Address {
    hub: String,
}

async fn verify(State(shared): State<Folder>, headers: HeaderMap) -> Response {
    of_owner(shared, headers, |shared| check(&shared.app)).await
}

/// Chain, projections and numbers, as `motcua verify` tells them.
///
/// # Errors
/// Faults of the disk; what is wrong with the content stands in the answer.
pub fn check(app: &App) -> Result<Value, ApiError> {
    let verified = app.verify().map_err(api)?;
    let findings: Vec<Value> = verified
        .findings
        .iter()
        .map(|f| json!({"kind": f.kind, "what": f.what}))
        .collect();
    Ok(json!({
        "ok": findings.is_empty(),
        "events": verified.events,
        "entities": verified.entities,
        "scans": verified.blobs,
        "scans_elsewhere": verified.blobs_elsewhere,
        "findings": findings,
    }))
}

async fn backup(State(shared): State<Folder>, headers: HeaderMap, body: Bytes) -> Response {
    of_owner(shared, headers, move |shared| {
        let to: BackupTo = serde_json::from_slice(&body).map_err(|_| {
            api(Refusal::new(
                Code::FieldRequired,
                "Mời cho biết tệp sao lưu. Chưa sao lưu gì.",
            )
            .at("file"))
        })?;
        back_up(&shared.app, &to.file)
    })
    .await
}

#[derive(Deserialize)]
struct BackupTo {
    file: PathBuf,
}

/// A copy of the whole folder in one file, as `motcua backup` tells of it; also while the folder is
/// at work.
///
/// # Errors
/// Faults of the disk.
pub fn back_up(app: &App, file: &Path) -> Result<Value, ApiError> {
    let backup = app.backup(file).map_err(api)?;
    Ok(json!({
        "file": file,
        "device": backup.device,
        "epoch": backup.epoch,
        "seq": backup.seq,
        "events": backup.events,
        "bytes": backup.bytes,
        "scans": backup.blobs,
        "scans_missing": backup.blobs_missing,
    }))
}

async fn dump(State(shared): State<Folder>, headers: HeaderMap) -> Response {
    if !shared.is_owner(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    // A day's lines may be many: they go out as they are made, never all at once in memory.
    let (sender, lines) = mpsc::channel::<Result<Bytes, Infallible>>(64);
    tokio::task::spawn_blocking(move || {
        let done = shared.app.dump(|line| {
            let mut line = line.to_vec();
            line.push(b'\n');
            // Whoever asked may have gone away.
            sender.blocking_send(Ok(line.into())).ok();
        });
        if let Err(error) = done {
            tracing::warn!(%error, "dump");
        }
    });
    Body::from_stream(ReceiverStream::new(lines)).into_response()
}
