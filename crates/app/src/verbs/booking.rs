//! Appointments: booking into a slot, moving, cancelling, and what is free.

use std::sync::Arc;

use chrono::{Datelike, Days, NaiveDate};
use motcua_domain::{
    Code, Refusal,
    branch::Service,
    calendar::{Calendar, DayNature, Door, Slot, SlotRules, Span},
    text::{self, limit},
    visit::{
        self, Act, Class, Desk, Origin, Outcome, Request, State, Visit, VisitEvent, booking_code,
        booking_tail,
    },
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::{
        booking::{
            Bookings, BookingsAnswer, Cancel, Cancelled, Move, OfSlip, SlotView, Slots, SlotsAnswer,
        },
        queue::Row,
        visit::{Book, Booked},
    },
};
use motcua_store::{Read, Write, table::visit::VisitRow};
use uuid::Uuid;

use super::{issuing, leg, people};
use crate::{App, Result, registry::Ctx, view};

/// How far ahead a free slot is looked for.
const LOOK_AHEAD_DAYS: usize = 60;

/// How long after its day a slip is still known.
const SLIP_DAYS: Days = Days::new(30);

/// How far ahead somebody may be asked to come.
const YEAR_MS: i64 = 366 * 86_400_000;

/// Somebody is to be asked to come at that time; answers the reason for which the slot may be
/// overfull, where it is and a supervisor says so.
fn may_come(
    app: &App,
    ctx: &Ctx,
    tx: &Write<'_>,
    service: &Service,
    wish: &Wish<'_>,
) -> Result<Option<String>> {
    let slot_ms = wish.slot_at.ms();
    if slot_ms < tx.now_ms() || slot_ms > tx.now_ms() + YEAR_MS {
        return Err(Refusal::new(
            Code::DateInvalid,
            "Giờ hẹn phải sau lúc này và trong vòng một năm.",
        )
        .at("slot_at")
        .into());
    }
    let read = tx.read();
    let calendar = app.calendar(&read, tx.date())?;
    is_open(&calendar, ctx, service, wish.slot_at)?;
    // A service that gives no more numbers today gives none by way of a booking either.
    let day = read.day(wish.slot_at.date())?;
    issuing::not_stopped(&day, service).map_err(|r| r.at("service"))?;
    let Some(rules) = service.slots else {
        return Ok(None);
    };
    let slots = calendar.slots(ctx.branch.hours_of(service), wish.slot_at.date(), rules)?;
    let Some(slot) = slots.iter().find(|s| s.from.timestamp_millis() == slot_ms) else {
        return Err(no_such_slot(service, &slots, slot_ms).into());
    };
    let Some(places) = rules.places else {
        return Ok(None);
    };
    let despite = text::optional(wish.despite, limit::NOTE).map_err(|r| r.at("despite"))?;
    let supervises = may_overbook(ctx);
    // Others may have booked the last place where this counter cannot hear of it.
    if ctx.alone.is_some() && (despite.is_none() || !supervises) {
        return Err(Refusal::new(
            Code::HubAway,
            format!(
                "Chưa nối được máy chủ quầy nên không biết khung giờ của {} còn chỗ không. Chưa đổi gì. Mời làm lại khi máy chủ quầy trả lời, hoặc nhờ giám sát nhận thêm có ghi lý do.",
                service.name
            ),
        )
        .at("slot_at")
        .into());
    }
    let booked = in_slot(
        &read.booked_visits(wish.slot_at.date())?,
        service,
        *slot,
        wish.except,
    );
    if booked < u32::from(places) {
        return Ok(None);
    }
    if let Some(why) = despite {
        if supervises {
            return Ok(Some(why));
        }
        return Err(Refusal::new(
            Code::NotAllowed,
            "Khung giờ này đã đủ người; chỉ giám sát được nhận thêm. Mời báo giám sát.",
        )
        .at("despite")
        .into());
    }
    let from = (wish.slot_at.date(), slot_ms);
    let free = next_free(ctx, &read, (&calendar, service, rules), from)?;
    let next = match free {
        Some(at) => format!(
            " Gần nhất còn chỗ: {}. Mời chọn giờ đó hoặc giờ khác.",
            at.0.format("%H:%M ngày %d/%m")
        ),
        None => format!(" {LOOK_AHEAD_DAYS} ngày tới không còn chỗ. Mời hỏi giám sát."),
    };
    Err(Refusal::new(
        Code::SlotFull,
        format!(
            "Khung {}–{} ngày {} của {} đã đủ {places} người. Chưa ghi gì.{next}",
            slot.from.format("%H:%M"),
            slot.to.format("%H:%M"),
            slot.from.format("%d/%m"),
            service.name
        ),
    )
    .at("slot_at")
    .into())
}

