use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Error, KeyRing};

/// Longest token that is looked at.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// What a token of ours is expected to be; kinds never pass for one another (RFC 8725 §3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `typ: at+jwt` (RFC 9068 §2.1).
    AccessToken,
    /// An id_token coming back as `id_token_hint`: `typ: JWT`.
    IdToken,
    /// `typ: logout+jwt` (OpenID Connect Back-Channel Logout §2.4).
    LogoutToken,
}

impl Expected {
    pub const fn typ(self) -> &'static str {
        match self {
            Self::AccessToken => "at+jwt",
            Self::IdToken => "JWT",
            Self::LogoutToken => "logout+jwt",
        }
    }
}

/// The claims of a token whose signature and kind were verified. Times and audiences are the caller's to check.
#[derive(Debug)]
pub struct Verified {
    pub kid: String,
    pub claims: Map<String, Value>,
}

/// The header members that decide; anything that would change how the token is read is refused by being here.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: Option<String>,
    crit: Option<Value>,
    b64: Option<Value>,
    zip: Option<Value>,
}

/// Verifies a compact JWS made by this server: form, `alg` and `kid` by our own keys, `typ`, signature.
///
/// The token names its key, never the algorithm: that is the key's own. Errors are `Refused`.
pub fn verify(ring: &KeyRing, token: &str, expected: Expected) -> Result<Verified, Error> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Error::Refused("the token is too long"));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Error::Refused("the token is no JWS"))?;
    let (header, payload) = signed.split_once('.').ok_or(Error::Refused("the token is no JWS"))?;
    if payload.contains('.') {
        return Err(Error::Refused("the token is no JWS"));
    }
    let header: Header = serde_json::from_slice(&decode(header)?)
        .map_err(|_| Error::Refused("the token's header is not that of a token of ours"))?;
    if header.crit.is_some() || header.b64.is_some() || header.zip.is_some() {
        return Err(Error::Refused("the token's header asks for an extension"));
    }
    let typ = header.typ.as_deref().unwrap_or_default();
    let typ = typ.strip_prefix("application/").unwrap_or(typ);
    if !typ.eq_ignore_ascii_case(expected.typ()) {
        return Err(Error::Refused("the token is of another kind"));
    }
    let key = ring.published(&header.kid).ok_or(Error::Refused("the token was not signed with a key of ours"))?;
    if header.alg != key.alg.name() {
        return Err(Error::Refused("the token's algorithm is not that of its key"));
    }
    if !key.verifies(signed.as_bytes(), &decode(signature)?) {
        return Err(Error::Refused("the token's signature is wrong"));
    }
    let claims = serde_json::from_slice(&decode(payload)?)
        .map_err(|_| Error::Refused("the token's claims are no JSON object"))?;
    Ok(Verified { kid: header.kid, claims })
}

fn decode(part: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Error::Refused("the token is not base64url"))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use serde_json::json;

    use super::*;
    use crate::base::Timestamp;
    use crate::config::Algorithm;
    use crate::jose::test_support::ring;
    use crate::jose::{SigningKey, sign};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn encode(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    /// A token with this header, signed by our own ES256 key whatever the header says.
    fn forge(key: &SigningKey, header: &Value) -> String {
        let signed = format!("{}.{}", encode(header), encode(&json!({ "sub": "x" })));
        let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).unwrap());
        format!("{signed}.{signature}")
    }

    #[tokio::test]
    async fn a_token_verifies_as_what_it_is_and_as_nothing_else() {
        let (_, ring) = ring(NOW).await;
        for alg in [Algorithm::ES256, Algorithm::EdDSA] {
            let token = sign(&ring, alg, Expected::AccessToken.typ(), &json!({ "sub": "alice" })).await.unwrap();
            assert_eq!(verify(&ring, &token, Expected::AccessToken).unwrap().claims["sub"], json!("alice"));
            assert!(verify(&ring, &token, Expected::IdToken).is_err());
            assert!(verify(&ring, &token, Expected::LogoutToken).is_err());
        }
    }

    #[tokio::test]
    async fn hostile_headers_are_refused_even_under_our_own_signature() {
        // S091, S092, S093, S095
        let (_, ring) = ring(NOW).await;
        let key = ring.signer(Algorithm::ES256).unwrap();
        let good = json!({ "typ": "at+jwt", "alg": "ES256", "kid": key.kid });
        assert!(verify(&ring, &forge(&key, &good), Expected::AccessToken).is_ok());
        let with = |name: &str, value: Value| {
            let mut header = good.clone();
            header[name] = value;
            header
        };
        for header in [
            with("alg", json!("none")),
            with("alg", json!("None")),
            with("alg", json!("HS256")),
            with("alg", json!("RS256")),
            with("alg", json!(["ES256"])),
            with("kid", json!("../../etc/passwd")),
            with("kid", json!("' OR 1=1--")),
            with("kid", json!("https://evil.test/key")),
            with("kid", json!("k".repeat(10_000))),
            with("kid", Value::Null),
            with("crit", json!(["exp"])),
            with("crit", json!([])),
            with("b64", json!(false)),
            with("zip", json!("DEF")),
            with("typ", json!("JWT")),
            with("typ", Value::Null),
            json!({}),
            json!([]),
        ] {
            assert!(verify(&ring, &forge(&key, &header), Expected::AccessToken).is_err(), "{header}");
        }
    }

    #[tokio::test]
    async fn altered_padded_unsigned_and_oversized_tokens_are_refused() {
        let (_, ring) = ring(NOW).await;
        let token = sign(&ring, Algorithm::ES256, "at+jwt", &json!({ "sub": "alice" })).await.unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!("three parts") };
        let other = encode(&json!({ "sub": "root" }));
        for bad in [
            format!("{header}.{other}.{signature}"),
            format!("{header}.{payload}."),
            format!("{header}.{payload}"),
            format!("{token}."),
            format!("{token}="),
            format!(" {token}"),
            format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
            String::new(),
            "...".to_owned(),
            "a".repeat(MAX_TOKEN_BYTES + 1),
        ] {
            assert!(verify(&ring, &bad, Expected::AccessToken).is_err(), "{bad}");
        }
    }
}
