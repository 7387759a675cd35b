//! What citizens say of a service. A screen in the hall gives ratings, and nobody reads a single
//! one; complaints are noted and followed to their answer.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{Days, NaiveDate};
use motcua_domain::{
    Code, Refusal,
    calendar::{Calendar, Limit, LimitUnit},
    rating::{
        self, COMPLAINT_DAYS, COMPLAINT_PUBLISH_DAYS, COMPLAINT_REFUSE_DAYS, COMPLAINT_WORD_DAYS,
        ComplaintHandled, ComplaintNoted, Ended, Figures, LEAST_GROUP, RatingGiven, SlipFigures,
    },
    text::{self, limit},
    visit::Visit,
};
use motcua_protocol::{
    Time,
    event::{Body, BranchEvent},
    verbs::rating::{
        ComplaintHandle, ComplaintList, ComplaintNote, ComplaintStep, ComplaintView,
        CounterFigures, RatingAsk, RatingEnterSlip, RatingFigures, RatingFiguresAsk, RatingGive,
        RatingPrompt, RatingScreen, RatingThanks,
    },
};
use motcua_store::{
    Read, Write,
    table::rating::{ComplaintRow, rating_entity, slip_entity},
};
use uuid::Uuid;

use super::case;
use crate::{App, Result, rater::RATER, registry::Ctx, view};

/// Complaints on a screen at once.
const MOST: u32 = 200;

/// Only a screen in the hall: an officer could else rate themselves.
fn only_a_screen(ctx: &Ctx) -> Result<()> {
    if ctx.officer == RATER {
        return Ok(());
    }
    Err(Refusal::new(
        Code::NotAllowed,
        "Chỉ người dân đánh giá, trên màn hình đánh giá. Chưa ghi gì.",
    )
    .into())
}

/// The stay that ended last at a counter, with how it stands.
fn ended(
    read: &Read<'_>,
    date: NaiveDate,
    counter: u16,
) -> Result<Option<(Uuid, u32, Visit, Ended)>> {
    let Some(id) = read.last_ended(date, counter)? else {
        return Ok(None);
    };
    let Some(visit) = read.visit(id)? else {
        return Ok(None);
    };
    stay_of(read, date, counter, (id, visit))
}

/// The last stay of a visit at a counter, if it ended.
fn stay_of(
    read: &Read<'_>,
    date: NaiveDate,
    counter: u16,
    (id, visit): (Uuid, Arc<Visit>),
) -> Result<Option<(Uuid, u32, Visit, Ended)>> {
    let last = (visit.legs.iter().enumerate().rev()).find_map(|(i, leg)| {
        Some((i, leg.end_ms?, leg.outcome?)).filter(|_| leg.counter == Some(counter))
    });
    let Some((i, at_ms, outcome)) = last else {
        return Ok(None);
    };
    let leg = u32::try_from(i).unwrap_or(u32::MAX);
    let next_called = read.visit_at_counter(date, counter)?.is_some();
    let ended = Ended {
        at_ms,
        outcome,
        rated: read.is_rated(id, leg)?,
        next_called,
    };
    Ok(Some((id, leg, Visit::clone(&visit), ended)))
}

/// `rating.prompt`
pub(crate) fn prompt(app: &App, ctx: &Ctx, args: RatingPrompt) -> Result<RatingScreen> {
    only_a_screen(ctx)?;
    let counter = ctx.branch.counter(args.counter)?;
    let texts = app.assets.rating_texts(app.store.dir())?;
    let now_ms = app.now_ms();
    let date = app.today()?;
    let found = app.store.read(|read| ended(read, date, args.counter))?;
    let ask = found.and_then(|(visit_id, leg, visit, ended)| {
        let until = rating::asked_until(ended, now_ms)?;
        let service = ctx.branch.service(&visit.legs.get(leg as usize)?.service);
        Some(RatingAsk {
            visit_id,
            leg,
            ticket: visit.label(),
            service: service.map_or_else(|_| String::new(), |s| s.name.clone()),
            until: Time::from_ms(until),
        })
    });
    Ok(RatingScreen {
        office: ctx.branch.office.name.clone(),
        counter: counter.name.clone(),
        now: Time::from_ms(now_ms),
        ask,
        grades: texts.grades(),
        indicators: texts.indicators(),
        choices: texts.choices(),
    })
}

