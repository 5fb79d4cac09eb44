use portcullis::oauth::ClientMetadata;
use portcullis::oauth::registration::{Abilities, problems as problems_of};
use serde_json::{Value, json};

use crate::common::*;

#[tokio::test]
async fn both_documents_are_served_with_the_configured_issuer_to_any_origin() {
    let world = World::new().await;
    let openid = world.get("/.well-known/openid-configuration").await;
    let oauth = world.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(openid.ok(), oauth.ok());
    assert_eq!(openid.header("content-type"), "application/json");
    assert_eq!(openid.header("access-control-allow-origin"), "*");
    assert!(openid.header("etag").starts_with('"'));
    let document = openid.json();
    assert_eq!(document["issuer"], world.issuer);
    for (name, value) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            assert!(value.as_str().unwrap().starts_with(&format!("{}/", world.issuer)), "{name}: {value}");
        }
    }
    assert_eq!(world.get("/.well-known/other").await.status, 404);
}

#[tokio::test]
async fn an_issuer_with_a_path_is_found_by_both_forms_of_insertion() {
    let world = World::at("/tenant/a", "").await;
    let appended = world.get("/.well-known/openid-configuration").await.ok();
    assert_eq!(appended["issuer"], world.issuer);
    let root = world.issuer.strip_suffix("/tenant/a").unwrap();
    for name in ["openid-configuration", "oauth-authorization-server"] {
        let inserted = world.http.get(format!("{root}/.well-known/{name}/tenant/a")).send().await.unwrap();
        assert_eq!(inserted.json::<serde_json::Value>().await.unwrap(), appended, "{name}");
    }
    assert_eq!(world.http.get(format!("{root}/livez")).send().await.unwrap().status(), 200);
}

fn words(document: &Value, name: &str) -> Vec<String> {
    let list = document[name].as_array().unwrap_or_else(|| panic!("{name} is missing"));
    list.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The error that an authorization request of a stranger's browser is told, if it is told any.
async fn told(world: &World, changes: &[(&str, &str)]) -> Option<String> {
    let answer = world.browser().get(&world.authorize_url(C1, "openid", changes)).await;
    if answer.header("location").starts_with(REDIRECT_URI) { answer.redirect_param("error") } else { None }
}

#[tokio::test]
async fn what_is_listed_works_and_what_is_not_listed_is_refused() {
    let world = World::new().await;
    let document = world.get("/.well-known/openid-configuration").await.ok();
    // Every endpoint answers, if only that something is missing.
    for (name, url) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" || name == "check_session_iframe" {
            let status = world.http.get(url.as_str().unwrap()).send().await.unwrap().status().as_u16();
            assert!([200, 400, 401, 405].contains(&status), "{name}: {status}");
        }
    }
    assert_eq!(words(&document, "response_types_supported"), ["code", "code id_token", "none"]);
    for other in ["token", "id_token", "code token", "code id_token token"] {
        let answer = world.browser().get(&world.authorize_url(C1, "openid", &[("response_type", other)])).await;
        assert_eq!(answer.response_param("error").as_deref(), Some("unsupported_response_type"), "{other}");
    }
    world.change_client(C1, |metadata| metadata["response_types"] = document["response_types_supported"].clone()).await;
    for listed in words(&document, "response_types_supported") {
        let page = world.browser().open(&world.authorize_url(C1, "openid", &[("response_type", &listed)])).await;
        assert!(page.has("#password"), "{listed}");
    }
    for mode in words(&document, "response_modes_supported") {
        let page = world.browser().open(&world.authorize_url(C1, "openid", &[("response_mode", &mode)])).await;
        assert!(page.has("#password"), "{mode}");
    }
    assert_eq!(told(&world, &[("response_mode", "jwt")]).await.as_deref(), Some("invalid_request"));
    assert_eq!(words(&document, "code_challenge_methods_supported"), ["S256"]);
    // `implicit` is what the hybrid response type is registered with, no grant of the token endpoint.
    for grant in words(&document, "grant_types_supported").into_iter().filter(|grant| grant != "implicit") {
        let answer = world.token(C1, &[("grant_type", &grant)]).await;
        assert!(answer.status == 200 || answer.error() == "invalid_request", "{grant}: {}", answer.body);
    }
    for grant in ["password", "implicit", "urn:openid:params:grant-type:ciba"] {
        assert_eq!(world.token(C1, &[("grant_type", grant)]).await.error(), "unsupported_grant_type", "{grant}");
    }
    for prompt in words(&document, "prompt_values_supported") {
        let error = told(&world, &[("prompt", &prompt)]).await;
        assert_eq!(error.as_deref(), (prompt == "none").then_some("login_required"), "{prompt}");
    }
    for locale in words(&document, "ui_locales_supported") {
        let page = world.browser().open(&world.authorize_url(C1, "openid", &[("ui_locales", &locale)])).await;
        assert_eq!(page.attr("html", "lang").as_deref(), Some(locale.as_str()));
    }
    assert_eq!(document["request_parameter_supported"], false);
    assert_eq!(document["request_uri_parameter_supported"], false);
    assert_eq!(told(&world, &[("request", "a.b.c")]).await.as_deref(), Some("request_not_supported"));
    assert_eq!(told(&world, &[("request_uri", "urn:x")]).await.as_deref(), Some("request_uri_not_supported"));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    // What these promise is held to in `backchannel`, and in the tests of what browsers go through.
    for channel in ["backchannel", "frontchannel"] {
        assert_eq!(document[format!("{channel}_logout_supported")], true);
        assert_eq!(document[format!("{channel}_logout_session_supported")], true);
    }
    assert_eq!(document["claim_types_supported"], json!(["normal"]));
    assert_eq!(document["subject_types_supported"], json!(["public", "pairwise"]));
}

