//! What must never redirect, and what must.

use crate::common::*;

/// The page that tells of an error, and nothing sent anywhere.
async fn is_page(world: &World, url: &str) {
    let answer = world.browser().get(url).await;
    assert_eq!(answer.status, 400, "{url}: {}", answer.body);
    assert!(answer.headers.get("location").is_none(), "{url}");
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.body.contains(answer.header("x-request-id")));
}

#[tokio::test]
async fn s001_to_s019_anything_but_the_registered_uri_is_a_page() {
    let world = World::new().await;
    let client =
        serde_json::json!({ "redirect_uris": ["https://foo.app.test/cb"], "token_endpoint_auth_method": "none" });
    world.add_client("foo", &client).await;
    for uri in [
        "https://app.test/cb/",
        "https://app.test/cb/x",
        "https://app.test/c",
        "https://app.test",
        "https://app.test.evil.test/cb",
        "https://evilapp.test/cb",
        "https://app.testcb",
        "HTTPS://APP.TEST/cb",
        "https://app.test/CB",
        "https://app.test:443/cb",
        "https://app.test/cb?x=1",
        "https://app.test/cb?a=1&b=2",
        "https://app.test/cb?a=2",
        "https://app.test/cb?",
        "https://app.test/cb#x",
        "https://app.test/cb#",
        "https://app.test/cb%23",
        "https://app。test/cb",
        "https://ａpp.test/cb",
        "https://xn--app-.test/cb",
        "https://app.test/c\u{200d}b",
        "https://app.test:8443/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "/cb",
        "cb",
    ] {
        is_page(&world, &world.authorize_url(C1, "openid", &[("redirect_uri", uri)])).await;
    }
    is_page(&world, &world.authorize_url("foo", "openid", &[("redirect_uri", "https://fooXapp.test/cb")])).await;
    // S014, S017: absent, or a client that is unknown, disabled or deleted, whatever else is asked.
    is_page(&world, &world.authorize_url(C1, "openid", &[("redirect_uri", "")])).await;
    world.disable_client(C2).await;
    for client_id in ["unknown", C2] {
        for more in [("prompt", "none"), ("response_mode", "form_post")] {
            is_page(&world, &world.authorize_url(client_id, "openid", &[more])).await;
        }
    }
    assert_eq!(world.rows("transactions", "TRUE").await, 0);
}

#[tokio::test]
async fn s006_a_registered_query_is_kept_and_added_to() {
    let world = World::new().await;
    let url = world.authorize_url(C1, "openid", &[("redirect_uri", "https://app.test/cb?a=1"), ("prompt", "none")]);
    let answer = world.browser().get(&url).await;
    assert!(answer.header("location").starts_with("https://app.test/cb?a=1&error=login_required"), "{answer:?}");
}

#[tokio::test]
async fn s010_s012_the_port_of_a_loopback_literal_alone_is_free_and_for_native_clients() {
    let world = World::new().await;
    let with = |uri: &'static str| world.authorize_url(CN, "openid", &[("redirect_uri", uri), ("prompt", "none")]);
    for uri in ["http://127.0.0.1:53124/cb", "http://127.0.0.1/cb", "com.example.app:/cb", "http://localhost/cb"] {
        let answer = world.browser().get(&with(uri)).await;
        assert!(answer.header("location").starts_with(uri), "{uri}: {}", answer.status);
    }
    for uri in [
        "http://127.0.0.1:53124/cb?x",
        "http://127.0.0.1:53124/CB",
        "https://127.0.0.1:53124/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:1@evil.test/cb",
        "http://127.0.0.1.evil.test/cb",
        "http://127.0.0.2/cb",
        "http://localhost:9/cb",
        "http://[::1]:53124/cb",
    ] {
        is_page(&world, &with(uri)).await;
    }
}

