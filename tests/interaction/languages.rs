//! In which language people are spoken to: an application's wish, their own, their browser's.

use reqwest::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};

use crate::common::*;

const MAIL: &str = "[mail]\ndevelopment = true\n";

/// A browser that is set to a language.
fn browser_in(world: &World, language: &'static str) -> Browser {
    let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_static(language))]);
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).default_headers(headers);
    Browser::new(http.build().unwrap(), &world.issuer)
}

async fn choose(world: &World, browser: &Browser, locale: &str) {
    let page = browser.open(&world.url("/login?next=/account/profile")).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    browser.submit(&page, &[("locale", locale)]).await;
}

fn language(page: &Page) -> String {
    page.attr("html", "lang").unwrap()
}

#[tokio::test]
async fn whoever_is_signed_in_is_spoken_to_in_their_own_language_on_every_page() {
    let world = World::new().await;
    let browser = world.browser();
    choose(&world, &browser, "de").await;
    let consent = browser.open(&world.authorize_url(C1, "openid profile", &[])).await;
    assert_eq!((consent.url.path(), language(&consent).as_str()), ("/consent", "de"));
    // What the application asks for counts more, if there is such a language.
    let consent = browser.open(&world.authorize_url(C1, "openid profile", &[("ui_locales", "ar")])).await;
    assert_eq!((consent.url.path(), language(&consent).as_str()), ("/consent", "ar"));
    let consent = browser.open(&world.authorize_url(C1, "openid profile", &[("ui_locales", "xx")])).await;
    assert_eq!(language(&consent), "de");
    let select = browser.open(&world.authorize_url(C1, "openid", &[("prompt", "select_account")])).await;
    assert_eq!((select.url.path(), language(&select).as_str()), ("/login/select", "de"));
    let login = browser.open(&world.authorize_url(C1, "openid", &[("prompt", "login")])).await;
    assert_eq!((login.url.path(), language(&login).as_str()), ("/login", "de"));

    let device = world.as_client("/oauth2/device", CD, &[("scope", "openid")]).await.ok();
    let entry = browser.open(&world.url("/device")).await;
    let asked = browser.submit(&entry, &[("user_code", device["user_code"].as_str().unwrap())]).await;
    let done = browser.submit(&asked, &[("decision", "allow")]).await;
    for page in [&entry, &asked, &done, &browser.open(&world.url("/")).await] {
        assert_eq!(language(page), "de", "{}", page.url);
    }
    let asked = browser.open(&world.url("/logout")).await;
    assert_eq!(language(&asked), "de");
    let wished = browser.open(&world.url("/logout?ui_locales=ar")).await;
    assert_eq!(language(&wished), "ar");
    assert_eq!(language(&browser.submit(&asked, &[("decision", "logout")]).await), "de");
    assert_eq!(language(&browser.open(&world.url("/login")).await), "en", "nobody is signed in any more");
}

#[tokio::test]
async fn the_second_step_speaks_to_whoever_has_taken_the_first() {
    let world = World::new().await;
    let browser = world.browser();
    choose(&world, &browser, "ar").await;
    world.set_up_app(&browser).await;
    let other = world.browser();
    let page = other.open(&world.url("/login")).await;
    assert_eq!(language(&page), "en");
    let page = other.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!((page.url.path(), language(&page).as_str()), ("/login/factor", "ar"));
}

#[tokio::test]
async fn mails_are_in_the_language_chosen_or_else_of_the_browser_in_which_it_was_done() {
    let world = World::with(MAIL).await;
    let subjects = async || {
        world.rows_become("outbox", "sent_at IS NULL", 0).await;
        let list = world.browser().open(&world.url("/dev/mail")).await;
        list.texts("#mails a")
    };
    let browser = browser_in(&world, "de-CH, en;q=0.5");
    let page = browser.open(&world.url("/login?next=/account/password")).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    // Anybody may have signed in: in the server's language.
    assert_eq!(subjects().await[0], "New sign-in to Portcullis");
    let new = "a brand new long phrase";
    world.advance(1);
    browser.submit(&page, &[("current", PASSWORD), ("password", new)]).await;
    assert_eq!(subjects().await[0], "Ihr Passwort für Portcullis wurde geändert");
    let page = browser.open(&world.url("/account/profile")).await;
    browser.submit(&page, &[("locale", "ar")]).await;
    let page = browser.open(&world.url("/account/password")).await;
    world.advance(1);
    browser.submit(&page, &[("current", new), ("password", "another new long phrase")]).await;
    let chosen = subjects().await;
    assert_eq!(chosen.len(), 3);
    assert!(!chosen[0].is_ascii(), "{chosen:?}");
}
