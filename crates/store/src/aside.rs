//! What a peer above has of somebody else's log and that does not fit here, kept for its owner. The
//! rules are `motcua_protocol::sync::aside`.

use motcua_protocol::sync::{
    EpochHead, Gather, Hash, Limits, LogHead, Place, Sealed,
    aside::follows,
    aside::{Node, way},
    decode_events, encode_events,
    rule::Known,
};
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    log,
    open::Store,
};

/// Keeps what `events` have of one log from a place on, as far as nothing is missing before it. The
/// caller commits.
pub(crate) fn keep(
    connection: &Connection,
    known: &impl Known<Error = Error>,
    from: Place,
    events: &[Sealed],
) -> Result<()> {
    let of_it = events.iter().filter(|event| {
        let place = event.place();
        (place.device, place.epoch) == (from.device, from.epoch) && place.seq >= from.seq
    });
    for event in of_it {
        if !follows(known, event, |place, hash| stands(connection, place, hash))? {
            return Ok(());
        }
        let place = event.place();
        connection
            .prepare_cached(
                "INSERT INTO aside(device, epoch, seq, hash, prev_hash, event_id, sealed)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                place.device.as_bytes(),
                place.epoch,
                place.seq,
                event.hash,
                event.prev_hash,
                event.header.event_id.as_bytes(),
                encode_events(std::slice::from_ref(event)),
            ])?;
    }
    Ok(())
}

fn stands(connection: &Connection, place: Place, hash: &[u8; 32]) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS(SELECT 1 FROM aside WHERE device = ?1 AND epoch = ?2 AND seq = ?3 AND hash = ?4)",
        )?
        .query_row(
            params![place.device.as_bytes(), place.epoch, place.seq, hash],
            |r| r.get(0),
        )?)
}

/// The way of one log that its owner is told of.
fn way_of(connection: &Connection, device: Uuid, epoch: u32) -> Result<Vec<Node>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, hash, prev_hash, EXISTS(SELECT 1 FROM event e WHERE e.event_id = a.event_id)
         FROM aside a WHERE device = ?1 AND epoch = ?2",
    )?;
    let nodes = statement
        .query_map(params![device.as_bytes(), epoch], |r| {
            Ok(Node {
                seq: r.get(0)?,
                hash: r.get(1)?,
                prev_hash: r.get(2)?,
                known: r.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<Node>>>()?;
    let way = way(&nodes).unwrap_or_default();
    Ok(way
        .into_iter()
        .filter_map(|i| nodes.get(i).copied())
        .collect())
}

fn epochs(connection: &Connection, device: Uuid) -> Result<Vec<u32>> {
    let mut statement =
        connection.prepare_cached("SELECT DISTINCT epoch FROM aside WHERE device = ?1")?;
    let epochs = statement.query_map([device.as_bytes()], |r| r.get(0))?;
    Ok(epochs.collect::<rusqlite::Result<_>>()?)
}

impl Store {
    /// Ends of a device's logs as they went on above this store, where that is another way than
    /// here and its owner has not joined the two.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn aside(&self, device: Uuid) -> Result<Vec<LogHead>> {
        self.read(|read| {
            let connection = read.connection();
            let mut heads = Vec::new();
            for epoch in epochs(connection, device)? {
                if let Some(end) = way_of(connection, device, epoch)?.last() {
                    heads.push(LogHead {
                        device,
                        head: EpochHead {
                            epoch,
                            seq: end.seq,
                            hash: Hash(end.hash),
                        },
                    });
                }
            }
            Ok(heads)
        })
    }

    /// Up to where a log is as it is above this store, where it went another way there.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn parted_at(&self, device: Uuid, epoch: u32) -> Result<Option<u64>> {
        self.read(|read| {
            let way = way_of(read.connection(), device, epoch)?;
            Ok(way.first().map(|first| first.seq.saturating_sub(1)))
        })
    }

    /// Events of such a log behind a sequence number, up to the limits: what stands here alike,
    /// and then what is kept aside.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn aside_after(
        &self,
        device: Uuid,
        epoch: u32,
        seq: u64,
        limits: &Limits,
    ) -> Result<Vec<Sealed>> {
        self.read(|read| {
            let connection = read.connection();
            let way = way_of(connection, device, epoch)?;
            let Some(first) = way.first() else {
                return Ok(Vec::new());
            };
            let mut gather = Gather::new(limits);
            let sql = format!(
                "SELECT {} FROM event WHERE device = ?1 AND epoch = ?2 AND seq > ?3 AND seq < ?4 ORDER BY seq",
                log::COLUMNS
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows =
                statement.query(params![device.as_bytes(), epoch, seq, first.seq])?;
            while let Some(row) = rows.next()? {
                let event = Sealed::from(log::stored(row)?);
                if !gather.take(event.header.seq, event) {
                    return Ok(gather.events);
                }
            }
            let mut one = connection.prepare_cached(
                "SELECT sealed FROM aside WHERE device = ?1 AND epoch = ?2 AND seq = ?3 AND hash = ?4",
            )?;
            for node in way.iter().filter(|node| node.seq > seq) {
                let key = params![device.as_bytes(), epoch, node.seq, node.hash];
                let sealed: Vec<u8> = one.query_row(key, |r| r.get(0))?;
                // Written by `keep`; a damaged page of the file is found by `verify`.
                let Ok(events) = decode_events(&sealed, &Limits::default()) else {
                    break;
                };
                if !events.into_iter().all(|event| gather.take(node.seq, event)) {
                    break;
                }
            }
            Ok(gather.events)
        })
    }
}
