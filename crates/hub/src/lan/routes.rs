//! What the hub answers. Every route but pairing wants the certificate of a device of this
//! branch.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Extension, Json, Router,
    body::{Body, Bytes},
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::{get, post},
};
use motcua_domain::{Code, text};
use motcua_protocol::{
    ApiError,
    look_up::{self, Ask},
    sync::{
        Limits, MEDIA_ANSWER, MEDIA_EVENTS, Malformed, PROTO, PROTO_MIN, Refused, RefusedWhy,
        decode_events, encode_events, encode_page,
    },
};
use motcua_sync::{Answer, Request as Asked};
use serde::{Deserialize, Serialize};
use tokio_stream::{StreamExt as _, wrappers::WatchStream};
use uuid::Uuid;

use super::{
    Hub,
    contacts::OpenLine,
    listener::{Origin, Peer, Share},
};
use crate::{
    pairing::{self, Begin, Begun, Finish, Finished, Transcript},
    wire::{self, CommandAsk, Decided},
};

/// A body comes in within this time or not at all.
const BODY: Duration = Duration::from_secs(20);
const SMALL: usize = 8 << 10;
const COMMAND: usize = 1 << 20;

/// The device on the other side.
#[derive(Debug, Clone, Copy)]
struct Known(Uuid);

pub(super) fn router(hub: Arc<Hub>) -> Router {
    let devices = Router::new()
        .route(wire::HELLO, get(hello))
        .route(wire::HEADS, get(heads))
        .route(wire::PAST, get(past))
        .route(wire::EVENTS, post(events))
        .route(wire::FEED, get(feed))
        .route(wire::COMMAND, post(command))
        .route(wire::LIVE, get(live))
        .merge(super::files::routes())
        .route(look_up::PATH, post(looked_up))
        .route_layer(middleware::from_fn_with_state(
            Arc::clone(&hub),
            devices_only,
        ));
    Router::new()
        .route(wire::PAIR_BEGIN, post(pair_begin))
        .route(wire::PAIR_FINISH, post(pair_finish))
        .merge(devices)
        .with_state(hub)
}

pub(super) fn said(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = (status, Json(value)).into_response();
    let media = HeaderValue::from_static(MEDIA_ANSWER);
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}

fn bytes(server_epoch: &str, content: &[u8]) -> Response {
    let mut response = wire::pack(content).into_response();
    let headers = response.headers_mut();
    let media = HeaderValue::from_static(MEDIA_EVENTS);
    headers.insert(header::CONTENT_TYPE, media);
    if let Ok(epoch) = HeaderValue::from_str(server_epoch) {
        headers.insert(wire::EPOCH_HEADER, epoch);
    }
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
    said(status, &refused)
}

fn no(why: RefusedWhy) -> Response {
    refuse(why.into())
}

fn refuse_pairing(error: &ApiError) -> Response {
    let status = match error.code {
        Code::PairTooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::StoreFault | Code::DiskFull | Code::InternalFault => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        _ => StatusCode::FORBIDDEN,
    };
    said(status, error)
}

/// Work that waits for the disk, off the runtime's own threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Response> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "request panicked");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

pub(super) async fn body_of(body: Body, most: usize) -> Result<Bytes, Response> {
    match tokio::time::timeout(BODY, axum::body::to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(no(RefusedWhy::TooLarge)),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}

/// Whether both sides speak the same, of the same branch.
fn speaks(hub: &Hub, headers: &HeaderMap) -> Result<(), RefusedWhy> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let proto = text(wire::PROTO_HEADER).and_then(|p| p.parse::<u16>().ok());
    if !proto.is_some_and(|p| (PROTO_MIN..=PROTO).contains(&p)) {
        return Err(RefusedWhy::Proto);
    }
    let branch = text(wire::BRANCH_HEADER).and_then(|b| Uuid::parse_str(b).ok());
    if branch.is_some_and(|b| b != hub.branch) {
        return Err(RefusedWhy::WrongBranch);
    }
    Ok(())
}

/// Version, branch, and certificate of whoever asks.
async fn devices_only(
    State(hub): State<Arc<Hub>>,
    Extension(peer): Extension<Peer>,
    Extension(Share(share)): Extension<Share>,
    mut request: Request,
    next: Next,
) -> Response {
    // A device that asks for more at a time waits for itself, and nobody else for it.
    let Ok(_permit) = share.acquire_owned().await else {
        return no(RefusedWhy::Busy);
    };
    if let Err(why) = speaks(&hub, request.headers()) {
        return no(why);
    }
    let Some(peer) = peer.0 else {
        return no(RefusedWhy::Unauthorized);
    };
    let heard = Arc::clone(&hub);
    let looked = blocking(move || {
        hub.app
            .store()
            .read(|read| read.device_by_fingerprint(&peer.to_string()))
    })
    .await;
    match looked {
        Ok(Ok(Some(device))) => {
            heard.heard(device.device);
            request.extensions_mut().insert(Known(device.device));
            next.run(request).await
        }
        Ok(Ok(None)) => no(RefusedWhy::UnknownDevice),
        Ok(Err(_)) => no(RefusedWhy::Busy),
        Err(response) => response,
    }
}

