use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::*;
use crate::base::{SystemRandom, TokenHash};
use crate::config::Algorithm;
use crate::jose::SigningKey;
use crate::oauth::registration::sealed_secret_purpose;
use crate::oauth::testing::{C1, C2, CP, SECRET, World, refused};
use crate::storage::{ClientRecord, Clients as _};

/// `private_key_jwt`.
const CK: &str = "ck";
/// `client_secret_jwt`.
const CH: &str = "ch";
const SHARED: &str = "a shared secret of more than 32 bytes";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn key(alg: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8(alg, &SigningKey::generate(alg, &SystemRandom::default()).unwrap()).unwrap()
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(key: &SigningKey, claims: &Value) -> String {
    let input = format!("{}.{}", encode(&json!({ "alg": key.alg.name(), "kid": key.kid })), encode(claims));
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).unwrap()))
}

fn hmac_signed(secret: &[u8], claims: &Value) -> String {
    use aws_lc_rs::hmac;
    let input = format!("{}.{}", encode(&json!({ "alg": "HS256" })), encode(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
}

struct Rig {
    world: World,
    key: SigningKey,
}

impl Rig {
    async fn new() -> Self {
        let (world, key) = (World::new().await, key(Algorithm::ES256));
        let rig = Self { world, key };
        rig.add(
            CK,
            &json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [rig.key.public_jwk] } }),
        )
        .await;
        rig.add(CH, &json!({ "token_endpoint_auth_method": "client_secret_jwt" })).await;
        rig
    }

    async fn add(&self, client_id: &str, metadata: &Value) {
        let cx = &self.world.cx;
        let method = AuthMethod::from_name(metadata["token_endpoint_auth_method"].as_str().unwrap()).unwrap();
        let seal = || cx.sealer.seal(&sealed_secret_purpose(client_id), SHARED.as_bytes(), cx.random.as_ref());
        let record = ClientRecord {
            client_id: client_id.to_owned(),
            metadata: metadata.to_string(),
            secret_hash: method.has_secret().then(|| TokenHash::of(SHARED).as_bytes().to_vec()),
            secret_sealed: (method == AuthMethod::ClientSecretJwt).then(seal),
            disabled_at: None,
            created_at: 1,
            updated_at: 1,
        };
        cx.store.insert_client(&record).await.unwrap();
        cx.follow_clients().await.unwrap();
    }

    async fn ask_from(&self, address: [u8; 4], basic: Option<&str>, form: &[(&str, &str)]) -> Result<String, Error> {
        let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let params = Params::parse(encoded.as_bytes()).unwrap();
        let header = basic.map(|pair| format!("Basic {}", STANDARD.encode(pair)));
        let credentials = Credentials {
            authorization: header.as_ref().map(String::as_bytes),
            params: &params,
            endpoint: Endpoint::Token,
            address: IpAddr::from(address),
        };
        authenticate(&self.world.cx, &credentials).await.map(|client| client.client_id.clone())
    }

    async fn ask(&self, basic: Option<&str>, form: &[(&str, &str)]) -> Result<String, Error> {
        self.ask_from([127, 0, 0, 1], basic, form).await
    }

    async fn assert(&self, assertion: &str) -> Result<String, Error> {
        self.ask(None, &[("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)]).await
    }

    /// Good claims with a `jti` of their own.
    fn claims(&self, client_id: &str) -> Value {
        let now = self.world.cx.now().seconds();
        let jti = crate::base::new_id(self.world.cx.now(), self.world.cx.random.as_ref()).to_string();
        json!({ "iss": client_id, "sub": client_id, "aud": "https://id.test", "exp": now + 60, "iat": now, "jti": jti })
    }

    fn claims_with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims(CK);
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        claims
    }

    fn hint(outcome: Result<String, Error>) -> String {
        match outcome {
            Err(Error::InvalidClient { hint, .. }) => hint.into_owned(),
            other => panic!("{other:?}"),
        }
    }
}

const GENERIC: &str = "client authentication failed";

#[tokio::test]
async fn each_method_works_for_the_clients_registered_with_it_and_no_other() {
    let rig = Rig::new().await;
    rig.world
        .change_client(C2, |metadata| metadata["token_endpoint_auth_method"] = "client_secret_basic".into(), false)
        .await;
    let basic = |client: &str| format!("{client}:{}", SECRET.replace(' ', "+"));
    assert_eq!(rig.ask(Some(&basic(C2)), &[]).await.unwrap(), C2);
    assert_eq!(rig.ask(Some(&basic(C2)), &[("client_id", C2)]).await.unwrap(), C2);
    assert_eq!(rig.ask(None, &[("client_id", C1), ("client_secret", SECRET)]).await.unwrap(), C1);
    assert_eq!(rig.ask(None, &[("client_id", CP)]).await.unwrap(), CP);
    assert_eq!(rig.assert(&signed(&rig.key, &rig.claims(CK))).await.unwrap(), CK);
    assert_eq!(rig.assert(&hmac_signed(SHARED.as_bytes(), &rig.claims(CH))).await.unwrap(), CH);

    assert_eq!(Rig::hint(rig.ask(Some(&basic(C1)), &[]).await), GENERIC);
    assert_eq!(Rig::hint(rig.ask(None, &[("client_id", C2), ("client_secret", SECRET)]).await), GENERIC);
    assert_eq!(Rig::hint(rig.ask(None, &[("client_id", CH), ("client_secret", SHARED)]).await), GENERIC);
    assert_eq!(Rig::hint(rig.ask(None, &[("client_id", CP), ("client_secret", "x")]).await), GENERIC);
    for confidential in [C1, C2, CK, CH] {
        assert_eq!(Rig::hint(rig.ask(None, &[("client_id", confidential)]).await), GENERIC, "S042");
        assert_eq!(
            Rig::hint(rig.ask(None, &[("client_id", confidential), ("client_secret", "")]).await),
            GENERIC,
            "S042"
        );
    }
    assert_eq!(Rig::hint(rig.assert(&hmac_signed(SECRET.as_bytes(), &rig.claims(C1))).await), GENERIC);
    assert_eq!(Rig::hint(rig.assert(&signed(&rig.key, &rig.claims(CH))).await), GENERIC);
}

#[tokio::test]
async fn s041_s044_two_ways_or_two_names_are_refused() {
    let rig = Rig::new().await;
    let assertion = signed(&rig.key, &rig.claims(CK));
    let asserted = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
    let basic = Some("c1:a+secret");
    assert_eq!(refused(rig.ask(basic, &[("client_secret", SECRET)]).await), "invalid_request");
    assert_eq!(refused(rig.ask(basic, &asserted).await), "invalid_request");
    assert_eq!(refused(rig.ask(basic, &asserted[..1]).await), "invalid_request");
    let both = [asserted[0], asserted[1], ("client_secret", SECRET), ("client_id", C1)];
    assert_eq!(refused(rig.ask(None, &both).await), "invalid_request");
    assert_eq!(refused(rig.ask(basic, &[("client_id", C2)]).await), "invalid_request");
    assert_eq!(refused(rig.ask(None, &[asserted[0], asserted[1], ("client_id", C1)]).await), "invalid_request");
    // None of this has used the assertion up.
    assert_eq!(rig.ask(None, &[asserted[0], asserted[1], ("client_id", CK)]).await.unwrap(), CK);
}

#[tokio::test]
async fn an_assertion_lacking_half_of_it_is_invalid_client() {
    let rig = Rig::new().await;
    let assertion = signed(&rig.key, &rig.claims(CK));
    for form in [
        &[("client_assertion_type", ASSERTION_TYPE)][..],
        &[("client_assertion_type", ASSERTION_TYPE), ("client_id", CK)],
        &[("client_assertion", &assertion)],
        &[
            ("client_assertion", &assertion),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"),
        ],
        &[("client_assertion", "x"), ("client_assertion_type", ASSERTION_TYPE)],
    ] {
        assert_ne!(Rig::hint(rig.ask(None, form).await), GENERIC, "{form:?}");
    }
}

#[tokio::test]
async fn s119_s120_the_claims_of_an_assertion_are_checked_and_named() {
    let rig = Rig::new().await;
    let now = rig.world.cx.now().seconds();
    for (name, value, good) in [
        ("iat", Value::Null, true),
        ("nbf", json!(now + 8), true),
        ("iat", json!(now + 8), true),
        ("exp", json!(now + 3600), true),
        ("exp", json!(f64::from(1_700_000_060_i32) + 0.5), true),
        ("nbf", json!(now + 61), false),
        ("iat", json!(now + 61), false),
        ("exp", json!(now - 300), false),
        ("exp", json!(now + 3700), false),
        ("exp", Value::Null, false),
        ("exp", json!("1700000060"), false),
        ("exp", json!(1e30), false),
        ("exp", json!(-1), false),
        ("iat", json!("now"), false),
        ("jti", Value::Null, false),
        ("jti", json!(""), false),
        ("jti", json!("j".repeat(257)), false),
        ("jti", json!(1), false),
        ("iss", Value::Null, false),
        ("iss", json!(C1), false),
        ("aud", Value::Null, false),
        ("aud", json!(["https://id.test"]), false),
        ("aud", json!(["https://id.test", "https://evil.test"]), false),
        ("aud", json!("https://id.test/"), false),
        ("aud", json!("https://id.test/oauth2/token"), false),
        ("aud", json!("https://evil.test"), false),
    ] {
        let outcome = rig.assert(&signed(&rig.key, &rig.claims_with(name, value.clone()))).await;
        if good {
            assert_eq!(outcome.unwrap(), CK, "{name}: {value}");
        } else {
            assert_ne!(Rig::hint(outcome), GENERIC, "{name}: {value}");
        }
    }
    for sub in [Value::Null, json!(""), json!(1)] {
        assert_eq!(refused(rig.assert(&signed(&rig.key, &rig.claims_with("sub", sub))).await), "invalid_client");
    }
    assert_eq!(Rig::hint(rig.assert(&signed(&rig.key, &rig.claims_with("sub", json!(C1)))).await), GENERIC);
}

#[tokio::test]
async fn a_client_may_be_allowed_to_name_the_token_endpoint_as_audience() {
    let rig = Rig::new().await;
    rig.world.change_client(CK, |metadata| metadata["allow_token_endpoint_audience"] = true.into(), false).await;
    for (aud, good) in [
        (json!("https://id.test/oauth2/token"), true),
        (json!("https://id.test"), true),
        (json!(["https://id.test/oauth2/token"]), false),
        (json!("https://id.test/oauth2/revoke"), false),
    ] {
        assert_eq!(rig.assert(&signed(&rig.key, &rig.claims_with("aud", aud.clone()))).await.is_ok(), good, "{aud}");
    }
}

#[tokio::test]
async fn an_assertion_is_used_once_until_it_has_expired() {
    let rig = Rig::new().await;
    let claims = rig.claims(CK);
    let assertion = signed(&rig.key, &claims);
    assert_eq!(rig.assert(&assertion).await.unwrap(), CK);
    assert!(Rig::hint(rig.assert(&assertion).await).contains("jti"));
    // Neither another signature nor the last moment of its life makes it good again.
    assert!(Rig::hint(rig.assert(&signed(&rig.key, &claims)).await).contains("jti"));
    rig.world.pass(85);
    assert!(Rig::hint(rig.assert(&assertion).await).contains("jti"));
    rig.world.pass(10);
    assert!(Rig::hint(rig.assert(&assertion).await).contains("expired"));
    // Another client may use the same jti.
    let mut claims = rig.claims(CH);
    claims["jti"] = json!("the same");
    assert_eq!(rig.assert(&hmac_signed(SHARED.as_bytes(), &claims)).await.unwrap(), CH);
    let claims = rig.claims_with("jti", json!("the same"));
    assert_eq!(rig.assert(&signed(&rig.key, &claims)).await.unwrap(), CK);
}

#[tokio::test]
async fn s121_the_keys_of_others_sign_nothing() {
    let rig = Rig::new().await;
    let claims = || rig.claims(CK);
    let other = key(Algorithm::ES256);
    let ours = rig.world.cx.keys.signer(Algorithm::ES256).unwrap();
    for foreign in [signed(&other, &claims()), signed(&ours, &claims())] {
        assert_eq!(Rig::hint(rig.assert(&foreign).await), GENERIC);
    }
    // S092: with the public key as an HMAC secret.
    let jwk = json!(rig.key.public_jwk).to_string();
    assert_eq!(Rig::hint(rig.assert(&hmac_signed(jwk.as_bytes(), &claims())).await), GENERIC);
    // Nor with what is verified against in vain.
    assert_eq!(Rig::hint(rig.assert(&hmac_signed(&[0; 32], &claims())).await), GENERIC);
    assert_eq!(Rig::hint(rig.assert(&hmac_signed(&[0; 32], &rig.claims("unknown"))).await), GENERIC);
    assert_eq!(Rig::hint(rig.assert(&hmac_signed(&[], &rig.claims(CH))).await), GENERIC);
    assert_eq!(Rig::hint(rig.assert(&signed(&rig.key, &rig.claims("unknown"))).await), GENERIC);
    rig.world.change_client(CK, |_| {}, true).await;
    assert_eq!(Rig::hint(rig.assert(&signed(&rig.key, &claims())).await), GENERIC);
}

#[tokio::test]
async fn a_registered_signing_algorithm_is_the_only_one() {
    let rig = Rig::new().await;
    rig.world.change_client(CK, |metadata| metadata["token_endpoint_auth_signing_alg"] = "PS256".into(), false).await;
    assert_eq!(Rig::hint(rig.assert(&signed(&rig.key, &rig.claims(CK))).await), GENERIC);
    rig.world.change_client(CK, |metadata| metadata["token_endpoint_auth_signing_alg"] = "ES256".into(), false).await;
    assert_eq!(rig.assert(&signed(&rig.key, &rig.claims(CK))).await.unwrap(), CK);
}

#[tokio::test]
async fn keys_that_a_client_no_longer_has_do_not_count() {
    let rig = Rig::new().await;
    let next = key(Algorithm::EdDSA);
    assert_eq!(rig.assert(&signed(&rig.key, &rig.claims(CK))).await.unwrap(), CK);
    let keys = json!({ "keys": [next.public_jwk] });
    rig.world.change_client(CK, |metadata| metadata["jwks"] = keys, false).await;
    assert_eq!(Rig::hint(rig.assert(&signed(&rig.key, &rig.claims(CK))).await), GENERIC);
    assert_eq!(rig.assert(&signed(&next, &rig.claims(CK))).await.unwrap(), CK);
}

#[tokio::test]
async fn s046_s048_unknown_disabled_and_wrong_are_one_answer() {
    let rig = Rig::new().await;
    rig.world.change_client(C2, |_| {}, true).await;
    let mut answers = Vec::new();
    for (client_id, secret) in [(C1, "wrong"), ("unknown", SECRET), (C2, SECRET), ("unknown", "wrong")] {
        let outcome = rig.ask(None, &[("client_id", client_id), ("client_secret", secret)]).await;
        answers.push(outcome.unwrap_err().to_string());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn s049_guesses_from_one_address_are_slowed_down_there_alone() {
    let rig = Rig::new().await;
    let (here, there) = ([192, 0, 2, 1], [192, 0, 2, 2]);
    let right = |client_id| [("client_id", client_id), ("client_secret", SECRET)];
    for client_id in [C1, "unknown"] {
        for _ in 0..51 {
            let wrong = rig.ask_from(here, None, &[("client_id", client_id), ("client_secret", "wrong")]).await;
            assert_eq!(refused(wrong), "invalid_client");
        }
        let blocked = rig.ask_from(here, None, &right(client_id)).await;
        assert!(matches!(blocked, Err(Error::TooManyAttempts { retry_after: 2 })));
    }
    assert_eq!(rig.ask_from(there, None, &right(C1)).await.unwrap(), C1);
    assert_eq!(rig.ask_from(here, None, &right(C2)).await.unwrap(), C2);
    assert_eq!(rig.ask_from(here, None, &[("client_id", CP)]).await.unwrap(), CP);
    rig.world.pass(2);
    assert_eq!(rig.ask_from(here, None, &right(C1)).await.unwrap(), C1);
}

#[tokio::test]
async fn assertions_that_fail_by_their_claims_are_no_guesses() {
    let rig = Rig::new().await;
    for _ in 0..60 {
        let late = signed(&rig.key, &rig.claims_with("exp", json!(1)));
        assert_eq!(refused(rig.assert(&late).await), "invalid_client");
    }
    assert_eq!(rig.assert(&signed(&rig.key, &rig.claims(CK))).await.unwrap(), CK);
}
