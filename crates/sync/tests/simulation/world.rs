//! Machines, network, time and chance.

mod central;
mod faults;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap},
};

use motcua_protocol::sync::{
    EpochHead, Limits, Page, Place, decode_events, decode_page, encode_events, encode_page,
};
use motcua_sync::{
    Access, Answer, Ask, Config, Engine, Failure, Input, Log as _, Now, Output, Request, Ticket,
    Told, Wake, answer,
};
use uuid::Uuid;

use super::{
    acts::{OF_TOMORROW, POISON, acts, beginning},
    disk::{Disk, HUB},
};

/// What is wrong with the build under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Nothing,
    /// The client believes its own memory of what was acknowledged.
    ClientCursor,
    /// Neither side compares hashes.
    NumbersOnly,
    /// The server drops whatever has a number that it knows.
    ForkDropped,
    /// A resent event has its effect again.
    AppliesTwice,
    /// Events take effect before what they had seen.
    IgnoresDeps,
    /// One unreadable event and the whole batch is refused.
    PoisonRefused,
    /// The hub says yes before the disk does.
    AckBeforeCommit,
    /// Nobody wakes the engine.
    NoTimers,
    /// Central says yes before its database does.
    CentralAcksEarly,
    /// One unreadable event and central refuses the whole batch.
    CentralRefusesPoison,
    /// The hub passes over what central has of others' logs and does not fit.
    NothingAside,
}

/// What a run did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Outcome {
    steps: u64,
    events: u64,
    crashes: u64,
    lost_tails: u64,
    restores: u64,
    clones: u64,
    hub_restores: u64,
    hub_tails: u64,
    repairs: u64,
    dropped: u64,
    poison: u64,
    newer: u64,
    central_stops: u64,
    central_restores: u64,
    held: u64,
    images: u64,
    asides: u64,
    lines: u64,
}

impl Outcome {
    pub(crate) fn add(&mut self, o: &Self) {
        self.steps += o.steps;
        self.events += o.events;
        self.crashes += o.crashes;
        self.lost_tails += o.lost_tails;
        self.restores += o.restores;
        self.clones += o.clones;
        self.hub_restores += o.hub_restores;
        self.hub_tails += o.hub_tails;
        self.repairs += o.repairs;
        self.dropped += o.dropped;
        self.poison += o.poison;
        self.newer += o.newer;
        self.central_stops += o.central_stops;
        self.central_restores += o.central_restores;
        self.held += o.held;
        self.images += o.images;
        self.asides += o.asides;
        self.lines += o.lines;
    }

    pub(crate) fn is_varied(&self) -> bool {
        [
            self.events,
            self.crashes,
            self.lost_tails,
            self.restores,
            self.clones,
            self.hub_restores,
            self.hub_tails,
            self.repairs,
            self.dropped,
            self.poison,
            self.newer,
            self.central_stops,
            self.central_restores,
            self.held,
            self.images,
            self.asides,
            self.lines,
        ]
        .iter()
        .all(|n| *n > 0)
    }
}

#[derive(Debug)]
enum Event {
    Act(usize),
    Tick(usize, u64),
    ToHub(usize, u64, Ticket, Request),
    ToDevice(usize, u64, Ticket, Box<Result<Answer, Failure>>),
    Local(usize, u64, Ticket, Ask),
    Up(usize),
    HubUp,
    UplinkTick(u64),
    UplinkLocal(u64, Ticket, Ask),
    ToCentral(u64, Ticket, Request),
    ToUplink(u64, Ticket, Box<Result<Answer, Failure>>),
    CentralUp,
    Fault,
    Nothing,
}

struct Machine {
    disk: Disk,
    backup: Disk,
    engine: Engine,
    run: u64,
    up: bool,
    apart_until: u64,
}

/// Everything there is.
pub(crate) struct World {
    chance: u64,
    broken: Broken,
    now: u64,
    calm_at: u64,
    hub_goes_back: bool,
    devices_go_back: bool,
    agenda: BinaryHeap<Reverse<(u64, u64)>>,
    events: HashMap<u64, Event>,
    made: u64,
    machines: Vec<Machine>,
    hub: Disk,
    hub_backup: Disk,
    /// All machines of the branch at one moment: the hub, and each counter.
    image: Option<(Disk, Vec<Disk>)>,
    hub_up: bool,
    above: central::Above,
    entities: Vec<Uuid>,
    promised: BTreeSet<Uuid>,
    accepted: BTreeMap<(String, Place), [u8; 32]>,
    hub_looked: usize,
    acked: BTreeMap<(String, Uuid, u32), u64>,
    epochs: u32,
    outcome: Outcome,
}

