//! Where the process that holds a data folder can be reached: a file in the folder that only
//! its owner may read. Beside it, the tokens of a board and of a self-service terminal, which
//! outlive the process: a television switched on in the morning has only its bookmark.

use std::{
    fs, io,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

const NAME: &str = "endpoint.json";
/// The token with which a board reads.
pub(crate) const BOARD: &str = "board-token";
/// The token with which a self-service terminal gives numbers.
const KIOSK: &str = "kiosk-token";

/// The token with which a rating screen asks and gives ratings.
const RATING: &str = "rating-token";

/// 244 random bits.
pub(crate) fn new_token() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// A token that is kept in the folder, made when there is none.
pub(crate) fn kept_token(dir: &Path, name: &str) -> io::Result<String> {
    if let Ok(kept) = fs::read_to_string(dir.join(name))
        && kept.len() == 64
        && kept.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return Ok(kept);
    }
    let token = new_token();
    write_private(dir, &format!("{name}.new"), name, token.as_bytes())?;
    Ok(token)
}

/// A file for the owner's eyes only, whole or not at all.
fn write_private(dir: &Path, draft: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let draft = dir.join(draft);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(&draft)?.write_all(bytes)?;
    fs::rename(draft, dir.join(name))
}

/// Address and token of the process that holds the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// Bearer token.
    pub token: String,
    /// Bearer token of a board: it reads what the hall may read, and does nothing.
    #[serde(default)]
    pub board: String,
    /// Bearer token of a self-service terminal: it gives numbers while the machine is one.
    #[serde(default)]
    pub kiosk: String,
    /// Bearer token of a rating screen: it gives ratings and sees a number and a service.
    #[serde(default)]
    pub rating: String,
}

fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

impl Endpoint {
    /// A new one at that address, with the tokens that the folder keeps.
    pub(crate) fn fresh(dir: &Path, address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            url: format!("http://{address}"),
            token: new_token(),
            board: kept_token(dir, BOARD)?,
            kiosk: kept_token(dir, KIOSK)?,
            rating: kept_token(dir, RATING)?,
        })
    }

    /// The endpoint that a folder names; it may be that of a process that is gone.
    pub fn read(dir: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path(dir)).ok()?).ok()
    }

    /// Address of the self-service terminal for a browser of this machine.
    pub fn kiosk_url(&self) -> String {
        format!("{}/kiosk.html#token={}", self.url, self.kiosk)
    }

    /// Address of a rating screen for a browser of this machine; the counter follows.
    pub fn rating_url(&self) -> String {
        format!("{}/rating.html#token={}&counter=", self.url, self.rating)
    }

    pub(crate) fn publish(&self, dir: &Path) -> io::Result<()> {
        let bytes = serde_json::to_string(self)?;
        write_private(dir, "endpoint.new", NAME, bytes.as_bytes())
    }

    pub(crate) fn withdraw(dir: &Path) {
        if let Err(error) = fs::remove_file(path(dir)) {
            tracing::debug!(%error, "endpoint file already gone");
        }
    }
}
