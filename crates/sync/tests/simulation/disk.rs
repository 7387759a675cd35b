//! Logs in memory, with a disk that can forget.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, hash_map::Entry};

use motcua_protocol::{
    event::{Dep, Header},
    sync::{
        EpochHead, Hash, Head, Judgement, Limits, LogHead, Page, Place, Sealed, Status, Verdict,
        aside::{Node, follows, way},
        cursor, judge,
        repair::{Own, Repair, repair},
        rule::Known,
    },
};
use motcua_sync::{Ask, LocalLog, Log, Survey, Taken, Told, Unfit, intake};
use uuid::Uuid;

use super::{
    acts::{POISON, closing},
    world::Broken,
};

/// Whose logs others bring theirs to.
pub(crate) const HUB: Uuid = Uuid::from_u128(0xfff);

/// One machine's logs.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    pub(crate) device: Uuid,
    pub(crate) epoch: u32,
    base: [u8; 32],
    /// In order of arrival; the position is the index plus one.
    pub(crate) log: Vec<Sealed>,
    places: BTreeMap<Place, usize>,
    ids: HashMap<Uuid, Place>,
    heads: BTreeMap<(Uuid, u32), Head>,
    closed: BTreeMap<(Uuid, u32), u64>,
    /// What took effect, in order, and how often.
    pub(crate) applied: Vec<Uuid>,
    pub(crate) effect: HashMap<Uuid, u32>,
    waiting: BTreeSet<Place>,
    pub(crate) quarantined: HashSet<Uuid>,
    pub(crate) peer: (Option<String>, u64),
    pub(crate) acked: BTreeMap<(Uuid, u32), EpochHead>,
    pub(crate) broken: Broken,
    /// What central has of others' logs and does not fit here; the hub keeps it.
    aside: BTreeMap<(Place, [u8; 32]), Sealed>,
    order: HashMap<Uuid, usize>,
    /// How much of log and effects was looked at.
    looked: (usize, usize),
}

impl Known for Disk {
    type Error = String;

    fn head(&self, device: Uuid, epoch: u32) -> Result<Option<Head>, String> {
        Ok(self.heads.get(&(device, epoch)).copied())
    }

    fn hash_at(&self, place: Place) -> Result<Option<[u8; 32]>, String> {
        Ok(self.places.get(&place).map(|i| self.log[*i].hash))
    }

    fn base(&self, device: Uuid, epoch: u32, hash: &[u8; 32]) -> Result<bool, String> {
        let mut earlier = self
            .log
            .iter()
            .filter(|e| e.header.device == device && e.header.epoch < epoch);
        Ok(*hash == [0; 32] || earlier.any(|e| e.hash == *hash))
    }

    fn elsewhere(&self, event_id: Uuid) -> Result<Option<Place>, String> {
        Ok(self.ids.get(&event_id).copied())
    }
}

impl Disk {
    pub(crate) fn new(device: Uuid, broken: Broken) -> Self {
        Self {
            device,
            epoch: 1,
            base: [0; 32],
            log: Vec::new(),
            places: BTreeMap::new(),
            ids: HashMap::new(),
            heads: BTreeMap::new(),
            closed: BTreeMap::new(),
            applied: Vec::new(),
            effect: HashMap::new(),
            waiting: BTreeSet::new(),
            quarantined: HashSet::new(),
            peer: (None, 0),
            acked: BTreeMap::new(),
            broken,
            aside: BTreeMap::new(),
            order: HashMap::new(),
            looked: (0, 0),
        }
    }

    pub(crate) fn has(&self, event_id: Uuid) -> bool {
        self.ids.contains_key(&event_id)
    }

    pub(crate) fn ids(&self) -> BTreeSet<Uuid> {
        self.ids.keys().copied().collect()
    }

    pub(crate) fn head_seq(&self) -> u64 {
        self.heads
            .get(&(self.device, self.epoch))
            .map_or(0, |h| h.seq)
    }

