use crate::common::*;

fn refresh_token(tokens: &serde_json::Value) -> String {
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn s071_replaying_a_refresh_token_after_the_grace_ends_the_family() {
    let world = World::new().await;
    let first = world.sign_in(CP, "openid offline_access").await;
    let second = world.refresh(CP, &refresh_token(&first)).await.ok();
    assert_ne!(refresh_token(&first), refresh_token(&second));
    world.advance(11);
    assert_eq!(world.refresh(CP, &refresh_token(&first)).await.error(), "invalid_grant");
    assert_eq!(world.refresh(CP, &refresh_token(&second)).await.error(), "invalid_grant");
    assert!(!world.is_live(second["access_token"].as_str().unwrap()).await);
    assert_eq!(world.audited("refresh_reuse").await, 1);
    assert_eq!(world.rows("refresh_families", "revoked_at IS NOT NULL").await, 1);
}

#[tokio::test]
async fn s072_within_the_grace_a_lost_answer_is_given_again() {
    let world = World::new().await;
    let first = world.sign_in(CP, "openid offline_access").await;
    let second = world.refresh(CP, &refresh_token(&first)).await.ok();
    world.advance(9);
    let again = world.refresh(CP, &refresh_token(&first)).await.ok();
    assert_eq!(refresh_token(&again), refresh_token(&second));
    let third = world.refresh(CP, &refresh_token(&second)).await.ok();
    // The successor was used: whoever comes with the first now is not the one who lost the answer.
    assert_eq!(world.refresh(CP, &refresh_token(&first)).await.error(), "invalid_grant");
    assert_eq!(world.refresh(CP, &refresh_token(&third)).await.error(), "invalid_grant");
}

#[tokio::test]
async fn a_family_has_one_leaf_whatever_comes_at_once() {
    let world = World::new().await;
    let first = refresh_token(&world.sign_in(CP, "openid offline_access").await);
    let answers = futures_util::future::join_all((0..20).map(|_| world.refresh(CP, &first))).await;
    let leaves: std::collections::BTreeSet<String> = answers.iter().map(|answer| refresh_token(&answer.ok())).collect();
    assert_eq!(leaves.len(), 1);
    assert_eq!(world.rows("refresh_families", "generation = 2").await, 1);
}

#[tokio::test]
async fn s063_scope_may_narrow_and_widen_back_but_never_beyond() {
    let world = World::new().await;
    let first = world.sign_in(CP, "openid email offline_access").await;
    let token = refresh_token(&first);
    let with = |token: String, scope: &'static str| {
        let world = &world;
        async move {
            let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str()), ("scope", scope)];
            world.token(CP, &form).await
        }
    };
    assert_eq!(with(token.clone(), "openid email profile").await.error(), "invalid_scope");
    let narrow = with(token, "openid").await.ok();
    assert_eq!(narrow["scope"], "openid");
    let wide = with(refresh_token(&narrow), "openid email offline_access").await.ok();
    assert_eq!(wide["scope"], "openid email offline_access");
}

#[tokio::test]
async fn s086_a_refreshed_id_token_keeps_who_and_when_and_has_no_nonce() {
    let world = World::new().await;
    let first = world.sign_in(C1, "openid offline_access").await;
    world.advance(60);
    let second = world.refresh(C1, &refresh_token(&first)).await.ok();
    let (a, b) = (claims(first["id_token"].as_str().unwrap()), claims(second["id_token"].as_str().unwrap()));
    for same in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(a[same], b[same], "{same}");
    }
    assert!(b["iat"].as_i64().unwrap() > a["iat"].as_i64().unwrap());
    assert!(a.get("nonce").is_some() && b.get("nonce").is_none());
}

#[tokio::test]
async fn s077_s085_another_clients_or_a_mangled_refresh_token_is_nothing_and_the_right_one_stays_good() {
    let world = World::new().await;
    let token = refresh_token(&world.sign_in(C1, "openid offline_access").await);
    assert_eq!(world.refresh(C2, &token).await.error(), "invalid_grant");
    assert_eq!(world.refresh(CP, &token).await.error(), "invalid_grant");
    world.refresh(C1, &token).await.ok();
    for wrong in ["", "x", "pc_rt_", &token[..token.len() - 1], &format!("{token}0")] {
        let answer = world.refresh(C1, wrong).await;
        assert!(["invalid_grant", "invalid_request"].contains(&answer.error().as_str()), "{wrong}");
    }
}

#[tokio::test]
async fn s080_s083_without_offline_access_a_refresh_token_ends_with_the_session() {
    let world = World::new().await;
    let browser = world.browser();
    let code = world.code(&browser, C1, "openid").await;
    let bound = world.redeem(C1, &code).await.ok();
    let code = world.code(&browser, C1, "openid offline_access").await;
    let offline = world.redeem(C1, &code).await.ok();
    let page = browser.open(&world.url("/logout")).await;
    browser.submit(&page, &[("decision", "logout")]).await;
    assert_eq!(world.refresh(C1, &refresh_token(&bound)).await.error(), "invalid_grant");
    assert!(!world.is_live(bound["access_token"].as_str().unwrap()).await);
    world.refresh(C1, &refresh_token(&offline)).await.ok();
    world.disable_user("alice").await;
    assert_eq!(world.refresh(C1, &refresh_token(&offline)).await.error(), "invalid_grant");
}

#[tokio::test]
async fn s079_an_unused_refresh_token_expires_and_a_used_one_not_beyond_its_family() {
    let world = World::new().await;
    let day = 86_400;
    let idle = refresh_token(&world.sign_in(CP, "openid offline_access").await);
    let mut used = refresh_token(&world.sign_in(CP, "openid offline_access").await);
    world.advance(13 * day);
    used = refresh_token(&world.refresh(CP, &used).await.ok());
    world.advance(2 * day);
    assert_eq!(world.refresh(CP, &idle).await.error(), "invalid_grant");
    used = refresh_token(&world.refresh(CP, &used).await.ok());
    world.advance(13 * day);
    used = refresh_token(&world.refresh(CP, &used).await.ok());
    world.advance(3 * day);
    assert_eq!(world.refresh(CP, &used).await.error(), "invalid_grant");
}
