//! The certificate that central shows. An installation brings its own; for trying, one is made
//! together with the authority that devices are told to trust.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

const CA: &str = "ca.pem";
const CA_KEY: &str = "ca-key.pem";

/// From files in PEM.
pub(crate) fn of_files(certificate: &Path, key: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("certificate {}", certificate.display()))?;
    let key =
        PrivateKeyDer::from_pem_file(key).with_context(|| format!("key {}", key.display()))?;
    config(chain, key)
}

/// Made in a folder: the authority once, the certificate for this machine at every start.
/// Answers the authority's file as well.
pub(crate) fn of_folder(dir: &Path) -> anyhow::Result<(Arc<ServerConfig>, PathBuf)> {
    fs::create_dir_all(dir)?;
    let (ca, ca_key) = match (
        fs::read_to_string(dir.join(CA)),
        fs::read_to_string(dir.join(CA_KEY)),
    ) {
        (Ok(ca), Ok(key)) => (ca, key),
        _ => authority(dir)?,
    };
    let issuer = Issuer::from_ca_cert_pem(&ca, KeyPair::from_pem(&ca_key)?)?;
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    for ip in [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ] {
        params.subject_alt_names.push(SanType::IpAddress(ip));
    }
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let config = config(vec![certificate.der().clone()], key)?;
    // Told to devices, which may run elsewhere on this machine.
    Ok((config, dir.join(CA).canonicalize()?))
}

fn authority(dir: &Path) -> anyhow::Result<(String, String)> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
        .distinguished_name
        .push(DnType::CommonName, "Mot Cua: for trying only");
    let certificate = params.self_signed(&key)?.pem();
    let key = key.serialize_pem();
    private(&dir.join(CA_KEY), key.as_bytes())?;
    fs::write(dir.join(CA), &certificate)?;
    Ok((certificate, key))
}

fn private(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    io::Write::write_all(&mut options.open(file)?, content)
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> anyhow::Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
