//! Token exchange (RFC 8693): an API key for a short-lived access token.

use portcullis::oauth::Caller;
use portcullis::oauth::api_keys::Owner;
use serde_json::json;

use super::api_keys::{key, person};
use crate::common::*;

const API_KEY: &str = "urn:portcullis:params:oauth:token-type:api_key";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// With `changes` to the form; an empty value removes a parameter.
async fn exchange(world: &World, client_id: &str, key: &str, changes: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", TOKEN_EXCHANGE), ("subject_token", key), ("subject_token_type", API_KEY)];
    for (name, value) in changes {
        form.retain(|(have, _)| have != name);
        if !value.is_empty() {
            form.push((name, value));
        }
    }
    world.token(client_id, &form).await
}

#[tokio::test]
async fn a_persons_key_gives_a_short_jwt_with_its_scopes_or_fewer() {
    let world = World::with(r#"api_keys.scopes = ["reports:read"]"#).await;
    let alice = person(&world, "alice").await;
    let (_, key) = key(&world, alice.clone(), "openid email reports:read").await;
    // S060: never what the client may not ask for.
    assert_eq!(exchange(&world, C1, &key, &[]).await.ok()["scope"], "openid email");
    assert_eq!(exchange(&world, C1, &key, &[("scope", "reports:read")]).await.error(), "invalid_scope");
    world.change_client(C1, |metadata| metadata["scope"] = json!("openid email phone api:read reports:read")).await;
    let answer = exchange(&world, C1, &key, &[]).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.ok();
    assert_eq!(body["issued_token_type"], ACCESS_TOKEN);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(body["scope"], "openid email reports:read");
    // Nobody signed in: no id_token, and the key is what lasts.
    assert!(body.get("id_token").is_none() && body.get("refresh_token").is_none());
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(header(token)["typ"], "at+jwt");
    let claims = claims(token);
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(alice.id()), &json!(C1)));
    assert_eq!(claims["aud"], world.issuer);
    assert!(claims.get("auth_time").is_none() && claims.get("acr").is_none());
    assert!(world.is_live(token).await);
    assert_eq!(world.userinfo(token).await.ok()["email"], "alice@example.test");

    let narrow = exchange(&world, C1, &key, &[("scope", "reports:read")]).await.ok();
    assert_eq!(narrow["scope"], "reports:read");
    for wide in ["api:read", "reports:read phone"] {
        assert_eq!(exchange(&world, C1, &key, &[("scope", wide)]).await.error(), "invalid_scope", "{wide}");
    }
}

#[tokio::test]
async fn a_services_key_stands_for_the_service_and_for_no_person() {
    let world = World::new().await;
    let (_, key) = key(&world, Owner::Client(CS.to_owned()), "api:read api:write").await;
    let body = exchange(&world, C2, &key, &[("scope", "api:read"), ("requested_token_type", ACCESS_TOKEN)]).await.ok();
    let token = body["access_token"].as_str().unwrap();
    assert_eq!((&claims(token)["sub"], &claims(token)["client_id"]), (&json!(CS), &json!(C2)));
    assert_eq!(world.introspect(token).await["active"], true);
    assert_eq!(world.userinfo(token).await.status, 401);
}

#[tokio::test]
async fn a_token_is_for_the_resource_that_is_named_either_way() {
    let world = World::new().await;
    let api = "https://api.test/v1";
    world.add_client(api, &json!({ "grant_types": [], "resource_server": true })).await;
    let (_, key) = key(&world, person(&world, "alice").await, "email").await;
    for named in [&[("resource", api)][..], &[("audience", api)], &[("resource", api), ("audience", api)]] {
        let body = exchange(&world, C1, &key, named).await.ok();
        assert_eq!(claims(body["access_token"].as_str().unwrap())["aud"], api);
    }
    let issuer = world.issuer.as_str();
    for wrong in [
        &[("audience", "https://unknown.test")][..],
        &[("resource", "https://unknown.test")],
        &[("audience", C1)],
        &[("resource", api), ("audience", issuer)],
    ] {
        assert_eq!(exchange(&world, C1, &key, wrong).await.error(), "invalid_target", "{wrong:?}");
    }
}