async fn asked(hub: Arc<Hub>, device: Uuid, request: Asked) -> Response {
    let done = blocking(move || {
        let answered = hub.answers.ask(device, request);
        (answered, hub.app.store().server_epoch())
    });
    match done.await {
        Ok((Ok(answer), epoch)) => match answer {
            Answer::Hello(hello) => said(StatusCode::OK, &hello),
            Answer::Heads(heads) => said(StatusCode::OK, &heads),
            Answer::Push(pushed) => said(StatusCode::OK, &pushed),
            Answer::Refused(refused) => refuse(refused),
            Answer::Feed { server_epoch, page } => bytes(&server_epoch, &encode_page(&page)),
            Answer::Past(events) => bytes(&epoch, &encode_events(&events)),
        },
        Ok((Err(error), _)) => {
            tracing::warn!(%error, "request failed");
            no(RefusedWhy::Busy)
        }
        Err(response) => response,
    }
}

async fn hello(
    State(hub): State<Arc<Hub>>,
    Extension(Known(device)): Extension<Known>,
) -> Response {
    asked(hub, device, Asked::Hello).await
}

#[derive(Deserialize)]
struct HeadsQuery {
    #[serde(default)]
    all: bool,
}

async fn heads(
    State(hub): State<Arc<Hub>>,
    Extension(Known(device)): Extension<Known>,
    Query(query): Query<HeadsQuery>,
) -> Response {
    asked(hub, device, Asked::Heads { all: query.all }).await
}

#[derive(Deserialize)]
struct PastQuery {
    epoch: u32,
    after: u64,
    #[serde(default)]
    aside: bool,
}

async fn past(
    State(hub): State<Arc<Hub>>,
    Extension(Known(device)): Extension<Known>,
    Query(query): Query<PastQuery>,
) -> Response {
    let PastQuery {
        epoch,
        after,
        aside,
    } = query;
    let request = Asked::Past {
        epoch,
        after,
        aside,
    };
    asked(hub, device, request).await
}

#[derive(Deserialize)]
struct FeedQuery {
    cursor: u64,
}

async fn feed(
    State(hub): State<Arc<Hub>>,
    Extension(Known(device)): Extension<Known>,
    Query(FeedQuery { cursor }): Query<FeedQuery>,
) -> Response {
    asked(hub, device, Asked::Feed { cursor }).await
}

async fn events(
    State(hub): State<Arc<Hub>>,
    Extension(Known(device)): Extension<Known>,
    body: Body,
) -> Response {
    let body = match body_of(body, wire::MOST_BODY).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let read = blocking(move || {
        let limits = Limits::default();
        let raw = wire::unpack(&body, limits.most_bytes as usize).ok_or(Malformed::Damaged)?;
        decode_events(&raw, &limits)
    });
    match read.await {
        Ok(Ok(events)) => asked(hub, device, Asked::Push(events)).await,
        Ok(Err(Malformed::TooLarge)) => no(RefusedWhy::TooLarge),
        Ok(Err(Malformed::Proto(_))) => no(RefusedWhy::Proto),
        Ok(Err(Malformed::Damaged | Malformed::Order)) => no(RefusedWhy::Malformed),
        Err(response) => response,
    }
}

async fn command(
    State(hub): State<Arc<Hub>>,
    Extension(Known(device)): Extension<Known>,
    body: Body,
) -> Response {
    let body = match body_of(body, COMMAND).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Ok(ask) = serde_json::from_slice::<CommandAsk>(&body) else {
        return no(RefusedWhy::Malformed);
    };
    let done = blocking(move || carry_out(&hub, device, ask)).await;
    match done {
        Ok(Ok((epoch, frame))) => bytes(&epoch, &frame),
        Ok(Err(refused)) => refuse(refused),
        Err(response) => response,
    }
}

/// A counter's question to a register goes to central from here; the answer is kept nowhere.
async fn looked_up(State(hub): State<Arc<Hub>>, body: Body) -> Response {
    let body = match body_of(body, SMALL).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Ok(ask) = serde_json::from_slice::<Ask>(&body) else {
        return no(RefusedWhy::Malformed);
    };
    match blocking(move || hub.app.look_up_for(&ask)).await {
        Ok(told) => said(StatusCode::OK, &told),
        Err(response) => response,
    }
}

