//! Whether this copy can do its work: not only reach its database, but write to it. A database that
//! gave way to another, was set read-only or has no room answers every question and takes nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};

use crate::{
    error::{Error, Result},
    routes::Central,
};

/// A balancer waits no longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Classes of SQLSTATE after which the next write is likely to fail too: read-only, no room, going
/// down, a fault of its disk, of itself.
const LASTING: [&str; 5] = ["25", "53", "57", "58", "XX"];

/// How it went last.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// What was to be written last was not.
    failing: AtomicBool,
    /// What was said last ([`Can`]), so that the log tells of changes and not of every question.
    said: AtomicU8,
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Can {
    Everything,
    Nothing,
    OnlyRead,
    NotWrite,
}

impl Can {
    /// For a balancer, and for whoever looks why it turned away.
    fn word(self) -> &'static str {
        match self {
            Self::Everything => "ok",
            Self::Nothing => "database",
            Self::OnlyRead => "database is read-only",
            Self::NotWrite => "database does not write",
        }
    }
}

impl Health {
    /// Something was not stored.
    pub(crate) fn failed(&self, error: &Error) {
        let class = error.sqlstate().and_then(|code| code.get(..2));
        if class.is_some_and(|class| LASTING.contains(&class)) {
            self.failing.store(true, Ordering::Relaxed);
        }
    }

    /// Something was stored.
    pub(crate) fn wrote(&self) {
        self.failing.store(false, Ordering::Relaxed);
    }

    fn says(&self, can: Can) {
        if self.said.swap(can as u8, Ordering::Relaxed) == can as u8 {
            return;
        }
        match can {
            Can::Everything => tracing::info!("health: all is well"),
            _ => tracing::error!(why = can.word(), "health: what comes in cannot be stored"),
        }
    }
}

async fn can(central: &Central) -> Result<Can> {
    let client = central.pool.get().await?;
    let row = client
        .query_one(
            "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean",
            &[],
        )
        .await?;
    if row.get(0) {
        return Ok(Can::OnlyRead);
    }
    if central.health.failing.load(Ordering::Relaxed) {
        // Nothing may come in any more to show that it is over, because a balancer sends nothing
        // here: so it is tried, with a write that changes nothing.
        let tried = client
            .execute("UPDATE installation SET secret = secret", &[])
            .await;
        if let Err(error) = tried {
            let error = Error::from(error);
            tracing::warn!(%error, "health: a write that was tried failed");
            return Ok(Can::NotWrite);
        }
        central.health.wrote();
    }
    Ok(Can::Everything)
}

/// For a balancer: whether this copy can reach its database, and write to it.
#[utoipa::path(
    get, path = "/health", tag = "running",
    responses(
        (status = 200, description = "It can", content_type = "text/plain"),
        (status = 503, description = "It cannot: the database is away, read-only, or does not write", content_type = "text/plain"),
    )
)]
pub(crate) async fn health(State(central): State<Arc<Central>>) -> Response {
    let found = match tokio::time::timeout(PATIENCE, can(&central)).await {
        Ok(Ok(can)) => can,
        Ok(Err(_)) | Err(_) => Can::Nothing,
    };
    central.health.says(found);
    let status = match found {
        Can::Everything => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, found.word()).into_response()
}
