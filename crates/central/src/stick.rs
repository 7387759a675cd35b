//! Records that came on a stick: by the operator's command line, or over another machine's line.
//!
//! A file is read to its end before anything of it counts: the signature of the machine that wrote
//! it stands there. Then its batches go the way of every batch, so that what is known already is
//! known, and what is held back is held back.

use std::{
    fs::{self, File},
    io::{self, Read, Write as _},
    path::Path,
};

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use deadpool_postgres::Pool;
use motcua_domain::{Code, Refusal};
use motcua_protocol::{
    ApiError, Time,
    sync::{Limits, Sealed, Status},
    verbs::sync::{StickBrought, StickTaken},
};
use motcua_stick::{Answer, Fault, Header, Item, OpenKey, Reader, SealKey};
use motcua_sync::{Access, Answer as Said, Request, answer};
use ring::signature::{ED25519, UnparsedPublicKey};
use tokio::{runtime::Handle, sync::Semaphore};
use uuid::Uuid;

use crate::{
    auth::{self, Device, Enrol},
    database::Installation,
    error::Error,
    ingest,
    logs::Logs,
    routes::{Central, now_ms, said},
};

/// A file over a line is held in memory meanwhile.
const MOST: usize = 64 << 20;
/// So many at a time.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Why nothing of a file was taken.
#[derive(Debug)]
pub(crate) enum No {
    /// In words.
    Refused(ApiError),
    /// A fault of ours.
    Fault(Error),
}

