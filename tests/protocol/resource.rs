use serde_json::json;

use crate::common::*;

const API: &str = "https://api.test/v1";

async fn world() -> World {
    let world = World::new().await;
    world.add_client(API, &json!({ "client_name": "API", "grant_types": [], "resource_server": true })).await;
    world
}

/// What the resource server is told about a token.
async fn told(world: &World, token: &str) -> serde_json::Value {
    let authorization = basic(API, &secret_of(API));
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", authorization.as_str())];
    world.post_raw("/oauth2/introspect", &headers, format!("token={token}")).await.ok()
}

#[tokio::test]
async fn s067_a_resource_that_is_none_is_an_invalid_target() {
    let world = world().await;
    for resource in ["https://api.test", "/v1", "https://api.test/v1#a", "c1"] {
        let page = world.browser().open(&world.authorize_url(C1, "openid", &[("resource", resource)])).await;
        assert_eq!(page.param("error").as_deref(), Some("invalid_target"), "{resource}");
        for (client_id, path) in [(CS, "/oauth2/token"), (C1, "/oauth2/device")] {
            let params = [("grant_type", "client_credentials"), ("resource", resource)];
            assert_eq!(world.as_client(path, client_id, &params).await.error(), "invalid_target", "{path} {resource}");
        }
    }
}

#[tokio::test]
async fn s067_s102_a_token_is_for_the_resource_of_its_grant_and_seen_by_that_one_alone() {
    let world = world().await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[("resource", API)])).await;
    let end = world.answer_pages(&browser, page, "alice").await;
    let tokens = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(claims(token)["aud"], API);
    assert_eq!(told(&world, token).await["aud"], API);
    assert_eq!(world.introspect(token).await, json!({ "active": false }), "another resource server");
    assert_eq!(world.userinfo(token).await.status, 401);
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    for resource in [world.issuer.as_str(), "https://api.test"] {
        let params = [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("resource", resource)];
        assert_eq!(world.token(C1, &params).await.error(), "invalid_target", "{resource}");
    }
    let refreshed = world.refresh(C1, refresh_token).await.ok();
    assert_eq!(claims(refreshed["access_token"].as_str().unwrap())["aud"], API);
}

#[tokio::test]
async fn a_device_asks_for_its_resource_at_the_start() {
    let world = world().await;
    let device = world.as_client("/oauth2/device", CD, &[("scope", "openid"), ("resource", API)]).await.ok();
    let browser = world.browser();
    let page = browser.open(&world.url("/device")).await;
    let page = browser.submit(&page, &[("user_code", device["user_code"].as_str().unwrap())]).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    browser.submit(&page, &[("decision", "allow")]).await;
    let poll = async |resource: &str| {
        let code = device["device_code"].as_str().unwrap();
        world.token(CD, &[("grant_type", DEVICE_CODE), ("device_code", code), ("resource", resource)]).await
    };
    assert_eq!(poll(&world.issuer).await.error(), "invalid_target");
    assert_eq!(claims(poll(API).await.ok()["access_token"].as_str().unwrap())["aud"], API);
}

#[tokio::test]
async fn a_grant_for_several_resources_gives_tokens_for_all_or_some_of_them() {
    let world = world().await;
    world
        .add_client(
            "mail",
            &json!({ "client_name": "Mail", "grant_types": [], "resource_server": true,
                "resource_uris": ["https://mail.test/api", "https://mail.test/mcp"] }),
        )
        .await;
    let mcp = "https://mail.test/mcp";
    let browser = world.browser();
    let url = world.authorize_url(C1, "openid offline_access", &[("resource", API)]);
    let page = browser.open(&format!("{url}&resource=https%3A%2F%2Fmail.test%2Fmcp")).await;
    let end = world.answer_pages(&browser, page, "alice").await;
    let tokens = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(claims(token)["aud"], json!([API, mcp]));
    assert_eq!(told(&world, token).await["aud"], json!([API, mcp]));
    let refresh = async |refresh_token: &str, resource: &str| {
        let params = [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("resource", resource)];
        world.token(C1, &params).await
    };
    let first = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(refresh(first, "https://mail.test/api").await.error(), "invalid_target", "known, but not granted");
    let narrowed = refresh(first, mcp).await.ok();
    let token = narrowed["access_token"].as_str().unwrap();
    assert_eq!(claims(token)["aud"], mcp);
    assert_eq!(told(&world, token).await, json!({ "active": false }), "another resource server");
    let authorization = basic("mail", &secret_of("mail"));
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", authorization.as_str())];
    let answer = world.post_raw("/oauth2/introspect", &headers, format!("token={token}")).await.ok();
    assert_eq!(answer["aud"], mcp);
    // The next one may be for all again (RFC 8707 §2.2).
    let wide = world.refresh(C1, narrowed["refresh_token"].as_str().unwrap()).await.ok();
    assert_eq!(claims(wide["access_token"].as_str().unwrap())["aud"], json!([API, mcp]));
}
