//! What this store knows of its peers: how far they have its logs, how far it has read theirs,
//! and which events wait, here or there.

use motcua_protocol::sync::{Hash, LogHead, Status, Verdict};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::{error::Result, log, open::Store};

/// What is known of a peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeerState {
    /// Its history, as it named it last.
    pub server_epoch: Option<String>,
    /// How far its feed was read, in its own terms.
    pub cursor: u64,
    /// What it said last that it has. A hint; it is asked anew in each session.
    pub heads: Vec<LogHead>,
    /// Events that wait for a person there.
    pub quarantined: u64,
}

fn name(status: Status) -> &'static str {
    match status {
        Status::Applied => "applied",
        Status::Duplicate => "duplicate",
        Status::DuplicateOf => "duplicate_of",
        Status::Parked => "parked",
        Status::Quarantined => "quarantined",
    }
}

pub(crate) fn note(
    connection: &Connection,
    peer: &str,
    event_id: Uuid,
    status: Status,
    code: Option<&str>,
    now_ms: i64,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO verdict(event_id, peer, status, code, at_ms) VALUES(?1, ?2, ?3, ?4, ?5)
             ON CONFLICT(event_id, peer) DO UPDATE SET status = excluded.status, code = excluded.code, at_ms = excluded.at_ms",
        )?
        .execute(params![event_id.as_bytes(), peer, name(status), code, now_ms])?;
    Ok(())
}

/// Whether any event here waits for others.
pub(crate) fn any_waiting(connection: &Connection) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS(SELECT 1 FROM verdict WHERE peer = '' AND status = 'parked')",
        )?
        .query_row([], |r| r.get(0))?)
}

/// Forgets that events of an entity wait; whoever still does is noted again.
pub(crate) fn no_longer_waits(connection: &Connection, entity: Uuid) -> Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM verdict WHERE peer = '' AND status = 'parked' AND code = 'DEPS'
             AND event_id IN (SELECT event_id FROM event WHERE entity = ?1)",
        )?
        .execute([entity.as_bytes()])?;
    Ok(())
}

pub(crate) fn set_cursor(
    connection: &Connection,
    peer: &str,
    server_epoch: &str,
    cursor: u64,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO peer(peer, server_epoch, cursor) VALUES(?1, ?2, ?3)
             ON CONFLICT(peer) DO UPDATE SET server_epoch = excluded.server_epoch, cursor = excluded.cursor",
        )?
        .execute(params![peer, server_epoch, cursor])?;
    Ok(())
}

impl Store {
    /// What is known of a peer.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn peer(&self, peer: &str) -> Result<PeerState> {
        self.read(|read| {
            let connection = read.connection();
            let known: Option<(String, u64)> = connection
                .prepare_cached("SELECT server_epoch, cursor FROM peer WHERE peer = ?1")?
                .query_row([peer], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()?;
            let mut state = PeerState::default();
            if let Some((server_epoch, cursor)) = known {
                (state.server_epoch, state.cursor) = (Some(server_epoch), cursor);
            }
            let mut statement = connection.prepare_cached(
                "SELECT device, epoch, seq, hash FROM peer_head WHERE peer = ?1 ORDER BY device, epoch",
            )?;
            let mut rows = statement.query([peer])?;
            while let Some(row) = rows.next()? {
                state.heads.push(LogHead {
                    device: log::uuid(row, 0)?,
                    head: motcua_protocol::sync::EpochHead {
                        epoch: row.get(1)?,
                        seq: row.get(2)?,
                        hash: Hash(row.get(3)?),
                    },
                });
            }
            state.quarantined = connection
                .prepare_cached("SELECT count(*) FROM verdict WHERE peer = ?1 AND status = 'quarantined'")?
                .query_row([peer], |r| r.get(0))?;
            Ok(state)
        })
    }

    /// Events of a device that wait for a person here.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn quarantined_of(&self, device: Uuid) -> Result<u64> {
        self.read(|read| {
            Ok(read
                .connection()
                .prepare_cached(
                    "SELECT count(*) FROM verdict v JOIN event e ON e.event_id = v.event_id
                     WHERE v.peer = '' AND v.status = 'quarantined' AND e.device = ?1",
                )?
                .query_row([device.as_bytes()], |r| r.get(0))?)
        })
    }

    /// Keeps what a peer has said: heads that it has, and what became of events there.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn note_peer(
        &self,
        peer: &str,
        heads: &[LogHead],
        verdicts: &[Verdict],
        now_ms: i64,
    ) -> Result<()> {
        let mut writer = self.writer();
        let tx = writer.connection.transaction()?;
        for LogHead { device, head } in heads {
            tx.prepare_cached(
                "INSERT INTO peer_head(peer, device, epoch, seq, hash) VALUES(?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT(peer, device, epoch) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            )?
            .execute(params![peer, device.as_bytes(), head.epoch, head.seq, head.hash.0])?;
        }
        for verdict in verdicts {
            match verdict.status {
                Status::Parked | Status::Quarantined => note(
                    &tx,
                    peer,
                    verdict.event_id,
                    verdict.status,
                    verdict.code.as_deref(),
                    now_ms,
                )?,
                Status::Applied | Status::Duplicate | Status::DuplicateOf => {}
            }
        }
        tx.commit()?;
        Ok(())
    }
}
