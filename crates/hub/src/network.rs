//! Where others reach this machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

/// Names of adapters behind which there is no office: containers, virtual machines, tunnels.
const VIRTUAL: &[&str] = &[
    "docker",
    "br-",
    "veth",
    "virbr",
    "vmnet",
    "vboxnet",
    "vethernet",
    "hyper-v",
    "virtualbox",
    "vmware",
    "wsl",
    "tun",
    "tap",
    "wg",
    "zt",
    "tailscale",
    "podman",
    "cni",
    "flannel",
    "lxc",
    "lxd",
    "ppp",
];

/// Whether an adapter of that name leads to no other machine of an office.
pub(crate) fn is_virtual(name: &str) -> bool {
    let name = name.to_lowercase();
    VIRTUAL
        .iter()
        .any(|prefix| name.starts_with(prefix) || name.contains(&format!("({prefix}")))
}

/// The address from which this machine would speak to the outside; nothing is sent for it.
fn outward() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address for documentation: the system only looks which way it would go.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(ip) if !ip.is_loopback() && !ip.is_unspecified() => Some(ip),
        _ => None,
    }
}

/// Addresses of this machine in its office, the likeliest first; empty without a network.
fn own() -> Vec<Ipv4Addr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "network adapters");
        Vec::new()
    });
    let mut found: Vec<Ipv4Addr> = interfaces
        .iter()
        .filter(|i| !i.is_loopback() && !i.is_link_local() && !is_virtual(&i.name))
        .filter_map(|i| match i.ip() {
            IpAddr::V4(ip) => Some(ip),
            IpAddr::V6(_) => None,
        })
        .collect();
    let outward = outward();
    // An office's own network before anything else; then the way to the outside.
    found.sort_by_key(|ip| (Some(*ip) != outward, !ip.is_private(), *ip));
    found.dedup();
    found
}

/// `HOST:PORT` under which others reach what listens there.
pub(crate) fn reached(listen: SocketAddr) -> Vec<String> {
    if !listen.ip().is_unspecified() {
        return vec![listen.to_string()];
    }
    own()
        .into_iter()
        .map(|ip| SocketAddr::from((ip, listen.port())).to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// mdns-sd #52, mdns-discovery #93: a hub that is looked for, and announced, in the network of a
    /// virtual machine.
    #[test]
    fn t_disc_adapters_behind_which_nobody_works_are_left_out() {
        for name in [
            "docker0",
            "br-4f2a",
            "veth12",
            "vEthernet (WSL)",
            "virbr0",
            "tun0",
        ] {
            assert!(is_virtual(name), "{name}");
        }
        for name in [
            "eth0",
            "enp3s0",
            "wlan0",
            "Ethernet",
            "Wi-Fi",
            "Local Area Connection",
        ] {
            assert!(!is_virtual(name), "{name}");
        }
    }

    #[test]
    fn an_address_that_was_named_is_the_one() {
        let at: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 7420));
        assert_eq!(reached(at), ["127.0.0.1:7420"]);
    }
}
