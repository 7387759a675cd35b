//! Every route: `/rpc/{name}`, `/events`, and the screens.

use std::{convert::Infallible, net::SocketAddr, path::Path, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path as UrlPath, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::{get, post},
};
use motcua_app::{App, Caller, Change};
use motcua_domain::Code;
use motcua_protocol::ApiError;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::broadcast;
use tokio_stream::{Stream, StreamExt as _, wrappers::BroadcastStream};
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};
use uuid::Uuid;

/// Arguments are small; only a catalogue file is not.
const SMALL: usize = 1 << 20;
const LARGE: usize = 96 << 20;

/// No script, style or connection but our own.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Clone)]
struct Shared {
    app: Arc<App>,
    token: Arc<str>,
    host: [String; 2],
    changes: broadcast::Sender<Change>,
}

pub(crate) fn router(
    app: Arc<App>,
    address: SocketAddr,
    token: String,
    ui: Option<&Path>,
) -> Router {
    let (changes, _) = broadcast::channel(256);
    bridge(&app, changes.clone());
    let shared = Shared {
        app,
        token: token.into(),
        host: [address.to_string(), format!("localhost:{}", address.port())],
        changes,
    };
    let mut router = Router::new()
        .route(
            "/rpc/catalogue.import",
            post(import).layer(DefaultBodyLimit::max(LARGE)),
        )
        .route("/rpc/{name}", post(rpc).layer(DefaultBodyLimit::max(SMALL)))
        .route("/events", get(events));
    if let Some(ui) = ui {
        router = router.fallback_service(ServeDir::new(ui));
    }
    let set =
        |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    router
        .layer(middleware::from_fn_with_state(
            shared.clone(),
            this_host_only,
        ))
        .layer(set(header::CONTENT_SECURITY_POLICY, CSP))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(set(header::REFERRER_POLICY, "no-referrer"))
        .layer(set(header::CACHE_CONTROL, "no-store"))
        .with_state(shared)
}

/// Changes come from the application's own threads; browsers hang on a broadcast.
fn bridge(app: &Arc<App>, changes: broadcast::Sender<Change>) {
    let receiver = app.subscribe();
    std::thread::spawn(move || {
        while let Ok(change) = receiver.recv() {
            // Nobody listens: nothing to tell.
            changes.send(change).ok();
        }
    });
}

/// A page of another site that resolves its name to this machine is still another site.
async fn this_host_only(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|h| h.to_str().ok())
        .unwrap_or_default();
    if shared.host.iter().any(|h| h == host) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

fn same(a: &str, b: &str) -> bool {
    // Every byte is looked at, so that the time it takes tells nothing about the token.
    a.len() == b.len()
        && a.bytes()
            .zip(b.bytes())
            .fold(0_u8, |acc, (x, y)| acc | (x ^ y))
            == 0
}

fn authorised(shared: &Shared, headers: &HeaderMap) -> bool {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "))
        .is_some_and(|token| same(token, &shared.token))
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::NotFound | Code::UnknownCommand | Code::ProcedureUnknown => StatusCode::NOT_FOUND,
        Code::NotAllowed | Code::OfficerUnknown => StatusCode::FORBIDDEN,
        Code::StoreFault
        | Code::StoreDamaged
        | Code::InternalFault
        | Code::DiskFull
        | Code::ReadOnly
        | Code::AssetFault => StatusCode::INTERNAL_SERVER_ERROR,
        Code::VisitState | Code::VisitAlreadyCalled | Code::CounterBusy | Code::CommandIdReused => {
            StatusCode::CONFLICT
        }
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn refuse(error: ApiError) -> Response {
    (status(error.code), Json(error)).into_response()
}

fn invalid(message: &str) -> Response {
    refuse(ApiError {
        code: Code::ArgumentInvalid,
        message: message.to_owned(),
        field: None,
    })
}

async fn import(state: State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    rpc(state, UrlPath("catalogue.import".to_owned()), headers, body).await
}

async fn rpc(
    State(shared): State<Shared>,
    UrlPath(name): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !authorised(&shared, &headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let text = |header: &str| {
        headers
            .get(header)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    let command_id = match text("x-command-id").map(|id| Uuid::parse_str(&id)) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => return invalid("Mã lệnh (x-command-id) phải là UUID. Chưa ghi gì."),
    };
    let args: Value = if body.is_empty() {
        Value::Null
    } else {
        match serde_json::from_slice(&body) {
            Ok(args) => args,
            Err(_) => return invalid("Nội dung gửi lên không phải JSON. Chưa ghi gì."),
        }
    };
    let caller = Caller {
        officer: text("x-officer"),
        command_id,
    };
    // A command waits for the disk: not on the runtime's own threads.
    let called = tokio::task::spawn_blocking(move || shared.app.call(&caller, &name, args)).await;
    match called {
        Ok(Ok(answer)) => Json(answer).into_response(),
        Ok(Err(error)) => refuse(error),
        Err(error) => {
            tracing::error!(%error, "command panicked");
            refuse(ApiError {
                code: Code::InternalFault,
                message: "Chương trình gặp lỗi khi làm việc này. Những gì đã báo ghi vẫn an toàn. Mời làm lại; nếu vẫn vậy, mời báo người quản trị.".to_owned(),
                field: None,
            })
        }
    }
}

#[derive(Deserialize)]
struct EventsQuery {
    token: String,
}

async fn events(State(shared): State<Shared>, Query(query): Query<EventsQuery>) -> Response {
    if !same(&query.token, &shared.token) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Sse::new(stream(shared.changes.subscribe()))
        .keep_alive(KeepAlive::default())
        .into_response()
}

fn stream(changes: broadcast::Receiver<Change>) -> impl Stream<Item = Result<Event, Infallible>> {
    // The first event tells the page that it is connected; a page that fell behind is told to
    // look at everything anew.
    let hello = tokio_stream::once(Ok(Event::default().event("hello").data("{}")));
    hello.chain(BroadcastStream::new(changes).map(|change| {
        Ok(match change {
            Ok(change) => Event::default()
                .json_data(&change)
                .unwrap_or_else(|_| Event::default().event("resync").data("{}")),
            Err(_) => Event::default().event("resync").data("{}"),
        })
    }))
}
