//! How a folder comes to have a central: a one-use code, read to the branch by whoever runs it.

use std::{io, time::Duration};

use motcua_app::App;
use motcua_domain::{Code, Refusal};
use motcua_protocol::{
    ApiError,
    bundle::Terms,
    connection::{Connection, Unread},
    sync::MEDIA_ANSWER,
    verbs::central::{CentralEnrol, CentralEnrolled},
};
use serde::Deserialize;
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

fn strange(field: &'static str) -> ApiError {
    refuse(
        Code::CentralForeign,
        "Máy ở địa chỉ này không phải hệ thống trung tâm đã cho, nên không gửi gì cho nó. Bản ghi vẫn an toàn trên máy. Mời xem lại địa chỉ, chứng thư và ngày giờ của máy này, hoặc xin tệp kết nối mới.",
        field,
    )
}

/// Something a person gave, and the field in which it stood.
struct Given {
    text: String,
    field: &'static str,
}

/// What it takes to join.
struct Way {
    central: Given,
    code: Given,
    authority: Given,
}

impl Way {
    /// What was given by itself counts before what stands in the file: a branch may reach central
    /// under another address than the file says.
    fn of(ask: &CentralEnrol) -> Result<Self, ApiError> {
        let typed = [&ask.central, &ask.code, &ask.ca].map(|t| t.as_deref().unwrap_or_default());
        if ask.file.is_none() && typed.iter().all(|t| t.trim().is_empty()) {
            return Err(refuse(
                Code::FieldRequired,
                "Chưa chọn tệp kết nối. Chưa kết nối gì. Mời chọn tệp do đơn vị quản trị trung tâm gửi, hoặc nhập địa chỉ, mã và chứng thư bằng tay.",
                "file",
            ));
        }
        let file = (ask.file.as_deref().map(Connection::read).transpose()).map_err(|unread| {
            refuse(
                Code::ArgumentInvalid,
                match unread {
                    Unread::Other => "Tệp này không phải tệp kết nối của trung tâm. Chưa kết nối gì. Mời chọn lại tệp do đơn vị quản trị trung tâm gửi; tệp chứng thư (.pem) thì chọn ở ô chứng thư.",
                    Unread::Newer => "Tệp kết nối này do chương trình mới hơn ghi nên máy này chưa đọc được. Chưa kết nối gì. Mời cập nhật chương trình, hoặc nhập địa chỉ, mã và chứng thư bằng tay.",
                },
                "file",
            )
        })?;
        let given = |typed: &Option<String>, of_file: Option<String>, field| {
            let typed = typed.as_deref().map(str::trim).filter(|t| !t.is_empty());
            match (typed, of_file) {
                (Some(typed), _) => Given {
                    text: typed.to_owned(),
                    field,
                },
                (None, Some(text)) => Given {
                    text: text.trim().to_owned(),
                    field: "file",
                },
                (None, None) => Given {
                    text: String::new(),
                    field,
                },
            }
        };
        let of_file = |part: fn(&Connection) -> &String| file.as_ref().map(|f| part(f).clone());
        let mut way = Self {
            central: given(&ask.central, of_file(|f| &f.central), "central"),
            code: given(&ask.code, of_file(|f| &f.code), "code"),
            authority: given(&ask.ca, of_file(|f| &f.authority), "ca"),
        };
        let central = &mut way.central.text;
        if !central.is_empty() && !central.contains("://") {
            *central = format!("https://{central}");
        }
        *central = central.trim_end_matches('/').to_owned();
        way.check()?;
        Ok(way)
    }