const CAP: u64 = 60_000;
const LIMITS: Limits = Limits {
    events: 12,
    bytes: 1 << 20,
    most_events: 1_000,
    most_bytes: 8 << 20,
};

impl World {
    pub(crate) fn new(seed: u64, broken: Broken) -> Self {
        let mut world = Self {
            chance: seed ^ 0x5DEE_CE66_D123_4567,
            broken,
            now: 0,
            calm_at: 0,
            // In every sixth world both may, one after the other.
            hub_goes_back: seed % 3 == 1,
            devices_go_back: seed % 3 != 1 || seed % 6 == 4,
            agenda: BinaryHeap::new(),
            events: HashMap::new(),
            made: 0,
            machines: Vec::new(),
            hub: Disk::new(HUB, broken),
            hub_backup: Disk::new(HUB, broken),
            image: None,
            hub_up: true,
            above: central::Above::new(seed),
            entities: Vec::new(),
            promised: BTreeSet::new(),
            accepted: BTreeMap::new(),
            hub_looked: 0,
            acked: BTreeMap::new(),
            epochs: 1,
            outcome: Outcome::default(),
        };
        let devices = 1 + world.below(5) as usize;
        for i in 0..devices {
            let disk = Disk::new(Uuid::from_u128(i as u128 + 1), broken);
            world.add_machine(disk);
        }
        world.at(0, Event::UplinkTick(0));
        world.calm_at = 200_000 + world.below(600_000);
        world.entities = (0..4).map(|_| world.id()).collect();
        let mut at = 0;
        while at < world.calm_at {
            at += world.below(40_000);
            world.at(at, Event::Fault);
        }
        world
    }

    fn add_machine(&mut self, disk: Disk) {
        let i = self.machines.len();
        let seed = self.bits();
        self.machines.push(Machine {
            engine: Engine::new(Config::hub(disk.device), seed),
            backup: disk.clone(),
            disk,
            run: 0,
            up: true,
            apart_until: 0,
        });
        self.at(self.now, Event::Tick(i, 0));
        self.at(self.now, Event::Act(i));
    }

    fn bits(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.bits() % n.max(1)
    }

    fn percent(&mut self, p: u64) -> bool {
        self.below(100) < p
    }

    fn id(&mut self) -> Uuid {
        Uuid::from_u128(u128::from(self.bits()) << 64 | u128::from(self.bits()))
    }

    fn at(&mut self, time: u64, event: Event) {
        self.made += 1;
        self.agenda.push(Reverse((time, self.made)));
        self.events.insert(self.made, event);
    }

    fn stormy(&self) -> bool {
        self.now < self.calm_at
    }

    /// Until everything has had its time: the faults end, then twice the longest pause and some
    /// sessions: two copies of one device join each other's epochs in turns.
    pub(crate) fn run(mut self) -> Result<Outcome, String> {
        let mut end = None;
        while let Some(Reverse((time, key))) = self.agenda.pop() {
            self.now = time;
            if end.is_none() && !self.stormy() {
                self.calm();
                // Where the whole branch goes back, central's part is joined a step later each time.
                let above = u64::from(self.hub_goes_back && self.devices_go_back) * 120_000;
                end = Some(self.now + 2 * CAP + 240_000 + above);
            }
            if end.is_some_and(|end| time > end) {
                break;
            }
            let event = self.events.remove(&key).unwrap();
            self.outcome.steps += 1;
            self.happen(event)?;
        }
        self.settled()?;
        Ok(self.outcome)
    }

