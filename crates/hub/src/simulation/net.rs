//! A network in memory: it loses questions, loses answers, delivers twice and late, and lets
//! machines die while they speak.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::resume_unwind,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc::Receiver},
    time::Duration,
};

use motcua_protocol::sync::{Limits, Page, decode_events, decode_page, encode_events, encode_page};
use motcua_sync::{Answer, Request};
use uuid::Uuid;

use super::{
    broken::{self, Broken},
    chance::Chance,
};
use crate::{
    lan::Answers,
    line::{Lost, No, Wire},
    wire::{CommandAsk, Decided},
};

/// Unwinds a counter that died while it spoke.
pub(super) struct Died;

/// What is cut between a machine and the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Both,
    /// What it is answered never comes back.
    Answers,
}

/// What happens to one exchange.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    /// Nobody hears it.
    Lost,
    /// Done, and nobody hears the answer.
    Unanswered,
    /// Heard twice.
    Twice,
    /// Done, then the hub dies.
    HubDies,
    /// Done or not, the counter dies before it hears.
    AskerDies {
        done: bool,
    },
}

/// A message that is still on its way somewhere.
#[derive(Debug)]
pub(super) enum Late {
    Push {
        to: Uuid,
        from: Uuid,
        request: Request,
    },
    Command {
        to: Uuid,
        from: Uuid,
        ask: CommandAsk,
    },
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) chance: Option<Chance>,
    pub(super) stormy: bool,
    /// Machines by the id of their device's folder: a copy is a machine of its own.
    pub(super) cuts: BTreeMap<usize, Cut>,
    hubs: BTreeMap<Uuid, (usize, Weak<Answers>)>,
    /// Hubs that died while they answered.
    pub(super) dead: BTreeSet<usize>,
    pub(super) late: Vec<Late>,
    /// Commands that a hub has done for somebody who heard of it.
    pub(super) heard: u64,
    pub(super) dropped: u64,
    pub(super) doubled: u64,
}

/// The network, shared by everybody on it.
#[derive(Debug, Clone)]
pub(super) struct Net {
    state: Arc<Mutex<State>>,
    pub(super) broken: Broken,
}

