//! Numbers given out: queue tickets, case codes, register book entries.

use chrono::NaiveDate;
use rusqlite::Connection;
use uuid::Uuid;

use crate::{
    error::Result,
    table::{Row, Table, id, values},
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

/// Series, day, first number that was skipped without a reason.
pub(crate) fn gaps(connection: &Connection) -> Result<Vec<Twice>> {
    let mut statement = connection.prepare(
        "SELECT series, date, n FROM (
           SELECT series, date, n, lag(n, 1, 0) OVER (PARTITION BY series, date ORDER BY n) AS before FROM number_use
         ) WHERE n > before + 1",
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