/// `rating.give`
pub(crate) fn give(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: RatingGive,
) -> Result<RatingThanks> {
    only_a_screen(ctx)?;
    let grade = args.grade.map(rating::check_grade).transpose()?;
    let indicators = rating::check_indicators(args.indicators)?;
    let date = tx.date();
    let gone = || {
        Refusal::new(
            Code::VisitState,
            "Lượt này không còn chờ đánh giá. Xin cảm ơn Ông/Bà.",
        )
    };
    let read = tx.read();
    let stay = match (grade, read.visit(args.visit_id)?) {
        // What follows a grade is said while the next person may have come and gone.
        (None, Some(visit)) => stay_of(&read, date, args.counter, (args.visit_id, visit))?,
        _ => ended(&read, date, args.counter)?,
    };
    let (id, leg, visit, ended) = stay.ok_or_else(gone)?;
    if (id, leg) != (args.visit_id, args.leg) {
        return Err(gone().into());
    }
    // A grade is asked for once, while the person is there; indicators follow it.
    let fits = match grade {
        Some(_) => rating::asked_until(ended, tx.now_ms()).is_some(),
        None => !indicators.is_empty() && rating::takes_more(ended, tx.now_ms()),
    };
    if !fits {
        return Err(gone().into());
    }
    let service = visit.legs.get(leg as usize).map(|l| l.service.clone());
    let event = RatingGiven {
        visit: id,
        leg,
        date: visit.date,
        counter: args.counter,
        service: service.unwrap_or_default(),
        grade,
        indicators,
        slip: None,
        corrects: false,
    };
    tx.append(
        rating_entity(id, leg),
        &Body::Branch(BranchEvent::Rated(event)),
    )?;
    Ok(RatingThanks { recorded: true })
}

/// `rating.enter_slip`
pub(crate) fn enter_slip(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: RatingEnterSlip,
) -> Result<RatingThanks> {
    let code = text::required(&args.case_code, limit::CODE).map_err(|r| r.at("case_code"))?;
    // Typed by hand it may be in small letters.
    let code = code.to_uppercase();
    let indicators = rating::check_indicators(args.indicators)?;
    let corrects = args.corrects.unwrap_or_default();
    if indicators.is_empty() && !corrects {
        return Err(Refusal::new(
            Code::FieldRequired,
            "Chưa có điểm nào. Chưa ghi gì. Mời nhập điểm của ít nhất một nội dung trên phiếu.",
        )
        .at("indicators")
        .into());
    }
    let row = case::by_code(&tx.read(), &code)?.ok_or_else(|| {
        Refusal::new(
            Code::NotFound,
            "Không có hồ sơ mang mã này. Chưa ghi gì. Mời quét lại mã trên phiếu.",
        )
        .at("case_code")
    })?;
    if row.case.officer == ctx.officer {
        return Err(Refusal::new(
            Code::NotAllowed,
            "Ông/Bà đã nhận hồ sơ này nên không nhập phiếu đánh giá của nó. Chưa ghi gì. Mời người phụ trách khác nhập.",
        )
        .at("case_code")
        .into());
    }
    let entered = tx.read().has_rating_slip(row.id)?;
    let refused = match (entered, corrects) {
        (true, false) => Some(
            "Phiếu của hồ sơ này đã nhập rồi. Không ghi thêm gì. Nếu hôm nay nhập sai, mời chọn sửa phiếu.",
        ),
        (false, true) => {
            Some("Hồ sơ này chưa có phiếu nào để sửa. Chưa ghi gì. Mời quét lại mã trên phiếu.")
        }
        (true, true) if !typed_today(&tx.read(), row.id, &ctx.officer, tx.date())? => Some(
            "Chỉ người đã nhập phiếu sửa được nó, và chỉ trong ngày nhập. Phiếu vẫn như đã nhập.",
        ),
        _ => None,
    };
    if let Some(why) = refused {
        return Err(Refusal::new(Code::NotAllowed, why).at("case_code").into());
    }
    let received = &row.case.received;
    let event = RatingGiven {
        visit: received.visit_id.unwrap_or(row.id),
        leg: 0,
        // A month that was reported does not change because a slip comes late.
        date: tx.date(),
        counter: received.counter.unwrap_or_default(),
        service: String::new(),
        grade: None,
        indicators,
        slip: Some(row.id),
        corrects,
    };
    tx.append(
        slip_entity(row.id),
        &Body::Branch(BranchEvent::Rated(event)),
    )?;
    Ok(RatingThanks { recorded: true })
}

