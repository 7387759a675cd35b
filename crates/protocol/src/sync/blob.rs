//! Files of papers on their way: by address, in pieces, beside the records and never before them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where files are taken and given; the address follows.
pub const BLOBS: &str = "/v1/blobs";
/// Bytes of one piece. On a line of a megabit it takes four seconds, and a lost one costs as much.
pub const PIECE: usize = 512 << 10;
/// Most bytes of a piece that are taken.
pub const MOST_PIECE: usize = 1 << 20;

/// Media type of the bytes of a file.
pub const MEDIA_FILE: &str = "application/octet-stream";

/// How far the other side has a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlobStands {
    /// All of it is there, and its content is what the address says.
    pub whole: bool,
    /// Bytes that are there: where to go on.
    pub offset: u64,
}

/// Where to ask how far a file is there.
pub fn stands_path(hash: &str) -> String {
    format!("{BLOBS}/{hash}/stands")
}

/// Where to fetch a file from an offset on.
pub fn from_path(hash: &str, offset: u64) -> String {
    format!("{BLOBS}/{hash}?offset={offset}")
}

/// Where to send a piece of a file of `total` bytes.
pub fn piece_path(hash: &str, offset: u64, total: u64) -> String {
    format!("{BLOBS}/{hash}?offset={offset}&total={total}")
}
