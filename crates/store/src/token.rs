//! The epoch token: how far this device's log had come, kept outside the database.
//!
//! A database that lies behind its token was restored or rewound; one that lies in another
//! folder or machine than its token was cloned. In both cases going on under the same epoch
//! would give out sequence numbers twice, and the other side would drop the second as a
//! duplicate. So a new epoch is opened before anything is written.
//!
//! It also names the hub of the highest term that was ever read of here: a person's word must not
//! go back with the disk.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    open::Store,
    table::hub::{FIRST_TERM, HubTerm},
};

const NAME: &str = "device.json";

/// The token as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) device: Uuid,
    pub(crate) epoch: u32,
    pub(crate) seq: u64,
    pub(crate) hash: String,
    pub(crate) machine: String,
    pub(crate) folder: String,
    /// The hub of the highest term; tokens of older programs and of branches that never had a
    /// second hub name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hub: Option<HubTerm>,
    /// Central parts the branch's case codes: a log that has lost this must not give them from the
    /// whole range again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) parted: bool,
}

impl Token {
    /// Whether it was written for that folder of this machine; a copy's was not.
    pub(crate) fn is_of(&self, folder: &str) -> bool {
        self.machine == machine() && self.folder == folder
    }

    fn reach(&self) -> (u32, u64, u32, bool) {
        let term = self.hub.as_ref().map_or(0, |hub| hub.term);
        (self.epoch, self.seq, term, self.parted)
    }
}

/// Where tokens lie: beside the database, and apart from it, so that copying the whole folder
/// back does not take the second one along.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    beside: PathBuf,
    apart: Option<PathBuf>,
    /// How far the token was last written: writes may overtake each other, the token must not.
    written: Arc<Mutex<(u32, u64, u32, bool)>>,
}

impl Places {
    pub(crate) fn new(dir: &Path, state_dir: Option<&Path>, device: Uuid) -> Self {
        Self {
            beside: dir.join(NAME),
            apart: state_dir.map(|s| s.join("devices").join(format!("{device}.json"))),
            written: Arc::default(),
        }
    }

    /// What both places know together.
    pub(crate) fn read(&self, device: Uuid) -> Option<Token> {
        let tokens: Vec<Token> = [Some(&self.beside), self.apart.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(|path| serde_json::from_slice::<Token>(&fs::read(path).ok()?).ok())
            .filter(|token| token.device == device)
            .collect();
        let hubs = tokens.iter().filter_map(|token| token.hub.clone());
        let hub = hubs.max_by_key(HubTerm::rank);
        let parted = tokens.iter().any(|token| token.parted);
        let furthest = tokens.into_iter().max_by_key(Token::reach)?;
        Some(Token {
            hub,
            parted,
            ..furthest
        })
    }

    /// Writes both, each whole or not at all. A token that cannot be written costs protection,
    /// not data, so it is logged and work goes on.
    pub(crate) fn write(&self, token: &Token) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if *written > token.reach() {
            return;
        }
        *written = token.reach();
        for path in [Some(&self.beside), self.apart.as_ref()]
            .into_iter()
            .flatten()
        {
            if let Err(error) = replace(path, token) {
                tracing::warn!(%error, "epoch token not written");
            }
        }
    }
}

impl Store {
    /// The hub of the highest term that was ever read of here, also where the log has since gone
    /// back behind it; `None` where the branch has had one hub only.
    pub fn known_hub(&self) -> Option<HubTerm> {
        self.known_hub
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Keeps a hub that the log names outside the log, before anything follows from it. What is
    /// known of a higher one stays.
    pub fn remember_hub(&self, hub: &HubTerm) {
        {
            let mut known = self
                .known_hub
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let first = hub.term <= FIRST_TERM;
            if first || known.as_ref().is_some_and(|k| k.rank() >= hub.rank()) {
                return;
            }
            *known = Some(hub.clone());
        }
        self.write_token();
    }
}

/// Whether a token lies beside the database: then there was a history here.
pub(crate) fn lies(dir: &Path) -> bool {
    dir.join(NAME).exists()
}

fn replace(path: &Path, token: &Token) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let draft = path.with_extension("new");
    let mut file = fs::File::create(&draft)?;
    file.write_all(serde_json::to_string_pretty(token)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, path)
}

/// A name for this machine that a cloned disk keeps and another machine does not have.
pub(crate) fn machine() -> String {
    let id = fs::read_to_string("/etc/machine-id")
        .or_else(|_| fs::read_to_string("/var/lib/dbus/machine-id"))
        .unwrap_or_default();
    // Hashed: the raw id must not leave the machine.
    blake3::hash(format!("motcua-machine-1{}", id.trim()).as_bytes()).to_hex()[..16].to_owned()
}
