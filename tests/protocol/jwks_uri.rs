use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::base::{Clock as _, SystemRandom};
use portcullis::config::Algorithm;
use portcullis::jose::SigningKey;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::common::*;

const CK: &str = "ck";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn key() -> SigningKey {
    let alg = Algorithm::ES256;
    SigningKey::from_pkcs8(alg, &SigningKey::generate(alg, &SystemRandom::default()).unwrap()).unwrap()
}

/// A host that serves the keys of clients.
struct Host(MockServer);

impl Host {
    async fn start() -> Self {
        Self(MockServer::start().await)
    }

    async fn answer(&self, answer: ResponseTemplate) {
        self.0.reset().await;
        Mock::given(path("/jwks.json")).respond_with(answer).mount(&self.0).await;
    }

    async fn serve(&self, keys: &[&SigningKey], cache_control: &str) {
        let jwks: Vec<Value> = keys.iter().map(|key| json!(key.public_jwk)).collect();
        let answer = ResponseTemplate::new(200).set_body_json(json!({ "keys": jwks }));
        self.answer(answer.insert_header("cache-control", cache_control)).await;
    }

    async fn asked(&self) -> usize {
        self.0.received_requests().await.unwrap().len()
    }

    fn uri(&self) -> String {
        format!("{}/jwks.json", self.0.uri())
    }
}

async fn add(world: &World, client_id: &str, uri: &str) {
    let metadata = json!({ "grant_types": ["client_credentials"], "scope": "api:read", "jwks_uri": uri,
        "token_endpoint_auth_method": "private_key_jwt" });
    world.add_client(client_id, &metadata).await;
}

/// A token request with an assertion of `client_id` by `key`.
async fn ask(world: &World, client_id: &str, key: &SigningKey) -> Answer {
    let now = world.clock.now();
    let jti = portcullis::base::new_id(now, &SystemRandom::default()).to_string();
    let claims =
        json!({ "iss": client_id, "sub": client_id, "aud": world.issuer, "jti": jti, "exp": now.seconds() + 60 });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(&json!({ "alg": "ES256", "kid": key.kid })), encode(&claims));
    let assertion = format!("{input}.{}", URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).unwrap()));
    let form =
        [("grant_type", "client_credentials"), ("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion)];
    Answer::read(world.http.post(world.url("/oauth2/token")).form(&form).send().await.unwrap()).await
}

#[tokio::test]
async fn keys_are_fetched_once_kept_as_long_as_they_may_be_and_fetched_again_for_a_new_one() {
    let world = World::new().await;
    let host = Host::start().await;
    let (first, second) = (key(), key());
    host.serve(&[&first], "max-age=120").await;
    add(&world, CK, &host.uri()).await;
    for _ in 0..5 {
        ask(&world, CK, &first).await.ok();
    }
    assert_eq!(host.asked().await, 1);
    world.advance(121);
    ask(&world, CK, &first).await.ok();
    assert_eq!(host.asked().await, 2, "its time was over");
    // The client rotates: the key it signs with is not the one that is known.
    host.serve(&[&first, &second], "max-age=120").await;
    ask(&world, CK, &second).await.ok();
    ask(&world, CK, &first).await.ok();
    assert_eq!(host.asked().await, 1);
}

#[tokio::test]
async fn s122_unknown_keys_make_two_fetches_a_minute_and_hinder_nobody_else() {
    let world = World::new().await;
    let (host, other) = (Host::start().await, Host::start().await);
    let (right, wrong) = (key(), key());
    host.serve(&[&right], "max-age=600").await;
    other.serve(&[&right], "max-age=600").await;
    add(&world, CK, &host.uri()).await;
    add(&world, "other", &other.uri()).await;
    for _ in 0..20 {
        assert_eq!(ask(&world, CK, &wrong).await.error(), "invalid_client");
    }
    assert_eq!(host.asked().await, 2);
    ask(&world, CK, &right).await.ok();
    ask(&world, "other", &right).await.ok();
    world.advance(61);
    assert_eq!(ask(&world, CK, &wrong).await.error(), "invalid_client");
    assert_eq!(host.asked().await, 3);
}

#[tokio::test]
async fn keys_outlive_their_host_for_a_day_and_no_longer() {
    let world = World::new().await;
    let host = Host::start().await;
    let right = key();
    host.serve(&[&right], "max-age=60").await;
    add(&world, CK, &host.uri()).await;
    ask(&world, CK, &right).await.ok();
    host.answer(ResponseTemplate::new(503)).await;
    world.advance(23 * 3600);
    ask(&world, CK, &right).await.ok();
    world.advance(2 * 3600);
    assert_eq!(ask(&world, CK, &right).await.error(), "invalid_client");
}

#[tokio::test]
async fn s154_sets_that_are_none_give_no_keys() {
    let world = World::new().await;
    let host = Host::start().await;
    let right = key();
    let many: Vec<Value> = (0..10_000).map(|_| json!(right.public_jwk)).collect();
    let padded = json!({ "keys": [right.public_jwk], "padding": "x".repeat(1024 * 1024) });
    let good = json!({ "keys": [right.public_jwk] });
    for (index, answer) in [
        ResponseTemplate::new(200).set_body_json(json!({ "keys": many })),
        ResponseTemplate::new(200).set_body_json(padded),
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(302).insert_header("location", host.uri()).set_body_json(&good),
        ResponseTemplate::new(404).set_body_json(&good),
        ResponseTemplate::new(200).insert_header("content-encoding", "gzip").set_body_json(&good),
    ]
    .into_iter()
    .enumerate()
    {
        host.answer(answer).await;
        let client_id = format!("ck{index}");
        add(&world, &client_id, &host.uri()).await;
        assert_eq!(ask(&world, &client_id, &right).await.error(), "invalid_client", "{index}");
        assert_eq!(host.asked().await, 1);
    }
    // Beside keys that nobody could use, a good one is still good.
    let mixed = json!({ "keys": [{ "kty": "RSA", "n": "AQ", "e": "AQAB" }, {}, right.public_jwk] });
    host.answer(ResponseTemplate::new(200).set_body_json(mixed)).await;
    add(&world, CK, &host.uri()).await;
    ask(&world, CK, &right).await.ok();
}
