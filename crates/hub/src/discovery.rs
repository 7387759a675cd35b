//! Finding a hub on the network by multicast DNS: a hint and nothing more. Anybody on the network
//! can announce anything, so an announcement only ever names an address to try; whether the hub is
//! there is for its certificate to prove. Where multicast is missing nothing is found and nothing
//! else changes.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4},
    time::{Duration, Instant},
};

use mdns_sd::{IfKind, IfPredicate, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};
use motcua_domain::text;
use uuid::Uuid;

use crate::{identity::Fingerprint, network};

const SERVICE: &str = "_motcua._tcp.local.";
/// Version of what is announced.
const VERSION: &str = "1";
/// Announcements looked at in one search: an office has one hub, a test room a few.
const MOST: usize = 64;

/// What a hub says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) branch: Uuid,
    /// Which term of the branch's hub; 0 before there was any other.
    pub(crate) term: u64,
    pub(crate) name: String,
}

/// A hub that was announced, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) said: Said,
    pub(crate) at: SocketAddrV4,
}

/// The daemon on the adapters of the office.
fn daemon() -> Option<ServiceDaemon> {
    let started = ServiceDaemon::new().and_then(|daemon| {
        daemon.disable_interface(IfKind::IPv6)?;
        daemon.disable_interface(IfKind::LoopbackV4)?;
        let elsewhere = IfPredicate::new(|adapter| network::is_virtual(&adapter.name));
        daemon.disable_interface(IfKind::Predicate(elsewhere))?;
        Ok(daemon)
    });
    started
        .inspect_err(|error| tracing::info!(%error, "no multicast"))
        .ok()
}

/// An announcement, until it is dropped.
pub(crate) struct Announcement {
    daemon: ServiceDaemon,
    name: String,
}

impl std::fmt::Debug for Announcement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Announcement({})", self.name)
    }
}

impl Announcement {
    /// Says that a hub is there. `None` where multicast is missing.
    pub(crate) fn of(said: &Said, listen: SocketAddr) -> Option<Self> {
        let daemon = daemon()?;
        let short: String = said.fingerprint.to_string().chars().take(12).collect();
        let properties = HashMap::from([
            ("v".to_owned(), VERSION.to_owned()),
            ("f".to_owned(), said.fingerprint.to_string()),
            ("b".to_owned(), said.branch.to_string()),
            ("t".to_owned(), said.term.to_string()),
            ("n".to_owned(), said.name.clone()),
        ]);
        let host = format!("motcua-{short}.local.");
        let instance = format!("motcua-{short}");
        let given = match listen.ip() {
            ip if ip.is_unspecified() => String::new(),
            ip => ip.to_string(),
        };
        let auto = given.is_empty();
        let info = ServiceInfo::new(
            SERVICE,
            &instance,
            &host,
            given.as_str(),
            listen.port(),
            properties,
        )
        .map(|info| match auto {
            true => info.enable_addr_auto(),
            false => info,
        });
        let announced = info.and_then(|info| {
            let name = info.get_fullname().to_owned();
            daemon.register(info)?;
            Ok(name)
        });
        match announced {
            Ok(name) => Some(Self { daemon, name }),
            Err(error) => {
                tracing::info!(%error, "hub not announced");
                daemon.shutdown().ok();
                None
            }
        }
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // The daemon says good-bye before it ends; whoever missed it asks the address in vain.
        let said = self.daemon.unregister(&self.name);
        if let Ok(said) = said {
            said.recv_timeout(Duration::from_millis(500)).ok();
        }
        self.daemon.shutdown().ok();
    }
}

/// Reads one announcement: nothing of it is believed, and what is not as we say it is left out.
fn read(property: impl Fn(&str) -> Option<String>) -> Option<Said> {
    if property("v")? != VERSION {
        return None;
    }
    let name = property("n").unwrap_or_default();
    let clean = text::line(&name, text::limit::NAME).ok()?;
    Some(Said {
        fingerprint: Fingerprint::parse(&property("f")?)?,
        branch: Uuid::parse_str(&property("b")?).ok()?,
        term: property("t")?.parse().ok()?,
        name: clean,
    })
}

