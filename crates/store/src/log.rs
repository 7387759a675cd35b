//! Rows of the event table: appending in a chain, reading back.

use motcua_protocol::event::{Header, body_hash};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use uuid::Uuid;

use crate::{database::damaged, error::Result};

/// An event as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Order of arrival in this file.
    pub pos: u64,
    /// Header.
    pub header: Header,
    /// Salt of the body's hash.
    pub salt: Vec<u8>,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// Hash of salt and body.
    pub body_hash: [u8; 32],
    /// Hash before.
    pub prev_hash: [u8; 32],
    /// Hash of this event.
    pub hash: [u8; 32],
}

impl AsRef<Header> for Stored {
    fn as_ref(&self) -> &Header {
        &self.header
    }
}

/// The end of a device's log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) epoch: u32,
    pub(crate) seq: u64,
    pub(crate) hash: [u8; 32],
}

pub(crate) const COLUMNS: &str = "pos, device, epoch, seq, event_id, entity, kind, kind_v, actor, command_id, business_date, wall_ms, boot, mono_ms, skew_ms, deps, salt, body, body_hash, prev_hash, hash";

pub(crate) fn head(connection: &Connection, device: Uuid) -> Result<Option<Head>> {
    Ok(connection
        .prepare_cached("SELECT epoch, seq, hash FROM event WHERE device = ?1 ORDER BY epoch DESC, seq DESC LIMIT 1")?
        .query_row([device.as_bytes()], |r| Ok(Head { epoch: r.get(0)?, seq: r.get(1)?, hash: r.get(2)? }))
        .optional()?)
}

/// The end of one epoch of a device's log.
pub(crate) fn head_of(connection: &Connection, device: Uuid, epoch: u32) -> Result<Option<Head>> {
    Ok(connection
        .prepare_cached("SELECT epoch, seq, hash FROM event WHERE device = ?1 AND epoch = ?2 ORDER BY seq DESC LIMIT 1")?
        .query_row(rusqlite::params![device.as_bytes(), epoch], |r| Ok(Head { epoch: r.get(0)?, seq: r.get(1)?, hash: r.get(2)? }))
        .optional()?)
}

/// Whether an event with that hash stands in an earlier epoch of the device.
pub(crate) fn has_before(
    connection: &Connection,
    device: Uuid,
    epoch: u32,
    hash: &[u8; 32],
) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS(SELECT 1 FROM event WHERE device = ?1 AND epoch < ?2 AND hash = ?3)",
        )?
        .query_row(rusqlite::params![device.as_bytes(), epoch, hash], |r| {
            r.get(0)
        })?)
}

pub(crate) fn last_pos(connection: &Connection) -> Result<u64> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(pos), 0) FROM event")?
        .query_row([], |r| r.get(0))?)
}

pub(crate) fn last_wall(connection: &Connection, device: Uuid) -> Result<Option<i64>> {
    Ok(connection
        .prepare_cached(
            "SELECT wall_ms FROM event WHERE device = ?1 ORDER BY epoch DESC, seq DESC LIMIT 1",
        )?
        .query_row([device.as_bytes()], |r| r.get(0))
        .optional()?)
}

/// Adds an event at the end of its device's epoch; the caller has set everything but the chain.
pub(crate) fn append(
    connection: &Connection,
    header: &Header,
    salt: &[u8],
    body: &[u8],
    prev: &[u8; 32],
) -> Result<([u8; 32], i64)> {
    let body_hash = body_hash(salt, body);
    let hash = header.hash(prev, &body_hash);
    connection
        .prepare_cached(
            "INSERT INTO event(device, epoch, seq, event_id, entity, kind, kind_v, actor, command_id, business_date, wall_ms, boot, mono_ms, skew_ms, deps, salt, body, body_hash, prev_hash, hash)
             VALUES(:device, :epoch, :seq, :event_id, :entity, :kind, :kind_v, :actor, :command_id, :business_date, :wall_ms, :boot, :mono_ms, :skew_ms, :deps, :salt, :body, :body_hash, :prev_hash, :hash)",
        )?
        .execute(named_params! {
            ":device": header.device.as_bytes(),
            ":epoch": header.epoch,
            ":seq": header.seq,
            ":event_id": header.event_id.as_bytes(),
            ":entity": header.entity.as_bytes(),
            ":kind": header.kind,
            ":kind_v": header.kind_v,
            ":actor": header.actor,
            ":command_id": header.command_id.as_bytes(),
            ":business_date": header.business_date.to_string(),
            ":wall_ms": header.wall_ms,
            ":boot": header.boot.as_bytes(),
            ":mono_ms": header.mono_ms,
            ":skew_ms": header.skew_ms,
            ":deps": header.dep_bytes(),
            ":salt": salt,
            ":body": body,
            ":body_hash": body_hash,
            ":prev_hash": prev,
            ":hash": hash,
        })?;
    Ok((hash, connection.last_insert_rowid()))
}

