//! A history that went two ways: power cut, restored or copied folder, and the other side
//! already has other events under the numbers that this device gave out.
//!
//! Repair only ever appends. A new epoch begins behind the last event that both have; into it go
//! the events that were found at the other side and those that were written here, each under its
//! own id. So both ways survive everywhere, whichever of them a machine has seen.

use std::collections::{BTreeMap, BTreeSet};

use motcua_protocol::{
    event::{Body, BranchEvent, EpochClosed, EpochOpened},
    sync::{Place, Sealed},
};
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::{
    clock::Moment,
    error::Result,
    ingest,
    log::{self, Stored},
    open::{Store, Writer, next_epoch},
    order, project,
    table::meta,
    write::{Author, Write},
};

/// Remembers which epochs an event closes.
pub(crate) fn note(connection: &Connection, device: Uuid, opened: &EpochOpened) -> Result<()> {
    for closed in &opened.closes {
        connection
            .prepare_cached(
                // Of two repairs of one epoch the one that keeps less holds for both.
                "INSERT INTO epoch_closed(device, epoch, seq) VALUES(?1, ?2, ?3)
                 ON CONFLICT(device, epoch) DO UPDATE SET seq = min(seq, excluded.seq)",
            )?
            .execute(params![device.as_bytes(), closed.epoch, closed.seq])?;
    }
    Ok(())
}

/// The same for every event of the file.
pub(crate) fn rebuild(connection: &Connection) -> Result<()> {
    connection.execute("DELETE FROM epoch_closed", [])?;
    let mut statement =
        connection.prepare("SELECT device, body FROM event WHERE kind = 'epoch.opened'")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(1)?;
        if let Some(Body::Branch(BranchEvent::Epoch(opened))) = Body::decode("epoch.opened", &body)
        {
            note(connection, log::uuid(row, 0)?, &opened)?;
        }
    }
    Ok(())
}

/// Where an event of a device with that hash stands.
fn place_of(
    connection: &Connection,
    device: Uuid,
    below: u32,
    hash: &[u8; 32],
) -> Result<Option<(u32, u64)>> {
    let mut statement = connection.prepare_cached(
        "SELECT epoch, seq FROM event WHERE device = ?1 AND epoch < ?2 AND hash = ?3 LIMIT 1",
    )?;
    let mut rows = statement.query(params![device.as_bytes(), below, hash])?;
    Ok(match rows.next()? {
        Some(row) => Some((row.get(0)?, row.get(1)?)),
        None => None,
    })
}

/// Epochs that stand on the way that the other side does not have, and up to where each counts.
fn closes(connection: &Connection, device: Uuid, epoch: u32, seq: u64) -> Result<Vec<EpochClosed>> {
    let mut closed: BTreeMap<u32, u64> = BTreeMap::from([(epoch, seq)]);
    let mut statement = connection.prepare_cached(
        "SELECT epoch, prev_hash FROM event WHERE device = ?1 AND epoch > ?2 AND seq = 1 ORDER BY epoch",
    )?;
    let mut rows = statement.query(params![device.as_bytes(), epoch])?;
    while let Some(row) = rows.next()? {
        let (later, base): (u32, [u8; 32]) = (row.get(0)?, row.get(1)?);
        if let Some((from, at)) = place_of(connection, device, later, &base)?
            && closed.get(&from).is_some_and(|upto| at > *upto)
        {
            closed.insert(later, 0);
        }
    }
    let one = |(epoch, seq)| EpochClosed { epoch, seq };
    Ok(closed.into_iter().map(one).collect())
}

fn beyond(connection: &Connection, device: Uuid, closed: &EpochClosed) -> Result<Vec<Stored>> {
    let sql = format!(
        "SELECT {} FROM event WHERE device = ?1 AND epoch = ?2 AND seq > ?3 ORDER BY seq",
        log::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![device.as_bytes(), closed.epoch, closed.seq])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(log::stored(row)?);
    }
    Ok(events)
}

