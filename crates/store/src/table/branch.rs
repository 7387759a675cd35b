//! The branch document, its catalogue, its days.

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use motcua_domain::{branch::Branch, catalogue::Procedure, visit::Recorded};
pub use motcua_protocol::entity::{
    branch as branch_entity, day as day_entity, device as device_entity, grant as grant_entity,
    hub as hub_entity, lease as lease_entity, numbering as numbering_entity,
    procedure as procedure_entity,
};
use motcua_protocol::event::{BranchEvent, DayClosed, IssuingChanged, NumberingSet};
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    error::Result,
    read::Read,
    table::{
        Row, Table, device, grant,
        hub::{self, What},
        id, lease, notice, rating, values,
    },
};

pub(crate) static BRANCH: Table = Table {
    name: "branch",
    columns: &["entity", "doc"],
    key: 1,
    search: None,
};
pub(crate) static PROCEDURE: Table = Table {
    name: "procedure",
    columns: &[
        "entity",
        "ord",
        "code",
        "version",
        "effective_from",
        "name",
        "doc",
    ],
    key: 2,
    search: None,
};
pub(crate) static DAY: Table = Table {
    name: "day",
    columns: &["entity", "date", "closed", "doc"],
    key: 1,
    search: None,
};

/// What is known of a business day beyond its visits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Closed by a person or at the next start.
    pub closed: bool,
    /// Services that give no more tickets.
    pub stopped: BTreeMap<String, bool>,
}

pub(crate) fn rows(
    entity: Uuid,
    events: &[Recorded<BranchEvent>],
    dates: &[NaiveDate],
    rows: &mut Vec<Row>,
) -> Result<()> {
    let mut branch: Option<&Branch> = None;
    let mut numbering: Option<(NumberingSet, NaiveDate)> = None;
    let mut day: Option<(NaiveDate, Day)> = None;
    for (ord, (recorded, on)) in events.iter().zip(dates).enumerate() {
        match &recorded.event {
            BranchEvent::Configured(e) => branch = Some(&e.branch),
            BranchEvent::Procedure(e) => {
                let procedure = &e.procedure;
                let from = procedure.effective_from.max(e.from).unwrap_or(*on);
                rows.push(Row {
                    table: &PROCEDURE,
                    values: values![
                        id(entity),
                        ord as i64,
                        procedure.code.clone(),
                        e.version.clone(),
                        from.to_string(),
                        procedure.name.clone(),
                        serde_json::to_string(procedure)?
                    ],
                    search: None,
                });
            }
            // A day's entity follows from its date; another would take the day's one row twice.
            BranchEvent::DayClosed(DayClosed { date, .. })
            | BranchEvent::Issuing(IssuingChanged { date, .. })
                if day_entity(*date) != entity => {}
            BranchEvent::DayClosed(e) => {
                day.get_or_insert_with(|| (e.date, Day::default())).1.closed = true
            }
            BranchEvent::Issuing(e) => {
                day.get_or_insert_with(|| (e.date, Day::default()))
                    .1
                    .stopped
                    .insert(e.service.clone(), !e.open);
            }
            BranchEvent::Device(e) => {
                let revoked = events.iter().any(
                    |each| matches!(&each.event, BranchEvent::Revoked(r) if r.device == e.device),
                );
                let row = || device::row(entity, e, revoked);
                rows.extend((device_entity(e.device) == entity).then(row));
            }
            // Looked at where the device is introduced: revoked is for ever, whatever came later.
            BranchEvent::Revoked(_) | BranchEvent::ReportPrinted(_) => {}
            BranchEvent::Leased(e) => {
                rows.extend(
                    (lease_entity(&e.series, e.date) == entity).then(|| lease::row(entity, ord, e)),
                );
            }
            BranchEvent::Granted(e) => {
                rows.extend(
                    (grant_entity(&e.series, e.date) == entity).then(|| grant::row(entity, ord, e)),
                );
            }
            BranchEvent::Numbering(e) => numbering = Some((*e, *on)),
            BranchEvent::Promoted(_) | BranchEvent::SteppedDown(_) | BranchEvent::Retired(_)
                if entity != hub_entity() => {}
            BranchEvent::Promoted(e) => rows.push(hub::row(
                (entity, ord),
                What::Promoted,
                (e.device, e.term),
                *on,
                &e.urls,
            )),
            BranchEvent::SteppedDown(e) => rows.push(hub::row(
                (entity, ord),
                // What it may have forgotten of this day is not in its log: it is as if gone.
                if e.forgot {
                    What::Retired
                } else {
                    What::SteppedDown
                },
                (e.device, e.term),
                *on,
                &[],
            )),
            BranchEvent::Retired(e) => rows.push(hub::row(
                (entity, ord),
                What::Retired,
                (e.device, e.term),
                *on,
                &[],
            )),
            BranchEvent::Epoch(_)
            | BranchEvent::Clock(_)
            | BranchEvent::Kiosk(_)
            | BranchEvent::Resolved(_)
            | BranchEvent::Amended(_)
            | BranchEvent::LookedUp(_)
            | BranchEvent::BundleTaken(_)
            | BranchEvent::BundleRefused(_)
            | BranchEvent::Calendar(_) => {}
            // Each of these reads its own entity's events together, below.
            BranchEvent::NoticeTold(_)
            | BranchEvent::NoticeMeans(_)
            | BranchEvent::Rated(_)
            | BranchEvent::ComplaintNoted(_)
            | BranchEvent::ComplaintHandled(_) => {}
        }
    }
    notice::told_rows(entity, events, rows)?;
    rating::rows(entity, events, rows)?;
    if let Some(branch) = branch {
        rows.push(Row {
            table: &BRANCH,
            values: values![id(entity), serde_json::to_string(branch)?],
            search: None,
        });
    }
    if let Some((set, on)) = numbering.filter(|_| entity == numbering_entity()) {
        rows.push(grant::numbering_row(entity, set, on));
    }
    if let Some((date, day)) = day {
        rows.push(Row {
            table: &DAY,
            values: values![
                id(entity),
                date.to_string(),
                i64::from(day.closed),
                serde_json::to_string(&day)?
            ],
            search: None,
        });
    }
    Ok(())
}

