//! The ways to the operators' page and to the same as JSON.

use std::sync::Arc;

use axum::{
    Form,
    extract::{DefaultBodyLimit, FromRequest as _, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Redirect, Response},
};
use schemars::JsonSchema;
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{access, overview, page};
use crate::{
    error::Error,
    routes::{BODY, Central, SMALL, fault},
};

/// Our own style and our own form, and nothing else: no script at all.
const CSP: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(crate) fn router() -> OpenApiRouter<Arc<Central>> {
    OpenApiRouter::new()
        .routes(routes!(look))
        .routes(routes!(enter))
        .routes(routes!(leave))
        .routes(routes!(style))
        .routes(routes!(operations))
        .layer(DefaultBodyLimit::max(SMALL))
        .layer(middleware::from_fn(guarded))
}

/// What every answer says to a browser.
async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn html(status: StatusCode, text: String) -> Response {
    (status, axum::response::Html(text)).into_response()
}

/// For a person: a page instead of the protocol's answer.
fn away(error: &Error) -> Response {
    tracing::error!(%error, "operators' page failed");
    let text = "Trung tâm chưa đọc được cơ sở dữ liệu. Mời tải lại sau ít phút.";
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

/// The operators' page; without a session, the form that asks for a code.
#[utoipa::path(
    get, path = "/van-hanh", tag = "operators",
    responses(
        (status = 200, description = "How the installation stands, in Vietnamese", content_type = "text/html"),
        (status = 401, description = "The form that asks for a one-use code", content_type = "text/html"),
    )
)]
async fn look(State(central): State<Arc<Central>>, headers: HeaderMap) -> Response {
    match access::is_in(&central.pool, &headers).await {
        Ok(true) => match overview(&central.pool).await {
            Ok(overview) => html(StatusCode::OK, page::overview(&overview)),
            Err(error) => away(&error),
        },
        Ok(false) => html(StatusCode::UNAUTHORIZED, page::login(false)),
        Err(error) => away(&error),
    }
}

/// What the form sends.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Enter {
    /// As `motcua-central operator-code` printed it, however it is typed.
    code: String,
}

/// Enters with a one-use code.
#[utoipa::path(
    post, path = "/van-hanh/vao", tag = "operators",
    request_body(content = ref("#/components/schemas/Enter"), content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "In; the cookie is the session, for eight hours"),
        (status = 403, description = "The code is wrong, used or too old", content_type = "text/html"),
        (status = 408, description = "The form did not come in time"),
    )
)]
async fn enter(State(central): State<Arc<Central>>, request: Request) -> Response {
    let form = Form::<Enter>::from_request(request, &());
    let code = match tokio::time::timeout(BODY, form).await {
        Ok(Ok(Form(enter))) => enter.code,
        Ok(Err(refused)) => return refused.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    match access::enter(&central.pool, &code).await {
        Ok(Some(cookie)) => {
            tracing::info!("an operator came in");
            ([(header::SET_COOKIE, cookie)], Redirect::to("/van-hanh")).into_response()
        }
        Ok(None) => html(StatusCode::FORBIDDEN, page::login(true)),
        Err(error) => away(&error),
    }
}

/// Ends the session.
#[utoipa::path(
    post, path = "/van-hanh/ra", tag = "operators",
    responses((status = 303, description = "Out; the session opens nothing any more"))
)]
async fn leave(State(central): State<Arc<Central>>, headers: HeaderMap) -> Response {
    match access::leave(&central.pool, &headers).await {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to("/van-hanh")).into_response(),
        Err(error) => away(&error),
    }
}

/// The page's style.
#[utoipa::path(
    get, path = "/van-hanh/trang.css", tag = "operators",
    responses((status = 200, description = "Style sheet", content_type = "text/css"))
)]
async fn style() -> Response {
    let media = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (media, include_str!("style.css")).into_response()
}

/// What the operators' page shows, for programs.
#[utoipa::path(
    get, path = "/v1/operations", tag = "operators", security(("operator" = [])),
    responses(
        (status = 200, description = "How the installation stands", body = ref("#/components/schemas/Overview")),
        (status = 401, description = "No session of an operator"),
        (status = 503, description = "The database is away", body = ref("#/components/schemas/Refused")),
    )
)]
async fn operations(State(central): State<Arc<Central>>, headers: HeaderMap) -> Response {
    match access::is_in(&central.pool, &headers).await {
        Ok(true) => match overview(&central.pool).await {
            Ok(overview) => axum::Json(overview).into_response(),
            Err(error) => fault(&error),
        },
        Ok(false) => StatusCode::UNAUTHORIZED.into_response(),
        Err(error) => fault(&error),
    }
}
