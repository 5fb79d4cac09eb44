//! What the security considerations of the RFCs warn of, where no other file has it.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::common::*;

const OPEN: &str = "client_registration.mode = \"open\"";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

async fn register(world: &World, body: serde_json::Value) -> Answer {
    Answer::read(world.http.post(world.url("/oauth2/register")).json(&body).send().await.unwrap()).await
}

#[tokio::test]
async fn s039_a_code_is_worth_nothing_once_what_the_person_allowed_is_taken_back() {
    let world = World::new().await;
    let browser = world.browser();
    let code = world.code(&browser, C1, "openid offline_access").await;
    let page = browser.open(&world.url("/account/apps")).await;
    browser.submit(&page, &[("revoke", C1)]).await;
    assert_eq!(world.rows("consents", "TRUE").await, 0);
    assert_eq!(world.redeem(C1, &code).await.error(), "invalid_grant");
    assert_eq!(world.rows("refresh_families", "revoked_at IS NULL").await, 0);
}

#[tokio::test]
async fn s155_what_a_client_says_of_itself_is_words_and_sends_no_browser_anywhere() {
    let world = World::with(OPEN).await;
    let name = "<img src=x onerror=alert(1)> & Söhne";
    let body = json!({ "client_name": name, "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none",
        "logo_uri": "https://rp.test/logo.png", "policy_uri": "https://rp.test/privacy?a=\"><script>" });
    let answer = register(&world, body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let client = answer.json();
    let browser = world.browser();
    let login = browser.open(&world.authorize_url(client["client_id"].as_str().unwrap(), "openid", &[])).await;
    let consent = browser.submit(&login, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(consent.has("#allow") && consent.text("h1").contains(name), "{}", consent.answer.body);
    let links = consent.attrs("a", "href");
    assert!(links.contains(&"https://rp.test/privacy?a=\"><script>".to_owned()), "{links:?}");
    for page in [&login, &consent] {
        let body = &page.answer.body;
        assert!(!body.contains("<img src=x") && !body.contains("<script>") && !body.contains("logo.png"), "{body}");
        let policy = page.answer.header("content-security-policy");
        assert!(policy.contains("img-src 'self'") && policy.contains("default-src 'none'"), "{policy}");
    }
    let registered = world.rows("client_registrations", "TRUE").await;
    for hostile in [
        json!({ "client_name": "a".repeat(10_000) }),
        json!({ "client_name": "Evil \u{202e}knab" }),
        json!({ "logo_uri": "javascript:alert(1)" }),
        json!({ "logo_uri": "data:image/svg+xml,<svg/>" }),
        json!({ "policy_uri": "javascript:alert(1)" }),
        json!({ "tos_uri": "javascript:alert(1)" }),
        json!({ "client_uri": "javascript:alert(1)" }),
        json!({ "initiate_login_uri": "javascript:alert(1)" }),
    ] {
        let mut body = json!({ "redirect_uris": [REDIRECT_URI] });
        body.as_object_mut().unwrap().extend(hostile.as_object().unwrap().clone());
        assert_eq!(register(&world, body).await.error(), "invalid_client_metadata", "{hostile:.60}");
    }
    assert_eq!(world.rows("client_registrations", "TRUE").await, registered);
}

#[tokio::test]
async fn s181_no_hint_tells_whether_there_is_an_account() {
    let world = World::new().await;
    let words = |page: &Page| page.texts("title, h1, p, label, button, a, [role=alert]");
    let pages = futures_util::future::join_all(["alice", "nobody"].map(async |name| {
        let browser = world.browser();
        let page = browser.open(&world.authorize_url(C1, "openid", &[("login_hint", name)])).await;
        assert_eq!(page.attr("#username", "value").as_deref(), Some(name));
        let tried = browser.submit(&page, &[("username", name), ("password", "wrong")]).await;
        let names = |page: &Page| page.answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        (page.answer.status, names(&page), words(&page), tried.answer.status, names(&tried), words(&tried))
    }))
    .await;
    assert_eq!(pages[0], pages[1]);
    for resource in ["acct:alice@127.0.0.1", "acct:nobody@127.0.0.1", "alice@example.test"] {
        let answer = world.get(&format!("/.well-known/webfinger?resource={resource}")).await;
        assert_eq!(answer.status, 404, "{resource}");
        assert!(!answer.body.contains("alice"));
    }
}

/// What looks like an encrypted JWT, and would cost dear to open.
fn encrypted(header: &serde_json::Value, ciphertext: usize) -> String {
    let part = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![7_u8; bytes]);
    format!(
        "{}.{}.{}.{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        part(40),
        part(12),
        part(ciphertext),
        part(16)
    )
}

#[tokio::test]
async fn s099_what_would_cost_dear_to_decrypt_is_refused_unopened() {
    let world = World::with(OPEN).await;
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    let began = Instant::now();
    for header in [
        json!({ "alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2s": "c2FsdHNhbHQ", "p2c": 1_000_000_000 }),
        json!({ "alg": "RSA-OAEP", "enc": "A128GCM", "zip": "DEF" }),
        json!({ "alg": "dir", "enc": "A128CBC-HS256", "zip": "DEF", "cty": "JWT" }),
    ] {
        let token = encrypted(&header, 8_000);
        assert_eq!(world.userinfo(&token).await.status, 401, "{header}");
        assert_eq!(world.introspect(&token).await, json!({ "active": false }), "{header}");
        let hinted = world.authorize_url(C1, "openid", &[("prompt", "none"), ("id_token_hint", &token)]);
        assert_eq!(browser.get(&hinted).await.redirect_param("error").as_deref(), Some("invalid_request"), "{header}");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", token.as_str()),
        ];
        let asserted =
            Answer::read(world.http.post(world.url("/oauth2/token")).form(&form).send().await.unwrap()).await;
        assert_eq!(asserted.error(), "invalid_client", "{header}");
        let body = json!({ "redirect_uris": [REDIRECT_URI], "software_statement": token });
        assert_eq!(register(&world, body).await.error(), "invalid_software_statement", "{header}");
    }
    // A thousand million rounds, once, take minutes.
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let large = format!("token={}", encrypted(&json!({ "alg": "dir", "enc": "A128GCM" }), 1 << 20));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(world.post_raw("/oauth2/introspect", &form, large).await.status, 413);
}

#[tokio::test]
async fn codes_of_every_kind_that_are_invented_cost_nothing_and_give_nothing() {
    let world = World::new().await;
    // Well-formed to the checksum, and nobody's (RFC 6819 §4.4.1.12, RFC 8628 §5.2).
    let of_another = World::new().await;
    let code = of_another.code(&of_another.browser(), C1, "openid").await;
    let tokens = of_another.sign_in(C1, "openid offline_access").await;
    let device = of_another.as_client("/oauth2/device", CD, &[]).await.ok();
    assert_eq!(world.redeem(C1, &code).await.error(), "invalid_grant");
    assert_eq!(world.refresh(C1, tokens["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
    let poll = [("grant_type", DEVICE_CODE), ("device_code", device["device_code"].as_str().unwrap())];
    assert_eq!(world.token(CD, &poll).await.error(), "invalid_grant");
    let access = tokens["access_token"].as_str().unwrap();
    assert!(of_another.is_live(access).await && !world.is_live(access).await);
    for table in ["authorization_codes", "refresh_families", "device_authorizations", "revocations"] {
        assert_eq!(world.rows(table, "TRUE").await, 0, "{table}");
    }
}
