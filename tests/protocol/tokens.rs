//! Introspection, revocation and userinfo.

use josekit::jwk::Jwk;
use josekit::jws::{ES256, EdDSA, JwsVerifier, RS256};
use serde_json::json;

use crate::common::*;

#[tokio::test]
async fn s050_introspection_is_for_authenticated_clients_and_tells_strangers_nothing() {
    let world = World::new().await;
    let access = world.sign_in(C1, "openid email").await["access_token"].as_str().unwrap().to_owned();
    let form = ("content-type", "application/x-www-form-urlencoded");
    let anonymous = world.post_raw("/oauth2/introspect", &[form], format!("token={access}")).await;
    assert_eq!((anonymous.status.as_u16(), anonymous.error().as_str()), (401, "invalid_client"));
    let public = world.as_client("/oauth2/introspect", CP, &[("token", &access)]).await;
    assert_eq!(public.status, 401);
    // Another client's token is not theirs to see; the owner and a resource server see it.
    let stranger = world.as_client("/oauth2/introspect", C2, &[("token", &access)]).await.ok();
    assert_eq!(stranger, json!({ "active": false }));
    for reader in [C1, RS] {
        let seen = world.as_client("/oauth2/introspect", reader, &[("token", &access)]).await.ok();
        assert_eq!(seen["active"], true);
        assert_eq!(seen["client_id"], C1);
        assert_eq!(seen["iss"], world.issuer);
        assert!(seen["scope"].as_str().unwrap().contains("email") && seen["exp"].is_i64() && seen["sub"].is_string());
    }
    for nothing in ["x", "pc_at_x", "a.b.c", &format!("{access}x")] {
        assert_eq!(world.introspect(nothing).await, json!({ "active": false }), "{nothing}");
    }
    world.advance(901);
    assert_eq!(world.introspect(&access).await, json!({ "active": false }));
}

#[tokio::test]
async fn s087_s088_revoking_a_refresh_token_ends_its_family_and_unknown_tokens_are_200() {
    let world = World::new().await;
    let tokens = world.sign_in(C1, "openid offline_access").await;
    let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    // Not by another client.
    assert_eq!(world.as_client("/oauth2/revoke", C2, &[("token", refresh)]).await.status, 200);
    assert!(world.is_live(access).await);
    let hinted = [("token", refresh), ("token_type_hint", "access_token")];
    assert_eq!(world.as_client("/oauth2/revoke", C1, &hinted).await.status, 200);
    assert!(!world.is_live(access).await);
    assert_eq!(world.refresh(C1, refresh).await.error(), "invalid_grant");
    for nothing in ["x", refresh, access] {
        assert_eq!(world.as_client("/oauth2/revoke", C1, &[("token", nothing)]).await.status, 200);
    }
    assert_eq!(world.as_client("/oauth2/revoke", C1, &[]).await.error(), "invalid_request");
    // A public client revokes its own.
    let tokens = world.sign_in(CP, "openid").await;
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(world.as_client("/oauth2/revoke", CP, &[("token", access)]).await.status, 200);
    assert!(!world.is_live(access).await);
}

#[tokio::test]
async fn userinfo_takes_the_token_three_ways_and_releases_what_the_scope_allows() {
    let world = World::new().await;
    let tokens = world.sign_in(C1, "openid profile email address phone").await;
    let access = tokens["access_token"].as_str().unwrap();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    let by_get = world.userinfo(access).await;
    let body = by_get.ok();
    assert_eq!(by_get.header("cache-control"), "no-store");
    assert_eq!(body["sub"], id_token["sub"]);
    assert_eq!(body["email_verified"], true);
    assert_eq!(body["phone_number_verified"], true);
    assert!(body["updated_at"].is_i64() && body["address"].is_object());
    // Claims of scopes come from here, not in the id_token.
    for claim in ["email", "name", "address", "phone_number"] {
        assert!(id_token.get(claim).is_none(), "{claim}");
    }
    let url = world.url("/oauth2/userinfo");
    let by_post = Answer::read(world.http.post(&url).bearer_auth(access).send().await.unwrap()).await;
    let by_form = Answer::read(world.http.post(&url).form(&[("access_token", access)]).send().await.unwrap()).await;
    assert_eq!(by_post.ok(), body);
    assert_eq!(by_form.ok(), body);
    let only = world.sign_in(C1, "openid").await;
    let body = world.userinfo(only["access_token"].as_str().unwrap()).await.ok();
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["sub"]);
}

