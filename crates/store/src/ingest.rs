//! Other logs into this store, byte for byte, and out of it again.
//!
//! Store first, apply second: an event that is next in its chain is stored whatever it says.
//! What cannot take effect yet, or ever, gets a verdict and holds nothing else up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use motcua_protocol::{
    amend::{self, Amendments},
    event::{Body, BranchEvent, Dep, Unreadable},
    sync::{
        EpochHead, Gather, Hash, Head, Judgement, Limits, LogHead, Page, Place, Sealed, Status,
        Verdict, cursor, held, judge, rule::Known,
    },
};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use uuid::Uuid;

use crate::{
    aside,
    error::{Error, Result},
    fork,
    log::{self, Stored},
    open::Store,
    order, peer, project,
    table::command::{self, Done},
};

/// An event that was not stored, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit {
    /// Where it was to stand.
    pub place: Place,
    /// `Fork` or `Gap`.
    pub why: Judgement,
}

/// What became of a batch or a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Events that are not simply applied.
    pub results: Vec<Verdict>,
    /// The first event of each log that does not fit; what follows it was not looked at.
    pub unfit: Vec<Unfit>,
    /// How many are new here.
    pub stored: usize,
}

impl From<Stored> for Sealed {
    fn from(stored: Stored) -> Self {
        Self {
            header: stored.header,
            salt: stored.salt,
            body: stored.body,
            prev_hash: stored.prev_hash,
            body_hash: stored.body_hash,
            hash: stored.hash,
        }
    }
}

/// The logs of a file as they were, and their heads as they grow.
struct Logs<'a> {
    connection: &'a Connection,
    heads: HashMap<(Uuid, u32), Option<Head>>,
}

impl<'a> Logs<'a> {
    fn of(connection: &'a Connection) -> Self {
        Self {
            connection,
            heads: HashMap::new(),
        }
    }
}

impl Known for Logs<'_> {
    type Error = Error;

    fn head(&self, device: Uuid, epoch: u32) -> Result<Option<Head>> {
        if let Some(head) = self.heads.get(&(device, epoch)) {
            return Ok(*head);
        }
        let head = log::head_of(self.connection, device, epoch)?;
        Ok(head.map(|h| Head {
            seq: h.seq,
            hash: h.hash,
        }))
    }

    fn hash_at(&self, place: Place) -> Result<Option<[u8; 32]>> {
        hash_at(self.connection, place)
    }

    fn base(&self, device: Uuid, epoch: u32, hash: &[u8; 32]) -> Result<bool> {
        // A device that has lost everything begins from nothing, in a new epoch.
        Ok(*hash == [0; 32] || log::has_before(self.connection, device, epoch, hash)?)
    }

    fn elsewhere(&self, event_id: Uuid) -> Result<Option<Place>> {
        Ok(self
            .connection
            .prepare_cached("SELECT device, epoch, seq FROM event WHERE event_id = ?1 LIMIT 1")?
            .query_row([event_id.as_bytes()], place)
            .optional()?)
    }
}

fn place(row: &Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place {
        device: log::uuid(row, 0)?,
        epoch: row.get(1)?,
        seq: row.get(2)?,
    })
}

pub(crate) fn hash_at(connection: &Connection, place: Place) -> Result<Option<[u8; 32]>> {
    Ok(connection
        .prepare_cached("SELECT hash FROM event WHERE device = ?1 AND epoch = ?2 AND seq = ?3")?
        .query_row(
            params![place.device.as_bytes(), place.epoch, place.seq],
            |r| r.get(0),
        )
        .optional()?)
}

/// Events of an entity that are held back: they wait for others, or nobody here understands them.
pub(crate) fn parked_of(connection: &Connection, entity: Uuid) -> Result<BTreeSet<Uuid>> {
    let mut statement = connection.prepare_cached(
        "SELECT v.event_id FROM verdict v JOIN event e ON e.event_id = v.event_id
         WHERE v.peer = '' AND e.entity = ?1",
    )?;
    let mut rows = statement.query([entity.as_bytes()])?;
    let mut parked = BTreeSet::new();
    while let Some(row) = rows.next()? {
        parked.insert(log::uuid(row, 0)?);
    }
    Ok(parked)
}

