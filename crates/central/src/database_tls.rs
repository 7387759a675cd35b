//! How the database is reached: `sslmode` of the URL, as PostgreSQL's own programs understand it.
//!
//! - none given, or `disable`: not encrypted; for a socket on this machine.
//! - `prefer`: encrypted where the server can, and not checked.
//! - `require`: encrypted or not at all; who answers is not checked.
//! - `verify-full`: encrypted, and the server shows a certificate for the name in the URL from an
//!   authority in `sslrootcert`. What belongs between two machines.

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use tokio_postgres::config::SslMode;

/// Where the database is, and how it is spoken to.
#[derive(Debug)]
pub(crate) struct Target {
    /// Without what only we understand.
    pub(crate) url: String,
    pub(crate) mode: SslMode,
    /// None where nothing is encrypted.
    pub(crate) tls: Option<ClientConfig>,
}

/// Reads a URL (`postgres://…?sslmode=…`).
pub(crate) fn target(url: &str) -> anyhow::Result<Target> {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut roots) = (None, None);
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "sslmode" => mode = Some(value),
            "sslrootcert" => roots = Some(plain(value)?),
            _ => rest.push(pair),
        }
    }
    let url = match rest.is_empty() {
        true => place.to_owned(),
        false => format!("{place}?{}", rest.join("&")),
    };
    let (mode, tls) = match mode.unwrap_or("disable") {
        "disable" => (SslMode::Disable, None),
        "prefer" => (SslMode::Prefer, Some(whoever()?)),
        // As PostgreSQL's own programs: an authority that is named is asked for.
        "require" if roots.is_none() => (SslMode::Require, Some(whoever()?)),
        "require" | "verify-full" => {
            let file = roots.as_deref();
            let file = file.context(
                "sslmode=verify-full needs sslrootcert=FILE, the authority of the database's certificate in PEM",
            )?;
            (SslMode::Require, Some(checked(file)?))
        }
        "verify-ca" => {
            bail!("sslmode=verify-ca does not check whose certificate it is; use verify-full")
        }
        other => {
            bail!("sslmode={other} is not known; there are disable, prefer, require, verify-full")
        }
    };
    Ok(Target { url, mode, tls })
}

/// A value of a URL without its percent signs.
fn plain(value: &str) -> anyhow::Result<String> {
    let bytes = value.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let hex = value
                .get(at + 1..at + 3)
                .context("sslrootcert: a broken % escape")?;
            out.push(u8::from_str_radix(hex, 16).context("sslrootcert: a broken % escape")?);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    Ok(String::from_utf8(out)?)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn checked(file: &str) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(file).with_context(|| format!("sslrootcert {file}"))?;
    for certificate in certificates {
        roots.add(certificate.with_context(|| format!("sslrootcert {file}"))?)?;
    }
    ensure!(!roots.is_empty(), "sslrootcert {file} holds no certificate");
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn whoever() -> anyhow::Result<ClientConfig> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Whoever(provider())))
        .with_no_client_auth())
}

/// Takes any certificate, as `sslmode=require` says: against listening, not against a false server.
#[derive(Debug)]
struct Whoever(Arc<CryptoProvider>);

impl ServerCertVerifier for Whoever {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_url_says_is_done_or_refused_and_never_weakened() {
        let plain = target("postgres://c@h/db?application_name=x").unwrap();
        assert_eq!(plain.url, "postgres://c@h/db?application_name=x");
        assert!(plain.tls.is_none());
        let required = target("postgres://c@h/db?sslmode=require&application_name=x").unwrap();
        assert_eq!(required.url, "postgres://c@h/db?application_name=x");
        assert_eq!(required.mode, SslMode::Require);
        assert!(required.tls.is_some());
        for wrong in [
            "postgres://c@h/db?sslmode=verify-full",
            "postgres://c@h/db?sslmode=verify-full&sslrootcert=/nowhere.pem",
            "postgres://c@h/db?sslmode=require&sslrootcert=%zz",
            "postgres://c@h/db?sslmode=verify-ca&sslrootcert=/dev/null",
            "postgres://c@h/db?sslmode=verify-full&sslrootcert=/dev/null",
            "postgres://c@h/db?sslmode=on",
        ] {
            assert!(target(wrong).is_err(), "{wrong}");
        }
        assert_eq!(super::plain("%2Ftmp%2Fa%20b").unwrap(), "/tmp/a b");
    }
}