    /// What is left when the last `lost` events never reached the disk. Everything that follows
    /// from the log follows from what is left of it.
    pub(crate) fn cut(&self, lost: usize) -> Self {
        let mut left = Self::new(self.device, self.broken);
        left.epoch = self.epoch;
        left.base = self.base;
        for event in &self.log[..self.log.len() - lost] {
            left.store(event.clone());
        }
        // What is remembered of the peer is in the same file and goes back with it.
        if lost == 0 {
            (left.peer, left.aside) = (self.peer.clone(), self.aside.clone());
        }
        left.acked = self
            .acked
            .iter()
            .filter(|((d, e), h)| left.heads.get(&(*d, *e)).is_some_and(|l| l.seq >= h.seq))
            .map(|(k, h)| (*k, *h))
            .collect();
        let last = left
            .log
            .iter()
            .rev()
            .find(|e| e.header.device == self.device);
        if left.head_seq() == 0
            && let Some(last) = last
        {
            (left.epoch, left.base) = (last.header.epoch, last.hash);
        } else if left.head_seq() == 0 {
            left.base = [0; 32];
        }
        left
    }

    /// A new epoch behind what stands here.
    pub(crate) fn open_epoch(&mut self, number: u32) {
        let head = self.heads.get(&(self.device, self.epoch));
        self.base = head.map_or(self.base, |h| h.hash);
        self.epoch = number;
    }

    fn store(&mut self, event: Sealed) {
        let place = event.place();
        let head = Head {
            seq: place.seq,
            hash: event.hash,
        };
        self.heads.insert((place.device, place.epoch), head);
        self.ids.entry(event.header.event_id).or_insert(place);
        self.places.insert(place, self.log.len());
        for (epoch, seq) in intake::closes(&event) {
            let at = self.closed.entry((place.device, epoch)).or_insert(seq);
            *at = (*at).min(seq);
        }
        self.log.push(event);
        self.waiting.insert(place);
        self.apply();
    }

    /// Applies what had seen nothing that is missing, until nothing more can be.
    fn apply(&mut self) {
        loop {
            let ready: Vec<Place> = self
                .waiting
                .iter()
                .copied()
                .filter(|p| self.ready(*p))
                .collect();
            if ready.is_empty() {
                return;
            }
            for place in ready {
                self.waiting.remove(&place);
                let event = &self.log[self.places[&place]];
                let id = event.header.event_id;
                if event.body == POISON {
                    self.quarantined.insert(id);
                } else if let Entry::Vacant(first) = self.effect.entry(id) {
                    first.insert(1);
                    self.order.insert(id, self.applied.len());
                    self.applied.push(id);
                }
            }
        }
    }

    fn ready(&self, place: Place) -> bool {
        let event = &self.log[self.places[&place]];
        self.broken == Broken::IgnoresDeps || event.header.deps.iter().all(|dep| self.seen(dep))
    }

    pub(crate) fn seen(&self, dep: &Dep) -> bool {
        let place = Place {
            device: dep.device,
            epoch: dep.epoch,
            seq: dep.seq,
        };
        let closed = self.closed.get(&(dep.device, dep.epoch));
        closed.is_some_and(|c| dep.seq > *c)
            || self.places.get(&place).is_some_and(|i| {
                let id = self.log[*i].header.event_id;
                self.effect.contains_key(&id) || self.quarantined.contains(&id)
            })
    }

    /// Something happens at the desk.
    pub(crate) fn write(
        &mut self,
        event_id: Uuid,
        command_id: Uuid,
        entity: Uuid,
        (kind, body): (&str, &[u8]),
    ) {
        let mut seen: BTreeMap<(Uuid, u32), u64> = BTreeMap::new();
        for event in &self.log {
            let header = &event.header;
            let counts = header.entity == entity && header.device != self.device;
            if counts && self.effect.contains_key(&header.event_id) {
                let seq = seen.entry((header.device, header.epoch)).or_default();
                *seq = (*seq).max(header.seq);
            }
        }
        let dep = |((device, epoch), seq)| Dep { device, epoch, seq };
        let deps = seen.into_iter().map(dep).collect();
        let header = Header {
            kind: kind.to_owned(),
            ..header(event_id, command_id, entity, deps)
        };
        self.append(header, body.to_vec());
    }

