use crate::common::*;

const ASK: &str = r#"{"userinfo": {"email": {"essential": true}}, "id_token": {"name": null}}"#;

#[tokio::test]
async fn single_claims_are_released_after_the_person_has_seen_what_they_tell() {
    let world = World::new().await;
    let browser = world.browser();
    let url = |claims: &str, prompt: &str| world.authorize_url(C1, "openid", &[("claims", claims), ("prompt", prompt)]);
    world.code(&browser, C1, "openid").await;
    // What was allowed so far does not cover them.
    let silent = browser.open(&url(ASK, "none")).await;
    assert_eq!(silent.param("error").as_deref(), Some("consent_required"));
    let page = browser.open(&url(ASK, "")).await;
    assert!(page.answer.body.contains("See your e-mail address"), "{}", page.answer.body);
    assert!(page.answer.body.contains("See your name"));
    assert!(!page.answer.body.contains("phone number"));
    let end = world.answer_pages(&browser, page, "alice").await;
    let tokens = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["name"], "alice");
    let userinfo = world.userinfo(tokens["access_token"].as_str().unwrap()).await.ok();
    assert_eq!(userinfo["email"], "alice@example.test");
    assert!(userinfo.get("name").is_none() && userinfo.get("phone_number").is_none());
    assert!(browser.open(&url(ASK, "none")).await.param("code").is_some(), "and it is remembered");
}

#[tokio::test]
async fn claims_beyond_the_scopes_a_client_may_have_are_not_released() {
    let world = World::new().await;
    world.change_client(C1, |metadata| metadata["scope"] = "openid".into()).await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[("claims", ASK)])).await;
    let end = world.answer_pages(&browser, page, "alice").await;
    let tokens = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    assert!(claims(tokens["id_token"].as_str().unwrap()).get("name").is_none());
    let userinfo = world.userinfo(tokens["access_token"].as_str().unwrap()).await.ok();
    assert_eq!(userinfo.as_object().unwrap().len(), 1, "{userinfo}");
}

#[tokio::test]
async fn a_claim_asked_for_with_a_value_is_told_if_it_has_that_one_and_to_have_another_is_no_error() {
    let world = World::new().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid email").await;
    for (claim, told) in [
        (r#"{"value": "alice@example.test"}"#, true),
        (r#"{"values": ["x@example.test", "alice@example.test"]}"#, true),
        (r#"{"value": "x@example.test"}"#, false),
        (r#"{"value": "x@example.test", "essential": true}"#, false),
        (r#"{"values": ["x@example.test", 7, true]}"#, false),
    ] {
        let asked = format!(r#"{{"userinfo": {{"email": {claim}}}, "id_token": {{"email": {claim}}}}}"#);
        let answer = browser.get(&world.authorize_url(C1, "openid", &[("claims", &asked)])).await;
        let tokens = world.redeem(C1, &answer.redirect_param("code").unwrap()).await.ok();
        let access = tokens["access_token"].as_str().unwrap();
        for source in [claims(tokens["id_token"].as_str().unwrap()), world.userinfo(access).await.ok()] {
            assert_eq!(source.get("email").is_some(), told, "{claim}: {source}");
        }
        assert!(!claims(access).to_string().contains("x@example.test"), "resource servers read the token");
        let refreshed = world.refresh(C1, tokens["refresh_token"].as_str().unwrap()).await.ok();
        assert_eq!(claims(refreshed["id_token"].as_str().unwrap()).get("email").is_some(), told, "{claim}");
        // The scope asks for it whatever it is.
        let answer = browser.get(&world.authorize_url(C1, "openid email", &[("claims", &asked)])).await;
        let tokens = world.redeem(C1, &answer.redirect_param("code").unwrap()).await.ok();
        let userinfo = world.userinfo(tokens["access_token"].as_str().unwrap()).await.ok();
        assert_eq!(userinfo["email"], "alice@example.test");
    }
}

#[tokio::test]
async fn a_request_for_one_of_several_people_is_answered_for_those_alone() {
    let world = World::new().await;
    let browser = world.browser();
    let id_token = world.redeem(C1, &world.code(&browser, C1, "openid").await).await.ok()["id_token"].clone();
    let alice = claims(id_token.as_str().unwrap())["sub"].as_str().unwrap().to_owned();
    let asked = async |sub: &str, hint: Option<&str>| {
        let asked = format!(r#"{{"id_token": {{"sub": {sub}}}}}"#);
        let mut changes = vec![("prompt", "none"), ("claims", asked.as_str())];
        changes.extend(hint.map(|hint| ("id_token_hint", hint)));
        browser.get(&world.authorize_url(C1, "openid", &changes)).await.redirect_param("error")
    };
    let several = format!(r#"{{"values": ["somebody", "{alice}"]}}"#);
    assert_eq!(asked(&several, None).await, None);
    assert_eq!(asked(&several, id_token.as_str()).await, None);
    let login_required = Some("login_required".to_owned());
    for others in [r#"{"values": ["somebody", "nobody"]}"#, r#"{"value": "nobody", "essential": true}"#] {
        assert_eq!(asked(others, None).await, login_required, "{others}");
        assert_eq!(asked(others, id_token.as_str()).await.as_deref(), Some("invalid_request"), "the hint contradicts");
    }
    assert_eq!(asked(r#"{"value": 7}"#, None).await.as_deref(), Some("invalid_request"));
    // Whoever signs in must be one of them.
    let url =
        world.authorize_url(C1, "openid", &[("claims", r#"{"id_token": {"sub": {"values": ["nobody", "no"]}}}"#)]);
    let page = browser.open(&url).await;
    assert!(page.has("#password"));
    let end = world.answer_pages(&browser, page, "alice").await;
    assert_eq!(end.param("error"), login_required);
    assert_eq!(end.param("code"), None);
}