impl From<Error> for No {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

impl From<deadpool_postgres::PoolError> for No {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<tokio_postgres::Error> for No {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Fault(error.into())
    }
}

fn refuse(code: Code, message: &str) -> No {
    No::Refused(Refusal::new(code, message).at("file").into())
}

impl From<Fault> for No {
    fn from(fault: Fault) -> Self {
        let (code, message) = match fault {
            Fault::NotOurs => (
                Code::StickInvalid,
                "Tệp này không phải tệp bản ghi của Một Cửa. Chưa nhận gì. Mời chọn tệp khác.",
            ),
            Fault::OtherKey => (
                Code::StickOther,
                "Tệp này được niêm phong cho một trung tâm khác nên ở đây không mở được. Chưa nhận gì. Mời mang tệp tới đúng trung tâm.",
            ),
            Fault::Damaged => (
                Code::StickInvalid,
                "Tệp bị cắt ngang hoặc bị hỏng. Chưa nhận gì; bản ghi vẫn còn ở máy đã xuất. Mời xuất lại, chờ báo xong rồi mới rút USB.",
            ),
            Fault::Newer => (
                Code::ProtocolOther,
                "Tệp do bản chương trình mới hơn ghi. Chưa nhận gì. Mời cập nhật chương trình ở trung tâm.",
            ),
            Fault::Io(error) => {
                tracing::warn!(%error, "file of records");
                (
                    Code::StickInvalid,
                    "Không đọc được tệp. Chưa nhận gì. Mời rút USB ra cắm lại, hoặc chép tệp sang ổ khác.",
                )
            }
        };
        refuse(code, message)
    }
}

fn forged() -> No {
    refuse(
        Code::DeviceUnproven,
        "Chữ ký trong tệp không phải của máy đã ghi tên trong đó. Chưa nhận gì. Mời báo người quản trị.",
    )
}

/// Whom a file is from, once its signature was looked at.
async fn sender(
    pool: &Pool,
    header: &Header,
    signature: &[u8],
    message: &[u8],
) -> Result<Device, No> {
    let proves = |key: &[u8]| {
        UnparsedPublicKey::new(&ED25519, key)
            .verify(message, signature)
            .is_ok()
    };
    let known = pool
        .get()
        .await?
        .query_opt(
            "SELECT office_id, public_key FROM device WHERE device = $1 AND revoked_at IS NULL",
            &[&header.device],
        )
        .await?;
    if let Some(row) = known {
        if !proves(row.get(1)) {
            return Err(forged());
        }
        return Ok(Device {
            device: header.device,
            office: row.get(0),
        });
    }
    let Some(introduction) = &header.introduction else {
        return Err(refuse(
            Code::DeviceUnknown,
            "Trung tâm không biết máy đã ghi tệp này, hoặc đã thu quyền của máy đó. Chưa nhận gì. Mời cấp mã kết nối rồi xuất lại với mã đó.",
        ));
    };
    let key = URL_SAFE_NO_PAD.decode(&introduction.public_key);
    if !key.is_ok_and(|key| proves(&key)) {
        return Err(forged());
    }
    let ask = Enrol {
        code: introduction.code.clone(),
        device: header.device,
        branch: header.branch,
        name: introduction.name.clone(),
        public_key: introduction.public_key.clone(),
        signature: introduction.signature.clone(),
    };
    auth::enrol(pool, &ask).await?.map_err(|why| {
        let (code, message) = match why {
            auth::Refusal::Code => (
                Code::EnrolCodeWrong,
                "Mã kết nối trong tệp không đúng, đã dùng hoặc đã quá 24 giờ. Chưa nhận gì. Mời cấp mã mới rồi xuất lại với mã đó.",
            ),
            auth::Refusal::OtherDevice | auth::Refusal::OtherBranch => (
                Code::StickOther,
                "Mã kết nối trong tệp thuộc đơn vị đã có bản ghi của chi nhánh hoặc khóa khác. Chưa nhận gì. Mời cấp mã riêng cho chi nhánh này.",
            ),
            _ => return forged(),
        };
        refuse(code, message)
    })
}

/// Takes in a file, which is read twice: to its end before anything counts, and then for good.
/// `office` is whose it has to be.
///
/// # Errors
/// [`No`]: then nothing of it was taken, but where the database fails in the middle: what was taken
/// until then stays, and the same file may come again.
pub(crate) fn take<R: Read>(
    runtime: &Handle,
    pool: &Pool,
    installation: &Installation,
    office: Option<i32>,
    open: impl Fn() -> io::Result<R>,
) -> Result<Taken, No> {
    let key = OpenKey::of_secret(&installation.secret);
    let limits = Limits::default();
    let begin = || -> Result<(Header, Reader<R>), No> {
        let from = open().map_err(Fault::from)?;
        Ok(Reader::open(from, &key)?)
    };
    let (header, mut reader) = begin()?;
    // What was signed is what is taken, whatever becomes of the file between the two readings.
    let mut read = Vec::new();
    let (signature, message) = loop {
        match reader.item(&limits)? {
            Item::Batch(_) => read.push(reader.so_far()),
            Item::End { signature, message } => break (signature, message),
        }
    };
    let device = runtime.block_on(sender(pool, &header, &signature, &message))?;
    if office.is_some_and(|office| office != device.office) {
        return Err(refuse(
            Code::StickOther,
            "Tệp này là của đơn vị khác. Chưa nhận gì. Mời kiểm tra lại USB, hoặc mang thẳng tới trung tâm.",
        ));
    }
    let (_, mut reader) = begin()?;
    let mut taken = StickTaken {
        device: header.device,
        office: runtime.block_on(office_code(pool, device.office))?,
        made_at: Time::from_ms(header.made_ms),
        records: 0,
        stored: 0,
        known: 0,
        held: 0,
        left: 0,
        answer_file: None,
    };
    // Of a log that does not fit, nothing behind that place can.
    let mut stopped: Vec<(Uuid, u32)> = Vec::new();
    for read in read {
        match reader.item(&limits)? {
            Item::Batch(events) if reader.so_far() == read => {
                runtime.block_on(batch(
                    pool,
                    device.office,
                    &events,
                    &mut taken,
                    &mut stopped,
                ))?;
            }
            _ => return Err(Fault::Damaged.into()),
        }
    }
    tracing::info!(
        device = %taken.device,
        office = device.office,
        records = taken.records,
        stored = taken.stored,
        left = taken.left,
        "records from a stick"
    );
    let answer = said_back(runtime, pool, &key, &header, &device)?;
    Ok(Taken { taken, answer })
}

/// What became of a file, and what its machine is to hear of it.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) taken: StickTaken,
    /// Sealed for that machine.
    pub(crate) answer: Option<Vec<u8>>,
}

/// What a session over a line would begin with, for a machine that has none.
fn said_back(
    runtime: &Handle,
    pool: &Pool,
    key: &OpenKey,
    header: &Header,
    device: &Device,
) -> Result<Option<Vec<u8>>, No> {
    let Some(machine) = header.answer_key.as_deref().and_then(SealKey::parse) else {
        return Ok(None);
    };
    let mut logs = Logs {
        pool: pool.clone(),
        runtime: runtime.clone(),
        office: device.office,
        by: None,
        stored: 0,
    };
    let access = Access {
        device: device.device,
        brings_others: true,
    };
    let now_ms = now_ms();
    let request = Request::Heads { all: true };
    let Said::Heads(heads) = answer(&mut logs, access, &Limits::default(), now_ms, request)? else {
        return Ok(None);
    };
    let answer = Answer {
        device: device.device,
        made_ms: header.made_ms,
        answered_ms: now_ms,
        heads,
    };
    Ok(answer.seal(key, &machine).ok())
}

