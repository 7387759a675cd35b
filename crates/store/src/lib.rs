//! The log and what is projected from it, on SQLite.
//!
//! It owns the data folder: one file of events that is only ever appended to, projections
//! written in the same transaction, numbers, the command ledger, print jobs, the epoch token,
//! backups. It must not know what a command is, who may do it, or how it is shown.
//!
//! Every write is one transaction with `synchronous=FULL`: when [`Store::write`] returns, the
//! event has reached the disk, and only then may anything be printed, announced or shown.

mod aside;
mod backup;
mod ballast;
mod blobs;
#[cfg(feature = "bulk")]
mod bulk;
mod checkpoint;
mod clock;
mod cursors;
mod database;
mod error;
mod folder;
mod fork;
mod ingest;
mod log;
mod memo;
mod open;
mod order;
mod peer;
mod project;
mod read;
mod standing;
pub mod table;
mod together;
mod token;
mod verify;
mod write;

pub use backup::{Backup, restore};
pub use blobs::{Blobs, FOLDER as BLOBS, Soundness, write_durably};
#[cfg(feature = "bulk")]
pub use bulk::Bulk;
pub use clock::{Moment, today};
pub use database::SCHEMA_VERSION;
pub use error::{Error, Result};
pub use folder::{DATABASE, is_network_filesystem};
pub use ingest::{Ingested, Unfit};
pub use log::Stored;
pub use open::{Options, Store};
pub use peer::{HeldRecord, PeerState, WaitingDay};
pub use project::entity;
pub use read::Read;
pub use standing::epoch_tag;
pub use verify::{Finding, Verified};
pub use write::{Author, Write};
