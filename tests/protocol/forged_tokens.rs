//! Tokens that nobody here signed, or that somebody changed, wherever a token of ours is accepted.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jws::HS256;
use serde_json::{Value, json};

use crate::common::*;

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn join(header: &Value, claims: &Value, signature: &[u8]) -> String {
    format!("{}.{}.{}", encode(header), encode(claims), URL_SAFE_NO_PAD.encode(signature))
}

fn by_stranger(header: &Value, claims: &Value) -> String {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).unwrap();
    let input = format!("{}.{}", encode(header), encode(claims));
    let signature = key.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

/// Refused as an access token at userinfo and introspection, and as a hint at the authorization endpoint.
async fn is_refused(world: &World, browser: &Browser, token: &str, why: &str) {
    let userinfo = world.userinfo(token).await;
    assert!([400, 401].contains(&userinfo.status.as_u16()), "{why}: userinfo {}", userinfo.status);
    let seen = world.as_client("/oauth2/introspect", RS, &[("token", token)]).await;
    match seen.status.as_u16() {
        200 => assert_eq!(seen.json(), json!({ "active": false }), "{why}"),
        status => assert!((400..500).contains(&status), "{why}: introspection {status}"),
    }
    let hinted = world.authorize_url(C1, "openid", &[("prompt", "none"), ("id_token_hint", token)]);
    let answer = browser.get(&hinted).await;
    assert!(answer.status.is_client_error() || answer.redirect_param("code").is_none(), "{why}: as a hint");
}

#[tokio::test]
async fn s091_s092_s093_s095_s097_s098_a_forged_or_changed_token_is_refused_wherever_tokens_are_taken() {
    let world = World::new().await;
    let browser = world.browser();
    let code = world.code(&browser, C1, "openid").await;
    let tokens = world.redeem(C1, &code).await.ok();
    for kind in ["access_token", "id_token"] {
        let good = tokens[kind].as_str().unwrap();
        let (header, claims) = (header(good), claims(good));
        let signature = URL_SAFE_NO_PAD.decode(good.rsplit('.').next().unwrap()).unwrap();
        let with = |name: &str, value: Value| {
            let mut changed = header.clone();
            changed[name] = value;
            changed
        };
        let mut hostile: Vec<(String, String)> = Vec::new();
        for alg in ["none", "None", "NONE", "nOnE"] {
            for signature in [&[] as &[u8], &signature] {
                hostile.push((format!("alg {alg}"), join(&with("alg", json!(alg)), &claims, signature)));
            }
        }
        let jwks = world.get("/.well-known/jwks.json").await.json();
        let jwk = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap().clone();
        let x = jwk["x"].as_str().unwrap();
        for secret in [jwk.to_string().into_bytes(), x.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(x).unwrap()] {
            let changed = with("alg", json!("HS256"));
            let signer = HS256.signer_from_bytes(&secret).unwrap();
            let input = format!("{}.{}", encode(&changed), encode(&claims));
            let mac = josekit::jws::JwsSigner::sign(&signer, input.as_bytes()).unwrap();
            hostile.push(("HS256 with our public key".to_owned(), join(&changed, &claims, &mac)));
        }
        for kid in [
            json!("../../etc/passwd"),
            json!("' OR 1=1--"),
            json!("https://evil.test/k"),
            json!("k".repeat(10_000)),
            json!(7),
            Value::Null,
        ] {
            hostile.push((format!("kid {kid:.20}"), by_stranger(&with("kid", kid), &claims)));
        }
        hostile.push(("another key, our kid".to_owned(), by_stranger(&header, &claims)));
        let mut embedded = with("jwk", jwk.clone());
        embedded["jku"] = json!("https://evil.test/jwks");
        hostile.push(("a key in the header".to_owned(), by_stranger(&embedded, &claims)));
        for (name, value) in [("crit", json!(["x"])), ("crit", json!([])), ("b64", json!(false)), ("zip", json!("DEF"))]
        {
            hostile.push((format!("{name} {value}"), join(&with(name, value), &claims, &signature)));
        }
        let mut order = [0_u8; 64];
        order[..32].copy_from_slice(&hex_bytes("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"));
        order[63] = 1;
        let mut no_r = signature.clone();
        no_r[..32].fill(0);
        let mut no_s = signature.clone();
        no_s[32..].fill(0);
        let mut long = signature.clone();
        long.push(0);
        for (what, forged) in [
            ("zero", vec![0; 64]),
            ("r = n", order.to_vec()),
            ("r = 0", no_r),
            ("s = 0", no_s),
            ("65 bytes", long),
            ("DER", der(&signature)),
            ("empty", vec![]),
        ] {
            hostile.push((format!("signature {what}"), join(&header, &claims, &forged)));
        }
        for (claim, value) in [
            ("exp", json!("9999999999")),
            ("exp", json!(-1)),
            ("exp", json!(1e30)),
            ("exp", Value::Null),
            ("nbf", json!(99_999_999_999_i64)),
            ("sub", json!("root")),
            ("aud", json!("other")),
        ] {
            let mut changed = claims.clone();
            changed[claim] = value.clone();
            hostile.push((format!("{claim} {value}"), join(&header, &changed, &signature)));
        }
        for shape in ["..", "a.b", "a.b.c.d.e", "a.b.c", ".", "eyJhbGciOiJFUzI1NiJ9..", &"x.".repeat(4000)] {
            hostile.push(("shape".to_owned(), shape.to_owned()));
        }
        for (why, token) in &hostile {
            is_refused(&world, &browser, token, &format!("{kind}, {why}")).await;
        }
    }
    assert_eq!(world.userinfo(tokens["access_token"].as_str().unwrap()).await.status, 200, "the good one works still");
}

fn hex_bytes(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// The same signature as ASN.1 would write it.
fn der(raw: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let mut body = bytes.to_vec();
        if body[0] & 0x80 != 0 {
            body.insert(0, 0);
        }
        [vec![2, body.len() as u8], body].concat()
    };
    let body = [integer(&raw[..32]), integer(&raw[32..])].concat();
    [vec![0x30, body.len() as u8], body].concat()
}

#[tokio::test]
async fn s101_the_key_set_shows_public_members_alone_and_never_grows_by_asking() {
    let world = World::new().await;
    let before = world.rows("signing_keys", "TRUE").await;
    let set = world.get("/.well-known/jwks.json").await.ok();
    let mut kids = std::collections::BTreeSet::new();
    for key in set["keys"].as_array().unwrap() {
        for secret in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(secret).is_none(), "{secret}");
        }
        assert_eq!(key["use"], "sig");
        assert!(key["alg"].is_string());
        assert!(kids.insert(key["kid"].as_str().unwrap().to_owned()), "a kid stands there once");
    }
    let claims = json!({ "iss": world.issuer, "sub": "x", "exp": 99_999_999_999_i64 });
    let unknown = by_stranger(&json!({ "alg": "ES256", "typ": "at+jwt", "kid": "unknown" }), &claims);
    assert_eq!(world.userinfo(&unknown).await.status, 401);
    assert_eq!(world.rows("signing_keys", "TRUE").await, before);
}
