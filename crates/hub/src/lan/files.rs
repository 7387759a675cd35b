//! Files of papers that counters send to their hub, which sends them on.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use motcua_domain::{Code, Refusal, case::attachment::is_address};
use motcua_protocol::{
    ApiError,
    sync::{BlobStands, MEDIA_FILE, MOST_PIECE, PIECE},
};
use motcua_store::Soundness;
use serde::Deserialize;

use super::{
    Hub,
    routes::{blocking, body_of, said},
};

pub(super) fn routes() -> Router<Arc<Hub>> {
    Router::new()
        .route("/v1/blobs/{hash}/stands", get(stands))
        .route("/v1/blobs/{hash}", get(given).post(piece))
}

fn refuse(refusal: Refusal) -> Response {
    let status = match refusal.code {
        Code::BlobOffset => StatusCode::CONFLICT,
        Code::BlobDamaged => StatusCode::UNPROCESSABLE_ENTITY,
        Code::ScanTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::ArgumentInvalid => StatusCode::BAD_REQUEST,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    said(status, &ApiError::from(refusal))
}

fn look(hub: &Hub, hash: &str) -> Result<BlobStands, motcua_store::Error> {
    let store = hub.app.store();
    let blobs = store.blobs();
    // Known to be here, or lying here whole from an earlier life of the folder.
    if store.read(|read| read.has_blob(hash))? && blobs.len(hash)?.is_some() {
        let offset = blobs.len(hash)?.unwrap_or_default();
        return Ok(BlobStands {
            whole: true,
            offset,
        });
    }
    if let (Soundness::Whole, Some(bytes)) = (blobs.check(hash)?, blobs.len(hash)?) {
        arrived(hub, hash, bytes)?;
        return Ok(BlobStands {
            whole: true,
            offset: bytes,
        });
    }
    Ok(BlobStands {
        whole: false,
        offset: blobs.offset(hash)?,
    })
}

fn arrived(hub: &Hub, hash: &str, bytes: u64) -> Result<(), motcua_store::Error> {
    let now_ms = hub.app.moment().wall_ms;
    hub.app.store().blob_arrived(hash, bytes, now_ms)?;
    hub.app.link_changed();
    Ok(())
}

async fn stands(State(hub): State<Arc<Hub>>, Path(hash): Path<String>) -> Response {
    if !is_address(&hash) {
        return refuse(Refusal::new(
            Code::ArgumentInvalid,
            "Địa chỉ tệp không đúng dạng.",
        ));
    }
    match blocking(move || look(&hub, &hash)).await {
        Ok(Ok(stands)) => said(StatusCode::OK, &stands),
        Ok(Err(error)) => refuse(error.into()),
        Err(response) => response,
    }
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    offset: u64,
}

/// A piece of a file that is here, for another machine of the branch.
async fn given(
    State(hub): State<Arc<Hub>>,
    Path(hash): Path<String>,
    Query(Start { offset }): Query<Start>,
) -> Response {
    let piece = blocking(move || (hub.app.store().blobs()).piece(&hash, offset, PIECE));
    match piece.await {
        Ok(Ok(piece)) => ([(header::CONTENT_TYPE, MEDIA_FILE)], piece).into_response(),
        Ok(Err(error)) if error.code() == Code::BlobMissing => {
            said(StatusCode::NOT_FOUND, &ApiError::from(Refusal::from(error)))
        }
        Ok(Err(error)) => refuse(error.into()),
        Err(response) => response,
    }
}

#[derive(Deserialize)]
struct Piece {
    offset: u64,
    total: u64,
}

async fn piece(
    State(hub): State<Arc<Hub>>,
    Path(hash): Path<String>,
    Query(Piece { offset, total }): Query<Piece>,
    body: Body,
) -> Response {
    let bytes = match body_of(body, MOST_PIECE).await {
        Ok(bytes) => bytes,
        Err(response) => return response,
    };
    let took = blocking(move || -> Result<BlobStands, motcua_store::Error> {
        // One after another: two counters may bring the same file.
        let _one = hub.files.lock();
        let known = look(&hub, &hash)?;
        if known.whole {
            return Ok(known);
        }
        let whole = (hub.app.store().blobs()).take(&hash, offset, &bytes, total)?;
        if whole {
            arrived(&hub, &hash, total)?;
        }
        Ok(BlobStands {
            whole,
            offset: offset + bytes.len() as u64,
        })
    });
    match took.await {
        Ok(Ok(stands)) => said(StatusCode::OK, &stands),
        Ok(Err(error)) => refuse(error.into()),
        Err(response) => response,
    }
}
