//! What happened to a case in words, for its history and for an officer who was overtaken.

use motcua_domain::{
    case::{
        CaseEvent, CaseReceived, DepartmentStep, FeeCharged, FeeMethod, FeePaid, PaperAttached,
        Recipient, WantedPaper,
    },
    identity::look_up::{LookUp, Outcome, Register},
    notice::Consent,
    text::grouped,
};
use motcua_protocol::{Time, event::Body, verbs::paper::PaperKind};

use uuid::Uuid;

use crate::verbs::look_up::why;

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
    match received.look_up.as_ref().and_then(looked_up) {
        Some(looked_up) => format!("{} {looked_up}", taken_in(received)),
        None => taken_in(received),
    }
}

/// What was said and paid about money when the case was taken in, as a record of its own would have
/// it; none where it costs nothing.
pub(crate) fn fee_at_reception(received: &CaseReceived) -> Option<CaseEvent> {
    let fee = received.fee.as_ref()?;
    if fee.method.is_paid() && fee.amount > 0 {
        return Some(CaseEvent::FeePaid(FeePaid {
            // Nobody reads it here: a payment at reception has none.
            id: Uuid::nil(),
            amount: fee.amount,
            method: fee.method,
            payer: None,
            note: None,
            slip: fee.slip,
        }));
    }
    let exempt = fee.method == FeeMethod::Exempt;
    (exempt || fee.amount > 0).then(|| {
        CaseEvent::FeeCharged(FeeCharged {
            amount: if exempt { 0 } else { fee.amount },
            ground: fee.ground.clone(),
        })
    })
}

/// What came of looking the owner up, where somebody asked.
fn looked_up(look_up: &LookUp) -> Option<String> {
    let register = match look_up.register? {
        Register::Citizen => "dân cư",
        Register::Enterprise => "doanh nghiệp",
    };
    match look_up.outcome {
        Outcome::Found => Some(format!("Đã tra cứu dữ liệu {register}.")),
        Outcome::NotFound => Some(format!("Dữ liệu {register} không có số của chủ hồ sơ.")),
        Outcome::Unavailable => Some(format!(
            "Chưa tra cứu được dữ liệu {register}: {}.",
            why(look_up.code.as_deref().unwrap_or_default())
        )),
        Outcome::NotAsked => None,
    }
}

fn taken_in(received: &CaseReceived) -> String {
    if received.instant {
        return "Tiếp nhận hồ sơ và trả kết quả ngay.".to_owned();
    }
    if let Some(other) = &received.on_behalf {
        return format!(
            "Tiếp nhận hồ sơ thay {}, thời hạn tính từ khi cơ quan đó nhận được.",
            other.competent
        );
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
        PaperKind::Appointment => "Phiếu hẹn",
        PaperKind::Supplement => "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",
        PaperKind::Refusal => "Phiếu từ chối tiếp nhận giải quyết hồ sơ",
        PaperKind::Apology => "Phiếu xin lỗi và hẹn lại ngày trả kết quả",
        PaperKind::Control => "Phiếu kiểm soát quá trình giải quyết hồ sơ",
        PaperKind::ReturnSlip => "Giấy biên nhận trả kết quả",
        PaperKind::FeeSlip => "Phiếu xác nhận thu phí, lệ phí",
        PaperKind::FeeNotice => "Thông báo nộp phí, lệ phí",
        PaperKind::JointReceipt => "Giấy tiếp nhận nhiều hồ sơ",
        PaperKind::HandOverList => "Danh sách bàn giao hồ sơ",
        PaperKind::WithdrawalNote => "Phiếu ghi nhận rút hồ sơ",
        PaperKind::StopNotice => "Thông báo dừng giải quyết hồ sơ",
        PaperKind::RatingSlip => "Phiếu đánh giá",
        PaperKind::DossierSupplement => "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",
        PaperKind::DossierRefusal => "Phiếu từ chối tiếp nhận giải quyết hồ sơ",
        PaperKind::CashReport => "Báo cáo thu tiền trong ngày",
        PaperKind::RegisterBook => "Sổ theo dõi hồ sơ",
        PaperKind::Test => "Trang in thử",
    }
}

/// A print.
pub(crate) fn printed(document: &str) -> String {
    let name = match PaperKind::from_document(document) {
        Some(kind) => paper_name(kind),
        None => document,
    };
    format!("In {name}.")
}

/// A file came.
pub(crate) fn attached(file: &PaperAttached) -> String {
    let what = match (&file.reused_from, file.origin) {
        (Some(from), _) => format!("tái sử dụng từ hồ sơ {}", from.case_code),
        (None, origin) => origin.words().to_owned(),
    };
    format!(
        "Gắn tệp {} trang cho “{}”, {what}, mã {}.",
        file.blob.pages, file.name, file.code
    )
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
        CaseEvent::ContactChanged(e) => match e.consent {
            Some(Consent::Agreed) => {
                "Công dân đồng ý nhận tin; cách liên lạc đã ghi lại.".to_owned()
            }
            Some(Consent::Declined) => "Công dân không nhận tin về hồ sơ này.".to_owned(),
            None => "Cách liên lạc đã ghi lại.".to_owned(),
        },
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
            labelled("Cơ quan phối hợp", e.helping.as_ref()),
            (e.list.len() > 1).then(|| format!("Cùng danh sách {} hồ sơ", e.list.len())),
            labelled("Ghi chú", e.note.as_ref()),
        ]),
        CaseEvent::Accepted(e) => sentences([
            Some(format!(
                "Cơ quan có thẩm quyền nhận hồ sơ lúc {}",
                moment(e.at_ms)
            )),
            e.due_ms
                .map(|due| format!("Thời hạn bắt đầu, hẹn trả lúc {}", moment(due))),
            labelled("Ghi chú", e.note.as_ref()),
        ]),
        CaseEvent::FeeCharged(e) => sentences([
            Some(if e.amount == 0 {
                "Miễn phí, lệ phí".to_owned()
            } else {
                format!("Mức phí, lệ phí: {} đồng", grouped(e.amount))
            }),
            labelled("Căn cứ", e.ground.as_ref()),
        ]),
        CaseEvent::FeePaid(e) => sentences([
            Some(format!(
                "Thu {} đồng, {}",
                grouped(e.amount),
                e.method.words()
            )),
            e.slip.map(|slip| format!("Phiếu số {:04}", slip.number)),
            labelled("Người nộp", e.payer.as_ref()),
            labelled("Ghi chú", e.note.as_ref()),
        ]),
        CaseEvent::FeeReversed(e) => sentences([
            Some("Hủy khoản thu, khoản ban đầu vẫn giữ trong sổ".to_owned()),
            Some(format!("Lý do: {}", e.reason)),
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
        CaseEvent::ActUndone(e) => sentences([
            Some(format!(
                "Rút lại việc đã ghi lúc {}: {}",
                moment(e.done_ms),
                e.act.words()
            )),
            Some(format!("Lý do: {}", e.reason)),
        ]),
        CaseEvent::PaperAttached(e) => attached(e),
        CaseEvent::PaperDetached(e) => format!("Gỡ một tệp giấy tờ. Lý do: {}.", e.reason),
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
                Recipient::Proxy {
                    authorisation,
                    id_number,
                    ..
                } => {
                    let number = id_number.as_ref();
                    let number = number.map_or_else(String::new, |n| format!(", số giấy tờ {n}"));
                    Some(format!("Giấy ủy quyền: {authorisation}{number}"))
                }
                _ => None,
            },
            labelled("Ghi chú", e.note.as_ref()),
        ]),
    }
}
