//! Why a document did not reach the printer, and how the officer is told.

use motcua_domain::{Code, Refusal};

/// What went wrong. The document itself is always safe: it is made again from the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// The queue does not exist.
    Unknown,
    /// The printing service (CUPS) did not answer; nothing was sent.
    ServiceUnreachable,
    /// The printer itself did not answer; nothing was sent.
    PrinterUnreachable,
    /// The connection died or fell silent after sending had begun.
    Interrupted,
    /// The queue exists but takes no new jobs.
    NotAccepting,
    /// This printer cannot print this kind of document.
    FormatUnsupported,
    /// The printing service wants a password or forbids this user.
    Denied,
    /// The printing service answered, but not with success.
    Rejected,
    /// The folder that stands for a printer cannot be written.
    FolderUnwritable,
}

/// A fault of printing: Vietnamese to the officer, `detail` for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct PrintFault {
    /// What went wrong.
    pub kind: FaultKind,
    /// The printer as the officer calls it; empty if none was meant in particular.
    pub printer: String,
    /// For the log: what the system said.
    pub detail: String,
}

impl PrintFault {
    pub(super) fn new(kind: FaultKind, printer: &str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            printer: printer.to_owned(),
            detail: detail.into(),
        }
    }

    /// True if some of the document may be on paper already, so that printing again could give
    /// a second copy.
    pub fn may_have_printed(&self) -> bool {
        self.kind == FaultKind::Interrupted
    }

    fn message(&self) -> String {
        let printer = if self.printer.is_empty() {
            "Máy in".to_owned()
        } else {
            format!("Máy in “{}”", self.printer)
        };
        match self.kind {
            FaultKind::Unknown => {
                format!(
                    "{printer} không còn trên máy tính này. Nội dung đã lưu, chưa in. Chọn máy in khác rồi nhấn In lại."
                )
            }
            FaultKind::ServiceUnreachable => format!(
                "{printer} chưa nhận lệnh vì dịch vụ in của máy tính không trả lời. Nội dung đã lưu, chưa in. \
                 Chọn máy in khác, hoặc nhờ người quản trị bật lại dịch vụ in rồi nhấn In lại."
            ),
            FaultKind::PrinterUnreachable => format!(
                "{printer} không trả lời. Nội dung đã lưu, chưa in. \
                 Kiểm tra nguồn điện và dây mạng của máy in rồi nhấn In lại, hoặc chọn máy in khác."
            ),
            FaultKind::Interrupted => format!(
                "{printer} ngừng nhận giữa chừng, thường do hết giấy hoặc nắp đang mở. Nội dung đã lưu. \
                 Xem máy in đã ra giấy chưa; nếu chưa đủ thì nhấn In lại."
            ),
            FaultKind::NotAccepting => format!(
                "{printer} đang không nhận lệnh mới. Nội dung đã lưu, chưa in. \
                 Bật nhận lệnh trong phần quản lý máy in, hoặc chọn máy in khác."
            ),
            FaultKind::FormatUnsupported => {
                format!(
                    "{printer} không in được loại giấy này. Nội dung đã lưu, chưa in. Chọn máy in khác rồi nhấn In lại."
                )
            }
            FaultKind::Denied => format!(
                "{printer} không cho tài khoản này in. Nội dung đã lưu, chưa in. \
                 Chọn máy in khác, hoặc nhờ người quản trị cấp quyền in."
            ),
            FaultKind::Rejected => format!(
                "{printer} chưa nhận lệnh in. Nội dung đã lưu, chưa in. \
                 Nhấn In lại; nếu vẫn vậy thì chọn máy in khác và báo người quản trị."
            ),
            FaultKind::FolderUnwritable => format!(
                "{printer} không ghi được vào thư mục đã chọn. Nội dung đã lưu, chưa in. \
                 Kiểm tra dung lượng và quyền ghi của thư mục, hoặc chọn máy in khác."
            ),
        }
    }
}

impl From<PrintFault> for Refusal {
    fn from(fault: PrintFault) -> Self {
        let code = match fault.kind {
            FaultKind::Unknown => Code::PrinterUnknown,
            FaultKind::ServiceUnreachable
            | FaultKind::PrinterUnreachable
            | FaultKind::Interrupted
            | FaultKind::NotAccepting
            | FaultKind::FormatUnsupported
            | FaultKind::Denied
            | FaultKind::Rejected
            | FaultKind::FolderUnwritable => Code::PrinterFault,
        };
        Refusal::new(code, fault.message())
    }
}
