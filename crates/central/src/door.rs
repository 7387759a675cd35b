//! Who is let in to the protocol: the version that is spoken, a token that holds, a machine whose
//! access was not taken away.

use std::{future, pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::HttpBody as _,
    extract::{Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};
use chrono::Datelike as _;
use motcua_protocol::sync::{PROTO, PROTO_MIN, RefusedWhy};
use motcua_sync::wire;

use crate::{
    auth::{self, Device},
    ingest,
    routes::{Central, fault, no, now_ms},
};

/// More than this no machine has not sent.
const MOST_UNSENT: u64 = 1_000_000_000_000;

/// Version and token of whoever asks, and whether its access still stands.
pub(crate) async fn devices_only(
    State(central): State<Arc<Central>>,
    mut request: Request,
    next: Next,
) -> Response {
    let headers: &HeaderMap = request.headers();
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let proto = text(wire::PROTO_HEADER).and_then(|p| p.parse::<u16>().ok());
    if !proto.is_some_and(|p| (PROTO_MIN..=PROTO).contains(&p)) {
        return turned_away(request, RefusedWhy::Proto).await;
    }
    let token = text("authorization").and_then(|v| v.strip_prefix("Bearer "));
    let device = token.and_then(|t| auth::bearer(&central.installation, t, now_ms()));
    let Some(device) = device else {
        return turned_away(request, RefusedWhy::Unauthorized).await;
    };
    let unsent = text(wire::UNSENT_HEADER).and_then(wire::Unsent::read);
    match stands(&central, device, unsent).await {
        Ok(Some(key)) => {
            request.extensions_mut().insert(device);
            request.extensions_mut().insert(key);
            next.run(request).await
        }
        Ok(None) => {
            // Once a quarter of an hour at most: then its token has run out.
            tracing::warn!(device = %device.device, office = device.office, "a device whose access was taken away was turned away");
            turned_away(request, RefusedWhy::UnknownDevice).await
        }
        Err(error) => fault(&error),
    }
}

/// Of what is sent by somebody who is turned away, so much is taken off the line.
const HEARD_OUT: usize = 1 << 20;
const HEARD_OUT_FOR: Duration = Duration::from_secs(5);

/// Refuses, once what was being sent is off the line. Otherwise the line would be closed under the
/// sender, who would hear of a broken line and not of the refusal. Nothing of it is kept.
async fn turned_away(request: Request, why: RefusedWhy) -> Response {
    let mut body = request.into_body();
    let heard = async {
        let mut left = HEARD_OUT;
        while left > 0 {
            let frame = future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            let Some(Ok(frame)) = frame else { return };
            left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.len()));
        }
    };
    // Whoever goes on sending has the line closed.
    tokio::time::timeout(HEARD_OUT_FOR, heard).await.ok();
    no(why)
}

async fn stands(
    central: &Central,
    device: Device,
    unsent: Option<wire::Unsent>,
) -> crate::error::Result<Option<auth::Key>> {
    let client = central.pool.get().await?;
    // Whatever a machine claims: sums stay within bounds, and the database has no such time.
    let count = unsent.map(|u| i64::try_from(u.count.min(MOST_UNSENT)).unwrap_or_default());
    let oldest = unsent
        .and_then(|u| u.oldest_ms)
        .and_then(chrono::DateTime::from_timestamp_millis)
        .filter(|at| (1970..=9999).contains(&at.year()));
    let row = client
        .query_one(
            &client
                .prepare_cached(
                    // To the half minute: a round in which nothing happens need not write. That
                    // something waits, or no longer does, is news at once.
                    "WITH known AS (
                       SELECT device, public_key FROM device WHERE device = $1 AND office_id = $2 AND revoked_at IS NULL
                     ), seen AS (
                       UPDATE device SET seen_at = now(),
                         unsent = CASE WHEN $3::bigint IS NULL THEN unsent ELSE $3::bigint END,
                         oldest_unsent = CASE WHEN $3::bigint IS NULL THEN oldest_unsent ELSE $4::timestamptz END,
                         told_at = CASE WHEN $3::bigint IS NULL THEN told_at ELSE now() END
                       FROM known WHERE device.device = known.device
                         AND (seen_at IS NULL OR seen_at < now() - interval '30 seconds'
                              OR ($3::bigint IS NOT NULL AND (unsent IS NULL OR (unsent = 0) <> ($3::bigint = 0))))
                     )
                     SELECT (SELECT public_key FROM known)",
                )
                .await?,
            &[&device.device, &device.office, &count, &oldest],
        )
        .await?;
    let key: Option<&[u8]> = row.get(0);
    key.map(|key| ingest::hash(key).map(auth::Key)).transpose()
}
