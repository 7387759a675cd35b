//! The one error that leaves the application.

use motcua_domain::{Code, Refusal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What the window, the HTTP caller and the command line get when something is refused or
/// fails. Match on `code`; show `message` to the officer; `field` names the input at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// Stable code.
    pub code: Code,
    /// Vietnamese: what happened, what is safe, what to do.
    pub message: String,
    /// Dotted path of the input field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub field: Option<String>,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code,
            message: refusal.message,
            field: refusal.field,
        }
    }
}
