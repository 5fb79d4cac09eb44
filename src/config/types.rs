use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use url::{Host, Url};

/// CIDR ranges, of which an address alone is the smallest.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let network = |text: &String| {
        let alone = || text.parse::<IpAddr>().map(IpNet::from);
        let wrong =
            |_| D::Error::custom(format!("`{text}` is neither an address nor a CIDR range, such as 10.0.0.0/8"));
        text.parse().or_else(|_| alone()).map_err(wrong)
    };
    Vec::<String>::deserialize(deserializer)?.iter().map(network).collect()
}

/// The issuer identifier, kept byte for byte as configured (RFC 8414 §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer {
    text: String,
    url: Url,
}

/// Why a string is no issuer; the text tells the operator what to change.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum IssuerError {
    #[error("is not an absolute URL: {0}")]
    NotAUrl(String),
    #[error("must not end in a slash; write `{0}`")]
    TrailingSlash(String),
    #[error("must have no query, fragment or user info")]
    ExtraParts,
    #[error("must be https: plain http is for localhost, 127.0.0.1 and [::1] only; write `https://{0}`")]
    NotHttps(String),
    #[error("is written `{written}` but reads as `{canonical}`; write it so")]
    NotCanonical { written: String, canonical: String },
}

impl Issuer {
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// An absolute URL under the issuer; `path` begins with a slash.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// The path of the issuer, empty or beginning with a slash and not ending in one: every route stands below it.
    pub fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// Scheme, host and port, as in an `Origin` header.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Host and port as a `Host` header carries them.
    pub fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// On this machine alone: `localhost` or a loopback address.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    pub fn url(&self) -> &Url {
        &self.url
    }
}

impl FromStr for Issuer {
    type Err = IssuerError;

    fn from_str(text: &str) -> Result<Self, IssuerError> {
        let url = Url::parse(text).map_err(|error| IssuerError::NotAUrl(error.to_string()))?;
        if url.cannot_be_a_base() || url.host().is_none() {
            return Err(IssuerError::NotAUrl("it has no host".to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err(IssuerError::ExtraParts);
        }
        if text.ends_with('/') {
            return Err(IssuerError::TrailingSlash(text.trim_end_matches('/').to_owned()));
        }
        let canonical = url.as_str().trim_end_matches('/');
        if canonical != text {
            return Err(IssuerError::NotCanonical { written: text.to_owned(), canonical: canonical.to_owned() });
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            _ => return Err(IssuerError::NotHttps(text.split_once("://").map_or(text, |(_, rest)| rest).to_owned())),
        }
        Ok(Self { text: text.to_owned(), url })
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl TryFrom<String> for Issuer {
    type Error = IssuerError;

    fn try_from(text: String) -> Result<Self, IssuerError> {
        text.parse()
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.text
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A length of time in configuration: whole seconds, or a string such as `"90s"`, `"15m"`, `"12h"`, `"7d"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ttl(Duration);

impl Ttl {
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    pub const fn minutes(minutes: u64) -> Self {
        Self::seconds(minutes * 60)
    }

    pub const fn hours(hours: u64) -> Self {
        Self::minutes(hours * 60)
    }

    pub const fn days(days: u64) -> Self {
        Self::hours(days * 24)
    }

    pub const fn duration(self) -> Duration {
        self.0
    }

    pub const fn as_secs(self) -> u64 {
        self.0.as_secs()
    }
}

impl Serialize for Ttl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.as_secs())
    }
}

impl<'de> Deserialize<'de> for Ttl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Ttl;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of seconds, or a string such as \"90s\", \"15m\", \"12h\" or \"7d\"")
            }

            fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<Ttl, E> {
                Ttl::checked(seconds, 1).ok_or_else(|| E::custom(Ttl::RANGE))
            }

            fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<Ttl, E> {
                u64::try_from(seconds).ok().and_then(|s| Ttl::checked(s, 1)).ok_or_else(|| E::custom(Ttl::RANGE))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Ttl, E> {
                let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
                let unit = match text.get(digits.len()..) {
                    Some("" | "s") => 1,
                    Some("m") => 60,
                    Some("h") => 3600,
                    Some("d") => 86400,
                    _ => return Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                };
                let number: u64 =
                    digits.parse().map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))?;
                Ttl::checked(number, unit).ok_or_else(|| E::custom(Ttl::RANGE))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Ttl {
    const RANGE: &'static str = "a length of time must lie between 1 second and 3650 days";

    fn checked(number: u64, unit: u64) -> Option<Self> {
        let seconds = number.checked_mul(unit)?;
        (1..=3650 * 86400).contains(&seconds).then(|| Self::seconds(seconds))
    }
}

/// Signature algorithms of ours (RFC 7518 §3.1, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    ES256,
    ES384,
    RS256,
    PS256,
    EdDSA,
}

impl Algorithm {
    pub const fn name(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::EdDSA => "EdDSA",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::ES256, Self::ES384, Self::RS256, Self::PS256, Self::EdDSA].into_iter().find(|alg| alg.name() == name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
