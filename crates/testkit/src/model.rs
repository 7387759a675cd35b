//! Central without a database: the same sorting, holding back and folding
//! ([`motcua_sync::intake`], [`motcua_protocol::fold`]) over logs in memory. The simulation runs
//! it; `crates/central/src/tests/conformance.rs` holds it to what the real one says.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a broken harness must stop the test at once"
)]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    convert::Infallible,
    panic::{AssertUnwindSafe, catch_unwind},
};

use motcua_protocol::{
    amend::Amendments,
    dump,
    event::Body,
    fold::{Folded, fold},
    order,
    sync::{
        EpochHead, Gather, Hash, Head, Held, Limits, LogHead, Page, Place, Sealed, Status, Verdict,
        cursor, held, rule::Known,
    },
};
use motcua_sync::{
    Log, Unfit,
    intake::{self, Failed, Fresh, Grows, Hold, Sifted, Waiting},
};
use uuid::Uuid;

/// One office at a central.
#[derive(Debug, Clone)]
pub struct CentralModel {
    history: u32,
    /// In the order of the feed.
    pub log: Vec<Sealed>,
    places: BTreeMap<Place, usize>,
    ids: HashMap<Uuid, Place>,
    heads: BTreeMap<(Uuid, u32), Head>,
    closed: BTreeMap<(Uuid, u32), u64>,
    of_entity: BTreeMap<Uuid, Vec<usize>>,
    held: BTreeMap<Uuid, Hold>,
    folded: BTreeMap<Uuid, Folded>,
}

/// What is known of the log of a batch, while it grows.
struct Batch<'a> {
    model: &'a CentralModel,
    head: Option<Head>,
    more: HashMap<Uuid, Place>,
}

impl Known for Batch<'_> {
    type Error = Infallible;

    fn head(&self, _: Uuid, _: u32) -> Result<Option<Head>, Infallible> {
        Ok(self.head)
    }

    fn hash_at(&self, place: Place) -> Result<Option<[u8; 32]>, Infallible> {
        let at = self.model.places.get(&place);
        Ok(at.map(|i| self.model.log[*i].hash))
    }

    fn base(&self, device: Uuid, epoch: u32, hash: &[u8; 32]) -> Result<bool, Infallible> {
        let mut earlier =
            (self.model.log.iter()).filter(|e| e.header.device == device && e.header.epoch < epoch);
        Ok(*hash == [0; 32] || earlier.any(|e| e.hash == *hash))
    }

    fn elsewhere(&self, event_id: Uuid) -> Result<Option<Place>, Infallible> {
        let known = self.more.get(&event_id);
        Ok(known.or_else(|| self.model.ids.get(&event_id)).copied())
    }
}

impl Grows for Batch<'_> {
    fn stored(&mut self, event: &Sealed) {
        self.head = Some(Head {
            seq: event.header.seq,
            hash: event.hash,
        });
        self.more.insert(event.header.event_id, event.place());
    }
}

fn log_head((device, epoch): (Uuid, u32), head: Head) -> LogHead {
    LogHead {
        device,
        head: EpochHead {
            epoch,
            seq: head.seq,
            hash: Hash(head.hash),
        },
    }
}

impl Default for CentralModel {
    fn default() -> Self {
        Self {
            history: 1,
            log: Vec::new(),
            places: BTreeMap::new(),
            ids: HashMap::new(),
            heads: BTreeMap::new(),
            closed: BTreeMap::new(),
            of_entity: BTreeMap::new(),
            held: BTreeMap::new(),
            folded: BTreeMap::new(),
        }
    }
}

impl CentralModel {
    /// As after `motcua-central restored`: a new name for its history.
    pub fn is_restored(&mut self, number: u32) {
        self.history = number;
    }

    /// Whether an event is stored.
    pub fn has(&self, event_id: Uuid) -> bool {
        self.ids.contains_key(&event_id)
    }

    /// Every event that is stored.
    pub fn ids(&self) -> BTreeSet<Uuid> {
        self.ids.keys().copied().collect()
    }

    /// What is held back, and why.
    pub fn held_back(&self) -> &BTreeMap<Uuid, Hold> {
        &self.held
    }

