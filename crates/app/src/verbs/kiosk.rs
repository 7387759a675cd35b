//! The self-service terminal: a number without an officer, and nothing about anybody else.

use chrono::Datelike;
use motcua_domain::{
    Code, Refusal,
    identity::{card, mask},
    visit::{Class, Origin, Party, PartyKind, State, Visit},
};
use motcua_protocol::{
    event::{Body, BranchEvent, KioskChanged},
    verbs::{
        kiosk::{
            Enter, Get, Greet, Greeting, Kiosk, KioskClass, KioskMode, KioskService, Leave, Paper,
            PaperState, Print, Register,
        },
        paper::{PaperKind, Submit},
        visit::{Register as Registering, Registered},
    },
};
use motcua_store::Write;

use super::{issuing, leg, print_jobs, printing, queue::Line, register as registration};
use crate::{App, Result, kiosk::KIOSK, registry::Ctx, view};

/// A ticket of this terminal may be asked for again so long: a person still stands there.
const FRESH_MS: i64 = 5 * 60_000;
/// The first print and one more.
const MOST_PRINTS: u32 = 2;
/// Người cao tuổi begins here (Luật Người cao tuổi 39/2009/QH12, Điều 2).
const ELDERLY_FROM: i32 = 60;

/// `kiosk.get`
pub(crate) fn get(app: &App, ctx: &Ctx, _args: Get) -> Result<Kiosk> {
    let branch = &ctx.branch;
    let now = view::Now::of(app);
    let date = app.today()?;
    let alone = app.alone();
    app.store.read(|read| {
        let open = read.visits_at_counters(date)?;
        let line = Line::read(branch, read, date, &open, now)?;
        let waiting = read.line(date)?;
        let outlook = line.outlook(&waiting, now.ms);
        let services = branch
            .services
            .iter()
            .map(|service| {
                let at = (date, now.time());
                Ok(KioskService {
                    code: service.code.clone(),
                    prefix: service.prefix.clone(),
                    name: service.name.clone(),
                    hint: service.hint.clone(),
                    waiting: waiting.iter().filter(|w| w.service == service.code).count() as u32,
                    quote: outlook.quote(&service.code),
                    shut: issuing::standing(app, ctx, read, service, at, alone)?.shut,
                    paper: service.roll.is_some(),
                })
            })
            .collect::<Result<_>>()?;
        Ok(Kiosk {
            on: app.kiosk_on(),
            branch: branch.office.name.clone(),
            date,
            now: now.time(),
            services,
            classes: [
                Class::Elderly,
                Class::Disabled,
                Class::Pregnant,
                Class::Merit,
            ]
            .into_iter()
            .map(|class| KioskClass {
                class,
                minutes: branch.queue.boost_s(class) / 60,
            })
            .collect(),
        })
    })
}

/// `kiosk.greet`
pub(crate) fn greet(app: &App, _ctx: &Ctx, args: Greet) -> Result<Greeting> {
    let today = motcua_store::today(app.now_ms());
    let card = card::parse(&args.raw, today)?;
    let birth = card.birth_date;
    let had_birthday = (today.month(), today.day()) >= (birth.month(), birth.day());
    let years = today.year() - birth.year() - i32::from(!had_birthday);
    Ok(Greeting {
        name: mask::masked(&card.name),
        class: (years >= ELDERLY_FROM).then_some(Class::Elderly),
    })
}

