use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::{Error, KeyRing, SigningKey};
use crate::config::Algorithm;

/// Writes a compact JWS over `claims` with the key that signs for `alg` now (RFC 7515 §7.1).
///
/// EC and EdDSA signatures are made inline; RSA, some twenty times dearer, on the blocking pool.
pub async fn sign<T: Serialize>(ring: &KeyRing, alg: Algorithm, typ: &str, claims: &T) -> Result<String, Error> {
    written(ring, alg, Some(typ), claims).await
}

/// The same without `typ`: for answers whose readers expect none, and which for that very reason pass for no token here.
pub async fn sign_untyped<T: Serialize>(ring: &KeyRing, alg: Algorithm, claims: &T) -> Result<String, Error> {
    written(ring, alg, None, claims).await
}

/// A JWS with `alg: none` and an empty signature (RFC 7518 §3.6). Nothing here ever accepts one.
pub fn unsigned<T: Serialize>(typ: &str, claims: &T) -> Result<String, Error> {
    let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"{typ}","alg":"none"}}"#));
    Ok(format!("{header}.{}.", URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?)))
}

async fn written<T: Serialize>(ring: &KeyRing, alg: Algorithm, typ: Option<&str>, claims: &T) -> Result<String, Error> {
    let signer = ring.signer(alg).ok_or(Error::NoKey(alg))?;
    let signing_input = signing_input(&signer, typ, claims)?;
    match alg {
        Algorithm::ES256 | Algorithm::ES384 | Algorithm::EdDSA => complete(&signer, signing_input),
        Algorithm::RS256 | Algorithm::PS256 => {
            let signing = tokio::task::spawn_blocking(move || complete(&signer, signing_input));
            signing.await.map_err(|_| Error::Signing)?
        }
    }
}

fn signing_input<T: Serialize>(key: &SigningKey, typ: Option<&str>, claims: &T) -> Result<String, Error> {
    let payload = serde_json::to_vec(claims)?;
    let mut text = String::with_capacity(160 + payload.len() * 4 / 3 + 350);
    // kid is base64url, alg and typ are our own words: nothing here needs escaping.
    let typ = typ.map(|typ| format!(r#""typ":"{typ}","#)).unwrap_or_default();
    let header = format!(r#"{{{typ}"alg":"{}","kid":"{}"}}"#, key.alg.name(), key.kid);
    URL_SAFE_NO_PAD.encode_string(header, &mut text);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut text);
    Ok(text)
}

fn complete(key: &Arc<SigningKey>, mut text: String) -> Result<String, Error> {
    let signature = key.sign(text.as_bytes())?;
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    Ok(text)
}
