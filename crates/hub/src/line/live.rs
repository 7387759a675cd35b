//! A running counter hears from its hub: an open line on which the hub says that there is news,
//! and a word every second so that silence means something. Nothing is polled; a whole session
//! runs now and then as a net below.

use std::{
    sync::{
        Arc, Weak,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use motcua_app::{App, HUB};

use super::{http::Lost, link::Line, talk::No};
use crate::{
    files::{self, Sent},
    wire,
};

/// Two words missed: the hub is away.
const SILENCE: Duration = Duration::from_millis(2 * wire::HEARTBEAT_MS + 300);
/// Between two tries to open the line.
const AGAIN: Duration = Duration::from_secs(1);
/// Between two looks around for a hub that does not answer.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// A whole session at least this often.
const SESSION: Duration = Duration::from_secs(30);
/// News that follows at once is fetched together: twenty counters that each ask for every record
/// by itself would take the hub's time from those who wait for a number.
const TOGETHER: Duration = Duration::from_millis(20);
/// For one exchange.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts both threads; they end with the application, or when the line is no longer its line.
pub(super) fn start(app: &Arc<App>, line: &Arc<Line>) -> [JoinHandle<()>; 2] {
    let own = Arc::clone(line);
    files::keep_sending(app, move |app| own.send_files(app));
    let (weak, own) = (Arc::downgrade(app), Arc::clone(line));
    let listening = thread::spawn(move || listen(&weak, &own));
    let (weak, own) = (Arc::downgrade(app), Arc::clone(line));
    let working = thread::spawn(move || work(&weak, &own));
    [listening, working]
}

impl Line {
    /// Files of papers that the hub does not have; `None` once this is no longer the line.
    pub(super) fn fetch_file(&self, app: &App, hash: &str, bytes: u64) -> bool {
        let say = |send: super::Send| match &self.files {
            Some(http) => http.send(send, files::PATIENCE),
            None => Err(Lost::Offline),
        };
        files::fetch(app, hash, bytes, &say)
    }

    pub(super) fn send_files(&self, app: &App) -> Option<Sent> {
        let http = self.files.as_ref()?;
        if self.is_detached() {
            return None;
        }
        // The hub may have been found at another address.
        http.goes_to(super::host_of(&self.paired().url)?);
        let say = |send: super::Send| http.send(send, files::PATIENCE);
        Some(files::send(app, HUB, &say, &|| !self.is_detached()))
    }
}

/// Hears the hub and rings the bell.
fn listen(app: &Weak<App>, line: &Line) {
    let mut last_look: Option<Instant> = None;
    loop {
        let opened = line.wire.live(SILENCE);
        if line.is_detached() {
            return;
        }
        let Some(now_ms) = app.upgrade().map(|app| app.moment().wall_ms) else {
            return;
        };
        match opened {
            Ok(words) => {
                line.hears();
                line.bell.ring();
                if let Some(app) = app.upgrade() {
                    app.link_changed();
                }
                let lost = hear(&words, line, app);
                let Some(app) = app.upgrade() else { return };
                if line.is_detached() {
                    return;
                }
                line.missed(&No::Lost(lost), app.moment().wall_ms);
                app.link_changed();
            }
            Err(lost) => {
                line.missed(&No::Lost(lost), now_ms);
                // Where it was last comes first; then whoever says on the network that it is there.
                if lost != Lost::Unknown && last_look.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
                    last_look = Some(Instant::now());
                    if app.upgrade().is_some_and(|app| line.look_around(&app)) {
                        continue;
                    }
                }
                thread::sleep(AGAIN);
            }
        }
    }
}

fn hear(words: &Receiver<bool>, line: &Line, app: &Weak<App>) -> Lost {
    loop {
        match words.recv_timeout(SILENCE) {
            Ok(true) => line.bell.ring(),
            Ok(false) => {}
            Err(RecvTimeoutError::Timeout) => return Lost::Timeout,
            Err(RecvTimeoutError::Disconnected) => return Lost::Offline,
        }
        if app.strong_count() == 0 || line.is_detached() {
            return Lost::Offline;
        }
    }
}

/// Sends and fetches whenever the bell rings.
fn work(app: &Weak<App>, line: &Line) {
    let mut last = Instant::now();
    if let Some(app) = app.upgrade() {
        line.sync(&app);
    }
    loop {
        let rung = line.bell.wait(AGAIN);
        if line.is_detached() {
            return;
        }
        let Some(app) = app.upgrade() else { return };
        if last.elapsed() >= SESSION {
            last = Instant::now();
            line.sync(&app);
        } else if rung {
            line.exchange(&app, PATIENCE);
            drop(app);
            thread::sleep(TOGETHER);
        }
    }
}
