//! What a folder remembers of central: where it is, whom to trust there, and the key by which it
//! knows this device. The key has no end: a machine that was dark for a year simply comes back.

use std::{fmt, fs, io, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use motcua_domain::{Code, Refusal};
use motcua_protocol::ApiError;
use motcua_stick::OpenKey;
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    version::TLS13,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bundles::Pinned;
use crate::{
    identity::write_private,
    line::{Http, host_of},
};

const NAME: &str = "central.json";
const KEY: &str = "central-key.json";
const ANSWERS: &str = "motcua machine answer key 1";

/// The central of a folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Enrolled {
    /// `https://HOST:PORT`
    pub url: String,
    /// Authority that signs central's certificate, in PEM: that one and no other.
    pub ca: String,
    /// This device.
    pub device: Uuid,
    /// By whose key bundles are signed; a folder that joined before there were any has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bundles: Option<Pinned>,
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, NAME)
}

/// The key by which central knows this device. Made once for a folder and kept from before it is
/// first shown: where the answer to an enrolment was lost, the next one shows the same key.
pub(super) struct Key {
    signs: Ed25519KeyPair,
    opens: OpenKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The key of a folder; made at the first call.
    pub(super) fn of_folder(dir: &Path) -> io::Result<Self> {
        let kept: String = match fs::read(dir.join(KEY)) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let fresh = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
                    .map_err(|_| io::Error::other("no random bytes"))?;
                let kept = URL_SAFE_NO_PAD.encode(fresh);
                write_private(dir, KEY, serde_json::to_string(&kept)?.as_bytes())?;
                kept
            }
            Err(error) => return Err(error),
        };
        let key = URL_SAFE_NO_PAD.decode(kept).map_err(|_| broken())?;
        Ok(Self {
            signs: Ed25519KeyPair::from_pkcs8(&key).map_err(|_| broken())?,
            opens: OpenKey::of_secret(&blake3::derive_key(ANSWERS, &key)),
        })
    }

    /// What central keeps of it.
    pub(super) fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.signs.public_key())
    }

    /// Its signature.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.sign_bytes(message))
    }

    /// The same as bytes.
    pub(super) fn sign_bytes(&self, message: &[u8]) -> Vec<u8> {
        self.signs.sign(message).as_ref().to_vec()
    }

    /// What opens central's answers to this machine; nothing more has to be kept for it.
    pub(super) fn opens(&self) -> &OpenKey {
        &self.opens
    }
}

/// A refusal that names the field at fault.
pub(super) fn refuse(code: Code, message: &str, field: &str) -> ApiError {
    Refusal::new(code, message).at(field).into()
}

impl Enrolled {
    /// The central of a folder; `None` where the folder has none.
    ///
    /// # Errors
    /// There is something that cannot be read.
    pub fn of_folder(dir: &Path) -> io::Result<Option<Self>> {
        match fs::read(dir.join(NAME)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn keep(&self, dir: &Path) -> io::Result<()> {
        write_private(dir, NAME, serde_json::to_string(self)?.as_bytes())
    }

    /// A line to central that trusts its authority and no other.
    pub(super) fn http(&self) -> io::Result<Http> {
        let host = host_of(&self.url).ok_or_else(broken)?;
        let name = host.rsplit_once(':').map_or(&host[..], |(name, _)| name);
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(name.to_owned()).map_err(|_| broken())?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(self.ca.as_bytes()) {
            let certificate = certificate.map_err(|_| broken())?;
            roots.add(certificate).map_err(io::Error::other)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Http::named(host, name, tls)
    }
}