/// Whether another machine of the office can have that address.
fn is_machine(ip: Ipv4Addr) -> bool {
    !(ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || ip.is_broadcast())
}

fn seen(service: &ResolvedService) -> Vec<Seen> {
    let property = |key: &str| {
        let value = service.get_property_val_str(key);
        value.filter(|v| v.len() <= 255).map(str::to_owned)
    };
    let Some(said) = read(property) else {
        return Vec::new();
    };
    let addresses = service.get_addresses().iter().take(8);
    addresses
        .filter_map(|ip| match ip.to_ip_addr() {
            IpAddr::V4(ip) if is_machine(ip) => Some(Seen {
                said: said.clone(),
                at: SocketAddrV4::new(ip, service.get_port()),
            }),
            _ => None,
        })
        .collect()
}

/// Listens for so long, or until `enough` says so; at most [`MOST`] announcements, each once.
fn listen(patience: Duration, mut enough: impl FnMut(&Seen) -> bool) -> Vec<Seen> {
    let Some(daemon) = daemon() else {
        return Vec::new();
    };
    let until = Instant::now() + patience;
    let mut found: BTreeMap<SocketAddrV4, Seen> = BTreeMap::new();
    match daemon.browse(SERVICE) {
        Ok(events) => {
            while let left = until.saturating_duration_since(Instant::now())
                && !left.is_zero()
                && found.len() < MOST
            {
                let Ok(event) = events.recv_timeout(left) else {
                    break;
                };
                let ServiceEvent::ServiceResolved(service) = event else {
                    continue;
                };
                let new = seen(&service);
                let done = new.iter().any(&mut enough);
                found.extend(new.into_iter().map(|seen| (seen.at, seen)));
                if done {
                    break;
                }
            }
        }
        Err(error) => tracing::info!(%error, "nothing looked for"),
    }
    daemon.shutdown().ok();
    found.into_values().collect()
}

/// Every hub that says it is there.
pub(crate) fn hubs(patience: Duration) -> Vec<Seen> {
    listen(patience, |_| false)
}

/// Who says to be the hub of a branch, and interests whoever asks: listens until there is one.
pub(crate) fn of(branch: Uuid, patience: Duration, wanted: impl Fn(&Said) -> bool) -> Vec<Seen> {
    let of_interest = |seen: &Seen| seen.said.branch == branch && wanted(&seen.said);
    let mut found = listen(patience, of_interest);
    found.retain(of_interest);
    found
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn honest() -> HashMap<&'static str, String> {
        HashMap::from([
            ("v", "1".to_owned()),
            ("f", "ab".repeat(32)),
            ("b", Uuid::from_u128(7).to_string()),
            ("t", "0".to_owned()),
            ("n", "UBND xã Thử".to_owned()),
        ])
    }

    #[test]
    fn an_honest_announcement_is_read_and_others_are_left_out() {
        let fine = honest();
        let said = read(|key| fine.get(key).cloned()).unwrap();
        assert_eq!((said.name.as_str(), said.term), ("UBND xã Thử", 0));
        for (key, value) in [
            ("v", "2"),
            ("f", "ab"),
            ("f", ""),
            ("b", "not a branch"),
            ("t", "-1"),
            ("t", ""),
            ("n", "a\u{202e}b"),
            ("n", &"x".repeat(4_000)),
        ] {
            let mut bad = honest();
            bad.insert(key, value.to_owned());
            assert_eq!(read(|key| bad.get(key).cloned()), None, "{key} {value:.20}");
        }
        for key in ["v", "f", "b", "t"] {
            let mut bad = honest();
            bad.remove(key);
            assert_eq!(read(|key| bad.get(key).cloned()), None, "{key}");
        }
    }

    proptest! {
        #[test]
        fn nonsense_is_never_a_hub(values in prop::collection::vec(".{0,80}", 5)) {
            let bad: HashMap<_, _> = ["v", "f", "b", "t", "n"].into_iter().zip(values).collect();
            prop_assert_eq!(read(|key| bad.get(key).cloned()), None);
        }
    }
}
