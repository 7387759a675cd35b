//! A SIMULATOR of the registers of population and of enterprises, for tests only. It is neither and
//! proves nothing about them: it behaves as docs/lookups.md describes, and that is our assumption.

#![allow(
    clippy::expect_used,
    reason = "a broken harness must stop the test at once"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::MutexGuard,
    time::Duration,
};

use axum::{
    Form, Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::{Value, json};

use crate::outside::{self, Outside, bad_gateway, lock};

const CLIENT: &str = "motcua-lookups";
const SECRET: &str = "bí mật tra cứu";

/// What the simulator holds, and how it behaves from now on.
#[derive(Debug, Default)]
pub struct Registers {
    /// Records of people by number, as the answer has them.
    pub citizens: BTreeMap<String, Value>,
    /// Records of enterprises by number.
    pub enterprises: BTreeMap<String, Value>,
    /// What was asked, in order.
    pub asked: Vec<Value>,
    /// Nothing works: the answer of a gateway.
    pub down: bool,
    /// Too many questions.
    pub busy: bool,
    /// Answers with somebody else's record.
    pub mixes_up: bool,
    /// Answers nothing for so long.
    pub slow: Option<Duration>,
    /// Tokens given so far; only the last one opens anything.
    pub tokens: u64,
    /// The token that opens.
    open: String,
}

impl Registers {
    /// The token that was given opens nothing any more.
    pub fn token_runs_out(&mut self) {
        self.open.clear();
    }
}

/// A running simulator; gone when dropped.
#[derive(Debug)]
pub struct RegisterSimulator(Outside<Registers>);

type Shared = outside::Shared<Registers>;

impl RegisterSimulator {
    /// Listens on a free port of this machine.
    pub fn start() -> Self {
        Self(Outside::start(|router| {
            router
                .route("/token", post(token))
                .route("/dan-cu", post(citizen))
                .route("/doanh-nghiep", post(enterprise))
        }))
    }

    /// What it holds and how it behaves.
    pub fn state(&self) -> MutexGuard<'_, Registers> {
        self.0.state()
    }

    /// The file for `motcua-central serve --lookups`, with the offices that may ask.
    pub fn settings(&self, folder: &Path, offices: &[&str], per_day: u32) -> PathBuf {
        let offices: BTreeMap<&str, String> =
            offices.iter().map(|&o| (o, format!("DV-{o}"))).collect();
        fs::write(folder.join("lookups-secret"), format!("{SECRET}\n")).expect("a file");
        let settings = json!({
            "token_url": format!("http://{}/token", self.0.address),
            "client_id": CLIENT,
            "client_secret_file": "lookups-secret",
            "citizen_url": format!("http://{}/dan-cu", self.0.address),
            "enterprise_url": format!("http://{}/doanh-nghiep", self.0.address),
            "offices": offices,
            "per_day": per_day,
            "patience_s": 1,
        });
        let file = folder.join("lookups.json");
        fs::write(&file, settings.to_string()).expect("a file");
        file
    }
}

async fn token(
    State(shared): State<Shared>,
    Form(ask): Form<BTreeMap<String, String>>,
) -> Response {
    let mut state = lock(&shared);
    if state.down {
        return bad_gateway();
    }
    let is = |field: &str, value: &str| ask.get(field).is_some_and(|v| v == value);
    if !(is("client_id", CLIENT) && is("client_secret", SECRET)) {
        return (
            StatusCode::UNAUTHORIZED,
            Json(json!({"error": "invalid_client"})),
        )
            .into_response();
    }
    state.tokens += 1;
    state.open = format!("token-{}", state.tokens);
    Json(json!({"access_token": state.open, "token_type": "Bearer"})).into_response()
}

async fn citizen(shared: State<Shared>, headers: HeaderMap, ask: Json<Value>) -> Response {
    asked(shared, &headers, &ask.0, "SoDinhDanh", "CongDan").await
}

async fn enterprise(shared: State<Shared>, headers: HeaderMap, ask: Json<Value>) -> Response {
    asked(shared, &headers, &ask.0, "MaSoDoanhNghiep", "DoanhNghiep").await
}

async fn asked(
    State(shared): State<Shared>,
    headers: &HeaderMap,
    ask: &Value,
    number: &str,
    record: &str,
) -> Response {
    let slow = lock(&shared).slow;
    if let Some(slow) = slow {
        tokio::time::sleep(slow).await;
    }
    let mut state = lock(&shared);
    if state.down {
        return bad_gateway();
    }
    let token = headers.get("authorization").and_then(|v| v.to_str().ok());
    if state.open.is_empty() || token != Some(&format!("Bearer {}", state.open)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if state.busy {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    let whole = ["MaYeuCau", "MaDonVi", "MaCanBo", "MucDich", number];
    if whole
        .iter()
        .any(|f| ask[*f].as_str().is_none_or(str::is_empty))
    {
        return (StatusCode::BAD_REQUEST, Json(json!({"MaLoi": "1"}))).into_response();
    }
    state.asked.push(ask.clone());
    let wanted = ask[number].as_str().unwrap_or_default();
    let list = if record == "CongDan" {
        &state.citizens
    } else {
        &state.enterprises
    };
    let found = if state.mixes_up {
        list.values().find(|r| r[number] != wanted)
    } else {
        list.get(wanted)
    };
    match found {
        Some(found) => Json(json!({"MaLoi": "0", record: found})),
        None => Json(json!({"MaLoi": "404", "ThongBao": "Không có dữ liệu"})),
    }
    .into_response()
}
