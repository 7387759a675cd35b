//! Who sits at the counters: opening, stepping away, taking over, closing.

use chrono::NaiveDate;
use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    counter::{self, CounterAct, CounterDay, Shift},
    visit::{Act, Cause, Desk, Hop, State},
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::counter::{
        Break, BreakRow, Close, CounterAnswer, CounterSession, Open, Resume, ShiftRow, Shifts,
        ShiftsAnswer,
    },
};
use motcua_store::{Read, Write, table::counter::counter_entity};

use super::{leg, queue};
use crate::{App, Result, registry::Ctx, view};

const MINUTE_MS: i64 = 60_000;

/// `counter.open`
pub(crate) fn open(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Open) -> Result<CounterAnswer> {
    let open = CounterAct::Open {
        take_over: args.take_over.unwrap_or(false),
    };
    act(ctx, tx, args.counter, open)?;
    if let Some(left) = args.leave.filter(|left| *left != args.counter) {
        // Whoever lost that counter to somebody else meanwhile has left it already.
        let ours = sits_at(&tx.read(), tx.date(), left, &ctx.officer)?;
        if ours {
            act(ctx, tx, left, CounterAct::Close { moved: true })
                .map_err(|error| Refusal::from(error).at("leave"))?;
        }
    }
    answer(ctx, &tx.read(), tx.date(), args.counter)
}

/// `counter.break`
pub(crate) fn step_away(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Break,
) -> Result<CounterAnswer> {
    let back_ms = match (args.back_at, args.minutes) {
        (Some(_), Some(_)) => {
            return Err(Refusal::new(
                Code::ArgumentInvalid,
                "Chỉ ghi giờ quay lại hoặc số phút, không ghi cả hai. Chưa có gì thay đổi.",
            )
            .at("minutes")
            .into());
        }
        (_, Some(minutes)) if !(1..=240).contains(&minutes) => {
            return Err(Refusal::new(
                Code::NumberOutOfRange,
                "Tạm nghỉ từ 1 đến 240 phút. Nghỉ lâu hơn, mời đóng quầy.",
            )
            .at("minutes")
            .into());
        }
        (_, Some(minutes)) => Some(tx.now_ms() + i64::from(minutes) * MINUTE_MS),
        (back_at, None) => back_at.map(Time::ms),
    };
    let away = CounterAct::Break {
        reason: args.reason,
        back_ms,
    };
    act(ctx, tx, args.counter, away)?;
    answer(ctx, &tx.read(), tx.date(), args.counter)
}

/// `counter.resume`
pub(crate) fn resume(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Resume,
) -> Result<CounterAnswer> {
    act(ctx, tx, args.counter, CounterAct::Resume)?;
    answer(ctx, &tx.read(), tx.date(), args.counter)
}

/// `counter.close`
pub(crate) fn close(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Close,
) -> Result<CounterAnswer> {
    let let_go = if args.force.unwrap_or(false) {
        let_go(ctx, tx, args.counter)?
    } else {
        None
    };
    act(ctx, tx, args.counter, CounterAct::Close { moved: false })?;
    Ok(CounterAnswer {
        let_go,
        ..answer(ctx, &tx.read(), tx.date(), args.counter)?
    })
}

/// Frees a counter that is closed by force: nobody's service becomes a success by it, and nobody
/// loses the place in the queue.
fn let_go(ctx: &Ctx, tx: &mut Write<'_>, counter: u16) -> Result<Option<String>> {
    let stamp = tx.stamp();
    if !desk(ctx, &stamp, None).supervises() {
        return Err(Refusal::new(
            Code::NotAllowed,
            "Chỉ giám sát được đóng quầy khi còn người ở quầy. Chưa có gì thay đổi. Mời kết thúc, tạm giữ hoặc chuyển số này rồi đóng quầy.",
        )
        .at("force")
        .into());
    }
    let Some((visit_id, label)) = queue::busy_with(&tx.read(), tx.date(), counter)? else {
        return Ok(None);
    };
    let visit = leg::find(&tx.read(), visit_id)?;
    let reason = format!("Giám sát đóng quầy {counter}");
    let act = if visit.state() == State::Serving {
        Act::Hold {
            reason,
            cause: Cause::Office,
            due_ms: None,
        }
    } else {
        Act::Transfer(Hop {
            service: visit.leg().service.clone(),
            counter: None,
            note: Some(reason),
        })
    };
    leg::act(ctx, tx, visit_id, act, None)?;
    Ok(Some(label))
}

/// Whoever brings somebody to a counter sits there.
///
/// # Errors
/// `COUNTER_TAKEN` when another officer does.
pub(crate) fn attend(ctx: &Ctx, tx: &mut Write<'_>, counter: u16) -> Result<()> {
    act(ctx, tx, counter, CounterAct::Attend)
}

fn act(ctx: &Ctx, tx: &mut Write<'_>, number: u16, act: CounterAct) -> Result<()> {
    let counter = ctx.branch.counter(number)?;
    let (date, stamp) = (tx.date(), tx.stamp());
    let has = match act {
        CounterAct::Break { .. } | CounterAct::Close { .. } => {
            queue::busy_with(&tx.read(), date, number)?.map(|(_, label)| label)
        }
        _ => None,
    };
    let day = tx.read().counter_day(date, number)?;
    let event = counter::decide(counter, date, day.as_ref(), act, &desk(ctx, &stamp, has))?;
    if let Some(event) = event {
        tx.append(counter_entity(date, number), &Body::Counter(event))?;
    }
    Ok(())
}

