//! The one order of an entity's events, over this file: [`motcua_protocol::order`] sorts, the file
//! knows which epochs went two ways.

use motcua_protocol::order::{self, Ordered};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use crate::{error::Result, log::Stored};

/// Up to where an epoch counts whose history went two ways.
pub(crate) fn closed_at(connection: &Connection, device: Uuid, epoch: u32) -> Result<Option<u64>> {
    Ok(connection
        .prepare_cached("SELECT seq FROM epoch_closed WHERE device = ?1 AND epoch = ?2")?
        .query_row(rusqlite::params![device.as_bytes(), epoch], |r| r.get(0))
        .optional()?)
}

/// Sorts the events of one entity.
pub(crate) fn causal(connection: &Connection, events: Vec<Stored>) -> Result<Ordered<Stored>> {
    order::causal(events, |device, epoch| closed_at(connection, device, epoch))
}