/// A procedure's version.
#[derive(Debug, Clone)]
pub struct ProcedureRow {
    /// The version.
    pub procedure: Procedure,
    /// Its content hash.
    pub version: String,
}

impl Read<'_> {
    /// The branch document.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn branch(&self) -> Result<Option<Arc<Branch>>> {
        let doc: Option<String> = self
            .connection()
            .prepare_cached("SELECT doc FROM branch LIMIT 1")?
            .query_row([], |r| r.get(0))
            .optional()?;
        doc.map(|doc| self.memo().branch(&doc)).transpose()
    }

    /// What is known of a day.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn day(&self, date: NaiveDate) -> Result<Day> {
        let doc: Option<String> = self
            .connection()
            .prepare_cached("SELECT doc FROM day WHERE date = ?1")?
            .query_row([date.to_string()], |r| r.get(0))
            .optional()?;
        Ok(doc
            .map(|doc| serde_json::from_str(&doc))
            .transpose()?
            .unwrap_or_default())
    }

    /// The version of a procedure in force on a day: of those already effective, the one that
    /// became effective last, and of several the one published last.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn procedure(&self, code: &str, on: NaiveDate) -> Result<Option<ProcedureRow>> {
        self.procedure_row(
            "SELECT doc, version FROM procedure WHERE code = ?1 AND effective_from <= ?2 ORDER BY effective_from DESC, ord DESC LIMIT 1",
            &[&code, &on.to_string()],
        )
    }

    /// A procedure's version by its content hash.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn procedure_version(&self, code: &str, version: &str) -> Result<Option<ProcedureRow>> {
        self.procedure_row(
            "SELECT doc, version FROM procedure WHERE code = ?1 AND version = ?2 LIMIT 1",
            &[&code, &version],
        )
    }

    /// The version of a procedure published last, in force or not.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn latest_procedure_version(&self, code: &str) -> Result<Option<String>> {
        Ok(self
            .connection()
            .prepare_cached(
                "SELECT version FROM procedure WHERE code = ?1 ORDER BY ord DESC LIMIT 1",
            )?
            .query_row([code], |r| r.get(0))
            .optional()?)
    }

    fn procedure_row(
        &self,
        sql: &str,
        params: &[&dyn rusqlite::ToSql],
    ) -> Result<Option<ProcedureRow>> {
        let found: Option<(String, String)> = self
            .connection()
            .prepare_cached(sql)?
            .query_row(params, |r| Ok((r.get(0)?, r.get(1)?)))
            .optional()?;
        found
            .map(|(doc, version)| {
                Ok(ProcedureRow {
                    procedure: serde_json::from_str(&doc)?,
                    version,
                })
            })
            .transpose()
    }

    /// Every procedure in force on a day.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn procedures(&self, on: NaiveDate) -> Result<Vec<ProcedureRow>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT doc, version FROM (
               SELECT doc, version, code, row_number() OVER (PARTITION BY code ORDER BY effective_from DESC, ord DESC) AS nth
               FROM procedure WHERE effective_from <= ?1
             ) WHERE nth = 1 ORDER BY code",
        )?;
        let mut rows = statement.query([on.to_string()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let doc: String = row.get(0)?;
            found.push(ProcedureRow {
                procedure: serde_json::from_str(&doc)?,
                version: row.get(1)?,
            });
        }
        Ok(found)
    }

    /// How many procedures the catalogue has.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn procedure_count(&self) -> Result<u32> {
        Ok(self
            .connection()
            .prepare_cached("SELECT count(DISTINCT code) FROM procedure")?
            .query_row([], |r| r.get(0))?)
    }
}
