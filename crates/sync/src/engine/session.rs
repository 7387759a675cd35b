//! One session, step by step.

use motcua_protocol::sync::{
    EpochHead, Hash, Heads, Hello, Judgement, Limits, LogHead, PROTO, PROTO_MIN, Place, PushAnswer,
    Refused, RefusedWhy, Sealed, cursor,
};

use super::{
    Answer, Ask, Engine, Job, Now, Output, Phase, Request, Survey, Taken, Told, fork::Search,
};
use crate::status::Fault;

impl Engine {
    pub(super) fn answered(&mut self, now: Now, answer: Answer, out: &mut Vec<Output>) {
        match (std::mem::replace(&mut self.phase, Phase::Idle), answer) {
            (Phase::Hello, Answer::Hello(hello)) => self.greeted(now, hello, out),
            (Phase::Heads(survey), Answer::Heads(heads)) => self.plan(now, survey, heads, out),
            (Phase::Push(job, _, hashes), Answer::Push(answer)) => {
                self.pushed(now, job, &hashes, answer, out);
            }
            (Phase::Push(job, first, _), Answer::Refused(refused))
                if matches!(refused.code, RefusedWhy::Fork | RefusedWhy::Gap) =>
            {
                self.unfit(now, job, first, &refused, out);
            }
            (Phase::Past(search), Answer::Past(events)) => self.found(now, search, events, out),
            (Phase::Pull, Answer::Feed { server_epoch, page }) => {
                if self.same_history(&server_epoch) {
                    let phase = Phase::TakePage(page.next, page.more);
                    self.ask(now, phase, Ask::TakePage { server_epoch, page }, out);
                } else {
                    self.restart(now, out);
                }
            }
            (phase, Answer::Refused(refused)) => {
                self.phase = phase;
                self.refused(now, &refused);
            }
            // An answer to another question: a broken or hostile peer.
            _ => self.fail(now, Fault::Malformed, None),
        }
    }

    pub(super) fn told(&mut self, now: Now, told: Told, out: &mut Vec<Output>) {
        match (std::mem::replace(&mut self.phase, Phase::Idle), told) {
            (Phase::Survey, Told::Survey(survey)) => {
                let all = self.config.send_all || !self.config.also.is_empty();
                self.send(now, Phase::Heads(survey), Request::Heads { all }, out);
            }
            (Phase::Load(job), Told::Events(events)) => self.loaded(now, job, events, out),
            (Phase::TakePast(search, events), Told::Taken(taken)) => {
                self.took_past(now, search, events, &taken, out);
            }
            (Phase::Repair(which, ends), Told::Repaired) => {
                self.joined.extend(ends.map(|ends| (which, ends)));
                self.survey(now, out);
            }
            (Phase::TakePage(next, more), Told::Taken(taken)) => {
                self.took_page(now, next, more, &taken, out);
            }
            _ => self.fail(now, Fault::Local, None),
        }
    }

    fn greeted(&mut self, now: Now, hello: Hello, out: &mut Vec<Output>) {
        // The peer's clock against ours in the middle of the round trip.
        let trip = now.mono_ms.saturating_sub(self.asked_at.mono_ms);
        let middle = now.wall_ms.saturating_sub(trip as i64 / 2);
        self.status.skew_ms = Some(hello.server_time_ms.saturating_sub(middle));
        if hello.proto_min > PROTO || hello.proto < PROTO_MIN {
            return self.fail(now, Fault::Proto, None);
        }
        self.status.seal_key.clone_from(&hello.seal_key);
        self.status.bundles.clone_from(&hello.bundles);
        self.hello = Some(hello);
        self.survey(now, out);
    }

    pub(super) fn survey(&mut self, now: Now, out: &mut Vec<Output>) {
        self.ask(now, Phase::Survey, Ask::Survey, out);
    }

    fn same_history(&self, server_epoch: &str) -> bool {
        self.hello
            .as_ref()
            .is_some_and(|h| h.server_epoch == server_epoch)
    }

    /// The peer's history is another one than when the session began.
    fn restart(&mut self, now: Now, out: &mut Vec<Output>) {
        self.restarts += 1;
        if self.restarts > 3 {
            return self.fail(now, Fault::Server, None);
        }
        self.send(now, Phase::Hello, Request::Hello, out);
    }

