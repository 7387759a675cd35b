//! What this store knows of its peers: how far they have its logs, how far it has read theirs,
//! and which events wait, here or there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use motcua_protocol::{
    event::Header,
    sync::{Hash, Held, LogHead, Status, Verdict},
};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::{error::Result, log, open::Store, table::meta};

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

/// A record of ours that a peer has stored and holds back.
#[derive(Debug, Clone)]
pub struct HeldRecord {
    /// The record, as it stands here.
    pub header: Header,
    /// Its body.
    pub body: Vec<u8>,
    /// Whether it waits for a person; else it waits for other records.
    pub quarantined: bool,
    /// Why, as the peer named it.
    pub code: String,
    /// The field that it could not read.
    pub field: Option<String>,
    /// Whether it is held back above the peer, who passes that on.
    pub above: bool,
    /// When that was first heard, UTC milliseconds.
    pub since_ms: i64,
}

/// Records of one day that a peer does not have yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaitingDay {
    /// Visits of which something waits.
    pub visits: BTreeSet<Uuid>,
    /// Cases of which something waits.
    pub cases: BTreeSet<Uuid>,
    /// Events of anything else.
    pub other: u64,
    /// Events in all.
    pub events: u64,
}

/// Code, field and whether it is held above stand in one column: the field behind a blank, what is
/// above behind an arrow.
fn column(held: &Held) -> String {
    let above = if held.above { ABOVE } else { "" };
    match &held.field {
        Some(field) => format!("{above}{} {field}", held.code),
        None => format!("{above}{}", held.code),
    }
}

/// Stands before a code that is held back above the peer.
const ABOVE: &str = "^";

fn done_key(peer: &str) -> String {
    format!("peer.{peer}.done_ms")
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

/// Takes a verdict back.
pub(crate) fn withdraw(connection: &Connection, peer: &str, event_id: Uuid) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM verdict WHERE peer = ?1 AND event_id = ?2")?
        .execute(params![peer, event_id.as_bytes()])?;
    Ok(())
}

/// Notes that an event waits for others. What is held back for itself stays so: else it would be
/// forgotten together with the waiting.
pub(crate) fn note_waiting(connection: &Connection, event_id: Uuid, now_ms: i64) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO verdict(event_id, peer, status, code, at_ms) VALUES(?1, '', 'parked', 'DEPS', ?2)
             ON CONFLICT(event_id, peer) DO NOTHING",
        )?
        .execute(params![event_id.as_bytes(), now_ms])?;
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

