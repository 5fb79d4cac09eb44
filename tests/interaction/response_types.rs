//! Response types and modes beyond `code` in the query.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::common::*;

const HYBRID: (&str, &str) = ("response_type", "code id_token");

async fn world() -> World {
    let world = World::new().await;
    let types = json!(["code", "code id_token", "none"]);
    for client_id in [C1, CP] {
        world.change_client(client_id, |metadata| metadata["response_types"] = types.clone()).await;
    }
    world
}

/// The answer to a request of somebody who is signed in and has allowed everything.
async fn answered(world: &World, browser: &Browser, changes: &[(&str, &str)]) -> Answer {
    browser.get(&world.authorize_url(C1, "openid email", changes)).await
}

#[tokio::test]
async fn code_id_token_gives_both_in_the_fragment_and_the_id_token_is_tied_to_the_code() {
    let world = world().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid email").await;
    for words in ["code id_token", "id_token code"] {
        let answer = answered(&world, &browser, &[("response_type", words)]).await;
        let url = answer.location();
        assert!(url.as_str().starts_with(&format!("{REDIRECT_URI}#")), "{url}");
        assert_eq!(url.query(), None);
        let param = |name: &str| fragment_param(&url, name);
        assert_eq!(param("state").as_deref(), Some("st-8&="));
        assert_eq!(param("iss").as_deref(), Some(world.issuer.as_str()));
        assert_eq!(param("access_token"), None);
        let (code, id_token) = (param("code").unwrap(), param("id_token").unwrap());
        let front = claims(&id_token);
        assert_eq!(front["c_hash"], URL_SAFE_NO_PAD.encode(&digest(&SHA256, code.as_bytes()).as_ref()[..16]));
        assert_eq!(
            (&front["nonce"], &front["aud"], &front["iss"]),
            (&json!("n-0S6"), &json!(C1), &json!(world.issuer))
        );
        assert!(front.get("at_hash").is_none());
        // Claims of scopes come from userinfo, since the code gives an access token (OpenID Connect Core §5.4).
        assert!(front.get("email").is_none());
        let tokens = world.redeem(C1, &code).await.ok();
        let back = claims(tokens["id_token"].as_str().unwrap());
        assert!(back.get("at_hash").is_some());
        for claim in ["iss", "sub", "aud", "nonce", "auth_time", "acr", "amr", "sid"] {
            assert_eq!(front[claim], back[claim], "{claim}");
        }
        assert_eq!(world.userinfo(tokens["access_token"].as_str().unwrap()).await.ok()["email"], "alice@example.test");
    }
}

