//! What a careful client does with the tokens it gets: reads them, and believes them only after each check.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::base::Timestamp;
use crate::config::Algorithm;
use crate::jose::{ForeignAlgorithm, ForeignJwt, ForeignKeys, ForeignKind};
use crate::oidc::id_token::half_hash;

/// One check and how it went.
#[derive(Clone, Debug)]
pub struct Check {
    pub ok: bool,
    pub text: String,
}

/// A token laid out for reading.
#[derive(Clone, Debug)]
pub struct TokenView {
    pub name: &'static str,
    pub raw: String,
    /// Decoded header and claims; `None` for an opaque token.
    pub decoded: Option<(String, String)>,
    pub checks: Vec<Check>,
}

/// What the tokens have to agree with.
pub struct Expectations<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: Option<&'a str>,
    /// For `at_hash`.
    pub access_token: Option<&'a str>,
    pub now: Timestamp,
}

impl TokenView {
    pub fn opaque(name: &'static str, raw: &str) -> Self {
        Self { name, raw: raw.to_owned(), decoded: None, checks: Vec::new() }
    }

    /// OpenID Connect Core §3.1.3.7.
    pub fn id_token(raw: &str, keys: &ForeignKeys, expected: &Expectations<'_>) -> Self {
        let mut view = Self::opaque("id_token", raw);
        let Some((header, claims)) = view.decode() else { return view };
        view.signature(raw, keys, "JWT");
        view.claim(&claims, "iss", expected.issuer);
        view.claim(&claims, "aud", expected.client_id);
        if let Some(nonce) = expected.nonce {
            view.claim(&claims, "nonce", nonce);
        }
        view.lifetime(&claims, expected.now);
        let alg = header.get("alg").and_then(Value::as_str).and_then(Algorithm::from_name);
        if let (Some(access_token), Some(alg)) = (expected.access_token, alg) {
            view.claim(&claims, "at_hash", &half_hash(alg, access_token));
        }
        view
    }

    /// RFC 9068 §4; an opaque one is shown as it is.
    pub fn access_token(raw: &str, keys: &ForeignKeys, expected: &Expectations<'_>) -> Self {
        let mut view = Self::opaque("access_token", raw);
        let Some((header, claims)) = view.decode() else { return view };
        view.signature(raw, keys, "at+jwt");
        view.claim(&header, "typ", "at+jwt");
        view.claim(&claims, "iss", expected.issuer);
        view.claim(&claims, "client_id", expected.client_id);
        view.lifetime(&claims, expected.now);
        view
    }

    /// Fills in what can be read without believing any of it.
    fn decode(&mut self) -> Option<(Value, Value)> {
        let part = |text: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        let mut parts = self.raw.split('.');
        let (header, claims) = (part(parts.next()?)?, part(parts.next()?)?);
        let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
        self.decoded = Some((pretty(&header), pretty(&claims)));
        Some((header, claims))
    }

    fn signature(&mut self, raw: &str, keys: &ForeignKeys, typ: &str) {
        let kind = ForeignKind { algorithms: &ForeignAlgorithm::ASYMMETRIC, typ };
        let verified = ForeignJwt::parse(raw, kind).map_err(|error| error.to_string()).and_then(|jwt| {
            let (alg, kid) = (jwt.alg, jwt.kid.clone());
            let key = keys.find(alg, kid.as_deref()).ok_or("its key is not in the JWKS")?;
            jwt.verify(key).map_err(|error| error.to_string())?;
            Ok(format!("signature: {} by the key {} of the JWKS", alg.name(), kid.unwrap_or_default()))
        });
        let (ok, text) = match verified {
            Ok(text) => (true, text),
            Err(reason) => (false, format!("signature: {reason}")),
        };
        self.checks.push(Check { ok, text });
    }

    fn claim(&mut self, claims: &Value, name: &str, expected: &str) {
        let value = claims.get(name);
        let ok = match value {
            Some(Value::Array(several)) => several.iter().any(|one| one == expected),
            value => value.and_then(Value::as_str) == Some(expected),
        };
        let text = if ok {
            format!("{name}: {expected}")
        } else {
            let got = value.map_or("nothing".to_owned(), Value::to_string);
            format!("{name}: {got} instead of {expected}")
        };
        self.checks.push(Check { ok, text });
    }

    fn lifetime(&mut self, claims: &Value, now: Timestamp) {
        let left = claims.get("exp").and_then(Value::as_i64).map(|exp| exp - now.seconds());
        let check = match left {
            Some(left) if left > 0 => Check { ok: true, text: format!("exp: in {left} seconds") },
            Some(left) => Check { ok: false, text: format!("exp: {} seconds ago", -left) },
            None => Check { ok: false, text: "exp: missing".to_owned() },
        };
        self.checks.push(check);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::SystemRandom;
    use crate::jose::SigningKey;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn signed(key: &SigningKey, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&json!({ "alg": "ES256", "kid": key.kid, "typ": "JWT" })), part(claims));
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes()).unwrap()))
    }

    fn failed(view: &TokenView) -> Vec<&str> {
        let failed = view.checks.iter().filter(|check| !check.ok);
        failed.map(|check| check.text.split(':').next().unwrap_or_default()).collect()
    }

    #[test]
    fn a_token_is_believed_only_when_every_check_holds() {
        let alg = Algorithm::ES256;
        let der = SigningKey::generate(alg, &SystemRandom::default()).unwrap();
        let key = SigningKey::from_pkcs8(alg, &der).unwrap();
        let keys = ForeignKeys::parse(&json!({ "keys": [key.public_jwk] })).unwrap();
        let expected = Expectations {
            issuer: "http://localhost:1",
            client_id: "spa",
            nonce: Some("n"),
            access_token: Some("at"),
            now: NOW,
        };
        let good = json!({ "iss": "http://localhost:1", "aud": ["spa"], "nonce": "n",
            "exp": NOW.seconds() + 60, "at_hash": half_hash(alg, "at") });
        let view = TokenView::id_token(&signed(&key, &good), &keys, &expected);
        assert_eq!((view.checks.len(), failed(&view)), (6, vec![]));

        for (claim, value) in [
            ("iss", json!("http://localhost:2")),
            ("aud", json!("other")),
            ("nonce", json!(null)),
            ("exp", json!(NOW.seconds())),
            ("at_hash", json!("x")),
        ] {
            let mut bad = good.clone();
            bad[claim] = value;
            assert_eq!(failed(&TokenView::id_token(&signed(&key, &bad), &keys, &expected)), [claim]);
        }
        let mut forged = signed(&key, &good);
        forged.truncate(forged.rfind('.').unwrap() + 1);
        forged.push_str(&URL_SAFE_NO_PAD.encode([1; 64]));
        assert_eq!(failed(&TokenView::id_token(&forged, &keys, &expected)), ["signature"]);
        assert!(TokenView::access_token("pc_at_opaque", &keys, &expected).decoded.is_none());
    }
}
