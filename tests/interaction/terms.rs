//! The operator's terms, when they are new to whoever signs in.

use portcullis::identity::ImportedUser;
use portcullis::storage::Terms as _;

use crate::common::*;

const TERMS: &str = "[registration]\nterms_uri = \"https://example.test/terms\"\nterms_version = \"2026-01\"\n[mail]\ndevelopment = true\n";

const OTHERS: &str = include_str!("../../src/identity/passwords/vectors.tsv");

async fn accepted(world: &World, name: &str) -> Vec<String> {
    let user = world.app.identity.find_user(name).await.unwrap().unwrap();
    let accepted = world.app.oauth.store.accepted_terms(&user.id).await.unwrap();
    accepted.into_iter().map(|(version, _)| version).collect()
}

async fn at_the_terms(world: &World, browser: &Browser) -> Page {
    let page = browser.open(&world.authorize_url(C1, "openid", &[("state", "s")])).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(page.url.path(), "/login/terms", "{}", page.answer.body);
    page
}

#[tokio::test]
async fn new_terms_are_accepted_before_there_is_a_session_and_once() {
    let world = World::with(TERMS).await;
    let browser = world.browser();
    let page = at_the_terms(&world, &browser).await;
    assert!(browser.cookie("session").is_none() && !page.has("#terms[checked]"));
    assert_eq!(page.attr("#terms-text", "href").as_deref(), Some("https://example.test/terms"));
    let policy = page.answer.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://app.test;"), "{policy}");
    let none = browser.get(&world.authorize_url(C1, "openid", &[("prompt", "none")])).await;
    assert_eq!(none.redirect_param("error").as_deref(), Some("login_required"), "it opens nothing");
    for given in [vec![], vec![("terms", "2025-01")]] {
        let refused = browser.submit(&page, &given).await;
        assert!(refused.answer.status == 422 && refused.has("#terms[aria-invalid=true]"));
    }
    assert_eq!(browser.submit(&page, &[("terms", "2026-01"), ("csrf", "x")]).await.answer.status, 403);
    assert_eq!(accepted(&world, "alice").await, [] as [&str; 0]);
    assert_eq!(world.rows("sessions", "TRUE").await, 0);
    let consent = browser.submit(&page, &[("terms", "2026-01")]).await;
    let end = browser.submit(&consent, &[("decision", "allow")]).await;
    assert!(end.param("code").is_some() && end.param("state").as_deref() == Some("s"), "{}", end.url);
    assert_eq!(accepted(&world, "alice").await, ["2026-01"]);
    assert_eq!(world.audited("terms_accepted").await, 1);
    assert!(browser.cookie("pending").is_none());
    // The form sent again begins nothing.
    assert!(browser.submit(&page, &[("terms", "2026-01")]).await.answer.status != 500);
    assert_eq!(world.rows("sessions", "TRUE").await, 1);
    let again = world.browser();
    let login = again.open(&world.url("/login?next=/account")).await;
    let account = again.submit(&login, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(account.url.path(), "/account", "they are asked once");
}

#[tokio::test]
async fn whoever_does_not_accept_is_not_signed_in_and_the_application_is_told() {
    let world = World::with(TERMS).await;
    let browser = world.browser();
    let page = at_the_terms(&world, &browser).await;
    let end = browser.submit(&page, &[("cancel", "1")]).await;
    assert_eq!(end.param("error").as_deref(), Some("access_denied"), "{}", end.url);
    assert!(browser.cookie("session").is_none());
    assert_eq!(accepted(&world, "alice").await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_second_factor_comes_before_the_terms_and_neither_stands_in_for_the_other() {
    let world = World::with(TERMS).await;
    let [_, password, hash] = OTHERS.lines().next().unwrap().split('\t').collect::<Vec<_>>().try_into().unwrap();
    let carol = ImportedUser {
        username: "carol".to_owned(),
        password_hash: Some(hash.to_owned()),
        totp_secret: Some("gezdgnbvgy3tqojqgezdgnbvgy3tqojq".to_owned()),
        ..ImportedUser::default()
    };
    let record = world.app.identity.imported(carol, &world.app.oauth.sealer).await.unwrap();
    world.app.identity.import(&[record]).await.unwrap();
    let browser = world.browser();
    let login = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let factor = browser.submit(&login, &[("username", "carol"), ("password", password)]).await;
    assert_eq!(factor.url.path(), "/login/factor");
    let sly = factor.url.as_str().replace("/login/factor", "/login/terms");
    let shown = browser.open(&sly).await;
    assert!(shown.url.path() == "/login/factor" && shown.has("#code"), "{}", shown.url);
    let forged = browser.send(browser.post_from_our_page(&sly).form(&[("terms", "2026-01")])).await;
    assert!(forged.status.is_redirection() && browser.cookie("session").is_none());
    assert_eq!(accepted(&world, "carol").await, [] as [&str; 0]);
    let totp = totp_rs::Builder::new().with_secret(b"12345678901234567890".to_vec()).build_noncompliant();
    let page = browser.submit(&factor, &[("code", &world.code_of(&totp))]).await;
    assert_eq!(page.url.path(), "/login/terms", "{}", page.answer.body);
    assert!(browser.cookie("session").is_none());
    assert!(!world.browser().open(page.url.as_str()).await.has("#accept"), "another browser");
    let consent = browser.submit(&page, &[("terms", "2026-01")]).await;
    assert!(consent.has("[name=decision]") && browser.cookie("session").is_some(), "{}", consent.answer.body);
    assert_eq!(accepted(&world, "carol").await, ["2026-01"]);
}

#[tokio::test]
async fn without_terms_nobody_is_asked() {
    let world = World::new().await;
    assert_eq!(world.get("/login/terms").await.status, 404);
    assert!(world.code(&world.browser(), C1, "openid").await.starts_with("pc_ac_"));
}
