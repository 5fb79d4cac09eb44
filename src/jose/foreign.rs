//! JWTs that somebody else signed: client assertions (RFC 7523) and their kind.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::Error;
use super::foreign_keys::{ForeignAlgorithm, ForeignKey};
use crate::base::Timestamp;

/// Longest token that is looked at.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Longest header, encoded.
const MAX_HEADER_BYTES: usize = 4 * 1024;

/// A token that was read but not verified: what it says of itself serves to find the key, and for nothing else.
#[derive(Debug)]
pub struct ForeignJwt<'a> {
    pub alg: ForeignAlgorithm,
    pub kid: Option<String>,
    signed: &'a str,
    signature: Vec<u8>,
    claims: ForeignClaims,
}

/// What a token of this purpose looks like.
#[derive(Clone, Copy, Debug)]
pub struct ForeignKind<'a> {
    pub algorithms: &'a [ForeignAlgorithm],
    /// Values of `typ` besides `JWT` and none at all; all others are tokens for something else (RFC 8725 §3.11).
    pub typ: &'a str,
}

/// The claims of a token. From [`ForeignJwt::verify`] alone they come out verified; times and audience are the caller's.
#[derive(Debug)]
pub struct ForeignClaims(Map<String, Value>);

/// Members that decide. Those that would change how the token is read are refused by being here; those that bring a key
/// along (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
    #[serde(default, deserialize_with = "present")]
    b64: bool,
    #[serde(default, deserialize_with = "present")]
    zip: bool,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl<'a> ForeignJwt<'a> {
    /// Reads a compact JWS: its form, an `alg` and a `typ` of `kind`, no extension. Errors are `Refused`.
    pub fn parse(token: &'a str, kind: ForeignKind<'_>) -> Result<Self, Error> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::Refused("the JWT is too long"));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Error::Refused("the JWT has not three parts"))?;
        let (header, payload) = signed.split_once('.').ok_or(Error::Refused("the JWT has not three parts"))?;
        if payload.contains('.') || header.len() > MAX_HEADER_BYTES {
            return Err(Error::Refused("the JWT has not three parts, or too long a header"));
        }
        let header: Header = serde_json::from_slice(&decode(header)?)
            .map_err(|_| Error::Refused("the JWT's header is no JSON object with an alg"))?;
        let alg = ForeignAlgorithm::from_name(&header.alg).filter(|alg| kind.algorithms.contains(alg));
        let alg = alg.ok_or(Error::Refused("the JWT's alg is not supported"))?;
        if header.crit || header.b64 || header.zip {
            return Err(Error::Refused("the JWT's header asks for an extension"));
        }
        let typ = header.typ.as_deref().unwrap_or("JWT");
        let typ = typ.strip_prefix("application/").unwrap_or(typ);
        if !typ.eq_ignore_ascii_case("JWT") && !typ.eq_ignore_ascii_case(kind.typ) {
            return Err(Error::Refused("the JWT's typ is that of another kind of token"));
        }
        let signature = decode(signature)?;
        let claims = serde_json::from_slice(&decode(payload)?)
            .map_err(|_| Error::Refused("the JWT's claims are no JSON object"))?;
        Ok(Self { alg, kid: header.kid, signed, signature, claims: ForeignClaims(claims) })
    }

    /// What the token says it is from or for, not verified.
    pub fn claimed(&self, name: &str) -> Option<&str> {
        self.claims.0.get(name)?.as_str()
    }

    /// The claims, if `key` made the signature.
    pub fn verify(self, key: &ForeignKey) -> Result<ForeignClaims, Error> {
        if self.alg != key.alg || !key.verifies(self.signed.as_bytes(), &self.signature) {
            return Err(Error::Refused("the JWT's signature is wrong"));
        }
        Ok(self.claims)
    }
}

