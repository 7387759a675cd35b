//! Numbers given out: queue tickets, case codes, register book entries.

use chrono::NaiveDate;
use motcua_domain::visit::Skipped;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::{
    error::Result,
    read::Read,
    table::{Row, Table, id, lease::lane_begins, values, visit::VisitRow},
};

pub(crate) static NUMBER: Table = Table {
    name: "number_use",
    columns: &["series", "date", "n", "entity", "state"],
    key: 4,
    search: None,
};

pub(crate) static SKIP: Table = Table {
    name: "number_skip",
    columns: &["entity", "series", "date", "first_n", "last_n", "reason"],
    key: 1,
    search: None,
};

pub(crate) fn skip_row(entity: Uuid, series: String, date: NaiveDate, skipped: &Skipped) -> Row {
    Row {
        table: &SKIP,
        values: values![
            id(entity),
            series,
            date.to_string(),
            i64::from(skipped.from),
            i64::from(skipped.to),
            skipped.reason.clone()
        ],
        search: None,
    }
}

pub(crate) fn row(series: String, date: NaiveDate, n: u32, entity: Uuid, state: &str) -> Row {
    Row {
        table: &NUMBER,
        values: values![
            series,
            date.to_string(),
            i64::from(n),
            id(entity),
            state.to_owned()
        ],
        search: None,
    }
}

pub(crate) fn last(connection: &Connection, series: &str, date: NaiveDate) -> Result<u32> {
    Ok(connection
        .prepare_cached(
            "SELECT coalesce(max(n), 0) FROM number_use WHERE series = ?1 AND date = ?2",
        )?
        .query_row([series, &date.to_string()], |r| r.get(0))?)
}

/// The last number in use within a range.
pub(crate) fn last_in(
    connection: &Connection,
    series: &str,
    date: NaiveDate,
    first: u32,
    last: u32,
) -> Result<u32> {
    Ok(connection
        .prepare_cached(
            "SELECT coalesce(max(n), 0) FROM number_use WHERE series = ?1 AND date = ?2 AND n BETWEEN ?3 AND ?4",
        )?
        .query_row(params![series, date.to_string(), first, last], |r| r.get(0))?)
}

/// How a number stands in the ledger.
pub(crate) mod state {
    /// Given by a machine.
    pub(crate) const ISSUED: &str = "issued";
    /// Given by a machine, in error.
    pub(crate) const VOID: &str = "void";
    /// Read from a slip of a paper roll.
    pub(crate) const PAPER: &str = "paper";
    /// Read wrongly from a slip: another may show it.
    pub(crate) const PAPER_VOID: &str = "paper_void";
}

/// A number that two things carry.
#[derive(Debug)]
pub(crate) struct Twice {
    pub(crate) series: String,
    pub(crate) date: String,
    pub(crate) n: u32,
}

