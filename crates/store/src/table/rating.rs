//! What citizens said of a service, and complaints.

use chrono::NaiveDate;
use motcua_domain::{
    rating::{ComplaintHandled, ComplaintNoted, Rating, RatingGiven},
    visit::Recorded,
};
pub use motcua_protocol::entity::{rating as rating_entity, rating_slip as slip_entity};
use motcua_protocol::event::BranchEvent;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    error::Result,
    log,
    read::Read,
    table::{Row, Table, id, values},
};

pub(crate) static RATING: Table = Table {
    name: "rating",
    columns: &["entity", "visit", "leg", "date", "counter", "at_ms", "doc"],
    key: 1,
    search: None,
};
pub(crate) static COMPLAINT: Table = Table {
    name: "complaint",
    columns: &["entity", "date", "answered", "doc"],
    key: 1,
    search: None,
};

/// Something done about a complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handled {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// By whom.
    pub by: String,
    /// What.
    pub what: ComplaintHandled,
}

/// A complaint with what was done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplaintRow {
    /// Its id.
    pub id: Uuid,
    /// When it was noted, UTC milliseconds.
    pub at_ms: i64,
    /// Who noted it.
    pub by: String,
    /// As noted.
    pub noted: ComplaintNoted,
    /// What was done, in order.
    pub handled: Vec<Handled>,
}

impl ComplaintRow {
    /// Whether it is answered.
    pub fn is_answered(&self) -> bool {
        self.handled.iter().any(|h| h.what.answered)
    }
}

/// The entity of a rating follows from what it is of.
fn of(given: &RatingGiven) -> Uuid {
    match given.slip {
        Some(case) => slip_entity(case),
        None => rating_entity(given.visit, given.leg),
    }
}

pub(crate) fn rows(
    entity: Uuid,
    events: &[Recorded<BranchEvent>],
    rows: &mut Vec<Row>,
) -> Result<()> {
    let mut given: Vec<(&RatingGiven, i64)> = Vec::new();
    let mut complaint: Option<ComplaintRow> = None;
    for recorded in events {
        match &recorded.event {
            BranchEvent::Rated(e) if of(e) == entity => {
                given.push((e, recorded.stamp.wall_ms));
            }
            BranchEvent::ComplaintNoted(noted) if complaint.is_none() => {
                complaint = Some(ComplaintRow {
                    id: entity,
                    at_ms: recorded.stamp.wall_ms,
                    by: recorded.stamp.actor.clone(),
                    noted: noted.clone(),
                    handled: Vec::new(),
                });
            }
            BranchEvent::ComplaintHandled(what) => {
                if let Some(complaint) = &mut complaint {
                    complaint.handled.push(Handled {
                        at_ms: recorded.stamp.wall_ms,
                        by: recorded.stamp.actor.clone(),
                        what: what.clone(),
                    });
                }
            }
            _ => {}
        }
    }
    if let Some(Rating { given: rating }) = Rating::fold(given.iter().map(|(g, _)| *g)) {
        rows.push(Row {
            table: &RATING,
            values: values![
                id(entity),
                id(rating.visit),
                i64::from(rating.leg),
                rating.date.to_string(),
                i64::from(rating.counter),
                given.first().map_or(0, |(_, at)| *at),
                serde_json::to_string(&rating)?
            ],
            search: None,
        });
    }
    if let Some(complaint) = complaint {
        rows.push(Row {
            table: &COMPLAINT,
            values: values![
                id(entity),
                complaint.noted.date.to_string(),
                i64::from(complaint.is_answered()),
                serde_json::to_string(&complaint)?
            ],
            search: None,
        });
    }
    Ok(())
}

impl Read<'_> {
    /// Whether a stay has been rated.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn is_rated(&self, visit: Uuid, leg: u32) -> Result<bool> {
        self.has_rating(rating_entity(visit, leg))
    }

    /// Whether the rating slip of a case was entered.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn has_rating_slip(&self, case: Uuid) -> Result<bool> {
        self.has_rating(slip_entity(case))
    }

    fn has_rating(&self, entity: Uuid) -> Result<bool> {
        Ok(self
            .connection()
            .prepare_cached("SELECT 1 FROM rating WHERE entity = ?1")?
            .exists([entity.as_bytes()])?)
    }

    /// Ratings of services from a day until before another, in the order in which they came. For
    /// figures only: nobody is shown one.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn ratings(&self, from: NaiveDate, before: NaiveDate) -> Result<Vec<RatingGiven>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT doc FROM rating WHERE date >= ?1 AND date < ?2 ORDER BY at_ms, entity",
        )?;
        let mut rows = statement.query([from.to_string(), before.to_string()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let doc: String = row.get(0)?;
            found.push(serde_json::from_str(&doc)?);
        }
        Ok(found)
    }

    /// The last stay that ended at a counter on a day: visit and when.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn last_ended(&self, date: NaiveDate, counter: u16) -> Result<Option<Uuid>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT entity FROM visit INDEXED BY visit_ended
             WHERE date = ?1 AND counter = ?2 AND ended_ms IS NOT NULL ORDER BY ended_ms DESC LIMIT 1",
        )?;
        let mut rows = statement.query(rusqlite::params![date.to_string(), counter])?;
        rows.next()?
            .map(|row| log::uuid(row, 0))
            .transpose()
            .map_err(Into::into)
    }

    /// Complaints, those to be answered first, then the newest.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn complaints(&self, limit: u32) -> Result<Vec<ComplaintRow>> {
        self.complaints_by(
            "SELECT doc FROM complaint ORDER BY answered, date DESC, entity DESC LIMIT ?1",
            &[&limit],
        )
    }

    /// A complaint.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn complaint(&self, complaint: Uuid) -> Result<Option<ComplaintRow>> {
        let found = self.complaints_by(
            "SELECT doc FROM complaint WHERE entity = ?1",
            &[complaint.as_bytes()],
        )?;
        Ok(found.into_iter().next())
    }

    fn complaints_by(
        &self,
        sql: &str,
        params: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<ComplaintRow>> {
        let mut statement = self.connection().prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let doc: String = row.get(0)?;
            found.push(serde_json::from_str(&doc)?);
        }
        Ok(found)
    }
}
