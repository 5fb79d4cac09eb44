//! What people are told by mail of what happens to their accounts.

use crate::common::*;

const MAIL: &str = "mail.development = true";

async fn told(world: &World, kind: &str) -> i64 {
    world.rows("outbox", &format!("kind = 'notice_{kind}'")).await
}

#[tokio::test]
async fn a_sign_in_from_a_browser_that_was_not_seen_before_is_told_and_later_ones_are_not() {
    let world = World::with(MAIL).await;
    let browser = world.browser();
    let sign_in = async |password: &str| {
        // Long enough for the sign-in before to be asked for again.
        world.advance(601);
        let page = browser.open(&world.url("/login?again=1")).await;
        browser.submit(&page, &[("username", "alice"), ("password", password)]).await;
    };
    sign_in("wrong").await;
    assert_eq!(told(&world, "new_sign_in").await, 0);
    sign_in(PASSWORD).await;
    sign_in(PASSWORD).await;
    assert_eq!(told(&world, "new_sign_in").await, 1);
    world.code(&world.browser(), C1, "openid").await;
    assert_eq!(told(&world, "new_sign_in").await, 2);
}

#[tokio::test]
async fn an_app_that_comes_or_goes_and_a_recovery_code_that_is_used_are_told() {
    let world = World::with(MAIL).await;
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    let app = world.set_up_app(&browser).await;
    assert_eq!(told(&world, "factor_added").await, 2, "the app, and its recovery codes");
    let other = world.browser();
    let page = other.open(&world.url("/login")).await;
    let page = other.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    let page = other.open(page.url.join(&page.attr("#use-recovery", "href").unwrap()).unwrap().as_str()).await;
    other.submit(&page, &[("recovery_code", &app.recovery_codes[0])]).await;
    assert_eq!(told(&world, "recovery_code_used").await, 1);
    let page = browser.open(&world.url("/account/two-step")).await;
    browser.submit(&page, &[("action", "remove")]).await;
    assert_eq!(told(&world, "factor_removed").await, 1);
}
