//! A history that went two ways: power cut, restored or copied folder, and the other side
//! already has other events under the numbers that this device gave out.
//!
//! Repair only ever appends. A new epoch begins behind the last event that both have; into it go
//! the events that were found at the other side and those that were written here, each under its
//! own id. So both ways survive everywhere, whichever of them a machine has seen.

use std::collections::BTreeSet;

use motcua_protocol::{
    event::{Body, BranchEvent, EpochClosed, EpochOpened},
    sync::{
        Sealed,
        repair::{Own, Repair, repair},
    },
};
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::{
    clock::Moment,
    error::Result,
    log::{self, Stored},
    open::{Store, Writer, next_epoch},
    order, peer, project,
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

/// What waits for others may have waited for a part that was closed now and will never come: looks
/// at it again.
fn look_again(connection: &Connection, now_ms: i64) -> Result<()> {
    for entity in peer::waiting_entities(connection)? {
        peer::no_longer_waits(connection, entity)?;
        for event_id in project::parking(connection, entity)? {
            peer::note_waiting(connection, event_id, now_ms)?;
        }
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

/// The log of a device here, without what is in it.
fn own(connection: &Connection, device: Uuid) -> Result<Vec<Own>> {
    let mut statement = connection.prepare_cached(
        "SELECT epoch, seq, event_id, prev_hash, hash FROM event WHERE device = ?1 ORDER BY epoch, seq",
    )?;
    let mut rows = statement.query([device.as_bytes()])?;
    let mut own = Vec::new();
    while let Some(row) = rows.next()? {
        own.push(Own {
            epoch: row.get(0)?,
            seq: row.get(1)?,
            event_id: log::uuid(row, 2)?,
            prev_hash: row.get(3)?,
            hash: row.get(4)?,
        });
    }
    Ok(own)
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
        let closed = order::closed_at(connection, device, epoch)?;
        let plan = repair(&own(connection, device)?, epoch, common, closed, theirs);
        let pick = |which: &[usize]| -> Vec<&Sealed> {
            which.iter().filter_map(|i| theirs.get(*i)).collect()
        };
        let (base, closes, found, ours) = match plan {
            Repair::Nothing => return Ok(writer.epoch),
            // A copy's epoch that began behind something which this machine does not have.
            Repair::Adopt { close, theirs } => {
                return self.adopt(&mut writer, epoch, close, &pick(&theirs), moment);
            }
            Repair::Reopen {
                base,
                closes,
                theirs,
                ours,
            } => (base, closes, pick(&theirs), ours),
        };
        let one = |(epoch, seq)| EpochClosed { epoch, seq };
        let closes = closes.into_iter().map(one).collect();
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
            reissue_all(tx, device, &opened, &found, &ours, new_epoch)
        });
        let settled = self.settle(&mut writer);
        let done = done.and(settled);
        match &done {
            Ok(_) => {
                tracing::warn!(
                    epoch,
                    common,
                    new_epoch,
                    found = found.len(),
                    "fork repaired"
                );
                let pos = log::last_pos(&writer.connection)?;
                self.revision
                    .store(pos, std::sync::atomic::Ordering::Release);
            }
            Err(_) => (writer.epoch, writer.base) = (old_epoch, old_base),
        }
        self.epoch
            .store(writer.epoch, std::sync::atomic::Ordering::Release);
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
        close: bool,
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
            if close {
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
            look_again(tx.tx(), tx.now_ms())
        });
        let settled = self.settle(writer);
        done.and(settled)?;
        let pos = log::last_pos(&writer.connection)?;
        self.revision
            .store(pos, std::sync::atomic::Ordering::Release);
        Ok(writer.epoch)
    }
}

fn reissue_all(
    tx: &mut Write<'_>,
    device: Uuid,
    opened: &EpochOpened,
    theirs: &[&Sealed],
    ours: &[(u32, u64)],
    new_epoch: u32,
) -> Result<()> {
    note(tx.tx(), device, opened)?;
    let body = Body::Branch(BranchEvent::Epoch(opened.clone()));
    tx.append(device, &body)?;
    let mut touched = BTreeSet::new();
    for event in theirs {
        tx.reissue(&event.header, &event.salt, &event.body)?;
        touched.insert(event.header.entity);
    }
    for (epoch, seq) in ours {
        let event = event_at(tx.tx(), device, *epoch, *seq)?;
        tx.reissue(&event.header, &event.salt, &event.body)?;
        touched.insert(event.header.entity);
    }
    for entity in touched {
        project::entity(tx.tx(), entity)?;
    }
    look_again(tx.tx(), tx.now_ms())?;
    meta::set(tx.tx(), meta::EPOCH, &new_epoch.to_string())
}

fn event_at(connection: &Connection, device: Uuid, epoch: u32, seq: u64) -> Result<Stored> {
    let sql = format!(
        "SELECT {} FROM event WHERE device = ?1 AND epoch = ?2 AND seq = ?3",
        log::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![device.as_bytes(), epoch, seq])?;
    match rows.next()? {
        Some(row) => log::stored(row),
        None => Err(rusqlite::Error::QueryReturnedNoRows.into()),
    }
}