#[tokio::test]
async fn other_token_types_actors_and_missing_parameters_are_invalid_requests() {
    let world = World::new().await;
    let (_, key) = key(&world, person(&world, "alice").await, "email").await;
    for wrong in [
        ("subject_token", ""),
        ("subject_token_type", ""),
        ("subject_token_type", ACCESS_TOKEN),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"),
        ("requested_token_type", API_KEY),
        ("actor_token", "x"),
        ("actor_token_type", ACCESS_TOKEN),
    ] {
        assert_eq!(exchange(&world, C1, &key, &[wrong]).await.error(), "invalid_request", "{wrong:?}");
    }
    let jwt = [("requested_token_type", "urn:ietf:params:oauth:token-type:jwt")];
    assert_eq!(exchange(&world, C1, &key, &jwt).await.status, 200);
    assert_eq!(exchange(&world, CO, &key, &jwt).await.error(), "invalid_request");
    assert_eq!(exchange(&world, CO, &key, &[]).await.status, 200);
    // Only for clients that are registered for it.
    assert_eq!(exchange(&world, CS, &key, &[]).await.error(), "unauthorized_client");
    assert_eq!(exchange(&world, CP, &key, &[]).await.error(), "unauthorized_client");
}

#[tokio::test]
async fn s270_a_dead_key_gives_nothing_and_takes_its_tokens_along() {
    let world = World::new().await;
    let alice = person(&world, "alice").await;
    let (id, first) = key(&world, alice.clone(), "openid").await;
    let (_, second) = key(&world, alice, "openid").await;
    let (service_id, of_service) = key(&world, Owner::Client(CS.to_owned()), "api:read").await;
    let mut tokens = Vec::new();
    for key in [&first, &second, &of_service] {
        let body = exchange(&world, C1, key, &[]).await.ok();
        tokens.push(body["access_token"].as_str().unwrap().to_owned());
    }
    let caller = Caller { address: "127.0.0.1".parse().unwrap(), request_id: "r" };
    assert!(world.app.oauth.revoke_api_key(&id, None, "test", caller).await.unwrap());
    assert!(world.app.oauth.revoke_api_key(&service_id, None, "test", caller).await.unwrap());
    assert!(!world.is_live(&tokens[0]).await);
    assert!(world.is_live(&tokens[1]).await);
    assert_eq!(world.introspect(&tokens[2]).await, json!({ "active": false }));
    assert_eq!(exchange(&world, C1, &first, &[]).await.error(), "invalid_grant");
    assert_eq!(exchange(&world, C1, &of_service, &[]).await.error(), "invalid_grant");
    world.disable_user("alice").await;
    assert!(!world.is_live(&tokens[1]).await);
    assert_eq!(exchange(&world, C1, &second, &[]).await.error(), "invalid_grant");
    for wrong in ["x", "pc_live_x", &tokens[1]] {
        assert_eq!(exchange(&world, C1, wrong, &[]).await.error(), "invalid_grant");
    }
}

#[tokio::test]
async fn a_token_does_not_outlive_the_key_it_came_from() {
    let world = World::new().await;
    let made = super::api_keys::try_key(&world, person(&world, "alice").await, "openid", 1).await.unwrap();
    world.advance(86400 - 60);
    let body = exchange(&world, C1, made.key.expose(), &[]).await.ok();
    assert_eq!(body["expires_in"], 60);
    let token = body["access_token"].as_str().unwrap();
    assert!(world.is_live(token).await);
    world.advance(60);
    assert!(!world.is_live(token).await);
}

#[tokio::test]
async fn a_client_of_a_sector_of_its_own_knows_the_keys_owner_by_its_own_name_for_them() {
    let world = World::new().await;
    let alice = person(&world, "alice").await;
    let (_, key) = key(&world, alice.clone(), "openid email").await;
    for client_id in [C1, RS] {
        world.change_client(client_id, |metadata| metadata["subject_type"] = json!("pairwise")).await;
    }
    world.change_client(RS, |metadata| metadata["redirect_uris"] = json!(["https://resource.test/cb"])).await;
    let token = exchange(&world, C1, &key, &[]).await.ok()["access_token"].as_str().unwrap().to_owned();
    let exchanged = claims(&token)["sub"].clone();
    let signed_in = world.sign_in(C1, "openid").await;
    assert_eq!(exchanged, claims(signed_in["id_token"].as_str().unwrap())["sub"]);
    assert_ne!(exchanged, alice.id());
    assert_eq!(world.userinfo(&token).await.ok()["sub"], exchanged);
    let seen = world.introspect(&key).await;
    assert_eq!(seen["active"], true);
    assert!(seen["sub"] != alice.id() && seen["sub"] != exchanged, "{seen}");
    world.disable_user("alice").await;
    assert_eq!(world.introspect(&token).await["active"], false);
}
