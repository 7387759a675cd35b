//! Receiving a case, and finding it again.

use chrono::{Datelike, NaiveDate, NaiveTime};
use motcua_domain::{
    Code, Refusal,
    case::{
        self, BookEntry, CaseEvent, CaseFee, CaseReceived, FeeMethod, MAX_SETS, OnBehalf,
        OnlineDossier, PaperCount, ProcedureRef, ReturnMethod,
        find::{self, Wish},
    },
    case_code::{CasePattern, Provisional},
    catalogue::{ChannelKind, primary_limit},
    identity::{Warning, national_id::IdNumber, phone},
    money,
    text::{self, limit},
    visit::{Party, PartyKind},
};
use motcua_protocol::{
    Time,
    event::Body,
    time::vietnam,
    verbs::case::{
        CaseRow, CaseView, Get, Receive, ReceiveAnswer, Search, Understood, UnderstoodAsk,
    },
};
use motcua_store::{
    Read, Write,
    table::{case as stored, lease},
};
use uuid::Uuid;

use super::{case_view, catalogue, fee, leg, look_up, people, scan};
use crate::{App, Result, codes, registry::Ctx, replica, view};

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
    let party = |party, within| people::checked(&tx.read(), party, within, args.visit_id);
    let applicant = party(args.applicant, "applicant")?;
    let submitter = args
        .submitter
        .map(|submitter| party(submitter, "submitter"))
        .transpose()?;
    let mut papers = clean_papers(args.papers)?;
    let reuse = args.reuse.unwrap_or_default();
    let owner = applicant.id_number.as_deref();
    let taken_over = scan::taken_over(&tx.read(), owner, &procedure, &reuse)?;
    mark_reused(&mut papers, &taken_over);
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
    let mut fee = args.fee.map(clean_fee).transpose()?;
    let on_behalf = args.on_behalf.map(clean_on_behalf).transpose()?;
    let online = args
        .online
        .map(|online| clean_online(online, now_ms))
        .transpose()?;
    if let Some(online) = &online {
        not_received_before(&tx.read(), &online.code)?;
    }
    let limit = match args.limit {
        Some(limit) => Some(limit.check()?),
        None => primary_limit(
            &procedure,
            if online.is_some() {
                ChannelKind::Online
            } else {
                ChannelKind::Counter
            },
        ),
    };
    let instant = args.instant.unwrap_or(false);
    let received_at = Time::from_ms(now_ms);
    let (due_ms, because) = if instant {
        (
            None,
            vec!["Trả kết quả ngay khi tiếp nhận, không cần hẹn.".to_owned()],
        )
    } else if let Some(other) = &on_behalf {
        (None, vec![begins_there(&other.competent)])
    } else {
        let due = app.calendar(&tx.read(), date)?.due(received_at.0, limit)?;
        (
            due.due_at.map(|t| t.timestamp_millis()),
            due.because.into_iter().map(|r| r.text).collect(),
        )
    };

    let pattern = CasePattern::parse(&ctx.branch.case_pattern)?;
    let agency = &ctx.branch.office.code;
    let number = app.next_of_block(tx, &lease::case_series(agency), date)?;
    let book = app.next_of_block(tx, lease::BOOK, replica::year_of(date))?;
    let (code, number, book) = match (number, book) {
        (Some(number), Some(book)) => {
            let book = BookEntry {
                year: date.year(),
                number: book,
            };
            (pattern.format(agency, date, number)?, number, Some(book))
        }
        // The citizen stands here: the final code follows.
        _ => {
            let code = codes::provisional(tx, date)?;
            (code.to_string(), code.number, None)
        }
    };
    if let Some(paid) = fee
        .as_mut()
        .filter(|fee| fee.method.is_paid() && fee.amount > 0)
    {
        paid.slip = fee::next_slip(app, tx, lease::slip::FEE)?;
    }
    let provisional = book.is_none();
    let warnings = warnings(&applicant, received_at.date());

    let look_up = look_up::of_party(&tx.read(), &applicant, date)?;
    let case_id = Uuid::now_v7();
    let papers_of = procedure.clone();
    let event = CaseReceived {
        code: code.clone(),
        number,
        provisional,
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
        notify: args.notify,
        limit,
        received_ms: now_ms,
        due_ms,
        because: because.clone(),
        book,
        form_set: ctx.branch.form_set.clone(),
        look_up,
        instant,
        on_behalf,
        online,
    };
    tx.append(case_id, &Body::Case(CaseEvent::Received(Box::new(event))))?;
    scan::take_over(tx, case_id, &papers_of, taken_over)?;
    Ok(ReceiveAnswer {
        case_id,
        case_code: code,
        provisional,
        received_at,
        due_at: due_ms.map(Time::from_ms),
        because,
        missing,
        warnings,
    })
}

/// What is taken over counts as received, and no copy of it was asked for.
fn mark_reused(papers: &mut Vec<PaperCount>, taken: &[scan::TakenOver]) {
    for each in taken {
        match papers.iter_mut().find(|p| p.index == each.index) {
            Some(paper) => paper.reused = true,
            None => papers.push(PaperCount {
                index: each.index,
                originals: 0,
                certified: 0,
                copies: 0,
                not_applicable: None,
                reused: true,
            }),
        }
    }
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
                // Said by `reuse` alone, which names the earlier paper.
                reused: false,
                ..paper
            })
        })
        .collect()
}

