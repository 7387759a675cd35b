//! What needs a person, for the supervisor's screen. Thresholds are the branch's; each notice says
//! from when it holds, so that the screen only lets time run.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use motcua_domain::{
    branch::Branch,
    counter::CounterDay,
    visit::{
        State, Visit,
        promise::{Fell, Kept, score},
        watch::{self, NoticeKind},
    },
};
use motcua_protocol::{
    Time,
    event::Body,
    verbs::{
        queue::Counted,
        watch::{
            ApartAct, ApartVisit, Crowded, Estimates, Notice, NumberTwice, PromiseRow,
            ServiceEstimates, Watch, WatchAnswer,
        },
    },
};
use motcua_store::{
    Read,
    table::{promise::Promised, visit::VisitRow},
};

use super::queue::Line;
use crate::{App, Result, registry::Ctx, say, view};

/// Nobody reads more rows than this behind a figure.
pub(super) const MOST_ROWS: usize = 500;

/// `queue.watch`
pub(crate) fn get(app: &App, ctx: &Ctx, _args: Watch) -> Result<WatchAnswer> {
    let branch = &ctx.branch;
    let now = view::Now::of(app);
    let date = app.today()?;
    app.store.read(|read| {
        let open = read.open_visits(date)?;
        let line = Line::read(branch, read, date, &open, now)?;
        let mut notices = of_visits(branch, &line, &open, now);
        notices.extend(of_counters(branch, read, &line.days, date, &open, now)?);
        notices.sort_by_key(|n| (n.from, n.kind, n.visit_id, n.counter));
        let all = score(read.promises(date)?.iter().map(|p| p.kept));
        let off = all
            .percent
            .is_some_and(|percent| percent < branch.watch.promise_percent);
        Ok(WatchAnswer {
            date,
            now: now.time(),
            notices,
            apart: read
                .visits_apart(date)?
                .iter()
                .map(|row| apart(branch, read, row))
                .collect::<Result<_>>()?,
            numbers_twice: read
                .numbers_twice(date)?
                .iter()
                .map(|visits| NumberTwice {
                    ticket: visits.first().map_or_else(String::new, |v| v.visit.label()),
                    visits: visits.iter().map(|v| v.id).collect(),
                })
                .collect(),
            crowded: crowded(&open),
            estimates_off: off.then_some(all),
            codes: app.codes_left(read, date)?,
        })
    })
}

fn of_visits(branch: &Branch, line: &Line, open: &[VisitRow], now: view::Now) -> Vec<Notice> {
    open.iter()
        .flat_map(|row| {
            let visit = &row.visit;
            let leg = visit.leg();
            let usual_ms = line.usual_ms(&leg.service);
            let at_ms = view::effective(visit, now);
            watch::of_visit(visit, &branch.watch, now.ms, at_ms, usual_ms)
                .into_iter()
                .map(move |notice| Notice {
                    kind: notice.kind,
                    from: Time::from_ms(notice.from_ms),
                    since: Time::from_ms(notice.since_ms),
                    visit_id: Some(row.id),
                    ticket: Some(visit.label()),
                    service_name: Some(view::service_name(branch, &leg.service).to_owned()),
                    class: Some(visit.class),
                    counter: leg.counter.filter(|_| leg.state != State::Waiting),
                    waiting: None,
                    usual_s: usual_ms
                        .filter(|_| notice.kind == NoticeKind::Service)
                        .map(view::seconds),
                    reason: leg.held.as_ref().map(|held| held.reason.clone()),
                })
        })
        .collect()
}

/// Counters that have nobody before them, with an officer who has not stepped away.
fn of_counters(
    branch: &Branch,
    read: &Read<'_>,
    days: &[CounterDay],
    date: NaiveDate,
    open: &[VisitRow],
    now: view::Now,
) -> Result<Vec<Notice>> {
    let waiting: Vec<(&Visit, i64)> = open
        .iter()
        .filter(|row| row.visit.state() == State::Waiting)
        .map(|row| {
            let visit = row.visit.as_ref();
            let since = visit.leg().spans.last().map_or(now.ms, |s| s.from_ms);
            (visit, since + now.ms - view::effective(visit, now))
        })
        .collect();
    let mut notices = Vec::new();
    for counter in &branch.counters {
        let here = |visit: &Visit| {
            visit.leg().counter == Some(counter.number)
                && matches!(visit.state(), State::Called | State::Serving)
        };
        if open.iter().any(|row| here(&row.visit)) {
            continue;
        }
        // Somebody put aside, missed or sent on is no longer there, but was.
        let left = open
            .iter()
            .flat_map(|row| &row.visit.legs)
            .filter(|leg| leg.counter == Some(counter.number))
            .flat_map(|leg| &leg.spans)
            .filter(|span| matches!(span.state, State::Called | State::Serving))
            .filter_map(|span| span.to_ms)
            .max();
        let day = days.iter().find(|day| day.counter == counter.number);
        let there = day
            .and_then(CounterDay::shift)
            .filter(|shift| shift.away().is_none());
        let Some(shift) = there else {
            continue;
        };
        let ended = read.last_ended_at(date, counter.number)?.max(left);
        let free_ms = ended.map_or(shift.since_ms(), |at| at.max(shift.since_ms()));
        let found = watch::of_counter(counter, free_ms, waiting.iter().copied(), &branch.watch);
        if let Some((notice, count)) = found {
            notices.push(Notice {
                kind: notice.kind,
                from: Time::from_ms(notice.from_ms),
                since: Time::from_ms(notice.since_ms),
                visit_id: None,
                ticket: None,
                service_name: None,
                class: None,
                counter: Some(counter.number),
                waiting: Some(count),
                usual_s: None,
                reason: None,
            });
        }
    }
    Ok(notices)
}

