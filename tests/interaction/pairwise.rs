//! Pairwise subjects (OpenID Connect Core §8.1).

use serde_json::{Value, json};

use crate::common::*;

async fn pairwise(world: &World, client_id: &str) {
    world.change_client(client_id, |metadata| metadata["subject_type"] = json!("pairwise")).await;
}

fn sub(jwt: &Value) -> String {
    claims(jwt.as_str().unwrap())["sub"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn clients_of_different_sectors_know_a_person_by_different_names_and_the_users_id_is_nowhere() {
    let world = World::new().await;
    let alice = world.app.identity.find_user("alice").await.unwrap().unwrap().id;
    for client_id in [C1, C2, C3] {
        pairwise(&world, client_id).await;
    }
    let mut subs = Vec::new();
    for client_id in [C1, C2, C3] {
        let tokens = world.sign_in(client_id, "openid email offline_access").await;
        let known_as = sub(&tokens["id_token"]);
        let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
        assert_eq!(sub(&tokens["access_token"]), known_as);
        let userinfo = world.userinfo(access).await.ok();
        assert_eq!(
            (userinfo["sub"].as_str(), userinfo["email"].as_str()),
            (Some(&*known_as), Some("alice@example.test"))
        );
        assert_eq!(world.introspect(access).await["sub"], known_as);
        assert_eq!(world.as_client("/oauth2/introspect", client_id, &[("token", refresh)]).await.ok()["sub"], known_as);
        let refreshed = world.refresh(client_id, refresh).await.ok();
        assert_eq!(sub(&refreshed["id_token"]), known_as);
        for jwt in ["access_token", "id_token"] {
            assert!(!claims(tokens[jwt].as_str().unwrap()).to_string().contains(&alice), "{jwt}");
        }
        subs.push(known_as);
    }
    assert_ne!(subs[0], subs[1], "https://app.test and https://other.test");
    assert_eq!(subs[0], subs[2], "one sector");
    assert_ne!(sub(&world.sign_in(CT, "openid").await["id_token"]), subs[0]);
}

#[tokio::test]
async fn a_pairwise_subject_stays_when_the_client_changes_and_works_for_opaque_tokens() {
    let world = World::new().await;
    pairwise(&world, CO).await;
    let first = sub(&world.sign_in(CO, "openid").await["id_token"]);
    world
        .change_client(CO, |metadata| {
            metadata["client_name"] = json!("New name");
            metadata["redirect_uris"] = json!([REDIRECT_URI, "https://new.test/cb"]);
            metadata["sector_identifier_uri"] = json!("https://app.test/sector.json");
            metadata["id_token_signed_response_alg"] = json!("RS256");
        })
        .await;
    let tokens = world.sign_in(CO, "openid").await;
    assert_eq!(sub(&tokens["id_token"]), first);
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(world.userinfo(access).await.ok()["sub"], first);
    assert_eq!(world.introspect(access).await["sub"], first);
}

#[tokio::test]
async fn what_ends_for_the_user_ends_for_pairwise_tokens_too() {
    let world = World::new().await;
    pairwise(&world, C1).await;
    let tokens = world.sign_in(C1, "openid offline_access").await;
    let access = tokens["access_token"].as_str().unwrap();
    assert!(world.is_live(access).await);
    world.disable_user("alice").await;
    assert!(!world.is_live(access).await);
    assert_eq!(world.refresh(C1, tokens["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
}

#[tokio::test]
async fn hints_and_claims_name_a_person_by_the_pairwise_subject() {
    let world = World::new().await;
    pairwise(&world, C1).await;
    let browser = world.browser();
    let code = world.code(&browser, C1, "openid").await;
    let id_token = world.redeem(C1, &code).await.ok()["id_token"].clone();
    let of_bob = {
        let browser = world.browser();
        let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
        let end = world.answer_pages(&browser, page, "bob").await;
        world.redeem(C1, &end.param("code").unwrap()).await.ok()["id_token"].clone()
    };
    let asked = async |name: &str, value: &str| {
        let url = world.authorize_url(C1, "openid", &[("prompt", "none"), (name, value)]);
        browser.get(&url).await.redirect_param("error")
    };
    assert_eq!(asked("id_token_hint", id_token.as_str().unwrap()).await, None);
    assert_eq!(asked("id_token_hint", of_bob.as_str().unwrap()).await.as_deref(), Some("login_required"));
    let named = |sub: &str| json!({ "id_token": { "sub": { "value": sub } } }).to_string();
    assert_eq!(asked("claims", &named(&sub(&id_token))).await, None);
    let alice = world.app.identity.find_user("alice").await.unwrap().unwrap().id;
    assert_eq!(asked("claims", &named(&alice)).await.as_deref(), Some("login_required"));
    // Signing out by the hint, without a question.
    let url = world.url(&format!("/logout?id_token_hint={}", id_token.as_str().unwrap()));
    assert!(!browser.open(&url).await.has("form[method=post]"));
    assert_eq!(asked("scope", "openid").await.as_deref(), Some("login_required"));
}
