//! What printers report, in words an officer can act on.
//!
//! Keywords are those of IPP `printer-state-reasons` (RFC 8011 §5.4.12 and the PWG registry) and
//! of CUPS. A job that stops stays in the queue and goes on by itself once the cause is gone, so
//! these sentences never say "print again": that would give a second copy.

/// A report that stops a queue, or only one that wants attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Stops,
    Attention,
}

/// The sentence for one keyword; none where there is nothing to tell.
pub(super) fn of_printer(keyword: &str) -> Option<(Weight, String)> {
    use Weight::{Attention, Stops};

    let (name, severity) = split(keyword);
    let (weight, sentence) = match name {
        // Normal work: nothing to tell.
        "none"
        | "cups-waiting-for-job-completed"
        | "moving-to-idle"
        | "cups-remote-pending"
        | "cups-remote-processing"
        | "cups-remote-pending-held"
        | "resuming"
        | "power-save"
        | "wifi-not-configured" => return None,
        "media-empty" => (
            Stops,
            "Máy in hết giấy. Lệnh in được giữ lại. Lắp giấy, máy sẽ in tiếp.",
        ),
        "media-needed" => (
            Stops,
            "Máy in đang chờ đúng khổ giấy. Lệnh in được giữ lại. Đặt giấy đúng khổ vào khay, máy sẽ in tiếp.",
        ),
        "media-low" => (
            Attention,
            "Máy in sắp hết giấy. Vẫn in được. Mời lắp thêm giấy.",
        ),
        "media-jam" => (
            Stops,
            "Máy in kẹt giấy. Lệnh in được giữ lại. Mở máy, rút giấy kẹt rồi đóng nắp, máy sẽ in tiếp.",
        ),
        "toner-empty" | "marker-supply-empty" | "marker-ink-empty" | "developer-empty" => (
            Stops,
            "Máy in hết mực. Lệnh in được giữ lại. Thay hộp mực, hoặc hủy lệnh rồi chọn máy in khác.",
        ),
        "toner-low"
        | "marker-supply-low"
        | "marker-ink-low"
        | "developer-low"
        | "marker-ink-almost-empty"
        | "marker-toner-almost-empty" => (
            Attention,
            "Máy in sắp hết mực. Vẫn in được. Chuẩn bị hộp mực mới.",
        ),
        "marker-waste-full"
        | "marker-waste-ink-receptacle-full"
        | "marker-waste-toner-receptacle-full" => (
            Stops,
            "Hộp mực thải của máy in đã đầy. Lệnh in được giữ lại. Thay hộp mực thải, hoặc chọn máy in khác.",
        ),
        "marker-waste-almost-full"
        | "marker-waste-ink-receptacle-almost-full"
        | "marker-waste-toner-receptacle-almost-full" => (
            Attention,
            "Hộp mực thải của máy in sắp đầy. Vẫn in được. Chuẩn bị hộp mới.",
        ),
        "cover-open" | "door-open" | "interlock-open" => (
            Stops,
            "Nắp máy in đang mở. Lệnh in được giữ lại. Đóng nắp, máy sẽ in tiếp.",
        ),
        "input-tray-missing" => (
            Stops,
            "Khay giấy chưa lắp vào máy in. Lệnh in được giữ lại. Lắp khay giấy, máy sẽ in tiếp.",
        ),
        "output-tray-missing" | "output-area-full" => (
            Stops,
            "Khay ra giấy thiếu hoặc đã đầy. Lệnh in được giữ lại. Lấy bớt giấy ở khay ra, máy sẽ in tiếp.",
        ),
        "output-area-almost-full" => (
            Attention,
            "Khay ra giấy sắp đầy. Vẫn in được. Mời lấy bớt giấy.",
        ),
        "paused" | "moving-to-paused" => (
            Stops,
            "Máy in đang tạm dừng. Lệnh in được giữ lại. Bật lại máy in trong phần quản lý máy in, hoặc hủy lệnh rồi chọn máy in khác.",
        ),
        "offline" | "shutdown" | "timed-out" | "cups-remote-stopped" => (
            Stops,
            "Máy in không trả lời. Lệnh in được giữ lại. Kiểm tra nguồn điện và dây cáp của máy in, máy sẽ in tiếp.",
        ),
        "connecting-to-device" => (
            Stops,
            "Đang chờ máy in trả lời. Lệnh in được giữ lại. Nếu chờ lâu, kiểm tra nguồn điện và dây cáp của máy in.",
        ),
        "cups-missing-filter" | "cups-insecure-filter" => (
            Stops,
            "Máy tính thiếu phần mềm cho máy in này. Chưa in tờ nào. Hủy lệnh, chọn máy in khác và nhờ người quản trị cài lại máy in.",
        ),
        "cups-invalid-certificate"
        | "cups-certificate-expired"
        | "account-authorization-failed"
        | "account-info-needed" => (
            Stops,
            "Máy in không cho tài khoản này in. Lệnh in được giữ lại. Nhờ người quản trị cấp quyền, hoặc hủy lệnh rồi chọn máy in khác.",
        ),
        "spool-area-full" => (
            Stops,
            "Bộ nhớ của máy in đã đầy. Lệnh in được giữ lại. Hủy các lệnh cũ trong máy in, máy sẽ in tiếp.",
        ),
        "fuser-over-temp" | "fuser-under-temp" => (
            Stops,
            "Máy in đang chỉnh nhiệt độ. Lệnh in được giữ lại. Chờ vài phút, máy sẽ in tiếp.",
        ),
        "opc-life-over" | "opc-near-eol" | "fuser-life-over" => (
            Attention,
            "Máy in sắp phải thay linh kiện. Vẫn in được, chữ có thể mờ. Báo người quản trị.",
        ),
        "hold-new-jobs" => (
            Stops,
            "Máy in đang giữ mọi lệnh mới. Lệnh in được giữ lại. Cho máy in chạy trong phần quản lý máy in, hoặc hủy lệnh rồi chọn máy in khác.",
        ),
        "deactivated" | "stopped-partly" | "stopping" => (
            Stops,
            "Máy in đã tắt nhận việc. Lệnh in được giữ lại. Bật lại máy in, hoặc hủy lệnh rồi chọn máy in khác.",
        ),
        other => {
            let sentence = format!(
                "Máy in báo “{other}”. Lệnh in được giữ lại. Xem chỉ dẫn trên màn hình máy in, hoặc hủy lệnh rồi chọn máy in khác."
            );
            // An unknown keyword stops nothing unless the printer itself says it is an error.
            let weight = if severity == Some("error") {
                Stops
            } else {
                Attention
            };
            return Some((weight, sentence));
        }
    };
    // "media-empty-warning": one tray of several is empty; the printer goes on with another.
    let weight = if severity == Some("warning") {
        Attention
    } else {
        weight
    };
    Some((weight, sentence.to_owned()))
}