impl Store {
    /// Goes on in a new epoch behind the last event of `epoch` that the other side has alike
    /// (`common`), with what was found there (`theirs`) and what was written here, in one
    /// transaction. Answers the new epoch; the present one where this was done before.
    ///
    /// # Errors
    /// Faults of the disk; then everything is as before.
    pub fn repair_fork(
        &self,
        epoch: u32,
        common: u64,
        theirs: &[Sealed],
        moment: Moment,
    ) -> Result<u32> {
        let device = self.device;
        let mut writer = self.writer();
        let connection = &writer.connection;
        let at = |seq| Place { device, epoch, seq };
        let known_alike = order::closed_at(connection, device, epoch)?.is_some_and(|c| c <= common);
        let mut unknown = Vec::new();
        for event in theirs.iter().filter(|e| e.header.device == device) {
            let there = ingest::hash_at(connection, event.place())? == Some(event.hash);
            if !there && !known(connection, event.header.event_id)? {
                unknown.push(event);
            }
        }
        let here = log::head_of(connection, device, epoch)?.is_some();
        if unknown.is_empty() && (!here || known_alike && !kept_back(connection, at(common))?) {
            return Ok(writer.epoch);
        }
        if !here {
            // A copy's epoch that began behind something which this machine does not have.
            return self.adopt(&mut writer, epoch, &unknown, moment);
        }
        // Nothing in common: behind nothing, which every machine accepts.
        let base = ingest::hash_at(connection, at(common))?.unwrap_or([0; 32]);
        let closes = closes(connection, device, epoch, common)?;
        let latest = log::head(connection, device)?.map_or(0, |h| h.epoch);
        let (old_epoch, old_base) = (writer.epoch, writer.base);
        let new_epoch = next_epoch(latest.max(old_epoch), moment);
        writer.epoch = new_epoch;
        writer.base = base;
        let author = Author {
            actor: "system".to_owned(),
            command_id: Uuid::now_v7(),
            moment,
        };
        let opened = EpochOpened {
            from_epoch: epoch,
            from_seq: common,
            reason: "forked".to_owned(),
            closes,
        };
        let done = Write::run(&mut writer, device, &self.memo, &author, |tx| {
            reissue_all(tx, device, &opened, &unknown, new_epoch)
        });
        let settled = self.settle(&mut writer);
        let done = done.and(settled);
        match &done {
            Ok(_) => {
                tracing::warn!(
                    epoch,
                    common,
                    new_epoch,
                    found = unknown.len(),
                    "fork repaired"
                );
                let pos = log::last_pos(&writer.connection)?;
                self.revision
                    .store(pos, std::sync::atomic::Ordering::Release);
            }
            Err(_) => (writer.epoch, writer.base) = (old_epoch, old_base),
        }
        drop(writer);
        done?;
        self.write_token();
        Ok(new_epoch)
    }

    /// Sends events of a copy's epoch again in the present one, and says so once: whoever had seen
    /// one of them at its first place need not wait for that place.
    fn adopt(
        &self,
        writer: &mut Writer,
        epoch: u32,
        events: &[&Sealed],
        moment: Moment,
    ) -> Result<u32> {
        let author = Author {
            actor: "system".to_owned(),
            command_id: Uuid::now_v7(),
            moment,
        };
        let done = Write::run(writer, self.device, &self.memo, &author, |tx| {
            let mut touched = BTreeSet::new();
            if order::closed_at(tx.tx(), self.device, epoch)?.is_none() {
                let opened = EpochOpened {
                    from_epoch: epoch,
                    from_seq: 0,
                    reason: "adopted".to_owned(),
                    closes: vec![EpochClosed { epoch, seq: 0 }],
                };
                note(tx.tx(), self.device, &opened)?;
                tx.append(self.device, &Body::Branch(BranchEvent::Epoch(opened)))?;
            }
            for event in events {
                tx.reissue(&event.header, &event.salt, &event.body)?;
                touched.insert(event.header.entity);
            }
            for entity in touched {
                project::entity(tx.tx(), entity)?;
            }
            Ok(())
        });
        let settled = self.settle(writer);
        done.and(settled)?;
        let pos = log::last_pos(&writer.connection)?;
        self.revision
            .store(pos, std::sync::atomic::Ordering::Release);
        Ok(writer.epoch)
    }
}

/// Whether events of a log behind that place have not been sent again in a later epoch.
fn kept_back(connection: &Connection, place: Place) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS(SELECT 1 FROM event a WHERE a.device = ?1 AND a.epoch = ?2 AND a.seq > ?3
               AND NOT EXISTS(SELECT 1 FROM event b WHERE b.event_id = a.event_id AND b.epoch > a.epoch))",
        )?
        .query_row(params![place.device.as_bytes(), place.epoch, place.seq], |r| r.get(0))?)
}

fn resent(connection: &Connection, event: &Stored) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM event WHERE event_id = ?1 AND epoch > ?2)")?
        .query_row(
            params![event.header.event_id.as_bytes(), event.header.epoch],
            |r| r.get(0),
        )?)
}

fn known(connection: &Connection, event_id: Uuid) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM event WHERE event_id = ?1)")?
        .query_row([event_id.as_bytes()], |r| r.get(0))?)
}

fn reissue_all(
    tx: &mut Write<'_>,
    device: Uuid,
    opened: &EpochOpened,
    theirs: &[&Sealed],
    new_epoch: u32,
) -> Result<()> {
    note(tx.tx(), device, opened)?;
    let body = Body::Branch(BranchEvent::Epoch(opened.clone()));
    tx.append(device, &body)?;
    let mut touched = BTreeSet::new();
    let mut again = BTreeSet::new();
    for event in theirs {
        tx.reissue(&event.header, &event.salt, &event.body)?;
        touched.insert(event.header.entity);
        again.insert(event.header.event_id);
    }
    for closed in &opened.closes {
        for event in beyond(tx.tx(), device, closed)? {
            if !resent(tx.tx(), &event)? && again.insert(event.header.event_id) {
                tx.reissue(&event.header, &event.salt, &event.body)?;
                touched.insert(event.header.entity);
            }
        }
    }
    for entity in touched {
        project::entity(tx.tx(), entity)?;
    }
    meta::set(tx.tx(), meta::EPOCH, &new_epoch.to_string())
}
