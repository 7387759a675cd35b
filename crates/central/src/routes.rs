//! What central answers. The way in is a token; what is said then is the one protocol of
//! replication, answered by the one set of rules ([`motcua_sync::answer`]).

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    Extension, Json, Router,
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
};
use deadpool_postgres::Pool;
use motcua_domain::Code;
use motcua_protocol::{
    ApiError,
    sync::{
        Limits, MEDIA_ANSWER, MEDIA_EVENTS, Malformed, Refused, RefusedWhy, decode_events,
        encode_events, encode_page,
    },
};
use motcua_sync::{Access, Answer, Request as Asked, answer, wire};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    admission::{Admission, Later},
    auth::{self, AskToken, Device, Enrol, Refusal},
    blobs,
    database::Installation,
    door,
    downstream::{Courier, Outside, courier::Working},
    health::Health,
    ingest::Signed,
    logs::Logs,
    lookup::LookUps,
    metrics::Metrics,
    openapi, operations,
};

/// A body comes in within this time or not at all.
pub(crate) const BODY: Duration = Duration::from_secs(60);
pub(crate) const SMALL: usize = 8 << 10;
const COME_AGAIN_MS: u64 = 2_000;

/// One running copy of central.
#[derive(Debug)]
pub(crate) struct Central {
    pub(crate) pool: Pool,
    pub(crate) installation: Installation,
    pub(crate) metrics: Metrics,
    pub(crate) look_ups: LookUps,
    pub(crate) health: Health,
    batches: Admission,
    /// Something was stored that systems beyond may have to be told: a bell for each.
    news: Mutex<Vec<Arc<Notify>>>,
}

impl Central {
    pub(crate) fn new(
        pool: Pool,
        installation: Installation,
        look_ups: Option<LookUps>,
    ) -> Arc<Self> {
        Arc::new(Self {
            pool,
            installation,
            metrics: Metrics::default(),
            look_ups: look_ups.unwrap_or_else(LookUps::none),
            health: Health::default(),
            batches: Admission::default(),
            news: Mutex::default(),
        })
    }

    /// Something was stored that systems beyond may have to be told.
    pub(crate) fn told_news(&self) {
        let bells = self.news.lock();
        for bell in bells.unwrap_or_else(PoisonError::into_inner).iter() {
            bell.notify_waiters();
            // Also where nobody waits just now.
            bell.notify_one();
        }
    }

    /// Tells a system beyond of cases from now on.
    pub(crate) async fn tells(&self, outside: impl Outside) -> crate::error::Result<Working> {
        let news = Arc::new(Notify::new());
        let bells = self.news.lock();
        bells
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&news));
        let courier = Courier {
            patience: outside.patience(),
            pool: self.pool.clone(),
            runtime: tokio::runtime::Handle::current(),
            outside,
            news,
            unmapped: Mutex::default(),
        };
        courier.start().await
    }
}

/// Every route there is.
pub(crate) fn router(central: Arc<Central>) -> Router {
    let devices = OpenApiRouter::new()
        .routes(routes!(hello))
        .routes(routes!(heads))
        .routes(routes!(past))
        .routes(routes!(events))
        .routes(routes!(feed))
        .routes(routes!(crate::stick::post))
        .routes(routes!(crate::leases::lease_codes))
        .routes(routes!(crate::bundles::next_bundle))
        .routes(routes!(blobs::get_stands))
        .routes(routes!(blobs::get_piece, blobs::post_piece))
        .routes(routes!(crate::lookup::look_up))
        .route_layer(middleware::from_fn_with_state(
            Arc::clone(&central),
            door::devices_only,
        ));
    let all = OpenApiRouter::new()
        .routes(routes!(enrol))
        .routes(routes!(challenge))
        .routes(routes!(token))
        .routes(routes!(crate::health::health))
        .routes(routes!(metrics))
        .routes(routes!(crate::departments::post_report))
        .merge(devices)
        .merge(operations::routes::router());
    openapi::described(all).with_state(central)
}

#[expect(
    clippy::disallowed_methods,
    reason = "here the time comes in; everything behind it is told"
)]
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn said(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = (status, Json(value)).into_response();
    let media = HeaderValue::from_static(MEDIA_ANSWER);
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}

