use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::Algorithm;
use crate::jose::{Expected, sign, unsigned};
use crate::oauth::response_protection::Content;
use crate::oauth::{Context, Error, Permit, PersonGrant};

/// The claims of an id_token (OpenID Connect Core §2). `aud` is the client alone, hence no `azp`.
#[derive(Serialize)]
pub struct IdTokenClaims<'a> {
    pub iss: &'a str,
    pub sub: &'a str,
    pub aud: &'a str,
    pub exp: i64,
    pub iat: i64,
    pub auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c_hash: Option<String>,
    pub acr: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub amr: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    pub sid: &'a str,
    /// Claims about the person that the `claims` parameter asked for.
    #[serde(flatten)]
    pub requested: Map<String, Value>,
}

/// What an id_token is tied to: the request that asked for it, and what is handed out with it.
#[derive(Clone, Copy, Default)]
pub struct Bindings<'a> {
    /// Only in the first id_tokens of a grant (OpenID Connect Core §12.2).
    pub nonce: Option<&'a str>,
    /// For `at_hash`.
    pub access_token: Option<&'a str>,
    /// For `c_hash` (§3.3.2.11).
    pub code: Option<&'a str>,
}

/// Makes the id_token of a person's grant. The claims of scopes are told at userinfo, since each of our response types
/// with `openid` leads to an access token; those that the `claims` parameter asked for here stand here (§5.4, §5.5).
pub async fn id_token(
    cx: &Context,
    permit: &Permit<'_>,
    grant: &PersonGrant<'_>,
    bindings: Bindings<'_>,
) -> Result<String, Error> {
    let (client, now) = (permit.client, permit.at);
    let metadata = &client.metadata;
    let signed = metadata.id_token_signed_response_alg.signed();
    if signed.is_none() && (!cx.config.tokens.unsigned_id_tokens || bindings.code.is_some()) {
        return Err(Error::Internal("the client's id_tokens have no signature, which is not allowed".into()));
    }
    let authentication = grant.authentication;
    let mut requested = Map::new();
    if !authentication.claims.id_token.is_empty()
        && let Some(user) = cx.user_claims(grant.user_id).await?
    {
        let names = user.as_wanted(&authentication.claims.id_token, &authentication.claims.id_token_values);
        user.release("", &names, &mut requested);
    }
    let claims = IdTokenClaims {
        iss: cx.config.issuer.as_str(),
        sub: &cx.subject(client, grant.user_id),
        aud: &client.client_id,
        exp: now.plus(cx.config.tokens.id_token_ttl.duration()).seconds(),
        iat: now.seconds(),
        auth_time: authentication.auth_time,
        nonce: bindings.nonce,
        // What has no signature has no hash algorithm either.
        at_hash: signed.and_then(|alg| Some(half_hash(alg, bindings.access_token?))),
        c_hash: signed.and_then(|alg| Some(half_hash(alg, bindings.code?))),
        acr: &authentication.acr,
        amr: &authentication.amr,
        sid: &cx.sid(client, grant.session_id),
        requested,
    };
    let typ = Expected::IdToken.typ();
    let token = match signed {
        Some(alg) => sign(&cx.keys, alg, typ, &claims).await?,
        None => unsigned(typ, &claims)?,
    };
    let (alg, enc) = (metadata.id_token_encrypted_response_alg, metadata.id_token_encrypted_response_enc);
    cx.encrypted_for(client, alg, enc, Content::Jwt(token)).await
}

/// `at_hash` and `c_hash` (OpenID Connect Core §3.1.3.6, §3.3.2.11): the left half of the hash that belongs to the signature algorithm; of
/// Ed25519 that is SHA-512.
pub fn half_hash(alg: Algorithm, token: &str) -> String {
    let algorithm = match alg {
        Algorithm::ES256 | Algorithm::RS256 | Algorithm::PS256 => &SHA256,
        Algorithm::ES384 => &SHA384,
        Algorithm::EdDSA => &SHA512,
    };
    let hash = digest(algorithm, token.as_bytes());
    let bytes = hash.as_ref();
    URL_SAFE_NO_PAD.encode(bytes.get(..bytes.len() / 2).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_hash_is_that_of_the_specification() {
        // OpenID Connect Core §A.3.
        assert_eq!(
            half_hash(Algorithm::RS256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
        assert_eq!(half_hash(Algorithm::EdDSA, "x").len(), 43);
        assert_eq!(half_hash(Algorithm::ES384, "x").len(), 32);
    }
}
