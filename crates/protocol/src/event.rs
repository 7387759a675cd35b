//! An event: a header that orders and proves it, and a readable body.
//!
//! `hash = BLAKE3("motcua-event-1" ‖ prev_hash ‖ header ‖ body_hash)` and
//! `body_hash = BLAKE3(salt ‖ body)`. Because the chain runs over the body's hash, a body with
//! personal data can be erased by law and the chain still verifies.

use chrono::NaiveDate;
use motcua_domain::{
    branch::Branch,
    case::CaseEvent,
    catalogue::Procedure,
    counter::CounterEvent,
    identity::look_up::{Outcome as LookUpOutcome, Purpose, Register},
    notice::{Means, NoticeTold},
    rating::{ComplaintHandled, ComplaintNoted, RatingGiven},
    visit::VisitEvent,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::value::MapDeserializer};
use ts_rs::TS;
use uuid::Uuid;

use crate::{
    amend::RecordAmended,
    bundle::{BundleRefused, BundleTaken, CalendarPublished},
    canonical,
};

/// Another event that this one had seen: the head of a device for the same entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dep {
    /// Device.
    pub device: Uuid,
    /// Epoch of that device.
    pub epoch: u32,
    /// Sequence number in that epoch.
    pub seq: u64,
}

/// Everything about an event but its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Device whose log it stands in.
    pub device: Uuid,
    /// Opened anew after a restore or a fork, so that sequence numbers are never reused.
    pub epoch: u32,
    /// 1, 2, 3 … without a gap within the epoch.
    pub seq: u64,
    /// Identity for ever, also when sent again under another epoch.
    pub event_id: Uuid,
    /// What it happened to.
    pub entity: Uuid,
    /// Name, for example `leg.called`.
    pub kind: String,
    /// Version of the body's shape.
    pub kind_v: u16,
    /// Officer, or `system`.
    pub actor: String,
    /// Command that caused it: the same command again does nothing.
    pub command_id: Uuid,
    /// Business day; never moves back on a device, unless a person says that its clock was ahead.
    pub business_date: NaiveDate,
    /// UTC milliseconds by the device's clock, corrected so that it never runs back.
    pub wall_ms: i64,
    /// One run of one process.
    pub boot: Uuid,
    /// Milliseconds of that run.
    pub mono_ms: i64,
    /// System clock minus `wall_ms`, where a correction was at work.
    pub skew_ms: i64,
    /// What this event had seen of its entity.
    pub deps: Vec<Dep>,
}

impl AsRef<Header> for Header {
    fn as_ref(&self) -> &Header {
        self
    }
}

