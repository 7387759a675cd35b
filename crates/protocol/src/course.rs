//! How a case came to its status: each turn with who made it and when. Systems that are told of a
//! case want its course, not only its end, and a week without a line may have brought all of it at
//! once.

use std::collections::HashMap;

use motcua_domain::{
    case::{Case, CaseStatus},
    visit::Recorded,
};
use uuid::Uuid;

use crate::{
    amend::Amendments,
    event::{Body, Header},
    fold::stamp,
};

/// One status after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The event that made it.
    pub event: Uuid,
    /// Where the case stood from then on.
    pub status: CaseStatus,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// By whom.
    pub actor: String,
}

/// The turns of a case, from its events in their order; none for what is no case.
pub fn course<'a>(placed: impl IntoIterator<Item = (&'a Header, &'a [u8])>) -> Vec<Turn> {
    let mut case: Option<Case> = None;
    let mut turns: Vec<Turn> = Vec::new();
    // As in `fold`: what two machines did for one command has its effect once.
    let mut done_by: HashMap<Uuid, Uuid> = HashMap::new();
    let placed: Vec<(&Header, &[u8])> = placed.into_iter().collect();
    let amendments = Amendments::of(placed.iter().copied());
    for (header, body) in placed {
        if *done_by.entry(header.command_id).or_insert(header.device) != header.device {
            continue;
        }
        let Ok(Body::Case(event)) = amendments.read(header, body) else {
            continue;
        };
        let recorded = Recorded {
            stamp: stamp(header),
            event,
        };
        match &mut case {
            None => case = Case::fold([&recorded]),
            Some(case) => case.apply(&recorded),
        }
        if let Some(case) = &case
            && turns.last().is_none_or(|t| t.status != case.status)
        {
            turns.push(Turn {
                event: header.event_id,
                status: case.status,
                at_ms: recorded.stamp.wall_ms,
                actor: recorded.stamp.actor,
            });
        }
    }
    turns
}
