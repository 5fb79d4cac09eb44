//! Answers signed and encrypted as a client's metadata wants them.

use josekit::jwe::{ECDH_ES_A256KW, JweDecrypter, RSA_OAEP_256, deserialize_compact};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jws::{ES256, ES384, EdDSA, JwsVerifier, PS256, RS256};
use serde_json::{Value, json};

use crate::common::*;

const ALL: [&str; 5] = ["ES256", "ES384", "RS256", "PS256", "EdDSA"];

fn public(private: &Jwk, kid: &str) -> Value {
    let mut jwk = json!(private.as_ref());
    let members = jwk.as_object_mut().unwrap();
    members.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
    members.extend([("kid".to_owned(), json!(kid)), ("use".to_owned(), json!("enc"))]);
    jwk
}

/// The claims of a token, verified by a library that shares nothing with the signer.
async fn verified(world: &World, token: &str) -> Value {
    let head = header(token);
    let jwks = world.get("/.well-known/jwks.json").await.ok();
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == head["kid"]).unwrap();
    let key = Jwk::from_map(key.as_object().unwrap().clone()).unwrap();
    let verifier: Box<dyn JwsVerifier> = match head["alg"].as_str().unwrap() {
        "ES256" => Box::new(ES256.verifier_from_jwk(&key).unwrap()),
        "ES384" => Box::new(ES384.verifier_from_jwk(&key).unwrap()),
        "RS256" => Box::new(RS256.verifier_from_jwk(&key).unwrap()),
        "PS256" => Box::new(PS256.verifier_from_jwk(&key).unwrap()),
        _ => Box::new(EdDSA.verifier_from_jwk(&key).unwrap()),
    };
    let (payload, _) = josekit::jwt::decode_with_verifier(token, verifier.as_ref()).unwrap();
    json!(payload.claims_set())
}

