//! What the events of a case make of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    BookEntry, CaseAct, CaseEvent, CaseReceived, CaseStatus, CodeGiven, Postponed, WantedPaper,
};
use crate::{calendar::Limit, visit::Recorded};

/// A paper of the case that was printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Printed {
    /// Kind of paper.
    pub document: String,
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// By whom.
    pub officer: String,
    /// Hash of the payload.
    pub hash: String,
}

/// An act, with when and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Act {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// By whom.
    pub officer: String,
    /// What.
    pub event: CaseEvent,
}

/// The final code of a case that was taken in under a provisional one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct GivenCode {
    /// When, UTC milliseconds.
    pub at_ms: i64,
    /// By whom.
    pub officer: String,
    /// The code.
    #[serde(flatten)]
    pub given: CodeGiven,
}

/// A case as its events tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Case {
    /// As received.
    #[serde(flatten)]
    pub received: CaseReceived,
    /// Officer who took it in.
    pub officer: String,
    /// Where it stands.
    pub status: CaseStatus,
    /// The final code and who gave it when, where the one on the receipt is provisional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code_given: Option<GivenCode>,
    /// Papers printed so far.
    pub printed: Vec<Printed>,
    /// What was done since, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<Act>,
    /// Done by somebody who had not heard what others did, and not possible after it: kept and
    /// shown, without effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<Act>,
}

/// When the dossier was complete, and what was promised then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promised<'a> {
    /// Complete, UTC milliseconds: the legal beginning of the limit.
    pub from_ms: i64,
    /// The limit.
    pub limit: Option<Limit>,
    /// Due, UTC milliseconds.
    pub due_ms: Option<i64>,
    /// How the due time came about.
    pub because: &'a [String],
    /// Who took in what made it complete; none for reception itself.
    pub officer: Option<&'a str>,
}