    fn append(&mut self, header: Header, body: Vec<u8>) {
        let head = self.heads.get(&(self.device, self.epoch)).copied();
        let (seq, prev) = head.map_or((1, self.base), |h| (h.seq + 1, h.hash));
        let header = Header {
            device: self.device,
            epoch: self.epoch,
            seq,
            ..header
        };
        self.store(Sealed::new(header, vec![7; 16], body, prev));
    }

    pub(crate) fn survey(&self) -> Survey {
        let one = |((device, epoch), head): (&(Uuid, u32), &Head)| LocalLog {
            log: log_head(*device, *epoch, *head),
            closed: self.closed.get(&(*device, *epoch)).copied(),
            acked: self.acked.get(&(*device, *epoch)).map_or(0, |h| h.seq),
            parted: (self.way(*device, *epoch).first()).map(|first| first.place().seq - 1),
        };
        Survey {
            logs: self.heads.iter().map(one).collect(),
            server_epoch: self.peer.0.clone(),
            cursor: self.peer.1,
        }
    }

    pub(crate) fn after(&self, device: Uuid, epoch: u32, seq: u64, limits: &Limits) -> Vec<Sealed> {
        let from = Place {
            device,
            epoch,
            seq: seq + 1,
        };
        let rest = self
            .places
            .range(from..)
            .take_while(|(p, _)| (p.device, p.epoch) == (device, epoch))
            .map(|(_, i)| &self.log[*i]);
        whole_commands(rest, limits.events as usize)
    }

    /// As `Store::repair_fork` does.
    pub(crate) fn repair(
        &mut self,
        epoch: u32,
        common: u64,
        theirs: &[Sealed],
        number: u32,
        id: Uuid,
    ) {
        let own: Vec<Own> = (self.places.iter())
            .filter(|(p, _)| p.device == self.device)
            .map(|(p, i)| (p, &self.log[*i]))
            .map(|(p, e)| Own {
                epoch: p.epoch,
                seq: p.seq,
                event_id: e.header.event_id,
                prev_hash: e.prev_hash,
                hash: e.hash,
            })
            .collect();
        let closed = self.closed.get(&(self.device, epoch)).copied();
        let (close, again) = match repair(&own, epoch, common, closed, theirs) {
            Repair::Nothing => return,
            Repair::Adopt { close, theirs } => (
                if close { vec![(epoch, 0)] } else { Vec::new() },
                (theirs, Vec::new()),
            ),
            Repair::Reopen {
                base,
                closes,
                theirs,
                ours,
            } => {
                (self.epoch, self.base) = (number, base);
                (closes, (theirs, ours))
            }
        };
        let found = again.0.iter().map(|i| theirs[*i].clone());
        let at = |(epoch, seq): &(u32, u64)| Place {
            device: self.device,
            epoch: *epoch,
            seq: *seq,
        };
        let kept = again
            .1
            .iter()
            .map(|p| self.log[self.places[&at(p)]].clone());
        let again: Vec<Sealed> = found.chain(kept).collect();
        if !close.is_empty() {
            let (kind, body) = closing(&close);
            let header = Header {
                kind,
                ..header(id, id, self.device, Vec::new())
            };
            self.append(header, body);
        }
        for event in again {
            self.append(event.header, event.body);
        }
    }

