//! What can go wrong with a store, told to the officer: what happened, what is safe, what to do.

use motcua_domain::{Code, Refusal};

/// A refusal by a rule, or a fault of disk and file. Neither SQLite's nor the system's types
/// leave this crate.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Refusal);

/// What a store answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    pub(crate) fn refusal(&self) -> Refusal {
        self.0.clone()
    }

    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Refusal::new(code, message))
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        // The text of SQLite's error names files and SQL, never bound values: fit for a log.
        tracing::warn!(%error, "sqlite");
        let (code, message) = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => (
                Code::DiskFull,
                "Ổ đĩa đã đầy nên chưa ghi được việc vừa rồi. Những gì đã báo ghi vẫn an toàn. Mời xóa bớt tệp không cần rồi làm lại.",
            ),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => (
                Code::ReadOnly,
                "Máy không cho ghi vào thư mục dữ liệu. Những gì đã ghi vẫn an toàn. Mời báo người quản trị kiểm tra quyền ghi.",
            ),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => (
                Code::StoreDamaged,
                "Tệp dữ liệu bị hỏng. Xin không xóa gì. Mời báo người quản trị khôi phục từ bản sao lưu.",
            ),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
                Code::FolderInUse,
                "Dữ liệu đang được một chương trình khác dùng. Chưa ghi gì. Mời đóng chương trình kia rồi làm lại.",
            ),
            _ => (
                Code::StoreFault,
                "Chưa ghi được vào ổ đĩa. Những gì đã báo ghi vẫn an toàn. Mời làm lại; nếu vẫn vậy, mời báo người quản trị.",
            ),
        };
        Self::new(code, message)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        tracing::warn!(%error, "file");
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::new(
                Code::DiskFull,
                "Ổ đĩa đã đầy. Những gì đã báo ghi vẫn an toàn. Mời xóa bớt tệp không cần rồi làm lại.",
            ),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::new(
                Code::ReadOnly,
                "Máy không cho ghi vào thư mục dữ liệu. Những gì đã ghi vẫn an toàn. Mời báo người quản trị kiểm tra quyền ghi.",
            ),
            ErrorKind::NotFound => Self::new(
                Code::NotFound,
                "Không tìm thấy tệp hoặc thư mục. Mời kiểm tra đường dẫn.",
            ),
            _ => Self::new(
                Code::StoreFault,
                "Máy không đọc hoặc ghi được tệp. Những gì đã báo ghi vẫn an toàn. Mời làm lại.",
            ),
        }
    }
}

/// A document of our own in our own table that cannot be read: the file is damaged.
impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        tracing::error!(%error, "stored document");
        Self::new(
            Code::StoreDamaged,
            "Một bản ghi trong dữ liệu không đọc được. Xin không xóa gì. Mời báo người quản trị chạy kiểm tra.",
        )
    }
}
