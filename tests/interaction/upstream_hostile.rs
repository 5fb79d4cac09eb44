//! Providers that lie, fail and hang, and answers that belong to somebody else.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::base::{Clock as _, SystemRandom};
use portcullis::config::Algorithm;
use portcullis::jose::SigningKey;
use portcullis::storage::Accounts as _;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::upstream::{press, pressed};
use crate::common::*;

/// A provider that says whatever it is told to say.
pub struct Idp {
    pub server: MockServer,
    pub key: SigningKey,
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

impl Idp {
    pub async fn start() -> Self {
        let alg = Algorithm::ES256;
        let der = SigningKey::generate(alg, &SystemRandom::default()).unwrap();
        let idp = Self { server: MockServer::start().await, key: SigningKey::from_pkcs8(alg, &der).unwrap() };
        idp.publish(&json!({})).await;
        idp
    }

    /// Its metadata, with changes, and its keys.
    pub async fn publish(&self, changes: &Value) {
        let uri = self.server.uri();
        let mut metadata = json!({ "issuer": uri, "authorization_endpoint": format!("{uri}/authorize"),
            "token_endpoint": format!("{uri}/token"), "userinfo_endpoint": format!("{uri}/userinfo"),
            "jwks_uri": format!("{uri}/jwks"), "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"] });
        metadata.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        self.answers("/.well-known/openid-configuration", ResponseTemplate::new(200).set_body_json(metadata)).await;
        let jwks = json!({ "keys": [self.key.public_jwk] });
        self.answers("/jwks", ResponseTemplate::new(200).set_body_json(jwks)).await;
    }

    pub async fn answers(&self, at: &str, response: ResponseTemplate) {
        Mock::given(path(at.to_owned())).respond_with(response).with_priority(5).mount(&self.server).await;
    }

    pub async fn gives(&self, id_token: &str) {
        let tokens = json!({ "access_token": "at", "token_type": "Bearer", "id_token": id_token });
        self.answers("/token", ResponseTemplate::new(200).set_body_json(tokens)).await;
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let input = format!("{}.{}", encode(header), encode(claims));
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(self.key.sign(input.as_bytes()).unwrap()))
    }

    async fn token_requests(&self) -> usize {
        let requests = self.server.received_requests().await.unwrap();
        requests.iter().filter(|request| request.url.path() == "/token").count()
    }

    async fn world(&self) -> World {
        self.world_with("").await
    }

    /// A server with this provider under two names; `more` are settings of both.
    pub async fn world_with(&self, more: &str) -> World {
        let config = |name: &str| {
            format!(
                "[upstream.{name}]\nissuer = \"{}\"\nclient_id = \"rp\"\nclient_secret = \"s\"\n\
                allow_registration = true\ntrusted_domains = [\"*\"]\n{more}",
                self.server.uri()
            )
        };
        World::with(&format!("{}{}", config("idp"), config("twin"))).await
    }
}

/// A browser on its way: what it was sent with.
pub struct Way {
    pub browser: Browser,
    url: url::Url,
    pub state: String,
    pub nonce: String,
}

pub async fn begin(world: &World) -> Way {
    let browser = world.browser();
    let page = browser.open(&world.url("/login?next=/account")).await;
    let way = Way::of(&press(&browser, &page).await, browser);
    assert_eq!(way.param("redirect_uri"), Some(world.url("/upstream/idp/callback")));
    way
}

impl Way {
    fn of(url: &str, browser: Browser) -> Self {
        let mut way = Self { browser, url: url.parse().unwrap(), state: String::new(), nonce: String::new() };
        (way.state, way.nonce) = (way.param("state").unwrap(), way.param("nonce").unwrap());
        way
    }

