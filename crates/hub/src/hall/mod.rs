//! What a machine shows to browsers of its network over plain HTTP: the board for televisions, and
//! the rating page for tablets. Each has an address of its own, behind which there is nothing else;
//! how it listens is the same for both. Why it is plain HTTP stands in
//! `docs/decisions/0006-board-on-the-network.md`.

pub(crate) mod board;
mod pace;
mod rating;
pub(crate) mod tablets;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{
    Extension, Router,
    extract::{Path as UrlPath, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use crate::{
    lan::crowd::{AtOwnLimit, Crowd, Place, machine},
    routes,
};

/// Connections in all and of one address: a few screens with a few each.
const MOST: usize = 48;
const MOST_OF_ONE: usize = 12;
/// A request's head comes in within this time or not at all.
const HEAD: Duration = Duration::from_secs(5);

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

/// Whose connection a request came on: one machine, however many addresses it has.
#[derive(Debug, Clone, Copy)]
struct Visitor(IpAddr);

/// An open listener; closed when dropped.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) address: SocketAddr,
    stop: watch::Sender<bool>,
    ended: JoinHandle<()>,
}

impl Open {
    /// Ends every connection and lets the address go.
    pub(crate) async fn close(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.ended.await {
            tracing::error!(%error, "hall listener");
        }
    }
}

/// Shows what is routed there on an address.
async fn open(router: Router, at: SocketAddr) -> io::Result<Open> {
    let listener = TcpListener::bind(at).await?;
    let address = listener.local_addr()?;
    let router = routes::guarded(router.layer(middleware::from_fn(by_address)));
    let (stop, stops) = watch::channel(false);
    let ended = tokio::spawn(run(listener, router, stops));
    Ok(Open {
        address,
        stop,
        ended,
    })
}

/// The path under which somebody types an address. It follows from the token and tells nothing of
/// it; `of` keeps the paths of one kind of screen apart from those of another.
fn short(of: &str, token: &str, characters: usize) -> String {
    let digest = blake3::derive_key(of, token.as_bytes());
    crate::pairing::letters(&digest)
        .take(characters)
        .collect::<String>()
        .to_lowercase()
}

/// Leads whoever typed a short link to the page, with what the page needs behind it.
fn led_to(page: &str) -> Response {
    match HeaderValue::from_str(page) {
        Ok(page) => (StatusCode::SEE_OTHER, [(header::LOCATION, page)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
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

/// One page with what it is built of. The assets are the program's own code and letters, the same
/// on every machine of every branch.
fn files(page: &'static str, screens: Arc<dyn Screens>) -> Router {
    let whole = move |State(screens): State<Arc<dyn Screens>>| file(screens, page.to_owned());
    Router::new()
        .route(&format!("/{page}"), get(whole))
        .route("/favicon.svg", get(icon))
        .route("/assets/{name}", get(asset))
        .with_state(screens)
}

async fn icon(State(screens): State<Arc<dyn Screens>>) -> Response {
    file(screens, "favicon.svg".to_owned()).await
}

async fn asset(
    State(screens): State<Arc<dyn Screens>>,
    UrlPath(name): UrlPath<String>,
) -> Response {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.chars().all(plain) || name.starts_with('.') {
        return StatusCode::NOT_FOUND.into_response();
    }
    file(screens, format!("assets/{name}")).await
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

async fn file(screens: Arc<dyn Screens>, path: String) -> Response {
    let kind = [(header::CONTENT_TYPE, media(&path))];
    let found = tokio::task::spawn_blocking(move || screens.file(&path)).await;
    match found {
        Ok(Some(bytes)) => (kind, bytes).into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
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
                let from = machine(from.ip());
                if let Some(place) = crowd.enter(from) {
                    let router = router.clone().layer(Extension(Visitor(from)));
                    tokio::spawn(serve(stream, router, place, stop.clone()));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "hall connection not taken");
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
                tracing::debug!(%error, "hall connection ended");
            }
        }
        _ = place.taken_away() => {}
        _ = stop.changed() => {}
    }
}
