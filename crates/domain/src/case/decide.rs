//! Whether an act is possible now, and what an officer should know before it.

use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone};

use super::{
    Accepted, Case, CaseAct, CaseEvent, Postponed, Recipient, ResultReturned, SupplementReceived,
    SupplementRequested, Wanted, WantedPaper, Why,
    check::{check_counts, check_individual},
};
use crate::{
    calendar::{Calendar, Due},
    refusal::{Code, Refusal, Result},
    text::{self, limit},
};

/// A supplement is to be asked for within so many working days (NĐ 61/2018/NĐ-CP Điều 19.4).
pub const SUPPLEMENT_DAYS: u32 = 3;
/// Most papers that can be asked for; the longest procedure known has 111.
pub const MAX_WANTED: usize = 200;

fn date_of(ms: i64, like: DateTime<FixedOffset>) -> Option<NaiveDate> {
    let at = like.timezone().timestamp_millis_opt(ms).single()?;
    Some(at.date_naive())
}

/// Whether the act can be done now: by the table of ways, and, for another date, by its own rules
/// (NĐ 61/2018/NĐ-CP Điều 19.9: once, at the latest one day before the old one).
///
/// # Errors
/// `CASE_STATUS`, `CASE_POSTPONED_BEFORE`, `CASE_NO_DUE_TIME`, `CASE_POSTPONE_TOO_LATE`.
pub fn possible(case: &Case, act: CaseAct, now: DateTime<FixedOffset>) -> Result<()> {
    if act.way(case.status).is_none() {
        return Err(Refusal::new(
            Code::CaseStatus,
            format!(
                "Hồ sơ đang ở tình trạng “{}” nên không {} được. Chưa ghi gì. Mời xem lại hồ sơ.",
                case.status.words(),
                act.words()
            ),
        )
        .at("id"));
    }
    if act == CaseAct::Accept && !case.waits_for_competent() {
        let why = if case.received.on_behalf.is_some() {
            "cơ quan có thẩm quyền đã nhận từ trước"
        } else {
            "không tiếp nhận thay cơ quan khác"
        };
        return Err(Refusal::new(
            Code::CaseStatus,
            format!(
                "Hồ sơ này {}, {why} nên không có việc này. Chưa ghi gì. Mời xem lại hồ sơ.",
                case.status.words()
            ),
        )
        .at("id"));
    }
    if act != CaseAct::Postpone {
        return Ok(());
    }
    if case.postponed().is_some() {
        return Err(Refusal::new(
            Code::CasePostponedBefore,
            "Hồ sơ này đã hẹn lại ngày trả một lần. Chỉ được hẹn lại một lần. Ngày hẹn giữ nguyên.",
        )
        .at("date"));
    }
    let Some(due) = case.due_ms().and_then(|ms| date_of(ms, now)) else {
        return Err(Refusal::new(
            Code::CaseNoDueTime,
            "Hồ sơ này không có ngày hẹn trả nên không có gì để hẹn lại.",
        )
        .at("date"));
    };
    if now.date_naive() >= due {
        return Err(Refusal::new(
            Code::CasePostponeTooLate,
            format!(
                "Xin lỗi và hẹn lại phải làm chậm nhất 01 ngày trước ngày hẹn trả ({}). Ngày hẹn giữ nguyên. Mời báo người phụ trách.",
                due.format("%d/%m/%Y")
            ),
        )
        .at("date"));
    }
    Ok(())
}

/// What an officer should know before the act; nothing here keeps them from it.
pub fn warnings(
    case: &Case,
    act: CaseAct,
    now: DateTime<FixedOffset>,
    calendar: &Calendar,
) -> Vec<String> {
    let mut warnings = Vec::new();
    match act {
        CaseAct::RequestSupplement => {
            if case.times(CaseAct::RequestSupplement) > 0 {
                warnings.push(
                    "Đã yêu cầu bổ sung một lần. Cán bộ chỉ được yêu cầu một lần; từ lần thứ hai hồ sơ bị tính là trễ hạn."
                        .to_owned(),
                );
            }
            let since = date_of(case.promised().from_ms, now);
            // A year without a calendar is told where dates are computed, not here.
            let days =
                since.and_then(|day| calendar.working_days_between(day, now.date_naive()).ok());
            if let Some(days) = days.filter(|days| *days > SUPPLEMENT_DAYS) {
                warnings.push(format!(
                    "Đã {days} ngày làm việc từ khi tiếp nhận. Yêu cầu bổ sung phải gửi trong {SUPPLEMENT_DAYS} ngày làm việc."
                ));
            }
        }
        CaseAct::Postpone => {
            // The one that was taken back may be in the citizen's hands.
            let undone = (case.undone.iter())
                .filter(|done| done.act.event.act() == Some(CaseAct::Postpone))
                .any(|done| case.prints_since("apology", done.act.at_ms) > 0);
            if undone {
                warnings.push(
                    "Phiếu xin lỗi trước đã in rồi rút lại. Mời thu lại phiếu đó để công dân không giữ hai ngày hẹn."
                        .to_owned(),
                );
            }
        }
        CaseAct::ReturnResult => {
            let due = case.money().due;
            if due > 0 {
                warnings.push(format!(
                    "Phí, lệ phí {} đồng chưa ghi là đã nộp.",
                    text::grouped(due)
                ));
            }
        }
        CaseAct::Withdraw | CaseAct::Refuse | CaseAct::Stop => {
            let paid = case.money().paid;
            if paid > 0 {
                warnings.push(format!(
                    "Đã thu {} đồng. Nếu phải trả lại, mời ghi hủy khoản thu sau khi ghi việc này.",
                    text::grouped(paid)
                ));
            }
        }
        _ => {}
    }
    warnings
}