    /// What a store answers its engine. `number` and `id`: of an epoch, should one be opened.
    pub(crate) fn tell_engine(&mut self, ask: Ask, number: u32, id: Uuid) -> Told {
        match ask {
            Ask::Survey => Told::Survey(self.survey()),
            Ask::Events {
                device,
                epoch,
                after,
                limits,
            } => Told::Events(self.after(device, epoch, after, &limits)),
            Ask::TakePage { server_epoch, page } => {
                let (_, unfit) = self.take(&page.events).unwrap_or_default();
                if self.device == HUB && self.broken != Broken::NothingAside {
                    self.keep_aside(&unfit, &page.events);
                }
                self.peer = (Some(server_epoch), page.next);
                Told::Taken(Taken { unfit })
            }
            Ask::TakePast(events) => {
                let (_, unfit) = self.take(&events).unwrap_or_default();
                Told::Taken(Taken { unfit })
            }
            Ask::Repair {
                epoch,
                common,
                theirs,
            } => {
                self.repair(epoch, common, &theirs, number, id);
                Told::Repaired
            }
        }
    }

    /// What is kept aside and not known yet: for messages.
    pub(crate) fn tell_aside(&self) -> Vec<(u128, u32, u64, bool)> {
        (self.aside.values())
            .map(|e| {
                let header = &e.header;
                let known = self.has(header.event_id);
                (header.device.as_u128(), header.epoch, header.seq, known)
            })
            .collect()
    }

    pub(crate) fn has_aside(&self) -> usize {
        self.aside.len()
    }

    /// As `Store::ingest_page_from_above` does.
    fn keep_aside(&mut self, unfit: &[Unfit], events: &[Sealed]) {
        for from in unfit.iter().map(|u| u.place) {
            for event in events {
                let place = event.place();
                let of_it = (place.device, place.epoch) == (from.device, from.epoch);
                if from.device == self.device || !of_it || place.seq < from.seq {
                    continue;
                }
                let kept = |at, hash: &[u8; 32]| Ok(self.aside.contains_key(&(at, *hash)));
                if !follows(self, event, kept).unwrap() {
                    break;
                }
                self.aside.insert((place, event.hash), event.clone());
            }
        }
    }

    /// The way of one log that its owner is told of.
    fn way(&self, device: Uuid, epoch: u32) -> Vec<&Sealed> {
        let all: Vec<&Sealed> = (self.aside.values())
            .filter(|e| (e.header.device, e.header.epoch) == (device, epoch))
            .collect();
        let nodes: Vec<Node> = (all.iter())
            .map(|e| Node {
                seq: e.header.seq,
                hash: e.hash,
                prev_hash: e.prev_hash,
                known: self.has(e.header.event_id),
            })
            .collect();
        let way = way(&nodes).unwrap_or_default();
        way.into_iter().map(|i| all[i]).collect()
    }

    /// The cursor of a position.
    fn cursor(&self, position: usize) -> u64 {
        let mut ends: BTreeMap<(Uuid, u32), (Place, [u8; 32])> = BTreeMap::new();
        for event in &self.log[..position] {
            let place = event.place();
            ends.insert((place.device, place.epoch), (place, event.hash));
        }
        cursor::cursor(position as u64, ends.into_values().collect())
    }

