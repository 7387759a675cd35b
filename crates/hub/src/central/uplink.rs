//! The line to central: the replication engine over a TLS connection, by itself in the background
//! where a program keeps the folder open, and at once where somebody asks for it.

use std::{
    fmt, io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use motcua_app::{App, CENTRAL, CentralLink, Change, LinkState};
use motcua_domain::Code;
use motcua_protocol::{
    ApiError,
    look_up::{self, Ask, Told},
    sync::{MEDIA_ANSWER, Refused, RefusedWhy},
    verbs::sync::StickBrought,
};
use motcua_sync::{
    Answer, Config, Engine, Failure, Fault, Input, Request, Status, Wake, fault_text,
    wire::{Unsent, batch_message},
};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{
    bundles::Bundles,
    codes::Codes,
    enrolled::{Enrolled, Key, refuse},
    stick,
};
use crate::{
    files::{self, Sent},
    line::{Got, Http, Lost, No, OtherClock, Peer, Send, Synced, session, talk},
};

/// For everything that waits: a week of a branch may be in it.
const SESSION: Duration = Duration::from_secs(600);
/// Something new is sent this soon; a burst of commands goes together.
const SOON: Duration = Duration::from_millis(500);
/// A file of a month goes over a slow line, and is taken in whole before it is answered.
const CARRY: Duration = Duration::from_secs(300);
/// Longer than central waits for a register.
const LOOK_UP: Duration = Duration::from_secs(8);
const TOKEN: Duration = Duration::from_secs(20);
/// Where central takes files of records.
const STICK: &str = "/v1/stick";
/// Where nothing is to be expected.
const LONG: Duration = Duration::from_secs(3_600);

/// The line of a folder to central.
pub struct Uplink {
    wire: Wire,
    codes: Codes,
    bundles: Bundles,
    /// Files of papers go over a line of their own: no record waits for one.
    files: Wire,
    engine: Mutex<Option<Engine>>,
    status: Mutex<Status>,
    clock: OtherClock,
    closed: AtomicBool,
    /// It works in the background.
    started: AtomicBool,
    /// A person wants it to try now.
    asked: AtomicBool,
    busy: AtomicBool,
}

impl fmt::Debug for Uplink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uplink({})", self.wire.enrolled.url)
    }
}

/// Requests with a token, which is fetched when there is none that opens.
#[derive(Debug)]
pub(super) struct Wire {
    enrolled: Enrolled,
    key: Key,
    http: Http,
    has_token: Mutex<bool>,
}

#[derive(Deserialize)]
struct Challenge {
    challenge: String,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

/// What a device signs for a token; central checks the same bytes.
fn message(challenge: &str, device: Uuid) -> Vec<u8> {
    [b"motcua-token-1", challenge.as_bytes(), device.as_bytes()].concat()
}

impl Wire {
    fn said<T: for<'a> Deserialize<'a>>(&self, send: Send, patience: Duration) -> Result<T, No> {
        let got = self.http.send(send, patience)?;
        if got.media != MEDIA_ANSWER {
            return Err(No::Strange(match got.status {
                200 | 300..=399 | 511 => Failure::CaptivePortal,
                500.. => Failure::Server,
                _ => Failure::Malformed,
            }));
        }
        if got.status == 200 {
            return serde_json::from_slice(&got.body).map_err(|_| No::Strange(Failure::Malformed));
        }
        let why = match serde_json::from_slice::<ApiError>(&got.body) {
            Ok(error) if error.code == Code::DeviceUnknown => RefusedWhy::UnknownDevice,
            Ok(_) => RefusedWhy::Unauthorized,
            Err(_) => RefusedWhy::Busy,
        };
        Err(No::Refused(why.into()))
    }

    /// Shows anew that this device has its key.
    fn prove(&self, patience: Duration) -> Result<(), No> {
        let Challenge { challenge } = self.said(Send::get("/v1/challenge"), patience)?;
        let device = self.enrolled.device;
        let ask = json!({
            "device": device,
            "challenge": challenge,
            "signature": self.key.sign(&message(&challenge, device)),
        });
        let Token { token } = self.said(Send::post("/v1/token", ask.to_string()), patience)?;
        self.http.bear(Some(token));
        *self.token() = true;
        Ok(())
    }

    /// One answer with a token, whatever it is; nothing where none came.
    pub(super) fn post(&self, send: &Send, patience: Duration) -> Option<Got> {
        self.posted(send, patience).ok()
    }

