//! Who and what has access to an account: devices, apps, and what they did.

use crate::common::*;

async fn signed_in(world: &World, name: &str) -> Browser {
    signed_in_with(world, name, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0").await
}

async fn signed_in_with(world: &World, name: &str, user_agent: &str) -> Browser {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).user_agent(user_agent);
    let browser = Browser::new(http.build().unwrap(), &world.issuer);
    let page = browser.open(&world.url("/login?next=/account")).await;
    let page = browser.submit(&page, &[("username", name), ("password", PASSWORD)]).await;
    assert_eq!(page.url.path(), "/account", "{}", page.answer.body);
    browser
}

/// The text of a page without the marks that keep foreign words apart.
fn words(page: &Page) -> String {
    page.text("main").replace(['\u{2068}', '\u{2069}'], "")
}

fn sid_of_another(page: &Page) -> String {
    page.attr("button[name=end]", "value").unwrap()
}

#[tokio::test]
async fn devices_are_listed_in_words_and_this_one_is_marked() {
    let world = World::with("places = { \"127.0.0.0/8\" = \"Here <b>\" }").await;
    let here = signed_in(&world, "alice").await;
    world.advance(7200);
    let polyglot = "\"><script>alert(1)</script> Chrome/1 Windows {{7*7}}";
    let _there = signed_in_with(&world, "alice", polyglot).await;
    let page = here.open(&world.url("/account/sessions")).await;
    let text = words(&page);
    assert!(text.contains("Firefox on Linux") && text.contains("Chrome on Windows"), "{text}");
    assert!(text.contains("2 hours ago") && text.contains("Just now"), "{text}");
    assert!(text.contains("127.0.0.1") && text.contains("Here <b>"));
    assert!(page.text(".row").contains("This one"), "this one first: {}", page.text(".row"));
    assert!(!page.answer.body.contains("<script>alert"), "S220");
    assert_eq!(page.answer.body.matches("name=\"end\"").count(), 1);
    world.code(&here, C1, "openid").await;
    assert!(words(&here.open(&world.url("/account/sessions")).await).contains("Signed in to: First App"));
}

#[tokio::test]
async fn one_device_can_be_signed_out_and_all_others() {
    let world = World::new().await;
    let (here, second, third) =
        (signed_in(&world, "alice").await, signed_in(&world, "alice").await, signed_in(&world, "alice").await);
    let tokens = world.redeem(C1, &world.code(&third, C1, "openid").await).await.ok();
    let access_token = tokens["access_token"].as_str().unwrap();
    let page = here.open(&world.url("/account/sessions")).await;
    let ended = sid_of_another(&page);
    // A second click does no more and is no mistake.
    here.submit(&page, &[("end", &ended)]).await;
    let page = here.submit(&page, &[("end", &ended)]).await;
    assert!(page.has("#notice"), "{}", page.answer.body);
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 2);
    assert_eq!(world.audited("session_ended").await, 1);
    let page = here.submit(&page, &[("others", "1")]).await;
    assert!(page.has("#notice") && !page.has("button[name=end]"));
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 1);
    for gone in [&second, &third] {
        assert_eq!(gone.open(&world.url("/account")).await.url.path(), "/login");
    }
    assert!(!world.is_live(access_token).await, "what was signed in there ends with it");
    assert_eq!(here.open(&world.url("/account")).await.url.path(), "/account");
}

#[tokio::test]
async fn a_device_that_was_long_unused_can_still_be_signed_out_since_its_apps_go_on() {
    let world = World::new().await;
    for way in ["end", "others"] {
        let there = signed_in_with(&world, "alice", "Mozilla/5.0 (Windows NT 10.0) Chrome/128.0").await;
        let tokens = world.redeem(C1, &world.code(&there, C1, "openid").await).await.ok();
        world.advance(60 * 60 * 24 * 3);
        assert_eq!(there.open(&world.url("/account")).await.url.path(), "/login", "the browser is not let in");
        let tokens = world.refresh(C1, tokens["refresh_token"].as_str().unwrap()).await.ok();
        let here = signed_in(&world, "alice").await;
        let page = here.open(&world.url("/account/sessions")).await;
        let text = words(&page);
        assert!(text.contains("Chrome on Windows") && text.contains("Unused for long"), "{text}");
        let value = if way == "end" { sid_of_another(&page) } else { "1".to_owned() };
        let page = here.submit(&page, &[(way, &value)]).await;
        assert!(page.has("#notice") && !words(&page).contains("Chrome on Windows"));
        let refused = world.refresh(C1, tokens["refresh_token"].as_str().unwrap()).await;
        assert_eq!(refused.error(), "invalid_grant", "{way}");
    }
}

