use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING,
    ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::pkcs8::EncodePrivateKey;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::Error;
use crate::base::Random;
use crate::config::Algorithm;

/// A key pair in memory, parsed once: signing costs the signature alone.
pub struct SigningKey {
    /// RFC 7638 thumbprint of the public key.
    pub kid: String,
    pub alg: Algorithm,
    /// The public key as it stands in the JWKS, with `kid`, `use` and `alg` (RFC 7517 §4).
    pub public_jwk: Map<String, Value>,
    pair: Pair,
    public: ParsedPublicKey,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({} {})", self.alg, self.kid)
    }
}

impl SigningKey {
    /// Makes a private key for `alg`, as PKCS#8 DER. One whose `kid` a command line would take for an option
    /// (a thumbprint begins with `-` once in 64) is drawn again.
    pub fn generate(alg: Algorithm, random: &dyn Random) -> Result<Zeroizing<Vec<u8>>, Error> {
        for _ in 0..16 {
            let der = Self::draw(alg, random)?;
            if !Self::from_pkcs8(alg, &der).map_err(|_| Error::Generation)?.kid.starts_with('-') {
                return Ok(der);
            }
        }
        Err(Error::Generation)
    }

    fn draw(alg: Algorithm, random: &dyn Random) -> Result<Zeroizing<Vec<u8>>, Error> {
        let der = match alg {
            Algorithm::ES256 => generate_p256(random)?,
            Algorithm::ES384 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| Error::Generation)?
                .as_ref()
                .to_vec(),
            Algorithm::EdDSA => {
                Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| Error::Generation)?.as_ref().to_vec()
            }
            Algorithm::RS256 | Algorithm::PS256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| Error::Generation)?;
                pair.as_der().map_err(|_| Error::Generation)?.as_ref().to_vec()
            }
        };
        Ok(Zeroizing::new(der))
    }

    /// Reads a private key in PKCS#8 DER; the error is a reason for the operator.
    pub fn from_pkcs8(alg: Algorithm, der: &[u8]) -> Result<Self, &'static str> {
        let pair = match alg {
            Algorithm::ES256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::Ec),
            Algorithm::ES384 => EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der).map(Pair::Ec),
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed),
            Algorithm::RS256 | Algorithm::PS256 => RsaKeyPair::from_pkcs8(der).map(Pair::Rsa),
        }
        .map_err(|_| "it is no private key of this algorithm in PKCS#8")?;
        let members = pair.public_members().ok_or("its public key cannot be written as a JWK")?;
        let kid = thumbprint(&members);
        let public = pair.parsed_public_key(alg).ok_or("its public key cannot be parsed")?;
        let mut public_jwk = members;
        public_jwk.insert("kid".to_owned(), json!(kid));
        public_jwk.insert("use".to_owned(), json!("sig"));
        public_jwk.insert("alg".to_owned(), json!(alg.name()));
        Ok(Self { kid, alg, public_jwk, pair, public })
    }

    /// The JWS signature over `message` (RFC 7518 §3): fixed-width `r || s` for EC.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match &self.pair {
            Pair::Ec(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| Error::Signing)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Ed(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let encoding = if self.alg == Algorithm::PS256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0_u8; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature).map_err(|_| Error::Signing)?;
                Ok(signature)
            }
        }
    }

    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.public.verify_sig(message, signature).is_ok()
    }
}

/// P-256 keys come from the p256 crate; AWS-LC reads them back, which checks each against a second implementation.
fn generate_p256(random: &dyn Random) -> Result<Vec<u8>, Error> {
    // A random scalar is outside the group's order once in 2^32 draws.
    for _ in 0..8 {
        let mut scalar = Zeroizing::new([0_u8; 32]);
        random.fill(scalar.as_mut());
        if let Ok(secret) = p256::SecretKey::from_slice(scalar.as_slice()) {
            return secret.to_pkcs8_der().map(|der| der.as_bytes().to_vec()).map_err(|_| Error::Generation);
        }
    }
    Err(Error::Generation)
}

