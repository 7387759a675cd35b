//! What both ends agree on over HTTP beside `motcua_protocol::sync`: paths, headers, compression.

use std::io::Read as _;

/// [`crate::Request::Hello`].
pub const HELLO: &str = "/v1/hello";
/// [`crate::Request::Heads`].
pub const HEADS: &str = "/v1/devices/self/heads";
/// [`crate::Request::Past`].
pub const PAST: &str = "/v1/devices/self/events";
/// [`crate::Request::Push`].
pub const EVENTS: &str = "/v1/events";
/// [`crate::Request::Feed`].
pub const FEED: &str = "/v1/feed";

/// Version of the protocol that the sender speaks.
pub const PROTO_HEADER: &str = "motcua-proto";
/// The history from which the server answers.
pub const EPOCH_HEADER: &str = "motcua-server-epoch";

/// Bytes of one compressed body.
pub const MOST_BODY: usize = 16 << 20;

/// Compresses; what cannot be compressed goes as an empty body, which the other side refuses.
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).unwrap_or_default()
}

/// Unpacks at most so many bytes, whatever the sender claims.
pub fn unpack(bytes: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut decoder = zstd::stream::read::Decoder::new(bytes).ok()?;
    decoder.window_log_max(24).ok()?;
    let mut out = Vec::new();
    let limit = u64::try_from(most).ok()?.checked_add(1)?;
    decoder.take(limit).read_to_end(&mut out).ok()?;
    (out.len() <= most).then_some(out)
}