    fn plan(&mut self, now: Now, survey: Survey, heads: Heads, out: &mut Vec<Output>) {
        if !self.same_history(&heads.server_epoch) {
            return self.restart(now, out);
        }
        self.status.quarantined = heads.quarantined;
        self.held = heads.held.as_ref().is_some_and(|held| !held.is_empty());
        self.status.forks = 0;
        self.jobs.clear();
        self.searches.clear();
        self.remote = heads
            .logs
            .iter()
            .map(|l| ((l.device, l.head.epoch), l.head))
            .collect();
        let mut unsent = 0;
        for local in &survey.logs {
            let (device, head) = (local.log.device, local.log.head);
            let own = device == self.config.device;
            let also = self.config.also.contains(&device);
            if !own && !also && !self.config.send_all {
                continue;
            }
            if let Some(parted) = local.parted.filter(|_| !own && local.closed.is_none()) {
                unsent += head.seq.saturating_sub(parted);
                self.status.forks += 1;
                continue;
            }
            let there = self.remote.get(&(device, head.epoch)).copied();
            let at = there.map_or(0, |h| h.seq);
            let other = |h: EpochHead| h.seq == head.seq && h.hash != head.hash;
            if at < head.seq {
                // What was joined as both ends still stand is offered again, for the peer may be
                // able to take it by now; nothing of it is missing there.
                let ends = (there.map(|h| h.hash), head.seq);
                let owed =
                    local.closed.is_none() || self.joined.get(&(head.epoch, false)) != Some(&ends);
                unsent += if owed { head.seq - at } else { 0 };
                self.jobs.push_back(Job {
                    device,
                    epoch: head.epoch,
                    upto: head.seq,
                    at,
                    hash: there.map(|h| h.hash.0),
                    closed: local.closed,
                    owed,
                    gaps: 0,
                });
            } else if let Some(closed) = local.closed.filter(|_| own) {
                let same = there.is_some_and(|h| h.seq == head.seq && h.hash == head.hash);
                if same {
                    self.look_behind(head.epoch, closed, head.seq);
                } else {
                    self.rejoin(head.epoch, closed, head.seq, false);
                }
            } else if there.is_some_and(other) {
                if own {
                    let guess = local.acked.min(at).min(head.seq);
                    self.searches
                        .push_back(Search::of(head.epoch, guess).suspicious());
                } else {
                    self.status.forks += 1;
                }
            } else if at > head.seq && own {
                self.searches.push_back(Search::of(head.epoch, head.seq));
            }
        }
        // Epochs of our own that we have never heard of: what a restore took away, or a copy.
        let here: Vec<u32> = (survey.logs.iter())
            .filter(|l| l.log.device == self.config.device)
            .map(|l| l.log.head.epoch)
            .collect();
        let mut lost: Vec<u32> = (self.remote.keys())
            .filter(|(device, epoch)| *device == self.config.device && !here.contains(epoch))
            .map(|(_, epoch)| *epoch)
            .collect();
        lost.sort_unstable();
        for epoch in lost {
            let end = self.remote.get(&(self.config.device, epoch));
            let ends = (end.map(|e| e.hash), 0);
            if self.joined.get(&(epoch, false)) != Some(&ends) {
                self.searches.push_back(Search::of(epoch, 0).joining(ends));
            }
        }
        self.look_aside(&survey, &heads);
        self.jobs
            .make_contiguous()
            .sort_by_key(|j| (j.device, j.epoch));
        self.status.unsent = unsent;
        if unsent == 0 {
            self.status.oldest_unsent_ms = None;
        }
        self.cursor = match &survey.server_epoch {
            Some(epoch) if self.same_history(epoch) => survey.cursor,
            _ => 0,
        };
        out.push(Output::Note {
            heads: heads.logs,
            verdicts: Vec::new(),
            held: heads.held,
        });
        self.next_job(now, out);
    }

    /// What the peer keeps for us of our own epochs as they went on above it.
    fn look_aside(&mut self, survey: &Survey, heads: &Heads) {
        for LogHead { device, head } in &heads.aside {
            if *device != self.config.device {
                continue;
            }
            let here = (survey.logs.iter())
                .find(|l| l.log.device == *device && l.log.head.epoch == head.epoch)
                .map_or(0, |l| l.log.head.seq);
            let ends = (Some(head.hash), here);
            if self.joined.get(&(head.epoch, true)) != Some(&ends) {
                let search = Search::of(head.epoch, head.seq.min(here)).aside();
                self.searches.push_back(search.joining(ends));
            }
        }
    }

