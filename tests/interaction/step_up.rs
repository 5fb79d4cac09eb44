//! When a client, a request or the server wants a second factor.

use crate::common::*;

const MFA: &str = "urn:portcullis:acr:mfa";

async fn signed_in(world: &World) -> Browser {
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    browser
}

/// Two browsers of alice: one where only the password was asked for, and the app that she set up in the other since.
async fn with_app_set_up_elsewhere(world: &World) -> (Browser, Authenticator) {
    let first = signed_in(world).await;
    let app = world.set_up_app(&signed_in(world).await).await;
    (first, app)
}

async fn acr_of(world: &World, client_id: &str, page: &Page) -> serde_json::Value {
    let code = page.param("code").unwrap_or_else(|| panic!("{}: {}", page.url, page.answer.body));
    let tokens = world.redeem(client_id, &code).await.ok();
    claims(tokens["id_token"].as_str().unwrap())
}

#[tokio::test]
async fn a_wished_for_class_asks_for_the_second_factor_alone_and_leaves_auth_time() {
    let world = World::new().await;
    let (browser, app) = with_app_set_up_elsewhere(&world).await;
    let before = acr_of(&world, C1, &browser.open(&world.authorize_url(C1, "openid", &[])).await).await;
    assert_eq!(before["acr"], "urn:portcullis:acr:1fa");
    let page = browser.open(&world.authorize_url(C1, "openid", &[("acr_values", MFA)])).await;
    assert!(page.has("#code") && !page.has("#password"), "{}: {}", page.url, page.answer.body);
    assert_eq!(browser.submit(&page, &[("code", "000000")]).await.answer.status, 422);
    let cookie = browser.cookie("session").unwrap();
    let after = acr_of(&world, C1, &browser.submit(&page, &[("code", &world.next_code(&app))]).await).await;
    assert_eq!(after["acr"], MFA);
    assert_eq!(after["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
    assert_eq!((&after["auth_time"], &after["sid"]), (&before["auth_time"], &before["sid"]));
    assert_ne!(browser.cookie("session").unwrap(), cookie, "a new secret at the rise");
    // Once is enough.
    let again = browser.get(&world.authorize_url(C1, "openid", &[("acr_values", MFA), ("prompt", "none")])).await;
    assert!(again.redirect_param("code").is_some());
}

#[tokio::test]
async fn who_has_no_second_factor_goes_on_without_where_it_is_only_wished_for() {
    let world = World::new().await;
    let browser = signed_in(&world).await;
    let page = browser.open(&world.authorize_url(C1, "openid", &[("acr_values", MFA)])).await;
    assert_eq!(acr_of(&world, C1, &page).await["acr"], "urn:portcullis:acr:1fa");
}

#[tokio::test]
async fn an_essential_class_out_of_reach_is_an_error_and_in_reach_is_asked_for() {
    let world = World::new().await;
    let browser = signed_in(&world).await;
    let essential = format!(r#"{{"id_token": {{"acr": {{"essential": true, "values": ["{MFA}"]}}}}}}"#);
    let url = world.authorize_url(C1, "openid", &[("claims", &essential)]);
    let refused = browser.open(&url).await;
    assert_eq!(refused.param("error").as_deref(), Some("unmet_authentication_requirements"));
    let app = world.set_up_app(&signed_in(&world).await).await;
    let silent = browser.get(&world.authorize_url(C1, "openid", &[("claims", &essential), ("prompt", "none")])).await;
    assert_eq!(silent.redirect_param("error").as_deref(), Some("interaction_required"));
    let page = browser.open(&url).await;
    let end = browser.submit(&page, &[("code", &world.next_code(&app))]).await;
    assert_eq!(acr_of(&world, C1, &end).await["acr"], MFA);
}

#[tokio::test]
async fn a_first_factor_of_long_ago_is_asked_for_again_with_the_second() {
    let world = World::new().await;
    let (browser, app) = with_app_set_up_elsewhere(&world).await;
    world.advance(601);
    let page = browser.open(&world.authorize_url(C1, "openid", &[("acr_values", MFA)])).await;
    assert!(page.has("#password"), "{}", page.url);
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    let end = browser.submit(&page, &[("code", &world.next_code(&app))]).await;
    assert_eq!(acr_of(&world, C1, &end).await["acr"], MFA);
}

#[tokio::test]
async fn a_client_that_wants_a_second_factor_has_it_set_up_on_the_way() {
    let world = World::new().await;
    world.change_client(C1, |metadata| metadata["require_mfa"] = true.into()).await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(page.has("#required") && page.has("#set-up"), "{}: {}", page.url, page.answer.body);
    let silent = browser.get(&world.authorize_url(C1, "openid", &[("prompt", "none")])).await;
    assert_eq!(silent.redirect_param("error").as_deref(), Some("interaction_required"));
    let page = browser.submit(&page, &[("action", "set-up")]).await;
    let totp = app_of(&page);
    let codes = browser.submit(&page, &[("code", &world.code_of(&totp))]).await;
    let onward = codes.attr("#kept", "href").unwrap();
    let consent = browser.open(codes.url.join(&onward).unwrap().as_str()).await;
    let end = browser.submit(&consent, &[("decision", "allow")]).await;
    assert_eq!(acr_of(&world, C1, &end).await["acr"], MFA);
}

#[tokio::test]
async fn userinfo_wants_the_second_factor_that_the_client_has_come_to_want() {
    let world = World::new().await;
    let tokens = world.sign_in(C1, "openid").await;
    let token = tokens["access_token"].as_str().unwrap();
    assert!(world.userinfo(token).await.status.is_success());
    world.change_client(C1, |metadata| metadata["require_mfa"] = true.into()).await;
    let refused = world.userinfo(token).await;
    assert_eq!(refused.status, 401);
    let challenge = refused.header("www-authenticate");
    assert!(challenge.contains(r#"error="insufficient_user_authentication""#), "{challenge}");
    assert!(challenge.contains(&format!(r#"acr_values="{MFA} urn:portcullis:acr:phr""#)), "{challenge}");
}

#[tokio::test]
async fn a_client_that_has_come_to_want_a_second_factor_is_given_nothing_for_less() {
    let world = World::new().await;
    let browser = signed_in(&world).await;
    let tokens = world.redeem(C1, &world.code(&browser, C1, "openid offline_access").await).await.ok();
    let code = world.code(&browser, C1, "openid").await;
    world.change_client(C1, |metadata| metadata["require_mfa"] = true.into()).await;
    assert_eq!(world.redeem(C1, &code).await.error(), "invalid_grant");
    assert_eq!(world.refresh(C1, tokens["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
    let other = world.redeem(C2, &world.code(&browser, C2, "openid").await).await;
    assert!(other.ok()["access_token"].is_string(), "other clients go on");
}

#[tokio::test]
async fn a_client_that_accepts_less_is_told_what_it_wants_of_everybody() {
    let world = World::new().await;
    world.change_client(C1, |metadata| metadata["require_mfa"] = true.into()).await;
    let browser = world.browser();
    let page = browser.open(&world.url("/login?next=/account")).await;
    browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    world.set_up_app(&browser).await;
    let little = r#"{"id_token": {"acr": {"essential": true, "values": ["urn:portcullis:acr:1fa"]}}}"#;
    let page = browser.open(&world.authorize_url(C1, "openid", &[("claims", little)])).await;
    let page = browser.submit(&page, &[("decision", "allow")]).await;
    let tokens = world.redeem(C1, &page.param("code").unwrap()).await.ok();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["acr"], MFA);
    assert!(world.userinfo(tokens["access_token"].as_str().unwrap()).await.status.is_success());
}

#[tokio::test]
async fn a_server_that_wants_a_second_factor_of_all_opens_no_account_without() {
    let world = World::with("sign_in.require_mfa = \"all\"\n[mail]\ndevelopment = true\n").await;
    let browser = world.browser();
    let page = browser.open(&world.url("/login?next=/account")).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(page.has("#required"), "{}", page.url);
    let pages = [
        "",
        "/profile",
        "/email",
        "/password",
        "/sessions",
        "/apps",
        "/api-keys",
        "/api-keys/new",
        "/activity",
        "/data",
        "/delete",
    ];
    for name in pages {
        let path = format!("/account{name}");
        let page = browser.open(&world.url(&path)).await;
        assert_eq!(page.url.path(), "/account/two-step", "{path}");
        assert!(page.has("#required"));
        assert_eq!(page.param("next").as_deref(), Some(path.as_str()));
    }
    assert_eq!(
        browser.open(&world.url("/account/passkeys")).await.url.path(),
        "/account/passkeys",
        "a way to have one"
    );
    let app = world.set_up_app(&browser).await;
    assert_eq!(browser.open(&world.url("/account/email")).await.url.path(), "/account/email");

    // A browser where the password alone was asked for, before there was a factor, removes none.
    let elsewhere = world.browser();
    let page = elsewhere.open(&world.url("/login?next=/account/two-step")).await;
    let page = elsewhere.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(page.has("#code"), "{}", page.url);
    let page = elsewhere.submit(&page, &[("code", &world.next_code(&app))]).await;
    assert_eq!(page.url.path(), "/account/two-step");
}

#[tokio::test]
async fn a_server_that_wants_a_second_factor_of_all_leads_to_setting_one_up() {
    let world = World::with("sign_in.require_mfa = \"all\"").await;
    let browser = world.browser();
    let page = browser.open(&world.url("/login?next=/device?user_code=BCDF")).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(page.has("#required"), "{}", page.url);
    let page = browser.submit(&page, &[("action", "set-up")]).await;
    let totp = app_of(&page);
    let codes = browser.submit(&page, &[("code", &world.code_of(&totp))]).await;
    assert_eq!(codes.attr("#kept", "href").as_deref(), Some("/device?user_code=BCDF"));
}

#[tokio::test]
async fn a_device_is_let_in_by_nobody_less_known_than_its_client_wants() {
    let world = World::new().await;
    world.change_client(CD, |metadata| metadata["require_mfa"] = true.into()).await;
    let (browser, app) = with_app_set_up_elsewhere(&world).await;
    let device = world.as_client("/oauth2/device", CD, &[("scope", "openid")]).await.ok();
    let page = browser.open(device["verification_uri_complete"].as_str().unwrap()).await;
    assert!(page.has("#code") && page.has("#verify"), "{}: {}", page.url, page.answer.body);
    let page = browser.submit(&page, &[("code", &world.next_code(&app))]).await;
    assert!(page.has("#allow"), "{}: {}", page.url, page.answer.body);
    let done = browser.submit(&page, &[("decision", "allow")]).await;
    assert_eq!(done.answer.status, 200);
    assert_eq!(world.rows("device_authorizations", "status = 'approved'").await, 1);
}

#[tokio::test]
async fn who_gives_up_a_class_that_was_only_wished_for_goes_on_without_it() {
    let world = World::new().await;
    let (browser, _) = with_app_set_up_elsewhere(&world).await;
    let page = browser.open(&world.authorize_url(C1, "openid", &[("acr_values", MFA)])).await;
    let end = browser.submit(&page, &[("cancel", "1")]).await;
    assert_eq!(acr_of(&world, C1, &end).await["acr"], "urn:portcullis:acr:1fa");
    // Of long ago: at the first page of the sign-in too.
    world.advance(601);
    let page = browser.open(&world.authorize_url(C1, "openid", &[("acr_values", MFA)])).await;
    assert!(page.has("#password"));
    let end = browser.submit(&page, &[("cancel", "1")]).await;
    assert_eq!(acr_of(&world, C1, &end).await["acr"], "urn:portcullis:acr:1fa");
    // Not what the client must have, nor a sign-in that it asks for.
    let essential = format!(r#"{{"id_token": {{"acr": {{"essential": true, "values": ["{MFA}"]}}}}}}"#);
    for params in [[("claims", essential.as_str())], [("prompt", "login")]] {
        let page = browser.open(&world.authorize_url(C1, "openid", &params)).await;
        let end = browser.submit(&page, &[("cancel", "1")]).await;
        assert_eq!(end.param("error").as_deref(), Some("access_denied"), "{params:?}");
    }
}
