//! Where the process that holds a data folder can be reached: a file in the folder that only
//! its owner may read.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

const NAME: &str = "endpoint.json";

/// Address and token of the process that holds the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// Bearer token.
    pub token: String,
}

fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

impl Endpoint {
    /// The endpoint that a folder names; it may be that of a process that is gone.
    pub fn read(dir: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path(dir)).ok()?).ok()
    }

    pub(crate) fn publish(&self, dir: &Path) -> io::Result<()> {
        let draft = dir.join("endpoint.new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        options
            .open(&draft)?
            .write_all(serde_json::to_string(self)?.as_bytes())?;
        fs::rename(draft, path(dir))
    }

    pub(crate) fn withdraw(dir: &Path) {
        if let Err(error) = fs::remove_file(path(dir)) {
            tracing::debug!(%error, "endpoint file already gone");
        }
    }
}