/// An event that an older program took in and could not read, and this one can.
pub(crate) struct Readable {
    event_id: Uuid,
    entity: Uuid,
    /// Since when it was held back.
    at_ms: i64,
}

/// All of them.
pub(crate) fn readable_now(connection: &Connection) -> Result<Vec<Readable>> {
    let mut readable = Vec::new();
    let mut statement = connection.prepare(
        "SELECT e.event_id, e.entity, e.kind, e.body, v.at_ms
         FROM verdict v JOIN event e ON e.event_id = v.event_id
         WHERE v.peer = '' AND v.code IN (?1, ?2)",
    )?;
    let mut rows = statement.query([held::UPGRADE, held::BODY_UNREADABLE])?;
    while let Some(row) = rows.next()? {
        let (kind, body): (String, Vec<u8>) = (row.get(2)?, row.get(3)?);
        if Body::read(&kind, &body).is_ok() {
            readable.push(Readable {
                event_id: log::uuid(row, 0)?,
                entity: log::uuid(row, 1)?,
                at_ms: row.get(4)?,
            });
        }
    }
    Ok(readable)
}

/// Gives them their effect; what still waits for others is noted as such. The caller commits.
pub(crate) fn reread(connection: &Connection, readable: &[Readable]) -> Result<()> {
    for event in readable {
        peer::withdraw(connection, "", event.event_id)?;
    }
    for event in readable {
        for event_id in project::parking(connection, event.entity)? {
            peer::note_waiting(connection, event_id, event.at_ms)?;
        }
    }
    Ok(())
}

/// What a device has seen of an entity where some of it is parked: only what is in effect, or its
/// own next event would wait with the others.
pub(crate) fn seen_besides(
    connection: &Connection,
    entity: Uuid,
    device: Uuid,
    parked: &BTreeSet<Uuid>,
) -> Result<Vec<Dep>> {
    let mut heads: BTreeMap<(Uuid, u32), u64> = BTreeMap::new();
    for event in log::of_entity(connection, entity)? {
        let header = &event.header;
        if header.device != device && !parked.contains(&header.event_id) {
            let head = heads.entry((header.device, header.epoch)).or_default();
            *head = (*head).max(header.seq);
        }
    }
    let dep = |((device, epoch), seq)| Dep { device, epoch, seq };
    Ok(heads.into_iter().map(dep).collect())
}

/// Stores what fits of `events` and projects what they touch. The caller commits.
fn take(connection: &Connection, events: &[Sealed], now_ms: i64) -> Result<Ingested> {
    let mut logs = Logs::of(connection);
    let mut done = Ingested::default();
    let mut stopped: BTreeSet<(Uuid, u32)> = BTreeSet::new();
    let mut closed = false;
    let mut touched: BTreeSet<Uuid> = BTreeSet::new();
    let mut fresh: HashMap<Uuid, (Status, Option<&str>)> = HashMap::new();
    for event in events {
        let place = event.place();
        let one_log = (place.device, place.epoch);
        if stopped.contains(&one_log) {
            continue;
        }
        let judgement = judge(&logs, event)?;
        let status = match judgement {
            Judgement::Fork(_) | Judgement::Gap(_) => {
                stopped.insert(one_log);
                done.unfit.push(Unfit {
                    place,
                    why: judgement,
                });
                continue;
            }
            Judgement::Duplicate => {
                done.results.push(verdict(event, Status::Duplicate, None));
                continue;
            }
            Judgement::StoreAlias(_) => Status::DuplicateOf,
            Judgement::Store => Status::Applied,
        };
        let header = &event.header;
        log::append(
            connection,
            header,
            &event.salt,
            &event.body,
            &event.prev_hash,
        )?;
        let head = Head {
            seq: place.seq,
            hash: event.hash,
        };
        logs.heads.insert(one_log, Some(head));
        touched.insert(header.entity);
        done.stored += 1;
        let (status, code) = match Body::read(&header.kind, &event.body) {
            _ if status == Status::DuplicateOf => (status, None),
            Ok(Body::Branch(BranchEvent::Epoch(opened))) => {
                fork::note(connection, header.device, &opened)?;
                closed |= !opened.closes.is_empty();
                (status, None)
            }
            Ok(_) => (status, None),
            Err(Unreadable::Newer) => (Status::Parked, Some(held::UPGRADE)),
            Err(Unreadable::Broken) => (Status::Quarantined, Some(held::BODY_UNREADABLE)),
        };
        fresh.insert(header.event_id, (status, code));
    }
    for (event_id, entity) in said_anew(connection, events, &fresh)? {
        peer::withdraw(connection, "", event_id)?;
        if let Some(told) = fresh.get_mut(&event_id) {
            *told = (Status::Applied, None);
        }
        touched.insert(entity);
    }
    let waiting = peer::any_waiting(connection)?;
    if closed && waiting {
        // That may be what they wait for, and it will never come.
        touched.extend(peer::waiting_entities(connection)?);
    }
    for entity in touched {
        if waiting {
            peer::no_longer_waits(connection, entity)?;
        }
        for event_id in project::parking(connection, entity)? {
            peer::note_waiting(connection, event_id, now_ms)?;
            if let Some(told) = fresh.get_mut(&event_id)
                && told.0 == Status::Applied
            {
                *told = (Status::Parked, Some(held::DEPS));
            }
        }
    }
    for event in events {
        let id = event.header.event_id;
        let Some((status, code)) = fresh.remove(&id) else {
            continue;
        };
        if status != Status::Applied {
            done.results.push(verdict(event, status, code));
            if code != Some(held::DEPS) && status != Status::DuplicateOf {
                peer::note(connection, "", id, status, code, now_ms)?;
            }
        }
    }
    Ok(done)
}

