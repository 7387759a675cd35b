//! The machine of a running folder: its role, and how it comes to have another while screens stay
//! open. The folder remembers the role ([`Remembered`]); the application's line follows it.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use motcua_app::{App, CentralLink, Change, HubLink};
use motcua_domain::{Code, Refusal};
use motcua_protocol::{
    ApiError,
    verbs::central::{CentralEnrol, CentralEnrolled},
};
use tokio::{runtime::Handle, sync::broadcast};

use crate::{
    acts,
    central::{Uplink, enrol},
    discovery::{Announcement, Said},
    hall::{self, Screens, tablets::Tablets},
    identity::{Fingerprint, Identity},
    lan::{Bound, Hub, Lan, Open, OpenError},
    line::{Line, Paired},
    role::{Remembered, RememberedBoard},
    serve::ServeError,
};

/// An address that was taken is tried again after this long.
const AGAIN: Duration = Duration::from_secs(3);

/// What the machine is just now.
#[derive(Debug, Clone)]
pub enum Role {
    /// On its own, or a hub that has not got its address.
    Own,
    /// The hub.
    Hub(Lan),
    /// A counter.
    Counter(Paired),
}

#[derive(Debug)]
enum Now {
    Own,
    Hub(Open),
    Counter(Arc<Line>),
}

/// A remembered hub that has no address.
#[derive(Debug, Clone)]
struct Waiting {
    listen: SocketAddr,
    why: String,
}

/// The machine of a running folder. Its methods wait for disk and network: they are not for the
/// runtime's own threads.
#[derive(Debug)]
pub struct Machine {
    app: Arc<App>,
    dir: PathBuf,
    runtime: Handle,
    /// One change of role at a time.
    turn: Mutex<()>,
    now: Mutex<Now>,
    waiting: Mutex<Option<Waiting>>,
    uplink: Mutex<Option<Arc<Uplink>>>,
    announced: Mutex<Option<Announcement>>,
    board: Mutex<Board>,
    pub(crate) tablets: Tablets,
    show: Show,
}

/// The board for televisions.
#[derive(Debug, Default)]
struct Board {
    open: Option<hall::Open>,
    /// Why a remembered one is not open.
    trouble: Option<String>,
}

