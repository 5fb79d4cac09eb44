//! Redirect URI matching: byte equality (RFC 9700 §4.1.3), and one exception.

/// Whether `received` is the registered URI.
///
/// Nothing is decoded or normalised. The port of a loopback IP literal alone is free, for native clients, which learn
/// their port from the operating system (RFC 8252 §7.3).
pub fn matches(registered: &str, received: &str, native: bool) -> bool {
    registered == received
        || (native && without_loopback_port(registered).is_some_and(|uri| without_loopback_port(received) == Some(uri)))
}

/// Splits `http://127.0.0.1:PORT/rest` into host and rest; `None` unless it is http on a loopback IP literal.
fn without_loopback_port(uri: &str) -> Option<(&str, &str)> {
    let after_scheme = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]"].into_iter().find(|host| after_scheme.starts_with(host))?;
    let after_host = after_scheme.get(host.len()..)?;
    let rest = match after_host.strip_prefix(':') {
        Some(port_and_rest) => {
            let digits = port_and_rest.bytes().take_while(u8::is_ascii_digit).count();
            let (port, rest) = port_and_rest.split_at_checked(digits)?;
            port.parse::<u16>().ok().filter(|port| *port > 0)?;
            rest
        }
        None => after_host,
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

/// Where two URIs part: the number of leading characters they share, to point a developer at the difference.
pub fn common_prefix(received: &str, registered: &str) -> usize {
    received.chars().zip(registered.chars()).take_while(|(a, b)| a == b).count()
}

/// The registered URI that is most like the received one.
pub fn nearest<'a>(registered: &'a [String], received: &str) -> Option<&'a str> {
    registered.iter().max_by_key(|uri| common_prefix(received, uri)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn only_the_very_same_bytes_match() {
        let registered = "https://app.test/cb";
        assert!(matches(registered, registered, false));
        // S001, S002, S005, S006, S007, S009, S019
        for other in [
            "https://app.test/cb/",
            "https://app.test/cb/x",
            "https://app.test/c",
            "https://app.test",
            "https://app.test.evil.test/cb",
            "https://evilapp.test/cb",
            "https://app.testcb",
            "HTTPS://APP.TEST/cb",
            "https://app.test/CB",
            "https://app.test:443/cb",
            "https://app.test/cb?x=1",
            "https://app.test/cb?",
            "https://app.test/cb#",
            "https://app.test/cb%23x",
            "https://app。test/cb",
            "https://xn--app-.test/cb",
            "https://app.test/c\u{200d}b",
            "https://user@app.test/cb",
            " https://app.test/cb",
            "",
        ] {
            assert!(!matches(registered, other, false), "{other}");
            assert!(!matches(registered, other, true), "{other}");
        }
        assert!(!matches("https://foo.app.test/cb", "https://fooXapp.test/cb", false));
        assert!(matches("https://app.test/cb?a=1", "https://app.test/cb?a=1", false));
        assert!(!matches("https://app.test/cb?a=1", "https://app.test/cb?a=1&b=2", false));
    }

    #[test]
    fn a_native_client_may_choose_the_port_of_its_loopback_address() {
        // S010, S012
        let registered = "http://127.0.0.1/cb";
        assert!(matches(registered, "http://127.0.0.1:53124/cb", true));
        assert!(matches("http://127.0.0.1:8000/cb", "http://127.0.0.1:53124/cb", true));
        assert!(matches("http://[::1]/cb", "http://[::1]:9/cb", true));
        for other in [
            "http://127.0.0.1:53124/cb?x",
            "http://127.0.0.1:53124/CB",
            "https://127.0.0.1:53124/cb",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:1@evil.test/cb",
            "http://127.0.0.1:1.evil.test/cb",
            "http://127.0.0.1.evil.test/cb",
            "http://127.0.0.2:1/cb",
            "http://localhost:1/cb",
            "http://[::1]:1/cb",
        ] {
            assert!(!matches(registered, other, true), "{other}");
        }
        assert!(!matches(registered, "http://127.0.0.1:53124/cb", false));
        assert!(!matches("http://localhost/cb", "http://localhost:9/cb", true));
        assert!(!matches("https://app.test/cb", "https://app.test:8443/cb", true));
    }

    /// Near a registered URI: the places where comparisons go wrong.
    fn near() -> impl Strategy<Value = String> {
        let scheme = prop_oneof![Just("http://"), Just("https://"), Just("HTTP://"), Just("http:")];
        let host = prop_oneof![
            Just("127.0.0.1"),
            Just("[::1]"),
            Just("localhost"),
            Just("127.0.0.2"),
            Just("127.0.0.1.evil.test"),
            Just("u@127.0.0.1"),
            Just("127.0.0.1@evil.test"),
            Just("127.1"),
            Just("[::2]"),
            Just("app.test")
        ];
        let port = prop_oneof![
            Just(String::new()),
            Just(":".to_owned()),
            "[:0-9@a-z]{0,8}",
            (0..70_000_u32).prop_map(|port| format!(":{port}"))
        ];
        let path = prop_oneof![
            Just("/cb"),
            Just("/cb/"),
            Just("/CB"),
            Just(""),
            Just("?a=1"),
            Just("/cb?a=1"),
            Just("/cb#"),
            Just("\\\\cb"),
            Just("@evil.test/cb")
        ];
        (scheme, host, port, path).prop_map(|(scheme, host, port, path)| format!("{scheme}{host}{port}{path}"))
    }

    proptest! {
        #[test]
        fn a_match_is_the_same_string_or_differs_in_the_port_of_a_loopback_literal(
            registered in near(), received in near(), native: bool,
        ) {
            prop_assert_eq!(matches(&registered, &received, false), registered == received);
            prop_assert_eq!(matches(&registered, &received, native), matches(&received, &registered, native));
            if registered != received && matches(&registered, &received, native) {
                prop_assert!(native);
                let (mut one, mut other) = (Url::parse(&registered).unwrap(), Url::parse(&received).unwrap());
                prop_assert!(matches!(one.host_str(), Some("127.0.0.1" | "[::1]")));
                prop_assert_eq!(one.scheme(), "http");
                one.set_port(None).unwrap();
                other.set_port(None).unwrap();
                prop_assert_eq!(one, other);
            }
        }
    }
}
