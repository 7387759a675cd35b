//! What central offers, as OpenAPI 3.1. The paths come with the routes themselves, so that no route
//! can be served and not described; what is said comes from the types that are said.

use std::sync::Arc;

use axum::{
    Router,
    response::{IntoResponse as _, Response},
    routing::get,
};
use motcua_protocol::{
    ApiError,
    lease::{LeaseAnswer, LeaseAsk},
    look_up::{Ask, Told},
    sync::{BlobStands, Heads, Hello, MEDIA_ANSWER, PushAnswer, Refused},
    verbs::sync::StickBrought,
};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    auth::{AskToken, Enrol},
    departments::{Report, Reported},
    error::{Error, Result},
    figures::OfficeFigures,
    operations::{Overview, routes::Enter},
    routes::{Central, Challenge, Enrolled, Token},
};

const SCHEMAS: &str = "/components/schemas";

/// What is said to programs of operators, as plain JSON.
const TO_OPERATORS: [&str; 2] = [
    "#/components/schemas/Overview",
    "#/components/schemas/OfficeFigures",
];

/// The routes, and one more that describes them all.
pub(crate) fn described(routes: OpenApiRouter<Arc<Central>>) -> Router<Arc<Central>> {
    let (router, api) = routes.split_for_parts();
    let document = serde_json::to_value(api).map_err(Error::from);
    let document: Arc<Result<String>> = Arc::new(document.and_then(whole));
    router.route(
        "/openapi.json",
        get(move || async move { answer(&document) }),
    )
}

fn answer(document: &Result<String>) -> Response {
    let media = [(axum::http::header::CONTENT_TYPE, "application/json")];
    match document {
        Ok(text) => (media, text.clone()).into_response(),
        Err(error) => crate::routes::fault(error),
    }
}

/// The paths with everything that they speak of.
fn whole(mut api: Value) -> Result<String> {
    let mut types = SchemaSettings::draft2020_12()
        .with(|s| s.definitions_path = SCHEMAS.into())
        .into_generator();
    types.subschema_for::<Hello>();
    types.subschema_for::<Heads>();
    types.subschema_for::<PushAnswer>();
    types.subschema_for::<Refused>();
    types.subschema_for::<ApiError>();
    types.subschema_for::<StickBrought>();
    types.subschema_for::<LeaseAsk>();
    types.subschema_for::<Report>();
    types.subschema_for::<Reported>();
    types.subschema_for::<LeaseAnswer>();
    types.subschema_for::<BlobStands>();
    types.subschema_for::<Ask>();
    types.subschema_for::<Told>();
    types.subschema_for::<Enrol>();
    types.subschema_for::<Enrolled>();
    types.subschema_for::<AskToken>();
    types.subschema_for::<Token>();
    types.subschema_for::<Challenge>();
    types.subschema_for::<Enter>();
    types.subschema_for::<Overview>();
    types.subschema_for::<OfficeFigures>();
    api["info"] = json!({
        "title": "Một Cửa: central",
        "version": env!("CARGO_PKG_VERSION"),
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        "description": "What branches send their records to. The protocol of replication is described in ARCHITECTURE.md; batches are binary (`crates/protocol/src/sync/batch.rs`), zstd-compressed.",
    });
    api["components"] = json!({
        "schemas": types.take_definitions(true),
        "securitySchemes": {
            "device": {
                "type": "http", "scheme": "bearer",
                "description": "A token of 15 minutes from `/v1/token`, opened by the device's ed25519 key",
            },
            "department": {
                "type": "http", "scheme": "bearer",
                "description": "A token of a department, from `motcua-central department`; taken away there",
            },
            "operator": {
                "type": "apiKey", "in": "cookie", "name": "__Host-van-hanh",
                "description": "The session of an operator, from `/van-hanh/vao`",
            },
        },
    });
    api["paths"]["/openapi.json"] = json!({"get": {
        "tags": ["running"],
        "summary": "This document.",
        "operationId": "openapi",
        "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {}}}},
    }});
    own_media(&mut api["paths"]);
    Ok(serde_json::to_string(&api)?)
}

/// What is said to devices is JSON of a media type of its own, by which they tell it from the page
/// of a captive portal.
fn own_media(paths: &mut Value) {
    let operations = paths.as_object_mut().into_iter().flat_map(|paths| {
        let items = paths.values_mut().filter_map(Value::as_object_mut);
        items.flat_map(|item| item.values_mut())
    });
    for operation in operations {
        let responses = operation["responses"].as_object_mut();
        for response in responses.into_iter().flat_map(|r| r.values_mut()) {
            let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else {
                continue;
            };
            let to_devices = content.get("application/json").is_some_and(|said| {
                let said = said["schema"]["$ref"].as_str();
                said.is_some_and(|said| !TO_OPERATORS.contains(&said))
            });
            if to_devices && let Some(said) = content.remove("application/json") {
                content.insert(MEDIA_ANSWER.to_owned(), said);
            }
        }
    }
}
