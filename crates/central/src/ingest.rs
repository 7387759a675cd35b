//! Events into the database: stored first, applied second, in one transaction.
//!
//! Whoever writes for an office holds its row, so that one office's events are taken one batch
//! after the other whichever copy of the program they reach, and its feed has no holes. What an
//! event says decides nothing about whether it is stored; what cannot take effect yet, or ever,
//! gets a verdict and holds nothing else up.

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
};

use deadpool_postgres::{Client, Transaction};
use motcua_protocol::sync::{Head, Place, Sealed, Status, Verdict, rule::Known};
use motcua_sync::{
    Unfit,
    intake::{self, Fresh, Grows, Sifted},
};
use uuid::Uuid;

use crate::{again, error::Result, read_model};

/// What became of a batch.
#[derive(Debug, Default)]
pub(crate) struct Ingested {
    pub(crate) results: Vec<Verdict>,
    pub(crate) unfit: Vec<Unfit>,
    pub(crate) stored: usize,
}

/// What has to be known of a log to judge a batch of it, read at once.
struct Batch {
    head: Option<Head>,
    hashes: HashMap<u64, [u8; 32]>,
    base: bool,
    places: HashMap<Uuid, Place>,
}

impl Known for Batch {
    type Error = Infallible;

    fn head(&self, _: Uuid, _: u32) -> std::result::Result<Option<Head>, Infallible> {
        Ok(self.head)
    }

    fn hash_at(&self, place: Place) -> std::result::Result<Option<[u8; 32]>, Infallible> {
        Ok(self.hashes.get(&place.seq).copied())
    }

    fn base(&self, _: Uuid, _: u32, _: &[u8; 32]) -> std::result::Result<bool, Infallible> {
        Ok(self.base)
    }

    fn elsewhere(&self, event_id: Uuid) -> std::result::Result<Option<Place>, Infallible> {
        Ok(self.places.get(&event_id).copied())
    }
}

impl Grows for Batch {
    fn stored(&mut self, event: &Sealed) {
        self.head = Some(Head {
            seq: event.header.seq,
            hash: event.hash,
        });
        self.places.insert(event.header.event_id, event.place());
    }
}

/// Whose signature a batch bears: over the end of the log that it leads to, and so, by the chain
/// of hashes, over all of that log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed {
    pub(crate) signer: Uuid,
    pub(crate) signature: [u8; 64],
}

pub(crate) fn hash(bytes: &[u8]) -> Result<[u8; 32]> {
    bytes
        .try_into()
        .map_err(|_| crate::error::Error::Damaged("hash"))
}

/// Sequence numbers and epochs are kept as signed numbers; both fit by [`Sealed`]'s own reading.
pub(crate) fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn place(row: &tokio_postgres::Row) -> Place {
    Place {
        device: row.get(0),
        epoch: u32::try_from(row.get::<_, i64>(1)).unwrap_or_default(),
        seq: row.get::<_, i64>(2).unsigned_abs(),
    }
}

impl Batch {
    async fn read(tx: &Transaction<'_>, office: i32, events: &[Sealed]) -> Result<Self> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return Ok(Self {
                head: None,
                hashes: HashMap::new(),
                base: false,
                places: HashMap::new(),
            });
        };
        let Place { device, epoch, seq } = first.place();
        let epoch = i64::from(epoch);
        let head = tx
            .query_opt(
                &tx.prepare_cached("SELECT seq, hash FROM device_head WHERE office_id = $1 AND device = $2 AND epoch = $3").await?,
                &[&office, &device, &epoch],
            )
            .await?
            .map(|row| {
                Ok::<_, crate::error::Error>(Head {
                    seq: row.get::<_, i64>(0).unsigned_abs(),
                    hash: hash(row.get(1))?,
                })
            })
            .transpose()?;
        let mut batch = Self {
            head,
            hashes: HashMap::new(),
            base: first.prev_hash == [0; 32],
            places: HashMap::new(),
        };
        // A hash covers everything before it, and a batch is one chain: where its last event that
        // can be known is the one that stands there, so are all before it, and none of them has to
        // be read. Only where it is another one is it looked for where the two part.
        if let Some(head) = head.filter(|h| seq <= h.seq) {
            let upto = last.header.seq.min(head.seq);
            let end = events.iter().find(|e| e.header.seq == upto);
            let there = hash_at(tx, office, device, epoch, upto).await?;
            let chained = events.windows(2).all(|w| w[1].prev_hash == w[0].hash);
            let alike = chained && end.is_some_and(|e| there == Some(e.hash));
            if alike {
                let known = events.iter().filter(|e| e.header.seq <= upto);
                batch.hashes = known.map(|e| (e.header.seq, e.hash)).collect();
            } else {
                batch.hashes = hashes(tx, office, device, epoch, (seq, upto)).await?;
            }
        }
        if head.is_none() && !batch.base {
            let found = tx
                .query_one(
                    &tx.prepare_cached("SELECT EXISTS(SELECT 1 FROM event_log WHERE office_id = $1 AND device = $2 AND epoch < $3 AND hash = $4)").await?,
                    &[&office, &device, &epoch, &&first.prev_hash[..]],
                )
                .await?;
            batch.base = found.get(0);
        }
        let ids: Vec<Uuid> = events
            .iter()
            .filter(|e| head.is_none_or(|h| e.header.seq > h.seq))
            .map(|e| e.header.event_id)
            .collect();
        if !ids.is_empty() {
            let rows = tx
                .query(
                    &tx.prepare_cached("SELECT device, epoch, seq, event_id FROM event_log WHERE office_id = $1 AND event_id = ANY($2)").await?,
                    &[&office, &ids],
                )
                .await?;
            for row in rows {
                batch.places.insert(row.get(3), place(&row));
            }
        }
        Ok(batch)
    }
}