#[tokio::test]
async fn s022_to_s024_s054_s055_other_mistakes_are_told_to_the_client() {
    let world = World::new().await;
    let long = "a".repeat(10_000);
    for (changes, error) in [
        (vec![("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
        (vec![("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge_method", "")], "invalid_request"),
        (vec![("code_challenge_method", "s256")], "invalid_request"),
        (vec![("code_challenge_method", "S512")], "invalid_request"),
        (vec![("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c")], "invalid_request"),
        (vec![("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMM")], "invalid_request"),
        (vec![("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM")], "invalid_request"),
        (vec![("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c=")], "invalid_request"),
        (vec![("response_type", "")], "invalid_request"),
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("response_type", "id_token")], "unsupported_response_type"),
        (vec![("response_type", "code token")], "unsupported_response_type"),
        (vec![("response_type", "CODE")], "unsupported_response_type"),
        (vec![("response_type", "none")], "unsupported_response_type"),
        (vec![("response_mode", "query.jwt")], "invalid_request"),
        (vec![("response_mode", "web_message")], "invalid_request"),
        (vec![("prompt", "none login")], "invalid_request"),
        (vec![("prompt", "create")], "invalid_request"),
        (vec![("request", "a.b.c")], "request_not_supported"),
        (vec![("request_uri", "https://app.test/r")], "request_uri_not_supported"),
        (vec![("claims", "nonsense")], "invalid_request"),
        (vec![("id_token_hint", "a.b.c")], "invalid_request"),
        (vec![("scope", "\"")], "invalid_scope"),
        (vec![("scope", "admin")], "invalid_scope"),
        (vec![("nonce", long.as_str())], "invalid_request"),
    ] {
        let answer = world.browser().get(&world.authorize_url(C1, "openid", &changes)).await;
        assert_eq!(answer.response_param("error").as_deref(), Some(error), "{changes:?}");
        assert_eq!(answer.response_param("state").as_deref(), Some("st-8&="), "{changes:?}");
        assert_eq!(answer.response_param("iss").as_deref(), Some(world.issuer.as_str()), "{changes:?}");
        let description = answer.response_param("error_description").unwrap_or_default();
        let legal = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
        assert!(description.chars().all(legal), "S058: {description}");
        assert!(answer.response_param("code").is_none());
    }
    assert_eq!(world.rows("transactions", "TRUE").await, 0);
}

#[tokio::test]
async fn hints_and_wishes_never_are_an_error() {
    let world = World::new().await;
    for wish in [
        ("display", "popup"),
        ("ui_locales", "se zz"),
        ("claims_locales", "se"),
        ("acr_values", "urn:nothing"),
        ("login_hint", "nobody@example.test"),
        ("unknown_parameter", "x"),
    ] {
        let page = world.browser().open(&world.authorize_url(C1, "openid", &[wish])).await;
        assert!(page.has("#password"), "{wish:?}");
    }
    let page = world
        .browser()
        .open(&world.authorize_url(C1, "openid", &[("login_hint", "alice"), ("ui_locales", "ar en")]))
        .await;
    assert_eq!(page.attr("#username", "value").as_deref(), Some("alice"));
    assert_eq!((page.attr("html", "lang").as_deref(), page.attr("html", "dir").as_deref()), (Some("ar"), Some("rtl")));
}

#[tokio::test]
async fn a_confidential_client_may_be_exempted_from_pkce_and_who_sends_a_challenge_must_prove_it() {
    let world = World::new().await;
    world.change_client(CT, |metadata| metadata["require_pkce"] = false.into()).await;
    let browser = world.browser();
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let page = browser.open(&world.authorize_url(CT, "openid", &without)).await;
    let code = world.answer_pages(&browser, page, "alice").await.param("code").unwrap();
    let bare = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT_URI)];
    world.token(CT, &bare).await.ok();
    // A verifier without a challenge is an error, not ignored.
    let code = browser.get(&world.authorize_url(CT, "openid", &without)).await.redirect_param("code").unwrap();
    assert_eq!(world.redeem(CT, &code).await.error(), "invalid_grant");
    let code = browser.get(&world.authorize_url(CT, "openid", &[])).await.redirect_param("code").unwrap();
    let bare = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", REDIRECT_URI)];
    assert_eq!(world.token(CT, &bare).await.error(), "invalid_grant");
}
