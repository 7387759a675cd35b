//! A SIMULATOR of the national portal's services of 2019 to 2025, for tests only. It is not the
//! portal and proves nothing about it: it behaves as docs/portal.md describes, and where that
//! marks something as not confirmed, in the way that is hardest for whoever calls.
//!
//! - A session is opened by a login and may run out at any call.
//! - `DongBoHoSoMC` of a case that is there, without `isUpdating`, is refused with "đã tồn tại";
//!   with it, of a case that is not there, too.
//! - `CapNhatTienDoHoSoMC` takes record by record and stops at the first that it refuses; those
//!   before it are taken. A record that is there already is refused with "đã tồn tại".
//! - A field that is not in the list, a mark other than 0 and 1, a time of another form, a name of
//!   more than 50 characters, a part without what names it are refused.
//! - Answers get lost after the work is done.

#![allow(
    clippy::expect_used,
    reason = "a broken harness must stop the test at once"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::MutexGuard,
};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::{Value, json};

use crate::outside::{self, Outside, lock, lost};

const DSTCODE: &str = "VN:GOV:000.00.00.G22:simulator";
const USERNAME: &str = "simulator";
const PASSWORD: &str = "mật khẩu của máy giả";

/// What the simulator holds, and how it behaves from now on.
#[derive(Debug, Default)]
pub struct Portal {
    /// Cases by `MaHoSo`, as last told.
    pub cases: BTreeMap<String, Value>,
    /// Turns in the order in which they were taken.
    pub turns: Vec<Value>,
    /// Cases that were taken in as new, in order.
    pub taken_in: Vec<String>,
    /// How often anything was asked.
    pub calls: u64,
    /// How often somebody logged in.
    pub logins: u64,
    /// Nothing works: a page that says so.
    pub down: bool,
    /// Of so many calls the answer of one gets lost; none where 0.
    pub lose_every: u64,
    /// A session is good for so many calls; without end where 0.
    pub session_calls: u64,
    /// Cases of these applicants are refused.
    pub refuses: BTreeSet<String>,
    /// Whatever speaks of these cases fells the portal for this call.
    pub felled_by: BTreeSet<String>,
    /// How many calls about one case were at work at once, at most.
    pub most_at_once: usize,
    at_work: BTreeMap<String, usize>,
    sessions: BTreeMap<String, u64>,
}

/// A running simulator; gone when dropped.
#[derive(Debug)]
pub struct Simulator(Outside<Portal>);

type Shared = outside::Shared<Portal>;

impl Simulator {
    /// Listens on a free port of this machine.
    pub fn start() -> Self {
        Self(Outside::start(|router| {
            router
                .route("/login", post(login))
                .route("/service", post(service))
        }))
    }

    /// What it holds and how it behaves.
    pub fn state(&self) -> MutexGuard<'_, Portal> {
        self.0.state()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// The file for `motcua-central serve --portal`, with the offices that are known here; `at` is
    /// where calls go to reach it.
    pub fn settings(&self, folder: &Path, at: SocketAddr, offices: &[&str]) -> PathBuf {
        let offices: BTreeMap<&str, Value> = offices
            .iter()
            .map(|&o| {
                (
                    o,
                    json!({"madonvi": format!("MDV-{o}"), "name": "Cơ quan thử"}),
                )
            })
            .collect();
        fs::write(folder.join("portal-password"), format!("{PASSWORD}\n")).expect("a file");
        let settings = json!({
            "login_url": format!("http://{at}/login"),
            "service_url": format!("http://{at}/service"),
            "dstcode": DSTCODE,
            "username": USERNAME,
            "password_file": "portal-password",
            "offices": offices,
            "patience_s": 1,
            "retry_cap_s": 1,
        });
        let file = folder.join("portal.json");
        fs::write(&file, settings.to_string()).expect("a file");
        file
    }
}

fn refused(code: &str, message: &str) -> Value {
    json!({"error_code": code, "error_message": message})
}

fn answer(state: &mut Portal, said: &Value) -> Response {
    if state.lose_every > 0 && state.calls.is_multiple_of(state.lose_every) {
        return lost();
    }
    Json(said).into_response()
}

fn down() -> Response {
    let page = "<html><body>Hệ thống đang bảo trì</body></html>";
    (StatusCode::SERVICE_UNAVAILABLE, page).into_response()
}

async fn login(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Json(ask): Json<Value>,
) -> Response {
    let mut state = lock(&shared);
    state.calls += 1;
    if state.down {
        return down();
    }
    let for_us = headers.get("dstcode").is_some_and(|d| d == DSTCODE);
    if !for_us || ask != json!({"username": USERNAME, "password": PASSWORD}) {
        return Json(refused("1", "Sai tài khoản hoặc mật khẩu")).into_response();
    }
    state.logins += 1;
    let session = format!("session-{}", state.logins);
    let good_for = state.session_calls;
    state.sessions.insert(session.clone(), good_for);
    answer(&mut state, &json!({"error_code": "0", "session": session}))
}