    /// The same, and why none came.
    fn posted(&self, send: &Send, patience: Duration) -> Result<Got, No> {
        for _ in 0..2 {
            if !*self.token() {
                self.prove(TOKEN)?;
            }
            let got = self.http.send(send.clone(), patience)?;
            // The token has run out: once more with a new one.
            if got.status != 401 {
                return Ok(got);
            }
            *self.token() = false;
        }
        Err(No::Refused(RefusedWhy::Unauthorized.into()))
    }

    fn token(&self) -> MutexGuard<'_, bool> {
        self.has_token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Says it once, signed where it is a batch.
    fn say(&self, request: &Request, patience: Duration) -> Result<Answer, No> {
        let last = match request {
            Request::Push(events) => events.last(),
            _ => None,
        };
        let message = last.map(|last| batch_message(self.enrolled.device, last));
        let signature = message.map(|message| self.key.sign(&message));
        talk::ask_signed(&self.http, request, signature, patience)
    }

    /// Something that is no question of the protocol, with a token that opens.
    fn send(&self, send: &Send) -> Result<Got, Lost> {
        let opens = |no: No| match no {
            No::Lost(lost) => lost,
            _ => Lost::Unknown,
        };
        if !*self.token() {
            self.prove(TOKEN).map_err(opens)?;
        }
        let got = self.http.send(send.clone(), files::PATIENCE)?;
        if got.status != 401 {
            return Ok(got);
        }
        *self.token() = false;
        self.prove(TOKEN).map_err(opens)?;
        self.http.send(send.clone(), files::PATIENCE)
    }

    fn ask(&self, request: &Request, patience: Duration) -> Result<Answer, No> {
        if !*self.token() {
            self.prove(patience)?;
            return self.say(request, patience);
        }
        match self.say(request, patience) {
            // It has run out: once more with a new one, and no oftener.
            Err(No::Refused(refused)) if refused.code == RefusedWhy::Unauthorized => {
                *self.token() = false;
                self.prove(patience)?;
                self.say(request, patience)
            }
            answer => answer,
        }
    }
}

impl Uplink {
    /// The line of a folder; `None` where it has no central.
    ///
    /// # Errors
    /// What the folder remembers cannot be read.
    pub fn of_folder(dir: &Path) -> io::Result<Option<Arc<Self>>> {
        let Some(enrolled) = Enrolled::of_folder(dir)? else {
            return Ok(None);
        };
        let wire = |enrolled: Enrolled| -> io::Result<Wire> {
            Ok(Wire {
                http: enrolled.http()?,
                key: Key::of_folder(dir)?,
                enrolled,
                has_token: Mutex::new(false),
            })
        };
        Ok(Some(Arc::new(Self {
            codes: Codes::default(),
            bundles: Bundles::default(),
            files: wire(enrolled.clone())?,
            wire: wire(enrolled)?,
            engine: Mutex::new(None),
            status: Mutex::default(),
            clock: OtherClock::default(),
            closed: AtomicBool::new(false),
            started: AtomicBool::new(false),
            asked: AtomicBool::new(false),
            busy: AtomicBool::new(false),
        })))
    }

    /// Everything sent and fetched now.
    pub fn sync(&self, app: &App) -> Synced {
        let synced = self.session(app, Input::Wake(Wake::Now));
        // Records first; then, while the line carries, the files that they name.
        if synced.last_error.is_none() && !self.started.load(Ordering::Acquire) {
            self.send_files(app);
        }
        synced
    }

    /// Files of papers that central does not have.
    fn send_files(&self, app: &App) -> Sent {
        let say = |send: Send| self.files.send(&send);
        let go_on = || !self.closed.load(Ordering::Acquire) && app.link().is_none();
        files::send(app, CENTRAL, &say, &go_on)
    }

    /// Has central ask a register, within the time that somebody at a counter can be kept waiting.
    fn asks(&self, ask: &Ask) -> Result<Told, No> {
        let until = Instant::now() + LOOK_UP;
        let left = || until.saturating_duration_since(Instant::now());
        let send = Send::post(look_up::PATH, json!(ask).to_string());
        if !*self.wire.token() {
            self.wire.prove(left())?;
        }
        let mut got = self.wire.http.send(send.clone(), left())?;
        // The token has run out: once more with a new one.
        if got.status == 401 {
            *self.wire.token() = false;
            self.wire.prove(left())?;
            got = self.wire.http.send(send, left())?;
        }
        match (got.status, got.media.as_str()) {
            (200, MEDIA_ANSWER) => {
                serde_json::from_slice(&got.body).map_err(|_| No::Strange(Failure::Malformed))
            }
            // Central of an older version has no such door.
            (404, _) => Ok(Told::unavailable(look_up::OFF)),
            _ => Err(No::Refused(RefusedWhy::Busy.into())),
        }
    }

