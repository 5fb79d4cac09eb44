use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::base::{Clock as _, SystemRandom};
use portcullis::config::Algorithm;
use portcullis::jose::SigningKey;
use serde_json::{Value, json};

use crate::common::*;

const ISSUER: &str = "https://directory.test";

fn key() -> SigningKey {
    let alg = Algorithm::ES256;
    SigningKey::from_pkcs8(alg, &SigningKey::generate(alg, &SystemRandom::default()).unwrap()).unwrap()
}

fn signed(key: &SigningKey, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(&json!({ "alg": "ES256", "kid": key.kid })), encode(claims));
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).unwrap()))
}

async fn register(world: &World, statement: &str) -> Answer {
    let body =
        json!({ "redirect_uris": ["https://mine.test/cb"], "client_name": "Mine", "software_statement": statement });
    Answer::read(world.http.post(world.url("/oauth2/register")).json(&body).send().await.unwrap()).await
}

#[tokio::test]
async fn s160_a_statement_counts_only_from_an_issuer_that_is_trusted() {
    let (right, wrong) = (key(), key());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), json!({ "keys": [right.public_jwk] }).to_string()).unwrap();
    let world = World::with(&format!(
        "[client_registration]\nmode = \"open\"\n[client_registration.software_statement_issuers]\n\"{ISSUER}\" = {:?}",
        file.path()
    ))
    .await;
    let now = world.clock.now().seconds();
    let claims = json!({ "iss": ISSUER, "iat": now, "exp": now + 60, "client_name": "Vouched for",
        "redirect_uris": ["https://vouched.test/cb"], "skip_consent": true });
    let statement = signed(&right, &claims);
    let answer = register(&world, &statement).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let client: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(client["client_name"], "Vouched for", "the statement goes before the client's own words");
    assert_eq!(client["redirect_uris"], json!(["https://vouched.test/cb"]));
    assert_eq!(client["software_statement"], statement);
    assert!(!world.app.oauth.clients.get(client["client_id"].as_str().unwrap()).unwrap().metadata.skip_consent);
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    for bad in [
        signed(&wrong, &claims),
        signed(&right, &with("iss", json!("https://other.test"))),
        signed(&right, &with("iss", Value::Null)),
        signed(&right, &with("exp", json!(now - 1))),
        signed(&right, &with("nbf", json!(now + 60))),
        format!("{none}.{}.", URL_SAFE_NO_PAD.encode(claims.to_string())),
        "x".to_owned(),
    ] {
        let answer = register(&world, &bad).await;
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (400, "invalid_software_statement"), "{bad:.60}");
    }
    assert_eq!(world.rows("client_registrations", "TRUE").await, 1);
}
