//! Where the national portal is and how this installation is known there: a file of the operators,
//! not of the program.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::Deserialize;

use super::{courier::Patience, http};

/// `--portal FILE`; paths in it are beside it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where a session is opened.
    pub(crate) login_url: String,
    /// Where services are called.
    pub(crate) service_url: String,
    /// Header `dstcode`.
    pub(crate) dstcode: String,
    pub(crate) username: String,
    /// A file with the password and nothing else.
    password_file: PathBuf,
    /// The one authority that may sign the portal's certificate, in PEM. Needed with `https`.
    ca: Option<PathBuf>,
    /// How each office is known there, by its agency code.
    pub(crate) offices: BTreeMap<String, OfficeThere>,
    /// Dated data in place of the built-in one.
    data: Option<PathBuf>,
    /// How long an answer may take.
    #[serde(default = "patience_s")]
    patience_s: u64,
    /// Longest pause between tries while the portal is away.
    #[serde(default = "retry_cap_s")]
    retry_cap_s: u64,
}

/// How an office is known at the portal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfficeThere {
    pub(crate) madonvi: String,
    /// `DonViXuLy`
    pub(crate) name: String,
}

/// What incumbents wait.
pub(super) fn patience_s() -> u64 {
    60
}

pub(super) fn retry_cap_s() -> u64 {
    300
}

/// The settings with everything they name.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) settings: Settings,
    pub(crate) password: String,
    pub(crate) ca: Option<Vec<u8>>,
    pub(crate) data: Option<String>,
    pub(crate) patience: Patience,
}

impl Settings {
    pub(crate) fn read(file: &Path) -> anyhow::Result<Read> {
        let named = |path: &Path| format!("{}", path.display());
        let text = fs::read(file).with_context(|| named(file))?;
        let settings: Self = serde_json::from_slice(&text).with_context(|| named(file))?;
        for url in [&settings.login_url, &settings.service_url] {
            http::checked(url, settings.ca.is_some()).with_context(|| named(file))?;
        }
        let patience = Patience::of(settings.patience_s, settings.retry_cap_s)?;
        let content = |path: &Option<PathBuf>| {
            let content = path.as_deref().map(|p| http::beside(file, p));
            content.transpose()
        };
        let data = content(&settings.data)?
            .map(String::from_utf8)
            .transpose()?;
        Ok(Read {
            password: http::secret(file, &settings.password_file)?,
            ca: content(&settings.ca)?,
            data,
            patience,
            settings,
        })
    }
}
