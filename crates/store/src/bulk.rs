//! Filling a store with a history, for benchmarks only (feature `bulk`): many events in one
//! transaction and without waiting for the disk, each entity projected once. Chain, projections
//! and numbers come out of the same code as ever, so that `verify` holds on the result.

use std::sync::MutexGuard;

use chrono::NaiveDate;
use motcua_protocol::event::{Body, Header};
use uuid::Uuid;

use crate::{
    clock::{Corrected, Moment},
    error::Result,
    log,
    open::{Store, Writer},
    project,
    table::meta,
};

/// Events between two commits.
const BATCH: u32 = 50_000;

/// A store being filled. What is written counts once [`Bulk::finish`] has returned.
#[derive(Debug)]
pub struct Bulk<'a> {
    writer: MutexGuard<'a, Writer>,
    device: Uuid,
    seq: u64,
    prev: [u8; 32],
    pending: u32,
    last: Option<(NaiveDate, Moment)>,
}

impl Store {
    /// Begins to fill the store.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn bulk(&self) -> Result<Bulk<'_>> {
        let writer = self.writer();
        writer.connection.execute_batch(
            "PRAGMA synchronous=OFF; PRAGMA cache_size=-524288; PRAGMA wal_autocheckpoint=20000; BEGIN IMMEDIATE;",
        )?;
        let (seq, prev) = log::head_of(&writer.connection, self.device, writer.epoch)?
            .map_or((0, [0; 32]), |head| (head.seq, head.hash));
        Ok(Bulk {
            writer,
            device: self.device,
            seq,
            prev,
            pending: 0,
            last: None,
        })
    }
}

impl Bulk<'_> {
    /// Appends an event; its entity is to be projected once it has all of its events.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn append(
        &mut self,
        entity: Uuid,
        body: &Body,
        actor: &str,
        date: NaiveDate,
        moment: Moment,
    ) -> Result<()> {
        let (kind, bytes) = body.encode()?;
        self.seq += 1;
        let header = Header {
            device: self.device,
            epoch: self.writer.epoch,
            seq: self.seq,
            event_id: Uuid::now_v7(),
            entity,
            kind,
            kind_v: 1,
            actor: actor.to_owned(),
            command_id: Uuid::now_v7(),
            business_date: date,
            wall_ms: moment.wall_ms,
            boot: moment.boot,
            mono_ms: moment.mono_ms,
            skew_ms: 0,
            deps: Vec::new(),
        };
        let salt = *Uuid::new_v4().as_bytes();
        (self.prev, _) = log::append(&self.writer.connection, &header, &salt, &bytes, &self.prev)?;
        self.pending += 1;
        self.last = Some((date, moment));
        Ok(())
    }

    /// Projects an entity that has all of its events.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn project(&mut self, entity: Uuid) -> Result<()> {
        project::entity(&self.writer.connection, entity)?;
        if self.pending >= BATCH {
            self.pending = 0;
            self.writer
                .connection
                .execute_batch("COMMIT; BEGIN IMMEDIATE;")?;
        }
        Ok(())
    }

    /// Commits, and brings everything to the disk.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn finish(mut self) -> Result<()> {
        if let Some((date, moment)) = self.last {
            meta::set(
                &self.writer.connection,
                meta::BUSINESS_DATE,
                &date.to_string(),
            )?;
            self.writer.clock = Corrected::after(moment.wall_ms);
        }
        self.writer.connection.execute_batch(
            "COMMIT; PRAGMA synchronous=FULL; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA cache_size=-8192; PRAGMA wal_autocheckpoint=1000;",
        )?;
        Ok(())
    }
}
