//! Machines, their clocks and what the officers were told.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use motcua_app::{App, Caller, HubLink, Settings, clock::ManualClock};
use motcua_domain::branch::{Branch, Counter};
use motcua_protocol::{
    ApiError,
    event::{Body, BranchConfigured, BranchEvent, ProcedurePublished},
};
use motcua_store::{
    Author,
    table::branch::{branch_entity, procedure_entity},
};
use motcua_testkit::branch::{MORNING, PROCEDURE, SUPERVISOR, TestBranch, settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    broken::Broken,
    central::Central,
    chance::Chance,
    net::{Cable, Died, Net},
};
use crate::{lan::Answers, line::Line, line::Paired};

/// What a run did.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) steps: u64,
    pub(super) done: u64,
    pub(super) alone: u64,
    pub(super) crashes: u64,
    pub(super) hub_crashes: u64,
    pub(super) cuts: u64,
    pub(super) restores: u64,
    pub(super) hub_restores: u64,
    pub(super) clones: u64,
    pub(super) jumps: u64,
    pub(super) promotions: u64,
    pub(super) steps_down: u64,
    pub(super) resumed: u64,
    pub(super) dropped: u64,
    pub(super) doubled: u64,
    /// Ranges that central granted, cases taken in without one, and those that got their code.
    pub(super) grants: u64,
    pub(super) provisional: u64,
    pub(super) finals: u64,
    pub(super) central_restores: u64,
}

impl Outcome {
    /// But for what comes once in hundreds of worlds.
    fn each(&self) -> [u64; 18] {
        [
            self.steps,
            self.done,
            self.alone,
            self.crashes,
            self.hub_crashes,
            self.cuts,
            self.restores,
            self.hub_restores,
            self.clones,
            self.jumps,
            self.promotions,
            self.steps_down,
            self.dropped,
            self.doubled,
            self.grants,
            self.provisional,
            self.finals,
            self.central_restores,
        ]
    }

    pub(super) fn add(&mut self, o: &Self) {
        self.steps += o.steps;
        self.done += o.done;
        self.alone += o.alone;
        self.crashes += o.crashes;
        self.hub_crashes += o.hub_crashes;
        self.cuts += o.cuts;
        self.restores += o.restores;
        self.hub_restores += o.hub_restores;
        self.clones += o.clones;
        self.jumps += o.jumps;
        self.promotions += o.promotions;
        self.steps_down += o.steps_down;
        self.resumed += o.resumed;
        self.dropped += o.dropped;
        self.doubled += o.doubled;
        self.grants += o.grants;
        self.provisional += o.provisional;
        self.finals += o.finals;
        self.central_restores += o.central_restores;
    }

    pub(super) fn is_varied(&self) -> bool {
        self.each().iter().all(|n| *n > 0)
    }
}

/// One computer with one folder.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) device: Uuid,
    pub(super) clock: Arc<ManualClock>,
    pub(super) app: Option<Arc<App>>,
    pub(super) line: Option<Arc<Line>>,
    pub(super) answers: Option<Arc<Answers>>,
    /// What it knows of the hub, where it is a counter.
    pub(super) paired: Option<Paired>,
    /// The hub that it took the place of.
    pub(super) former: Option<Paired>,
    pub(super) backup: Option<PathBuf>,
    /// Step at which it comes up again.
    pub(super) down_until: u64,
    /// How far its log was when it last was what its log says; only more of it can change that.
    pub(super) settled: Option<u64>,
    /// The last day on which it has written, and the one that it showed last.
    pub(super) last_date: String,
    pub(super) shown_date: String,
    /// What was pressed last, to be pressed again.
    pub(super) last: Option<(Uuid, String, Value, Option<Value>)>,
}

/// Somebody stands at a desk, as far as its officer was told.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldBy {
    pub(super) machine: usize,
    /// The hub that gave it the person; none where the machine was alone.
    pub(super) granted_by: Option<Uuid>,
}

