//! Somebody signs out at another provider, and it says so (OpenID Connect Back-Channel Logout 1.0).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::base::Clock as _;
use serde_json::{Value, json};
use wiremock::ResponseTemplate;

use super::upstream::{connect, press, sign_in_there, worlds};
use super::upstream_hostile::{Idp, begin, callback, good};
use crate::common::*;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const SETTING: &str = "backchannel_logout = true\n";

async fn tell(world: &World, token: &str) -> Answer {
    let body = form(&[("logout_token", token)]);
    world.post_raw("/upstream/idp/backchannel-logout", &FORM, body).await
}

const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn signed_in(world: &World, browser: &Browser) -> bool {
    browser.open(&world.url("/account")).await.url.path() == "/account"
}

/// Signs somebody in by the provider's account `sub`, in its session `sid`.
async fn come_in(idp: &Idp, world: &World, sub: &str, sid: Option<&str>) -> Browser {
    let way = begin(world).await;
    let mut claims = good(idp, world, &way.nonce);
    claims["sub"] = json!(sub);
    claims["email"] = json!(format!("{sub}@idp.test"));
    if let Some(sid) = sid {
        claims["sid"] = json!(sid);
    }
    idp.server.reset().await;
    idp.publish(&json!({})).await;
    idp.gives(&idp.sign(&json!({ "alg": "ES256", "kid": idp.key.kid }), &claims)).await;
    let page = way.browser.open(&callback(world, "idp", &[("code", "c"), ("state", &way.state)])).await;
    assert_eq!(page.url.path(), "/account", "{}", page.answer.body);
    way.browser
}

fn head(idp: &Idp) -> Value {
    json!({ "alg": "ES256", "kid": idp.key.kid, "typ": "logout+jwt" })
}

