//! Where the national portal is and how this installation is known there: a file of the operators,
//! not of the program.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use super::courier::Patience;

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
fn patience_s() -> u64 {
    60
}

fn retry_cap_s() -> u64 {
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
        let beside = |path: &Path| file.parent().unwrap_or(Path::new("")).join(path);
        for url in [&settings.login_url, &settings.service_url] {
            checked(url, settings.ca.is_some()).with_context(|| named(file))?;
        }
        ensure!(
            (1..=600).contains(&settings.patience_s)
                && (1..=86_400).contains(&settings.retry_cap_s),
            "patience_s is 1 to 600, retry_cap_s 1 to 86400"
        );
        let password = beside(&settings.password_file);
        let password = fs::read_to_string(&password).with_context(|| named(&password))?;
        let content = |path: &Option<PathBuf>| {
            let path = path.as_deref().map(beside);
            let content = path.map(|p| fs::read(&p).with_context(|| named(&p)));
            content.transpose()
        };
        let data = content(&settings.data)?
            .map(String::from_utf8)
            .transpose()?;
        Ok(Read {
            password: password.trim_end_matches(['\r', '\n']).to_owned(),
            ca: content(&settings.ca)?,
            data,
            patience: Patience {
                answer: Duration::from_secs(settings.patience_s),
                away: Duration::from_secs(settings.retry_cap_s),
            },
            settings,
        })
    }
}

/// Records of citizens go over TLS to a known authority, or stay on this machine.
fn checked(url: &str, has_ca: bool) -> anyhow::Result<()> {
    let parsed: axum::http::Uri = url.parse().with_context(|| url.to_owned())?;
    let here = ["127.0.0.1", "[::1]", "localhost"].contains(&parsed.host().unwrap_or_default());
    match parsed.scheme_str() {
        Some("https") => ensure!(has_ca, "{url}: name the authority with \"ca\""),
        Some("http") => ensure!(here, "{url}: without TLS only to this machine"),
        _ => anyhow::bail!("{url}: https://…"),
    }
    Ok(())
}
