//! Who still gets a number, and which: hours, stops, contingents, paper rolls.

use chrono::NaiveDate;
use motcua_domain::{
    Code, Refusal,
    branch::{PaperRoll, Role, Service},
    calendar::{Door, IssuingHours, ShutBy},
    text::{self, limit},
    visit::{Given, Skipped, Ticket},
};
use motcua_protocol::{
    Time,
    event::{Body, BranchEvent, IssuingChanged},
    verbs::issuing::{Issuing, IssuingAnswer, Roll, Shut, ShutWhy},
};
use motcua_store::{
    Read, Write,
    table::branch::{Day, day_entity},
};
use uuid::Uuid;

use crate::{App, Result, hub_link, registry::Ctx, view};

/// The last number that fits a ticket, a board and the voice: three digits.
pub(crate) const LAST_NUMBER: u32 = 999;

/// Slips passed over at once without anybody saying why: people do not come in the order in
/// which they tore. More is a number typed wrongly, or something that happened.
const FEW: u32 = 20;

/// Who asks for a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comer {
    WalkIn,
    /// With an appointment. The office has given its word: hours, “stop issuing, serve the rest”
    /// and the day's contingent are there to turn newcomers away in time, and the booked are
    /// among the rest. A closed day and a used-up series hold for them too, for nobody could call
    /// them.
    Booked,
}

/// What somebody asks for who is to get a number.
pub(crate) struct Wish<'a> {
    pub(crate) comer: Comer,
    /// Read from the slip.
    pub(crate) paper_number: Option<u32>,
    pub(crate) skip_reason: Option<&'a str>,
    /// Why a number is to be given although the service gives none.
    pub(crate) despite: Option<&'a str>,
}

/// Whether numbers of a service are given at a moment, and until when hours let them be.
pub(crate) struct Standing {
    pub(crate) shut: Option<Shut>,
    pub(crate) until: Option<Time>,
    pub(crate) left: Option<u32>,
}

fn ledger(series: &str) -> String {
    format!("ticket:{series}")
}

/// The series of a service's numbers here and now.
fn series_of(
    read: &Read<'_>,
    place: (Uuid, u32),
    service: &Service,
    date: NaiveDate,
    alone: Option<u16>,
) -> Result<String> {
    match &service.roll {
        Some(roll) => Ok(roll.series.clone()),
        None => hub_link::series(read, place, date, &service.prefix, alone),
    }
}

/// How a service stands at that moment of that day.
pub(crate) fn standing(
    app: &App,
    ctx: &Ctx,
    read: &Read<'_>,
    service: &Service,
    (date, now): (NaiveDate, Time),
    alone: Option<u16>,
) -> Result<Standing> {
    let day = read.day(date)?;
    let calendar = app.calendar(read, date)?;
    let hours = ctx.branch.hours_of(service);
    let office = IssuingHours::default();
    // Whoever is sent home for today is told the first time after it.
    let tomorrow = || -> Result<Option<Time>> {
        Ok(calendar
            .first_number_after(hours.unwrap_or(&office), date)?
            .map(Time))
    };
    let left = left(read, app.store.place(), service, date, alone)?;
    let because = |why, reopens_at| Shut {
        why,
        since: None,
        reopens_at,
        holiday: None,
        may_pass: may_pass(ctx, why),
    };
    let (mut shut, mut until) = (None, None);
    if day.closed {
        shut = Some(because(ShutWhy::DayClosed, tomorrow()?));
    } else if is_stopped(&day, service) {
        shut = Some(because(ShutWhy::Stopped, tomorrow()?));
    } else if let Some(hours) = hours {
        match calendar.door(hours, now.0)? {
            Door::Open { until: end } => until = Some(Time(end)),
            Door::Shut {
                why,
                since,
                reopens,
            } => {
                let (why, holiday) = match why {
                    ShutBy::Hours => (ShutWhy::Hours, None),
                    ShutBy::LastNumber => (ShutWhy::LastNumber, None),
                    ShutBy::Weekend => (ShutWhy::Weekend, None),
                    ShutBy::Holiday(name) => (ShutWhy::Holiday, Some(name)),
                };
                shut = Some(Shut {
                    why,
                    since: since.map(Time),
                    reopens_at: reopens.map(Time),
                    holiday,
                    may_pass: may_pass(ctx, why),
                });
            }
        }
    }
    if shut.is_none() && left == Some(0) {
        shut = Some(because(ShutWhy::UsedUp, tomorrow()?));
    }
    Ok(Standing {
        left: left.filter(|_| service.contingent.is_some()),
        shut,
        until,
    })
}