#[tokio::test]
async fn listed_methods_algorithms_scopes_and_claims_are_the_ones_in_force() {
    let world = World::new().await;
    let document = world.get("/.well-known/openid-configuration").await.ok();
    let abilities = Abilities::from(world.app.config.as_ref());
    let problems = |member: &str, value: &str| {
        let metadata = json!({ "grant_types": ["client_credentials"], "jwks": { "keys": [{ "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }] } });
        let mut metadata: ClientMetadata = serde_json::from_value(metadata).unwrap();
        match member {
            "method" => metadata.token_endpoint_auth_method = value.to_owned(),
            _ => metadata.id_token_signed_response_alg = serde_json::from_value(json!(value)).unwrap(),
        }
        let found = problems_of(&metadata, abilities);
        found.into_iter().any(|problem| problem.member.contains("auth_method") || problem.member.contains("signed"))
    };
    let methods = words(&document, "token_endpoint_auth_methods_supported");
    for method in ["none", "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"] {
        assert!(methods.iter().any(|listed| listed == method), "{method}");
        assert!(!problems("method", method), "{method} can be registered");
    }
    assert!(problems("method", "tls_client_auth") && !methods.iter().any(|method| method == "tls_client_auth"));
    let introspection = words(&document, "introspection_endpoint_auth_methods_supported");
    assert!(!introspection.iter().any(|method| method == "none"), "{introspection:?}");
    let signing = words(&document, "id_token_signing_alg_values_supported");
    assert!(["ES256", "RS256"].iter().all(|alg| signing.iter().any(|listed| listed == alg)), "{signing:?}");
    let jwks = world.get("/.well-known/jwks.json").await.ok();
    for alg in &signing {
        assert!(!problems("alg", alg));
        assert!(jwks["keys"].as_array().unwrap().iter().any(|key| key["alg"] == *alg), "{alg} has a key");
    }
    assert!(problems("alg", "PS256"));
    let kids: std::collections::BTreeSet<&str> =
        jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(kids.len(), jwks["keys"].as_array().unwrap().len());

    // Scopes and claims, by what a person's tokens say.
    let scopes = words(&document, "scopes_supported").join(" ");
    let tokens = world.sign_in(C1, &scopes).await;
    let granted: Vec<&str> = tokens["scope"].as_str().unwrap().split(' ').collect();
    assert!(words(&document, "scopes_supported").iter().all(|scope| granted.contains(&scope.as_str())));
    let listed = words(&document, "claims_supported");
    let userinfo = world.userinfo(tokens["access_token"].as_str().unwrap()).await.ok();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    let unlisted = ["nonce", "at_hash", "azp", "jti"];
    for claim in userinfo.as_object().unwrap().keys().chain(id_token.as_object().unwrap().keys()) {
        assert!(listed.contains(claim) || unlisted.contains(&claim.as_str()), "{claim} is not listed");
    }
    for claim in ["sub", "iss", "auth_time", "acr", "name", "email", "email_verified", "address", "phone_number"] {
        assert!(listed.iter().any(|one| one == claim), "{claim}");
    }
    let acr = id_token["acr"].as_str().unwrap();
    assert!(words(&document, "acr_values_supported").iter().any(|listed| listed == acr));
    // The claims parameter: asked for by name, without its scope.
    assert_eq!(document["claims_parameter_supported"], true);
    let browser = world.browser();
    let asked = [("claims", r#"{"id_token":{"email":{"essential":true}},"userinfo":{"name":null}}"#)];
    let page = browser.open(&world.authorize_url(C1, "openid", &asked)).await;
    let code = world.answer_pages(&browser, page, "alice").await.param("code").unwrap();
    let tokens = world.redeem(C1, &code).await.ok();
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["email"], "alice@example.test");
    assert_eq!(world.userinfo(tokens["access_token"].as_str().unwrap()).await.ok()["name"], "alice");
}

#[tokio::test]
async fn documents_and_keys_are_cached_by_tag() {
    let world = World::new().await;
    for path in ["/.well-known/openid-configuration", "/.well-known/jwks.json"] {
        let first = world.get(path).await;
        let request = world.http.get(world.url(path)).header("If-None-Match", first.header("etag"));
        assert_eq!(request.send().await.unwrap().status(), 304, "{path}");
        assert!(first.header("cache-control").contains("max-age"));
        let preflight =
            world.http.request(reqwest::Method::OPTIONS, world.url(path)).header("Origin", "https://x.test");
        assert_eq!(preflight.send().await.unwrap().headers()["access-control-allow-origin"], "*");
    }
}

#[tokio::test]
async fn keys_are_published_before_they_sign_and_after_they_signed() {
    let world = World::new().await;
    let kids = async || -> Vec<(String, String)> {
        let jwks = world.get("/.well-known/jwks.json").await.ok();
        let keys = jwks["keys"].as_array().unwrap().clone();
        keys.iter().map(|key| (key["alg"].as_str().unwrap().into(), key["kid"].as_str().unwrap().into())).collect()
    };
    let signer = async || {
        let token = world.token(CS, &[("grant_type", "client_credentials")]).await.ok();
        header(token["access_token"].as_str().unwrap())["kid"].as_str().unwrap().to_owned()
    };
    let first = signer().await;
    let day = 86_400;
    // Keys begin at midnight; this world begins in the afternoon.
    world.advance(89 * day);
    world.follow().await;
    let published = kids().await;
    assert_eq!(published.iter().filter(|(alg, _)| alg == "ES256").count(), 2, "the next one is there");
    assert_eq!(signer().await, first, "and does not sign yet");
    world.advance(day);
    world.follow().await;
    let second = signer().await;
    assert_ne!(second, first);
    assert!(published.iter().any(|(_, kid)| *kid == second), "it was published before");
    assert!(kids().await.iter().any(|(_, kid)| *kid == first), "the old one stays for what it signed");
    world.advance(2 * day);
    world.follow().await;
    assert!(!kids().await.iter().any(|(_, kid)| *kid == first));
}
