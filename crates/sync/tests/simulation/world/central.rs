//! Central above the hub: its own sorting and folding over logs in memory
//! ([`motcua_testkit::model`], which is held to the real one), and the hub's line to it, on a
//! network that is no better than the one below.

use std::collections::BTreeMap;

use motcua_protocol::{
    fold::Folded,
    sync::{Place, Sealed, Status as Verdicted},
};
use motcua_sync::{
    Access, Answer, Ask, Config, Engine, Failure, Input, Now, Output, Request, Ticket, Wake,
    answer, intake,
};
use motcua_testkit::model::{CentralModel, fold_entity, lines};
use uuid::Uuid;

use super::{Broken, CAP, Disk, Event, LIMITS, World, over_the_wire, page_over_the_wire};
use crate::{
    acts::{OF_TOMORROW, POISON},
    disk::HUB,
};

/// Everything above the hub.
pub(crate) struct Above {
    pub(crate) model: CentralModel,
    backup: CentralModel,
    /// What was there before the last batch, for a build that says yes too early.
    before: Option<CentralModel>,
    up: bool,
    uplink: Engine,
    run: u64,
    pub(super) apart_until: u64,
    looked: usize,
    accepted: BTreeMap<Place, [u8; 32]>,
    acked: BTreeMap<(String, Uuid, u32), u64>,
}

fn engine(seed: u64) -> Engine {
    let config = Config {
        cap_ms: CAP,
        poll_ms: 10_000,
        timeout_ms: 15_000,
        ..Config::central(HUB, true)
    };
    Engine::new(config, seed)
}

impl Above {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            model: CentralModel::default(),
            backup: CentralModel::default(),
            before: None,
            up: true,
            uplink: engine(seed),
            run: 0,
            apart_until: 0,
            looked: 0,
            accepted: BTreeMap::new(),
            acked: BTreeMap::new(),
        }
    }

    pub(super) fn is_calm(&mut self) {
        self.up = true;
        self.apart_until = 0;
    }
}

impl World {
    /// The hub's program begins anew, and with it its line.
    pub(super) fn uplink_starts(&mut self) {
        let seed = self.bits();
        self.above.uplink = engine(seed);
        self.above.run += 1;
        let run = self.above.run;
        self.at(self.now, Event::UplinkTick(run));
    }

    pub(super) fn uplink_ticks(&mut self, run: u64) {
        if self.above.run == run && self.hub_up {
            self.uplink_steps(Input::Tick);
        }
    }

    /// Something came to the hub.
    pub(super) fn uplink_hears(&mut self, before: usize) {
        if self.hub_up && self.hub.log.len() > before {
            let wall_ms = self.now as i64;
            self.uplink_steps(Input::Wake(Wake::NewEvent { wall_ms }));
        }
    }

    fn uplink_steps(&mut self, input: Input) {
        let now = Now {
            mono_ms: self.now,
            wall_ms: self.now as i64,
        };
        let run = self.above.run;
        let out = self.above.uplink.step(now, input);
        let wake = self.above.uplink.next_wake();
        for output in out {
            match output {
                Output::Send(ticket, request) => self.send_up(run, ticket, request),
                Output::Ask(ticket, ask) => {
                    let at = self.now + 1 + self.below(5);
                    self.at(at, Event::UplinkLocal(run, ticket, ask));
                }
                Output::Note { .. } => {}
            }
        }
        if self.broken != Broken::NoTimers {
            self.at(wake.max(self.now + 1), Event::UplinkTick(run));
        }
    }

    pub(super) fn uplink_asks(&mut self, run: u64, ticket: Ticket, ask: Ask) {
        if self.above.run != run || !self.hub_up {
            return;
        }
        let (number, id) = (self.next_epoch(), self.id());
        // What the hub reads from central is remembered apart from what it is to its devices.
        let aside = self.hub.has_aside();
        let told = self.hub.tell_engine(ask, number, id);
        self.outcome.asides += u64::from(self.hub.has_aside() > aside);
        self.uplink_steps(Input::Told(ticket, told));
    }

    pub(super) fn uplink_is_answered(
        &mut self,
        run: u64,
        ticket: Ticket,
        answer: Result<Answer, Failure>,
    ) {
        if self.above.run == run && self.hub_up {
            self.uplink_steps(Input::Answered(ticket, answer));
        }
    }

