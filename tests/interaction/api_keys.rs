//! API keys on the account's page.

use crate::common::*;

const PAGE: &str = "/account/api-keys";

async fn signed_in(world: &World, name: &str) -> Browser {
    let browser = world.browser();
    let page = browser.open(&world.url(PAGE)).await;
    let page = browser.submit(&page, &[("username", name), ("password", PASSWORD)]).await;
    assert_eq!(page.url.path(), PAGE);
    browser
}

async fn form(world: &World, browser: &Browser) -> Page {
    browser.open(&world.url("/account/api-keys/new")).await
}

const FILLED: [(&str, &str); 4] =
    [("name", "backup"), ("scope-email", "1"), ("scope-reports:read", "1"), ("days", "30")];

async fn world() -> World {
    World::with("api_keys.scopes = [\"reports:read\"]\n[metadata.scopes]\n\"reports:read\" = \"Read your reports\"")
        .await
}

#[tokio::test]
async fn a_key_is_made_shown_once_listed_and_ended() {
    let world = world().await;
    let browser = signed_in(&world, "alice").await;
    let page = form(&world, &browser).await;
    assert!(page.answer.body.contains("Read your reports"));
    let made = browser.submit(&page, &FILLED).await;
    assert_eq!(made.answer.status, 200);
    assert_eq!(made.answer.header("cache-control"), "no-store");
    let key = made.attr("#key", "value").unwrap();
    let seen = world.introspect(&key).await;
    assert_eq!(seen["scope"], "email reports:read");
    assert_eq!(seen["exp"].as_i64().unwrap() - seen["iat"].as_i64().unwrap(), 30 * 86400);
    assert_eq!(world.audited("api_key_created").await, 1);

    let list = browser.open(&world.url(PAGE)).await;
    let body = &list.answer.body;
    assert!(body.contains("backup") && body.contains(&key[..12]) && !body.contains(&key[12..]));
    // Sent again, the form makes no second key.
    let again = browser.submit(&page, &FILLED).await;
    assert_eq!(again.url.path(), PAGE);
    assert!(again.has("#notice"));
    assert_eq!(world.rows("api_keys", "TRUE").await, 1);

    let ended = browser.submit(&list, &[]).await;
    assert!(ended.has("#notice") && ended.has("#none"), "{}", ended.answer.body);
    assert_eq!(world.introspect(&key).await["active"], false);
    assert_eq!(world.audited("api_key_revoked").await, 1);
}

