//! Where a case can stand, and every way from there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a case stands: status codes of the national portal (services `DongBoHoSoMC`,
/// `CapNhatTienDoHoSoMC`). Of its ten codes 1 (registered online) and 6 (money asked for) are not
/// given at this desk.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS,
)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    /// 2 – Được tiếp nhận.
    Received,
    /// 3 – Không được tiếp nhận.
    Refused,
    /// 4 – Đang xử lý: with the department.
    Processing,
    /// 5 – Yêu cầu bổ sung giấy tờ: the limit stands still.
    SupplementRequested,
    /// 7 – Công dân yêu cầu rút hồ sơ.
    Withdrawn,
    /// 8 – Dừng xử lý.
    Stopped,
    /// 9 – Đã xử lý xong: the result is at the desk.
    Done,
    /// 10 – Đã trả kết quả.
    Returned,
}

impl CaseStatus {
    /// Every status, in the order of the portal's codes.
    pub const ALL: [Self; 8] = [
        Self::Received,
        Self::Refused,
        Self::Processing,
        Self::SupplementRequested,
        Self::Withdrawn,
        Self::Stopped,
        Self::Done,
        Self::Returned,
    ];

    /// Over, and there is no result: nothing is done for it, and no money is asked for it.
    pub fn ended_without_result(self) -> bool {
        matches!(self, Self::Refused | Self::Withdrawn | Self::Stopped)
    }

    /// The code on the wire to the portal.
    pub fn portal_code(self) -> u8 {
        match self {
            Self::Received => 2,
            Self::Refused => 3,
            Self::Processing => 4,
            Self::SupplementRequested => 5,
            Self::Withdrawn => 7,
            Self::Stopped => 8,
            Self::Done => 9,
            Self::Returned => 10,
        }
    }

    /// The name it has in the database and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Refused => "refused",
            Self::Processing => "processing",
            Self::SupplementRequested => "supplement_requested",
            Self::Withdrawn => "withdrawn",
            Self::Stopped => "stopped",
            Self::Done => "done",
            Self::Returned => "returned",
        }
    }

    /// In words, within a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Received => "được tiếp nhận",
            Self::Refused => "không được tiếp nhận",
            Self::Processing => "đang xử lý",
            Self::SupplementRequested => "chờ bổ sung giấy tờ",
            Self::Withdrawn => "đã rút",
            Self::Stopped => "dừng xử lý",
            Self::Done => "đã xử lý xong, chờ trả kết quả",
            Self::Returned => "đã trả kết quả",
        }
    }

    /// Whether nothing more is to be done for it.
    pub fn is_closed(self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Withdrawn | Self::Stopped | Self::Returned
        )
    }

    /// Whether somebody still works on it, so that a due time can be missed.
    pub fn is_running(self) -> bool {
        matches!(self, Self::Received | Self::Processing)
    }
}

/// What an officer can do with a case that was taken in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS,
)]
#[serde(rename_all = "snake_case")]
pub enum CaseAct {
    /// Yêu cầu bổ sung, hoàn thiện hồ sơ (Mẫu 02).
    RequestSupplement,
    /// Đã nhận đủ hồ sơ sau khi bổ sung.
    CompleteSupplement,
    /// Từ chối tiếp nhận giải quyết hồ sơ (Mẫu 03).
    Refuse,
    /// Xin lỗi và hẹn lại ngày trả kết quả (Mẫu 04).
    Postpone,
    /// Công dân rút hồ sơ.
    Withdraw,
    /// Dừng xử lý.
    Stop,
    /// Chuyển hồ sơ đến nơi giải quyết (Mẫu 05).
    HandOver,
    /// Nhận lại hồ sơ, chưa có kết quả.
    TakeBack,
    /// Nhận kết quả về bộ phận một cửa.
    ReceiveResult,
    /// Trả kết quả.
    ReturnResult,
    /// Cơ quan có thẩm quyền đã nhận hồ sơ tiếp nhận thay: thời hạn bắt đầu.
    Accept,
}

impl CaseAct {
    /// Every act, in the order in which a screen offers them.
    pub const ALL: [Self; 11] = [
        Self::ReturnResult,
        Self::CompleteSupplement,
        Self::HandOver,
        Self::ReceiveResult,
        Self::TakeBack,
        Self::RequestSupplement,
        Self::Postpone,
        Self::Refuse,
        Self::Withdraw,
        Self::Stop,
        Self::Accept,
    ];

    /// The act in words, within a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::RequestSupplement => "yêu cầu bổ sung",
            Self::CompleteSupplement => "ghi đã bổ sung đủ",
            Self::Refuse => "từ chối",
            Self::Postpone => "hẹn lại ngày trả",
            Self::Withdraw => "ghi rút hồ sơ",
            Self::Stop => "dừng xử lý",
            Self::HandOver => "chuyển hồ sơ",
            Self::TakeBack => "nhận lại hồ sơ",
            Self::ReceiveResult => "nhận kết quả",
            Self::ReturnResult => "trả kết quả",
            Self::Accept => "ghi cơ quan có thẩm quyền đã nhận",
        }
    }

    /// The table: where the act leads from there. What is not in it cannot happen.
    pub fn way(self, from: CaseStatus) -> Option<CaseStatus> {
        use CaseStatus as S;
        match (self, from) {
            (Self::RequestSupplement, S::Received | S::Processing) => Some(S::SupplementRequested),
            (Self::CompleteSupplement, S::SupplementRequested) => Some(S::Received),
            (Self::Refuse, S::Received | S::Processing | S::SupplementRequested) => {
                Some(S::Refused)
            }
            // Told, not moved: the case stays where it is worked on.
            (Self::Postpone, S::Received) => Some(S::Received),
            (Self::Postpone, S::Processing) => Some(S::Processing),
            (Self::Withdraw, S::Received | S::Processing | S::SupplementRequested) => {
                Some(S::Withdrawn)
            }
            (Self::Stop, S::Received | S::Processing | S::SupplementRequested) => Some(S::Stopped),
            (Self::HandOver, S::Received) => Some(S::Processing),
            (Self::TakeBack, S::Processing) => Some(S::Received),
            // What a desk settles by itself was never handed over.
            (Self::ReceiveResult, S::Received | S::Processing) => Some(S::Done),
            (Self::ReturnResult, S::Done) => Some(S::Returned),
            // Only of a case that was received for another agency.
            (Self::Accept, S::Received | S::Processing) => Some(S::Processing),
            _ => None,
        }
    }
}