async fn service(State(shared): State<Shared>, Json(ask): Json<Value>) -> Response {
    let records = ask["data"].as_array().cloned().unwrap_or_default();
    let codes: BTreeSet<String> = records.iter().map(code_of).collect();
    {
        let mut state = lock(&shared);
        state.calls += 1;
        if state.down {
            return down();
        }
        for code in &codes {
            let now = state.at_work.entry(code.clone()).or_default();
            *now += 1;
            let now = *now;
            state.most_at_once = state.most_at_once.max(now);
        }
    }
    // Whoever else speaks of the same case just now would be seen.
    tokio::task::yield_now().await;
    let mut state = lock(&shared);
    let said = done(&mut state, &ask, &records);
    for code in &codes {
        if let Some(now) = state.at_work.get_mut(code) {
            *now -= 1;
        }
    }
    match said {
        Some(said) => answer(&mut state, &said),
        None => (StatusCode::INTERNAL_SERVER_ERROR, "null reference").into_response(),
    }
}

fn code_of(record: &Value) -> String {
    record["MaHoSo"].as_str().unwrap_or_default().to_owned()
}

fn done(state: &mut Portal, ask: &Value, records: &[Value]) -> Option<Value> {
    let session = ask["session"].as_str().unwrap_or_default();
    match state.sessions.get_mut(session) {
        None => return Some(refused("6", "Phiên làm việc không hợp lệ")),
        Some(0) if state.session_calls == 0 => {}
        Some(left) => {
            *left = left.saturating_sub(1);
            if *left == 0 {
                state.sessions.remove(session);
            }
        }
    }
    if !ask["madonvi"]
        .as_str()
        .is_some_and(|m| m.starts_with("MDV-"))
    {
        return Some(refused("7", "Đơn vị không tồn tại"));
    }
    let updating = match ask["isUpdating"].as_str() {
        Some("True") => true,
        Some("False") => false,
        _ => return Some(refused("8", "isUpdating")),
    };
    if records.is_empty() || records.len() > 10 {
        return Some(refused("8", "data"));
    }
    for record in records {
        if state.felled_by.contains(&code_of(record)) {
            return None;
        }
        let taken = match ask["service"].as_str() {
            Some("DongBoHoSoMC") => case(state, record, updating),
            Some("CapNhatTienDoHoSoMC") => turn(state, record),
            _ => Err(refused("8", "service")),
        };
        if let Err(refused) = taken {
            return Some(refused);
        }
    }
    Some(json!({"error_code": "0", "error_message": "Thành công"}))
}

/// `yyyyMMddHHmmss`
fn is_time(value: &Value) -> bool {
    let digits = |t: &str| t.len() == 14 && t.bytes().all(|b| b.is_ascii_digit());
    value.as_str().is_some_and(digits)
}

/// Fields of a case, as docs/portal.md and its source list them; behind a part its own.
const CASE: &str = "MaHoSo MaTTHC TenTTHC MaLinhVuc TenLinhVuc KenhThucHien SoBienNhan TrichYeuHoSo NoiNopHoSo DonViXuLy GhiChu
  ChuHoSo LoaiDoiTuong MaDoiTuong DinhDanhCHS Email Fax SoDienThoai ThongTinKhac TaiKhoanDuocXacThucVoiVNeID
  NgayNopHoSo NgayTiepNhan NgayHenTra NgayKetThucXuLy NgayTra NgayTuChoi TrangThaiHoSo ThongTinTra HinhThuc
  DanhSachGiayToKetQua TaiLieuNop DanhSachTepDinhKemKhac HoSoCoThanhPhanSoHoa DanhSachLePhi DuocThanhToanTrucTuyen
  DanhSachHoSoBoSung DSKetNoiCSDL";
