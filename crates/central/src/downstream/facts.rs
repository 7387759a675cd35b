//! What is told of a case: a function of its events, like everything else that is read of it.

use motcua_domain::case::Case;
use motcua_protocol::{
    canonical,
    course::{Turn, course},
    event::Header,
};
use serde_json::json;

use crate::error::Result;

/// What is told of a case.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) case: Case,
    /// How it came to where it stands; never empty.
    pub(crate) turns: Vec<Turn>,
    /// Tells one telling from another.
    pub(crate) hash: [u8; 32],
}

/// What is told of a case whose events stand in their order.
pub(crate) fn facts<'a>(
    case: &Case,
    placed: impl IntoIterator<Item = (&'a Header, &'a [u8])>,
) -> Result<Facts> {
    // A receipt that is printed once more is no news for anybody else, and a provisional code is
    // none of theirs.
    let mut case = Case {
        printed: Vec::new(),
        ..case.clone()
    };
    if let Some(code) = case.code_given.take() {
        case.received.code = code.given.code;
        case.received.number = code.given.number;
        case.received.book = Some(code.given.book);
        case.received.provisional = false;
    }
    let turns = course(placed);
    let told: Vec<_> = turns
        .iter()
        .map(|t| json!([t.event, t.status, t.at_ms, t.actor]))
        .collect();
    let told = json!([serde_json::to_value(&case)?, told]);
    Ok(Facts {
        hash: blake3::derive_key("motcua central downstream 1", &canonical::bytes(&told)),
        case,
        turns,
    })
}
