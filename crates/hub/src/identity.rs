//! Who this machine is on the network: one key and one self-signed certificate per data folder.
//! A machine is known by the SHA-256 of its certificate, as in Syncthing; nobody else vouches for
//! it, and it has no end: a machine that was away for a month must simply work when it is back.

use std::{fmt, fs, io, io::Write as _, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};

const NAME: &str = "identity.json";

/// SHA-256 of a certificate's DER.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub(crate) [u8; 32]);

impl Fingerprint {
    /// Of that certificate.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }

    /// 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text)
            .ok()
            .map(|h| Self(*h.as_bytes()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    certificate: String,
    key: String,
}

/// Key and certificate of a folder. Its `Debug` tells the fingerprint only.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
    fingerprint: Fingerprint,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.fingerprint)
    }
}

impl Identity {
    /// The identity of a folder; made at the first call.
    ///
    /// # Errors
    /// The folder cannot be read or written, or what is there is not an identity.
    pub fn of_folder(dir: &Path) -> io::Result<Self> {
        match fs::read(dir.join(NAME)) {
            Ok(bytes) => Self::read(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(dir),
            Err(error) => Err(error),
        }
    }

    fn read(bytes: &[u8]) -> io::Result<Self> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "identity.json");
        let kept: Kept = serde_json::from_slice(bytes).map_err(|_| broken())?;
        let certificate = STANDARD.decode(kept.certificate).map_err(|_| broken())?;
        let key = STANDARD.decode(kept.key).map_err(|_| broken())?;
        Ok(Self::new(CertificateDer::from(certificate), key))
    }

    fn new(certificate: CertificateDer<'static>, key: Vec<u8>) -> Self {
        Self {
            fingerprint: Fingerprint::of(&certificate),
            certificate,
            key,
        }
    }

    fn make(dir: &Path) -> io::Result<Self> {
        let fresh = || -> Result<_, rcgen::Error> {
            let key = rcgen::KeyPair::generate()?;
            let certificate =
                rcgen::CertificateParams::new(vec!["motcua".to_owned()])?.self_signed(&key)?;
            Ok((certificate, key))
        };
        let (certificate, key) = fresh().map_err(io::Error::other)?;
        let identity = Self::new(certificate.der().clone(), key.serialize_der());
        let kept = Kept {
            certificate: STANDARD.encode(&identity.certificate),
            key: STANDARD.encode(&identity.key),
        };
        write_private(dir, NAME, serde_json::to_string(&kept)?.as_bytes())?;
        Ok(identity)
    }

    /// How others know it.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

/// Writes a file that only the folder's owner may read, whole or not at all.
pub(crate) fn write_private(dir: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let draft = dir.join(format!("{name}.new"));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(draft, dir.join(name))?;
    // On other systems the rename itself is written through.
    #[cfg(unix)]
    fs::File::open(dir)?.sync_all()?;
    Ok(())
}