pub(crate) fn given_twice(connection: &Connection) -> Result<Vec<Twice>> {
    // Slips of one roll that two counters recorded apart are facts of paper, shown to the
    // supervisor; a number that a machine gave twice is a fault.
    let mut statement = connection.prepare(
        "SELECT series, date, n FROM number_use GROUP BY series, date, n
         HAVING count(*) > 1 AND sum(state NOT IN ('paper', 'paper_void')) > 0",
    )?;
    let found = statement
        .query_map([], |r| {
            Ok(Twice {
                series: r.get(0)?,
                date: r.get(1)?,
                n: r.get(2)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(found)
}

/// Numbers before which some were skipped without a reason. The rest of a block that belongs to
/// somebody else, or that died with an epoch, is a reason, and so are where a machine's lane begins
/// and slips of a paper roll that were passed over; a hole within a block is not.
pub(crate) fn gaps(connection: &Connection) -> Result<Vec<Twice>> {
    let mut statement = connection.prepare(
        "SELECT series, date, n, before FROM (
           SELECT series, date, n, lag(n, 1, 0) OVER (PARTITION BY series, date ORDER BY n) AS before FROM number_use
         ) WHERE n > before + 1",
    )?;
    let mut blocks = connection.prepare(
        "SELECT first_n, last_n FROM number_lease WHERE series = ?1 AND date = ?2 AND last_n > ?3 AND last_n < ?4
         UNION ALL
         SELECT first_n, last_n FROM number_skip WHERE series = ?1 AND date = ?2 AND last_n > ?3 AND first_n < ?4
         ORDER BY first_n",
    )?;
    let mut granted = connection.prepare(
        "SELECT max(first_n) FROM number_grant WHERE series = ?1 AND date = ?2 AND first_n <= ?3 AND last_n >= ?3",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let gap = Twice {
            series: row.get(0)?,
            date: row.get(1)?,
            n: row.get(2)?,
        };
        let before: u32 = row.get(3)?;
        let mut explained = before.max(lane_begins(&gap.series, gap.n) - 1);
        // What lies before a range of central's is another's, or died with another life.
        let begins: Option<u32> =
            granted.query_row(params![gap.series, gap.date, gap.n], |r| r.get(0))?;
        explained = explained.max(begins.unwrap_or(1).saturating_sub(1));
        let mut rows = blocks.query(params![gap.series, gap.date, explained, gap.n])?;
        while let Some(block) = rows.next()? {
            let (first, last): (u32, u32) = (block.get(0)?, block.get(1)?);
            if first <= explained + 1 {
                explained = explained.max(last);
            }
        }
        if explained + 1 < gap.n {
            found.push(gap);
        }
    }
    Ok(found)
}

impl Read<'_> {
    /// Who showed a slip of a paper roll on a day, if anybody did.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn paper_holder(&self, series: &str, date: NaiveDate, n: u32) -> Result<Option<VisitRow>> {
        Ok(self
            .visits(
                "SELECT v.entity, v.doc FROM number_use AS u JOIN visit AS v ON v.entity = u.entity
                 WHERE u.series = ?1 AND u.date = ?2 AND u.n = ?3 AND u.state = 'paper' LIMIT 1",
                &[&series, &date.to_string(), &n],
            )?
            .pop())
    }

    /// Visits of a day that carry the same slip of a paper roll, in the order of the numbers.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn papers_shown_twice(&self, series: &str, date: NaiveDate) -> Result<Vec<VisitRow>> {
        self.visits(
            "SELECT v.entity, v.doc FROM number_use AS u JOIN visit AS v ON v.entity = u.entity
             WHERE u.series = ?1 AND u.date = ?2 AND u.state = 'paper' AND EXISTS (
               SELECT 1 FROM number_use AS o WHERE o.series = u.series AND o.date = u.date
               AND o.n = u.n AND o.state = 'paper' AND o.entity <> u.entity
             ) ORDER BY u.n, u.entity",
            &[&series, &date.to_string()],
        )
    }

    /// Slips of a paper roll that were passed over on a day, in their order.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn papers_passed_over(&self, series: &str, date: NaiveDate) -> Result<Vec<Skipped>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT first_n, last_n, reason FROM number_skip WHERE series = ?1 AND date = ?2 ORDER BY first_n, last_n",
        )?;
        let found = statement
            .query_map([series, &date.to_string()], |r| {
                Ok(Skipped {
                    from: r.get(0)?,
                    to: r.get(1)?,
                    reason: r.get(2)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(found)
    }

    /// The highest slip of a paper roll shown on a day, those read wrongly left out; 0 for none.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn last_paper(&self, series: &str, date: NaiveDate) -> Result<u32> {
        Ok(self
            .connection()
            .prepare_cached(
                "SELECT coalesce(max(n), 0) FROM number_use WHERE series = ?1 AND date = ?2 AND state = 'paper'",
            )?
            .query_row([series, &date.to_string()], |r| r.get(0))?)
    }

    /// How many numbers of a series were given on a day, those made in error left out.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn numbers_given(&self, series: &str, date: NaiveDate) -> Result<u32> {
        Ok(self
            .connection()
            .prepare_cached(
                "SELECT count(*) FROM number_use WHERE series = ?1 AND date = ?2 AND state IN ('issued', 'paper')",
            )?
            .query_row([series, &date.to_string()], |r| r.get(0))?)
    }
}
