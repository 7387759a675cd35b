//! What central sends down whole and signed: the catalogue, the calendar, the officers. One format
//! for all of them, and every check that needs neither a key nor a store.
//!
//! ```text
//! motcua-bundle-1 LF head as JSON, on one line LF content
//! ```

use chrono::NaiveDate;
use motcua_domain::{Code, Refusal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    event::{Body, BranchEvent},
    sync::Hash,
};

/// First line of every bundle, and the beginning of what is signed: a signature of central's for
/// anything else is none for a bundle.
const MAGIC: &[u8] = b"motcua-bundle-1";
/// The head is a few hundred bytes.
const MOST_HEAD: usize = 4 << 10;
/// Where central hands bundles out: `{PATH}/{kind}`.
pub const PATH: &str = "/v1/bundles";
/// Media type of a bundle.
pub const MEDIA: &str = "application/vnd.motcua.bundle";

/// What a bundle is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, TS,
)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "BundleKind")]
#[schemars(rename = "BundleKind")]
pub enum Kind {
    /// Procedures: a file of `LayThuTuc` JSON, as it is imported by hand. What it does not name stays.
    Catalogue,
    /// Days off and worked rest days: a calendar file. A year that it names holds as it says.
    Calendar,
    /// Officers and their roles ([`Staff`]). Whom it does not name stays.
    Users,
}

impl Kind {
    /// All of them, in the order in which they are taken in.
    pub const ALL: [Self; 3] = [Self::Catalogue, Self::Calendar, Self::Users];

    /// Its name, as in a path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Calendar => "calendar",
            Self::Users => "users",
        }
    }

    /// The kind of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Most bytes of content. The whole country's catalogue as JSON is about 20 MB; a calendar and
    /// a list of officers each become one event.
    pub fn most(self) -> usize {
        match self {
            Self::Catalogue => 32 << 20,
            Self::Calendar | Self::Users => 64 << 10,
        }
    }

    /// Most bytes of a whole bundle.
    pub fn most_whole(self) -> usize {
        self.most() + MOST_HEAD + MAGIC.len() + 2
    }
}

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BundleHead")]
pub struct Head {
    /// What it is about.
    pub kind: Kind,
    /// The office for which alone it is, as central knows it; every office where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office: Option<String>,
    /// Rises for each kind and scope, without ever going back.
    pub serial: u64,
    /// From when it holds.
    pub valid_from: NaiveDate,
    /// Length of the content.
    pub bytes: u64,
    /// BLAKE3 of the content.
    pub hash: Hash,
}

impl Head {
    /// What central signs: fixed order, every variable part with its length.
    pub fn message(&self) -> Vec<u8> {
        fn put(out: &mut Vec<u8>, part: &[u8]) {
            out.extend_from_slice(&(part.len() as u32).to_be_bytes());
            out.extend_from_slice(part);
        }
        let mut out = MAGIC.to_vec();
        put(&mut out, self.kind.name().as_bytes());
        out.push(u8::from(self.office.is_some()));
        put(
            &mut out,
            self.office.as_deref().unwrap_or_default().as_bytes(),
        );
        out.extend_from_slice(&self.serial.to_be_bytes());
        put(&mut out, self.valid_from.to_string().as_bytes());
        out.extend_from_slice(&self.bytes.to_be_bytes());
        out.extend_from_slice(&self.hash.0);
        out
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    head: Head,
    signature: String,
}

/// A bundle that was checked: it is whole, and whoever has the key made it for this office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What it says of itself.
    pub head: Head,
    /// Signature by central's key over [`Head::message`], base64url.
    pub signature: String,
    /// The content.
    pub content: Vec<u8>,
}

/// The bytes of a bundle.
///
/// # Errors
/// Never for heads made in this program; serde's error otherwise.
pub fn seal(head: &Head, signature: &str, content: &[u8]) -> serde_json::Result<Vec<u8>> {
    let line = Line {
        head: head.clone(),
        signature: signature.to_owned(),
    };
    let mut out = MAGIC.to_vec();
    out.push(b'\n');
    out.extend(serde_json::to_vec(&line)?);
    out.push(b'\n');
    out.extend_from_slice(content);
    Ok(out)
}

/// What stays true whenever a bundle is refused.
const GOES_ON: &str = "Máy không dùng gói này, bản đang áp dụng vẫn giữ nguyên.";

/// A refusal of a bundle, whole.
pub fn refused(code: Code, what: &str, advice: &str) -> Refusal {
    Refusal::new(code, format!("{what} {GOES_ON} {advice}"))
}

fn damaged() -> Refusal {
    refused(
        Code::BundleDamaged,
        "Gói trung tâm gửi bị hỏng hoặc thiếu.",
        "Máy sẽ tự tải lại; nếu kéo dài, mời báo đơn vị quản trị trung tâm phát hành lại.",
    )
}

/// Too much for its kind.
pub fn too_large() -> Refusal {
    refused(
        Code::BundleTooLarge,
        "Gói trung tâm gửi lớn hơn mức cho phép.",
        "Mời báo đơn vị quản trị trung tâm chia nhỏ rồi phát hành lại.",
    )
}

/// What went back, or would.
pub fn older() -> Refusal {
    refused(
        Code::BundleOlder,
        "Trung tâm đưa ra bản cũ hơn bản máy này đã nhận.",
        "Mời báo đơn vị quản trị trung tâm kiểm tra, nhất là khi trung tâm vừa khôi phục dữ liệu.",
    )
}

