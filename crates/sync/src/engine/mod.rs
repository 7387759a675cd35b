//! The engine of one peer.

mod fork;
mod session;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use motcua_protocol::sync::{
    EpochHead, Hash, Heads, Held, Hello, Judgement, Limits, LogHead, Page, Place, PushAnswer,
    Refused, Sealed, Verdict,
};
use uuid::Uuid;

use crate::status::{Fault, Status};

/// Ties an answer to what it answers; late ones are known by it.
pub type Ticket = u64;

/// The time of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds that only grow.
    pub mono_ms: u64,
    /// The device's clock, UTC milliseconds.
    pub wall_ms: i64,
}

/// How to treat a peer.
#[derive(Debug, Clone)]
pub struct Config {
    /// This device.
    pub device: Uuid,
    /// Send other devices' logs too: a hub does to central.
    pub send_all: bool,
    /// Other devices whose logs are sent too, as far as the peer lacks them: the hub's own, which a
    /// restored hub has forgotten and its counters still have, and those of the hubs before it,
    /// which may not come back.
    pub also: Vec<Uuid>,
    /// Longest pause between tries.
    pub cap_ms: u64,
    /// Pause after a session that came to its end.
    pub poll_ms: u64,
    /// How long to wait for an answer.
    pub timeout_ms: u64,
}

impl Config {
    /// A counter and its hub.
    pub fn hub(device: Uuid) -> Self {
        Self {
            device,
            send_all: false,
            also: Vec::new(),
            cap_ms: 60_000,
            poll_ms: 10_000,
            timeout_ms: 15_000,
        }
    }

    /// Anybody and central.
    pub fn central(device: Uuid, send_all: bool) -> Self {
        Self {
            device,
            send_all,
            also: Vec::new(),
            cap_ms: 300_000,
            poll_ms: 30_000,
            timeout_ms: 60_000,
        }
    }
}

/// To the peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `GET /v1/hello`
    Hello,
    /// `GET /v1/devices/self/heads`, or those of all devices.
    Heads {
        /// Of all devices.
        all: bool,
    },
    /// `POST /v1/events`
    Push(Vec<Sealed>),
    /// `GET /v1/feed`
    Feed {
        /// Behind which position.
        cursor: u64,
    },
    /// `GET /v1/devices/self/events`: what the peer has of our own log.
    Past {
        /// Of which epoch.
        epoch: u32,
        /// Behind which sequence number.
        after: u64,
        /// As it went on above the peer, where that is another way.
        aside: bool,
    },
}

/// From the peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Request::Hello`].
    Hello(Hello),
    /// To [`Request::Heads`].
    Heads(Heads),
    /// To [`Request::Push`].
    Push(PushAnswer),
    /// To anything.
    Refused(Refused),
    /// To [`Request::Feed`].
    Feed {
        /// The history it was read from.
        server_epoch: String,
        /// The events.
        page: Page,
    },
    /// To [`Request::Past`].
    Past(Vec<Sealed>),
}

/// No answer, or none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No line, or nobody answers.
    Offline,
    /// 200 without our media type.
    CaptivePortal,
    /// 413.
    TooLarge,
    /// 401, after the token was renewed once.
    Unauthorized,
    /// 429 or 503, with `Retry-After`.
    Busy(Option<u64>),
    /// Any other 5xx.
    Server,
    /// Ours, but unreadable.
    Malformed,
}

/// To this device's own store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// What logs are there, and how far the peer's feed was read.
    Survey,
    /// Events of a log behind a sequence number.
    Events {
        /// Whose.
        device: Uuid,
        /// Which epoch.
        epoch: u32,
        /// Behind which sequence number.
        after: u64,
        /// How many.
        limits: Limits,
    },
    /// Store a page of the feed, and its cursor, together.
    TakePage {
        /// The history it was read from.
        server_epoch: String,
        /// The page.
        page: Page,
    },
    /// Store what was found of our own past.
    TakePast(Vec<Sealed>),
    /// Our history went two ways behind `common`: go on in a new epoch with both.
    Repair {
        /// Which epoch.
        epoch: u32,
        /// The last event both have alike.
        common: u64,
        /// What the peer has behind it.
        theirs: Vec<Sealed>,
    },
}

/// A log as it stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalLog {
    /// Its end.
    pub log: LogHead,
    /// Up to where it counts, if its history went two ways.
    pub closed: Option<u64>,
    /// What the peer is remembered to have of it; a hint.
    pub acked: u64,
    /// Up to where it is as the peer has it, of somebody else's log that is known to have gone
    /// another way there: what is behind waits for its owner to join the two.
    pub parted: Option<u64>,
}

/// What is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// Every log.
    pub logs: Vec<LocalLog>,
    /// The peer's history of which `cursor` speaks.
    pub server_epoch: Option<String>,
    /// How far the peer's feed was read.
    pub cursor: u64,
}

/// An event that was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit {
    /// Where it was to stand.
    pub place: Place,
    /// `Fork` or `Gap`.
    pub why: Judgement,
}