fn refuse(refused: Refused) -> Response {
    let status = match refused.code {
        RefusedWhy::Fork | RefusedWhy::Gap => StatusCode::CONFLICT,
        RefusedWhy::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusedWhy::UnknownDevice | RefusedWhy::WrongBranch => StatusCode::FORBIDDEN,
        RefusedWhy::Proto => StatusCode::UPGRADE_REQUIRED,
        RefusedWhy::Malformed => StatusCode::BAD_REQUEST,
        RefusedWhy::Unauthorized | RefusedWhy::Unsigned => StatusCode::UNAUTHORIZED,
        RefusedWhy::Busy => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = said(status, &refused);
    if let Some(after) = refused.retry_after_ms {
        // The same for those who only read the head of an answer, a balancer for one.
        let seconds = HeaderValue::from(after.div_ceil(1_000));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

pub(crate) fn no(why: RefusedWhy) -> Response {
    refuse(why.into())
}

fn busy() -> Response {
    later(Later(COME_AGAIN_MS))
}

fn later(Later(after): Later) -> Response {
    refuse(Refused {
        retry_after_ms: Some(after),
        ..RefusedWhy::Busy.into()
    })
}

fn not_let_in(why: Refusal) -> Response {
    let (status, code, message) = match why {
        Refusal::Code => (
            StatusCode::FORBIDDEN,
            Code::EnrolCodeWrong,
            "Mã kết nối không đúng, đã dùng hoặc đã hết hạn. Chưa kết nối gì, bản ghi vẫn an toàn trên máy. Mời xin mã mới ở đơn vị quản trị trung tâm.",
        ),
        Refusal::Signature | Refusal::Challenge => (
            StatusCode::UNAUTHORIZED,
            Code::DeviceUnproven,
            "Máy chưa chứng minh được khóa của mình. Bản ghi vẫn an toàn trên máy. Máy sẽ tự thử lại; nếu kéo dài, mời báo người quản trị.",
        ),
        Refusal::OtherDevice => (
            StatusCode::FORBIDDEN,
            Code::DeviceOther,
            "Máy này đã kết nối với trung tâm dưới một đơn vị hoặc một khóa khác. Chưa đổi gì. Mời báo người quản trị trung tâm.",
        ),
        Refusal::OtherBranch => (
            StatusCode::FORBIDDEN,
            Code::BranchOther,
            "Mã kết nối này thuộc đơn vị đã có bản ghi của một chi nhánh khác. Chưa kết nối gì, bản ghi vẫn an toàn trên máy. Mời xin mã riêng cho chi nhánh này.",
        ),
        Refusal::Unknown => (
            StatusCode::FORBIDDEN,
            Code::DeviceUnknown,
            "Trung tâm không biết máy này hoặc đã thu quyền. Bản ghi vẫn an toàn trên máy. Mời xin mã kết nối mới.",
        ),
    };
    said(
        status,
        &ApiError::from(motcua_domain::Refusal::new(code, message)),
    )
}

pub(crate) async fn body_of(body: Body, most: usize) -> Result<Bytes, Response> {
    match tokio::time::timeout(BODY, axum::body::to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(no(RefusedWhy::TooLarge)),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}

/// A fault of ours: told in the log, and to whoever asks only that it was not done.
pub(crate) fn fault(error: &crate::error::Error) -> Response {
    tracing::error!(%error, "request failed");
    busy()
}

/// One request of the protocol, on a thread that may wait for the database.
async fn asked(central: Arc<Central>, device: Device, request: Asked) -> Response {
    asked_by(central, device, request, None).await
}

/// The same for a batch that somebody signed.
async fn asked_by(
    central: Arc<Central>,
    device: Device,
    request: Asked,
    by: Option<Signed>,
) -> Response {
    let pushed = match &request {
        Asked::Push(events) => Some(events.len()),
        _ => None,
    };
    let began = Instant::now();
    let mut logs = Logs {
        pool: central.pool.clone(),
        runtime: tokio::runtime::Handle::current(),
        office: device.office,
        by,
        stored: 0,
    };
    let access = Access {
        device: device.device,
        // A hub brings the logs of its counters; all stay within their own office.
        brings_others: true,
    };
    let done = tokio::task::spawn_blocking(move || {
        let limits = Limits::default();
        let answered = answer(&mut logs, access, &limits, now_ms(), request);
        (answered, logs.stored)
    })
    .await;
    let (answered, stored) = match done {
        Ok((Ok(answered), stored)) => (answered, stored),
        Ok((Err(error), _)) => {
            if pushed.is_some() {
                central.health.failed(&error);
            }
            return fault(&error);
        }
        Err(error) => {
            tracing::error!(%error, "request panicked");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    if stored > 0 {
        central.health.wrote();
        central.told_news();
    }
    if let Some(sent) = pushed {
        central
            .metrics
            .took(stored, sent, began.elapsed().as_secs_f64());
    }
    match answered {
        Answer::Hello(hello) => said(StatusCode::OK, &hello),
        Answer::Heads(heads) => said(StatusCode::OK, &heads),
        Answer::Push(pushed) => said(StatusCode::OK, &pushed),
        Answer::Refused(refused) => {
            central.metrics.refused();
            refuse(refused)
        }
        Answer::Feed { server_epoch, page } => bytes(Some(&server_epoch), &encode_page(&page)),
        Answer::Past(events) => bytes(None, &encode_events(&events)),
    }
}

fn bytes(server_epoch: Option<&str>, content: &[u8]) -> Response {
    let mut response = wire::pack(content).into_response();
    let headers = response.headers_mut();
    let media = HeaderValue::from_static(MEDIA_EVENTS);
    headers.insert(header::CONTENT_TYPE, media);
    if let Some(Ok(epoch)) = server_epoch.map(HeaderValue::from_str) {
        headers.insert(wire::EPOCH_HEADER, epoch);
    }
    response
}

/// Who answers, and under which terms.
#[utoipa::path(
    get, path = "/v1/hello", tag = "protocol", security(("device" = [])),
    params(("motcua-proto" = u16, Header, description = "Version of the protocol that is spoken"), ("motcua-unsent" = Option<String>, Header, description = "How many events were not sent yet, and when the oldest was written (UTC milliseconds)"), ),
    responses(
        (status = 200, description = "Terms", body = ref("#/components/schemas/Hello")),
        (status = 400, description = "Damaged", body = ref("#/components/schemas/Refused")),
        (status = 401, description = "No token, or one that has run out", body = ref("#/components/schemas/Refused")),
        (status = 403, description = "Access was taken away", body = ref("#/components/schemas/Refused")),
        (status = 426, description = "A version of the protocol that is not spoken here", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now; nothing was done", body = ref("#/components/schemas/Refused")),
    )
)]
async fn hello(
    State(central): State<Arc<Central>>,
    Extension(device): Extension<Device>,
) -> Response {
    asked(central, device, Asked::Hello).await
}

#[derive(Deserialize)]
struct HeadsQuery {
    #[serde(default)]
    all: bool,
}

/// What central has of this device's logs, or of all logs of its office.
#[utoipa::path(
    get, path = "/v1/devices/self/heads", tag = "protocol", security(("device" = [])),
    params(("motcua-proto" = u16, Header, description = "Version of the protocol that is spoken"), ("motcua-unsent" = Option<String>, Header, description = "How many events were not sent yet, and when the oldest was written (UTC milliseconds)"), ("all" = Option<bool>, Query, description = "Of all devices of the office"),),
    responses(
        (status = 200, description = "Heads", body = ref("#/components/schemas/Heads")),
        (status = 400, description = "Damaged", body = ref("#/components/schemas/Refused")),
        (status = 401, description = "No token, or one that has run out", body = ref("#/components/schemas/Refused")),
        (status = 403, description = "Access was taken away", body = ref("#/components/schemas/Refused")),
        (status = 426, description = "A version of the protocol that is not spoken here", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now; nothing was done", body = ref("#/components/schemas/Refused")),
    )
)]
async fn heads(
    State(central): State<Arc<Central>>,
    Extension(device): Extension<Device>,
    Query(query): Query<HeadsQuery>,
) -> Response {
    asked(central, device, Asked::Heads { all: query.all }).await
}

#[derive(Deserialize)]
struct PastQuery {
    epoch: u32,
    after: u64,
}

/// What central has of this device's own log: for a machine that lost a part of it.
#[utoipa::path(
    get, path = "/v1/devices/self/events", tag = "protocol", security(("device" = [])),
    params(("motcua-proto" = u16, Header, description = "Version of the protocol that is spoken"), ("motcua-unsent" = Option<String>, Header, description = "How many events were not sent yet, and when the oldest was written (UTC milliseconds)"), ("epoch" = u32, Query, description = "Of which epoch"), ("after" = u64, Query, description = "Behind which sequence number"),),
    responses(
        (status = 200, description = "Events, packed", content_type = "application/vnd.motcua.events"),
        (status = 400, description = "Damaged", body = ref("#/components/schemas/Refused")),
        (status = 401, description = "No token, or one that has run out", body = ref("#/components/schemas/Refused")),
        (status = 403, description = "Access was taken away", body = ref("#/components/schemas/Refused")),
        (status = 426, description = "A version of the protocol that is not spoken here", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now; nothing was done", body = ref("#/components/schemas/Refused")),
    )
)]
async fn past(
    State(central): State<Arc<Central>>,
    Extension(device): Extension<Device>,
    Query(PastQuery { epoch, after }): Query<PastQuery>,
) -> Response {
    let request = Asked::Past {
        epoch,
        after,
        aside: false,
    };
    asked(central, device, request).await
}

#[derive(Deserialize)]
struct FeedQuery {
    cursor: u64,
}

/// Events of the office's other devices, behind a cursor.
#[utoipa::path(
    get, path = "/v1/feed", tag = "protocol", security(("device" = [])),
    params(("motcua-proto" = u16, Header, description = "Version of the protocol that is spoken"), ("motcua-unsent" = Option<String>, Header, description = "How many events were not sent yet, and when the oldest was written (UTC milliseconds)"), ("cursor" = u64, Query, description = "As the page before said; 0 for the start"),),
    responses(
        (status = 200, description = "A page, packed", content_type = "application/vnd.motcua.events"),
        (status = 400, description = "Damaged", body = ref("#/components/schemas/Refused")),
        (status = 401, description = "No token, or one that has run out", body = ref("#/components/schemas/Refused")),
        (status = 403, description = "Access was taken away", body = ref("#/components/schemas/Refused")),
        (status = 426, description = "A version of the protocol that is not spoken here", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now; nothing was done", body = ref("#/components/schemas/Refused")),
    )
)]
async fn feed(
    State(central): State<Arc<Central>>,
    Extension(device): Extension<Device>,
    Query(FeedQuery { cursor }): Query<FeedQuery>,
) -> Response {
    asked(central, device, Asked::Feed { cursor }).await
}

/// A batch of events of one log. Stored first, applied second; answered after the commit.
#[utoipa::path(
    post, path = "/v1/events", tag = "protocol", security(("device" = [])),
    params(("motcua-signature" = String, Header, description = "ed25519 by the device's key over the end of the log that the batch leads to, base64url"), ("motcua-proto" = u16, Header, description = "Version of the protocol that is spoken"), ("motcua-unsent" = Option<String>, Header, description = "How many events were not sent yet, and when the oldest was written (UTC milliseconds)"),),
    request_body(content = Vec<u8>, content_type = "application/vnd.motcua.events", description = "Events, packed"),
    responses(
        (status = 200, description = "What is safe now, and what became of each event that is not simply in effect", body = ref("#/components/schemas/PushAnswer")),
        (status = 400, description = "Damaged", body = ref("#/components/schemas/Refused")),
        (status = 401, description = "No token, or one that has run out", body = ref("#/components/schemas/Refused")),
        (status = 403, description = "Access was taken away", body = ref("#/components/schemas/Refused")),
        (status = 426, description = "A version of the protocol that is not spoken here", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now; nothing was done", body = ref("#/components/schemas/Refused")),
        (status = 408, description = "The batch did not come in time"),
        (status = 409, description = "A gap, or one history that went two ways", body = ref("#/components/schemas/Refused")),
        (status = 413, description = "More than is taken at once", body = ref("#/components/schemas/Refused")),
    )
)]
async fn events(
    State(central): State<Arc<Central>>,
    Extension(device): Extension<Device>,
    Extension(key): Extension<auth::Key>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let seat = match central.batches.enter(device.office, device.device) {
        Ok(seat) => seat,
        Err(when) => return later(when),
    };
    let body = match body_of(body, wire::MOST_BODY).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let _turn = match seat.turn().await {
        Ok(turn) => turn,
        Err(when) => return later(when),
    };
    let read = tokio::task::spawn_blocking(move || {
        let limits = Limits::default();
        let raw = wire::unpack(&body, limits.most_bytes as usize).ok_or(Malformed::Damaged)?;
        decode_events(&raw, &limits)
    });
    let signature = headers.get(wire::SIGNATURE_HEADER);
    match read.await {
        Ok(Ok(events)) => {
            // Who shows a token may have found it; who signs has the device's key.
            let signed = auth::signed_batch(&key, device, &events, signature);
            let Some(by) = signed else {
                return no(RefusedWhy::Unsigned);
            };
            asked_by(Arc::clone(&central), device, Asked::Push(events), Some(by)).await
        }
        Ok(Err(Malformed::TooLarge)) => no(RefusedWhy::TooLarge),
        Ok(Err(Malformed::Proto(_))) => no(RefusedWhy::Proto),
        Ok(Err(Malformed::Damaged | Malformed::Order)) => no(RefusedWhy::Malformed),
        Err(error) => {
            tracing::error!(%error, "reading a batch panicked");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Who joined.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Enrolled {
    /// The device.
    device: Uuid,
    /// Under which key central signs what it sends down whole; kept from here on.
    bundles: motcua_protocol::bundle::Terms,
}

/// Lets a device in by a one-use code.
#[utoipa::path(
    post, path = "/v1/enrol", tag = "access",
    request_body(content = ref("#/components/schemas/Enrol")),
    responses(
        (status = 200, description = "In", body = ref("#/components/schemas/Enrolled")),
        (status = 400, description = "Not an enrolment", body = ref("#/components/schemas/Refused")),
        (status = 401, description = "The key is not shown to be the device's", body = ref("#/components/schemas/ApiError")),
        (status = 403, description = "The code, the device or the branch does not fit", body = ref("#/components/schemas/ApiError")),
        (status = 408, description = "It did not come in time"),
        (status = 503, description = "Not now", body = ref("#/components/schemas/Refused")),
    )
)]
async fn enrol(State(central): State<Arc<Central>>, body: Body) -> Response {
    let body = match body_of(body, SMALL).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Ok(ask) = serde_json::from_slice::<Enrol>(&body) else {
        return no(RefusedWhy::Malformed);
    };
    let enrolled = async {
        let device = match auth::enrol(&central.pool, &ask).await? {
            Ok(device) => device,
            Err(why) => {
                tracing::warn!(device = %ask.device, why = ?why, "a device was not let in");
                return Ok(not_let_in(why));
            }
        };
        tracing::info!(device = %device.device, office = device.office, "device enrolled");
        let client = central.pool.get().await?;
        let enrolled = Enrolled {
            device: device.device,
            bundles: crate::bundles::terms(&client, device.office).await?,
        };
        Ok::<_, crate::error::Error>(said(StatusCode::OK, &enrolled))
    };
    enrolled.await.unwrap_or_else(|error| fault(&error))
}

/// Something to sign.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Challenge {
    /// To be signed within a minute.
    challenge: String,
}

/// Something to sign for a token.
#[utoipa::path(
    get, path = "/v1/challenge", tag = "access",
    responses(
        (status = 200, description = "To be signed within a minute", body = ref("#/components/schemas/Challenge")),
        (status = 503, description = "Not now", body = ref("#/components/schemas/Refused")),
    )
)]
async fn challenge(State(central): State<Arc<Central>>) -> Response {
    match auth::challenge(&central.installation, now_ms()) {
        Ok(challenge) => said(StatusCode::OK, &Challenge { challenge }),
        Err(error) => fault(&error),
    }
}

