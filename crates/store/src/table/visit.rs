//! Visits and their service times.

use std::sync::Arc;

use chrono::NaiveDate;
use motcua_domain::visit::{
    Leg, Outcome, State, Visit,
    estimate::times,
    figures::{Sample, SampleKind},
};
use rusqlite::OptionalExtension;
use uuid::Uuid;

use crate::{
    error::Result,
    log,
    memo::Memo,
    read::Read,
    table::{Row, Table, id, number, party, promise, values},
};

pub(crate) static VISIT: Table = Table {
    name: "visit",
    columns: &[
        "entity",
        "date",
        "open",
        "state",
        "label",
        "service",
        "counter",
        "rank_ms",
        "queued_ms",
        "sample",
        "wait_ms",
        "served_by",
        "accurate",
        "cases",
        "apart",
        "ended_ms",
        "doc",
    ],
    key: 1,
    search: None,
};

pub(crate) static SERVICE_TIME: Table = Table {
    name: "service_time",
    columns: &["entity", "leg", "service", "end_ms", "service_ms"],
    key: 2,
    search: None,
};

fn state_name(state: State) -> &'static str {
    match state {
        State::Booked => "booked",
        State::Waiting => "waiting",
        State::Called => "called",
        State::Serving => "serving",
        State::Held => "held",
        State::Missed => "missed",
        State::Closed => "closed",
    }
}

fn series(visit: &Visit) -> Option<(String, u32)> {
    visit
        .ticket
        .as_ref()
        .map(|t| (format!("ticket:{}", t.series), t.number))
}

pub(crate) fn rows(entity: Uuid, row: u64, visit: &Visit, rows: &mut Vec<Row>) -> Result<()> {
    let leg: &Leg = visit.leg();
    let sample = Sample::settled(visit);
    let wait = visit.clocks(visit.last_ms).wait_ms;
    let served_by = visit
        .legs
        .iter()
        .find(|l| l.serve_ms.is_some())
        .and_then(|l| l.officer.clone());
    rows.push(Row {
        table: &VISIT,
        values: values![
            id(entity),
            visit.date.to_string(),
            i64::from(visit.is_open()),
            state_name(leg.state).to_owned(),
            visit.label(),
            leg.service.clone(),
            leg.counter.map(i64::from),
            leg.rank_ms,
            visit.legs[0].queued_ms,
            sample.map(|s| s.kind.name().to_owned()),
            wait,
            served_by,
            i64::from(visit.accurate()),
            i64::from(visit.quantity),
            visit.apart.len() as i64,
            leg.end_ms.filter(|_| leg.counter.is_some()),
            serde_json::to_string(visit)?
        ],
        search: None,
    });
    for (i, leg) in visit.legs.iter().enumerate() {
        if let (Some(Outcome::Done), true, Some(end)) = (leg.outcome, leg.accurate, leg.end_ms) {
            rows.push(Row {
                table: &SERVICE_TIME,
                values: values![
                    id(entity),
                    i as i64,
                    leg.service.clone(),
                    end,
                    // Of one case, so that a family teaches nothing wrong about the next person.
                    leg.clocks(end).counter_ms() / times(visit.quantity)
                ],
                search: None,
            });
        }
    }
    promise::rows(entity, visit, rows);
    if let Some((series, n)) = series(visit) {
        let paper = visit.ticket.as_ref().is_some_and(|t| t.paper);
        let state = match (!visit.is_registered(), paper) {
            (false, false) => number::state::ISSUED,
            (true, false) => number::state::VOID,
            (false, true) => number::state::PAPER,
            (true, true) => number::state::PAPER_VOID,
        };
        if let Some(skipped) = &visit.skipped {
            rows.push(number::skip_row(
                entity,
                series.clone(),
                visit.date,
                skipped,
            ));
        }
        rows.push(number::row(series, visit.date, n, entity, state));
    }
    if let Some(applicant) = &visit.applicant {
        rows.push(party::row(entity, row, applicant, visit.legs[0].queued_ms)?);
    }
    Ok(())
}

/// Spares the next reader the parsing of what was just written.
pub(crate) fn remember(memo: &Memo, id: Uuid, rows: &[Row], visit: &Arc<Visit>) {
    let doc = rows
        .iter()
        .find(|row| row.table == &VISIT)
        .and_then(|row| row.values.last());
    if let Some(rusqlite::types::Value::Text(doc)) = doc {
        memo.keep_visit(id, doc, visit);
    }
}

/// A visit with its id.
#[derive(Debug, Clone)]
pub struct VisitRow {
    /// Id.
    pub id: Uuid,
    /// State.
    pub visit: Arc<Visit>,
}

