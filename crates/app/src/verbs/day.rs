//! The day: its figures, and its end, which invents nothing.

use chrono::NaiveDate;
use motcua_domain::{
    Code, Refusal,
    branch::{Branch, Role},
    visit::{
        Act, Desk, Outcome, State, decide,
        figures::{self, Sample, SampleKind},
    },
};
use motcua_protocol::{
    Time,
    event::{Body, BranchEvent, DayClosed},
    verbs::queue::{CloseDay, CloseDayAnswer, DayFigures, DayFiguresAnswer, OpenLegs, Row},
};
use motcua_store::{Read, Write, table::branch::day_entity};
use uuid::Uuid;

use crate::{App, Result, change, registry::Ctx, view};

/// `day.figures`
pub(crate) fn figures(app: &App, ctx: &Ctx, args: DayFigures) -> Result<DayFiguresAnswer> {
    let now_ms = app.now_ms();
    let date = match args.date {
        Some(date) => date,
        None => app.today()?,
    };
    let targets: Vec<u32> = ctx.branch.targets.iter().map(|t| t.minutes).collect();
    app.store.read(|read| {
        let mut samples = read.samples(date)?;
        samples.extend(still_waiting(read, date, now_ms)?);
        Ok(DayFiguresAnswer {
            date,
            now: Time::from_ms(now_ms),
            registered: read.registered(date)?,
            cases: read.cases_on(date)?,
            figures: figures::day(samples, &targets),
        })
    })
}

/// Those who are here and not yet served, with their running wait.
fn still_waiting(read: &Read<'_>, date: NaiveDate, now_ms: i64) -> Result<Vec<Sample>> {
    Ok(read
        .open_visits(date)?
        .iter()
        .filter(|r| {
            matches!(r.visit.state(), State::Waiting | State::Called)
                && r.visit.legs.iter().all(|l| l.serve_ms.is_none())
        })
        .map(|r| Sample {
            wait_ms: r.visit.clocks(view::effective(&r.visit, now_ms)).wait_ms,
            kind: SampleKind::StillWaiting,
            accurate: r.visit.accurate(),
        })
        .collect())
}

/// `day.open_legs`
pub(crate) fn open_legs(app: &App, ctx: &Ctx, args: OpenLegs) -> Result<Vec<Row>> {
    let now_ms = app.now_ms();
    let date = match args.date {
        Some(date) => date,
        None => app.today()?,
    };
    app.store.read(|read| {
        Ok(read
            .open_visits(date)?
            .iter()
            .map(|r| view::row(&ctx.branch, r.id, &r.visit, now_ms))
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
        ticket: None,
    };
    let mut closed = Vec::with_capacity(open.len());
    for row in &open {
        let outcome = outcomes
            .iter()
            .find(|(id, _)| *id == row.id)
            .map(|(_, o)| *o);
        let event = decide(&row.visit, Act::CloseDay { outcome }, &desk)?;
        tx.append(row.id, &Body::Visit(event))?;
        if let Some(visit) = tx.read().visit(row.id)? {
            closed.push(view::row(branch, row.id, &visit, tx.now_ms()));
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
    Ok(CloseDayAnswer { date, closed })
}

impl App {
    /// At the next start, days that nobody closed are closed by the rule; a supervisor sees and
    /// may correct it.
    pub(crate) fn close_earlier_days(&self) -> Result<()> {
        let Some(branch) = self.store.read(|read| read.branch())? else {
            return Ok(());
        };
        let today = self.today()?;
        while let Some(date) = self.store.read(|read| read.unclosed_day(today))? {
            tracing::info!(%date, "closing a day that was left open");
            self.store
                .write(&self.system(), |tx| close_day(&branch, &[], tx, date, &[]))?;
            self.tell(change::topics("day.close"));
        }
        Ok(())
    }
}
