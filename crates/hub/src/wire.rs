//! What both ends of the LAN protocol agree on beside `motcua_protocol::sync`: paths, headers,
//! compression, the frame of a command.

use std::io::Read as _;

use motcua_protocol::{ApiError, sync::EpochHead};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub(crate) const HELLO: &str = "/v1/hello";
pub(crate) const HEADS: &str = "/v1/devices/self/heads";
pub(crate) const PAST: &str = "/v1/devices/self/events";
pub(crate) const EVENTS: &str = "/v1/events";
pub(crate) const FEED: &str = "/v1/feed";
pub(crate) const COMMAND: &str = "/v1/command";
pub(crate) const LIVE: &str = "/v1/live";
pub(crate) const PAIR_BEGIN: &str = "/v1/pair/begin";
pub(crate) const PAIR_FINISH: &str = "/v1/pair/finish";

pub(crate) const PROTO_HEADER: &str = "motcua-proto";
pub(crate) const BRANCH_HEADER: &str = "motcua-branch";
pub(crate) const EPOCH_HEADER: &str = "motcua-server-epoch";

/// The hub says something on an open line at least this often; silence twice as long means away.
pub(crate) const HEARTBEAT_MS: u64 = 1_000;
/// Bytes of one compressed body.
pub(crate) const MOST_BODY: usize = 16 << 20;

/// A command for the hub.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CommandAsk {
    pub(crate) command_id: Uuid,
    pub(crate) name: String,
    pub(crate) args: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) officer: Option<String>,
    /// End of the counter's own log: the hub decides only when it has seen all of it.
    pub(crate) head: EpochHead,
    /// How far the counter has read, and of which history.
    pub(crate) cursor: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) server_epoch: Option<String>,
}

/// What became of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CommandTold {
    Done(Value),
    Refused(ApiError),
}

/// The decision, and the page that carries what was recorded.
pub(crate) fn frame(told: &CommandTold, page: &[u8]) -> serde_json::Result<Vec<u8>> {
    let told = serde_json::to_vec(told)?;
    let mut out = Vec::with_capacity(4 + told.len() + page.len());
    out.extend_from_slice(&(told.len() as u32).to_be_bytes());
    out.extend_from_slice(&told);
    out.extend_from_slice(page);
    Ok(out)
}

/// Takes a frame apart.
pub(crate) fn unframe(bytes: &[u8]) -> Option<(CommandTold, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (told, page) = rest.split_at_checked(length)?;
    Some((serde_json::from_slice(told).ok()?, page))
}

/// Compresses; what cannot be compressed goes as an empty body, which the other side refuses.
pub(crate) fn pack(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).unwrap_or_default()
}

/// Unpacks at most so many bytes, whatever the sender claims.
pub(crate) fn unpack(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut decoder = zstd::stream::read::Decoder::new(bytes).ok()?;
    decoder.window_log_max(24).ok()?;
    let mut out = Vec::new();
    let limit = u64::try_from(most).ok()?.checked_add(1)?;
    decoder.take(limit).read_to_end(&mut out).ok()?;
    (out.len() <= most).then_some(out)
}
