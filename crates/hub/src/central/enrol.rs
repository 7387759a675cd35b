//! How a folder comes to have a central: a one-use code, read to the branch by whoever runs it.

use std::{fs, io, path::Path, time::Duration};

use motcua_app::App;
use motcua_domain::{Code, Refusal};
use motcua_protocol::{ApiError, bundle::Terms, sync::MEDIA_ANSWER};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    bundles::Pinned,
    enrolled::{Enrolled, Key, refuse},
};
use crate::{
    line::{Lost, Send, host_of},
    role::Remembered,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// What came of enrolling.
#[derive(Debug, Clone, Serialize)]
pub struct Enrolling {
    /// Where central is.
    pub central: String,
    /// As what this device is known there.
    pub device: Uuid,
}

/// What central says to whoever joined.
#[derive(Default, Deserialize)]
struct Answer {
    /// Absent with an older central.
    #[serde(default)]
    bundles: Option<Terms>,
}

fn folder(error: &io::Error) -> ApiError {
    tracing::warn!(%error, "folder");
    refuse(
        Code::ReadOnly,
        "Không ghi được vào thư mục dữ liệu. Chưa kết nối trung tâm. Mời kiểm tra quyền ghi.",
        "data",
    )
}

fn refused(refusal: Refusal) -> ApiError {
    refusal.into()
}

fn strange() -> ApiError {
    refuse(
        Code::CentralForeign,
        "Máy ở địa chỉ này không phải hệ thống trung tâm đã cho, nên không gửi gì cho nó. Bản ghi vẫn an toàn trên máy. Mời xem lại địa chỉ và tệp chứng thư (ca).",
        "central",
    )
}

/// What a device signs when it joins; central checks the same bytes.
pub(super) fn message(code: &str, device: Uuid) -> Vec<u8> {
    [b"motcua-enrol-1", code.as_bytes(), device.as_bytes()].concat()
}

/// Makes this device known to central under the office of a code. An answer that is lost is asked
/// for again with the same code.
///
/// # Errors
/// A counter does not enrol; what central refuses; faults of disk and line.
pub fn enrol(app: &App, url: &str, code: &str, ca: Option<&Path>) -> Result<Enrolling, ApiError> {
    let dir = app.dir();
    match Remembered::of_folder(dir) {
        Ok(Remembered::Counter) => {
            return Err(refuse(
                Code::Unsupported,
                "Máy này là quầy; máy chủ quầy gửi về trung tâm cho cả chi nhánh. Chưa đổi gì. Mời kết nối trung tâm trên máy chủ quầy.",
                "data",
            ));
        }
        Ok(Remembered::Own | Remembered::Hub { .. }) => {}
        Err(error) => return Err(folder(&error)),
    }
    if host_of(url).is_none() {
        return Err(refuse(
            Code::ArgumentInvalid,
            "Địa chỉ trung tâm có dạng https://TÊN-MÁY:CỔNG. Mời xem lại.",
            "central",
        ));
    }
    let Some(ca) = ca else {
        return Err(refuse(
            Code::FieldRequired,
            "Cần tệp chứng thư của trung tâm (ca) để biết chắc đang gửi cho đúng nơi. Chưa kết nối gì. Mời xin tệp này ở đơn vị quản trị trung tâm.",
            "ca",
        ));
    };
    let authority = fs::read_to_string(ca).map_err(|_| {
        refuse(
            Code::ArgumentInvalid,
            "Không đọc được tệp chứng thư của trung tâm. Chưa kết nối gì. Mời xem lại đường dẫn.",
            "ca",
        )
    })?;
    let device = app.store().device();
    let key = Key::of_folder(dir).map_err(|e| folder(&e))?;
    let mut enrolled = Enrolled {
        url: url.to_owned(),
        ca: authority,
        device,
        bundles: None,
    };
    let http = enrolled.http().map_err(|_| {
        refuse(
            Code::ArgumentInvalid,
            "Tệp chứng thư của trung tâm không đúng dạng PEM. Chưa kết nối gì. Mời xin lại tệp.",
            "ca",
        )
    })?;
    let branch = (app.store().read(|read| read.branch_id())).map_err(|e| refused(e.into()))?;
    let body = json!({
        "code": code,
        "device": device,
        "branch": branch.unwrap_or(device),
        "name": app.office_name().map_err(|e| refused(e.into()))?,
        "public_key": key.public(),
        "signature": key.sign(&message(code, device)),
    });
    let sent = http.send(Send::post("/v1/enrol", body.to_string()), PATIENCE);
    let got = sent.map_err(|lost| match lost {
        Lost::Foreign => strange(),
        Lost::Offline | Lost::Timeout | Lost::Unknown => refuse(
            Code::CentralAway,
            "Chưa nối được hệ thống trung tâm. Chưa kết nối gì; bản ghi vẫn an toàn trên máy. Mời xem lại địa chỉ và đường mạng rồi làm lại với cùng mã.",
            "central",
        ),
    })?;
    if got.media != MEDIA_ANSWER {
        return Err(strange());
    }
    if got.status != 200 {
        return Err(serde_json::from_slice(&got.body).unwrap_or_else(|_| strange()));
    }
    // Another key than before counts only where a person joined anew.
    let answer = serde_json::from_slice::<Answer>(&got.body).unwrap_or_default();
    enrolled.bundles = answer.bundles.as_ref().map(Pinned::from);
    enrolled.keep(dir).map_err(|e| folder(&e))?;
    Ok(Enrolling {
        central: url.to_owned(),
        device,
    })
}
