//! Filling a store with a history, for benchmarks only (feature `bulk`): many events in one
//! transaction and without waiting for the disk, each entity projected once out of events that
//! are still at hand, indexes built when all is there. Chain, projections and numbers come out of
//! the same code as ever, so that `verify` holds on the result.

use std::{collections::HashMap, sync::MutexGuard};

use chrono::NaiveDate;
use motcua_protocol::event::{Body, Header, body_hash};
use rusqlite::Connection;
use uuid::Uuid;

use crate::{
    checkpoint,
    clock::{Corrected, Moment},
    error::Result,
    log::{self, Stored},
    open::{Store, Writer},
    project,
    table::{self, meta},
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
    /// Events of entities that are not projected yet.
    open: HashMap<Uuid, Vec<Stored>>,
    /// What makes the indexes that were taken away.
    indexes: Vec<String>,
}

impl Store {
    /// Begins to fill the store with entities that it does not have.
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
        let indexes = take_indexes(&writer.connection)?;
        // Larger pieces of text index, so that they need less joining; the usual size comes back.
        search_pieces(&writer.connection, 64 << 20)?;
        Ok(Bulk {
            writer,
            device: self.device,
            seq,
            prev,
            pending: 0,
            last: None,
            open: HashMap::new(),
            indexes,
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
        let prev_hash = self.prev;
        let (hash, pos) = log::append(&self.writer.connection, &header, &salt, &bytes, &prev_hash)?;
        self.prev = hash;
        self.open.entry(entity).or_default().push(Stored {
            pos: pos.unsigned_abs(),
            body_hash: body_hash(&salt, &bytes),
            header,
            salt: salt.to_vec(),
            body: bytes,
            prev_hash,
            hash,
        });
        self.pending += 1;
        self.last = Some((date, moment));
        Ok(())
    }

    /// Projects an entity that has all of its events.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn project(&mut self, entity: Uuid) -> Result<()> {
        let connection = &self.writer.connection;
        let events = self.open.remove(&entity).unwrap_or_default();
        let (rows, _) = project::rows(connection, entity, events)?;
        // It is new here: there are no rows that these replace.
        table::change(connection, &[], &rows)?;
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
        search_pieces(&self.writer.connection, 1 << 20)?;
        for index in &self.indexes {
            self.writer.connection.execute_batch(index)?;
        }
        self.writer.connection.execute_batch(
            "COMMIT; PRAGMA synchronous=FULL; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA cache_size=-8192;",
        )?;
        (self.writer.connection).pragma_update(
            None,
            "wal_autocheckpoint",
            checkpoint::AT_LATEST_PAGES,
        )?;
        Ok(())
    }
}

/// Takes away the indexes that only speed up questions; answers what makes them again. Those that
/// keep something from being there twice stay.
fn take_indexes(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql LIKE 'CREATE INDEX%' ORDER BY rowid",
    )?;
    let found: Vec<(String, String)> = statement
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (name, _) in &found {
        connection.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    Ok(found.into_iter().map(|(_, sql)| sql).collect())
}

/// How much text index is gathered in memory before a piece of it is written.
fn search_pieces(connection: &Connection, bytes: u32) -> Result<()> {
    for (index, _) in table::ALL.iter().filter_map(|t| t.search) {
        connection.execute_batch(&format!(
            "INSERT INTO {index}({index}, rank) VALUES('hashsize', {bytes})"
        ))?;
    }
    Ok(())
}
