//! A lost password, replaced by mail.

use crate::common::*;

const NEW: &str = "another horse battery";
const DEVELOPMENT: &str = "[mail]\ndevelopment = true\n";

/// Asks for a reset, and waits until the request is dealt with.
async fn ask(world: &World, browser: &Browser, login: &str) -> Page {
    let page = browser.open(&world.url("/reset")).await;
    let page = browser.submit(&page, &[("username", login)]).await;
    world.rows_become("outbox", "sent_at IS NULL", 0).await;
    page
}

async fn link(world: &World) -> String {
    world.mail().await.attr("#mail-link", "href").unwrap()
}

async fn signs_in(world: &World, password: &str) -> bool {
    let browser = world.browser();
    let page = browser.open(&world.url("/login")).await;
    browser.submit(&page, &[("username", "alice"), ("password", password)]).await;
    browser.cookie("session").is_some()
}

#[tokio::test]
async fn s208_s210_a_mailed_link_sets_a_new_password_once_and_ends_everything_from_before() {
    let world = World::with(DEVELOPMENT).await;
    let tokens = world.sign_in(C1, "openid offline_access").await;
    // The mail about that sign-in is older.
    world.advance(1);
    let browser = world.browser();
    assert!(browser.open(&world.url("/login")).await.has("#forgot"));
    ask(&world, &browser, "alice@example.test").await;
    let link = link(&world).await;

    // A scanner looks, and looks again.
    for _ in 0..3 {
        let scanner = world.browser();
        assert!(scanner.open(&link).await.has("#password"));
        assert_eq!(scanner.get(&link).await.header("referrer-policy"), "no-referrer");
    }
    let elsewhere = world.browser();
    let page = elsewhere.open(&link).await;
    assert!(page.url.query().is_none(), "S212: the token has left the address");
    let short = elsewhere.submit(&page, &[("password", "short")]).await;
    assert!(short.has("#problem") && short.has("#password"), "a bad password costs no link");
    let weak = elsewhere.submit(&page, &[("password", "password1")]).await;
    assert_eq!(weak.answer.status, 422, "one that is easily guessed neither");
    assert!(weak.has("#problem") && weak.has("#password"));
    elsewhere.submit(&page, &[("password", NEW)]).await;
    assert!(elsewhere.cookie("session").is_some());
    assert!(elsewhere.cookie("link").is_none());

    assert!(!world.is_live(tokens["access_token"].as_str().unwrap()).await);
    assert_eq!(world.refresh(C1, tokens["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
    assert!(!signs_in(&world, PASSWORD).await && signs_in(&world, NEW).await);
    assert!(world.browser().open(&link).await.has("#problem"), "it was used");
    world.rows_become("outbox", "kind = 'notice_password_changed'", 1).await;
    let dump = world.dump().await;
    let token = link.split_once("token=").unwrap().1;
    assert!(!dump.contains(token), "no token is kept");
}

#[tokio::test]
async fn a_reset_names_the_account_and_ends_api_keys_unless_the_person_keeps_them() {
    let world = World::with(DEVELOPMENT).await;
    for keep in [false, true] {
        let browser = world.browser();
        let password = if keep { NEW } else { PASSWORD };
        let page = browser.open(&world.url("/account/api-keys/new")).await;
        let page = browser.submit(&page, &[("username", "alice"), ("password", password)]).await;
        let made = browser.submit(&page, &[("name", "backup"), ("scope-email", "1"), ("days", "30")]).await;
        let key = made.attr("#key", "value").unwrap();
        world.advance(1);
        let lost = world.browser();
        ask(&world, &lost, "alice").await;
        let page = lost.open(&link(&world).await).await;
        assert_eq!(page.attr("#username[readonly]", "value").as_deref(), Some("alice"));
        assert!(page.has("#end_keys[checked]"));
        let (password, end) = if keep { ("a third horse battery", "") } else { (NEW, "1") };
        lost.submit(&page, &[("password", password), ("end_keys", end)]).await;
        assert!(lost.cookie("session").is_some());
        assert_eq!(world.introspect(&key).await["active"], keep);
    }
}

#[tokio::test]
async fn a_reset_on_the_way_into_an_application_goes_on_there() {
    for by_link in [true, false] {
        let world = World::with(DEVELOPMENT).await;
        let browser = world.browser();
        let login = browser.open(&world.authorize_url(C1, "openid", &[("state", "on the way")])).await;
        let page = browser.open(login.url.join(&login.attr("#forgot", "href").unwrap()).unwrap().as_str()).await;
        let back = page.attr(".links a", "href").unwrap();
        assert!(browser.open(page.url.join(&back).unwrap().as_str()).await.has("#cancel"), "of the same sign-in");
        let code_page = browser.submit(&page, &[("username", "alice")]).await;
        world.rows_become("outbox", "sent_at IS NULL", 0).await;
        let mail = world.mail().await;
        let page = if by_link {
            browser.open(&mail.attr("#mail-link", "href").unwrap()).await
        } else {
            browser.submit(&code_page, &[("code", &mail.text("#mail-code"))]).await
        };
        let policy = page.answer.header("content-security-policy");
        assert!(policy.contains("form-action 'self' https://app.test;"), "{policy}");
        let page = browser.submit(&page, &[("password", NEW)]).await;
        let end = browser.submit(&page, &[("decision", "allow")]).await;
        assert_eq!(end.param("state").as_deref(), Some("on the way"), "{}: {}", end.url, end.answer.body);
        assert!(end.param("code").is_some());
    }
    // To a page of ours.
    let world = World::with(DEVELOPMENT).await;
    let browser = world.browser();
    let login = browser.open(&world.url("/login?next=/device?user_code=BCDF-GHJK")).await;
    let page = browser.open(login.url.join(&login.attr("#forgot", "href").unwrap()).unwrap().as_str()).await;
    browser.submit(&page, &[("username", "alice")]).await;
    world.rows_become("outbox", "sent_at IS NULL", 0).await;
    let page = browser.open(&link(&world).await).await;
    let end = browser.submit(&page, &[("password", NEW)]).await;
    assert_eq!((end.url.path(), end.param("user_code").as_deref()), ("/device", Some("BCDF-GHJK")), "{}", end.url);
    // Elsewhere than where the sign-in began, and for one that is over, there is just the account.
    let world = World::with(DEVELOPMENT).await;
    let browser = world.browser();
    let login = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let page = browser.open(login.url.join(&login.attr("#forgot", "href").unwrap()).unwrap().as_str()).await;
    browser.submit(&page, &[("username", "alice")]).await;
    world.rows_become("outbox", "sent_at IS NULL", 0).await;
    let elsewhere = world.browser();
    let page = elsewhere.open(&link(&world).await).await;
    let page = elsewhere.submit(&page, &[("password", NEW)]).await;
    assert_eq!((page.url.path(), page.answer.status.as_u16()), ("/", 200));
    assert!(elsewhere.cookie("session").is_some());
}

#[tokio::test]
async fn s208_of_ten_uses_of_a_link_at_once_one_sets_its_password() {
    let world = World::with(DEVELOPMENT).await;
    ask(&world, &world.browser(), "alice").await;
    let link = link(&world).await;
    let mut pages = Vec::new();
    for _ in 0..10 {
        let browser = world.browser();
        let page = browser.open(&link).await;
        pages.push((browser, page));
    }
    let passwords: Vec<String> = (0..10).map(|number| format!("password number {number}")).collect();
    let uses = pages.iter().zip(&passwords).map(|((browser, page), password)| async move {
        browser.post_form(page, &[("password", password)]).await.1.status.as_u16()
    });
    let statuses = futures_util::future::join_all(uses).await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert_eq!(world.rows("email_challenges", "consumed_at IS NOT NULL").await, 1);
    let winner = statuses.iter().position(|status| *status == 303).unwrap();
    assert!(signs_in(&world, &passwords[winner]).await);
}

#[tokio::test]
async fn an_address_with_characters_that_no_name_has_signs_in_and_is_mailed_to() {
    let world = World::with(DEVELOPMENT).await;
    let new = portcullis::identity::NewUser {
        username: "sean".to_owned(),
        email: Some("Sean.O'Neil/x=1@example.test".to_owned()),
        email_verified: true,
        password: Some(PASSWORD.into()),
        ..Default::default()
    };
    world.app.identity.create_user(new).await.unwrap();
    let browser = world.browser();
    let page = browser.open(&world.url("/login?next=/account")).await;
    let typed = " sean.o'neil/x=1@Example.test ";
    let page = browser.submit(&page, &[("username", typed), ("password", PASSWORD)]).await;
    assert_eq!(page.url.path(), "/account", "{}", page.answer.body);
    ask(&world, &world.browser(), typed).await;
    assert_eq!(
        world.rows("outbox", "kind = 'password_reset' AND recipient = 'sean.o''neil/x=1@example.test'").await,
        1
    );
}

#[tokio::test]
async fn s179_whoever_is_named_the_answer_is_the_same_and_a_stranger_gets_no_mail() {
    let world = World::with(DEVELOPMENT).await;
    let mut answers = Vec::new();
    for login in ["alice", "nobody", "nobody@example.test", "<b>", "a\r\nb"] {
        let page = ask(&world, &world.browser(), login).await;
        let text = page.answer.body.split("<form").next().unwrap().to_owned();
        answers.push((page.answer.status, text));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(world.rows("outbox", "TRUE").await, 1, "alice's");
}

#[tokio::test]
async fn the_code_of_the_mail_works_in_the_browser_that_asked_and_in_no_other() {
    let world = World::with(DEVELOPMENT).await;
    let browser = world.browser();
    let page = ask(&world, &browser, "alice").await;
    let code = world.mail().await.text("#mail-code");
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let stranger = world.browser();
    let seen = stranger.open(page.url.as_str()).await;
    assert!(stranger.submit(&seen, &[("code", &code)]).await.has("#problem"));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert!(browser.submit(&page, &[("code", wrong)]).await.has("#problem"));
    let choose = browser.submit(&page, &[("code", &spaced)]).await;
    assert!(choose.has("#password"), "{}", choose.answer.body);
    assert!(world.browser().open(&link(&world).await).await.has("#problem"), "the code took the link's place");
    assert!(browser.submit(&page, &[("code", &code)]).await.has("#problem"), "once");
    browser.submit(&choose, &[("password", NEW)]).await;
    assert!(signs_in(&world, NEW).await);
}

#[tokio::test]
async fn a_code_is_void_after_five_tries() {
    let world = World::with(&format!("{DEVELOPMENT}[throttle]\naccount_failures = 100\n")).await;
    let browser = world.browser();
    let page = ask(&world, &browser, "alice").await;
    let code = world.mail().await.text("#mail-code");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        browser.submit(&page, &[("code", wrong)]).await;
    }
    assert!(browser.submit(&page, &[("code", &code)]).await.has("#problem"));
    assert!(world.browser().open(&link(&world).await).await.has("#password"), "the link still works");
}

#[tokio::test]
async fn s187_wrong_codes_count_against_the_name_they_were_asked_for_by_over_all_requests() {
    let world = World::with(&format!("{DEVELOPMENT}[throttle]\naddress_failures = 1000\n")).await;
    let known = world.browser();
    world.code(&known, C1, "openid").await;
    let wrong = async |browser: &Browser, page: &Page, times: usize| {
        let mut statuses = Vec::new();
        for _ in 0..times {
            statuses.push(browser.submit(page, &[("code", "none")]).await.answer.status.as_u16());
        }
        statuses
    };
    for name in ["alice", "nobody"] {
        let first = world.browser();
        let page = ask(&world, &first, name).await;
        assert_eq!(wrong(&first, &page, 5).await, [422; 5], "{name}");
        let second = world.browser();
        let page = ask(&world, &second, name).await;
        assert_eq!(wrong(&second, &page, 2).await, [422, 429], "{name}: another request is no other budget");
    }
    assert!(signs_in(&world, PASSWORD).await, "the password has a counter of its own");
    let page = ask(&world, &known, "alice").await;
    assert_eq!(wrong(&known, &page, 1).await, [422], "and so has a browser that she has signed in with");
}

#[tokio::test]
async fn s208_a_new_request_or_half_an_hour_ends_a_link() {
    let world = World::with(DEVELOPMENT).await;
    ask(&world, &world.browser(), "alice").await;
    let first = link(&world).await;
    world.advance(1);
    ask(&world, &world.browser(), "alice").await;
    let second = link(&world).await;
    assert_ne!(first, second);
    assert!(world.browser().open(&first).await.has("#problem"));
    assert!(world.browser().open(&second).await.has("#password"));
    world.advance(30 * 60);
    assert!(world.browser().open(&second).await.has("#problem"));
}

#[tokio::test]
async fn s217_one_address_is_sent_five_mails_an_hour_and_one_of_them_is_its_owners() {
    let world = World::with(DEVELOPMENT).await;
    let known = world.browser();
    world.code(&known, C1, "openid").await;
    let sent = "kind = 'password_reset' AND recipient IS NOT NULL";
    for _ in 0..12 {
        ask(&world, &world.browser(), "alice").await;
    }
    assert_eq!(world.rows("outbox", sent).await, 4, "strangers do not keep it from her");
    for _ in 0..3 {
        ask(&world, &known, "alice@example.test").await;
    }
    assert_eq!(world.rows("outbox", sent).await, 5);
}

#[tokio::test]
async fn without_mail_there_is_no_reset() {
    let world = World::new().await;
    assert_eq!(world.get("/reset").await.status, 404);
    assert!(!world.browser().open(&world.url("/login")).await.has("#forgot"));
}
