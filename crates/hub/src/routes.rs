//! Every route: `/rpc/{name}`, `/events`, `/sounds/{name}`, `/kiosk-link`, `/rating-link`, and the
//! screens. Four tokens open them: an officer's; a board's, which only reads what the hall may
//! read; a self-service terminal's, which only gives numbers; and a rating screen's, which only
//! gives ratings.

use std::{convert::Infallible, net::SocketAddr, path::Path, sync::Arc, time::Duration};

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
use motcua_app::{App, Caller, Change, Topic};
use motcua_domain::Code;
use motcua_protocol::{
    ApiError,
    verbs::{Verb, board},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::broadcast;
use tokio_stream::{Stream, StreamExt as _, wrappers::BroadcastStream};
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};
use uuid::Uuid;

use crate::{endpoint::Endpoint, folder::Folder};

/// Arguments are small; only a catalogue file is not.
const SMALL: usize = 1 << 20;
const LARGE: usize = 96 << 20;

/// All that a board may ask.
const BOARD_VERB: &str = <board::Get as Verb>::NAME;

/// All that a terminal may ask while the machine is none.
const KIOSK_LOOK: &str = <motcua_protocol::verbs::kiosk::Get as Verb>::NAME;

/// A silent line is spoken on this often.
const BEAT: Duration = Duration::from_secs(2);

/// No script, style or connection but our own.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Clone)]
struct Shared {
    app: Arc<App>,
    token: Arc<str>,
    board: Arc<str>,
    kiosk: Arc<str>,
    /// Where the terminal's page lies, with its token.
    kiosk_url: Arc<str>,
    rating: Arc<str>,
    /// Where a rating screen lies, with its token.
    rating_url: Arc<str>,
    host: [String; 2],
    changes: broadcast::Sender<Change>,
}

pub(crate) fn router(
    app: Arc<App>,
    address: SocketAddr,
    endpoint: &Endpoint,
    ui: Option<&Path>,
    folder: Folder,
    changes: broadcast::Sender<Change>,
) -> Router {
    let shared = Shared {
        app,
        token: endpoint.token.as_str().into(),
        board: endpoint.board.as_str().into(),
        kiosk: endpoint.kiosk.as_str().into(),
        kiosk_url: endpoint.kiosk_url().into(),
        rating: endpoint.rating.as_str().into(),
        rating_url: endpoint.rating_url().into(),
        host: hosts(address),
        changes,
    };
    let mut router = Router::new()
        .route(
            "/rpc/catalogue.import",
            post(import).layer(DefaultBodyLimit::max(LARGE)),
        )
        .route("/rpc/{name}", post(rpc).layer(DefaultBodyLimit::max(SMALL)))
        .route("/sounds/{name}", get(sound))
        .route("/events", get(events))
        .route("/kiosk-link", get(kiosk_link))
        .route("/rating-link", get(rating_link))
        .merge(folder.routes());
    if let Some(ui) = ui {
        router = router.fallback_service(ServeDir::new(ui));
    }
    guarded(router.layer(middleware::from_fn_with_state(
        shared.clone(),
        this_host_only,
    )))
    .with_state(shared)
}

/// What every answer says to a browser: no foreign script, nothing kept.
pub(crate) fn guarded<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    let set =
        |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    router
        .layer(set(header::CONTENT_SECURITY_POLICY, CSP))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(set(header::REFERRER_POLICY, "no-referrer"))
        .layer(set(header::CACHE_CONTROL, "no-store"))
}

/// The names under which a browser on this machine comes.
pub(crate) fn hosts(address: SocketAddr) -> [String; 2] {
    [address.to_string(), format!("localhost:{}", address.port())]
}

/// Changes come from the application's own threads; browsers hang on a broadcast.
pub(crate) fn bridge(app: &Arc<App>) -> broadcast::Sender<Change> {
    let (sender, _) = broadcast::channel(256);
    let changes = sender.clone();
    let receiver = app.subscribe();
    std::thread::spawn(move || {
        while let Ok(change) = receiver.recv() {
            // Nobody listens: nothing to tell.
            changes.send(change).ok();
        }
    });
    sender
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

pub(crate) fn same(a: &str, b: &str) -> bool {
    // Every byte is looked at, so that the time it takes tells nothing about the token.
    a.len() == b.len()
        && a.bytes()
            .zip(b.bytes())
            .fold(0_u8, |acc, (x, y)| acc | (x ^ y))
            == 0
}

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    /// Every verb, as the officer who is named.
    Officer,
    /// Only what the hall may read, as nobody.
    Board,
    /// Only what a self-service terminal needs.
    Kiosk,
    /// Only what a rating screen needs.
    Rating,
}

