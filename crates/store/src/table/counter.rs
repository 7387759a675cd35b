//! Who sits at the counters, day by day.

use chrono::NaiveDate;
use motcua_domain::counter::{self, CounterDay};
pub use motcua_protocol::entity::counter as counter_entity;
use rusqlite::OptionalExtension;
use uuid::Uuid;

use crate::{
    error::Result,
    read::Read,
    table::{Row, Table, id, values},
};

pub(crate) static COUNTER: Table = Table {
    name: "counter_day",
    columns: &["entity", "date", "counter", "open", "doc"],
    key: 1,
    search: None,
};

pub(crate) fn rows(entity: Uuid, day: &CounterDay, rows: &mut Vec<Row>) -> Result<()> {
    rows.push(Row {
        table: &COUNTER,
        values: values![
            id(entity),
            day.date.to_string(),
            i64::from(day.counter),
            i64::from(day.shift().is_some()),
            serde_json::to_string(day)?
        ],
        search: None,
    });
    Ok(())
}

impl Read<'_> {
    /// What is known of a counter on a day; `None` before anybody opened it.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn counter_day(&self, date: NaiveDate, counter: u16) -> Result<Option<CounterDay>> {
        let doc: Option<String> = self
            .connection()
            .prepare_cached("SELECT doc FROM counter_day WHERE date = ?1 AND counter = ?2")?
            .query_row(rusqlite::params![date.to_string(), counter], |r| r.get(0))
            .optional()?;
        Ok(doc.map(|doc| serde_json::from_str(&doc)).transpose()?)
    }

    /// Every counter that was opened on a day, by number.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn counter_days(&self, date: NaiveDate) -> Result<Vec<CounterDay>> {
        let mut days = Vec::new();
        self.each_counter_day(
            "SELECT doc FROM counter_day WHERE date = ?1 ORDER BY counter",
            &[&date.to_string()],
            |day| {
                days.push(day);
                Ok(())
            },
        )?;
        Ok(days)
    }

    /// Every counter's day there is, by date and number; for dumps.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn all_counter_days(&self, each: impl FnMut(CounterDay) -> Result<()>) -> Result<()> {
        self.each_counter_day(
            "SELECT doc FROM counter_day ORDER BY date, counter",
            &[],
            each,
        )
    }

    fn each_counter_day(
        &self,
        sql: &str,
        params: &[&dyn rusqlite::ToSql],
        mut each: impl FnMut(CounterDay) -> Result<()>,
    ) -> Result<()> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            let doc: String = row.get(0)?;
            each(serde_json::from_str(&doc)?)?;
        }
        Ok(())
    }

    /// The earliest day before `date` on which a counter is still open.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn unclosed_counter_day(&self, date: NaiveDate) -> Result<Option<NaiveDate>> {
        let found: Option<String> = self
            .connection()
            .prepare_cached("SELECT min(date) FROM counter_day WHERE open = 1 AND date < ?1")?
            .query_row([date.to_string()], |r| r.get(0))?;
        Ok(found.and_then(|d| d.parse().ok()))
    }

    /// The last thing that an officer is known to have done at a counter on a day: for a visit, or
    /// for a case of one. Reads the whole day; a counter is closed by the machine once.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn last_act_at(&self, date: NaiveDate, number: u16, officer: &str) -> Result<Option<i64>> {
        let visits = self.visits(
            "SELECT entity, doc FROM visit WHERE date = ?1",
            &[&date.to_string()],
        )?;
        let mut last = None;
        for row in &visits {
            let here = counter::last_act([row.visit.as_ref()], number, officer);
            if here.is_none() {
                continue;
            }
            last = last.max(here);
            for case in self.cases_of_visit(row.id)? {
                if case.case.officer == officer {
                    last = last.max(Some(case.case.received.received_ms));
                }
            }
        }
        Ok(last)
    }
}