#[tokio::test]
async fn s270_making_a_key_takes_a_proof_of_the_last_ten_minutes() {
    let world = world().await;
    let browser = signed_in(&world, "alice").await;
    let page = form(&world, &browser).await;
    world.advance(601);
    let late = browser.submit(&page, &FILLED).await;
    assert_eq!(late.url.path(), "/login");
    assert_eq!(world.rows("api_keys", "TRUE").await, 0);
    let back = browser.submit(&late, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(back.url.path(), "/account/api-keys/new");
    assert!(browser.submit(&back, &FILLED).await.has("#key"));
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_what_was_filled_in() {
    let world = World::with("api_keys = { max_ttl = \"30d\", max_per_owner = 1 }").await;
    let browser = signed_in(&world, "alice").await;
    let page = form(&world, &browser).await;
    assert!(!page.has("option[value='90']") && page.attr("option[selected]", "value").as_deref() == Some("30"));
    for (fields, wrong) in [
        (vec![("name", " "), ("scope-email", "1"), ("days", "30")], "#name[autofocus]"),
        (vec![("name", "x"), ("days", "30")], "[type=checkbox][autofocus]"),
        (vec![("name", "x"), ("scope-api:write", "1"), ("days", "30")], "[type=checkbox][autofocus]"),
        (vec![("name", "x"), ("scope-email", "1"), ("days", "90")], "#days[autofocus]"),
        (vec![("name", "x"), ("scope-email", "1"), ("days", "0")], "#days[autofocus]"),
    ] {
        let again = browser.submit(&page, &fields).await;
        assert_eq!(again.answer.status, 422, "{fields:?}");
        assert!(again.has("#problem") && again.has(wrong), "{fields:?}: {}", again.answer.body);
    }
    assert_eq!(world.rows("api_keys", "TRUE").await, 0);
    let good = [("name", "x"), ("scope-email", "1"), ("days", "30")];
    assert!(browser.submit(&page, &good).await.has("#key"));
    let full = browser.submit(&form(&world, &browser).await, &good).await;
    assert_eq!(full.answer.status, 422);
    assert_eq!(world.rows("api_keys", "TRUE").await, 1);
}

#[tokio::test]
async fn s272_nobody_sees_or_ends_anothers_key() {
    let world = world().await;
    let alice = signed_in(&world, "alice").await;
    let made = alice.submit(&form(&world, &alice).await, &FILLED).await;
    let key = made.attr("#key", "value").unwrap();
    let of_alice = alice.open(&world.url(PAGE)).await;
    let bob = signed_in(&world, "bob").await;
    assert!(bob.open(&world.url(PAGE)).await.has("#none"));
    // With the very form of the other browser, and with a form of one's own for the other's key.
    let (_, answer) = bob.post_form(&of_alice, &[]).await;
    assert_eq!(answer.status, 403);
    bob.submit(&form(&world, &bob).await, &FILLED).await;
    let id = of_alice.attr("input[name=id]", "value").unwrap();
    let of_bob = bob.open(&world.url(PAGE)).await;
    let (_, answer) = bob.post_form(&of_bob, &[("id", &id)]).await;
    assert_eq!(answer.status, 403);
    assert_eq!(world.introspect(&key).await["active"], true);
}

#[tokio::test]
async fn s210_keys_outlive_sessions_unless_their_owner_ends_them_too() {
    let world = world().await;
    let browser = signed_in(&world, "alice").await;
    let make = async |browser: &Browser| {
        let made = browser.submit(&form(&world, browser).await, &FILLED).await;
        made.attr("#key", "value").unwrap()
    };
    let first = make(&browser).await;
    let second = make(&browser).await;
    let password = browser.open(&world.url("/account/password")).await;
    assert!(password.text("label[for=end_keys]").contains("my \u{2068}2\u{2069} API keys"));
    assert!(!password.has("#end_keys[checked]"), "whoever only tidies up breaks no program");
    let wrong = [("current", "wrong"), ("password", "another horse battery"), ("end_keys", "1")];
    let again = browser.submit(&password, &wrong).await;
    assert!(again.has("#end_keys[checked]"), "what was chosen stays");
    assert_eq!(world.introspect(&first).await["active"], true, "nothing was changed");
    let kept = [("current", PASSWORD), ("password", "another horse battery")];
    assert!(browser.submit(&password, &kept).await.has("#notice"));
    assert_eq!(world.introspect(&first).await["active"], true);

    let password = browser.open(&world.url("/account/password")).await;
    let both = [("current", "another horse battery"), ("password", "a third horse battery"), ("end_keys", "1")];
    assert!(browser.submit(&password, &both).await.has("#notice"));
    for key in [&first, &second] {
        assert_eq!(world.introspect(key).await["active"], false);
    }
    assert_eq!(world.audited("api_key_revoked").await, 2);
    let sessions = browser.open(&world.url("/account/sessions")).await;
    assert!(!sessions.has("#end_keys"), "there is none any more");

    let third = make(&browser).await;
    let sessions = browser.open(&world.url("/account/sessions")).await;
    browser.submit(&sessions, &[("everywhere", "1"), ("end_keys", "1")]).await;
    assert_eq!(world.introspect(&third).await["active"], false);
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 0);
}

#[tokio::test]
async fn switched_off_there_is_no_such_page() {
    let world = World::with("api_keys.enabled = false").await;
    let browser = world.browser();
    let page = browser.open(&world.url("/account")).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(!page.answer.body.contains("api-keys"));
    assert_eq!(browser.open(&world.url(PAGE)).await.answer.status, 404);
}