    /// Brings a sealed file of another machine to central.
    pub(super) fn carry(&self, file: Vec<u8>) -> Result<StickBrought, ApiError> {
        let away = || {
            refuse(
                Code::CentralAway,
                "Chưa nối được trung tâm nên chưa chuyển tệp. Tệp vẫn còn trên USB. Mời thử lại khi có mạng, hoặc mang USB thẳng tới trung tâm.",
                "file",
            )
        };
        // Whoever was sent away would else wait for a line that is there.
        let revoked = || {
            refuse(
                Code::DeviceUnknown,
                "Trung tâm đã thu quyền gửi của máy này nên không nhận tệp qua máy này. Tệp vẫn còn trên USB. Mời nộp ở một máy khác của đơn vị hoặc mang thẳng tới trung tâm; máy này cần mã kết nối mới.",
                "file",
            )
        };
        let send = Send::post(STICK, file);
        let got = (self.wire.posted(&send, CARRY)).map_err(|no| match no {
            No::Refused(refused) if refused.code == RefusedWhy::UnknownDevice => revoked(),
            _ => away(),
        })?;
        if let Ok(refused) = serde_json::from_slice::<Refused>(&got.body)
            && got.media == MEDIA_ANSWER
            && refused.code == RefusedWhy::UnknownDevice
        {
            return Err(revoked());
        }
        if got.media != MEDIA_ANSWER {
            return Err(away());
        }
        if got.status == 200 {
            return serde_json::from_slice(&got.body).map_err(|_| away());
        }
        Err(serde_json::from_slice(&got.body).unwrap_or_else(|_| away()))
    }

    fn session(&self, app: &App, why: Input) -> Synced {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        let engine = engine.get_or_insert_with(|| {
            // A hub sends the logs of its counters too: they need no line of their own.
            let config = Config::central(app.store().device(), true);
            Engine::new(config, app.moment().wall_ms.unsigned_abs())
        });
        let peer = Peer {
            name: CENTRAL,
            all: true,
        };
        let say = |request: &Request, patience| {
            // Whoever runs central sees how far behind a machine was when it was last heard.
            if let Ok((count, oldest_ms)) = app.unsent(CENTRAL, true) {
                self.wire.http.tell(Unsent { count, oldest_ms });
            }
            // Central's certificate is from the authority that was given when enrolling. Who answers
            // in its place with another one stands between: no branch has a hub there.
            self.wire.ask(request, patience).map_err(|no| match no {
                No::Lost(Lost::Foreign) => No::Strange(Failure::CaptivePortal),
                no => no,
            })
        };
        let by_a_person = matches!(why, Input::Wake(Wake::Now));
        let held = app.store().peer(CENTRAL).map(|p| p.quarantined).ok();
        self.busy.store(true, Ordering::Release);
        if by_a_person {
            app.link_changed();
        }
        let mut synced = session::run(app, peer, &say, engine, SESSION, why);
        if synced.last_error.is_none() {
            let revision = app.store().revision();
            self.codes.renew(app, &self.wire);
            if let Some(terms) = &engine.status().bundles {
                self.bundles.renew(app, &self.wire, terms);
            }
            // What was granted or sent down is a record like any other, and goes at once.
            if app.store().revision() != revision {
                let more = session::run(app, peer, &say, engine, SESSION, Input::Wake(Wake::Now));
                synced = Synced {
                    sent: synced.sent + more.sent,
                    received: synced.received + more.received,
                    ..more
                };
            }
        }
        self.busy.store(false, Ordering::Release);
        let status = engine.status();
        self.clock.hears(status.skew_ms, app.moment());
        let before = std::mem::replace(&mut *self.status(), status.clone());
        if let Some(key) = &status.seal_key
            && let Err(error) = stick::keep_key(app.dir(), key)
        {
            tracing::warn!(%error, "the key for a stick was not kept");
        }
        let failed = |s: &Status| (s.last_error, s.last_error.and(s.next_try_ms));
        // A round in which nothing happened is no news for a screen.
        if by_a_person
            || synced.sent > 0
            || failed(&before) != failed(&status)
            || held != app.store().peer(CENTRAL).map(|p| p.quarantined).ok()
        {
            app.link_changed();
        }
        synced
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when the engine has nothing to do by itself.
    fn idle(&self, app: &App) -> Duration {
        let now = u64::try_from(app.moment().mono_ms).unwrap_or(0);
        let next = self.status().next_try_ms.unwrap_or(now);
        Duration::from_millis(next.saturating_sub(now))
    }

    /// Says nothing more: another line has taken over, or the folder is closed.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.wire.http.close();
        self.files.http.close();
    }

