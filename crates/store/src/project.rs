//! From the events of an entity to its rows.
//!
//! A projection is a function of the set of an entity's events: the events are ordered, folded,
//! and the rows written. Commands, rebuild and verification all come through here, so they
//! cannot disagree.

use motcua_domain::{
    case::{Case, CaseEvent},
    visit::{Recorded, Stamp, Visit, VisitEvent},
};
use motcua_protocol::event::{Body, BranchEvent};
use rusqlite::Connection;
use uuid::Uuid;

use crate::{
    error::Result,
    log::{self, Stored},
    order,
    table::{self, Row},
};

/// Writes the rows of one entity anew.
///
/// # Errors
/// Faults of the disk; `STORE_DAMAGED` for a body that cannot be read.
pub fn entity(connection: &Connection, entity: Uuid) -> Result<()> {
    parking(connection, entity).map(|_| ())
}

/// The same; answers the events that had to be left out because something before them is missing.
pub(crate) fn parking(connection: &Connection, entity: Uuid) -> Result<Vec<Uuid>> {
    let (rows, parked) = rows(connection, entity, log::of_entity(connection, entity)?)?;
    table::replace(connection, entity, &rows)?;
    Ok(parked)
}

/// The rows that an entity's events make, and the events that have no place in it yet.
pub(crate) fn rows(
    connection: &Connection,
    entity: Uuid,
    events: Vec<Stored>,
) -> Result<(Vec<Row>, Vec<Uuid>)> {
    // The smallest position: the order of reception in this file, whatever came later.
    let row = events.iter().map(|e| e.pos).min().unwrap_or(0);
    let mut visit: Vec<Recorded<VisitEvent>> = Vec::new();
    let mut case: Vec<Recorded<CaseEvent>> = Vec::new();
    let mut branch: Vec<Recorded<BranchEvent>> = Vec::new();
    let mut dates = Vec::new();
    let ordered = order::causal(connection, events)?;
    let parked = ordered.parked.iter().map(|e| e.header.event_id).collect();
    for event in ordered.placed {
        let stamp = Stamp {
            wall_ms: event.header.wall_ms,
            boot: event.header.boot,
            mono_ms: event.header.mono_ms,
            actor: event.header.actor.clone(),
        };
        match Body::decode(&event.header.kind, &event.body) {
            Some(Body::Visit(event)) => visit.push(Recorded { stamp, event }),
            Some(Body::Case(event)) => case.push(Recorded { stamp, event }),
            Some(Body::Branch(e)) => {
                dates.push(event.header.business_date);
                branch.push(Recorded { stamp, event: e });
            }
            // A kind of a newer version: kept in the log, not applied here.
            None => tracing::warn!(
                kind = event.header.kind,
                "event of an unknown kind kept, not applied"
            ),
        }
    }
    let mut rows = Vec::new();
    if let Some(visit) = Visit::fold(&visit) {
        table::visit::rows(entity, row, &visit, &mut rows)?;
    // An id is a visit's or a case's, never both; who says otherwise is not followed.
    } else if let Some(case) = Case::fold(&case) {
        table::case::rows(entity, row, &case, &mut rows)?;
    }
    table::branch::rows(entity, &branch, &dates, &mut rows)?;
    Ok((rows, parked))
}

/// Every projection anew from the log.
pub(crate) fn rebuild(connection: &Connection) -> Result<usize> {
    table::clear(connection)?;
    crate::fork::rebuild(connection)?;
    let all = log::entities(connection)?;
    for id in &all {
        entity(connection, *id)?;
    }
    Ok(all.len())
}
