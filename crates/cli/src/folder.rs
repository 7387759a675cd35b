//! Asking the process that holds the folder: a window, a counter, or the hub.

use std::time::Duration;

use motcua_domain::{Code, Refusal};
use motcua_hub::Endpoint;
use motcua_protocol::ApiError;
use serde_json::Value;

use crate::{args::Args, branch::invalid, out};

/// A command waits for disk and hub; a check reads a year of records.
const PATIENCE: Duration = Duration::from_secs(600);

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(Duration::from_secs(2)))
        .timeout_global(Some(PATIENCE))
        .build()
        .into()
}

fn gone() -> ApiError {
    Refusal::new(
        Code::FolderInUse,
        "Chương trình đang giữ thư mục này không trả lời. Dữ liệu an toàn. Mời đóng cửa sổ đang mở rồi làm lại.",
    )
    .into()
}

/// Whether a process can be asked: the endpoint file may be that of one that is gone.
pub(crate) fn answers(args: &Args) -> bool {
    let Some(endpoint) = Endpoint::read(&args.data) else {
        return false;
    };
    agent().get(format!("{}/", endpoint.url)).call().is_ok()
}

fn ask(args: &Args, path: &str, body: &str) -> Result<Value, ApiError> {
    let endpoint = Endpoint::read(&args.data).ok_or_else(gone)?;
    let mut request = agent()
        .post(format!("{}{path}", endpoint.url))
        .header("authorization", format!("Bearer {}", endpoint.token))
        .header("content-type", "application/json");
    if let Some(officer) = &args.officer {
        request = request.header("x-officer", officer);
    }
    let mut response = request.send(body).map_err(|_| gone())?;
    let ok = response.status().is_success();
    let body: Value = response
        .body_mut()
        .with_config()
        .limit(256 << 20)
        .read_json()
        .map_err(|_| gone())?;
    if ok {
        return Ok(body);
    }
    Err(serde_json::from_value(body)
        .unwrap_or_else(|_| invalid("Cửa sổ đang mở trả lời không đọc được. Mời thử lại.")))
}

/// One verb.
pub(crate) fn rpc(args: &Args, name: &str, argument: &Value) -> Result<Value, ApiError> {
    ask(args, &format!("/rpc/{name}"), &argument.to_string())
}

/// A code for one more counter. Only a running hub can honour one.
pub(crate) fn pair_code(args: &Args) -> Result<Value, ApiError> {
    if !answers(args) {
        return Err(Refusal::new(
            Code::NotPaired,
            "Máy chủ quầy chưa chạy trên thư mục này nên chưa có mã ghép. Mời chạy máy chủ quầy (motcua serve) rồi lấy mã.",
        )
        .into());
    }
    ask(args, "/folder/pair-code", "")
}

/// A session with the hub, or with central.
pub(crate) fn sync(args: &Args) -> Result<Value, ApiError> {
    ask(args, "/folder/sync", "")
}

/// Another machine is the hub from now on, at that address.
pub(crate) fn follow(args: &Args, hub: &str) -> Result<Value, ApiError> {
    if !answers(args) {
        return Err(Refusal::new(
            Code::NotPaired,
            "Chưa có chương trình nào chạy trên thư mục này nên chưa đổi máy chủ quầy được. Mời mở cửa sổ Một Cửa (hoặc motcua serve) rồi làm lại.",
        )
        .into());
    }
    ask(
        args,
        "/folder/follow",
        &serde_json::json!({"hub": hub}).to_string(),
    )
}

/// The check of everything.
pub(crate) fn verify(args: &Args) -> Result<Value, ApiError> {
    ask(args, "/folder/verify", "")
}

/// A copy of the folder that is at work.
pub(crate) fn backup(args: &Args, file: &str) -> Result<Value, ApiError> {
    let to = serde_json::json!({"file": file});
    ask(args, "/folder/backup", &to.to_string())
}

/// The dump, as it comes.
pub(crate) fn dump(args: &Args) -> Result<(), ApiError> {
    let endpoint = Endpoint::read(&args.data).ok_or_else(gone)?;
    let mut response = agent()
        .get(format!("{}/folder/dump", endpoint.url))
        .header("authorization", format!("Bearer {}", endpoint.token))
        .call()
        .map_err(|_| gone())?;
    if !response.status().is_success() {
        return Err(gone());
    }
    let mut lines = response.body_mut().as_reader();
    out::copy(&mut lines).map_err(|_| gone())
}
