//! Case codes: what central grants to this branch, and what is written on a receipt while no code
//! can be had.
//!
//! - **Parted by central**: once central says that it parts the codes of this branch's agency, the
//!   machine that gives out the branch's numbers leases only from ranges that central granted to
//!   this very life of it (`motcua_store::table::grant`). It asks for two weeks ahead, says what is
//!   gone, and is answered the same however often it asks.
//! - **Provisional**: where neither a code nor a number of the register book is left, the case is
//!   taken in all the same under `TẠM-…`. Whoever took it in gives it the final code as soon as it
//!   has one; nobody beyond the branch is told of it before.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use motcua_domain::{
    Code,
    case::{BookEntry, CaseEvent, CodeGiven},
    case_code::{CasePattern, Provisional},
};
use motcua_protocol::{
    event::{Body, NumberingSet},
    lease::{self, DateAsk, LeaseAnswer, LeaseAsk, Numbers},
    verbs::watch::CodesLeft,
};
use motcua_store::{
    Read, Write, epoch_tag,
    table::{
        case::{CaseRow, provisional_series},
        lease::{BLOCK, BOOK, DAYS_AHEAD, case_series, reach},
    },
};
use uuid::Uuid;

use crate::{App, Result, change::Topic, replica::year_of};

/// Cases that get their final code in one go; the next go follows.
const AT_ONCE: u32 = 200;
/// At a fifth the supervisor is told.
const LOW_OF: u32 = 5;

/// Cases that wait for a code, by day, of the machines that are asked about.
fn waiting(
    read: &Read<'_>,
    whose: impl Fn(Uuid) -> bool,
) -> Result<BTreeMap<NaiveDate, Vec<CaseRow>>> {
    let mut found: BTreeMap<NaiveDate, Vec<CaseRow>> = BTreeMap::new();
    for row in read.cases_without_code(AT_ONCE)? {
        let events = read.events_of(row.id)?;
        if events.first().is_some_and(|e| whose(e.header.device)) {
            found.entry(row.case.received.date).or_default().push(row);
        }
    }
    Ok(found)
}

/// How many cases of a machine wait for a code, by day.
pub(crate) fn owed(read: &Read<'_>, device: Uuid) -> Result<BTreeMap<NaiveDate, u32>> {
    let waiting = waiting(read, |d| d == device)?;
    Ok(waiting
        .into_iter()
        .map(|(date, rows)| (date, rows.len() as u32))
        .collect())
}

/// The next provisional code of this machine.
pub(crate) fn provisional(tx: &Write<'_>, date: NaiveDate) -> Result<Provisional> {
    let (device, epoch) = tx.place();
    let number = tx.read().device_number(device)?.unwrap_or(1);
    // What a life after the first gives can be told from what one before it may have given.
    let life = match epoch {
        1 => String::new(),
        epoch => epoch_tag(epoch),
    };
    let machine = format!("{number}{life}");
    Ok(Provisional {
        date,
        number: tx.next_number(&provisional_series(&machine), date)?,
        machine,
    })
}

impl App {
    /// What is to be asked of central: nothing by a machine that does not give out the branch's
    /// numbers, and only whether it parts codes at all before that is known.
    ///
    /// # Errors
    /// Those of the store.
    pub fn lease_ask(&self) -> Result<Option<LeaseAsk>> {
        if self.link().is_some() || !self.is_hub()? {
            return Ok(None);
        }
        let agency = self.branch()?.office.code.clone();
        let series = case_series(&agency);
        let today = self.today()?;
        let (device, epoch) = self.store.place();
        let dates = self.store.read(|read| {
            let Some((set, since)) = read.numbering()?.filter(|(set, _)| set.central) else {
                return Ok(Vec::new());
            };
            let owed: BTreeMap<NaiveDate, u32> = waiting(read, |_| true)?
                .into_iter()
                .map(|(date, rows)| (date, rows.len() as u32))
                .collect();
            let ahead = |days| today.checked_add_days(Days::new(days)).unwrap_or(today);
            let oldest = today
                .checked_sub_days(Days::new(lease::DAYS_BACK))
                .unwrap_or(today);
            let mut dates: BTreeSet<NaiveDate> = (0..=lease::DAYS_AHEAD).map(ahead).collect();
            // A case of a day that only a wrong clock showed must not keep the others from theirs.
            let asked = oldest..=ahead(lease::DAYS_AHEAD);
            dates.extend(owed.keys().filter(|date| asked.contains(date)));
            let machines = read.devices()?;
            let near = (machines.len().max(1) as u32).saturating_mul(2 * BLOCK);
            let last = machines.iter().map(|d| d.number).max().unwrap_or(1);
            let doubtful = since
                .checked_add_days(Days::new(DAYS_AHEAD))
                .filter(|_| set.unsure);
            let mut asks = Vec::with_capacity(dates.len());
            for date in dates {
                let held: Vec<Numbers> = (read.grants(&series, date)?.iter())
                    .filter(|g| (g.device, g.epoch) == (device, epoch))
                    .map(|g| g.numbers)
                    .collect();
                let left = read.unleased(&series, date, device, epoch)?;
                let count = |all: &[Numbers]| all.iter().map(|n| n.count()).sum::<u32>();
                let want = match date <= ahead(DAYS_AHEAD) {
                    true => near + 2 * owed.get(&date).copied().unwrap_or(0),
                    false => lease::USUAL,
                };
                // Before central parted the codes, somebody may have given numbers of these days
                // that are not known here: none of them is anybody's any more.
                let given = match doubtful.is_some_and(|until| (since..=until).contains(&date)) {
                    true => vec![Numbers {
                        from: 1,
                        to: reach(last),
                    }],
                    false => read.given_outside(&series, date)?,
                };
                asks.push(DateAsk {
                    date,
                    want: want.min(lease::MOST),
                    taken: count(&held).saturating_sub(count(&left)),
                    held,
                    given,
                });
            }
            Ok(asks)
        })?;
        Ok(Some(LeaseAsk {
            epoch,
            agency,
            dates,
        }))
    }

