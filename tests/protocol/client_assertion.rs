use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::base::{Clock as _, SystemRandom};
use portcullis::config::Algorithm;
use portcullis::jose::SigningKey;
use serde_json::{Value, json};

use crate::common::*;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const CK: &str = "ck";

fn key(alg: Algorithm) -> SigningKey {
    SigningKey::from_pkcs8(alg, &SigningKey::generate(alg, &SystemRandom::default()).unwrap()).unwrap()
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed_with_header(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let input = format!("{}.{}", encode(header), encode(claims));
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).unwrap()))
}

fn signed(key: &SigningKey, claims: &Value) -> String {
    signed_with_header(key, &json!({ "alg": key.alg.name(), "kid": key.kid }), claims)
}

async fn add(world: &World, keys: &[&SigningKey]) {
    let jwks: Vec<Value> = keys.iter().map(|key| json!(key.public_jwk)).collect();
    let metadata = json!({ "grant_types": ["client_credentials", DEVICE_CODE], "scope": "api:read",
        "jwks": { "keys": jwks }, "token_endpoint_auth_method": "private_key_jwt" });
    world.add_client(CK, &metadata).await;
}

/// Good claims, each time with another `jti`.
fn good(world: &World) -> Value {
    let now = world.clock.now();
    let jti = portcullis::base::new_id(now, &SystemRandom::default()).to_string();
    json!({ "iss": CK, "sub": CK, "aud": world.issuer, "jti": jti, "iat": now.seconds(), "exp": now.seconds() + 60 })
}

async fn present_at(world: &World, path: &str, assertion: &str) -> Answer {
    let form = [
        ("grant_type", "client_credentials"),
        ("token", "x"),
        ("client_assertion_type", JWT_BEARER),
        ("client_assertion", assertion),
    ];
    Answer::read(world.http.post(world.url(path)).form(&form).send().await.unwrap()).await
}

async fn present(world: &World, assertion: &str) -> Answer {
    present_at(world, "/oauth2/token", assertion).await
}

#[tokio::test]
async fn every_listed_algorithm_works_with_the_clients_key_at_every_endpoint() {
    let world = World::new().await;
    let metadata = world.get("/.well-known/openid-configuration").await.ok();
    let listed = |name: &str| {
        let list = metadata[name].as_array().unwrap_or_else(|| panic!("{name}"));
        list.iter().map(|alg| alg.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let algorithms = listed("token_endpoint_auth_signing_alg_values_supported");
    assert_eq!(algorithms, listed("introspection_endpoint_auth_signing_alg_values_supported"));
    assert_eq!(algorithms, listed("revocation_endpoint_auth_signing_alg_values_supported"));
    assert!(!algorithms.contains(&"none".to_owned()));
    let keys: Vec<SigningKey> = algorithms.iter().filter_map(|name| Algorithm::from_name(name)).map(key).collect();
    assert_eq!(keys.len() + 1, algorithms.len(), "HS256 alone is symmetric");
    add(&world, &keys.iter().collect::<Vec<_>>()).await;
    for key in &keys {
        for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/device"] {
            let answer = present_at(&world, path, &signed(key, &good(&world))).await;
            assert_eq!(answer.status, 200, "{} {path} {}", key.alg, answer.body);
        }
    }
    for method in ["token", "introspection", "revocation"] {
        let methods = listed(&format!("{method}_endpoint_auth_methods_supported"));
        assert!(methods.contains(&"private_key_jwt".to_owned()) && methods.contains(&"client_secret_jwt".to_owned()));
        assert_eq!(methods.contains(&"none".to_owned()), method != "introspection");
    }
}

#[tokio::test]
async fn s091_s092_s093_s095_s097_s117_hostile_assertions_are_invalid_clients() {
    let world = World::new().await;
    let key = key(Algorithm::ES256);
    add(&world, &[&key]).await;
    let header = json!({ "alg": "ES256", "kid": key.kid });
    let with = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        header
    };
    let typ = with("typ", json!("client-authentication+jwt"));
    present(&world, &signed_with_header(&key, &typ, &good(&world))).await.ok();
    let mut hostile: Vec<String> = [
        with("alg", json!("none")),
        with("alg", json!("nOnE")),
        with("alg", json!("HS256")),
        with("alg", json!("RS256")),
        with("alg", json!("ES384")),
        with("kid", json!("../../etc/passwd")),
        with("kid", json!("' OR 1=1--")),
        with("kid", json!("https://evil.test/jwks")),
        with("kid", json!("k".repeat(3000))),
        with("typ", json!("dpop+jwt")),
        with("typ", json!("at+jwt")),
        with("typ", json!("oauth-authz-req+jwt")),
        with("crit", json!(["exp"])),
        with("crit", json!([])),
        with("b64", json!(false)),
        with("zip", json!("DEF")),
    ]
    .iter()
    .map(|header| signed_with_header(&key, header, &good(&world)))
    .collect();
    let input = format!("{}.{}", encode(&header), encode(&good(&world)));
    for signature in [vec![0; 64], vec![0; 65], vec![0xff; 64], Vec::new()] {
        hostile.push(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)));
    }
    hostile.push(format!("{}.{}.", encode(&json!({ "alg": "none" })), encode(&good(&world))));
    // Their own JWK brought along, and an encrypted one.
    let other = self::key(Algorithm::ES256);
    let jwk = json!({ "alg": "ES256", "jwk": other.public_jwk, "jku": "https://evil.test" });
    hostile.push(signed_with_header(&other, &jwk, &good(&world)));
    hostile.push(format!("{}.a.b.c.d", encode(&json!({ "alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 1e9 }))));
    // The public key as an HMAC secret.
    for secret in [json!(key.public_jwk).to_string(), key.public_jwk["x"].as_str().unwrap().to_owned()] {
        let input = format!("{}.{}", encode(&with("alg", json!("HS256"))), encode(&good(&world)));
        let tag = aws_lc_rs::hmac::sign(
            &aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes()),
            input.as_bytes(),
        );
        hostile.push(format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag)));
    }
    for assertion in hostile {
        let answer = present(&world, &assertion).await;
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (401, "invalid_client"), "{assertion:.80}");
    }
    assert_eq!(world.rows("replays", "TRUE").await, 1, "only good assertions are remembered");
}