fn said(idp: &Idp, world: &World, jti: &str) -> Value {
    let now = world.clock.now().seconds();
    json!({ "iss": idp.server.uri(), "aud": "rp", "iat": now, "exp": now + 120, "jti": jti, "events": { EVENT: {} } })
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[tokio::test]
async fn a_sign_out_at_the_provider_ends_what_was_opened_by_that_session_alone() {
    let idp = Idp::start().await;
    let world = idp.world_with(SETTING).await;
    let phone = come_in(&idp, &world, "s-1", Some("phone")).await;
    let desk = come_in(&idp, &world, "s-1", Some("desk")).await;
    let other = come_in(&idp, &world, "s-2", Some("other")).await;
    let tokens = world.tokens(&phone, C1).await;
    let listener = Listener::of(&world, C1, 200).await;

    let token = idp.sign(&head(&idp), &with(said(&idp, &world, "j1"), "sid", json!("phone")));
    let answer = tell(&world, &token).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{}", answer.body);
    assert!(!signed_in(&world, &phone).await && signed_in(&world, &desk).await && signed_in(&world, &other).await);
    assert_eq!(world.userinfo(tokens["access_token"].as_str().unwrap()).await.status, 401);
    assert_eq!(world.refresh(C1, tokens["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
    assert_eq!(claims(&listener.token().await)["sub"], claims(tokens["id_token"].as_str().unwrap())["sub"]);
    assert_eq!(world.audited("upstream_logout").await, 1);

    // A name and another's session: neither's.
    let crossed = with(with(said(&idp, &world, "j2"), "sid", json!("other")), "sub", json!("s-1"));
    assert_eq!(tell(&world, &idp.sign(&head(&idp), &crossed)).await.status, 200);
    assert!(signed_in(&world, &desk).await && signed_in(&world, &other).await);
    // Without a session everything of that name.
    let all = with(said(&idp, &world, "j3"), "sub", json!("s-1"));
    assert_eq!(tell(&world, &idp.sign(&head(&idp), &all)).await.status, 200);
    assert!(!signed_in(&world, &desk).await && signed_in(&world, &other).await);
    assert_eq!(world.audited_times("upstream_logout", 2).await, 2);
}

#[tokio::test]
async fn s141_a_logout_token_that_is_wrong_in_anything_ends_no_session() {
    let idp = Idp::start().await;
    let world = idp.world_with(SETTING).await;
    let browser = come_in(&idp, &world, "s-1", Some("phone")).await;
    let now = world.clock.now().seconds();
    let right = |jti: &str| with(with(said(&idp, &world, jti), "sid", json!("phone")), "sub", json!("s-1"));
    let changes: [(&str, Value); 26] = [
        ("iss", json!("https://evil.test")),
        ("iss", Value::Null),
        ("aud", json!("other")),
        ("aud", json!(["rp", "other"])),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("events", json!({})),
        ("events", json!({ EVENT: true })),
        ("events", json!([EVENT])),
        ("events", Value::Null),
        ("nonce", json!("n")),
        ("nonce", json!("")),
        ("iat", Value::Null),
        ("iat", json!(now - 661)),
        ("iat", json!(now + 120)),
        ("iat", json!("now")),
        ("exp", Value::Null),
        ("exp", json!(now - 61)),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!("j".repeat(300))),
        ("sub", json!(7)),
        ("sub", json!("")),
        ("sid", json!(["phone"])),
        ("sid", json!("")),
    ];
    let mut tokens: Vec<(String, String)> = changes
        .into_iter()
        .map(|(name, value)| {
            let mut claims = with(right("j"), name, value.clone());
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            }
            (format!("{name} {value}"), idp.sign(&head(&idp), &claims))
        })
        .collect();
    let foreign = Idp::start().await;
    let unsigned = |alg: &str| URL_SAFE_NO_PAD.encode(json!({ "alg": alg, "typ": "logout+jwt" }).to_string());
    let payload = URL_SAFE_NO_PAD.encode(right("j").to_string());
    let hs256 = {
        let input = format!("{}.{payload}", unsigned("HS256"));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"s");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, input.as_bytes())))
    };
    let typ = |typ: &str| json!({ "alg": "ES256", "kid": idp.key.kid, "typ": typ });
    let neither = said(&idp, &world, "j");
    for (what, token) in [
        ("nothing", String::new()),
        ("no token", "x".to_owned()),
        ("unsigned", format!("{}.{payload}.", unsigned("none"))),
        ("by the client's secret", hs256),
        ("by another key", foreign.sign(&head(&foreign), &right("j"))),
        ("by another key under this one's name", foreign.sign(&head(&idp), &right("j"))),
        ("for something else", idp.sign(&typ("at+jwt"), &right("j"))),
        ("an id_token", idp.sign(&typ("JWT"), &with(good(&idp, &world, "n"), "sid", json!("phone")))),
        ("about nobody", idp.sign(&head(&idp), &neither)),
    ] {
        tokens.push((what.to_owned(), token));
    }
    for (what, token) in &tokens {
        let answer = tell(&world, token).await;
        assert_eq!((answer.status.as_u16(), answer.error()), (400, "invalid_request".to_owned()), "{what}");
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    }
    assert!(signed_in(&world, &browser).await);
    assert_eq!((world.audited("upstream_logout").await, world.rows("replays", "TRUE").await), (0, 0));

    // Used once: the same person signs in again, and is not signed out by it.
    let token = idp.sign(&head(&idp), &with(said(&idp, &world, "j"), "sub", json!("s-1")));
    assert_eq!(tell(&world, &token).await.status, 200);
    assert!(!signed_in(&world, &browser).await);
    let again = come_in(&idp, &world, "s-1", Some("phone")).await;
    let replayed = tell(&world, &token).await;
    assert_eq!((replayed.status.as_u16(), replayed.error()), (400, "invalid_request".to_owned()));
    assert!(signed_in(&world, &again).await);
}

#[tokio::test]
async fn what_is_known_of_the_session_there_survives_a_second_factor_and_a_newer_proof() {
    let idp = Idp::start().await;
    let world = idp.world_with(SETTING).await;
    let first = come_in(&idp, &world, "s-1", Some("one")).await;
    let app = world.set_up_app(&first).await;
    world.advance(60);
    // With a second factor: the sign-in waits for it in between.
    let way = begin(&world).await;
    idp.server.reset().await;
    idp.publish(&json!({})).await;
    let proof = with(good(&idp, &world, &way.nonce), "sid", json!("two"));
    idp.gives(&idp.sign(&json!({ "alg": "ES256", "kid": idp.key.kid }), &proof)).await;
    let page = way.browser.open(&callback(&world, "idp", &[("code", "c"), ("state", &way.state)])).await;
    assert_eq!(page.url.path(), "/login/factor");
    way.browser.submit(&page, &[("code", &world.next_code(&app))]).await;
    assert!(signed_in(&world, &way.browser).await);
    // Proved anew there: the session there is another one now.
    let token = idp.sign(&head(&idp), &with(said(&idp, &world, "j1"), "sid", json!("two")));
    assert_eq!(tell(&world, &token).await.status, 200);
    assert!(!signed_in(&world, &way.browser).await && signed_in(&world, &first).await);
    assert_eq!(world.rows("upstream_sessions", "sid = 'one'").await, 1);
}

