//! Acts on the present leg of a visit. Each is the table of transitions applied to one event.

use std::sync::Arc;

use motcua_domain::{
    Code, Refusal,
    visit::{
        Act, Cause, Desk, Given, HoldTo, Hop, Recorded, ReturnTo, State, Visit, VisitEvent,
        booking_code, decide,
    },
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::visit::{
        AddService, Finish, Hold, Leave, LegAnswer, Miss, NoShow, Recall, Reopen, Resume, Return,
        Start, Transfer, UndoCall, Void,
    },
};
use motcua_store::{Read, Write};
use uuid::Uuid;

use super::queue;
use crate::{App, Result, hub_link, open::SYSTEM, registry::Ctx, view};

/// A visit, or a refusal that names the field.
pub(crate) fn find(read: &Read<'_>, id: Uuid) -> Result<Arc<Visit>> {
    read.visit(id)?.ok_or_else(|| {
        Refusal::new(
            Code::NotFound,
            "Không thấy lượt này. Có thể số thuộc chi nhánh khác. Mời tìm lại.",
        )
        .at("visit_id")
        .into()
    })
}

/// Decides an act, appends its event, and gives the visit as it then is.
pub(crate) fn act(
    ctx: &Ctx,
    tx: &mut Write<'_>,
    id: Uuid,
    act: Act,
    counter: Option<u16>,
) -> Result<Arc<Visit>> {
    act_with(ctx, tx, id, act, counter, None)
}

pub(crate) fn act_with(
    ctx: &Ctx,
    tx: &mut Write<'_>,
    id: Uuid,
    act: Act,
    counter: Option<u16>,
    given: Option<Given>,
) -> Result<Arc<Visit>> {
    let visit = find(&tx.read(), id)?;
    let same_day = visit.date == tx.date();
    // What nobody ever saw is taken back whatever day this machine has: its log may come late, or
    // from a machine with another clock.
    let unseen = ctx.officer == SYSTEM;
    if !same_day
        && !unseen
        && !matches!(
            act,
            Act::Identify { .. }
                | Act::CloseDay { .. }
                | Act::Leave { .. }
                | Act::Move { .. }
                | Act::Cancel { .. }
        )
    {
        let day = visit.date.format("%d/%m/%Y");
        let message = match visit.state() {
            // Whoever is booked has no number yet, and keeps the booking.
            State::Booked => format!(
                "Lịch hẹn {} là của ngày {day}, không phải hôm nay. Chưa cấp số. Mời dời lịch hẹn sang hôm nay, hoặc cấp số mới.",
                booking_code(id)
            ),
            _ => format!(
                "Số {} thuộc ngày {day}, không phải hôm nay. Mời cấp số mới.",
                visit.label()
            ),
        };
        return Err(Refusal::new(Code::VisitOtherDay, message)
            .at("visit_id")
            .into());
    }
    let waits = visit.state() == State::Waiting;
    if let Some(number) = ctx.alone
        && waits
        && !hub_link::is_own(number, &visit)
    {
        return Err(hub_link::not_ours(&visit.label()));
    }
    let counter_has = match counter {
        Some(counter) => queue::busy_with(&tx.read(), tx.date(), counter)?
            .filter(|(other, _)| *other != id)
            .map(|(_, label)| label),
        None => None,
    };
    let stamp = tx.stamp();
    let desk = Desk {
        stamp: &stamp,
        branch: &ctx.branch,
        roles: &ctx.roles,
        counter_has,
        given,
    };
    let mut event = decide(&visit, act, &desk)?;
    promise(ctx, tx, id, &visit, &mut event)?;
    if let Some(counter) = brought_to(&visit, &event) {
        super::counter::attend(ctx, tx, counter)?;
    }
    tx.append(id, &Body::Visit(event))?;
    find(&tx.read(), id)
}

/// The counter to which an event brings somebody.
fn brought_to(visit: &Visit, event: &VisitEvent) -> Option<u16> {
    match event {
        VisitEvent::Called { counter }
        | VisitEvent::Returned {
            to: ReturnTo::Called { counter },
            ..
        } => Some(*counter),
        VisitEvent::Resumed {
            to: HoldTo::Serving,
            counter,
            ..
        } => counter.or(visit.leg().counter),
        VisitEvent::Reopened { counter, .. } => *counter,
        _ => None,
    }
}

/// Whoever goes into a queue by this event is told how long it will take, and what they are told
/// is recorded with it.
fn promise(
    ctx: &Ctx,
    tx: &Write<'_>,
    id: Uuid,
    visit: &Visit,
    event: &mut VisitEvent,
) -> Result<()> {
    if event.quote_mut().is_none() {
        return Ok(());
    }
    let stamp = tx.stamp();
    let mut after = Visit::clone(visit);
    after.apply(&Recorded {
        stamp: stamp.clone(),
        event: event.clone(),
    });
    if after.state() != State::Waiting {
        return Ok(());
    }
    let told = queue::promise_again(&ctx.branch, &tx.read(), stamp.into(), id, &after)?;
    if let Some(quote) = event.quote_mut() {
        *quote = told;
    }
    Ok(())
}

