//! Fetching our own past back from a peer, and joining it where it went another way than ours.
//!
//! Why no acknowledged event can fall between. Of one epoch we hold a chain and the peer holds one.
//! A hash covers everything before it, so equal hashes at a number mean that all up to it is alike,
//! and unequal ones that nothing behind it is: one greatest common number exists, and bisecting
//! finds it. What stands up to it is at the peer. What stands here behind it is either written
//! again in a later epoch, for which the same holds, or `repair` writes it again now: so by
//! induction over the epochs, of which there is a last one, everything here comes to the peer. What
//! the peer has behind it is fetched whole, to its end. A common number that is too low only repeats
//! what aliases then make harmless; one that is too high leaves a gap that nobody sees. Therefore
//! nothing that is remembered, neither `closed` nor what was acknowledged, is ever taken for it:
//! those come out of a history that may itself have gone back, or from a copy's repair with another
//! peer. They only say where to look first.

use motcua_protocol::sync::{Hash, Judgement, Sealed};

use super::{Ask, Engine, Now, Output, Phase, Request, Taken};
use crate::status::Fault;

/// Which of our epochs, and whether at the peer or aside, above it.
pub(super) type Which = (u32, bool);

/// How an epoch that went two ways ended, there and here, when it was joined.
pub(super) type Ends = (Option<Hash>, u64);

/// A walk through what the peer has of one of our epochs.
#[derive(Debug, Clone)]
pub(super) struct Search {
    epoch: u32,
    aside: bool,
    /// Behind which number is asked next.
    after: u64,
    /// Up to there both are known to be alike, in this walk.
    alike: u64,
    /// The two are known to differ somewhere.
    suspicious: bool,
    /// The last event both have alike, once it is known, and what the peer has behind it.
    common: Option<u64>,
    theirs: Vec<Sealed>,
    ends: Option<Ends>,
}

impl Search {
    /// Begins at the event of that number, which may or may not be alike.
    pub(super) fn of(epoch: u32, guess: u64) -> Self {
        Self {
            epoch,
            aside: false,
            after: guess.saturating_sub(1),
            alike: 0,
            suspicious: false,
            common: None,
            theirs: Vec::new(),
            ends: None,
        }
    }

    /// The peer can take nothing of that epoch: nothing is alike.
    pub(super) fn of_nothing(epoch: u32) -> Self {
        Self {
            common: Some(0),
            ..Self::of(epoch, 0)
        }
    }

    /// The peer has all of it up to `here`, and behind `common` it counts for nothing.
    pub(super) fn of_own(epoch: u32, common: u64, here: u64) -> Self {
        Self {
            after: here,
            common: Some(common),
            ..Self::of(epoch, 0)
        }
    }

    /// To be remembered once it is done.
    pub(super) fn joining(self, ends: Ends) -> Self {
        Self {
            ends: Some(ends),
            ..self
        }
    }

    /// Not what the peer has, but what it keeps aside.
    pub(super) fn aside(self) -> Self {
        Self {
            aside: true,
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
            aside: search.aside,
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
        // Without a hole, so that nothing can be left out between two answers either.
        let ours = |(e, seq): (&Sealed, u64)| {
            e.header.device == self.config.device
                && e.header.epoch == search.epoch
                && e.header.seq == seq
        };
        if !events.iter().zip(search.after + 1..).all(ours) {
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
        let first = search.after + 1;
        match taken.unfit.first() {
            None => {
                (search.alike, search.after) = (last, last);
                self.look(now, search, out);
            }
            // The very first differs, so the two part somewhere before it: half way back. The
            // distance halves each time, and each answer tells of a whole page of places.
            Some(unfit) if unfit.place.seq == first && search.alike + 1 < first => {
                search.after = match unfit.why {
                    Judgement::Fork(_) => search.alike + (first - search.alike) / 2 - 1,
                    // We do not even reach that far.
                    _ => search.alike,
                };
                search.suspicious |= matches!(unfit.why, Judgement::Fork(_));
                self.look(now, search, out);
            }
            Some(unfit) => {
                // A gap at the first number of all: an epoch of a copy of ours that began behind
                // something we do not have. Its log cannot stand here; its events can, in ours.
                let common = unfit.place.seq.saturating_sub(1);
                search.common = Some(common);
                search.theirs = events
                    .into_iter()
                    .filter(|e| e.header.seq > common)
                    .collect();
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
                let which = (epoch, search.aside);
                let ask = Ask::Repair {
                    epoch,
                    common,
                    theirs: search.theirs,
                };
                self.ask(now, Phase::Repair(which, ends), ask, out);
            }
            None if search.suspicious => self.fail(now, Fault::Fork, None),
            None => self.next_job(now, out),
        }
    }
}