/// Records that can be read since one of their fields was said anew, whichever came first.
fn said_anew(
    connection: &Connection,
    events: &[Sealed],
    fresh: &HashMap<Uuid, (Status, Option<&str>)>,
) -> Result<Vec<(Uuid, Uuid)>> {
    let concerned = |e: &&Sealed| match fresh.get(&e.header.event_id) {
        Some((_, code)) => e.header.kind == amend::KIND || *code == Some(held::BODY_UNREADABLE),
        None => false,
    };
    let entities: BTreeSet<Uuid> = (events.iter().filter(concerned))
        .map(|e| e.header.entity)
        .collect();
    let mut readable = Vec::new();
    for entity in entities {
        let all = log::of_entity(connection, entity)?;
        let amendments = Amendments::of(all.iter().map(|e| (&e.header, &e.body[..])));
        for id in amendments.records() {
            let record = all.iter().find(|e| e.header.event_id == id);
            if record.is_some_and(|e| amendments.read(&e.header, &e.body).is_ok()) {
                readable.push((id, entity));
            }
        }
    }
    Ok(readable)
}

fn verdict(event: &Sealed, status: Status, code: Option<&str>) -> Verdict {
    Verdict {
        event_id: event.header.event_id,
        epoch: event.header.epoch,
        seq: event.header.seq,
        status,
        code: code.map(str::to_owned),
    }
}

fn take_stored(gather: &mut Gather<'_>, stored: Stored) -> bool {
    let pos = stored.pos;
    gather.take(pos, Sealed::from(stored))
}

/// The epochs of one device's log. One step of the index for each, not one for each event.
fn epochs_of(connection: &Connection, device: Uuid) -> Result<Vec<(Uuid, u32)>> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE at(epoch) AS (
           SELECT (SELECT min(epoch) FROM event WHERE device = ?1)
           UNION ALL
           SELECT (SELECT min(epoch) FROM event WHERE device = ?1 AND epoch > at.epoch)
           FROM at WHERE at.epoch IS NOT NULL
         )
         SELECT epoch FROM at WHERE epoch IS NOT NULL",
    )?;
    let epochs = statement
        .query_map([device.as_bytes()], |r| Ok((device, r.get(0)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(epochs)
}

/// Which logs there are, likewise.
fn logs(connection: &Connection) -> Result<Vec<(Uuid, u32)>> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE at(device, epoch) AS (
           SELECT * FROM (SELECT device, epoch FROM event ORDER BY device, epoch LIMIT 1)
           UNION ALL
           SELECT e.device, e.epoch FROM at JOIN event e ON e.pos = (
             SELECT pos FROM event WHERE (device, epoch) > (at.device, at.epoch) ORDER BY device, epoch, seq LIMIT 1)
         )
         SELECT device, epoch FROM at",
    )?;
    let mut rows = statement.query([])?;
    let mut logs = Vec::new();
    while let Some(row) = rows.next()? {
        logs.push((log::uuid(row, 0)?, row.get(1)?));
    }
    Ok(logs)
}