/// What the board and the tablets' page are made of.
#[derive(Debug)]
pub(crate) struct Show {
    /// Opens what the hall may read.
    pub(crate) token: String,
    /// The built screens, where there are any.
    pub(crate) screens: Option<Arc<dyn Screens>>,
    pub(crate) changes: broadcast::Sender<Change>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Machine {
    /// The machine of a folder that is served on that runtime; `line` is the application's.
    pub(crate) fn new(
        app: Arc<App>,
        dir: &Path,
        runtime: Handle,
        line: Option<Arc<Line>>,
        show: Show,
    ) -> Arc<Self> {
        let (screens, changes) = (show.screens.clone(), show.changes.clone());
        Arc::new(Self {
            tablets: Tablets::new(Arc::clone(&app), dir, runtime.clone(), screens, changes),
            app,
            dir: dir.to_owned(),
            runtime,
            turn: Mutex::new(()),
            now: Mutex::new(line.map_or(Now::Own, Now::Counter)),
            waiting: Mutex::new(None),
            announced: Mutex::new(None),
            board: Mutex::default(),
            show,
            uplink: Mutex::new(None),
        })
    }

    /// Begins to send to central, where the folder has one.
    pub(crate) fn look_up(&self) {
        match Uplink::of_folder(&self.dir) {
            Ok(Some(uplink)) => {
                if let Some(before) = lock(&self.uplink).replace(Arc::clone(&uplink)) {
                    before.close();
                }
                let link = Arc::clone(&uplink) as Arc<dyn CentralLink>;
                self.app.set_central(Some(link));
                uplink.start(&self.app);
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "central of this folder"),
        }
    }

    /// The line to central, where there is one.
    pub(crate) fn uplink(&self) -> Option<Arc<Uplink>> {
        lock(&self.uplink).clone()
    }

    /// Makes this device known to central, and begins to send: every screen hears of it.
    pub(crate) fn join_central(&self, ask: &CentralEnrol) -> Result<CentralEnrolled, ApiError> {
        let _turn = lock(&self.turn);
        let joined = enrol(&self.app, ask)?;
        self.look_up();
        self.app.link_changed();
        Ok(joined)
    }

    /// What it is just now.
    pub fn role(&self) -> Role {
        match &*lock(&self.now) {
            Now::Own => Role::Own,
            Now::Hub(open) => Role::Hub(open.lan.clone()),
            Now::Counter(line) => Role::Counter(line.paired()),
        }
    }

    /// Why a remembered hub does not answer, in words, and the address it waits for.
    pub fn trouble(&self) -> Option<(SocketAddr, String)> {
        lock(&self.waiting).clone().map(|w| (w.listen, w.why))
    }

    /// The hub, where it is one.
    pub(crate) fn hub(&self) -> Option<Arc<Hub>> {
        match &*lock(&self.now) {
            Now::Hub(open) => Some(Arc::clone(&open.hub)),
            Now::Own | Now::Counter(_) => None,
        }
    }

    /// The line to the hub, where it is a counter.
    pub(crate) fn line(&self) -> Option<Arc<Line>> {
        match &*lock(&self.now) {
            Now::Counter(line) => Some(Arc::clone(line)),
            Now::Own | Now::Hub(_) => None,
        }
    }

    /// Becomes the hub of the branch on an address; port 0 takes a free one. What it was before
    /// ends when the new role is written down, and goes on where that fails. Without `remember`
    /// it is the hub for this run only.
    ///
    /// # Errors
    /// The address is taken, the folder cannot be written, or it has no branch.
    pub fn be_hub(&self, at: SocketAddr, remember: bool) -> Result<Lan, ServeError> {
        let _turn = lock(&self.turn);
        self.open(at, remember)
    }

    fn open(&self, at: SocketAddr, remember: bool) -> Result<Lan, ServeError> {
        let fault = |error| ServeError::Listen(at, error);
        let written = |listen| match remember {
            true => Remembered::Hub { listen }.keep(&self.dir),
            false => Ok(()),
        };
        if let Role::Hub(lan) = self.role()
            && lan.address == at
        {
            written(at).map_err(fault)?;
            return Ok(lan);
        }
        let identity = Identity::of_folder(&self.dir).map_err(fault)?;
        let bound = Bound::take(Arc::clone(&self.app), &identity, at);
        let bound = self.runtime.block_on(bound).map_err(|error| match error {
            OpenError::Io(error) => fault(error),
            OpenError::Api(error) => ServeError::Hub(error),
        })?;
        // Nobody is answered before it is the one that decides.
        let listen = bound.lan().address;
        self.app.set_link(None, || written(listen)).map_err(fault)?;
        let open = {
            let _on = self.runtime.enter();
            bound.open()
        };
        let lan = open.lan.clone();
        *lock(&self.waiting) = None;
        self.becomes(Now::Hub(open));
        self.announce(&lan);
        tracing::info!(url = lan.url, "hub");
        Ok(lan)
    }

    pub(crate) fn app(&self) -> &Arc<App> {
        &self.app
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Becomes the hub by a person's word that is already in the log: where it does not get its
    /// address, it is the hub all the same, says why others do not reach it, and tries again.
    pub(crate) fn be_hub_or_wait(self: &Arc<Self>, at: SocketAddr) -> io::Result<()> {
        let _turn = lock(&self.turn);
        if let Err(error) = self.open(at, true) {
            self.app
                .set_link(None, || Remembered::Hub { listen: at }.keep(&self.dir))?;
            self.becomes(Now::Own);
            self.waits(at, &error);
            self.again();
        }
        Ok(())
    }

    /// Becomes a counter of that hub; its certificate must be that of a machine of this branch,
    /// which is for the caller to know. A hub's listener closes.
    ///
    /// # Errors
    /// The folder cannot be read or written; the role is then the old one.
    pub fn be_counter(&self, hub: Paired) -> io::Result<()> {
        let _turn = lock(&self.turn);
        let line = Arc::new(Line::new(&self.dir, hub.clone(), true)?);
        let link = Arc::clone(&line) as Arc<dyn HubLink>;
        self.app.set_link(Some(link), || {
            // Nothing is given as a hub after this.
            (self.app.step_down()).map_err(|error| io::Error::other(error.to_string()))?;
            // A counter has its new hub with the first of these, everybody else with the second.
            hub.keep(&self.dir)?;
            Remembered::Counter.keep(&self.dir)
        })?;
        *lock(&self.waiting) = None;
        self.becomes(Now::Counter(line));
        tracing::info!(url = hub.url, "counter");
        Ok(())
    }

    /// Goes on alone: no listener, no line.
    ///
    /// # Errors
    /// The folder cannot be written; the role is then the old one.
    pub fn be_own(&self) -> io::Result<()> {
        let _turn = lock(&self.turn);
        self.app
            .set_link(None, || Remembered::Own.keep(&self.dir))?;
        *lock(&self.waiting) = None;
        self.becomes(Now::Own);
        Ok(())
    }

    /// Says on the network that the hub is there, where anybody else can reach it.
    fn announce(&self, lan: &Lan) {
        let branch = self.app.store().read(|read| read.branch()).ok().flatten();
        let fingerprint = Fingerprint::parse(&lan.fingerprint);
        let (Some(branch), Some(fingerprint)) = (branch, fingerprint) else {
            return;
        };
        if lan.address.ip().is_loopback() {
            return;
        }
        let term = (self.app.hub().ok().flatten()).map_or(0, |hub| hub.term.into());
        let said = Said {
            fingerprint,
            branch: lan.branch,
            term,
            name: branch.office.name.clone(),
        };
        *lock(&self.announced) = Announcement::of(&said, lan.address);
    }

    /// Opens the board for televisions on an address, or closes it; remembered in the folder.
    pub(crate) fn show_board(&self, at: Option<SocketAddr>) -> Result<(), Refusal> {
        let _turn = lock(&self.turn);
        let unwritten = |error: io::Error| acts::unwritten(&error);
        match at {
            Some(at) => {
                let listen = self.open_board(at)?;
                RememberedBoard { listen }
                    .keep(&self.dir)
                    .map_err(unwritten)?;
            }
            None => {
                RememberedBoard::forget(&self.dir).map_err(unwritten)?;
                let old = std::mem::take(&mut *lock(&self.board));
                if let Some(open) = old.open {
                    self.runtime.block_on(open.close());
                }
            }
        }
        self.app.link_changed();
        Ok(())
    }

    fn open_board(&self, at: SocketAddr) -> Result<SocketAddr, Refusal> {
        let Show {
            token,
            screens,
            changes,
        } = &self.show;
        let Some(screens) = screens.clone() else {
            return Err(Refusal::new(
                Code::Unsupported,
                "Chương trình đang chạy không kèm màn hình nên chưa mở được bảng gọi số cho tivi. Mời mở cửa sổ Một Cửa, hoặc chạy motcua serve với --ui.",
            ));
        };
        if let Some(open) = &lock(&self.board).open
            && open.address == at
        {
            return Ok(at);
        }
        let open = hall::board::open(Arc::clone(&self.app), token, screens, changes.clone(), at);
        let open = self
            .runtime
            .block_on(open)
            .map_err(|error| acts::taken(at, &error))?;
        let address = open.address;
        let new = Board {
            open: Some(open),
            trouble: None,
        };
        let old = std::mem::replace(&mut *lock(&self.board), new);
        if let Some(open) = old.open {
            self.runtime.block_on(open.close());
        }
        Ok(address)
    }

    /// Where the board is open, and why a remembered one is not.
    pub(crate) fn board_now(&self) -> (Option<SocketAddr>, Option<String>) {
        let board = lock(&self.board);
        (
            board.open.as_ref().map(|o| o.address),
            board.trouble.clone(),
        )
    }

    pub(crate) fn board_token(&self) -> &str {
        &self.show.token
    }

    /// Opens what the folder remembers. A hub whose address is taken gives numbers on its own
    /// machine, says why the others do not reach it, and tries again.
    pub fn resume(self: &Arc<Self>) {
        let _turn = lock(&self.turn);
        match Remembered::of_folder(&self.dir) {
            Ok(Remembered::Hub { listen }) => {
                if let Err(error) = self.open(listen, false) {
                    self.waits(listen, &error);
                    self.again();
                }
            }
            Ok(Remembered::Own | Remembered::Counter) => {}
            Err(error) => tracing::error!(%error, "role of this folder"),
        }
        self.resume_hall();
    }

    /// A board that cannot open says why in the settings; nobody's work hangs on it.
    pub fn resume_hall(&self) {
        self.tablets.resume();
        let opened = match RememberedBoard::of_folder(&self.dir) {
            Ok(Some(board)) => self.open_board(board.listen).map(|_| ()),
            Ok(None) => Ok(()),
            Err(error) => Err(acts::unwritten(&error)),
        };
        if let Err(refusal) = opened {
            tracing::warn!(%refusal, "board not shown");
            lock(&self.board).trouble = Some(refusal.message);
        }
    }

    fn waits(&self, listen: SocketAddr, error: &ServeError) {
        tracing::warn!(%listen, %error, "hub not reached");
        let why = match error {
            ServeError::Listen(at, error) => acts::taken(*at, error).message,
            other => other.to_string(),
        };
        *lock(&self.waiting) = Some(Waiting { listen, why });
        self.app.link_changed();
    }

    /// Tries in the background until it has its address, or another role.
    fn again(self: &Arc<Self>) {
        let weak = Arc::downgrade(self);
        self.runtime.spawn(async move {
            loop {
                tokio::time::sleep(AGAIN).await;
                let weak = Weak::clone(&weak);
                let done = tokio::task::spawn_blocking(move || {
                    weak.upgrade().is_none_or(|machine| machine.retry())
                });
                if !matches!(done.await, Ok(false)) {
                    return;
                }
            }
        });
    }

    /// Whether there is nothing more to try.
    fn retry(&self) -> bool {
        let _turn = lock(&self.turn);
        let Some(waiting) = lock(&self.waiting).clone() else {
            return true;
        };
        self.open(waiting.listen, false).is_ok()
    }

    fn becomes(&self, next: Now) {
        let old = std::mem::replace(&mut *lock(&self.now), next);
        *lock(&self.announced) = None;
        if let Now::Hub(open) = old {
            self.runtime.block_on(open.close());
        }
        self.app.link_changed();
    }

    /// Closes the listener without waiting for it; the role stays as it is remembered.
    pub(crate) fn stop(&self) {
        *lock(&self.waiting) = None;
        *lock(&self.announced) = None;
        *lock(&self.board) = Board::default();
        self.tablets.stop();
        if let Some(uplink) = lock(&self.uplink).take() {
            uplink.close();
        }
        *lock(&self.now) = Now::Own;
    }
}
