//! What codes and times are in words.

use chrono::{DateTime, FixedOffset, Utc};
use motcua_protocol::sync::held;

use crate::downstream::{OFFICE_UNMAPPED, System};

/// Why an event is held back.
pub(super) fn reason(code: &str) -> &'static str {
    match code {
        held::BODY_UNREADABLE => {
            "Nội dung không đọc được. Bản ghi vẫn giữ nguyên từng byte; cần xem chương trình trên máy đã ghi."
        }
        held::RULE => {
            "Không dựng được hồ sơ hoặc lượt giao dịch từ các bản ghi. Các bản ghi vẫn giữ nguyên; cần xem lại."
        }
        held::DEPS => "Chờ bản ghi của máy khác chưa gửi tới. Tự có hiệu lực khi bản ghi đó tới.",
        held::UPGRADE => {
            "Do chương trình mới hơn ghi, trung tâm chưa hiểu. Cần nâng cấp trung tâm."
        }
        _ => "Lý do chưa có lời giải thích. Cần xem lại.",
    }
}

/// Codes that speak of the line and not of a case.
pub(super) const AWAY: &[&str] = &["PORTAL_AWAY", "PORTAL_STRANGE", "PORTAL_LOGIN"];

/// Why a system beyond was not told of something.
pub(super) fn refusal(code: &str, system: System) -> String {
    let who = match system {
        System::Portal => "Cổng",
        System::Ministry => "hệ thống của bộ",
    };
    let text = match code {
        "PORTAL_AWAY" => "Chưa liên lạc được với {ai}.",
        "PORTAL_STRANGE" => {
            "Có câu trả lời nhưng không phải của {ai}; có thể là tường lửa hoặc trang đăng nhập mạng."
        }
        "PORTAL_LOGIN" => "{Ai} không nhận tài khoản kết nối. Cần kiểm tra tệp cấu hình.",
        "PORTAL_REFUSED" => "{Ai} không nhận hồ sơ này.",
        OFFICE_UNMAPPED => "Tệp cấu hình chưa có mã của đơn vị này ở {ai}.",
        "STATUS_UNMAPPED" => "Trạng thái của hồ sơ chưa có trong danh mục của {ai}.",
        "CODE_TWICE" => {
            "Hai hồ sơ mang cùng một mã. Không ghi đè hồ sơ đã có ở {ai}; cần người xem."
        }
        "CASE_GONE" => "{Ai} đã nhận hồ sơ này, nhưng ở trung tâm hồ sơ không còn hiệu lực.",
        _ => "Lý do chưa có lời giải thích. Cần xem lại.",
    };
    text.replace("{ai}", who).replace("{Ai}", &sentence(who))
}

/// The same with a capital at the beginning.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Why a register did not answer.
pub(super) fn unavailable(code: &str) -> &'static str {
    match code {
        "REGISTER_AWAY" => "Chưa liên lạc được.",
        "REGISTER_LOGIN" => "Không nhận tài khoản kết nối. Cần kiểm tra tệp cấu hình.",
        "REGISTER_STRANGE" => "Có câu trả lời nhưng không đúng dạng đã thống nhất.",
        "REGISTER_BUSY" => "Báo đã quá số lượt được hỏi.",
        _ => "Lý do chưa có lời giải thích. Cần xem lại.",
    }
}

/// Where an event that is held back stands.
pub(super) fn status(status: &str) -> &'static str {
    match status {
        "quarantined" => "Cần người xem",
        _ => "Đang chờ",
    }
}

/// A number as it is written in Vietnam.
pub(super) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

/// How long somebody waited.
pub(super) fn wait(seconds: u32) -> String {
    match seconds / 60 {
        0 => format!("{seconds} giây"),
        minutes => format!("{minutes} phút {:02} giây", seconds % 60),
    }
}

/// A moment, by the clocks of Vietnam.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    match FixedOffset::east_opt(7 * 3_600) {
        Some(vietnam) => at
            .with_timezone(&vietnam)
            .format("%d/%m/%Y %H:%M")
            .to_string(),
        None => at.format("%d/%m/%Y %H:%M UTC").to_string(),
    }
}

/// How long ago something was.
pub(super) fn ago(now: DateTime<Utc>, then: DateTime<Utc>) -> String {
    let minutes = (now - then).num_minutes();
    match minutes {
        // Clocks of machines may be ahead.
        ..=0 => "vừa xong".to_owned(),
        1..=59 => format!("{minutes} phút trước"),
        60..=1_439 => format!("{} giờ trước", minutes / 60),
        _ => format!("{} ngày trước", number((minutes / 1_440).unsigned_abs())),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn numbers_and_times_are_written_as_in_vietnam() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_000), "1.000");
        assert_eq!(number(12_345_678), "12.345.678");
        let at = DateTime::from_timestamp_millis(1_795_395_600_000).unwrap();
        assert_eq!(moment(at), "23/11/2026 08:00");
        assert_eq!(
            (wait(0), wait(59)),
            ("0 giây".to_owned(), "59 giây".to_owned())
        );
        assert_eq!(wait(3_605), "60 phút 05 giây");
        for (minutes, text) in [
            (-5, "vừa xong"),
            (0, "vừa xong"),
            (59, "59 phút trước"),
            (60, "1 giờ trước"),
            (1_439, "23 giờ trước"),
            (1_440, "1 ngày trước"),
        ] {
            assert_eq!(ago(at + TimeDelta::minutes(minutes), at), text);
        }
    }
}