/// Whether that officer may ask more people to come than a slot has places for, with a reason.
fn may_overbook(ctx: &Ctx) -> bool {
    ctx.supervises()
}

struct Wish<'a> {
    slot_at: Time,
    despite: Option<&'a str>,
    /// Whose own place does not count: who is moved.
    except: Option<Uuid>,
}

fn no_such_slot(service: &Service, slots: &[Slot], slot_ms: i64) -> Refusal {
    let before = slots.iter().rfind(|s| s.from.timestamp_millis() < slot_ms);
    let after = slots.iter().find(|s| s.from.timestamp_millis() > slot_ms);
    let times: Vec<String> = [before, after]
        .into_iter()
        .flatten()
        .map(|s| s.from.format("%H:%M").to_string())
        .collect();
    let advice = if times.is_empty() {
        "Ngày này không có khung giờ nào. Mời chọn ngày khác.".to_owned()
    } else {
        format!("Mời chọn {}.", times.join(" hoặc "))
    };
    Refusal::new(
        Code::SlotUnknown,
        format!(
            "{} không có khung giờ hẹn bắt đầu lúc này. {advice}",
            service.name
        ),
    )
    .at("slot_at")
}

/// Whether a booking takes up a place: one that was cancelled does not, one who came does.
fn takes_place(visit: &Visit) -> bool {
    !matches!(
        visit.leg().outcome,
        Some(Outcome::Cancelled | Outcome::Void)
    )
}

fn in_slot(booked: &[VisitRow], service: &Service, slot: Slot, except: Option<Uuid>) -> u32 {
    booked
        .iter()
        .filter(|row| {
            Some(row.id) != except
                && row.visit.legs[0].service == service.code
                && row.visit.slot_ms.is_some_and(|at| slot.holds(at))
                && takes_place(&row.visit)
        })
        .count() as u32
}

/// The first slot with a place, not before that day and moment.
fn next_free(
    ctx: &Ctx,
    read: &Read<'_>,
    (calendar, service, rules): (&Calendar, &Service, SlotRules),
    (first, from_ms): (NaiveDate, i64),
) -> Result<Option<Time>> {
    for date in first.iter_days().take(LOOK_AHEAD_DAYS) {
        // Beyond the years whose holidays are known nobody is asked to come.
        let Ok(slots) = calendar.slots(ctx.branch.hours_of(service), date, rules) else {
            return Ok(None);
        };
        if slots.is_empty() || issuing::not_stopped(&read.day(date)?, service).is_err() {
            continue;
        }
        let booked = read.booked_visits(date)?;
        let free = slots.into_iter().find(|slot| {
            slot.from.timestamp_millis() >= from_ms
                && rules
                    .places
                    .is_none_or(|most| in_slot(&booked, service, *slot, None) < u32::from(most))
        });
        if let Some(slot) = free {
            return Ok(Some(Time(slot.from)));
        }
    }
    Ok(None)
}

/// `visit.slots`
pub(crate) fn slots(app: &App, ctx: &Ctx, args: Slots) -> Result<SlotsAnswer> {
    let service = ctx.branch.service(&args.service)?;
    let now_ms = view::Now::of(app).ms;
    let today = app.today()?;
    let calendar = app.store.read(|read| app.calendar(read, today))?;
    app.store.read(|read| {
        let day = read.day(args.date)?;
        let closed = if args.date < today {
            Some("Ngày này đã qua. Mời chọn từ hôm nay.".to_owned())
        } else {
            hours_to_come(&calendar, ctx, service, args.date)
                .and_then(|_| issuing::not_stopped(&day, service))
                .err()
                .map(|refusal| refusal.message)
        };
        let Some(rules) = service.slots else {
            return Ok(SlotsAnswer {
                service: args.service,
                date: args.date,
                minutes: None,
                places: None,
                closed,
                slots: Vec::new(),
                next_free: None,
                may_overbook: false,
            });
        };
        let booked = read.booked_visits(args.date)?;
        let cut = if closed.is_some() {
            Vec::new()
        } else {
            calendar.slots(ctx.branch.hours_of(service), args.date, rules)?
        };
        let slots = cut
            .into_iter()
            .map(|slot| {
                let taken = in_slot(&booked, service, slot, None);
                SlotView {
                    at: Time(slot.from),
                    until: Time(slot.to),
                    booked: taken,
                    free: rules
                        .places
                        .map(|most| u32::from(most).saturating_sub(taken)),
                    past: slot.from.timestamp_millis() < now_ms,
                }
            })
            .collect();
        let next = (args.date, now_ms);
        Ok(SlotsAnswer {
            service: args.service,
            date: args.date,
            minutes: Some(rules.minutes),
            places: rules.places,
            closed,
            slots,
            next_free: next_free(ctx, read, (&calendar, service, rules), next)?,
            may_overbook: may_overbook(ctx),
        })
    })
}