/// Opens the bundle that was asked for: of that kind, for everybody or for that office. `genuine`
/// says whether a signature (base64url) over a message is by the key that this branch keeps.
///
/// # Errors
/// `BUNDLE_TOO_LARGE`, `BUNDLE_DAMAGED`, `BUNDLE_SIGNATURE`, `BUNDLE_OFFICE`.
pub fn open(
    bytes: &[u8],
    kind: Kind,
    office: &str,
    genuine: impl Fn(&[u8], &str) -> bool,
) -> Result<Opened, Refusal> {
    if bytes.len() > kind.most_whole() {
        return Err(too_large());
    }
    let rest = bytes
        .strip_prefix(MAGIC)
        .and_then(|rest| rest.strip_prefix(b"\n"))
        .ok_or_else(damaged)?;
    let end = rest
        .iter()
        .take(MOST_HEAD)
        .position(|byte| *byte == b'\n')
        .ok_or_else(damaged)?;
    let (line, content) = (&rest[..end], &rest[end + 1..]);
    let Line { head, signature } = serde_json::from_slice(line).map_err(|_| damaged())?;
    // Before anything that it says is believed.
    if !genuine(&head.message(), &signature) {
        return Err(refused(
            Code::BundleSignature,
            "Gói không mang đúng chữ ký của trung tâm đã kết nối.",
            "Mời báo ngay đơn vị quản trị trung tâm. Nếu trung tâm vừa cài lại, mời xin mã kết nối mới.",
        ));
    }
    if head.office.as_deref().is_some_and(|of| of != office) {
        return Err(refused(
            Code::BundleOffice,
            "Gói này phát hành cho đơn vị khác.",
            "Mời báo đơn vị quản trị trung tâm phát hành lại cho đúng đơn vị.",
        ));
    }
    let whole = head.kind == kind
        && content.len() as u64 == head.bytes
        && *blake3::hash(content).as_bytes() == head.hash.0;
    if !whole {
        return Err(damaged());
    }
    if content.len() > kind.most() {
        return Err(too_large());
    }
    Ok(Opened {
        content: content.to_vec(),
        head,
        signature,
    })
}

/// The newest bundle of a kind, for every office or for the asking one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BundleNewest")]
pub struct Newest {
    /// Of which kind.
    pub kind: Kind,
    /// For the asking office alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// Its serial number.
    pub serial: u64,
}

/// What central says of its bundles with every greeting, so that a session in which there is
/// nothing new costs no request more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BundleTerms")]
pub struct Terms {
    /// ed25519 key under which they are signed, base64url. A branch keeps the first that it hears.
    pub key: String,
    /// The asking office, as central knows it.
    pub office: String,
    /// What there is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub newest: Vec<Newest>,
}

/// A bundle of central was taken in; what it changed stands beside this in the log, in the same
/// transaction. Signature and hash are kept, so that it can be shown whose word it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct BundleTaken {
    /// What it is about.
    pub kind: Kind,
    /// The office for which alone it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub office: Option<String>,
    /// Its serial number.
    pub serial: u64,
    /// From when it holds.
    pub valid_from: NaiveDate,
    /// Length of its content.
    pub bytes: u64,
    /// BLAKE3 of its content, hex.
    pub hash: String,
    /// Signature by central's key.
    pub signature: String,
    /// The key, as this branch keeps it.
    pub key: String,
    /// Procedures, years or officers that it changed.
    pub changed: u32,
}

/// A bundle of central was refused, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct BundleRefused {
    /// What it is about.
    pub kind: Kind,
    /// For this office alone, as central said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// Its serial number, as central said.
    pub serial: u64,
    /// Stable code.
    pub code: String,
    /// Why, and what to do, in words.
    pub message: String,
}

/// Days off and worked rest days that central gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CalendarPublished {
    /// For this office alone: it goes before what every office was given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// Serial number of its bundle.
    pub serial: u64,
    /// Due times are reckoned by it from that day on.
    pub valid_from: NaiveDate,
    /// The days.
    pub file: motcua_domain::calendar::CalendarFile,
}

/// How a branch stands with the bundles of one kind and scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The newest that was taken in, and when.
    pub taken: Option<(BundleTaken, i64)>,
    /// What was refused since then, and when.
    pub refused: Option<(BundleRefused, i64)>,
}

impl Standing {
    /// From the events of a kind of bundle, in their order.
    pub fn fold<'a>(own: bool, events: impl IntoIterator<Item = (&'a Body, i64)>) -> Self {
        let mut standing = Self::default();
        for (body, at_ms) in events {
            match body {
                // Two hubs may have taken the same in.
                Body::Branch(BranchEvent::BundleTaken(taken))
                    if taken.office.is_some() == own && taken.serial > standing.serial() =>
                {
                    standing.taken = Some((taken.clone(), at_ms));
                    standing.refused = None;
                }
                Body::Branch(BranchEvent::BundleRefused(refused)) if refused.own == own => {
                    standing.refused = Some((refused.clone(), at_ms));
                }
                _ => {}
            }
        }
        standing
    }

    /// Serial number of the newest that was taken in; 0 for none.
    pub fn serial(&self) -> u64 {
        self.taken.as_ref().map_or(0, |(taken, _)| taken.serial)
    }
}

/// Content of a bundle of officers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Staff {
    /// Each with what they may do from now on.
    pub users: Vec<motcua_domain::branch::StaffEntry>,
}

#[cfg(test)]
mod tests;