impl Header {
    /// The exact bytes that are hashed: fixed order, every variable part with its length.
    pub fn bytes(&self) -> Vec<u8> {
        fn put(out: &mut Vec<u8>, part: &[u8]) {
            out.extend_from_slice(&(part.len() as u32).to_be_bytes());
            out.extend_from_slice(part);
        }
        let mut out = Vec::with_capacity(256);
        out.extend_from_slice(self.device.as_bytes());
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.seq.to_be_bytes());
        out.extend_from_slice(self.event_id.as_bytes());
        out.extend_from_slice(self.entity.as_bytes());
        put(&mut out, self.kind.as_bytes());
        out.extend_from_slice(&self.kind_v.to_be_bytes());
        put(&mut out, self.actor.as_bytes());
        out.extend_from_slice(self.command_id.as_bytes());
        put(&mut out, self.business_date.to_string().as_bytes());
        out.extend_from_slice(&self.wall_ms.to_be_bytes());
        out.extend_from_slice(self.boot.as_bytes());
        out.extend_from_slice(&self.mono_ms.to_be_bytes());
        out.extend_from_slice(&self.skew_ms.to_be_bytes());
        put(&mut out, &self.dep_bytes());
        out
    }

    /// Reads a header off the front of `from`; `None` unless [`Header::bytes`] would write the
    /// very same bytes.
    pub fn read(from: &mut &[u8]) -> Option<Self> {
        fn take<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
            let (head, rest) = from.split_at_checked(length)?;
            *from = rest;
            Some(head)
        }
        fn array<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
            take(from, N)?.try_into().ok()
        }
        fn part<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
            let length = u32::from_be_bytes(array(from)?);
            take(from, usize::try_from(length).ok()?)
        }
        fn id(from: &mut &[u8]) -> Option<Uuid> {
            array(from).map(Uuid::from_bytes)
        }
        fn text(from: &mut &[u8]) -> Option<String> {
            String::from_utf8(part(from)?.to_vec()).ok()
        }
        let whole = *from;
        let header = Self {
            device: id(from)?,
            epoch: u32::from_be_bytes(array(from)?),
            seq: u64::from_be_bytes(array(from)?),
            event_id: id(from)?,
            entity: id(from)?,
            kind: text(from)?,
            kind_v: u16::from_be_bytes(array(from)?),
            actor: text(from)?,
            command_id: id(from)?,
            business_date: text(from)?.parse().ok()?,
            wall_ms: i64::from_be_bytes(array(from)?),
            boot: id(from)?,
            mono_ms: i64::from_be_bytes(array(from)?),
            skew_ms: i64::from_be_bytes(array(from)?),
            deps: Self::deps_from(part(from)?)?,
        };
        // Sequence numbers are kept as signed 64-bit integers.
        let sane = header.seq >= 1 && i64::try_from(header.seq).is_ok() && header.epoch >= 1;
        let used = whole.len() - from.len();
        (sane && header.bytes() == whole[..used]).then_some(header)
    }

    /// The dependencies as stored: 28 bytes each.
    pub fn dep_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.deps.len() * 28);
        for dep in &self.deps {
            out.extend_from_slice(dep.device.as_bytes());
            out.extend_from_slice(&dep.epoch.to_be_bytes());
            out.extend_from_slice(&dep.seq.to_be_bytes());
        }
        out
    }

    /// Reads what [`Header::dep_bytes`] wrote; `None` when it is not that.
    pub fn deps_from(bytes: &[u8]) -> Option<Vec<Dep>> {
        if !bytes.len().is_multiple_of(28) {
            return None;
        }
        bytes
            .chunks_exact(28)
            .map(|c| {
                Some(Dep {
                    device: Uuid::from_slice(&c[..16]).ok()?,
                    epoch: u32::from_be_bytes(c[16..20].try_into().ok()?),
                    seq: u64::from_be_bytes(c[20..28].try_into().ok()?),
                })
            })
            .collect()
    }

    /// The event's hash in the chain.
    pub fn hash(&self, prev_hash: &[u8; 32], body_hash: &[u8; 32]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"motcua-event-1");
        hasher.update(prev_hash);
        hasher.update(&self.bytes());
        hasher.update(body_hash);
        *hasher.finalize().as_bytes()
    }
}

/// The hash of a body under its salt.
pub fn body_hash(salt: &[u8], body: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(salt);
    hasher.update(body);
    *hasher.finalize().as_bytes()
}

/// The whole branch document, as configured from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct BranchConfigured {
    /// The document.
    pub branch: Branch,
}

/// One version of a procedure came into the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ProcedurePublished {
    /// The version.
    pub procedure: Procedure,
    /// Its content hash.
    pub version: String,
    /// File it came from.
    pub source: String,
    /// It holds from that day on and not earlier, whatever the procedure itself says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
}

/// A business day was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DayClosed {
    /// Which day.
    pub date: NaiveDate,
    /// Visits that were still open and were closed with it.
    pub closed_open: Vec<Uuid>,
}

/// A list of the day or the year was printed: cash report, register book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ReportPrinted {
    /// Which, as it was asked for.
    pub report: String,
    /// BLAKE3 of what was printed, hex.
    pub hash: String,
}

/// Tickets of a service are no longer given today, or given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct IssuingChanged {
    /// Which day.
    pub date: NaiveDate,
    /// Which service.
    pub service: String,
    /// Whether tickets are given.
    pub open: bool,
}

