//! This machine among the machines of the branch: its role, who joins, who is there, the board
//! for a television, ratings on a tablet. Nothing here is a record of the branch but the revocation of a device.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::Time;

/// What a machine is in its branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum MachineRole {
    /// On its own: the only machine of its branch, as far as it knows.
    Own,
    /// The hub: it alone gives numbers and calls for the branch.
    Hub,
    /// A counter of a hub.
    Counter,
}

/// `machine.get`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
pub struct MachineGet {}

/// This machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct MachineAnswer {
    /// Its role.
    pub role: MachineRole,
    /// Its number among the machines, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u16>,
    /// A hub's port, or the one that it would take.
    pub port: u16,
    /// Where others reach this machine, `HOST:PORT`, the likeliest first; empty without a network.
    pub addresses: Vec<String>,
    /// SHA-256 of the certificate of this branch's hub, as far as this machine knows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// At a counter: where its hub was last reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<String>,
    /// At a counter: whether the hub answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<bool>,
    /// Other machines of the branch whose access stands.
    pub others: u32,
    /// Why a hub does not answer although it should, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The board for televisions on the network.
    pub board: BoardServed,
    /// The rating page for tablets on the network.
    #[serde(default)]
    pub rating: RatingServed,
    /// Whether the disk under the data is encrypted; absent where the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_encrypted: Option<bool>,
}

/// The rating page for tablets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct RatingServed {
    /// Its port, or the one that it would take.
    pub port: u16,
    /// The counters that have a tablet.
    pub tablets: Vec<RatingTablet>,
    /// Why the page is not served although it should be, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// A tablet at a counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct RatingTablet {
    /// The counter, and the only one that it can rate.
    pub counter: u16,
    /// Short addresses to type into the tablet, the likeliest first; for supervisors only, because
    /// whoever has one can rate.
    pub links: Vec<String>,
    /// The first of them as a QR code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr: Option<Qr>,
}

/// The board for televisions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct BoardServed {
    /// Whether it is served.
    pub on: bool,
    /// Its port, or the one that it would take.
    pub port: u16,
    /// Short addresses to type into a television, the likeliest first.
    pub links: Vec<String>,
    /// The first of them as a QR code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr: Option<Qr>,
    /// Why it is not served although it should be, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// A QR code, drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Qr {
    /// What it says.
    pub text: String,
    /// Its rows from above, `1` for dark.
    pub rows: Vec<String>,
}

/// `hub.open`: this machine becomes the hub of the branch.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct HubOpen {
    /// Port on which counters reach it; the usual one unless said.
    #[serde(default)]
    pub port: Option<u16>,
}

/// `hub.close`: it is on its own again.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
pub struct HubClose {
    /// The officer knows that counters will lose their hub.
    #[serde(default)]
    pub confirmed: bool,
}

/// `hub.pair_code`: a code for one more counter.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
pub struct HubPairCode {}

/// A code for one more counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct PairCodeAnswer {
    /// Eight characters.
    pub code: String,
    /// Until when it may be used.
    pub expires_at: Time,
    /// Now, by the same clock.
    pub now: Time,
    /// Where the hub is reached, `HOST:PORT`, the likeliest first.
    pub addresses: Vec<String>,
    /// Address, certificate and code for a counter's scanner; absent without an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr: Option<Qr>,
}

/// `hub.find`: hubs that say on the network that they are there. A hint and nothing more.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
pub struct HubFind {}

/// A hub that says it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct HubFound {
    /// `HOST:PORT`
    pub address: String,
    /// Name of the branch, as it says.
    pub name: String,
    /// First digits of its certificate's SHA-256, to tell two apart.
    pub fingerprint: String,
}

/// `hub.follow`: a counter turns to the machine at an address that a person typed, because another
/// machine has become the hub. Who answers there must be of this branch and be the hub by its log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct HubFollow {
    /// `HOST` or `HOST:PORT`, as announced or as typed.
    pub hub: String,
}

/// `hub.join`: an empty folder becomes a counter of a hub.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct HubJoin {
    /// `HOST:PORT` of the hub; the invitation says it otherwise.
    #[serde(default)]
    pub hub: Option<String>,
    /// The code that the hub shows; the invitation says it otherwise.
    #[serde(default)]
    pub code: Option<String>,
    /// The whole text of the hub's QR code.
    #[serde(default)]
    pub invitation: Option<String>,
    /// What people call this machine.
    pub name: String,
}

/// It has joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct HubJoined {
    /// Name of the branch.
    pub branch: String,
    /// Number of this machine in it.
    pub number: u16,
}

/// `branch.create`: an empty folder becomes a real branch, with services, counters and rules to
/// begin with; `branch.configure` changes them. The first administrator also does everything else.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct BranchCreate {
    /// Name of the office, “Phường Bình Minh”.
    pub name: String,
    /// Agency code as it stands in case codes, `H99.12`.
    pub code: String,
    /// Postal address, with ward and province.
    pub address: String,
    /// Full name of the first administrator.
    pub administrator: String,
}

/// `branch.demo`: an empty folder becomes a branch to try things on.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
pub struct BranchDemo {}

/// The demo branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct BranchMade {
    /// Name of the branch.
    pub branch: String,
}

/// `board.serve`: the board for televisions, on or off.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct BoardServe {
    /// Whether it is to be served.
    pub on: bool,
    /// On which port; the usual one unless said.
    #[serde(default)]
    pub port: Option<u16>,
}

/// What becomes of a tablet's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum TabletStep {
    /// It has one.
    On,
    /// It gets another one; the old one opens nothing any more.
    Renew,
    /// It has none.
    Off,
}

/// `rating.serve`: the rating page for the tablet of a counter.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct RatingServe {
    /// Which counter.
    pub counter: u16,
    /// What becomes of its link.
    pub step: TabletStep,
    /// On which port; the usual one unless said.
    #[serde(default)]
    pub port: Option<u16>,
}

/// `device.list`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
pub struct DeviceList {}

/// A machine of the branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct Device {
    /// Its id.
    pub device: Uuid,
    /// Its number: its own tickets begin with it.
    pub number: u16,
    /// What people call it.
    pub name: String,
    /// Whether it is this one.
    pub this: bool,
    /// Whether it is the hub, as far as this machine knows.
    pub hub: bool,
    /// Whether its line to this hub stands; absent where nobody here can know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<bool>,
    /// When it was last heard of: its last word to this hub, else its last record that is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Time>,
    /// Records that wait: this machine's own that the hub does not have, another's that wait for
    /// a person here.
    pub waiting: u64,
    /// Its access was taken away.
    pub revoked: bool,
}

/// The access was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DeviceRevokeAnswer {
    /// Whose.
    pub device: Uuid,
    /// What people call it.
    pub name: String,
}

/// `device.revoke`: a machine may no longer come in. What it has recorded stays.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct DeviceRevoke {
    /// Which.
    pub device: Uuid,
}