#[tokio::test]
async fn s119_times_and_ids_of_the_wrong_shape_are_refused() {
    let world = World::new().await;
    let key = key(Algorithm::ES256);
    add(&world, &[&key]).await;
    for (name, value) in [
        ("exp", json!("1790000060")),
        ("exp", json!(-1)),
        ("exp", json!(1e30)),
        ("exp", Value::Null),
        ("iat", json!("x")),
        ("nbf", json!([])),
        ("jti", json!("j".repeat(2000))),
        ("jti", json!({})),
        ("aud", json!({ "a": 1 })),
        ("sub", json!([CK])),
    ] {
        let mut claims = good(&world);
        claims[name] = value.clone();
        let answer = present(&world, &signed(&key, &claims)).await;
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (401, "invalid_client"), "{name} {value:.40}");
    }
    let mut claims = good(&world);
    claims["jti"] = json!("j".repeat(100_000));
    assert!(present(&world, &signed(&key, &claims)).await.status.is_client_error());
}

#[tokio::test]
async fn s049_a_throttled_client_still_works_from_elsewhere_and_a_success_writes_nothing() {
    let world = World::with("throttle = { client_failures = 5 }\nserver.trusted_proxies = [\"127.0.0.0/8\"]").await;
    let ask = async |from: &str, client_id: &str, secret: &str| {
        let authorization = basic(client_id, secret);
        let headers = [FORM, ("authorization", authorization.as_str()), ("x-forwarded-for", from)];
        world.post_raw("/oauth2/token", &headers, "grant_type=client_credentials").await
    };
    let mut last = ask("192.0.2.1", C1, "wrong").await;
    for _ in 0..10 {
        last = ask("192.0.2.1", C1, "wrong").await;
    }
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(ask("192.0.2.1", C1, &secret_of(C1)).await.status, 429);
    ask("192.0.2.2", C1, &secret_of(C1)).await.ok();
    ask("192.0.2.1", C2, &secret_of(C2)).await.ok();
    assert_eq!(world.rows("throttles", "TRUE").await, 0);
    world.advance(3600);
    ask("192.0.2.1", C1, &secret_of(C1)).await.ok();
}
