//! Fees (phí, lệ phí) at the counter.

use chrono::NaiveDate;
use motcua_domain::{
    case::{BookEntry, FeeMethod},
    transfer::Account,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use super::machine::Qr;
use crate::Time;

/// `fee.qr`: a code with which whoever is served pays by phone. It says nothing of whether they
/// did: that is seen on the account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "FeeQr", optional_fields)]
#[schemars(rename = "FeeQr")]
pub struct FeeQr {
    /// Whose fee it is, while there is no case yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<Uuid>,
    /// The case whose fee it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_id: Option<Uuid>,
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

/// `fee.charge`: what a case costs from now on; 0 is an exemption.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "FeeCharge", optional_fields)]
#[schemars(rename = "FeeCharge")]
pub struct Charge {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Whole đồng.
    pub amount: i64,
    /// Ground of an exemption or of a lower amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
}

/// `fee.pay`: money came.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "FeePay", optional_fields)]
#[schemars(rename = "FeePay")]
pub struct Pay {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Whole đồng; all that is due unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// Cash, transfer or online.
    pub method: FeeMethod,
    /// Who pays, where it is not whoever handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// Notes: number of the transfer, of the official receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `fee.reverse`: a payment is taken back; the record of it stays. One's own of the same day, or
/// any by a supervisor.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "FeeReverse", optional_fields)]
#[schemars(rename = "FeeReverse")]
pub struct Reverse {
    /// The case.
    pub id: Uuid,
    /// Revision that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u32>,
    /// Which payment of the case, from 1.
    pub payment: u32,
    /// Why.
    pub reason: String,
}

/// `fee.day`: the cash report of a day, an officer each. Who does not supervise sees what they took
/// themselves.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "FeeDay", optional_fields)]
#[schemars(rename = "FeeDay")]
pub struct Day {
    /// Which day, today unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
    /// Only one officer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
}

/// What was taken on a day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct CashDay {
    /// Which day.
    pub date: NaiveDate,
    /// Every officer who took or gave back money, by name.
    pub officers: Vec<CashOfficer>,
    /// All of them together.
    pub sums: CashSums,
}

/// What one officer took.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct CashOfficer {
    /// Officer.
    pub officer: String,
    /// Their name.
    pub name: String,
    /// In order of time.
    pub lines: Vec<CashLine>,
    /// Sums.
    pub sums: CashSums,
}

/// Money that came, or went back (an amount below zero).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct CashLine {
    /// When.
    pub at: Time,
    /// The case.
    pub case_id: Uuid,
    /// Its code.
    pub case_code: String,
    /// Its procedure.
    pub procedure_name: String,
    /// Which payment of the case, from 1.
    pub payment: u32,
    /// Who paid.
    pub payer: String,
    /// How.
    pub method: FeeMethod,
    /// Whole đồng.
    pub amount: i64,
    /// Number of the slip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slip: Option<BookEntry>,
    /// What was noted with it: the number of a transfer, of a receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why it went back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the money that went back had come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Time>,
}

/// Sums of a list of payments; what went back is taken off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CashSums {
    /// Payments that came.
    pub payments: u32,
    /// Payments that went back.
    pub reversals: u32,
    /// Cash: what lies in the drawer.
    pub cash: i64,
    /// By transfer.
    pub transfer: i64,
    /// Online.
    pub online: i64,
    /// All of it.
    pub total: i64,
    /// The cash in words.
    pub cash_words: String,
    /// All of it in words.
    pub total_words: String,
}
