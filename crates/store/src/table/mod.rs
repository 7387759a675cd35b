//! One file per table: its columns, how its rows come out of a fold, and every query on it.
//! There is no SQL on projections anywhere else.

pub mod attachment;
pub mod branch;
pub mod case;
pub mod cash;
pub mod command;
pub mod counter;
pub mod device;
mod find_case;
pub mod grant;
pub mod hub;
pub mod lease;
pub mod meta;
pub mod notice;
pub mod number;
pub mod party;
pub mod print_job;
pub mod promise;
pub mod rating;
pub mod visit;
pub mod waits;

pub(crate) use find_case::search_text;
use rusqlite::{Connection, params_from_iter, types::Value};
use uuid::Uuid;

use crate::error::Result;

/// A projection table: rows belong to an entity (`entity` is among the columns).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// How many of them, from the first, are the primary key.
    pub(crate) key: usize,
    /// Full-text table fed from the column of that name, keyed by the column `row`.
    pub(crate) search: Option<(&'static str, &'static str)>,
}

/// All projections.
pub(crate) const ALL: &[&Table] = &[
    &visit::VISIT,
    &visit::SERVICE_TIME,
    &promise::PROMISE,
    &case::CASE,
    &cash::CASH,
    &attachment::ATTACHMENT,
    &number::NUMBER,
    &number::SKIP,
    &party::PARTY,
    &branch::PROCEDURE,
    &branch::BRANCH,
    &branch::DAY,
    &device::DEVICE,
    &lease::LEASE,
    &grant::GRANT,
    &grant::NUMBERING,
    &hub::HUB,
    &counter::COUNTER,
    &notice::NOTICE,
    &notice::TOLD,
    &notice::MEANS,
    &rating::RATING,
    &rating::COMPLAINT,
];

/// One row of a projection: values in the order of the table's columns, and its search text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) table: &'static Table,
    pub(crate) values: Vec<Value>,
    pub(crate) search: Option<(i64, String)>,
}

impl Row {
    fn key(&self) -> &[Value] {
        &self.values[..self.table.key]
    }