/// Everything there is.
pub(super) struct World {
    pub(super) chance: Chance,
    pub(super) broken: Broken,
    pub(super) net: Net,
    /// Central, in the worlds that have one.
    pub(super) central: Option<Central>,
    pub(super) machines: Vec<Machine>,
    pub(super) branch: Uuid,
    pub(super) now: u64,
    /// Whether histories go back in this world; where they do, no clock jumps by a year.
    pub(super) history_goes_back: bool,
    /// Numbers and codes that were told to somebody, and for whom.
    pub(super) papers: BTreeMap<String, String>,
    pub(super) issued: BTreeSet<Uuid>,
    pub(super) started: BTreeSet<String>,
    pub(super) held: BTreeMap<String, HeldBy>,
    /// A disk went back, so what only it knew is nobody's promise any more.
    pub(super) lossy: bool,
    pub(super) outcome: Outcome,
    pub(super) root: TempDir,
    story: String,
}

struct Template {
    branch: Branch,
    procedure: ProcedurePublished,
}

/// The demo branch's services, people and one procedure, read once.
fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let demo = TestBranch::demo();
        let answer = demo.ok(SUPERVISOR, "branch.get", json!({}));
        let date = answer["date"].as_str().unwrap().parse().unwrap();
        let row = (demo.app().store())
            .read(|read| read.procedure(PROCEDURE, date))
            .unwrap()
            .unwrap();
        Template {
            branch: serde_json::from_value(answer["branch"].clone()).unwrap(),
            procedure: ProcedurePublished {
                procedure: row.procedure,
                version: row.version,
                source: "demo".to_owned(),
                from: None,
            },
        }
    })
}

/// For which agency the branch numbers.
pub(super) fn agency() -> &'static str {
    &template().branch.office.code
}