/// `visit.bookings`
pub(crate) fn bookings(app: &App, ctx: &Ctx, args: Bookings) -> Result<BookingsAnswer> {
    let now = view::Now::of(app);
    let booked = app.store.read(|read| read.booked_visits(args.date))?;
    Ok(BookingsAnswer {
        date: args.date,
        booked: booked
            .iter()
            .filter(|row| row.visit.state() == State::Booked)
            .map(|row| view::row(&ctx.branch, row.id, &row.visit, now))
            .collect(),
    })
}

/// `visit.of_slip`
pub(crate) fn of_slip(app: &App, ctx: &Ctx, args: OfSlip) -> Result<Row> {
    let code = text::line(&args.code, limit::SEARCH).map_err(|r| r.at("code"))?;
    let from = app.today()?;
    let from = from.checked_sub_days(SLIP_DAYS).unwrap_or(from);
    let found = match booking_tail(&code) {
        Some(tail) => app
            .store
            .read(|read| read.booked_visits_ending(from, tail))?,
        None => Vec::new(),
    };
    let Some(row) = found.first() else {
        return Err(Refusal::new(
            Code::NotFound,
            format!("Không có lịch hẹn nào mang mã {code}. Mời xem lại mã, hoặc tìm theo tên."),
        )
        .at("code")
        .into());
    };
    Ok(view::row(
        &ctx.branch,
        row.id,
        &row.visit,
        view::Now::of(app),
    ))
}

/// `visit.book`
pub(crate) fn book(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Book) -> Result<Booked> {
    let service = ctx.branch.service(&args.service)?;
    let wish = Wish {
        slot_at: args.slot_at,
        despite: args.despite.as_deref(),
        except: None,
    };
    let despite = may_come(app, ctx, tx, service, &wish)?;
    // Whoever only leaves a time is found again by nobody: not in the list, not at the door.
    let Some(applicant) = args.applicant else {
        return Err(Refusal::new(
            Code::FieldRequired,
            "Lịch hẹn cần họ tên người hẹn, để nhận ra khi họ đến. Chưa ghi gì. Mời nhập họ tên.",
        )
        .at("applicant.name")
        .into());
    };
    let applicant = Some(people::checked(&tx.read(), applicant, "applicant", None)?);
    let request = Request {
        service: args.service,
        more: Vec::new(),
        class: Class::Appointment,
        origin: Origin::Appointment,
        party_size: 1,
        quantity: 1,
        applicant,
        slot_ms: Some(args.slot_at.ms()),
        arrive_ms: None,
        despite,
    };
    let stamp = tx.stamp();
    let desk = Desk {
        stamp: &stamp,
        branch: &ctx.branch,
        roles: &ctx.roles,
        counter_has: None,
        given: None,
    };
    // The visit belongs to the day of the slot.
    let mut event = visit::register(request, args.slot_at.date(), None, &desk)?;
    event.via = ctx.via;
    let visit_id = Uuid::now_v7();
    tx.append(visit_id, &Body::Visit(VisitEvent::Registered(event)))?;
    Ok(told(visit_id, args.slot_at))
}

fn told(visit_id: Uuid, slot_at: Time) -> Booked {
    Booked {
        visit_id,
        slot_at,
        code: booking_code(visit_id),
    }
}