#[tokio::test]
async fn the_hash_is_that_of_the_clients_algorithm_and_asked_claims_stand_in_the_front_channel_too() {
    let world = world().await;
    world.change_client(C1, |metadata| metadata["id_token_signed_response_alg"] = json!("EdDSA")).await;
    let browser = world.browser();
    world.code(&browser, C1, "openid email").await;
    let asked = [HYBRID, ("claims", r#"{"id_token":{"email":null}}"#)];
    let url = answered(&world, &browser, &asked).await.location();
    let code = fragment_param(&url, "code").unwrap();
    let front = claims(&fragment_param(&url, "id_token").unwrap());
    assert_eq!(front["c_hash"], URL_SAFE_NO_PAD.encode(&digest(&SHA512, code.as_bytes()).as_ref()[..32]));
    assert_eq!(front["email"], "alice@example.test");
}

#[tokio::test]
async fn code_id_token_needs_a_nonce_openid_and_a_challenge() {
    let world = world().await;
    let browser = world.browser();
    for (changes, error) in [
        ([HYBRID, ("nonce", "")], "invalid_request"),
        ([HYBRID, ("scope", "profile")], "invalid_scope"),
        ([HYBRID, ("code_challenge", "")], "invalid_request"),
    ] {
        let url = answered(&world, &browser, &changes).await.location();
        assert_eq!(fragment_param(&url, "error").as_deref(), Some(error), "{url}");
        assert_eq!(fragment_param(&url, "state").as_deref(), Some("st-8&="));
        assert_eq!(fragment_param(&url, "iss").as_deref(), Some(world.issuer.as_str()));
    }
    assert_eq!(world.rows("transactions", "TRUE").await, 0);
}

#[tokio::test]
async fn s055_an_id_token_never_goes_by_query_and_errors_use_the_default_mode() {
    let world = world().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid email").await;
    for mode in ["query", "jwt", "web_message"] {
        let url = answered(&world, &browser, &[HYBRID, ("response_mode", mode)]).await.location();
        assert_eq!(fragment_param(&url, "error").as_deref(), Some("invalid_request"), "{mode}");
        assert!(url.query().is_none() && !url.as_str().contains("id_token="), "{url}");
    }
    assert_eq!(world.rows("authorization_codes", "TRUE").await, 1);
    let unknown = answered(&world, &browser, &[("response_mode", "jwt")]).await;
    assert_eq!(unknown.redirect_param("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn each_mode_carries_each_type_it_may() {
    let world = world().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid email").await;
    let url = answered(&world, &browser, &[("response_mode", "fragment")]).await.location();
    assert!(fragment_param(&url, "code").is_some() && url.query().is_none());
    for kind in ["code", "code id_token"] {
        let changes = [("response_type", kind), ("response_mode", "form_post")];
        let page = browser.open(&world.authorize_url(C1, "openid email", &changes)).await;
        let (action, fields) = page.form();
        assert_eq!(action, REDIRECT_URI);
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.starts_with(&kind.split(' ').collect::<Vec<_>>()), "{names:?}");
    }
}

#[tokio::test]
async fn the_response_type_none_tells_that_it_was_allowed_and_gives_nothing() {
    let world = world().await;
    let browser = world.browser();
    let none = [("response_type", "none"), ("code_challenge", ""), ("code_challenge_method", "")];
    let page = browser.open(&world.authorize_url(C1, "openid", &none)).await;
    let end = world.answer_pages(&browser, page, "alice").await;
    let names: Vec<String> = end.url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["state", "iss", "session_state"]);
    assert_eq!(world.rows("authorization_codes", "TRUE").await, 0);
    assert_eq!(world.rows("consents", "TRUE").await, 1);
}

#[tokio::test]
async fn s054_types_with_access_tokens_in_the_url_and_those_the_client_is_not_registered_for_are_refused() {
    let world = world().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid email").await;
    for kind in ["token", "id_token", "code token", "id_token token", "code id_token token", "CODE", "code code"] {
        let answer = answered(&world, &browser, &[("response_type", kind)]).await;
        assert_eq!(answer.response_param("error").as_deref(), Some("unsupported_response_type"), "{kind}");
        for token in ["access_token", "id_token", "code"] {
            assert_eq!(answer.response_param(token), None, "{kind}");
        }
    }
    let missing = answered(&world, &browser, &[("response_type", "")]).await;
    assert_eq!(missing.redirect_param("error").as_deref(), Some("invalid_request"));
    world.change_client(C1, |metadata| metadata["response_types"] = json!(["code"])).await;
    for kind in ["none", "code id_token"] {
        let answer = answered(&world, &browser, &[("response_type", kind)]).await;
        assert_eq!(answer.response_param("error").as_deref(), Some("unsupported_response_type"), "{kind}");
        assert!(answer.response_param("error_description").unwrap().contains("not registered"));
    }
    assert_eq!(world.rows("authorization_codes", "TRUE").await, 1);
}

#[tokio::test]
async fn s039_a_hybrid_id_token_names_the_person_who_signed_in_and_the_code_ends_with_the_session() {
    let world = world().await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[HYBRID])).await;
    let end = world.answer_pages(&browser, page, "bob").await;
    let front = claims(&fragment_param(&end.url, "id_token").unwrap());
    let bob = world.app.identity.find_user("bob").await.unwrap().unwrap();
    assert_eq!(front["sub"], bob.id);
    world.disable_user("bob").await;
    assert_eq!(world.redeem(C1, &fragment_param(&end.url, "code").unwrap()).await.error(), "invalid_grant");
}