    /// Central says that it parts the codes: from now on none is given but from what it grants.
    /// True where that was not so before.
    ///
    /// # Errors
    /// Those of the store.
    pub fn begin_parting(&self) -> Result<bool> {
        let (device, epoch) = self.store.place();
        let begun = self.store.write(&self.system(), |tx| {
            let today = tx.date();
            let read = tx.read();
            if read.numbering()?.is_some_and(|(set, _)| set.central) {
                return Ok(false);
            }
            let mut unsure = false;
            for ahead in 0..=DAYS_AHEAD {
                let date = today.checked_add_days(Days::new(ahead)).unwrap_or(today);
                unsure |= !read.gives_ordinary(device, date, DAYS_AHEAD)?
                    || read.may_have_forgotten(device, epoch, date, DAYS_AHEAD)?;
            }
            tx.set_numbering(NumberingSet {
                central: true,
                unsure,
            })?;
            Ok(true)
        })?;
        if begun {
            // Also outside the log, before anything rests on it.
            self.store.write_token();
            self.tell(vec![Topic::Sync]);
        }
        Ok(begun)
    }

    /// Writes down what central granted, and gives the codes that cases wait for. An answer to
    /// another life of this machine is nobody's.
    ///
    /// # Errors
    /// Those of the store.
    pub fn take_leases(&self, answer: &LeaseAnswer) -> Result<()> {
        let series = case_series(&answer.agency);
        let new = self.store.write(&self.system(), |tx| {
            if tx.place().1 != answer.epoch || !tx.read().is_parted(&series)? {
                return Ok(false);
            }
            let mut new = false;
            for day in &answer.dates {
                new |= tx.grant(&series, day.date, &day.ranges)?;
            }
            Ok(new)
        })?;
        if new {
            self.tell(vec![Topic::Queue]);
        }
        self.give_final_codes()?;
        Ok(())
    }

    /// Gives the cases that this machine took in under a provisional code their final one, as far
    /// as there are numbers; a hub also those of a machine that was taken away. Tells how many.
    ///
    /// # Errors
    /// Those of the store.
    pub fn give_final_codes(&self) -> Result<usize> {
        let device = self.store.device();
        let hub = self.link().is_none() && self.is_hub()?;
        let waiting = self.store.read(|read| {
            let revoked = match hub {
                true => read.revoked_devices()?,
                false => Vec::new(),
            };
            waiting(read, |d| d == device || revoked.contains(&d))
        })?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let branch = self.branch()?;
        let pattern = CasePattern::parse(&branch.case_pattern)?;
        let agency = &branch.office.code;
        let series = case_series(agency);
        let given = self.store.write(&self.system(), |tx| {
            let mut given = 0;
            for (date, rows) in waiting {
                for row in rows {
                    // Somebody may have been faster.
                    let still = tx
                        .read()
                        .case(row.id)?
                        .is_some_and(|r| r.case.is_provisional());
                    if !still {
                        continue;
                    }
                    let Some(number) = self.next_of_block(tx, &series, date)? else {
                        break;
                    };
                    let year = year_of(date);
                    let Some(book) = self.next_of_block(tx, BOOK, year)? else {
                        return Ok(given);
                    };
                    let event = CodeGiven {
                        code: pattern.format(agency, date, number)?,
                        number,
                        date,
                        book: BookEntry {
                            year: chrono::Datelike::year(&date),
                            number: book,
                        },
                    };
                    tx.append(row.id, &Body::Case(CaseEvent::CodeGiven(event)))?;
                    given += 1;
                }
            }
            Ok(given)
        })?;
        if given > 0 {
            self.tell(vec![Topic::Cases, Topic::Queue]);
        }
        Ok(given)
    }

