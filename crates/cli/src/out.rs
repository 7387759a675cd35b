//! What goes to standard output and standard error. The one home of printing.

use std::io::{self, Write as _};

use motcua_domain::{Code, Refusal};
use motcua_protocol::ApiError;
use serde_json::Value;

/// One line of JSON. A reader that went away is no fault of ours.
pub(crate) fn json(value: &Value) {
    raw(value.to_string().as_bytes());
}

/// Bytes and a line end.
pub(crate) fn raw(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .ok();
}

/// Everything that comes, as it comes.
pub(crate) fn copy(from: &mut impl io::Read) -> io::Result<()> {
    let mut out = io::stdout().lock();
    io::copy(from, &mut out)?;
    out.flush()
}

/// `{code, message, field?}` on standard error.
pub(crate) fn error(error: &ApiError) {
    let text = serde_json::to_string(error).unwrap_or_else(|_| error.message.clone());
    writeln!(io::stderr().lock(), "{text}").ok();
}

/// A file named on the command line that cannot be read or written.
pub(crate) fn file_fault(error: &io::Error, path: &std::path::Path) -> ApiError {
    let code = match error.kind() {
        io::ErrorKind::NotFound => Code::NotFound,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Code::ReadOnly,
        _ => Code::StoreFault,
    };
    Refusal::new(
        code,
        format!(
            "Không đọc hoặc ghi được tệp {}. Mời kiểm tra đường dẫn và quyền.",
            path.display()
        ),
    )
    .at("file")
    .into()
}
