use crate::common::*;

#[tokio::test]
async fn a_person_signs_in_consents_and_the_client_gets_tokens() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid profile email", &[])).await;
    assert!(page.url.path().ends_with("/login"), "{}", page.url);
    assert!(page.answer.body.contains("First App"));
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(page.url.path().ends_with("/consent"), "{}", page.url);
    assert!(page.text("h1").contains("First App"));
    assert!(page.answer.body.contains("app.test"));
    let end = browser.submit(&page, &[("decision", "allow")]).await;
    assert!(end.url.as_str().starts_with(REDIRECT_URI), "{}", end.url);
    assert_eq!(end.param("state").as_deref(), Some("st-8&="));
    assert_eq!(end.param("iss").as_deref(), Some(world.issuer.as_str()));
    let body = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    let id_token = claims(body["id_token"].as_str().unwrap());
    assert_eq!(id_token["iss"], world.issuer);
    assert_eq!(id_token["aud"], C1);
    assert_eq!(id_token["nonce"], "n-0S6");
    assert_eq!(id_token["amr"], serde_json::json!(["pwd"]));
    let userinfo = world.userinfo(body["access_token"].as_str().unwrap()).await.ok();
    assert_eq!(userinfo["sub"], id_token["sub"]);
    assert_eq!(userinfo["email"], "alice@example.test");
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 1);
    assert_eq!(world.rows("consents", "scope = 'openid profile email'").await, 1);
    assert_eq!(world.rows("transactions", "completed_at IS NOT NULL").await, 1);
}

#[tokio::test]
async fn with_a_session_and_a_remembered_consent_no_page_is_shown() {
    let world = World::new().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid profile").await;
    for (scope, prompt) in [("openid", ""), ("openid profile", "none"), ("profile openid", "none")] {
        let answer = browser.get(&world.authorize_url(C1, scope, &[("prompt", prompt)])).await;
        assert!(answer.redirect_param("code").is_some(), "{scope} {prompt}: {}", answer.body);
    }
    assert_eq!(world.rows("transactions", "TRUE").await, 1, "only the first had pages");
    // More than was allowed asks again, and says so to prompt=none.
    let more = browser.get(&world.authorize_url(C1, "openid profile email", &[("prompt", "none")])).await;
    assert_eq!(more.redirect_param("error").as_deref(), Some("consent_required"));
    let page = browser.open(&world.authorize_url(C1, "openid profile email", &[])).await;
    assert!(page.has("#allow"));
    let page = browser.open(&world.authorize_url(C1, "openid", &[("prompt", "consent")])).await;
    assert!(page.has("#allow"), "prompt=consent asks again");
}

#[tokio::test]
async fn s059_prompt_none_without_a_session_is_login_required_and_changes_nothing() {
    let world = World::new().await;
    let answer = world.browser().get(&world.authorize_url(C1, "openid", &[("prompt", "none")])).await;
    assert_eq!(answer.redirect_param("error").as_deref(), Some("login_required"));
    assert_eq!(answer.redirect_param("state").as_deref(), Some("st-8&="));
    assert!(answer.headers.get("set-cookie").is_none());
    assert_eq!(world.rows("transactions", "TRUE").await, 0);
}

