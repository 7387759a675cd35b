//! What others lost, tried on ours: each test bears the name under which `docs/named-tests.md`
//! tells of the bug, and of the fault in our own source that makes it fail (`make mutants`).
//!
//! Two machines and a server without a network between them: every question is answered at once
//! unless the test says otherwise.

use std::collections::VecDeque;

use motcua_protocol::sync::{Limits, RefusedWhy, Status as Verdicted};
use motcua_sync::{
    Access, Answer, Config, Engine, Failure, Fault, Input, Log as _, Now, Output, Request, Status,
    Told, Wake, answer,
};
use uuid::Uuid;

use super::{acts::beginning, disk::Disk, world::Broken};

const LIMITS: Limits = Limits {
    events: 12,
    bytes: 1 << 20,
    most_events: 1_000,
    most_bytes: 8 << 20,
};
/// The server's clock in these tests.
const NOON: i64 = 1_795_500_000_000;

fn entity() -> Uuid {
    Uuid::from_u128(0xE)
}

/// A machine with its engine and a clock of its own.
struct Desk {
    disk: Disk,
    engine: Engine,
    now: u64,
    made: u128,
}

impl Desk {
    fn new(n: u128) -> Self {
        let device = Uuid::from_u128(n);
        Self {
            disk: Disk::new(device, Broken::Nothing),
            engine: Engine::new(Config::central(device, false), 7),
            now: 0,
            made: n << 64,
        }
    }

    fn id(&mut self) -> Uuid {
        self.made += 1;
        Uuid::from_u128(self.made)
    }

    fn writes(&mut self, many: usize) -> Vec<Uuid> {
        (0..many)
            .map(|_| {
                let (id, command) = (self.id(), self.id());
                let (kind, body) = beginning();
                self.disk.write(id, command, entity(), (kind, body));
                id
            })
            .collect()
    }

    fn moment(&self) -> Now {
        Now {
            mono_ms: self.now,
            wall_ms: NOON + self.now as i64,
        }
    }

    /// Steps until the engine waits for time to pass. `talk` is the line, `store` may refuse.
    fn runs(
        &mut self,
        why: Input,
        talk: &mut dyn FnMut(Request) -> Result<Answer, Failure>,
        store: &mut dyn FnMut(&motcua_sync::Ask) -> bool,
    ) -> Status {
        let moment = self.moment();
        let mut todo: VecDeque<Output> = self.engine.step(moment, why).into();
        let mut steps = 0;
        while let Some(output) = todo.pop_front() {
            steps += 1;
            assert!(steps < 10_000, "a session without an end");
            let input = match output {
                Output::Send(ticket, request) => Input::Answered(ticket, talk(request)),
                Output::Ask(ticket, ask) => {
                    let (number, id) = (1_000 + steps, self.id());
                    let told = if store(&ask) {
                        self.disk.tell_engine(ask, number, id)
                    } else {
                        Told::Failed
                    };
                    Input::Told(ticket, told)
                }
                Output::Note { heads, .. } => {
                    let heads = heads.iter().map(|h| ((h.device, h.head.epoch), h.head));
                    self.disk.acked.extend(heads);
                    continue;
                }
            };
            let moment = self.moment();
            todo.extend(self.engine.step(moment, input));
        }
        self.engine.status()
    }

    /// A session now, with everything working.
    fn syncs(&mut self, hub: &mut Disk) -> Status {
        let device = self.disk.device;
        let mut talk = |request| Ok(says(hub, device, request));
        self.runs(Input::Wake(Wake::Now), &mut talk, &mut |_| true)
    }

    /// Some sessions: two pasts are joined in turns.
    fn settles(&mut self, hub: &mut Disk) -> Status {
        self.syncs(hub);
        self.syncs(hub);
        self.syncs(hub)
    }
}

fn server() -> Disk {
    Disk::new(Uuid::from_u128(0xfff), Broken::Nothing)
}

fn says(hub: &mut Disk, device: Uuid, request: Request) -> Answer {
    let access = Access {
        device,
        brings_others: false,
    };
    answer(hub, access, &LIMITS, NOON, request).unwrap()
}