fn carry_out(hub: &Hub, device: Uuid, ask: CommandAsk) -> Result<(String, Vec<u8>), Refused> {
    let Decided {
        told,
        server_epoch,
        page,
    } = hub.answers.carry_out(device, ask)?;
    let frame =
        wire::frame(&told, &encode_page(&page)).map_err(|_| Refused::from(RefusedWhy::Busy))?;
    Ok((server_epoch, frame))
}

/// An open line: a word with every change, and one every second so that silence means something.
/// It ends when the device's access is taken away.
async fn live(State(hub): State<Arc<Hub>>, Extension(Known(device)): Extension<Known>) -> Response {
    let news = WatchStream::new(hub.news.subscribe()).map(Some);
    let revoked = WatchStream::new(hub.revoked.subscribe());
    let ends = revoked.filter_map(move |revoked| revoked.contains(&device).then_some(None));
    let line = OpenLine::of(hub, device);
    let words = news
        .merge(ends)
        .take_while(Option::is_some)
        .filter_map(move |revision| {
            // Held as long as the words are.
            let _line = &line;
            let word = Event::default().data(revision?.to_string());
            Some(Ok::<_, Infallible>(word))
        });
    Sse::new(words)
        .keep_alive(
            KeepAlive::new()
                .interval(Duration::from_millis(wire::HEARTBEAT_MS))
                .text("."),
        )
        .into_response()
}

fn bad(code: Code, message: &str) -> Response {
    refuse_pairing(&ApiError {
        code,
        message: message.to_owned(),
        field: None,
    })
}

async fn pair_begin(
    State(hub): State<Arc<Hub>>,
    Extension(peer): Extension<Peer>,
    Extension(Origin(from)): Extension<Origin>,
    body: Body,
) -> Response {
    let body = match body_of(body, SMALL).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Ok(begin) = serde_json::from_slice::<Begin>(&body) else {
        return no(RefusedWhy::Malformed);
    };
    if !(PROTO_MIN..=PROTO).contains(&begin.proto) {
        return bad(
            Code::ProtocolOther,
            "Chương trình trên hai máy khác phiên bản quá xa. Chưa ghép gì. Mời cập nhật chương trình rồi ghép lại.",
        );
    }
    let (Some(counter), Some(counter_nonce)) = (peer.0, pairing::digest(&begin.nonce)) else {
        return no(RefusedWhy::Unauthorized);
    };
    let name = text::line(&begin.name, text::limit::NAME).unwrap_or_default();
    if name != begin.name || name.is_empty() {
        return no(RefusedWhy::Malformed);
    }
    let hub_nonce = pairing::nonce();
    let transcript = Transcript {
        counter_nonce: *counter_nonce.as_bytes(),
        hub_nonce,
        counter,
        hub: hub.fingerprint,
        device: begin.device,
        name,
    };
    match hub.codes.begin(transcript, from, Instant::now()) {
        Ok(session) => said(
            StatusCode::OK,
            &Begun {
                session,
                nonce: blake3::Hash::from_bytes(hub_nonce).to_hex().to_string(),
            },
        ),
        Err(error) => refuse_pairing(&error),
    }
}

async fn pair_finish(
    State(hub): State<Arc<Hub>>,
    Extension(peer): Extension<Peer>,
    body: Body,
) -> Response {
    let body = match body_of(body, SMALL).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let Ok(finish) = serde_json::from_slice::<Finish>(&body) else {
        return no(RefusedWhy::Malformed);
    };
    let done = blocking(move || -> Result<Finished, ApiError> {
        let (proof, transcript) =
            hub.codes
                .finish(finish.session, &finish.proof, Instant::now())?;
        if peer.0 != Some(transcript.counter) {
            return Err(ApiError {
                code: Code::PairCodeWrong,
                message: "Máy làm bước sau không phải máy làm bước trước. Chưa ghép gì. Mời lấy mã mới trên máy chủ quầy.".to_owned(),
                field: None,
            });
        }
        let introduced = hub
            .app
            .introduce(
                transcript.device,
                &transcript.name,
                &transcript.counter.to_string(),
            )
            .map_err(|e| ApiError::from(motcua_domain::Refusal::from(e)))?;
        Ok(Finished {
            proof: proof.to_hex().to_string(),
            number: introduced.number,
            branch: hub.branch,
            hub: hub.app.store().device(),
        })
    });
    match done.await {
        Ok(Ok(finished)) => said(StatusCode::OK, &finished),
        Ok(Err(error)) => refuse_pairing(&error),
        Err(response) => response,
    }
}
