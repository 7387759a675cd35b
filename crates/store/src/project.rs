//! From the events of an entity to its rows.
//!
//! A projection is a function of the set of an entity's events: the events are ordered, folded,
//! and the rows written. Rebuild, verification and the logs of others fold an entity whole; a
//! command carries on what is there by its one event, through the same `apply`.

use std::sync::Arc;

use motcua_domain::{
    case::Case,
    visit::{Recorded, Visit},
};
use motcua_protocol::{
    event::{Body, Header},
    fold::{fold, stamp},
};
use rusqlite::Connection;
use uuid::Uuid;

use crate::{
    error::Result,
    log::{self, Stored},
    order,
    read::Read,
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

/// Carries an entity on by an event of this device that has just been appended.
///
/// Such an event has seen everything that is stored of its entity, so it comes last in the one
/// order, and what the whole fold would give is what was there, changed by it. Where that cannot
/// be relied on, the entity is folded whole.
pub(crate) fn extend(read: &Read<'_>, header: &Header, pos: u64, body: &Body) -> Result<()> {
    let (connection, id) = (read.connection(), header.entity);
    let begun = log::begun(connection, header)?;
    if !begun.last || !crate::ingest::parked_of(connection, id)?.is_empty() {
        return entity(connection, id);
    }
    let stamp = stamp(header);
    let (mut old, mut new) = (Vec::new(), Vec::new());
    match body {
        Body::Branch(_) | Body::Counter(_) => return entity(connection, id),
        Body::Visit(event) => {
            let event = Recorded {
                stamp,
                event: event.clone(),
            };
            let before = read.visit(id)?;
            let after = match &before {
                Some(before) => {
                    let mut after = Visit::clone(before);
                    after.apply(&event);
                    Some(after)
                }
                None if begun.pos == pos => Visit::fold([&event]),
                None => None,
            };
            let Some(after) = after.map(Arc::new) else {
                return entity(connection, id);
            };
            if let Some(before) = &before {
                table::visit::rows(id, begun.pos, before, &mut old)?;
            }
            table::visit::rows(id, begun.pos, &after, &mut new)?;
            table::visit::remember(read.memo(), id, &new, &after);
        }
        Body::Case(event) => {
            let event = Recorded {
                stamp,
                event: event.clone(),
            };
            let before = read.case(id)?.map(|row| row.case);
            let after = match &before {
                Some(before) => {
                    let mut after = before.clone();
                    after.apply(&event);
                    Some(after)
                }
                None if begun.pos == pos => Case::fold([&event]),
                None => None,
            };
            let Some(after) = after else {
                return entity(connection, id);
            };
            if let Some(before) = &before {
                table::case::rows(id, begun.pos, before, &mut old)?;
            }
            table::case::rows(id, begun.pos, &after, &mut new)?;
        }
    }
    if table::change(connection, &old, &new)? {
        Ok(())
    } else {
        entity(connection, id)
    }
}

/// The rows that an entity's events make, and the events that have no place in it yet.
pub(crate) fn rows(
    connection: &Connection,
    entity: Uuid,
    events: Vec<Stored>,
) -> Result<(Vec<Row>, Vec<Uuid>)> {
    // The smallest position: the order of reception in this file, whatever came later.
    let row = events.iter().map(|e| e.pos).min().unwrap_or(0);
    let ordered = order::causal(connection, events)?;
    let parked = ordered.parked.iter().map(|e| e.header.event_id).collect();
    let folded = fold(
        ordered.placed.iter().map(|e| (&e.header, &e.body[..])),
        ordered.seen.as_deref(),
    );
    for kind in &folded.unknown {
        tracing::warn!(kind, "event of an unknown kind kept, not applied");
    }
    let mut rows = Vec::new();
    if let Some(visit) = &folded.visit {
        table::visit::rows(entity, row, visit, &mut rows)?;
    } else if let Some(case) = &folded.case {
        table::case::rows(entity, row, case, &mut rows)?;
    }
    if let Some(day) = &folded.counter {
        table::counter::rows(entity, day, &mut rows)?;
    }
    let (branch, dates): (Vec<_>, Vec<_>) = folded.branch.into_iter().unzip();
    table::branch::rows(entity, &branch, &dates, &mut rows)?;
    Ok((rows, parked))
}

/// The visits and the branch document anew from the log: a newer program tells more about them
/// than the one that wrote their rows.
pub(crate) fn refold(connection: &Connection) -> Result<()> {
    let entities: Vec<Uuid> = connection
        .prepare("SELECT entity FROM visit UNION ALL SELECT entity FROM branch")?
        .query_map([], |r| log::uuid(r, 0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in entities {
        entity(connection, id)?;
    }
    Ok(())
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