fn all_there(hub: &Disk, ids: &[Uuid]) -> bool {
    ids.iter().all(|id| hub.has(*id))
}

/// OpenCRVS #12292, #11089: "Sending" for ever, with a pause that doubles without an end.
#[test]
fn t_retry_a_line_that_fails_for_a_day_is_tried_again_within_the_cap_and_says_why() {
    let cap = Config::central(Uuid::nil(), false).cap_ms;
    let (mut desk, mut hub) = (Desk::new(1), server());
    let ids = desk.writes(3);
    let device = desk.disk.device;
    // Known to wait since a session that was cut off behind the heads.
    let failures = [
        (Failure::Offline, Fault::Offline),
        (Failure::CaptivePortal, Fault::CaptivePortal),
        (Failure::Server, Fault::Server),
        (Failure::Busy(Some(86_400_000)), Fault::Busy),
        (Failure::Malformed, Fault::Malformed),
        (Failure::TooLarge, Fault::TooLarge),
        (Failure::Unauthorized, Fault::Unauthorized),
    ];
    for round in 0..70 {
        let (failure, fault) = failures[round % failures.len()];
        let mut talk = |request| match request {
            Request::Push(_) => Err(failure),
            other => Ok(says(&mut hub, device, other)),
        };
        let status = desk.runs(Input::Tick, &mut talk, &mut |_| true);
        assert_eq!(status.last_error, Some(fault), "the reason is told");
        assert_eq!(status.unsent, 3, "and what waits");
        assert!(status.oldest_unsent_ms.is_some(), "since when");
        let next = status.next_try_ms.expect("and when it is tried again");
        assert!(
            next > desk.now && next - desk.now <= cap,
            "{next} in round {round}"
        );
        assert_eq!(next, desk.engine.next_wake());
        desk.now = next;
    }
    let mut talk = |request| Ok(says(&mut hub, device, request));
    let status = desk.runs(Input::Tick, &mut talk, &mut |_| true);
    assert_eq!((status.unsent, status.last_error), (0, None));
    assert!(all_there(&hub, &ids));
}

/// PowerSync native #15 (in its Tauri plugin): after one failure nothing is sent until the next
/// write. swift #160: never while connected.
#[test]
fn t_liveness_time_alone_brings_what_waits() {
    let (mut desk, mut hub) = (Desk::new(1), server());
    let device = desk.disk.device;
    for failure in [Failure::Offline, Failure::Server, Failure::Busy(None)] {
        let ids = desk.writes(2);
        let status = desk.runs(Input::Tick, &mut |_| Err(failure), &mut |_| true);
        assert!(status.last_error.is_some());
        // Nobody writes, nobody presses anything: the engine's own word is all there is.
        let cap = Config::central(Uuid::nil(), false).cap_ms;
        let wake = desk.engine.next_wake();
        assert!(wake <= desk.now + cap, "it never wakes");
        desk.now = wake;
        let mut talk = |request| Ok(says(&mut hub, device, request));
        desk.runs(Input::Tick, &mut talk, &mut |_| true);
        assert!(all_there(&hub, &ids));
        desk.now = desk.engine.next_wake();
    }
    // An answer that never comes ends at its deadline, and is asked for again.
    let ids = desk.writes(1);
    let moment = desk.moment();
    let out = desk.engine.step(moment, Input::Tick);
    assert!(matches!(out[..], [Output::Send(..)]));
    desk.now = desk.engine.next_wake();
    let moment = desk.moment();
    desk.engine.step(moment, Input::Tick);
    assert_eq!(desk.engine.status().last_error, Some(Fault::Timeout));
    desk.now = desk.engine.next_wake();
    let mut talk = |request| Ok(says(&mut hub, device, request));
    desk.runs(Input::Tick, &mut talk, &mut |_| true);
    assert!(all_there(&hub, &ids));
}