/// Counters with several people before them.
fn crowded(open: &[VisitRow]) -> Vec<Crowded> {
    let mut at: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for row in open {
        let leg = row.visit.leg();
        if let (Some(counter), State::Called | State::Serving) = (leg.counter, leg.state) {
            at.entry(counter).or_default().push(row.visit.label());
        }
    }
    at.into_iter()
        .filter(|(_, tickets)| tickets.len() > 1)
        .map(|(counter, tickets)| Crowded { counter, tickets })
        .collect()
}

fn apart(branch: &Branch, read: &Read<'_>, row: &VisitRow) -> Result<ApartVisit> {
    let visit = &row.visit;
    let leg = visit.leg();
    let mut acts = Vec::new();
    for event in read.events_of(row.id)? {
        let header = event.header;
        let Some(heeded) = view::heeded(visit, header.event_id) else {
            continue;
        };
        let Some(Body::Visit(body)) = Body::decode(&header.kind, &event.body) else {
            continue;
        };
        acts.push(ApartAct {
            at: Time::from_ms(header.wall_ms),
            text: say::visit_event(branch, &body),
            officer: view::officer_name(branch, &header.actor).to_owned(),
            counter: visit
                .apart
                .iter()
                .find(|a| a.event == header.event_id)
                .and_then(|a| a.counter),
            kind: header.kind,
            heeded,
        });
    }
    acts.sort_by_key(|act| act.at);
    Ok(ApartVisit {
        visit_id: row.id,
        ticket: visit.label(),
        state: leg.state,
        counter: leg.counter,
        outcome: leg.outcome,
        acts,
    })
}

/// How the promises of a day were kept.
pub(super) fn estimates(branch: &Branch, promises: &[Promised]) -> Estimates {
    let by_service = branch
        .services
        .iter()
        .map(|service| ServiceEstimates {
            service: service.code.clone(),
            service_name: service.name.clone(),
            figures: score(
                promises
                    .iter()
                    .filter(|p| p.service == service.code)
                    .map(|p| p.kept),
            ),
        })
        .filter(|s| s.figures.of + s.figures.inaccurate > 0)
        .collect();
    Estimates {
        all: score(promises.iter().map(|p| p.kept)),
        by_service,
    }
}

/// The promises behind one of their figures; `None` when the list is of another kind.
pub(super) fn promised(
    branch: &Branch,
    read: &Read<'_>,
    promises: &[Promised],
    list: Counted,
    service: Option<&str>,
) -> Result<Option<Vec<PromiseRow>>> {
    let side = match list {
        Counted::PromiseKept => Some(Fell::Inside),
        Counted::PromiseEarly => Some(Fell::Below),
        Counted::PromiseLate => Some(Fell::Above),
        Counted::PromiseUncertain => None,
        Counted::Served | Counted::LeftBefore | Counted::NoShow | Counted::Uncertain => {
            return Ok(None);
        }
    };
    let fell = |kept: &Kept| kept.accurate.then(|| kept.fell());
    let mut rows: Vec<&Promised> = promises
        .iter()
        .filter(|p| fell(&p.kept) == side)
        .filter(|p| service.is_none_or(|s| s == p.service))
        .collect();
    rows.sort_by_key(|p| (-p.kept.wait_ms, p.visit, p.leg));
    rows.truncate(MOST_ROWS);
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(visit) = read.visit(row.visit)? else {
            continue;
        };
        found.push(PromiseRow {
            visit_id: row.visit,
            ticket: visit.label(),
            leg: row.leg,
            service_name: view::service_name(branch, &row.service).to_owned(),
            service: row.service.clone(),
            told_at: Time::from_ms(visit.promise(row.leg).map_or(0, |p| p.from_ms)),
            quote: row.kept.quote,
            wait_ms: row.kept.wait_ms,
            accurate: row.kept.accurate,
        });
    }
    Ok(Some(found))
}
