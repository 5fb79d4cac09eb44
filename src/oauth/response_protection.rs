//! How answers to a client are protected beyond TLS, as its metadata wants it (OpenID Connect Registration §2).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Client, Context, Error, client_keys};
use crate::config::Algorithm;
use crate::jose::{ContentEncryption, KeyManagement, RecipientKey};

/// `id_token_signed_response_alg`: an algorithm of ours, or `none` where the operator allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum IdTokenAlgorithm {
    Signed(Algorithm),
    Unsigned,
}

impl IdTokenAlgorithm {
    pub const UNSIGNED: &str = "none";

    pub const fn signed(self) -> Option<Algorithm> {
        match self {
            Self::Signed(alg) => Some(alg),
            Self::Unsigned => None,
        }
    }
}

impl TryFrom<String> for IdTokenAlgorithm {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name == Self::UNSIGNED {
            return Ok(Self::Unsigned);
        }
        let unknown = "must be one of ES256, ES384, RS256, PS256, EdDSA, none";
        Algorithm::from_name(&name).map(Self::Signed).ok_or_else(|| unknown.to_owned())
    }
}

impl From<IdTokenAlgorithm> for String {
    fn from(alg: IdTokenAlgorithm) -> Self {
        alg.to_string()
    }
}

impl fmt::Display for IdTokenAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signed().map_or(Self::UNSIGNED, Algorithm::name))
    }
}

impl Context {
    /// Encrypts for a client, if it wants `alg`. Without a usable key of the client's there is no answer: what it wants
    /// encrypted never goes out as it is.
    pub(crate) async fn encrypted_for(
        &self,
        client: &Client,
        alg: Option<KeyManagement>,
        enc: Option<ContentEncryption>,
        content: Content,
    ) -> Result<String, Error> {
        let (cty, text) = match content {
            Content::Jwt(text) => (Some("JWT"), text),
            Content::Json(text) => (None, text),
        };
        let Some(key) = self.recipient(client, alg).await? else { return Ok(text) };
        Ok(key.encrypt(enc.unwrap_or_default(), cty, text.as_bytes())?)
    }

    /// The key that a client's answers are encrypted for, if it wants `alg`. Whoever consumes something once looks first
    /// whether it is there: `TemporarilyUnavailable` while the client's keys cannot be had.
    pub(crate) async fn recipient(
        &self,
        client: &Client,
        alg: Option<KeyManagement>,
    ) -> Result<Option<RecipientKey>, Error> {
        let Some(alg) = alg else { return Ok(None) };
        let no_key = |reason: String| Error::TemporarilyUnavailable {
            cause: format!("no answer can be encrypted for the client {}: {reason}", client.client_id),
        };
        let jwks = client_keys::jwks(self, client).await.ok_or_else(|| no_key("it has no keys".to_owned()))?;
        RecipientKey::find(&jwks, alg).map(Some).map_err(no_key)
    }
}

/// What is to be encrypted.
pub(crate) enum Content {
    Jwt(String),
    Json(String),
}