async fn hash_at(
    tx: &Transaction<'_>,
    office: i32,
    device: Uuid,
    epoch: i64,
    seq: u64,
) -> Result<Option<[u8; 32]>> {
    let row = tx
        .query_opt(
            &tx.prepare_cached("SELECT hash FROM event_log WHERE office_id = $1 AND device = $2 AND epoch = $3 AND seq = $4").await?,
            &[&office, &device, &epoch, &signed(seq)],
        )
        .await?;
    row.map(|row| hash(row.get(0))).transpose()
}

async fn hashes(
    tx: &Transaction<'_>,
    office: i32,
    device: Uuid,
    epoch: i64,
    (from, upto): (u64, u64),
) -> Result<HashMap<u64, [u8; 32]>> {
    let rows = tx
        .query(
            &tx.prepare_cached("SELECT seq, hash FROM event_log WHERE office_id = $1 AND device = $2 AND epoch = $3 AND seq BETWEEN $4 AND $5").await?,
            &[&office, &device, &epoch, &signed(from), &signed(upto)],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((row.get::<_, i64>(0).unsigned_abs(), hash(row.get(1))?)))
        .collect()
}

/// Stores events of one log and applies them. Returned from only after the commit.
pub(crate) async fn take(
    client: &mut Client,
    office: i32,
    events: &[Sealed],
    by: Option<Signed>,
) -> Result<Ingested> {
    let mut tx = client.transaction().await?;
    let row = tx
        .query_one(
            &tx.prepare_cached(
                // What is acknowledged is on the disk, however the server is set up; a setting
                // that waits for more, for example for a standby, stays.
                "SELECT feed_seq, CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END
                 FROM office WHERE office_id = $1 FOR UPDATE",
            )
            .await?,
            &[&office],
        )
        .await?;
    let feed: i64 = row.get(0);
    let mut batch = Batch::read(&tx, office, events).await?;
    let Ok(Sifted {
        known,
        mut fresh,
        unfit,
        head,
    }) = intake::sift(&mut batch, events);
    if let (Some(head), Some(last)) = (head, fresh.last()) {
        // Signed is the end of what was sent; where only a part of it fits, nothing here is.
        let by = by.filter(|_| unfit.is_none());
        store(&tx, office, feed, &fresh).await?;
        advance(&tx, office, feed, &fresh, last.event.place(), head, by).await?;
        close_epochs(&tx, office, &fresh).await?;
        again::amended(&tx, office, &mut fresh).await?;
        let mut touched: BTreeSet<Uuid> = fresh.iter().map(|f| f.event.header.entity).collect();
        if fresh.iter().any(|f| !intake::closes(f.event).is_empty()) {
            touched.extend(waiting(&tx, office).await?);
        }
        touched.extend(again::asked(&tx, office, fresh.iter().map(|f| f.event)).await?);
        let applied = read_model::apply(&mut tx, office, &touched).await?;
        settle(&tx, office, &mut fresh, &touched, &applied).await?;
    }
    let mut done = Ingested {
        stored: fresh.len(),
        results: known,
        unfit: unfit.into_iter().collect(),
    };
    done.results.extend(
        fresh
            .iter()
            .filter(|f| f.status != Status::Applied)
            .map(Fresh::verdict),
    );
    tx.commit().await?;
    Ok(done)
}

/// A text column cannot hold the one character that a JSON string can; the exact bytes are kept
/// beside it.
pub(crate) fn text(value: &str) -> String {
    value.replace('\0', "\u{fffd}")
}

