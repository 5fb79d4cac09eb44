//! Which addresses may be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Public addresses, and what the operator has allowed besides.
#[derive(Debug)]
pub struct Reachable {
    pub loopback: bool,
    pub networks: Vec<IpNet>,
}

impl Reachable {
    pub fn may_reach(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address)
            || (self.loopback && address.is_loopback())
            || self.networks.iter().any(|network| network.contains(&address))
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// What the IANA registry of special-purpose addresses (RFC 6890) leaves.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // Private, shared between a provider and its customers (RFC 6598).
        [172, second, ..] => (16..32).contains(&second),
        [100, second, ..] => (64..128).contains(&second),
        // This network, private, loopback; from 224 on multicast, reserved, broadcast.
        [0 | 10 | 127 | 224..=255, ..] => true,
        // Link-local, private, benchmarks.
        [first, second, ..] if matches!((first, second), (169, 254) | (192, 168) | (198, 18 | 19)) => true,
        // Protocol assignments, documentation, former 6to4 relays.
        [first, second, third, _] => {
            matches!((first, second, third), (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99))
        }
    };
    !special
}

/// Global unicast without what tunnels to, or stands for, other addresses.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // RFC 6052: an IPv4 address behind a translator.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))),
        // Protocol assignments (Teredo among them), documentation, 6to4, documentation again.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_reach(reachable: &Reachable, address: &str) -> bool {
        reachable.may_reach(address.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_are_reached() {
        let reachable = Reachable { loopback: false, networks: Vec::new() };
        for public in [
            "1.1.1.1",
            "93.184.215.14",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(may_reach(&reachable, public), "{public}");
        }
        for other in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!may_reach(&reachable, other), "{other}");
        }
    }

    #[test]
    fn loopback_and_an_intranet_are_reached_where_they_are_allowed() {
        let reachable = Reachable { loopback: true, networks: vec!["10.1.0.0/16".parse().unwrap()] };
        for allowed in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3", "::ffff:10.1.2.3"] {
            assert!(may_reach(&reachable, allowed), "{allowed}");
        }
        for other in ["10.2.0.1", "169.254.169.254", "::"] {
            assert!(!may_reach(&reachable, other), "{other}");
        }
    }
}
