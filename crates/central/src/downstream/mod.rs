//! Onwards: what a system beyond central is told of cases, such as the national portal.
//!
//! [`queue`] is the durable list of cases of which something is still to be told, written in the
//! transaction that changes them. [`courier`] takes one after the other from it, in any number of
//! copies of the program, and tells it through an [`Outside`], which knows how that system is
//! spoken to: [`portal`] for the national portal, [`ministry`] for a ministry's system. Each has rows
//! of its own for each case of the offices that use it. What one case is refused for holds no other
//! up.

pub(crate) mod courier;
mod facts;
pub(crate) mod http;
pub(crate) mod ministry;
pub(crate) mod portal;
mod portal_papers;
pub(crate) mod queue;
pub(crate) mod settings;
pub(crate) mod token;

pub(crate) use courier::Courier;
pub(crate) use facts::{Beside, Facts, facts};
use motcua_protocol::course::Turn;

/// A system beyond central, as the queue names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// The national portal, in the generation of its services of 2019 to 2025.
    Portal,
    /// A ministry's own system for settling procedures, reached through LGSP.
    Ministry,
}

impl System {
    /// The name in the database, for ever.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::Ministry => "ministry",
        }
    }
}

/// The settings of a system do not name an office: none of its cases can be told.
pub(crate) const OFFICE_UNMAPPED: &str = "OFFICE_UNMAPPED";

/// Why something was not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Why {
    /// Stable code.
    pub(crate) code: &'static str,
    /// What the other side said of it, cut short.
    pub(crate) detail: String,
}

impl Why {
    pub(crate) fn new(code: &'static str, detail: impl AsRef<str>) -> Self {
        Self {
            code,
            // A text column cannot hold this one character.
            detail: detail
                .as_ref()
                .replace('\0', " ")
                .chars()
                .take(300)
                .collect(),
        }
    }
}

/// What came of telling something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is there.
    Done,
    /// It was there before.
    Exists,
    /// Not taken; concerns only this case.
    Refused(Why),
    /// Nobody to tell it to just now: whether it arrived is not known.
    Away(Why),
}

/// A system that is told of cases. Whatever is told may be told twice: an answer can be lost.
pub(crate) trait Outside: Send + Sync + 'static {
    /// Which one it is.
    fn system(&self) -> System;

    /// Agency codes of the offices whose cases it is told of.
    fn offices(&self) -> Vec<String>;

    /// Tells of a case as it stands. `known`: it was told before, and this is a change.
    fn case(&self, office: &str, facts: &Facts, known: bool) -> Outcome;

    /// Tells of turns of a case that it has, in their order; at most [`Outside::turns_at_once`].
    fn turns(&self, office: &str, facts: &Facts, turns: &[Turn]) -> Outcome;

    /// How long it may take.
    fn patience(&self) -> courier::Patience;

    /// How many turns go in one telling.
    fn turns_at_once(&self) -> usize;
}
