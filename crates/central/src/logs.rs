//! An office's logs in the database, as the answering side of replication sees them.

use deadpool_postgres::{Client, Pool};
use motcua_protocol::{
    bundle::Terms,
    event::{Body, Header},
    sync::{
        EpochHead, Gather, Hash, Held, Limits, LogHead, Page, Place, Sealed, Status, Verdict,
        cursor,
    },
};
use motcua_stick::OpenKey;
use motcua_sync::{Log, Unfit};
use tokio::runtime::Handle;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    bundles,
    error::{Error, Result},
    ingest::{self, Signed, hash, signed},
};

/// The rules of replication are written without I/O and ask one thing after the other; so a
/// request runs on a thread that may wait, and each question is put to the database there.
pub(crate) struct Logs {
    pub(crate) pool: Pool,
    pub(crate) runtime: Handle,
    pub(crate) office: i32,
    /// Who signed what is brought.
    pub(crate) by: Option<Signed>,
    /// Events that this request stored.
    pub(crate) stored: usize,
}

const COLUMNS: &str = "header, salt, body, prev_hash, feed_seq";

fn sealed(row: &Row) -> Result<(u64, Sealed)> {
    let mut bytes: &[u8] = row.get(0);
    let header = Header::read(&mut bytes).ok_or(Error::Damaged("header of an event"))?;
    let event = Sealed::new(header, row.get(1), row.get(2), hash(row.get(3))?);
    Ok((row.get::<_, i64>(4).unsigned_abs(), event))
}

fn epoch(row: &Row, at: usize) -> Result<u32> {
    u32::try_from(row.get::<_, i64>(at)).map_err(|_| Error::Damaged("epoch"))
}

fn log_head(row: &Row) -> Result<LogHead> {
    Ok(LogHead {
        device: row.get(0),
        head: EpochHead {
            epoch: epoch(row, 1)?,
            seq: row.get::<_, i64>(2).unsigned_abs(),
            hash: Hash(hash(row.get(3))?),
        },
    })
}

impl Logs {
    /// Asked for each time: whoever restores the database gives it a new name while copies of this
    /// program may be running.
    async fn history(&self) -> Result<String> {
        let client = self.pool.get().await?;
        let row = client
            .query_one(
                &client
                    .prepare_cached("SELECT server_epoch FROM installation")
                    .await?,
                &[],
            )
            .await?;
        Ok(row.get::<_, Uuid>(0).to_string())
    }

    async fn all_heads(&self, device: Option<Uuid>) -> Result<Vec<LogHead>> {
        let client = self.pool.get().await?;
        let rows = client
            .query(
                &client
                    .prepare_cached(
                        "SELECT device, epoch, seq, hash FROM device_head
                         WHERE office_id = $1 AND ($2::uuid IS NULL OR device = $2) ORDER BY device, epoch",
                    )
                    .await?,
                &[&self.office, &device],
            )
            .await?;
        rows.iter().map(log_head).collect()
    }

    async fn count_quarantined(&self, device: Uuid) -> Result<u64> {
        let client = self.pool.get().await?;
        let row = client
            .query_one(
                "SELECT count(*) FROM verdict WHERE office_id = $1 AND device = $2 AND status = 'quarantined'",
                &[&self.office, &device],
            )
            .await?;
        Ok(row.get::<_, i64>(0).unsigned_abs())
    }

    /// What is stored and not in effect, the longest first.
    async fn all_held(&self, device: Option<Uuid>) -> Result<Vec<Held>> {
        let client = self.pool.get().await?;
        let most = Held::MOST as i64;
        let rows = client
            .query(
                &client
                    .prepare_cached(
                        "SELECT v.event_id, v.status, v.code, e.kind,
                                CASE WHEN v.code = 'BODY_UNREADABLE' THEN e.body END
                         FROM verdict v, LATERAL (
                           SELECT kind, body FROM event_log
                           WHERE office_id = v.office_id AND event_id = v.event_id LIMIT 1) e
                         WHERE v.office_id = $1 AND ($2::uuid IS NULL OR v.device = $2)
                         ORDER BY v.since, v.event_id LIMIT $3",
                    )
                    .await?,
                &[&self.office, &device, &most],
            )
            .await?;
        let held = |row: &Row| {
            let (status, kind, body): (&str, &str, Option<&[u8]>) =
                (row.get(1), row.get(3), row.get(4));
            Held {
                event_id: row.get(0),
                status: match status {
                    "parked" => Status::Parked,
                    _ => Status::Quarantined,
                },
                code: row.get(2),
                field: body.and_then(|body| Body::unreadable_at(kind, body)),
                above: false,
            }
        };
        Ok(rows.iter().map(held).collect())
    }

    async fn key_for_sticks(&self) -> Result<String> {
        let client = self.pool.get().await?;
        let row = client
            .query_one(
                &client
                    .prepare_cached("SELECT secret FROM installation")
                    .await?,
                &[],
            )
            .await?;
        let secret = hash(row.get(0))?;
        Ok(OpenKey::of_secret(&secret).seal_key().to_string())
    }

