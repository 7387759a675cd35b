//! Ranges of case codes that central granted, and whether it parts them at all.
//!
//! The one rule from which everything else follows: **out of a range only that life of that
//! machine leases to which central granted it**, and it stands in its own log what it leased. So
//! no lanes are needed ([`super::lease`]), and nothing that a disk forgot can be given again.

use chrono::NaiveDate;
use motcua_protocol::{
    event::{Body, BranchEvent, NumberingSet, NumbersGranted},
    lease::Numbers,
};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::{
    branch::{grant_entity, numbering_entity},
    lease::CASES,
};
use crate::{
    clock::Moment,
    error::Result,
    log,
    open::Store,
    read::Read,
    table::{Row, Table, id, values},
    write::{Author, Write},
};

pub(crate) static GRANT: Table = Table {
    name: "number_grant",
    columns: &[
        "entity", "ord", "series", "date", "device", "epoch", "first_n", "last_n",
    ],
    key: 2,
    search: None,
};

pub(crate) static NUMBERING: Table = Table {
    name: "numbering",
    columns: &["entity", "central", "unsure", "date"],
    key: 1,
    search: None,
};

pub(crate) fn row(entity: Uuid, ord: usize, event: &NumbersGranted) -> Row {
    Row {
        table: &GRANT,
        values: values![
            id(entity),
            ord as i64,
            event.series.clone(),
            event.date.to_string(),
            id(event.device),
            i64::from(event.epoch),
            i64::from(event.from),
            i64::from(event.to)
        ],
        search: None,
    }
}

pub(crate) fn numbering_row(entity: Uuid, set: NumberingSet, on: NaiveDate) -> Row {
    Row {
        table: &NUMBERING,
        values: values![
            id(entity),
            i64::from(set.central),
            i64::from(set.unsure),
            on.to_string()
        ],
        search: None,
    }
}

/// A range with whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// Machine.
    pub device: Uuid,
    /// Its life.
    pub epoch: u32,
    /// The range.
    pub numbers: Numbers,
}

/// What of `range` lies behind none of the `blocks` that are out.
fn rest(range: Numbers, blocks: &[Numbers]) -> Option<Numbers> {
    // Blocks are leased from the front, one behind the other.
    let out = blocks
        .iter()
        .filter(|b| (range.from..=range.to).contains(&b.from))
        .map(|b| b.to)
        .max();
    let from = out.map_or(range.from, |to| to + 1);
    (from <= range.to).then_some(Numbers { from, to: range.to })
}

/// Whether central parts the case codes, as the log has it.
pub(crate) fn is_parted(connection: &Connection) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT central FROM numbering LIMIT 1")?
        .query_row([], |r| r.get(0))
        .optional()?
        .unwrap_or(false))
}

impl Store {
    /// The log has gone back, perhaps behind the word that central parts the case codes: it is
    /// said once more, before any number is given.
    pub(crate) fn remember_parted(&self, moment: Moment) -> Result<()> {
        let author = Author {
            actor: "system".to_owned(),
            command_id: Uuid::now_v7(),
            moment,
        };
        self.write(&author, |tx| {
            if is_parted(tx.tx())? {
                return Ok(());
            }
            tx.set_numbering(NumberingSet {
                central: true,
                unsure: false,
            })
        })
    }
}

impl Read<'_> {
    /// Who parts the case codes, as was said last, and on which day.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn numbering(&self) -> Result<Option<(NumberingSet, NaiveDate)>> {
        let said: Option<(bool, bool, String)> = self
            .connection()
            .prepare_cached("SELECT central, unsure, date FROM numbering LIMIT 1")?
            .query_row([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .optional()?;
        Ok(said.and_then(|(central, unsure, date)| {
            Some((NumberingSet { central, unsure }, date.parse().ok()?))
        }))
    }

    /// Whether central parts the numbers of a series: those of case codes, once it has said so.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn is_parted(&self, series: &str) -> Result<bool> {
        if !series.starts_with(CASES) {
            return Ok(false);
        }
        Ok(self.numbering()?.is_some_and(|(set, _)| set.central))
    }

    /// Every range that central granted of a series and day, in order.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn grants(&self, series: &str, date: NaiveDate) -> Result<Vec<Granted>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT device, epoch, first_n, last_n FROM number_grant WHERE series = ?1 AND date = ?2 ORDER BY first_n",
        )?;
        let found = statement
            .query_map(params![series, date.to_string()], |r| {
                Ok(Granted {
                    device: log::uuid(r, 0)?,
                    epoch: r.get(1)?,
                    numbers: Numbers {
                        from: r.get(2)?,
                        to: r.get(3)?,
                    },
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(found)
    }

    /// What a life of a machine was granted of a day and has not leased yet.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn unleased(
        &self,
        series: &str,
        date: NaiveDate,
        device: Uuid,
        epoch: u32,
    ) -> Result<Vec<Numbers>> {
        let blocks: Vec<Numbers> = (self.leases(series, date)?.iter())
            .map(|l| Numbers {
                from: l.from,
                to: l.to,
            })
            .collect();
        let grants = self.grants(series, date)?;
        let own = grants
            .into_iter()
            .filter(|g| (g.device, g.epoch) == (device, epoch));
        Ok(own.filter_map(|g| rest(g.numbers, &blocks)).collect())
    }

    /// Numbers of a day that were given out, or leased, outside of every range of central's.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn given_outside(&self, series: &str, date: NaiveDate) -> Result<Vec<Numbers>> {
        let grants = self.grants(series, date)?;
        let outside = |n: &Numbers| {
            !(grants.iter()).any(|g| g.numbers.from <= n.from && n.to <= g.numbers.to)
        };
        let mut found: Vec<Numbers> = (self.leases(series, date)?.iter())
            .map(|l| Numbers {
                from: l.from,
                to: l.to,
            })
            .collect();
        let mut statement = self
            .connection()
            .prepare_cached("SELECT DISTINCT n FROM number_use WHERE series = ?1 AND date = ?2")?;
        let used = statement
            .query_map(params![series, date.to_string()], |r| {
                let n = r.get(0)?;
                Ok(Numbers { from: n, to: n })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        found.extend(used);
        found.retain(outside);
        found.sort();
        // One behind the other is one range.
        let mut joined: Vec<Numbers> = Vec::new();
        for numbers in found {
            match joined.last_mut() {
                Some(last) if numbers.from <= last.to + 1 => last.to = last.to.max(numbers.to),
                _ => joined.push(numbers),
            }
        }
        Ok(joined)
    }
}

impl Write<'_> {
    /// From now on central parts the case codes, or no longer does.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn set_numbering(&mut self, set: NumberingSet) -> Result<()> {
        let event = BranchEvent::Numbering(set);
        self.append(numbering_entity(), &Body::Branch(event))
    }

    /// Writes down what central granted to this life of this machine; what is known already is
    /// not written again.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn grant(&mut self, series: &str, date: NaiveDate, ranges: &[Numbers]) -> Result<bool> {
        let (device, epoch) = self.place();
        let known = self.read().grants(series, date)?;
        let mut new = false;
        for range in ranges.iter().filter(|r| r.is_sound()) {
            // Also one that meets another: whoever holds that one holds these numbers.
            let meets = |g: &Granted| range.from <= g.numbers.to && g.numbers.from <= range.to;
            if known.iter().any(meets) {
                continue;
            }
            new = true;
            let event = BranchEvent::Granted(NumbersGranted {
                series: series.to_owned(),
                date,
                device,
                epoch,
                from: range.from,
                to: range.to,
            });
            self.append(grant_entity(series, date), &Body::Branch(event))?;
        }
        Ok(new)
    }
}
