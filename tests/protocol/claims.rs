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
