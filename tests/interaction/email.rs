//! The address of an account: confirmed, and changed, by what was mailed to it alone.

use portcullis::storage::{UserRecord, Users as _};

use crate::common::*;

const DEVELOPMENT: &str = "[mail]\ndevelopment = true\n";
const NEW: &str = "new@example.test";

async fn signed_in(world: &World, name: &str) -> Browser {
    let browser = world.browser();
    let page = browser.open(&world.url("/login?next=/account/email")).await;
    let page = browser.submit(&page, &[("username", name), ("password", PASSWORD)]).await;
    assert_eq!(page.url.path(), "/account/email", "{}", page.answer.body);
    browser
}

/// Asks for an address, and waits until the request is dealt with. What comes is the page that takes the code.
async fn ask(world: &World, browser: &Browser, email: &str) -> Page {
    // The mail about the sign-in is older.
    world.advance(1);
    let page = browser.open(&world.url("/account/email")).await;
    let page = browser.submit(&page, &[("email", email)]).await;
    world.rows_become("outbox", "sent_at IS NULL", 0).await;
    page
}

async fn link(world: &World) -> String {
    world.mail().await.attr("#mail-link", "href").unwrap()
}

async fn user(world: &World, name: &str) -> UserRecord {
    world.app.identity.find_user(name).await.unwrap().unwrap()
}

async fn address(world: &World, name: &str) -> (String, bool) {
    let user = user(world, name).await;
    (user.email.unwrap(), user.email_verified)
}

async fn unverify(world: &World, name: &str) {
    let user = user(world, name).await;
    world.app.oauth.store.set_email(&user.id, user.email.as_deref(), false, None, 1).await.unwrap();
}

#[tokio::test]
async fn s208_s212_a_link_confirms_an_address_when_its_button_is_pressed_and_once() {
    let world = World::with(DEVELOPMENT).await;
    unverify(&world, "alice").await;
    let browser = signed_in(&world, "alice").await;
    let overview = browser.open(&world.url("/account")).await;
    assert_eq!(overview.attr("#email-page", "href").as_deref(), Some("/account/email"));
    let form = browser.open(&world.url("/account/email")).await;
    assert_eq!(form.attr("#email", "value").as_deref(), Some("alice@example.test"), "what waits to be confirmed");
    ask(&world, &browser, "alice@example.test").await;
    let link = link(&world).await;
    for _ in 0..3 {
        let page = browser.open(&link).await;
        assert!(page.url.query().is_none(), "the token has left the address");
        assert_eq!(page.text("#address"), "alice@example.test");
        world.browser().open(&link).await;
    }
    assert_eq!(browser.get(&link).await.header("referrer-policy"), "no-referrer");
    assert_eq!(address(&world, "alice").await, ("alice@example.test".to_owned(), false), "looking confirms nothing");
    let page = browser.open(&link).await;
    let account = browser.submit(&page, &[]).await;
    assert_eq!(account.url.path(), "/account");
    assert!(account.has("#notice") && browser.cookie("link").is_none());
    assert_eq!(address(&world, "alice").await, ("alice@example.test".to_owned(), true));
    assert_eq!(world.audited("email_verified").await, 1);
    assert_eq!(browser.open(&link).await.answer.status, 410, "it was used");
    let token = link.split_once("token=").unwrap().1;
    assert!(!world.dump().await.contains(token), "no token is kept");
    assert_eq!(world.rows("outbox", "kind = 'notice_email_changed'").await, 0, "it is the same address");
}

#[tokio::test]
async fn another_address_is_taken_by_its_code_and_the_old_one_is_told() {
    let world = World::with(DEVELOPMENT).await;
    let browser = signed_in(&world, "alice").await;
    let page = ask(&world, &browser, " New@Example.test ").await;
    assert_eq!(address(&world, "alice").await.0, "alice@example.test", "asking changes nothing");
    let code = world.mail().await.text("#mail-code");
    let stranger = signed_in(&world, "alice").await;
    let seen = stranger.open(page.url.as_str()).await;
    assert!(stranger.submit(&seen, &[("code", &code)]).await.has("#problem"), "another browser");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert!(browser.submit(&page, &[("code", wrong)]).await.has("#problem"));
    assert_eq!(world.audited("email_code_failed").await, 1);
    let account = browser.submit(&page, &[("code", &code)]).await;
    assert!(account.url.path() == "/account" && account.has("#notice"), "{}", account.answer.body);
    assert_eq!(address(&world, "alice").await, (NEW.to_owned(), true));
    assert_eq!(world.audited("email_changed").await, 1);
    world
        .rows_become("outbox", "kind = 'notice_email_changed' AND recipient = 'alice@example.test' AND sent_at > 0", 1)
        .await;
    assert!(browser.submit(&page, &[("code", &code)]).await.has("#problem"), "once");
}

#[tokio::test]
async fn a_code_for_an_address_is_void_after_five_tries() {
    let world = World::with(&format!("{DEVELOPMENT}[throttle]\naccount_failures = 100\n")).await;
    let browser = signed_in(&world, "alice").await;
    let page = ask(&world, &browser, NEW).await;
    let code = world.mail().await.text("#mail-code");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        browser.submit(&page, &[("code", wrong)]).await;
    }
    assert!(browser.submit(&page, &[("code", &code)]).await.has("#problem"));
    assert_eq!(address(&world, "alice").await.0, "alice@example.test");
    assert!(browser.open(&link(&world).await).await.has("#confirm"), "the link still works");
}

