//! API keys at the endpoints of programs: introspection and revocation.

use std::time::Duration;

use portcullis::oauth::api_keys::{ApiKeyError, MadeApiKey, NewApiKey, Owner};
use portcullis::oauth::{Caller, Error};
use portcullis::storage::Clients as _;
use serde_json::{Value, json};

use crate::common::*;

const DAY: u64 = 86400;

pub async fn person(world: &World, name: &str) -> Owner {
    Owner::Person(world.app.identity.find_user(name).await.unwrap().unwrap().id)
}

pub async fn try_key(world: &World, owner: Owner, scope: &str, days: u64) -> Result<MadeApiKey, ApiKeyError> {
    let lifetime = Duration::from_secs(days * DAY);
    let registry = world.app.oauth.api_key_registry();
    let (id, name) = (registry.draw_id(), "nightly report".to_owned());
    registry.create(NewApiKey { id, owner, as_of: None, name, scope: scope.to_owned(), lifetime }).await
}

/// A key that lives for 90 days: its id and itself.
pub async fn key(world: &World, owner: Owner, scope: &str) -> (String, String) {
    let made = try_key(world, owner, scope, 90).await.unwrap();
    (made.record.id, made.key.expose().to_owned())
}

async fn revoke(world: &World, id: &str, user_id: Option<&str>) -> Result<bool, Error> {
    let caller = Caller { address: "127.0.0.1".parse().unwrap(), request_id: "r" };
    world.app.oauth.revoke_api_key(id, user_id, "test", caller).await
}

fn inactive() -> Value {
    json!({ "active": false })
}

