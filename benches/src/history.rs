//! A history of years at one branch, made once and kept: every case with its visit, five events
//! for each, through the store's own log and projections.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context as _;
use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use motcua_app::{
    App, Settings,
    clock::{Clock as _, ManualClock, SystemClock},
};
use motcua_domain::{
    calendar::{Limit, LimitUnit},
    case::{BookEntry, CaseEvent, CaseReceived, PaperCount, ProcedureRef, ReturnMethod},
    visit::{Class, Origin, Outcome, Quote, Registered, Ticket, VisitEvent},
};
use motcua_protocol::event::Body;
use motcua_store::{Bulk, Moment, Options, SCHEMA_VERSION, Store, table::branch::ProcedureRow};
use uuid::Uuid;

use crate::{
    people::{Dice, person},
    report::progress,
    stats::median,
};

/// Cases a day: a busy ward.
const A_DAY: u32 = 700;
/// Steps from registering to being called, and to the end.
const CALLED_AFTER: usize = 10;
const ENDED_AFTER: usize = 16;
const SERVICES: [(&str, &str); 3] = [("ho-tich", "A"), ("noi-vu", "B"), ("khoa-hoc", "C")];
const OFFICERS: [&str; 3] = ["ha", "dung", "lan"];
const DONE: &str = "complete";

/// Settings under which benchmarks open a folder: tokens beside the histories, no ballast.
pub(crate) fn settings(dir: &Path) -> Settings {
    Settings {
        state_dir: Some(state(dir)),
        ballast: false,
        ..Settings::new(dir)
    }
}

/// Where the epoch tokens of a folder's device lie.
pub(crate) fn state(dir: &Path) -> PathBuf {
    dir.with_extension("state")
}

/// The history of that many cases, built if it is not there.
pub(crate) fn ensure(folder: &Path, rows: u32) -> anyhow::Result<PathBuf> {
    // What the history is made of: another generator makes another one. Another schema too, for
    // migrating a copy of this size takes longer than building it.
    let mut hasher = blake3::Hasher::new();
    hasher.update(include_bytes!("history.rs"));
    hasher.update(include_bytes!("people.rs"));
    let hash = &hasher.finalize().to_hex()[..8];
    let dir = folder.join(format!("data-{rows}-v{SCHEMA_VERSION}-{hash}"));
    if dir.join(DONE).exists() {
        return Ok(dir);
    }
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    progress(&format!(
        "building a history of {rows} cases in {} …",
        dir.display()
    ));
    build(&dir, rows).context("building the history")?;
    fs::write(dir.join(DONE), "")?;
    Ok(dir)
}

/// Working days that end the day before today.
fn days(count: u32) -> Vec<NaiveDate> {
    let mut days = Vec::new();
    let mut day = motcua_store::today(SystemClock::default().moment().wall_ms);
    while days.len() < count as usize {
        day = day - Days::new(1);
        if !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            days.push(day);
        }
    }
    days.reverse();
    days
}

/// Half past seven in Vietnam.
fn opening(date: NaiveDate) -> i64 {
    date.and_hms_opt(0, 30, 0)
        .unwrap_or_default()
        .and_utc()
        .timestamp_millis()
}

fn build(dir: &Path, rows: u32) -> anyhow::Result<()> {
    let days = days(rows.div_ceil(A_DAY));
    let first = days.first().copied().context("no day")?;
    let before = opening(first) - 3_600_000;
    drop(App::demo(settings(dir), ManualClock::at(before))?);
    let moment = Moment {
        wall_ms: before,
        boot: Uuid::new_v4(),
        mono_ms: 0,
    };
    let options = Options {
        state_dir: Some(state(dir)),
        ballast: false,
        ..Options::default()
    };
    let store = Store::open(dir, moment, options)?;
    let procedures = store.read(|read| read.procedures(first))?;
    let mut maker = Maker {
        procedures,
        dice: Dice::new(2),
        people: u64::from(rows) * 2 / 5 + 1,
        book: BookEntry { year: 0, number: 0 },
        bulk: store.bulk()?,
    };
    let start = Instant::now();
    let mut made = 0;
    let mut rates = Vec::new();
    for date in days {
        let today = A_DAY.min(rows - made);
        let begun = Instant::now();
        maker.day(date, today)?;
        rates.push(f64::from(today) * 5.0 / begun.elapsed().as_secs_f64());
        let step = (rows / 20).max(1);
        if made / step != (made + today) / step {
            progress(&format!(
                "  {} of {rows} cases, {:.0} s",
                made + today,
                start.elapsed().as_secs_f64()
            ));
        }
        made += today;
    }
    maker.bulk.finish()?;
    progress(&format!(
        "  built in {:.0} s, {:.0} events/s",
        start.elapsed().as_secs_f64(),
        median(rates)
    ));
    Ok(())
}

struct Maker<'a> {
    procedures: Vec<ProcedureRow>,
    dice: Dice,
    people: u64,
    book: BookEntry,
    bulk: Bulk<'a>,
}

