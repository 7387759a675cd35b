//! The store itself under power cuts, I/O errors and a full disk: registering, calling and
//! receiving, each acknowledged one there afterwards, none of them half.

use std::collections::{BTreeMap, BTreeSet};

use motcua_domain::{
    Code,
    case::{BookEntry, CaseEvent, CaseReceived, ProcedureRef, ReturnMethod},
    visit::{Class, Origin, Party, Registered, Ticket, VisitEvent},
};
use motcua_protocol::event::Body;
use motcua_store::{Author, Moment, Options, Store, Write};
use motcua_tests::crash_vfs::{
    Fault, Found, Harm, Lasting, Place, Rng, Scenario, Stop, Trial, run_cuts, run_faults,
};
use uuid::Uuid;

/// Two working sessions of one counter: the second opens what the first has left.
struct Counter;

const SESSIONS: u64 = 2;
const ACTS: u64 = 8;
const AGENCY: &str = "000.00.01.H01";

/// One command, tried at least once.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Act {
    /// Entity → number of events the command makes.
    events: BTreeMap<Uuid, usize>,
    /// What was printed: the ticket or the case code.
    printed: Option<String>,
    acked: bool,
}

/// All commands so far by their id.
#[derive(Debug, Default)]
struct Book {
    acts: BTreeMap<Uuid, Act>,
    minutes: i64,
}

impl Book {
    /// The clock of the test: a minute between any two acts, over all lives.
    fn moment(&mut self, boot: Uuid) -> Moment {
        self.minutes += 1;
        Moment {
            wall_ms: 1_798_000_000_000 + self.minutes * 60_000,
            boot,
            mono_ms: self.minutes * 60_000,
        }
    }
}

fn open(at: Place<'_>, moment: Moment) -> motcua_store::Result<Store> {
    Store::open(
        at.folder,
        moment,
        Options {
            vfs: Some(at.vfs.to_owned()),
            ballast: false,
            readers: 1,
            ..Options::default()
        },
    )
}

/// A refusal must be one that an officer can act on, and never say that the data are damaged.
fn refused(error: &motcua_store::Error) -> Stop {
    match error.code() {
        Code::DiskFull | Code::StoreFault | Code::ReadOnly => {
            Stop::Refused(format!("{:?}: {error}", error.code()))
        }
        code => Stop::Broken(format!("{code:?}: {error}")),
    }
}

impl Scenario for Counter {
    type Acked = Book;

    fn name(&self) -> String {
        "store".to_owned()
    }

    fn work(&self, at: Place<'_>, seed: u64, book: &mut Book) -> Result<(), Stop> {
        let mut rng = Rng::new(seed);
        for _ in 0..SESSIONS {
            session(at, &mut rng, book)?;
        }
        Ok(())
    }

    fn check(&self, at: Place<'_>, book: &Book) -> Result<Found, Harm> {
        let moment = Moment {
            wall_ms: 1_799_000_000_000,
            boot: Uuid::nil(),
            mono_ms: 0,
        };
        let store = open(at, moment)
            .map_err(|e| Harm::Corrupt(format!("does not open: {:?}: {e}", e.code())))?;
        let verified = store.verify().map_err(|e| Harm::Corrupt(e.to_string()))?;
        if !verified.findings.is_empty() {
            return Err(Harm::Corrupt(format!("{:?}", verified.findings)));
        }
        judge(&store, book)
    }
}

fn session(at: Place<'_>, rng: &mut Rng, book: &mut Book) -> Result<(), Stop> {
    let boot = Uuid::from_u64_pair(rng.bits(), rng.bits());
    let store = open(at, book.moment(boot)).map_err(|e| refused(&e))?;
    let mut waiting: Vec<Uuid> = Vec::new();
    let mut refusal = None;
    for _ in 0..ACTS {
        let done = match (rng.below(3), waiting.last().copied()) {
            (1, Some(visit)) => call(&store, visit, boot, rng, book),
            (2, Some(visit)) => {
                waiting.pop();
                receive(&store, visit, boot, rng, book)
            }
            _ => register(&store, boot, rng, book).map(|visit| waiting.push(visit)),
        };
        if let Err(error) = done {
            // An officer tries once more; then they call for help.
            let stop = refused(&error);
            if matches!(stop, Stop::Broken(_)) || refusal.is_some() {
                return Err(stop);
            }
            refusal = Some(stop);
        }
    }
    refusal.map_or(Ok(()), Err)
}

