//! What is told of a case: a function of its events, like everything else that is read of it.

use std::collections::BTreeMap;

use motcua_domain::{
    case::{Case, CaseEvent},
    catalogue::Procedure,
};
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
    /// What stands elsewhere in the office's logs.
    pub(crate) beside: Beside,
}

/// What is told with a case and does not stand among its events. It makes no telling anew by
/// itself: an officer who changes their name has changed no case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside {
    /// Names of officers by the id under which they act.
    pub(crate) officers: BTreeMap<String, String>,
    /// The procedure in the version under which the case was received.
    pub(crate) procedure: Option<Procedure>,
}

/// Who made a turn, as far as it is known by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Doer<'a> {
    /// The person.
    pub(crate) name: Option<&'a str>,
    /// The department that settles the case, where it was theirs.
    pub(crate) department: Option<&'a str>,
}

impl Facts {
    /// The name of an officer. Their id is the branch's own affair, and nobody's name.
    pub(crate) fn officer(&self, id: &str) -> Option<&str> {
        self.beside.officers.get(id).map(String::as_str)
    }

    /// Who made a turn.
    pub(crate) fn doer(&self, turn: &Turn) -> Doer<'_> {
        let mut acts = self.case.acts.iter();
        let reported = acts.find_map(|act| match &act.event {
            CaseEvent::Reported(report) if act.at_ms == turn.at_ms && act.officer == turn.actor => {
                Some(report)
            }
            _ => None,
        });
        match reported {
            Some(report) => Doer {
                name: report.by.as_deref(),
                department: Some(&report.department),
            },
            None => Doer {
                name: self.officer(&turn.actor),
                department: None,
            },
        }
    }

    /// A paper of the procedure, by its place in the list.
    pub(crate) fn paper(&self, index: usize) -> Option<&motcua_domain::catalogue::Paper> {
        self.beside.procedure.as_ref()?.papers.get(index)
    }
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
        beside: Beside::default(),
    })
}
