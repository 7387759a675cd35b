//! The settled waits of a day, for what a supervisor opens: the course of the day and the visits
//! behind a figure. The table is [`super::visit::VISIT`].

use chrono::NaiveDate;
use motcua_domain::visit::figures::SampleKind;

use super::visit::{VisitRow, sample_name};
use crate::{error::Result, read::Read};

/// A visit whose service began, as far as the course of the day needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServedWait {
    /// Time on the ticket.
    pub queued_ms: i64,
    /// The official wait.
    pub wait_ms: i64,
}

impl Read<'_> {
    /// Waits of a day that ended in service and can be trusted, in the order of the tickets.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn served_waits(&self, date: NaiveDate) -> Result<Vec<ServedWait>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT queued_ms, wait_ms FROM visit
             WHERE date = ?1 AND sample = 'served' AND accurate = 1 ORDER BY queued_ms",
        )?;
        let waits = statement
            .query_map([date.to_string()], |r| {
                Ok(ServedWait {
                    queued_ms: r.get(0)?,
                    wait_ms: r.get(1)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(waits)
    }

    /// The visits behind a figure of the day, the longest wait first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn visits_counted(
        &self,
        date: NaiveDate,
        kind: SampleKind,
        limit: u32,
    ) -> Result<Vec<VisitRow>> {
        self.visits(
            "SELECT entity, doc FROM visit WHERE date = ?1 AND sample = ?2
             ORDER BY wait_ms DESC, entity LIMIT ?3",
            &[&date.to_string(), &sample_name(kind), &limit],
        )
    }

    /// The visits of a day that stand outside its figures because a time is not to be trusted.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn visits_uncertain(&self, date: NaiveDate, limit: u32) -> Result<Vec<VisitRow>> {
        self.visits(
            "SELECT entity, doc FROM visit WHERE date = ?1 AND sample IS NOT NULL AND accurate = 0
             ORDER BY wait_ms DESC, entity LIMIT ?2",
            &[&date.to_string(), &limit],
        )
    }
}
