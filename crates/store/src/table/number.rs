//! Numbers given out: queue tickets, case codes, register book entries.

use chrono::NaiveDate;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::{
    error::Result,
    table::{Row, Table, id, lease::lane_begins, values},
};

pub(crate) static NUMBER: Table = Table {
    name: "number_use",
    columns: &["series", "date", "n", "entity", "state"],
    key: 4,
    search: None,
};

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

/// A number that two things carry.
#[derive(Debug)]
pub(crate) struct Twice {
    pub(crate) series: String,
    pub(crate) date: String,
    pub(crate) n: u32,
}

pub(crate) fn given_twice(connection: &Connection) -> Result<Vec<Twice>> {
    let mut statement = connection.prepare(
        "SELECT series, date, n FROM number_use GROUP BY series, date, n HAVING count(*) > 1",
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
/// somebody else, or that died with an epoch, is a reason, and so is where a machine's lane begins;
/// a hole within a block is not.
pub(crate) fn gaps(connection: &Connection) -> Result<Vec<Twice>> {
    let mut statement = connection.prepare(
        "SELECT series, date, n, before FROM (
           SELECT series, date, n, lag(n, 1, 0) OVER (PARTITION BY series, date ORDER BY n) AS before FROM number_use
         ) WHERE n > before + 1",
    )?;
    let mut blocks = connection.prepare(
        "SELECT first_n, last_n FROM number_lease WHERE series = ?1 AND date = ?2 AND last_n > ?3 AND last_n < ?4 ORDER BY first_n",
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