#[tokio::test]
async fn five_algorithms_are_live_at_once_for_id_tokens_and_userinfo() {
    let world = World::with(r#"keys.algorithms = ["ES256", "ES384", "RS256", "PS256", "EdDSA"]"#).await;
    let document = world.get("/.well-known/openid-configuration").await.ok();
    for member in ["id_token_signing_alg_values_supported", "userinfo_signing_alg_values_supported"] {
        assert_eq!(document[member], json!(ALL), "{member}");
    }
    for alg in ALL {
        world
            .change_client(CT, |metadata| {
                metadata["id_token_signed_response_alg"] = json!(alg);
                metadata["userinfo_signed_response_alg"] = json!(alg);
            })
            .await;
        let tokens = world.sign_in(CT, "openid email").await;
        let id_token = tokens["id_token"].as_str().unwrap();
        assert_eq!(header(id_token)["alg"], alg);
        let claims = verified(&world, id_token).await;
        let userinfo = world.userinfo(tokens["access_token"].as_str().unwrap()).await;
        assert_eq!((userinfo.status.as_u16(), userinfo.header("content-type")), (200, "application/jwt"));
        assert_eq!(userinfo.header("cache-control"), "no-store");
        assert_eq!(header(&userinfo.body)["alg"], alg);
        let told = verified(&world, &userinfo.body).await;
        assert_eq!((&told["iss"], &told["aud"]), (&json!(world.issuer), &json!(CT)));
        assert_eq!((&told["sub"], &told["email"]), (&claims["sub"], &json!("alice@example.test")));
        // It is no id_token: not even as a hint.
        let hint = [("prompt", "none"), ("id_token_hint", userinfo.body.as_str())];
        let answer = world.browser().get(&world.authorize_url(CT, "openid", &hint)).await;
        assert_eq!(answer.redirect_param("error").as_deref(), Some("invalid_request"));
    }
}

#[tokio::test]
async fn encrypted_id_tokens_are_signed_inside_and_read_by_the_client_alone() {
    let world = World::new().await;
    let rsa = Jwk::generate_rsa_key(2048).unwrap();
    let ec = Jwk::generate_ec_key(EcCurve::P256).unwrap();
    let cases: [(&str, &str, &Jwk, Box<dyn JweDecrypter>); 2] = [
        ("RSA-OAEP-256", "A256GCM", &rsa, Box::new(RSA_OAEP_256.decrypter_from_jwk(&rsa).unwrap())),
        ("ECDH-ES+A256KW", "A128CBC-HS256", &ec, Box::new(ECDH_ES_A256KW.decrypter_from_jwk(&ec).unwrap())),
    ];
    for (alg, enc, key, decrypter) in cases {
        world
            .change_client(CT, |metadata| {
                metadata["jwks"] = json!({ "keys": [public(key, "k1")] });
                metadata["id_token_encrypted_response_alg"] = json!(alg);
                // Where no `enc` is named it is A128CBC-HS256.
                metadata["id_token_encrypted_response_enc"] = if enc == "A256GCM" { json!(enc) } else { Value::Null };
                metadata["userinfo_encrypted_response_alg"] = json!(alg);
            })
            .await;
        let browser = world.browser();
        let code = world.code(&browser, CT, "openid email").await;
        let tokens = world.redeem(CT, &code).await.ok();
        let jwe = tokens["id_token"].as_str().unwrap();
        assert_eq!(jwe.split('.').count(), 5);
        let head = header(jwe);
        assert_eq!(
            (&head["alg"], &head["enc"], &head["cty"], &head["kid"]),
            (&json!(alg), &json!(enc), &json!("JWT"), &json!("k1"))
        );
        let (inner, _) = deserialize_compact(jwe, decrypter.as_ref()).unwrap();
        let inner = String::from_utf8(inner).unwrap();
        let claims = verified(&world, &inner).await;
        assert_eq!((&claims["aud"], &claims["nonce"]), (&json!(CT), &json!("n-0S6")));
        // The client decrypts what it gives back as a hint (OpenID Connect Core §3.1.2.1).
        let hint = [("prompt", "none"), ("id_token_hint", inner.as_str())];
        assert!(browser.get(&world.authorize_url(CT, "openid", &hint)).await.redirect_param("code").is_some());
        // Userinfo is encrypted without a signature where none is asked for.
        let userinfo = world.userinfo(tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(userinfo.header("content-type"), "application/jwt");
        let (plain, head) = deserialize_compact(&userinfo.body, decrypter.as_ref()).unwrap();
        assert_eq!(head.content_type(), None);
        assert_eq!(serde_json::from_slice::<Value>(&plain).unwrap()["email"], "alice@example.test");
    }
}

#[tokio::test]
async fn what_shall_be_encrypted_is_never_sent_as_it_is() {
    let world = World::new().await;
    let rsa = Jwk::generate_rsa_key(2048).unwrap();
    world
        .change_client(CT, |metadata| {
            metadata["jwks"] = json!({ "keys": [public(&rsa, "k1")] });
            metadata["id_token_encrypted_response_alg"] = json!("ECDH-ES");
            metadata["userinfo_encrypted_response_alg"] = json!("ECDH-ES");
        })
        .await;
    let code = world.code(&world.browser(), CT, "openid").await;
    let answer = world.redeem(CT, &code).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("temporarily_unavailable")));
    assert!(answer.json().get("id_token").is_none() && answer.json().get("access_token").is_none());
    // The code is not gone with it: once the key is there the same one works.
    world.change_client(CT, |metadata| metadata["id_token_encrypted_response_alg"] = json!("RSA-OAEP")).await;
    assert!(world.redeem(CT, &code).await.ok()["id_token"].is_string());
    // At registration it is said clearly.
    let mut metadata = json!({ "redirect_uris": [REDIRECT_URI], "id_token_encrypted_response_alg": "ECDH-ES" });
    let problems = |metadata: &Value| {
        let metadata = serde_json::from_value(metadata.clone()).unwrap();
        let found = portcullis::oauth::registration::problems(&metadata, world.app.config.as_ref().into());
        found.into_iter().map(|problem| (problem.member, problem.message)).collect::<Vec<_>>()
    };
    assert_eq!(problems(&metadata), [("jwks", "encrypted answers need a public key of yours".to_owned())]);
    metadata["jwks"] = json!({ "keys": [public(&rsa, "k1")] });
    assert_eq!(problems(&metadata), [("jwks", "it has no public key for ECDH-ES".to_owned())]);
    metadata["id_token_encrypted_response_alg"] = json!("RSA-OAEP");
    assert_eq!(problems(&metadata), []);
    let lone = json!({ "redirect_uris": [REDIRECT_URI], "userinfo_encrypted_response_enc": "A128GCM" });
    assert_eq!(problems(&lone)[0].0, "userinfo_encrypted_response_enc");
    for unsafe_alg in ["RSA1_5", "dir", "PBES2-HS256+A128KW", "none"] {
        metadata["id_token_encrypted_response_alg"] = json!(unsafe_alg);
        assert!(serde_json::from_value::<portcullis::oauth::ClientMetadata>(metadata.clone()).is_err(), "{unsafe_alg}");
    }
}