    /// I2, I3, I4: effect once, chains whole, nothing before what it had seen. Looks at what is new.
    pub(crate) fn check(&mut self, who: &str) -> Result<(), String> {
        for event in &self.log[self.looked.0..] {
            let place = event.place();
            let again = Sealed::new(
                event.header.clone(),
                event.salt.clone(),
                event.body.clone(),
                event.prev_hash,
            );
            let before = Place {
                seq: place.seq - 1,
                ..place
            };
            let chained = place.seq == 1
                || self
                    .places
                    .get(&before)
                    .is_some_and(|i| self.log[*i].hash == event.prev_hash);
            if again.hash != event.hash || !chained {
                return Err(format!("I3 {who}: chain broken at {place:?}"));
            }
        }
        for id in &self.applied[self.looked.1..] {
            let event = &self.log[self.places[&self.ids[id]]];
            let at = self.order[id];
            for dep in &event.header.deps {
                let place = Place {
                    device: dep.device,
                    epoch: dep.epoch,
                    seq: dep.seq,
                };
                let closed = self.closed.get(&(dep.device, dep.epoch));
                let there = self
                    .places
                    .get(&place)
                    .map(|i| self.log[*i].header.event_id);
                let before = |id: Uuid| {
                    self.quarantined.contains(&id) || self.order.get(&id).is_some_and(|o| *o < at)
                };
                if closed.is_none_or(|c| dep.seq <= *c) && !there.is_some_and(before) {
                    return Err(format!(
                        "I4 {who}: {:?} in effect before {place:?}",
                        event.place()
                    ));
                }
            }
        }
        self.looked = (self.log.len(), self.applied.len());
        Ok(())
    }

    /// Where an event stands here, and how the logs stand: for messages.
    pub(crate) fn tell(&self, id: Uuid, forks: usize) -> String {
        let place = self.ids.get(&id);
        let own = self.heads.iter().filter(|((d, _), _)| *d == self.device);
        let heads: Vec<_> = own.map(|((_, e), h)| (e, h.seq, Hash(h.hash))).collect();
        let (me, epoch, closed) = (self.device.as_u128(), self.epoch, &self.closed);
        format!("{me}: at {place:?}, writes {epoch}, {heads:?}, closed {closed:?}, forks {forks}")
    }

    /// The next check looks at everything again.
    pub(crate) fn looked_at_nothing(&mut self) {
        self.looked = (0, 0);
    }

    /// I2 over everything.
    pub(crate) fn effects_once(&self, who: &str) -> Result<(), String> {
        match self.effect.iter().find(|(_, n)| **n != 1) {
            Some((id, n)) => Err(format!("I2 {who}: {id} took effect {n} times")),
            None => Ok(()),
        }
    }
}

fn header(event_id: Uuid, command_id: Uuid, entity: Uuid, deps: Vec<Dep>) -> Header {
    Header {
        device: Uuid::nil(),
        epoch: 0,
        seq: 0,
        event_id,
        entity,
        kind: "leg.called".to_owned(),
        kind_v: 1,
        actor: "ha".to_owned(),
        command_id,
        business_date: chrono::NaiveDate::default(),
        wall_ms: 0,
        boot: Uuid::nil(),
        mono_ms: 0,
        skew_ms: 0,
        deps,
    }
}

fn log_head(device: Uuid, epoch: u32, head: Head) -> LogHead {
    LogHead {
        device,
        head: EpochHead {
            epoch,
            seq: head.seq,
            hash: Hash(head.hash),
        },
    }
}

fn whole_commands<'a>(events: impl Iterator<Item = &'a Sealed>, most: usize) -> Vec<Sealed> {
    let mut all: Vec<Sealed> = Vec::new();
    for event in events {
        let next = all
            .last()
            .is_some_and(|l| l.header.command_id != event.header.command_id);
        if next && all.len() >= most {
            break;
        }
        all.push(event.clone());
    }
    all
}

impl Log for Disk {
    type Error = String;

    fn server_epoch(&self) -> Result<String, String> {
        Ok(format!("{}-{}", self.device, self.epoch))
    }

    fn heads(&self, device: Option<Uuid>) -> Result<Vec<LogHead>, String> {
        let of = |((d, e), h): (&(Uuid, u32), &Head)| log_head(*d, *e, *h);
        let wanted = |l: &LogHead| device.is_none_or(|d| d == l.device);
        Ok(self.heads.iter().map(of).filter(wanted).collect())
    }

    fn quarantined(&self, _: Uuid) -> Result<u64, String> {
        Ok(self.quarantined.len() as u64)
    }