pub(crate) fn of_entity(connection: &Connection, entity: Uuid) -> Result<Vec<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM event WHERE entity = ?1 ORDER BY pos");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([entity.as_bytes()])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(stored(row)?);
    }
    Ok(events)
}

/// How an entity stands when an event is appended to it.
pub(crate) struct Begun {
    /// Where it began in this file.
    pub(crate) pos: u64,
    /// Whether the event is the last one in the one order: another copy of this device may have
    /// written in a later epoch, and such events come after.
    pub(crate) last: bool,
}

pub(crate) fn begun(connection: &Connection, header: &Header) -> Result<Begun> {
    Ok(connection
        .prepare_cached(
            "SELECT min(pos), max(device = ?2 AND epoch > ?3) FROM event WHERE entity = ?1",
        )?
        .query_row(
            rusqlite::params![
                header.entity.as_bytes(),
                header.device.as_bytes(),
                header.epoch
            ],
            |r| {
                Ok(Begun {
                    pos: r.get(0)?,
                    last: !r.get::<_, bool>(1)?,
                })
            },
        )?)
}

/// Every event of the file in order of device, epoch and sequence.
pub(crate) fn scan(
    connection: &Connection,
    mut each: impl FnMut(Stored) -> Result<()>,
) -> Result<()> {
    let sql = format!("SELECT {COLUMNS} FROM event ORDER BY device, epoch, seq");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        each(stored(row)?)?;
    }
    Ok(())
}

/// The last events of a device, oldest first.
pub(crate) fn tail(connection: &Connection, device: Uuid, count: u32) -> Result<Vec<Stored>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM event WHERE device = ?1 ORDER BY epoch DESC, seq DESC LIMIT ?2"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(rusqlite::params![device.as_bytes(), count])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(stored(row)?);
    }
    events.reverse();
    Ok(events)
}

pub(crate) fn entities(connection: &Connection) -> Result<Vec<Uuid>> {
    let mut statement =
        connection.prepare("SELECT entity FROM event GROUP BY entity ORDER BY min(pos)")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(uuid(row, 0)?);
    }
    Ok(all)
}

pub(crate) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    Ok(Uuid::from_bytes(row.get(column)?))
}

pub(crate) fn stored(row: &Row<'_>) -> Result<Stored> {
    let deps: Vec<u8> = row.get(15)?;
    let date: String = row.get(10)?;
    Ok(Stored {
        pos: row.get(0)?,
        header: Header {
            device: uuid(row, 1)?,
            epoch: row.get(2)?,
            seq: row.get(3)?,
            event_id: uuid(row, 4)?,
            entity: uuid(row, 5)?,
            kind: row.get(6)?,
            kind_v: row.get(7)?,
            actor: row.get(8)?,
            command_id: uuid(row, 9)?,
            business_date: date.parse().map_err(|_| damaged())?,
            wall_ms: row.get(11)?,
            boot: uuid(row, 12)?,
            mono_ms: row.get(13)?,
            skew_ms: row.get(14)?,
            deps: Header::deps_from(&deps).ok_or_else(damaged)?,
        },
        salt: row.get(16)?,
        body: row.get(17)?,
        body_hash: row.get(18)?,
        prev_hash: row.get(19)?,
        hash: row.get(20)?,
    })
}
