//! Requests for supplement with what came of each, and the result as it was noted: what others are
//! told of a case.

use crate::calendar::Limit;

use super::{
    Act, Case, CaseAct, CaseEvent, ResultPaperNote, SupplementReceived, SupplementRequested,
};

/// A request for supplement, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supplement<'a> {
    /// When it was asked for, and by whom.
    pub asked: &'a Act,
    /// What was asked for.
    pub wanted: &'a SupplementRequested,
    /// When the result was due until then, UTC milliseconds.
    pub due_before_ms: Option<i64>,
    /// What completed the dossier; none while it is waited for, or where the case went another way.
    pub completed: Option<(&'a Act, &'a SupplementReceived)>,
}

impl Case {
    /// Its requests for supplement, in their order.
    pub fn supplements(&self) -> Vec<Supplement<'_>> {
        let mut found: Vec<Supplement<'_>> = Vec::new();
        let mut due_ms = self.received.due_ms;
        for act in &self.acts {
            match &act.event {
                CaseEvent::SupplementRequested(wanted) => found.push(Supplement {
                    asked: act,
                    wanted,
                    due_before_ms: due_ms,
                    completed: None,
                }),
                CaseEvent::SupplementReceived(complete) => {
                    due_ms = complete.due_ms;
                    if let Some(last) = found.last_mut() {
                        last.completed = Some((act, complete));
                    }
                }
                CaseEvent::Postponed(postponed) => due_ms = Some(postponed.due_ms),
                CaseEvent::Accepted(accepted) => due_ms = accepted.due_ms,
                _ => {}
            }
        }
        found
    }

    /// The limit that begins once the dossier is complete; none before the competent agency has it.
    pub fn limit_once_complete(&self) -> Option<Limit> {
        self.received.limit.filter(|_| !self.waits_for_competent())
    }

    /// The request that is meant: by its place from 1, the last one unless said. With that place.
    pub fn supplement_asked(&self, part: Option<u32>) -> Option<(u32, Supplement<'_>)> {
        let all = self.supplements();
        let place = part.unwrap_or(all.len() as u32);
        let asked = *all.get(place.checked_sub(1)? as usize)?;
        Some((place, asked))
    }

    /// The result as it was noted when it came, here or at the department.
    pub fn result_note(&self) -> Option<&ResultPaperNote> {
        match &self.last(CaseAct::ReceiveResult)?.event {
            CaseEvent::ResultReceived(received) => Some(&received.result),
            CaseEvent::Reported(report) => Some(&report.result),
            _ => None,
        }
    }
}
