//! What a hub and its counters need of the application beside its commands: the store behind it,
//! screens told of what came from elsewhere, devices introduced, numbers leased.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, PoisonError},
};

use chrono::{Datelike, Days, NaiveDate};
use motcua_domain::{
    Code,
    branch::Role,
    visit::{Act, State},
};
use motcua_protocol::{
    event::{Body, BranchEvent, DeviceIntroduced, Header},
    look_up::{Ask, Told},
    sync::{Limits, LogHead, Sealed},
};
use motcua_store::{
    Moment, Options, Store, Stored, Write,
    table::{
        branch::device_entity,
        lease::{BOOK, DAYS_AHEAD, case_series, slip},
    },
};
use uuid::Uuid;

use crate::{
    App, LinkState, Result, Settings, change::Topic, clock::Clock, codes, open::SYSTEM,
    registry::Ctx, verbs::leg,
};

/// A counter whose block has fewer numbers left gets another.
const LOW: u32 = 10;

/// Under this name the store keeps what it knows of the hub.
pub const HUB: &str = "hub";
/// And under this one what it knows of central.
pub const CENTRAL: &str = "central";

/// A log of which a peer does not have everything.
#[derive(Debug, Clone, Copy)]
pub struct Owed {
    /// Its end here.
    pub log: LogHead,
    /// Up to where the peer has it, as far as is known.
    pub there: u64,
    /// How many events it lacks.
    pub events: u64,
    /// Some of it stands again in a later epoch, and is not counted.
    pub again: bool,
    /// The peer has something else under these numbers: its owner has to join the two ways first.
    pub parted: bool,
}

/// The line to central, as the application sees it.
pub trait CentralLink: std::fmt::Debug + Send + Sync {
    /// What is known of the line.
    fn state(&self, app: &App) -> LinkState;
    /// Why central gives this branch no case codes, where it will not.
    fn codes_refused(&self) -> Option<motcua_protocol::ApiError> {
        None
    }
    /// Tries now, because a person says so: the pauses begin anew.
    fn send_now(&self, app: &App);
    /// Fetches a file of a paper that another machine scanned; true once it lies here.
    fn fetch(&self, _app: &App, _hash: &str, _bytes: u64) -> bool {
        false
    }
    /// Has central ask a register; comes back within a few seconds, whatever the line does.
    fn look_up(&self, ask: &Ask) -> Told;
}

/// The day under which a year's series stands.
pub(crate) fn year_of(date: NaiveDate) -> NaiveDate {
    NaiveDate::from_ymd_opt(date.year(), 1, 1).unwrap_or(date)
}

/// Numbers below this are given by a hub that knows of every other; whoever cannot be sure gives
/// from a hundred of its own.
const ORDINARY_DEVICES: u16 = 100;

/// Whether an event brings somebody to a desk.
fn brings(header: &Header) -> bool {
    matches!(
        header.kind.as_str(),
        "leg.called" | "leg.returned" | "leg.resumed"
    )
}

/// The number of a new machine: once given, it is nobody else's.
fn next_number(tx: &Write<'_>, known: &[DeviceIntroduced]) -> Result<u16> {
    let (device, epoch) = tx.place();
    let read = tx.read();
    let sure = read.gives_ordinary(device, tx.date(), 0)?
        && !read.may_have_forgotten(device, epoch, tx.date(), 0)?;
    let before = match read.device_number(device)? {
        Some(own) if !sure => own % ORDINARY_DEVICES * ORDINARY_DEVICES,
        _ => 0,
    };
    let range = before..before + ORDINARY_DEVICES;
    let last = known
        .iter()
        .map(|d| d.number)
        .filter(|n| range.contains(n))
        .max();
    Ok(last.unwrap_or(before) + 1)
}

impl App {
    /// An application on a new, empty store: a counter before it has heard anything of its branch.
    ///
    /// # Errors
    /// `BRANCH_EXISTS`, and those of the store.
    pub fn empty(
        settings: Settings,
        clock: impl Clock + 'static,
        device: Uuid,
    ) -> Result<Arc<Self>> {
        let options = Options {
            device: Some(device),
            ..settings.options()
        };
        let store = Store::create(&settings.dir, clock.moment(), options)?;
        Ok(Self::start(store, settings, clock))
    }

