//! Fees (phí, lệ phí) at the counter.

use motcua_domain::transfer::Account;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::machine::Qr;

/// `fee.qr`: a code with which whoever is served pays by phone. It says nothing of whether they
/// did: that is seen on the account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "FeeQr")]
#[schemars(rename = "FeeQr")]
pub struct FeeQr {
    /// Whose fee it is.
    pub visit_id: Uuid,
    /// Whole đồng.
    pub amount: u64,
}

/// What the citizen scans, and the same in words for whoever types it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct FeeQrAnswer {
    /// The code.
    pub qr: Qr,
    /// Where the money goes.
    pub account: Account,
    /// What stands with the transfer, so that it can be found again.
    pub purpose: String,
}
