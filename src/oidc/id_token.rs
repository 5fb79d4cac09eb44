use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::Algorithm;

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
    pub acr: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub amr: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    pub sid: &'a str,
    /// Claims about the person that the `claims` parameter asked for.
    #[serde(flatten)]
    pub requested: Map<String, Value>,
}

/// `at_hash` (OpenID Connect Core §3.1.3.6): the left half of the hash that belongs to the signature algorithm; of
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