    fn take(&mut self, events: &[Sealed]) -> Result<(Vec<Verdict>, Vec<Unfit>), String> {
        if self.broken == Broken::PoisonRefused && events.iter().any(|e| e.body == POISON) {
            return Err("400".to_owned());
        }
        let mut unfit: Vec<Unfit> = Vec::new();
        let mut verdicts = Vec::new();
        for event in events {
            let place = event.place();
            if unfit
                .iter()
                .any(|u| (u.place.device, u.place.epoch) == (place.device, place.epoch))
            {
                continue;
            }
            let head = self.heads.get(&(place.device, place.epoch));
            let by_number = matches!(self.broken, Broken::NumbersOnly | Broken::ForkDropped);
            let why = if by_number && head.is_some_and(|h| place.seq <= h.seq) {
                Judgement::Duplicate
            } else {
                judge(self, event)?
            };
            let status = match why {
                Judgement::Duplicate => {
                    if self.broken == Broken::AppliesTwice {
                        *self.effect.entry(event.header.event_id).or_default() += 1;
                    }
                    Status::Duplicate
                }
                Judgement::Fork(_) | Judgement::Gap(_) => {
                    unfit.push(Unfit { place, why });
                    continue;
                }
                Judgement::StoreAlias(_) => Status::DuplicateOf,
                Judgement::Store => Status::Applied,
            };
            if status != Status::Duplicate {
                self.store(event.clone());
            }
            verdicts.push(Verdict {
                event_id: event.header.event_id,
                epoch: place.epoch,
                seq: place.seq,
                status,
                code: None,
            });
        }
        Ok((verdicts, unfit))
    }

    fn feed(&self, cursor: u64, except: Uuid, limits: &Limits) -> Result<Page, String> {
        let from = usize::try_from(cursor::position(cursor)).unwrap();
        let fits = from <= self.log.len() && self.cursor(from) == cursor;
        let from = if fits { from } else { 0 };
        let rest = self.log[from..]
            .iter()
            .filter(|e| e.header.device != except);
        let events = whole_commands(rest, limits.events as usize);
        let last = events.last().map(|l| self.places[&l.place()] as u64 + 1);
        let end = self.log.len() as u64;
        let more = last.is_some_and(|l| {
            self.log[l as usize..]
                .iter()
                .any(|e| e.header.device != except)
        });
        let next = if more { last.unwrap_or(end) } else { end };
        let next = self.cursor(usize::try_from(next).unwrap());
        Ok(Page { events, next, more })
    }

    fn past(
        &self,
        device: Uuid,
        epoch: u32,
        after: u64,
        limits: &Limits,
    ) -> Result<Vec<Sealed>, String> {
        Ok(self.after(device, epoch, after, limits))
    }

    fn aside(&self, device: Uuid) -> Result<Vec<LogHead>, String> {
        let mut epochs: Vec<u32> = (self.aside.keys())
            .filter(|(place, _)| place.device == device)
            .map(|(place, _)| place.epoch)
            .collect();
        epochs.dedup();
        let end = |epoch: u32| {
            let way = self.way(device, epoch);
            let last = way.last()?;
            let (seq, hash) = (last.header.seq, last.hash);
            Some(log_head(device, epoch, Head { seq, hash }))
        };
        Ok(epochs.into_iter().filter_map(end).collect())
    }

    fn past_aside(
        &self,
        device: Uuid,
        epoch: u32,
        after: u64,
        limits: &Limits,
    ) -> Result<Vec<Sealed>, String> {
        let way = self.way(device, epoch);
        let first = way.first().map_or(0, |e| e.header.seq);
        let at = |seq| Place { device, epoch, seq };
        let alike = (after + 1..first).filter_map(|seq| self.places.get(&at(seq)));
        let alike = alike.map(|i| &self.log[*i]);
        let rest = way.into_iter().filter(|e| e.header.seq > after);
        Ok(whole_commands(alike.chain(rest), limits.events as usize))
    }
}