impl Net {
    pub(super) fn new(seed: u64, broken: Broken) -> Self {
        let state = State {
            chance: Some(Chance::of(seed.rotate_left(17) ^ 0xA5)),
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            broken,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on that hub answers, or nobody does.
    pub(super) fn answers(&self, device: Uuid, machine: usize, answers: Option<&Arc<Answers>>) {
        let mut state = self.state();
        match answers {
            Some(answers) => {
                let own = (machine, Arc::downgrade(answers));
                state.hubs.insert(device, own);
            }
            None => {
                if state
                    .hubs
                    .get(&device)
                    .is_some_and(|(at, _)| *at == machine)
                {
                    state.hubs.remove(&device);
                }
            }
        }
    }

    fn hub(&self, device: Uuid) -> Option<(usize, Arc<Answers>)> {
        let state = self.state();
        let (machine, answers) = state.hubs.get(&device)?;
        Some((*machine, answers.upgrade()?))
    }

    fn fate(&self, asker: usize, hub: usize) -> Fate {
        let mut state = self.state();
        let cut = |at| state.cuts.get(&at).copied();
        let fate = match (cut(asker), cut(hub)) {
            (Some(Cut::Both), _) | (_, Some(Cut::Both)) => Fate::Lost,
            (Some(Cut::Answers), _) | (_, Some(Cut::Answers)) => Fate::Unanswered,
            (None, None) if !state.stormy => Fate::Arrives,
            (None, None) => {
                let Some(chance) = &mut state.chance else {
                    return Fate::Arrives;
                };
                match chance.below(400) {
                    0..16 => Fate::Lost,
                    16..32 => Fate::Unanswered,
                    32..44 => Fate::Twice,
                    44..46 => Fate::HubDies,
                    46..48 => Fate::AskerDies { done: true },
                    48 => Fate::AskerDies { done: false },
                    _ => Fate::Arrives,
                }
            }
        };
        match fate {
            Fate::Arrives => {}
            Fate::Twice => state.doubled += 1,
            _ => state.dropped += 1,
        }
        fate
    }

    /// What was lost may come after all.
    fn linger(&self, late: impl FnOnce() -> Late) {
        let mut state = self.state();
        if state.stormy && state.chance.as_mut().is_some_and(|c| c.percent(40)) {
            let late = late();
            state.late.push(late);
        }
    }

    /// Delivers one late message, whoever waits for its answer no longer.
    pub(super) fn deliver_late(&self) {
        let late = {
            let mut state = self.state();
            let many = state.late.len() as u64;
            let at = state.chance.as_mut().map_or(0, |c| c.below(many)) as usize;
            if at >= state.late.len() {
                return;
            }
            state.late.swap_remove(at)
        };
        let hub = match &late {
            Late::Push { to, .. } | Late::Command { to, .. } => self.hub(*to),
        };
        let Some((_, answers)) = hub else { return };
        match late {
            Late::Push { from, request, .. } => drop(answers.ask(from, request)),
            Late::Command { from, ask, .. } => {
                drop(broken::carry_out(self.broken, &answers, from, ask));
            }
        }
    }
}

/// A counter's end of it.
#[derive(Debug)]
pub(super) struct Cable {
    pub(super) net: Net,
    pub(super) machine: usize,
    /// Who speaks, as its certificate says.
    pub(super) device: Uuid,
    pub(super) hub: Uuid,
}

impl Cable {
    fn exchange<T>(
        &self,
        work: impl Fn(&Answers) -> T,
        late: impl FnOnce() -> Late,
    ) -> Result<T, No> {
        let Some((hub, answers)) = self.net.hub(self.hub) else {
            return Err(Lost::Offline.into());
        };
        match self.net.fate(self.machine, hub) {
            Fate::Arrives => Ok(work(&answers)),
            Fate::Lost => {
                self.net.linger(late);
                Err(Lost::Timeout.into())
            }
            Fate::Unanswered => {
                drop(work(&answers));
                Err(Lost::Timeout.into())
            }
            Fate::Twice => {
                drop(work(&answers));
                Ok(work(&answers))
            }
            Fate::HubDies => {
                drop(work(&answers));
                let mut state = self.net.state();
                state.dead.insert(hub);
                state.hubs.remove(&self.hub);
                Err(Lost::Offline.into())
            }
            Fate::AskerDies { done } => {
                if done {
                    drop(work(&answers));
                }
                resume_unwind(Box::new(Died))
            }
        }
    }
}

impl Wire for Cable {
    fn ask(&self, request: &Request, _patience: Duration) -> Result<Answer, No> {
        let work = |answers: &Answers| answers.ask(self.device, over_the_wire(request.clone()));
        let late = || Late::Push {
            to: self.hub,
            from: self.device,
            request: request.clone(),
        };
        let answered = self.exchange(work, late)?;
        match answered.map_err(|_| No::Lost(Lost::Timeout))? {
            Answer::Refused(refused) => Err(No::Refused(refused)),
            answer => Ok(back_over_the_wire(answer)),
        }
    }

    fn command(&self, ask: &CommandAsk, _patience: Duration) -> Result<Decided, No> {
        let copy = || -> CommandAsk {
            let said = serde_json::to_vec(ask).expect("a command is JSON");
            serde_json::from_slice(&said).expect("and can be read")
        };
        let broken = self.net.broken;
        let work = |answers: &Answers| broken::carry_out(broken, answers, self.device, copy());
        let decided = self.exchange(work, || Late::Command {
            to: self.hub,
            from: self.device,
            ask: copy(),
        })?;
        let mut decided = decided.map_err(No::Refused)?;
        decided.page = page_over_the_wire(&decided.page);
        self.net.state().heard += 1;
        Ok(decided)
    }

    fn live(&self, _patience: Duration) -> Result<Receiver<bool>, Lost> {
        Err(Lost::Offline)
    }

    fn close(&self) {}
}

/// Through the codec, as on a real line.
fn over_the_wire(request: Request) -> Request {
    match request {
        Request::Push(events) => {
            Request::Push(decode_events(&encode_events(&events), &Limits::default()).unwrap())
        }
        other => other,
    }
}

fn page_over_the_wire(page: &Page) -> Page {
    decode_page(&encode_page(page), &Limits::default()).unwrap()
}

fn back_over_the_wire(answer: Answer) -> Answer {
    match answer {
        Answer::Feed { server_epoch, page } => Answer::Feed {
            server_epoch,
            page: page_over_the_wire(&page),
        },
        other => other,
    }
}
