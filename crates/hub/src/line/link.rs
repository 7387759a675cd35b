//! How the application uses the line: commands for the hub, own events out, news in.
//!
//! A counter decides within three seconds whether it works with the hub or alone: a question has
//! [`BUDGET`], and after silence the hub counts as away for a few seconds, so that not every
//! command waits anew. An address where nobody listens answers at once and needs no memory.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use motcua_app::{App, Asked, HUB, HubLink, LinkState, Order};
use motcua_domain::{Code, Refusal};
use motcua_protocol::look_up::{self, Ask, Told};
use motcua_protocol::sync::{EpochHead, Hash, Limits, LogHead, RefusedWhy};
use motcua_sync::{Answer, Config, Engine, Failure, Fault, Input, Request, Wake, fault_text};
use uuid::Uuid;

use super::{
    Paired,
    bell::Bell,
    http::{Http, Lost},
    live,
    other_clock::OtherClock,
    session,
    session::{Peer, Synced},
    talk::{self, No, Wire},
};
use crate::{
    discovery,
    identity::{Fingerprint, Identity},
    role, succession, tls,
    wire::{CommandAsk, CommandTold, Decided},
};

/// For a question on which an officer waits.
const BUDGET: Duration = Duration::from_millis(2_300);
/// For work that nobody waits for.
const SESSION: Duration = Duration::from_secs(600);
/// How long silence is remembered.
const AWAY_MS: i64 = 4_000;
/// How long announcements are listened for, how many places are tried, and how long each.
const LOOK: Duration = Duration::from_secs(2);
const MOST_TRIES: usize = 8;
const TRY: Duration = Duration::from_secs(2);
const AWAY_FILE: &str = "hub-away";
const PEER: Peer = Peer {
    name: HUB,
    all: false,
};

#[derive(Debug, Default)]
struct Seen {
    /// `None` before the first word.
    here: Option<bool>,
    fault: Option<Fault>,
    foreign: bool,
    away_until_ms: i64,
}

/// The line of a folder to its hub.
#[derive(Debug)]
pub struct Line {
    dir: PathBuf,
    paired: Paired,
    /// Where it was found, if not where it was paired.
    moved: Mutex<Option<String>>,
    pub(super) wire: Box<dyn Wire>,
    /// Files of papers go over a line of their own.
    pub(super) files: Option<Http>,
    /// And whose logs it brings beside its own.
    engine: Mutex<Option<(Vec<Uuid>, Engine)>>,
    seen: Mutex<Seen>,
    clock: OtherClock,
    /// Lives as long as the application, and is told by the hub when there is news.
    background: bool,
    pub(super) bell: Bell,
    /// No longer the application's line.
    detached: AtomicBool,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Whether something came of a step, or why not.
type Step<T = ()> = Result<T, No>;

impl Line {
    /// The line of a folder; `None` where the folder is no counter. With `background` it lives as
    /// long as the application does.
    ///
    /// # Errors
    /// What the folder remembers cannot be read.
    pub fn of_folder(dir: &Path, background: bool) -> io::Result<Option<Arc<Self>>> {
        match role::counter_of(dir)? {
            Some(paired) => Ok(Some(Arc::new(Self::new(dir, paired, background)?))),
            None => Ok(None),
        }
    }

    pub(crate) fn new(dir: &Path, paired: Paired, background: bool) -> io::Result<Self> {
        let identity = Identity::of_folder(dir)?;
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "hub.json");
        let pin = Fingerprint::parse(&paired.fingerprint).ok_or_else(broken)?;
        let host = super::http::host_of(&paired.url).ok_or_else(broken)?;
        let tls = tls::client(&identity, Some(pin)).map_err(io::Error::other)?;
        let branch = paired.branch.to_string();
        let http = |host| Http::new(host, Some(branch.clone()), tls.clone());
        let (http, files) = (http(host.clone())?, http(host)?);
        let line = Self::over(dir, paired, background, Box::new(http));
        Ok(Self {
            files: Some(files),
            ..line
        })
    }

    /// The line over whatever carries it.
    pub(crate) fn over(dir: &Path, paired: Paired, background: bool, wire: Box<dyn Wire>) -> Self {
        let away = fs::read_to_string(dir.join(AWAY_FILE)).ok();
        Self {
            wire,
            files: None,
            engine: Mutex::new(None),
            seen: Mutex::new(Seen {
                away_until_ms: away.and_then(|a| a.trim().parse().ok()).unwrap_or(0),
                ..Seen::default()
            }),
            clock: OtherClock::default(),
            dir: dir.to_owned(),
            paired,
            moved: Mutex::new(None),
            background,
            bell: Bell::default(),
            detached: AtomicBool::new(false),
            threads: Mutex::default(),
        }
    }