/// From when the limit of a case for another agency runs, in words.
pub(super) fn begins_there(competent: &str) -> String {
    format!("Tiếp nhận thay: thời hạn tính từ khi {competent} nhận được hồ sơ.")
}

fn clean_on_behalf(other: OnBehalf) -> Result<OnBehalf> {
    let place = |typed: Option<&str>, field: &str| {
        text::optional(typed, limit::NAME).map_err(|r| r.at(format!("on_behalf.{field}")))
    };
    Ok(OnBehalf {
        help: place(other.help.as_deref(), "help")?,
        receipt: place(other.receipt.as_deref(), "receipt")?,
        competent: text::required(&other.competent, limit::NAME)
            .map_err(|r| r.at("on_behalf.competent"))?,
    })
}

/// A dossier that came online is taken in once, unless what came of it ended without a result.
fn not_received_before(read: &Read<'_>, code: &str) -> Result<()> {
    let Some(row) = read.case_by_portal_code(code)? else {
        return Ok(());
    };
    if row.case.status.ended_without_result() {
        return Ok(());
    }
    Err(Refusal::new(
        Code::NotAllowed,
        format!(
            "Hồ sơ trực tuyến này đã được tiếp nhận, mã {}. Chưa ghi gì thêm. Mời mở hồ sơ đó, hoặc xem lại mã trực tuyến.",
            row.case.code()
        ),
    )
    .at("online.code")
    .into())
}

fn clean_online(online: OnlineDossier, now_ms: i64) -> Result<OnlineDossier> {
    if online
        .submitted_ms
        .is_some_and(|ms| !(0..=now_ms).contains(&ms))
    {
        return Err(Refusal::new(
            Code::DateInvalid,
            "Lúc nộp trực tuyến không ở tương lai. Mời xem lại.",
        )
        .at("online.submitted_ms")
        .into());
    }
    Ok(OnlineDossier {
        code: text::required(&online.code, limit::CODE).map_err(|r| r.at("online.code"))?,
        ..online
    })
}

fn clean_fee(fee: CaseFee) -> Result<CaseFee> {
    if fee.amount > money::MOST {
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
    Ok(CaseFee {
        ground,
        // The desk gives it, not whoever asks.
        slip: None,
        ..fee
    })
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
                let code = text::line(code, limit::SEARCH).map_err(|r| r.at("code"))?;
                match by_code(read, &code)? {
                    Some(found) => Some(found),
                    // What the citizen has of an online dossier is the portal's own code.
                    None => read.case_by_portal_code(&code)?,
                }
            }
            (None, None) => {
                return Err(Refusal::new(Code::FieldRequired, "Mời cho biết mã hồ sơ.")
                    .at("code")
                    .into());
            }
        };
        case_view::view_of(app, ctx, read, found.ok_or_else(not_found)?, now)
    })
}

/// The case that bears a code on its papers, be it a provisional one.
pub(super) fn by_code(read: &Read<'_>, code: &str) -> Result<Option<stored::CaseRow>> {
    Ok(match Provisional::read(code) {
        Some(provisional) => read.case_by_provisional(&provisional)?,
        None => read.case_by_code(code)?,
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
    let mut filter = stored::Filter {
        status: args.status,
        open: args.open == Some(true),
        from: args.from,
        to: args.to,
        due_before_ms: (args.overdue == Some(true)).then(|| app.now_ms()),
        due_within_ms: args.due_on.map(day_span),
        online: args.online == Some(true),
    };
    let sought = find::read(&typed, app.today()?);
    for wish in sought.wishes {
        // What was typed narrows what was chosen, and never widens it.
        let holds = match wish {
            Wish::Status(status) => *filter.status.get_or_insert(status) == status,
            Wish::Due(day) => {
                let span = day_span(day);
                *filter.due_within_ms.get_or_insert(span) == span
            }
            Wish::Received { from, to } => {
                filter.from = Some(filter.from.map_or(from, |chosen| chosen.max(from)));
                filter.to = Some(filter.to.map_or(to, |chosen| chosen.min(to)));
                true
            }
            Wish::Open => {
                filter.open = true;
                true
            }
            Wish::Overdue => {
                filter.due_before_ms.get_or_insert_with(|| app.now_ms());
                true
            }
            Wish::Online => {
                filter.online = true;
                true
            }
        };
        if !holds {
            return Ok(Vec::new());
        }
    }
    app.store.read(|read| {
        Ok(read
            .search_cases(&sought.words, &filter, most, args.after)?
            .iter()
            .map(view::case_row)
            .collect())
    })
}

/// `case.understood`
pub(crate) fn understood(app: &App, _ctx: &Ctx, args: UnderstoodAsk) -> Result<Understood> {
    let typed = text::line(&args.text, limit::SEARCH).map_err(|r| r.at("text"))?;
    let sought = find::read(&typed, app.today()?);
    Ok(Understood {
        words: sought.words,
        narrowed: sought.wishes.into_iter().map(Wish::words).collect(),
    })
}
