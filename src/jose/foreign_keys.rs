use std::fmt;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::JwsVerifier;
use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm;
use josekit::jws::alg::eddsa::EddsaJwsAlgorithm;
use josekit::jws::alg::rsassa::RsassaJwsAlgorithm;
use josekit::jws::alg::rsassa_pss::RsassaPssJwsAlgorithm;
use serde_json::{Map, Value};

/// How others may sign for us (RFC 7518 §3.1, RFC 8037). `none` is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignAlgorithm {
    ES256,
    ES384,
    PS256,
    RS256,
    EdDSA,
    HS256,
}

impl ForeignAlgorithm {
    /// With a public key that the signer registered.
    pub const ASYMMETRIC: [Self; 5] = [Self::ES256, Self::ES384, Self::PS256, Self::RS256, Self::EdDSA];
    /// With a secret that both sides have.
    pub const SYMMETRIC: [Self; 1] = [Self::HS256];

    pub const fn name(self) -> &'static str {
        match self {
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::PS256 => "PS256",
            Self::RS256 => "RS256",
            Self::EdDSA => "EdDSA",
            Self::HS256 => "HS256",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ASYMMETRIC.into_iter().chain(Self::SYMMETRIC).find(|alg| alg.name() == name)
    }

    pub fn is_symmetric(self) -> bool {
        Self::SYMMETRIC.contains(&self)
    }
}

/// A key that verifies by one algorithm, and by no other.
pub struct ForeignKey {
    pub(super) alg: ForeignAlgorithm,
    kid: Option<String>,
    verifier: Verifier,
}

enum Verifier {
    Public(Box<dyn JwsVerifier>),
    Secret(Box<hmac::Key>),
}

impl fmt::Debug for ForeignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForeignKey({})", self.alg.name())
    }
}

/// RFC 7518 §3.2: a key of the size of the hash, or more.
const MIN_SECRET_BYTES: usize = 32;

