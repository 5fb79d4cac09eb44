use crate::common::*;

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_read_alike_and_start_no_session() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let mut texts = Vec::new();
    for username in ["alice", "nobody"] {
        let again = browser.submit(&page, &[("username", username), ("password", "wrong")]).await;
        assert_eq!(again.answer.status, 422);
        assert!(again.has("[role=alert]"));
        assert_eq!(again.attr("#username", "value").as_deref(), Some(username));
        texts.push(again.answer.body.replace(username, "NAME"));
    }
    let strip = |text: &String| text.lines().filter(|line| !line.contains("csrf")).collect::<String>();
    assert_eq!(strip(&texts[0]), strip(&texts[1]));
    assert!(browser.cookie("session").is_none());
    assert_eq!(world.rows("sessions", "TRUE").await, 0);
    assert_eq!(world.audited_times("login_failed", 2).await, 2);
    // The second try with the right one goes on.
    let page = browser.submit(&page, &[("username", "Alice@Example.test"), ("password", PASSWORD)]).await;
    assert!(page.has("#allow"));
}

#[tokio::test]
async fn s166_a_form_from_elsewhere_is_refused_without_a_session() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let (action, fields) = page.form();
    let url = page.url.join(&action).unwrap().to_string();
    let good = [("username", "alice"), ("password", PASSWORD)];
    let send = |fields: Vec<(String, String)>, headers: Vec<(&'static str, &'static str)>| {
        let mut form = fields;
        form.extend(good.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut request = world.http.post(&url).form(&form);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        browser.send(request)
    };
    let without_token = fields.iter().filter(|(name, _)| name != "csrf").cloned().collect::<Vec<_>>();
    let other = world.browser().open(&world.authorize_url(C1, "openid", &[])).await.form().1;
    for (fields, headers) in [
        (without_token, vec![]),
        (other, vec![]),
        (fields.clone(), vec![("Origin", "https://evil.test")]),
        (fields.clone(), vec![("Sec-Fetch-Site", "cross-site")]),
    ] {
        let answer = send(fields, headers.clone()).await;
        assert!(answer.status == 403 || answer.status == 400, "{headers:?}: {}", answer.status);
        assert_eq!(world.rows("sessions", "TRUE").await, 0);
    }
    assert_eq!(send(fields, vec![("Origin", "null"), ("Sec-Fetch-Site", "same-origin")]).await.status, 303);
}

#[tokio::test]
async fn too_many_failures_delay_one_account_and_say_for_how_long() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let wrong = [("username", "alice"), ("password", "wrong")];
    let mut last = browser.submit(&page, &wrong).await;
    for _ in 0..8 {
        last = browser.submit(&page, &wrong).await;
    }
    assert_eq!(last.answer.status, 429);
    assert!(last.answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    // Even the right password has to wait; another account does not; time heals.
    let right = [("username", "alice"), ("password", PASSWORD)];
    assert_eq!(browser.submit(&page, &right).await.answer.status, 429);
    assert_eq!(world.rows("sessions", "TRUE").await, 0);
    let other = world.browser();
    let bob = other.open(&world.authorize_url(C1, "openid", &[])).await;
    assert!(other.submit(&bob, &[("username", "bob"), ("password", PASSWORD)]).await.has("#allow"));
    world.advance(60);
    assert!(browser.submit(&page, &right).await.has("#allow"));
}

#[tokio::test]
async fn a_new_sign_in_renews_the_cookie_and_moves_auth_time() {
    let world = World::new().await;
    let browser = world.browser();
    let first = world.redeem(C1, &world.code(&browser, C1, "openid").await).await.ok();
    let cookie = browser.cookie("session").unwrap();
    world.advance(100);
    let page = browser.open(&world.authorize_url(C1, "openid", &[("prompt", "login")])).await;
    assert!(page.has("#password"));
    let end = world.answer_pages(&browser, page, "alice").await;
    let second = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    let (first, second) = (claims(first["id_token"].as_str().unwrap()), claims(second["id_token"].as_str().unwrap()));
    assert_eq!(second["auth_time"].as_i64().unwrap() - first["auth_time"].as_i64().unwrap(), 100);
    assert_eq!(first["sid"], second["sid"]);
    assert_ne!(browser.cookie("session").unwrap(), cookie);
    // The old cookie opens nothing any more.
    let thief = world.browser();
    thief.cookies.lock().unwrap().insert("portcullis_session".to_owned(), cookie);
    let answer = thief.get(&world.authorize_url(C1, "openid", &[("prompt", "none")])).await;
    assert_eq!(answer.redirect_param("error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn s169_max_age_asks_again_when_the_login_is_older() {
    let world = World::new().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    world.advance(2);
    let none = |max_age: &'static str| world.authorize_url(C1, "openid", &[("prompt", "none"), ("max_age", max_age)]);
    assert_eq!(browser.get(&none("1")).await.redirect_param("error").as_deref(), Some("login_required"));
    assert_eq!(browser.get(&none("0")).await.redirect_param("error").as_deref(), Some("login_required"));
    assert!(browser.get(&none("10000")).await.redirect_param("code").is_some());
    for bad in ["-1", "abc", "99999999999999999999", "1.5"] {
        assert_eq!(browser.get(&none(bad)).await.redirect_param("error").as_deref(), Some("invalid_request"), "{bad}");
    }
    let page = browser.open(&world.authorize_url(C1, "openid", &[("max_age", "1")])).await;
    assert!(page.has("#password"));
    assert!(world.answer_pages(&browser, page, "alice").await.param("code").is_some());
}

#[tokio::test]
async fn a_sign_in_without_an_application_leads_to_our_own_pages_and_nowhere_else() {
    let world = World::new().await;
    for next in ["https://evil.test/", "//evil.test", "/account/../authorize", "/authorize"] {
        let browser = world.browser();
        let page = browser.open(&format!("{}?next={next}", world.url("/login"))).await;
        let (_, answer) = browser.post_form(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
        assert_eq!(answer.header("location"), "/", "{next}");
    }
    let browser = world.browser();
    let page = browser.open(&world.url("/login?next=/device?user_code=BCDF-GHJK")).await;
    let (_, answer) = browser.post_form(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(answer.header("location"), "/device?user_code=BCDF-GHJK");
}

#[tokio::test]
async fn who_signed_in_a_while_ago_is_asked_again_where_a_page_wants_it_and_keeps_the_session() {
    let world = World::new().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    let again = world.url("/login?next=/device&again=1");
    assert_eq!(browser.get(&again).await.header("location"), "/device", "just signed in");
    world.advance(601);
    assert_eq!(
        browser.get(&world.url("/login?next=/device")).await.header("location"),
        "/device",
        "signed in all the same"
    );
    let page = browser.open(&again).await;
    assert_eq!(page.attr("#username", "value").as_deref(), Some("alice"));
    let (_, answer) = browser.post_form(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(answer.header("location"), "/device");
    assert_eq!(browser.get(&again).await.header("location"), "/device");
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 1);
    assert_eq!(world.audited("login_renewed").await, 1);
}
