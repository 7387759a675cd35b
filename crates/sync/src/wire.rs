//! What both ends agree on over HTTP beside `motcua_protocol::sync`: paths, headers, compression.

use std::io::Read as _;

use motcua_protocol::sync::Sealed;
use uuid::Uuid;

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

/// What the asking machine has not sent yet: see [`Unsent`].
pub const UNSENT_HEADER: &str = "motcua-unsent";

/// Signature of a batch: ed25519 over [`batch_message`], base64url without padding.
pub const SIGNATURE_HEADER: &str = "motcua-signature";

/// What whoever brings a batch to central signs: who it is, and the end of the log that the batch
/// leads to. Each hash covers everything before it, so this is a signature over that whole log.
pub fn batch_message(sender: Uuid, last: &Sealed) -> Vec<u8> {
    let place = last.place();
    [
        &b"motcua-batch-1"[..],
        sender.as_bytes(),
        place.device.as_bytes(),
        &place.epoch.to_be_bytes(),
        &place.seq.to_be_bytes(),
        &last.hash,
    ]
    .concat()
}

/// What a machine says of itself with a request, for those who run the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsent {
    /// Events that the other side is not known to have.
    pub count: u64,
    /// When the oldest of them was written, UTC milliseconds.
    pub oldest_ms: Option<i64>,
}

impl Unsent {
    /// As a header has it: the count, and the time where there is one.
    pub fn text(self) -> String {
        match self.oldest_ms {
            Some(oldest) => format!("{} {oldest}", self.count),
            None => self.count.to_string(),
        }
    }

    /// Reads what a header has. Whatever else it holds is no word of ours.
    pub fn read(text: &str) -> Option<Self> {
        let (count, oldest) = match text.split_once(' ') {
            Some((count, oldest)) => (count, Some(oldest.parse().ok()?)),
            None => (text, None),
        };
        Some(Self {
            count: count.parse().ok()?,
            oldest_ms: oldest,
        })
    }
}

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

#[cfg(test)]
mod tests {
    use super::Unsent;

    #[test]
    fn what_is_unsent_is_read_as_it_was_written_and_nothing_else_is() {
        for unsent in [
            Unsent {
                count: 0,
                oldest_ms: None,
            },
            Unsent {
                count: 7,
                oldest_ms: Some(1_795_395_600_000),
            },
        ] {
            assert_eq!(Unsent::read(&unsent.text()), Some(unsent));
        }
        for nonsense in ["", "-1", "7 ", "7 yesterday", " 7", "7 1 2", "1e9"] {
            assert_eq!(Unsent::read(nonsense), None, "{nonsense:?}");
        }
    }
}
