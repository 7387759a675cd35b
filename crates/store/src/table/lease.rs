//! Blocks of numbers that belong to one device each.
//!
//! A branch of one machine needs none: its numbers follow each other. Once a second machine has
//! joined, every machine, the hub too, gives out only numbers of its own blocks, so that two that
//! cannot hear each other never give the same one.

use chrono::NaiveDate;
use motcua_protocol::event::{Body, BranchEvent, NumbersLeased};
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::{branch::lease_entity, number};
use crate::{
    error::Result,
    log,
    read::Read,
    table::{Row, Table, id, values},
    write::Write,
};

/// Numbers of one block: a busy counter takes in fewer cases an hour than this.
const BLOCK: u32 = 20;

pub(crate) static LEASE: Table = Table {
    name: "number_lease",
    columns: &[
        "entity", "ord", "series", "date", "device", "epoch", "first_n", "last_n",
    ],
    key: 2,
    search: None,
};

pub(crate) fn row(entity: Uuid, ord: usize, event: &NumbersLeased) -> Row {
    Row {
        table: &LEASE,
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

impl Read<'_> {
    /// Every block of a series and day, in order.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn leases(&self, series: &str, date: NaiveDate) -> Result<Vec<NumbersLeased>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT device, epoch, first_n, last_n FROM number_lease WHERE series = ?1 AND date = ?2 ORDER BY first_n",
        )?;
        let found = statement
            .query_map(params![series, date.to_string()], |r| {
                Ok(NumbersLeased {
                    series: series.to_owned(),
                    date,
                    device: log::uuid(r, 0)?,
                    epoch: r.get(1)?,
                    from: r.get(2)?,
                    to: r.get(3)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(found)
    }

    /// Whether this branch has more than one machine, so that numbers come from blocks.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn numbers_are_leased(&self) -> Result<bool> {
        self.has_devices()
    }

    /// How many numbers of its own a device still has.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn numbers_left(
        &self,
        series: &str,
        date: NaiveDate,
        device: Uuid,
        epoch: u32,
    ) -> Result<u32> {
        let mut left = 0;
        for lease in self.leases(series, date)? {
            if (lease.device, lease.epoch) == (device, epoch) {
                left += lease.to - self.used_in(&lease)?;
            }
        }
        Ok(left)
    }

    /// The last number of a block that is in use; the one before its first where none is.
    fn used_in(&self, lease: &NumbersLeased) -> Result<u32> {
        let used: Option<u32> = self
            .connection()
            .prepare_cached(
                "SELECT max(n) FROM number_use WHERE series = ?1 AND date = ?2 AND n BETWEEN ?3 AND ?4",
            )?
            .query_row(
                params![lease.series, lease.date.to_string(), lease.from, lease.to],
                |r| r.get(0),
            )
            .optional()?
            .flatten();
        Ok(used.unwrap_or(lease.from.saturating_sub(1)))
    }
}

impl Write<'_> {
    /// The next number of this device's own blocks; `None` when they are used up.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn next_leased(&self, series: &str, date: NaiveDate) -> Result<Option<u32>> {
        let read = self.read();
        let (device, epoch) = self.place();
        for lease in read.leases(series, date)? {
            if (lease.device, lease.epoch) == (device, epoch) {
                let next = read.used_in(&lease)? + 1;
                if next <= lease.to {
                    return Ok(Some(next));
                }
            }
        }
        Ok(None)
    }

    /// Gives a device a block behind everything that was given out so far. Only the hub does.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn lease(
        &mut self,
        series: &str,
        date: NaiveDate,
        device: Uuid,
        epoch: u32,
    ) -> Result<NumbersLeased> {
        let leased = self.read().leases(series, date)?;
        let end = leased.iter().map(|l| l.to).max().unwrap_or(0);
        let from = end.max(number::last(self.tx(), series, date)?) + 1;
        let event = NumbersLeased {
            series: series.to_owned(),
            date,
            device,
            epoch,
            from,
            to: from + BLOCK - 1,
        };
        self.append(
            lease_entity(series, date),
            &Body::Branch(BranchEvent::Leased(event.clone())),
        )?;
        Ok(event)
    }
}
