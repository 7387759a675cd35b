//! The queue: who waits, who is called next, what a newcomer is told.

use std::collections::HashMap;

use chrono::NaiveDate;
use motcua_domain::{
    Code, Refusal,
    branch::Branch,
    counter::{CounterDay, Shift},
    visit::{
        Act, Quote, State, Visit,
        estimate::{self, Forecast, OpenCounter, ServiceTime, Work},
        order,
    },
};
use motcua_protocol::{
    Time,
    verbs::{
        queue::{
            Call, CallNext, Called, CounterRow, Jump, Preview, PreviewAnswer, Row, ServiceRow,
            Snapshot, SnapshotAnswer,
        },
        visit::LegAnswer,
    },
};
use motcua_store::{
    Read, Write,
    table::visit::{InLine, VisitRow},
};
use uuid::Uuid;

use super::{counter, issuing, leg, register};
use crate::{App, Result, hub_link, registry::Ctx, view};

/// Service times older than this say little about today.
const MEMORY_MS: i64 = 28 * 86_400_000;

/// What a counter has called or serves.
pub(crate) fn busy_with(
    read: &Read<'_>,
    date: NaiveDate,
    counter: u16,
) -> Result<Option<(Uuid, String)>> {
    read.visit_at_counter(date, counter)
}

/// The queue in numbers: services, counters, times.
pub(crate) struct Line {
    services: HashMap<String, usize>,
    counters: Vec<OpenCounter>,
    numbers: Vec<u16>,
    times: Vec<ServiceTime>,
    /// Every counter that was opened today.
    pub(crate) days: Vec<CounterDay>,
}

/// What people who join at a certain rank are told.
pub(crate) struct Outlook<'a> {
    line: &'a Line,
    before: Vec<Work>,
    forecast: Forecast<'a>,
}

impl Outlook<'_> {
    /// People of the same service who are called before.
    fn ahead(&self, service: &str) -> u32 {
        let target = self.line.services.get(service);
        self.before
            .iter()
            .filter(|w| Some(&w.service) == target)
            .count() as u32
    }

    /// The wait to expect for a service.
    pub(crate) fn quote(&self, service: &str) -> Option<Quote> {
        self.forecast.for_service(*self.line.services.get(service)?)
    }

    /// The same for somebody whom only that counter may call.
    fn quote_at(&self, counter: u16) -> Option<Quote> {
        let n = self.line.numbers.iter().position(|c| *c == counter)?;
        self.forecast.at_counter(n)
    }
}

impl Line {
    /// `at_counters` holds at least the visits that are called or served.
    pub(crate) fn read(
        branch: &Branch,
        read: &Read<'_>,
        date: NaiveDate,
        at_counters: &[VisitRow],
        now: view::Now,
    ) -> Result<Self> {
        let services: HashMap<String, usize> = branch
            .services
            .iter()
            .enumerate()
            .map(|(i, s)| (s.code.clone(), i))
            .collect();
        let times = branch
            .services
            .iter()
            .map(|s| {
                Ok(ServiceTime::from_experience(
                    read.service_times(&s.code, now.ms - MEMORY_MS)?,
                    s.minutes,
                ))
            })
            .collect::<Result<Vec<_>>>()?;
        // People come before officers have sat down. Until the first counter of the day is opened the
        // branch is taken to open as it is set up; afterwards only what is open counts.
        let days = read.counter_days(date)?;
        let (numbers, counters) = branch
            .counters
            .iter()
            .filter_map(|counter| {
                let day = days.iter().find(|d| d.counter == counter.number);
                let shift = day.and_then(CounterDay::shift);
                if shift.is_none() && !days.is_empty() {
                    return None;
                }
                let away_ms = shift
                    .and_then(Shift::away)
                    .map_or(0, |away| estimate::away(away.from_ms, away.back_ms, now.ms));
                let serves = branch
                    .services
                    .iter()
                    .enumerate()
                    .filter(|(_, s)| counter.serves(&s.code))
                    .map(|(i, _)| i)
                    .collect();
                let busy = at_counters
                    .iter()
                    .find(|r| {
                        r.visit.leg().counter == Some(counter.number)
                            && matches!(r.visit.state(), State::Called | State::Serving)
                    })
                    .and_then(|r| {
                        let leg = r.visit.leg();
                        let taken = leg.clocks(view::effective(&r.visit, now)).counter_ms();
                        let work = Work {
                            service: *services.get(&leg.service)?,
                            cases: r.visit.quantity,
                        };
                        Some((work, taken))
                    });
                let open = OpenCounter {
                    serves,
                    busy,
                    away_ms,
                };
                Some((counter.number, open))
            })
            .unzip();
        Ok(Self {
            services,
            counters,
            numbers,
            times,
            days,
        })
    }