    fn send_up(&mut self, run: u64, ticket: Ticket, request: Request) {
        let stormy = self.stormy();
        let apart = self.now < self.above.apart_until;
        if apart || (stormy && self.percent(12)) {
            self.outcome.dropped += 1;
            if self.percent(60) {
                let failure = match self.below(5) {
                    0 => Failure::CaptivePortal,
                    1 => Failure::Server,
                    2 => Failure::TooLarge,
                    3 => Failure::Busy(Some(1_000 + self.below(4_000))),
                    _ => Failure::Offline,
                };
                let failed = Box::new(Err(failure));
                self.at(self.now + 20, Event::ToUplink(run, ticket, failed));
            }
            return;
        }
        for _ in 0..1 + u64::from(stormy && self.percent(15)) {
            let at = self.now + 2 + self.below(if stormy { 9_000 } else { 40 });
            let request = over_the_wire(request.clone());
            self.at(at, Event::ToCentral(run, ticket, request));
        }
    }

    pub(super) fn at_central(
        &mut self,
        run: u64,
        ticket: Ticket,
        request: Request,
    ) -> Result<(), String> {
        let pushed = match &request {
            Request::Push(events) => events.clone(),
            _ => Vec::new(),
        };
        let reply = if self.above.up {
            let access = Access {
                device: self.hub.device,
                brings_others: true,
            };
            if !pushed.is_empty() && self.broken == Broken::CentralAcksEarly {
                self.above.before = Some(self.above.model.clone());
            }
            let poison = pushed.iter().any(|e| e.body == POISON);
            if poison && self.broken == Broken::CentralRefusesPoison {
                Err(Failure::Server)
            } else {
                let (model, now) = (&mut self.above.model, self.now as i64);
                let Ok(answered) = answer(model, access, &LIMITS, now, request);
                Ok(answered)
            }
        } else {
            Err(Failure::Offline)
        };
        self.look_at_central()?;
        self.watch_central(&pushed, &reply)?;
        if self.stormy() && self.percent(12) {
            self.outcome.dropped += 1;
            return Ok(());
        }
        for _ in 0..1 + u64::from(self.stormy() && self.percent(10)) {
            let at = self.now + 2 + self.below(if self.stormy() { 9_000 } else { 40 });
            let reply = Box::new(reply.clone().map(page_over_the_wire));
            self.at(at, Event::ToUplink(run, ticket, reply));
        }
        Ok(())
    }

    /// I2, I3, I11 of what is new at central.
    fn look_at_central(&mut self) -> Result<(), String> {
        let above = &mut self.above;
        let log = &above.model.log;
        for event in &log[above.looked.min(log.len())..] {
            let place = event.place();
            let hash = *above.accepted.entry(place).or_insert(event.hash);
            if hash != event.hash {
                return Err(format!("I11 central: {place:?} was given twice"));
            }
            let again = Sealed::new(
                event.header.clone(),
                event.salt.clone(),
                event.body.clone(),
                event.prev_hash,
            );
            let before = Place {
                seq: place.seq.saturating_sub(1),
                ..place
            };
            let chained = place.seq == 1 || above.accepted.get(&before) == Some(&event.prev_hash);
            if again.hash != event.hash || !chained {
                return Err(format!("I3 central: chain broken at {place:?}"));
            }
        }
        above.looked = log.len();
        Ok(())
    }