    /// Everything sent and fetched now.
    ///
    /// # Errors
    /// Never; what went wrong stands in the answer.
    pub fn sync(&self, app: &App) -> Synced {
        let kept = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        let synced = self.session(app, kept, SESSION);
        if synced.last_error.is_none() && !self.background {
            self.send_files(app);
        }
        synced
    }

    /// The same for an officer who waits: false when it could not be done in time, for example
    /// because another session hangs on a hub that has just gone silent.
    fn sync_within(&self, app: &App, until: Instant) -> bool {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.engine.try_lock() {
                Ok(kept) => return self.session(app, kept, left).last_error.is_none(),
                Err(TryLockError::Poisoned(kept)) => {
                    return self
                        .session(app, kept.into_inner(), left)
                        .last_error
                        .is_none();
                }
                Err(TryLockError::WouldBlock) if left.is_zero() => return false,
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    fn session(
        &self,
        app: &App,
        mut kept: MutexGuard<'_, Option<(Vec<Uuid>, Engine)>>,
        budget: Duration,
    ) -> Synced {
        let seed = app.moment().wall_ms.unsigned_abs();
        // Hubs may have followed each other since the last session.
        let also = brought(app, self.paired.hub);
        if kept.as_ref().is_some_and(|(brings, _)| *brings != also) {
            *kept = None;
        }
        let (_, engine) = kept.get_or_insert_with(|| {
            let config = Config {
                also: also.clone(),
                ..Config::hub(app.store().device())
            };
            (also, Engine::new(config, seed))
        });
        let say = |request: &Request, patience| self.wire.ask(request, patience);
        let synced = session::run(app, PEER, &say, engine, budget, Input::Wake(Wake::Now));
        let fault = engine.status().last_error;
        self.clock.hears(engine.status().skew_ms, app.moment());
        drop(kept);
        match fault {
            None => self.hears(),
            Some(fault) => self.fails(fault, app.moment().wall_ms, false),
        }
        synced
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_detached(&self) -> bool {
        self.detached.load(Ordering::SeqCst)
    }

    /// What the folder remembers of the hub, at the address where it was last reached.
    pub fn paired(&self) -> Paired {
        let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        Paired {
            url: moved.as_ref().unwrap_or(&self.paired.url).clone(),
            ..self.paired.clone()
        }
    }

    /// Looks for the hub on the network: its address may have changed, or another machine taken its
    /// place. An announcement is a hint: the address is believed when the paired certificate answers
    /// there, and a successor when it is a machine of this branch whose log says so.
    pub(super) fn look_around(&self, app: &App) -> bool {
        let Some(pin) = Fingerprint::parse(&self.paired.fingerprint) else {
            return false;
        };
        let term = app.hub().ok().flatten().map_or(0, |hub| hub.term.into());
        let seen = discovery::of(self.paired.branch, LOOK, |said| {
            said.fingerprint == pin || said.term > term
        });
        let (own, others): (Vec<_>, Vec<_>) = seen
            .into_iter()
            .partition(|seen| seen.said.fingerprint == pin);
        for discovery::Seen { at, .. } in own.into_iter().take(MOST_TRIES) {
            if self.is_detached() {
                return false;
            }
            if self.wire.moves_to(&at.to_string(), TRY) {
                self.remember(app, &format!("https://{at}"));
                return true;
            }
        }
        for discovery::Seen { at, .. } in others.into_iter().take(MOST_TRIES) {
            if self.is_detached() {
                return false;
            }
            // What it brings is in the log then, and the machine follows its log.
            if succession::consider(app, &self.dir, &format!("https://{at}"), TRY).is_ok() {
                return true;
            }
        }
        false
    }

    fn remember(&self, app: &App, url: &str) {
        tracing::info!(url, "hub found at another address");
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(url.to_owned());
        // While this is still the line, nobody else writes who the hub is.
        let kept = app.while_linked(self, || self.paired().keep(&self.dir));
        if let Some(Err(error)) = kept {
            tracing::warn!(%error, "new address of the hub not remembered");
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hears(&self) {
        let mut seen = self.seen();
        if seen.away_until_ms != 0 {
            // Where it is gone already, it says the same.
            fs::remove_file(self.dir.join(AWAY_FILE)).ok();
        }
        *seen = Seen {
            here: Some(true),
            ..Seen::default()
        };
    }

    fn fails(&self, fault: Fault, now_ms: i64, silent: bool) {
        let mut seen = self.seen();
        seen.here = Some(false);
        seen.fault = Some(fault);
        if silent {
            seen.away_until_ms = now_ms + AWAY_MS;
            // Only spares the next process a wait.
            fs::write(self.dir.join(AWAY_FILE), seen.away_until_ms.to_string()).ok();
        }
    }

    /// Whether silence was met a moment ago. A time far ahead is a clock that was set back.
    fn is_away(&self, now_ms: i64) -> bool {
        let until = self.seen().away_until_ms;
        now_ms < until && until - now_ms <= AWAY_MS
    }

    pub(super) fn missed(&self, no: &No, now_ms: i64) {
        let (fault, silent) = match no {
            No::Lost(Lost::Offline) => (Fault::Offline, false),
            No::Lost(Lost::Timeout) => (Fault::Timeout, true),
            No::Lost(Lost::Foreign) => (Fault::WrongBranch, false),
            No::Lost(Lost::Unknown) => (Fault::UnknownDevice, false),
            No::Strange(Failure::CaptivePortal) => (Fault::CaptivePortal, false),
            No::Strange(_) => (Fault::Malformed, false),
            No::Refused(refused) => (
                match refused.code {
                    RefusedWhy::UnknownDevice => Fault::UnknownDevice,
                    RefusedWhy::WrongBranch => Fault::WrongBranch,
                    RefusedWhy::Proto => Fault::Proto,
                    RefusedWhy::Unauthorized | RefusedWhy::Unsigned => Fault::Unauthorized,
                    RefusedWhy::Fork | RefusedWhy::Gap => Fault::Fork,
                    _ => Fault::Busy,
                },
                false,
            ),
        };
        self.fails(fault, now_ms, silent);
        self.seen().foreign = matches!(no, No::Lost(Lost::Foreign));
    }

    /// The end of this device's own log.
    fn head(app: &App) -> motcua_store::Result<Option<LogHead>> {
        let epoch = app.store().epoch();
        let heads = app.store().heads(Some(app.store().device()))?;
        Ok(heads.into_iter().find(|h| h.head.epoch == epoch))
    }

    /// Sends what the hub is not known to have. `Ok(false)`: a whole session is needed.
    pub(super) fn push(&self, app: &App, until: Instant) -> Step<bool> {
        let Ok(Some(head)) = Self::head(app) else {
            return Ok(true);
        };
        loop {
            let Ok(peer) = app.store().peer(HUB) else {
                return Ok(true);
            };
            let acked = peer
                .heads
                .iter()
                .find(|h| h.device == head.device && h.head.epoch == head.head.epoch);
            // Nothing known of this epoch: where it began is for the engine to find out.
            let Some(acked) = acked else { return Ok(false) };
            if acked.head.seq >= head.head.seq {
                return Ok(true);
            }
            let (device, epoch) = (head.device, head.head.epoch);
            let events =
                app.store()
                    .events_after(device, epoch, acked.head.seq, &Limits::default());
            let Ok(events) = events else { return Ok(true) };
            if events.first().map(|e| e.prev_hash) != Some(acked.head.hash.0) {
                return Ok(false);
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.wire.ask(&Request::Push(events), left) {
                Ok(Answer::Push(answer)) => {
                    let heads = [LogHead {
                        device: answer.acked.device,
                        head: answer.acked.head,
                    }];
                    let at = app.moment().wall_ms;
                    let noted = app.store().note_peer(HUB, &heads, &answer.results, at);
                    if noted.is_err() || answer.acked.head.seq <= acked.head.seq {
                        return Ok(false);
                    }
                }
                Ok(_) => return Ok(false),
                Err(No::Refused(refused))
                    if matches!(refused.code, RefusedWhy::Fork | RefusedWhy::Gap) =>
                {
                    return Ok(false);
                }
                Err(no) => return Err(no),
            }
        }
    }

    /// Fetches what is new. `Ok(false)`: a whole session is needed.
    pub(super) fn pull(&self, app: &App, until: Instant) -> Step<bool> {
        loop {
            let Ok(peer) = app.store().peer(HUB) else {
                return Ok(true);
            };
            let request = Request::Feed {
                cursor: peer.cursor,
            };
            let left = until.saturating_duration_since(Instant::now());
            let Answer::Feed { server_epoch, page } = self.wire.ask(&request, left)? else {
                return Ok(false);
            };
            if peer.server_epoch.as_deref() != Some(server_epoch.as_str()) {
                return Ok(false);
            }
            if page.events.is_empty() && page.next == peer.cursor {
                return Ok(true);
            }
            let at = app.moment().wall_ms;
            let Ok(done) = app.store().ingest_page(HUB, &server_epoch, &page, at) else {
                return Ok(true);
            };
            if done.stored > 0 {
                app.took(&page.events);
            }
            if !done.unfit.is_empty() {
                return Ok(false);
            }
            if !page.more {
                return Ok(true);
            }
        }
    }

    /// Sends and fetches by the short way, or by a whole session where that is needed.
    pub(super) fn exchange(&self, app: &App, budget: Duration) -> bool {
        let until = Instant::now() + budget;
        let both = self
            .push(app, until)
            .and_then(|whole| Ok(whole && self.pull(app, until)?));
        match both {
            Ok(true) => {
                self.hears();
                true
            }
            Ok(false) => self.sync_within(app, until),
            Err(no) => {
                self.missed(&no, app.moment().wall_ms);
                false
            }
        }
    }

    fn try_ask(&self, app: &App, order: &Order<'_>) -> Step<Asked> {
        let until = Instant::now() + BUDGET;
        if !self.push(app, until)? && !self.sync_within(app, until) {
            return Err(Lost::Timeout.into());
        }
        for last in [false, true] {
            let fault = |_| No::Strange(Failure::Server);
            let head = Self::head(app).map_err(fault)?;
            let peer = app.store().peer(HUB).map_err(fault)?;
            let ask = CommandAsk {
                command_id: order.command_id,
                name: order.name.to_owned(),
                args: order.args.clone(),
                officer: order.officer.map(str::to_owned),
                head: head.map_or(
                    EpochHead {
                        epoch: 1,
                        seq: 0,
                        hash: Hash([0; 32]),
                    },
                    |h| h.head,
                ),
                cursor: peer.cursor,
                server_epoch: peer.server_epoch,
            };
            let left = until.saturating_duration_since(Instant::now());
            match self.wire.command(&ask, left) {
                Ok(decided) => return self.decided(app, order, decided).map_err(fault),
                // The hub has lost what it had of our log, or never had it.
                Err(No::Refused(refused)) if refused.code == RefusedWhy::Gap && !last => {
                    if !self.sync_within(app, until) {
                        return Err(Lost::Timeout.into());
                    }
                }
                Err(no) => return Err(no),
            }
        }
        Err(No::Strange(Failure::Malformed))
    }

    /// Stores what the hub recorded before anybody is told what it decided.
    fn decided(
        &self,
        app: &App,
        order: &Order<'_>,
        decided: Decided,
    ) -> motcua_store::Result<Asked> {
        let Decided {
            told,
            server_epoch,
            page,
        } = decided;
        let (store, at) = (app.store(), app.moment().wall_ms);
        let done = match &told {
            CommandTold::Done(answer) => store.ingest_answer(
                HUB,
                &server_epoch,
                &page,
                at,
                order.command_id,
                &order.done(answer),
            )?,
            CommandTold::Refused(_) => store.ingest_page(HUB, &server_epoch, &page, at)?,
        };
        if done.stored > 0 {
            app.took(&page.events);
        }
        if !done.unfit.is_empty() {
            self.sync(app);
        } else if page.more {
            self.exchange(app, SESSION);
        }
        Ok(Asked::Answered(match told {
            CommandTold::Done(answer) => Ok(answer),
            CommandTold::Refused(error) => Err(error),
        }))
    }

    fn refusal(fault: Fault, foreign: bool) -> Option<Refusal> {
        let code = match fault {
            Fault::WrongBranch if foreign => Code::HubForeign,
            Fault::WrongBranch => Code::BranchOther,
            Fault::UnknownDevice | Fault::Unauthorized => Code::DeviceUnknown,
            Fault::Proto => Code::ProtocolOther,
            _ => return None,
        };
        Some(Refusal::new(code, words(fault, foreign)))
    }
}

/// The usual port of a hub.
const PORT: u16 = 7420;

/// This machine's own address in the network in which the hub is, or was.
fn own_address(hub: &str) -> Option<SocketAddr> {
    let host = super::http::host_of(hub)?;
    // Nothing is sent: the system only looks up the way.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(host).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    Some(SocketAddr::new(ip, PORT))
}

/// Whose logs a counter brings to its hub beside its own: the hub's, and those of former hubs.
fn brought(app: &App, hub: Uuid) -> Vec<Uuid> {
    let hubs = app
        .store()
        .read(|read| read.hubs())
        .unwrap_or_else(|error| {
            tracing::warn!(%error, "former hubs");
            std::collections::BTreeMap::default()
        });
    let own = app.store().device();
    let mut brought: Vec<Uuid> = hubs.into_keys().filter(|d| *d != own).collect();
    if !brought.contains(&hub) {
        brought.push(hub);
    }
    brought
}

/// The sentence of a fault; a certificate that is not the hub's has one of its own.
fn words(fault: Fault, foreign: bool) -> &'static str {
    if foreign {
        "Máy trả lời ở địa chỉ của máy chủ quầy không phải máy chủ đã ghép, nên không gửi gì cho nó. Bản ghi vẫn an toàn trên máy này. Mời báo người quản trị."
    } else {
        fault_text(fault)
    }
}

impl HubLink for Line {
    fn look_up(&self, app: &App, ask: &Ask) -> Told {
        if self.is_away(app.moment().wall_ms) {
            return Told::unavailable(look_up::NO_LINE);
        }
        talk::looked_up(&*self.wire, ask)
    }

    fn number(&self) -> u16 {
        self.paired.number
    }

    fn hub(&self) -> Uuid {
        self.paired.hub
    }

    fn attached(self: Arc<Self>, app: &Arc<App>) {
        if self.background {
            self.threads().extend(live::start(app, &self));
        }
    }

    fn detached(&self) {
        self.detached.store(true, Ordering::SeqCst);
        self.wire.close();
        self.bell.ring();
        let threads = std::mem::take(&mut *self.threads());
        let here = thread::current().id();
        // One that found out by itself that the hub is another ends when it comes back.
        let by_itself = threads.iter().any(|t| t.thread().id() == here);
        for thread in threads {
            if thread.thread().id() != here && thread.join().is_err() {
                tracing::error!("a thread of the line panicked");
            }
        }
        if !by_itself {
            // A session that somebody asked for, between two of its steps.
            drop(self.engine.lock());
        }
        // It speaks of the hub that was.
        fs::remove_file(self.dir.join(AWAY_FILE)).ok();
    }

    fn ask(&self, app: &App, order: &Order<'_>) -> Asked {
        if self.is_away(app.moment().wall_ms) {
            return Asked::Away;
        }
        match self.try_ask(app, order) {
            Ok(asked) => {
                self.hears();
                asked
            }
            Err(no) => {
                tracing::info!(?no, "hub does not answer");
                self.missed(&no, app.moment().wall_ms);
                let (fault, foreign) = {
                    let seen = self.seen();
                    (seen.fault, seen.foreign)
                };
                match fault.and_then(|fault| Self::refusal(fault, foreign)) {
                    Some(refusal) => Asked::Refused(refusal),
                    None => Asked::Away,
                }
            }
        }
    }

    fn wrote(&self, app: &App) {
        if self.background {
            return self.bell.ring();
        }
        let now_ms = app.moment().wall_ms;
        if self.is_away(now_ms) || self.seen().here == Some(false) {
            return;
        }
        match self.push(app, Instant::now() + BUDGET) {
            Ok(true) => self.hears(),
            Ok(false) => {
                self.sync_within(app, Instant::now() + BUDGET);
            }
            Err(no) => self.missed(&no, now_ms),
        }
    }

    fn refresh(&self, app: &App, must: bool) -> bool {
        if self.background && !must || self.is_away(app.moment().wall_ms) {
            return false;
        }
        self.exchange(app, BUDGET)
    }

    fn fetch(&self, app: &App, hash: &str, bytes: u64) -> bool {
        self.fetch_file(app, hash, bytes)
    }

    fn send_now(&self, app: &App) {
        self.seen().away_until_ms = 0;
        if self.background {
            self.bell.ring();
        } else {
            self.sync(app);
        }
    }

    fn own_address(&self) -> Option<SocketAddr> {
        own_address(&self.paired.url)
    }

    fn state(&self, app: &App) -> LinkState {
        let peer = app.store().peer(HUB).unwrap_or_default();
        let seen = self.seen();
        LinkState {
            here: seen.here.unwrap_or(true),
            last_error: seen.fault.map(|f| words(f, seen.foreign).to_owned()),
            next_try_ms: (seen.here == Some(false))
                .then(|| seen.away_until_ms.max(app.moment().wall_ms + 1_000)),
            quarantined: peer.quarantined,
            code: seen.fault.map(Fault::code),
            busy: self.engine.try_lock().is_err(),
            skew_ms: self.clock.skew_ms(app.moment()),
            address: Some(host_of_url(&self.paired())),
        }
    }
}

fn host_of_url(paired: &Paired) -> String {
    paired.url.trim_start_matches("https://").to_owned()
}