/// Runs one command, keeping what it was to do and whether it was acknowledged.
fn act(
    store: &Store,
    boot: Uuid,
    rng: &mut Rng,
    book: &mut Book,
    entities: &[(Uuid, usize)],
    work: impl FnOnce(&mut Write<'_>) -> motcua_store::Result<Option<String>>,
) -> motcua_store::Result<()> {
    let command_id = Uuid::from_u64_pair(rng.bits(), rng.bits());
    book.acts.insert(
        command_id,
        Act {
            events: entities.iter().copied().collect(),
            printed: None,
            acked: false,
        },
    );
    let author = Author {
        actor: "an".to_owned(),
        command_id,
        moment: book.moment(boot),
    };
    let printed = store.write(&author, work)?;
    if let Some(act) = book.acts.get_mut(&command_id) {
        act.printed = printed;
        act.acked = true;
    }
    Ok(())
}

fn register(
    store: &Store,
    boot: Uuid,
    rng: &mut Rng,
    book: &mut Book,
) -> motcua_store::Result<Uuid> {
    let visit = Uuid::from_u64_pair(rng.bits(), rng.bits());
    let known = rng.chance(50);
    act(store, boot, rng, book, &[(visit, 1)], |tx| {
        let ticket = Ticket {
            series: "A".to_owned(),
            number: tx.next_number("ticket:A", tx.date())?,
            paper: false,
        };
        let registered = Registered {
            date: tx.date(),
            ticket: Some(ticket.clone()),
            service: "KHCN".to_owned(),
            planned: Vec::new(),
            class: Class::Ordinary,
            origin: Origin::default(),
            party_size: 1,
            quantity: 1,
            skipped: None,
            alone: None,
            despite: None,
            applicant: known.then(applicant),
            slot_ms: None,
            arrive_ms: tx.now_ms(),
            rank_ms: tx.now_ms(),
            quote: None,
            people_ahead: None,
            via: None,
        };
        tx.append(visit, &Body::Visit(VisitEvent::Registered(registered)))?;
        Ok(Some(ticket.label()))
    })?;
    Ok(visit)
}

fn call(
    store: &Store,
    visit: Uuid,
    boot: Uuid,
    rng: &mut Rng,
    book: &mut Book,
) -> motcua_store::Result<()> {
    act(store, boot, rng, book, &[(visit, 1)], |tx| {
        tx.append(visit, &Body::Visit(VisitEvent::Called { counter: 1 }))?;
        Ok(None)
    })
}

/// One transaction over two entities: the visit is served, and its case is taken in.
fn receive(
    store: &Store,
    visit: Uuid,
    boot: Uuid,
    rng: &mut Rng,
    book: &mut Book,
) -> motcua_store::Result<()> {
    let case = Uuid::from_u64_pair(rng.bits(), rng.bits());
    let notes = "Ghi chú của cán bộ. ".repeat(rng.below(40) as usize);
    act(store, boot, rng, book, &[(visit, 2), (case, 1)], |tx| {
        tx.append(visit, &Body::Visit(VisitEvent::Called { counter: 1 }))?;
        tx.append(visit, &Body::Visit(VisitEvent::Started {}))?;
        let number = tx.next_number(&format!("case:{AGENCY}"), tx.date())?;
        let code = format!("{AGENCY}-{}-{number:04}", tx.date().format("%y%m%d"));
        let received = CaseReceived {
            code: code.clone(),
            number,
            date: tx.date(),
            visit_id: Some(visit),
            counter: Some(1),
            procedure: ProcedureRef {
                code: "1.000001".to_owned(),
                version: "1".to_owned(),
                name: "Cấp giấy chứng nhận đăng ký hoạt động".to_owned(),
            },
            applicant: applicant(),
            submitter: None,
            papers: Vec::new(),
            missing: Vec::new(),
            missing_ground: None,
            sets: 1,
            return_method: ReturnMethod::Counter,
            return_address: None,
            notify: None,
            notes: Some(notes),
            fee: None,
            limit: None,
            received_ms: tx.now_ms(),
            due_ms: None,
            because: Vec::new(),
            provisional: false,
            book: Some(BookEntry {
                year: 2026,
                number: tx.next_number("book", new_year())?,
            }),
            form_set: "tt01-2018".to_owned(),
            look_up: None,
            instant: false,
            on_behalf: None,
            online: None,
        };
        tx.append(case, &Body::Case(CaseEvent::Received(Box::new(received))))?;
        Ok(Some(code))
    })
}

fn new_year() -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default()
}