impl ForeignKey {
    /// A shared secret for HS256; `None` for one too short to be safe.
    pub fn shared_secret(secret: &[u8]) -> Option<Self> {
        let verifier = Verifier::Secret(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)));
        (secret.len() >= MIN_SECRET_BYTES).then_some(Self { alg: ForeignAlgorithm::HS256, kid: None, verifier })
    }

    /// A key of `alg` that nobody has the other half of: verifying with it costs what it costs with a real one.
    pub fn decoy(alg: ForeignAlgorithm) -> Option<&'static Self> {
        static PUBLIC: LazyLock<ForeignKeys> = LazyLock::new(|| {
            serde_json::from_str(include_str!("decoy_jwks.json"))
                .ok()
                .and_then(|jwks: Value| ForeignKeys::parse(&jwks).ok())
                .unwrap_or_default()
        });
        static SECRET: LazyLock<Option<ForeignKey>> = LazyLock::new(|| ForeignKey::shared_secret(&[0; 32]));
        if alg.is_symmetric() { SECRET.as_ref() } else { PUBLIC.find(alg, None) }
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.verifier {
            Verifier::Public(verifier) => verifier.verify(message, signature).is_ok(),
            // In constant time, which josekit's own comparison is not.
            Verifier::Secret(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

/// The public signature keys of somebody else's JWK Set (RFC 7517 §5), parsed once. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ForeignKeys(Arc<[ForeignKey]>);

/// Most keys of one set.
const MAX_KEYS: usize = 20;
/// Members that only private and symmetric keys have (RFC 7518 §6).
pub(super) const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

impl ForeignKeys {
    /// Reads a JWK Set. Keys for other purposes or of unknown types are passed over (RFC 7517 §5); the error says what
    /// is wrong with a key that ought to be usable.
    pub fn parse(jwks: &Value) -> Result<Self, String> {
        let keys = jwks.get("keys").and_then(Value::as_array).ok_or("it has no array `keys`")?;
        if keys.len() > MAX_KEYS {
            return Err(format!("it has more than {MAX_KEYS} keys"));
        }
        let mut parsed: Vec<ForeignKey> = Vec::new();
        for (index, jwk) in keys.iter().enumerate() {
            let of_key = |reason: &str| format!("keys[{index}] {reason}");
            for key in read_jwk(jwk.as_object().ok_or_else(|| of_key("is no object"))?).map_err(of_key)? {
                if key.kid.is_some() && parsed.iter().any(|other| other.kid == key.kid && other.alg == key.alg) {
                    return Err(of_key("has the `kid` of another key"));
                }
                parsed.push(key);
            }
        }
        Ok(Self(parsed.into()))
    }

    /// Reads a JWK Set whose keeper is not here to be told of mistakes: a key that cannot be used is passed over like one
    /// for another purpose.
    pub fn parse_fetched(jwks: &Value) -> Result<Self, String> {
        let keys = jwks.get("keys").and_then(Value::as_array).ok_or("it has no array `keys`")?;
        if keys.len() > MAX_KEYS {
            return Err(format!("it has more than {MAX_KEYS} keys"));
        }
        let usable = keys.iter().filter_map(|jwk| read_jwk(jwk.as_object()?).ok()).flatten();
        Ok(Self(usable.collect()))
    }

    /// The key for a token's `alg` and `kid`. Without `kid` only where there is no choice (OpenID Connect Core §10.1).
    pub fn find(&self, alg: ForeignAlgorithm, kid: Option<&str>) -> Option<&ForeignKey> {
        let mut fitting = self.0.iter().filter(|key| key.alg == alg && (kid.is_none() || key.kid.as_deref() == kid));
        let found = fitting.next()?;
        fitting.next().is_none().then_some(found)
    }

    /// Whether any key verifies by `alg`.
    pub fn supports(&self, alg: ForeignAlgorithm) -> bool {
        self.0.iter().any(|key| key.alg == alg)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The key once for each algorithm it may be used with; none if it is not for signatures that we know.
fn read_jwk(jwk: &Map<String, Value>) -> Result<Vec<ForeignKey>, &'static str> {
    if PRIVATE_MEMBERS.iter().any(|name| jwk.contains_key(*name)) {
        return Err("holds a private or symmetric key; register the public one alone");
    }
    let kty = text(jwk, "kty")?.ok_or("has no `kty`")?;
    let kid = text(jwk, "kid")?;
    let for_signatures = text(jwk, "use")?.is_none_or(|purpose| purpose == "sig");
    let for_verifying = match jwk.get("key_ops") {
        None => true,
        Some(operations) => operations.as_array().ok_or("has `key_ops` that are no array")?.contains(&"verify".into()),
    };
    if !for_signatures || !for_verifying {
        return Ok(Vec::new());
    }
    let fitting: &[ForeignAlgorithm] = match (kty, text(jwk, "crv")?) {
        ("EC", Some("P-256")) => &[ForeignAlgorithm::ES256],
        ("EC", Some("P-384")) => &[ForeignAlgorithm::ES384],
        ("OKP", Some("Ed25519")) => &[ForeignAlgorithm::EdDSA],
        ("RSA", _) => &[ForeignAlgorithm::PS256, ForeignAlgorithm::RS256],
        _ => &[],
    };
    // RFC 9864 calls EdDSA over this curve by the curve's name.
    let named = text(jwk, "alg")?.map(|alg| if alg == "Ed25519" { "EdDSA" } else { alg });
    let wanted = fitting.iter().filter(|alg| named.is_none_or(|name| name == alg.name()));
    wanted
        .map(|alg| {
            let verifier = Verifier::Public(verifier(*alg, jwk)?);
            Ok(ForeignKey { alg: *alg, kid: kid.map(str::to_owned), verifier })
        })
        .collect()
}

fn verifier(alg: ForeignAlgorithm, jwk: &Map<String, Value>) -> Result<Box<dyn JwsVerifier>, &'static str> {
    let parsed: Result<Box<dyn JwsVerifier>, josekit::JoseError> = match alg {
        ForeignAlgorithm::ES256 => boxed(EcdsaJwsAlgorithm::Es256.verifier_from_jwk(&ec(jwk, 32)?)),
        ForeignAlgorithm::ES384 => boxed(EcdsaJwsAlgorithm::Es384.verifier_from_jwk(&ec(jwk, 48)?)),
        ForeignAlgorithm::EdDSA => boxed(EddsaJwsAlgorithm::Eddsa.verifier_from_jwk(&ed25519(jwk)?)),
        ForeignAlgorithm::PS256 => boxed(RsassaPssJwsAlgorithm::Ps256.verifier_from_jwk(&rsa(jwk)?)),
        ForeignAlgorithm::RS256 => boxed(RsassaJwsAlgorithm::Rs256.verifier_from_jwk(&rsa(jwk)?)),
        ForeignAlgorithm::HS256 => return Err("is symmetric"),
    };
    parsed.map_err(|_| "is no valid public key of its type")
}

fn boxed<V: JwsVerifier + 'static>(
    parsed: Result<V, josekit::JoseError>,
) -> Result<Box<dyn JwsVerifier>, josekit::JoseError> {
    parsed.map(|verifier| Box::new(verifier) as Box<dyn JwsVerifier>)
}

pub(super) fn ec(jwk: &Map<String, Value>, coordinate_bytes: usize) -> Result<Jwk, &'static str> {
    if bytes(jwk, "x")?.len() != coordinate_bytes || bytes(jwk, "y")?.len() != coordinate_bytes {
        return Err("has coordinates of the wrong length");
    }
    only(jwk, &["kty", "crv", "x", "y"])
}

