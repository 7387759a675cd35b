//! Another machine becomes the hub.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// `hub.promote`: this machine is the hub from now on, because the one before it is gone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "HubPromote", optional_fields)]
#[schemars(rename = "HubPromote")]
pub struct Promote {
    /// Why, in words.
    pub reason: String,
    /// Where the counters reach it, `ADDRESS:PORT`; unless said, its address in the network of the
    /// former hub and the usual port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
}

/// This machine is the hub.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "HubPromotedAnswer")]
#[schemars(rename = "HubPromotedAnswer")]
pub struct Promoted {
    /// Its term.
    pub term: u32,
    /// The machine.
    pub device: Uuid,
    /// Its number: tickets begin with it as long as the former hub may still give the plain ones.
    pub number: u16,
    /// Where the counters reach it.
    pub url: String,
}

/// `hub.retire`: a former hub is gone for good and will not be switched on again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "HubRetire")]
#[schemars(rename = "HubRetire")]
pub struct Retire {
    /// Which.
    pub device: Uuid,
    /// Why, in words.
    pub reason: String,
}

/// It is gone.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "HubRetiredAnswer")]
#[schemars(rename = "HubRetiredAnswer")]
pub struct Retired {
    /// Which.
    pub device: Uuid,
    /// First day on which the plain numbers go on.
    pub from: NaiveDate,
}