/// Whether the slip of a case was typed by this officer on this day. Nobody else may correct it: they
/// could tell by the figures what it had said.
fn typed_today(read: &Read<'_>, case: Uuid, officer: &str, day: NaiveDate) -> Result<bool> {
    let mut typed = true;
    for event in read.events_of(slip_entity(case))? {
        let Some(Body::Branch(BranchEvent::Rated(given))) =
            Body::decode(&event.header.kind, &event.body)
        else {
            continue;
        };
        // Behind a slip that was taken out another one may have been typed, by anybody.
        let out = given.corrects && given.indicators.is_empty();
        typed = out || (typed && given.date == day && event.header.actor == officer);
    }
    Ok(typed)
}

/// `rating.figures`
pub(crate) fn figures(app: &App, ctx: &Ctx, args: RatingFiguresAsk) -> Result<RatingFigures> {
    let day = args.day.map_or_else(|| app.today(), Ok)?;
    let (from, after) = args.period.around(day);
    let texts = app.assets.rating_texts(app.store.dir())?;
    let ratings = app.store.read(|read| read.ratings(from, after))?;
    let (slips, ratings): (Vec<&RatingGiven>, Vec<&RatingGiven>) =
        ratings.iter().partition(|rating| rating.slip.is_some());
    let mut by_counter: BTreeMap<u16, Vec<&RatingGiven>> = BTreeMap::new();
    for rating in ratings {
        by_counter.entry(rating.counter).or_default().push(rating);
    }
    // Only what is shown of the counters goes into the whole: else a small group could be had by
    // taking the others away from it.
    let mut together: Vec<&RatingGiven> = Vec::new();
    let counters = (ctx.branch.counters.iter())
        .map(|counter| {
            let own = by_counter
                .get(&counter.number)
                .map_or(&[][..], |own| &own[..]);
            let figures = Figures::of(own);
            if let Some(figures) = &figures {
                together.extend(own.iter().take(figures.counted as usize));
            }
            CounterFigures {
                counter: counter.number,
                name: counter.name.clone(),
                figures,
            }
        })
        .collect();
    Ok(RatingFigures {
        from,
        to: after.checked_sub_days(Days::new(1)).unwrap_or(from),
        all: Figures::of(&together),
        slips: SlipFigures::of(&slips),
        choices: texts.choices(),
        counters,
        least: LEAST_GROUP as u32,
        indicators: texts.indicators(),
        grades: texts.grades.clone(),
    })
}

fn working_days(days: u32) -> Option<Limit> {
    Some(Limit {
        value: days,
        unit: LimitUnit::WorkingDay,
    })
}

/// `complaint.note`
pub(crate) fn note(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: ComplaintNote,
) -> Result<ComplaintView> {
    let content = text::paragraph(&args.content, limit::SCAN).map_err(|r| r.at("content"))?;
    if content.trim().is_empty() {
        return Err(Refusal::new(
            Code::FieldRequired,
            "Mời ghi nội dung phản ánh, kiến nghị. Chưa ghi gì.",
        )
        .at("content")
        .into());
    }
    let now = Time::from_ms(tx.now_ms());
    let due = app
        .calendar(&tx.read(), tx.date())?
        .due(now.0, working_days(COMPLAINT_DAYS))?;
    let noted = ComplaintNoted {
        date: tx.date(),
        complaint: args.complaint,
        content,
        name: text::optional(args.name.as_deref(), limit::NAME).map_err(|r| r.at("name"))?,
        contact: text::optional(args.contact.as_deref(), limit::NAME)
            .map_err(|r| r.at("contact"))?,
        due: due.due_at.map_or_else(|| tx.date(), |at| at.date_naive()),
    };
    let id = Uuid::now_v7();
    tx.append(id, &Body::Branch(BranchEvent::ComplaintNoted(noted)))?;
    let row = find(&tx.read(), id)?;
    let calendar = app.calendar(&tx.read(), tx.date()).ok();
    Ok(complaint_view(ctx, &row, tx.date(), calendar.as_deref()))
}

