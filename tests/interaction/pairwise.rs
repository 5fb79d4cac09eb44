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
    let (mut subs, browser, mut sids) = (Vec::new(), world.browser(), Vec::new());
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
        // The same browser, hence one session.
        let tokens = world.redeem(client_id, &world.code(&browser, client_id, "openid").await).await.ok();
        let [front, back] = ["id_token", "access_token"].map(|name| claims(tokens[name].as_str().unwrap()));
        assert_eq!(front["sid"], back["sid"]);
        sids.push(front["sid"].clone());
    }
    assert_eq!(sids[0], sids[2]);
    assert_ne!(sids[0], sids[1], "it would lead from one name to the other");
    assert_eq!(world.rows("sessions", &format!("id = '{}'", sids[0].as_str().unwrap())).await, 0);
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
async fn a_signed_out_session_voids_pairwise_tokens_and_is_told_by_the_sectors_own_sid() {
    let world = World::new().await;
    for client_id in [C1, C2] {
        pairwise(&world, client_id).await;
    }
    world
        .change_client(C1, |metadata| {
            metadata["frontchannel_logout_uri"] = json!("https://app.test/out");
            metadata["frontchannel_logout_session_required"] = json!(true);
        })
        .await;
    let browser = world.browser();
    let mut signed_in = Vec::new();
    for client_id in [C1, C2] {
        signed_in.push(world.redeem(client_id, &world.code(&browser, client_id, "openid").await).await.ok());
    }
    let access = |at: usize| signed_in[at]["access_token"].as_str().unwrap();
    let sid = |at: usize| claims(access(at))["sid"].as_str().unwrap().to_owned();
    let hint = signed_in[0]["id_token"].as_str().unwrap();
    let page = browser.open(&world.url(&format!("/logout?id_token_hint={hint}"))).await;
    let frames = page.attrs("iframe", "src");
    assert!(frames.len() == 1 && frames[0].contains(&format!("sid={}", sid(0))), "{frames:?}");
    for at in [0, 1] {
        assert!(!world.is_live(access(at)).await);
    }
    let list = world.as_client("/oauth2/revocations", RS, &[]).await.ok();
    let told: Vec<&str> =
        list["revocations"].as_array().unwrap().iter().map(|e| e["value"].as_str().unwrap()).collect();
    assert!(told.contains(&&*sid(0)) && told.contains(&&*sid(1)), "{list}");
}

#[tokio::test]
async fn the_end_of_a_person_names_each_token_and_no_two_names_of_the_person_together() {
    let world = World::new().await;
    for client_id in [C1, C2] {
        pairwise(&world, client_id).await;
    }
    let browser = world.browser();
    let mut tokens = Vec::new();
    for (client_id, scope) in [(C1, "openid"), (C2, "openid"), (C1, "openid offline_access"), (CT, "openid")] {
        let signed_in = world.redeem(client_id, &world.code(&browser, client_id, scope).await).await.ok();
        tokens.push(claims(signed_in["access_token"].as_str().unwrap()));
    }
    world.disable_user("alice").await;
    let list = world.as_client("/oauth2/revocations", RS, &[]).await.ok();
    let entries = list["revocations"].as_array().unwrap();
    for token in &tokens {
        let names = |entry: &&Value| token[entry["claim"].as_str().unwrap()] == entry["value"];
        assert!(entries.iter().any(|entry| names(&entry)), "{token} outlives {list}");
    }
    for pairwise in &tokens[..3] {
        assert!(entries.iter().all(|entry| entry["value"] != pairwise["sub"]), "{list}");
    }
    // Neither a number nor an exact time tells what belongs together, and the order is that of the values.
    for entry in entries {
        assert!(entry.get("seq").is_none() && entry["exp"].as_i64().unwrap() % 300 == 0);
        assert_eq!(entry.get("issued_until").is_some(), entry["claim"] == "sub", "{entry}");
    }
    let order: Vec<(&str, &str)> =
        entries.iter().map(|e| (e["claim"].as_str().unwrap(), e["value"].as_str().unwrap())).collect();
    assert!(order.is_sorted(), "{order:?}");
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