    fn check(&self) -> Result<(), ApiError> {
        let address = &self.central.text;
        if host_of(address).is_none() || address.contains(char::is_whitespace) {
            return Err(refuse(
                Code::ArgumentInvalid,
                "Địa chỉ trung tâm có dạng https://TÊN-MÁY:CỔNG. Chưa kết nối gì. Mời xem lại.",
                self.central.field,
            ));
        }
        if self.code.text.is_empty() {
            return Err(refuse(
                Code::FieldRequired,
                "Cần mã kết nối dùng một lần. Chưa kết nối gì. Mời nhập mã do đơn vị quản trị trung tâm cấp.",
                self.code.field,
            ));
        }
        if self.authority.text.is_empty() {
            return Err(refuse(
                Code::FieldRequired,
                "Cần chứng thư của trung tâm (ca) để biết chắc đang gửi cho đúng nơi. Chưa kết nối gì. Mời xin tệp này ở đơn vị quản trị trung tâm.",
                self.authority.field,
            ));
        }
        Ok(())
    }
}

/// What a device signs when it joins; central checks the same bytes.
pub(super) fn message(code: &str, device: Uuid) -> Vec<u8> {
    [b"motcua-enrol-1", code.as_bytes(), device.as_bytes()].concat()
}

/// Makes this device known to central under the office of a code. An answer that is lost is asked
/// for again with the same code. One rule for screen and command line.
///
/// # Errors
/// A counter does not enrol; what central refuses; faults of disk and line. Each names the field in
/// which what is at fault was given.
pub fn enrol(app: &App, ask: &CentralEnrol) -> Result<CentralEnrolled, ApiError> {
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
    let Way {
        central,
        code,
        authority,
    } = Way::of(ask)?;
    let device = app.store().device();
    let key = Key::of_folder(dir).map_err(|e| folder(&e))?;
    let mut enrolled = Enrolled {
        url: central.text.clone(),
        ca: authority.text,
        device,
        bundles: None,
    };
    // Text without a certificate in it would trust nobody, and be told as a foreign central.
    let http = (enrolled.http().ok())
        .filter(|_| enrolled.ca.contains("BEGIN CERTIFICATE"))
        .ok_or_else(|| {
            refuse(
                Code::ArgumentInvalid,
                "Chứng thư của trung tâm không đúng dạng PEM (bắt đầu bằng BEGIN CERTIFICATE). Chưa kết nối gì. Mời xin lại tệp.",
                authority.field,
            )
        })?;
    let branch = (app.store().read(|read| read.branch_id())).map_err(|e| refused(e.into()))?;
    let body = json!({
        "code": code.text,
        "device": device,
        "branch": branch.unwrap_or(device),
        "name": app.office_name().map_err(|e| refused(e.into()))?,
        "public_key": key.public(),
        "signature": key.sign(&message(&code.text, device)),
    });
    let sent = http.send(Send::post("/v1/enrol", body.to_string()), PATIENCE);
    let got = sent.map_err(|lost| match lost {
        Lost::Foreign => strange(central.field),
        Lost::Offline | Lost::Timeout | Lost::Unknown => refuse(
            Code::CentralAway,
            "Chưa nối được hệ thống trung tâm. Chưa kết nối gì; bản ghi vẫn an toàn trên máy. Mời xem lại địa chỉ và đường mạng rồi làm lại với cùng mã hoặc cùng tệp.",
            central.field,
        ),
    })?;
    if got.media != MEDIA_ANSWER {
        return Err(strange(central.field));
    }
    if got.status != 200 {
        let error = serde_json::from_slice::<ApiError>(&got.body);
        let mut error = error.unwrap_or_else(|_| strange(central.field));
        if matches!(error.code, Code::EnrolCodeWrong | Code::BranchOther) {
            error.field.get_or_insert_with(|| code.field.to_owned());
        }
        return Err(error);
    }
    // Another key than before counts only where a person joined anew.
    let answer = serde_json::from_slice::<Answer>(&got.body).unwrap_or_default();
    enrolled.bundles = answer.bundles.as_ref().map(Pinned::from);
    enrolled.keep(dir).map_err(|e| folder(&e))?;
    Ok(CentralEnrolled {
        central: central.text,
        device,
    })
}
