use crate::common::*;

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_first_and_comes_back() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.url("/account")).await;
    assert_eq!(page.url.path(), "/login");
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!((page.url.path(), page.answer.status.as_u16()), ("/account", 200));
    assert_eq!(page.text(".account-who bdi"), "alice");
    assert!(page.answer.body.contains("alice@example.test"));
    assert_eq!(page.attr(".account-nav [aria-current]", "href").as_deref(), Some("/account"));
    assert_eq!(page.answer.header("cache-control"), "no-store");
    assert_eq!(page.answer.header("x-frame-options"), "DENY");
}

#[tokio::test]
async fn a_sign_in_leads_to_pages_of_the_account_and_nowhere_else() {
    let world = World::new().await;
    for (next, path) in [
        ("/account/sessions", "/account/sessions"),
        ("//evil.test", "/"),
        ("https://evil.test/account", "/"),
        ("/account@evil.test", "/"),
        ("/account/..%2f..%2fsetup", "/"),
        ("/accounts", "/"),
    ] {
        let browser = world.browser();
        let page = browser.open(&world.url(&format!("/login?next={next}"))).await;
        let (_, answer) = browser.post_form(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
        assert_eq!(answer.header("location"), path, "{next}");
    }
}

#[tokio::test]
async fn an_account_that_is_not_there_and_a_page_that_is_not_are_one_plain_page() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.url("/account/nothing")).await;
    assert_eq!(page.answer.status, 404);
    assert!(page.has("h1"));
}
