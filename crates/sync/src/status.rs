//! What a screen tells of a peer.

/// Why the last session did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No line, or nobody answers.
    Offline,
    /// No answer in time.
    Timeout,
    /// Somebody else answers: the page of a network that wants a login first.
    CaptivePortal,
    /// The other side is busy.
    Busy,
    /// The other side failed.
    Server,
    /// An answer that cannot be read.
    Malformed,
    /// A record that is too large even alone.
    TooLarge,
    /// This device has to show anew who it is.
    Unauthorized,
    /// The other side does not know this device, or no longer.
    UnknownDevice,
    /// The other side belongs to another branch.
    WrongBranch,
    /// One of the two programs is too old for the other.
    Proto,
    /// This device's history went two ways and could not be joined yet.
    Fork,
    /// This device could not read or write its own records.
    Local,
}

impl Fault {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Offline => "SYNC_OFFLINE",
            Self::Timeout => "SYNC_TIMEOUT",
            Self::CaptivePortal => "SYNC_CAPTIVE_PORTAL",
            Self::Busy => "SYNC_BUSY",
            Self::Server => "SYNC_SERVER",
            Self::Malformed => "SYNC_MALFORMED",
            Self::TooLarge => "SYNC_TOO_LARGE",
            Self::Unauthorized => "SYNC_UNAUTHORIZED",
            Self::UnknownDevice => "SYNC_UNKNOWN_DEVICE",
            Self::WrongBranch => "SYNC_WRONG_BRANCH",
            Self::Proto => "SYNC_PROTO",
            Self::Fork => "SYNC_FORK",
            Self::Local => "SYNC_LOCAL",
        }
    }

    /// Whether trying again soon cannot help: a person has to do something.
    pub(crate) fn needs_a_person(self) -> bool {
        matches!(
            self,
            Self::Unauthorized | Self::UnknownDevice | Self::WrongBranch | Self::Proto
        )
    }
}

/// The sentence for the officer: what happened, what is safe, what to do.
pub fn fault_text(fault: Fault) -> &'static str {
    match fault {
        Fault::Offline => {
            "Chưa nối được tới máy chủ. Bản ghi vẫn an toàn trên máy này và sẽ tự gửi khi có mạng."
        }
        Fault::Timeout => {
            "Máy chủ trả lời quá chậm. Bản ghi vẫn an toàn trên máy này; máy sẽ tự gửi lại từng phần nhỏ hơn."
        }
        Fault::CaptivePortal => {
            "Mạng này đòi đăng nhập trước khi dùng. Bản ghi vẫn an toàn. Mời mở trình duyệt, đăng nhập mạng rồi bấm Gửi ngay."
        }
        Fault::Busy => "Máy chủ đang bận. Bản ghi vẫn an toàn và sẽ tự gửi khi máy chủ nhận được.",
        Fault::Server => "Máy chủ gặp sự cố. Bản ghi vẫn an toàn trên máy này và sẽ tự gửi lại.",
        Fault::Malformed => {
            "Câu trả lời của máy chủ bị hỏng trên đường truyền. Bản ghi vẫn an toàn và sẽ tự gửi lại. Nếu kéo dài, mời báo người quản trị."
        }
        Fault::TooLarge => {
            "Có một bản ghi lớn quá mức máy chủ nhận. Bản ghi vẫn an toàn trên máy này. Mời báo người quản trị."
        }
        Fault::Unauthorized => {
            "Máy chủ chưa nhận ra máy này. Bản ghi vẫn an toàn. Mời báo người quản trị ghép nối lại."
        }
        Fault::UnknownDevice => {
            "Máy này chưa được ghép nối hoặc đã bị thu quyền. Bản ghi vẫn an toàn. Mời báo người quản trị."
        }
        Fault::WrongBranch => {
            "Máy chủ này thuộc chi nhánh khác nên không nhận bản ghi. Bản ghi vẫn an toàn. Mời kiểm tra địa chỉ máy chủ."
        }
        Fault::Proto => {
            "Chương trình trên máy này và trên máy chủ khác phiên bản quá xa. Bản ghi vẫn an toàn. Mời cập nhật chương trình."
        }
        Fault::Fork => {
            "Máy chủ giữ những bản ghi của máy này mà máy này không có. Không mất bản ghi nào; máy sẽ tự ghép lại. Nếu kéo dài, mời báo người quản trị."
        }
        Fault::Local => {
            "Máy này chưa đọc hoặc ghi được dữ liệu của mình nên chưa gửi. Mời kiểm tra ổ đĩa."
        }
    }
}

/// What a screen tells of a peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// A session is at work.
    pub busy: bool,
    /// Events that the peer does not have yet, as far as is known.
    pub unsent: u64,
    /// When the oldest of them was written, UTC milliseconds.
    pub oldest_unsent_ms: Option<i64>,
    /// Why the last session did not come to its end.
    pub last_error: Option<Fault>,
    /// When the next session begins, on the engine's clock.
    pub next_try_ms: Option<u64>,
    /// The peer's clock minus ours.
    pub skew_ms: Option<i64>,
    /// Events of ours that wait for a person there.
    pub quarantined: u64,
    /// When a session last came to its end, on the engine's clock.
    pub last_done_ms: Option<u64>,
    /// The same by the device's clock, UTC milliseconds.
    pub last_done_wall_ms: Option<i64>,
    /// The key for which records on a stick are sealed, as the peer told it last.
    pub seal_key: Option<String>,
    /// What the peer sends down whole and signed, as it told last.
    pub bundles: Option<motcua_protocol::bundle::Terms>,
    /// Logs of other devices that the peer holds otherwise than we do.
    pub forks: usize,
}
