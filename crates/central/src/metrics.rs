//! Figures for the operators' own monitoring, in the format of Prometheus. Numbers only: nothing
//! here names a person, a case or a device.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use deadpool_postgres::Pool;

use crate::{downstream::System, error::Result};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Beyond {
    system: &'static str,
}

/// What this copy of the program has done, and how the installation stands.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    events: Counter,
    known: Counter,
    refused: Counter,
    batch: Histogram,
    waiting: Family<Status, Gauge>,
    devices: Gauge,
    silent: Gauge<f64, AtomicU64>,
    onward: Family<Beyond, Gauge>,
    onward_oldest: Family<Beyond, Gauge<f64, AtomicU64>>,
    blobs: Gauge,
    blob_bytes: Gauge,
    blob_uploads: Gauge,
    piece_bytes: Counter,
    pieces_refused: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("motcua");
        let events = Counter::default();
        registry.register("events_stored", "Events stored", events.clone());
        let known = Counter::default();
        registry.register(
            "events_known",
            "Events that were there already",
            known.clone(),
        );
        let refused = Counter::default();
        registry.register(
            "batches_refused",
            "Batches refused as a whole",
            refused.clone(),
        );
        let batch = Histogram::new(exponential_buckets(0.001, 2.0, 14));
        registry.register("batch_seconds", "Time to take one batch", batch.clone());
        let waiting = Family::default();
        registry.register("events_waiting", "Events not in effect", waiting.clone());
        let devices = Gauge::default();
        registry.register("devices", "Devices that may send", devices.clone());
        let silent = Gauge::default();
        registry.register(
            "longest_silence_seconds",
            "Since the device that has been silent longest was heard",
            silent.clone(),
        );
        let onward = Family::default();
        registry.register(
            "onward_waiting",
            "Cases that a system beyond is still to be told of",
            onward.clone(),
        );
        let onward_oldest = Family::default();
        registry.register(
            "onward_oldest_seconds",
            "Since when the first of them waits",
            onward_oldest.clone(),
        );
        let blobs = Gauge::default();
        registry.register("blobs", "Files of papers", blobs.clone());
        let blob_bytes = Gauge::default();
        registry.register("blob_bytes", "Bytes of these files", blob_bytes.clone());
        let blob_uploads = Gauge::default();
        registry.register(
            "blob_uploads",
            "Files that are half here",
            blob_uploads.clone(),
        );
        let piece_bytes = Counter::default();
        registry.register(
            "blob_piece_bytes",
            "Bytes of pieces of files that were taken",
            piece_bytes.clone(),
        );
        let pieces_refused = Counter::default();
        registry.register(
            "blob_pieces_refused",
            "Pieces that did not follow, and files that were not what their address says",
            pieces_refused.clone(),
        );
        Self {
            blobs,
            blob_bytes,
            blob_uploads,
            piece_bytes,
            pieces_refused,
            registry,
            events,
            known,
            refused,
            batch,
            waiting,
            devices,
            silent,
            onward,
            onward_oldest,
        }
    }
}

impl Metrics {
    /// A batch was taken.
    pub(crate) fn took(&self, stored: usize, sent: usize, seconds: f64) {
        self.events.inc_by(stored as u64);
        self.known.inc_by(sent.saturating_sub(stored) as u64);
        self.batch.observe(seconds);
    }

    /// A batch was refused.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    /// A piece of a file was taken.
    pub(crate) fn took_piece(&self, bytes: usize) {
        self.piece_bytes.inc_by(bytes as u64);
    }

    /// A piece of a file was refused.
    pub(crate) fn refused_piece(&self) {
        self.pieces_refused.inc();
    }

    /// Everything, as text.
    pub(crate) async fn text(&self, pool: &Pool) -> Result<String> {
        let client = pool.get().await?;
        for status in ["parked", "quarantined"] {
            let row = client
                .query_one("SELECT count(*) FROM verdict WHERE status = $1", &[&status])
                .await?;
            self.waiting
                .get_or_create(&Status { status })
                .set(row.get(0));
        }
        let row = client
            .query_one(
                "SELECT count(*), coalesce(extract(epoch FROM max(now() - coalesce(seen_at, enrolled_at))), 0)::float8
                 FROM device WHERE revoked_at IS NULL",
                &[],
            )
            .await?;
        self.devices.set(row.get(0));
        self.silent.set(row.get(1));
        for system in [System::Portal, System::Ministry].map(System::name) {
            let row = client
                .query_one(
                    "SELECT count(*), coalesce(extract(epoch FROM now() - min(since)), 0)::float8
                     FROM downstream_case WHERE waiting AND system = $1",
                    &[&system],
                )
                .await?;
            let beyond = Beyond { system };
            self.onward.get_or_create(&beyond).set(row.get(0));
            self.onward_oldest.get_or_create(&beyond).set(row.get(1));
        }
        let row = client
            .query_one(
                "SELECT count(*), coalesce(sum(bytes), 0)::bigint, (SELECT count(*) FROM blob_upload) FROM blob",
                &[],
            )
            .await?;
        self.blobs.set(row.get(0));
        self.blob_bytes.set(row.get(1));
        self.blob_uploads.set(row.get(2));
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|_| crate::error::Error::Damaged("metrics"))?;
        Ok(text)
    }
}