/// `kiosk.register`
pub(crate) fn register(
    app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: Register,
) -> Result<Registered> {
    let service = ctx.branch.service(&args.service)?;
    if service.roll.is_some() {
        return Err(Refusal::new(
            Code::Unsupported,
            format!(
                "{} dùng số giấy. Mời xé một số ở cuộn giấy rồi đưa cán bộ tiếp đón.",
                service.name
            ),
        )
        .at("service")
        .into());
    }
    if args.class == Some(Class::Appointment) {
        return Err(Refusal::new(
            Code::ArgumentInvalid,
            "Người có lịch hẹn nhận số ở bàn tiếp đón. Mời gặp cán bộ tiếp đón.",
        )
        .at("class")
        .into());
    }
    let applicant = args
        .raw
        .map(|raw| -> Result<Party> {
            let card =
                card::parse(&raw, motcua_store::today(tx.now_ms())).map_err(|r| r.at("raw"))?;
            Ok(Party {
                kind: PartyKind::Individual,
                name: card.name,
                id_number: Some(card.number.to_string()),
                birth_date: Some(card.birth_date),
                sex: card.sex.map(|s| s.vietnamese().to_owned()),
                address: card.address,
                ..Party::default()
            })
        })
        .transpose()?;
    let wish = Registering {
        service: args.service,
        more: None,
        class: args.class,
        applicant,
        party_size: None,
        quantity: None,
        paper_number: None,
        skip_reason: None,
        despite: None,
        origin: Some(Origin::Kiosk),
        arrived_at: None,
    };
    registration::register(app, ctx, tx, wish)
}

fn given_here(visit: &Visit, now_ms: i64) -> bool {
    visit.origin == Origin::Kiosk
        && visit.state() != State::Closed
        && now_ms - visit.legs[0].queued_ms <= FRESH_MS
}

fn not_here() -> motcua_store::Error {
    Refusal::new(
        Code::NotAllowed,
        "Máy này chỉ in phiếu vừa lấy tại đây. Số vẫn ở trong hàng. Mời gặp cán bộ tiếp đón.",
    )
    .into()
}

/// `kiosk.print`
pub(crate) fn print(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Print) -> Result<PaperState> {
    let visit = leg::find(&tx.read(), args.visit_id)?;
    if !given_here(&visit, tx.now_ms()) || visit.ticket_prints >= MOST_PRINTS {
        return Err(not_here());
    }
    let submit = Submit {
        kind: PaperKind::Ticket,
        part: None,
        id: args.visit_id,
        printer: None,
    };
    let job = printing::submit(app, ctx, tx, submit)?;
    Ok(PaperState {
        job_id: job.job_id,
        state: job.state,
    })
}

/// `kiosk.paper`
pub(crate) fn paper(app: &App, _ctx: &Ctx, args: Paper) -> Result<PaperState> {
    let now_ms = app.now_ms();
    app.store.read(|read| {
        let job = read.print_job(args.job_id)?.ok_or_else(not_here)?;
        let visit = read.visit(job.entity)?.ok_or_else(not_here)?;
        if !given_here(&visit, now_ms) {
            return Err(not_here());
        }
        Ok(PaperState {
            job_id: job.id,
            state: print_jobs::job_view(&job).state,
        })
    })
}

/// Who turned the mode on or off stands in the log; the code stands nowhere.
fn record(app: &App, tx: &mut Write<'_>, on: bool) -> Result<()> {
    let event = KioskChanged { on };
    tx.append(app.store.device(), &Body::Branch(BranchEvent::Kiosk(event)))
}

/// `kiosk.enter`
pub(crate) fn enter(app: &App, _ctx: &Ctx, tx: &mut Write<'_>, args: Enter) -> Result<KioskMode> {
    record(app, tx, true)?;
    app.kiosk.enter(&args.code)?;
    Ok(KioskMode { on: true })
}

/// `kiosk.leave`
pub(crate) fn leave(app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Leave) -> Result<KioskMode> {
    if !app.kiosk_on() {
        return Ok(KioskMode { on: false });
    }
    record(app, tx, false)?;
    match args.code {
        Some(code) => app.kiosk.leave(&code, tx.now_ms())?,
        None if ctx.supervises() && ctx.officer != KIOSK => app.kiosk.end()?,
        None => {
            return Err(
                Refusal::new(Code::FieldRequired, "Mời nhập mã thoát chế độ tự phục vụ.")
                    .at("code")
                    .into(),
            );
        }
    }
    Ok(KioskMode { on: false })
}

impl App {
    /// Whether this machine is a self-service terminal.
    pub fn kiosk_on(&self) -> bool {
        self.kiosk.is_on()
    }
}