    fn param(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

pub fn callback(world: &World, name: &str, params: &[(&str, &str)]) -> String {
    let mut url: url::Url = world.url(&format!("/upstream/{name}/callback")).parse().unwrap();
    url.query_pairs_mut().extend_pairs(params);
    url.to_string()
}

pub fn good(idp: &Idp, world: &World, nonce: &str) -> Value {
    let now = world.clock.now().seconds();
    json!({ "iss": idp.server.uri(), "sub": "s-1", "aud": "rp", "iat": now, "exp": now + 300, "nonce": nonce,
        "email": "new@idp.test", "email_verified": true })
}

async fn nobody_came_in(world: &World, browser: &Browser) {
    assert!(browser.cookie("session").is_none());
    assert_eq!(world.rows("sessions", "TRUE").await, 0);
    assert_eq!(world.rows("users", "TRUE").await, 2);
}

#[tokio::test]
async fn a_right_answer_is_taken() {
    let idp = Idp::start().await;
    let world = idp.world().await;
    let way = begin(&world).await;
    idp.gives(&idp.sign(&json!({ "alg": "ES256", "kid": idp.key.kid }), &good(&idp, &world, &way.nonce))).await;
    let page = way.browser.open(&callback(&world, "idp", &[("code", "c"), ("state", &way.state)])).await;
    assert_eq!((page.answer.status.as_u16(), page.url.path()), (200, "/account"), "{}", page.answer.body);
    let requests = idp.server.received_requests().await.unwrap();
    let token = requests.iter().find(|request| request.url.path() == "/token").unwrap();
    let form: Vec<(String, String)> = form_urlencoded::parse(&token.body).into_owned().collect();
    assert!(form.iter().any(|(name, value)| name == "code_verifier" && value.len() == 43));
    assert_eq!(token.headers["authorization"], basic("rp", "s").as_str());
}

#[tokio::test]
async fn s245_a_state_that_is_missing_wrong_used_or_of_another_browser_is_refused() {
    let idp = Idp::start().await;
    let world = idp.world().await;
    let (way, other) = (begin(&world).await, begin(&world).await);
    let (id, mac) = way.state.split_once('.').unwrap();
    let (other_id, other_mac) = other.state.split_once('.').unwrap();
    for state in ["", "x", id, &format!("{id}."), &format!("{id}.{other_mac}"), &format!("{other_id}.{mac}")] {
        let answer = way.browser.get(&callback(&world, "idp", &[("code", "c"), ("state", state)])).await;
        assert_eq!(answer.status, 400, "{state}");
    }
    assert_eq!(way.browser.get(&callback(&world, "idp", &[("code", "c")])).await.status, 400);
    let stranger = other.browser.get(&callback(&world, "idp", &[("code", "c"), ("state", &way.state)])).await;
    assert_eq!(stranger.status, 400);
    // S247: begun with one provider, answered at another's address.
    let mixed = way.browser.get(&callback(&world, "twin", &[("code", "c"), ("state", &way.state)])).await;
    assert_eq!(mixed.status, 400);
    assert_eq!(idp.token_requests().await, 0);
    nobody_came_in(&world, &way.browser).await;
    // And in time.
    world.advance(601);
    let late = other.browser.get(&callback(&world, "idp", &[("code", "c"), ("state", &other.state)])).await;
    assert_eq!((late.status.as_u16(), idp.token_requests().await), (400, 0));
}

#[tokio::test]
async fn a_new_sign_in_that_was_asked_for_has_to_be_said_and_new() {
    let idp = Idp::start().await;
    let world = idp.world().await;
    let header = json!({ "alg": "ES256", "kid": idp.key.kid });
    for more in [("prompt", "login"), ("max_age", "3600")] {
        for (age, taken) in [(None, false), (Some(61), false), (Some(-61), false), (Some(0), true)] {
            let browser = world.browser();
            let page = browser.open(&world.authorize_url(C1, "openid", &[more])).await;
            let way = Way::of(&press(&browser, &page).await, browser);
            assert_eq!((way.param("max_age"), way.param("prompt")), (Some("0".into()), Some("login".into())));
            let mut claims = good(&idp, &world, &way.nonce);
            if let Some(age) = age {
                claims["auth_time"] = json!(world.clock.now().seconds() - age);
            }
            idp.server.reset().await;
            idp.publish(&json!({})).await;
            idp.gives(&idp.sign(&header, &claims)).await;
            let answer = way.browser.get(&callback(&world, "idp", &[("code", "c"), ("state", &way.state)])).await;
            assert_eq!(answer.status != 400, taken, "{more:?} {age:?}");
            assert_eq!(way.browser.cookie("session").is_some(), taken, "{more:?} {age:?}");
        }
    }
    // Somebody who is signed in already: nobody asked, so none is taken for new.
    let way = begin(&world).await;
    assert_eq!((way.param("max_age"), way.param("prompt")), (Some("315360000".into()), None));
    idp.server.reset().await;
    idp.publish(&json!({})).await;
    idp.gives(&idp.sign(&header, &good(&idp, &world, &way.nonce))).await;
    let back = callback(&world, "idp", &[("code", "c"), ("state", &way.state)]);
    assert_eq!(way.browser.open(&back).await.url.path(), "/account");
    world.advance(3600);
    let page = way.browser.open(&world.url("/login?next=/account&again=1")).await;
    let again = Way::of(&press(&way.browser, &page).await, way.browser);
    idp.server.reset().await;
    idp.publish(&json!({})).await;
    let mut claims = good(&idp, &world, &again.nonce);
    claims["auth_time"] = json!(world.clock.now().seconds() - 3600);
    idp.gives(&idp.sign(&header, &claims)).await;
    let renewed = world.audited("login_renewed").await;
    let answer = again.browser.get(&callback(&world, "idp", &[("code", "c"), ("state", &again.state)])).await;
    assert_eq!((answer.status.as_u16(), world.audited("login_renewed").await), (400, renewed));
}

#[tokio::test]
async fn s169_s173_a_sign_in_that_is_old_at_the_provider_is_as_old_here() {
    let idp = Idp::start().await;
    let world = idp.world().await;
    let header = json!({ "alg": "ES256", "kid": idp.key.kid });
    let come_in = async |world: &World, age: i64| {
        let way = begin(world).await;
        let mut claims = good(&idp, world, &way.nonce);
        let at = world.clock.now().seconds() - age;
        claims["auth_time"] = json!(at);
        idp.server.reset().await;
        idp.publish(&json!({})).await;
        idp.gives(&idp.sign(&header, &claims)).await;
        let page = way.browser.open(&callback(world, "idp", &[("code", "c"), ("state", &way.state)])).await;
        assert_eq!(page.url.path(), "/account", "{}", page.answer.body);
        (way.browser, at)
    };
    let (browser, at) = come_in(&world, 3600).await;
    let id_token = world.id_token(&browser, C1).await;
    assert_eq!(crate::common::claims(&id_token)["auth_time"], at, "the application is told when it was");
    for page in ["/account/delete", "/account/password", "/account/api-keys/new"] {
        assert_eq!(browser.open(&world.url(page)).await.url.path(), "/login", "{page}");
    }
    let asked = browser.open(&world.authorize_url(C1, "openid", &[("max_age", "600")])).await;
    assert_eq!(asked.url.path(), "/login", "S169");
    // What is void are proofs from before, not sign-ins: whoever comes again is let in.
    let alice = world.app.identity.find_user("new").await.unwrap().unwrap();
    world.advance(1);
    world
        .app
        .oauth
        .store
        .sign_out_everywhere(&alice.id, false, world.now().millis(), world.now().millis())
        .await
        .unwrap();
    assert_eq!(browser.open(&world.url("/account")).await.url.path(), "/login");
    let (again, _) = come_in(&world, 3600).await;
    assert_eq!(again.open(&world.url("/account")).await.url.path(), "/account");
    // And one of just now is one of just now.
    let (fresh, _) = come_in(&world, 0).await;
    assert_eq!(fresh.open(&world.url("/account/delete")).await.url.path(), "/account/delete");
}

#[tokio::test]
async fn s247_an_answer_of_another_issuer_sends_no_token_request() {
    let idp = Idp::start().await;
    idp.server.reset().await;
    idp.publish(&json!({ "authorization_response_iss_parameter_supported": true })).await;
    let world = idp.world().await;
    for iss in [Some("https://evil.test"), Some(""), None] {
        let way = begin(&world).await;
        let mut params = vec![("code", "c"), ("state", way.state.as_str())];
        params.extend(iss.map(|iss| ("iss", iss)));
        assert_eq!(way.browser.get(&callback(&world, "idp", &params)).await.status, 400, "{iss:?}");
        nobody_came_in(&world, &way.browser).await;
    }
    assert_eq!(idp.token_requests().await, 0);
}

#[tokio::test]
async fn s248_s251_an_id_token_that_is_wrong_in_anything_is_refused() {
    let idp = Idp::start().await;
    let world = idp.world().await;
    let now = world.clock.now().seconds();
    let changes: [(&str, Value); 16] = [
        ("iss", json!("https://evil.test")),
        ("aud", json!("other")),
        ("aud", json!(["rp", "other"])),
        ("aud", json!([])),
        ("exp", json!(now - 1)),
        ("exp", Value::Null),
        ("iat", Value::Null),
        ("iat", json!(now - 3600)),
        ("iat", json!(now + 3600)),
        ("nonce", json!("other")),
        ("nonce", Value::Null),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!(17)),
        ("sub", json!("x".repeat(10_000))),
        ("azp", json!("other")),
    ];
    for (name, value) in changes {
        let way = begin(&world).await;
        let mut claims = good(&idp, &world, &way.nonce);
        claims[name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        }
        idp.server.reset().await;
        idp.publish(&json!({})).await;
        idp.gives(&idp.sign(&json!({ "alg": "ES256", "kid": idp.key.kid }), &claims)).await;
        let answer = way.browser.get(&callback(&world, "idp", &[("code", "c"), ("state", &way.state)])).await;
        assert_eq!(answer.status, 400, "{name} {value}");
        nobody_came_in(&world, &way.browser).await;
    }
    // Signatures: none, by the client's secret, by a key that the token brings along.
    let way = begin(&world).await;
    let claims = good(&idp, &world, &way.nonce);
    let alone = encode(&claims);
    let hs256 = {
        let input = format!("{}.{alone}", encode(&json!({ "alg": "HS256" })));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"s");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, input.as_bytes())))
    };
    let foreign = Idp::start().await;
    let uri = format!("{}/jwks", foreign.server.uri());
    let jku = foreign.sign(&json!({ "alg": "ES256", "kid": foreign.key.kid, "jku": uri }), &claims);
    let jwk = foreign.sign(&json!({ "alg": "ES256", "jwk": foreign.key.public_jwk }), &claims);
    for token in [format!("{}.{alone}.", encode(&json!({ "alg": "none" }))), hs256, jku, jwk, "x".to_owned()] {
        let way = Way { nonce: way.nonce.clone(), ..begin(&world).await };
        idp.server.reset().await;
        idp.publish(&json!({})).await;
        idp.gives(&token).await;
        let answer = way.browser.get(&callback(&world, "idp", &[("code", "c"), ("state", &way.state)])).await;
        assert_eq!(answer.status, 400, "{token}");
        nobody_came_in(&world, &way.browser).await;
    }
    assert!(foreign.server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn s251_userinfo_about_somebody_else_is_refused() {
    let idp = Idp::start().await;
    let world = idp.world().await;
    let way = begin(&world).await;
    let mut claims = good(&idp, &world, &way.nonce);
    claims.as_object_mut().unwrap().remove("email");
    idp.gives(&idp.sign(&json!({ "alg": "ES256", "kid": idp.key.kid }), &claims)).await;
    let userinfo = json!({ "sub": "s-2", "email": "alice@example.test", "email_verified": true });
    idp.answers("/userinfo", ResponseTemplate::new(200).set_body_json(userinfo)).await;
    let answer = way.browser.get(&callback(&world, "idp", &[("code", "c"), ("state", &way.state)])).await;
    assert_eq!(answer.status, 400);
    nobody_came_in(&world, &way.browser).await;
    assert_eq!(world.rows("upstream_identities", "TRUE").await, 0);
}

#[tokio::test]
async fn how_somebody_signed_in_is_believed_of_what_is_signed_alone() {
    let idp = Idp::start().await;
    let world = idp.world_with("trust_mfa = true\n").await;
    let way = begin(&world).await;
    let mut claims = good(&idp, &world, &way.nonce);
    claims.as_object_mut().unwrap().remove("email");
    idp.gives(&idp.sign(&json!({ "alg": "ES256", "kid": idp.key.kid }), &claims)).await;
    let userinfo = json!({ "sub": "s-1", "email": "new@idp.test", "amr": ["mfa"], "name": "New" });
    idp.answers("/userinfo", ResponseTemplate::new(200).set_body_json(userinfo)).await;
    let page = way.browser.open(&callback(&world, "idp", &[("code", "c"), ("state", &way.state)])).await;
    assert_eq!(page.url.path(), "/account", "{}", page.answer.body);
    assert_eq!(world.rows("users", "claims LIKE '%New%'").await, 1, "the profile is taken over");
    assert_eq!((world.rows("sessions", "amr LIKE '%mfa%'").await, world.rows("sessions", "TRUE").await), (0, 1));
}

#[tokio::test]
async fn s255_f29_a_provider_that_fails_ends_in_a_plain_page_and_nobody_else_notices() {
    let idp = Idp::start().await;
    let world = idp.world().await;
    let hang = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
    let large = ResponseTemplate::new(200).set_body_bytes(vec![b' '; 50 << 20]);
    for response in [ResponseTemplate::new(500), large, hang] {
        let way = begin(&world).await;
        idp.server.reset().await;
        idp.publish(&json!({})).await;
        idp.answers("/token", response).await;
        let back = callback(&world, "idp", &[("code", "c"), ("state", &way.state)]);
        let local = async {
            let browser = world.browser();
            let page = browser.open(&world.url("/login?next=/account")).await;
            let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
            assert_eq!(page.url.path(), "/account");
        };
        let (answer, ()) = tokio::join!(way.browser.get(&back), local);
        assert_eq!(answer.status, 400);
        assert!(way.browser.cookie("session").is_none());
    }
    // What it says of its error is shown to nobody.
    let way = begin(&world).await;
    let evil = "<script>alert(1)</script>";
    let params = [("error", "access_denied"), ("error_description", evil), ("state", &way.state)];
    let answer = way.browser.get(&callback(&world, "idp", &params)).await;
    assert_eq!(answer.status, 400);
    assert!(!answer.body.contains("alert(1)"));
    let way = begin(&world).await;
    let answer = way.browser.get(&callback(&world, "idp", &[("error", evil), ("state", &way.state)])).await;
    assert_eq!(answer.status, 400);
    assert!(!answer.body.contains("alert(1)"));
}

#[tokio::test]
async fn a_provider_that_is_away_from_the_start_is_said_to_be_and_begins_nothing() {
    let idp = Idp::start().await;
    idp.server.reset().await;
    let world = idp.world().await;
    let browser = world.browser();
    let page = browser.open(&world.url("/login")).await;
    assert_eq!(pressed(&browser, &page, true).await.status, 400);
    assert_eq!(world.rows("upstream_logins", "TRUE").await, 0);
    // Nor does a form from elsewhere.
    let forged = browser.send(world.http.post(world.url("/upstream/idp")).form(&[("csrf", "x")])).await;
    assert_eq!(forged.status, 403);
}

#[tokio::test]
async fn s253_a_provider_that_was_taken_out_of_service_meanwhile_signs_nobody_in() {
    use portcullis::base::{OpaqueToken, TokenKind, new_id};
    use portcullis::identity::upstream::Passage;
    use portcullis::storage::{UpstreamAccounts as _, UpstreamLoginRecord};

    let idp = Idp::start().await;
    let world = idp.world().await;
    let (now, random) = (world.clock.now(), SystemRandom::default());
    let token = OpaqueToken::generate(TokenKind::UpstreamLogin, new_id(now, &random), &random);
    let login = UpstreamLoginRecord {
        id: token.id.to_string(),
        secret_hash: token.hash().as_bytes().to_vec(),
        upstream: "gone".to_owned(),
        transaction_id: None,
        next: None,
        link_session_id: None,
        fresh_since: None,
        expires_at: now.millis() + 60_000,
    };
    world.app.oauth.store.insert_upstream_login(&login).await.unwrap();
    let browser = world.browser();
    let cookie = (format!("portcullis_up_{}", login.id), token.expose().to_owned());
    browser.cookies.lock().unwrap().insert(cookie.0, cookie.1);
    let state = Passage(&token).state();
    let answer = browser.get(&callback(&world, "gone", &[("code", "c"), ("state", &state)])).await;
    assert_eq!((answer.status.as_u16(), idp.token_requests().await), (400, 0));
    assert_eq!(world.rows("upstream_logins", "TRUE").await, 0);
    nobody_came_in(&world, &browser).await;
}
