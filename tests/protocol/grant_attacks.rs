//! Attacks on grants: other people's codes and tokens, too much scope, too many at once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::*;

#[tokio::test]
async fn s036_a_stolen_code_is_worth_nothing_with_the_thiefs_own_verifier() {
    let world = World::new().await;
    // The thief began a request of their own at the same client, and knows its verifier.
    let stolen = world.code(&world.browser(), CP, "openid").await;
    let thiefs_verifier = "t".repeat(43);
    assert_eq!(world.redeem_with(CP, &stolen, &thiefs_verifier).await.error(), "invalid_grant");
    assert_eq!(world.rows("refresh_families", "TRUE").await, 0);
    assert_eq!(world.redeem(CP, &stolen).await.error(), "invalid_grant", "and it is burnt");
}

#[tokio::test]
async fn s053_every_answer_names_its_issuer_whatever_its_mode() {
    let world = World::new().await;
    let browser = world.browser();
    let refused = browser.get(&world.authorize_url(C1, "openid", &[("prompt", "none")])).await;
    assert_eq!(refused.redirect_param("iss").as_deref(), Some(world.issuer.as_str()));
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let end = world.answer_pages(&browser, page, "alice").await;
    assert_eq!(end.param("iss").as_deref(), Some(world.issuer.as_str()));
    let posted = browser.open(&world.authorize_url(C1, "openid", &[("response_mode", "form_post")])).await;
    assert_eq!(posted.attr("input[name=iss]", "value").as_deref(), Some(world.issuer.as_str()));
    let document = world.get("/.well-known/openid-configuration").await.ok();
    assert_eq!(document["issuer"], world.issuer.as_str());
}

#[tokio::test]
async fn s060_s066_scope_beyond_the_clients_own_is_left_out_and_never_in_a_token() {
    let world = World::new().await;
    let tokens = world.sign_in(C1, "openid  openid email admin root").await;
    let words: BTreeSet<&str> = tokens["scope"].as_str().unwrap().split(' ').collect();
    assert_eq!(words, BTreeSet::from(["openid", "email"]));
    assert_eq!(claims(tokens["access_token"].as_str().unwrap())["scope"], tokens["scope"]);
    let browser = world.browser();
    let many = (0..10_000).map(|number| format!("s{number}")).collect::<Vec<_>>().join(" ");
    for hostile in ["openid\temail", "openid \"", "openid \\", "openid é", many.as_str()] {
        let answer = browser.get(&world.authorize_url(C1, hostile, &[])).await;
        let error = if answer.status.is_redirection() { answer.redirect_param("error") } else { None };
        assert!(answer.status.is_client_error() || error.is_some(), "{hostile:.20}: {}", answer.status);
        assert!(!answer.status.is_server_error());
    }
}

#[tokio::test]
async fn s065_more_than_was_allowed_needs_a_new_consent() {
    let world = World::new().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid profile").await;
    let wider = world.authorize_url(C1, "openid profile email", &[("prompt", "none")]);
    let answer = browser.get(&wider).await;
    assert_eq!(answer.redirect_param("error").as_deref(), Some("consent_required"));
    assert_eq!(answer.redirect_param("state").as_deref(), Some("st-8&="));
    let same = world.authorize_url(C1, "profile openid", &[("prompt", "none")]);
    assert!(browser.get(&same).await.redirect_param("code").is_some());
}

#[tokio::test]
async fn s076_the_victims_late_refresh_ends_what_the_thief_has() {
    let world = World::new().await;
    let stolen = world.sign_in(CP, "openid offline_access").await["refresh_token"].as_str().unwrap().to_owned();
    let thiefs = world.refresh(CP, &stolen).await.ok();
    world.advance(30);
    assert_eq!(world.refresh(CP, &stolen).await.error(), "invalid_grant");
    assert_eq!(world.refresh(CP, thiefs["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
    assert!(!world.is_live(thiefs["access_token"].as_str().unwrap()).await);
    assert_eq!(world.audited("refresh_reuse").await, 1);
}

#[tokio::test]
async fn s078_a_refresh_without_the_clients_secret_consumes_nothing() {
    let world = World::new().await;
    let token = world.sign_in(C1, "openid offline_access").await["refresh_token"].as_str().unwrap().to_owned();
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str()), ("client_id", C1)];
    let without = Answer::read(world.http.post(world.url("/oauth2/token")).form(&form).send().await.unwrap()).await;
    let wrong =
        world.http.post(world.url("/oauth2/token")).header("Authorization", basic(C1, "wrong")).form(&form[..2]);
    let wrong = Answer::read(wrong.send().await.unwrap()).await;
    for answer in [without, wrong] {
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (401, "invalid_client"));
    }
    assert_eq!(world.rows("refresh_families", "generation = 1 AND revoked_at IS NULL").await, 1);
    world.refresh(C1, &token).await.ok();
}