    /// Sends by itself as long as the application lives: soon after something was written, and
    /// else when the engine wants to.
    pub fn start(self: &Arc<Self>, app: &Arc<App>) {
        let changes = app.subscribe();
        self.started.store(true, Ordering::Release);
        let uplink = Arc::clone(self);
        files::keep_sending(app, move |app| {
            if uplink.closed.load(Ordering::Acquire) {
                return None;
            }
            // A counter's hub sends for it.
            Some(match app.link() {
                Some(_) => Sent::All,
                None => uplink.send_files(app),
            })
        });
        let (app, uplink) = (Arc::downgrade(app), Arc::clone(self));
        thread::spawn(move || uplink.work(&app, &changes));
    }

    fn work(&self, app: &Weak<App>, changes: &Receiver<Change>) {
        // What waits from the last run is sent at once.
        let mut written = 0;
        let mut wait = SOON;
        loop {
            let news = match changes.recv_timeout(wait) {
                Ok(change) => change.revision > written,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            if news {
                // What follows at once goes with it.
                let until = Instant::now() + SOON;
                while let Some(left) = until.checked_duration_since(Instant::now())
                    && changes.recv_timeout(left).is_ok()
                {}
            }
            let Some(app) = app.upgrade() else { return };
            if self.closed.load(Ordering::Acquire) {
                return;
            }
            // A counter's hub sends for it; when that ends, whoever ends it says so.
            if app.link().is_some() {
                wait = LONG;
                continue;
            }
            let revision = app.store().revision();
            let why = if self.asked.swap(false, Ordering::AcqRel) {
                Input::Wake(Wake::Now)
            } else if revision > written {
                Input::Wake(Wake::NewEvent {
                    wall_ms: app.moment().wall_ms,
                })
            } else {
                Input::Tick
            };
            self.session(&app, why);
            written = revision;
            wait = self.idle(&app).min(LONG);
        }
    }
}

impl CentralLink for Uplink {
    fn codes_refused(&self) -> Option<ApiError> {
        self.codes.refused()
    }

    fn state(&self, app: &App) -> LinkState {
        let status = self.status().clone();
        let peer = app.store().peer(CENTRAL).unwrap_or_default();
        let moment = app.moment();
        let wait = |next: u64| {
            let now = u64::try_from(moment.mono_ms).unwrap_or(0);
            i64::try_from(next.saturating_sub(now)).unwrap_or(0)
        };
        LinkState {
            here: status.last_error.is_none(),
            last_error: status.last_error.map(|f: Fault| fault_text(f).to_owned()),
            next_try_ms: status
                .last_error
                .and(status.next_try_ms)
                .map(|next| moment.wall_ms + wait(next)),
            quarantined: peer.quarantined,
            code: status.last_error.map(Fault::code),
            busy: self.busy.load(Ordering::Acquire),
            skew_ms: self.clock.skew_ms(moment),
            address: Some(
                self.wire
                    .enrolled
                    .url
                    .trim_start_matches("https://")
                    .to_owned(),
            ),
        }
    }

    fn fetch(&self, app: &App, hash: &str, bytes: u64) -> bool {
        files::fetch(app, hash, bytes, &|send| self.files.send(&send))
    }

    fn look_up(&self, ask: &Ask) -> Told {
        self.asks(ask).unwrap_or_else(|no| {
            Told::unavailable(match no {
                No::Lost(Lost::Timeout) => look_up::TIMEOUT,
                _ => look_up::NO_LINE,
            })
        })
    }

    fn send_now(&self, app: &App) {
        if self.started.load(Ordering::Acquire) {
            self.asked.store(true, Ordering::Release);
            // Its own thread hears of it like any screen.
            app.link_changed();
        } else {
            self.sync(app);
        }
    }
}
