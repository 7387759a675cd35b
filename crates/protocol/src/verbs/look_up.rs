//! Looking up people and enterprises in the national registers.

use motcua_domain::{
    identity::look_up::{Difference, Outcome, Purpose},
    visit::Party,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::Time;

/// `citizen.look_up`: asks the population register about the person in the form. Where nobody can
/// be asked, that is the answer and no refusal: the desk goes on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "CitizenLookUp", optional_fields)]
#[schemars(rename = "CitizenLookUp")]
pub struct Citizen {
    /// As the form has it; the number is what is asked for.
    pub party: Party,
    /// Why.
    #[serde(default)]
    #[ts(optional, as = "Option<Purpose>")]
    pub purpose: Purpose,
    /// Visit that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<Uuid>,
}

/// `enterprise.look_up`: the same of the register of enterprises.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "EnterpriseLookUp", optional_fields)]
#[schemars(rename = "EnterpriseLookUp")]
pub struct Enterprise {
    /// As the form has it; the tax code is what is asked for.
    pub party: Party,
    /// Why.
    #[serde(default)]
    #[ts(optional, as = "Option<Purpose>")]
    pub purpose: Purpose,
    /// Visit that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<Uuid>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "LookUpAnswer", optional_fields)]
#[schemars(rename = "LookUpAnswer")]
pub struct LookedUp {
    /// What came of it.
    pub outcome: Outcome,
    /// When.
    pub at: Time,
    /// Why nobody could be asked: a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// One sentence for the officer.
    pub message: String,
    /// The party with what the register says in it: what the form becomes if the officer wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filled: Option<Party>,
    /// Where the register says something else than the form, or something the form does not say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Difference>>")]
    pub differences: Vec<Difference>,
}
