//! Files of papers on their way: from a counter to its hub, from a hub or a machine of its own to
//! central. A queue of its own with a connection of its own, so that no record ever waits for a
//! file; in pieces, going on where the other side says it stands.

use std::{
    sync::{Arc, Mutex, mpsc::RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use motcua_app::App;
use motcua_domain::Code;
use motcua_protocol::{
    ApiError,
    sync::{BlobStands, MEDIA_ANSWER, MEDIA_FILE, PIECE, from_path, piece_path, stands_path},
};
use motcua_store::table::attachment::WaitingBlob;
use serde::de::DeserializeOwned;

use crate::line::{Got, Lost, Send};

/// For one piece: a slow line brings half a megabyte in this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// After a failure the next try waits so long, and each further one longer.
const AGAIN: Duration = Duration::from_secs(5);
/// What waits from the last run is sent this soon.
const SOON: Duration = Duration::from_secs(1);
/// At most so long.
const AT_MOST: Duration = Duration::from_secs(300);
/// Files that are looked at in one go.
const TOGETHER: u32 = 32;
/// How often one file may be begun again in one go.
const TRIES: usize = 3;

/// What came of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The other side has all that it can have.
    All,
    /// The line does not carry now.
    Later,
}

/// Why one file was not sent.
enum Stopped {
    /// The line does not carry: nothing else will go now.
    Line,
    /// It is this file: others go on.
    File(&'static str),
}

impl From<Lost> for Stopped {
    fn from(_: Lost) -> Self {
        Self::Line
    }
}

/// Puts a question, with whatever opens the way.
pub(crate) type Say<'a> = &'a dyn Fn(Send) -> Result<Got, Lost>;

/// Sends what `peer` does not have yet. `go_on` is asked before every piece.
pub(crate) fn send(app: &App, peer: &str, say: Say<'_>, go_on: &dyn Fn() -> bool) -> Sent {
    let store = app.store();
    let history = store.peer(peer).ok().and_then(|peer| peer.server_epoch);
    // Before the first session nobody knows to whom files would go.
    let Some(history) = history else {
        return Sent::Later;
    };
    let mut tried: Vec<String> = Vec::new();
    loop {
        let waiting =
            store.read(|read| read.blobs_to_send(&history, TOGETHER + tried.len() as u32));
        let Ok(waiting) = waiting else {
            return Sent::Later;
        };
        let next = waiting.into_iter().find(|blob| !tried.contains(&blob.hash));
        let Some(blob) = next else {
            return if tried.is_empty() {
                Sent::All
            } else {
                Sent::Later
            };
        };
        let done = match one(app, &blob, say, go_on) {
            Ok(()) => store.blob_sent(&blob.hash, &history),
            Err(Stopped::File(code)) => {
                tracing::warn!(code, "a file of a paper was not sent");
                tried.push(blob.hash.clone());
                store.blob_failed(&blob.hash, code)
            }
            Err(Stopped::Line) => return Sent::Later,
        };
        if done.is_err() {
            return Sent::Later;
        }
        app.link_changed();
    }
}

fn one(
    app: &App,
    blob: &WaitingBlob,
    say: Say<'_>,
    go_on: &dyn Fn() -> bool,
) -> Result<(), Stopped> {
    let blobs = app.store().blobs();
    for _ in 0..TRIES {
        let mut stands: BlobStands = ours(&say(Send::get(stands_path(&blob.hash)))?)?;
        while !stands.whole {
            if !go_on() {
                return Err(Stopped::Line);
            }
            let piece = match blobs.piece(&blob.hash, stands.offset, PIECE) {
                Ok(piece) if !piece.is_empty() => piece,
                // Shorter than it was, or gone.
                Ok(_) => return Err(Stopped::File("BLOB_DAMAGED")),
                Err(error) if error.code() == Code::BlobMissing => {
                    return Err(Stopped::File("BLOB_MISSING"));
                }
                Err(_) => return Err(Stopped::File("STORE_FAULT")),
            };
            let path = piece_path(&blob.hash, stands.offset, blob.bytes);
            let got = say(Send::post(path, piece))?;
            match got.status {
                200 => stands = ours(&got)?,
                409 | 422 => break,
                413 => return Err(Stopped::File("SCAN_TOO_LARGE")),
                _ => return Err(Stopped::Line),
            }
        }
        if stands.whole {
            return Ok(());
        }
    }
    // Begun anew and not come to the address each time: it is not what it was here, either.
    Err(Stopped::File("BLOB_DAMAGED"))
}

/// An answer of ours; anything else comes from a captive portal, or a program that knows no files.
fn ours<T: DeserializeOwned>(got: &Got) -> Result<T, Stopped> {
    if got.status != 200 || got.media != MEDIA_ANSWER {
        if let Ok(error) = serde_json::from_slice::<ApiError>(&got.body) {
            tracing::debug!(code = ?error.code, "file of a paper");
        }
        return Err(Stopped::Line);
    }
    serde_json::from_slice(&got.body).map_err(|_| Stopped::Line)
}

/// One file is fetched at a time: its pieces are written one behind the other.
static FETCHING: Mutex<()> = Mutex::new(());

/// Fetches a file that another machine scanned, for somebody who wants to read it now. True once
/// it lies here, whole and checked.
pub(crate) fn fetch(app: &App, hash: &str, bytes: u64, say: Say<'_>) -> bool {
    let _one = FETCHING.lock();
    let store = app.store();
    let blobs = store.blobs();
    loop {
        let Ok(offset) = blobs.offset(hash) else {
            return false;
        };
        let got = match say(Send::get(from_path(hash, offset))) {
            Ok(got) if got.status == 200 && got.media == MEDIA_FILE => got,
            _ => return false,
        };
        match blobs.take(hash, offset, &got.body, bytes) {
            Ok(false) => {}
            Ok(true) => {
                let now_ms = app.moment().wall_ms;
                return store.blob_arrived(hash, bytes, now_ms).is_ok();
            }
            Err(error) => {
                tracing::warn!(%error, "a file was not fetched");
                return false;
            }
        }
    }
}

/// How long until the next try, after so many failures in a row.
fn wait(failures: u32) -> Duration {
    AGAIN.saturating_mul(1 << failures.min(6)).min(AT_MOST)
}

/// Sends as long as the application lives, on a thread of its own: soon after something was
/// written, and some time after a failure. `round` answers what came of it, or `None` to end.
pub(crate) fn keep_sending(
    app: &Arc<App>,
    round: impl Fn(&App) -> Option<Sent> + std::marker::Send + 'static,
) {
    let changes = app.subscribe();
    let weak = Arc::downgrade(app);
    thread::spawn(move || {
        let mut failures = 0;
        let mut pause = SOON;
        loop {
            let until = Instant::now() + pause;
            while let Some(left) = until.checked_duration_since(Instant::now()) {
                match changes.recv_timeout(left) {
                    // After a failure only time helps.
                    Ok(_) if failures > 0 => {}
                    Ok(_) | Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            // A burst of commands is one reason, and so is what sending itself says.
            while changes.try_recv().is_ok() {}
            let Some(app) = weak.upgrade() else { return };
            match round(&app) {
                None => return,
                Some(Sent::All) => (failures, pause) = (0, AT_MOST),
                Some(Sent::Later) => {
                    pause = wait(failures);
                    failures += 1;
                }
            }
        }
    });
}
