//! Files of papers: taken in pieces, checked when they are whole, kept once, and given only to the
//! office that had them. Records never wait here: files have routes and places of their own.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use deadpool_postgres::Pool;
use motcua_domain::{
    Code,
    case::attachment::{MAX_BYTES, is_address},
};
use motcua_protocol::{
    ApiError,
    sync::{BlobStands, MOST_PIECE},
};
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::{
    auth::Device,
    error::Result,
    routes::{BODY, Central, fault, said},
};

/// Pieces that are taken or given at the same time: most places of the database are for records.
static PLACES: Semaphore = Semaphore::const_new(4);

/// What came of a piece.
enum Took {
    /// Kept; perhaps the last.
    Stands(BlobStands),
    /// It does not follow what is there.
    Elsewhere,
    /// All pieces together are not what the address says: thrown away.
    Damaged,
}

fn refuse(status: StatusCode, code: Code, message: &str) -> Response {
    said(
        status,
        &ApiError::from(motcua_domain::Refusal::new(code, message)),
    )
}

/// 32 bytes of an address; only such reach the database.
fn address(hash: &str) -> Option<Vec<u8>> {
    if !is_address(hash) {
        return None;
    }
    Some(blake3::Hash::from_hex(hash).ok()?.as_bytes().to_vec())
}

fn no_address() -> Response {
    refuse(
        StatusCode::BAD_REQUEST,
        Code::ArgumentInvalid,
        "Địa chỉ tệp không đúng dạng.",
    )
}

/// How far a file is here. That it is whole makes it this office's too: whoever knows the BLAKE3 of
/// a file has the file, or the record that names it.
async fn stands(pool: &Pool, office: i32, hash: &[u8]) -> Result<BlobStands> {
    let client = pool.get().await?;
    let whole = client
        .query_opt(
            "SELECT bytes, office_id FROM blob WHERE hash = $1",
            &[&hash],
        )
        .await?;
    if let Some(row) = whole {
        if row.get::<_, i32>(1) != office {
            // Another office was quicker: what this one has sent so far is nobody's.
            client
                .execute(
                    "WITH gone AS (DELETE FROM blob_upload WHERE office_id = $1 AND hash = $2)
                     DELETE FROM blob_piece WHERE office_id = $1 AND hash = $2",
                    &[&office, &hash],
                )
                .await?;
        }
        client
            .execute(
                "INSERT INTO blob_of_office(office_id, hash) VALUES($1, $2) ON CONFLICT DO NOTHING",
                &[&office, &hash],
            )
            .await?;
        return Ok(BlobStands {
            whole: true,
            offset: row.get::<_, i64>(0).unsigned_abs(),
        });
    }
    let begun = client
        .query_opt(
            "SELECT received FROM blob_upload WHERE office_id = $1 AND hash = $2",
            &[&office, &hash],
        )
        .await?;
    Ok(BlobStands {
        whole: false,
        offset: begun.map_or(0, |row| row.get::<_, i64>(0).unsigned_abs()),
    })
}

