//! The playground: what it does where it is on, and that it is nowhere else.

use portcullis::web::playground::Playground;
use serde_json::json;

use crate::common::{Browser, CS, Page, RS, World, secret_of};

const CLIENT: &str = "playground";

async fn world() -> World {
    let world = World::at("/tenant", "").await;
    let metadata = json!({ "client_name": "Playground", "client_uri": world.issuer, "application_type": "native",
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [world.url("/playground/callback")] });
    world.add_client(CLIENT, &metadata).await;
    let (service, resource_server) = (secret_of(CS), secret_of(RS));
    let playground = Playground::new(CLIENT, (RS, &resource_server), (CS, &service));
    world.app.playground.get_or_init(|| playground);
    world
}

async fn begin(world: &World, browser: &Browser, flow: &str, scope: &str) -> Page {
    let page = browser.open(&world.url("/playground")).await;
    browser.submit(&page, &[("flow", flow), ("scope", scope)]).await
}

#[actix_web::test]
async fn the_playground_is_nowhere_unless_it_was_asked_for() {
    let world = World::new().await;
    for path in ["/playground", "/playground/callback?code=x&state=y", "/playground/abc"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
    assert!(!world.browser().open(&world.issuer).await.answer.body.contains("/playground"));
}

#[actix_web::test]
async fn it_signs_a_person_in_below_an_issuer_with_a_path_and_every_check_of_the_tokens_holds() {
    let world = world().await;
    let browser = world.browser();
    let run = begin(&world, &browser, "code", "openid email").await;
    let authorize = run.attr("#authorize", "href").unwrap();
    let page = browser.open(&authorize).await;
    let end = world.answer_pages(&browser, page, "alice").await;
    assert!(end.url.path().starts_with("/tenant/playground/"), "{}", end.url);
    assert!(end.has("#id_token .checks .right") && end.has("#access_token"), "{}", end.answer.body);
    assert!(!end.has(".checks .wrong"));
    // The same answer again is not believed: its state was spent.
    let callback = world.url(&format!("/playground/callback?code=x&state={}", "a".repeat(43)));
    assert_eq!(browser.open(&callback).await.answer.status, 400);

    // Nobody else sees the run, nor goes on with it.
    let stranger = world.browser().open(end.url.as_str()).await;
    assert_eq!(stranger.url.path(), "/tenant/playground");
    let refreshed = browser.submit(&end, &[("do", "refresh")]).await;
    assert!(refreshed.text("#newest .status").starts_with("200"), "{}", refreshed.answer.body);
    let forged = browser.submit(&end, &[("do", "refresh"), ("csrf", "x")]).await;
    assert_eq!(forged.answer.status, 403);
}

#[actix_web::test]
async fn it_speaks_for_a_service_and_shows_what_a_resource_server_is_told() {
    let world = world().await;
    let browser = world.browser();
    let run = begin(&world, &browser, "service", "api:read").await;
    assert!(run.has("#access_token .checks .right") && !run.has(".checks .wrong"), "{}", run.answer.body);
    let told = browser.submit(&run, &[("do", "introspect")]).await;
    assert!(told.text("#newest").contains("\"active\": true"));
    browser.submit(&run, &[("do", "revoke")]).await;
    let told = browser.submit(&run, &[("do", "introspect")]).await;
    assert!(told.text("#newest").contains("\"active\": false"), "{}", told.text("#newest"));
    let refused = begin(&world, &browser, "service", "openid").await;
    assert!(refused.text("#newest").contains("invalid_scope"));
}