/// What became of events that were to be stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The first of each log that does not fit.
    pub unfit: Vec<Unfit>,
}

/// From this device's own store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// To [`Ask::Survey`].
    Survey(Survey),
    /// To [`Ask::Events`].
    Events(Vec<Sealed>),
    /// To [`Ask::TakePage`] and [`Ask::TakePast`].
    Taken(Taken),
    /// To [`Ask::Repair`].
    Repaired,
    /// It could not.
    Failed,
}

/// Why now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// An event was committed here.
    NewEvent {
        /// When, UTC milliseconds.
        wall_ms: i64,
    },
    /// The peer says that it has news.
    Feed,
    /// The network changed, or the window came to the front.
    Network,
    /// „Gửi ngay“
    Now,
}

/// Into the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Time has passed: call when [`Engine::next_wake`] says so, or at any time.
    Tick,
    /// Something happened.
    Wake(Wake),
    /// The peer answered, or not.
    Answered(Ticket, Result<Answer, Failure>),
    /// The store answered.
    Told(Ticket, Told),
}

/// Out of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send to the peer.
    Send(Ticket, Request),
    /// Ask the store.
    Ask(Ticket, Ask),
    /// Let the store keep what the peer said. No answer is awaited.
    Note {
        /// What it has.
        heads: Vec<LogHead>,
        /// What became of events.
        verdicts: Vec<Verdict>,
        /// All that it holds back, where it tells.
        held: Option<Vec<Held>>,
    },
}

/// A log that has to go to the peer, or come back from it.
#[derive(Debug, Clone)]
struct Job {
    device: Uuid,
    epoch: u32,
    upto: u64,
    at: u64,
    hash: Option<[u8; 32]>,
    closed: Option<u64>,
    /// Whether it counts as unsent: not if it was sent again in a later epoch.
    owed: bool,
    gaps: u8,
}

/// Where a session stands.
#[derive(Debug, Clone)]
enum Phase {
    Idle,
    Hello,
    Survey,
    Heads(Survey),
    Load(Job),
    Push(Job, Place, Vec<[u8; 32]>),
    Past(fork::Search),
    TakePast(fork::Search, Vec<Sealed>),
    Repair(fork::Which, Option<fork::Ends>),
    Pull,
    TakePage(u64, bool),
}

/// The state machine of one peer.
#[derive(Debug)]
pub struct Engine {
    config: Config,
    chance: u64,
    phase: Phase,
    ticket: Ticket,
    deadline: u64,
    asked_at: Now,
    next_at: u64,
    began_at: u64,
    failures: u32,
    again: bool,
    /// The peer holds something back, as it said in this session.
    held: bool,
    restarts: u8,
    hello: Option<Hello>,
    remote: HashMap<(Uuid, u32), EpochHead>,
    /// Ends of epochs that went two ways, as they were when they were last joined.
    joined: HashMap<fork::Which, fork::Ends>,
    jobs: VecDeque<Job>,
    searches: VecDeque<fork::Search>,
    cursor: u64,
    rescanned: bool,
    batch_events: u32,
    batch_bytes: u32,
    status: Status,
}

const FIRST_EVENTS: u32 = 100;
const FIRST_BYTES: u32 = 256 << 10;
const QUIET_MS: u64 = 30_000;

impl Engine {
    /// An engine that begins with its first step. Equal seeds give equal pauses.
    pub fn new(config: Config, seed: u64) -> Self {
        let zero = Now {
            mono_ms: 0,
            wall_ms: 0,
        };
        Self {
            config,
            chance: seed,
            phase: Phase::Idle,
            ticket: 0,
            deadline: 0,
            asked_at: zero,
            next_at: 0,
            began_at: 0,
            failures: 0,
            again: false,
            held: false,
            restarts: 0,
            hello: None,
            remote: HashMap::new(),
            joined: HashMap::new(),
            jobs: VecDeque::new(),
            searches: VecDeque::new(),
            cursor: 0,
            rescanned: false,
            batch_events: FIRST_EVENTS,
            batch_bytes: FIRST_BYTES,
            status: Status::default(),
        }
    }

    /// When to step next if nothing else happens, on the clock of [`Now::mono_ms`].
    pub fn next_wake(&self) -> u64 {
        match self.phase {
            Phase::Idle => self.next_at,
            _ => self.deadline,
        }
    }

    /// What a screen tells.
    pub fn status(&self) -> Status {
        Status {
            busy: !matches!(self.phase, Phase::Idle),
            next_try_ms: matches!(self.phase, Phase::Idle).then_some(self.next_at),
            ..self.status.clone()
        }
    }

