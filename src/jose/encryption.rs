//! JSON Web Encryption for others (RFC 7516). Nothing here decrypts.

use std::fmt;

use josekit::jwe::alg::ecdh_es::EcdhEsJweAlgorithm;
use josekit::jwe::alg::rsaes::RsaesJweAlgorithm;
use josekit::jwe::{JweEncrypter, JweHeader, serialize_compact};
use josekit::jwk::Jwk;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Error;
use super::foreign_keys::{PRIVATE_MEMBERS, bytes, ec, only, rsa, text};

/// How the content key reaches the recipient (RFC 7518 §4). RSA1_5, which leaks keys to whoever may ask, `dir` and
/// password-based encryption are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyManagement {
    #[serde(rename = "RSA-OAEP")]
    RsaOaep,
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
    #[serde(rename = "ECDH-ES")]
    EcdhEs,
    #[serde(rename = "ECDH-ES+A128KW")]
    EcdhEsA128Kw,
    #[serde(rename = "ECDH-ES+A256KW")]
    EcdhEsA256Kw,
}

impl KeyManagement {
    pub const ALL: [Self; 5] = [Self::RsaOaep, Self::RsaOaep256, Self::EcdhEs, Self::EcdhEsA128Kw, Self::EcdhEsA256Kw];

    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }

    fn encrypter(self, jwk: &Map<String, Value>) -> Result<Box<dyn JweEncrypter>, &'static str> {
        let invalid = |_| "is no valid public key of its type";
        let by_curve = |alg: EcdhEsJweAlgorithm| {
            let encrypter = alg.encrypter_from_jwk(&agreement_key(jwk)?).map_err(invalid)?;
            Ok(Box::new(encrypter) as Box<dyn JweEncrypter>)
        };
        let by_rsa = |alg: RsaesJweAlgorithm| {
            let encrypter = alg.encrypter_from_jwk(&rsa(jwk)?).map_err(invalid)?;
            Ok(Box::new(encrypter) as Box<dyn JweEncrypter>)
        };
        match self {
            Self::RsaOaep => by_rsa(RsaesJweAlgorithm::RsaOaep),
            Self::RsaOaep256 => by_rsa(RsaesJweAlgorithm::RsaOaep256),
            Self::EcdhEs => by_curve(EcdhEsJweAlgorithm::EcdhEs),
            Self::EcdhEsA128Kw => by_curve(EcdhEsJweAlgorithm::EcdhEsA128kw),
            Self::EcdhEsA256Kw => by_curve(EcdhEsJweAlgorithm::EcdhEsA256kw),
        }
    }
}

/// How the content itself is encrypted (RFC 7518 §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContentEncryption {
    /// OpenID Connect Registration §2: where a client names none.
    #[default]
    #[serde(rename = "A128CBC-HS256")]
    A128CbcHs256,
    #[serde(rename = "A256CBC-HS512")]
    A256CbcHs512,
    #[serde(rename = "A128GCM")]
    A128Gcm,
    #[serde(rename = "A256GCM")]
    A256Gcm,
}

impl ContentEncryption {
    pub const ALL: [Self; 4] = [Self::A128CbcHs256, Self::A256CbcHs512, Self::A128Gcm, Self::A256Gcm];

    pub const fn name(self) -> &'static str {
        match self {
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A256CbcHs512 => "A256CBC-HS512",
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }
}

/// A public key to encrypt to, by one algorithm.
pub struct RecipientKey {
    kid: Option<String>,
    encrypter: Box<dyn JweEncrypter>,
}

impl fmt::Debug for RecipientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientKey({})", self.encrypter.algorithm().name())
    }
}

impl RecipientKey {
    /// The first key of a JWK Set that is for encryption by `alg`. The error says why there is none.
    pub fn find(jwks: &Value, alg: KeyManagement) -> Result<Self, String> {
        let keys = jwks.get("keys").and_then(Value::as_array).ok_or("it has no array `keys`")?;
        let mut reason = format!("it has no public key for {}", alg.name());
        for (index, jwk) in keys.iter().enumerate() {
            match jwk.as_object().map_or(Err("is no object"), |jwk| read(jwk, alg)) {
                Ok(Some(key)) => return Ok(key),
                Ok(None) => {}
                Err(error) => reason = format!("keys[{index}] {error}"),
            }
        }
        Err(reason)
    }