#[tokio::test]
async fn id_tokens_without_a_signature_need_the_operators_and_the_clients_word_and_the_back_channel() {
    let problems = |world: &World, types: Value| {
        let metadata = json!({ "redirect_uris": [REDIRECT_URI], "response_types": types,
            "id_token_signed_response_alg": "none" });
        let found = portcullis::oauth::registration::problems(
            &serde_json::from_value(metadata).unwrap(),
            world.app.config.as_ref().into(),
        );
        found.into_iter().map(|problem| problem.member).collect::<Vec<_>>()
    };
    let off = World::new().await;
    let listed = |document: Value| document["id_token_signing_alg_values_supported"].to_string().contains("none");
    assert!(!listed(off.get("/.well-known/openid-configuration").await.ok()));
    assert_eq!(problems(&off, json!(["code"])), ["id_token_signed_response_alg"]);
    off.change_client(CT, |metadata| metadata["id_token_signed_response_alg"] = json!("none")).await;
    let code = off.code(&off.browser(), CT, "openid").await;
    assert_eq!(off.redeem(CT, &code).await.status, 500, "registered while it was on");

    let on = World::with("tokens.unsigned_id_tokens = true").await;
    assert!(listed(on.get("/.well-known/openid-configuration").await.ok()));
    assert_eq!(problems(&on, json!(["code"])), [""; 0]);
    assert_eq!(problems(&on, json!(["code", "code id_token"])), ["id_token_signed_response_alg"]);
    on.change_client(CT, |metadata| metadata["id_token_signed_response_alg"] = json!("none")).await;
    let browser = on.browser();
    let code = on.code(&browser, CT, "openid").await;
    let tokens = on.redeem(CT, &code).await.ok();
    let id_token = tokens["id_token"].as_str().unwrap();
    assert_eq!(header(id_token), json!({ "typ": "JWT", "alg": "none" }));
    assert!(id_token.ends_with('.') && claims(id_token).get("at_hash").is_none());
    // S091: it proves nothing to us, and access tokens are signed all the same.
    let hint = on.authorize_url(CT, "openid", &[("prompt", "none"), ("id_token_hint", id_token)]);
    assert_eq!(browser.get(&hint).await.redirect_param("error").as_deref(), Some("invalid_request"));
    assert_eq!(header(tokens["access_token"].as_str().unwrap())["alg"], "ES256");
}

#[tokio::test]
async fn nothing_is_used_up_while_there_is_no_key_to_encrypt_for() {
    let world = World::new().await;
    let key = Jwk::generate_rsa_key(2048).unwrap();
    let wants = async |client_id: &str, alg: Value| {
        let change = |metadata: &mut Value| {
            metadata["jwks"] = json!({ "keys": [public(&key, "k1")] });
            metadata["response_types"] = json!(["code", "code id_token"]);
            metadata["id_token_encrypted_response_alg"] = alg;
        };
        world.change_client(client_id, change).await;
    };
    let unavailable = |answer: &Answer| {
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (503, &json!("temporarily_unavailable")));
    };
    // A refresh token.
    let tokens = world.sign_in(C1, "openid offline_access").await;
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    wants(C1, json!("ECDH-ES")).await;
    unavailable(&world.refresh(C1, refresh_token).await);
    world.advance(60);
    unavailable(&world.refresh(C1, refresh_token).await);
    wants(C1, Value::Null).await;
    assert!(
        world.refresh(C1, refresh_token).await.ok()["id_token"].is_string(),
        "it was not used, so this is no replay"
    );
    // A device code.
    let device = world.as_client("/oauth2/device", CD, &[("scope", "openid")]).await.ok();
    let browser = world.browser();
    let page = browser.open(&world.url("/device")).await;
    let mut page = browser.submit(&page, &[("user_code", device["user_code"].as_str().unwrap())]).await;
    if page.has("#password") {
        page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    }
    assert!(page.has("#allow"), "{}", page.answer.body);
    browser.submit(&page, &[("decision", "allow")]).await;
    let poll = async || {
        let code = device["device_code"].as_str().unwrap();
        world.token(CD, &[("grant_type", DEVICE_CODE), ("device_code", code)]).await
    };
    wants(CD, json!("ECDH-ES")).await;
    unavailable(&poll().await);
    wants(CD, Value::Null).await;
    world.advance(5);
    assert!(poll().await.ok()["id_token"].is_string());
    // A hybrid answer: the client is told by redirect, and no code was made.
    wants(C1, json!("ECDH-ES")).await;
    let codes = world.rows("authorization_codes", "1 = 1").await;
    for signed_in in [false, true] {
        let url = world.authorize_url(C1, "openid", &[("response_type", "code id_token")]);
        let page = browser.open(&url).await;
        let end = if signed_in { page } else { world.answer_pages(&browser, page, "alice").await };
        let param = |name: &str| fragment_param(&end.url, name);
        assert!(end.url.as_str().starts_with(REDIRECT_URI), "{}", end.url);
        assert_eq!(param("error").as_deref(), Some("temporarily_unavailable"));
        assert_eq!(param("state").as_deref(), Some("st-8&="));
        assert_eq!((param("code"), param("id_token")), (None, None));
    }
    assert_eq!(world.rows("authorization_codes", "1 = 1").await, codes);
}