/// The cursor of a position of the feed. Within a log events came in their order, so the last one
/// up to the position is found by halving.
fn cursor_at(connection: &Connection, position: u64) -> Result<u64> {
    let mut arrived = connection
        .prepare_cached("SELECT pos FROM event WHERE device = ?1 AND epoch = ?2 AND seq = ?3")?;
    let mut ends = Vec::new();
    for (device, epoch) in logs(connection)? {
        let mut there = |seq: u64| -> Result<bool> {
            let found = arrived.query_row(params![device.as_bytes(), epoch, seq], |r| r.get(0));
            Ok(found.optional()?.is_some_and(|pos: u64| pos <= position))
        };
        let end = log::head_of(connection, device, epoch)?.map_or(0, |h| h.seq);
        let (mut low, mut high) = (0, end + 1);
        if there(end)? {
            low = end;
        }
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if there(middle)? {
                low = middle;
            } else {
                high = middle;
            }
        }
        let place = Place {
            device,
            epoch,
            seq: low,
        };
        if let Some(hash) = hash_at(connection, place)? {
            ends.push((place, hash));
        }
    }
    Ok(cursor::cursor(position, ends))
}

impl Store {
    /// The ends of all logs in this store, of one device or of all.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn heads(&self, device: Option<Uuid>) -> Result<Vec<LogHead>> {
        self.read(|read| {
            let connection = read.connection();
            let mut heads = Vec::new();
            let logs = match device {
                Some(device) => epochs_of(connection, device)?,
                None => logs(connection)?,
            };
            for (of, epoch) in logs {
                if let Some(head) = log::head_of(connection, of, epoch)? {
                    heads.push(LogHead {
                        device: of,
                        head: EpochHead {
                            epoch,
                            seq: head.seq,
                            hash: Hash(head.hash),
                        },
                    });
                }
            }
            Ok(heads)
        })
    }

    /// Events of one log after a sequence number, in order, up to the limits; never parts the
    /// events of one command.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn events_after(
        &self,
        device: Uuid,
        epoch: u32,
        seq: u64,
        limits: &Limits,
    ) -> Result<Vec<Sealed>> {
        self.read(|read| {
            let sql = format!(
                "SELECT {} FROM event WHERE device = ?1 AND epoch = ?2 AND seq > ?3 ORDER BY seq",
                log::COLUMNS
            );
            let mut statement = read.connection().prepare_cached(&sql)?;
            let mut rows = statement.query(params![device.as_bytes(), epoch, seq])?;
            let mut gather = Gather::new(limits);
            while let Some(row) = rows.next()? {
                if !take_stored(&mut gather, log::stored(row)?) {
                    break;
                }
            }
            Ok(gather.events)
        })
    }

    /// Whether a device has written anything for a command behind that place of its log.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn did_alone(&self, device: Uuid, after: EpochHead, command_id: Uuid) -> Result<bool> {
        self.read(|read| {
            let mut statement = read.connection().prepare_cached(
                "SELECT EXISTS(SELECT 1 FROM event WHERE device = ?1 AND epoch = ?2 AND seq > ?3 AND command_id = ?4)",
            )?;
            let place = params![
                device.as_bytes(),
                after.epoch,
                after.seq,
                command_id.as_bytes()
            ];
            Ok(statement.query_row(place, |r| r.get(0))?)
        })
    }

    /// A page of the feed: events of every device but one, in the order in which they came into
    /// this file. There is one writer, so a position is never passed over. A cursor that does not
    /// fit what is here reads from the start.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn feed_after(&self, cursor: u64, except: Uuid, limits: &Limits) -> Result<Page> {
        self.read(|read| {
            let connection = read.connection();
            let end = log::last_pos(connection)?;
            let from = cursor::position(cursor);
            let at = |position| {
                self.cursors
                    .at(position, || cursor_at(connection, position))
            };
            let fits = from <= end && at(from)? == cursor;
            let from = if fits { from } else { 0 };
            let sql = format!(
                "SELECT {} FROM event WHERE pos > ?1 AND device <> ?2 ORDER BY pos",
                log::COLUMNS
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![from, except.as_bytes()])?;
            let mut gather = Gather::new(limits);
            while let Some(row) = rows.next()? {
                if !take_stored(&mut gather, log::stored(row)?) {
                    break;
                }
            }
            let next = match gather.last_pos() {
                Some(pos) if gather.full => pos,
                _ => end,
            };
            Ok(Page {
                next: if fits && next == from {
                    cursor
                } else {
                    at(next)?
                },
                more: gather.full,
                events: gather.events,
            })
        })
    }

    /// Stores events of any logs and applies them, in one transaction. What does not fit stops
    /// its own log only.
    ///
    /// # Errors
    /// Faults of the disk; then nothing of it is stored.
    pub fn ingest(&self, events: &[Sealed], now_ms: i64) -> Result<Ingested> {
        self.taking(|connection| take(connection, events, now_ms))
    }

    /// The same for a page of a peer's feed: page and cursor move together.
    ///
    /// # Errors
    /// Faults of the disk; then nothing of it is stored.
    pub fn ingest_page(
        &self,
        peer: &str,
        server_epoch: &str,
        page: &Page,
        now_ms: i64,
    ) -> Result<Ingested> {
        self.taking(|connection| {
            let done = take(connection, &page.events, now_ms)?;
            peer::set_cursor(connection, peer, server_epoch, page.next)?;
            Ok(done)
        })
    }

    /// The same for a peer to whom the logs of others are sent as well: what it has of them and
    /// does not fit here is kept aside for their owners.
    ///
    /// # Errors
    /// Faults of the disk; then nothing of it is stored.
    pub fn ingest_page_from_above(
        &self,
        peer: &str,
        server_epoch: &str,
        page: &Page,
        now_ms: i64,
    ) -> Result<Ingested> {
        self.taking(|connection| {
            let done = take(connection, &page.events, now_ms)?;
            let others = done.unfit.iter().map(|u| u.place);
            for place in others.filter(|place| place.device != self.device) {
                aside::keep(connection, &Logs::of(connection), place, &page.events)?;
            }
            peer::set_cursor(connection, peer, server_epoch, page.next)?;
            Ok(done)
        })
    }

    /// The same for what a peer answered to a command of ours: its events, and that the command is
    /// done. Asked again, also alone, it is answered and not done a second time.
    ///
    /// # Errors
    /// Faults of the disk; then nothing of it is stored.
    pub fn ingest_answer(
        &self,
        peer: &str,
        server_epoch: &str,
        page: &Page,
        now_ms: i64,
        command_id: Uuid,
        done: &Done,
    ) -> Result<Ingested> {
        self.taking(|connection| {
            let ingested = take(connection, &page.events, now_ms)?;
            peer::set_cursor(connection, peer, server_epoch, page.next)?;
            command::note(connection, command_id, done, now_ms)?;
            Ok(ingested)
        })
    }

    fn taking<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        use std::sync::atomic::Ordering;
        let mut writer = self.writer();
        let answer = (|| {
            let tx = writer
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = work(&tx)?;
            let pos = log::last_pos(&tx)?;
            tx.commit()?;
            self.revision.store(pos, Ordering::Release);
            Ok(answer)
        })();
        drop(writer);
        match &answer {
            Ok(_) => self.committed(),
            Err(error) => self.mind_room(error),
        }
        answer
    }

    /// Names this store's history: another name whenever it may have gone back. A peer that reads
    /// another name than last time asks for everything anew.
    pub fn server_epoch(&self) -> String {
        format!("{}-{}", self.device, self.epoch())
    }

    /// How many events of an epoch behind a number stand in no later epoch of that device.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn only_in(&self, device: Uuid, epoch: u32, after: u64) -> Result<u64> {
        self.read(|read| {
            Ok(read
                .connection()
                .prepare_cached(
                    "SELECT count(*) FROM event AS e WHERE device = ?1 AND epoch = ?2 AND seq > ?3
                     AND NOT EXISTS(SELECT 1 FROM event AS later WHERE later.event_id = e.event_id
                                    AND later.device = e.device AND later.epoch > e.epoch)",
                )?
                .query_row(params![device.as_bytes(), epoch, after], |row| row.get(0))?)
        })
    }

    /// Up to where an epoch of a log counts, if its history went two ways.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn closed_at(&self, device: Uuid, epoch: u32) -> Result<Option<u64>> {
        self.read(|read| order::closed_at(read.connection(), device, epoch))
    }
}
