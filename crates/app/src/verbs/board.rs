//! The public board, read from the same queue as the desks and stripped of everything personal.

use motcua_domain::visit::State;
use motcua_protocol::{
    Time,
    verbs::board::{Board, BoardCall, BoardService, BoardState, Get},
};

use super::{issuing, queue::Line};
use crate::{App, Result, registry::Ctx, sounds, view};

/// `board.get`
pub(crate) fn get(app: &App, ctx: &Ctx, _args: Get) -> Result<Board> {
    let branch = &ctx.branch;
    let now = view::Now::of(app);
    let date = app.today()?;
    app.store.read(|read| {
        let open = read.open_visits(date)?;
        let line = Line::read(branch, read, date, &open, now)?;
        let waiting = read.line(date)?;
        let alone = app.alone();
        let outlook = line.outlook(&waiting, now.ms);
        let mut calls: Vec<BoardCall> = open
            .iter()
            .filter_map(|row| {
                let leg = row.visit.leg();
                let state = match leg.state {
                    State::Called => BoardState::Called,
                    State::Serving => BoardState::Serving,
                    _ => return None,
                };
                let counter = leg.counter?;
                Some(BoardCall {
                    ticket: row.visit.label(),
                    counter,
                    counter_name: branch
                        .counter(counter)
                        .map_or_else(|_| String::new(), |c| c.name.clone()),
                    called_at: Time::from_ms(leg.last_call_ms?),
                    calls: leg.calls,
                    state,
                })
            })
            .collect();
        calls.sort_by(|a, b| {
            b.called_at
                .cmp(&a.called_at)
                .then_with(|| a.ticket.cmp(&b.ticket))
        });
        let mut missed: Vec<_> = open
            .iter()
            .filter(|row| row.visit.state() == State::Missed)
            .map(|row| (row.visit.leg().last_call_ms, row.visit.label()))
            .collect();
        missed.sort_by(|a, b| b.cmp(a));
        let services = branch
            .services
            .iter()
            .map(|service| {
                let standing =
                    issuing::standing(app, ctx, read, service, (date, now.time()), alone)?;
                Ok(BoardService {
                    prefix: service.prefix.clone(),
                    name: service.name.clone(),
                    waiting: open
                        .iter()
                        .filter(|row| {
                            row.visit.state() == State::Waiting
                                && row.visit.leg().service == service.code
                        })
                        .count() as u32,
                    quote: outlook.quote(&service.code),
                    issuing: standing.shut.is_none(),
                    shut: standing.shut,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Board {
            branch: branch.office.name.clone(),
            date,
            now: now.time(),
            revision: app.store.revision(),
            calls,
            services,
            missed: missed.into_iter().map(|(_, ticket)| ticket).collect(),
            recorded: sounds::recorded(&app.settings.dir),
        })
    })
}