    /// Writes a compact JWE. `cty` is `JWT` for a nested token (RFC 7519 §5.2). Never compressed: what is secret and what
    /// a stranger chose would stand in one stream.
    pub fn encrypt(&self, enc: ContentEncryption, cty: Option<&str>, payload: &[u8]) -> Result<String, Error> {
        let mut header = JweHeader::new();
        header.set_content_encryption(enc.name());
        if let Some(cty) = cty {
            header.set_content_type(cty);
        }
        if let Some(kid) = &self.kid {
            header.set_key_id(kid);
        }
        serialize_compact(payload, &header, self.encrypter.as_ref()).map_err(|_| Error::Encryption)
    }
}

/// `None` for a key that is not for this algorithm.
fn read(jwk: &Map<String, Value>, alg: KeyManagement) -> Result<Option<RecipientKey>, &'static str> {
    if PRIVATE_MEMBERS.iter().any(|name| jwk.contains_key(*name)) {
        return Err("holds a private or symmetric key; register the public one alone");
    }
    let fits_type = match text(jwk, "kty")?.ok_or("has no `kty`")? {
        "RSA" => matches!(alg, KeyManagement::RsaOaep | KeyManagement::RsaOaep256),
        "EC" => is_agreement(alg) && matches!(text(jwk, "crv")?, Some("P-256" | "P-384")),
        "OKP" => is_agreement(alg) && text(jwk, "crv")? == Some("X25519"),
        _ => false,
    };
    let for_encryption = text(jwk, "use")?.is_none_or(|purpose| purpose == "enc");
    let for_alg = text(jwk, "alg")?.is_none_or(|name| name == alg.name());
    let operations = jwk.get("key_ops").and_then(Value::as_array);
    let for_operation = operations.is_none_or(|all| {
        let wanted = ["encrypt", "wrapKey", "deriveKey", "deriveBits"];
        all.iter().filter_map(Value::as_str).any(|operation| wanted.contains(&operation))
    });
    if !(fits_type && for_encryption && for_alg && for_operation) {
        return Ok(None);
    }
    let kid = text(jwk, "kid")?.map(str::to_owned);
    Ok(Some(RecipientKey { kid, encrypter: alg.encrypter(jwk)? }))
}

fn is_agreement(alg: KeyManagement) -> bool {
    matches!(alg, KeyManagement::EcdhEs | KeyManagement::EcdhEsA128Kw | KeyManagement::EcdhEsA256Kw)
}

