use crate::common::*;

#[tokio::test]
async fn s031_a_replayed_code_ends_everything_it_gave() {
    let world = World::new().await;
    let code = world.code(&world.browser(), C1, "openid offline_access").await;
    let first = world.redeem(C1, &code).await.ok();
    let access = first["access_token"].as_str().unwrap();
    assert!(world.is_live(access).await);
    world.advance(31);
    assert_eq!(world.redeem(C1, &code).await.error(), "invalid_grant");
    assert!(!world.is_live(access).await);
    assert_eq!(world.refresh(C1, first["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
    assert_eq!(world.audited("code_replay").await, 1);
}

#[tokio::test]
async fn s033_a_code_lives_for_a_minute() {
    let world = World::new().await;
    let code = world.code(&world.browser(), C1, "openid").await;
    world.advance(61);
    assert_eq!(world.redeem(C1, &code).await.error(), "invalid_grant");
    assert_eq!(world.rows("refresh_families", "TRUE").await, 0);
}

#[tokio::test]
async fn s016_s026_s027_a_wrong_verifier_or_redirect_uri_burns_the_code() {
    let world = World::new().await;
    let browser = world.browser();
    let other = "0123456789012345678901234567890123456789012";
    for verifier in [other, CHALLENGE] {
        let code = world.code(&browser, C1, "openid").await;
        assert_eq!(world.redeem_with(C1, &code, verifier).await.error(), "invalid_grant");
        assert_eq!(world.redeem(C1, &code).await.error(), "invalid_grant", "the code is burnt");
    }
    let code = world.code(&browser, C1, "openid").await;
    let missing = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT_URI)];
    assert_eq!(world.token(C1, &missing).await.error(), "invalid_grant");
    let code = world.code(&browser, C1, "openid").await;
    let moved = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", "https://app.test/cb?a=1"),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(world.token(C1, &moved).await.error(), "invalid_grant");
    assert_eq!(world.rows("refresh_families", "TRUE").await, 0);
}

#[tokio::test]
async fn s035_an_attempt_that_is_not_valid_leaves_the_victims_tokens_alone() {
    let world = World::new().await;
    let code = world.code(&world.browser(), C1, "openid").await;
    let first = world.redeem(C1, &code).await.ok();
    let access = first["access_token"].as_str().unwrap();
    assert_eq!(world.redeem(C2, &code).await.error(), "invalid_grant", "another client");
    let body = format!(
        "grant_type=authorization_code&code={code}&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&code_verifier={VERIFIER}"
    );
    let form = ("content-type", "application/x-www-form-urlencoded");
    let wrong = basic(C1, "wrong");
    let answer = world.post_raw("/oauth2/token", &[form, ("authorization", &wrong)], body).await;
    assert_eq!(answer.error(), "invalid_client");
    let other = "0123456789012345678901234567890123456789012";
    assert_eq!(world.redeem_with(C1, &code, other).await.error(), "invalid_grant");
    assert!(world.is_live(access).await);
}

#[tokio::test]
async fn s037_a_code_is_compared_as_it_was_given() {
    let world = World::new().await;
    let code = world.code(&world.browser(), C1, "openid").await;
    let swapped: String = code
        .chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    let shorter = &code[..code.len() - 1];
    for wrong in
        [shorter, &format!("{code}A"), &format!("{code}="), &swapped, &format!(" {code}"), &format!("{code} "), "x"]
    {
        assert_eq!(world.redeem(C1, wrong).await.error(), "invalid_grant", "{wrong:?}");
    }
    world.redeem(C1, &code).await.ok();
}

#[tokio::test]
async fn s039_what_ended_between_code_and_exchange_counts() {
    let world = World::new().await;
    let browser = world.browser();
    let code = world.code(&browser, C1, "openid").await;
    world.disable_user("alice").await;
    assert_eq!(world.redeem(C1, &code).await.error(), "invalid_grant");
    let world = World::new().await;
    let browser = world.browser();
    let code = world.code(&browser, C1, "openid").await;
    let page = browser.open(&world.url("/logout")).await;
    browser.submit(&page, &[("decision", "logout")]).await;
    assert_eq!(world.redeem(C1, &code).await.error(), "invalid_grant");
    let code = world.code(&world.browser(), C1, "openid").await;
    world.disable_client(C1).await;
    assert_eq!(world.redeem(C1, &code).await.error(), "invalid_client");
}

#[tokio::test]
async fn s040_a_dump_of_the_database_holds_no_secret() {
    let world = World::new().await;
    let browser = world.browser();
    let code = world.code(&browser, C1, "openid offline_access").await;
    let tokens = world.redeem(C1, &code).await.ok();
    let opaque = world.sign_in(CO, "openid").await;
    let device = world.as_client("/oauth2/device", CD, &[]).await.ok();
    let dump = world.dump().await;
    let cookie = browser.cookie("session").unwrap();
    for secret in [
        code.as_str(),
        tokens["refresh_token"].as_str().unwrap(),
        opaque["access_token"].as_str().unwrap(),
        device["device_code"].as_str().unwrap(),
        device["user_code"].as_str().unwrap(),
        cookie.as_str(),
        PASSWORD,
        &secret_of(C1),
    ] {
        assert!(!dump.contains(secret), "{secret} is stored");
        // Nor the part behind the row's id, in any writing.
        assert!(secret.len() < 70 || !dump.contains(&secret[30..60]), "a part of {secret} is stored");
    }
    assert!(dump.contains("alice"), "the dump holds what it should");
}

#[tokio::test]
async fn one_of_many_concurrent_exchanges_wins() {
    let world = World::new().await;
    let code = world.code(&world.browser(), C1, "openid").await;
    let answers = futures_util::future::join_all((0..10).map(|_| world.redeem(C1, &code))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
}

#[tokio::test]
async fn opaque_access_tokens_work_like_signed_ones() {
    let world = World::new().await;
    let tokens = world.sign_in(CO, "openid email").await;
    let access = tokens["access_token"].as_str().unwrap();
    assert!(access.starts_with("pc_at_"));
    assert!(world.is_live(access).await);
    assert_eq!(world.userinfo(access).await.ok()["email"], "alice@example.test");
    let revoked = world.as_client("/oauth2/revoke", CO, &[("token", access)]).await;
    assert_eq!(revoked.status, 200);
    assert!(!world.is_live(access).await);
}
