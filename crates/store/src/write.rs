//! A write transaction: events, projections, numbers and the command ledger move together.

use chrono::NaiveDate;
use motcua_domain::visit::Stamp;
use motcua_protocol::event::{Body, Dep, Header};
use rusqlite::Connection;
use uuid::Uuid;

use crate::{
    clock::{Moment, today},
    error::Result,
    log::{self, Head},
    memo::Memo,
    open::Writer,
    project,
    read::Read,
    table::{meta, number},
    together::Batch,
};

/// Who writes, for which command, when.
#[derive(Debug, Clone)]
pub struct Author {
    /// Officer id, or `system`.
    pub actor: String,
    /// The command; made before the act, so that a repeated act is the same command.
    pub command_id: Uuid,
    /// What the machine's clocks say.
    pub moment: Moment,
}

/// An open write transaction.
#[derive(Debug)]
pub struct Write<'a> {
    tx: &'a Connection,
    device: Uuid,
    epoch: u32,
    base: [u8; 32],
    author: &'a Author,
    wall_ms: i64,
    skew_ms: i64,
    date: NaiveDate,
    trusted: bool,
    memo: &'a Memo,
    /// End of this epoch's log, once something was appended to it.
    head: Option<Head>,
    end: Option<End>,
}

/// Where the log ends after a transaction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) pos: u64,
    pub(crate) seq: u64,
}

