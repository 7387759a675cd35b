//! Promised waits with what came of them, and visits that were handled apart.

use chrono::NaiveDate;
use motcua_domain::visit::{Quote, Visit, promise::Kept};
use uuid::Uuid;

use super::visit::VisitRow;
use crate::{
    error::Result,
    log,
    read::Read,
    table::{Row, Table, id, values},
};

pub(crate) static PROMISE: Table = Table {
    name: "promise",
    columns: &[
        "entity", "leg", "date", "service", "lo", "hi", "wait_ms", "accurate",
    ],
    key: 2,
    search: None,
};

pub(super) fn rows(entity: Uuid, visit: &Visit, rows: &mut Vec<Row>) {
    for (i, leg) in visit.legs.iter().enumerate() {
        if let Some(kept) = visit.kept(i) {
            rows.push(Row {
                table: &PROMISE,
                values: values![
                    id(entity),
                    i as i64,
                    visit.date.to_string(),
                    leg.service.clone(),
                    i64::from(kept.quote.lo),
                    i64::from(kept.quote.hi),
                    kept.wait_ms,
                    i64::from(kept.accurate)
                ],
                search: None,
            });
        }
    }
}

const PROMISES: &str = "SELECT entity, leg, service, lo, hi, wait_ms, accurate
    FROM promise INDEXED BY promise_day WHERE date = ?1";
const APART: &str = "SELECT entity, doc FROM visit INDEXED BY visit_apart
    WHERE date = ?1 AND apart > 0 ORDER BY queued_ms, entity";
const TWICE: &str = "SELECT label FROM visit INDEXED BY visit_label
    WHERE date = ?1 AND label <> '' GROUP BY label HAVING count(*) > 1";
const LABELLED: &str = "SELECT entity, doc FROM visit INDEXED BY visit_label
    WHERE date = ?1 AND label = ?2 AND label <> '' ORDER BY entity";

/// A leg that was promised something and is being served, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promised {
    /// The visit.
    pub visit: Uuid,
    /// Which of its legs.
    pub leg: usize,
    /// Service queued for.
    pub service: String,
    /// Promise and wait.
    pub kept: Kept,
}

impl Read<'_> {
    /// The promises of a day.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn promises(&self, date: NaiveDate) -> Result<Vec<Promised>> {
        let mut statement = self.connection().prepare_cached(PROMISES)?;
        let promises = statement
            .query_map([date.to_string()], |r| {
                Ok(Promised {
                    visit: log::uuid(r, 0)?,
                    leg: r.get(1)?,
                    service: r.get(2)?,
                    kept: Kept {
                        quote: Quote {
                            lo: r.get(3)?,
                            hi: r.get(4)?,
                        },
                        wait_ms: r.get(5)?,
                        accurate: r.get(6)?,
                    },
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(promises)
    }

    /// Visits of a day to which people did something at the same time without knowing of each
    /// other, the oldest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn visits_apart(&self, date: NaiveDate) -> Result<Vec<VisitRow>> {
        self.visits(APART, &[&date.to_string()])
    }

    /// Numbers that a day has more than once, each with its visits.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn numbers_twice(&self, date: NaiveDate) -> Result<Vec<Vec<VisitRow>>> {
        let mut statement = self.connection().prepare_cached(TWICE)?;
        let labels = statement
            .query_map([date.to_string()], |r| r.get(0))?
            .collect::<rusqlite::Result<Vec<String>>>()?;
        labels
            .iter()
            .map(|label| self.visits(LABELLED, &[&date.to_string(), label]))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// A day's cost, whatever the years behind it: no read goes through a table, or sorts one.
    #[test]
    fn every_read_goes_by_the_day() {
        let mut bare = Connection::open_in_memory().unwrap();
        crate::database::migrations().to_latest(&mut bare).unwrap();
        for sql in [PROMISES, APART, TWICE, LABELLED] {
            let mut statement = bare.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let day = vec!["2026-11-23"; statement.parameter_count()];
            let steps: Vec<String> = statement
                .query_map(rusqlite::params_from_iter(day), |r| r.get(3))
                .unwrap()
                .collect::<rusqlite::Result<_>>()
                .unwrap();
            assert_eq!(steps.len(), 1, "{sql}: {steps:?}");
            assert!(
                steps[0].starts_with("SEARCH ") && steps[0].contains("(date=?"),
                "{sql}: {steps:?}"
            );
        }
    }
}
