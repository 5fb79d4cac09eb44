//! What the certification plans for providers check and nothing else here does, module by module: see
//! `docs/conformance.md`.

use serde_json::{Value, json};

use crate::common::*;

const BYE: &str = "https://app.test/bye";

async fn id_token(world: &World, page: &Page) -> Value {
    let code = page.param("code").unwrap_or_else(|| panic!("{}: {}", page.url, page.answer.body));
    claims(world.redeem(C1, &code).await.ok()["id_token"].as_str().unwrap())
}

/// A browser with somebody signed in, and the id_token of the sign-in.
async fn signed_in(world: &World) -> (Browser, String) {
    let browser = world.browser();
    let hint = world.id_token(&browser, C1).await;
    (browser, hint)
}

#[tokio::test]
async fn the_order_of_scopes_means_nothing() {
    let world = World::new().await;
    let browser = world.browser();
    let mut told = Vec::new();
    for scope in ["openid email", "email openid"] {
        let tokens = world.redeem(C1, &world.code(&browser, C1, scope).await).await.ok();
        assert!(tokens["id_token"].is_string(), "{scope}");
        let mut granted: Vec<&str> = tokens["scope"].as_str().unwrap().split(' ').collect();
        granted.sort_unstable();
        assert_eq!(granted, ["email", "openid"]);
        told.push(world.userinfo(tokens["access_token"].as_str().unwrap()).await.ok());
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(world.rows("consents", "1 = 1").await, 1, "allowed once, it is not asked for in another order");
}

#[tokio::test]
async fn each_display_gives_the_page_that_there_is() {
    let world = World::new().await;
    for display in ["page", "popup", "touch", "wap"] {
        let browser = world.browser();
        let page = browser.open(&world.authorize_url(C1, "openid", &[("display", display)])).await;
        assert!(page.has("#password"), "{display}");
        assert!(world.answer_pages(&browser, page, "alice").await.param("code").is_some(), "{display}");
    }
}

#[tokio::test]
async fn a_client_of_client_secret_post_gets_its_tokens_by_the_secret_in_the_body() {
    let world = World::new().await;
    let code = world.code(&world.browser(), C3, "openid").await;
    let secret = secret_of(C3);
    let exchange = async |credentials: &[(&str, &str)]| {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        form.extend(credentials);
        Answer::read(world.http.post(world.url("/oauth2/token")).form(&form).send().await.unwrap()).await
    };
    assert_eq!(exchange(&[("client_id", C3), ("client_secret", "wrong")]).await.error(), "invalid_client");
    let tokens = exchange(&[("client_id", C3), ("client_secret", &secret)]).await.ok();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["aud"], C3);
    assert!(world.is_live(tokens["access_token"].as_str().unwrap()).await);
}

#[tokio::test]
async fn prompt_login_asks_anew_and_tells_the_new_time() {
    let world = World::new().await;
    let browser = world.browser();
    let first = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let first = id_token(&world, &world.answer_pages(&browser, first, "alice").await).await;
    world.advance(5);
    // Without it nothing is asked, and the time is the old one.
    let silent = id_token(&world, &browser.open(&world.authorize_url(C1, "openid", &[])).await).await;
    assert_eq!(silent["auth_time"], first["auth_time"]);
    let page = browser.open(&world.authorize_url(C1, "openid", &[("prompt", "login")])).await;
    assert!(page.has("#password"), "{}", page.url);
    let second = id_token(&world, &world.answer_pages(&browser, page, "alice").await).await;
    assert_eq!(second["sub"], first["sub"]);
    assert_eq!(second["auth_time"].as_i64().unwrap() - first["auth_time"].as_i64().unwrap(), 5);
}

#[tokio::test]
async fn max_age_asks_anew_after_a_second_and_not_within_hours() {
    let world = World::new().await;
    let (browser, _) = signed_in(&world).await;
    world.advance(2);
    let asked = browser.open(&world.authorize_url(C1, "openid", &[("max_age", "1")])).await;
    assert!(asked.has("#password"));
    let after = id_token(&world, &world.answer_pages(&browser, asked, "alice").await).await;
    let silent = browser.open(&world.authorize_url(C1, "openid", &[("max_age", "10000")])).await;
    assert_eq!(id_token(&world, &silent).await["auth_time"], after["auth_time"]);
}

