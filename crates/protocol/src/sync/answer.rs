//! What is said about events: greetings, heads, verdicts. JSON; fields may be added, never lost.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::Uuid;

use crate::sync::Limits;

/// 32 bytes of BLAKE3, as hexadecimal in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", &blake3::Hash::from_bytes(self.0).to_hex()[..12])
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        blake3::Hash::from_hex(text.as_bytes())
            .map(|h| Self(*h.as_bytes()))
            .map_err(|_| D::Error::custom("64 hexadecimal digits expected"))
    }
}

impl JsonSchema for Hash {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Hash".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[0-9a-f]{64}$"})
    }
}

/// Who answers, and under which terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// Changes whenever the server's history may have gone back: after a restore, for example.
    /// What was acknowledged under another one is asked anew, and the feed is read from its start.
    pub server_epoch: String,
    /// Oldest version of the protocol it understands.
    pub proto_min: u16,
    /// Newest.
    pub proto: u16,
    /// What it takes at once.
    pub limits: Limits,
    /// Its clock, UTC milliseconds.
    pub server_time_ms: i64,
    /// The key for which records are sealed that come to it on a stick. Central has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_key: Option<String>,
    /// What it sends down whole and signed. Central does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundles: Option<crate::bundle::Terms>,
}

/// The end of one epoch of a log, as the server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EpochHead {
    /// Which epoch.
    pub epoch: u32,
    /// Last sequence number.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
}

/// The same with its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogHead {
    /// Whose log.
    pub device: Uuid,
    /// Its end.
    #[serde(flatten)]
    pub head: EpochHead,
}

/// What the server has of the logs that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Heads {
    /// See [`Hello`].
    pub server_epoch: String,
    /// One for each epoch of which it has anything.
    pub logs: Vec<LogHead>,
    /// Events of the asking device that wait for a person.
    pub quarantined: u64,
    /// Every event that is stored there and not in effect, of the logs that were asked for, up to
    /// [`Held::MOST`]: what is not among them is held no longer. Absent where the server does not
    /// tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Vec<Held>>,
    /// Ends of the asking device's logs as they went on above the server, where that is another way
    /// than here: see [`super::aside`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aside: Vec<LogHead>,
}

/// An event that a server has stored and that is not, or not yet, in effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Held {
    /// The event.
    pub event_id: Uuid,
    /// `parked` or `quarantined`.
    pub status: Status,
    /// As in [`Verdict`].
    pub code: String,
    /// The field of its body that cannot be read, dotted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Held back not by whoever says so, but above it: a hub tells its counters what central holds
    /// of their records.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub above: bool,
}

impl Held {
    /// So many are told at once: a screen with more helps nobody.
    pub const MOST: usize = 500;
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Stored, and in effect.
    Applied,
    /// Was there already under this place.
    Duplicate,
    /// Stored; the same event is known under another place, so its effect is not repeated.
    DuplicateOf,
    /// Stored; takes effect once what it had seen is there too, or once this program is newer.
    Parked,
    /// Stored; cannot be understood and waits for a person. Blocks nothing else.
    Quarantined,
}

/// What became of one event of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The event.
    pub event_id: Uuid,
    /// Its place in the log that was sent.
    pub epoch: u32,
    /// Its place in the log that was sent.
    pub seq: u64,
    /// What became of it.
    pub status: Status,
    /// Why, out of [`held`]; absent where the status says it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Why a record that is safe is not in effect, or not as it was written.
pub mod held {
    /// It waits for a record that has not come.
    pub const DEPS: &str = "DEPS";
    /// A newer program wrote it.
    pub const UPGRADE: &str = "UPGRADE";
    /// Nobody can read it.
    pub const BODY_UNREADABLE: &str = "BODY_UNREADABLE";
    /// A rule does not allow it.
    pub const RULE: &str = "RULE";
}

/// Up to where a log is safe at the server, written only after its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Acked {
    /// Whose log.
    pub device: Uuid,
    /// Its end there.
    #[serde(flatten)]
    pub head: EpochHead,
}

/// How the server would like to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Next {
    /// At most so many events in the next batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_events: Option<u32>,
    /// Not before so many milliseconds.
    #[serde(default)]
    pub after_ms: u64,
}

/// Answer to a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PushAnswer {
    /// See [`Hello`].
    pub server_epoch: String,
    /// Up to where the log is safe.
    pub acked: Acked,
    /// Events that are not simply applied.
    pub results: Vec<Verdict>,
    /// How to go on.
    #[serde(default)]
    pub next: Next,
    /// The server's clock, UTC milliseconds.
    pub server_time_ms: i64,
}

/// Why a batch was refused as a whole. Nothing of it is lost: the sender still has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefusedWhy {
    /// Another event stands at a place that was sent: one history has gone two ways.
    Fork,
    /// Events before these are not there yet.
    Gap,
    /// More than the limits.
    TooLarge,
    /// Not a device of this branch, or one whose access was taken away.
    UnknownDevice,
    /// A device of another branch.
    WrongBranch,
    /// Written in a version this server does not understand.
    Proto,
    /// Damaged on the way, or not ours.
    Malformed,
    /// Who asks has to show anew who it is.
    Unauthorized,
    /// The batch does not bear the signature of the device that brings it.
    Unsigned,
    /// Not now.
    Busy,
}

/// A batch refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// Why.
    pub code: RefusedWhy,
    /// With `FORK` and `GAP`: what the server has of that epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<LogHead>,
    /// Not before so many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl From<RefusedWhy> for Refused {
    fn from(code: RefusedWhy) -> Self {
        Self {
            code,
            head: None,
            retry_after_ms: None,
        }
    }
}
