//! How this machine comes to have a central.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

/// `central.enrol`: makes this machine known to central, and begins to send. What is not given by
/// itself is taken from the connection file.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct CentralEnrol {
    /// What stands in the connection file ([`crate::connection`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where central is, `https://HOST:PORT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub central: Option<String>,
    /// The one-use code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Authority that signs central's certificate, in PEM: that one and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

/// A code opens: it goes into no log.
impl fmt::Debug for CentralEnrol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CentralEnrol")
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CentralEnrolled {
    /// Where central is.
    pub central: String,
    /// As what this machine is known there.
    pub device: Uuid,
}