/// A new epoch of this device's log: after a restore, a rewound or a cloned folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct EpochOpened {
    /// Epoch before.
    pub from_epoch: u32,
    /// Last sequence number known of it here.
    pub from_seq: u64,
    /// `first`, `restored`, `rewound`, `cloned`, `forked`; `adopted` opens none, and closes a copy's.
    pub reason: String,
    /// With `forked`: epochs of this device, and the last sequence number of each that counts.
    /// What this device wrote beyond it follows again in the new epoch, under the same event ids,
    /// and so does what it found of itself elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closes: Vec<EpochClosed>,
}

/// Up to where an epoch counts, after its history went two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct EpochClosed {
    /// Which epoch.
    pub epoch: u32,
    /// The last event that everybody has alike; 0 for none.
    pub seq: u64,
}

/// Somebody looked at the clock and says that it is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct ClockConfirmed {
    /// What the system clock said, UTC milliseconds.
    pub system_ms: i64,
    /// How far the other side's clock was ahead of it, where the date was confirmed in spite of
    /// that: it is not asked for again before that changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew_ms: Option<i64>,
}

/// A machine became a self-service terminal, or is one no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct KioskChanged {
    /// Whether it is one.
    pub on: bool,
}

/// A device joined the branch: the hub vouches for it, so that a counter can be added while the
/// branch has no line to the outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DeviceIntroduced {
    /// Which device.
    pub device: Uuid,
    /// Its number in the branch: given once, never reused. Names its own ticket series.
    pub number: u16,
    /// What people call it.
    pub name: String,
    /// SHA-256 of its certificate, hexadecimal: how it is known on the network.
    pub fingerprint: String,
}

/// A device may no longer come in, for ever: its number is not given again, and what it has
/// recorded stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct DeviceRevoked {
    /// Which device.
    pub device: Uuid,
}

/// A block of numbers of one series and day now belongs to one device, which gives them out
/// without asking. Dies with the device's epoch: what is left of it is never given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct NumbersLeased {
    /// Which series.
    pub series: String,
    /// Which day (the first of January for series of a year).
    pub date: NaiveDate,
    /// Whose.
    pub device: Uuid,
    /// In which epoch of that device.
    pub epoch: u32,
    /// First number.
    pub from: u32,
    /// Last number.
    pub to: u32,
}

/// Central granted a range of numbers to one life of the machine that gives out the branch's. That
/// life alone leases blocks from it; what is left when it ends is never given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct NumbersGranted {
    /// Which series.
    pub series: String,
    /// Which day.
    pub date: NaiveDate,
    /// To whom.
    pub device: Uuid,
    /// In which epoch of that device.
    pub epoch: u32,
    /// First number.
    pub from: u32,
    /// Last number.
    pub to: u32,
}

/// Who parts the branch's case codes from now on. Under central, a code is given only from a range
/// that central granted, or is provisional.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct NumberingSet {
    /// Central does; else the branch has the whole range of its agency.
    pub central: bool,
    /// When that was said, some of the numbers given before may not have been known to whoever
    /// said it: another hub had not given way, or its disk had gone back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsure: bool,
}

/// A person made a machine the hub of the branch, because the hub before it is gone. Of several
/// hubs the one of the highest term is obeyed; of two of one term, the one whose device id is lower.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct HubPromoted {
    /// One more than the highest known. The first hub of a branch has the first term without a word.
    pub term: u32,
    /// The machine, which says it of itself.
    pub device: Uuid,
    /// Why, in the words of whoever decided.
    pub reason: String,
    /// Where it can be reached: `https://HOST:PORT`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

/// A hub has seen that another has a higher term, and gives no more numbers: everything it gave
/// stands before this in its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct HubSteppedDown {
    /// The machine, which says it of itself.
    pub device: Uuid,
    /// Its highest term.
    pub term: u32,
    /// Its history went back on this very day, so that it may have given numbers which no log has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgot: bool,
}

/// A person says that a former hub will never come back: its machine is broken or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct HubRetired {
    /// The machine.
    pub device: Uuid,
    /// The term at which that was said.
    pub term: u32,
    /// Why, in the words of whoever decided.
    pub reason: String,
}

/// What a person did about a record that the other side holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Looked at; it stays as it is.
    Acknowledged,
    /// Put right by an act of its own, which stands in the log like any other.
    Corrected,
    /// The other side is to look at it again: it may understand it by now.
    AskedAgain,
    /// One of its fields was said anew: see [`crate::amend`].
    Amended,
}

