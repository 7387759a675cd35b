//! The rating page for tablets on the network: a token of one counter asks whom to ask there, gives
//! a rating, and does nothing else. What can be rated, when and how often is the rule of
//! `rating.give`; see `docs/decisions/0018-rating-on-the-network.md`.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    extract::{Path as UrlPath, Query, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use motcua_app::{App, Caller, Change, rater::RATER};
use motcua_domain::Code;
use motcua_protocol::{
    ApiError,
    verbs::{
        Verb as _,
        rating::{RatingGive, RatingPrompt},
    },
};
use serde_json::Value;
use tokio::{
    sync::{broadcast, watch},
    time::timeout,
};
use tokio_stream::{StreamExt as _, wrappers::WatchStream};

use super::{Open, Screens, Visitor, pace::Pace, tablets::Tablet};
use crate::routes;

/// The page of the tablet.
const PAGE: &str = "rating.html";
/// Characters of a short link. Whoever guesses one could rate, so there are more of them than of a
/// board's.
const SHORT: usize = 8;
/// A rating with all of its indicators is a tenth of this.
const LARGEST: usize = 4 << 10;
/// A body comes in within this time or not at all.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests of one machine: a page with its assets at once, then twenty a second.
const AT_ONCE: u32 = 60;
const EVERY: Duration = Duration::from_millis(50);
/// Ratings of one counter, whoever holds its token: nobody is served faster than this.
const GIVEN_AT_ONCE: u32 = 6;
const GIVEN_EVERY: Duration = Duration::from_secs(1);

/// Whose tokens stand just now.
pub(crate) type Standing = Arc<[Tablet]>;

#[derive(Debug, Clone)]
struct Shared {
    app: Arc<App>,
    standing: watch::Receiver<Standing>,
    changes: broadcast::Sender<Change>,
    coming: Arc<Pace<IpAddr>>,
    giving: Arc<Pace<u16>>,
}

/// The path under which somebody at a tablet types the page's address.
pub(crate) fn short(token: &str) -> String {
    super::short("motcua rating short link 1", token, SHORT)
}

/// Opens the page on an address, for the tokens that stand.
pub(crate) async fn open(
    app: Arc<App>,
    screens: Arc<dyn Screens>,
    changes: broadcast::Sender<Change>,
    standing: watch::Receiver<Standing>,
    at: SocketAddr,
) -> io::Result<Open> {
    let shared = Shared {
        app,
        standing,
        changes,
        coming: Arc::new(Pace::new(AT_ONCE, EVERY)),
        giving: Arc::new(Pace::new(GIVEN_AT_ONCE, GIVEN_EVERY)),
    };
    let router = Router::new()
        .route("/rpc/rating.prompt", post(prompt))
        .route("/rpc/rating.give", post(give))
        .route("/events", get(events))
        .route("/{short}", get(typed))
        .with_state(shared.clone())
        .merge(super::files(PAGE, screens))
        .layer(middleware::from_fn_with_state(shared, at_a_pace));
    super::open(router, at).await
}

/// Nobody asks so often that others wait, or guesses links.
async fn at_a_pace(
    State(shared): State<Shared>,
    Extension(Visitor(machine)): Extension<Visitor>,
    request: Request,
    next: Next,
) -> Response {
    if shared.coming.may(machine, Instant::now()) {
        next.run(request).await
    } else {
        StatusCode::TOO_MANY_REQUESTS.into_response()
    }
}

/// The counter that a token is bound to. Every token is looked at.
fn counter_of(standing: &[Tablet], token: &str) -> Option<u16> {
    let mut found = None;
    for tablet in standing {
        if routes::same(token, &tablet.token) {
            found = Some(tablet.counter);
        }
    }
    found
}

/// Whoever types the short link is led to the page with its token.
async fn typed(State(shared): State<Shared>, UrlPath(typed): UrlPath<String>) -> Response {
    let typed = typed.to_lowercase();
    let standing = Arc::clone(&shared.standing.borrow());
    let tablet = (standing.iter()).find(|tablet| routes::same(&typed, &short(&tablet.token)));
    match tablet {
        Some(Tablet { counter, token }) => {
            super::led_to(&format!("/{PAGE}#token={token}&counter={counter}"))
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn prompt(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let Some(counter) = bound(&shared, &headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match argument(counter, body).await {
        Ok(args) => call(shared, &headers, RatingPrompt::NAME, args).await,
        Err(refused) => refused,
    }
}

async fn give(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let Some(counter) = bound(&shared, &headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    if !shared.giving.may(counter, Instant::now()) {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    match argument(counter, body).await {
        Ok(args) => call(shared, &headers, RatingGive::NAME, args).await,
        Err(refused) => refused,
    }
}

fn bound(shared: &Shared, headers: &HeaderMap) -> Option<u16> {
    counter_of(&shared.standing.borrow(), routes::bearer(headers)?)
}

/// What was sent, if it is small, comes soon and speaks of that counter.
async fn argument(counter: u16, body: Body) -> Result<Value, Response> {
    let bytes = match timeout(PATIENCE, to_bytes(body, LARGEST)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return Err(StatusCode::PAYLOAD_TOO_LARGE.into_response()),
        Err(_) => return Err(StatusCode::REQUEST_TIMEOUT.into_response()),
    };
    let args: Value = serde_json::from_slice(&bytes)
        .map_err(|_| routes::invalid("Nội dung gửi lên không phải JSON. Chưa ghi gì."))?;
    if args.get("counter").and_then(Value::as_u64) != Some(u64::from(counter)) {
        return Err(routes::refuse(ApiError {
            code: Code::NotAllowed,
            message: "Màn hình này chỉ đánh giá ở quầy của nó. Chưa ghi gì.".to_owned(),
            field: Some("counter".to_owned()),
        }));
    }
    Ok(args)
}

async fn call(shared: Shared, headers: &HeaderMap, name: &str, args: Value) -> Response {
    let command_id = match routes::command_id(headers) {
        Ok(command_id) => command_id,
        Err(refused) => return routes::refuse(refused),
    };
    let nobody = Caller {
        officer: Some(RATER.to_owned()),
        command_id,
    };
    routes::called(shared.app, nobody, name.to_owned(), args).await
}

/// Changes, for as long as the token stands.
async fn events(
    State(shared): State<Shared>,
    Query(query): Query<routes::EventsQuery>,
) -> Response {
    let token = query.token;
    if counter_of(&shared.standing.borrow(), &token).is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let taken_back = WatchStream::new(shared.standing)
        .filter_map(move |standing| counter_of(&standing, &token).is_none().then_some(None));
    let told = routes::told(shared.changes.subscribe(), routes::Grant::Rating);
    routes::sent(told.map(Some).merge(taken_back).map_while(|told| told))
}