/// The sentence for a queue that works on a job but gets nowhere. CUPS has no keyword for a
/// printer that is switched off: its backends only leave one of these texts (`backend/socket.c`,
/// `usb-libusb.c`, `ipp.c`, `lpd.c`) and try again for ever.
pub(super) fn of_message(message: &str) -> Option<String> {
    const SILENT: [&str; 10] = [
        "printer did not respond",
        "printer no longer exists",
        "may not exist or is unavailable",
        "printer is not responding",
        "printer is not connected",
        "printer is unreachable",
        "Unable to locate printer",
        "Unable to contact printer",
        "Unable to connect to printer",
        "Waiting for printer to become available",
    ];
    const BUSY: [&str; 2] = ["printer is in use", "printer is busy"];
    let says = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    if says(&SILENT) {
        of_printer("offline").map(|(_, sentence)| sentence)
    } else if says(&BUSY) {
        Some(
            "Máy in đang in cho máy khác. Lệnh in được giữ lại. Chờ máy in rảnh, máy sẽ in tiếp."
                .to_owned(),
        )
    } else {
        None
    }
}

/// The sentence for a queue that stands still without saying why.
pub(super) fn stopped() -> String {
    "Máy in đang dừng. Lệnh in được giữ lại. Xem màn hình máy in, bật lại trong phần quản lý máy in, hoặc hủy lệnh rồi chọn máy in khác.".to_owned()
}