fn agreement_key(jwk: &Map<String, Value>) -> Result<Jwk, &'static str> {
    match text(jwk, "crv")? {
        Some("P-256") => ec(jwk, 32),
        Some("P-384") => ec(jwk, 48),
        _ if bytes(jwk, "x")?.len() != 32 => Err("has an `x` of the wrong length"),
        _ => only(jwk, &["kty", "crv", "x"]),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use josekit::jwe::{JweDecrypter, deserialize_compact};
    use josekit::jwk::alg::ec::EcCurve;
    use josekit::jwk::alg::ecx::EcxCurve;
    use serde_json::json;

    use super::*;

    fn decrypter(alg: KeyManagement, private: &Jwk) -> Box<dyn JweDecrypter> {
        match alg {
            KeyManagement::RsaOaep => Box::new(RsaesJweAlgorithm::RsaOaep.decrypter_from_jwk(private).unwrap()),
            KeyManagement::RsaOaep256 => Box::new(RsaesJweAlgorithm::RsaOaep256.decrypter_from_jwk(private).unwrap()),
            KeyManagement::EcdhEs => Box::new(EcdhEsJweAlgorithm::EcdhEs.decrypter_from_jwk(private).unwrap()),
            KeyManagement::EcdhEsA128Kw => {
                Box::new(EcdhEsJweAlgorithm::EcdhEsA128kw.decrypter_from_jwk(private).unwrap())
            }
            KeyManagement::EcdhEsA256Kw => {
                Box::new(EcdhEsJweAlgorithm::EcdhEsA256kw.decrypter_from_jwk(private).unwrap())
            }
        }
    }

    fn public(private: &Jwk, changes: &[(&str, Value)]) -> Value {
        let mut jwk: Map<String, Value> = private.as_ref().clone();
        jwk.retain(|name, _| !PRIVATE_MEMBERS.contains(&name.as_str()));
        jwk.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(jwk)
    }

    fn private_keys() -> Vec<Jwk> {
        vec![
            Jwk::generate_rsa_key(2048).unwrap(),
            Jwk::generate_ec_key(EcCurve::P256).unwrap(),
            Jwk::generate_ec_key(EcCurve::P384).unwrap(),
            Jwk::generate_ecx_key(EcxCurve::X25519).unwrap(),
        ]
    }

    #[test]
    fn the_recipient_alone_reads_what_each_pair_of_algorithms_encrypts() {
        let mut pairs = 0;
        for private in private_keys() {
            let jwks = json!({ "keys": [public(&private, &[("kid", json!("k1")), ("use", json!("enc"))])] });
            for alg in KeyManagement::ALL {
                let Ok(key) = RecipientKey::find(&jwks, alg) else { continue };
                for enc in ContentEncryption::ALL {
                    let jwe = key.encrypt(enc, Some("JWT"), b"a.b.c").unwrap();
                    let (payload, header) = deserialize_compact(&jwe, decrypter(alg, &private).as_ref()).unwrap();
                    assert_eq!(payload, b"a.b.c");
                    assert_eq!((header.algorithm(), header.content_encryption()), (Some(alg.name()), Some(enc.name())));
                    assert_eq!((header.content_type(), header.key_id()), (Some("JWT"), Some("k1")));
                    assert_eq!(header.compression(), None);
                    pairs += 1;
                }
            }
        }
        assert_eq!(pairs, (2 + 3 * 3) * 4);
    }

    #[test]
    fn keys_for_something_else_and_unsafe_ones_are_not_used() {
        let [rsa, ec] = [Jwk::generate_rsa_key(2048).unwrap(), Jwk::generate_ec_key(EcCurve::P256).unwrap()];
        let small = Jwk::generate_rsa_key(1024).unwrap();
        let mut even = bytes(rsa.as_ref(), "n").unwrap();
        *even.last_mut().unwrap() &= 0xfe;
        for (jwk, alg) in [
            (public(&rsa, &[("use", json!("sig"))]), KeyManagement::RsaOaep256),
            (public(&rsa, &[("alg", json!("RSA1_5"))]), KeyManagement::RsaOaep256),
            (public(&rsa, &[("alg", json!("RSA-OAEP"))]), KeyManagement::RsaOaep256),
            (public(&rsa, &[("key_ops", json!(["verify"]))]), KeyManagement::RsaOaep256),
            (public(&rsa, &[("n", json!(URL_SAFE_NO_PAD.encode(even)))]), KeyManagement::RsaOaep256),
            (public(&rsa, &[]), KeyManagement::EcdhEs),
            (public(&ec, &[]), KeyManagement::RsaOaep),
            (public(&ec, &[("x", json!("AA"))]), KeyManagement::EcdhEs),
            (public(&ec, &[("y", ec.as_ref()["x"].clone())]), KeyManagement::EcdhEs),
            (public(&small, &[]), KeyManagement::RsaOaep256),
            (json!(rsa.as_ref()), KeyManagement::RsaOaep256),
            (json!({ "kty": "oct", "k": "AAAA" }), KeyManagement::EcdhEs),
            (json!([]), KeyManagement::EcdhEs),
        ] {
            assert!(RecipientKey::find(&json!({ "keys": [jwk] }), alg).is_err(), "{jwk} {alg:?}");
        }
        assert!(RecipientKey::find(&json!({}), KeyManagement::EcdhEs).is_err());
        let second =
            json!({ "keys": [public(&rsa, &[("use", json!("sig"))]), public(&rsa, &[("use", json!("enc"))])] });
        assert!(RecipientKey::find(&second, KeyManagement::RsaOaep256).is_ok());
    }
}
