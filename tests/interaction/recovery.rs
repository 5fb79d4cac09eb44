//! Recovery codes: the way in without the app.

use crate::common::*;

async fn with_app(world: &World) -> (Browser, Authenticator) {
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    let app = world.set_up_app(&browser).await;
    (browser, app)
}

/// A new browser where a recovery code is asked for.
async fn at_recovery(world: &World) -> (Browser, Page) {
    let browser = world.browser();
    let page = browser.open(&world.url("/login?next=/account/two-step")).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    let link = page.attr("#use-recovery", "href").unwrap();
    let page = browser.open(page.url.join(&link).unwrap().as_str()).await;
    assert!(page.has("#use-app"));
    (browser, page)
}

#[tokio::test]
async fn a_recovery_code_works_once_and_the_count_is_shown() {
    let world = World::new().await;
    let (_, app) = with_app(&world).await;
    assert_eq!(app.recovery_codes.len(), 10);
    let code = app.recovery_codes[3].to_uppercase().replace('-', " ");
    let (browser, page) = at_recovery(&world).await;
    let end = browser.submit(&page, &[("recovery_code", &code)]).await;
    assert!(end.text("#codes-left").contains('9'), "{}", end.answer.body);
    assert_eq!(world.audited("recovery_code_used").await, 1);
    assert_eq!(world.rows("sessions", "acr = 'urn:portcullis:acr:mfa'").await, 2);
    let (browser, page) = at_recovery(&world).await;
    assert_eq!(browser.submit(&page, &[("recovery_code", &code)]).await.answer.status, 422);
    assert!(browser.cookie("session").is_none());
    let dump = world.dump().await;
    assert!(app.recovery_codes.iter().all(|code| !dump.contains(code)), "hashed");
}

#[tokio::test]
async fn of_one_recovery_code_sent_fifty_times_at_once_one_signs_in() {
    let world = World::with("throttle = { account_failures = 1000, address_failures = 1000 }").await;
    let (_, app) = with_app(&world).await;
    let before = world.rows("sessions", "TRUE").await;
    let mut steps = Vec::new();
    for _ in 0..50 {
        steps.push(at_recovery(&world).await);
    }
    let code = [("recovery_code", app.recovery_codes[0].as_str())];
    let answers =
        futures_util::future::join_all(steps.iter().map(|(browser, page)| browser.post_form(page, &code))).await;
    assert_eq!(answers.iter().filter(|(_, answer)| answer.status == 303).count(), 1);
    assert_eq!(world.rows("sessions", "TRUE").await - before, 1);
    assert_eq!(world.rows("recovery_codes", "used_at IS NULL").await, 9);
}

#[tokio::test]
async fn new_codes_replace_the_old_ones() {
    let world = World::new().await;
    let (browser, app) = with_app(&world).await;
    let page = browser.open(&world.url("/account/two-step")).await;
    let page = browser.submit(&page, &[("action", "codes")]).await;
    let new = page.texts("#recovery-codes li");
    assert_eq!(new.len(), 10);
    assert!(new.iter().all(|code| !app.recovery_codes.contains(code)));
    let (browser, page) = at_recovery(&world).await;
    assert_eq!(browser.submit(&page, &[("recovery_code", &app.recovery_codes[0])]).await.answer.status, 422);
    assert!(browser.submit(&page, &[("recovery_code", &new[0])]).await.has("#codes-left"));
}

#[tokio::test]
async fn without_a_factor_there_are_no_codes() {
    let world = World::new().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    let page = browser.open(&world.url("/account/two-step")).await;
    assert!(!page.has("#codes"));
    browser.submit(&page, &[("action", "codes")]).await;
    assert_eq!(world.rows("recovery_codes", "TRUE").await, 0);
}
