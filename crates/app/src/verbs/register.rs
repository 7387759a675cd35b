//! A citizen walks in: registering, booking, checking in, saying who it is.

use chrono::{Datelike, NaiveDate};
use motcua_domain::{
    Code, Refusal,
    branch::Service,
    calendar::DayNature,
    case::check_party,
    visit::{self, Act, Class, Desk, Origin, Quote, Request, State, Ticket, VisitEvent, order},
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::visit::{Book, Booked, CheckIn, Classify, Identify, LegAnswer, Register, Registered},
};
use motcua_store::{Write, table::branch::Day};
use uuid::Uuid;

use super::{leg, queue};
use crate::{App, Result, hub_link, registry::Ctx};

/// The last number that fits a ticket, a board and the voice: three digits.
const LAST_NUMBER: u32 = 999;

/// How far a screen's clock may run ahead of ours before its word is refused.
const AHEAD_MS: i64 = 60_000;

/// Who asks for a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comer {
    WalkIn,
    /// With an appointment. The office has given its word: “stop issuing, serve the rest” and the
    /// day's contingent are there to turn newcomers away in time, and the booked are among the
    /// rest. A closed day and a used-up series hold for them too, for nobody could call them.
    Booked,
}

/// The next number of a service; whoever gets a number gets it here.
fn next_ticket(
    app: &App,
    ctx: &Ctx,
    tx: &Write<'_>,
    service: &Service,
    comer: Comer,
) -> Result<Ticket> {
    let date = tx.date();
    may_enter(app, tx, service, date, comer)?;
    let series = hub_link::series(&tx.read(), tx.place(), date, &service.prefix, ctx.alone)?;
    let number = tx.next_number(&format!("ticket:{series}"), date)?;
    let most = match comer {
        Comer::WalkIn => service.contingent.unwrap_or(LAST_NUMBER).min(LAST_NUMBER),
        Comer::Booked => LAST_NUMBER,
    };
    if number > most {
        let advice = match comer {
            Comer::WalkIn => "Mời hẹn người dân ngày làm việc tiếp theo.",
            Comer::Booked => "Lịch hẹn vẫn được giữ. Mời báo giám sát để tiếp người dân ngoài số.",
        };
        return Err(Refusal::new(
            Code::NumbersExhausted,
            format!("{} đã phát hết số hôm nay. {advice}", service.name),
        )
        .at("service")
        .into());
    }
    Ok(Ticket { series, number })
}

/// Whether anybody may still join a service on that day.
fn may_enter(
    app: &App,
    tx: &Write<'_>,
    service: &Service,
    date: NaiveDate,
    comer: Comer,
) -> Result<()> {
    if app.store.short_of_room() && !app.store.recover_room() {
        return Err(Refusal::new(
            Code::DiskFull,
            "Ổ đĩa gần đầy nên tạm ngừng cấp số mới; những người đang chờ vẫn được phục vụ. Mời báo người quản trị giải phóng ổ đĩa.",
        )
        .into());
    }
    let day = tx.read().day(date)?;
    if day.closed {
        return Err(Refusal::new(Code::DayClosed, "Ngày làm việc đã đóng nên không cấp số nữa. Mời hẹn người dân ngày làm việc tiếp theo.").into());
    }
    if comer == Comer::WalkIn {
        still_issuing(&day, service).map_err(|r| r.at("service"))?;
    }
    Ok(())
}

/// Whether newcomers still get numbers of a service.
fn still_issuing(day: &Day, service: &Service) -> Result<(), Refusal> {
    if day.stopped.get(&service.code) == Some(&true) {
        return Err(Refusal::new(
            Code::ServiceClosed,
            format!(
                "{} đã ngừng phát số hôm nay. Mời hẹn người dân ngày khác hoặc hỏi giám sát.",
                service.name
            ),
        ));
    }
    Ok(())
}

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
    let ticket = next_ticket(app, ctx, tx, service, Comer::WalkIn)?;
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
        still_issuing(&tx.read().day(tx.date())?, next).map_err(|r| r.at(at))?;
    }
    let applicant = args
        .applicant
        .map(check_party)
        .transpose()
        .map_err(|r| r.within("applicant"))?;
    let request = Request {
        service: args.service.clone(),
        more,
        class: args.class.unwrap_or_default(),
        origin: args.origin.unwrap_or_default(),
        party_size: args.party_size.unwrap_or(1),
        applicant,
        slot_ms: None,
        arrive_ms,
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

/// `visit.book`
pub(crate) fn book(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Book) -> Result<Booked> {
    let slot_ms = args.slot_at.ms();
    if slot_ms < tx.now_ms() || slot_ms > tx.now_ms() + 366 * 86_400_000 {
        return Err(Refusal::new(
            Code::DateInvalid,
            "Giờ hẹn phải sau lúc này và trong vòng một năm.",
        )
        .at("slot_at")
        .into());
    }
    let service = ctx.branch.service(&args.service)?;
    office_is_open(app, args.slot_at)?;
    // A service that gives no more numbers today gives none by way of a booking either.
    may_enter(app, tx, service, args.slot_at.date(), Comer::WalkIn)?;
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

/// Nobody is asked to come to a closed door: the day and the hour are those of the office.
fn office_is_open(app: &App, slot: Time) -> Result<()> {
    let calendar = app.assets.calendar(app.store.dir())?;
    let date = slot.date();
    let day = date.format("%d/%m/%Y");
    let hours = calendar.hours();
    let closed = |why: String| Refusal::new(Code::DateInvalid, why).at("slot_at").into();
    let spans = match calendar.nature(date) {
        Ok(DayNature::Working) => hours.week.on(date.weekday()),
        Ok(DayNature::WorkedSwap { instead_of }) => hours.week.on(instead_of.weekday()),
        Ok(DayNature::Weekend) => {
            return Err(closed(format!(
                "{day} cơ quan nghỉ cuối tuần. Mời chọn ngày làm việc."
            )));
        }
        Ok(DayNature::Holiday { name }) => {
            return Err(closed(format!(
                "{day} cơ quan nghỉ ({name}). Mời chọn ngày làm việc."
            )));
        }
        Err(unknown) => {
            return Err(Refusal::new(
                unknown.code,
                format!(
                    "Chưa có lịch nghỉ năm {} nên chưa đặt hẹn được. Mời chọn ngày sớm hơn, đồng thời báo quản trị cập nhật lịch.",
                    date.year()
                ),
            )
            .at("slot_at")
            .into());
        }
    };
    if !calendar.is_open(slot.0)? {
        let open: Vec<String> = spans
            .iter()
            .map(|s| format!("{}–{}", s.from.format("%H:%M"), s.to.format("%H:%M")))
            .collect();
        return Err(closed(format!(
            "{day} cơ quan mở cửa {}. Mời chọn giờ trong khoảng đó.",
            open.join(" và ")
        )));
    }
    Ok(())
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
    let ticket = (visit.state() == State::Booked && visit.date == tx.date())
        .then(|| next_ticket(app, ctx, tx, service, Comer::Booked))
        .transpose()?;
    let visit = leg::act_with(ctx, tx, args.visit_id, Act::CheckIn, None, ticket)?;
    let rank_ms = visit.leg().rank_ms;
    let (ahead, quote) = queue::promise(
        &ctx.branch,
        &tx.read(),
        tx.date(),
        tx.stamp().into(),
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