fn root() -> TempDir {
    // Memory: what a disk may lose is tried elsewhere.
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// What came of a command.
#[derive(Debug)]
pub(super) enum Told {
    Done(Value),
    Refused(ApiError),
    /// The machine died before anybody was told.
    Nothing,
}

impl World {
    pub(super) fn new(seed: u64, broken: Broken) -> Self {
        let mut world = Self::empty(seed, broken);
        let counters = match world.chance.below(20) {
            0 => 6 + world.chance.below(15),
            _ => 1 + world.chance.below(5),
        } as usize;
        match broken {
            Broken::SeriesShared => world.found(counters),
            _ => world.begin(counters),
        }
        world
    }

    /// A world with nobody in it.
    pub(super) fn empty(seed: u64, broken: Broken) -> Self {
        Self {
            net: Net::new(seed, broken),
            central: Central::of(seed, broken),
            chance: Chance::of(seed),
            broken,
            machines: Vec::new(),
            branch: device(0),
            now: 0,
            history_goes_back: seed.is_multiple_of(2)
                || matches!(broken, Broken::RewindUnnoticed | Broken::LivesNotApart),
            papers: BTreeMap::new(),
            issued: BTreeSet::new(),
            started: BTreeSet::new(),
            held: BTreeMap::new(),
            lossy: false,
            outcome: Outcome::default(),
            root: root(),
            story: String::new(),
        }
    }

    /// A new branch with its hub and so many counters.
    pub(super) fn found(&mut self, counters: usize) {
        let mut branch = template().branch.clone();
        // One more desk than machines, for the copy that somebody may make.
        branch.counters = (1..=counters as u16 + 2)
            .map(|number| Counter {
                number,
                name: format!("Quầy {number}"),
                services: Vec::new(),
            })
            .collect();
        let (clock, app) = self.blank(device(0), None);
        let author = Author {
            actor: "system".to_owned(),
            command_id: Uuid::now_v7(),
            moment: app.moment(),
        };
        self.issued.insert(author.command_id);
        let procedure = template().procedure.clone();
        app.store()
            .write(&author, |tx| {
                let configured = BranchConfigured { branch };
                tx.append(
                    branch_entity(),
                    &Body::Branch(BranchEvent::Configured(Box::new(configured))),
                )?;
                tx.append(
                    procedure_entity(PROCEDURE),
                    &Body::Branch(BranchEvent::Procedure(Box::new(procedure))),
                )
            })
            .unwrap();
        app.introduce(device(0), "Máy chủ quầy", "hub").unwrap();
        self.machines.push(Machine {
            app: Some(app),
            ..Machine::new(device(0), clock, None)
        });
        self.serve(0);
        for _ in 0..counters {
            self.join();
        }
    }

    fn blank(&self, device: Uuid, line: Option<&Arc<Line>>) -> (Arc<ManualClock>, Arc<App>) {
        let clock = Arc::new(ManualClock::at(MORNING));
        let settings = Settings {
            link: line.map(|line| Arc::clone(line) as Arc<dyn HubLink>),
            ..self.settings(self.machines.len())
        };
        let app = App::empty(settings, Arc::clone(&clock), device).unwrap();
        (clock, app)
    }

    fn join(&mut self) {
        let at = self.machines.len();
        let own = device(at);
        let hub = self.machines[0].app.as_ref().unwrap();
        let introduced = hub.introduce(own, "Quầy", &own.to_string()).unwrap();
        let number = match self.broken {
            Broken::SeriesShared => 2,
            _ => introduced.number,
        };
        let paired = Paired {
            url: "https://127.0.0.1:1".to_owned(),
            fingerprint: "hub".to_owned(),
            number,
            device: own,
            hub: device(0),
            branch: self.branch,
        };
        let line = self.line(at, &paired);
        let (clock, app) = self.blank(own, Some(&line));
        assert_eq!(line.sync(&app).last_error, None);
        self.machines.push(Machine {
            app: Some(app),
            line: Some(line),
            ..Machine::new(own, clock, Some(paired))
        });
    }

    pub(super) fn line(&self, machine: usize, paired: &Paired) -> Arc<Line> {
        let cable = Cable {
            net: self.net.clone(),
            machine,
            device: paired.device,
            hub: paired.hub,
        };
        let dir = self.settings(machine).dir;
        std::fs::create_dir_all(&dir).unwrap();
        Arc::new(Line::over(&dir, paired.clone(), false, Box::new(cable)))
    }

    pub(super) fn settings(&self, machine: usize) -> Settings {
        settings(&self.root.path().join(format!("m{machine}")))
    }

    /// The machine takes up being a hub.
    pub(super) fn serve(&mut self, i: usize) {
        let machine = &mut self.machines[i];
        let app = machine.app.as_ref().unwrap();
        let answers = Arc::new(Answers::new(Arc::clone(app)));
        self.net.answers(machine.device, i, Some(&answers));
        machine.answers = Some(answers);
    }

    /// The machine loses its power.
    pub(super) fn crash(&mut self, i: usize, steps: u64) {
        let machine = &mut self.machines[i];
        self.net.answers(machine.device, i, None);
        machine.answers = None;
        machine.line = None;
        machine.app = None;
        machine.down_until = self.now + steps;
        self.held.retain(|_, by| by.machine != i);
        self.tell(i, "mất điện");
    }

    /// And has it again: a new process on a clock that went on.
    pub(super) fn start(&mut self, i: usize) {
        let wall_ms = self.machines[i].app_clock();
        let clock = Arc::new(ManualClock::at(wall_ms));
        let paired = self.machines[i].paired.clone();
        let line = paired.as_ref().map(|paired| self.line(i, paired));
        let settings = Settings {
            link: line.clone().map(|line| line as Arc<dyn HubLink>),
            ..self.settings(i)
        };
        let app = App::open(settings, Arc::clone(&clock)).unwrap();
        let machine = &mut self.machines[i];
        machine.clock = clock;
        machine.app = Some(app);
        machine.line = line;
        machine.settled = None;
        self.tell(i, "chạy lại");
        if paired.is_none() {
            self.serve(i);
        }
    }

    pub(super) fn tell(&mut self, i: usize, what: &str) {
        writeln!(self.story, "{:>4} máy {i}: {what}", self.now).unwrap();
    }

    /// Its program ends and begins again in another role; nothing is lost with it.
    pub(super) fn becomes(&mut self, i: usize, paired: Option<Paired>) {
        let held: Vec<_> = self.held.iter().map(|(v, by)| (v.clone(), *by)).collect();
        self.crash(i, 0);
        self.machines[i].paired = paired;
        self.start(i);
        self.held.extend(held);
    }

    /// The end of what happened.
    pub(super) fn story(&self) -> String {
        let lines: Vec<&str> = self.story.lines().collect();
        lines[lines.len().saturating_sub(90)..].join("\n")
    }

    pub(super) fn id(&mut self) -> Uuid {
        let bits = u128::from(self.chance.bits()) << 64 | u128::from(self.chance.bits());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }

    /// One command or query at a machine, under a new id unless one is given.
    pub(super) fn call(
        &mut self,
        i: usize,
        officer: &str,
        name: &str,
        args: &Value,
        id: Option<Uuid>,
    ) -> Told {
        let Some(app) = self.machines[i].app.clone() else {
            return Told::Nothing;
        };
        let caller = Caller {
            officer: Some(officer.to_owned()),
            command_id: id,
        };
        match self.speak(i, |_| app.call(&caller, name, args.clone())) {
            Some(Ok(answer)) => Told::Done(answer),
            Some(Err(error)) => Told::Refused(error),
            None => Told::Nothing,
        }
    }

    /// Something during which machines may die: this one (then nothing comes of it), or a hub.
    pub(super) fn speak<T>(&mut self, i: usize, work: impl FnOnce(&Net) -> T) -> Option<T> {
        let net = self.net.clone();
        let done = catch_unwind(AssertUnwindSafe(|| work(&net)));
        let dead = std::mem::take(&mut self.net.state().dead);
        for dead in dead {
            self.outcome.hub_crashes += 1;
            let steps = 1 + self.chance.below(6);
            self.crash(dead, steps);
        }
        match done {
            Ok(answer) => Some(answer),
            Err(panic) if panic.is::<Died>() => {
                self.outcome.crashes += 1;
                let steps = 1 + self.chance.below(4);
                self.crash(i, steps);
                None
            }
            Err(panic) => resume_unwind(panic),
        }
    }

    pub(super) fn run(&mut self) -> Result<Outcome, String> {
        self.net.state().stormy = true;
        let steps = 40 + self.chance.below(30);
        for _ in 0..steps {
            self.now += 1;
            let pause = match self.chance.below(30) {
                0 => 20 * 60_000,
                _ => 4_500 + self.chance.below(80_000) as i64,
            };
            for machine in &self.machines {
                machine.clock.pass(pause);
            }
            for i in 0..self.machines.len() {
                if self.machines[i].app.is_none() && self.machines[i].down_until <= self.now {
                    self.start(i);
                }
            }
            self.follow_the_log()?;
            if self.chance.percent(9) {
                self.fault();
            } else {
                self.act()?;
            }
            if self.chance.percent(20) {
                self.net.deliver_late();
            }
            self.part_codes()?;
            self.outcome.steps += 1;
            if self.now.is_multiple_of(25) {
                let i = self.chance.below(self.machines.len() as u64) as usize;
                self.sound(i)?;
            }
        }
        self.settle()?;
        let state = self.net.state();
        self.outcome.dropped = state.dropped;
        self.outcome.doubled = state.doubled;
        Ok(self.outcome)
    }
}

impl Machine {
    /// One that does not run yet.
    pub(super) fn new(device: Uuid, clock: Arc<ManualClock>, paired: Option<Paired>) -> Self {
        Self {
            device,
            clock,
            app: None,
            line: None,
            answers: None,
            paired,
            former: None,
            backup: None,
            down_until: 0,
            settled: None,
            last_date: String::new(),
            shown_date: String::new(),
            last: None,
        }
    }

    fn app_clock(&self) -> i64 {
        motcua_app::clock::Clock::moment(&*self.clock).wall_ms
    }
}

/// The device of the nth machine.
pub(super) fn device(nth: usize) -> Uuid {
    Uuid::from_u128(0xD0_0000 + nth as u128)
}