fn is_stopped(day: &Day, service: &Service) -> bool {
    day.stopped.get(&service.code) == Some(&true)
}

/// Numbers left today: of the contingent, and of what fits three digits.
fn left(
    read: &Read<'_>,
    place: (Uuid, u32),
    service: &Service,
    date: NaiveDate,
    alone: Option<u16>,
) -> Result<Option<u32>> {
    let series = ledger(&series_of(read, place, service, date, alone)?);
    if service.roll.is_some() {
        // Slips say nothing about how many people came: those are counted.
        let Some(most) = service.contingent else {
            return Ok(None);
        };
        return Ok(Some(
            most.saturating_sub(read.numbers_given(&series, date)?),
        ));
    }
    let most = service.contingent.unwrap_or(LAST_NUMBER).min(LAST_NUMBER);
    Ok(Some(most.saturating_sub(read.last_number(&series, date)?)))
}

/// `16:20`, with the day where it is another.
fn when(at: Time, today: NaiveDate) -> String {
    if at.date() == today {
        at.0.format("%H:%M").to_string()
    } else {
        at.0.format("%H:%M ngày %d/%m").to_string()
    }
}

/// Why nobody gets a number, in a sentence that says when to come again.
pub(crate) fn refusal(service: &Service, shut: &Shut, today: NaiveDate) -> Refusal {
    let name = &service.name;
    let since = shut
        .since
        .map_or_else(String::new, |at| format!(" từ {}", when(at, today)));
    let (code, what) = match shut.why {
        ShutWhy::DayClosed => (
            Code::DayClosed,
            "Ngày làm việc đã đóng nên không cấp số nữa.".to_owned(),
        ),
        ShutWhy::Stopped => (
            Code::ServiceClosed,
            format!("{name} đã ngừng phát số hôm nay."),
        ),
        ShutWhy::LastNumber => (
            Code::ServiceClosed,
            format!("{name} đã ngừng phát số{since} để kịp phục vụ người đang chờ."),
        ),
        ShutWhy::Hours => (
            Code::ServiceClosed,
            format!("{name} đang ngoài giờ phát số."),
        ),
        ShutWhy::Weekend => (
            Code::ServiceClosed,
            format!("Hôm nay {name} không làm việc."),
        ),
        ShutWhy::Holiday => (
            Code::ServiceClosed,
            format!(
                "Hôm nay {name} nghỉ ({}).",
                shut.holiday.as_deref().unwrap_or("ngày lễ")
            ),
        ),
        ShutWhy::UsedUp => (
            Code::NumbersExhausted,
            format!("{name} đã phát hết số hôm nay."),
        ),
    };
    let again = match shut.reopens_at {
        Some(at) => format!(" Phát số lại lúc {}.", when(at, today)),
        None => " Mời hẹn người dân ngày làm việc tiếp theo.".to_owned(),
    };
    Refusal::new(code, format!("{what}{again}"))
}

/// Whether an officer with these roles may give a number all the same, with a reason. Hours are a
/// matter of judgement at the desk; what a supervisor stopped, a supervisor lets through; a closed
/// day is closed.
fn may_pass(ctx: &Ctx, why: ShutWhy) -> bool {
    let supervises = ctx.supervises();
    match why {
        ShutWhy::DayClosed => false,
        ShutWhy::Stopped | ShutWhy::UsedUp => supervises,
        ShutWhy::Hours | ShutWhy::LastNumber | ShutWhy::Weekend | ShutWhy::Holiday => {
            supervises
                || ctx
                    .roles
                    .iter()
                    .any(|r| matches!(r, Role::Officer | Role::Reception))
        }
    }
}

