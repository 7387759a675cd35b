//! A citizen walks in: registering, checking in, saying who it is.

use motcua_domain::{
    Code, Refusal,
    text::{self, limit},
    visit::{
        self, Act, Class, Desk, Given, Origin, Quote, Request, State, Ticket, VisitEvent, order,
    },
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::visit::{CheckIn, Classify, Identify, LegAnswer, Register, Registered},
};
use motcua_store::Write;
use uuid::Uuid;

use super::{
    issuing::{self, Comer, Wish},
    leg, people, queue,
};
use crate::{App, Result, registry::Ctx};

/// How far a screen's clock may run ahead of ours before its word is refused.
const AHEAD_MS: i64 = 60_000;

/// When the form was opened: today, and not later than now. A form left open overnight, or a
/// screen with a wrong clock, would otherwise stretch the time the person is said to have been here.
fn arrival(tx: &Write<'_>, arrived_at: Option<Time>) -> Result<Option<i64>> {
    let Some(arrived) = arrived_at else {
        return Ok(None);
    };
    if arrived.date() != tx.date() || arrived.ms() > tx.now_ms() + AHEAD_MS {
        return Err(Refusal::new(
            Code::DateInvalid,
            "Giờ đến phải trong ngày làm việc hôm nay và không sau lúc này. Chưa cấp số. Mời làm lại từ đầu cho người này.",
        )
        .at("arrived_at")
        .into());
    }
    Ok(Some(arrived.ms()))
}

/// `visit.register`
pub(crate) fn register(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Register,
) -> Result<Registered> {
    let service = ctx.branch.service(&args.service)?;
    let despite =
        text::optional(args.despite.as_deref(), limit::NOTE).map_err(|r| r.at("despite"))?;
    let wish = Wish {
        comer: Comer::WalkIn,
        paper_number: args.paper_number,
        skip_reason: args.skip_reason.as_deref(),
        despite: despite.as_deref(),
    };
    let given = issuing::give(app, ctx, tx, service, &wish)?;
    let arrive_ms = arrival(tx, args.arrived_at)?;
    let more = args.more.unwrap_or_default();
    for (i, code) in more.iter().enumerate() {
        let at = format!("more[{i}]");
        if *code == service.code || more[..i].contains(code) {
            return Err(Refusal::new(
                Code::ArgumentInvalid,
                "Việc này đã có trong lượt. Nhiều hồ sơ cùng lĩnh vực chỉ cần một lần.",
            )
            .at(at)
            .into());
        }
        let next = ctx.branch.service(code).map_err(|r| r.at(at.as_str()))?;
        if despite.is_none() {
            issuing::not_stopped(&tx.read().day(tx.date())?, next).map_err(|r| r.at(at))?;
        }
    }
    let applicant = args
        .applicant
        .map(|applicant| people::checked(&tx.read(), applicant, "applicant", None))
        .transpose()?;
    let request = Request {
        service: args.service.clone(),
        more,
        class: args.class.unwrap_or_default(),
        origin: if given.ticket.paper {
            Origin::PaperRoll
        } else {
            args.origin.unwrap_or_default()
        },
        party_size: args.party_size.unwrap_or(1),
        quantity: args.quantity.unwrap_or(1),
        applicant,
        slot_ms: None,
        arrive_ms,
        despite,
    };
    enter(ctx, tx, request, Some(given))
}

/// Registers with the promise that the ticket makes, and appends the event.
fn enter(
    ctx: &Ctx,
    tx: &mut Write<'_>,
    request: Request,
    given: Option<Given>,
) -> Result<Registered> {
    let stamp = tx.stamp();
    let desk = Desk {
        stamp: &stamp,
        branch: &ctx.branch,
        roles: &ctx.roles,
        counter_has: None,
        given: None,
    };
    let visit_id = Uuid::now_v7();
    let mut event = visit::register(request, tx.date(), given, &desk)?;
    let (ahead, quote) = queue::promise(
        &ctx.branch,
        &tx.read(),
        tx.date(),
        tx.stamp().into(),
        &event.service,
        event.rank_ms,
    )?;
    event.people_ahead = Some(ahead);
    event.via = ctx.via;
    event.quote = quote;
    let (rank_ms, label) = (
        event.rank_ms,
        event.ticket.as_ref().map(Ticket::label).unwrap_or_default(),
    );
    tx.append(visit_id, &Body::Visit(VisitEvent::Registered(event)))?;
    Ok(Registered {
        visit_id,
        ticket: label,
        people_ahead: ahead,
        quoted_minutes: quote.map(|Quote { lo, hi }| [lo, hi]),
        queued_at: Time::from_ms(tx.now_ms()),
        ranked_as_at: Time::from_ms(rank_ms),
    })
}

/// `visit.check_in`
pub(crate) fn check_in(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: CheckIn,
) -> Result<Registered> {
    let visit = leg::find(&tx.read(), args.visit_id)?;
    let service = ctx.branch.service(&visit.leg().service)?;
    // Whoever is not booked for today is told so before the day's numbers are looked at.
    let wish = Wish {
        comer: Comer::Booked,
        paper_number: args.paper_number,
        skip_reason: args.skip_reason.as_deref(),
        despite: None,
    };
    let given = (visit.state() == State::Booked && visit.date == tx.date())
        .then(|| issuing::give(app, ctx, tx, service, &wish))
        .transpose()?;
    let visit = leg::act_with(ctx, tx, args.visit_id, Act::CheckIn, None, given)?;
    let rank_ms = visit.leg().rank_ms;
    let (with_them, _) = queue::promise(
        &ctx.branch,
        &tx.read(),
        tx.date(),
        tx.stamp().into(),
        &visit.leg().service,
        rank_ms,
    )?;
    let quote = visit.promise(0).map(|p| p.quote);
    Ok(Registered {
        visit_id: args.visit_id,
        ticket: visit.label(),
        people_ahead: with_them.saturating_sub(1),
        quoted_minutes: quote.map(|Quote { lo, hi }| [lo, hi]),
        queued_at: Time::from_ms(visit.leg().queued_ms),
        ranked_as_at: Time::from_ms(rank_ms),
    })
}

/// `visit.identify`
pub(crate) fn identify(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Identify,
) -> Result<LegAnswer> {
    let visit = Some(args.visit_id);
    let party = people::checked(&tx.read(), args.applicant, "applicant", visit)?;
    leg::answer(
        args.visit_id,
        &leg::act(ctx, tx, args.visit_id, Act::Identify { party }, None)?,
    )
}

/// `visit.classify`
pub(crate) fn classify(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Classify,
) -> Result<LegAnswer> {
    leg::answer(
        args.visit_id,
        &leg::act(
            ctx,
            tx,
            args.visit_id,
            Act::Classify { class: args.class },
            None,
        )?,
    )
}

/// The rank of somebody who joins now.
pub(crate) fn rank_now(ctx: &Ctx, now_ms: i64, class: Class) -> i64 {
    order::rank(now_ms, class, &ctx.branch.queue)
}