const PARTS: [(&str, &str); 6] = [
    ("DinhDanhCHS", "LoaiDinhDanh SoDinhDanh"),
    (
        "DanhSachLePhi",
        "TenPhiLePhi MaPhiLePhi HinhThucThu Gia LoaiPhiLePhi",
    ),
    (
        "DanhSachGiayToKetQua",
        "TenGiayTo MaThanhPhanHoSo GiayToId DuongDanTepTinKetQua MaGiayToKetQua",
    ),
    (
        "TaiLieuNop",
        "TepDinhKemId TenTepDinhKem IsDeleted MaThanhPhanHoSo DuongDanTaiTepTin DuocSoHoa DuocTaiSuDung DuocLayTuKhoDMQG MaKetQuaThayThe",
    ),
    ("DanhSachTepDinhKemKhac", "TenGiayTo SoLuong LoaiGiayTo"),
    (
        "DanhSachHoSoBoSung",
        "HoSoBoSungId NguoiYeuCauBoSung NoiDungBoSung NgayBoSung NguoiTiepNhanBoSung ThongTinTiepNhan NgayTiepNhanBoSung TrangThaiBoSung DanhSachGiayToBoSung DanhSachLePhiBoSung NgayHenTraTruoc NgayHenTraMoi",
    ),
];
const TURN: &str = "MaHoSo NguoiXuLy ChucDanh ThoiDiemXuLy PhongBanXuLy NoiDungXuLy TrangThai NgayBatDau NgayKetThucTheoQuyDinh";
/// Without it a part is of nothing.
const NAMES: [&str; 6] = [
    "SoDinhDanh",
    "Gia",
    "TenGiayTo",
    "TepDinhKemId",
    "TenGiayTo",
    "HoSoBoSungId",
];

/// Every field is one of the list, a text with something in it, and of the form that its name says.
fn fields(record: &Value, list: &str) -> Result<(), Value> {
    let record = record.as_object().ok_or_else(|| refused("9", "bản ghi"))?;
    for (field, value) in record {
        let mark = (field.starts_with("Duoc") && field != "DuocThanhToanTrucTuyen")
            || ["IsDeleted", "HoSoCoThanhPhanSoHoa"].contains(&field.as_str());
        let of_form = match field.as_str() {
            field if PARTS.iter().any(|(part, _)| *part == field) => value.is_array(),
            _ if mark => value == "0" || value == "1",
            field if field.starts_with("Ngay") || field == "ThoiDiemXuLy" => is_time(value),
            field if field.starts_with("Nguoi") => value
                .as_str()
                .is_some_and(|name| (1..=50).contains(&name.chars().count())),
            _ => value.as_str().is_some_and(|text| !text.is_empty()),
        };
        if !list.split_whitespace().any(|known| known == field) || !of_form {
            return Err(refused("9", field));
        }
    }
    Ok(())
}

fn whole_case(record: &Value) -> Result<(), Value> {
    fields(record, CASE)?;
    for ((part, list), name) in PARTS.into_iter().zip(NAMES) {
        let some = record.get(part).and_then(Value::as_array);
        let mut named = BTreeSet::new();
        for one in some.into_iter().flatten() {
            fields(one, list)?;
            let value = one[name].as_str().ok_or_else(|| refused("9", part))?;
            // What has a number of its own stands once.
            if !named.insert(value) && name.ends_with("Id") {
                return Err(refused("9", part));
            }
        }
        if some.is_some_and(Vec::is_empty) {
            return Err(refused("9", part));
        }
    }
    Ok(())
}

fn case(state: &mut Portal, record: &Value, updating: bool) -> Result<(), Value> {
    whole_case(record)?;
    for field in ["MaHoSo", "MaTTHC", "ChuHoSo", "TrangThaiHoSo"] {
        if record[field].as_str().is_none_or(str::is_empty) {
            return Err(refused("9", &format!("Thiếu {field}")));
        }
    }
    if !is_time(&record["NgayTiepNhan"]) {
        return Err(refused("9", "NgayTiepNhan"));
    }
    if state
        .refuses
        .contains(record["ChuHoSo"].as_str().unwrap_or_default())
    {
        return Err(refused("99", "Dữ liệu không hợp lệ"));
    }
    let code = code_of(record);
    match (state.cases.contains_key(&code), updating) {
        (true, false) => {
            return Err(refused(
                "3",
                &format!("Hồ sơ {code} đã tồn tại trên hệ thống"),
            ));
        }
        (false, true) => return Err(refused("4", "Không tìm thấy hồ sơ")),
        (false, false) => state.taken_in.push(code.clone()),
        (true, true) => {}
    }
    state.cases.insert(code, record.clone());
    Ok(())
}

fn turn(state: &mut Portal, record: &Value) -> Result<(), Value> {
    if !state.cases.contains_key(&code_of(record)) {
        return Err(refused("4", "Không tìm thấy hồ sơ"));
    }
    fields(record, TURN)?;
    if !is_time(&record["ThoiDiemXuLy"]) || !record["TrangThai"].is_string() {
        return Err(refused("9", "ThoiDiemXuLy, TrangThai"));
    }
    let same = |t: &Value| {
        ["MaHoSo", "ThoiDiemXuLy", "TrangThai"]
            .iter()
            .all(|field| t[*field] == record[*field])
    };
    if state.turns.iter().any(same) {
        return Err(refused("3", "Tiến độ đã tồn tại"));
    }
    state.turns.push(record.clone());
    Ok(())
}
