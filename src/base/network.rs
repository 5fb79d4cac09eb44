use std::net::{IpAddr, Ipv6Addr};

/// The part of an address that one subscriber holds, which is what attempts are counted against: a whole IPv4 address, or
/// the /64 of an IPv6 one.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_subscriber_are_one() {
        let subscriber = |address: &str| subscriber(address.parse().unwrap()).to_string();
        assert_eq!(subscriber("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(subscriber("192.0.2.1"), "192.0.2.1");
        assert_eq!(subscriber("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
