//! The day: its figures, and its end, which invents nothing.

use chrono::NaiveDate;
use motcua_domain::{
    Code, Refusal,
    branch::{Branch, Role},
    visit::{
        Act, Desk, Outcome, State, closing, decide,
        figures::{self, Sample, SampleKind},
    },
};
use motcua_protocol::{
    Time,
    event::{Body, BranchEvent, DayClosed},
    verbs::queue::{
        CloseDay, CloseDayAnswer, Closing, Counted, DayFigures, DayFiguresAnswer, HalfHour,
        OpenLegs, Reuse, Row,
    },
};
use motcua_store::{
    Read, Write,
    table::{branch::day_entity, visit::VisitRow, waits::ServedWait},
};
use uuid::Uuid;

use super::{counter, watch};
use crate::{App, Result, change, registry::Ctx, view};

/// The course of a day goes by half hours, which are those of the office's clock on the wall.
const HALF_HOUR_MS: i64 = 30 * 60_000;
/// A day longer than this is a clock that was wrong, not an office that was open.
const MOST_HALF_HOURS: i64 = 48;

/// `day.figures`
pub(crate) fn figures(app: &App, ctx: &Ctx, args: DayFigures) -> Result<DayFiguresAnswer> {
    let now = view::Now::of(app);
    let date = match args.date {
        Some(date) => date,
        None => app.today()?,
    };
    let targets: Vec<u32> = ctx.branch.targets.iter().map(|t| t.minutes).collect();
    app.store.read(|read| {
        let waiting = still_waiting(read, date, now)?;
        let mut samples = read.samples(date)?;
        samples.extend(waiting.iter().map(|(_, sample)| *sample));
        let promises = read.promises(date)?;
        let visits = match args.list {
            Some(list) => counted(&ctx.branch, read, date, list, now)?,
            None => None,
        };
        let promised = match args.list {
            Some(list) => {
                let service = args.service.as_deref();
                watch::promised(&ctx.branch, read, &promises, list, service)?
            }
            None => None,
        };
        Ok(DayFiguresAnswer {
            date,
            now: now.time(),
            registered: read.registered(date)?,
            cases: read.cases_on(date)?,
            figures: figures::day(samples, &targets),
            by_half_hour: by_half_hour(&read.served_waits(date)?, &waiting),
            estimates: watch::estimates(&ctx.branch, &promises),
            reuse: {
                let count = read.reuse_on(date)?;
                Reuse {
                    papers: count.papers,
                    reused: count.reused,
                    cases: count.cases,
                    cases_reused: count.cases_reused,
                    data: count.data,
                    data_reused: count.data_reused,
                }
            },
            promises: promised,
            visits,
        })
    })
}

/// Those who are here and not yet served: the time on the ticket, and the running wait.
fn still_waiting(read: &Read<'_>, date: NaiveDate, now: view::Now) -> Result<Vec<(i64, Sample)>> {
    Ok(read
        .open_visits(date)?
        .iter()
        .filter_map(|r| {
            let sample = Sample::still_waiting(&r.visit, view::effective(&r.visit, now))?;
            Some((r.visit.legs[0].queued_ms, sample))
        })
        .collect())
}

/// The visits behind a figure; `None` when it counts promises.
fn counted(
    branch: &Branch,
    read: &Read<'_>,
    date: NaiveDate,
    list: Counted,
    now: view::Now,
) -> Result<Option<Vec<Row>>> {
    const MOST_ROWS: u32 = watch::MOST_ROWS as u32;
    let rows = match list {
        Counted::Served => read.visits_counted(date, SampleKind::Served, MOST_ROWS),
        Counted::LeftBefore => read.visits_counted(date, SampleKind::LeftBefore, MOST_ROWS),
        Counted::NoShow => read.visits_counted(date, SampleKind::NoShow, MOST_ROWS),
        Counted::Uncertain => read.visits_uncertain(date, MOST_ROWS),
        Counted::PromiseKept
        | Counted::PromiseEarly
        | Counted::PromiseLate
        | Counted::PromiseUncertain => return Ok(None),
    }?;
    let row = |r: &VisitRow| view::row(branch, r.id, &r.visit, now);
    Ok(Some(rows.iter().map(row).collect()))
}

/// The course of the day, by the half hour in which each ticket was given.
fn by_half_hour(served: &[ServedWait], waiting: &[(i64, Sample)]) -> Vec<HalfHour> {
    let slot = |queued_ms: i64| queued_ms.div_euclid(HALF_HOUR_MS);
    let slots = || {
        let served = served.iter().map(|w| slot(w.queued_ms));
        served.chain(waiting.iter().map(|(queued_ms, _)| slot(*queued_ms)))
    };
    let (Some(first), Some(last)) = (slots().min(), slots().max()) else {
        return Vec::new();
    };
    let last = last.min(first + MOST_HALF_HOURS - 1);
    (first..=last)
        .map(|at| {
            let waits: Vec<i64> = served
                .iter()
                .filter(|w| slot(w.queued_ms) == at)
                .map(|w| w.wait_ms)
                .collect();
            let present: Vec<i64> = waiting
                .iter()
                .filter(|(queued_ms, _)| slot(*queued_ms) == at)
                .map(|(_, sample)| sample.wait_ms)
                .collect();
            let mean = waits.iter().sum::<i64>().checked_div(waits.len() as i64);
            HalfHour {
                from: Time::from_ms(at * HALF_HOUR_MS),
                served: waits.len() as u32,
                mean_s: mean.map(view::seconds),
                max_s: waits.iter().max().copied().map(view::seconds),
                waiting: present.len() as u32,
                longest_now_s: present.iter().max().copied().map(view::seconds),
            }
        })
        .collect()
}