#[tokio::test]
async fn s102_what_one_may_not_see_is_inactive_and_nothing_more() {
    let world = World::new().await;
    let tokens = world.sign_in(C1, "openid offline_access").await;
    let inactive = json!({ "active": false });
    for token in ["access_token", "refresh_token", "id_token"].map(|kind| tokens[kind].as_str().unwrap()) {
        assert_eq!(world.as_client("/oauth2/introspect", C2, &[("token", token)]).await.ok(), inactive);
    }
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(world.as_client("/oauth2/introspect", C1, &[("token", access)]).await.ok()["active"], true);
    world.advance(901);
    assert_eq!(world.introspect(access).await, inactive);
    assert_eq!(world.introspect("never-was").await, inactive);
}

#[tokio::test]
async fn s138_after_a_sign_out_the_cookie_is_nobodys_and_its_sid_never_comes_back() {
    let world = World::new().await;
    let browser = world.browser();
    let sid = |tokens: &Value| claims(tokens["id_token"].as_str().unwrap())["sid"].clone();
    let code = world.code(&browser, C1, "openid").await;
    let first = sid(&world.redeem(C1, &code).await.ok());
    let old = browser.cookies.lock().unwrap().clone();
    let page = browser.open(&world.url("/logout")).await;
    browser.submit(&page, &[("decision", "logout")]).await;
    let thief = world.browser();
    thief.cookies.lock().unwrap().extend(old);
    let silent = world.authorize_url(C1, "openid", &[("prompt", "none")]);
    assert_eq!(thief.get(&silent).await.redirect_param("error").as_deref(), Some("login_required"));
    let code = world.code(&browser, C1, "openid").await;
    assert_ne!(sid(&world.redeem(C1, &code).await.ok()), first);
}

#[tokio::test]
async fn s163_the_session_cookie_is_for_this_host_and_no_script() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.url("/login")).await;
    let (_, answer) = browser.post_form(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    let cookies = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    let line = cookies.into_iter().find(|line| line.contains("session=")).unwrap();
    // Plain http on loopback: no prefix and no Secure, which tests/interaction and `web::interaction::cookies` show for https.
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.contains("Domain"));
    let value = line.split(['=', ';']).nth(1).unwrap();
    assert!(value.len() >= 22 + "pc_st_".len(), "128 bits at the least");
}

#[tokio::test]
async fn s145_s146_a_device_code_is_its_clients_alone_and_gives_tokens_once() {
    let world = World::new().await;
    let confidential = world.as_client("/oauth2/device", C1, &[("scope", "openid")]).await.ok();
    let code = confidential["device_code"].as_str().unwrap();
    let poll = [("grant_type", DEVICE_CODE), ("device_code", code)];
    assert_eq!(world.token(C2, &poll).await.error(), "invalid_grant");
    let form = [poll[0], poll[1], ("client_id", C1)];
    let bare = Answer::read(world.http.post(world.url("/oauth2/token")).form(&form).send().await.unwrap()).await;
    assert_eq!((bare.status.as_u16(), bare.error().as_str()), (401, "invalid_client"));
    assert_eq!(world.token(C1, &poll).await.error(), "authorization_pending", "it stays pending");

    let browser = world.browser();
    let page = browser.open(&world.url("/device")).await;
    let page = browser.submit(&page, &[("user_code", confidential["user_code"].as_str().unwrap())]).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    browser.submit(&page, &[("decision", "allow")]).await;
    world.advance(60);
    let answers = futures_util::future::join_all((0..20).map(|_| world.token(C1, &poll))).await;
    let given = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(given, 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert!(["invalid_grant", "slow_down"].contains(&answer.error().as_str()));
    }
    world.advance(60);
    assert_eq!(world.token(C1, &poll).await.error(), "invalid_grant");
}

#[tokio::test]
async fn s150_a_code_challenge_on_a_device_request_is_refused_and_not_dropped() {
    let world = World::new().await;
    let challenge = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    assert_eq!(world.as_client("/oauth2/device", CD, &challenge).await.error(), "invalid_request");
    assert_eq!(world.rows("device_authorizations", "TRUE").await, 0);
}