#[tokio::test]
async fn what_is_known_of_the_session_there_survives_a_new_password() {
    let idp = Idp::start().await;
    let world = idp.world_with(SETTING).await;
    let browser = come_in(&idp, &world, "s-1", Some("one")).await;
    let page = browser.open(&world.url("/account/password")).await;
    let done = browser.submit(&page, &[("password", "a brand new long phrase")]).await;
    assert!(done.has("#notice") && signed_in(&world, &browser).await, "{}", done.answer.body);
    let token = idp.sign(&head(&idp), &with(said(&idp, &world, "j1"), "sid", json!("one")));
    assert_eq!(tell(&world, &token).await.status, 200);
    assert!(!signed_in(&world, &browser).await);
}

#[tokio::test]
async fn a_key_that_the_provider_took_since_is_looked_for_once_a_minute_at_most() {
    let idp = Idp::start().await;
    let world = idp.world_with(SETTING).await;
    let browser = come_in(&idp, &world, "s-1", Some("phone")).await;
    let successor = Idp::start().await;
    let looked = || async {
        let requests = idp.server.received_requests().await.unwrap();
        requests.iter().filter(|request| request.url.path() == "/jwks").count()
    };
    let before = looked().await;
    for jti in ["a", "b", "c"] {
        let token = successor.sign(&head(&successor), &with(said(&idp, &world, jti), "sub", json!("s-1")));
        assert_eq!(tell(&world, &token).await.status, 400);
    }
    assert_eq!(looked().await, before + 1);
    assert!(signed_in(&world, &browser).await);
}

#[tokio::test]
async fn a_provider_that_may_not_say_so_has_nowhere_to() {
    let idp = Idp::start().await;
    let world = idp.world_with("").await;
    let browser = come_in(&idp, &world, "s-1", Some("phone")).await;
    assert_eq!(world.rows("upstream_sessions", "TRUE").await, 0);
    let token = idp.sign(&head(&idp), &with(said(&idp, &world, "j"), "sub", json!("s-1")));
    assert_eq!(tell(&world, &token).await.status, 404);
    assert!(signed_in(&world, &browser).await);
    // Nor has one that there is not, or another method.
    let world = idp.world_with(SETTING).await;
    assert_eq!(world.post_raw("/upstream/nobody/backchannel-logout", &FORM, "logout_token=x").await.status, 404);
    let answer = world.get("/upstream/idp/backchannel-logout").await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "POST"));
    let unavailable = Idp::start().await;
    let world = unavailable.world_with(SETTING).await;
    unavailable.server.reset().await;
    unavailable.answers("/.well-known/openid-configuration", ResponseTemplate::new(500)).await;
    let token = unavailable.sign(&head(&unavailable), &with(said(&unavailable, &world, "j"), "sub", json!("s-1")));
    let answer = tell(&world, &token).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "2"));
}

#[tokio::test]
async fn two_servers_of_this_kind_understand_each_other() {
    let (here, there) = worlds(SETTING).await;
    let told = format!("{}/upstream/there/backchannel-logout", here.issuer);
    there.change_client("rp", |metadata| metadata["backchannel_logout_uri"] = json!(told)).await;
    connect(&here, &there, &here.browser(), "alice", "bob").await;
    let (browser, elsewhere) = (here.browser(), there.browser());
    let page = browser.open(&here.url("/login?next=/account")).await;
    let back = sign_in_there(&there, &elsewhere, &press(&browser, &page).await, "bob").await;
    assert_eq!(browser.open(&back).await.url.path(), "/account");
    assert!(signed_in(&here, &browser).await);

    let asked = elsewhere.open(&there.url("/logout")).await;
    elsewhere.submit(&asked, &[("decision", "logout")]).await;
    there.rows_become("logout_notices", "TRUE", 0).await;
    assert!(!signed_in(&here, &browser).await);
    assert_eq!(here.audited("upstream_logout").await, 1);
    // The session in which the two were connected stands on none there.
    assert_eq!(here.rows("sessions", "ended_at IS NULL").await, 1);
}