    /// What an office's entities came to, in the lines of `motcua-central dump`.
    pub fn dump(&self) -> String {
        lines(&self.folded)
    }

    fn settle(&mut self, fresh: &mut [Fresh<'_>], touched: &BTreeSet<Uuid>) {
        let (mut parked, mut failed) = (Waiting::new(), Failed::new());
        for entity in touched {
            let places = self.of_entity.get(entity).map_or(&[][..], |p| p);
            let events: Vec<Sealed> = places.iter().map(|i| self.log[*i].clone()).collect();
            let amendments = Amendments::of(events.iter().map(|e| (&e.header, &e.body[..])));
            for id in amendments.records() {
                let record = events.iter().find(|e| e.header.event_id == id);
                if record.is_some_and(|e| amendments.read(&e.header, &e.body).is_ok()) {
                    self.held
                        .retain(|at, hold| *at != id || hold.code != held::BODY_UNREADABLE);
                    for one in fresh.iter_mut().filter(|f| f.event.header.event_id == id) {
                        if one.code == Some(held::BODY_UNREADABLE) {
                            (one.status, one.code) = (Status::Applied, None);
                        }
                    }
                }
            }
            match fold_entity(events, &self.closed) {
                None => {
                    failed.insert(*entity);
                }
                Some((folded, waiting)) => {
                    for Sealed { header, body, .. } in waiting {
                        if intake::waits(&header.kind, &body) {
                            parked.insert(header.event_id, (header.device, header.entity));
                        }
                    }
                    self.folded.insert(*entity, folded);
                }
            }
        }
        let held = intake::settle(fresh, &parked, &failed);
        self.held.retain(|_, hold| {
            let anew = touched.contains(&hold.entity) && !failed.contains(&hold.entity);
            !(anew && matches!(hold.code, held::DEPS | held::RULE))
        });
        self.held.extend(held);
    }
}

/// Folds the events of an entity as every machine does; what waits for others is answered too.
pub fn fold_entity(
    events: Vec<Sealed>,
    closed: &BTreeMap<(Uuid, u32), u64>,
) -> Option<(Folded, Vec<Sealed>)> {
    catch_unwind(AssertUnwindSafe(|| {
        let Ok(ordered) =
            order::causal::<_, Infallible>(events, |d, e| Ok(closed.get(&(d, e)).copied()));
        let placed = ordered.placed.iter().map(|e| (&e.header, &e.body[..]));
        (fold(placed, ordered.seen.as_deref()), ordered.parked)
    }))
    .ok()
}

/// The lines of a dump.
pub fn lines(folded: &BTreeMap<Uuid, Folded>) -> String {
    let mut out: Vec<Vec<u8>> = Vec::new();
    for (id, one) in folded {
        if let Some(visit) = &one.visit {
            out.extend(dump::visit(*id, visit).expect("a visit"));
        }
    }
    for (id, one) in folded {
        if let Some(case) = &one.case {
            out.push(dump::case(*id, case).expect("a case"));
        }
    }
    let mut days: Vec<_> = folded.values().filter_map(|f| f.counter.as_ref()).collect();
    days.sort_by_key(|d| (d.date, d.counter));
    out.extend(days.iter().map(|d| dump::counter(d).expect("a day")));
    let mut text = String::new();
    for line in out {
        text.push_str(&String::from_utf8_lossy(&line));
        text.push('\n');
    }
    text
}

impl Log for CentralModel {
    type Error = Infallible;

    fn server_epoch(&self) -> Result<String, Infallible> {
        Ok(Uuid::from_u128(u128::from(self.history)).to_string())
    }

    fn heads(&self, device: Option<Uuid>) -> Result<Vec<LogHead>, Infallible> {
        let wanted = self.heads.iter();
        let wanted = wanted.filter(|((d, _), _)| device.is_none_or(|w| w == *d));
        Ok(wanted.map(|(at, head)| log_head(*at, *head)).collect())
    }

    fn quarantined(&self, device: Uuid) -> Result<u64, Infallible> {
        let mine = self.held.values().filter(|h| h.device == device);
        Ok(mine.filter(|h| h.quarantined).count() as u64)
    }

