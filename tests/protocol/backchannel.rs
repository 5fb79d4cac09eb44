//! Back-channel logout against a client that listens.

use portcullis::jose::{self, Expected};
use serde_json::json;

use crate::common::*;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

fn is_ours(world: &World, token: &str) -> bool {
    jose::verify(&world.app.oauth.keys, token, Expected::LogoutToken).is_ok()
}

#[tokio::test]
async fn s139_each_client_of_the_session_gets_one_logout_token() {
    let world = World::new().await;
    let one = Listener::of(&world, C1, 200).await;
    let other = Listener::of(&world, C2, 204).await;
    let silent = Listener::of(&world, C3, 200).await;
    let browser = world.browser();
    let given = world.id_token(&browser, C1).await;
    world.tokens(&browser, C1).await;
    world.tokens(&browser, C2).await;
    world.sign_out(&browser, &given).await;
    let id_token = claims(&given);
    for (client, client_id) in [(&one, C1), (&other, C2)] {
        let token = client.token().await;
        let head = header(&token);
        assert_eq!((&head["typ"], &head["alg"]), (&json!("logout+jwt"), &json!("ES256")));
        assert!(is_ours(&world, &token));
        let said = claims(&token);
        assert_eq!((&said["iss"], &said["aud"]), (&json!(world.issuer), &json!(client_id)));
        assert_eq!((&said["sub"], &said["sid"]), (&id_token["sub"], &id_token["sid"]));
        assert_eq!(said["events"], json!({ EVENT: {} }));
        assert!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap() <= 120);
        assert!(said["jti"].as_str().unwrap().len() > 20 && said.get("nonce").is_none());
        // It is no token for anything else.
        assert_eq!(world.introspect(&token).await["active"], false);
        assert_eq!(world.userinfo(&token).await.status, 401);
    }
    world.rows_become("logout_notices", "TRUE", 0).await;
    assert_eq!([one.asked().await, other.asked().await, silent.asked().await], [1, 1, 0]);
}

#[tokio::test]
async fn a_logout_token_is_signed_as_the_clients_id_tokens_are() {
    let world = World::new().await;
    let client = Listener::of(&world, C1, 200).await;
    world.change_client(C1, |metadata| metadata["id_token_signed_response_alg"] = json!("RS256")).await;
    let browser = world.browser();
    let given = world.id_token(&browser, C1).await;
    world.sign_out(&browser, &given).await;
    let token = client.token().await;
    assert_eq!(header(&token)["alg"], "RS256");
    assert!(is_ours(&world, &token));
}

#[tokio::test]
async fn a_client_that_refuses_is_told_again_under_the_same_jti_until_it_takes_it() {
    let world = World::new().await;
    let client = Listener::of(&world, C1, 500).await;
    let browser = world.browser();
    let given = world.id_token(&browser, C1).await;
    world.sign_out(&browser, &given).await;
    let first = client.token().await;
    world.rows_become("logout_notices", "last_error = 'it answered 500' AND attempts = 1", 1).await;
    client.answer(400).await;
    world.advance(15);
    let second = client.token().await;
    assert_eq!(claims(&first)["jti"], claims(&second)["jti"]);
    assert!(claims(&second)["iat"].as_i64() > claims(&first)["iat"].as_i64());
    world.rows_become("logout_notices", "last_error = 'it answered 400' AND attempts = 2", 1).await;
    client.answer(200).await;
    world.advance(30);
    client.token().await;
    world.rows_become("logout_notices", "TRUE", 0).await;
}

#[tokio::test]
async fn after_a_day_a_notice_is_given_up_and_stays_to_be_seen() {
    let world = World::new().await;
    let _refuses = Listener::of(&world, C1, 500).await;
    let browser = world.browser();
    let given = world.id_token(&browser, C1).await;
    world.sign_out(&browser, &given).await;
    world.rows_become("logout_notices", "attempts = 1 AND last_error IS NOT NULL", 1).await;
    world.advance(24 * 3600);
    world.rows_become("logout_notices", "next_attempt_at IS NULL AND attempts = 2", 1).await;
    assert_eq!(world.audited("logout_notice_given_up").await, 1);
}

#[tokio::test]
async fn f27_signing_out_waits_for_no_client() {
    let world = World::new().await;
    // Takes connections and says nothing.
    let hanging = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dead = {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        closed.local_addr().unwrap()
    };
    world.listens_at(C1, &format!("http://{}", hanging.local_addr().unwrap())).await;
    world.listens_at(C2, &format!("http://{dead}")).await;
    let healthy = Listener::of(&world, CT, 200).await;
    let browser = world.browser();
    let given = world.id_token(&browser, C1).await;
    world.tokens(&browser, C2).await;
    world.tokens(&browser, CT).await;
    world.sign_out(&browser, &given).await;
    // The one that listens is told while the others have not answered.
    healthy.token().await;
    assert_eq!(world.rows("logout_notices", "client_id = 'c1' AND last_error IS NULL").await, 1);
    world.rows_become("logout_notices", "client_id = 'c2' AND last_error IS NOT NULL", 1).await;
    world.rows_become("logout_notices", "client_id = 'ct'", 0).await;
}

#[tokio::test]
async fn whatever_ends_the_session_tells_its_clients() {
    let world = World::new().await;
    let client = Listener::of(&world, C1, 200).await;
    let browser = world.browser();
    world.tokens(&browser, C1).await;
    world.disable_user("alice").await;
    assert_eq!(claims(&client.token().await)["aud"], C1);
    // Another person signs in at the same browser.
    client.answer(200).await;
    let shared = world.browser();
    let page = shared.open(&world.authorize_url(C1, "openid", &[])).await;
    world.answer_pages(&shared, page, "bob").await;
    let page = shared.open(&world.authorize_url(C1, "openid", &[("prompt", "login")])).await;
    assert!(page.has("#password"));
    world
        .app
        .identity
        .create_user(portcullis::identity::NewUser {
            username: "carol".to_owned(),
            email: None,
            email_verified: false,
            password: Some(PASSWORD.into()),
            claims: serde_json::Map::new(),
            is_admin: false,
        })
        .await
        .unwrap();
    world.answer_pages(&shared, page, "carol").await;
    client.token().await;
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn offline_access_survives_an_applications_logout() {
    let world = World::new().await;
    let browser = world.browser();
    let online = world.tokens(&browser, C1).await;
    let code = world.code(&browser, C1, "openid offline_access").await;
    let offline = world.redeem(C1, &code).await.ok();
    world.sign_out(&browser, online["id_token"].as_str().unwrap()).await;
    assert_eq!(world.refresh(C1, online["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
    world.refresh(C1, offline["refresh_token"].as_str().unwrap()).await.ok();
    // "Sign out everywhere" and the like end it.
    world.disable_user("alice").await;
    assert_eq!(world.refresh(C1, offline["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
}