/// A reason in words, which stands on the paper.
///
/// # Errors
/// Those of [`text::required`], at `reason`.
pub fn reason(typed: &str) -> Result<String> {
    if typed.trim().is_empty() {
        return Err(Refusal::new(
            Code::FieldRequired,
            "Việc này cần ghi rõ lý do. Mời nhập lý do.",
        )
        .at("reason"));
    }
    text::required(typed, limit::NOTE).map_err(|r| r.at("reason"))
}

fn note(typed: Option<&str>, field: &str) -> Result<Option<String>> {
    text::optional(typed, limit::NOTE).map_err(|r| r.at(field))
}

/// Papers that are asked for or came, checked one by one. `known` is how many the procedure has.
///
/// # Errors
/// A name that is empty or too long, a position the procedure does not have, counts outside
/// 0–99 or all nought, too many papers; the field is named.
pub fn wanted(papers: Vec<WantedPaper>, known: usize) -> Result<Vec<WantedPaper>> {
    if papers.len() > MAX_WANTED {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            format!("Một lần ghi nhiều nhất {MAX_WANTED} giấy tờ. Mời xem lại danh sách."),
        )
        .at("papers"));
    }
    let mut out = Vec::with_capacity(papers.len());
    for (i, paper) in papers.into_iter().enumerate() {
        let at = |field: &str| format!("papers[{i}].{field}");
        if paper.index.is_some_and(|index| index >= known) {
            return Err(Refusal::new(
                Code::PaperIndexInvalid,
                format!("Thủ tục này có {known} giấy tờ. Mời chọn lại giấy tờ."),
            )
            .at(at("index")));
        }
        let name =
            text::required(&paper.name, limit::PROCEDURE_NAME).map_err(|r| r.at(at("name")))?;
        check_counts(paper.counts(), at)?;
        if paper.counts() == [0; 3] {
            return Err(Refusal::new(
                Code::PaperCountInvalid,
                "Mỗi giấy tờ cần ít nhất một bản. Mời ghi số bản.",
            )
            .at(at("originals")));
        }
        out.push(WantedPaper { name, ..paper });
    }
    Ok(out)
}

/// The citizen is asked to complete the dossier: with papers, or with something to correct.
///
/// # Errors
/// Those of [`possible`]; nothing asked for; no reason.
pub fn request_supplement(
    case: &Case,
    papers: Vec<WantedPaper>,
    content: Option<&str>,
    why: &str,
    now: DateTime<FixedOffset>,
) -> Result<CaseEvent> {
    possible(case, CaseAct::RequestSupplement, now)?;
    let content = content.map(str::to_owned);
    let Wanted { papers, content } = lacking(Wanted { papers, content })?;
    Ok(CaseEvent::SupplementRequested(SupplementRequested {
        papers,
        content,
        reason: reason(why)?,
        number: None,
    }))
}

/// What a dossier lacks, as Mẫu 02 says it: papers, or in words, and never nothing.
///
/// # Errors
/// `FIELD_REQUIRED`, and a text that is not well, at `content`.
pub fn lacking(wanted: Wanted) -> Result<Wanted> {
    let content = note(wanted.content.as_deref(), "content")?;
    if wanted.papers.is_empty() && content.is_none() {
        return Err(Refusal::new(
            Code::FieldRequired,
            "Mời chọn giấy tờ cần bổ sung hoặc ghi nội dung cần hoàn thiện.",
        )
        .at("content"));
    }
    Ok(Wanted { content, ..wanted })
}

/// The dossier is complete: the limit begins again, `due` was computed from now.
///
/// # Errors
/// Those of [`possible`].
pub fn complete_supplement(
    case: &Case,
    papers: Vec<WantedPaper>,
    typed: Option<&str>,
    due: Due,
    now: DateTime<FixedOffset>,
) -> Result<CaseEvent> {
    possible(case, CaseAct::CompleteSupplement, now)?;
    Ok(CaseEvent::SupplementReceived(SupplementReceived {
        papers,
        note: note(typed, "note")?,
        limit: case.received.limit,
        due_ms: due.due_at.map(|at| at.timestamp_millis()),
        because: due.because.into_iter().map(|r| r.text).collect(),
    }))
}