#[tokio::test]
async fn a_resource_server_learns_what_a_persons_key_may_do() {
    let world = World::with(r#"api_keys.scopes = ["reports:read"]"#).await;
    let alice = person(&world, "alice").await;
    let (id, key) = key(&world, alice.clone(), "email reports:read").await;
    for hint in [None, Some("api_key"), Some("access_token")] {
        let mut form = vec![("token", key.as_str())];
        form.extend(hint.map(|hint| ("token_type_hint", hint)));
        let seen = world.as_client("/oauth2/introspect", RS, &form).await.ok();
        assert_eq!(seen["active"], true);
        assert_eq!(seen["token_type"], "api_key");
        assert_eq!(seen["scope"], "email reports:read");
        assert_eq!(seen["sub"], alice.id());
        assert_eq!(seen["iss"], world.issuer);
        assert_eq!(seen["jti"], id);
        assert_eq!(seen["exp"].as_i64().unwrap() - seen["iat"].as_i64().unwrap(), 90 * 86400);
        assert!(seen.get("client_id").is_none());
    }
    // Whoever is no resource server is told nothing, and a public client is refused.
    for stranger in [C1, CS] {
        assert_eq!(world.as_client("/oauth2/introspect", stranger, &[("token", &key)]).await.ok(), inactive());
    }
    assert_eq!(world.as_client("/oauth2/introspect", CP, &[("token", &key)]).await.status, 401);
    for other in
        [&key[..key.len() - 1], &format!("{key}x"), "pc_live_", "pc_live_x", &key.replace("pc_live_", "pc_at_")]
    {
        assert_eq!(world.introspect(other).await, inactive(), "{other}");
    }
    // It opens nothing here itself.
    assert_eq!(world.userinfo(&key).await.status, 401);
}

#[tokio::test]
async fn a_services_key_reaches_as_far_as_the_service_is_registered_for_at_that_moment() {
    let world = World::new().await;
    let (_, key) = key(&world, Owner::Client(CS.to_owned()), "api:read api:write").await;
    let seen = world.introspect(&key).await;
    assert_eq!((&seen["sub"], &seen["client_id"]), (&json!(CS), &json!(CS)));
    assert_eq!(seen["scope"], "api:read api:write");
    assert_eq!(world.as_client("/oauth2/introspect", CS, &[("token", &key)]).await.ok(), seen);
    world.change_client(CS, |metadata| metadata["scope"] = json!("api:read")).await;
    assert_eq!(world.introspect(&key).await["scope"], "api:read");
    world.disable_client(CS).await;
    assert_eq!(world.introspect(&key).await, inactive());
    assert!(world.app.oauth.store.delete_client(CS).await.unwrap());
    assert_eq!(world.rows("api_keys", "TRUE").await, 0);
}

#[tokio::test]
async fn s268_the_key_is_stored_as_its_hash_with_twelve_characters_to_know_it_by() {
    let world = World::new().await;
    let made = try_key(&world, person(&world, "alice").await, "email", 1).await.unwrap();
    let key = made.key.expose();
    let form = regex_like(key);
    assert!(form, "{key}");
    assert_eq!(made.record.prefix, key[..12]);
    assert_eq!(world.introspect(key).await["active"], true);
    assert!(revoke(&world, &made.record.id, None).await.unwrap());
    assert_eq!(world.audited("api_key_revoked").await, 1);
    let dump = world.dump().await;
    assert!(dump.contains(&key[..12]) && !dump.contains(&key[12..]) && !dump.contains(&key[8..40]));
}

/// `pc_live_[0-9A-Za-z]{72}`, as published for secret scanners.
fn regex_like(key: &str) -> bool {
    key.strip_prefix("pc_live_").is_some_and(|rest| rest.len() == 72 && rest.chars().all(|c| c.is_ascii_alphanumeric()))
}

#[tokio::test]
async fn s270_a_key_never_reaches_further_than_its_owner_when_it_is_made() {
    let world = World::with(r#"api_keys = { scopes = ["reports:read"], max_ttl = "30d", max_per_owner = 2 }"#).await;
    let alice = person(&world, "alice").await;
    for (owner, scope) in [
        (alice.clone(), "api:write"),
        (alice.clone(), "offline_access"),
        (alice.clone(), "email api:read"),
        (Owner::Client(CS.to_owned()), "reports:read"),
        (Owner::Client(CS.to_owned()), "openid"),
    ] {
        let refused = try_key(&world, owner, scope, 1).await.unwrap_err();
        assert!(matches!(refused, ApiKeyError::Scope { .. }), "{scope}: {refused}");
    }
    assert!(matches!(try_key(&world, alice.clone(), " ", 1).await, Err(ApiKeyError::NoScope)));
    assert!(matches!(try_key(&world, alice.clone(), "email", 31).await, Err(ApiKeyError::Lifetime { max_days: 30 })));
    assert!(matches!(try_key(&world, alice.clone(), "email", 0).await, Err(ApiKeyError::Lifetime { .. })));
    assert_eq!(world.rows("api_keys", "TRUE").await, 0);
    try_key(&world, alice.clone(), "email", 1).await.unwrap();
    let second = try_key(&world, alice.clone(), "email", 30).await.unwrap();
    assert!(matches!(try_key(&world, alice.clone(), "email", 1).await, Err(ApiKeyError::TooMany { limit: 2 })));
    // One that is revoked or has expired makes room.
    assert!(revoke(&world, &second.record.id, None).await.unwrap());
    try_key(&world, alice.clone(), "email", 1).await.unwrap();
    world.advance(DAY);
    try_key(&world, alice, "email", 1).await.unwrap();
}

#[tokio::test]
async fn s270_a_key_ends_with_its_revocation_its_time_and_its_owner() {
    let world = World::new().await;
    let (alice, bob) = (person(&world, "alice").await, person(&world, "bob").await);
    let (revoked, first) = key(&world, alice.clone(), "email").await;
    let (_, second) = key(&world, alice.clone(), "email").await;
    let (_, of_bob) = key(&world, bob.clone(), "email").await;
    for key in [&first, &second, &of_bob] {
        assert_eq!(world.introspect(key).await["active"], true);
    }
    // S272: not by another person.
    assert!(!revoke(&world, &revoked, Some(bob.id())).await.unwrap());
    assert_eq!(world.introspect(&first).await["active"], true);
    assert!(revoke(&world, &revoked, Some(alice.id())).await.unwrap());
    assert!(!revoke(&world, &revoked, Some(alice.id())).await.unwrap());
    assert_eq!(world.introspect(&first).await, inactive());
    assert_eq!(world.introspect(&second).await["active"], true);
    world.disable_user("alice").await;
    assert_eq!(world.introspect(&second).await, inactive());
    world
        .app
        .identity
        .set_disabled(alice.id(), false, &portcullis::identity::Origin::new([127, 0, 0, 1].into(), "operator", ""))
        .await
        .unwrap();
    assert_eq!(world.introspect(&second).await["active"], true, "it was never revoked");
    // A new password ends what is signed in; keys have their own list.
    let user = world.app.identity.find_user("bob").await.unwrap().unwrap();
    world
        .app
        .identity
        .set_password(
            &user,
            &"another long password".into(),
            &portcullis::identity::Origin::new([127, 0, 0, 1].into(), "operator", ""),
        )
        .await
        .unwrap();
    world.follow().await;
    assert_eq!(world.introspect(&of_bob).await["active"], true);
    world.advance(90 * DAY);
    assert_eq!(world.introspect(&of_bob).await, inactive());
}

#[tokio::test]
async fn what_ends_at_one_instance_has_ended_at_the_other_with_its_next_look() {
    let one = World::new().await;
    let Some(two) = one.beside() else { return };
    let alice = person(&one, "alice").await;
    let (id, first) = key(&one, alice.clone(), "email").await;
    let (_, second) = key(&one, alice, "email").await;
    for key in [&first, &second] {
        assert_eq!(two.introspect(key).await["active"], true);
    }
    assert!(revoke(&one, &id, None).await.unwrap());
    two.follow().await;
    assert_eq!(two.introspect(&first).await, inactive());
    one.disable_user("alice").await;
    two.follow().await;
    assert_eq!(two.introspect(&second).await, inactive());
}

#[tokio::test]
async fn the_last_use_is_noted_and_written_together_later() {
    let world = World::new().await;
    let (id, key) = key(&world, person(&world, "alice").await, "email").await;
    world.introspect(&key).await;
    world.advance(5);
    world.introspect(&key).await;
    world.app.oauth.write_api_key_uses().await.unwrap();
    let now = world.app.oauth.now().millis();
    assert_eq!(world.rows("api_keys", &format!("id = '{id}' AND last_used_at = {now}")).await, 1);
    // Nothing is written without a use, and no earlier use goes before a later one.
    world.advance(60);
    world.app.oauth.write_api_key_uses().await.unwrap();
    assert_eq!(world.rows("api_keys", &format!("last_used_at = {now}")).await, 1);
}

#[tokio::test]
async fn a_leaked_key_is_revoked_by_the_resource_server_that_found_it_or_by_its_service() {
    let world = World::new().await;
    let (_, of_alice) = key(&world, person(&world, "alice").await, "email").await;
    let (_, of_service) = key(&world, Owner::Client(CS.to_owned()), "api:read").await;
    for stranger in [C1, CP] {
        for key in [&of_alice, &of_service] {
            assert_eq!(world.as_client("/oauth2/revoke", stranger, &[("token", key)]).await.status, 200);
            assert_eq!(world.introspect(key).await["active"], true, "{stranger}");
        }
    }
    assert_eq!(world.as_client("/oauth2/revoke", CS, &[("token", &of_service)]).await.status, 200);
    let hinted = [("token", of_alice.as_str()), ("token_type_hint", "api_key")];
    assert_eq!(world.as_client("/oauth2/revoke", RS, &hinted).await.status, 200);
    for key in [&of_alice, &of_service] {
        assert_eq!(world.introspect(key).await, inactive());
        assert_eq!(world.as_client("/oauth2/revoke", RS, &[("token", key)]).await.status, 200);
    }
    assert_eq!(world.rows("api_keys", "revoked_at IS NOT NULL").await, 2);
}

#[tokio::test]
async fn switched_off_no_key_is_made_or_accepted_and_exchange_is_not_offered() {
    let world = World::with("api_keys.enabled = false").await;
    let refused = try_key(&world, person(&world, "alice").await, "email", 1).await.unwrap_err();
    assert!(matches!(refused, ApiKeyError::Off));
    let document = world.get("/.well-known/openid-configuration").await.ok();
    assert!(!document["grant_types_supported"].to_string().contains("token-exchange"));
    let grant = [("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")];
    assert_eq!(world.token(C1, &grant).await.error(), "unsupported_grant_type");
}