/// Whether somebody may join a service now.
pub(crate) fn may_enter(
    app: &App,
    ctx: &Ctx,
    tx: &Write<'_>,
    service: &Service,
    comer: Comer,
    despite: Option<&str>,
) -> Result<()> {
    if app.store.short_of_room() && !app.store.recover_room() {
        return Err(Refusal::new(
            Code::DiskFull,
            "Ổ đĩa gần đầy nên tạm ngừng cấp số mới; những người đang chờ vẫn được phục vụ. Mời báo người quản trị giải phóng ổ đĩa.",
        )
        .into());
    }
    let moment = (tx.date(), Time::from_ms(tx.now_ms()));
    let Some(shut) = standing(app, ctx, &tx.read(), service, moment, ctx.alone)?.shut else {
        return Ok(());
    };
    let welcome = match (comer, shut.why) {
        (_, ShutWhy::DayClosed) => false,
        (Comer::Booked, _) => true,
        (Comer::WalkIn, why) => despite.is_some() && may_pass(ctx, why),
    };
    if welcome {
        return Ok(());
    }
    let refused = refusal(service, &shut, tx.date());
    Err(match shut.why {
        ShutWhy::DayClosed => refused,
        _ if despite.is_some() && !may_pass(ctx, shut.why) => Refusal::new(
            refused.code,
            format!(
                "{} Chỉ giám sát được cho lấy số. Mời báo giám sát.",
                refused.message
            ),
        )
        .at("despite"),
        _ => refused.at("service"),
    }
    .into())
}

