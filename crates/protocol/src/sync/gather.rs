//! Gathering events for a batch or a page.

use crate::sync::{Limits, Sealed};

/// Gathers events up to the limits, ending only between commands. A command that alone is larger
/// than what is aimed at goes whole; only beyond what is refused is it cut.
#[derive(Debug)]
pub struct Gather<'a> {
    limits: &'a Limits,
    /// What was gathered.
    pub events: Vec<Sealed>,
    ends: Vec<u64>,
    bytes: usize,
    whole: usize,
    /// Whether there is more that did not go in.
    pub full: bool,
}

impl<'a> Gather<'a> {
    /// Nothing yet.
    pub fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            events: Vec::new(),
            ends: Vec::new(),
            bytes: 0,
            whole: 0,
            full: false,
        }
    }

    /// Takes the event at a position of the sender's own order; `false` once no more is wanted.
    pub fn take(&mut self, pos: u64, event: Sealed) -> bool {
        let last = self.events.last();
        if last.is_some_and(|l| l.header.command_id != event.header.command_id) {
            self.whole = self.events.len();
        }
        let (count, bytes) = (self.events.len() + 1, self.bytes + event.size());
        let over = |events: u32, room: u32| count > events as usize || bytes > room as usize;
        let most = over(self.limits.most_events, self.limits.most_bytes * 7 / 8);
        if most && self.whole == 0 {
            self.whole = self.events.len();
        }
        if self.whole > 0 && over(self.limits.events, self.limits.bytes) {
            self.events.truncate(self.whole);
            self.ends.truncate(self.whole);
            self.full = true;
            return false;
        }
        self.bytes = bytes;
        self.events.push(event);
        self.ends.push(pos);
        true
    }

    /// Position of the last event that was gathered.
    pub fn last_pos(&self) -> Option<u64> {
        self.ends.last().copied()
    }
}
