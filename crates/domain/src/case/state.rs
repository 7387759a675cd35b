//! What the events of a case make of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{
    Attachment, BookEntry, CaseAct, CaseEvent, CaseReceived, CaseStatus, CodeGiven, Detached,
    Postponed, Undone, WantedPaper,
};
use crate::{
    calendar::Limit,
    notice::Contact,
    visit::{Party, Recorded},
};

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
    /// What was a slip and was taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undone: Vec<Undone>,
    /// How the citizen is reached, where that was changed after reception.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Files of its papers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Files that were taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detached: Vec<Detached>,
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
            status: received.begins(),
            officer: recorded.stamp.actor.clone(),
            received: (**received).clone(),
            code_given: None,
            printed: Vec::new(),
            acts: Vec::new(),
            set_aside: Vec::new(),
            undone: Vec::new(),
            contact: None,
            attachments: Vec::new(),
            detached: Vec::new(),
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
        if recorded.event.is_fee() {
            let done = Act {
                at_ms,
                officer,
                event: recorded.event.clone(),
            };
            // Money that came has come, whatever others did meanwhile. It is taken back once.
            if self.takes(&recorded.event) {
                self.acts.push(done);
            } else {
                self.set_aside.push(done);
            }
            return;
        }
        if let CaseEvent::ContactChanged(changed) = &recorded.event {
            let before = self.contact();
            self.contact = Some(Contact {
                consent: changed.consent.or(before.consent),
                phone: changed.phone.clone(),
                email: changed.email.clone(),
                changes: before.changes + 1,
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
        if self.apply_file(recorded) {
            return;
        }
        if let CaseEvent::ActUndone(undone) = &recorded.event {
            self.apply_undone(undone, at_ms, officer);
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

    /// How the citizen is reached: as it was changed last, or as the owner's form says, and where
    /// that says nothing the form of whoever handed it in.
    pub fn contact(&self) -> Contact {
        if let Some(contact) = &self.contact {
            return contact.clone();
        }
        let people = [
            Some(&self.received.applicant),
            self.received.submitter.as_ref(),
        ];
        let first = |of: fn(&Party) -> &Option<String>| {
            people
                .into_iter()
                .flatten()
                .find_map(|party| of(party).clone())
        };
        Contact {
            consent: self.received.notify,
            phone: first(|party| &party.phone),
            email: first(|party| &party.email),
            changes: 0,
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

    /// Files are no acts: they come at any time, and whoever looked before has missed nothing that
    /// would keep them from acting.
    fn apply_file(&mut self, recorded: &Recorded<CaseEvent>) -> bool {
        let at_ms = recorded.stamp.wall_ms;
        let officer = recorded.stamp.actor.clone();
        match &recorded.event {
            CaseEvent::PaperAttached(file) => {
                if self.attachment(file.id).is_none() {
                    self.attachments.push(Attachment {
                        file: file.clone(),
                        at_ms,
                        officer,
                    });
                }
                true
            }
            CaseEvent::PaperDetached(gone) => {
                // Two officers apart may both have taken it back: once is enough.
                if let Some(at) = self.attachments.iter().position(|a| a.file.id == gone.id) {
                    let attachment = self.attachments.remove(at);
                    self.detached.push(Detached {
                        attachment,
                        reason: gone.reason.clone(),
                        at_ms,
                        officer,
                    });
                }
                true
            }
            _ => false,
        }
    }

    /// Where an act would lead: the table, and the one rule beside it, that a date is given anew
    /// at most once (NĐ 61/2018/NĐ-CP Điều 19.9), and the one that only cases for others know.
    pub fn leads_to(&self, act: CaseAct) -> Option<CaseStatus> {
        if act == CaseAct::Postpone && self.postponed().is_some() {
            return None;
        }
        if act == CaseAct::Accept && !self.waits_for_competent() {
            return None;
        }
        act.way(self.status)
    }

    /// Whether it was received for another agency that does not have it yet, so that no limit runs.
    pub fn waits_for_competent(&self) -> bool {
        self.received.on_behalf.is_some() && self.last(CaseAct::Accept).is_none()
    }

    /// Grows with every act, and with every change of how the citizen is reached: whoever saw
    /// another number has not seen what was done since.
    pub fn revision(&self) -> u32 {
        // What was taken back was an act, and so was taking it back.
        let acts = self.acts.len() + self.set_aside.len() + 2 * self.undone.len();
        let acts = u32::try_from(acts).unwrap_or(u32::MAX);
        // Without a change there is nothing to count, and what reception wrote needs no look.
        acts.saturating_add(self.contact.as_ref().map_or(0, |contact| contact.changes))
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
        let begun = self.acts.iter().rev().find(|act| {
            matches!(
                act.event,
                CaseEvent::SupplementReceived(_) | CaseEvent::Accepted(_)
            )
        });
        match begun.map(|act| (act, &act.event)) {
            Some((act, CaseEvent::Accepted(accepted))) => Promised {
                from_ms: accepted.at_ms,
                officer: Some(&act.officer),
                limit: accepted.limit,
                due_ms: accepted.due_ms,
                because: &accepted.because,
            },
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
                CaseEvent::Accepted(accepted) => return accepted.due_ms,
                _ => {}
            }
        }
        self.received.due_ms
    }

    /// When the citizen got the result, UTC milliseconds: at reception where it was given at once.
    pub fn returned_ms(&self) -> Option<i64> {
        let returned = self.last(CaseAct::ReturnResult).map(|act| act.at_ms);
        returned.or(self.received.instant.then_some(self.received.received_ms))
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