#[tokio::test]
async fn s211_a_link_is_of_no_use_to_another_person_or_for_another_purpose() {
    let world = World::with(DEVELOPMENT).await;
    let browser = signed_in(&world, "alice").await;
    ask(&world, &browser, NEW).await;
    let confirm = link(&world).await;
    let bob = signed_in(&world, "bob").await;
    let shown = bob.open(&confirm).await;
    assert!(shown.answer.status == 410 && !shown.has("#confirm"));
    let reset = confirm.replace("/account/email/confirm", "/reset/new");
    assert!(!world.browser().open(&reset).await.has("#password"));
    let page = browser.open(&world.url("/reset")).await;
    browser.submit(&page, &[("username", "alice")]).await;
    world.rows_become("outbox", "kind = 'password_reset' AND sent_at > 0", 1).await;
    let sent = browser.open(&confirm).await;
    assert!(sent.has("#confirm"), "nobody else's attempt has used it up");
    let forged = confirm.split_once("token=").unwrap().0.to_owned() + "token=eyJhbGciOiJub25lIn0.e30.";
    assert_eq!(browser.open(&forged).await.answer.status, 410);
    assert_eq!(address(&world, "alice").await.0, "alice@example.test");
    assert_eq!(address(&world, "bob").await.0, "bob@example.test");
}

#[tokio::test]
async fn s179_an_address_of_somebody_else_is_answered_alike_and_its_owner_is_told() {
    let world = World::with(DEVELOPMENT).await;
    let browser = signed_in(&world, "alice").await;
    let free = ask(&world, &browser, NEW).await;
    let taken = ask(&world, &browser, "bob@example.test").await;
    let before = |page: &Page| page.answer.body.split("<form").next().unwrap().to_owned();
    assert_eq!((free.answer.status, before(&free)), (taken.answer.status, before(&taken)));
    world.rows_become("outbox", "kind = 'notice_address_wanted' AND recipient = 'bob@example.test'", 1).await;
    assert_eq!(world.rows("outbox", "kind = 'confirm_email'").await, 1, "for the free one");
    assert_eq!(address(&world, "bob").await, ("bob@example.test".to_owned(), true));
}

#[tokio::test]
async fn an_address_that_somebody_else_got_meanwhile_is_not_taken_from_them() {
    let world = World::with(DEVELOPMENT).await;
    let browser = signed_in(&world, "alice").await;
    ask(&world, &browser, NEW).await;
    let page = browser.open(&link(&world).await).await;
    let bob = user(&world, "bob").await;
    world.app.oauth.store.set_email(&bob.id, Some(NEW), true, None, 1).await.unwrap();
    assert_eq!(browser.submit(&page, &[]).await.answer.status, 410);
    assert_eq!(address(&world, "alice").await.0, "alice@example.test");
    assert_eq!(address(&world, "bob").await.0, NEW);
}

#[tokio::test]
async fn s208_s210_a_new_request_half_an_hour_or_another_address_ends_older_links() {
    let world = World::with(DEVELOPMENT).await;
    let browser = signed_in(&world, "alice").await;
    world.advance(1);
    let page = browser.open(&world.url("/reset")).await;
    browser.submit(&page, &[("username", "alice")]).await;
    world.rows_become("outbox", "kind = 'password_reset' AND sent_at > 0", 1).await;
    let reset = link(&world).await;
    ask(&world, &browser, NEW).await;
    let first = link(&world).await;
    ask(&world, &browser, "newer@example.test").await;
    let second = link(&world).await;
    assert_eq!(browser.open(&first).await.answer.status, 410);
    assert!(world.browser().open(&reset).await.has("#password"));
    let page = browser.open(&second).await;
    browser.submit(&page, &[]).await;
    assert_eq!(address(&world, "alice").await.0, "newer@example.test");
    assert!(!world.browser().open(&reset).await.has("#password"), "it was mailed to the old address");
    ask(&world, &browser, NEW).await;
    let late = link(&world).await;
    world.advance(30 * 60);
    assert!(!browser.open(&late).await.has("#confirm"));
}

#[tokio::test]
async fn s217_one_address_is_sent_five_mails_an_hour() {
    let world = World::with(DEVELOPMENT).await;
    let browser = signed_in(&world, "alice").await;
    for _ in 0..9 {
        ask(&world, &browser, NEW).await;
    }
    assert_eq!(world.rows("outbox", "kind = 'confirm_email'").await, 5);
}

#[tokio::test]
async fn an_address_is_asked_for_after_a_fresh_sign_in_by_a_form_of_ours() {
    let world = World::with(DEVELOPMENT).await;
    let browser = signed_in(&world, "alice").await;
    let page = browser.open(&world.url("/account/email")).await;
    for bad in ["", "a", "a@b", "a@b.test\r\nBcc: x@evil.test"] {
        let refused = browser.submit(&page, &[("email", bad)]).await;
        assert!(refused.answer.status == 422 && refused.has("#email[aria-invalid=true]"), "{bad:?}");
    }
    let same = browser.submit(&page, &[("email", "ALICE@example.test")]).await;
    assert!(same.answer.status == 422, "it is confirmed already");
    let forged = browser.submit(&page, &[("email", NEW), ("csrf", "x")]).await;
    assert_eq!(forged.answer.status, 403);
    world.advance(11 * 60);
    assert_eq!(browser.open(&world.url("/account/email")).await.url.path(), "/login");
    assert_eq!(browser.submit(&page, &[("email", NEW)]).await.url.path(), "/login");
    assert_eq!(world.rows("email_challenges", "TRUE").await, 0);
}

#[tokio::test]
async fn without_mail_no_address_is_confirmed() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.url("/login?next=/account")).await;
    let account = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(!account.has("#email-page") && !account.has(".account-nav a[href='/account/email']"));
    assert_eq!(browser.get(&world.url("/account/email")).await.status, 404);
}
