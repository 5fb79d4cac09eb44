//! Signing in by a code in a mail.

use crate::common::*;

const ON: &str = "[mail]\ndevelopment = true\n[sign_in]\nemail_code = true\n";

/// From a page of the sign-in to the one that takes the code, once the request is dealt with.
async fn ask(world: &World, browser: &Browser, login: &Page, name: &str) -> Page {
    let page = browser.open(login.url.join(&login.attr("#email-code", "href").unwrap()).unwrap().as_str()).await;
    let page = browser.submit(&page, &[("username", name)]).await;
    world.rows_become("outbox", "sent_at IS NULL", 0).await;
    page
}

async fn mailed_code(world: &World) -> String {
    let code = world.mail().await.text("#mail-code");
    assert_eq!(code.len(), 6, "{code}");
    code
}

#[tokio::test]
async fn a_code_signs_in_on_the_way_into_an_application_and_the_token_says_how() {
    let world = World::with(ON).await;
    let browser = world.browser();
    let login = browser.open(&world.authorize_url(C1, "openid", &[("login_hint", "alice"), ("state", "s")])).await;
    let asking = browser.open(login.url.join(&login.attr("#email-code", "href").unwrap()).unwrap().as_str()).await;
    assert_eq!(asking.attr("#username", "value").as_deref(), Some("alice"));
    let page = ask(&world, &browser, &login, "Alice@Example.test").await;
    let code = mailed_code(&world).await;
    let mail = world.mail().await;
    assert!(!mail.has("#mail-link"), "a code alone");
    let page = browser.submit(&page, &[("code", &format!("{} {}", &code[..3], &code[3..]))]).await;
    let end = world.answer_pages(&browser, page, "alice").await;
    assert_eq!(end.param("state").as_deref(), Some("s"));
    let token = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    let claims = claims(token["id_token"].as_str().unwrap());
    assert_eq!(claims["amr"], serde_json::json!(["otp"]));
    assert_eq!(claims["auth_time"], world.now().seconds());
    assert!(!world.dump().await.contains(&code), "no code is kept as it is");
}

#[tokio::test]
async fn it_leads_to_the_page_of_ours_that_was_asked_for() {
    let world = World::with(ON).await;
    let browser = world.browser();
    let login = browser.open(&world.url("/account/sessions")).await;
    let page = ask(&world, &browser, &login, "alice").await;
    let wrong = browser.submit(&page, &[("code", "000 00")]).await;
    assert_eq!(wrong.answer.status, 422);
    assert!(wrong.has("#problem") && browser.cookie("session").is_none());
    let page = browser.submit(&wrong, &[("code", &mailed_code(&world).await)]).await;
    assert_eq!((page.url.path(), page.answer.status.as_u16()), ("/account/sessions", 200));
    assert_eq!(world.audited("sign_in_code_failed").await, 1);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_after_it() {
    let world = World::with(ON).await;
    let owner = world.browser();
    let login = owner.open(&world.url("/login")).await;
    owner.submit(&login, &[("username", "alice"), ("password", PASSWORD)]).await;
    let app = world.set_up_app(&owner).await;
    let browser = world.browser();
    let login = browser.open(&world.url("/login")).await;
    let page = ask(&world, &browser, &login, "alice").await;
    world.rows_become("outbox", "kind = 'sign_in_code' AND sent_at IS NOT NULL", 1).await;
    let page = browser.submit(&page, &[("code", &newest_code(&world).await)]).await;
    assert_eq!(page.url.path(), "/login/factor");
    assert!(browser.cookie("session").is_none(), "half a sign-in is none");
    let end = browser.submit(&page, &[("code", &world.next_code(&app))]).await;
    assert_eq!(end.url.path(), "/");
    assert!(browser.cookie("session").is_some());
}

/// The code among the mails, of which others may be newer.
async fn newest_code(world: &World) -> String {
    let reader = world.browser();
    let list = reader.open(&world.url("/dev/mail")).await;
    for href in list.attrs("#mails a", "href") {
        let mail = reader.open(list.url.join(&href).unwrap().as_str()).await;
        if mail.has("#mail-code") {
            return mail.text("#mail-code");
        }
    }
    panic!("no mail with a code");
}

#[tokio::test]
async fn s179_s217_strangers_and_those_without_a_verified_address_get_the_same_page_and_no_mail() {
    let world = World::with(ON).await;
    world.disable_user("bob").await;
    let mut answers = Vec::new();
    for name in ["alice", "bob", "nobody", "nobody@example.test", "<b>", "a\r\nb"] {
        let browser = world.browser();
        let login = browser.open(&world.url("/login")).await;
        let page = ask(&world, &browser, &login, name).await;
        answers.push((page.answer.status, page.answer.body.split("<form").next().unwrap().to_owned()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(world.rows("outbox", "TRUE").await, 1, "alice's");
}

#[tokio::test]
async fn s187_a_code_works_once_in_its_browser_for_half_an_hour_and_after_five_guesses_never() {
    let world = World::with(ON).await;
    let browser = world.browser();
    let login = browser.open(&world.url("/login")).await;
    let page = ask(&world, &browser, &login, "alice").await;
    let code = mailed_code(&world).await;

    let stranger = world.browser();
    let theirs = stranger.open(page.url.as_str()).await;
    assert_eq!(stranger.submit(&theirs, &[("code", &code)]).await.answer.status, 422, "another browser");
    assert!(stranger.cookie("session").is_none());

    browser.submit(&page, &[("code", &code)]).await;
    assert!(browser.cookie("session").is_some());
    let again = browser.submit(&page, &[("code", &code)]).await;
    assert_eq!(again.answer.status, 422, "it was used");

    let late = world.browser();
    let login = late.open(&world.url("/login")).await;
    let page = ask(&world, &late, &login, "alice").await;
    let code = newest_code(&world).await;
    world.advance(30 * 60);
    assert_eq!(late.submit(&page, &[("code", &code)]).await.answer.status, 422, "too late");

    let guesser = world.browser();
    let login = guesser.open(&world.url("/login")).await;
    let page = ask(&world, &guesser, &login, "alice").await;
    let code = newest_code(&world).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        guesser.submit(&page, &[("code", wrong)]).await;
    }
    world.advance(120);
    guesser.submit(&page, &[("code", &code)]).await;
    assert!(guesser.cookie("session").is_none());
}

#[tokio::test]
async fn s208_of_ten_uses_of_a_code_at_once_one_signs_in() {
    let world = World::with(ON).await;
    let browser = world.browser();
    let login = browser.open(&world.url("/login")).await;
    let page = ask(&world, &browser, &login, "alice").await;
    let code = mailed_code(&world).await;
    let fields = [("code", code.as_str())];
    let uses = (0..10).map(|_| async { browser.post_form(&page, &fields).await.1.status.as_u16() });
    let statuses = futures_util::future::join_all(uses).await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert_eq!(world.rows("sessions", "TRUE").await, 1);
}

#[tokio::test]
async fn where_it_is_off_there_is_no_such_page() {
    let world = World::with("[mail]\ndevelopment = true\n").await;
    let browser = world.browser();
    assert!(!browser.open(&world.url("/login")).await.has("#email-code"));
    for path in ["/login/email", "/login/email/code"] {
        assert_eq!(world.get(path).await.status, 404);
    }
}
