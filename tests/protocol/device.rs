use serde_json::Value;

use crate::common::*;

async fn begin(world: &World) -> Value {
    world.as_client("/oauth2/device", CD, &[("scope", "openid offline_access")]).await.ok()
}

async fn poll(world: &World, device: &Value) -> Answer {
    let code = device["device_code"].as_str().unwrap();
    world.token(CD, &[("grant_type", DEVICE_CODE), ("device_code", code)]).await
}

/// Signs in at the device page and decides.
async fn decide(world: &World, browser: &Browser, user_code: &str, decision: &str) -> Page {
    let page = browser.open(&world.url("/device")).await;
    let mut page = browser.submit(&page, &[("user_code", user_code)]).await;
    if page.has("#password") {
        page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    }
    assert!(page.has("#allow"), "{}", page.answer.body);
    assert!(page.answer.body.contains("Television"));
    browser.submit(&page, &[("decision", decision)]).await
}

#[tokio::test]
async fn a_device_gets_tokens_once_after_a_person_confirmed() {
    let world = World::new().await;
    let device = begin(&world).await;
    assert_eq!(device["interval"], 5);
    assert_eq!(device["verification_uri"], world.url("/device"));
    let user_code = device["user_code"].as_str().unwrap();
    assert!(device["verification_uri_complete"].as_str().unwrap().ends_with(user_code));
    assert_eq!(poll(&world, &device).await.error(), "authorization_pending");
    // Typed small, without the dash.
    let typed = user_code.to_lowercase().replace('-', " ");
    let done = decide(&world, &world.browser(), &typed, "allow").await;
    assert_eq!(done.answer.status, 200);
    world.advance(5);
    let tokens = poll(&world, &device).await.ok();
    assert!(tokens["id_token"].is_string() && tokens["refresh_token"].is_string());
    assert!(world.is_live(tokens["access_token"].as_str().unwrap()).await);
    world.advance(5);
    assert_eq!(poll(&world, &device).await.error(), "invalid_grant", "one success only");
    assert_eq!(world.audited("device_connected").await, 1);
}

#[tokio::test]
async fn s144_a_device_that_polls_too_often_is_slowed_for_good() {
    let world = World::new().await;
    let device = begin(&world).await;
    assert_eq!(poll(&world, &device).await.error(), "authorization_pending");
    world.advance(1);
    assert_eq!(poll(&world, &device).await.error(), "slow_down");
    world.advance(6);
    assert_eq!(poll(&world, &device).await.error(), "slow_down", "the interval is 10 now, and grows again");
    world.advance(15);
    assert_eq!(poll(&world, &device).await.error(), "authorization_pending");
}

#[tokio::test]
async fn s144_a_device_that_was_let_in_gets_no_tokens_either_while_it_polls_too_often() {
    let world = World::new().await;
    let (device, patient) = (begin(&world).await, begin(&world).await);
    assert_eq!(poll(&world, &device).await.error(), "authorization_pending");
    assert_eq!(poll(&world, &device).await.error(), "slow_down");
    assert_eq!(poll(&world, &patient).await.error(), "authorization_pending");
    let browser = world.browser();
    for device in [&device, &patient] {
        decide(&world, &browser, device["user_code"].as_str().unwrap(), "allow").await;
    }
    assert_eq!(poll(&world, &device).await.error(), "slow_down");
    // One that has kept to its interval need not wait for it any more.
    assert!(poll(&world, &patient).await.ok()["access_token"].is_string());
    world.advance(15);
    assert!(poll(&world, &device).await.ok()["access_token"].is_string());
}

#[tokio::test]
async fn a_device_that_asked_before_the_person_signed_out_everywhere_is_let_in_after() {
    let world = World::new().await;
    let device = begin(&world).await;
    world.advance(1);
    let browser = world.browser();
    let page = browser.open(&world.url("/login?next=/account/sessions")).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    browser.submit(&page, &[("everywhere", "1")]).await;
    world.advance(1);
    let done = decide(&world, &browser, device["user_code"].as_str().unwrap(), "allow").await;
    assert_eq!(done.answer.status, 200);
    world.advance(5);
    let tokens = poll(&world, &device).await.ok();
    assert!(world.is_live(tokens["access_token"].as_str().unwrap()).await);
}