#[tokio::test]
async fn what_was_sent_too_late_is_asked_for_again_after_the_proof() {
    let world = World::new().await;
    let (here, _there) = (signed_in(&world, "alice").await, signed_in(&world, "alice").await);
    let page = here.open(&world.url("/account/sessions")).await;
    world.advance(601);
    let login = here.submit(&page, &[("others", "1")]).await;
    assert!(login.has("#again") && login.has("#password"), "{}", login.answer.body);
    let back = here.submit(&login, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(back.url.path(), "/account/sessions");
    assert!(back.text("#notice").contains("choose again"), "{}", back.answer.body);
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 2, "nothing was done");
    // Whoever only looks is told nothing of the kind.
    world.advance(601);
    let login = here.open(&world.url("/account/delete")).await;
    let back = here.submit(&login, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!((back.url.path(), back.has("#notice")), ("/account/delete", false));
}

#[tokio::test]
async fn s173_another_persons_session_is_not_there() {
    let world = World::new().await;
    let alice = signed_in(&world, "alice").await;
    let _alice_too = signed_in(&world, "alice").await;
    let bob = signed_in(&world, "bob").await;
    let _bob_too = signed_in(&world, "bob").await;
    let hers = sid_of_another(&alice.open(&world.url("/account/sessions")).await);
    let page = bob.open(&world.url("/account/sessions")).await;
    assert!(!page.answer.body.contains(&hers));
    for sid in [hers.as_str(), "1", "' OR 1=1 --", &"x".repeat(5000)] {
        let answer = bob.submit(&page, &[("end", sid)]).await;
        assert_eq!(answer.answer.status, 404, "{sid:.20}");
    }
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 4);
}

