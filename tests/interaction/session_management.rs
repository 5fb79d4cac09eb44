//! Session management: what applications watch in a frame of ours.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::common::*;

const STATE_COOKIE: &str = "portcullis_state";

/// What the frame's script computes.
fn is_unchanged(session_state: &str, client_id: &str, origin: &str, browser: &Browser) -> bool {
    let (hash, salt) = session_state.split_once('.').unwrap();
    let state = browser.cookie(STATE_COOKIE).unwrap_or_default();
    let text = format!("{client_id} {origin} {state} {salt}");
    hash == URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

async fn session_state(world: &World, browser: &Browser, username: &str, changes: &[(&str, &str)]) -> String {
    let page = browser.open(&world.authorize_url(C1, "openid", changes)).await;
    world.answer_pages(browser, page, username).await.param("session_state").expect("a session_state")
}

#[tokio::test]
async fn an_application_sees_when_the_person_changes() {
    let world = World::new().await;
    let browser = world.browser();
    let state = session_state(&world, &browser, "alice", &[]).await;
    let unchanged = |state: &str| is_unchanged(state, C1, "https://app.test", &browser);
    assert!(unchanged(&state));
    assert!(!is_unchanged(&state, C2, "https://app.test", &browser));
    assert!(!is_unchanged(&state, C1, "https://evil.test", &browser));
    // The same person again, by silent renewal or by password: nothing has changed.
    session_state(&world, &browser, "alice", &[("prompt", "none")]).await;
    session_state(&world, &browser, "alice", &[("prompt", "login")]).await;
    assert!(unchanged(&state));
    // Another person.
    let other = session_state(&world, &browser, "bob", &[("prompt", "login")]).await;
    assert!(!unchanged(&state) && unchanged(&other));
    // Nobody.
    let page = browser.open(&world.url("/logout")).await;
    browser.submit(&page, &[("decision", "logout")]).await;
    assert!(!unchanged(&other) && browser.cookie(STATE_COOKIE).is_none());
    // Signed in without an application: another session all the same.
    let page = browser.open(&world.url("/login")).await;
    world.answer_pages(&browser, page, "bob").await;
    assert!(browser.cookie(STATE_COOKIE).is_some() && !unchanged(&other));
}

#[tokio::test]
async fn the_cookie_that_scripts_read_opens_nothing() {
    let world = World::new().await;
    let browser = world.browser();
    session_state(&world, &browser, "alice", &[]).await;
    let state = browser.cookie(STATE_COOKIE).unwrap();
    let sid = world.rows("sessions", &format!("id = '{state}'")).await;
    assert_eq!(sid, 0);
    browser.cookies.lock().unwrap().retain(|name, _| name.contains("state"));
    let answer = browser.get(&world.authorize_url(C1, "openid", &[("prompt", "none")])).await;
    assert_eq!(answer.redirect_param("error").as_deref(), Some("login_required"));
    // One that tells of a session that has gone is taken away.
    assert!(browser.cookie(STATE_COOKIE).is_none());
}

#[tokio::test]
async fn the_frame_may_be_framed_and_no_other_page_may() {
    let world = World::new().await;
    let document = world.get("/.well-known/openid-configuration").await.ok();
    let url = document["check_session_iframe"].as_str().unwrap();
    let browser = world.browser();
    let page = browser.open(url).await;
    assert_eq!(page.answer.status, 200);
    assert_eq!(page.answer.header("x-frame-options"), "");
    let policy = page.answer.header("content-security-policy");
    assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors *"), "{policy}");
    assert_eq!(page.attr("html", "data-cookie").as_deref(), Some(STATE_COOKIE));
    let script = page.attr("script", "src").unwrap();
    assert!(world.get(&script).await.body.contains("postMessage"));
    for path in ["/login", "/logout", "/"] {
        assert_eq!(world.get(path).await.header("x-frame-options"), "DENY", "{path}");
    }
}

#[tokio::test]
async fn switched_off_nothing_of_it_is_there() {
    let world = World::with("sessions.check_session_iframe = false").await;
    let document = world.get("/.well-known/openid-configuration").await.ok();
    assert!(document.get("check_session_iframe").is_none());
    assert_eq!(world.get("/check_session").await.status, 404);
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let end = world.answer_pages(&browser, page, "alice").await;
    assert!(end.param("code").is_some() && end.param("session_state").is_none());
    assert!(browser.cookie(STATE_COOKIE).is_none());
}