fn desk<'a>(
    ctx: &'a Ctx,
    stamp: &'a motcua_domain::visit::Stamp,
    counter_has: Option<String>,
) -> Desk<'a> {
    Desk {
        stamp,
        branch: &ctx.branch,
        roles: &ctx.roles,
        counter_has,
        given: None,
    }
}

fn sits_at(read: &Read<'_>, date: NaiveDate, counter: u16, officer: &str) -> Result<bool> {
    let day = read.counter_day(date, counter)?;
    Ok(day.is_some_and(|d| d.shift().is_some_and(|s| s.officer == officer)))
}

fn answer(ctx: &Ctx, read: &Read<'_>, date: NaiveDate, counter: u16) -> Result<CounterAnswer> {
    let session = session(&ctx.branch, &read.counter_days(date)?, counter);
    let waiting_only_here = if session.is_some() {
        Vec::new()
    } else {
        read.open_visits(date)?
            .iter()
            .filter(|r| {
                let leg = r.visit.leg();
                leg.state == State::Waiting && leg.counter_only && leg.counter == Some(counter)
            })
            .map(|r| r.visit.label())
            .collect()
    };
    Ok(CounterAnswer {
        counter,
        session,
        waiting_only_here,
        let_go: None,
    })
}

/// Who sits at a counter, given every counter of the day.
pub(crate) fn session(
    branch: &Branch,
    days: &[CounterDay],
    counter: u16,
) -> Option<CounterSession> {
    let day = days.iter().find(|d| d.counter == counter)?;
    let shift = day.shift()?;
    let away = shift.away();
    Some(CounterSession {
        officer: shift.officer.clone(),
        officer_name: view::officer_name(branch, &shift.officer).to_owned(),
        state: day.state(),
        opened_at: Time::from_ms(shift.from_ms),
        since: Time::from_ms(shift.since_ms()),
        reason: away.and_then(|b| b.reason.clone()),
        back_at: away.and_then(|b| b.back_ms).map(Time::from_ms),
        also_at: days
            .iter()
            .filter(|d| d.counter != counter)
            .filter(|d| d.shift().is_some_and(|s| s.officer == shift.officer))
            .map(|d| d.counter)
            .collect(),
        apart_from: apart_from(branch, shift),
    })
}

fn apart_from(branch: &Branch, shift: &Shift) -> Option<String> {
    let other = shift.apart_from.as_deref()?;
    Some(view::officer_name(branch, other).to_owned())
}

/// `counter.shifts`
pub(crate) fn shifts(app: &App, ctx: &Ctx, args: Shifts) -> Result<ShiftsAnswer> {
    let date = match args.date {
        Some(date) => date,
        None => app.today()?,
    };
    app.store.read(|read| {
        let days = read.counter_days(date)?;
        let shifts = days
            .iter()
            .flat_map(|day| day.shifts.iter().map(|s| row(&ctx.branch, day.counter, s)))
            .collect();
        Ok(ShiftsAnswer { date, shifts })
    })
}

fn row(branch: &Branch, counter: u16, shift: &Shift) -> ShiftRow {
    ShiftRow {
        counter,
        officer: shift.officer.clone(),
        officer_name: view::officer_name(branch, &shift.officer).to_owned(),
        from: Time::from_ms(shift.from_ms),
        to: shift.end.as_ref().map(|end| Time::from_ms(end.at_ms)),
        cause: shift.end.as_ref().map(|end| end.cause),
        breaks: shift
            .breaks
            .iter()
            .map(|b| BreakRow {
                from: Time::from_ms(b.from_ms),
                to: b.to_ms.map(Time::from_ms),
                reason: b.reason.clone(),
                back_at: b.back_ms.map(Time::from_ms),
            })
            .collect(),
        apart_from: apart_from(branch, shift),
        accurate: shift.accurate,
    }
}

/// Ends what nobody ended of a day. To be called while its visits still stand as people left them:
/// the end of a shift is its last recorded act, not the closing.
pub(crate) fn end_day(
    branch: &Branch,
    tx: &mut Write<'_>,
    date: NaiveDate,
) -> Result<Vec<ShiftRow>> {
    let stamp = tx.stamp();
    let desk = Desk {
        stamp: &stamp,
        branch,
        roles: &[],
        counter_has: None,
        given: None,
    };
    let mut ended = Vec::new();
    for day in tx.read().counter_days(date)? {
        let Some(shift) = day.shift() else { continue };
        let last_ms = tx.read().last_act_at(date, day.counter, &shift.officer)?;
        // A counter that was taken out of the branch meanwhile is closed all the same.
        let counter = motcua_domain::branch::Counter {
            number: day.counter,
            name: String::new(),
            services: Vec::new(),
        };
        let act = CounterAct::EndDay { last_ms };
        if let Some(event) = counter::decide(&counter, date, Some(&day), act, &desk)? {
            tx.append(counter_entity(date, day.counter), &Body::Counter(event))?;
        }
        let after = tx.read().counter_day(date, day.counter)?;
        let last = after.as_ref().and_then(|d| d.shifts.last());
        ended.extend(last.map(|s| row(branch, day.counter, s)));
    }
    Ok(ended)
}