/// `day.open_legs`
pub(crate) fn open_legs(app: &App, ctx: &Ctx, args: OpenLegs) -> Result<Vec<Row>> {
    let now = view::Now::of(app);
    let date = match args.date {
        Some(date) => date,
        None => app.today()?,
    };
    app.store.read(|read| {
        Ok(read
            .open_visits(date)?
            .iter()
            .map(|r| {
                let (by_rule, others) = closing(&r.visit);
                Row {
                    closing: Some(Closing { by_rule, others }),
                    ..view::row(&ctx.branch, r.id, &r.visit, now)
                }
            })
            .collect())
    })
}

/// `day.close`
pub(crate) fn close(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: CloseDay,
) -> Result<CloseDayAnswer> {
    let date = args.date.unwrap_or_else(|| tx.date());
    if date > tx.date() {
        return Err(
            Refusal::new(Code::DateInvalid, "Chưa đến ngày đó nên chưa đóng được.")
                .at("date")
                .into(),
        );
    }
    let outcomes: Vec<(Uuid, Outcome)> = args
        .outcomes
        .unwrap_or_default()
        .into_iter()
        .map(|o| (o.visit_id, o.outcome))
        .collect();
    close_day(&ctx.branch, &ctx.roles, tx, date, &outcomes)
}

fn close_day(
    branch: &Branch,
    roles: &[Role],
    tx: &mut Write<'_>,
    date: NaiveDate,
    outcomes: &[(Uuid, Outcome)],
) -> Result<CloseDayAnswer> {
    let stamp = tx.stamp();
    let open = tx.read().open_visits(date)?;
    if let Some((unknown, _)) = outcomes
        .iter()
        .find(|(id, _)| !open.iter().any(|r| r.id == *id))
    {
        tracing::debug!(%unknown, "outcome for a visit that is not open");
        return Err(Refusal::new(
            Code::NotFound,
            "Có lượt trong danh sách không còn mở. Mời tải lại danh sách.",
        )
        .at("outcomes")
        .into());
    }
    let desk = Desk {
        stamp: &stamp,
        branch,
        roles,
        counter_has: None,
        given: None,
    };
    let shifts = counter::end_day(branch, tx, date)?;
    let mut closed = Vec::with_capacity(open.len());
    for row in &open {
        let outcome = outcomes
            .iter()
            .find(|(id, _)| *id == row.id)
            .map(|(_, o)| *o);
        let event = decide(&row.visit, Act::CloseDay { outcome }, &desk)?;
        tx.append(row.id, &Body::Visit(event))?;
        if let Some(visit) = tx.read().visit(row.id)? {
            closed.push(view::row(branch, row.id, &visit, tx.stamp().into()));
        }
    }
    let event = DayClosed {
        date,
        closed_open: open.iter().map(|r| r.id).collect(),
    };
    tx.append(
        day_entity(date),
        &Body::Branch(BranchEvent::DayClosed(event)),
    )?;
    Ok(CloseDayAnswer {
        date,
        closed,
        shifts,
    })
}

/// Ends what is open on a day that only a wrong clock showed. The day itself is not closed: it will
/// come, and whoever booked for it comes then.
pub(super) fn end_false_day(branch: &Branch, tx: &mut Write<'_>, date: NaiveDate) -> Result<()> {
    let stamp = tx.stamp();
    let desk = Desk {
        stamp: &stamp,
        branch,
        roles: &[],
        counter_has: None,
        given: None,
    };
    counter::end_day(branch, tx, date)?;
    for row in tx.read().open_visits(date)? {
        if row.visit.state() != State::Booked {
            let event = decide(&row.visit, Act::CloseDay { outcome: None }, &desk)?;
            tx.append(row.id, &Body::Visit(event))?;
        }
    }
    Ok(())
}

/// The earliest day before `date` on which a visit or a counter is still open.
pub(crate) fn unclosed_day(read: &Read<'_>, date: NaiveDate) -> Result<Option<NaiveDate>> {
    let days = [read.unclosed_day(date)?, read.unclosed_counter_day(date)?];
    Ok(days.into_iter().flatten().min())
}

impl App {
    /// At the next start, days that nobody closed are closed by the rule; a supervisor sees and
    /// may correct it.
    pub(crate) fn close_earlier_days(&self) -> Result<()> {
        let Some(branch) = self.store.read(|read| read.branch())? else {
            return Ok(());
        };
        let today = self.today()?;
        while let Some(date) = self.store.read(|read| unclosed_day(read, today))? {
            tracing::info!(%date, "closing a day that was left open");
            self.store
                .write(&self.system(), |tx| close_day(&branch, &[], tx, date, &[]))?;
            self.tell(change::topics("day.close"));
        }
        Ok(())
    }
}
