//! What one desk has before it: its visit, its clocks, its history.

use std::sync::Arc;

use motcua_domain::visit::{State, Visit, figures, order};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::{
        queue::{Desk, DeskAnswer},
        visit::{Get, Log, LogLine, VisitView},
    },
};

use super::{counter as seat, leg, queue};
use crate::{App, Result, registry::Ctx, say, view};

/// `visit.get`
pub(crate) fn visit(app: &App, _ctx: &Ctx, args: Get) -> Result<VisitView> {
    let now = view::Now::of(app);
    app.store.read(|read| {
        let visit = Arc::unwrap_or_clone(leg::find(read, args.visit_id)?);
        view::visit_view(read, args.visit_id, visit, now)
    })
}

/// `visit.log`
pub(crate) fn log(app: &App, ctx: &Ctx, args: Log) -> Result<Vec<LogLine>> {
    app.store.read(|read| {
        let visit = leg::find(read, args.visit_id)?;
        let mut lines = Vec::new();
        for event in read.events_of(args.visit_id)? {
            let Some(Body::Visit(body)) = Body::decode(&event.header.kind, &event.body) else {
                continue;
            };
            lines.push(LogLine {
                at: Time::from_ms(event.header.wall_ms),
                text: say::visit_event(&ctx.branch, &body),
                kind: event.header.kind,
                officer: view::officer_name(&ctx.branch, &event.header.actor).to_owned(),
                apart: view::heeded(&visit, event.header.event_id),
            });
        }
        for case in read.cases_of_visit(args.visit_id)? {
            lines.push(LogLine {
                at: Time::from_ms(case.case.received.received_ms),
                text: format!("Tiếp nhận hồ sơ {}.", case.case.code()),
                kind: "case.received".to_owned(),
                officer: view::officer_name(&ctx.branch, &case.case.officer).to_owned(),
                apart: None,
            });
        }
        lines.sort_by_key(|l| l.at);
        Ok(lines)
    })
}

/// `desk.get`
pub(crate) fn desk(app: &App, ctx: &Ctx, args: Desk) -> Result<DeskAnswer> {
    let counter = ctx.branch.counter(args.counter)?;
    let now = view::Now::of(app);
    let alone = app.alone();
    let date = app.today()?;
    let fifteen = ctx
        .branch
        .targets
        .iter()
        .map(|t| t.minutes)
        .min()
        .unwrap_or(15);
    app.store.read(|read| {
        let open = read.open_visits(date)?;
        let here = open.iter().find(|r| {
            r.visit.leg().counter == Some(counter.number)
                && matches!(r.visit.state(), State::Called | State::Serving)
        });
        let visit = here
            .map(|r| view::visit_view(read, r.id, Visit::clone(&r.visit), now))
            .transpose()?;
        let next = queue::next_for(&ctx.branch, read, date, counter.number, alone)?
            .map(|r| view::row(&ctx.branch, r.id, &r.visit, now));
        let mine = read.samples_of(date, &ctx.officer)?;
        let figures = figures::day(mine, &[fifteen]);
        Ok(DeskAnswer {
            visit,
            next,
            session: seat::session(&ctx.branch, &read.counter_days(date)?, counter.number),
            waiting: open
                .iter()
                .filter(|r| order::callable(&r.visit, counter))
                .count() as u32,
            my_visits: figures.served,
            my_within_percent: figures.targets.first().and_then(|t| t.percent),
        })
    })
}
