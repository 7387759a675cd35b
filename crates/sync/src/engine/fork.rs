//! Fetching our own past back from a peer, and joining it where it went another way than ours.

use motcua_protocol::sync::{Hash, Judgement, Sealed};

use super::{Ask, Engine, Now, Output, Phase, Request, Taken};
use crate::status::Fault;

/// How an epoch that went two ways ended, there and here, when it was joined.
pub(super) type Ends = (Option<Hash>, u64);

/// A walk through what the peer has of one of our epochs.
#[derive(Debug, Clone)]
pub(super) struct Search {
    epoch: u32,
    after: u64,
    from: u64,
    /// The two are known to differ somewhere.
    suspicious: bool,
    /// The last event both have alike, once it is known, and what the peer has behind it.
    common: Option<u64>,
    theirs: Vec<Sealed>,
    ends: Option<Ends>,
}

impl Search {
    pub(super) fn of(epoch: u32, after: u64) -> Self {
        Self {
            epoch,
            after,
            from: after,
            suspicious: false,
            common: None,
            theirs: Vec::new(),
            ends: None,
        }
    }

    /// What the peer has behind a place where the two are known to part.
    pub(super) fn behind(epoch: u32, common: u64, ends: Option<Ends>) -> Self {
        Self {
            common: Some(common),
            ends,
            ..Self::of(epoch, common)
        }
    }

    /// To be remembered once it is done.
    pub(super) fn joining(self, ends: Ends) -> Self {
        Self {
            ends: Some(ends),
            ..self
        }
    }

    pub(super) fn suspicious(self) -> Self {
        Self {
            suspicious: true,
            ..self
        }
    }
}

impl Engine {
    pub(super) fn look(&mut self, now: Now, search: Search, out: &mut Vec<Output>) {
        let request = Request::Past {
            epoch: search.epoch,
            after: search.after,
        };
        self.send(now, Phase::Past(search), request, out);
    }

    /// The peer has answered what it has.
    pub(super) fn found(
        &mut self,
        now: Now,
        mut search: Search,
        events: Vec<Sealed>,
        out: &mut Vec<Output>,
    ) {
        let ours = |e: &Sealed| {
            e.header.device == self.config.device
                && e.header.epoch == search.epoch
                && e.header.seq > search.after
        };
        if !events.iter().all(ours) {
            return self.fail(now, Fault::Malformed, None);
        }
        let Some(last) = events.last().map(|e| e.header.seq) else {
            return self.searched(now, search, out);
        };
        if search.common.is_some() {
            search.theirs.extend(events);
            search.after = last;
            return self.look(now, search, out);
        }
        let ask = Ask::TakePast(events.clone());
        self.ask(now, Phase::TakePast(search, events), ask, out);
    }

    /// The store has taken what fits.
    pub(super) fn took_past(
        &mut self,
        now: Now,
        mut search: Search,
        events: Vec<Sealed>,
        taken: &Taken,
        out: &mut Vec<Output>,
    ) {
        let last = events.last().map_or(search.after, |e| e.header.seq);
        match taken.unfit.first() {
            None => {
                search.after = last;
                self.look(now, search, out);
            }
            Some(unfit) if matches!(unfit.why, Judgement::Fork(_)) => {
                let at = unfit.place.seq;
                if at == search.from + 1 && search.from > 0 {
                    // The two differ before the place where we began to look.
                    return self.look(now, Search::of(search.epoch, 0).suspicious(), out);
                }
                search.common = Some(at - 1);
                search.theirs = events.into_iter().filter(|e| e.header.seq >= at).collect();
                search.after = last;
                self.look(now, search, out);
            }
            // An epoch of a copy of ours that began behind something we do not have. Its log cannot
            // stand here; its events can, sent again in ours.
            Some(_) => {
                search.common = Some(0);
                search.theirs = events;
                search.after = last;
                self.look(now, search, out);
            }
        }
    }

    /// Everything that the peer has of that epoch was looked at.
    fn searched(&mut self, now: Now, search: Search, out: &mut Vec<Output>) {
        match search.common {
            Some(common) => {
                let (epoch, ends) = (search.epoch, search.ends);
                let ask = Ask::Repair {
                    epoch,
                    common,
                    theirs: search.theirs,
                };
                self.ask(now, Phase::Repair(epoch, ends), ask, out);
            }
            None if search.suspicious => self.fail(now, Fault::Fork, None),
            None => self.next_job(now, out),
        }
    }
}