impl Maker<'_> {
    fn day(&mut self, date: NaiveDate, cases: u32) -> anyhow::Result<()> {
        let boot = Uuid::new_v4();
        let open = opening(date);
        let step = 9 * 3_600_000 / i64::from(A_DAY + 20);
        let visits: Vec<(Uuid, u64)> = (0..cases)
            .map(|_| (Uuid::now_v7(), self.dice.below(self.people)))
            .collect();
        for i in 0..visits.len() + ENDED_AFTER {
            let at = |ms: i64| {
                let mono_ms = i as i64 * step + ms;
                Moment {
                    wall_ms: open + mono_ms,
                    boot,
                    mono_ms,
                }
            };
            if let Some((visit, person)) = visits.get(i) {
                let registered = registered(date, i, *person, at(0).wall_ms);
                self.bulk.append(
                    *visit,
                    &Body::Visit(VisitEvent::Registered(registered)),
                    "khoi",
                    date,
                    at(0),
                )?;
            }
            if let Some((visit, _)) = i.checked_sub(CALLED_AFTER).and_then(|i| visits.get(i)) {
                let i = i - CALLED_AFTER;
                let called = VisitEvent::Called {
                    counter: (i % 4) as u16 + 1,
                };
                let officer = OFFICERS[i % 3];
                self.bulk
                    .append(*visit, &Body::Visit(called), officer, date, at(1_000))?;
                self.bulk.append(
                    *visit,
                    &Body::Visit(VisitEvent::Started {}),
                    officer,
                    date,
                    at(9_000),
                )?;
            }
            if let Some((visit, person)) = i.checked_sub(ENDED_AFTER).and_then(|i| visits.get(i)) {
                let i = i - ENDED_AFTER;
                let officer = OFFICERS[i % 3];
                let case = Uuid::now_v7();
                let received =
                    self.received(date, i as u32 + 1, *visit, *person, at(12_000).wall_ms);
                self.bulk.append(
                    case,
                    &Body::Case(CaseEvent::Received(Box::new(received))),
                    officer,
                    date,
                    at(12_000),
                )?;
                let ended = VisitEvent::Ended {
                    outcome: Outcome::Done,
                    note: None,
                    quote: None,
                };
                self.bulk
                    .append(*visit, &Body::Visit(ended), officer, date, at(15_000))?;
                self.bulk.project(case)?;
                self.bulk.project(*visit)?;
            }
        }
        Ok(())
    }

    fn received(
        &mut self,
        date: NaiveDate,
        number: u32,
        visit: Uuid,
        owner: u64,
        at: i64,
    ) -> CaseReceived {
        self.book = if self.book.year == date.year() {
            BookEntry {
                number: self.book.number + 1,
                ..self.book
            }
        } else {
            BookEntry {
                year: date.year(),
                number: 1,
            }
        };
        let row = &self.procedures[self.dice.below(self.procedures.len() as u64) as usize];
        let papers = (0..row.procedure.papers.len().min(4))
            .map(|index| PaperCount {
                index,
                originals: 1,
                certified: 0,
                copies: 1,
                not_applicable: None,
                reused: false,
            })
            .collect();
        let due = date + Days::new(7);
        CaseReceived {
            code: format!("H99.12-{}-{number:04}", date.format("%y%m%d")),
            number,
            date,
            visit_id: Some(visit),
            counter: Some((number % 4) as u16 + 1),
            procedure: ProcedureRef {
                code: row.procedure.code.clone(),
                version: row.version.clone(),
                name: row.procedure.name.clone(),
            },
            applicant: person(owner),
            // One in twelve is handed in by somebody else.
            submitter: (self.dice.below(12) == 0).then(|| person(self.dice.below(self.people))),
            papers,
            missing: Vec::new(),
            missing_ground: None,
            sets: 1,
            return_method: ReturnMethod::Counter,
            return_address: None,
            notify: None,
            notes: None,
            fee: None,
            limit: Some(Limit {
                value: 5,
                unit: LimitUnit::WorkingDay,
            }),
            received_ms: at,
            due_ms: Some(opening(due)),
            because: vec![
                "Nhận trước 15 giờ nên ngày làm việc đầu tiên là ngày kế tiếp.".to_owned(),
                format!(
                    "5 ngày làm việc, không tính thứ bảy, chủ nhật: trả ngày {}.",
                    due.format("%d/%m/%Y")
                ),
            ],
            provisional: false,
            book: Some(self.book),
            form_set: "tt-01-2018".to_owned(),
            look_up: None,
            instant: false,
            on_behalf: None,
            online: None,
        }
    }
}

fn registered(date: NaiveDate, i: usize, who: u64, at: i64) -> Registered {
    let (service, series) = SERVICES[i % SERVICES.len()];
    Registered {
        date,
        ticket: Some(Ticket {
            series: series.to_owned(),
            number: (i / SERVICES.len()) as u32 + 1,
            paper: false,
        }),
        service: service.to_owned(),
        planned: Vec::new(),
        class: if i % 9 == 4 {
            Class::Elderly
        } else {
            Class::Ordinary
        },
        origin: Origin::Desk,
        party_size: 1,
        quantity: 1,
        skipped: None,
        alone: None,
        despite: None,
        // A third show their card already when they take a number.
        applicant: (i.is_multiple_of(3)).then(|| person(who)),
        slot_ms: None,
        arrive_ms: at,
        rank_ms: at,
        quote: Some(Quote { lo: 5, hi: 15 }),
        people_ahead: Some(CALLED_AFTER as u32),
        via: None,
    }
}