    /// The cursor of a position of the feed: of each log its last event up to there.
    async fn cursor_at(&self, client: &Client, position: u64) -> Result<u64> {
        let rows = client
            .query(
                &client
                    .prepare_cached(
                        "SELECT h.device, h.epoch, e.seq, e.hash FROM device_head h, LATERAL (
                           SELECT seq, hash FROM event_log
                           WHERE office_id = h.office_id AND device = h.device AND epoch = h.epoch AND feed_seq <= $2
                           ORDER BY seq DESC LIMIT 1) e
                         WHERE h.office_id = $1",
                    )
                    .await?,
                &[&self.office, &signed(position)],
            )
            .await?;
        let ends = rows
            .iter()
            .map(|row| {
                let LogHead { device, head } = log_head(row)?;
                let place = Place {
                    device,
                    epoch: head.epoch,
                    seq: head.seq,
                };
                Ok((place, head.hash.0))
            })
            .collect::<Result<_>>()?;
        Ok(cursor::cursor(position, ends))
    }

    async fn page(&self, cursor: u64, except: Uuid, limits: &Limits) -> Result<Page> {
        let client = self.pool.get().await?;
        let row = client
            .query_one(
                "SELECT feed_seq FROM office WHERE office_id = $1",
                &[&self.office],
            )
            .await?;
        let end = row.get::<_, i64>(0).unsigned_abs();
        let from = cursor::position(cursor);
        let fits = from <= end && self.cursor_at(&client, from).await? == cursor;
        let from = if fits { from } else { 0 };
        let sql = format!(
            "SELECT {COLUMNS} FROM event_log WHERE office_id = $1 AND feed_seq > $2 AND feed_seq <= $3 AND device <> $4 ORDER BY feed_seq LIMIT $5"
        );
        let most = i64::from(limits.most_events) + 1;
        let rows = client
            .query(
                &client.prepare_cached(&sql).await?,
                &[&self.office, &signed(from), &signed(end), &except, &most],
            )
            .await?;
        let gather = gathered(&rows, limits)?;
        let next = match gather.last_pos() {
            Some(pos) if gather.full => pos,
            _ => end,
        };
        Ok(Page {
            next: if fits && next == from {
                cursor
            } else {
                self.cursor_at(&client, next).await?
            },
            more: gather.full,
            events: gather.events,
        })
    }

    async fn own_past(
        &self,
        device: Uuid,
        epoch: u32,
        after: u64,
        limits: &Limits,
    ) -> Result<Vec<Sealed>> {
        let client = self.pool.get().await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM event_log WHERE office_id = $1 AND device = $2 AND epoch = $3 AND seq > $4 ORDER BY seq LIMIT $5"
        );
        let most = i64::from(limits.most_events) + 1;
        let rows = client
            .query(
                &client.prepare_cached(&sql).await?,
                &[
                    &self.office,
                    &device,
                    &i64::from(epoch),
                    &signed(after),
                    &most,
                ],
            )
            .await?;
        Ok(gathered(&rows, limits)?.events)
    }

    async fn take_in(&mut self, events: &[Sealed]) -> Result<(Vec<Verdict>, Vec<Unfit>)> {
        let mut client = self.pool.get().await?;
        let done = ingest::take(&mut client, self.office, events, self.by).await?;
        self.stored += done.stored;
        Ok((done.results, done.unfit))
    }
}

fn gathered<'a>(rows: &[Row], limits: &'a Limits) -> Result<Gather<'a>> {
    let mut gather = Gather::new(limits);
    for row in rows {
        let (pos, event) = sealed(row)?;
        if !gather.take(pos, event) {
            break;
        }
    }
    Ok(gather)
}

impl Log for Logs {
    type Error = Error;

    fn server_epoch(&self) -> Result<String> {
        self.runtime.block_on(self.history())
    }

    fn heads(&self, device: Option<Uuid>) -> Result<Vec<LogHead>> {
        self.runtime.block_on(self.all_heads(device))
    }

    fn quarantined(&self, device: Uuid) -> Result<u64> {
        self.runtime.block_on(self.count_quarantined(device))
    }

    fn held(&self, device: Option<Uuid>) -> Result<Option<Vec<Held>>> {
        self.runtime.block_on(self.all_held(device)).map(Some)
    }

    fn seal_key(&self) -> Result<Option<String>> {
        self.runtime.block_on(self.key_for_sticks()).map(Some)
    }

    fn bundles(&self) -> Result<Option<Terms>> {
        let terms = async {
            let client = self.pool.get().await?;
            bundles::terms(&client, self.office).await
        };
        self.runtime.block_on(terms).map(Some)
    }

    fn take(&mut self, events: &[Sealed]) -> Result<(Vec<Verdict>, Vec<Unfit>)> {
        let runtime = self.runtime.clone();
        runtime.block_on(self.take_in(events))
    }

    fn feed(&self, cursor: u64, except: Uuid, limits: &Limits) -> Result<Page> {
        self.runtime.block_on(self.page(cursor, except, limits))
    }

    fn past(&self, device: Uuid, epoch: u32, after: u64, limits: &Limits) -> Result<Vec<Sealed>> {
        self.runtime
            .block_on(self.own_past(device, epoch, after, limits))
    }
}