/// The competent agency has had the dossier since `at`; `due` was computed from then.
///
/// # Errors
/// Those of [`possible`]; a moment before reception or still to come.
pub fn accept(
    case: &Case,
    at: DateTime<FixedOffset>,
    typed: Option<&str>,
    due: Due,
    now: DateTime<FixedOffset>,
) -> Result<CaseEvent> {
    possible(case, CaseAct::Accept, now)?;
    if at > now || at.timestamp_millis() < case.received.received_ms {
        return Err(Refusal::new(
            Code::DateInvalid,
            "Lúc cơ quan có thẩm quyền nhận phải sau khi tiếp nhận hồ sơ và không ở tương lai. Mời xem lại.",
        )
        .at("at"));
    }
    Ok(CaseEvent::Accepted(Accepted {
        at_ms: at.timestamp_millis(),
        note: note(typed, "note")?,
        limit: case.received.limit,
        due_ms: due.due_at.map(|at| at.timestamp_millis()),
        because: due.because.into_iter().map(|r| r.text).collect(),
    }))
}

/// Another date, with an apology.
///
/// # Errors
/// Those of [`possible`]; a date that is not later, or on which the office is closed; no reason.
pub fn postpone(
    case: &Case,
    date: NaiveDate,
    why: &str,
    now: DateTime<FixedOffset>,
    calendar: &Calendar,
) -> Result<CaseEvent> {
    possible(case, CaseAct::Postpone, now)?;
    let reason = reason(why)?;
    let due = calendar.return_on(date).map_err(|r| r.at("date"))?;
    let from_ms = case.due_ms().unwrap_or_default();
    if due.timestamp_millis() <= from_ms {
        return Err(Refusal::new(
            Code::DateInvalid,
            "Ngày hẹn lại phải sau ngày hẹn trả đã ghi. Mời chọn ngày khác.",
        )
        .at("date"));
    }
    Ok(CaseEvent::Postponed(Postponed {
        reason,
        from_ms,
        due_ms: due.timestamp_millis(),
        number: None,
    }))
}

/// An act that needs nothing but its reason.
///
/// # Errors
/// Those of [`possible`]; no reason.
pub fn with_reason(
    case: &Case,
    act: CaseAct,
    event: fn(Why) -> CaseEvent,
    why: &str,
    now: DateTime<FixedOffset>,
) -> Result<CaseEvent> {
    possible(case, act, now)?;
    Ok(event(Why {
        reason: reason(why)?,
    }))
}

/// The result is handed out: to the owner, to somebody with an authorisation, or to the post.
/// That it is late never stands in the way.
///
/// # Errors
/// Those of [`possible`]; `AUTHORISATION_MISSING` for somebody else; a field that is missing.
pub fn return_result(
    case: &Case,
    recipient: Recipient,
    typed: Option<&str>,
    now: DateTime<FixedOffset>,
) -> Result<CaseEvent> {
    possible(case, CaseAct::ReturnResult, now)?;
    let recipient = match recipient {
        Recipient::Owner { name } => owner(case, &name)?,
        Recipient::Proxy {
            name,
            id_number,
            phone,
            authorisation,
        } => {
            let name = text::required(&name, limit::NAME).map_err(|r| r.at("name"))?;
            let authorisation =
                text::line(&authorisation, limit::NOTE).map_err(|r| r.at("authorisation"))?;
            if authorisation.is_empty() {
                return Err(no_authorisation("authorisation"));
            }
            let (id_number, phone) = check_individual(id_number.as_deref(), phone.as_deref())?;
            Recipient::Proxy {
                name,
                id_number,
                phone,
                authorisation,
            }
        }
        Recipient::Post { waybill, address } => Recipient::Post {
            waybill: text::required(&waybill, limit::CODE).map_err(|r| r.at("waybill"))?,
            address: text::required(&address, limit::ADDRESS).map_err(|r| r.at("address"))?,
        },
    };
    Ok(CaseEvent::ResultReturned(ResultReturned {
        recipient,
        note: note(typed, "note")?,
    }))
}

fn no_authorisation(field: &str) -> Refusal {
    Refusal::new(
        Code::AuthorisationMissing,
        "Người nhận không phải chủ hồ sơ nên cần giấy ủy quyền. Chưa trả kết quả. Mời ghi giấy ủy quyền (số, ngày, nơi chứng thực).",
    )
    .at(field)
}

/// The owner by name: for an organisation also who acts for it.
fn owner(case: &Case, typed: &str) -> Result<Recipient> {
    let applicant = &case.received.applicant;
    let name = text::line(typed, limit::NAME).map_err(|r| r.at("name"))?;
    if name.is_empty() {
        return Ok(Recipient::Owner {
            name: applicant.signer().to_owned(),
        });
    }
    let same = |known: &str| text::fold(known) == text::fold(&name);
    let known = same(&applicant.name) || applicant.representative.as_deref().is_some_and(same);
    if known {
        Ok(Recipient::Owner { name })
    } else {
        Err(no_authorisation("name"))
    }
}