    fn held(&self, device: Option<Uuid>) -> Result<Option<Vec<Held>>, Infallible> {
        let mine = self.held.iter();
        let mine = mine.filter(|(_, h)| device.is_none_or(|d| d == h.device));
        let held = mine.take(Held::MOST).map(|(event_id, hold)| {
            let event = &self.log[self.places[&self.ids[event_id]]];
            Held {
                event_id: *event_id,
                status: match hold.quarantined {
                    true => Status::Quarantined,
                    false => Status::Parked,
                },
                code: hold.code.to_owned(),
                field: (hold.code == held::BODY_UNREADABLE)
                    .then(|| Body::unreadable_at(&event.header.kind, &event.body))
                    .flatten(),
                above: false,
            }
        });
        Ok(Some(held.collect()))
    }

    fn take(&mut self, events: &[Sealed]) -> Result<(Vec<Verdict>, Vec<Unfit>), Infallible> {
        let first = events.first().map(Sealed::place);
        let head = first.and_then(|p| self.heads.get(&(p.device, p.epoch)).copied());
        let mut batch = Batch {
            model: self,
            head,
            more: HashMap::new(),
        };
        let Sifted {
            known: mut results,
            mut fresh,
            unfit,
            head,
        } = intake::sift(&mut batch, events)?;
        for one in &fresh {
            let (event, place) = (one.event, one.event.place());
            self.places.insert(place, self.log.len());
            self.ids.entry(event.header.event_id).or_insert(place);
            let of = self.of_entity.entry(event.header.entity).or_default();
            of.push(self.log.len());
            for (epoch, seq) in intake::closes(event) {
                let at = self.closed.entry((place.device, epoch)).or_insert(seq);
                *at = (*at).min(seq);
            }
            self.log.push(event.clone());
        }
        if let (Some(head), Some(place)) = (head, first) {
            self.heads.insert((place.device, place.epoch), head);
            let mut touched: BTreeSet<Uuid> = fresh.iter().map(|f| f.event.header.entity).collect();
            if fresh.iter().any(|f| !intake::closes(f.event).is_empty()) {
                let waits = self.held.values().filter(|hold| hold.code == held::DEPS);
                touched.extend(waits.map(|hold| hold.entity));
            }
            self.settle(&mut fresh, &touched);
        }
        let told = fresh.iter().filter(|f| f.status != Status::Applied);
        results.extend(told.map(Fresh::verdict));
        Ok((results, unfit.into_iter().collect()))
    }

    fn feed(&self, cursor: u64, except: Uuid, limits: &Limits) -> Result<Page, Infallible> {
        let at = |position: u64| {
            let upto = usize::try_from(position).unwrap_or(usize::MAX);
            let mut ends = BTreeMap::new();
            for event in &self.log[..upto.min(self.log.len())] {
                let place = event.place();
                ends.insert((place.device, place.epoch), (place, event.hash));
            }
            cursor::cursor(position, ends.into_values().collect())
        };
        let end = self.log.len() as u64;
        let from = cursor::position(cursor);
        let from = if from <= end && at(from) == cursor {
            from
        } else {
            0
        };
        let mut gather = Gather::new(limits);
        for (i, event) in self.log.iter().enumerate().skip(from as usize) {
            if event.header.device != except && !gather.take(i as u64 + 1, event.clone()) {
                break;
            }
        }
        let next = match gather.last_pos() {
            Some(pos) if gather.full => pos,
            _ => end,
        };
        Ok(Page {
            next: at(next),
            more: gather.full,
            events: gather.events,
        })
    }

    fn past(
        &self,
        device: Uuid,
        epoch: u32,
        after: u64,
        limits: &Limits,
    ) -> Result<Vec<Sealed>, Infallible> {
        let from = Place {
            device,
            epoch,
            seq: after + 1,
        };
        let mut gather = Gather::new(limits);
        for (place, i) in self.places.range(from..) {
            if (place.device, place.epoch) != (device, epoch)
                || !gather.take(place.seq, self.log[*i].clone())
            {
                break;
            }
        }
        Ok(gather.events)
    }
}