#[tokio::test]
async fn s103_signing_out_everywhere_voids_whatever_was_issued_before() {
    let world = World::new().await;
    let (here, there) = (signed_in(&world, "alice").await, signed_in(&world, "alice").await);
    let bobs = signed_in(&world, "bob").await;
    let tokens = world.redeem(C1, &world.code(&there, C1, "openid offline_access").await).await.ok();
    let page = here.open(&world.url("/account/sessions")).await;
    let page = here.submit(&page, &[("everywhere", "1")]).await;
    assert_eq!(page.url.path(), "/login");
    assert!(here.cookie("portcullis_session").is_none());
    assert_eq!(there.open(&world.url("/account")).await.url.path(), "/login");
    assert!(!world.is_live(tokens["access_token"].as_str().unwrap()).await);
    assert_eq!(world.refresh(C1, tokens["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
    assert_eq!(world.rows("users", "tokens_not_before > 0").await, 1);
    assert_eq!(bobs.open(&world.url("/account")).await.url.path(), "/account");
    world.advance(1);
    let back = here.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(back.url.path(), "/account");
}

#[tokio::test]
async fn an_app_is_shown_with_what_it_may_and_taking_it_back_kills_its_tokens() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    let first = world.redeem(C1, &world.code(&browser, C1, "openid email").await).await.ok();
    let other = world.redeem(C2, &world.code(&browser, C2, "openid").await).await.ok();
    let page = browser.open(&world.url("/account/apps")).await;
    let text = words(&page);
    assert!(text.contains("First App") && text.contains("Second App") && text.contains("app.test"), "{text}");
    assert!(text.contains("See your e-mail address"), "{text}");
    let page = browser.submit(&page, &[("revoke", C1)]).await;
    assert!(page.has("#notice") && !words(&page).contains("First App"));
    assert!(!world.is_live(first["access_token"].as_str().unwrap()).await);
    assert_eq!(world.refresh(C1, first["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
    assert!(world.is_live(other["access_token"].as_str().unwrap()).await, "other apps keep theirs");
    assert_eq!(world.rows("consents", "TRUE").await, 1);
    assert_eq!(world.audited("consent_revoked").await, 1);
    let asked = browser.open(&world.authorize_url(C1, "openid email", &[])).await;
    assert!(asked.has("#allow"), "it has to ask again");
    assert_eq!(browser.submit(&page, &[("revoke", "nobody")]).await.answer.status, 404);
}

#[tokio::test]
async fn an_apps_access_ends_at_other_instances_too() {
    let world = World::new().await;
    let Some(other) = world.beside() else { return };
    let browser = signed_in(&world, "alice").await;
    let tokens = world.redeem(C1, &world.code(&browser, C1, "openid").await).await.ok();
    let page = browser.open(&world.url("/account/apps")).await;
    browser.submit(&page, &[("revoke", C1)]).await;
    other.follow().await;
    assert!(!other.is_live(tokens["access_token"].as_str().unwrap()).await);
}

#[tokio::test]
async fn the_last_use_of_an_app_is_that_of_its_last_sign_in() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    world.code(&browser, C1, "openid").await;
    world.advance(3 * 3600);
    assert!(words(&browser.open(&world.url("/account/apps")).await).contains("Last used: 3 hours ago"));
    world.code(&browser, C1, "openid").await;
    world.rows_become("consents", "last_used_at > created_at", 1).await;
    let text = words(&browser.open(&world.url("/account/apps")).await);
    assert!(text.contains("Last used: Just now") && text.contains("Since: 3 hours ago"), "{text}");
}

#[tokio::test]
async fn activity_is_told_in_words_page_by_page() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    let stranger = world.browser();
    let page = stranger.open(&world.url("/login")).await;
    stranger.submit(&page, &[("username", "alice"), ("password", "wrong")]).await;
    world.code(&browser, C1, "openid").await;
    let page = browser.open(&world.url("/account/activity")).await;
    let text = words(&page);
    for told in ["You signed in", "Somebody tried to sign in with a wrong password", "You gave First App access"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(text.contains("Was this you?") && text.contains("2026-09-21 14:13 UTC") && text.contains("127.0.0.1"));
    assert!(!page.has("#older"));
    world.advance(1);
    for _ in 0..30 {
        let page = browser.open(&world.authorize_url(C1, "openid", &[("prompt", "consent")])).await;
        browser.submit(&page, &[("decision", "deny")]).await;
    }
    let page = browser.open(&world.url("/account/activity")).await;
    assert_eq!(page.answer.body.matches("<li class=\"row\">").count(), 25);
    let older = page.url.join(&page.attr("#older", "href").unwrap()).unwrap();
    let page = browser.open(older.as_str()).await;
    assert!(words(&page).contains("You gave First App access"));
    let strangers = signed_in(&world, "bob").await;
    let theirs = strangers.open(older.as_str()).await;
    assert!(!words(&theirs).contains("First App"), "a cursor opens nobody else's log");
}

#[tokio::test]
async fn s224_a_forged_cursor_is_no_page() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    for cursor in ["x", "'", "%22;--", "AAAA", "MS54", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5LjE", "..%2f"] {
        let page = browser.open(&world.url(&format!("/account/activity?before={cursor}"))).await;
        assert_eq!(page.answer.status, 404, "{cursor}");
    }
}

/// Sends the form of `page` but for its body; that follows when `meanwhile` has happened. The head of the answer.
async fn slowly(browser: &Browser, page: &Page, fields: &[(&str, &str)], meanwhile: impl Future) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (action, mut values) = page.form();
    values.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(values).finish();
    let url = page.url.join(&action).unwrap();
    let cookies: Vec<String> =
        browser.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nOrigin: null\r\nSec-Fetch-Site: same-origin\r\nCookie: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\
         Connection: close\r\n\r\n",
        url.path(),
        url.authority(),
        cookies.join("; "),
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(url.authority()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // It is asked for when the request is being answered already.
    let go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    let mut heard = vec![0; go_on.len()];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&heard), go_on);
    meanwhile.await;
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split("\r\n\r\n").next().unwrap().to_lowercase()
}

#[tokio::test]
async fn s082_a_form_that_is_sent_slowly_does_nothing_for_a_session_that_has_ended_meanwhile() {
    let world = World::new().await;
    let paths = [("/account/delete", ("username", "alice")), ("/account/profile", ("name", "Mallory"))];
    for (path, field) in paths {
        let thief = signed_in(&world, "alice").await;
        let page = thief.open(&world.url(path)).await;
        assert_eq!(page.url.path(), path);
        let owner = signed_in(&world, "alice").await;
        let devices = owner.open(&world.url("/account/sessions")).await;
        let everywhere = [("everywhere", "1")];
        let answer = slowly(&thief, &page, &[field], owner.submit(&devices, &everywhere)).await;
        assert!(answer.starts_with("http/1.1 303") && answer.contains("location: "), "{answer}");
        assert!(answer.contains("/login"), "{path}: {answer}");
        world.advance(1);
    }
    assert_eq!(world.rows("users", "username = 'alice' AND claims NOT LIKE '%Mallory%'").await, 1);
}
