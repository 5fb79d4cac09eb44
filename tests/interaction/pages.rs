//! What holds for every page, and the answers nobody asked a handler for.

use crate::common::World;

#[actix_web::test]
async fn a_stray_address_is_a_page_with_a_way_back_and_an_id() {
    let world = World::new().await;
    let page = world.browser().open(&world.url("/nothing/here")).await;
    assert_eq!(page.answer.status, 404);
    assert_eq!(page.attr("a.button", "href").as_deref(), Some(world.issuer.as_str()));
    assert_eq!(page.text(".foot code"), page.answer.header("x-request-id"));
    assert!(page.answer.header("content-security-policy").contains("style-src 'self'"));
    // For programs it stays JSON.
    assert_eq!(world.get("/oauth2/nothing").await.json()["error"], "not_found");
}

#[actix_web::test]
async fn another_host_name_is_told_where_this_server_is() {
    let world = World::new().await;
    let port = world.issuer.rsplit(':').next().unwrap();
    let request = world.http.get(format!("http://127.0.0.1:{port}/login")).header("Host", "other.test");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 421);
    let html = answer.text().await.unwrap();
    assert!(html.contains("<!doctype html>") && html.contains(&world.issuer));
}

#[actix_web::test]
async fn the_home_page_names_issuer_and_discovery_and_who_is_signed_in() {
    let world = World::at("/tenant", "").await;
    let browser = world.browser();
    let page = browser.open(&world.issuer).await;
    let discovery = world.url("/.well-known/openid-configuration");
    assert!(page.answer.body.contains(&discovery));
    assert!(!page.answer.body.contains("alice"));
    let page = browser.open(&world.url("/login")).await;
    let home = world.answer_pages(&browser, page, "alice").await;
    assert!(home.text(".whoami").contains("alice"), "{}", home.answer.body);
}

#[actix_web::test]
async fn ui_locales_decide_the_language_and_its_direction() {
    let world = World::new().await;
    for (ui_locales, language, direction) in [("ar-EG en", "ar", "rtl"), ("xx de-AT", "de", "ltr"), ("xx", "en", "ltr")]
    {
        let url = world.authorize_url(crate::common::C1, "openid", &[("ui_locales", ui_locales)]);
        let page = world.browser().open(&url).await;
        assert_eq!(page.attr("html", "lang").as_deref(), Some(language));
        assert_eq!(page.attr("html", "dir").as_deref(), Some(direction));
        assert_eq!(page.answer.header("content-language"), language);
    }
}

#[actix_web::test]
async fn the_browser_decides_the_language_where_the_application_names_none_that_is_shipped() {
    let world = World::new().await;
    let open = async |ui_locales: &str, accepted: &str| {
        let url = world.authorize_url(crate::common::C1, "openid", &[("ui_locales", ui_locales)]);
        // The first answer leads on to the sign-in page, where the browser says its languages again.
        let browser = world.browser();
        let away = browser.get(&url).await.header("location").to_owned();
        let request = world.http.get(world.url("/").parse::<url::Url>().unwrap().join(&away).unwrap());
        browser.send(request.header("Accept-Language", accepted)).await
    };
    let german = open("xx", "fr, de-CH;q=0.9, ar;q=0.8").await;
    assert_eq!((german.status.as_u16(), german.header("content-language")), (200, "de"));
    assert!(german.body.contains("<html lang=\"de\" dir=\"ltr\">"), "{}", german.body);
    assert!(german.body.contains("Auf diesem Gerät angemeldet bleiben"), "{}", german.body);
    // What the application asks for counts more.
    assert_eq!(open("ar", "de").await.header("content-language"), "ar");
}