    fn calm(&mut self) {
        if !self.hub_up {
            self.hub_up = true;
            self.uplink_starts();
        }
        self.above.is_calm();
        for i in 0..self.machines.len() {
            self.machines[i].apart_until = 0;
            if !self.machines[i].up {
                self.start(i);
            }
        }
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Act(i) => self.act(i),
            Event::Tick(i, run) => {
                if self.machines[i].run == run {
                    self.step(i, Input::Tick);
                }
            }
            Event::ToHub(i, run, ticket, request) => self.at_hub(i, run, ticket, request)?,
            Event::ToDevice(i, run, ticket, answer) => {
                if self.machines[i].up && self.machines[i].run == run {
                    self.step(i, Input::Answered(ticket, *answer));
                }
            }
            Event::Local(i, run, ticket, ask) => {
                if self.machines[i].up && self.machines[i].run == run {
                    let told = self.local(i, ask);
                    self.step(i, Input::Told(ticket, told));
                    self.machines[i].disk.check(&format!("device {i}"))?;
                }
            }
            Event::Up(i) => {
                if !self.machines[i].up {
                    self.start(i);
                }
            }
            Event::HubUp => {
                if !self.hub_up {
                    self.hub_up = true;
                    self.uplink_starts();
                }
            }
            Event::UplinkTick(run) => self.uplink_ticks(run),
            Event::UplinkLocal(run, ticket, ask) => {
                self.uplink_asks(run, ticket, ask);
                self.hub.check("hub")?;
            }
            Event::ToCentral(run, ticket, request) => self.at_central(run, ticket, request)?,
            Event::ToUplink(run, ticket, answer) => self.uplink_is_answered(run, ticket, *answer),
            Event::CentralUp => self.central_is_back(),
            Event::Fault if self.stormy() => self.fault(),
            Event::Fault | Event::Nothing => {}
        }
        self.look()
    }

    /// I1 and I11 after each step.
    fn look(&mut self) -> Result<(), String> {
        let hub_epoch = self.hub.server_epoch()?;
        for event in &self.hub.log[self.hub_looked.min(self.hub.log.len())..] {
            let key = (hub_epoch.clone(), event.place());
            let hash = *self.accepted.entry(key).or_insert(event.hash);
            if hash != event.hash {
                return Err(format!("I11 hub: {:?} was given twice", event.place()));
            }
        }
        self.hub_looked = self.hub.log.len();
        if !self.outcome.steps.is_multiple_of(64) {
            return Ok(());
        }
        self.hub.effects_once("hub")?;
        let there = |id: &&Uuid| {
            self.hub.has(**id)
                || self.machines.iter().any(|m| m.disk.has(**id))
                || self.above.model.has(**id)
        };
        match self.promised.iter().find(|id| !there(id)) {
            Some(lost) => Err(format!("I1: {lost} is nowhere")),
            None => Ok(()),
        }
    }

    fn act(&mut self, i: usize) {
        if !self.stormy() {
            return;
        }
        if self.machines[i].up {
            let command = self.id();
            let which = self.below(4) as usize;
            let entity = self.entities[which];
            for _ in 0..1 + self.below(3) {
                let id = self.id();
                let (kind, body) = self.says_something();
                self.outcome.poison += u64::from(body == POISON);
                self.outcome.newer += u64::from(kind == OF_TOMORROW);
                self.outcome.events += 1;
                let disk = &mut self.machines[i].disk;
                disk.write(id, command, entity, (&kind, &body));
                self.promised.insert(id);
            }
            let wall_ms = self.now as i64;
            self.step(i, Input::Wake(Wake::NewEvent { wall_ms }));
            if self.percent(5) {
                self.machines[i].backup = self.machines[i].disk.clone();
            }
            if self.percent(3) {
                self.hub_backup = self.hub.clone();
            }
            if self.percent(3) {
                self.central_is_backed_up();
            }
            if self.percent(2) {
                let counters = self.machines.iter().map(|m| m.disk.clone()).collect();
                self.image = Some((self.hub.clone(), counters));
            }
        }
        let next = self.now + 500 + self.below(25_000);
        self.at(next, Event::Act(i));
    }

    /// What an officer does; sometimes what nobody can read, or only a newer program.
    fn says_something(&mut self) -> (String, Vec<u8>) {
        match self.below(100) {
            0..4 => ("leg.called".to_owned(), POISON.to_vec()),
            4..7 => (OF_TOMORROW.to_owned(), b"{}".to_vec()),
            7..20 => beginning().clone(),
            _ => {
                let all = acts();
                all[self.below(all.len() as u64) as usize].clone()
            }
        }
    }

    fn step(&mut self, i: usize, input: Input) {
        let now = Now {
            mono_ms: self.now,
            wall_ms: self.now as i64,
        };
        let machine = &mut self.machines[i];
        let run = machine.run;
        let out = machine.engine.step(now, input);
        let wake = machine.engine.next_wake();
        for output in out {
            match output {
                Output::Send(ticket, request) => self.send(i, run, ticket, request),
                Output::Ask(ticket, ask) => {
                    let at = self.now + 1 + self.below(5);
                    self.at(at, Event::Local(i, run, ticket, ask));
                }
                Output::Note { heads, .. } => {
                    let acked = &mut self.machines[i].disk.acked;
                    acked.extend(heads.iter().map(|h| ((h.device, h.head.epoch), h.head)));
                }
            }
        }
        if self.broken != Broken::NoTimers {
            self.at(wake.max(self.now + 1), Event::Tick(i, run));
        }
    }

    fn apart(&self, i: usize) -> bool {
        self.now < self.machines[i].apart_until
    }

    fn send(&mut self, i: usize, run: u64, ticket: Ticket, request: Request) {
        let stormy = self.stormy();
        if self.apart(i) || (stormy && self.percent(12)) {
            self.outcome.dropped += 1;
            // Sometimes one is told at once, sometimes never.
            if self.percent(60) {
                let failure = match self.below(4) {
                    0 => Failure::CaptivePortal,
                    1 => Failure::Server,
                    2 => Failure::TooLarge,
                    _ => Failure::Offline,
                };
                let at = self.now + 20;
                self.at(at, Event::ToDevice(i, run, ticket, Box::new(Err(failure))));
            }
            return;
        }
        for _ in 0..1 + u64::from(stormy && self.percent(15)) {
            let delay = 2 + self.below(if stormy { 9_000 } else { 40 });
            let at = self.now + delay;
            self.at(
                at,
                Event::ToHub(i, run, ticket, over_the_wire(request.clone())),
            );
        }
    }

    fn at_hub(
        &mut self,
        i: usize,
        run: u64,
        ticket: Ticket,
        request: Request,
    ) -> Result<(), String> {
        let device = self.machines[i].disk.device;
        let had = self.hub.log.len();
        let mut reply = if self.hub_up {
            let access = Access {
                device,
                brings_others: false,
            };
            match answer(&mut self.hub, access, &LIMITS, self.now as i64, request) {
                Ok(answer) => Ok(answer),
                Err(_) => Err(Failure::Server),
            }
        } else {
            Err(Failure::Offline)
        };
        self.hub.check("hub")?;
        self.uplink_hears(had);
        self.watch(i, &mut reply)?;
        if self.stormy() && self.percent(12) {
            self.outcome.dropped += 1;
            return Ok(());
        }
        for _ in 0..1 + u64::from(self.stormy() && self.percent(10)) {
            let at = self.now + 2 + self.below(if self.stormy() { 9_000 } else { 40 });
            let reply = reply.clone().map(page_over_the_wire);
            self.at(at, Event::ToDevice(i, run, ticket, Box::new(reply)));
        }
        Ok(())
    }

    /// I10, and the places where a broken build sees the world otherwise.
    fn watch(&mut self, i: usize, reply: &mut Result<Answer, Failure>) -> Result<(), String> {
        let heads = match reply {
            Ok(Answer::Heads(heads)) => heads,
            _ => return Ok(()),
        };
        for log in &heads.logs {
            let key = (heads.server_epoch.clone(), log.device, log.head.epoch);
            let most = self.acked.entry(key).or_default();
            if log.head.seq < *most {
                return Err(format!(
                    "I10: head of {} went back to {}",
                    log.device, log.head.seq
                ));
            }
            *most = log.head.seq;
        }
        let disk = &self.machines[i].disk;
        if self.broken == Broken::ClientCursor {
            heads.logs.retain(|l| l.device != disk.device);
            let own = disk.acked.iter().filter(|((d, _), _)| *d == disk.device);
            heads.logs.extend(
                own.map(|((device, _), head)| motcua_protocol::sync::LogHead {
                    device: *device,
                    head: *head,
                }),
            );
        }
        if matches!(self.broken, Broken::NumbersOnly) {
            for log in &mut heads.logs {
                let here = disk.after(log.device, log.head.epoch, log.head.seq - 1, &LIMITS);
                if let Some(event) = here.first() {
                    let hash = motcua_protocol::sync::Hash(event.hash);
                    log.head = EpochHead { hash, ..log.head };
                }
            }
        }
        Ok(())
    }

    fn local(&mut self, i: usize, ask: Ask) -> Told {
        let (number, id) = (self.next_epoch(), self.id());
        self.outcome.repairs += u64::from(matches!(ask, Ask::Repair { .. }));
        self.machines[i].disk.tell_engine(ask, number, id)
    }

    fn next_epoch(&mut self) -> u32 {
        self.epochs += 1;
        1_000 + self.epochs
    }

    fn start(&mut self, i: usize) {
        let seed = self.bits();
        let machine = &mut self.machines[i];
        machine.up = true;
        machine.run += 1;
        machine.engine = Engine::new(Config::hub(machine.disk.device), seed);
        let run = machine.run;
        // A new process, on a clock that goes on.
        self.at(self.now, Event::Tick(i, run));
    }

    fn stop(&mut self, i: usize) {
        self.machines[i].up = false;
        self.machines[i].run += 1;
        let back = self.now + self.below(40_000);
        self.at(back, Event::Up(i));
        self.outcome.crashes += 1;
    }

    /// The faults are over: everybody has everything, in effect once.
    fn settled(&mut self) -> Result<(), String> {
        self.hub.looked_at_nothing();
        self.hub.check("hub at the end")?;
        self.hub.effects_once("hub at the end")?;
        if let Some(id) = self.promised.iter().find(|id| !self.hub.has(**id)) {
            let have = |m: &&Machine| m.disk.has(*id);
            let tell = |m: &Machine| m.disk.tell(*id, m.engine.status().forks);
            let who: Vec<String> = self.machines.iter().filter(have).map(tell).collect();
            return Err(format!(
                "I1: the hub never got {id}: {who:?}; hub {:?}, aside {:?}, central {:?} {:?}",
                self.hub.heads(None),
                self.hub.tell_aside(),
                self.above.model.has(*id),
                self.above.model.heads(None),
            ));
        }
        for (i, machine) in self.machines.iter_mut().enumerate() {
            let status = machine.engine.status();
            let who = format!("device {i}");
            machine.disk.looked_at_nothing();
            machine.disk.check(&who)?;
            machine.disk.effects_once(&who)?;
            if status.unsent > 0 || status.last_error.is_some() {
                return Err(format!("I9 {who}: {status:?}"));
            }
            let (here, there) = (machine.disk.ids(), self.hub.ids());
            if let Some(id) = there.symmetric_difference(&here).next() {
                let (hub, own) = (there.contains(id), here.contains(id));
                return Err(format!(
                    "I9 {who}: {id} at the hub {hub}, here {own}; {status:?}"
                ));
            }
            let effects = |d: &Disk| d.effect.keys().copied().collect::<BTreeSet<_>>();
            if effects(&machine.disk) != effects(&self.hub) {
                return Err(format!("I5 {who}: other effects than at the hub"));
            }
        }
        let waits =
            |id: &&Uuid| !self.hub.effect.contains_key(*id) && !self.hub.quarantined.contains(*id);
        if let Some(id) = self.promised.iter().find(waits) {
            return Err(format!("I8: {id} never took effect"));
        }
        self.central_settled()
    }
}

/// Through the codec, as on a real line.
fn over_the_wire(request: Request) -> Request {
    match request {
        Request::Push(events) => {
            Request::Push(decode_events(&encode_events(&events), &LIMITS).unwrap())
        }
        other => other,
    }
}

fn page_over_the_wire(answer: Answer) -> Answer {
    match answer {
        Answer::Feed { server_epoch, page } => Answer::Feed {
            server_epoch,
            page: decode_page(&encode_page(&page), &LIMITS).unwrap(),
        },
        Answer::Past(events) => {
            let page = Page {
                events,
                next: 0,
                more: false,
            };
            Answer::Past(decode_page(&encode_page(&page), &LIMITS).unwrap().events)
        }
        other => other,
    }
}
