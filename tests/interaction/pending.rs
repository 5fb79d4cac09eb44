//! A sign-in that still lacks its second factor.

use crate::common::*;

async fn with_app(world: &World) -> Authenticator {
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    world.set_up_app(&browser).await
}

async fn at_second_step(world: &World) -> (Browser, Page) {
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(page.has("#verify"), "{}: {}", page.url, page.answer.body);
    (browser, page)
}

#[tokio::test]
async fn s198_a_half_done_sign_in_opens_nothing() {
    let world = World::new().await;
    with_app(&world).await;
    let (browser, _) = at_second_step(&world).await;
    let none = browser.get(&world.authorize_url(C1, "openid", &[("prompt", "none")])).await;
    assert_eq!(none.redirect_param("error").as_deref(), Some("login_required"));
    for path in ["/account", "/account/two-step", "/account/two-step/app"] {
        assert!(browser.open(&world.url(path)).await.has("#password"), "{path}");
    }
    // The cookie's value is no session either.
    let pending = browser.cookie("pending").unwrap();
    browser.cookies.lock().unwrap().insert("portcullis_session".to_owned(), pending);
    assert!(browser.open(&world.url("/account")).await.has("#password"));
}

#[tokio::test]
async fn two_tabs_at_the_second_step_go_on_each_for_itself() {
    let world = World::new().await;
    let app = with_app(&world).await;
    let browser = world.browser();
    let mut tabs = Vec::new();
    for state in ["first", "second"] {
        let page = browser.open(&world.authorize_url(C1, "openid", &[("state", state)])).await;
        let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
        assert!(page.has("#verify"), "{}", page.url);
        tabs.push((state, page));
    }
    for (state, page) in tabs {
        let end = browser.submit(&page, &[("code", &world.next_code(&app))]).await;
        assert_eq!(end.param("state").as_deref(), Some(state), "{}", end.url);
        assert!(end.param("code").is_some());
    }
    assert!(browser.cookie("pending").is_none());
    // Its name alone opens it nowhere.
    let (_, page) = at_second_step(&world).await;
    assert!(!world.browser().open(page.url.as_str()).await.has("#verify"));
}

#[tokio::test]
async fn s198_it_lasts_five_minutes() {
    let world = World::new().await;
    let app = with_app(&world).await;
    let (browser, page) = at_second_step(&world).await;
    world.advance(301);
    let again = browser.submit(&page, &[("code", &world.next_code(&app))]).await;
    assert!(again.has("#password"), "{}", again.url);
    assert!(browser.cookie("session").is_none());
    assert!(browser.cookie("pending").is_none());
}

#[tokio::test]
async fn s198_it_is_used_once_and_only_by_its_browser() {
    let world = World::new().await;
    let app = with_app(&world).await;
    let (browser, page) = at_second_step(&world).await;
    let pending = browser.cookie("pending").unwrap();
    let code = world.next_code(&app);
    // Without the cookie there is nothing to finish.
    let (_, answer) = world.browser().post_form(&page, &[("code", &code)]).await;
    assert!(answer.header("location").contains("/login?"), "{}", answer.status);
    // With a cookie that was carried off, the form is another browser's.
    let thief = world.browser();
    let name = format!("portcullis_pending_{}", page.param("login").unwrap());
    thief.cookies.lock().unwrap().insert(name.clone(), pending.clone());
    assert_eq!(thief.post_form(&page, &[("code", &code)]).await.1.status, 400);
    assert!(thief.cookie("session").is_none());
    assert!(browser.submit(&page, &[("code", &code)]).await.param("code").is_some());
    browser.cookies.lock().unwrap().insert(name, pending);
    browser.cookies.lock().unwrap().remove("portcullis_session");
    let replayed = browser.submit(&page, &[("code", &world.next_code(&app))]).await;
    assert_eq!(replayed.answer.status, 400, "the sign-in is over: {}", replayed.url);
    assert!(browser.cookie("session").is_none());
}

#[tokio::test]
async fn s195_ten_wrong_codes_end_it_and_are_remembered_by_the_account_without_locking_it() {
    let world = World::new().await;
    let app = with_app(&world).await;
    let (browser, page) = at_second_step(&world).await;
    let mut wrong = 0;
    let last = loop {
        let next = browser.submit(&page, &[("code", "000000")]).await;
        if next.answer.status == 429 {
            world.advance(next.answer.header("retry-after").parse().unwrap());
            continue;
        }
        wrong += 1;
        if next.answer.status != 422 {
            break next;
        }
        assert!(wrong < 20);
    };
    assert_eq!(wrong, 10);
    assert!(last.has("#password") && browser.cookie("pending").is_none(), "{}", last.url);
    assert!(browser.cookie("session").is_none());
    // The next wrong code waits longer still, whatever password came between.
    world.advance(1000);
    let (browser, page) = at_second_step(&world).await;
    assert_eq!(browser.submit(&page, &[("code", "000000")]).await.answer.status, 422);
    let wait = browser.submit(&page, &[("code", "000000")]).await;
    assert_eq!(wait.answer.status, 429);
    let seconds: u64 = wait.answer.header("retry-after").parse().unwrap();
    assert!(seconds > 30, "{seconds}");
    // No lock: after the wait the right code does.
    world.advance(seconds);
    let (browser, page) = at_second_step(&world).await;
    assert!(browser.submit(&page, &[("code", &world.next_code(&app))]).await.param("code").is_some());
}

#[tokio::test]
async fn s200_s210_a_new_password_asks_for_the_second_factor_and_ends_what_was_half_done() {
    let world = World::new().await;
    let app = with_app(&world).await;
    let (browser, page) = at_second_step(&world).await;
    let alice = world.app.identity.find_user("alice").await.unwrap().unwrap();
    world
        .app
        .identity
        .set_password(
            &alice,
            &"another good password".into(),
            &portcullis::identity::Origin::new([127, 0, 0, 1].into(), "operator", ""),
        )
        .await
        .unwrap();
    world.advance(1);
    let again = browser.submit(&page, &[("code", &world.next_code(&app))]).await;
    assert!(again.has("#password"), "{}", again.url);
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 0);
    let page = browser.submit(&again, &[("username", "alice"), ("password", "another good password")]).await;
    assert!(page.has("#verify"));
}

#[tokio::test]
async fn giving_up_at_the_second_step_goes_back_to_the_application() {
    let world = World::new().await;
    with_app(&world).await;
    let (browser, page) = at_second_step(&world).await;
    let end = browser.submit(&page, &[("cancel", "1")]).await;
    assert_eq!(end.param("error").as_deref(), Some("access_denied"));
    assert!(browser.cookie("pending").is_none());
}

#[tokio::test]
async fn s174_a_person_disabled_between_the_steps_is_not_let_in() {
    let world = World::new().await;
    let app = with_app(&world).await;
    let (browser, page) = at_second_step(&world).await;
    world.disable_user("alice").await;
    let again = browser.submit(&page, &[("code", &world.next_code(&app))]).await;
    assert!(again.has("#password"), "{}", again.url);
    assert!(browser.cookie("session").is_none());
}