    /// How many counters serve that service now.
    fn counters_for(&self, service: &str) -> u32 {
        let Some(target) = self.services.get(service) else {
            return 0;
        };
        let serving = self.counters.iter().filter(|c| c.serves.contains(target));
        serving.count() as u32
    }

    /// How long a service usually takes a counter.
    pub(crate) fn usual_ms(&self, service: &str) -> Option<i64> {
        Some(self.times[*self.services.get(service)?].usual_ms())
    }

    /// The queue as somebody of that rank finds it.
    pub(crate) fn outlook(&self, waiting: &[InLine], rank_ms: i64) -> Outlook<'_> {
        let before: Vec<Work> = waiting
            .iter()
            .filter(|w| w.rank_ms <= rank_ms)
            .filter_map(|w| {
                Some(Work {
                    service: *self.services.get(&w.service)?,
                    cases: w.cases,
                })
            })
            .collect();
        let forecast = estimate::forecast(&before, &self.counters, &self.times);
        Outlook {
            line: self,
            before,
            forecast,
        }
    }
}

/// People ahead of somebody who joins with that rank, and the wait to tell them.
pub(crate) fn promise(
    branch: &Branch,
    read: &Read<'_>,
    date: NaiveDate,
    now: view::Now,
    service: &str,
    rank_ms: i64,
) -> Result<(u32, Option<Quote>)> {
    let line = Line::read(branch, read, date, &read.visits_at_counters(date)?, now)?;
    let waiting = read.line(date)?;
    let outlook = line.outlook(&waiting, rank_ms);
    Ok((outlook.ahead(service), outlook.quote(service)))
}

/// The wait to tell somebody whose visit goes (back) into the queue: `after` is how it then stands.
pub(crate) fn promise_again(
    branch: &Branch,
    read: &Read<'_>,
    now: view::Now,
    id: Uuid,
    after: &Visit,
) -> Result<Option<Quote>> {
    let mut at_counters = read.visits_at_counters(after.date)?;
    // The counter that sends somebody on is free for the next.
    at_counters.retain(|row| row.id != id);
    let line = Line::read(branch, read, after.date, &at_counters, now)?;
    let leg = after.leg();
    let waiting = read.line(after.date)?;
    let outlook = line.outlook(&waiting, leg.rank_ms);
    Ok(match leg.counter.filter(|_| leg.counter_only) {
        Some(counter) => outlook.quote_at(counter),
        None => outlook.quote(&leg.service),
    })
}

/// `queue.snapshot`
pub(crate) fn snapshot(app: &App, ctx: &Ctx, _args: Snapshot) -> Result<SnapshotAnswer> {
    let branch = &ctx.branch;
    let now = view::Now::of(app);
    let date = app.today()?;
    app.store.read(|read| {
        let open = read.open_visits(date)?;
        let line = Line::read(branch, read, date, &open, now)?;
        let waiting = read.line(date)?;
        let alone = app.alone();
        let outlook = line.outlook(&waiting, now.ms);
        let rows = |state: State| -> Vec<Row> {
            open.iter()
                .filter(|r| r.visit.state() == state)
                .map(|r| view::row(branch, r.id, &r.visit, now))
                .collect()
        };
        let mut missed = rows(State::Missed);
        missed.sort_by_key(|r| std::cmp::Reverse(r.since));
        let mut booked = rows(State::Booked);
        booked.sort_by_key(|r| r.slot_at);
        let services = branch
            .services
            .iter()
            .map(|service| {
                let standing =
                    issuing::standing(app, ctx, read, service, (date, now.time()), alone)?;
                Ok(ServiceRow {
                    code: service.code.clone(),
                    name: service.name.clone(),
                    hint: service.hint.clone(),
                    prefix: service.prefix.clone(),
                    waiting: open
                        .iter()
                        .filter(|r| {
                            r.visit.state() == State::Waiting
                                && r.visit.leg().service == service.code
                        })
                        .count() as u32,
                    quote: outlook.quote(&service.code),
                    issuing: standing.shut.is_none(),
                    shut: standing.shut,
                    until: standing.until,
                    left: standing.left,
                    roll: issuing::roll(read, service, date, alone)?,
                    counters: line.counters_for(&service.code),
                })
            })
            .collect::<Result<_>>()?;
        let paper_twice = issuing::shown_twice(ctx, read, date)?
            .iter()
            .map(|r| view::row(branch, r.id, &r.visit, now))
            .collect();
        let counters = branch
            .counters
            .iter()
            .map(|counter| {
                let at = open.iter().find(|r| {
                    r.visit.leg().counter == Some(counter.number)
                        && matches!(r.visit.state(), State::Called | State::Serving)
                });
                let row = at.map(|r| view::row(branch, r.id, &r.visit, now));
                CounterRow {
                    number: counter.number,
                    name: counter.name.clone(),
                    services: counter.services.clone(),
                    ticket: row.as_ref().map(|r| r.ticket.clone()),
                    state: row.as_ref().map(|r| r.state),
                    since: row.as_ref().map(|r| r.since),
                    officer: row.and_then(|r| r.officer),
                    session: counter::session(branch, &line.days, counter.number),
                }
            })
            .collect();
        let recent = read
            .latest_visits(date, 8)?
            .iter()
            .map(|r| view::row(branch, r.id, &r.visit, now))
            .collect();
        Ok(SnapshotAnswer {
            date,
            now: now.time(),
            revision: app.store.revision(),
            services,
            waiting: rows(State::Waiting),
            called: rows(State::Called),
            serving: rows(State::Serving),
            held: rows(State::Held),
            missed,
            booked,
            counters,
            recent,
            paper_twice,
        })
    })
}

