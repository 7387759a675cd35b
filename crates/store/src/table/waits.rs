//! The settled waits of a day, for what a supervisor opens: the course of the day and the visits
//! behind a figure. The table is [`super::visit::VISIT`].

use std::collections::HashMap;

use chrono::NaiveDate;
use motcua_domain::visit::figures::SampleKind;
use uuid::Uuid;

use super::visit::VisitRow;
use crate::{error::Result, log, read::Read};

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
        // Each half of the answer stands in an index of its own; the rows themselves, with their
        // documents, would cost many times as much to visit.
        let mut statement = self.connection().prepare_cached(
            "SELECT entity, wait_ms FROM visit INDEXED BY visit_day
             WHERE date = ?1 AND sample = 'served' AND accurate = 1",
        )?;
        let served: HashMap<Uuid, i64> = statement
            .query_map([date.to_string()], |r| Ok((log::uuid(r, 0)?, r.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut statement = self.connection().prepare_cached(
            "SELECT entity, queued_ms FROM visit INDEXED BY visit_recent
             WHERE date = ?1 ORDER BY queued_ms",
        )?;
        let queued = statement
            .query_map([date.to_string()], |r| Ok((log::uuid(r, 0)?, r.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(Uuid, i64)>>>()?;
        Ok(queued
            .into_iter()
            .filter_map(|(visit, queued_ms)| {
                let wait_ms = *served.get(&visit)?;
                Some(ServedWait { queued_ms, wait_ms })
            })
            .collect())
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
            &[&date.to_string(), &kind.name(), &limit],
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