    /// I8, I10, I13 of what central says.
    fn watch_central(
        &mut self,
        pushed: &[Sealed],
        reply: &Result<Answer, Failure>,
    ) -> Result<(), String> {
        match reply {
            Ok(Answer::Push(pushed_answer)) => {
                let most = LIMITS.events as usize * 2;
                if pushed.len() > most {
                    return Err(format!("I13: {} events in one batch", pushed.len()));
                }
                for told in &pushed_answer.results {
                    let event = pushed.iter().find(|e| e.header.event_id == told.event_id);
                    let Some(event) = event else {
                        return Err(format!("I8: a word on {} that was not sent", told.event_id));
                    };
                    let right = match told.code.as_deref() {
                        None | Some("DEPS") => true,
                        Some("BODY_UNREADABLE") => event.body == POISON,
                        Some("UPGRADE") => event.header.kind == OF_TOMORROW,
                        Some(_) => false,
                    };
                    if !right {
                        return Err(format!(
                            "I8: {:?} held back for nothing: {told:?}",
                            event.header.kind
                        ));
                    }
                    if told.status == Verdicted::Quarantined {
                        self.outcome.held += 1;
                    }
                }
                Ok(())
            }
            Ok(Answer::Heads(heads)) => {
                for log in &heads.logs {
                    let key = (heads.server_epoch.clone(), log.device, log.head.epoch);
                    let most = self.above.acked.entry(key).or_default();
                    if log.head.seq < *most {
                        return Err(format!(
                            "I10: central's head of {} went back to {}",
                            log.device, log.head.seq
                        ));
                    }
                    *most = log.head.seq;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn central_is_backed_up(&mut self) {
        self.above.backup = self.above.model.clone();
    }

    pub(super) fn central_fault(&mut self, which: u64) {
        match which {
            0 => {
                self.above.up = false;
                if let Some(before) = self.above.before.take() {
                    self.above.model = before;
                    self.above.looked = 0;
                }
                let back = self.now + self.below(60_000);
                self.at(back, Event::CentralUp);
                self.outcome.central_stops += 1;
            }
            1 => {
                let until = self.now + self.below(90_000);
                self.above.apart_until = until;
            }
            // An older backup is put back. Where whoever did it forgot to say so, its name stays.
            _ => {
                let told = self.percent(70);
                let number = self.next_epoch();
                let stood = self.everything();
                let before = std::mem::replace(&mut self.above.model, self.above.backup.clone());
                let promised = self.promised.clone();
                self.bury();
                if !self.is_kept() || self.saw_what_is_lost(&stood) {
                    (self.above.model, self.promised) = (before, promised);
                    return;
                }
                self.clear_the_line();
                if told {
                    self.above.model.is_restored(number);
                }
                self.above.looked = 0;
                self.above.accepted.clear();
                self.above.acked.clear();
                self.outcome.central_restores += 1;
            }
        }
    }

    pub(super) fn central_is_back(&mut self) {
        self.above.up = true;
    }

    /// At the end: central has everything that was promised, in effect once, and prints the bytes
    /// that every machine prints.
    pub(super) fn central_settled(&mut self) -> Result<(), String> {
        let status = self.above.uplink.status();
        if status.unsent > 0 || status.last_error.is_some() {
            let aside = self.hub.tell_aside();
            let tell = |m: &super::Machine| m.disk.tell(Uuid::nil(), m.engine.status().forks);
            let own: Vec<String> = self.machines.iter().map(tell).collect();
            return Err(format!(
                "I9 line to central: {status:?} at {}; aside {aside:?}; {own:?}",
                self.now
            ));
        }
        if let Some(id) = self.promised.iter().find(|id| !self.above.model.has(**id)) {
            let at = self.hub.has(*id);
            return Err(format!("I1: central never got {id}; the hub has it: {at}"));
        }
        let (here, there) = (self.hub.ids(), self.above.model.ids());
        if let Some(id) = there.symmetric_difference(&here).next() {
            let (central, hub) = (there.contains(id), here.contains(id));
            return Err(format!("I9: {id} at central {central}, at the hub {hub}"));
        }
        // I8: what is held back is what nobody can understand, and nothing else.
        let by_id: BTreeMap<Uuid, &Sealed> = (self.above.model.log.iter())
            .map(|e| (e.header.event_id, e))
            .collect();
        for (id, hold) in self.above.model.held_back() {
            let event = by_id[id];
            let right = match hold.code {
                "BODY_UNREADABLE" => event.body == POISON,
                "UPGRADE" => event.header.kind == OF_TOMORROW,
                _ => false,
            };
            if !right {
                return Err(format!(
                    "I8: {:?} held back at the end: {hold:?}",
                    event.place()
                ));
            }
        }
        let unread = |e: &&&Sealed| e.body == POISON || e.header.kind == OF_TOMORROW;
        let missing = by_id.values().filter(unread);
        if let Some(event) = (missing.clone()).find(|e| {
            !self
                .above
                .model
                .held_back()
                .contains_key(&e.header.event_id)
        }) {
            return Err(format!("I8: {:?} is held back by nobody", event.place()));
        }
        // I2 and I5: byte for byte what every machine makes of its own logs.
        let central = self.above.model.dump();
        let mut all: Vec<(String, &Disk)> = vec![("hub".to_owned(), &self.hub)];
        all.extend(
            (self.machines.iter().enumerate()).map(|(i, m)| (format!("device {i}"), &m.disk)),
        );
        for (who, disk) in all {
            let dump = dump_of(disk);
            if dump != central {
                let differs = dump.lines().zip(central.lines()).find(|(a, b)| a != b);
                return Err(format!(
                    "I5: {who} prints other bytes than central: {differs:?}"
                ));
            }
        }
        self.outcome.lines += central.lines().count() as u64;
        Ok(())
    }
}

/// What a machine prints.
fn dump_of(disk: &Disk) -> String {
    let mut closed: BTreeMap<(Uuid, u32), u64> = BTreeMap::new();
    let mut of_entity: BTreeMap<Uuid, Vec<Sealed>> = BTreeMap::new();
    for event in &disk.log {
        for (epoch, seq) in intake::closes(event) {
            let at = closed.entry((event.header.device, epoch)).or_insert(seq);
            *at = (*at).min(seq);
        }
        let of = of_entity.entry(event.header.entity).or_default();
        of.push(event.clone());
    }
    let folded: BTreeMap<Uuid, Folded> = of_entity
        .into_iter()
        .map(|(id, events)| (id, fold_entity(events, &closed).unwrap().0))
        .collect();
    lines(&folded)
}
