use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Issuer, MASK, Ttl};

/// `[mail]`: how mails leave. Without `smtp` none is written, and every page that needs mail is off.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// The server that takes our mails: `smtps://USER:PASSWORD@HOST` (TLS from the first byte, port 465) or
    /// `smtp://USER:PASSWORD@HOST` (port 587, see `starttls`). Characters that a URL cannot hold are percent-encoded.
    pub smtp: Option<SmtpUrl>,
    /// File that holds the password of the user in `smtp`, instead of the URL.
    pub password_file: Option<PathBuf>,
    /// On `smtp://`: `required` sends nothing without TLS, `opportunistic` takes it where it is offered, `none` never asks.
    pub starttls: StartTls,
    /// File with certificates (PEM) of a private authority, trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Who the mails come from: `no-reply@example.com` or `Example <no-reply@example.com>`.
    pub from: Option<String>,
    /// Where answers go, in the same form.
    pub reply_to: Option<String>,
    /// How long a mail that the server does not take is tried again. Seconds; 24 hours.
    pub retry_for: Ttl,
    /// Mails that one address is sent at its own or a stranger's request (codes, links) within an hour.
    pub hourly_limit: u32,
    /// Keep mails instead of sending them, and show them at `/dev/mail` to whoever looks. Only where the issuer is plain
    /// http on loopback; `portcullis dev` sets it.
    pub development: bool,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            smtp: None,
            password_file: None,
            starttls: StartTls::Required,
            ca_file: None,
            from: None,
            reply_to: None,
            retry_for: Ttl::hours(24),
            hourly_limit: 5,
            development: false,
        }
    }
}

impl Mail {
    /// Whether mails are written at all.
    pub fn is_on(&self) -> bool {
        self.development || self.smtp.is_some()
    }

    /// The sender, which development makes up.
    pub fn sender(&self, issuer: &Issuer) -> String {
        self.from.clone().unwrap_or_else(|| format!("no-reply@{}", issuer.url().host_str().unwrap_or("localhost")))
    }
}

/// Whether a connection that begins in the clear must, may or shall not go on under TLS (RFC 3207).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StartTls {
    Required,
    Opportunistic,
    None,
}

/// A mail server and how to sign in to it.
#[derive(Clone)]
pub struct SmtpUrl {
    pub host: String,
    pub port: u16,
    /// TLS from the first byte (RFC 8314 §3.3).
    pub implicit_tls: bool,
    pub username: Option<String>,
    pub password: Option<SecretString>,
}

/// Why a string is no address of a mail server.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SmtpUrlError {
    #[error("must begin with smtps:// or smtp://")]
    Scheme,
    #[error("is no URL: {0}")]
    NotAUrl(String),
    #[error("must be a host, with a user, a password and a port at most")]
    ExtraParts,
    #[error("has a character that is not percent-encoded right")]
    Encoding,
}

impl FromStr for SmtpUrl {
    type Err = SmtpUrlError;

    fn from_str(text: &str) -> Result<Self, SmtpUrlError> {
        let url = Url::parse(text).map_err(|error| SmtpUrlError::NotAUrl(error.to_string()))?;
        let implicit_tls = match url.scheme() {
            "smtps" => true,
            "smtp" => false,
            _ => return Err(SmtpUrlError::Scheme),
        };
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let host = url.host_str().filter(|host| bare && !host.is_empty()).ok_or(SmtpUrlError::ExtraParts)?;
        let decoded = |text: &str| {
            let text = percent_encoding::percent_decode_str(text).decode_utf8();
            text.map(std::borrow::Cow::into_owned).map_err(|_| SmtpUrlError::Encoding)
        };
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(if implicit_tls { 465 } else { 587 }),
            implicit_tls,
            username: Some(url.username()).filter(|name| !name.is_empty()).map(decoded).transpose()?,
            password: url.password().map(decoded).transpose()?.map(SecretString::from),
        })
    }
}

impl<'de> Deserialize<'de> for SmtpUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Without what lets one in.
impl fmt::Display for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.implicit_tls { "smtps" } else { "smtp" };
        let user = if self.username.is_some() { format!("{MASK}@") } else { String::new() };
        write!(f, "{scheme}://{user}{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpUrl({self})")
    }
}

impl Serialize for SmtpUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether the password can be had: from the URL or from the file.
pub fn smtp_password(mail: &Mail) -> std::io::Result<Option<SecretString>> {
    match &mail.password_file {
        Some(path) => Ok(Some(SecretString::from(std::fs::read_to_string(path)?.trim_end().to_owned()))),
        None => Ok(mail.smtp.as_ref().and_then(|smtp| smtp.password.as_ref()).map(|p| p.expose_secret().into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_is_read_from_its_url_and_shown_without_its_secrets() {
        let smtp: SmtpUrl = "smtps://robot%40example.test:p%3Aw@mail.example.test".parse().unwrap();
        assert_eq!((smtp.host.as_str(), smtp.port, smtp.implicit_tls), ("mail.example.test", 465, true));
        assert_eq!(smtp.username.as_deref(), Some("robot@example.test"));
        assert_eq!(smtp.password.as_ref().map(SecretString::expose_secret), Some("p:w"));
        assert_eq!(smtp.to_string(), "smtps://***@mail.example.test:465");
        let plain: SmtpUrl = "smtp://[::1]:2525".parse().unwrap();
        assert_eq!((plain.host.as_str(), plain.port, plain.implicit_tls), ("::1", 2525, false));
        assert!(plain.username.is_none());
        for (bad, error) in [
            ("https://mail.example.test", SmtpUrlError::Scheme),
            ("smtp://mail.example.test/path", SmtpUrlError::ExtraParts),
            ("smtp://mail.example.test?tls=no", SmtpUrlError::ExtraParts),
            ("smtp:mail", SmtpUrlError::ExtraParts),
            ("smtp://a%ff@mail.example.test", SmtpUrlError::Encoding),
        ] {
            assert_eq!(bad.parse::<SmtpUrl>().unwrap_err(), error, "{bad}");
        }
    }
}
