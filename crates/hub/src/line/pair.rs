//! How an empty folder becomes a counter of a hub.

use std::{path::Path, time::Duration};

use motcua_app::{App, Settings, clock::Clock};
use motcua_domain::{Code, Refusal};
use motcua_protocol::{
    ApiError,
    sync::{MEDIA_ANSWER, PROTO},
};
use motcua_store::DATABASE;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    Line, Paired,
    http::{Http, Lost, Send, host_of},
};
use crate::{
    identity::{Fingerprint, Identity},
    pairing::{self, Begin, Begun, Finish, Finished, Transcript},
    tls, wire,
};

/// Checking a code costs the hub a moment by design, once for each code that waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of pairing.
#[derive(Debug, Clone, Serialize)]
pub struct Joined {
    /// Short name of the branch.
    pub branch: String,
    /// This counter's number among the machines.
    pub number: u16,
    /// This counter's device id.
    pub device: Uuid,
    /// Certificate of the hub, from now on the only one that is spoken to.
    pub fingerprint: String,
    /// Records fetched.
    pub received: u64,
}

fn refuse(code: Code, message: &str, field: &str) -> ApiError {
    Refusal::new(code, message).at(field).into()
}

fn offline() -> ApiError {
    refuse(
        Code::HubAway,
        "Không nối được máy chủ quầy ở địa chỉ này. Chưa ghép gì. Mời xem lại địa chỉ và xem máy chủ quầy đã chạy chưa.",
        "hub",
    )
}

fn strange() -> ApiError {
    refuse(
        Code::HubForeign,
        "Máy ở địa chỉ này không phải máy chủ quầy của Một Cửa. Chưa ghép gì. Mời xem lại địa chỉ.",
        "hub",
    )
}

fn folder(error: &std::io::Error) -> ApiError {
    tracing::warn!(%error, "folder");
    refuse(
        Code::ReadOnly,
        "Không ghi được vào thư mục dữ liệu. Chưa ghép gì. Mời kiểm tra quyền ghi.",
        "data",
    )
}

fn said<T: DeserializeOwned>(
    http: &Http,
    path: &str,
    question: &impl Serialize,
) -> Result<(T, Fingerprint), ApiError> {
    let body = serde_json::to_vec(question).map_err(|_| strange())?;
    let sent = http.send_known(Send::post(path, body), PATIENCE);
    let (got, hub) = sent.map_err(|lost| match lost {
        Lost::Foreign => strange(),
        Lost::Offline | Lost::Timeout | Lost::Unknown => offline(),
    })?;
    if got.media != MEDIA_ANSWER {
        return Err(strange());
    }
    if got.status == 200 {
        let answer = serde_json::from_slice(&got.body).map_err(|_| strange())?;
        return Ok((answer, hub));
    }
    Err(serde_json::from_slice(&got.body).unwrap_or_else(|_| strange()))
}

/// Makes `settings.dir` a counter of the hub at `url`, with the code that a person read there.
///
/// # Errors
/// `BRANCH_EXISTS` where the folder has a branch, what the hub refuses, and faults of the disk.
/// Then the folder is as before, but for a key that nobody knows.
pub fn pair(
    settings: &Settings,
    clock: impl Clock + 'static,
    url: &str,
    code: &str,
    name: &str,
) -> Result<Joined, ApiError> {
    let host = host_of(url).ok_or_else(unaddressed)?;
    let target = Target {
        host,
        code: code.to_owned(),
        pin: None,
    };
    join(settings, clock, &target, name)
}

fn unaddressed() -> ApiError {
    refuse(
        Code::ArgumentInvalid,
        "Địa chỉ máy chủ quầy có dạng https://TÊN-MÁY:CỔNG. Mời xem lại.",
        "hub",
    )
}

/// Which hub to join.
#[derive(Debug)]
pub(crate) struct Target {
    /// `HOST:PORT`
    pub(crate) host: String,
    /// As a person typed it.
    pub(crate) code: String,
    /// Its certificate, where something said it that a person trusts: then no other is spoken to.
    pub(crate) pin: Option<Fingerprint>,
}

