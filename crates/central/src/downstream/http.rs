//! What every system beyond central has in common on the wire: whom is trusted, what an address may
//! be, how a record and a time are written.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use chrono::{DateTime, FixedOffset};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde::Serialize;
use serde_json::{Map, Value};
use ureq::{
    Agent,
    tls::{Certificate, RootCerts, TlsConfig, TlsProvider},
};

/// No answer of theirs is larger.
pub(crate) const MOST: u64 = 1 << 20;

/// Asks over TLS and trusts these authorities (PEM) and no others.
pub(crate) fn agent(ca: Option<&[u8]>, patience: Duration) -> anyhow::Result<Agent> {
    let mut roots = Vec::new();
    for authority in CertificateDer::pem_slice_iter(ca.unwrap_or_default()) {
        roots.push(Certificate::from_der(&authority.context("ca")?).to_owned());
    }
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    Ok(Agent::config_builder()
        .http_status_as_error(false)
        // A record of a citizen goes where it was meant to go and nowhere else.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(patience))
        .tls_config(tls)
        .build()
        .into())
}

/// Records of citizens go over TLS to a known authority, or stay on this machine.
pub(crate) fn checked(url: &str, has_ca: bool) -> anyhow::Result<()> {
    let parsed: axum::http::Uri = url.parse().with_context(|| url.to_owned())?;
    let here = ["127.0.0.1", "[::1]", "localhost"].contains(&parsed.host().unwrap_or_default());
    match parsed.scheme_str() {
        Some("https") => ensure!(has_ca, "{url}: name the authority with \"ca\""),
        Some("http") => ensure!(here, "{url}: without TLS only to this machine"),
        _ => anyhow::bail!("{url}: https://…"),
    }
    Ok(())
}

/// Content of a file that settings name; its path is beside theirs.
pub(crate) fn beside(settings: &Path, named: &Path) -> anyhow::Result<Vec<u8>> {
    let path = settings.parent().unwrap_or(Path::new("")).join(named);
    fs::read(&path).with_context(|| path.display().to_string())
}

/// The same of a file with one secret and nothing else.
pub(crate) fn secret(settings: &Path, named: &Path) -> anyhow::Result<String> {
    let text = String::from_utf8(beside(settings, named)?)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A record in the making. A field that nothing is known of is left out.
#[derive(Default)]
pub(crate) struct Record(pub(crate) Map<String, Value>);

impl Record {
    pub(crate) fn put(&mut self, field: &str, value: impl Serialize) {
        // Texts and lists of texts: there is nothing in them that JSON does not know.
        if let Ok(value) = serde_json::to_value(value) {
            self.0.insert(field.to_owned(), value);
        }
    }

    pub(crate) fn put_some(&mut self, field: &str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.put(field, value);
        }
    }
}

/// A name in a field that holds so many characters.
pub(crate) fn at_most_50(name: &str) -> String {
    name.chars().take(50).collect()
}

/// A time by the clocks of Vietnam.
pub(crate) fn time(ms: i64, format: &str) -> Option<String> {
    let vietnam = FixedOffset::east_opt(7 * 3_600)?;
    let at = DateTime::from_timestamp_millis(ms)?.with_timezone(&vietnam);
    Some(at.format(format).to_string())
}

/// The name that an outside list has for one of our kinds; none where it does not have it.
pub(crate) fn known<'a>(
    list: &'a std::collections::BTreeMap<String, Option<String>>,
    ours: &impl Serialize,
) -> Option<&'a String> {
    let name = serde_json::to_value(ours).ok()?;
    list.get(name.as_str()?)?.as_ref()
}