fn ed25519(jwk: &Map<String, Value>) -> Result<Jwk, &'static str> {
    if bytes(jwk, "x")?.len() != 32 {
        return Err("has an `x` of the wrong length");
    }
    only(jwk, &["kty", "crv", "x"])
}

/// 2048 to 4096 bits: weaker is unsafe, and the cost of longer ones would be ours at each request.
pub(super) fn rsa(jwk: &Map<String, Value>) -> Result<Jwk, &'static str> {
    let (n, e) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    if n.first() == Some(&0) || !(2048..=4096).contains(&bits) {
        return Err("has a modulus that is not of 2048 to 4096 bits");
    }
    // The product of two odd primes; no library reckons with another.
    if n.last().is_none_or(|last| last % 2 == 0) {
        return Err("has a modulus `n` that is even");
    }
    let exponent = e.iter().fold(0_u64, |value, byte| (value << 8) | u64::from(*byte));
    if e.len() > 4 || exponent < 3 || exponent % 2 == 0 {
        return Err("has an unusable exponent `e`");
    }
    only(jwk, &["kty", "n", "e"])
}

/// The named members alone, so that no other one changes how the key is read.
pub(super) fn only(jwk: &Map<String, Value>, names: &[&str]) -> Result<Jwk, &'static str> {
    let members: Map<String, Value> =
        names.iter().filter_map(|name| Some(((*name).to_owned(), jwk.get(*name)?.clone()))).collect();
    Jwk::from_map(members).map_err(|_| "is no JWK")
}

pub(super) fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, &'static str> {
    jwk.get(name).map(|value| value.as_str().ok_or("has a member that ought to be a string and is none")).transpose()
}

