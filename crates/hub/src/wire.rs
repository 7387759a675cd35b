//! What both ends of the LAN protocol agree on beside [`motcua_sync::wire`]: paths of its own, the
//! frame of a command.

use motcua_protocol::{
    ApiError,
    sync::{EpochHead, Page},
};
pub(crate) use motcua_sync::wire::{
    EPOCH_HEADER, EVENTS, FEED, HEADS, HELLO, MOST_BODY, PAST, PROTO_HEADER, pack, unpack,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub(crate) const COMMAND: &str = "/v1/command";
pub(crate) const LIVE: &str = "/v1/live";
pub(crate) const PAIR_BEGIN: &str = "/v1/pair/begin";
pub(crate) const PAIR_FINISH: &str = "/v1/pair/finish";

pub(crate) const BRANCH_HEADER: &str = "motcua-branch";

/// The hub says something on an open line at least this often; silence twice as long means away.
pub(crate) const HEARTBEAT_MS: u64 = 1_000;

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

/// A decision, and what was recorded since the counter last read.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) told: CommandTold,
    /// Of which history the page is.
    pub(crate) server_epoch: String,
    pub(crate) page: Page,
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
