//! Accounts that people make themselves.

use portcullis::storage::{Terms as _, UserRecord};

use crate::common::*;

const OPEN: &str = "[mail]\ndevelopment = true\n[registration]\nmode = \"open\"\n";
const NEW: &str = "carol@example.test";
const TERMS: &str = "terms_uri = \"https://example.test/terms\"\nterms_version = \"2026-01\"\n";

/// Asks for an account, and waits until the request is dealt with. What comes is the page that takes the code.
async fn ask(world: &World, browser: &Browser, email: &str) -> Page {
    let page = browser.open(&world.url("/register")).await;
    let page = browser.submit(&page, &[("email", email)]).await;
    world.rows_become("outbox", "sent_at IS NULL", 0).await;
    page
}

async fn link(world: &World) -> String {
    world.mail().await.attr("#mail-link", "href").expect("a link")
}

async fn user(world: &World, name: &str) -> Option<UserRecord> {
    world.app.identity.find_user(name).await.unwrap()
}

const CAROL: [(&str, &str); 2] = [("username", "carol"), ("password", PASSWORD)];

#[tokio::test]
async fn s208_s212_a_mailed_link_makes_an_account_with_its_address_once() {
    let world = World::with(OPEN).await;
    let browser = world.browser();
    let login = browser.open(&world.url("/login")).await;
    assert_eq!(login.attr("#create", "href").as_deref(), Some("/register"));
    let sent = ask(&world, &browser, " Carol@Example.test ").await;
    assert!(sent.has("#code"), "{}", sent.answer.body);
    assert!(user(&world, NEW).await.is_none(), "asking makes nobody");
    let link = link(&world).await;
    for _ in 0..3 {
        let scanner = world.browser();
        let page = scanner.open(&link).await;
        assert!(page.url.query().is_none(), "the token has left the address");
        assert_eq!(page.text("#address"), NEW);
        assert_eq!(scanner.get(&link).await.header("referrer-policy"), "no-referrer");
    }
    let page = browser.open(&link).await;
    for (username, password) in [("carol", "short"), ("carol", "password1"), ("carol", NEW), ("a b", PASSWORD)] {
        let refused = browser.submit(&page, &[("username", username), ("password", password)]).await;
        assert_eq!(refused.answer.status, 422, "{username} {password}");
        assert!(refused.has("[aria-invalid=true]") && refused.attr("#username", "value").unwrap() == username);
    }
    assert_eq!(browser.submit(&page, &[("username", "carol"), ("csrf", "x")]).await.answer.status, 403);
    let end = browser.submit(&page, &CAROL).await;
    assert_eq!((end.url.path(), end.answer.status.as_u16()), ("/", 200), "a mistake cost no link");
    assert!(browser.cookie("session").is_some() && browser.cookie("link").is_none());
    let carol = user(&world, "carol").await.unwrap();
    assert_eq!((carol.email.as_deref(), carol.email_verified, carol.is_admin), (Some(NEW), true, false));
    assert_eq!(world.audited("user_registered").await, 1);
    assert_eq!(world.rows("outbox", "kind = 'notice_new_sign_in'").await, 0, "it is where the account was made");
    assert_eq!(world.browser().open(&link).await.answer.status, 410, "it was used");
    let token = link.split_once("token=").unwrap().1;
    assert!(!world.dump().await.contains(token), "no token is kept");
}

#[tokio::test]
async fn the_code_of_the_mail_makes_an_account_in_the_browser_that_asked_and_in_no_other() {
    let world = World::with(OPEN).await;
    let browser = world.browser();
    let page = ask(&world, &browser, NEW).await;
    let code = world.mail().await.text("#mail-code");
    let stranger = world.browser();
    let seen = stranger.open(page.url.as_str()).await;
    assert!(stranger.submit(&seen, &[("code", &code)]).await.has("#problem"));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert!(browser.submit(&page, &[("code", wrong)]).await.has("#problem"));
    assert_eq!(world.audited("registration_code_failed").await, 1);
    let form = browser.submit(&page, &[("code", &code)]).await;
    assert_eq!(form.text("#address"), NEW);
    assert_eq!(world.browser().open(&link(&world).await).await.answer.status, 410, "the code took the link's place");
    browser.submit(&form, &CAROL).await;
    assert!(user(&world, "carol").await.unwrap().email_verified);
}