/// PowerSync dart #307, #253: a queue wedged after partitions, clients that never get the rows.
#[test]
fn t_part_answers_lost_doubled_and_late_leave_nobody_behind() {
    let (mut one, mut two, mut hub) = (Desk::new(1), Desk::new(2), server());
    let (first, second) = (one.disk.device, two.disk.device);
    let mut ids = one.writes(20);
    // Cut off after each n-th answer: what the server did is not known here.
    for n in 0..12 {
        ids.extend(two.writes(1));
        let mut said = 0;
        let mut talk = |request| {
            let done = says(&mut hub, second, request);
            said += 1;
            if said > n {
                Err(Failure::Offline)
            } else {
                Ok(done)
            }
        };
        two.runs(Input::Wake(Wake::Now), &mut talk, &mut |_| true);
    }
    // Every answer comes twice, the second time when something else is being asked already.
    let moment = one.moment();
    let mut todo: VecDeque<Output> = one.engine.step(moment, Input::Tick).into();
    let mut late: Option<Input> = None;
    let mut steps = 0;
    while let Some(output) = todo.pop_front() {
        steps += 1;
        assert!(steps < 1_000);
        let input = match output {
            Output::Send(ticket, request) => {
                Input::Answered(ticket, Ok(says(&mut hub, first, request)))
            }
            Output::Ask(ticket, ask) => {
                let id = one.id();
                Input::Told(ticket, one.disk.tell_engine(ask, 1_000, id))
            }
            Output::Note { .. } => continue,
        };
        let moment = one.moment();
        todo.extend(one.engine.step(moment, input.clone()));
        if let Some(late) = late.replace(input) {
            todo.extend(one.engine.step(moment, late));
        }
    }
    let status = one.engine.status();
    assert_eq!((status.unsent, status.last_error), (0, None));
    two.syncs(&mut hub);
    one.syncs(&mut hub);
    assert!(all_there(&hub, &ids));
    assert_eq!(one.disk.ids(), hub.ids());
    assert_eq!(two.disk.ids(), hub.ids());
}

/// CHT #8093: the server restored from a backup, and what devices had sent since never came back.
#[test]
fn t_srvrestore_a_server_that_forgot_is_brought_what_it_forgot() {
    for told in [true, false] {
        let (mut desk, mut hub) = (Desk::new(1), server());
        let mut ids = desk.writes(5);
        desk.syncs(&mut hub);
        let backup = hub.clone();
        ids.extend(desk.writes(7));
        assert_eq!(desk.syncs(&mut hub).unsent, 0);
        hub = backup;
        if told {
            hub.open_epoch(9);
        }
        assert!(!all_there(&hub, &ids));
        let status = desk.syncs(&mut hub);
        assert_eq!((status.unsent, status.last_error), (0, None), "told {told}");
        assert!(all_there(&hub, &ids), "told {told}");
    }
}

/// turso #8129, submersion #309, SyncKit #36: a device restored from a backup gives numbers again,
/// and what it writes under them is taken for known and dropped.
#[test]
fn t_clirestore_numbers_given_again_are_a_fork_and_never_a_duplicate() {
    let (mut desk, mut hub) = (Desk::new(1), server());
    let mut ids = desk.writes(4);
    desk.syncs(&mut hub);
    let backup = desk.disk.clone();
    ids.extend(desk.writes(6));
    desk.syncs(&mut hub);
    // The folder goes back, and nobody notices: the same epoch, the same numbers, other records.
    desk.disk = backup;
    ids.extend(desk.writes(3));
    let device = desk.disk.device;
    let again = desk.disk.after(device, 1, 4, &LIMITS);
    let Answer::Refused(refused) = says(&mut hub, device, Request::Push(again)) else {
        panic!("other records under known numbers were taken for known");
    };
    assert_eq!(refused.code, RefusedWhy::Fork);
    let status = desk.settles(&mut hub);
    assert_eq!((status.unsent, status.last_error), (0, None));
    assert!(all_there(&hub, &ids), "both pasts are at the server");
    assert_eq!(desk.disk.ids(), hub.ids(), "and here");
}

