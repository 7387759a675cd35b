//! Where the CUPS server is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Port of IPP (RFC 8010).
const IPP_PORT: u16 = 631;
/// Where Debian, Ubuntu and Fedora put the local socket. It comes before TCP because a cupsd
/// started on demand goes away after a minute and only its socket wakes it again.
const SOCKETS: [&str; 2] = ["/run/cups/cups.sock", "/var/run/cups/cups.sock"];

/// Address of a CUPS server, written as libcups writes it in `CUPS_SERVER`: `host`, `host:port`,
/// or the path of a local socket.
///
/// ```
/// use motcua_devices::printing::CupsServer;
/// let server: CupsServer = "localhost".parse().unwrap();
/// assert_eq!(server.to_string(), "localhost:631");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CupsServer {
    /// Over TCP.
    Tcp {
        /// Name or address, IPv6 without brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// Over a socket of this machine.
    Socket(PathBuf),
}

/// Text that names no server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a CUPS server address: {0:?}")]
pub struct ServerAddressError(String);

impl CupsServer {
    /// The server to use: `wanted`, else `CUPS_SERVER`, else this machine's socket, else
    /// `localhost:631`; the order of libcups.
    ///
    /// # Errors
    /// If `wanted` or `CUPS_SERVER` is no address.
    pub fn find(wanted: Option<&str>) -> Result<Self, ServerAddressError> {
        if let Some(wanted) = wanted {
            return wanted.parse();
        }
        if let Ok(set) = std::env::var("CUPS_SERVER")
            && !set.trim().is_empty()
        {
            return set.parse();
        }
        Ok(
            match SOCKETS
                .iter()
                .map(Path::new)
                .find(|path| cfg!(unix) && path.exists())
            {
                Some(path) => Self::Socket(path.to_owned()),
                None => Self::Tcp {
                    host: "localhost".to_owned(),
                    port: IPP_PORT,
                },
            },
        )
    }

    /// What goes into the `Host` header; CUPS refuses names it does not know as its own.
    pub(super) fn host_header(&self) -> String {
        match self {
            Self::Tcp { .. } => self.to_string(),
            Self::Socket(_) => "localhost".to_owned(),
        }
    }
}

impl FromStr for CupsServer {
    type Err = ServerAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ServerAddressError(text.to_owned());
        let text = text.trim();
        if text.starts_with('/') {
            return Ok(Self::Socket(PathBuf::from(text)));
        }
        // libcups lets "/version=1.1" follow the address.
        let address = text.split('/').next().unwrap_or_default();
        let (host, port) = if let Some(rest) = address.strip_prefix('[') {
            let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
            (host, port.strip_prefix(':'))
        } else if address.matches(':').count() > 1 {
            (address, None)
        } else {
            match address.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            }
        };
        let port = port.map_or(Ok(IPP_PORT), |port| port.parse().map_err(|_| wrong()))?;
        // A host goes into a request header: nothing but what names and addresses are made of.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        if host.is_empty() || !host.chars().all(plain) {
            return Err(wrong());
        }
        Ok(Self::Tcp {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for CupsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

impl TryFrom<String> for CupsServer {
    type Error = ServerAddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CupsServer> for String {
    fn from(server: CupsServer) -> Self {
        server.to_string()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("localhost", "localhost:631")]
    #[case(" 10.0.0.7:1631 ", "10.0.0.7:1631")]
    #[case("printhost:631/version=1.1", "printhost:631")]
    #[case("[::1]:6310", "[::1]:6310")]
    #[case("fe80::1", "[fe80::1]:631")]
    #[case("/run/cups/cups.sock", "/run/cups/cups.sock")]
    fn addresses_are_read_as_libcups_reads_them(#[case] text: &str, #[case] canonical: &str) {
        let server: CupsServer = text.parse().unwrap();
        assert_eq!(server.to_string(), canonical);
        assert_eq!(
            canonical.parse::<CupsServer>().unwrap(),
            server,
            "the canonical form reads back"
        );
    }

    #[rstest]
    #[case("")]
    #[case("host:port")]
    #[case("host:70000")]
    #[case("[::1")]
    #[case("a b")]
    #[case("evil\r\nX-Header: 1")]
    fn nonsense_is_no_address(#[case] text: &str) {
        assert!(text.parse::<CupsServer>().is_err());
    }
}
