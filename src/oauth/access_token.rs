//! Access tokens of ours: what they claim (RFC 9068 §2.2), and how a presented one is checked.

use std::sync::Arc;

use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::resource::Audience;
use super::{Context, Error, TokenMarks};
use crate::base::{OpaqueToken, Timestamp, TokenHash, TokenKind};
use crate::jose;
use crate::storage::AccessTokens as _;

/// The claims of an access token: signed in a JWT, or stored for an opaque one.
///
/// `sid` and `family` are private claims: they let an ended session or family void the token without a query.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    pub iss: String,
    pub exp: i64,
    pub aud: Audience,
    pub sub: String,
    pub client_id: String,
    pub iat: i64,
    /// A version 7 UUID, whose first 48 bits are the time of issue in milliseconds.
    pub jti: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// Only of tokens that end with their session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Only of tokens that a person's grant, or their API key, gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Private claim in the place of `family`: the service's API key that gave the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// Private claim: what the `claims` parameter asked for at userinfo, beyond the scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub userinfo_claims: Vec<String>,
    /// Private claim: the user behind a pairwise `sub` and the session behind its `sid`, to be read by this server alone.
    #[serde(default, rename = "usr", skip_serializing_if = "Option::is_none")]
    pub veiled_user: Option<String>,
}

impl AccessTokenClaims {
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|word| word == scope)
    }
}

/// A presented access token that is ours, unexpired and not void at the time it was checked.
#[derive(Debug)]
pub struct AccessToken {
    pub claims: AccessTokenClaims,
    user_id: Option<String>,
    /// Only of tokens that end with their session.
    session_id: Option<String>,
    issued: Timestamp,
}

impl AccessToken {
    fn new(cx: &Context, claims: AccessTokenClaims) -> Option<Self> {
        let jti = Uuid::parse_str(&claims.jti).ok()?;
        let millis = i64::try_from(jti.as_u128() >> 80).ok()?;
        let (user_id, session_id) = match (&claims.family, &claims.veiled_user) {
            (None, _) => (None, claims.sid.clone()),
            (Some(_), None) => (Some(claims.sub.clone()), claims.sid.clone()),
            (Some(_), Some(veiled)) => {
                let behind = cx.pseudonyms.unveil(veiled)?;
                // Tokens of versions that had one `sid` for all clients show it.
                (Some(behind.user_id), behind.session_id.or_else(|| claims.sid.clone()))
            }
        };
        Some(Self { issued: Timestamp::from_millis(millis), user_id, session_id, claims })
    }

    /// The person it was issued for; `None` where the client speaks for itself.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn marks(&self) -> TokenMarks<'_> {
        TokenMarks {
            jti: &self.claims.jti,
            issued: self.issued,
            client_id: &self.claims.client_id,
            user_id: self.user_id(),
            family: self.claims.family.as_deref().or(self.claims.api_key.as_deref()),
            sid: self.session_id.as_deref(),
        }
    }

    fn is_live(&self, cx: &Context) -> bool {
        self.claims.exp > cx.now().seconds()
            && self.claims.iss == cx.config.issuer.as_str()
            && !cx.revocations.is_void(&self.marks())
            && cx.active_client(&self.claims.client_id).is_some()
    }
}

/// Tokens whose signature or secret has been verified before, by SHA-256 of the token. Only that step is saved: expiry,
/// revocations and the client's state are checked at every use.
pub struct VerifiedTokens(Cache<[u8; 32], Verified>);

#[derive(Clone)]
struct Verified {
    token: Arc<AccessToken>,
    /// The keys at the time: when they change, everything is verified anew.
    keys: Arc<jose::RenderedJwks>,
}

const VERIFIED_TOKENS: u64 = 20_000;

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self(Cache::new(VERIFIED_TOKENS))
    }
}

impl Context {
    /// Checks an access token, JWT or opaque. `None` for whatever is not ours, expired, revoked, or of a disabled client.
    pub async fn verify_access_token(&self, text: &str) -> Result<Option<Arc<AccessToken>>, Error> {
        let hash = TokenHash::of(text);
        let jwks = self.keys.jwks();
        let known = self.verified.0.get(hash.array()).filter(|known| known.keys.etag == jwks.etag);
        let token = if let Some(known) = known {
            known.token
        } else {
            let Some(token) = self.read_access_token(text, &hash).await? else { return Ok(None) };
            let token = Arc::new(token);
            self.verified.0.insert(*hash.array(), Verified { token: Arc::clone(&token), keys: jwks });
            token
        };
        Ok(token.is_live(self).then_some(token))
    }

    async fn read_access_token(&self, text: &str, hash: &TokenHash) -> Result<Option<AccessToken>, Error> {
        if let Some(opaque) = OpaqueToken::parse(TokenKind::AccessToken, text) {
            let id = opaque.id.to_string();
            let found = self.store.find_access_token(&id, hash.as_bytes(), self.now().millis()).await?;
            let claims = found.and_then(|record| serde_json::from_str(&record.claims).ok());
            return Ok(claims.and_then(|claims| AccessToken::new(self, claims)));
        }
        let Ok(verified) = jose::verify(&self.keys, text, jose::Expected::AccessToken) else { return Ok(None) };
        let claims = serde_json::from_value(serde_json::Value::Object(verified.claims)).ok();
        Ok(claims.and_then(|claims| AccessToken::new(self, claims)))
    }
}
