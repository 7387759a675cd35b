//! The board for televisions on the network: it shows the board and does nothing else.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path as UrlPath, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use motcua_app::{App, Caller, Change};
use motcua_protocol::verbs::{Verb as _, board};
use serde_json::json;
use tokio::sync::broadcast;

use super::{Open, Screens};
use crate::routes;

/// The page of the board.
const PAGE: &str = "board.html";
/// Characters of a short link.
const SHORT: usize = 6;

#[derive(Debug, Clone)]
struct Shared {
    app: Arc<App>,
    token: Arc<str>,
    changes: broadcast::Sender<Change>,
}

/// The path under which somebody at a television types the board's address.
pub(crate) fn short(token: &str) -> String {
    super::short("motcua board short link 1", token, SHORT)
}

/// Opens the board on an address.
pub(crate) async fn open(
    app: Arc<App>,
    token: &str,
    screens: Arc<dyn Screens>,
    changes: broadcast::Sender<Change>,
    at: SocketAddr,
) -> io::Result<Open> {
    let router = Router::new()
        .route("/rpc/board.get", post(look))
        .route("/events", get(events))
        .route("/sounds/{name}", get(sound))
        .route("/{short}", get(typed))
        .with_state(Shared {
            app,
            token: token.into(),
            changes,
        });
    super::open(router.merge(super::files(PAGE, screens)), at).await
}

fn may(shared: &Shared, headers: &HeaderMap) -> bool {
    routes::bearer(headers).is_some_and(|token| routes::same(token, &shared.token))
}

/// Whoever types the short link is led to the page with the token.
async fn typed(State(shared): State<Shared>, UrlPath(typed): UrlPath<String>) -> Response {
    if !routes::same(&typed.to_lowercase(), &short(&shared.token)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    super::led_to(&format!("/{PAGE}#token={}", shared.token))
}

/// Whatever is sent along is not read.
async fn look(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if !may(&shared, &headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let nobody = Caller {
        officer: Some(String::new()),
        command_id: None,
    };
    let called = tokio::task::spawn_blocking(move || {
        let name = board::Get::NAME;
        shared.app.call(&nobody, name, json!({}))
    });
    match called.await {
        Ok(Ok(answer)) => Json(answer).into_response(),
        Ok(Err(error)) => routes::refuse(error),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn events(
    State(shared): State<Shared>,
    Query(query): Query<routes::EventsQuery>,
) -> Response {
    if !routes::same(&query.token, &shared.token) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    routes::pushed(shared.changes.subscribe(), routes::Grant::Board)
}

async fn sound(
    State(shared): State<Shared>,
    UrlPath(name): UrlPath<String>,
    headers: HeaderMap,
) -> Response {
    if !may(&shared, &headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    routes::clip(shared.app, name).await
}