/// `visit.move`
pub(crate) fn reschedule(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Move) -> Result<Booked> {
    let visit = leg::find(&tx.read(), args.visit_id)?;
    let mut despite = None;
    // Whoever is not booked any more is told so before the hours are looked at, and so is whoever
    // would not be moved at all.
    if visit.state() == State::Booked && visit.slot_ms != Some(args.slot_at.ms()) {
        let service = ctx.branch.service(&visit.leg().service)?;
        let wish = Wish {
            slot_at: args.slot_at,
            despite: args.despite.as_deref(),
            except: Some(args.visit_id),
        };
        despite = may_come(app, ctx, tx, service, &wish)?;
    }
    let act = Act::Move {
        date: args.slot_at.date(),
        slot_ms: args.slot_at.ms(),
        reason: args.reason,
        despite,
    };
    leg::act(ctx, tx, args.visit_id, act, None)?;
    Ok(told(args.visit_id, args.slot_at))
}

/// `visit.cancel`
pub(crate) fn cancel(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Cancel) -> Result<Cancelled> {
    let act = Act::Cancel {
        reason: args.reason,
    };
    let visit: Arc<Visit> = leg::act(ctx, tx, args.visit_id, act, None)?;
    Ok(Cancelled {
        visit_id: args.visit_id,
        slot_at: visit.slot_ms.map(Time::from_ms),
    })
}

/// Somebody booked, whose slip can be printed.
pub(super) fn printable(read: &Read<'_>, id: Uuid) -> Result<Arc<Visit>> {
    let visit = leg::find(read, id)?;
    if visit.state() == State::Booked {
        return Ok(visit);
    }
    Err(Refusal::new(
        Code::DocumentUnknown,
        "Phiếu hẹn chỉ in cho người có lịch hẹn và chưa đến. Chưa in gì.",
    )
    .at("id")
    .into())
}

/// The hours of a day in which somebody may be asked to come; where there are none, why.
fn hours_to_come(
    calendar: &Calendar,
    ctx: &Ctx,
    service: &Service,
    date: NaiveDate,
) -> Result<Vec<Span>, Refusal> {
    let hours = ctx.branch.hours_of(service);
    let spans = calendar.booking_spans(hours, date).map_err(|unknown| {
        Refusal::new(
            unknown.code,
            format!(
                "Chưa có lịch nghỉ năm {} nên chưa đặt hẹn được. Mời chọn ngày sớm hơn, đồng thời báo quản trị cập nhật lịch.",
                date.year()
            ),
        )
        .at("slot_at")
    })?;
    if !spans.is_empty() {
        return Ok(spans);
    }
    let day = date.format("%d/%m/%Y");
    let why = match calendar.nature(date) {
        Ok(DayNature::Holiday { name }) => {
            format!("{day} cơ quan nghỉ ({name}). Mời chọn ngày làm việc.")
        }
        _ if hours.is_some_and(|h| h.week.is_some()) => {
            format!("{day} {} không làm việc. Mời chọn ngày khác.", service.name)
        }
        _ => format!("{day} cơ quan nghỉ cuối tuần. Mời chọn ngày làm việc."),
    };
    Err(Refusal::new(Code::DateInvalid, why).at("slot_at"))
}

/// Nobody is asked to come to a closed door: the day and the hour are those of the service, where
/// it has hours of its own, and of the office otherwise.
fn is_open(calendar: &Calendar, ctx: &Ctx, service: &Service, slot: Time) -> Result<()> {
    let closed = |why: String| Refusal::new(Code::DateInvalid, why).at("slot_at").into();
    if let Some(hours) = ctx.branch.hours_of(service).filter(|h| h.week.is_some()) {
        let Door::Shut { reopens, .. } = calendar.door(hours, slot.0)? else {
            return Ok(());
        };
        let again = reopens.map_or_else(String::new, |at| {
            format!(
                " Giờ phát số gần nhất sau đó: {}.",
                at.format("%H:%M ngày %d/%m")
            )
        });
        return Err(closed(format!(
            "{} không tiếp vào giờ này.{again} Mời chọn giờ khác.",
            service.name
        )));
    }
    let spans = hours_to_come(calendar, ctx, service, slot.date())?;
    if calendar.is_open(slot.0)? {
        return Ok(());
    }
    let open: Vec<String> = spans
        .iter()
        .map(|s| format!("{}–{}", s.from.format("%H:%M"), s.to.format("%H:%M")))
        .collect();
    Err(closed(format!(
        "{} cơ quan mở cửa {}. Mời chọn giờ trong khoảng đó.",
        slot.date().format("%d/%m/%Y"),
        open.join(" và ")
    )))
}