/// `queue.preview`
pub(crate) fn preview(app: &App, ctx: &Ctx, args: Preview) -> Result<PreviewAnswer> {
    let service = ctx.branch.service(&args.service)?;
    let now = view::Now::of(app);
    let date = app.today()?;
    let rank_ms = register::rank_now(ctx, now.ms, args.class.unwrap_or_default());
    app.store.read(|read| {
        let at_counters = read.visits_at_counters(date)?;
        let line = Line::read(&ctx.branch, read, date, &at_counters, now)?;
        let waiting = read.line(date)?;
        let outlook = line.outlook(&waiting, rank_ms);
        Ok(PreviewAnswer {
            ticket: issuing::next_label(app, read, service, date)?,
            people_ahead: outlook.ahead(&service.code),
            quote: outlook.quote(&service.code),
            ranked_as_at: Time::from_ms(rank_ms),
            counters: line.counters_for(&service.code),
        })
    })
}

/// Who would be called next by a counter; without the hub, of its own series only.
pub(crate) fn next_for(
    branch: &Branch,
    read: &Read<'_>,
    date: NaiveDate,
    counter: u16,
    alone: Option<u16>,
) -> Result<Option<VisitRow>> {
    let counter = branch.counter(counter)?;
    let ours = |visit: &Visit| alone.is_none_or(|number| hub_link::is_own(number, visit));
    // The store keeps them in call order, which is [`order::key`].
    read.first_waiting(date, |visit| order::callable(visit, counter) && ours(visit))
}

/// `queue.call_next`
pub(crate) fn call_next(
    _app: &App,
    ctx: &Ctx,
    tx: &mut Write<'_>,
    args: CallNext,
) -> Result<Option<Called>> {
    let counter = ctx.branch.counter(args.counter)?.number;
    if let Some((_, label)) = busy_with(&tx.read(), tx.date(), counter)? {
        return Err(Refusal::new(
            Code::CounterBusy,
            format!("Quầy đang có số {label}. Mời kết thúc hoặc tạm giữ số này rồi gọi tiếp."),
        )
        .at("counter")
        .into());
    }
    // Also in vain: whoever asks for the next person sits there.
    counter::attend(ctx, tx, counter)?;
    match next_for(&ctx.branch, &tx.read(), tx.date(), counter, ctx.alone)? {
        None => Ok(None),
        Some(row) => call_visit(ctx, tx, row.id, counter).map(Some),
    }
}

/// `queue.call`
pub(crate) fn call(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Call) -> Result<Called> {
    let counter = ctx.branch.counter(args.counter)?.number;
    call_visit(ctx, tx, args.visit_id, counter)
}

fn call_visit(ctx: &Ctx, tx: &mut Write<'_>, visit_id: Uuid, counter: u16) -> Result<Called> {
    let visit = leg::act(ctx, tx, visit_id, Act::Call { counter }, Some(counter))?;
    Ok(Called {
        visit_id,
        ticket: visit.label(),
        counter,
        called_at: Time::from_ms(tx.now_ms()),
    })
}

/// `queue.jump`
pub(crate) fn jump(_app: &App, ctx: &Ctx, tx: &mut Write<'_>, args: Jump) -> Result<LegAnswer> {
    leg::answer(
        args.visit_id,
        &leg::act(
            ctx,
            tx,
            args.visit_id,
            Act::Jump {
                reason: args.reason,
            },
            None,
        )?,
    )
}