impl ForeignClaims {
    /// A claim that must be a string if it is there.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        let not_text = Error::Refused("a claim of the JWT that must be a string is none");
        self.0.get(name).map(|value| value.as_str().ok_or(not_text)).transpose()
    }

    /// A claim of whatever kind.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All of them.
    pub fn into_members(self) -> Map<String, Value> {
        self.0
    }

    /// A NumericDate (RFC 7519 §2): seconds, possibly with a fraction, from 1970 to 9999.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Error> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let seconds = value.as_f64().filter(|seconds| (0.0..=253_402_300_799.0).contains(seconds));
        let seconds = seconds.ok_or(Error::Refused("a time in the JWT is no NumericDate"))?;
        #[expect(clippy::cast_possible_truncation, reason = "within the range just checked")]
        let millis = (seconds * 1000.0) as i64;
        Ok(Some(Timestamp::from_millis(millis)))
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Error::Refused("the JWT is not base64url"))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use proptest::sample::Index;
    use serde_json::json;

    use super::*;
    use crate::base::SystemRandom;
    use crate::config::Algorithm;
    use crate::jose::{ForeignKeys, SigningKey};

    const KIND: ForeignKind<'_> =
        ForeignKind { algorithms: &ForeignAlgorithm::ASYMMETRIC, typ: "client-authentication+jwt" };

    fn key(alg: Algorithm) -> SigningKey {
        SigningKey::from_pkcs8(alg, &SigningKey::generate(alg, &SystemRandom::default()).unwrap()).unwrap()
    }

    static SIGNERS: LazyLock<[SigningKey; 3]> =
        LazyLock::new(|| [Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256].map(key));

    fn encode(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    fn signed(key: &SigningKey, header: &Value, claims: &Value) -> String {
        let input = format!("{}.{}", encode(header), encode(claims));
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).unwrap()))
    }

    fn parse(token: &str) -> Result<ForeignJwt<'_>, String> {
        ForeignJwt::parse(token, KIND).map_err(|error| error.to_string())
    }

    #[test]
    fn a_token_verifies_with_its_key_alone() {
        let (signer, other) = (key(Algorithm::ES256), key(Algorithm::ES256));
        let keys_of = |key: &SigningKey| ForeignKeys::parse(&json!({ "keys": [key.public_jwk] })).unwrap();
        let token = signed(&signer, &json!({ "alg": "ES256" }), &json!({ "sub": "c" }));
        let (right, wrong) = (keys_of(&signer), keys_of(&other));
        assert_eq!(parse(&token).unwrap().claimed("sub"), Some("c"));
        let claims = parse(&token).unwrap().verify(right.find(ForeignAlgorithm::ES256, None).unwrap()).unwrap();
        assert_eq!(claims.text("sub").unwrap(), Some("c"));
        assert!(parse(&token).unwrap().verify(wrong.find(ForeignAlgorithm::ES256, None).unwrap()).is_err());
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        parts[1] = encode(&json!({ "sub": "d" }));
        assert!(parse(&parts.join(".")).unwrap().verify(right.find(ForeignAlgorithm::ES256, None).unwrap()).is_err());
    }

    #[test]
    fn a_key_is_not_used_by_another_algorithm_than_its_own() {
        // S092: the public key is no HMAC secret, and an RSA key for PS256 does not verify RS256.
        let signer = key(Algorithm::RS256);
        let mut jwk = json!(signer.public_jwk);
        jwk["alg"] = json!("PS256");
        let keys = ForeignKeys::parse(&json!({ "keys": [jwk] })).unwrap();
        let token = signed(&signer, &json!({ "alg": "RS256" }), &json!({}));
        assert!(keys.find(ForeignAlgorithm::RS256, None).is_none());
        assert!(parse(&token).unwrap().verify(keys.find(ForeignAlgorithm::PS256, None).unwrap()).is_err());
        assert!(parse(&signed(&signer, &json!({ "alg": "HS256" }), &json!({}))).is_err());
    }

    #[test]
    fn hostile_headers_are_refused() {
        // S091, S095, S117
        let signer = key(Algorithm::ES256);
        for (header, good) in [
            (json!({ "alg": "ES256" }), true),
            (json!({ "alg": "ES256", "typ": "JWT" }), true),
            (json!({ "alg": "ES256", "typ": "jwt" }), true),
            (json!({ "alg": "ES256", "typ": "client-authentication+jwt" }), true),
            (json!({ "alg": "ES256", "typ": "application/client-authentication+jwt" }), true),
            (json!({ "alg": "ES256", "jku": "https://evil.test", "jwk": {}, "x5c": [] }), true),
            (json!({ "alg": "none" }), false),
            (json!({ "alg": "None" }), false),
            (json!({ "alg": "nOnE" }), false),
            (json!({ "alg": "es256" }), false),
            (json!({ "alg": "PBES2-HS256+A128KW" }), false),
            (json!({ "alg": ["ES256"] }), false),
            (json!({ "alg": Value::Null }), false),
            (json!({ "typ": "JWT" }), false),
            (json!({ "alg": "ES256", "typ": "dpop+jwt" }), false),
            (json!({ "alg": "ES256", "typ": "at+jwt" }), false),
            (json!({ "alg": "ES256", "typ": "oauth-authz-req+jwt" }), false),
            (json!({ "alg": "ES256", "typ": "" }), false),
            (json!({ "alg": "ES256", "typ": 1 }), false),
            (json!({ "alg": "ES256", "crit": ["exp"] }), false),
            (json!({ "alg": "ES256", "crit": [] }), false),
            (json!({ "alg": "ES256", "crit": Value::Null }), false),
            (json!({ "alg": "ES256", "b64": false }), false),
            (json!({ "alg": "ES256", "zip": "DEF" }), false),
            (json!({ "alg": "ES256", "kid": 1 }), false),
            (json!({ "alg": "ES256", "kid": "k".repeat(10_000) }), false),
            (json!([]), false),
        ] {
            let token = signed(&signer, &header, &json!({}));
            assert_eq!(parse(&token).is_ok(), good, "{header}");
        }
        let twice = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","alg":"none"}"#);
        assert!(parse(&format!("{twice}.e30.AA")).is_err());
    }

    #[test]
    fn what_is_no_compact_jws_is_refused() {
        let token = signed(&key(Algorithm::ES256), &json!({ "alg": "ES256" }), &json!({}));
        let deep = format!("{}.{}.AA", encode(&json!({ "alg": "ES256" })), URL_SAFE_NO_PAD.encode("[".repeat(9000)));
        for bad in ["", ".", "..", "...", "a.b.c", &format!("{token}."), &format!("{token}="), &format!(" {token}")] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse(&deep).is_err());
        assert!(parse(&format!("{}{}", token, "A".repeat(MAX_TOKEN_BYTES))).is_err());
        assert!(parse(&format!("{}.{}.AA", encode(&json!({ "alg": "ES256" })), encode(&json!([])))).is_err());
    }

    #[test]
    fn s098_times_are_numbers_within_reason() {
        let time = |value: Value| ForeignClaims(Map::from_iter([("exp".to_owned(), value)])).time("exp");
        assert_eq!(time(json!(1)).unwrap(), Some(Timestamp::from_seconds(1)));
        assert_eq!(time(json!(1.5)).unwrap(), Some(Timestamp::from_millis(1500)));
        for bad in [json!("1"), json!(-1), json!(1e30), Value::Null, json!([1]), json!(true), json!(u64::MAX)] {
            assert!(time(bad.clone()).is_err(), "{bad}");
        }
        assert_eq!(ForeignClaims(Map::new()).time("exp").unwrap(), None);
        assert!(ForeignClaims(Map::from_iter([("sub".to_owned(), json!(1))])).text("sub").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn a_token_altered_anywhere_is_refused(at: Index, by in "[-_.=A-Za-z0-9]", alg in 0..3_usize) {
            let signer = &SIGNERS[alg];
            let keys = ForeignKeys::parse(&json!({ "keys": [signer.public_jwk] })).unwrap();
            let token = signed(signer, &json!({ "alg": signer.alg.name() }), &json!({ "sub": "c", "exp": 1 }));
            let key = keys.find(ForeignAlgorithm::from_name(signer.alg.name()).unwrap(), None).unwrap();
            prop_assert!(parse(&token).unwrap().verify(key).is_ok());
            let mut other = token.clone();
            let at = at.index(token.len());
            other.replace_range(at..=at, &by);
            let refused = other == token || parse(&other).map_or(true, |jwt| jwt.verify(key).is_err());
            prop_assert!(refused, "{} {}", token, other);
        }

        #[test]
        fn no_text_is_more_than_refused(text in "\\PC{0,80}|[-_A-Za-z0-9]{0,40}[.][-_A-Za-z0-9]{0,40}[.][-_A-Za-z0-9]{0,40}") {
            prop_assert!(parse(&text).is_err());
        }
    }
}