async fn take(
    pool: &Pool,
    office: i32,
    hash: &[u8],
    (offset, total): (u64, u64),
    piece: &[u8],
) -> Result<Took> {
    let known = stands(pool, office, hash).await?;
    if known.whole {
        return Ok(Took::Stands(known));
    }
    let (at, all) = (signed(offset), signed(total));
    let mut client = pool.get().await?;
    let tx = client.transaction().await?;
    if offset == 0 {
        // What nobody went on with for a month.
        tx.execute(
            "WITH old AS (DELETE FROM blob_upload WHERE touched_at < now() - interval '30 days' RETURNING office_id, hash)
             DELETE FROM blob_piece p USING old WHERE p.office_id = old.office_id AND p.hash = old.hash",
            &[],
        )
        .await?;
        tx.execute(
            "INSERT INTO blob_upload(office_id, hash, bytes) VALUES($1, $2, $3) ON CONFLICT DO NOTHING",
            &[&office, &hash, &all],
        )
        .await?;
    }
    // Held until the end: of two that send the same piece one comes second.
    let begun = tx
        .query_opt(
            "SELECT bytes, received FROM blob_upload WHERE office_id = $1 AND hash = $2 FOR UPDATE",
            &[&office, &hash],
        )
        .await?;
    let Some(begun) = begun else {
        return Ok(Took::Elsewhere);
    };
    let end = at.saturating_add(signed(piece.len() as u64));
    if begun.get::<_, i64>(0) != all || begun.get::<_, i64>(1) != at || end > all {
        return Ok(Took::Elsewhere);
    }
    tx.execute(
        "INSERT INTO blob_piece(office_id, hash, at, data) VALUES($1, $2, $3, $4)",
        &[&office, &hash, &at, &piece],
    )
    .await?;
    if end < all {
        tx.execute(
            "UPDATE blob_upload SET received = $3, touched_at = now() WHERE office_id = $1 AND hash = $2",
            &[&office, &hash, &end],
        )
        .await?;
        tx.commit().await?;
        return Ok(Took::Stands(BlobStands {
            whole: false,
            offset: end.unsigned_abs(),
        }));
    }
    let mut hasher = blake3::Hasher::new();
    let next = tx
        .prepare("SELECT at, data FROM blob_piece WHERE office_id = $1 AND hash = $2 AND at >= $3 ORDER BY at LIMIT 1")
        .await?;
    // One piece at a time: a file of 200 MB is never in memory.
    let mut from = 0_i64;
    while let Some(row) = tx.query_opt(&next, &[&office, &hash, &from]).await? {
        let data: Vec<u8> = row.get(1);
        hasher.update(&data);
        from = row.get::<_, i64>(0) + 1;
    }
    tx.execute(
        "DELETE FROM blob_upload WHERE office_id = $1 AND hash = $2",
        &[&office, &hash],
    )
    .await?;
    let sound = hasher.finalize().as_bytes()[..] == *hash;
    let kept = if sound {
        tx.execute(
            "INSERT INTO blob(hash, office_id, bytes) VALUES($1, $2, $3) ON CONFLICT DO NOTHING",
            &[&hash, &office, &all],
        )
        .await?
    } else {
        0
    };
    if kept == 0 {
        // Not what it says, or another office was first: these pieces are nobody's.
        tx.execute(
            "DELETE FROM blob_piece WHERE office_id = $1 AND hash = $2",
            &[&office, &hash],
        )
        .await?;
    }
    if sound {
        tx.execute(
            "INSERT INTO blob_of_office(office_id, hash) VALUES($1, $2) ON CONFLICT DO NOTHING",
            &[&office, &hash],
        )
        .await?;
    }
    tx.commit().await?;
    if !sound {
        return Ok(Took::Damaged);
    }
    Ok(Took::Stands(BlobStands {
        whole: true,
        offset: total,
    }))
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// The piece that holds the byte at `offset`, from there on; `None` where the office has no such
/// file. Past its end it is empty.
async fn give(
    pool: &Pool,
    office: i32,
    hash: &[u8],
    offset: u64,
) -> Result<Option<(i64, Vec<u8>)>> {
    let client = pool.get().await?;
    let Some(row) = client
        .query_opt(
            "SELECT b.office_id, b.bytes FROM blob b JOIN blob_of_office o ON o.hash = b.hash
             WHERE o.office_id = $1 AND b.hash = $2",
            &[&office, &hash],
        )
        .await?
    else {
        return Ok(None);
    };
    let (sender, bytes): (i32, i64) = (row.get(0), row.get(1));
    let at = signed(offset);
    let piece = client
        .query_opt(
            "SELECT at, data FROM blob_piece WHERE office_id = $1 AND hash = $2 AND at <= $3
             ORDER BY at DESC LIMIT 1",
            &[&sender, &hash, &at],
        )
        .await?;
    let data = piece.map_or_else(Vec::new, |row| {
        let (from, data): (i64, Vec<u8>) = (row.get(0), row.get(1));
        let skip = usize::try_from(at - from).unwrap_or(usize::MAX);
        data.get(skip..).unwrap_or_default().to_vec()
    });
    Ok(Some((bytes, data)))
}

/// How far a file of a paper is here.
#[utoipa::path(
    get, path = "/v1/blobs/{hash}/stands", tag = "protocol", security(("device" = [])),
    params(("hash" = String, Path, description = "BLAKE3 of the file, 64 hexadecimal digits"), ("motcua-proto" = u16, Header, description = "Version of the protocol that is spoken"),),
    responses(
        (status = 200, description = "How far", body = ref("#/components/schemas/BlobStands")),
        (status = 400, description = "No address", body = ref("#/components/schemas/ApiError")),
        (status = 401, description = "No token, or one that has run out", body = ref("#/components/schemas/Refused")),
        (status = 403, description = "Access was taken away", body = ref("#/components/schemas/Refused")),
        (status = 426, description = "A version of the protocol that is not spoken here", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now; nothing was done", body = ref("#/components/schemas/Refused")),
    )
)]
pub(crate) async fn get_stands(
    State(central): State<Arc<Central>>,
    Extension(device): Extension<Device>,
    Path(hash): Path<String>,
) -> Response {
    let Some(hash) = address(&hash) else {
        return no_address();
    };
    match stands(&central.pool, device.office, &hash).await {
        Ok(stands) => said(StatusCode::OK, &stands),
        Err(error) => fault(&error),
    }
}

#[derive(Deserialize)]
pub(crate) struct Piece {
    offset: u64,
    total: u64,
}