/// The sentence for a held job.
pub(super) fn held(job_reasons: &[&str]) -> String {
    if job_reasons.contains(&"cups-held-for-authentication") {
        "Máy in đòi mật khẩu trước khi in. Lệnh in được giữ lại. Nhờ người quản trị, hoặc hủy lệnh rồi chọn máy in khác.".to_owned()
    } else {
        "Lệnh in đang bị giữ trong hàng đợi. Chưa in tờ nào. Cho lệnh chạy trong phần quản lý máy in, hoặc hủy lệnh rồi chọn máy in khác.".to_owned()
    }
}

/// The sentence for a job that was given up.
pub(super) fn aborted(job_reasons: &[&str]) -> String {
    let unreadable = [
        "document-format-error",
        "unsupported-document-format",
        "document-unprintable-error",
    ];
    if job_reasons.iter().any(|reason| unreadable.contains(reason)) {
        "Máy in không đọc được bản in. Nội dung đã lưu. Chọn máy in khác rồi nhấn In lại."
            .to_owned()
    } else {
        "Máy in đã bỏ lệnh này. Nội dung đã lưu. Xem máy in đã ra giấy chưa; nếu chưa đủ thì nhấn In lại.".to_owned()
    }
}

fn split(keyword: &str) -> (&str, Option<&str>) {
    for severity in ["error", "warning", "report"] {
        if let Some(name) = keyword
            .strip_suffix(severity)
            .and_then(|rest| rest.strip_suffix('-'))
        {
            return (name, Some(severity));
        }
    }
    (keyword, None)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("media-empty", Weight::Stops, "Máy in hết giấy.")]
    #[case("media-empty-error", Weight::Stops, "Máy in hết giấy.")]
    #[case("media-empty-warning", Weight::Attention, "Máy in hết giấy.")]
    #[case("toner-low-report", Weight::Attention, "Máy in sắp hết mực.")]
    #[case("offline-report", Weight::Stops, "Máy in không trả lời.")]
    #[case(
        "cups-missing-filter-warning",
        Weight::Attention,
        "Máy tính thiếu phần mềm"
    )]
    #[case("paused", Weight::Stops, "Máy in đang tạm dừng.")]
    #[case(
        "com.example.belt-worn-error",
        Weight::Stops,
        "Máy in báo “com.example.belt-worn”."
    )]
    #[case(
        "com.example.belt-worn",
        Weight::Attention,
        "Máy in báo “com.example.belt-worn”."
    )]
    fn a_report_becomes_a_sentence(
        #[case] keyword: &str,
        #[case] weight: Weight,
        #[case] start: &str,
    ) {
        let (found, sentence) = of_printer(keyword).unwrap();
        assert_eq!(found, weight);
        assert!(sentence.starts_with(start), "{sentence}");
        assert!(!sentence.contains('!'));
    }

    #[rstest]
    #[case(
        "The printer may not exist or is unavailable at this time.",
        Some("Máy in không trả lời.")
    )]
    #[case("The printer is in use.", Some("Máy in đang in cho máy khác."))]
    #[case("Rendering completed", None)]
    #[case("", None)]
    fn a_backend_text_becomes_a_sentence(#[case] message: &str, #[case] start: Option<&str>) {
        let sentence = of_message(message);
        assert_eq!(sentence.is_some(), start.is_some());
        assert!(
            sentence
                .unwrap_or_default()
                .starts_with(start.unwrap_or_default())
        );
    }

    #[test]
    fn normal_work_is_not_worth_a_sentence() {
        assert_eq!(of_printer("none"), None);
        assert_eq!(of_printer("cups-waiting-for-job-completed"), None);
    }
}
