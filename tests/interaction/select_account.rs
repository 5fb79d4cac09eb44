//! `prompt=select_account`.

use crate::common::*;

async fn signed_in(world: &World) -> (Browser, serde_json::Value) {
    let browser = world.browser();
    let code = world.code(&browser, C1, "openid").await;
    let tokens = world.redeem(C1, &code).await.ok();
    (browser, claims(tokens["id_token"].as_str().unwrap()))
}

async fn id_token(world: &World, page: &Page) -> serde_json::Value {
    let code = page.param("code").unwrap_or_else(|| panic!("{}: {}", page.url, page.answer.body));
    claims(world.redeem(C1, &code).await.ok()["id_token"].as_str().unwrap())
}

async fn ask(world: &World, browser: &Browser, changes: &[(&str, &str)]) -> Page {
    browser.open(&world.authorize_url(C1, "openid", changes)).await
}

const SELECT: (&str, &str) = ("prompt", "select_account");

#[tokio::test]
async fn whoever_is_signed_in_goes_on_by_one_button_and_stays_signed_in_since_then() {
    let world = World::new().await;
    let (browser, before) = signed_in(&world).await;
    world.advance(60);
    let page = ask(&world, &browser, &[SELECT]).await;
    assert!(page.has("button#continue") && page.has("button#switch") && !page.has("#password"), "{}", page.answer.body);
    assert!(page.text("#continue").contains("alice"));
    assert_eq!(world.rows("authorization_codes", "1 = 1").await, 1, "nothing is given before the choice");
    let after = id_token(&world, &browser.submit(&page, &[("decision", "continue")]).await).await;
    for same in ["sub", "sid"] {
        assert_eq!(after[same], before[same]);
    }
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 1);
    // Chosen for this request alone.
    assert!(ask(&world, &browser, &[SELECT]).await.has("#continue"));
}

#[tokio::test]
async fn another_account_signs_in_and_takes_the_browser_over() {
    let world = World::new().await;
    let (browser, before) = signed_in(&world).await;
    let page = ask(&world, &browser, &[SELECT]).await;
    let login = browser.submit(&page, &[("decision", "switch")]).await;
    assert!(login.has("#password") && login.attr("#username", "value").unwrap().is_empty(), "{}", login.answer.body);
    let after = id_token(&world, &world.answer_pages(&browser, login, "bob").await).await;
    assert_ne!(after["sub"], before["sub"]);
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn choosing_is_no_sign_in_where_one_is_demanded() {
    let world = World::new().await;
    let (browser, before) = signed_in(&world).await;
    world.advance(60);
    for demand in [vec![("prompt", "login select_account")], vec![SELECT, ("max_age", "30")]] {
        let page = ask(&world, &browser, &demand).await;
        let login = browser.submit(&page, &[("decision", "continue")]).await;
        assert!(login.has("#password"), "{demand:?}: {}", login.url);
        assert_eq!(login.attr("#username", "value").as_deref(), Some("alice"));
        let after = id_token(&world, &world.answer_pages(&browser, login, "alice").await).await;
        assert_eq!(after["sub"], before["sub"]);
        assert!(after["auth_time"].as_i64() > before["auth_time"].as_i64());
        world.advance(60);
    }
}

#[tokio::test]
async fn with_nobody_signed_in_the_sign_in_is_the_choice() {
    let world = World::new().await;
    let browser = world.browser();
    let page = ask(&world, &browser, &[SELECT]).await;
    assert!(page.has("#password") && !page.has("#continue"));
    let end = world.answer_pages(&browser, page, "alice").await;
    assert!(end.param("code").is_some(), "not asked once more: {}", end.url);
}

#[tokio::test]
async fn a_choice_is_only_taken_from_the_person_and_the_page_that_showed_it() {
    let world = World::new().await;
    let (browser, _) = signed_in(&world).await;
    let page = ask(&world, &browser, &[SELECT]).await;
    let forged = browser.submit(&page, &[("decision", "continue"), ("csrf", "x")]).await;
    assert!(forged.answer.status.is_client_error());
    // Somebody else has signed in at the browser meanwhile.
    let login = ask(&world, &browser, &[("prompt", "login")]).await;
    world.answer_pages(&browser, login, "bob").await;
    let stale = browser.submit(&page, &[("decision", "continue")]).await;
    assert!(stale.answer.status.is_client_error(), "{}", stale.url);
    let anew = browser.open(page.url.as_str()).await;
    assert!(anew.text("#continue").contains("bob"));
    let refused = browser.submit(&anew, &[("decision", "cancel")]).await;
    assert_eq!(refused.param("error").as_deref(), Some("access_denied"));
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 1, "nobody is signed out by it");
}