#[tokio::test]
async fn prompts_combine_and_none_stands_alone() {
    let world = World::new().await;
    let (browser, _) = signed_in(&world).await;
    let ask = async |prompt: &str| browser.open(&world.authorize_url(C1, "openid", &[("prompt", prompt)])).await;
    for wrong in ["none login", "consent none", "none select_account", "NONE", "none,login"] {
        assert_eq!(ask(wrong).await.param("error").as_deref(), Some("invalid_request"), "{wrong}");
    }
    let both = ask("login consent").await;
    assert!(both.has("#password"));
    let then = browser.submit(&both, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(then.has("#allow"), "consent is asked for although it is known");
    assert!(browser.submit(&then, &[("decision", "allow")]).await.param("code").is_some());
    let all = ask("consent select_account login").await;
    let chosen = browser.submit(&all, &[("decision", "continue")]).await;
    assert!(chosen.has("#password"), "{}", chosen.answer.body);
    let signed_in = browser.submit(&chosen, &[("username", "alice"), ("password", PASSWORD)]).await;
    let end = browser.submit(&signed_in, &[("decision", "allow")]).await;
    assert!(end.param("code").is_some(), "{}", end.url);
}

#[tokio::test]
async fn a_sign_in_that_a_third_party_initiates_begins_at_the_address_that_the_client_registered() {
    let world = World::with("client_registration.mode = \"open\"").await;
    let register = async |uri: &str| {
        let body = json!({ "redirect_uris": [REDIRECT_URI], "client_name": "Initiated", "initiate_login_uri": uri });
        let request = world.http.post(world.url("/oauth2/register")).json(&body);
        Answer::read(request.send().await.unwrap()).await
    };
    assert_eq!(register("http://app.test/initiate").await.error(), "invalid_client_metadata");
    let client = register("https://app.test/initiate?a=1").await;
    assert_eq!(client.status, 201);
    let client = client.json();
    assert_eq!(client["initiate_login_uri"], "https://app.test/initiate?a=1");
    // From a page that has nothing else to offer, with the issuer by which the client knows whom to ask (Core §4).
    let lost =
        format!("/login?tx=01900000-0000-7000-8000-000000000000&client_id={}", client["client_id"].as_str().unwrap());
    let page = world.browser().open(&world.url(&lost)).await;
    let mut initiated: url::Url = "https://app.test/initiate?a=1".parse().unwrap();
    initiated.query_pairs_mut().append_pair("iss", &world.issuer);
    let links = page.attrs("a", "href");
    assert!(links.contains(&initiated.to_string()), "{links:?}");
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_and_its_variants_that_prove_who_asks() {
    let world = World::new().await;
    for (params, leads_to) in [
        (vec![("post_logout_redirect_uri", BYE), ("state", "s1")], Some("https://app.test/bye?state=s1")),
        // -no-state
        (vec![("post_logout_redirect_uri", BYE)], Some(BYE)),
        // -no-post-logout-redirect-uri, with and without state
        (vec![], None),
        (vec![("state", "s1")], None),
        // -bad-post-logout-redirect-uri
        (vec![("post_logout_redirect_uri", "https://app.test/elsewhere"), ("state", "s1")], None),
        // -query-added-to-post-logout-redirect-uri
        (vec![("post_logout_redirect_uri", "https://app.test/bye?foo=bar"), ("state", "s1")], None),
    ] {
        let (browser, hint) = signed_in(&world).await;
        let mut params = params;
        params.push(("id_token_hint", hint.as_str()));
        let page = browser.open(&world.logout_url(&params)).await;
        match leads_to {
            Some(uri) => assert_eq!(page.url.as_str(), uri),
            None => assert!(page.url.as_str().starts_with(&world.issuer) && page.answer.status == 200, "{params:?}"),
        }
        assert!(!world.is_signed_in(&browser).await, "{params:?}");
    }
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_variants_that_prove_nothing_ask_the_person() {
    let world = World::new().await;
    let (browser, hint) = signed_in(&world).await;
    let (signed, signature) = hint.rsplit_once('.').unwrap();
    let modified = format!("{signed}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
    for params in [
        // -no-id-token-hint
        vec![("post_logout_redirect_uri", BYE), ("state", "s1")],
        // -no-params
        vec![],
        // -only-state
        vec![("state", "s1")],
        // -bad-id-token-hint
        vec![("id_token_hint", "not.a.jwt"), ("post_logout_redirect_uri", BYE), ("state", "s1")],
        // -modified-id-token-hint
        vec![("id_token_hint", modified.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s1")],
    ] {
        let page = browser.open(&world.logout_url(&params)).await;
        assert!(page.has("#logout"), "{params:?}: {}", page.answer.body);
        assert!(world.is_signed_in(&browser).await, "{params:?}");
    }
    let page = browser.open(&world.logout_url(&[("post_logout_redirect_uri", BYE)])).await;
    let out = browser.submit(&page, &[("decision", "logout")]).await;
    assert!(out.url.as_str().starts_with(&world.issuer), "{}", out.url);
    assert!(!world.is_signed_in(&browser).await);
}

#[tokio::test]
async fn the_discovery_document_names_the_logout_endpoint_that_there_is() {
    let world = World::new().await;
    let document = world.get("/.well-known/openid-configuration").await.ok();
    assert_eq!(document["end_session_endpoint"], world.url("/logout"));
    assert!(document["prompt_values_supported"].as_array().unwrap().contains(&json!("select_account")));
}

#[tokio::test]
async fn a_code_flow_without_a_nonce_gives_an_id_token_without_one() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[("nonce", "")])).await;
    let told = id_token(&world, &world.answer_pages(&browser, page, "alice").await).await;
    assert!(told.get("nonce").is_none(), "{told}");
}

#[tokio::test]
async fn each_scope_tells_its_own_claims_and_no_others() {
    let world = World::new().await;
    let profile = ["given_name", "name", "preferred_username", "updated_at"];
    let (email, phone) = (["email", "email_verified"], ["phone_number", "phone_number_verified"]);
    let all = [&profile[..], &email, &phone, &["address"]].concat();
    let scopes: [(&str, &[&str]); 6] = [
        ("openid", &[]),
        ("openid profile", &profile),
        ("openid email", &email),
        ("openid address", &["address"]),
        ("openid phone", &phone),
        ("openid profile email address phone", &all),
    ];
    for (scope, told) in scopes {
        let tokens = world.sign_in(C1, scope).await;
        let userinfo = world.userinfo(tokens["access_token"].as_str().unwrap()).await.ok();
        let mut names: Vec<&str> = userinfo.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = [told, &["sub"]].concat();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected, "{scope}");
        assert_eq!(userinfo["sub"], claims(tokens["id_token"].as_str().unwrap())["sub"]);
    }
}

#[tokio::test]
async fn the_order_of_parameters_means_nothing_and_unknown_ones_are_ignored() {
    let world = World::new().await;
    let browser = world.browser();
    let url: url::Url = world.authorize_url(C1, "openid email", &[]).parse().unwrap();
    let mut params: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    params.push(("unknown".to_owned(), "a&b=c".to_owned()));
    params.reverse();
    let mut reversed = url.clone();
    reversed.query_pairs_mut().clear().extend_pairs(params);
    assert_ne!(reversed, url);
    let page = browser.open(reversed.as_str()).await;
    let end = world.answer_pages(&browser, page, "alice").await;
    assert_eq!(end.param("state").as_deref(), Some("st-8&="));
    assert!(end.param("unknown").is_none());
    // At the token endpoint too, whose answer says the same.
    let form = [
        ("unknown", "x"),
        ("code_verifier", VERIFIER),
        ("redirect_uri", REDIRECT_URI),
        ("code", &end.param("code").unwrap()),
        ("grant_type", "authorization_code"),
    ];
    assert_eq!(world.token(C1, &form).await.ok()["scope"], "openid email");
}

#[tokio::test]
async fn userinfo_wants_a_token_with_openid() {
    let world = World::new().await;
    let tokens = world.sign_in(C1, "profile").await;
    assert!(tokens.get("id_token").is_none(), "without openid there is no sign-in to tell of");
    let refused = world.userinfo(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!((refused.status.as_u16(), refused.error().as_str()), (403, "insufficient_scope"));
    let challenge = refused.header("www-authenticate");
    assert!(challenge.starts_with("Bearer ") && challenge.contains(r#"error="insufficient_scope", scope="openid""#));
}

#[tokio::test]
async fn what_a_client_is_registered_for_holds_where_its_request_says_nothing() {
    let world = World::new().await;
    world.change_client(C1, |metadata| metadata["default_max_age"] = json!(60)).await;
    let (browser, _) = signed_in(&world).await;
    let ask = async |changes: &[(&str, &str)]| browser.open(&world.authorize_url(C1, "openid", changes)).await;
    assert!(ask(&[]).await.param("code").is_some());
    world.advance(61);
    assert!(ask(&[]).await.has("#password"));
    assert_eq!(ask(&[("prompt", "none")]).await.param("error").as_deref(), Some("login_required"));
    let silent = ask(&[("max_age", "3600")]).await;
    let told = id_token(&world, &silent).await;
    assert!(told["auth_time"].is_i64(), "the request's own word goes before it");
    // Whom the client would like to know more surely is asked for what they have.
    world
        .change_client(C1, |metadata| {
            metadata["default_max_age"] = Value::Null;
            metadata["require_auth_time"] = json!(true);
            metadata["default_acr_values"] = json!(["urn:portcullis:acr:mfa"]);
        })
        .await;
    assert!(id_token(&world, &ask(&[]).await).await["auth_time"].is_i64(), "nobody is kept out by a wish");
    let elsewhere = world.browser();
    let page = elsewhere.open(&world.url("/login")).await;
    elsewhere.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    let app = world.set_up_app(&elsewhere).await;
    let fresh = world.browser();
    let page = fresh.open(&world.authorize_url(C1, "openid", &[])).await;
    let page = fresh.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    let end = fresh.submit(&page, &[("code", &world.next_code(&app))]).await;
    assert_eq!(id_token(&world, &end).await["acr"], "urn:portcullis:acr:mfa");
    let other = ask(&[("acr_values", "urn:portcullis:acr:1fa")]).await;
    assert_eq!(id_token(&world, &other).await["acr"], "urn:portcullis:acr:1fa", "the request's own word again");
}