#[tokio::test]
async fn s148_a_refused_or_expired_device_learns_it_and_its_code_reads_like_an_unknown_one() {
    let world = World::new().await;
    let browser = world.browser();
    let device = begin(&world).await;
    decide(&world, &browser, device["user_code"].as_str().unwrap(), "deny").await;
    assert_eq!(poll(&world, &device).await.error(), "access_denied");
    assert_eq!(world.audited("device_refused").await, 1, "the person finds it in their activity");
    let late = begin(&world).await;
    world.advance(601);
    assert_eq!(poll(&world, &late).await.error(), "expired_token");
    // S148
    let page = browser.open(&world.url("/device")).await;
    let codes = [device["user_code"].as_str().unwrap(), late["user_code"].as_str().unwrap(), "BCDF-GHJK", "nonsense"];
    let mut texts = Vec::new();
    for code in codes {
        let page = browser.submit(&page, &[("user_code", code)]).await;
        assert_eq!(page.answer.status, 422);
        texts.push(page.text("[role=alert]"));
    }
    assert!(texts.iter().all(|text| *text == texts[0] && !text.is_empty()), "{texts:?}");
}

#[tokio::test]
async fn guessing_user_codes_is_slowed_by_address() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.url("/login")).await;
    browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    let page = browser.open(&world.url("/device")).await;
    let mut last = browser.submit(&page, &[("user_code", "BCDF-GHJK")]).await;
    for _ in 0..8 {
        last = browser.submit(&page, &[("user_code", "BCDF-GHJK")]).await;
    }
    assert_eq!(last.answer.status, 429);
    assert!(last.answer.header("retry-after").parse::<u64>().unwrap() >= 1);
}

#[tokio::test]
async fn a_scanned_code_still_needs_the_persons_click() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.url("/login")).await;
    browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    let device = begin(&world).await;
    let page = browser.open(device["verification_uri_complete"].as_str().unwrap()).await;
    assert!(page.has("#allow"));
    assert_eq!(poll(&world, &device).await.error(), "authorization_pending", "GET decides nothing");
    browser.submit(&page, &[("decision", "allow")]).await;
    world.advance(5);
    poll(&world, &device).await.ok();
}

#[tokio::test]
async fn where_and_with_what_a_device_asks_is_said_in_words() {
    let world = World::with("places = { \"127.0.0.0/8\" = \"Lund\" }").await;
    let browser = world.browser();
    for (agent, words) in [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
        ("TV/1 <b>", "TV/1 <b>"),
    ] {
        let ask = world.http.post(world.url("/oauth2/device")).header("user-agent", agent);
        let ask = ask.form(&[("client_id", CD), ("scope", "openid")]).send().await.unwrap();
        let device = Answer::read(ask).await.ok();
        let page = browser.open(&world.url("/device")).await;
        let mut page = browser.submit(&page, &[("user_code", device["user_code"].as_str().unwrap())]).await;
        if page.has("#password") {
            page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
        }
        let facts = page.text("dl").replace(['\u{2068}', '\u{2069}'], "");
        assert!(facts.contains("Lund · 127.0.0.1") && facts.contains(words), "{facts}");
    }
}

#[tokio::test]
async fn s062_s149_only_registered_clients_and_scopes() {
    let world = World::new().await;
    assert_eq!(world.as_client("/oauth2/device", CP, &[]).await.error(), "unauthorized_client");
    assert_eq!(world.as_client("/oauth2/device", CD, &[("scope", "openid admin")]).await.error(), "invalid_scope");
    let challenge = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    assert_eq!(world.as_client("/oauth2/device", CD, &challenge).await.error(), "invalid_request");
    assert_eq!(world.rows("device_authorizations", "TRUE").await, 0);
}