    /// One step.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        match input {
            Input::Tick => self.tick(now, &mut out),
            Input::Wake(wake) => self.wake(now, wake, &mut out),
            Input::Answered(ticket, answer) if self.awaits(ticket) => match answer {
                Ok(answer) => self.answered(now, answer, &mut out),
                Err(failure) => self.failed(now, failure),
            },
            Input::Told(ticket, told) if self.awaits(ticket) => self.told(now, told, &mut out),
            // An answer to a question that was given up; whatever it says is asked anew.
            Input::Answered(..) | Input::Told(..) => {}
        }
        out
    }

    fn awaits(&self, ticket: Ticket) -> bool {
        ticket == self.ticket && !matches!(self.phase, Phase::Idle)
    }

    fn tick(&mut self, now: Now, out: &mut Vec<Output>) {
        match self.phase {
            Phase::Idle if now.mono_ms >= self.next_at => self.begin(now, out),
            Phase::Idle => {}
            _ if now.mono_ms >= self.deadline => {
                self.smaller();
                self.fail(now, Fault::Timeout, None);
            }
            _ => {}
        }
    }

    fn wake(&mut self, now: Now, wake: Wake, out: &mut Vec<Output>) {
        if let Wake::NewEvent { wall_ms } = wake {
            self.status.unsent += 1;
            self.status.oldest_unsent_ms.get_or_insert(wall_ms);
        }
        if !matches!(self.phase, Phase::Idle) {
            self.again = true;
            return;
        }
        let person = matches!(wake, Wake::Network | Wake::Now);
        let quiet = now.mono_ms.saturating_sub(self.began_at) >= QUIET_MS;
        if person || quiet {
            self.failures = 0;
        }
        if self.failures == 0 && (person || quiet || self.status.last_error.is_none()) {
            self.begin(now, out);
        }
    }

    fn begin(&mut self, now: Now, out: &mut Vec<Output>) {
        self.began_at = now.mono_ms;
        self.again = false;
        self.rescanned = false;
        self.restarts = 0;
        self.send(now, Phase::Hello, Request::Hello, out);
    }

    fn send(&mut self, now: Now, phase: Phase, request: Request, out: &mut Vec<Output>) {
        let ticket = self.expect(now, phase);
        out.push(Output::Send(ticket, request));
    }

    fn ask(&mut self, now: Now, phase: Phase, ask: Ask, out: &mut Vec<Output>) {
        let ticket = self.expect(now, phase);
        out.push(Output::Ask(ticket, ask));
    }

    fn expect(&mut self, now: Now, phase: Phase) -> Ticket {
        self.phase = phase;
        self.ticket += 1;
        self.asked_at = now;
        self.deadline = now.mono_ms + self.config.timeout_ms;
        self.ticket
    }

    fn failed(&mut self, now: Now, failure: Failure) {
        let (fault, after) = match failure {
            Failure::Offline => (Fault::Offline, None),
            Failure::CaptivePortal => (Fault::CaptivePortal, None),
            Failure::TooLarge => {
                self.smaller();
                (Fault::TooLarge, None)
            }
            Failure::Unauthorized => (Fault::Unauthorized, None),
            Failure::Busy(after) => (Fault::Busy, after),
            Failure::Server => (Fault::Server, None),
            Failure::Malformed => (Fault::Malformed, None),
        };
        self.fail(now, fault, after);
    }

    /// Full jitter: spread over the whole pause, so that two hundred branches whose line comes
    /// back in one second do not come back in one second.
    fn fail(&mut self, now: Now, fault: Fault, after_ms: Option<u64>) {
        let cap = self.config.cap_ms;
        self.failures = self.failures.saturating_add(1);
        let pause = if fault.needs_a_person() {
            cap / 2 + self.below(cap / 2)
        } else {
            let most = 1_000u64.checked_shl(self.failures.min(20)).unwrap_or(cap);
            self.below(most.min(cap) + 1)
        };
        // Who says when to come is there and alive: that is when, and not when a pause that has
        // grown would end. Spread as well, for others were told the same; at the cap at the latest.
        let pause = match after_ms {
            Some(after) => {
                let after = after.min(cap);
                (after + self.below(after / 2 + 1)).min(cap)
            }
            None => pause,
        };
        self.phase = Phase::Idle;
        self.again = false;
        self.next_at = now.mono_ms + pause;
        self.status.last_error = Some(fault);
    }

    /// SplitMix64.
    fn below(&mut self, n: u64) -> u64 {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n.max(1)
    }

    fn smaller(&mut self) {
        if matches!(self.phase, Phase::Push(..)) {
            self.batch_events = (self.batch_events / 2).max(1);
            self.batch_bytes = (self.batch_bytes / 2).max(1 << 10);
        }
    }

    fn larger(&mut self, limits: &Limits) {
        self.batch_events = (self.batch_events * 2).min(limits.events.max(1));
        self.batch_bytes = (self.batch_bytes * 2).min(limits.bytes.max(1 << 10));
    }

    /// So many events of a job are no longer waited for.
    fn settle(&mut self, job: &Job, events: u64) {
        if job.owed {
            self.status.unsent = self.status.unsent.saturating_sub(events);
        }
    }

    fn log_head(job: &Job, seq: u64, hash: [u8; 32]) -> LogHead {
        LogHead {
            device: job.device,
            head: EpochHead {
                epoch: job.epoch,
                seq,
                hash: Hash(hash),
            },
        }
    }
}