    /// An epoch of ours that went two ways may still be written by a copy of this device, or may
    /// have gone back here or there since. Whenever either end is another than last time, the place
    /// where the two part is found anew; where it was then is only where to look first.
    fn rejoin(&mut self, epoch: u32, closed: u64, here: u64, differs: bool) {
        let end = self.remote.get(&(self.config.device, epoch));
        let ends = (end.map(|e| e.hash), here);
        if self.joined.get(&(epoch, false)) == Some(&ends) {
            return;
        }
        let guess = closed.min(here).min(end.map_or(0, |e| e.seq));
        let search = match end {
            None => Search::of_nothing(epoch),
            Some(_) if differs => Search::of(epoch, guess).suspicious(),
            Some(_) => Search::of(epoch, guess),
        };
        self.searches.push_back(search.joining(ends));
    }

    /// The peer has a closed epoch just as it stands here. Others may have its other way and cannot
    /// take it: they wait for what stands behind the place where the two part, in a later epoch.
    /// Where a disk has lost the end of that one again, it is written once more.
    fn look_behind(&mut self, epoch: u32, closed: u64, here: u64) {
        let end = self.remote.get(&(self.config.device, epoch));
        let ends = (end.map(|e| e.hash), here);
        if self.joined.get(&(epoch, false)) != Some(&ends) {
            let search = Search::of_own(epoch, closed, here);
            self.searches.push_back(search.joining(ends));
        }
    }

    pub(super) fn next_job(&mut self, now: Now, out: &mut Vec<Output>) {
        if let Some(search) = self.searches.pop_front() {
            return self.look(now, search, out);
        }
        match self.jobs.pop_front() {
            Some(job) => self.load(now, job, out),
            None => {
                let cursor = self.cursor;
                self.send(now, Phase::Pull, Request::Feed { cursor }, out);
            }
        }
    }

    fn load(&mut self, now: Now, job: Job, out: &mut Vec<Output>) {
        let theirs = self.hello.as_ref().map(|h| h.limits).unwrap_or_default();
        let ask = Ask::Events {
            device: job.device,
            epoch: job.epoch,
            after: job.at,
            limits: Limits {
                events: self.batch_events.min(theirs.events.max(1)),
                bytes: self.batch_bytes.min(theirs.bytes.max(1 << 10)),
                ..theirs
            },
        };
        self.ask(now, Phase::Load(job), ask, out);
    }

    fn loaded(&mut self, now: Now, job: Job, mut events: Vec<Sealed>, out: &mut Vec<Output>) {
        events.retain(|e| e.header.seq <= job.upto);
        let Some(first) = events.first() else {
            return self.next_job(now, out);
        };
        if job.owed {
            self.status
                .oldest_unsent_ms
                .get_or_insert(first.header.wall_ms);
        }
        // Numbers alone prove nothing: what the peer has at that number must be what we have.
        if job.at > 0 && job.hash.is_some_and(|h| h != first.prev_hash) {
            return self.forked(now, &job, true, out);
        }
        let place = first.place();
        let hashes = events.iter().map(|e| e.hash).collect();
        self.send(
            now,
            Phase::Push(job, place, hashes),
            Request::Push(events),
            out,
        );
    }

    fn pushed(
        &mut self,
        now: Now,
        mut job: Job,
        hashes: &[[u8; 32]],
        answer: PushAnswer,
        out: &mut Vec<Output>,
    ) {
        if !self.same_history(&answer.server_epoch) {
            return self.restart(now, out);
        }
        let acked = answer.acked.head;
        let ours =
            (acked.seq.checked_sub(job.at + 1)).and_then(|i| hashes.get(usize::try_from(i).ok()?));
        let beyond = acked.seq > job.at + hashes.len() as u64;
        match ours {
            Some(hash) if *hash == acked.hash.0 => {}
            // Another session of ours was faster; its head is looked at with the next batch.
            None if beyond => {}
            Some(_) => return self.forked(now, &job, true, out),
            None => return self.fail(now, Fault::Malformed, None),
        }
        let safe = acked.seq.min(job.upto) - job.at;
        self.settle(&job, safe);
        self.status.oldest_unsent_ms = None;
        job.at = acked.seq;
        job.hash = Some(acked.hash.0);
        out.push(Output::Note {
            heads: vec![Self::log_head(&job, acked.seq, acked.hash.0)],
            verdicts: answer.results,
            held: None,
        });
        // What was brought may be what lifts it, or a person's word to look at it again.
        self.again |= std::mem::take(&mut self.held);
        let limits = self.hello.as_ref().map(|h| h.limits).unwrap_or_default();
        self.larger(&limits);
        if let Some(most) = answer.next.max_events {
            self.batch_events = self.batch_events.min(most.max(1));
        }
        if answer.next.after_ms > 0 {
            return self.fail(now, Fault::Busy, Some(answer.next.after_ms));
        }
        if job.at < job.upto {
            self.load(now, job, out);
        } else {
            self.next_job(now, out);
        }
    }

