//! The board for televisions on the network: a listener of its own that shows the board and does
//! nothing else. Why it is plain HTTP stands in `docs/decisions/0006-board-on-the-network.md`.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path as UrlPath, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use motcua_app::{App, Caller, Change};
use motcua_protocol::verbs::{Verb as _, board};
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{broadcast, watch},
    task::JoinHandle,
};

use crate::{
    lan::crowd::{AtOwnLimit, Crowd, Place, machine},
    routes,
};

/// The page of the board.
const PAGE: &str = "/board.html";
/// Connections in all and of one address: a few televisions with a few each.
const MOST: usize = 48;
const MOST_OF_ONE: usize = 12;
/// A request's head comes in within this time or not at all.
const HEAD: Duration = Duration::from_secs(5);
/// Characters of a short link.
const SHORT: usize = 6;

/// The built screens, wherever they are kept.
pub trait Screens: std::fmt::Debug + Send + Sync {
    /// A file by its path from the root, `board.html`; `None` where there is none.
    fn file(&self, path: &str) -> Option<Vec<u8>>;
}

/// Screens in a folder.
#[derive(Debug)]
pub(crate) struct Built(pub(crate) PathBuf);

impl Screens for Built {
    fn file(&self, path: &str) -> Option<Vec<u8>> {
        std::fs::read(self.0.join(path)).ok()
    }
}

/// An open listener; closed when dropped.
#[derive(Debug)]
pub(crate) struct BoardOpen {
    pub(crate) address: SocketAddr,
    stop: watch::Sender<bool>,
    ended: JoinHandle<()>,
}

impl BoardOpen {
    /// Ends every connection and lets the address go.
    pub(crate) async fn close(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.ended.await {
            tracing::error!(%error, "board listener");
        }
    }
}

#[derive(Debug, Clone)]
struct Shared {
    app: Arc<App>,
    token: Arc<str>,
    screens: Arc<dyn Screens>,
    changes: broadcast::Sender<Change>,
}

/// The path under which somebody at a television types the board's address. It follows from the
/// token and tells nothing of it.
pub(crate) fn short(token: &str) -> String {
    let digest = blake3::derive_key("motcua board short link 1", token.as_bytes());
    crate::pairing::letters(&digest)
        .take(SHORT)
        .collect::<String>()
        .to_lowercase()
}

/// Opens the board on an address.
pub(crate) async fn open(
    app: Arc<App>,
    token: &str,
    screens: Arc<dyn Screens>,
    changes: broadcast::Sender<Change>,
    at: SocketAddr,
) -> io::Result<BoardOpen> {
    let listener = TcpListener::bind(at).await?;
    let address = listener.local_addr()?;
    let router = router(Shared {
        app,
        token: token.into(),
        screens,
        changes,
    });
    let (stop, stops) = watch::channel(false);
    let ended = tokio::spawn(run(listener, router, stops));
    Ok(BoardOpen {
        address,
        stop,
        ended,
    })
}

fn router(shared: Shared) -> Router {
    let router = Router::new()
        .route(PAGE, get(page))
        .route("/favicon.svg", get(icon))
        .route("/assets/{name}", get(asset))
        .route("/rpc/board.get", post(look))
        .route("/events", get(events))
        .route("/sounds/{name}", get(sound))
        .route("/{short}", get(typed))
        .layer(middleware::from_fn(by_address));
    routes::guarded(router).with_state(shared)
}

/// A page of another site that resolves its name to this machine would come with that name.
async fn by_address(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|h| h.to_str().ok()).unwrap_or_default();
    if host.parse::<SocketAddr>().is_ok() || host.parse::<IpAddr>().is_ok() {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

fn may(shared: &Shared, headers: &HeaderMap) -> bool {
    routes::bearer(headers).is_some_and(|token| routes::same(token, &shared.token))
}

/// Whoever types the short link is led to the page with the token.
async fn typed(State(shared): State<Shared>, UrlPath(typed): UrlPath<String>) -> Response {
    let typed = typed.to_lowercase();
    if !routes::same(&typed, &short(&shared.token)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let page = format!("{PAGE}#token={}", shared.token);
    match HeaderValue::from_str(&page) {
        Ok(page) => (StatusCode::SEE_OTHER, [(header::LOCATION, page)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn page(State(shared): State<Shared>) -> Response {
    file(shared, "board.html".to_owned()).await
}

async fn icon(State(shared): State<Shared>) -> Response {
    file(shared, "favicon.svg".to_owned()).await
}

async fn asset(State(shared): State<Shared>, UrlPath(name): UrlPath<String>) -> Response {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.chars().all(plain) || name.starts_with('.') {
        return StatusCode::NOT_FOUND.into_response();
    }
    file(shared, format!("assets/{name}")).await
}

fn media(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(|e| e.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

async fn file(shared: Shared, path: String) -> Response {
    let kind = [(header::CONTENT_TYPE, media(&path))];
    let found = tokio::task::spawn_blocking(move || shared.screens.file(&path)).await;
    match found {
        Ok(Some(bytes)) => (kind, bytes).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
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
    axum::extract::Query(query): axum::extract::Query<routes::EventsQuery>,
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

async fn run(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let crowd = Crowd::new(MOST, MOST_OF_ONE, AtOwnLimit::Refuse, 1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => return,
        };
        match accepted {
            Ok((stream, from)) => {
                if let Some(place) = crowd.enter(machine(from.ip())) {
                    tokio::spawn(serve(stream, router.clone(), place, stop.clone()));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "board connection not taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(
    stream: TcpStream,
    router: Router,
    place: Place<IpAddr>,
    mut stop: watch::Receiver<bool>,
) {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(16 << 10);
    let service = TowerToHyperService::new(router);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!(%error, "board connection ended");
            }
        }
        _ = place.taken_away() => {}
        _ = stop.changed() => {}
    }
}
