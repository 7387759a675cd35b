//! A SIMULATOR of a ministry's system reached through LGSP, for tests only. It is not that system
//! and proves nothing about it: it behaves as docs/portal.md describes, and where that marks
//! something as not confirmed, in the way that is hardest for whoever calls.
//!
//! - A token is given for client credentials and may run out at any call (HTTP 401).
//! - `NoiHoSo` of a case that is there is refused with "đã tồn tại".
//! - `CapNhatTienTrinh` and `CapNhatTrangThai` of a case that is not there answer 404; a turn that is
//!   there already is refused with "đã tồn tại".
//! - A field that is not in the list, and a paper without name, count or form, are refused.
//! - Answers get lost after the work is done.

#![allow(
    clippy::expect_used,
    reason = "a broken harness must stop the test at once"
)]
#![allow(
    clippy::result_large_err,
    reason = "a refusal is the whole answer, and a simulator is in no hurry"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::MutexGuard,
};

use axum::{
    Form, Json,
    extract::{Path as Call, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::{Value, json};

use crate::outside::{self, Outside, bad_gateway, lock, lost};

const CLIENT: &str = "motcua-simulator";
const SECRET: &str = "bí mật của máy giả";

/// What the simulator holds, and how it behaves from now on.
#[derive(Debug, Default)]
pub struct Ministry {
    /// Cases by `MaHoSo`, as they were told.
    pub cases: BTreeMap<String, Value>,
    /// Cases in the order in which they were taken in.
    pub taken_in: Vec<String>,
    /// Turns in the order in which they were taken.
    pub turns: Vec<Value>,
    /// Where each case stands, as last told.
    pub statuses: BTreeMap<String, String>,
    /// How often anything was asked.
    pub calls: u64,
    /// How often a token was given.
    pub tokens: u64,
    /// Nothing works: the answer of a gateway.
    pub down: bool,
    /// Of so many calls the answer of one gets lost; none where 0.
    pub lose_every: u64,
    /// A token is good for so many calls; without end where 0.
    pub token_calls: u64,
    /// Cases of these applicants are refused.
    pub refuses: BTreeSet<String>,
    given: BTreeMap<String, u64>,
}

/// A running simulator; gone when dropped.
#[derive(Debug)]
pub struct MinistrySimulator(Outside<Ministry>);

type Shared = outside::Shared<Ministry>;

impl MinistrySimulator {
    /// Listens on a free port of this machine.
    pub fn start() -> Self {
        Self(Outside::start(|router| {
            router
                .route("/token", post(token))
                .route("/api/{call}", post(called))
        }))
    }

    /// What it holds and how it behaves.
    pub fn state(&self) -> MutexGuard<'_, Ministry> {
        self.0.state()
    }

    /// The file for `motcua-central serve --ministry`, with the offices that use it.
    pub fn settings(&self, folder: &Path, offices: &[&str]) -> PathBuf {
        let offices: BTreeMap<&str, String> =
            offices.iter().map(|&o| (o, format!("G09.{o}"))).collect();
        fs::write(folder.join("ministry-secret"), format!("{SECRET}\n")).expect("a file");
        let settings = json!({
            "token_url": format!("http://{}/token", self.0.address),
            "base_url": format!("http://{}/api/", self.0.address),
            "client_id": CLIENT,
            "client_secret_file": "ministry-secret",
            "offices": offices,
            "patience_s": 1,
            "retry_cap_s": 1,
        });
        let file = folder.join("ministry.json");
        fs::write(&file, settings.to_string()).expect("a file");
        file
    }
}

fn refused(status: StatusCode, message: &str) -> Response {
    (
        status,
        Json(json!({"code": status.as_u16(), "message": message})),
    )
        .into_response()
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
    if !(is("grant_type", "client_credentials")
        && is("client_id", CLIENT)
        && is("client_secret", SECRET))
    {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    state.tokens += 1;
    let token = format!("token-{}", state.tokens);
    let good_for = state.token_calls;
    state.given.insert(token.clone(), good_for);
    Json(json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600})).into_response()
}

async fn called(
    State(shared): State<Shared>,
    Call(call): Call<String>,
    headers: HeaderMap,
    Json(record): Json<Value>,
) -> Response {
    let mut state = lock(&shared);
    state.calls += 1;
    if state.down {
        return bad_gateway();
    }
    let token = headers.get("authorization").and_then(|v| v.to_str().ok());
    let token = token
        .and_then(|t| t.strip_prefix("Bearer "))
        .unwrap_or_default();
    let endless = state.token_calls == 0;
    match state.given.get_mut(token) {
        None => return refused(StatusCode::UNAUTHORIZED, "token"),
        Some(0) if endless => {}
        Some(left) => {
            *left = left.saturating_sub(1);
            if *left == 0 {
                state.given.remove(token);
            }
        }
    }
    let done = match call.as_str() {
        "NoiHoSo" => case(&mut state, &record),
        "CapNhatTienTrinh" => turn(&mut state, &record),
        "CapNhatTrangThai" => status(&mut state, &record),
        _ => return (StatusCode::NOT_FOUND, "no such call").into_response(),
    };
    if let Err(refused) = done {
        return refused;
    }
    if state.lose_every > 0 && state.calls.is_multiple_of(state.lose_every) {
        return lost();
    }
    Json(json!({"code": 200, "message": "Thành công"})).into_response()
}

