//! What happened to a case in words, for its history and for an officer who was overtaken.

use motcua_domain::case::{CaseEvent, CaseReceived, DepartmentStep, Recipient, WantedPaper};
use motcua_protocol::{Time, event::Body, verbs::paper::PaperKind};

fn moment(ms: i64) -> String {
    Time::from_ms(ms)
        .0
        .format("%H:%M ngày %d/%m/%Y")
        .to_string()
}

/// `Name (2 bản chính, 1 bản photo); …`
fn papers(list: &[WantedPaper]) -> String {
    let one = |paper: &WantedPaper| {
        let counts: Vec<String> = [
            (paper.originals, "bản chính"),
            (paper.certified, "bản chứng thực"),
            (paper.copies, "bản photo"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
        format!("{} ({})", paper.name, counts.join(", "))
    };
    list.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Sentences out of parts that may be absent; a part keeps the full stop it has.
fn sentences(parts: impl IntoIterator<Item = Option<String>>) -> String {
    let closed = |part: String| {
        if part.ends_with(['.', '!', '?']) {
            part
        } else {
            format!("{part}.")
        }
    };
    let all: Vec<String> = parts.into_iter().flatten().map(closed).collect();
    all.join(" ")
}

fn labelled(label: &str, text: Option<&String>) -> Option<String> {
    text.map(|text| format!("{label}: {text}"))
}

/// Reception.
pub(crate) fn received(received: &CaseReceived) -> String {
    if received.instant {
        return "Tiếp nhận hồ sơ và trả kết quả ngay.".to_owned();
    }
    match received.due_ms {
        Some(due) => format!("Tiếp nhận hồ sơ, hẹn trả lúc {}.", moment(due)),
        None => "Tiếp nhận hồ sơ, không hẹn ngày trả.".to_owned(),
    }
}

/// What a paper is called.
pub(crate) fn paper_name(kind: PaperKind) -> &'static str {
    match kind {
        PaperKind::Receipt => "Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
        PaperKind::Ticket => "Phiếu số thứ tự",
        PaperKind::Supplement => "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",
        PaperKind::Refusal => "Phiếu từ chối tiếp nhận giải quyết hồ sơ",
        PaperKind::Apology => "Phiếu xin lỗi và hẹn lại ngày trả kết quả",
        PaperKind::Control => "Phiếu kiểm soát quá trình giải quyết hồ sơ",
        PaperKind::ReturnSlip => "Giấy biên nhận trả kết quả",
    }
}

/// A print.
pub(crate) fn printed(document: &str) -> String {
    let name = match PaperKind::from_name(document) {
        Some(kind) => paper_name(kind),
        None => document,
    };
    format!("In {name}.")
}

/// The name of an event in the log.
pub(crate) fn kind(event: &CaseEvent) -> String {
    let encoded = Body::Case(event.clone()).encode();
    encoded.map_or_else(|_| String::new(), |(kind, _)| kind)
}

/// What happened, in one sentence or a few.
pub(crate) fn event(event: &CaseEvent) -> String {
    match event {
        CaseEvent::Received(e) => received(e),
        CaseEvent::CodeGiven(e) => {
            format!(
                "Cấp mã hồ sơ chính thức {}, thay mã tạm trên giấy hẹn.",
                e.code
            )
        }
        CaseEvent::DocumentPrinted { document, .. } => printed(document),
        CaseEvent::SupplementRequested(e) => sentences([
            Some("Yêu cầu bổ sung, hoàn thiện hồ sơ".to_owned()),
            (!e.papers.is_empty()).then(|| format!("Giấy tờ: {}", papers(&e.papers))),
            labelled("Nội dung", e.content.as_ref()),
            Some(format!("Lý do: {}", e.reason)),
        ]),
        CaseEvent::SupplementReceived(e) => sentences([
            Some(match e.due_ms {
                Some(due) => format!(
                    "Đã nhận đủ hồ sơ, thời hạn tính lại từ đầu, hẹn trả lúc {}",
                    moment(due)
                ),
                None => "Đã nhận đủ hồ sơ".to_owned(),
            }),
            (!e.papers.is_empty()).then(|| format!("Giấy tờ: {}", papers(&e.papers))),
            labelled("Ghi chú", e.note.as_ref()),
        ]),
        CaseEvent::Refused(e) => format!(
            "Từ chối tiếp nhận giải quyết. {}",
            sentences([Some(format!("Lý do: {}", e.reason))])
        ),
        CaseEvent::Postponed(e) => sentences([
            Some(format!(
                "Xin lỗi và hẹn lại: từ {} sang {}",
                moment(e.from_ms),
                moment(e.due_ms)
            )),
            Some(format!("Lý do: {}", e.reason)),
        ]),
        CaseEvent::Withdrawn(e) => sentences([
            Some("Công dân rút hồ sơ".to_owned()),
            Some(format!("Lý do: {}", e.reason)),
        ]),
        CaseEvent::Stopped(e) => sentences([
            Some("Dừng xử lý".to_owned()),
            Some(format!("Lý do: {}", e.reason)),
        ]),
        CaseEvent::HandedOver(e) => sentences([
            Some(format!("Chuyển hồ sơ đến {}", e.to)),
            labelled("Người nhận", e.receiver.as_ref()),
            labelled("Ghi chú", e.note.as_ref()),
        ]),
        CaseEvent::HandedBack(e) => sentences([
            Some("Nhận lại hồ sơ, chưa có kết quả".to_owned()),
            labelled("Người giao", e.giver.as_ref()),
            Some(format!("Lý do: {}", e.reason)),
        ]),
        CaseEvent::Reported(e) => sentences([
            Some(match e.step {
                DepartmentStep::Working => format!("{} báo đang giải quyết", e.department),
                DepartmentStep::Finished => {
                    format!("{} báo đã giải quyết xong, có kết quả", e.department)
                }
                DepartmentStep::Stopped => format!("{} báo dừng xử lý", e.department),
            }),
            labelled("Loại kết quả", e.result.kind.as_ref()),
            labelled("Số", e.result.number.as_ref()),
            labelled("Trích yếu", e.result.summary.as_ref()),
            labelled("Người giải quyết", e.by.as_ref()),
            labelled("Ghi chú", e.note.as_ref()),
        ]),
        CaseEvent::ResultReceived(e) => sentences([
            Some("Đã nhận kết quả về bộ phận một cửa".to_owned()),
            labelled("Loại kết quả", e.result.kind.as_ref()),
            labelled("Số", e.result.number.as_ref()),
            labelled("Trích yếu", e.result.summary.as_ref()),
            labelled("Người giao", e.giver.as_ref()),
            labelled("Ghi chú", e.note.as_ref()),
        ]),
        CaseEvent::ResultReturned(e) => sentences([
            Some(match &e.recipient {
                Recipient::Owner { name } => format!("Trả kết quả cho chủ hồ sơ {name}"),
                Recipient::Proxy { name, .. } => {
                    format!("Trả kết quả cho người được ủy quyền {name}")
                }
                Recipient::Post { waybill, address } => format!(
                    "Gửi kết quả qua bưu chính công ích, số vận đơn {waybill}, đến {address}"
                ),
            }),
            match &e.recipient {
                Recipient::Proxy { authorisation, .. } => {
                    Some(format!("Giấy ủy quyền: {authorisation}"))
                }
                _ => None,
            },
            labelled("Ghi chú", e.note.as_ref()),
        ]),
    }
}