fn applicant() -> Party {
    Party {
        name: "Nguyễn Thị Đào".to_owned(),
        id_number: Some("001190012345".to_owned()),
        ..Party::default()
    }
}

/// Every acknowledged command is there whole and as printed; of the others all or nothing; no
/// number twice.
fn judge(store: &Store, book: &Book) -> Result<Found, Harm> {
    let mut found = Found::default();
    let mut given = BTreeSet::new();
    for (command, act) in &book.acts {
        let mut there = BTreeMap::new();
        let mut printed = None;
        for entity in act.events.keys() {
            let events = store
                .read(|read| read.events_of(*entity))
                .map_err(|e| Harm::Corrupt(e.to_string()))?;
            for event in events.iter().filter(|e| e.header.command_id == *command) {
                *there.entry(*entity).or_insert(0) += 1;
                printed = printed.or(number(&event.header.kind, &event.body));
            }
        }
        let whole = there == act.events;
        match (whole, there.is_empty(), act.acked) {
            (true, _, true) => found.acked += 1,
            (true, _, false) => found.unacked += 1,
            (false, true, true) => return Err(Harm::Lost(format!("{act:?}"))),
            (false, true, false) => {}
            (false, false, _) => return Err(Harm::Half(format!("{there:?} of {act:?}"))),
        }
        if act.acked && act.printed != printed {
            return Err(Harm::Lost(format!("{printed:?} is stored for {act:?}")));
        }
        if let Some(number) = printed
            && !given.insert(number.clone())
        {
            return Err(Harm::Corrupt(format!("{number} was given twice")));
        }
    }
    Ok(found)
}

/// The number that an event gives to a citizen.
fn number(kind: &str, body: &[u8]) -> Option<String> {
    match Body::decode(kind, body)? {
        Body::Visit(VisitEvent::Registered(r)) => r.ticket.map(|t| t.label()),
        Body::Case(CaseEvent::Received(received)) => Some(received.code),
        Body::Visit(_) | Body::Case(_) | Body::Counter(_) | Body::Branch(_) => None,
    }
}

/// powersync-sqlite-core #162: killed during a write, and a counter stood ahead of an empty queue.
#[test]
fn t_kill_a_power_cut_takes_back_nothing_that_was_acknowledged() {
    run_cuts(&Counter, Trial::from_env(100)).assert_unharmed();
}

#[test]
fn errors_and_a_full_disk_are_refused_with_a_code_and_leave_nothing_half_written() {
    for fault in [Fault::ChangeError, Fault::DiskFull, Fault::ReadError] {
        for lasting in [Lasting::Once, Lasting::Persistently] {
            run_faults(&Counter, fault, lasting, Trial::from_env(20)).assert_unharmed();
        }
    }
}

/// The same proof on a disk that lies: it must not hold, or it proves nothing.
#[test]
fn on_a_disk_that_lies_about_sync_the_store_is_caught_losing_records() {
    let trial = Trial {
        runs: 40,
        lying_sync: true,
        ..Trial::from_env(100)
    };
    let report = run_cuts(&Counter, trial);
    assert!(report.lost() > 0, "{report}");
}
