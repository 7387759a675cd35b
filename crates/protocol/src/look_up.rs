//! What a desk's machine asks central about a person or an enterprise, and what it is told. The
//! same question goes from a counter to its hub; nobody but central ever asks a register.

use motcua_domain::{
    identity::look_up::{Outcome, Purpose, Register},
    visit::Party,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The path at central, and at a hub for its counters.
pub const PATH: &str = "/v1/look-up";

/// No way to central from here.
pub const NO_LINE: &str = "LOOKUP_NO_LINE";
/// This branch has no central.
pub const NO_CENTRAL: &str = "LOOKUP_NO_CENTRAL";
/// No answer within the time that somebody at a counter can be kept waiting.
pub const TIMEOUT: &str = "LOOKUP_TIMEOUT";
/// The register is not connected, or not for this office.
pub const OFF: &str = "LOOKUP_OFF";
/// The office has asked as often today as it may.
pub const QUOTA: &str = "LOOKUP_QUOTA";
/// The hub does not know the officer, or not as somebody who may ask.
pub const NOT_ALLOWED: &str = "LOOKUP_NOT_ALLOWED";

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LookUpAsk")]
pub struct Ask {
    /// Which register.
    pub register: Register,
    /// Identity number or enterprise code, digits only.
    pub number: String,
    /// Who asks, as the branch names them.
    pub officer: String,
    /// Why.
    pub purpose: Purpose,
    /// Visit that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<Uuid>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LookUpTold")]
pub struct Told {
    /// What came of it.
    pub outcome: Outcome,
    /// Why nobody could be asked: a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the register says, with [`Outcome::Found`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
}

impl Told {
    /// Nobody could be asked.
    pub fn unavailable(code: &str) -> Self {
        Self {
            outcome: Outcome::Unavailable,
            code: Some(code.to_owned()),
            party: None,
        }
    }
}
