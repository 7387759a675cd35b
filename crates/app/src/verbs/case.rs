//! Receiving a case, and finding it again.

use chrono::{Datelike, Days, NaiveDate, NaiveTime};
use motcua_domain::{
    Code, Refusal,
    case::{
        self, BookEntry, CaseEvent, CaseFee, CaseReceived, FeeMethod, MAX_SETS, PaperCount,
        ProcedureRef, ReturnMethod,
    },
    case_code::CasePattern,
    catalogue::{ChannelKind, primary_limit},
    identity::{Warning, national_id::IdNumber, phone},
    text::{self, limit},
    visit::{Party, PartyKind},
};
use motcua_protocol::{
    Time,
    event::Body,
    time::vietnam,
    verbs::case::{CaseRow, CaseView, Get, Receive, ReceiveAnswer, Search},
};
use motcua_store::{
    Read, Write,
    table::{case as stored, lease},
};
use uuid::Uuid;

use super::{case_acts, catalogue, leg, look_up};
use crate::{App, Result, registry::Ctx, replica, view};

/// Fees above this are typing errors: no procedure of a one-stop desk costs a billion.
const MAX_FEE: u64 = 1_000_000_000;

/// `case.receive`
pub(crate) fn receive(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Receive,
) -> Result<ReceiveAnswer> {
    let date = tx.date();
    let now_ms = tx.now_ms();
    let row = catalogue::in_force(&tx.read(), &args.procedure_code, date)?;
    let procedure = row.procedure;
    let counter = match args.visit_id {
        Some(visit) => leg::find(&tx.read(), visit)?.leg().counter.or(args.counter),
        None => args.counter,
    };
    if let Some(counter) = counter {
        ctx.branch.counter(counter)?;
    }
    let applicant = case::check_party(args.applicant).map_err(|r| r.within("applicant"))?;
    let submitter = args
        .submitter
        .map(case::check_party)
        .transpose()
        .map_err(|r| r.within("submitter"))?;
    let papers = clean_papers(args.papers)?;
    let missing = case::check_papers(&papers, &procedure)?;
    let missing_ground = text::optional(args.missing_ground.as_deref(), limit::NOTE)
        .map_err(|r| r.at("missing_ground"))?;
    let sets = args.sets.unwrap_or(1);
    if !(1..=MAX_SETS).contains(&sets) {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            format!("Số bộ hồ sơ từ 1 đến {MAX_SETS}."),
        )
        .at("sets")
        .into());
    }
    let return_method = args.return_method.unwrap_or_default();
    let return_address = text::optional(args.return_address.as_deref(), limit::ADDRESS)
        .map_err(|r| r.at("return_address"))?;
    if return_method == ReturnMethod::Post
        && return_address.is_none()
        && applicant.address.is_none()
    {
        return Err(Refusal::new(
            Code::FieldRequired,
            "Trả kết quả qua bưu chính cần địa chỉ nhận. Mời nhập địa chỉ.",
        )
        .at("return_address")
        .into());
    }
    let notes = args
        .notes
        .map(|n| text::paragraph(&n, limit::NOTE))
        .transpose()
        .map_err(|r| r.at("notes"))?
        .filter(|n| !n.is_empty());
    let fee = args.fee.map(clean_fee).transpose()?;
    let limit = match args.limit {
        Some(limit) => Some(limit.check()?),
        None => primary_limit(&procedure, ChannelKind::Counter),
    };
    let instant = args.instant.unwrap_or(false);
    let received_at = Time::from_ms(now_ms);
    let (due_ms, because) = if instant {
        (
            None,
            vec!["Trả kết quả ngay khi tiếp nhận, không cần hẹn.".to_owned()],
        )
    } else {
        let due = app
            .assets
            .calendar(app.store.dir())?
            .due(received_at.0, limit)?;
        (
            due.due_at.map(|t| t.timestamp_millis()),
            due.because.into_iter().map(|r| r.text).collect(),
        )
    };

    let pattern = CasePattern::parse(&ctx.branch.case_pattern)?;
    let agency = &ctx.branch.office.code;
    let number = app.next_of_block(tx, &lease::case_series(agency), date)?;
    let code = pattern.format(agency, date, number)?;
    let book = BookEntry {
        year: date.year(),
        number: app.next_of_block(tx, lease::BOOK, replica::year_of(date))?,
    };
    let warnings = warnings(&applicant, received_at.date());

    let look_up = look_up::of_party(&tx.read(), &applicant, date)?;
    let case_id = Uuid::now_v7();
    let event = CaseReceived {
        code: code.clone(),
        number,
        date,
        visit_id: args.visit_id,
        counter,
        procedure: ProcedureRef {
            code: procedure.code,
            version: row.version,
            name: procedure.name,
        },
        applicant,
        submitter,
        papers,
        missing: missing.clone(),
        missing_ground,
        sets,
        return_method,
        return_address,
        notes,
        fee,
        limit,
        received_ms: now_ms,
        due_ms,
        because: because.clone(),
        book,
        form_set: ctx.branch.form_set.clone(),
        look_up,
        instant,
    };
    tx.append(case_id, &Body::Case(CaseEvent::Received(Box::new(event))))?;
    Ok(ReceiveAnswer {
        case_id,
        case_code: code,
        received_at,
        due_at: due_ms.map(Time::from_ms),
        because,
        missing,
        warnings,
    })
}