/// Somebody who waits, as far as the order of calling needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InLine {
    /// Rank: lower is called first.
    pub rank_ms: i64,
    /// Service queued for.
    pub service: String,
    /// Cases they bring.
    pub cases: u16,
}

impl Read<'_> {
    /// A visit by id.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn visit(&self, visit: Uuid) -> Result<Option<Arc<Visit>>> {
        Ok(self
            .visits(
                "SELECT entity, doc FROM visit WHERE entity = ?1",
                &[visit.as_bytes()],
            )?
            .pop()
            .map(|row| row.visit))
    }

    /// Open visits of a day, in call order.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn open_visits(&self, date: NaiveDate) -> Result<Vec<VisitRow>> {
        self.visits(
            "SELECT entity, doc FROM visit WHERE open = 1 AND date = ?1 ORDER BY rank_ms, entity",
            &[&date.to_string()],
        )
    }

    /// Open visits of a day and of every later one: the booked.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn open_visits_from(&self, date: NaiveDate) -> Result<Vec<VisitRow>> {
        self.visits(
            "SELECT entity, doc FROM visit WHERE open = 1 AND date >= ?1 ORDER BY date, rank_ms, entity",
            &[&date.to_string()],
        )
    }

    /// Visits of a day that were booked, whatever became of them, by booked time.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn booked_visits(&self, date: NaiveDate) -> Result<Vec<VisitRow>> {
        self.visits(
            "SELECT entity, doc FROM visit INDEXED BY visit_day
             WHERE date = ?1 AND json_extract(doc, '$.slot_ms') IS NOT NULL
             ORDER BY json_extract(doc, '$.slot_ms'), entity",
            &[&date.to_string()],
        )
    }

    /// Visits booked for a day or a later one, whatever became of them, whose id ends so: the last 30
    /// bits of it. The latest day first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn booked_visits_ending(&self, from: NaiveDate, tail: u32) -> Result<Vec<VisitRow>> {
        // Whole bytes are compared here, the bits above them below.
        let bytes = tail.to_be_bytes();
        let mut found = self.visits(
            "SELECT entity, doc FROM visit INDEXED BY visit_day
             WHERE date >= ?1 AND substr(entity, -3) = ?2 AND json_extract(doc, '$.slot_ms') IS NOT NULL
             ORDER BY date DESC, entity",
            &[&from.to_string(), &&bytes[1..]],
        )?;
        found.retain(|row| row.id.as_u128() as u32 & 0x3fff_ffff == tail);
        Ok(found)
    }

    /// Who waits on a day, in call order, without reading a single document.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn line(&self, date: NaiveDate) -> Result<Vec<InLine>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT rank_ms, service, cases FROM visit INDEXED BY visit_open
             WHERE open = 1 AND date = ?1 AND state = 'waiting' ORDER BY rank_ms, entity",
        )?;
        let line = statement
            .query_map([date.to_string()], |r| {
                Ok(InLine {
                    rank_ms: r.get(0)?,
                    service: r.get(1)?,
                    cases: r.get(2)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(line)
    }

    /// The first in call order who waits and is wanted; nobody behind is looked at.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn first_waiting(
        &self,
        date: NaiveDate,
        wanted: impl Fn(&Visit) -> bool,
    ) -> Result<Option<VisitRow>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT entity, doc FROM visit INDEXED BY visit_open
             WHERE open = 1 AND date = ?1 AND state = 'waiting' ORDER BY rank_ms, entity",
        )?;
        let mut rows = statement.query([date.to_string()])?;
        while let Some(row) = rows.next()? {
            let found = self.visit_row(row)?;
            if wanted(&found.visit) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What the counters have before them on a day: called or being served.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn visits_at_counters(&self, date: NaiveDate) -> Result<Vec<VisitRow>> {
        self.visits(
            "SELECT entity, doc FROM visit INDEXED BY visit_desk
             WHERE open = 1 AND state IN ('called', 'serving') AND date = ?1",
            &[&date.to_string()],
        )
    }

    /// The visit that a counter has called or serves.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn visit_at_counter(
        &self,
        date: NaiveDate,
        counter: u16,
    ) -> Result<Option<(Uuid, String)>> {
        Ok(self
            .connection()
            .prepare_cached(
                "SELECT entity, label FROM visit INDEXED BY visit_desk
                 WHERE open = 1 AND date = ?1 AND counter = ?2 AND state IN ('called', 'serving') LIMIT 1",
            )?
            .query_row(rusqlite::params![date.to_string(), counter], |r| {
                Ok((log::uuid(r, 0)?, r.get(1)?))
            })
            .optional()?)
    }

    /// When a counter was last done with a visit that is now over.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn last_ended_at(&self, date: NaiveDate, counter: u16) -> Result<Option<i64>> {
        Ok(self
            .connection()
            .prepare_cached(
                "SELECT max(ended_ms) FROM visit INDEXED BY visit_ended
                 WHERE date = ?1 AND counter = ?2 AND ended_ms IS NOT NULL",
            )?
            .query_row(rusqlite::params![date.to_string(), counter], |r| r.get(0))?)
    }

    /// Visits of a day, the latest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn latest_visits(&self, date: NaiveDate, limit: u32) -> Result<Vec<VisitRow>> {
        self.visits("SELECT entity, doc FROM visit WHERE date = ?1 AND label <> '' ORDER BY queued_ms DESC, entity DESC LIMIT ?2", &[
            &date.to_string(),
            &limit,
        ])
    }

    /// The earliest day before `date` that still has open visits.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn unclosed_day(&self, date: NaiveDate) -> Result<Option<NaiveDate>> {
        let found: Option<String> = self
            .connection()
            .prepare_cached("SELECT min(date) FROM visit WHERE open = 1 AND date < ?1")?
            .query_row([date.to_string()], |r| r.get(0))?;
        Ok(found.and_then(|d| d.parse().ok()))
    }

    /// From a row of `entity, doc`.
    fn visit_row(&self, row: &rusqlite::Row<'_>) -> Result<VisitRow> {
        let id = log::uuid(row, 0)?;
        let doc = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        Ok(VisitRow {
            id,
            visit: self.memo().visit(id, doc)?,
        })
    }

    pub(super) fn visits(
        &self,
        sql: &str,
        params: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<VisitRow>> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(self.visit_row(row)?);
        }
        Ok(found)
    }

    /// Day figures' samples of visits whose wait is settled.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn samples(&self, date: NaiveDate) -> Result<Vec<Sample>> {
        self.sampled(
            "SELECT sample, wait_ms, accurate FROM visit WHERE date = ?1 AND sample IS NOT NULL",
            &[&date.to_string()],
        )
    }

    /// The same, of visits whose service that officer began.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn samples_of(&self, date: NaiveDate, officer: &str) -> Result<Vec<Sample>> {
        self.sampled("SELECT sample, wait_ms, accurate FROM visit WHERE date = ?1 AND sample = 'served' AND served_by = ?2", &[
            &date.to_string(),
            &officer,
        ])
    }

    fn sampled(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<Sample>> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let samples = statement
            .query_map(params, |r| {
                let kind: String = r.get(0)?;
                let (wait_ms, accurate) = (r.get(1)?, r.get(2)?);
                Ok(SampleKind::of_name(&kind).map(|kind| Sample {
                    wait_ms,
                    kind,
                    accurate,
                }))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(samples.into_iter().flatten().collect())
    }

    /// Visits registered on a day, without those made in error.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn registered(&self, date: NaiveDate) -> Result<u32> {
        Ok(self
            .connection()
            .prepare_cached(
                // The key begins with the series: each series is looked up by itself, so that the
                // cost is that of one day, whatever the years behind it.
                "WITH RECURSIVE ticket(series) AS (
                   SELECT min(series) FROM number_use WHERE series > 'ticket:' AND series < 'ticket;'
                   UNION ALL
                   SELECT (SELECT min(series) FROM number_use WHERE series > ticket.series AND series < 'ticket;')
                   FROM ticket WHERE ticket.series IS NOT NULL
                 )
                 SELECT count(*) FROM ticket JOIN number_use AS n ON n.series = ticket.series
                 WHERE n.date = ?1 AND n.state IN ('issued', 'paper')",
            )?
            .query_row([date.to_string()], |r| r.get(0))?)
    }

    /// How long the last people of a service took a counter, in milliseconds, at most 30, ended after `since_ms`.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn service_times(&self, service: &str, since_ms: i64) -> Result<Vec<i64>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT service_ms FROM service_time WHERE service = ?1 AND end_ms > ?2 ORDER BY end_ms DESC LIMIT 30",
        )?;
        let times = statement
            .query_map(rusqlite::params![service, since_ms], |r| r.get(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(times)
    }

    /// Last number given in a series on a day.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn last_number(&self, series: &str, date: NaiveDate) -> Result<u32> {
        number::last(self.connection(), series, date)
    }

    /// Every visit's id, sorted; for dumps.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn all_visits(&self, mut each: impl FnMut(Uuid, Visit) -> Result<()>) -> Result<()> {
        let mut statement = self
            .connection()
            .prepare("SELECT entity, doc FROM visit ORDER BY entity")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let doc: String = row.get(1)?;
            each(log::uuid(row, 0)?, serde_json::from_str(&doc)?)?;
        }
        Ok(())
    }
}
