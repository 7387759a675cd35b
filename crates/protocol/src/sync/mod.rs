//! Replication: what devices, hubs and the central system say to each other. One protocol for
//! every pair of them. Pure: bytes and values in, bytes and values out.
//!
//! - [`seal`]: one event with its place in a chain, as bytes; the exact bytes that are hashed.
//! - [`batch`]: many of them, from one log (a push) or from several (a page of the feed).
//! - [`answer`]: what is said about them, as JSON.
//! - [`rule`]: what a receiver does with each event. Store, hub, central and the simulator all
//!   ask this one function.
//! - [`repair`]: what a device writes when its history went two ways.
//! - [`gather`]: how many of them go into one batch.
//! - [`blob`]: files of papers, beside all that.
//! - [`cursor`]: how far a feed was read, so that a server that forgot something is noticed.

pub mod answer;
pub mod aside;
pub mod batch;
pub mod blob;
pub mod cursor;
pub mod gather;
pub mod repair;
pub mod rule;
pub mod seal;

pub use answer::{
    Acked, EpochHead, Hash, Heads, Held, Hello, LogHead, Next, PushAnswer, Refused, RefusedWhy,
    Status, Verdict, held,
};
pub use batch::{Malformed, Page, decode_events, decode_page, encode_events, encode_page};
pub use blob::{
    BLOBS, BlobStands, MEDIA_FILE, MOST_PIECE, PIECE, from_path, piece_path, stands_path,
};
pub use gather::Gather;
pub use rule::{Head, Judgement, judge};
pub use seal::{Place, Sealed};

/// Version of the protocol that this program speaks.
pub const PROTO: u16 = 1;
/// Oldest version that it still understands.
pub const PROTO_MIN: u16 = 1;

/// Media type of a batch or a page.
pub const MEDIA_EVENTS: &str = "application/vnd.motcua.events";
/// Media type of every JSON answer. An answer of another type comes from a captive portal or a
/// proxy, not from us.
pub const MEDIA_ANSWER: &str = "application/vnd.motcua.sync+json";

/// What a receiver takes at once. Senders begin lower and grow up to it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct Limits {
    /// Events a sender aims at.
    pub events: u32,
    /// Bytes a sender aims at, before compression.
    pub bytes: u32,
    /// Events that are refused. It lies far above what is aimed at, because the events of one
    /// command are never parted.
    pub most_events: u32,
    /// Bytes that are refused.
    pub most_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events: 1_000,
            bytes: 1 << 20,
            most_events: 20_000,
            most_bytes: 32 << 20,
        }
    }
}