/// A person dealt with a record that the other side holds back. The record itself stays as it was
/// written, here and there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct RecordResolved {
    /// The record.
    pub event_id: Uuid,
    /// What was done.
    pub how: Resolution,
    /// In the words of whoever did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Which ways of telling citizens a machine has: told when they are set up, so that every machine of
/// the branch knows who is to be called. No address of a server, no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct MeansSet {
    /// The machine.
    pub device: Uuid,
    /// Its ways.
    pub means: Means,
}

/// Somebody was looked up in a register: that it was done, by whom (the actor) and when, and what
/// kind of answer came. Neither the number nor what was answered stands here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct LookedUp {
    /// Which register.
    pub register: Register,
    /// Why.
    pub purpose: Purpose,
    /// What came of it.
    pub outcome: LookUpOutcome,
    /// Why nobody could be asked: a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Visit that it was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<Uuid>,
}

/// The body of an event, by family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(untagged)]
#[allow(
    clippy::large_enum_variant,
    reason = "a body lives one call long, alone"
)]
pub enum Body {
    /// To a visit.
    Visit(VisitEvent),
    /// To a case.
    Case(CaseEvent),
    /// To a counter on a day.
    Counter(CounterEvent),
    /// To the branch, its catalogue, its days, this device's log.
    Branch(BranchEvent),
}

/// Why a body cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Its kind is of a newer version.
    Newer,
    /// Its kind is known, its content is not what that kind holds.
    Broken,
}

/// Events of the branch itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "kind", content = "body")]
pub enum BranchEvent {
    /// Configured.
    #[serde(rename = "branch.configured")]
    Configured(Box<BranchConfigured>),
    /// Catalogue.
    #[serde(rename = "procedure.published")]
    Procedure(Box<ProcedurePublished>),
    /// Day closed.
    #[serde(rename = "day.closed")]
    DayClosed(DayClosed),
    /// Tickets stopped or resumed.
    #[serde(rename = "day.issuing_changed")]
    Issuing(IssuingChanged),
    /// A list was printed.
    #[serde(rename = "day.report_printed")]
    ReportPrinted(ReportPrinted),
    /// Epoch.
    #[serde(rename = "epoch.opened")]
    Epoch(EpochOpened),
    /// Clock.
    #[serde(rename = "clock.confirmed")]
    Clock(ClockConfirmed),
    /// Self-service began or ended on this device.
    #[serde(rename = "kiosk.changed")]
    Kiosk(KioskChanged),
    /// A device joined.
    #[serde(rename = "device.introduced")]
    Device(DeviceIntroduced),
    /// A device's access was taken away.
    #[serde(rename = "device.revoked")]
    Revoked(DeviceRevoked),
    /// A block of numbers.
    #[serde(rename = "numbers.leased")]
    Leased(NumbersLeased),
    /// A range of numbers from central.
    #[serde(rename = "numbers.granted")]
    Granted(NumbersGranted),
    /// Central parts the case codes.
    #[serde(rename = "numbers.numbering_set")]
    Numbering(NumberingSet),
    /// A machine became the hub.
    #[serde(rename = "hub.promoted")]
    Promoted(HubPromoted),
    /// A hub gave way to another.
    #[serde(rename = "hub.stepped_down")]
    SteppedDown(HubSteppedDown),
    /// A former hub is gone for good.
    #[serde(rename = "hub.retired")]
    Retired(HubRetired),
    /// A record that the other side holds back was dealt with.
    #[serde(rename = "sync.resolved")]
    Resolved(RecordResolved),
    /// A field of a record was said anew; it stands with the entity of that record.
    #[serde(rename = "sync.amended")]
    Amended(RecordAmended),
    /// A citizen was told something, or could not be.
    #[serde(rename = "notice.told")]
    NoticeTold(NoticeTold),
    /// Ways of telling were set up.
    #[serde(rename = "notice.means")]
    NoticeMeans(MeansSet),
    /// A citizen rated a service.
    #[serde(rename = "rating.given")]
    Rated(RatingGiven),
    /// A complaint.
    #[serde(rename = "complaint.noted")]
    ComplaintNoted(ComplaintNoted),
    /// What was done about it.
    #[serde(rename = "complaint.handled")]
    ComplaintHandled(ComplaintHandled),
    /// Somebody was looked up in a register.
    #[serde(rename = "person.looked_up")]
    LookedUp(LookedUp),
    /// A bundle of central's was taken in.
    #[serde(rename = "bundle.taken")]
    BundleTaken(BundleTaken),
    /// A bundle of central's was refused.
    #[serde(rename = "bundle.refused")]
    BundleRefused(BundleRefused),
    /// Days off and worked rest days from central.
    #[serde(rename = "calendar.published")]
    Calendar(Box<CalendarPublished>),
}

