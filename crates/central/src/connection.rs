//! Writing the connection file with which a branch joins (`motcua_protocol::connection`).

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use motcua_protocol::connection::Connection;

use crate::auth::Code;

/// A file that waits for its code: whatever can be wrong with it is said before a code is made.
#[derive(Debug)]
pub(crate) struct Blank {
    to: PathBuf,
    url: String,
    authority: String,
}

impl Blank {
    pub(crate) fn at(to: &Path, url: &str, ca: Option<&Path>) -> anyhow::Result<Self> {
        let host = url.strip_prefix("https://").unwrap_or_default();
        let port = host.trim_end_matches('/').rsplit_once(':');
        anyhow::ensure!(
            port.is_some_and(|(name, port)| !name.is_empty() && port.parse::<u16>().is_ok()),
            "--url has the form https://HOST:PORT"
        );
        let ca = ca.context("--ca FILE: the authority of central's certificate is not known")?;
        let authority = fs::read_to_string(ca).with_context(|| format!("{}", ca.display()))?;
        anyhow::ensure!(
            authority.contains("BEGIN CERTIFICATE") && !authority.contains("PRIVATE KEY"),
            "{} holds no certificate, or a private key as well",
            ca.display()
        );
        anyhow::ensure!(!to.exists(), "{} is there already", to.display());
        Ok(Self {
            to: to.to_owned(),
            url: url.to_owned(),
            authority,
        })
    }

    /// Nobody else on this machine reads it: whoever has the code can join.
    pub(crate) fn write(self, office: &str, code: &Code) -> anyhow::Result<PathBuf> {
        let until = (office, code.expires_at.as_str());
        let connection = Connection::new(until, &self.url, &code.code, &self.authority);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let fault = || format!("{}", self.to.display());
        let mut file = options.open(&self.to).with_context(fault)?;
        let text = serde_json::to_vec_pretty(&connection)?;
        file.write_all(&text).with_context(fault)?;
        file.sync_all().with_context(fault)?;
        Ok(self.to)
    }
}