    fn same(&self, other: &Self) -> bool {
        self.table.name == other.table.name && self.key() == other.key()
    }
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

/// Writes the rows of one entity in place of those it has, whatever they are.
pub(crate) fn replace(connection: &Connection, entity: Uuid, rows: &[Row]) -> Result<()> {
    change(connection, &of_entity(connection, entity)?, rows).map(|_| ())
}

/// Brings an entity's rows from `old` to `new`, touching only what differs: each column that is
/// left alone spares its indexes a write. False when the table did not hold `old` after all.
pub(crate) fn change(connection: &Connection, old: &[Row], new: &[Row]) -> Result<bool> {
    let mut as_told = true;
    for row in old.iter().filter(|o| !new.iter().any(|n| n.same(o))) {
        as_told &= delete(connection, row)?;
    }
    for row in new {
        let before = old.iter().find(|o| o.same(row));
        match before {
            None => insert(connection, row)?,
            Some(before) if before.values == row.values => {}
            Some(before) => as_told &= update(connection, before, row)?,
        }
        if row.search.is_some() && before.is_none_or(|b| b.search != row.search) {
            search(connection, row, before.is_some())?;
        }
    }
    Ok(as_told)
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

fn by_key(table: &Table, from: usize) -> String {
    let wheres: Vec<String> = table.columns[..table.key]
        .iter()
        .enumerate()
        .map(|(i, column)| format!("{column} = ?{}", from + i))
        .collect();
    wheres.join(" AND ")
}

fn delete(connection: &Connection, row: &Row) -> Result<bool> {
    let sql = format!(
        "DELETE FROM {} WHERE {}",
        row.table.name,
        by_key(row.table, 1)
    );
    let gone = connection
        .prepare_cached(&sql)?
        .execute(params_from_iter(row.key()))?;
    Ok(gone == 1)
}

fn update(connection: &Connection, before: &Row, row: &Row) -> Result<bool> {
    let mut sets = Vec::new();
    let mut values = Vec::new();
    for ((column, old), new) in row
        .table
        .columns
        .iter()
        .zip(&before.values)
        .zip(&row.values)
    {
        if old != new {
            values.push(new);
            sets.push(format!("{column} = ?{}", values.len()));
        }
    }
    let sql = format!(
        "UPDATE {} SET {} WHERE {}",
        row.table.name,
        sets.join(", "),
        by_key(row.table, values.len() + 1)
    );
    let changed = connection
        .prepare_cached(&sql)?
        .execute(params_from_iter(values.into_iter().chain(row.key())))?;
    Ok(changed == 1)
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

/// Letters from which on a word is taken to be whole when it is found as such: a Vietnamese
/// syllable has at most seven, and few of five letters begin another.
const WHOLE: usize = 5;

/// Letters from which on a word before the last is never taken for the beginning of another: nobody
/// abbreviates to so many (`ng th`, `ngu th`), and gathering all that begin so costs the most.
const SYLLABLE: usize = 4;

/// What a person typed, as FTS5 queries from the strictest to the widest. None at all when nothing
/// searchable is left.
///
/// A query of whole words is answered from the newest on and stops when enough is found; a prefix
/// that many words share has to be gathered from all of them first, which at a million cases takes
/// a hundred times as long. So the words before the last are taken as whole, and the last as
/// whole if that finds enough; short words before it as a prefix (`ng th`) only where nothing else
/// is found.
pub(crate) fn searches(text: &str) -> Vec<String> {
    let words = sought(text);
    let Some((last, before)) = words.split_last() else {
        return Vec::new();
    };
    let short = |word: &str| {
        word.chars().count() < SYLLABLE || word.chars().any(|letter| letter.is_ascii_digit())
    };
    let join = |abbreviated: bool, last: String| {
        before
            .iter()
            .map(|word| {
                let star = if abbreviated && short(word) { "*" } else { "" };
                format!("\"{word}\"{star}")
            })
            .chain([last])
            .collect::<Vec<_>>()
            .join(" ")
    };
    let mut queries = vec![
        join(false, format!("\"{last}\"")),
        join(false, format!("\"{last}\"*")),
    ];
    if before.iter().any(|word| short(word)) {
        queries.push(join(true, format!("\"{last}\"*")));
    }
    queries
}

/// The words of what a person typed that are looked for.
fn sought(text: &str) -> Vec<String> {
    let mut words = motcua_domain::text::folded_words(text);
    words.truncate(12);
    // One letter more narrows little and costs most; it counts once another has joined it.
    if words.len() > 1 && words.last().is_some_and(|w| w.chars().count() == 1) {
        words.pop();
    }
    words
}

/// Runs the queries of [`searches`] until one finds enough.
pub(crate) fn search_widening<T>(
    text: &str,
    limit: usize,
    mut run: impl FnMut(&str) -> Result<Vec<T>>,
) -> Result<Vec<T>> {
    let whole = sought(text)
        .last()
        .is_some_and(|w| w.chars().count() >= WHOLE);
    let mut found = Vec::new();
    for (width, query) in searches(text).iter().enumerate() {
        found = run(query)?;
        let enough = found.len() >= limit || !found.is_empty() && (width > 0 || whole);
        if enough {
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::searches;

    #[test]
    fn words_are_taken_as_whole_before_they_are_taken_as_beginnings() {
        assert_eq!(
            searches("Nguyễn Thị Hư"),
            [
                "\"nguyen\" \"thi\" \"hu\"",
                "\"nguyen\" \"thi\" \"hu\"*",
                "\"nguyen\" \"thi\"* \"hu\"*",
            ]
        );
        assert_eq!(searches("đăng ký"), ["\"dang\" \"ky\"", "\"dang\" \"ky\"*"]);
        assert_eq!(searches("ng th").len(), 3);
        assert_eq!(searches("đào"), ["\"dao\"", "\"dao\"*"]);
    }

    #[test]
    fn one_more_letter_counts_once_another_joins_it() {
        assert_eq!(searches("nguyen thi h"), searches("nguyen thi"));
        assert_eq!(searches("h"), ["\"h\"", "\"h\"*"]);
        assert_eq!(searches(" .,! "), Vec::<String>::new());
    }
}