    /// A batch did not fit where the peer stands.
    fn unfit(
        &mut self,
        now: Now,
        mut job: Job,
        first: Place,
        refused: &Refused,
        out: &mut Vec<Output>,
    ) {
        if refused.code == RefusedWhy::Fork {
            return self.forked(now, &job, true, out);
        }
        let head = refused.head.map(|h| h.head);
        let at = head.map_or(0, |h| h.seq);
        job.gaps += 1;
        // Nothing of it there, and its beginning not accepted: what it follows went another way.
        if job.gaps > 3 || (at == 0 && first.seq == 1) {
            if job.closed.is_some() {
                return self.forked(now, &job, false, out);
            }
            if job.device == self.config.device {
                self.rejoin(job.epoch, 0, job.upto, false);
                return self.next_job(now, out);
            }
            self.status.forks += 1;
            return self.next_job(now, out);
        }
        job.at = at;
        job.hash = head.map(
            |EpochHead {
                 hash: Hash(hash), ..
             }| hash,
        );
        self.load(now, job, out);
    }

    /// `at_odds`: at the peer's end stands another event than here. Otherwise it may as well have
    /// nothing of that epoch and not accept its beginning.
    fn forked(&mut self, now: Now, job: &Job, at_odds: bool, out: &mut Vec<Output>) {
        if let Some(closed) = job.closed {
            // Known, and sent again in a later epoch.
            self.settle(job, job.upto - job.at);
            if job.device == self.config.device {
                self.rejoin(job.epoch, closed, job.upto, at_odds);
            }
            return self.next_job(now, out);
        }
        if job.device != self.config.device {
            // Only whose log it is can join it; others keep what they have and go on.
            self.status.forks += 1;
            return self.next_job(now, out);
        }
        self.look(now, Search::of(job.epoch, 0).suspicious(), out);
    }

    fn refused(&mut self, now: Now, refused: &Refused) {
        let fault = match refused.code {
            RefusedWhy::TooLarge => {
                self.smaller();
                Fault::TooLarge
            }
            RefusedWhy::UnknownDevice => Fault::UnknownDevice,
            RefusedWhy::WrongBranch => Fault::WrongBranch,
            RefusedWhy::Proto => Fault::Proto,
            RefusedWhy::Malformed => Fault::Malformed,
            RefusedWhy::Unauthorized | RefusedWhy::Unsigned => Fault::Unauthorized,
            RefusedWhy::Busy => Fault::Busy,
            RefusedWhy::Fork | RefusedWhy::Gap => Fault::Fork,
        };
        self.fail(now, fault, refused.retry_after_ms);
    }

    fn took_page(&mut self, now: Now, next: u64, more: bool, taken: &Taken, out: &mut Vec<Output>) {
        let gap = |u: &super::Unfit| matches!(u.why, Judgement::Gap(_));
        if taken.unfit.iter().any(gap) && !self.rescanned {
            // The cursor lay behind something that we do not have: read from the start, once.
            self.rescanned = true;
            self.cursor = 0;
            return self.send(now, Phase::Pull, Request::Feed { cursor: 0 }, out);
        }
        // Backwards once: the peer has lost what lay before our cursor and begins anew.
        let back = cursor::position(next) <= cursor::position(self.cursor);
        let advanced = next != self.cursor && (!back || !self.rescanned);
        self.rescanned |= back;
        self.cursor = next;
        if more && advanced {
            return self.send(now, Phase::Pull, Request::Feed { cursor: next }, out);
        }
        self.finish(now, out);
    }

    fn finish(&mut self, now: Now, out: &mut Vec<Output>) {
        self.failures = 0;
        self.status.last_error = None;
        self.status.last_done_ms = Some(now.mono_ms);
        self.status.last_done_wall_ms = Some(now.wall_ms);
        if self.again {
            self.again = false;
            self.began_at = now.mono_ms;
            return self.survey(now, out);
        }
        self.phase = Phase::Idle;
        self.next_at = now.mono_ms + self.config.poll_ms;
    }
}