/// As [`pair`].
pub(crate) fn join(
    settings: &Settings,
    clock: impl Clock + 'static,
    target: &Target,
    name: &str,
) -> Result<Joined, ApiError> {
    let dir: &Path = &settings.dir;
    if dir.join(DATABASE).exists() {
        return Err(refuse(
            Code::BranchExists,
            "Thư mục này đã có dữ liệu của một chi nhánh. Không ghi đè gì. Mời chọn thư mục trống.",
            "data",
        ));
    }
    let host = host_of(&target.host).ok_or_else(unaddressed)?;
    let code = pairing::clean(&target.code).ok_or_else(|| {
        refuse(
            Code::PairCodeWrong,
            "Mã ghép có 8 chữ và số. Chưa ghép gì. Mời xem lại mã trên máy chủ quầy.",
            "code",
        )
    })?;
    std::fs::create_dir_all(dir).map_err(|e| folder(&e))?;
    let identity = Identity::of_folder(dir).map_err(|e| folder(&e))?;
    let tls = tls::client(&identity, target.pin).map_err(|_| strange())?;
    let http = Http::new(host.clone(), None, tls).map_err(|e| folder(&e))?;
    let device = Uuid::new_v4();
    let paired = prove(&http, &identity, device, name, &code, &host)?;
    paired.keep(dir).map_err(|e| folder(&e))?;
    drop(http);

    let line = Line::new(dir, paired.clone(), false).map_err(|e| folder(&e))?;
    let app = App::empty(settings.clone(), clock, device).map_err(Refusal::from)?;
    let synced = line.sync(&app);
    let branch = app
        .store()
        .read(|read| read.branch())
        .map_err(Refusal::from)?;
    let Some(branch) = branch else {
        return Err(refuse(
            Code::HubAway,
            "Đã ghép nhưng chưa tải xong dữ liệu chi nhánh. Mời chạy đồng bộ lại khi máy chủ quầy trả lời.",
            "hub",
        ));
    };
    // With the first word of this device at the hub, its blocks of numbers can be given.
    line.sync(&app);
    Ok(Joined {
        branch: branch.office.name.clone(),
        number: paired.number,
        device,
        fingerprint: paired.fingerprint,
        received: synced.received,
    })
}

fn prove(
    http: &Http,
    identity: &Identity,
    device: Uuid,
    name: &str,
    code: &str,
    host: &str,
) -> Result<Paired, ApiError> {
    let counter_nonce = pairing::nonce();
    let begin = Begin {
        proto: PROTO,
        device,
        name: name.to_owned(),
        nonce: blake3::Hash::from_bytes(counter_nonce).to_hex().to_string(),
    };
    let (begun, hub): (Begun, _) = said(http, wire::PAIR_BEGIN, &begin)?;
    let transcript = Transcript {
        counter_nonce,
        hub_nonce: *pairing::digest(&begun.nonce)
            .ok_or_else(strange)?
            .as_bytes(),
        counter: identity.fingerprint(),
        hub,
        device,
        name: name.to_owned(),
    };
    let key = transcript.key(code).ok_or_else(strange)?;
    let finish = Finish {
        session: begun.session,
        proof: transcript.by_counter(&key).to_hex().to_string(),
    };
    let (finished, again): (Finished, _) = said(http, wire::PAIR_FINISH, &finish)?;
    // The hub knows the code too, and it is the one whose certificate we saw all along.
    let theirs = pairing::digest(&finished.proof);
    if again != hub || theirs != Some(transcript.by_hub(&key)) {
        return Err(refuse(
            Code::HubForeign,
            "Máy trả lời không chứng minh được nó biết mã ghép, nên không ghép với nó. Mời báo người quản trị kiểm tra mạng.",
            "hub",
        ));
    }
    Ok(Paired {
        url: format!("https://{host}"),
        fingerprint: hub.to_string(),
        number: finished.number,
        device,
        hub: finished.hub,
        branch: finished.branch,
    })
}
