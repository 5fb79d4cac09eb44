//! Setting up an authenticator app, and signing in with it.

use crate::common::*;

async fn signed_in(world: &World) -> Browser {
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    browser
}

/// A new browser at the second step.
async fn at_second_step(world: &World) -> (Browser, Page) {
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[("prompt", "login")])).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(page.has("#code") && page.has("#verify"), "{}: {}", page.url, page.answer.body);
    (browser, page)
}

#[tokio::test]
async fn with_an_app_set_up_the_sign_in_asks_for_its_code_and_tells_so() {
    let world = World::new().await;
    let app = world.set_up_app(&signed_in(&world).await).await;
    assert_eq!(world.audited("totp_added").await, 1);
    let (browser, page) = at_second_step(&world).await;
    assert!(browser.cookie("session").is_none(), "half a sign-in is none");
    assert_eq!(page.attr("#code", "autocomplete").as_deref(), Some("one-time-code"));
    let code = world.next_code(&app);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let end = browser.submit(&page, &[("code", &spaced)]).await;
    let tokens = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(id_token["acr"], "urn:portcullis:acr:mfa");
    assert_eq!(id_token["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
    assert_eq!(world.rows("pending_logins", "consumed_at IS NOT NULL").await, 1);
}

#[tokio::test]
async fn s196_an_app_counts_only_after_a_right_code_and_its_secret_is_never_shown_again() {
    let world = World::new().await;
    let browser = signed_in(&world).await;
    let page = world.begin_app(&browser).await;
    let totp = app_of(&page);
    let secret = page.text("#secret").replace(' ', "");
    assert!(page.attr("#open-app", "href").unwrap().contains(&secret));
    let wrong = browser.submit(&page, &[("code", "000000")]).await;
    assert_eq!(wrong.answer.status, 422);
    assert_eq!(world.rows("totp_factors", "TRUE").await, 0);
    // Not asked for yet.
    assert!(!world.sign_in(C1, "openid").await["id_token"].is_null());
    let done = browser.submit(&page, &[("code", &world.code_of(&totp))]).await;
    assert_eq!(done.texts("#recovery-codes li").len(), 10);
    assert_eq!(world.rows("totp_factors", "TRUE").await, 1);
    assert_eq!(world.rows("totp_enrolments", "TRUE").await, 0);
    for path in ["/account/two-step/app", "/account/two-step"] {
        assert!(!browser.open(&world.url(path)).await.answer.body.replace(' ', "").contains(&secret), "{path}");
    }
    assert!(!world.dump().await.contains(&secret), "sealed");
}

#[tokio::test]
async fn s196_setting_up_and_removing_want_a_fresh_sign_in_and_are_ones_own() {
    let world = World::new().await;
    let browser = signed_in(&world).await;
    let app = world.set_up_app(&browser).await;
    let stale = browser.open(&world.url("/account/two-step")).await;
    world.advance(601);
    for action in ["set-up", "remove", "codes"] {
        let page = browser.submit(&stale, &[("action", action)]).await;
        assert!(page.has("#password"), "{action}: {}", page.url);
    }
    assert_eq!(world.rows("totp_factors", "TRUE").await, 1);
    // Another person's form does nothing for this one.
    let bob = world.browser();
    let login = bob.open(&world.url("/login?next=/account/two-step")).await;
    bob.submit(&login, &[("username", "bob"), ("password", PASSWORD)]).await;
    let (_, answer) = bob.post_form(&stale, &[("action", "remove")]).await;
    assert_eq!(answer.status, 403);
    assert_eq!(world.rows("totp_factors", "TRUE").await, 1);
    // Signed in again, with both factors, the person is back at the page and may remove it.
    let again = browser.submit(&stale, &[("action", "remove")]).await;
    let step = browser.submit(&again, &[("username", "alice"), ("password", PASSWORD)]).await;
    let page = browser.submit(&step, &[("code", &world.next_code(&app))]).await;
    assert!(page.has("#remove"), "{}", page.url);
    let page = browser.submit(&page, &[("action", "remove")]).await;
    assert!(page.has("#notice") && !page.has("#remove"));
    assert_eq!(world.rows("totp_factors", "TRUE").await, 0);
    assert_eq!(world.rows("recovery_codes", "TRUE").await, 0);
    assert_eq!(world.audited("totp_removed").await, 1);
}

#[tokio::test]
async fn a_session_rises_with_the_app_that_was_set_up_in_it() {
    let world = World::new().await;
    let browser = signed_in(&world).await;
    let before = browser.cookie("session").unwrap();
    world.set_up_app(&browser).await;
    assert_ne!(browser.cookie("session").unwrap(), before, "a new secret at each rise");
    assert_eq!(world.rows("sessions", "acr = 'urn:portcullis:acr:mfa'").await, 1);
}

#[tokio::test]
async fn s194_neighbouring_steps_pass_and_nothing_else_does() {
    let world = World::with("throttle.account_failures = 100").await;
    let app = world.set_up_app(&signed_in(&world).await).await;
    world.advance(300);
    let (browser, page) = at_second_step(&world).await;
    let right = world.code_off_by(&app, 0);
    let bad = [
        world.code_off_by(&app, -2),
        world.code_off_by(&app, 2),
        right[..5].to_owned(),
        format!("{right}0"),
        format!("+{}", &right[1..]),
        right.chars().map(|c| char::from_u32(c as u32 - '0' as u32 + '０' as u32).unwrap()).collect(),
    ];
    for code in &bad {
        let again = browser.submit(&page, &[("code", code)]).await;
        assert_eq!(again.answer.status, 422, "{code}");
    }
    assert!(browser.cookie("session").is_none());
    let end = browser.submit(&page, &[("code", &world.code_off_by(&app, -1))]).await;
    assert!(end.has("#allow") || end.param("code").is_some(), "{}", end.url);
}

#[tokio::test]
async fn of_one_code_sent_fifty_times_at_once_one_signs_in() {
    let world = World::with("throttle = { account_failures = 1000, address_failures = 1000 }").await;
    let app = world.set_up_app(&signed_in(&world).await).await;
    let before = world.rows("sessions", "TRUE").await;
    let mut steps = Vec::new();
    for _ in 0..50 {
        steps.push(at_second_step(&world).await);
    }
    let code = world.next_code(&app);
    let code = [("code", code.as_str())];
    let answers =
        futures_util::future::join_all(steps.iter().map(|(browser, page)| browser.post_form(page, &code))).await;
    let through = answers.iter().filter(|(_, answer)| answer.status == 303).count();
    assert_eq!(through, 1);
    assert_eq!(world.rows("sessions", "TRUE").await - before, 1);
    assert_eq!(steps.iter().filter(|(browser, _)| browser.cookie("session").is_some()).count(), 1);
}

#[tokio::test]
async fn a_code_that_set_the_app_up_signs_nobody_in() {
    let world = World::new().await;
    let app = world.set_up_app(&signed_in(&world).await).await;
    let (browser, page) = at_second_step(&world).await;
    let again = browser.submit(&page, &[("code", &world.code_off_by(&app, 0))]).await;
    assert_eq!(again.answer.status, 422);
    assert!(browser.cookie("session").is_none());
}

#[tokio::test]
async fn s196_a_password_change_makes_no_fresh_session_out_of_a_stale_one_with_two_factors() {
    let world = World::new().await;
    let browser = signed_in(&world).await;
    world.set_up_app(&browser).await;
    let form = browser.open(&world.url("/account/password")).await;
    assert!(form.has("#current"), "just proved: the form is there");
    world.advance(601);
    let fields = [("current", PASSWORD), ("password", "another horse battery")];
    let page = browser.submit(&form, &fields).await;
    assert_eq!(page.url.path(), "/login", "{}", page.answer.body);
    assert_eq!(world.rows("sessions", "TRUE").await, 1);
    assert_eq!(world.audited("password_changed").await, 0);
}
