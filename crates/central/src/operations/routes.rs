//! The ways to the operators' page and to the same as JSON.

use std::sync::Arc;

use axum::{
    Form,
    extract::{DefaultBodyLimit, FromRequest as _, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Redirect, Response},
};
use motcua_domain::{Code, Refusal};
use motcua_protocol::ApiError;
use schemars::JsonSchema;
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{access, figures as figures_page, overview, page};
use crate::{
    database,
    error::Error,
    figures::{self as figures_of, OfficeFigures, Span},
    routes::{BODY, Central, SMALL, fault, said},
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
        .routes(routes!(look_at_figures))
        .routes(routes!(figures))
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

/// Which office, and from when to when.
#[derive(Deserialize)]
struct FiguresQuery {
    #[serde(default)]
    office: String,
    /// A form sends a field that nobody filled in as an empty text.
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

impl FiguresQuery {
    async fn told(&self, central: &Central) -> Result<Result<OfficeFigures, Refusal>, Error> {
        let day = |field: &str, text: &str| match text.trim() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Refusal::new(
                    Code::DateInvalid,
                    "Ngày chưa đúng dạng năm-tháng-ngày, ví dụ 2026-11-23. Mời xem lại.",
                )
                .at(field)
            }),
        };
        let span = || {
            Span::asked(
                day("from", &self.from)?,
                day("to", &self.to)?,
                figures_of::today(),
            )
        };
        let span = match span() {
            Ok(span) => span,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let office = self.office.trim();
        let told = figures_of::of_office(&central.pool, office, span).await?;
        Ok(told.ok_or_else(|| database::unknown_office(office)))
    }
}

/// The figures of an office by day, for people.
#[utoipa::path(
    get, path = "/van-hanh/so-lieu", tag = "operators",
    params(("office" = String, Query, description = "Agency code"), ("from" = Option<String>, Query, description = "First day; today where nothing is said"), ("to" = Option<String>, Query, description = "Last day"),),
    responses(
        (status = 200, description = "The figures, in Vietnamese", content_type = "text/html"),
        (status = 400, description = "The days are none, or too many", content_type = "text/html"),
        (status = 401, description = "The form that asks for a one-use code", content_type = "text/html"),
        (status = 404, description = "No such office", content_type = "text/html"),
    )
)]
async fn look_at_figures(
    State(central): State<Arc<Central>>,
    headers: HeaderMap,
    Query(asked): Query<FiguresQuery>,
) -> Response {
    match access::is_in(&central.pool, &headers).await {
        Ok(true) => match asked.told(&central).await {
            Ok(Ok(told)) => html(StatusCode::OK, figures_page::office(&told)),
            Ok(Err(refusal)) => {
                let typed = figures_page::Typed {
                    office: &asked.office,
                    from: &asked.from,
                    to: &asked.to,
                };
                html(
                    status_of(&refusal),
                    figures_page::wrong(&typed, &refusal.message),
                )
            }
            Err(error) => away(&error),
        },
        Ok(false) => html(StatusCode::UNAUTHORIZED, page::login(false)),
        Err(error) => away(&error),
    }
}

fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal.code {
        Code::NotFound => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The figures of an office by day: what its branch says of its day, from here.
#[utoipa::path(
    get, path = "/v1/operations/figures", tag = "operators", security(("operator" = [])),
    params(("office" = String, Query, description = "Agency code"), ("from" = Option<String>, Query, description = "First day; today where nothing is said"), ("to" = Option<String>, Query, description = "Last day"),),
    responses(
        (status = 200, description = "The figures", body = ref("#/components/schemas/OfficeFigures")),
        (status = 400, description = "The days are none, or too many", body = ref("#/components/schemas/ApiError")),
        (status = 401, description = "No session of an operator"),
        (status = 404, description = "No such office", body = ref("#/components/schemas/ApiError")),
        (status = 503, description = "The database is away", body = ref("#/components/schemas/Refused")),
    )
)]
async fn figures(
    State(central): State<Arc<Central>>,
    headers: HeaderMap,
    Query(asked): Query<FiguresQuery>,
) -> Response {
    match access::is_in(&central.pool, &headers).await {
        Ok(true) => match asked.told(&central).await {
            Ok(Ok(told)) => axum::Json(told).into_response(),
            Ok(Err(refusal)) => said(status_of(&refusal), &ApiError::from(refusal)),
            Err(error) => fault(&error),
        },
        Ok(false) => StatusCode::UNAUTHORIZED.into_response(),
        Err(error) => fault(&error),
    }
}