pub(super) fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, &'static str> {
    let encoded = text(jwk, name)?.ok_or("lacks a member of its type")?;
    URL_SAFE_NO_PAD.decode(encoded).map_err(|_| "has a member that is not base64url")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::SystemRandom;
    use crate::config::Algorithm;
    use crate::jose::SigningKey;

    fn key(alg: Algorithm) -> SigningKey {
        SigningKey::from_pkcs8(alg, &SigningKey::generate(alg, &SystemRandom::default()).unwrap()).unwrap()
    }

    fn jwks(keys: &[Value]) -> Value {
        json!({ "keys": keys })
    }

    #[test]
    fn each_algorithm_verifies_what_another_implementation_signed_and_nothing_else() {
        for alg in ForeignAlgorithm::ASYMMETRIC {
            let signer = key(Algorithm::from_name(alg.name()).unwrap());
            let keys = ForeignKeys::parse(&jwks(&[json!(signer.public_jwk)])).unwrap();
            let found = keys.find(alg, Some(&signer.kid)).unwrap();
            let signature = signer.sign(b"message").unwrap();
            assert!(found.verifies(b"message", &signature), "{alg:?}");
            assert!(!found.verifies(b"massage", &signature), "{alg:?}");
            for bad in [&[][..], &[0; 64], &[0; 96], &[0xff; 256], &signature[1..], &[&signature[..], &[0]].concat()] {
                assert!(!found.verifies(b"message", bad), "{alg:?} {bad:?}");
            }
            // A key with `alg` serves that one alone.
            assert_eq!(ForeignAlgorithm::ASYMMETRIC.into_iter().filter(|alg| keys.supports(*alg)).count(), 1);
        }
    }

    #[test]
    fn a_shared_secret_verifies_hs256_and_is_not_short() {
        let key = ForeignKey::shared_secret(&[7; 32]).unwrap();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]), b"message");
        assert!(key.verifies(b"message", tag.as_ref()));
        assert!(!key.verifies(b"massage", tag.as_ref()));
        assert!(!key.verifies(b"message", &tag.as_ref()[..16]));
        assert!(ForeignKey::shared_secret(&[7; 31]).is_none());
    }

    #[test]
    fn the_kid_decides_and_without_one_there_must_be_no_choice() {
        let (one, other) = (key(Algorithm::ES256), key(Algorithm::ES256));
        let both = ForeignKeys::parse(&jwks(&[json!(one.public_jwk), json!(other.public_jwk)])).unwrap();
        assert!(both.find(ForeignAlgorithm::ES256, Some(&one.kid)).is_some());
        assert!(both.find(ForeignAlgorithm::ES256, Some("other")).is_none());
        assert!(both.find(ForeignAlgorithm::ES256, None).is_none());
        assert!(both.find(ForeignAlgorithm::RS256, Some(&one.kid)).is_none());
        let single = ForeignKeys::parse(&jwks(&[json!(one.public_jwk)])).unwrap();
        assert!(single.find(ForeignAlgorithm::ES256, None).is_some());
    }

    #[test]
    fn keys_for_other_purposes_are_passed_over() {
        let good = json!(key(Algorithm::ES256).public_jwk);
        let with = |name: &str, value: Value| {
            let mut jwk = good.clone();
            jwk[name] = value;
            jwk
        };
        for other in [
            with("use", json!("enc")),
            with("key_ops", json!(["encrypt"])),
            with("alg", json!("ECDH-ES")),
            with("crv", json!("secp256k1")),
            json!({ "kty": "new" }),
        ] {
            assert!(ForeignKeys::parse(&jwks(std::slice::from_ref(&other))).unwrap().is_empty(), "{other}");
        }
        assert!(!ForeignKeys::parse(&jwks(&[with("key_ops", json!(["verify"]))])).unwrap().is_empty());
    }

    #[test]
    fn unusable_private_and_weak_keys_are_named() {
        let good = json!(key(Algorithm::ES256).public_jwk);
        let rsa = json!(key(Algorithm::RS256).public_jwk);
        let with = |jwk: &Value, name: &str, value: Value| {
            let mut jwk = jwk.clone();
            jwk[name] = value;
            jwk
        };
        let zeros = |count: usize| json!(URL_SAFE_NO_PAD.encode(vec![0; count]));
        for bad in [
            with(&good, "d", json!("AA")),
            with(&good, "kty", Value::Null),
            with(&good, "x", json!("!")),
            with(&good, "x", zeros(31)),
            with(&good, "y", zeros(32)),
            with(&good, "kid", json!(1)),
            with(&good, "key_ops", json!("verify")),
            with(&rsa, "n", json!(URL_SAFE_NO_PAD.encode([0xff; 128]))),
            with(&rsa, "n", json!(URL_SAFE_NO_PAD.encode([0xff; 1024]))),
            with(&rsa, "n", json!("")),
            with(&rsa, "e", json!("AQ")),
            with(&rsa, "e", json!("AAAAAAAB")),
            with(&rsa, "e", json!("BA")),
            json!({ "kty": "oct", "k": "AAAA" }),
            json!([]),
        ] {
            let error = ForeignKeys::parse(&jwks(std::slice::from_ref(&bad))).unwrap_err();
            assert!(error.starts_with("keys[0] "), "{bad}: {error}");
        }
        assert!(ForeignKeys::parse(&json!({})).is_err());
        assert!(ForeignKeys::parse(&json!({ "keys": {} })).is_err());
        assert!(ForeignKeys::parse(&jwks(&[good.clone(), good.clone()])).is_err());
        assert!(ForeignKeys::parse(&jwks(&vec![json!({ "kty": "new" }); 21])).is_err());
    }

    #[test]
    fn there_is_a_decoy_for_each_algorithm() {
        for alg in ForeignAlgorithm::ASYMMETRIC.into_iter().chain(ForeignAlgorithm::SYMMETRIC) {
            assert_eq!(ForeignKey::decoy(alg).unwrap().alg, alg);
        }
    }
}