    /// The store behind the commands.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What the machine's clocks say.
    pub fn moment(&self) -> Moment {
        self.clock.moment()
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.settings.dir
    }

    /// The line to central, where there is one.
    pub fn central(&self) -> Option<Arc<dyn CentralLink>> {
        let central = self.central.read();
        central.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives the application a line to central.
    pub fn set_central(&self, central: Option<Arc<dyn CentralLink>>) {
        let now = self.central.write();
        *now.unwrap_or_else(PoisonError::into_inner) = central;
        self.link_changed();
    }

    /// Short name of the office, as others are to know this branch.
    ///
    /// # Errors
    /// `NO_BRANCH`, and those of the store.
    pub fn office_name(&self) -> Result<String> {
        Ok(self.branch()?.office.name.clone())
    }

    /// How many events a peer does not have, of this device or of `all`, and when the oldest of
    /// them was written.
    ///
    /// # Errors
    /// Those of the store.
    pub fn unsent(&self, peer: &str, all: bool) -> Result<(u64, Option<i64>)> {
        let mut unsent = 0;
        let mut oldest: Option<i64> = None;
        let one = Limits {
            events: 1,
            ..Limits::default()
        };
        for owed in self.owed(Some(peer), all)? {
            let LogHead { device, head } = owed.log;
            unsent += owed.events;
            let next = (self.store).events_after(device, head.epoch, owed.there, &one)?;
            let at = next.first().map(|e| e.header.wall_ms);
            oldest = oldest.into_iter().chain(at).min();
        }
        Ok((unsent, oldest))
    }

    /// Logs of which a peer does not have everything, of this device or of `all`; every log where
    /// there is no peer.
    ///
    /// # Errors
    /// Those of the store.
    pub fn owed(&self, peer: Option<&str>, all: bool) -> Result<Vec<Owed>> {
        let acked = match peer {
            Some(peer) => self.store.peer(peer)?.heads,
            None => Vec::new(),
        };
        let mut owed = Vec::new();
        for log in self.store.heads((!all).then(|| self.store.device()))? {
            let (device, epoch) = (log.device, log.head.epoch);
            // What it has under the numbers behind that place is something else.
            let parted = self.store.parted_at(device, epoch)?;
            let there = acked
                .iter()
                .find(|a| a.device == device && a.head.epoch == epoch)
                .map_or(0, |a| a.head.seq)
                .min(parted.unwrap_or(u64::MAX));
            if there >= log.head.seq {
                continue;
            }
            let again = self.store.closed_at(device, epoch)?.is_some();
            let events = match again {
                false => log.head.seq - there,
                // Sent again in a later epoch, it is counted there.
                true => self.store.only_in(device, epoch, there)?,
            };
            if events > 0 {
                owed.push(Owed {
                    log,
                    there,
                    events,
                    again,
                    parted: parted.is_some() && !again,
                });
            }
        }
        Ok(owed)
    }

    /// What came in from other machines: the screens are told, and a hub takes back what nobody
    /// ever saw.
    pub fn took(&self, events: &[Sealed]) {
        if let Err(error) = self.withdraw_unseen(events) {
            tracing::warn!(%error, "what nobody saw was not taken back");
        }
        let topics: BTreeSet<u8> = events
            .iter()
            .filter_map(|e| match e.header.kind.split('.').next()? {
                "visit" | "leg" | "counter" => Some(0),
                "case" | "fee" => Some(1),
                "notice" => Some(6),
                "branch" | "device" => Some(2),
                "hub" => Some(5),
                "procedure" => Some(3),
                "bundle" | "calendar" => Some(7),
                "day" | "rating" | "complaint" => Some(4),
                _ => None,
            })
            .collect();
        let topics = topics
            .into_iter()
            .flat_map(|t| match t {
                0 => vec![Topic::Queue, Topic::Day],
                1 => vec![Topic::Cases, Topic::Notices],
                6 => vec![Topic::Notices],
                2 => vec![Topic::Branch],
                3 => vec![Topic::Catalogue],
                7 => vec![Topic::Branch, Topic::Queue, Topic::Sync],
                5 => vec![Topic::Branch, Topic::Sync],
                _ => vec![Topic::Day],
            })
            .collect();
        self.tell(topics);
        // A block for cases that wait for a code may be among it, or have come before a crash.
        if let Err(error) = self.give_final_codes() {
            tracing::warn!(%error, "final codes were not given");
        }
    }

    /// Tells the screens that the hub went away or came back.
    pub fn link_changed(&self) {
        self.tell(vec![Topic::Sync]);
    }

    /// Vouches for a device: a number for ever, and the certificate by which it is known.
    ///
    /// # Errors
    /// Those of the store.
    pub fn introduce(
        &self,
        device: Uuid,
        name: &str,
        fingerprint: &str,
    ) -> Result<DeviceIntroduced> {
        let introduced = self.store.write(&self.system(), |tx| {
            let known = tx.read().devices()?;
            let before = known.iter().find(|d| d.device == device);
            let number = match before {
                Some(before) => before.number,
                None => next_number(tx, &known)?,
            };
            let introduced = DeviceIntroduced {
                device,
                number,
                name: name.to_owned(),
                fingerprint: fingerprint.to_owned(),
            };
            if before != Some(&introduced) {
                let body = Body::Branch(BranchEvent::Device(introduced.clone()));
                tx.append(device_entity(device), &body)?;
            }
            Ok(introduced)
        })?;
        self.tell(vec![Topic::Branch]);
        Ok(introduced)
    }

    /// At the hub: a counter that got no answer in time went on alone, and what was done here for
    /// it nobody ever saw. The number that nobody got is taken back, and so is the call of somebody
    /// whom a counter never heard it was given: it has called another person since.
    fn withdraw_unseen(&self, events: &[Sealed]) -> Result<()> {
        if self.link().is_some() || !self.is_hub()? {
            return Ok(());
        }
        for event in events {
            let header = &event.header;
            match header.kind.as_str() {
                "visit.registered" => self.withdraw_number(header)?,
                _ if brings(header) => self.withdraw_call(header)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Of the numbers of one command all but one: the counter's own, which its officer was told,
    /// or else the one that was given here, by whom the counter was answered last.
    fn withdraw_number(&self, header: &Header) -> Result<()> {
        let given = self
            .store
            .read(|read| read.registered_by(header.command_id))?;
        let own = given
            .iter()
            .find(|(.., registered)| registered.via.is_none());
        let here = || {
            given
                .iter()
                .find(|(_, device, _)| *device == self.store.device())
        };
        let Some((told, ..)) = own.or_else(here) else {
            return Ok(());
        };
        for (visit, _, registered) in &given {
            if visit != told && registered.via.is_some() {
                let standing = self.store.read(|read| read.visit(*visit))?;
                let act = match standing.map(|visit| visit.state()) {
                    Some(State::Booked) => Act::Cancel {
                        reason:
                            "Quầy không nhận được trả lời nên đã đặt lịch hẹn khác thay lịch này."
                                .to_owned(),
                    },
                    _ => Act::Void {
                        reason:
                            "Quầy không nhận được trả lời nên đã cấp số khác cho cùng lượt này."
                                .to_owned(),
                    },
                };
                self.withdraw(*visit, act)?;
            }
        }
        Ok(())
    }

    fn withdraw_call(&self, header: &Header) -> Result<()> {
        let unheard = self.store.read(|read| {
            let hubs = read.hubs()?;
            let Some(visit) = read.visit(header.entity)? else {
                return Ok(Vec::new());
            };
            let at_desk = matches!(visit.state(), State::Called | State::Serving);
            let Some(counter) = visit.leg().counter.filter(|_| at_desk) else {
                return Ok(Vec::new());
            };
            // A counter has one person at a time. Where it brought somebody to its desk itself, it
            // had not heard of whom a hub called there: whichever of the two is heard of first.
            let by_hub = |event: &Stored| hubs.contains_key(&event.header.device);
            let mut unheard = Vec::new();
            let mut brought_alone = false;
            let mut untouched = false;
            for row in read.visits_at_counters(visit.date)? {
                if row.visit.leg().counter != Some(counter) {
                    continue;
                }
                let events = read.events_of(row.id)?;
                let called = row.visit.state() == State::Called;
                let (Some(last), Some(brought)) =
                    (events.last(), events.iter().rfind(|e| brings(&e.header)))
                else {
                    continue;
                };
                if row.id == header.entity {
                    untouched = called && by_hub(last);
                    continue;
                }
                brought_alone |= !by_hub(brought);
                // Whoever was called by a hub and not touched by the counter since.
                if called && by_hub(last) && last.header.device != header.device {
                    unheard.push(row.id);
                }
            }
            if untouched && brought_alone {
                unheard.push(header.entity);
            }
            Ok(unheard)
        })?;
        unheard
            .into_iter()
            .try_for_each(|visit| self.withdraw(visit, Act::CallUnheard))
    }

    fn withdraw(&self, visit: Uuid, act: Act) -> Result<()> {
        let branch = self.branch()?;
        let ctx = Ctx {
            branch,
            roles: vec![Role::Supervisor, Role::Admin],
            officer: SYSTEM.to_owned(),
            alone: None,
            via: None,
        };
        let taken = self
            .store
            .write(&self.system(), |tx| leg::act(&ctx, tx, visit, act, None));
        match taken {
            Ok(_) => self.tell(vec![Topic::Queue, Topic::Day]),
            // Called meanwhile, or taken back before: a person sees it in the queue.
            Err(error) => tracing::info!(%error, %visit, "left as it is"),
        }
        Ok(())
    }

    /// At the hub: sees to it that a device has numbers enough to go on alone for a while.
    ///
    /// # Errors
    /// Those of the store.
    pub fn provide(&self, device: Uuid) -> Result<()> {
        if !self.is_hub()? {
            return Ok(());
        }
        let heads = self.store.heads(Some(device))?;
        let Some(epoch) = heads.iter().map(|h| h.head.epoch).max() else {
            return Ok(());
        };
        let agency = case_series(&self.branch()?.office.code);
        let today = self.today()?;
        let mut wanted = Vec::new();
        for ahead in 0..=DAYS_AHEAD {
            let date = today.checked_add_days(Days::new(ahead)).unwrap_or(today);
            wanted.push((agency.clone(), date));
            for series in [BOOK].into_iter().chain(slip::ALL) {
                wanted.push((series.to_owned(), year_of(date)));
            }
        }
        wanted.sort();
        wanted.dedup();
        let short = self.store.read(|read| {
            let mut short = Vec::new();
            // Cases of former days may still wait for their code.
            let owed = codes::owed(read, device)?;
            for (date, cases) in owed.into_iter().filter(|(date, _)| *date < today) {
                for (series, date) in [(agency.clone(), date), (BOOK.to_owned(), year_of(date))] {
                    let left = read.numbers_left(&series, date, device, epoch)?;
                    if left < cases && !wanted.contains(&(series.clone(), date)) {
                        short.push((series, date));
                    }
                }
            }
            for (series, date) in wanted {
                if read.numbers_left(&series, date, device, epoch)? < LOW {
                    short.push((series, date));
                }
            }
            Ok(short)
        })?;
        if short.is_empty() {
            return Ok(());
        }
        self.store.write(&self.system(), |tx| {
            for (series, date) in &short {
                match tx.lease(series, *date, device, epoch) {
                    // One series at its end keeps no other from being filled.
                    Err(error) if error.code() == Code::NumbersExhausted => {
                        tracing::warn!(series, %date, "no block left");
                    }
                    leased => drop(leased?),
                }
            }
            Ok(())
        })
    }
}
