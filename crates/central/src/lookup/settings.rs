//! `--lookups FILE`: where the registers are and which offices may ask, a file of the operators.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use motcua_domain::identity::look_up::Register;
use serde::Deserialize;

use super::{
    Connected, LookUps, MOST_PATIENCE,
    register::{Data, OverHttp},
};
use crate::downstream::{http, token::Tokens};

const BUILT_IN: &str = include_str!("../../../../assets/lookups/registers.json");

/// Paths in it are beside it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    token_url: String,
    client_id: String,
    /// A file with the secret and nothing else.
    client_secret_file: PathBuf,
    /// Where the population register is asked; none where it is not connected.
    citizen_url: Option<String>,
    /// Where the register of enterprises is asked.
    enterprise_url: Option<String>,
    /// The one authority that may sign the certificates, in PEM. Needed with `https`.
    ca: Option<PathBuf>,
    /// How each office is known there, by its agency code.
    offices: HashMap<String, String>,
    /// Dated data in place of the built-in one.
    data: Option<PathBuf>,
    /// Questions of one office a day, for each register.
    #[serde(default = "per_day")]
    per_day: i64,
    /// How long an answer may take.
    #[serde(default = "patience_s")]
    patience_s: u64,
}

fn per_day() -> i64 {
    500
}

fn patience_s() -> u64 {
    5
}

/// The registers as the file describes them.
pub(crate) fn read(file: &Path) -> anyhow::Result<LookUps> {
    let named = || file.display().to_string();
    let text = fs::read(file).with_context(named)?;
    let settings: Settings = serde_json::from_slice(&text).with_context(named)?;
    let most = MOST_PATIENCE.as_secs();
    ensure!(
        (1..=most).contains(&settings.patience_s) && settings.per_day >= 0,
        "patience_s is 1 to {most}, per_day 0 or more"
    );
    let urls = [&settings.citizen_url, &settings.enterprise_url];
    for url in urls.into_iter().flatten().chain([&settings.token_url]) {
        http::checked(url, settings.ca.is_some()).with_context(named)?;
    }
    let content = |path: &Option<PathBuf>| {
        let content = path.as_deref().map(|p| http::beside(file, p));
        content.transpose()
    };
    let data = content(&settings.data)?;
    let data: Data = serde_json::from_slice(data.as_deref().unwrap_or(BUILT_IN.as_bytes()))
        .context("data of the registers")?;
    let data = Arc::new(data);
    let patience = Duration::from_secs(settings.patience_s);
    let agent = http::agent(content(&settings.ca)?.as_deref(), patience)?;
    let tokens = Arc::new(Tokens::new(
        settings.token_url,
        settings.client_id,
        http::secret(file, &settings.client_secret_file)?,
    ));
    let mut registers = HashMap::new();
    for (register, url) in [
        (Register::Citizen, settings.citizen_url),
        (Register::Enterprise, settings.enterprise_url),
    ] {
        let Some(url) = url else { continue };
        registers.insert(
            register,
            Connected {
                source: Box::new(OverHttp {
                    agent: agent.clone(),
                    tokens: Arc::clone(&tokens),
                    url,
                    data: Arc::clone(&data),
                    patience,
                }),
                per_day: settings.per_day,
            },
        );
    }
    Ok(LookUps::new(registers, settings.offices))
}