/// Whether a service gives numbers on that day as far as a supervisor decides it: what is asked
/// before somebody is told to come.
pub(crate) fn not_stopped(day: &Day, service: &Service) -> Result<(), Refusal> {
    if day.closed {
        return Err(Refusal::new(
            Code::DayClosed,
            "Ngày làm việc đã đóng nên không cấp số nữa. Mời hẹn người dân ngày làm việc tiếp theo.",
        ));
    }
    if is_stopped(day, service) {
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

/// The next number of a service; whoever gets a number gets it here.
pub(crate) fn give(
    app: &App,
    ctx: &Ctx,
    tx: &Write<'_>,
    service: &Service,
    wish: &Wish<'_>,
) -> Result<Given> {
    may_enter(app, ctx, tx, service, wish.comer, wish.despite)?;
    if let Some(roll) = &service.roll {
        return from_roll(ctx, tx, roll, wish);
    }
    if wish.paper_number.is_some() {
        return Err(Refusal::new(
            Code::ArgumentInvalid,
            format!(
                "{} không dùng cuộn số giấy nên máy tự cấp số. Mời bỏ trống ô số giấy.",
                service.name
            ),
        )
        .at("paper_number")
        .into());
    }
    let series = series_of(&tx.read(), tx.place(), service, tx.date(), ctx.alone)?;
    let number = tx.next_number(&ledger(&series), tx.date())?;
    if number > LAST_NUMBER {
        let advice = match wish.comer {
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
    Ok(Given {
        ticket: Ticket {
            series,
            number,
            paper: false,
        },
        skipped: None,
        alone: ctx.alone,
    })
}

/// A number that stands on a slip already.
fn from_roll(ctx: &Ctx, tx: &Write<'_>, roll: &PaperRoll, wish: &Wish<'_>) -> Result<Given> {
    let (read, date) = (tx.read(), tx.date());
    let series = ledger(&roll.series);
    let last = read.last_paper(&series, date)?;
    let refuse = |code, why: String| Err(Refusal::new(code, why).at("paper_number").into());
    let number = match wish.paper_number {
        Some(number) if !(1..=LAST_NUMBER).contains(&number) => {
            return refuse(
                Code::NumberOutOfRange,
                "Số trên phiếu giấy từ 1 đến 999. Chưa ghi gì. Mời xem lại phiếu.".to_owned(),
            );
        }
        Some(number) => number,
        None if ctx.alone.is_some() => {
            return refuse(
                Code::FieldRequired,
                "Chưa nối được máy chủ quầy nên không biết cuộn đã đến số nào. Mời gõ số trên phiếu giấy.".to_owned(),
            );
        }
        None if last == 0 => {
            return refuse(
                Code::FieldRequired,
                "Đây là số đầu tiên của cuộn hôm nay. Mời gõ số trên phiếu giấy; từ số sau máy tự đếm tiếp.".to_owned(),
            );
        }
        None if last == LAST_NUMBER => {
            return refuse(
                Code::NumbersExhausted,
                "Cuộn số giấy đã đến 999. Mời thay cuộn có số chưa dùng hôm nay rồi gõ số trên phiếu.".to_owned(),
            );
        }
        None => last + 1,
    };
    let ticket = Ticket {
        series: roll.series.clone(),
        number,
        paper: true,
    };
    if let Some(holder) = read.paper_holder(&series, date, number)? {
        let at = Time::from_ms(holder.visit.legs[0].queued_ms);
        let first = read.events_of(holder.id)?.into_iter().next();
        let by = first.map_or_else(String::new, |event| {
            format!(
                " ({})",
                view::officer_name(&ctx.branch, &event.header.actor)
            )
        });
        return refuse(
            Code::PaperNumberTaken,
            format!(
                "Số {} đã được ghi lúc {}{by}. Chưa ghi gì thêm. Mời xem lại số trên phiếu; nếu phiếu đúng, mời hủy số kia trước.",
                ticket.label(),
                at.0.format("%H:%M"),
            ),
        );
    }
    Ok(Given {
        skipped: passed_over(last, number, wish.skip_reason)?,
        ticket,
        alone: ctx.alone,
    })
}

/// The slips between the last one and this one.
fn passed_over(last: u32, number: u32, reason: Option<&str>) -> Result<Option<Skipped>> {
    if number <= last + 1 {
        return Ok(None);
    }
    let (from, to) = (last + 1, number - 1);
    let reason = text::optional(reason, limit::NOTE).map_err(|r| r.at("skip_reason"))?;
    let reason = match reason {
        Some(reason) => reason,
        None if last == 0 => "cuộn hôm nay bắt đầu từ số sau".to_owned(),
        None if to - last <= FEW => "chưa ai đưa phiếu".to_owned(),
        None => {
            return Err(Refusal::new(
                Code::FieldRequired,
                format!(
                    "Số {number:03} bỏ qua {} số (từ {from:03} đến {to:03}). Chưa ghi gì. Mời xem lại số trên phiếu, hoặc ghi lý do bỏ qua.",
                    to - last
                ),
            )
            .at("skip_reason")
            .into());
        }
    };
    Ok(Some(Skipped { from, to, reason }))
}

/// The number somebody would get who joined now; empty where only paper can say it.
pub(crate) fn next_label(
    app: &App,
    read: &Read<'_>,
    service: &Service,
    date: NaiveDate,
) -> Result<String> {
    let alone = app.alone();
    let series = series_of(read, app.store.place(), service, date, alone)?;
    let number = match roll(read, service, date, alone)? {
        Some(roll) => roll.next,
        None => Some(read.last_number(&ledger(&series), date)? + 1),
    };
    Ok(number.map_or_else(String::new, |number| {
        Ticket {
            series,
            number,
            paper: false,
        }
        .label()
    }))
}

/// How the roll of a service stands.
pub(crate) fn roll(
    read: &Read<'_>,
    service: &Service,
    date: NaiveDate,
    alone: Option<u16>,
) -> Result<Option<Roll>> {
    let Some(roll) = &service.roll else {
        return Ok(None);
    };
    let series = ledger(&roll.series);
    let last = read.last_paper(&series, date)?;
    Ok(Some(Roll {
        next: (alone.is_none() && (1..LAST_NUMBER).contains(&last)).then_some(last + 1),
        passed_over: read.papers_passed_over(&series, date)?,
        series: roll.series.clone(),
    }))
}

/// Visits that carry the same slip, of every roll of the branch.
pub(crate) fn shown_twice(
    ctx: &Ctx,
    read: &Read<'_>,
    date: NaiveDate,
) -> Result<Vec<motcua_store::table::visit::VisitRow>> {
    let mut rolls: Vec<&str> = ctx
        .branch
        .services
        .iter()
        .filter_map(|s| s.roll.as_ref())
        .map(|roll| roll.series.as_str())
        .collect();
    rolls.sort_unstable();
    rolls.dedup();
    let mut found = Vec::new();
    for series in rolls {
        found.extend(read.papers_shown_twice(&ledger(series), date)?);
    }
    Ok(found)
}

/// `queue.issuing`
pub(crate) fn issuing(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Issuing,
) -> Result<IssuingAnswer> {
    let date = tx.date();
    let services = match &args.service {
        Some(code) => vec![ctx.branch.service(code)?.code.clone()],
        None => ctx.branch.services.iter().map(|s| s.code.clone()).collect(),
    };
    for service in services {
        let event = IssuingChanged {
            date,
            service,
            open: args.open,
        };
        tx.append(day_entity(date), &Body::Branch(BranchEvent::Issuing(event)))?;
    }
    Ok(IssuingAnswer {
        service: args.service,
        open: args.open,
    })
}
