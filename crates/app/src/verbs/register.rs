//! A citizen walks in: registering, booking, checking in, saying who it is.

use motcua_domain::{
    Code, Refusal,
    case::check_party,
    visit::{self, Act, Class, Desk, Origin, Quote, Request, Ticket, VisitEvent, order},
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::visit::{Book, Booked, CheckIn, Classify, Identify, LegAnswer, Register, Registered},
};
use motcua_store::Write;
use uuid::Uuid;

use super::{leg, queue};
use crate::{App, Result, registry::Ctx};

/// `visit.register`
pub(crate) fn register(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Register,
) -> Result<Registered> {
    if app.store.short_of_room() && !app.store.recover_room() {
        return Err(Refusal::new(
            Code::DiskFull,
            "Ổ đĩa gần đầy nên tạm ngừng cấp số mới; những người đang chờ vẫn được phục vụ. Mời báo người quản trị giải phóng ổ đĩa.",
        )
        .into());
    }
    let service = ctx.branch.service(&args.service)?;
    let date = tx.date();
    let day = tx.read().day(date)?;
    let series = format!("ticket:{}", service.prefix);
    let number = tx.next_number(&series, date)?;
    if day.closed {
        return Err(Refusal::new(Code::DayClosed, "Ngày làm việc đã đóng nên không cấp số nữa. Mời hẹn người dân ngày làm việc tiếp theo.").into());
    }
    if day.stopped.get(&service.code) == Some(&true) {
        return Err(Refusal::new(
            Code::ServiceClosed,
            format!(
                "{} đã ngừng phát số hôm nay. Mời hẹn người dân ngày khác hoặc hỏi giám sát.",
                service.name
            ),
        )
        .at("service")
        .into());
    }
    if service.contingent.is_some_and(|most| number > most) || number > 999 {
        return Err(Refusal::new(
            Code::NumbersExhausted,
            format!(
                "{} đã phát hết số hôm nay. Mời hẹn người dân ngày làm việc tiếp theo.",
                service.name
            ),
        )
        .at("service")
        .into());
    }
    let applicant = args
        .applicant
        .map(check_party)
        .transpose()
        .map_err(|r| r.within("applicant"))?;
    let request = Request {
        service: args.service.clone(),
        more: args.more.unwrap_or_default(),
        class: args.class.unwrap_or_default(),
        origin: args.origin.unwrap_or_default(),
        party_size: args.party_size.unwrap_or(1),
        applicant,
        slot_ms: None,
        arrive_ms: args.arrived_at.map(Time::ms),
    };
    let ticket = Ticket {
        series: service.prefix.clone(),
        number,
    };
    enter(ctx, tx, request, Some(ticket))
}

/// Registers with the promise that the ticket makes, and appends the event.
fn enter(
    ctx: &Ctx,
    tx: &mut Write<'_>,
    request: Request,
    ticket: Option<Ticket>,
) -> Result<Registered> {
    let stamp = tx.stamp();
    let desk = Desk {
        stamp: &stamp,
        branch: &ctx.branch,
        roles: &ctx.roles,
        counter_has: None,
        ticket: None,
    };
    let visit_id = Uuid::now_v7();
    let mut event = visit::register(request, tx.date(), ticket, &desk)?;
    let (ahead, quote) = queue::promise(
        &ctx.branch,
        &tx.read(),
        tx.date(),
        tx.now_ms(),
        &event.service,
        event.rank_ms,
    )?;
    event.people_ahead = Some(ahead);
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

/// `visit.book`
pub(crate) fn book(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Book) -> Result<Booked> {
    let slot_ms = args.slot_at.ms();
    if slot_ms < tx.now_ms() || slot_ms > tx.now_ms() + 366 * 86_400_000 {
        return Err(Refusal::new(
            Code::DateInvalid,
            "Giờ hẹn phải sau lúc này và trong vòng một năm.",
        )
        .at("slot_at")
        .into());
    }
    ctx.branch.service(&args.service)?;
    let applicant = args
        .applicant
        .map(check_party)
        .transpose()
        .map_err(|r| r.within("applicant"))?;
    let request = Request {
        service: args.service,
        more: Vec::new(),
        class: Class::Appointment,
        origin: Origin::Appointment,
        party_size: 1,
        applicant,
        slot_ms: Some(slot_ms),
        arrive_ms: None,
    };
    let stamp = tx.stamp();
    let desk = Desk {
        stamp: &stamp,
        branch: &ctx.branch,
        roles: &ctx.roles,
        counter_has: None,
        ticket: None,
    };
    // The visit belongs to the day of the slot.
    let event = visit::register(request, args.slot_at.date(), None, &desk)?;
    let visit_id = Uuid::now_v7();
    tx.append(visit_id, &Body::Visit(VisitEvent::Registered(event)))?;
    Ok(Booked {
        visit_id,
        slot_at: args.slot_at,
    })
}

/// `visit.check_in`
pub(crate) fn check_in(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: CheckIn,
) -> Result<Registered> {
    let visit = leg::find(&tx.read(), args.visit_id)?;
    let service = ctx.branch.service(&visit.leg().service)?;
    let number = tx.next_number(&format!("ticket:{}", service.prefix), tx.date())?;
    let ticket = Ticket {
        series: service.prefix.clone(),
        number,
    };
    let visit = leg::act_with(ctx, tx, args.visit_id, Act::CheckIn, None, Some(ticket))?;
    let rank_ms = visit.leg().rank_ms;
    let (ahead, quote) = queue::promise(
        &ctx.branch,
        &tx.read(),
        tx.date(),
        tx.now_ms(),
        &visit.leg().service,
        rank_ms,
    )?;
    Ok(Registered {
        visit_id: args.visit_id,
        ticket: visit.label(),
        people_ahead: ahead,
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
    let party = check_party(args.applicant).map_err(|r| r.within("applicant"))?;
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
