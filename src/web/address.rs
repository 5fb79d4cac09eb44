use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::{HttpMessage, HttpRequest};
use ipnet::IpNet;

use super::request::RequestInfo;
use crate::config::Config;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address a request came from: the peer's, or, when the peer is a trusted proxy, the nearest address in
/// `X-Forwarded-For` that is none. What an untrusted peer says about itself is never read.
pub fn client_address(request: &HttpRequest, config: &Config) -> IpAddr {
    if let Some(info) = request.extensions().get::<RequestInfo>() {
        return info.address;
    }
    address_of(request.peer_addr(), request.headers(), &config.server.trusted_proxies)
}

pub(super) fn address_of(peer: Option<SocketAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if trusted.is_empty() || !is_trusted(&address) {
        return address;
    }
    let lines: Vec<&str> = headers.get_all(X_FORWARDED_FOR).filter_map(|line| line.to_str().ok()).collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        // A hop that is no address ends what can be believed: the proxy before it is all we know.
        let Some(next) = parse_hop(hop.trim()) else { return address };
        address = next;
        if !is_trusted(&address) {
            return address;
        }
    }
    address
}

/// An address with or without port, IPv6 with or without brackets.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn address(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut request = TestRequest::default().peer_addr(format!("{peer}:4711").parse().unwrap());
        for line in forwarded {
            request = request.append_header((X_FORWARDED_FOR, *line));
        }
        let request = request.to_http_request();
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        address_of(request.peer_addr(), request.headers(), &trusted).to_string()
    }

    #[test]
    fn s186_what_an_untrusted_peer_says_is_ignored() {
        assert_eq!(address("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(address("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
    }

    #[test]
    fn the_nearest_hop_that_is_no_trusted_proxy_is_the_client() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(address("10.0.0.1", &["198.51.100.1"], &trusted), "198.51.100.1");
        assert_eq!(address("10.0.0.1", &["192.0.2.66, 198.51.100.1, 10.0.0.2"], &trusted), "198.51.100.1");
        assert_eq!(address("10.0.0.1", &["192.0.2.66", "198.51.100.1"], &trusted), "198.51.100.1");
        assert_eq!(address("10.0.0.1", &["[2001:db8::1]:443"], &trusted), "2001:db8::1");
        assert_eq!(address("[::ffff:10.0.0.1]", &["::ffff:198.51.100.1"], &trusted), "198.51.100.1");
    }

    #[test]
    fn a_hop_that_is_no_address_ends_the_walk() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(address("10.0.0.1", &["198.51.100.1, unknown"], &trusted), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &["198.51.100.1, <script>, 10.0.0.2"], &trusted), "10.0.0.2");
        assert_eq!(address("10.0.0.1", &[""], &trusted), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &[], &trusted), "10.0.0.1");
    }
}
