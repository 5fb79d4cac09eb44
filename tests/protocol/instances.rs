//! Two instances on one database, as behind one address: on PostgreSQL, which alone can be shared. `follow` is what each
//! does twice a second.

use crate::common::*;

#[tokio::test]
async fn instances_agree_on_keys_and_take_each_others_codes_and_tokens() {
    let one = World::new().await;
    let Some(two) = one.beside() else { return };
    assert_eq!(one.get("/.well-known/jwks.json").await.ok(), two.get("/.well-known/jwks.json").await.ok());
    let code = one.code(&one.browser(), C1, "openid offline_access").await;
    let tokens = two.redeem(C1, &code).await.ok();
    assert!(one.is_live(tokens["access_token"].as_str().unwrap()).await);
    // Rotated at both at once: one successor.
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let (a, b) = tokio::join!(one.refresh(C1, refresh), two.refresh(C1, refresh));
    assert_eq!(a.ok()["refresh_token"], b.ok()["refresh_token"]);
    // A code at both at once: one success.
    let code = one.code(&one.browser(), C1, "openid").await;
    let (a, b) = tokio::join!(one.redeem(C1, &code), two.redeem(C1, &code));
    assert_eq!([a, b].iter().filter(|answer| answer.status == 200).count(), 1);
}

#[tokio::test]
async fn s171_s276_what_ends_at_one_has_ended_at_the_other_with_its_next_look() {
    let one = World::new().await;
    let Some(two) = one.beside() else { return };
    let browser = one.browser();
    let bound = one.redeem(C1, &one.code(&browser, C1, "openid").await).await.ok();
    let access = bound["access_token"].as_str().unwrap();
    assert!(two.is_live(access).await);
    let page = browser.open(&one.url("/logout")).await;
    browser.submit(&page, &[("decision", "logout")]).await;
    two.follow().await;
    assert!(!two.is_live(access).await);
    assert_eq!(two.refresh(C1, bound["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");

    let offline = one.sign_in(C1, "openid offline_access").await;
    one.as_client("/oauth2/revoke", C1, &[("token", offline["refresh_token"].as_str().unwrap())]).await;
    two.follow().await;
    assert!(!two.is_live(offline["access_token"].as_str().unwrap()).await);

    let third = one.sign_in(C1, "openid offline_access").await;
    one.disable_user("alice").await;
    two.follow().await;
    assert!(!two.is_live(third["access_token"].as_str().unwrap()).await);

    one.disable_client(C2).await;
    two.follow().await;
    assert_eq!(two.token(C2, &[("grant_type", "client_credentials")]).await.error(), "invalid_client");
}
