//! The public board: what everybody in the hall may read.
//!
//! The types hold no name, no number of a person and no id of a visit, so that none can reach a
//! screen that a whole room looks at.

use chrono::NaiveDate;
use motcua_domain::visit::Quote;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::issuing::Shut;
use crate::Time;

/// `board.get`: what the board shows.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema, TS)]
#[ts(rename = "BoardGet")]
#[schemars(rename = "BoardGet")]
pub struct Get {}

/// The board as it stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, TS)]
pub struct Board {
    /// Name of the branch.
    pub branch: String,
    /// Business day.
    pub date: NaiveDate,
    /// When it was read.
    pub now: Time,
    /// Grows with every committed change.
    pub revision: u64,
    /// Numbers at a counter, the latest call first.
    pub calls: Vec<BoardCall>,
    /// What people may queue for.
    pub services: Vec<BoardService>,
    /// Numbers called and not there, the latest first; each may still come today.
    pub missed: Vec<String>,
    /// Whether the branch put recorded clips of its own in place of the shipped samples.
    pub recorded: bool,
}

/// A number that was called to a counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct BoardCall {
    /// The number.
    pub ticket: String,
    /// The counter that called it.
    pub counter: u16,
    /// Name on that desk.
    pub counter_name: String,
    /// When it was called last.
    pub called_at: Time,
    /// How many times it was called.
    pub calls: u32,
    /// Whether its holder has come.
    pub state: BoardState,
}

/// Whether the holder of a called number has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum BoardState {
    /// Asked to come.
    Called,
    /// At the counter.
    Serving,
}

/// A service and its queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[ts(optional_fields)]
pub struct BoardService {
    /// First letter of its tickets.
    pub prefix: String,
    /// Name.
    pub name: String,
    /// People waiting.
    pub waiting: u32,
    /// What a newcomer would be told; absent while no counter serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// Whether numbers are given now.
    pub issuing: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shut: Option<Shut>,
}