impl Write<'_> {
    /// Does the work in the writer's open transaction, opening one where there is none. It is not
    /// committed yet: [`crate::together`] says when.
    pub(crate) fn run<T>(
        writer: &mut Writer,
        device: Uuid,
        memo: &Memo,
        author: &Author,
        work: impl FnOnce(&mut Write<'_>) -> Result<T>,
    ) -> Result<T> {
        let (wall_ms, skew_ms) = writer.clock.read(author.moment);
        let mut batch = match writer.batch {
            Some(batch) => batch,
            None => {
                writer.connection.execute_batch("BEGIN IMMEDIATE")?;
                writer.batches += 1;
                Batch {
                    number: writer.batches,
                    ..Batch::default()
                }
            }
        };
        writer.batch = Some(batch);
        let savepoint = writer.connection.savepoint()?;
        // The business date never moves back, whatever the clock says.
        let last: Option<NaiveDate> =
            meta::get(&savepoint, meta::BUSINESS_DATE)?.and_then(|d| d.parse().ok());
        let date = last.map_or(today(wall_ms), |last| last.max(today(wall_ms)));
        let mut write = Write {
            tx: &savepoint,
            device,
            epoch: writer.epoch,
            base: writer.base,
            author,
            wall_ms,
            skew_ms,
            date,
            trusted: false,
            memo,
            head: None,
            end: None,
        };
        // Dropping the savepoint takes back what was written since.
        let answer = work(&mut write)?;
        let (trusted, end, date) = (write.trusted, write.end, write.date);
        if last != Some(date) {
            meta::set(&savepoint, meta::BUSINESS_DATE, &date.to_string())?;
        }
        savepoint.commit()?;
        batch.members += 1;
        batch.end = end.or(batch.end);
        writer.batch = Some(batch);
        if trusted {
            writer.clock.trust(author.moment);
        } else {
            writer.clock.advance(author.moment);
        }
        Ok(answer)
    }

    /// Appends an event about `entity` and projects it.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn append(&mut self, entity: Uuid, body: &Body) -> Result<()> {
        let (kind, bytes) = body.encode()?;
        let (seq, prev) = self.next()?;
        let header = Header {
            device: self.device,
            epoch: self.epoch,
            seq,
            event_id: Uuid::now_v7(),
            entity,
            kind,
            kind_v: 1,
            actor: self.author.actor.clone(),
            command_id: self.author.command_id,
            business_date: self.date,
            wall_ms: self.wall_ms,
            boot: self.author.moment.boot,
            mono_ms: self.author.moment.mono_ms,
            skew_ms: self.skew_ms,
            deps: self.seen(entity)?,
        };
        let salt = *Uuid::new_v4().as_bytes();
        let appended = log::append(self.tx, &header, &salt, &bytes, &prev)?;
        let pos = self.advance(seq, appended);
        project::extend(&self.read(), &header, pos, body)
    }

    /// Number of the next event of this epoch, and the hash it follows.
    fn next(&self) -> Result<(u64, [u8; 32])> {
        let head = match self.head {
            Some(head) => Some(head),
            None => log::head_of(self.tx, self.device, self.epoch)?,
        };
        // The first event of an epoch follows the one after which the epoch was opened.
        Ok(head.map_or((1, self.base), |head| (head.seq + 1, head.hash)))
    }

    fn advance(&mut self, seq: u64, (hash, pos): ([u8; 32], i64)) -> u64 {
        let pos = pos.unsigned_abs();
        self.head = Some(Head {
            epoch: self.epoch,
            seq,
            hash,
        });
        self.end = Some(End { pos, seq });
        pos
    }

    /// Writes an event of this device again, in the present epoch and under its own id. The caller
    /// projects its entity.
    pub(crate) fn reissue(&mut self, header: &Header, salt: &[u8], body: &[u8]) -> Result<()> {
        let (seq, prev) = self.next()?;
        let header = Header {
            epoch: self.epoch,
            seq,
            ..header.clone()
        };
        let appended = log::append(self.tx, &header, salt, body, &prev)?;
        self.advance(seq, appended);
        Ok(())
    }

    /// What this device has seen of an entity: the last event of each other device.
    fn seen(&self, entity: Uuid) -> Result<Vec<Dep>> {
        let parked = crate::ingest::parked_of(self.tx, entity)?;
        if !parked.is_empty() {
            return crate::ingest::seen_besides(self.tx, entity, self.device, &parked);
        }
        let mut statement = self.tx.prepare_cached(
            "SELECT device, epoch, max(seq) FROM event WHERE entity = ?1 AND device <> ?2 GROUP BY device, epoch ORDER BY device, epoch",
        )?;
        let mut rows =
            statement.query(rusqlite::params![entity.as_bytes(), self.device.as_bytes()])?;
        let mut deps = Vec::new();
        while let Some(row) = rows.next()? {
            deps.push(Dep {
                device: log::uuid(row, 0)?,
                epoch: row.get(1)?,
                seq: row.get(2)?,
            });
        }
        Ok(deps)
    }

    /// The next number of a series on a day; it is used by the event that names it.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn next_number(&self, series: &str, date: NaiveDate) -> Result<u32> {
        Ok(number::last(self.tx, series, date)? + 1)
    }

    /// The committed state and what this transaction has added.
    pub fn read(&self) -> Read<'_> {
        Read::new(self.tx, self.memo)
    }

    /// Corrected time of this transaction, UTC milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.wall_ms
    }

    /// Business day.
    pub fn date(&self) -> NaiveDate {
        self.date
    }

    /// The stamp that this transaction's events carry.
    pub fn stamp(&self) -> Stamp {
        Stamp {
            wall_ms: self.wall_ms,
            boot: self.author.moment.boot,
            mono_ms: self.author.moment.mono_ms,
            actor: self.author.actor.clone(),
        }
    }

    /// From now on the system clock is right: a person says so. It is the one thing that takes the
    /// business date back, because else numbers and codes would go on under a day that has not come.
    pub fn trust_clock(&mut self) {
        self.wall_ms = self.author.moment.wall_ms;
        self.skew_ms = 0;
        self.date = today(self.wall_ms);
        self.trusted = true;
    }

    /// What the system clock says in this transaction, and how far it is off the corrected time.
    pub fn system_clock(&self) -> (i64, i64) {
        (self.author.moment.wall_ms, self.skew_ms)
    }

    /// Device and epoch of what is written here.
    pub fn place(&self) -> (Uuid, u32) {
        (self.device, self.epoch)
    }

    pub(crate) fn tx(&self) -> &Connection {
        self.tx
    }
}