fn grant(shared: &Shared, token: &str) -> Option<Grant> {
    if same(token, &shared.token) {
        Some(Grant::Officer)
    } else if same(token, &shared.board) {
        Some(Grant::Board)
    } else if same(token, &shared.kiosk) {
        Some(Grant::Kiosk)
    } else if same(token, &shared.rating) {
        Some(Grant::Rating)
    } else {
        None
    }
}

/// Whether a token opens a verb; refused here, whatever the application would say.
fn opens(shared: &Shared, grant: Grant, name: &str) -> Result<(), ApiError> {
    let refusal = |code, message: &str| {
        Err(ApiError {
            code,
            message: message.to_owned(),
            field: None,
        })
    };
    match grant {
        Grant::Officer => Ok(()),
        Grant::Board if name == BOARD_VERB => Ok(()),
        Grant::Board => refusal(
            Code::NotAllowed,
            "Bảng gọi số chỉ được xem. Chưa ghi gì. Mời làm việc này ở quầy.",
        ),
        Grant::Kiosk if !motcua_app::kiosk::VERBS.contains(&name) => refusal(
            Code::NotAllowed,
            "Máy tự phục vụ chỉ lấy số và in phiếu. Chưa ghi gì. Mời gặp cán bộ tiếp đón.",
        ),
        Grant::Kiosk if name != KIOSK_LOOK && !shared.app.kiosk_on() => refusal(
            Code::KioskMode,
            "Máy này chưa bật chế độ tự phục vụ. Chưa cấp số. Mời gặp cán bộ tiếp đón.",
        ),
        Grant::Kiosk => Ok(()),
        Grant::Rating if motcua_app::rater::VERBS.contains(&name) => Ok(()),
        Grant::Rating => refusal(
            Code::NotAllowed,
            "Màn hình này chỉ để đánh giá. Chưa ghi gì. Mời gặp cán bộ tại quầy.",
        ),
    }
}

/// Tells a supervisor's page where the terminal's page is.
async fn kiosk_link(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if granted(&shared, &headers) != Some(Grant::Officer) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(serde_json::json!({ "url": &*shared.kiosk_url })).into_response()
}

/// Tells a supervisor's page where rating screens are; the counter's number is put behind it.
async fn rating_link(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if granted(&shared, &headers) != Some(Grant::Officer) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(serde_json::json!({ "url": &*shared.rating_url })).into_response()
}

/// The token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "))
}

fn granted(shared: &Shared, headers: &HeaderMap) -> Option<Grant> {
    grant(shared, bearer(headers)?)
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::NotFound | Code::UnknownCommand | Code::ProcedureUnknown => StatusCode::NOT_FOUND,
        Code::NotAllowed | Code::OfficerUnknown | Code::KioskMode => StatusCode::FORBIDDEN,
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

pub(crate) fn refuse(error: ApiError) -> Response {
    (status(error.code), Json(error)).into_response()
}

pub(crate) fn invalid(message: &str) -> Response {
    refuse(argument_invalid(message))
}

fn argument_invalid(message: &str) -> ApiError {
    ApiError {
        code: Code::ArgumentInvalid,
        message: message.to_owned(),
        field: None,
    }
}

fn text<'a>(headers: &'a HeaderMap, header: &str) -> Option<&'a str> {
    headers.get(header).and_then(|v| v.to_str().ok())
}