impl Case {
    /// Folds events in order.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Recorded<CaseEvent>>) -> Option<Self> {
        let mut case: Option<Self> = None;
        for recorded in events {
            match &mut case {
                None => case = Self::begin(recorded),
                Some(case) => case.apply(recorded),
            }
        }
        case
    }

    /// The case that this event begins, if it is one that does.
    fn begin(recorded: &Recorded<CaseEvent>) -> Option<Self> {
        let CaseEvent::Received(received) = &recorded.event else {
            return None;
        };
        Some(Self {
            status: if received.instant {
                CaseStatus::Returned
            } else {
                CaseStatus::Received
            },
            officer: recorded.stamp.actor.clone(),
            received: (**received).clone(),
            code_given: None,
            printed: Vec::new(),
            acts: Vec::new(),
            set_aside: Vec::new(),
        })
    }

    /// Changes the case by one event; as with visits, folding never refuses. An act that the case
    /// does not allow any more, because somebody else was first, is set aside.
    pub fn apply(&mut self, recorded: &Recorded<CaseEvent>) {
        let at_ms = recorded.stamp.wall_ms;
        let officer = recorded.stamp.actor.clone();
        if let CaseEvent::DocumentPrinted { document, hash } = &recorded.event {
            self.printed.push(Printed {
                document: document.clone(),
                at_ms,
                officer,
                hash: hash.clone(),
            });
            return;
        }
        if let CaseEvent::CodeGiven(given) = &recorded.event {
            // Of two that were given apart the first counts; the number of the other is burnt.
            if self.is_provisional() {
                self.code_given = Some(GivenCode {
                    at_ms,
                    officer,
                    given: given.clone(),
                });
            } else {
                self.set_aside.push(Act {
                    at_ms,
                    officer,
                    event: recorded.event.clone(),
                });
            }
            return;
        }
        // A case is received once; a second telling of it changes nothing.
        let Some(act) = recorded.event.act() else {
            // Told, not moved.
            if matches!(recorded.event, CaseEvent::Reported(_)) {
                self.acts.push(Act {
                    at_ms,
                    officer,
                    event: recorded.event.clone(),
                });
            }
            return;
        };
        let done = Act {
            at_ms,
            officer,
            event: recorded.event.clone(),
        };
        match self.leads_to(act) {
            Some(status) => {
                self.status = status;
                self.acts.push(done);
            }
            None => self.set_aside.push(done),
        }
    }

    /// The code by which the case goes: the final one as soon as there is one.
    pub fn code(&self) -> &str {
        match &self.code_given {
            Some(code) => &code.given.code,
            None => &self.received.code,
        }
    }

    /// Whether it still waits for its final code. Nobody beyond the branch is told of it before.
    pub fn is_provisional(&self) -> bool {
        self.received.provisional && self.code_given.is_none()
    }

    /// The entry in the register book; none before there is a final code.
    pub fn book(&self) -> Option<BookEntry> {
        match &self.code_given {
            Some(code) => Some(code.given.book),
            None => self.received.book,
        }
    }

    /// Numbers that were given to it and do not count, with their day and book entry.
    pub fn burnt(&self) -> impl Iterator<Item = &CodeGiven> {
        self.set_aside.iter().filter_map(|act| match &act.event {
            CaseEvent::CodeGiven(given) => Some(given),
            _ => None,
        })
    }

    /// Where an act would lead: the table, and the one rule beside it, that a date is given anew
    /// at most once (NĐ 61/2018/NĐ-CP Điều 19.9).
    pub fn leads_to(&self, act: CaseAct) -> Option<CaseStatus> {
        if act == CaseAct::Postpone && self.postponed().is_some() {
            return None;
        }
        act.way(self.status)
    }

    /// Grows with every act: whoever saw another number has not seen what was done since.
    pub fn revision(&self) -> u32 {
        u32::try_from(self.acts.len() + self.set_aside.len()).unwrap_or(u32::MAX)
    }

    /// The last act of a kind, with when and by whom.
    pub fn last(&self, act: CaseAct) -> Option<&Act> {
        self.acts.iter().rev().find(|a| a.event.act() == Some(act))
    }

    /// How often an act was done.
    pub fn times(&self, act: CaseAct) -> usize {
        let of_kind = |a: &&Act| a.event.act() == Some(act);
        self.acts.iter().filter(of_kind).count()
    }

    /// The apology and its new date, if there was one.
    pub fn postponed(&self) -> Option<&Postponed> {
        self.acts.iter().find_map(|act| match &act.event {
            CaseEvent::Postponed(postponed) => Some(postponed),
            _ => None,
        })
    }

    /// What was promised when the dossier was complete last.
    pub fn promised(&self) -> Promised<'_> {
        let completed = self.last(CaseAct::CompleteSupplement);
        match completed.map(|act| (act, &act.event)) {
            Some((act, CaseEvent::SupplementReceived(complete))) => Promised {
                from_ms: act.at_ms,
                officer: Some(&act.officer),
                limit: complete.limit,
                due_ms: complete.due_ms,
                because: &complete.because,
            },
            _ => Promised {
                from_ms: self.received.received_ms,
                officer: None,
                limit: self.received.limit,
                due_ms: self.received.due_ms,
                because: &self.received.because,
            },
        }
    }

    /// Papers that supplements brought.
    pub fn supplemented(&self) -> impl Iterator<Item = &WantedPaper> {
        self.acts.iter().flat_map(|act| match &act.event {
            CaseEvent::SupplementReceived(complete) => &complete.papers[..],
            _ => &[],
        })
    }

    /// Whether the dossier was completed after a supplement.
    pub fn is_completed(&self) -> bool {
        self.last(CaseAct::CompleteSupplement).is_some()
    }

    /// When the result is due now, UTC milliseconds. None while papers are waited for: the limit
    /// begins again with the complete dossier.
    pub fn due_ms(&self) -> Option<i64> {
        if self.status == CaseStatus::SupplementRequested {
            return None;
        }
        // Whichever was told last.
        for act in self.acts.iter().rev() {
            match &act.event {
                CaseEvent::Postponed(postponed) => return Some(postponed.due_ms),
                CaseEvent::SupplementReceived(complete) => return complete.due_ms,
                _ => {}
            }
        }
        self.received.due_ms
    }

    /// How often a kind of paper was printed.
    pub fn prints(&self, document: &str) -> usize {
        self.prints_since(document, i64::MIN)
    }

    /// How often a kind of paper was printed since a moment, UTC milliseconds.
    pub fn prints_since(&self, document: &str, since_ms: i64) -> usize {
        self.printed
            .iter()
            .filter(|p| p.document == document && p.at_ms >= since_ms)
            .count()
    }
}
