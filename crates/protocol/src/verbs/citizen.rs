//! People: cards, known citizens, addresses.

use motcua_domain::{identity::Warning, visit::Party};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Time;

/// `identity.parse`: the text of a citizen card's QR.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct IdentityParse {
    /// As scanned.
    pub raw: String,
}

/// `citizen.find`: who has been here before, by number, phone or name; latest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CitizenFind", optional_fields)]
#[schemars(rename = "CitizenFind")]
pub struct Find {
    /// Number on card, tax code, phone, or part of a name without diacritics.
    pub text: String,
    /// At most so many, 8 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A citizen who has been here.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct Known {
    /// As last recorded.
    pub party: Party,
    /// When.
    pub last_seen: Time,
    /// Visits and cases so far.
    pub times: u32,
}

/// `citizen.check`: checks a party as it is typed: refusals by field, and warnings where the
/// law allows no certainty.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CitizenCheck")]
#[schemars(rename = "CitizenCheck")]
pub struct Check {
    /// As typed.
    pub party: Party,
}

/// What was found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CitizenChecked")]
#[schemars(rename = "CitizenChecked")]
pub struct Checked {
    /// Cleaned up: NFC, trimmed, phone and number in one form.
    pub party: Party,
    /// What the officer should look at.
    pub warnings: Vec<Warning>,
}

/// `units.search`: provinces and communes, without diacritics.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct UnitsSearch {
    /// What was typed.
    pub text: String,
    /// At most so many, 8 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A province or commune.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct UnitHit {
    /// Official code.
    pub code: String,
    /// Full name with its province.
    pub label: String,
}