fn code_of(record: &Value) -> String {
    record["MaHoSo"].as_str().unwrap_or_default().to_owned()
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|t| !t.is_empty())
}

/// Fields as docs/portal.md and its source list them.
const CASE: &str = "MaHoSo MaTTHC MaDichVuCong ChuHoSo LoaiDoiTuong MaDonViTiepNhan NgayNop NgayTiepNhan ThanhPhanHoSo ThongTinNguoiNop";
const PAPER: &str = "MaThanhPhanHoSo TenThanhPhanHoSo SoLuong LoaiBan GiayToDinhKem";
const PERSON: &str = "SoDinhDanh NgaySinh MaTinh MaHuyen MaXa TenChuHs SoDinhDanhChuHs";
const TURN: &str = "MaHoSo NguoiXuLy ThoiDiemXuLy NoiDungXuLy TrangThai";

fn known(record: &Value, list: &str) -> Result<(), Response> {
    let fields = record.as_object().into_iter().flatten();
    for (field, value) in fields {
        let whole = value.is_array() || value.is_object() || is_text(value);
        if !whole || !list.split_whitespace().any(|known| known == field) {
            return Err(refused(StatusCode::BAD_REQUEST, field));
        }
    }
    Ok(())
}

fn paper(paper: &Value) -> Result<(), Response> {
    known(paper, PAPER)?;
    let count = paper["SoLuong"]
        .as_str()
        .and_then(|n| n.parse::<u32>().ok());
    let form = paper["LoaiBan"].as_str().unwrap_or_default();
    if !is_text(&paper["TenThanhPhanHoSo"])
        || count.is_none_or(|n| n == 0)
        || !["0", "1", "2"].contains(&form)
    {
        return Err(refused(StatusCode::BAD_REQUEST, "ThanhPhanHoSo"));
    }
    // A file is known by what its own call answered, and that was never called.
    if paper.get("GiayToDinhKem").is_some() {
        return Err(refused(StatusCode::BAD_REQUEST, "IdGiayTo"));
    }
    Ok(())
}

fn case(state: &mut Ministry, record: &Value) -> Result<(), Response> {
    known(record, CASE)?;
    known(&record["ThongTinNguoiNop"], PERSON)?;
    let papers = record.get("ThanhPhanHoSo").and_then(Value::as_array);
    for each in papers.into_iter().flatten() {
        paper(each)?;
    }
    for field in [
        "MaHoSo",
        "MaTTHC",
        "ChuHoSo",
        "MaDonViTiepNhan",
        "NgayTiepNhan",
    ] {
        if !is_text(&record[field]) {
            return Err(refused(StatusCode::BAD_REQUEST, &format!("Thiếu {field}")));
        }
    }
    if state
        .refuses
        .contains(record["ChuHoSo"].as_str().unwrap_or_default())
    {
        return Err(refused(StatusCode::BAD_REQUEST, "Dữ liệu không hợp lệ"));
    }
    let code = code_of(record);
    if state.cases.contains_key(&code) {
        return Err(refused(StatusCode::BAD_REQUEST, "Mã hồ sơ đã tồn tại"));
    }
    state.taken_in.push(code.clone());
    state.cases.insert(code, record.clone());
    Ok(())
}

fn there(state: &Ministry, record: &Value) -> Result<(), Response> {
    if state.cases.contains_key(&code_of(record)) {
        return Ok(());
    }
    Err(refused(StatusCode::NOT_FOUND, "Không tìm thấy hồ sơ"))
}

fn turn(state: &mut Ministry, record: &Value) -> Result<(), Response> {
    there(state, record)?;
    known(record, TURN)?;
    if !is_text(&record["ThoiDiemXuLy"]) || !is_text(&record["TrangThai"]) {
        return Err(refused(StatusCode::BAD_REQUEST, "ThoiDiemXuLy, TrangThai"));
    }
    let same = |t: &Value| {
        ["MaHoSo", "ThoiDiemXuLy", "TrangThai"]
            .iter()
            .all(|field| t[*field] == record[*field])
    };
    if state.turns.iter().any(same) {
        return Err(refused(StatusCode::BAD_REQUEST, "Tiến trình đã tồn tại"));
    }
    state.turns.push(record.clone());
    Ok(())
}

fn status(state: &mut Ministry, record: &Value) -> Result<(), Response> {
    there(state, record)?;
    let status = record["TrangThai"].as_str().unwrap_or_default().to_owned();
    if status.is_empty() {
        return Err(refused(StatusCode::BAD_REQUEST, "TrangThai"));
    }
    state.statuses.insert(code_of(record), status);
    Ok(())
}