    /// The next number of a series that is given out in blocks; none where this machine has no
    /// more and can get none now. The hub gives itself a block when it needs one; a counter can
    /// only ask.
    pub(crate) fn next_of_block(
        &self,
        tx: &mut Write<'_>,
        series: &str,
        date: NaiveDate,
    ) -> Result<Option<u32>> {
        let (device, epoch) = tx.place();
        let parted = tx.read().is_parted(series)?;
        if !parted
            && !tx.read().numbers_are_leased()?
            && !tx
                .read()
                .may_have_forgotten(device, epoch, date, DAYS_AHEAD)?
        {
            return tx.next_number(series, date).map(Some);
        }
        if let Some(number) = tx.next_leased(series, date)? {
            return Ok(Some(number));
        }
        if self.link().is_some() {
            return Ok(None);
        }
        match tx.lease(series, date, device, epoch) {
            Ok(block) => Ok(Some(block.from)),
            Err(error) if parted && error.code() == Code::NumbersExhausted => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How far today's codes go, where a person has to know: central parts them and at most a
    /// fifth is left, or cases wait for their final code.
    pub(crate) fn codes_left(
        &self,
        read: &Read<'_>,
        today: NaiveDate,
    ) -> Result<Option<CodesLeft>> {
        let provisional = read.cases_without_code(AT_ONCE)?.len() as u32;
        let series = case_series(&self.branch()?.office.code);
        let parted = read.is_parted(&series)?;
        let (left, of) = match parted {
            true => self.still_to_give(read, &series, today)?,
            false => (0, 0),
        };
        let low = parted && left.saturating_mul(LOW_OF) <= of;
        let refused = self.central().and_then(|c| c.codes_refused());
        Ok(
            (low || provisional > 0 || refused.is_some()).then_some(CodesLeft {
                date: today,
                parted,
                left,
                of,
                low,
                provisional,
                refused: refused.map(|error| error.message),
            }),
        )
    }

    /// Codes of a day that this branch can still give, and how many it has for that day: what its
    /// hub was granted and has not leased, and what is left of the blocks that are out. A block of
    /// a machine that was taken away, or of a former life of one, is burnt.
    fn still_to_give(&self, read: &Read<'_>, series: &str, date: NaiveDate) -> Result<(u32, u32)> {
        let (own, epoch) = self.store.place();
        let hub = read.hub()?.map_or(own, |hub| hub.device);
        let grants = read.grants(series, date)?;
        let life = match hub == own {
            true => Some(epoch),
            false => (grants.iter().filter(|g| g.device == hub))
                .map(|g| g.epoch)
                .max(),
        };
        let granted: Vec<Numbers> = (grants.iter())
            .filter(|g| g.device == hub && Some(g.epoch) == life)
            .map(|g| g.numbers)
            .collect();
        let count = |all: &[Numbers]| all.iter().map(|n| n.count()).sum::<u32>();
        let (mut left, mut of) = (0, count(&granted));
        if let Some(life) = life {
            left = count(&read.unleased(series, date, hub, life)?);
        }
        let blocks = read.leases(series, date)?;
        let revoked = read.revoked_devices()?;
        // As far as it is known here, a machine is in the life for which it was given numbers last.
        let mut lives: BTreeMap<Uuid, u32> = BTreeMap::new();
        for block in &blocks {
            let life = lives.entry(block.device).or_default();
            *life = block.epoch.max(*life);
        }
        lives.insert(own, epoch);
        for block in blocks {
            let burnt = lives.get(&block.device) != Some(&block.epoch);
            if burnt || revoked.contains(&block.device) {
                continue;
            }
            let rest = read.left_in(&block)?;
            left += rest;
            // Of a range of a hub before this one.
            let within = |g: &Numbers| (g.from..=g.to).contains(&block.from);
            if !granted.iter().any(within) {
                of += rest;
            }
        }
        Ok((left, of))
    }
}