/// Entities of which something waits for others.
pub(crate) fn waiting_entities(connection: &Connection) -> Result<Vec<Uuid>> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT e.entity FROM verdict v JOIN event e ON e.event_id = v.event_id
         WHERE v.peer = '' AND v.status = 'parked' AND v.code = 'DEPS'",
    )?;
    let mut rows = statement.query([])?;
    let mut entities = Vec::new();
    while let Some(row) = rows.next()? {
        entities.push(log::uuid(row, 0)?);
    }
    Ok(entities)
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

    /// Keeps all that a peer holds back; what is not among it is held no longer. Where nothing has
    /// changed nothing is written.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn note_held(&self, peer: &str, held: &[Held], now_ms: i64) -> Result<()> {
        let told: HashMap<Uuid, (Status, String)> = held
            .iter()
            .map(|h| (h.event_id, (h.status, column(h))))
            .collect();
        let known: HashMap<Uuid, (String, Option<String>)> = self.read(|read| {
            let mut statement = read
                .connection()
                .prepare_cached("SELECT event_id, status, code FROM verdict WHERE peer = ?1")?;
            let rows =
                statement.query_map([peer], |r| Ok((log::uuid(r, 0)?, (r.get(1)?, r.get(2)?))))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })?;
        let same = |(id, (status, code)): (&Uuid, &(Status, String))| {
            known
                .get(id)
                .is_some_and(|(s, c)| s == name(*status) && c.as_deref() == Some(code))
        };
        if known.len() == told.len() && told.iter().all(same) {
            return Ok(());
        }
        let mut writer = self.writer();
        let tx = writer.connection.transaction()?;
        for id in known.keys().filter(|id| !told.contains_key(*id)) {
            withdraw(&tx, peer, *id)?;
        }
        for (id, (status, code)) in told.iter().filter(|t| !same(*t)) {
            note(&tx, peer, *id, *status, Some(code), now_ms)?;
        }
        tx.commit()?;
        Ok(())
    }

    /// What this store itself holds back of a device's events, or of all.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn held_here(&self, device: Option<Uuid>) -> Result<Vec<Held>> {
        self.held_of("", device)
    }

    /// The same with what a peer above this store holds back of them.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn held_here_and_above(&self, above: &str, device: Option<Uuid>) -> Result<Vec<Held>> {
        let mut held = self.held_here(device)?;
        let here: BTreeSet<Uuid> = held.iter().map(|h| h.event_id).collect();
        let there = self.held_of(above, device)?.into_iter();
        held.extend(
            there
                .filter(|h| !here.contains(&h.event_id))
                .map(|h| Held { above: true, ..h }),
        );
        held.truncate(Held::MOST);
        Ok(held)
    }

    fn held_of(&self, peer: &str, device: Option<Uuid>) -> Result<Vec<Held>> {
        let held = self.held_by(peer)?.into_iter();
        Ok(held
            .filter(|record| device.is_none_or(|device| record.header.device == device))
            .map(|record| Held {
                event_id: record.header.event_id,
                status: match record.quarantined {
                    true => Status::Quarantined,
                    false => Status::Parked,
                },
                code: record.code,
                field: record.field,
                above: record.above,
            })
            .collect())
    }

    /// Records that a peer holds back, the longest first.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn held_by(&self, peer: &str) -> Result<Vec<HeldRecord>> {
        self.read(|read| {
            let columns: Vec<String> = log::COLUMNS.split(", ").map(|c| format!("e.{c}")).collect();
            // One that was written again in a later epoch stands twice under its id.
            let sql = format!(
                "SELECT {}, v.status, v.code, v.at_ms FROM verdict v JOIN event e ON e.pos =
                   (SELECT min(pos) FROM event WHERE event_id = v.event_id)
                 WHERE v.peer = ?1 AND v.status IN ('parked', 'quarantined')
                 ORDER BY v.at_ms, e.pos LIMIT ?2",
                columns.join(", ")
            );
            let mut statement = read.connection().prepare_cached(&sql)?;
            let mut rows = statement.query(params![peer, Held::MOST as u64])?;
            let mut held = Vec::new();
            while let Some(row) = rows.next()? {
                let stored = log::stored(row)?;
                let at = columns.len();
                let status: String = row.get(at)?;
                let code: Option<String> = row.get(at + 1)?;
                let code = code.unwrap_or_default();
                let (above, code) = match code.strip_prefix(ABOVE) {
                    Some(code) => (true, code.to_owned()),
                    None => (false, code),
                };
                let (code, field) = match code.split_once(' ') {
                    Some((code, field)) => (code.to_owned(), Some(field.to_owned())),
                    None => (code, None),
                };
                held.push(HeldRecord {
                    header: stored.header,
                    body: stored.body,
                    quarantined: status == name(Status::Quarantined),
                    code,
                    field,
                    above,
                    since_ms: row.get(at + 2)?,
                });
            }
            Ok(held)
        })
    }

    /// What waits of a log behind a place, by day, among its last `most` events. `once`: without
    /// what was written again in a later epoch.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn waiting_of(
        &self,
        log: &LogHead,
        after: u64,
        most: u64,
        once: bool,
        days: &mut BTreeMap<NaiveDate, WaitingDay>,
    ) -> Result<()> {
        let only = if once {
            "AND NOT EXISTS(SELECT 1 FROM event AS later WHERE later.event_id = e.event_id
                            AND later.device = e.device AND later.epoch > e.epoch)"
        } else {
            ""
        };
        let sql = format!(
            "SELECT business_date, substr(kind, 1, instr(kind, '.') - 1) AS family, entity, count(*)
             FROM event AS e WHERE device = ?1 AND epoch = ?2 AND seq > ?3 {only} GROUP BY 1, 2, 3"
        );
        let from = after.max(log.head.seq.saturating_sub(most));
        self.read(|read| {
            let mut statement = read.connection().prepare_cached(&sql)?;
            let mut rows = statement.query(params![log.device.as_bytes(), log.head.epoch, from])?;
            while let Some(row) = rows.next()? {
                let date: String = row.get(0)?;
                let family: String = row.get(1)?;
                let many: u64 = row.get(3)?;
                let Ok(date) = date.parse() else { continue };
                let day = days.entry(date).or_default();
                day.events += many;
                match family.as_str() {
                    "visit" | "leg" => {
                        day.visits.insert(log::uuid(row, 2)?);
                    }
                    "case" => {
                        day.cases.insert(log::uuid(row, 2)?);
                    }
                    _ => day.other += many,
                }
            }
            Ok(())
        })
    }

    /// Remembers that a session with a peer came to its end.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn note_done(&self, peer: &str, at_ms: i64) -> Result<()> {
        let writer = self.writer();
        meta::set(&writer.connection, &done_key(peer), &at_ms.to_string())
    }

    /// When a session with a peer last came to its end, UTC milliseconds.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn done_with(&self, peer: &str) -> Result<Option<i64>> {
        self.read(|read| {
            Ok(meta::get(read.connection(), &done_key(peer))?.and_then(|at| at.parse().ok()))
        })
    }
}
