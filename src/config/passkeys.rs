use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::Issuer;

/// `[passkeys]`: signing in with a device's own key (WebAuthn).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passkeys {
    /// Let people use them. They are off all the same under an issuer without a host name: browsers make none for an IP
    /// address.
    pub enabled: bool,
    /// The domain that passkeys are made for (RP ID); the issuer's host unless set. A parent domain of it keeps them
    /// usable when the issuer moves within that domain. Changing it makes every passkey useless.
    pub rp_id: Option<String>,
    /// Origins whose pages may use the RP ID, such as `https://id.example.org`, listed at `/.well-known/webauthn`
    /// (WebAuthn Level 3 §5.11.1). Needed when the issuer has left the RP ID's domain.
    pub related_origins: Vec<WebOrigin>,
    /// Offer a passkey to whoever has none and has just signed in with a password, once in 30 days.
    pub offer: bool,
}

impl Default for Passkeys {
    fn default() -> Self {
        Self { enabled: true, rp_id: None, related_origins: Vec::new(), offer: true }
    }
}

impl Passkeys {
    /// The RP ID; `None` where there are no passkeys.
    pub fn rp_id<'a>(&'a self, issuer: &'a Issuer) -> Option<&'a str> {
        let host = issuer.url().domain().filter(|_| self.enabled)?;
        Some(self.rp_id.as_deref().unwrap_or(host))
    }

    /// Whether browsers let the issuer's pages use the RP ID: by its name, or because it is listed.
    pub(super) fn covers(&self, issuer: &Issuer) -> bool {
        let (Some(rp_id), Some(host)) = (self.rp_id.as_deref(), issuer.url().domain()) else { return true };
        let is_within = host == rp_id || host.strip_suffix(rp_id).is_some_and(|rest| rest.ends_with('.'));
        is_within || self.related_origins.iter().any(|origin| origin.as_str() == issuer.origin())
    }

    pub(super) fn rp_id_is_a_domain(&self) -> bool {
        let is_domain = |text: &str| {
            let url = Url::parse(&format!("https://{text}"));
            url.is_ok_and(|url| url.domain() == Some(text)) && (text.contains('.') || text == "localhost")
        };
        self.rp_id.as_deref().is_none_or(is_domain)
    }
}

/// Scheme, host and port of an https site, as browsers write an origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebOrigin(String);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("is no origin: write https, the host, and a port where it is not 443, as in https://id.example.org")]
pub struct NotAnOrigin;

impl WebOrigin {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebOrigin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let url = Url::parse(text).map_err(|_| NotAnOrigin)?;
        let is_host = |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        let has_host = url.scheme() == "https" && url.domain().is_some_and(is_host);
        let is_origin = has_host && url.origin().ascii_serialization() == text;
        if is_origin { Ok(Self(text.to_owned())) } else { Err(NotAnOrigin) }
    }
}

impl TryFrom<String> for WebOrigin {
    type Error = NotAnOrigin;

    fn try_from(text: String) -> Result<Self, NotAnOrigin> {
        text.parse()
    }
}

impl From<WebOrigin> for String {
    fn from(origin: WebOrigin) -> Self {
        origin.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rp_id<'a>(passkeys: &'a Passkeys, issuer: &'a Issuer) -> Option<&'a str> {
        passkeys.rp_id(issuer)
    }

    #[test]
    fn passkeys_are_made_for_the_issuers_host_and_for_no_address() {
        let passkeys = Passkeys::default();
        for (issuer, expected) in [
            ("https://id.example.test/a", Some("id.example.test")),
            ("http://localhost:8080", Some("localhost")),
            ("http://127.0.0.1:8080", None),
            ("https://[2001:db8::1]", None),
        ] {
            assert_eq!(rp_id(&passkeys, &issuer.parse().unwrap()), expected, "{issuer}");
        }
        let off = Passkeys { enabled: false, ..Passkeys::default() };
        assert_eq!(rp_id(&off, &"https://id.example.test".parse().unwrap()), None);
    }

    #[test]
    fn an_rp_id_is_the_issuers_domain_or_one_that_lists_it() {
        let issuer: Issuer = "https://id.example.test".parse().unwrap();
        let with = |rp_id: &str, related: &[&str]| Passkeys {
            rp_id: Some(rp_id.to_owned()),
            related_origins: related.iter().map(|origin| origin.parse().unwrap()).collect(),
            ..Passkeys::default()
        };
        assert!(with("id.example.test", &[]).covers(&issuer) && with("example.test", &[]).covers(&issuer));
        assert!(!with("ample.test", &[]).covers(&issuer) && !with("login.id.example.test", &[]).covers(&issuer));
        assert!(with("old.test", &["https://id.example.test"]).covers(&issuer));
        for bad in ["test", "Example.test", "https://example.test", "example.test:8443", "10.0.0.1", ""] {
            assert!(!with(bad, &[]).rp_id_is_a_domain(), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        assert!("https://id.example.org:8443".parse::<WebOrigin>().is_ok());
        for bad in [
            "https://id.example.org/",
            "http://id.example.org",
            "https://*.example.org",
            "id.example.org",
            "https://10.0.0.1",
        ] {
            assert!(bad.parse::<WebOrigin>().is_err(), "{bad}");
        }
    }
}