impl Body {
    /// Kind and canonical body bytes.
    ///
    /// # Errors
    /// Never for bodies made in this program; serde's error otherwise.
    pub fn encode(&self) -> serde_json::Result<(String, Vec<u8>)> {
        let mut value = match self {
            Self::Visit(e) => serde_json::to_value(e)?,
            Self::Case(e) => serde_json::to_value(e)?,
            Self::Counter(e) => serde_json::to_value(e)?,
            Self::Branch(e) => serde_json::to_value(e)?,
        };
        let kind = value["kind"].as_str().unwrap_or_default().to_owned();
        Ok((kind, canonical::bytes(&value["body"].take())))
    }

    /// Reads a body back; `None` for kinds of a newer version, which are kept but not applied.
    pub fn decode(kind: &str, body: &[u8]) -> Option<Self> {
        Self::read(kind, body).ok()
    }

    /// The field of a body at which reading it stops, dotted; `None` where that cannot be told, or
    /// where it can be read.
    pub fn unreadable_at(kind: &str, body: &[u8]) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(body).ok()?;
        let parts = [
            ("kind", serde_json::Value::String(kind.to_owned())),
            ("body", body),
        ];
        let whole = MapDeserializer::<_, serde_json::Error>::new(parts.into_iter());
        let mut track = serde_path_to_error::Track::new();
        let whole = serde_path_to_error::Deserializer::new(whole, &mut track);
        let failed = match kind.split('.').next().unwrap_or_default() {
            "visit" | "leg" => VisitEvent::deserialize(whole).is_err(),
            "case" | "fee" => CaseEvent::deserialize(whole).is_err(),
            "counter" => CounterEvent::deserialize(whole).is_err(),
            _ => BranchEvent::deserialize(whole).is_err(),
        };
        let path = track.path().to_string();
        let field = path.strip_prefix("body.")?;
        failed.then(|| field.to_owned())
    }

    /// The same, telling what is newer than this program from what nobody can read.
    ///
    /// # Errors
    /// Why the body cannot be read.
    pub fn read(kind: &str, body: &[u8]) -> Result<Self, Unreadable> {
        let body: serde_json::Value =
            serde_json::from_slice(body).map_err(|_| Unreadable::Broken)?;
        // The kind first: serde would keep a body that comes before it as a copy of its own.
        let parts = [
            ("kind", serde_json::Value::String(kind.to_owned())),
            ("body", body),
        ];
        let whole = MapDeserializer::<_, serde_json::Error>::new(parts.into_iter());
        let read = match kind.split('.').next().unwrap_or_default() {
            "visit" | "leg" => VisitEvent::deserialize(whole).map(Self::Visit),
            "case" | "fee" => CaseEvent::deserialize(whole).map(Self::Case),
            "counter" => CounterEvent::deserialize(whole).map(Self::Counter),
            "branch" | "procedure" | "day" | "epoch" | "clock" | "kiosk" | "device" | "numbers"
            | "hub" | "sync" | "notice" | "rating" | "complaint" | "slots" | "person"
            | "bundle" | "calendar" => BranchEvent::deserialize(whole).map(Self::Branch),
            _ => return Err(Unreadable::Newer),
        };
        read.map_err(|error| {
            // serde names the kind only when it is the kind that it does not know.
            if error
                .to_string()
                .starts_with(&format!("unknown variant `{kind}`"))
            {
                Unreadable::Newer
            } else {
                Unreadable::Broken
            }
        })
    }
}