async fn store(tx: &Transaction<'_>, office: i32, feed: i64, fresh: &[Fresh<'_>]) -> Result<()> {
    let events = || fresh.iter().map(|f| f.event);
    let Some(Place { device, epoch, .. }) = events().next().map(Sealed::place) else {
        return Ok(());
    };
    let seqs: Vec<i64> = events().map(|e| signed(e.header.seq)).collect();
    let ids: Vec<Uuid> = events().map(|e| e.header.event_id).collect();
    let entities: Vec<Uuid> = events().map(|e| e.header.entity).collect();
    let kinds: Vec<String> = events().map(|e| text(&e.header.kind)).collect();
    let headers: Vec<Vec<u8>> = events().map(|e| e.header.bytes()).collect();
    let salts: Vec<&[u8]> = events().map(|e| &e.salt[..]).collect();
    let bodies: Vec<&[u8]> = events().map(|e| &e.body[..]).collect();
    let before: Vec<&[u8]> = events().map(|e| &e.prev_hash[..]).collect();
    let hashes: Vec<&[u8]> = events().map(|e| &e.hash[..]).collect();
    let places: Vec<i64> = (1..=fresh.len() as i64).map(|i| feed + i).collect();
    let statement = tx
        .prepare_cached(
            "INSERT INTO event_log(office_id, device, epoch, seq, event_id, entity, kind, header, salt, body, prev_hash, hash, feed_seq)
             SELECT $1, $2, $3, * FROM unnest($4::bigint[], $5::uuid[], $6::uuid[], $7::text[], $8::bytea[], $9::bytea[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bigint[])",
        )
        .await?;
    tx.execute(
        &statement,
        &[
            &office,
            &device,
            &i64::from(epoch),
            &seqs,
            &ids,
            &entities,
            &kinds,
            &headers,
            &salts,
            &bodies,
            &before,
            &hashes,
            &places,
        ],
    )
    .await?;
    Ok(())
}

async fn advance(
    tx: &Transaction<'_>,
    office: i32,
    feed: i64,
    fresh: &[Fresh<'_>],
    last: Place,
    head: Head,
    by: Option<Signed>,
) -> Result<()> {
    let signature = by.as_ref().map(|b| &b.signature[..]);
    tx.execute(
        &tx.prepare_cached(
            "INSERT INTO device_head(office_id, device, epoch, seq, hash, signer, signature) VALUES($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT(office_id, device, epoch) DO UPDATE SET seq = excluded.seq, hash = excluded.hash,
               signer = excluded.signer, signature = excluded.signature",
        )
        .await?,
        &[
            &office,
            &last.device,
            &i64::from(last.epoch),
            &signed(head.seq),
            &&head.hash[..],
            &by.map(|b| b.signer),
            &signature,
        ],
    )
    .await?;
    tx.execute(
        &tx.prepare_cached("UPDATE office SET feed_seq = $2 WHERE office_id = $1")
            .await?,
        &[&office, &(feed + fresh.len() as i64)],
    )
    .await?;
    Ok(())
}

/// Entities of which something waits for what it had seen. Where an epoch is closed, that may be
/// what they wait for, and it will never come.
async fn waiting(tx: &Transaction<'_>, office: i32) -> Result<Vec<Uuid>> {
    let rows = tx
        .query(
            &tx.prepare_cached(
                "SELECT DISTINCT entity FROM verdict WHERE office_id = $1 AND code = 'DEPS'",
            )
            .await?,
            &[&office],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Remembers which epochs went two ways, as their device says.
async fn close_epochs(tx: &Transaction<'_>, office: i32, fresh: &[Fresh<'_>]) -> Result<()> {
    for event in fresh.iter().map(|f| f.event) {
        for (epoch, seq) in intake::closes(event) {
            tx.execute(
                // Of two repairs of one epoch the one that keeps less holds for both.
                &tx.prepare_cached(
                    "INSERT INTO epoch_closed(office_id, device, epoch, seq) VALUES($1, $2, $3, $4)
                     ON CONFLICT(office_id, device, epoch) DO UPDATE SET seq = least(epoch_closed.seq, excluded.seq)",
                )
                .await?,
                &[
                    &office,
                    &event.header.device,
                    &i64::from(epoch),
                    &signed(seq),
                ],
            )
            .await?;
        }
    }
    Ok(())
}

/// Writes down what is not in effect, and forgets what now is.
async fn settle(
    tx: &Transaction<'_>,
    office: i32,
    fresh: &mut [Fresh<'_>],
    touched: &BTreeSet<Uuid>,
    applied: &read_model::Applied,
) -> Result<()> {
    let held = intake::settle(fresh, &applied.parked, &applied.failed);
    let whole: Vec<Uuid> = touched.difference(&applied.failed).copied().collect();
    tx.execute(
        &tx.prepare_cached(
            // Of an entity that cannot be folded nothing new is known.
            "DELETE FROM verdict WHERE office_id = $1 AND entity = ANY($2) AND code IN ('DEPS', 'RULE')",
        )
        .await?,
        &[&office, &whole],
    )
    .await?;
    if held.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = held.keys().copied().collect();
    let devices: Vec<Uuid> = held.values().map(|h| h.device).collect();
    let of: Vec<Uuid> = held.values().map(|h| h.entity).collect();
    let statuses: Vec<&str> = held
        .values()
        .map(|h| match h.quarantined {
            true => "quarantined",
            false => "parked",
        })
        .collect();
    let codes: Vec<&str> = held.values().map(|h| h.code).collect();
    tx.execute(
        &tx.prepare_cached(
            "INSERT INTO verdict(office_id, event_id, device, entity, status, code)
             SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
             ON CONFLICT(office_id, event_id) DO UPDATE SET status = excluded.status, code = excluded.code",
        )
        .await?,
        &[&office, &ids, &devices, &of, &statuses, &codes],
    )
    .await?;
    Ok(())
}