#[tokio::test]
async fn s179_an_address_that_has_an_account_is_answered_alike_and_told_by_mail() {
    let world = World::with(OPEN).await;
    let before = |page: &Page| page.answer.body.split("<form").next().unwrap().to_owned();
    let free = ask(&world, &world.browser(), NEW).await;
    world.advance(1);
    let taken = ask(&world, &world.browser(), "alice@example.test").await;
    assert_eq!((free.answer.status, before(&free)), (taken.answer.status, before(&taken)));
    assert_eq!(world.rows("outbox", "kind = 'registration'").await, 1, "for the free one");
    let told = "kind = 'notice_account_exists' AND recipient = 'alice@example.test' AND sent_at > 0";
    world.rows_become("outbox", told, 1).await;
    let mail = world.mail().await;
    assert!(mail.answer.body.contains("alice") && !mail.has("#mail-code"), "{}", mail.answer.body);
    // Its code was drawn and never left: nobody gets on by guessing it.
    assert_eq!(world.rows("email_challenges", "purpose = 'registration' AND email IS NOT NULL").await, 1);
}

#[tokio::test]
async fn s211_links_for_other_purposes_and_forged_ones_make_no_account() {
    let world = World::with(OPEN).await;
    let browser = world.browser();
    let page = browser.open(&world.url("/reset")).await;
    browser.submit(&page, &[("username", "alice")]).await;
    world.rows_become("outbox", "kind = 'password_reset' AND sent_at > 0", 1).await;
    let reset = link(&world).await.replace("/reset/new", "/register/new");
    assert_eq!(world.browser().open(&reset).await.answer.status, 410);
    world.advance(1);
    ask(&world, &browser, NEW).await;
    let link = link(&world).await;
    assert!(!world.browser().open(&link.replace("/register/new", "/reset/new")).await.has("#password"));
    let forged = link.split_once("token=").unwrap().0.to_owned() + "token=eyJhbGciOiJub25lIn0.e30.";
    assert_eq!(world.browser().open(&forged).await.answer.status, 410);
    assert_eq!(world.rows("users", "TRUE").await, 2);
}

#[tokio::test]
async fn s208_of_ten_uses_of_a_link_at_once_one_makes_an_account() {
    let world = World::with(OPEN).await;
    ask(&world, &world.browser(), NEW).await;
    let link = link(&world).await;
    let mut pages = Vec::new();
    for _ in 0..10 {
        let browser = world.browser();
        let page = browser.open(&link).await;
        pages.push((browser, page));
    }
    let names: Vec<String> = (0..10).map(|number| format!("carol{number}")).collect();
    let uses = pages.iter().zip(&names).map(|((browser, page), name)| async move {
        browser.post_form(page, &[("username", name), ("password", PASSWORD)]).await.1.status.as_u16()
    });
    let statuses = futures_util::future::join_all(uses).await;
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert_eq!(world.rows("users", "TRUE").await, 3);
}

#[tokio::test]
async fn s217_one_address_is_sent_five_mails_an_hour_and_a_new_one_ends_the_last() {
    let world = World::with(OPEN).await;
    let mut first = None;
    for _ in 0..9 {
        ask(&world, &world.browser(), NEW).await;
        first = first.or(Some(link(&world).await));
        world.advance(1);
    }
    assert_eq!(world.rows("outbox", "kind = 'registration'").await, 5);
    assert_eq!(world.browser().open(&first.unwrap()).await.answer.status, 410);
    assert!(world.browser().open(&link(&world).await).await.has("#register"));
    world.advance(30 * 60);
    assert_eq!(world.browser().open(&link(&world).await).await.answer.status, 410, "half an hour");
}

#[tokio::test]
async fn making_an_account_on_the_way_into_an_application_goes_on_there() {
    for by_link in [true, false] {
        let world = World::with(OPEN).await;
        let browser = world.browser();
        let login = browser.open(&world.authorize_url(C1, "openid email", &[("state", "on the way")])).await;
        let page = browser.open(login.url.join(&login.attr("#create", "href").unwrap()).unwrap().as_str()).await;
        assert!(page.answer.body.contains("First App"));
        let back = page.attr("#back", "href").unwrap();
        assert!(browser.open(page.url.join(&back).unwrap().as_str()).await.has("#cancel"), "of the same sign-in");
        let code_page = browser.submit(&page, &[("email", NEW)]).await;
        world.rows_become("outbox", "sent_at IS NULL", 0).await;
        let mail = world.mail().await;
        let page = if by_link {
            browser.open(&mail.attr("#mail-link", "href").unwrap()).await
        } else {
            browser.submit(&code_page, &[("code", &mail.text("#mail-code"))]).await
        };
        let policy = page.answer.header("content-security-policy");
        assert!(policy.contains("form-action 'self' https://app.test;"), "{policy}");
        let page = browser.submit(&page, &CAROL).await;
        let end = browser.submit(&page, &[("decision", "allow")]).await;
        assert_eq!(end.param("state").as_deref(), Some("on the way"), "{}: {}", end.url, end.answer.body);
        assert!(end.param("code").is_some());
    }
}