/// claude-mem #4086: one hash that does not fit, and the whole queue stood for ever, growing.
#[test]
fn t_fork_a_history_that_went_two_ways_is_joined_without_a_person() {
    let (mut desk, mut hub) = (Desk::new(1), server());
    let mut ids = desk.writes(2);
    desk.syncs(&mut hub);
    let mut copy = Desk::new(1);
    copy.made += 1 << 32;
    copy.disk = desk.disk.clone();
    ids.extend(copy.writes(1));
    copy.syncs(&mut hub);
    // Behind the one that does not fit stands a long queue.
    ids.extend(desk.writes(60));
    let status = desk.settles(&mut hub);
    assert_eq!((status.unsent, status.last_error), (0, None));
    assert!(all_there(&hub, &ids));
    hub.effects_once("server").unwrap();
    hub.check("server").unwrap();
}

/// collect #3517, #5317: sent twice, and edited under the same id.
#[test]
fn t_dup_a_record_sent_again_anywhere_has_its_effect_once() {
    let (mut desk, mut hub) = (Desk::new(1), server());
    let ids = desk.writes(3);
    let device = desk.disk.device;
    let events = desk.disk.after(device, 1, 0, &LIMITS);
    for round in 0..3 {
        let Answer::Push(pushed) = says(&mut hub, device, Request::Push(events.clone())) else {
            panic!("refused");
        };
        let known = pushed.results.iter();
        let known = known.filter(|v| v.status == Verdicted::Duplicate).count();
        assert_eq!(known, if round == 0 { 0 } else { 3 });
    }
    // The same record again behind a fork, in another epoch: kept there, and not in effect again.
    let mut again = desk.disk.clone();
    again.open_epoch(5);
    let (kind, body) = beginning();
    again.write(ids[1], Uuid::from_u128(77), entity(), (kind, body));
    let events = again.after(device, 5, 0, &LIMITS);
    let Answer::Push(pushed) = says(&mut hub, device, Request::Push(events)) else {
        panic!("refused");
    };
    assert_eq!(pushed.results[0].status, Verdicted::DuplicateOf);
    assert_eq!(hub.log.len(), 4);
    assert_eq!(hub.effect[&ids[1]], 1);
}

/// Actual #3786, #7106: a clock that is off stops replication, for everybody.
#[test]
fn t_clock_a_clock_that_is_wrong_is_told_and_stops_nothing() {
    const YEAR: i64 = 365 * 86_400_000;
    for off in [-YEAR, -3_600_000, 3_600_000, YEAR, i64::MAX / 4] {
        let (mut desk, mut hub) = (Desk::new(1), server());
        let ids = desk.writes(4);
        let device = desk.disk.device;
        let mut talk = |request| {
            let access = Access {
                device,
                brings_others: false,
            };
            let theirs = NOON.saturating_add(off);
            Ok(answer(&mut hub, access, &LIMITS, theirs, request).unwrap())
        };
        let status = desk.runs(Input::Tick, &mut talk, &mut |_| true);
        assert_eq!((status.unsent, status.last_error), (0, None), "{off}");
        assert_eq!(status.skew_ms, Some(off));
        assert!(all_there(&hub, &ids));
    }
}

/// atuin #2879: a disk that was full in the middle of the first fetch never got the rest.
#[test]
fn t_fulldisk_a_page_that_could_not_be_kept_is_fetched_again() {
    let mut hub = server();
    for n in 2..6 {
        let mut other = Desk::new(n);
        other.writes(12);
        other.syncs(&mut hub);
    }
    for full_at in 0..4 {
        let mut fresh = Desk::new(1);
        let device = fresh.disk.device;
        let mut talk = |request| Ok(says(&mut hub, device, request));
        let mut pages = 0;
        let mut store = |ask: &motcua_sync::Ask| {
            let page = matches!(ask, motcua_sync::Ask::TakePage { .. });
            pages += usize::from(page);
            !(page && pages == full_at + 1)
        };
        let status = fresh.runs(Input::Tick, &mut talk, &mut store);
        assert_eq!(status.last_error, Some(Fault::Local), "it is told");
        fresh.now = fresh.engine.next_wake();
        let mut talk = |request| Ok(says(&mut hub, device, request));
        fresh.runs(Input::Tick, &mut talk, &mut |_| true);
        assert_eq!(fresh.disk.ids(), hub.ids(), "full at page {full_at}");
    }
    assert_eq!(hub.heads(None).unwrap().len(), 4);
}