/// The present leg after a command.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every verb ends in an answer that may be a refusal"
)]
pub(crate) fn answer(id: Uuid, visit: &Arc<Visit>) -> Result<LegAnswer> {
    Ok(view::leg_answer(id, visit))
}

/// `leg.recall`
pub(crate) fn recall(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Recall) -> Result<LegAnswer> {
    answer(
        args.visit_id,
        &act(ctx, tx, args.visit_id, Act::Recall, None)?,
    )
}

/// `leg.undo_call`
pub(crate) fn undo_call(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: UndoCall,
) -> Result<LegAnswer> {
    answer(
        args.visit_id,
        &act(ctx, tx, args.visit_id, Act::UndoCall, None)?,
    )
}

/// `leg.start`
pub(crate) fn start(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Start) -> Result<LegAnswer> {
    answer(
        args.visit_id,
        &act(ctx, tx, args.visit_id, Act::Start, None)?,
    )
}

/// `leg.hold`
pub(crate) fn hold(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Hold) -> Result<LegAnswer> {
    let hold = Act::Hold {
        reason: args.reason,
        cause: args.cause.unwrap_or(Cause::Office),
        due_ms: args.due_at.map(Time::ms),
    };
    answer(args.visit_id, &act(ctx, tx, args.visit_id, hold, None)?)
}

/// `leg.resume`
pub(crate) fn resume(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Resume) -> Result<LegAnswer> {
    let visit = find(&tx.read(), args.visit_id)?;
    let to = args.to.unwrap_or(HoldTo::Serving);
    let front_rank_ms = match to {
        HoldTo::Serving => None,
        HoldTo::Waiting => tx
            .read()
            .open_visits(tx.date())?
            .iter()
            .filter(|row| row.visit.class == visit.class && row.visit.state() == State::Waiting)
            .map(|row| row.visit.leg().rank_ms)
            .min(),
    };
    let counter = args.counter.or(visit.leg().counter);
    answer(
        args.visit_id,
        &act(
            ctx,
            tx,
            args.visit_id,
            Act::Resume {
                to,
                counter: args.counter,
                front_rank_ms,
            },
            counter,
        )?,
    )
}

/// `leg.miss`
pub(crate) fn miss(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Miss) -> Result<LegAnswer> {
    answer(
        args.visit_id,
        &act(ctx, tx, args.visit_id, Act::Miss, None)?,
    )
}

/// `leg.return`
pub(crate) fn come_back(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Return,
) -> Result<LegAnswer> {
    let to = args
        .counter
        .map_or(ReturnTo::Waiting, |counter| ReturnTo::Called { counter });
    answer(
        args.visit_id,
        &act(ctx, tx, args.visit_id, Act::Return { to }, args.counter)?,
    )
}

/// `leg.no_show`
pub(crate) fn no_show(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: NoShow,
) -> Result<LegAnswer> {
    answer(
        args.visit_id,
        &act(ctx, tx, args.visit_id, Act::NoShow, None)?,
    )
}

/// `leg.transfer`
pub(crate) fn transfer(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Transfer,
) -> Result<LegAnswer> {
    let visit = find(&tx.read(), args.visit_id)?;
    let service = args.service.unwrap_or_else(|| visit.leg().service.clone());
    let hop = Hop {
        service,
        counter: args.counter,
        note: args.note,
    };
    answer(
        args.visit_id,
        &act(ctx, tx, args.visit_id, Act::Transfer(hop), None)?,
    )
}

/// `leg.add_service`
pub(crate) fn add_service(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: AddService,
) -> Result<LegAnswer> {
    answer(
        args.visit_id,
        &act(
            ctx,
            tx,
            args.visit_id,
            Act::AddService {
                service: args.service,
            },
            None,
        )?,
    )
}

/// `leg.finish`
pub(crate) fn finish(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Finish) -> Result<LegAnswer> {
    answer(
        args.visit_id,
        &act(
            ctx,
            tx,
            args.visit_id,
            Act::Finish { note: args.note },
            None,
        )?,
    )
}

/// `leg.leave`
pub(crate) fn leave(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Leave) -> Result<LegAnswer> {
    answer(
        args.visit_id,
        &act(
            ctx,
            tx,
            args.visit_id,
            Act::Leave {
                reason: args.reason,
            },
            None,
        )?,
    )
}

/// `leg.void`
pub(crate) fn void(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Void) -> Result<LegAnswer> {
    answer(
        args.visit_id,
        &act(
            ctx,
            tx,
            args.visit_id,
            Act::Void {
                reason: args.reason,
            },
            None,
        )?,
    )
}

/// `leg.reopen`
pub(crate) fn reopen(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Reopen) -> Result<LegAnswer> {
    let visit = find(&tx.read(), args.visit_id)?;
    let serving = args.serving.unwrap_or(false);
    let counter = if serving { visit.leg().counter } else { None };
    answer(
        args.visit_id,
        &act(
            ctx,
            tx,
            args.visit_id,
            Act::Reopen {
                serving,
                reason: args.reason,
            },
            counter,
        )?,
    )
}
