//! One file per table: its columns, how its rows come out of a fold, and every query on it.
//! There is no SQL on projections anywhere else.

pub mod branch;
pub mod case;
pub mod command;
pub mod meta;
pub mod number;
pub mod party;
pub mod print_job;
pub mod visit;
pub mod waits;

use rusqlite::{Connection, params_from_iter, types::Value};
use uuid::Uuid;

use crate::error::Result;

/// A projection table: rows belong to an entity (`entity` is among the columns).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// Full-text table fed from the column of that name, keyed by the column `row`.
    pub(crate) search: Option<(&'static str, &'static str)>,
}

/// All projections.
pub(crate) const ALL: &[&Table] = &[
    &visit::VISIT,
    &visit::SERVICE_TIME,
    &case::CASE,
    &number::NUMBER,
    &party::PARTY,
    &branch::PROCEDURE,
    &branch::BRANCH,
    &branch::DAY,
];

/// One row of a projection: values in the order of the table's columns, and its search text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) table: &'static Table,
    pub(crate) values: Vec<Value>,
    pub(crate) search: Option<(i64, String)>,
}

/// Makes a row's values.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        vec![$(rusqlite::types::Value::from($value)),*]
    };
}
pub(crate) use values;

pub(crate) fn id(uuid: Uuid) -> Vec<u8> {
    uuid.as_bytes().to_vec()
}

/// Writes the rows of one entity in place of those it had.
pub(crate) fn replace(connection: &Connection, entity: Uuid, rows: &[Row]) -> Result<()> {
    let old = of_entity(connection, entity)?;
    for row in &old {
        if !rows
            .iter()
            .any(|new| new.table == row.table && new.values == row.values)
        {
            delete(connection, row)?;
        }
    }
    for row in rows {
        if !old
            .iter()
            .any(|o| o.table == row.table && o.values == row.values)
        {
            insert(connection, row)?;
        }
    }
    for row in rows.iter().filter(|r| r.search.is_some()) {
        let before = old.iter().any(|o| o.table == row.table);
        search(connection, row, before)?;
    }
    Ok(())
}

/// The rows an entity has, without search text (which a contentless index does not give back).
pub(crate) fn of_entity(connection: &Connection, entity: Uuid) -> Result<Vec<Row>> {
    let mut found = Vec::new();
    for table in ALL {
        let sql = format!(
            "SELECT {} FROM {} WHERE entity = ?1",
            table.columns.join(", "),
            table.name
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([entity.as_bytes()])?;
        while let Some(row) = rows.next()? {
            let values = (0..table.columns.len())
                .map(|i| row.get(i))
                .collect::<rusqlite::Result<Vec<Value>>>()?;
            found.push(Row {
                table,
                values,
                search: None,
            });
        }
    }
    Ok(found)
}

fn delete(connection: &Connection, row: &Row) -> Result<()> {
    let wheres: Vec<String> = row
        .table
        .columns
        .iter()
        .enumerate()
        .map(|(i, c)| format!("{c} IS ?{}", i + 1))
        .collect();
    let sql = format!(
        "DELETE FROM {} WHERE {}",
        row.table.name,
        wheres.join(" AND ")
    );
    connection
        .prepare_cached(&sql)?
        .execute(params_from_iter(&row.values))?;
    Ok(())
}

fn insert(connection: &Connection, row: &Row) -> Result<()> {
    let marks: Vec<String> = (1..=row.table.columns.len())
        .map(|i| format!("?{i}"))
        .collect();
    let sql = format!(
        "INSERT INTO {}({}) VALUES({})",
        row.table.name,
        row.table.columns.join(", "),
        marks.join(", ")
    );
    connection
        .prepare_cached(&sql)?
        .execute(params_from_iter(&row.values))?;
    Ok(())
}

fn search(connection: &Connection, row: &Row, known: bool) -> Result<()> {
    let (Some((key, text)), Some((index, _))) = (&row.search, row.table.search) else {
        return Ok(());
    };
    let sql = if known {
        format!("UPDATE {index} SET text = ?2 WHERE rowid = ?1")
    } else {
        format!("INSERT INTO {index}(rowid, text) VALUES(?1, ?2)")
    };
    connection
        .prepare_cached(&sql)?
        .execute(rusqlite::params![key, text])?;
    Ok(())
}

/// Empties every projection.
pub(crate) fn clear(connection: &Connection) -> Result<()> {
    for table in ALL {
        connection.execute(&format!("DELETE FROM {}", table.name), [])?;
        if let Some((index, _)) = table.search {
            connection.execute(
                &format!("INSERT INTO {index}({index}) VALUES('delete-all')"),
                [],
            )?;
        }
    }
    Ok(())
}

/// What a person typed, as an FTS5 query: every word a prefix, all of them required. `None`
/// when nothing searchable is left.
pub(crate) fn fts_query(text: &str) -> Option<String> {
    let words = motcua_domain::text::folded_words(text);
    (!words.is_empty()).then(|| {
        words
            .iter()
            .take(12)
            .map(|w| format!("\"{w}\"*"))
            .collect::<Vec<_>>()
            .join(" ")
    })
}