#[tokio::test]
async fn a_refusal_is_told_to_the_client_and_nothing_is_remembered() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    let end = browser.submit(&page, &[("decision", "deny")]).await;
    assert_eq!(end.param("error").as_deref(), Some("access_denied"));
    assert_eq!(end.param("iss").as_deref(), Some(world.issuer.as_str()));
    assert_eq!(world.rows("consents", "TRUE").await, 0);
    assert_eq!(world.rows("authorization_codes", "TRUE").await, 0);
    // Also from the sign-in page.
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let end = browser.submit(&page, &[("cancel", "1")]).await;
    assert_eq!(end.param("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn a_form_sent_twice_gets_the_same_answer() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    let allow = [("decision", "allow")];
    let cookies = browser.cookies.lock().unwrap().clone();
    let ((_, first), (_, second)) = tokio::join!(browser.post_form(&page, &allow), browser.post_form(&page, &allow));
    assert_eq!(first.redirect_param("code"), second.redirect_param("code"));
    // Sent again with the cookies of then: still the same, and one code.
    *browser.cookies.lock().unwrap() = cookies;
    let (_, third) = browser.post_form(&page, &allow).await;
    assert_eq!(third.redirect_param("code"), first.redirect_param("code"));
    assert_eq!(world.rows("authorization_codes", "TRUE").await, 1);
}

#[tokio::test]
async fn going_back_to_a_finished_transaction_shows_the_way_to_the_app() {
    let world = World::new().await;
    let browser = world.browser();
    let login = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let consent = browser.submit(&login, &[("username", "alice"), ("password", PASSWORD)]).await;
    browser.submit(&consent, &[("decision", "allow")]).await;
    for url in [&login.url, &consent.url] {
        let page = browser.open(url.as_str()).await;
        assert_eq!(page.answer.status, 400, "{url}");
        assert_eq!(page.attr("a.button", "href").as_deref(), Some("https://app.test"));
    }
    assert_eq!(world.rows("authorization_codes", "TRUE").await, 1);
}

#[tokio::test]
async fn two_tabs_do_not_disturb_each_other() {
    let world = World::new().await;
    let browser = world.browser();
    let one = browser.open(&world.authorize_url(C1, "openid", &[("state", "one")])).await;
    let two = browser.open(&world.authorize_url(C2, "openid", &[("state", "two")])).await;
    let one = world.answer_pages(&browser, one, "alice").await;
    assert_eq!(one.param("state").as_deref(), Some("one"));
    // The second tab still shows its form; the person is signed in now and need not type again.
    let two = browser.open(two.url.as_str()).await;
    assert!(two.has("#allow"));
    let two = world.answer_pages(&browser, two, "alice").await;
    assert_eq!(two.param("state").as_deref(), Some("two"));
    assert!(two.url.as_str().starts_with("https://other.test/cb"));
}

#[tokio::test]
async fn a_posted_request_is_answered_like_one_by_get() {
    let world = World::new().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    let url: url::Url = world.authorize_url(C1, "openid", &[]).parse().unwrap();
    let body = url.query().unwrap().to_owned();
    let form = ("content-type", "application/x-www-form-urlencoded");
    // From the client's site: no cookies.
    let answer = world.post_raw("/authorize", &[form], body).await;
    assert_eq!(answer.status, 303);
    for set in answer.headers.get_all("set-cookie") {
        let (name, value) = set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
        browser.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }
    let next = browser.get(&format!("{}{}", world.issuer, answer.header("location"))).await;
    assert!(next.redirect_param("code").is_some(), "{}", next.body);
}

#[tokio::test]
async fn form_post_answers_with_a_form_that_needs_no_inline_script_policy() {
    let world = World::new().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    let page = browser.open(&world.authorize_url(C1, "openid", &[("response_mode", "form_post")])).await;
    let (action, fields) = page.form();
    assert_eq!(action, REDIRECT_URI);
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    assert_eq!(field("state").as_deref(), Some("st-8&="));
    assert_eq!(field("iss").as_deref(), Some(world.issuer.as_str()));
    assert!(page.has("button, input[type=submit]"), "works without JavaScript");
    let policy = page.answer.header("content-security-policy");
    assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains("form-action 'self' https://app.test"), "{policy}");
    world.redeem(C1, &field("code").unwrap()).await.ok();
    let refused =
        browser.open(&world.authorize_url(C1, "openid", &[("response_mode", "form_post"), ("max_age", "x")])).await;
    assert!(refused.form().1.contains(&("error".to_owned(), "invalid_request".to_owned())));
}