/// Puts an answer onto the stick, whole or not at all.
pub(crate) fn put(at: &Path, sealed: &[u8]) -> io::Result<()> {
    let draft = at.with_extension("dang-ghi");
    let put = File::create(&draft)
        .and_then(|mut file| file.write_all(sealed).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, at));
    if put.is_err() {
        // Nothing half is left; where even that fails, its name says that it is half.
        fs::remove_file(&draft).ok();
    }
    put
}

async fn office_code(pool: &Pool, office: i32) -> Result<String, No> {
    let row = pool
        .get()
        .await?
        .query_one("SELECT code FROM office WHERE office_id = $1", &[&office])
        .await?;
    Ok(row.get(0))
}

async fn batch(
    pool: &Pool,
    office: i32,
    events: &[Sealed],
    taken: &mut StickTaken,
    stopped: &mut Vec<(Uuid, u32)>,
) -> Result<(), No> {
    let many = events.len() as u64;
    taken.records += many;
    let Some(log) = events.first().map(|e| (e.header.device, e.header.epoch)) else {
        return Ok(());
    };
    if stopped.contains(&log) {
        taken.left += many;
        return Ok(());
    }
    let mut client = pool.get().await?;
    let done = ingest::take(&mut client, office, events, None).await?;
    let held = |status| matches!(status, Status::Parked | Status::Quarantined);
    let known = |status| matches!(status, Status::Duplicate);
    let count = |which: &dyn Fn(Status) -> bool| {
        done.results.iter().filter(|v| which(v.status)).count() as u64
    };
    taken.stored += done.stored as u64;
    taken.held += count(&held);
    taken.known += count(&known);
    if !done.unfit.is_empty() {
        taken.left += many - done.stored as u64 - count(&known);
        stopped.push(log);
    }
    Ok(())
}

/// A file of records that another machine of the office brings, and cannot read.
#[utoipa::path(
    post, path = "/v1/stick", tag = "protocol", security(("device" = [])),
    params(("motcua-proto" = u16, Header, description = "Version of the protocol that is spoken"),),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The sealed file"),
    responses(
        (status = 200, description = "What became of its records", body = ref("#/components/schemas/SyncStickBrought")),
        (status = 401, description = "No token, or one that has run out", body = ref("#/components/schemas/Refused")),
        (status = 403, description = "Access was taken away", body = ref("#/components/schemas/Refused")),
        (status = 413, description = "More than is taken at once", body = ref("#/components/schemas/ApiError")),
        (status = 422, description = "Damaged, forged, or for others", body = ref("#/components/schemas/ApiError")),
        (status = 426, description = "A version of the protocol that is not spoken here", body = ref("#/components/schemas/Refused")),
        (status = 503, description = "Not now; nothing was done"),
    )
)]
pub(crate) async fn post(
    State(central): State<std::sync::Arc<Central>>,
    Extension(bringer): Extension<Device>,
    body: Body,
) -> Response {
    let Ok(_place) = PLACES.try_acquire() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let Ok(bytes) = axum::body::to_bytes(body, MOST).await else {
        return said(
            StatusCode::PAYLOAD_TOO_LARGE,
            &refused(refuse(
                Code::StickInvalid,
                "Tệp quá lớn để chuyển qua mạng. Chưa nhận gì. Mời mang USB thẳng tới trung tâm.",
            )),
        );
    };
    let runtime = Handle::current();
    let done = tokio::task::spawn_blocking(move || {
        let open = || Ok(io::Cursor::new(bytes.clone()));
        let office = Some(bringer.office);
        take(&runtime, &central.pool, &central.installation, office, open)
    });
    match done.await {
        Ok(Ok(Taken { taken, answer })) => {
            let answer = answer.map(|sealed| URL_SAFE_NO_PAD.encode(sealed));
            said(StatusCode::OK, &StickBrought { taken, answer })
        }
        Ok(Err(No::Refused(error))) => said(StatusCode::UNPROCESSABLE_ENTITY, &error),
        Ok(Err(No::Fault(error))) => {
            tracing::error!(%error, "file of records");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Err(error) => {
            tracing::error!(%error, "file of records");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn refused(no: No) -> Option<ApiError> {
    match no {
        No::Refused(error) => Some(error),
        No::Fault(_) => None,
    }
}