fn clean_papers(papers: Vec<PaperCount>) -> Result<Vec<PaperCount>> {
    papers
        .into_iter()
        .enumerate()
        .map(|(i, paper)| {
            let not_applicable = text::optional(paper.not_applicable.as_deref(), limit::NOTE)
                .map_err(|r| r.at(format!("papers[{i}].not_applicable")))?;
            Ok(PaperCount {
                not_applicable,
                ..paper
            })
        })
        .collect()
}

fn clean_fee(fee: CaseFee) -> Result<CaseFee> {
    if fee.amount > MAX_FEE {
        return Err(Refusal::new(
            Code::NumberOutOfRange,
            "Số tiền lớn khác thường. Mời xem lại mức phí.",
        )
        .at("fee.amount")
        .into());
    }
    let ground =
        text::optional(fee.ground.as_deref(), limit::NOTE).map_err(|r| r.at("fee.ground"))?;
    if fee.method == FeeMethod::Exempt && ground.is_none() {
        return Err(Refusal::new(
            Code::FieldRequired,
            "Miễn phí cần ghi căn cứ miễn. Mời nhập căn cứ.",
        )
        .at("fee.ground")
        .into());
    }
    Ok(CaseFee { ground, ..fee })
}

/// What looks odd about a party. Nothing here keeps anything from being taken in.
pub(crate) fn warnings(party: &Party, today: NaiveDate) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if party.kind == PartyKind::Individual
        && let Some(number) = party
            .id_number
            .as_deref()
            .and_then(|n| IdNumber::parse(n).ok())
    {
        warnings.extend(number.warnings(None, party.birth_date, today));
    }
    if let Some(found) = party.phone.as_deref().and_then(|p| phone::parse(p).ok()) {
        warnings.extend(found.warnings);
    }
    warnings
}

/// `case.get`
pub(crate) fn get(app: &App, ctx: &Ctx, args: Get) -> Result<CaseView> {
    let now = Time::from_ms(app.now_ms());
    app.store.read(|read| {
        let found = match (args.id, &args.code) {
            (Some(id), _) => read.case(id)?,
            (None, Some(code)) => {
                read.case_by_code(&text::line(code, limit::SEARCH).map_err(|r| r.at("code"))?)?
            }
            (None, None) => {
                return Err(Refusal::new(Code::FieldRequired, "Mời cho biết mã hồ sơ.")
                    .at("code")
                    .into());
            }
        };
        case_acts::view_of(app, &ctx.branch, read, found.ok_or_else(not_found)?, now)
    })
}

fn not_found() -> Refusal {
    Refusal::new(
        Code::NotFound,
        "Không có hồ sơ nào khớp. Mời thử quét mã trên giấy hẹn, hoặc tìm theo tên.",
    )
    .at("code")
}

/// A case by id, or the refusal.
pub(crate) fn find(read: &Read<'_>, id: Uuid) -> Result<stored::CaseRow> {
    read.case(id)?.ok_or_else(|| not_found().at("id").into())
}

const DAY_MS: i64 = 86_400_000;

/// How far back a filter looks that no index serves, unless a day is named.
const LOOK_BACK_DAYS: u64 = 366;

/// From midnight to midnight in Vietnam, UTC milliseconds.
fn day_span(day: NaiveDate) -> (i64, i64) {
    let ahead_ms = i64::from(vietnam().local_minus_utc()) * 1000;
    let start = day.and_time(NaiveTime::MIN).and_utc().timestamp_millis() - ahead_ms;
    (start, start + DAY_MS)
}

/// `case.search`
pub(crate) fn search(app: &App, _ctx: &Ctx, args: Search) -> Result<Vec<CaseRow>> {
    let typed = text::line(&args.text, limit::SEARCH).map_err(|r| r.at("text"))?;
    let most = args.limit.unwrap_or(50).clamp(1, 200);
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(Refusal::new(
            Code::DateInvalid,
            "Ngày đầu phải trước hoặc cùng ngày cuối. Mời xem lại khoảng ngày.",
        )
        .at("from")
        .into());
    }
    let overdue = args.overdue == Some(true);
    let open = args.open == Some(true);
    let unindexed = args.status.is_some() || open || overdue || args.due_on.is_some();
    let from = match args.from {
        None if unindexed => app.today()?.checked_sub_days(Days::new(LOOK_BACK_DAYS)),
        from => from,
    };
    let filter = stored::Filter {
        status: args.status,
        open,
        from,
        to: args.to,
        due_before_ms: overdue.then(|| app.now_ms()),
        due_within_ms: args.due_on.map(day_span),
    };
    app.store.read(|read| {
        Ok(read
            .search_cases(&typed, &filter, most)?
            .iter()
            .map(view::case_row)
            .collect())
    })
}