/// The next piece of a file of a paper.
#[utoipa::path(
    post, path = "/v1/blobs/{hash}", tag = "protocol", security(("device" = [])),
    params(
        ("hash" = String, Path, description = "BLAKE3 of the file, 64 hexadecimal digits"),
        ("offset" = u64, Query, description = "Where the piece begins: as many bytes as are here"),
        ("total" = u64, Query, description = "Bytes of the whole file, at most 200,000,000"),
        ("motcua-proto" = u16, Header, description = "Version of the protocol that is spoken"),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "At most 1 MiB"),
    responses(
        (status = 200, description = "Kept; whole once the last piece is here and the content is what the address says", body = ref("#/components/schemas/BlobStands")),
        (status = 400, description = "No address, no bytes", body = ref("#/components/schemas/ApiError")),
        (status = 401, description = "No token, or one that has run out", body = ref("#/components/schemas/Refused")),
        (status = 403, description = "Access was taken away", body = ref("#/components/schemas/Refused")),
        (status = 408, description = "It did not come in time"),
        (status = 409, description = "It does not follow what is here (`BLOB_OFFSET`); ask how far it is", body = ref("#/components/schemas/ApiError")),
        (status = 413, description = "Too large a piece, or file", body = ref("#/components/schemas/ApiError")),
        (status = 422, description = "All pieces together are not what the address says (`BLOB_DAMAGED`); they were thrown away", body = ref("#/components/schemas/ApiError")),
        (status = 426, description = "A version of the protocol that is not spoken here", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now; nothing was done", body = ref("#/components/schemas/Refused")),
    )
)]
pub(crate) async fn post_piece(
    State(central): State<Arc<Central>>,
    Extension(device): Extension<Device>,
    Path(hash): Path<String>,
    Query(Piece { offset, total }): Query<Piece>,
    body: Body,
) -> Response {
    let Some(hash) = address(&hash) else {
        return no_address();
    };
    let too_large = || {
        refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::ScanTooLarge,
            "Tệp hoặc phần tệp lớn hơn mức nhận. Chưa nhận gì.",
        )
    };
    if total > MAX_BYTES {
        return too_large();
    }
    let Ok(_place) = PLACES.try_acquire() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let piece = match tokio::time::timeout(BODY, axum::body::to_bytes(body, MOST_PIECE)).await {
        Ok(Ok(piece)) => piece,
        Ok(Err(_)) => return too_large(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    if piece.is_empty() || total == 0 {
        return refuse(
            StatusCode::BAD_REQUEST,
            Code::ArgumentInvalid,
            "Phần tệp rỗng. Chưa nhận gì.",
        );
    }
    match take(&central.pool, device.office, &hash, (offset, total), &piece).await {
        Ok(Took::Stands(stands)) => {
            central.metrics.took_piece(piece.len());
            said(StatusCode::OK, &stands)
        }
        Ok(Took::Elsewhere) => {
            central.metrics.refused_piece();
            refuse(
                StatusCode::CONFLICT,
                Code::BlobOffset,
                "Phần tệp gửi tới không nối tiếp phần đã có. Mời gửi tiếp từ chỗ đã có.",
            )
        }
        Ok(Took::Damaged) => {
            central.metrics.refused_piece();
            refuse(
                StatusCode::UNPROCESSABLE_ENTITY,
                Code::BlobDamaged,
                "Tệp nhận được không khớp dấu băm nên không giữ. Mời gửi lại từ đầu.",
            )
        }
        Err(error) => fault(&error),
    }
}

#[derive(Deserialize)]
pub(crate) struct Start {
    #[serde(default)]
    offset: u64,
}

/// A piece of a file of a paper, for the office that had it.
#[utoipa::path(
    get, path = "/v1/blobs/{hash}", tag = "protocol", security(("device" = [])),
    params(
        ("hash" = String, Path, description = "BLAKE3 of the file, 64 hexadecimal digits"),
        ("offset" = Option<u64>, Query, description = "From where on"),
        ("motcua-proto" = u16, Header, description = "Version of the protocol that is spoken"),
    ),
    responses(
        (status = 200, description = "Bytes from there on, none past the end; `motcua-total` says how many there are in all", content_type = "application/octet-stream"),
        (status = 400, description = "No address", body = ref("#/components/schemas/ApiError")),
        (status = 401, description = "No token, or one that has run out", body = ref("#/components/schemas/Refused")),
        (status = 403, description = "Access was taken away", body = ref("#/components/schemas/Refused")),
        (status = 404, description = "This office has no such file", body = ref("#/components/schemas/ApiError")),
        (status = 426, description = "A version of the protocol that is not spoken here", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now", body = ref("#/components/schemas/Refused")),
    )
)]
pub(crate) async fn get_piece(
    State(central): State<Arc<Central>>,
    Extension(device): Extension<Device>,
    Path(hash): Path<String>,
    Query(Start { offset }): Query<Start>,
) -> Response {
    let Some(hash) = address(&hash) else {
        return no_address();
    };
    let Ok(_place) = PLACES.try_acquire() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    match give(&central.pool, device.office, &hash, offset).await {
        Ok(Some((total, data))) => {
            let mut response = data.into_response();
            let headers = response.headers_mut();
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/octet-stream"),
            );
            headers.insert("motcua-total", HeaderValue::from(total));
            response
        }
        Ok(None) => refuse(
            StatusCode::NOT_FOUND,
            Code::BlobMissing,
            "Đơn vị không có tệp này ở trung tâm.",
        ),
        Err(error) => fault(&error),
    }
}