/// `complaint.handle`
pub(crate) fn handle(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: ComplaintHandle,
) -> Result<ComplaintView> {
    if find(&tx.read(), args.id)?.is_answered() {
        return Err(Refusal::new(
            Code::NotAllowed,
            "Phản ánh, kiến nghị này đã trả lời rồi. Chưa ghi thêm gì.",
        )
        .at("id")
        .into());
    }
    let what = ComplaintHandled {
        text: text::required(&args.text, limit::NOTE).map_err(|r| r.at("text"))?,
        answered: args.answered,
    };
    tx.append(args.id, &Body::Branch(BranchEvent::ComplaintHandled(what)))?;
    let row = find(&tx.read(), args.id)?;
    let calendar = app.calendar(&tx.read(), tx.date()).ok();
    Ok(complaint_view(ctx, &row, tx.date(), calendar.as_deref()))
}

fn find(read: &Read<'_>, id: Uuid) -> Result<ComplaintRow> {
    read.complaint(id)?.ok_or_else(|| {
        Refusal::new(
            Code::NotFound,
            "Không có phản ánh, kiến nghị này. Mời xem lại danh sách.",
        )
        .at("id")
        .into()
    })
}

/// `complaint.list`
pub(crate) fn complaints(app: &App, ctx: &Ctx, _args: ComplaintList) -> Result<Vec<ComplaintView>> {
    let today = app.today()?;
    let (rows, calendar) = app
        .store
        .read(|read| Ok((read.complaints(MOST)?, app.calendar(read, today).ok())))?;
    Ok(rows
        .iter()
        .map(|row| complaint_view(ctx, row, today, calendar.as_deref()))
        .collect())
}

fn complaint_view(
    ctx: &Ctx,
    row: &ComplaintRow,
    today: NaiveDate,
    calendar: Option<&Calendar>,
) -> ComplaintView {
    let officer = |id: &str| view::officer_name(&ctx.branch, id).to_owned();
    let answered = row.is_answered();
    let heard_ms = row.handled.last().map_or(row.at_ms, |last| last.at_ms);
    // A year without a calendar says nothing of these days; the answer's own day stands.
    let within = |from_ms: i64, days: u32| {
        let due = calendar?.due(Time::from_ms(from_ms).0, working_days(days));
        Some(due.ok()?.due_at?.date_naive())
    };
    let word_due = within(heard_ms, COMPLAINT_WORD_DAYS)
        .map(|day| day.min(row.noted.due))
        .filter(|_| !answered);
    let untouched = row.handled.is_empty();
    let refuse_due = within(row.at_ms, COMPLAINT_REFUSE_DAYS).filter(|_| untouched);
    let publish_due = within(heard_ms, COMPLAINT_PUBLISH_DAYS).filter(|_| answered);
    ComplaintView {
        id: row.id,
        at: Time::from_ms(row.at_ms),
        officer: officer(&row.by),
        complaint: row.noted.complaint,
        content: row.noted.content.clone(),
        name: row.noted.name.clone(),
        contact: row.noted.contact.clone(),
        due: row.noted.due,
        late: !answered && (row.noted.due < today || word_due.is_some_and(|day| day < today)),
        word_due,
        refuse_due,
        publish_due,
        answered,
        handled: row
            .handled
            .iter()
            .map(|step| ComplaintStep {
                at: Time::from_ms(step.at_ms),
                officer: officer(&step.by),
                text: step.what.text.clone(),
            })
            .collect(),
    }
}