/// What opens the protocol.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Token {
    /// To be shown as a bearer.
    token: String,
    /// How long it opens.
    expires_in_ms: i64,
}

/// A token for a device that shows that it has its key.
#[utoipa::path(
    post, path = "/v1/token", tag = "access",
    request_body(content = ref("#/components/schemas/AskToken")),
    responses(
        (status = 200, description = "A token", body = ref("#/components/schemas/Token")),
        (status = 400, description = "Not such a question", body = ref("#/components/schemas/Refused")),
        (status = 401, description = "The challenge or the signature does not fit", body = ref("#/components/schemas/ApiError")),
        (status = 403, description = "No such device, or its access was taken away", body = ref("#/components/schemas/ApiError")),
        (status = 408, description = "It did not come in time"),
        (status = 503, description = "Not now", body = ref("#/components/schemas/Refused")),
    )
)]
async fn token(State(central): State<Arc<Central>>, body: Body) -> Response {
    let body = match body_of(body, SMALL).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Ok(ask) = serde_json::from_slice::<AskToken>(&body) else {
        return no(RefusedWhy::Malformed);
    };
    match auth::token(&central.pool, &central.installation, &ask, now_ms()).await {
        Ok(Ok(token)) => said(
            StatusCode::OK,
            &Token {
                token,
                expires_in_ms: auth::TOKEN_MS,
            },
        ),
        Ok(Err(why)) => {
            tracing::warn!(device = %ask.device, why = ?why, "a device was given no token");
            not_let_in(why)
        }
        Err(error) => fault(&error),
    }
}

/// Figures for monitoring, in the format of Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "running",
    responses(
        (status = 200, description = "Figures of this copy and of the installation", content_type = "application/openmetrics-text"),
        (status = 503, description = "The database is away", body = ref("#/components/schemas/Refused")),
    )
)]
async fn metrics(State(central): State<Arc<Central>>) -> Response {
    match central.metrics.text(&central.pool).await {
        Ok(text) => (
            [(
                header::CONTENT_TYPE,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            )],
            text,
        )
            .into_response(),
        Err(error) => fault(&error),
    }
}