/// The id that a command was given before the act.
pub(crate) fn command_id(headers: &HeaderMap) -> Result<Option<Uuid>, ApiError> {
    text(headers, "x-command-id")
        .map(Uuid::parse_str)
        .transpose()
        .map_err(|_| argument_invalid("Mã lệnh (x-command-id) phải là UUID. Chưa ghi gì."))
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
    let Some(grant) = granted(&shared, &headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    if let Err(refused) = opens(&shared, grant, &name) {
        return refuse(refused);
    }
    let command_id = match command_id(&headers) {
        Ok(command_id) => command_id,
        Err(refused) => return refuse(refused),
    };
    let args: Value = if body.is_empty() {
        Value::Null
    } else {
        match serde_json::from_slice(&body) {
            Ok(args) => args,
            Err(_) => return invalid("Nội dung gửi lên không phải JSON. Chưa ghi gì."),
        }
    };
    let caller = match grant {
        Grant::Officer => Caller {
            officer: text(&headers, "x-officer").map(str::to_owned),
            command_id,
        },
        // Whoever the board says it is, it is nobody.
        Grant::Board => Caller {
            officer: Some(String::new()),
            command_id: None,
        },
        Grant::Kiosk => Caller {
            officer: Some(motcua_app::kiosk::KIOSK.to_owned()),
            command_id,
        },
        Grant::Rating => Caller {
            officer: Some(motcua_app::rater::RATER.to_owned()),
            command_id,
        },
    };
    called(shared.app, caller, name, args).await
}

/// Has the application do it.
pub(crate) async fn called(app: Arc<App>, caller: Caller, name: String, args: Value) -> Response {
    // A command waits for the disk: not on the runtime's own threads.
    let called = tokio::task::spawn_blocking(move || app.call(&caller, &name, args)).await;
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

/// A clip of the spoken call.
async fn sound(
    State(shared): State<Shared>,
    UrlPath(name): UrlPath<String>,
    headers: HeaderMap,
) -> Response {
    if granted(&shared, &headers).is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    clip(shared.app, name).await
}

/// That clip's bytes.
pub(crate) async fn clip(app: Arc<App>, name: String) -> Response {
    let found = tokio::task::spawn_blocking(move || app.sound(&name)).await;
    match found {
        Ok(Some(clip)) => {
            let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
            (kind, Bytes::from(clip.into_owned())).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(Deserialize)]
pub(crate) struct EventsQuery {
    pub(crate) token: String,
}

async fn events(State(shared): State<Shared>, Query(query): Query<EventsQuery>) -> Response {
    let Some(grant) = grant(&shared, &query.token) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    pushed(shared.changes.subscribe(), grant)
}

/// Changes as server-sent events.
pub(crate) fn pushed(changes: broadcast::Receiver<Change>, grant: Grant) -> Response {
    sent(told(changes, grant))
}

/// The same of what is told.
pub(crate) fn sent(
    told: impl Stream<Item = Result<Event, Infallible>> + Send + 'static,
) -> Response {
    // A line that was cut says nothing; a page that hears no beat knows.
    let beat = KeepAlive::new()
        .interval(BEAT)
        .event(Event::default().event("beat").data("{}"));
    Sse::new(told).keep_alive(beat).into_response()
}

/// Whether a change can be seen on the board.
fn on_board(change: &Change) -> bool {
    change
        .topics
        .iter()
        .any(|topic| matches!(topic, Topic::Queue | Topic::Branch | Topic::Day))
}

/// Whether a change can be seen at a terminal: the queue, and its ticket on the way.
fn at_terminal(change: &Change) -> bool {
    on_board(change) || change.topics.contains(&Topic::Print)
}

/// What a page with that grant is told of changes.
pub(crate) fn told(
    changes: broadcast::Receiver<Change>,
    grant: Grant,
) -> impl Stream<Item = Result<Event, Infallible>> {
    // The first event tells the page that it is connected; a page that fell behind is told to
    // look at everything anew.
    let hello = tokio_stream::once(Ok(Event::default().event("hello").data("{}")));
    let told = BroadcastStream::new(changes).filter_map(move |change| {
        let resync = || Event::default().event("resync").data("{}");
        match change {
            Ok(change) if matches!(grant, Grant::Board | Grant::Rating) && !on_board(&change) => {
                None
            }
            Ok(change) if grant == Grant::Kiosk && !at_terminal(&change) => None,
            Ok(change) => Some(
                Event::default()
                    .json_data(&change)
                    .unwrap_or_else(|_| resync()),
            ),
            Err(_) => Some(resync()),
        }
    });
    hello.chain(told.map(Ok))
}
