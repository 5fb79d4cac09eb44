//! Back-channel logout against a client that listens.

use portcullis::jose::{self, Expected};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::common::*;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A client's endpoint that answers with `status`.
async fn listening(status: u16) -> MockServer {
    let server = MockServer::start().await;
    answer(&server, status).await;
    server
}

async fn answer(server: &MockServer, status: u16) {
    server.reset().await;
    Mock::given(method("POST")).and(path("/out")).respond_with(ResponseTemplate::new(status)).mount(server).await;
}

async fn register(world: &World, client_id: &str, server: &MockServer) {
    let uri = format!("{}/out", server.uri());
    world.change_client(client_id, |metadata| metadata["backchannel_logout_uri"] = json!(uri)).await;
}

fn is_ours(world: &World, token: &str) -> bool {
    jose::verify(&world.app.oauth.keys, token, Expected::LogoutToken).is_ok()
}

/// The logout tokens that arrived, once there are `count`.
async fn tokens(server: &MockServer, count: usize) -> Vec<String> {
    for _ in 0..1000 {
        let requests = server.received_requests().await.unwrap();
        if requests.len() >= count {
            return requests
                .iter()
                .map(|request| {
                    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
                    assert!(!request.headers.contains_key("cookie"));
                    let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
                    let [(name, token)] = &form[..] else { panic!("{form:?}") };
                    assert_eq!(name, "logout_token");
                    token.clone()
                })
                .collect();
        }
        tokio::time::sleep(secs(1) / 100).await;
    }
    panic!("no {count} notices came: {:?}", server.received_requests().await);
}

/// Waits until `count` notices satisfy `condition`.
async fn notices(world: &World, condition: &str, count: i64) {
    for _ in 0..1000 {
        if world.rows("logout_notices", condition).await == count {
            return;
        }
        tokio::time::sleep(secs(1) / 100).await;
    }
    panic!("not {count} notices with {condition}");
}

async fn signed_in(world: &World, browser: &Browser, client_id: &str) -> Value {
    world.redeem(client_id, &world.code(browser, client_id, "openid").await).await.ok()
}

/// Signs out by the hint of an id_token, and asserts that nothing was waited for.
async fn sign_out(world: &World, browser: &Browser, tokens: &Value) {
    let hint = tokens["id_token"].as_str().unwrap();
    let answer = browser.get(&world.url(&format!("/logout?id_token_hint={hint}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 0);
}

#[tokio::test]
async fn s139_each_client_of_the_session_gets_one_logout_token() {
    let world = World::new().await;
    let (one, other, silent) = (listening(200).await, listening(204).await, listening(200).await);
    register(&world, C1, &one).await;
    register(&world, C2, &other).await;
    register(&world, C3, &silent).await;
    let browser = world.browser();
    let given = signed_in(&world, &browser, C1).await;
    signed_in(&world, &browser, C1).await;
    signed_in(&world, &browser, C2).await;
    sign_out(&world, &browser, &given).await;
    let id_token = claims(given["id_token"].as_str().unwrap());
    for (server, client_id) in [(&one, C1), (&other, C2)] {
        let token = tokens(server, 1).await.remove(0);
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
    notices(&world, "TRUE", 0).await;
    let counts = [one, other, silent].map(|server| async move { server.received_requests().await.unwrap().len() });
    assert_eq!(futures_util::future::join_all(counts).await, [1, 1, 0]);
}

#[tokio::test]
async fn a_logout_token_is_signed_as_the_clients_id_tokens_are() {
    let world = World::new().await;
    let server = listening(200).await;
    register(&world, C1, &server).await;
    world.change_client(C1, |metadata| metadata["id_token_signed_response_alg"] = json!("RS256")).await;
    let browser = world.browser();
    let given = signed_in(&world, &browser, C1).await;
    sign_out(&world, &browser, &given).await;
    let token = tokens(&server, 1).await.remove(0);
    assert_eq!(header(&token)["alg"], "RS256");
    assert!(is_ours(&world, &token));
}

#[tokio::test]
async fn a_client_that_refuses_is_told_again_under_the_same_jti_until_it_takes_it() {
    let world = World::new().await;
    let server = listening(500).await;
    register(&world, C1, &server).await;
    let browser = world.browser();
    let given = signed_in(&world, &browser, C1).await;
    sign_out(&world, &browser, &given).await;
    let first = tokens(&server, 1).await.remove(0);
    notices(&world, "last_error = 'it answered 500' AND attempts = 1", 1).await;
    answer(&server, 400).await;
    world.advance(15);
    let second = tokens(&server, 1).await.remove(0);
    assert_eq!(claims(&first)["jti"], claims(&second)["jti"]);
    assert!(claims(&second)["iat"].as_i64() > claims(&first)["iat"].as_i64());
    notices(&world, "last_error = 'it answered 400' AND attempts = 2", 1).await;
    answer(&server, 200).await;
    world.advance(30);
    tokens(&server, 1).await;
    notices(&world, "TRUE", 0).await;
}

#[tokio::test]
async fn after_a_day_a_notice_is_given_up_and_stays_to_be_seen() {
    let world = World::new().await;
    let server = listening(500).await;
    register(&world, C1, &server).await;
    let browser = world.browser();
    let given = signed_in(&world, &browser, C1).await;
    sign_out(&world, &browser, &given).await;
    notices(&world, "attempts = 1 AND last_error IS NOT NULL", 1).await;
    world.advance(24 * 3600);
    notices(&world, "next_attempt_at IS NULL AND attempts = 2", 1).await;
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
    let healthy = listening(200).await;
    let at = |address| json!(format!("http://{address}/out"));
    world.change_client(C1, |metadata| metadata["backchannel_logout_uri"] = at(hanging.local_addr().unwrap())).await;
    world.change_client(C2, |metadata| metadata["backchannel_logout_uri"] = at(dead)).await;
    register(&world, CT, &healthy).await;
    let browser = world.browser();
    let given = signed_in(&world, &browser, C1).await;
    signed_in(&world, &browser, C2).await;
    signed_in(&world, &browser, CT).await;
    sign_out(&world, &browser, &given).await;
    // The one that listens is told while the others have not answered.
    tokens(&healthy, 1).await;
    assert_eq!(world.rows("logout_notices", "client_id = 'c1' AND last_error IS NULL").await, 1);
    notices(&world, "client_id = 'c2' AND last_error IS NOT NULL", 1).await;
    notices(&world, "client_id = 'ct'", 0).await;
}

#[tokio::test]
async fn whatever_ends_the_session_tells_its_clients() {
    let world = World::new().await;
    let server = listening(200).await;
    register(&world, C1, &server).await;
    let browser = world.browser();
    signed_in(&world, &browser, C1).await;
    world.disable_user("alice").await;
    assert_eq!(claims(&tokens(&server, 1).await[0])["aud"], C1);
    // Another person signs in at the same browser.
    answer(&server, 200).await;
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
    tokens(&server, 1).await;
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn offline_access_survives_an_applications_logout() {
    let world = World::new().await;
    let browser = world.browser();
    let online = signed_in(&world, &browser, C1).await;
    let code = world.code(&browser, C1, "openid offline_access").await;
    let offline = world.redeem(C1, &code).await.ok();
    sign_out(&world, &browser, &online).await;
    assert_eq!(world.refresh(C1, online["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
    world.refresh(C1, offline["refresh_token"].as_str().unwrap()).await.ok();
    // "Sign out everywhere" and the like end it.
    world.disable_user("alice").await;
    assert_eq!(world.refresh(C1, offline["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
}