#[tokio::test]
async fn s104_userinfo_refuses_with_the_challenge_of_rfc_6750() {
    let world = World::new().await;
    let url = world.url("/oauth2/userinfo");
    let none = Answer::read(world.http.get(&url).send().await.unwrap()).await;
    assert_eq!(none.status, 401);
    assert!(
        none.header("www-authenticate").starts_with("Bearer") && !none.header("www-authenticate").contains("error")
    );
    let tokens = world.sign_in(C1, "openid").await;
    let service = world.token(CS, &[("grant_type", "client_credentials")]).await.ok();
    for wrong in ["x", tokens["id_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap()] {
        let answer = world.userinfo(wrong).await;
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.header("www-authenticate").contains(r#"error="invalid_token""#));
    }
    let narrow = world.userinfo(service["access_token"].as_str().unwrap()).await;
    assert!(narrow.status == 403 || narrow.status == 401, "{}", narrow.body);
    let in_url = Answer::read(world.http.get(format!("{url}?access_token=x")).send().await.unwrap()).await;
    assert_eq!(in_url.status, 400);
    let twice = world.http.post(&url).bearer_auth("a").form(&[("access_token", "b")]);
    assert_eq!(Answer::read(twice.send().await.unwrap()).await.status, 400);
}

#[tokio::test]
async fn s090_tokens_of_one_kind_never_pass_for_another() {
    let world = World::new().await;
    let browser = world.browser();
    let code = world.code(&browser, C1, "openid").await;
    let tokens = world.redeem(C1, &code).await.ok();
    let (access, id_token) = (tokens["access_token"].as_str().unwrap(), tokens["id_token"].as_str().unwrap());
    assert_eq!(header(id_token)["typ"], "JWT");
    assert_eq!(world.introspect(id_token).await, json!({ "active": false }));
    let hint = |hint: &str| world.authorize_url(C1, "openid", &[("prompt", "none"), ("id_token_hint", hint)]);
    assert!(browser.get(&hint(id_token)).await.redirect_param("code").is_some());
    assert_eq!(browser.get(&hint(access)).await.redirect_param("error").as_deref(), Some("invalid_request"));
    // at_hash binds the pair (OpenID Connect Core §3.1.3.6).
    use base64::Engine as _;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access.as_bytes());
    let half = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16]);
    assert_eq!(claims(id_token)["at_hash"], half);
}

#[tokio::test]
async fn each_client_gets_the_algorithm_it_registered_verifiable_by_the_jwks() {
    let world = World::new().await;
    let jwks = world.get("/.well-known/jwks.json").await.ok();
    for key in jwks["keys"].as_array().unwrap() {
        assert_eq!(key["use"], "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
    for alg in ["ES256", "RS256", "EdDSA"] {
        world.change_client(CT, |metadata| metadata["id_token_signed_response_alg"] = json!(alg)).await;
        let id_token = world.sign_in(CT, "openid").await["id_token"].as_str().unwrap().to_owned();
        assert_eq!(header(&id_token)["alg"], alg);
        // By a library that shares nothing with the signer.
        let kid = header(&id_token)["kid"].clone();
        let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap();
        let key = Jwk::from_map(key.as_object().unwrap().clone()).unwrap();
        let verifier: Box<dyn JwsVerifier> = match alg {
            "ES256" => Box::new(ES256.verifier_from_jwk(&key).unwrap()),
            "RS256" => Box::new(RS256.verifier_from_jwk(&key).unwrap()),
            _ => Box::new(EdDSA.verifier_from_jwk(&key).unwrap()),
        };
        josekit::jwt::decode_with_verifier(&id_token, verifier.as_ref()).unwrap();
    }
}
