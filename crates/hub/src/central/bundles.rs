//! What central sends down whole and signed: told with every greeting, fetched only where there is
//! something new, checked against the key that was pinned when this folder joined.

use std::{
    collections::HashMap,
    io::Read as _,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use motcua_app::App;
use motcua_domain::Refusal;
use motcua_protocol::bundle::{self, Kind, MEDIA, Newest, Opened, PATH, Terms};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::{enrolled::Enrolled, uplink::Wire};
use crate::line::{Got, Send};

/// A catalogue of the whole country goes over a slow line.
const PATIENCE: Duration = Duration::from_secs(180);
/// What was refused is looked at again after this long: the clock, the counters or this program may
/// be others by then.
const AGAIN: Duration = Duration::from_secs(1_800);
/// So many one after the other in one session; the rest comes with the next.
const MOST: usize = 64;

/// Whose word counts, for which office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pinned {
    /// ed25519, base64url.
    pub(super) key: String,
    /// This office, as central knows it.
    pub(super) office: String,
}

impl From<&Terms> for Pinned {
    fn from(terms: &Terms) -> Self {
        Self {
            key: terms.key.clone(),
            office: terms.office.clone(),
        }
    }
}

/// Whether that key made that signature.
fn genuine(key: &str, message: &[u8], signature: &str) -> bool {
    let (Ok(key), Ok(signature)) = (
        URL_SAFE_NO_PAD.decode(key),
        URL_SAFE_NO_PAD.decode(signature),
    ) else {
        return false;
    };
    UnparsedPublicKey::new(&ED25519, key)
        .verify(message, &signature)
        .is_ok()
}

/// Opens what was fetched.
fn open(pinned: &Pinned, kind: Kind, packed: &[u8]) -> Result<Opened, Refusal> {
    let mut bytes = Vec::new();
    // Whatever it claims to unpack to, no more than is allowed is ever held.
    let most = kind.most_whole() as u64 + 1;
    let read = zstd::stream::read::Decoder::new(packed)
        .and_then(|unpacked| unpacked.take(most).read_to_end(&mut bytes));
    if read.is_err() {
        bytes.clear();
    }
    bundle::open(&bytes, kind, &pinned.office, |message, signature| {
        genuine(&pinned.key, message, signature)
    })
}

/// What is remembered while the program runs.
#[derive(Debug, Default)]
pub(super) struct Bundles {
    refused: Mutex<HashMap<(Kind, bool), (u64, Instant)>>,
}

impl Bundles {
    /// Fetches and takes in what is new.
    pub(super) fn renew(&self, app: &App, wire: &Wire, terms: &Terms) {
        match app.takes_bundles() {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return tracing::warn!(%error, "bundles"),
        }
        let pinned = match pin(app.dir(), terms) {
            Ok(pinned) => pinned,
            Err(error) => return tracing::warn!(%error, "central's key for bundles was not kept"),
        };
        let mut newest = terms.newest.clone();
        newest.sort_by_key(|each| (each.kind, each.own));
        for each in newest {
            if let Err(error) = self.one(app, wire, &pinned, each) {
                tracing::warn!(%error, kind = each.kind.name(), "bundle was not taken in");
            }
        }
    }

    /// One after the other, up to the newest. Where one is refused the newest is tried, which may be
    /// its correction; what lies between is passed over.
    fn one(
        &self,
        app: &App,
        wire: &Wire,
        pinned: &Pinned,
        newest: Newest,
    ) -> motcua_store::Result<()> {
        let known = app.bundle_serial(newest.kind, newest.own)?;
        if known == newest.serial || self.was_refused(newest) {
            return Ok(());
        }
        if known > newest.serial {
            return self.refuse(app, newest, newest, &bundle::older());
        }
        let mut after = known;
        for _ in 0..MOST {
            match next(app, wire, pinned, newest, after)? {
                Next::Nothing => return Ok(()),
                Next::Taken(serial) if serial >= newest.serial => return Ok(()),
                Next::Taken(serial) => after = serial,
                Next::Refused(serial, refusal) => {
                    let this = Newest { serial, ..newest };
                    let last = newest.serial.saturating_sub(1);
                    if after >= last || serial >= newest.serial {
                        return self.refuse(app, newest, this, &refusal);
                    }
                    app.refuse_bundle(this, &refusal)?;
                    after = last;
                }
            }
        }
        Ok(())
    }

    /// Whether what there is newest was refused a short while ago.
    fn was_refused(&self, newest: Newest) -> bool {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let last = refused.get(&(newest.kind, newest.own));
        last.is_some_and(|(serial, at)| *serial == newest.serial && at.elapsed() < AGAIN)
    }

    fn refuse(
        &self,
        app: &App,
        newest: Newest,
        this: Newest,
        refusal: &Refusal,
    ) -> motcua_store::Result<()> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.insert((newest.kind, newest.own), (newest.serial, Instant::now()));
        drop(refused);
        app.refuse_bundle(this, refusal)
    }
}

/// What came of fetching one.
enum Next {
    /// No line, or nothing there.
    Nothing,
    Taken(u64),
    Refused(u64, Refusal),
}

/// Fetches and takes in the first that there is behind a serial number.
fn next(
    app: &App,
    wire: &Wire,
    pinned: &Pinned,
    Newest { kind, own, .. }: Newest,
    after: u64,
) -> motcua_store::Result<Next> {
    let path = format!("{PATH}/{}?after={after}&own={own}", kind.name());
    let got = wire.post(&Send::get(path), PATIENCE);
    let Some(packed) = got.as_ref().and_then(of_central) else {
        return Ok(Next::Nothing);
    };
    let opened = match open(pinned, kind, packed) {
        Ok(opened) => opened,
        // What it says of itself is not to be believed.
        Err(refusal) => return Ok(Next::Refused(after + 1, refusal)),
    };
    let serial = opened.head.serial;
    // It answered with one that was not asked for.
    if opened.head.office.is_some() != own || serial <= after {
        return Ok(Next::Refused(serial, bundle::older()));
    }
    Ok(match app.take_bundle(&opened, &pinned.key)? {
        Ok(()) => Next::Taken(serial),
        Err(refusal) => Next::Refused(serial, refusal),
    })
}

/// What was fetched, if it is a bundle.
fn of_central(got: &Got) -> Option<&[u8]> {
    (got.status == 200 && got.media == MEDIA).then_some(&got.body[..])
}

/// The key of this folder. One that joined before there were bundles keeps the first that it hears
/// over the line that its authority vouches for; another is only had by joining anew.
fn pin(dir: &Path, terms: &Terms) -> std::io::Result<Pinned> {
    let Some(mut enrolled) = Enrolled::of_folder(dir)? else {
        return Ok(terms.into());
    };
    match enrolled.bundles {
        Some(pinned) => Ok(pinned),
        None => {
            let pinned = Pinned::from(terms);
            enrolled.bundles = Some(pinned.clone());
            enrolled.keep(dir)?;
            Ok(pinned)
        }
    }
}