#[tokio::test]
async fn making_an_account_on_the_way_to_a_device_goes_on_there() {
    for (more, mail) in [(OPEN, true), ("[registration]\nmode = \"open\"\n", false)] {
        let world = World::with(more).await;
        let browser = world.browser();
        let login = browser.open(&world.url("/login?next=/device?user_code=BCDF-GHJK")).await;
        let mut page = browser.open(login.url.join(&login.attr("#create", "href").unwrap()).unwrap().as_str()).await;
        if mail {
            let code = browser.submit(&page, &[("email", NEW)]).await;
            world.rows_become("outbox", "sent_at IS NULL", 0).await;
            page = browser.submit(&code, &[("code", &world.mail().await.text("#mail-code"))]).await;
        }
        let end = browser.submit(&page, &CAROL).await;
        assert_eq!(end.param("user_code").as_deref(), Some("BCDF-GHJK"), "{}", end.url);
        assert_eq!(end.url.path(), "/device");
    }
}

#[tokio::test]
async fn an_application_may_begin_with_a_new_account_and_an_old_one_will_do() {
    let world = World::with(OPEN).await;
    let offered = world.get("/.well-known/openid-configuration").await.json();
    assert!(offered["prompt_values_supported"].as_array().unwrap().contains(&"create".into()));
    let url = world.authorize_url(C1, "openid", &[("prompt", "create"), ("state", "s")]);
    let browser = world.browser();
    let page = browser.open(&url).await;
    assert_eq!(page.url.path(), "/register", "{}", page.answer.body);
    browser.submit(&page, &[("email", NEW)]).await;
    world.rows_become("outbox", "sent_at IS NULL", 0).await;
    let page = browser.open(&link(&world).await).await;
    let consent = browser.submit(&page, &CAROL).await;
    let end = browser.submit(&consent, &[("decision", "allow")]).await;
    assert!(end.param("code").is_some() && end.param("state").as_deref() == Some("s"), "{}", end.url);
    // Whoever is signed in is asked as well, and may go on as somebody that they were already.
    let page = browser.open(&url).await;
    assert_eq!(page.url.path(), "/register");
    let login = browser.open(page.url.join(&page.attr("#back", "href").unwrap()).unwrap().as_str()).await;
    assert_eq!(login.url.path(), "/login", "{}", login.answer.body);
    assert_eq!(browser.submit(&login, &[("username", "alice"), ("password", "wrong")]).await.answer.status, 422);
    let consent = browser.submit(&login, &[("username", "alice"), ("password", PASSWORD)]).await;
    let end = browser.submit(&consent, &[("decision", "allow")]).await;
    assert!(end.param("code").is_some(), "{}: {}", end.url, end.answer.body);
    let both = browser.get(&world.authorize_url(C1, "openid", &[("prompt", "create none")])).await;
    assert_eq!(both.redirect_param("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn nobodys_user_name_is_anothers_address() {
    let world = World::with(OPEN).await;
    let browser = world.browser();
    ask(&world, &browser, NEW).await;
    let page = browser.open(&link(&world).await).await;
    for name in ["alice", "ALICE", "alice@example.test", "dave@example.test", "@", "carol@example.tes"] {
        let refused = browser.submit(&page, &[("username", name), ("password", PASSWORD)]).await;
        assert!(refused.answer.status == 422 && refused.has("#username[aria-invalid=true]"), "{name}");
    }
    browser.submit(&page, &[("username", NEW), ("password", PASSWORD)]).await;
    assert_eq!(user(&world, NEW).await.unwrap().username, NEW, "one's own address");
    world.advance(1);
    ask(&world, &world.browser(), NEW).await;
    assert_eq!(world.rows("outbox", "kind = 'notice_account_exists'").await, 1, "it is a name that is known");
}

#[tokio::test]
async fn an_account_needs_the_terms_as_they_are_and_keeps_when_they_were_accepted() {
    let world = World::with(&format!("{OPEN}{TERMS}")).await;
    let browser = world.browser();
    ask(&world, &browser, NEW).await;
    let page = browser.open(&link(&world).await).await;
    assert_eq!(page.attr("#terms-text", "href").as_deref(), Some("https://example.test/terms"));
    assert!(!page.has("#terms[checked]"));
    for given in [vec![], vec![("terms", "2025-01")], vec![("terms", "")]] {
        let refused = browser.submit(&page, &[&CAROL[..], &given[..]].concat()).await;
        assert!(refused.answer.status == 422 && refused.has("#terms[aria-invalid=true]"), "{given:?}");
    }
    assert!(user(&world, "carol").await.is_none());
    browser.submit(&page, &[&CAROL[..], &[("terms", "2026-01")]].concat()).await;
    let carol = user(&world, "carol").await.unwrap();
    let accepted = world.app.oauth.store.accepted_terms(&carol.id).await.unwrap();
    assert_eq!(accepted, [("2026-01".to_owned(), carol.created_at)]);
}

#[tokio::test]
async fn where_domains_are_named_only_their_addresses_have_accounts() {
    let domains = "[mail]\ndevelopment = true\n[registration]\nmode = \"domains\"\ndomains = [\"example.test\"]\n";
    let world = World::with(domains).await;
    let browser = world.browser();
    for bad in ["carol@other.test", "carol@sub.example.test", "carol@notexample.test", "carol@example.test.evil.test"] {
        let page = browser.open(&world.url("/register")).await;
        let refused = browser.submit(&page, &[("email", bad)]).await;
        assert!(refused.answer.status == 422 && refused.text("#problem").contains("example.test"), "{bad}");
    }
    for bad in ["", "a", "a@b", "a@example.test\r\nBcc: x@evil.test"] {
        let page = browser.open(&world.url("/register")).await;
        assert!(browser.submit(&page, &[("email", bad)]).await.has("#email[aria-invalid=true]"), "{bad:?}");
    }
    assert_eq!(world.rows("email_challenges", "TRUE").await, 0);
    ask(&world, &browser, "Carol@EXAMPLE.test").await;
    assert!(browser.open(&link(&world).await).await.has("#register"));
}

#[tokio::test]
async fn s218_whoever_registers_a_name_again_is_somebody_else() {
    let world = World::with(OPEN).await;
    let tokens = world.sign_in(C1, "openid offline_access").await;
    let alice = user(&world, "alice").await.unwrap();
    let old = world.browser();
    let page = old.open(&world.url("/login?next=/account/delete")).await;
    let page = old.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    old.submit(&page, &[("username", "alice")]).await;
    assert!(user(&world, "alice").await.is_none());
    world.advance(1);
    let browser = world.browser();
    ask(&world, &browser, "alice@example.test").await;
    let page = browser.open(&link(&world).await).await;
    browser.submit(&page, &[("username", "alice"), ("password", "another horse battery")]).await;
    let again = user(&world, "alice").await.unwrap();
    assert_ne!(again.id, alice.id, "another sub");
    assert!(!world.is_live(tokens["access_token"].as_str().unwrap()).await);
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    assert!(page.has("[name=decision]"), "no consent of hers is left: {}", page.answer.body);
}

#[tokio::test]
async fn without_mail_an_account_has_no_address_and_is_made_at_once() {
    let world = World::with("[registration]\nmode = \"open\"\n").await;
    let browser = world.browser();
    assert_eq!(browser.get(&world.url("/register")).await.status, 404);
    let login = browser.open(&world.authorize_url(C1, "openid", &[("state", "s")])).await;
    let form = browser.open(login.url.join(&login.attr("#create", "href").unwrap()).unwrap().as_str()).await;
    let foreign = browser.submit(&form, &[("username", "dave@example.test"), ("password", PASSWORD)]).await;
    assert_eq!(foreign.answer.status, 422, "an address that nobody has shown to be theirs");
    let page = browser.submit(&form, &CAROL).await;
    let end = browser.submit(&page, &[("decision", "allow")]).await;
    assert!(end.param("code").is_some() && end.param("state").as_deref() == Some("s"), "{}", end.url);
    let carol = user(&world, "carol").await.unwrap();
    assert_eq!((carol.email, carol.email_verified), (None, false));
    let mut statuses = Vec::new();
    for number in 0..25 {
        let browser = world.browser();
        let form = browser.open(&world.url("/register/new")).await;
        let name = format!("flood{number}");
        statuses.push(browser.submit(&form, &[("username", &name), ("password", PASSWORD)]).await.answer.status);
    }
    assert!(statuses.iter().any(|status| *status == 429), "{statuses:?}");
    assert!(world.rows("users", "username LIKE 'flood%'").await < 25);
}

#[tokio::test]
async fn s216_where_registration_is_off_there_is_none() {
    let world = World::with("[mail]\ndevelopment = true\n").await;
    let browser = world.browser();
    let login = browser.open(&world.url("/login")).await;
    assert!(!login.has("#create"));
    for path in ["/register", "/register/code", "/register/new"] {
        assert_eq!(browser.get(&world.url(path)).await.status, 404, "{path}");
        let posted = browser.send(browser.post_from_our_page(&world.url(path)).form(&CAROL)).await;
        assert_eq!(posted.status, 404, "{path}");
    }
    assert!(user(&world, "carol").await.is_none());
    let refused = browser.get(&world.authorize_url(C1, "openid", &[("prompt", "create")])).await;
    assert_eq!(refused.redirect_param("error").as_deref(), Some("invalid_request"));
    let offered = world.get("/.well-known/openid-configuration").await.json();
    assert!(!offered["prompt_values_supported"].as_array().unwrap().contains(&"create".into()));
}
