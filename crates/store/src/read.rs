//! A consistent look at the store; cannot write, by type.

use motcua_domain::visit::{Registered, VisitEvent};
use motcua_protocol::event::Body;
use rusqlite::Connection;
use uuid::Uuid;

use crate::{
    error::Result,
    log::{self, Stored},
    memo::Memo,
    order,
};

/// A read transaction, or the state inside a write transaction.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a> {
    connection: &'a Connection,
    memo: &'a Memo,
}

impl<'a> Read<'a> {
    pub(crate) fn new(connection: &'a Connection, memo: &'a Memo) -> Self {
        Self { connection, memo }
    }

    pub(crate) fn memo(&self) -> &'a Memo {
        self.memo
    }

    pub(crate) fn connection(&self) -> &'a Connection {
        self.connection
    }

    /// The events of an entity, in the order in which they are folded.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn events_of(&self, entity: Uuid) -> Result<Vec<Stored>> {
        let events = log::of_entity(self.connection, entity)?;
        Ok(order::causal(self.connection, events)?.placed)
    }

    /// Every registration that was done for a command, and by which device: more than one where a
    /// hub did it, its answer was lost, and the counter did it alone or had another hub do it.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn registered_by(&self, command_id: Uuid) -> Result<Vec<(Uuid, Uuid, Registered)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT entity, device, body FROM event WHERE command_id = ?1 AND kind = 'visit.registered' ORDER BY pos",
        )?;
        let mut rows = statement.query([command_id.as_bytes()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let body: Vec<u8> = row.get(2)?;
            if let Some(Body::Visit(VisitEvent::Registered(registered))) =
                Body::decode("visit.registered", &body)
            {
                found.push((log::uuid(row, 0)?, log::uuid(row, 1)?, registered));
            }
        }
        Ok(found)
    }
}