impl Pair {
    /// The members of the public JWK that its thumbprint covers, in their lexicographic order (RFC 7638 §3.2).
    fn public_members(&self) -> Option<Map<String, Value>> {
        let encode = |bytes: &[u8]| json!(URL_SAFE_NO_PAD.encode(bytes));
        let members = match self {
            Self::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let (prefix, coordinates) = point.split_first()?;
                let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
                let crv = if x.len() == 32 { "P-256" } else { "P-384" };
                if *prefix != 4 {
                    return None;
                }
                vec![("crv", json!(crv)), ("kty", json!("EC")), ("x", encode(x)), ("y", encode(y))]
            }
            Self::Ed(pair) => {
                vec![("crv", json!("Ed25519")), ("kty", json!("OKP")), ("x", encode(pair.public_key().as_ref()))]
            }
            Self::Rsa(pair) => {
                let public = pair.public_key();
                let n = public.modulus().big_endian_without_leading_zero();
                let e = public.exponent().big_endian_without_leading_zero();
                vec![("e", encode(e)), ("kty", json!("RSA")), ("n", encode(n))]
            }
        };
        Some(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn parsed_public_key(&self, alg: Algorithm) -> Option<ParsedPublicKey> {
        let bytes = match self {
            Self::Ec(pair) => pair.public_key().as_ref(),
            Self::Ed(pair) => pair.public_key().as_ref(),
            Self::Rsa(pair) => pair.public_key().as_ref(),
        };
        match alg {
            Algorithm::ES256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes).parse(),
            Algorithm::ES384 => UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, bytes).parse(),
            Algorithm::EdDSA => UnparsedPublicKey::new(&ED25519, bytes).parse(),
            Algorithm::RS256 => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, bytes).parse(),
            Algorithm::PS256 => UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, bytes).parse(),
        }
        .ok()
    }
}

fn thumbprint(members: &Map<String, Value>) -> String {
    let canonical = Value::Object(members.clone()).to_string();
    URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU16, Ordering};

    use p256::ecdsa::signature::Verifier;

    use super::*;
    use crate::base;

    const ALL: [Algorithm; 5] =
        [Algorithm::ES256, Algorithm::ES384, Algorithm::RS256, Algorithm::PS256, Algorithm::EdDSA];

    fn key(alg: Algorithm) -> SigningKey {
        SigningKey::from_pkcs8(alg, &SigningKey::generate(alg, &base::SystemRandom::default()).unwrap()).unwrap()
    }

    #[test]
    fn each_algorithm_signs_what_it_verifies_and_publishes_no_private_member() {
        for alg in ALL {
            let key = key(alg);
            let signature = key.sign(b"message").unwrap();
            assert!(key.verifies(b"message", &signature), "{alg}");
            assert!(!key.verifies(b"massage", &signature), "{alg}");
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(!key.public_jwk.contains_key(private), "{alg} {private}");
            }
            assert_eq!(key.public_jwk["kid"], json!(key.kid));
            assert_eq!(key.public_jwk["use"], json!("sig"));
            assert_eq!(key.public_jwk["alg"], json!(alg.name()));
        }
    }

    #[test]
    fn an_independent_p256_implementation_verifies_our_signature_from_the_jwk() {
        let key = key(Algorithm::ES256);
        let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(key.public_jwk[name].as_str().unwrap()).unwrap();
        let point = [&[4_u8][..], &coordinate("x"), &coordinate("y")].concat();
        let verifier = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).unwrap();
        let signature = p256::ecdsa::Signature::from_slice(&key.sign(b"message").unwrap()).unwrap();
        verifier.verify(b"message", &signature).unwrap();
    }

    #[test]
    fn degenerate_es256_signatures_are_refused() {
        let key = key(Algorithm::ES256);
        let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        let good = key.sign(b"m").unwrap();
        let half = |bytes: &[u8], rest: &[u8]| [bytes, rest].concat();
        for bad in [
            vec![0; 64],
            half(&[0; 32], &good[32..]),
            half(&good[..32], &[0; 32]),
            half(&order, &good[32..]),
            half(&good, &[0]),
            good[..63].to_vec(),
            vec![],
        ] {
            assert!(!key.verifies(b"m", &bad), "{bad:?}");
        }
        let der = p256::ecdsa::Signature::from_slice(&good).unwrap().to_der();
        assert!(!key.verifies(b"m", der.as_bytes()));
    }

    #[test]
    fn a_new_keys_kid_is_never_read_as_an_option_of_a_command() {
        /// Fills each draw with a counter, in its last bytes.
        struct Counting(AtomicU16);
        impl Random for Counting {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(0);
                let end = bytes.len() - 2;
                bytes[end..].copy_from_slice(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            }
        }
        let random = Counting(AtomicU16::new(1));
        let kids: Vec<String> = (0..200)
            .map(|_| {
                let der = SigningKey::generate(Algorithm::ES256, &random).unwrap();
                SigningKey::from_pkcs8(Algorithm::ES256, &der).unwrap().kid
            })
            .collect();
        assert!(random.0.load(Ordering::Relaxed) > 201, "none of these draws needed another");
        assert_eq!(kids.iter().find(|kid| kid.starts_with('-')), None);
    }

    #[test]
    fn the_kid_is_the_rfc_7638_thumbprint() {
        // The example key of RFC 7638 §3.1.
        let members = json!({
            "e": "AQAB",
            "kty": "RSA",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
        });
        assert_eq!(thumbprint(members.as_object().unwrap()), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }
}
