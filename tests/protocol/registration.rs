use portcullis::base::{Clock as _, OpaqueToken, SystemRandom, TokenKind, new_id};
use portcullis::oauth::registration::Registry;
use portcullis::storage::{InitialAccessTokenRecord, InitialAccessTokens as _, Maintenance as _};
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::common::*;

const OPEN: &str = "client_registration.mode = \"open\"";
const BY_TOKEN: &str = "client_registration.mode = \"initial_access_token\"";
const CALLBACK: &str = "https://rp.test/cb";

async fn register_with(world: &World, token: Option<&str>, body: &Value) -> Answer {
    let request = world.http.post(world.url("/oauth2/register")).json(body);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    Answer::read(request.send().await.unwrap()).await
}

async fn register(world: &World, body: Value) -> Answer {
    register_with(world, None, &body).await
}

/// A management request to the address that the registration named.
async fn manage(world: &World, method: &str, client: &Value, token: &str, body: Option<&Value>) -> Answer {
    let uri = client["registration_client_uri"].as_str().unwrap();
    let request = world.http.request(method.parse().unwrap(), uri).bearer_auth(token);
    let request = match body {
        Some(body) => request.json(body),
        None => request,
    };
    Answer::read(request.send().await.unwrap()).await
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn created(answer: Answer) -> Value {
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    serde_json::from_str(&answer.body).unwrap()
}

/// What a client that registered itself gets for alice, with a way back to it after signing out.
async fn id_token_with_a_way_back(world: &World, browser: &Browser) -> String {
    let body = json!({ "redirect_uris": [CALLBACK], "post_logout_redirect_uris": ["https://rp.test/bye"],
        "client_name": "Your Bank" });
    let client = created(register(world, body).await);
    let id = text(&client, "client_id");
    let page = browser.open(&world.authorize_url(id, "openid", &[("redirect_uri", CALLBACK)])).await;
    let end = world.answer_pages(browser, page, "alice").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &end.param("code").unwrap()),
        ("code_verifier", VERIFIER),
        ("redirect_uri", CALLBACK),
    ];
    let request = world.http.post(world.url("/oauth2/token")).form(&form);
    let request = request.header("Authorization", basic(id, text(&client, "client_secret")));
    text(&Answer::read(request.send().await.unwrap()).await.ok(), "id_token").to_owned()
}

#[tokio::test]
async fn the_way_back_of_a_client_that_nobody_vouches_for_is_offered_to_whoever_was_not_signed_in() {
    let world = World::with(OPEN).await;
    let browser = world.browser();
    let hint = id_token_with_a_way_back(&world, &browser).await;
    let url = world.logout_url(&[
        ("id_token_hint", &hint),
        ("post_logout_redirect_uri", "https://rp.test/bye"),
        ("state", "s"),
    ]);
    // The link in a browser where the person of the hint, or anybody, was never signed in.
    let page = world.browser().open(&url).await;
    assert_eq!((page.answer.status.as_u16(), page.url.path()), (200, "/logout"));
    assert!(!page.has("meta[http-equiv=refresh]") && !page.answer.body.contains("Your Bank"), "{}", page.answer.body);
    assert_eq!(page.attr("#onward", "href").as_deref(), Some("https://rp.test/bye?state=s"));
    assert_eq!(page.text("#onward"), "Back to \u{2068}rp.test\u{2069}");
    // Whom the client signs out goes back to it at once.
    assert_eq!(browser.get(&url).await.header("location"), "https://rp.test/bye?state=s");
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 0);
}

/// A token with `uses` uses, as the operator's command makes it.
async fn initial_access_token(world: &World, uses: i64) -> String {
    let (now, random) = (world.clock.now(), SystemRandom::default());
    let id = new_id(now, &random);
    let token = OpaqueToken::generate(TokenKind::InitialAccessToken, id, &random);
    let record = InitialAccessTokenRecord {
        id: id.to_string(),
        secret_hash: token.hash().as_bytes().to_vec(),
        note: String::new(),
        uses_left: uses,
        created_at: now.millis(),
        expires_at: now.millis() + 3_600_000,
    };
    world.app.oauth.store.insert_initial_access_token(&record).await.unwrap();
    token.expose().to_owned()
}

#[tokio::test]
async fn where_nobody_may_register_there_is_no_endpoint_and_none_is_listed() {
    let world = World::new().await;
    let metadata = world.get("/.well-known/openid-configuration").await.ok();
    assert!(metadata.get("registration_endpoint").is_none());
    assert_eq!(register(&world, json!({ "redirect_uris": [CALLBACK] })).await.status, 404);
    let world = World::with(OPEN).await;
    let metadata = world.get("/.well-known/openid-configuration").await.ok();
    assert_eq!(metadata["registration_endpoint"], world.url("/oauth2/register"));
}

#[tokio::test]
async fn a_client_registers_itself_and_signs_somebody_in_who_is_told_that_nobody_checked_it() {
    let world = World::with(OPEN).await;
    let client = created(
        register(
            &world,
            json!({ "redirect_uris": [CALLBACK], "client_name": "Reader", "unknown_member": { "a": 1 },
                "grant_types": ["authorization_code", "refresh_token"], "logo_uri": null }),
        )
        .await,
    );
    assert_eq!(client["client_secret_expires_at"], 0);
    assert_eq!(client["client_id_issued_at"], world.clock.now().seconds());
    assert_eq!(client["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(client["id_token_signed_response_alg"], "RS256", "OpenID's default");
    assert_eq!(client["redirect_uris"], json!([CALLBACK]));
    for ours in ["skip_consent", "require_pkce", "resource_server", "registered_by", "unknown_member"] {
        assert!(client.get(ours).is_none(), "{ours}");
    }
    let id = text(&client, "client_id");
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(id, "openid offline_access", &[("redirect_uri", CALLBACK)])).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(page.has("#allow") && page.answer.body.contains("registered itself"), "{}", page.answer.body);
    let end = browser.submit(&page, &[("decision", "allow")]).await;
    let code = end.param("code").unwrap();
    let authorization = basic(id, text(&client, "client_secret"));
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", authorization.as_str())];
    let body = format!(
        "grant_type=authorization_code&code={code}&code_verifier={VERIFIER}&redirect_uri={}",
        "https%3A%2F%2Frp.test%2Fcb"
    );
    let tokens = world.post_raw("/oauth2/token", &headers, body).await.ok();
    assert_eq!(header(text(&tokens, "id_token"))["alg"], "RS256");
    assert_eq!(world.audited("client_registered").await, 1);
    let dump = world.dump().await;
    for secret in ["client_secret", "registration_access_token"] {
        assert!(!dump.contains(text(&client, secret)), "{secret}");
    }
}

#[tokio::test]
async fn everything_wrong_is_said_at_once_and_registers_nothing() {
    let world = World::with(OPEN).await;
    let before = world.rows("clients", "TRUE").await;
    let answer = register(
        &world,
        json!({ "redirect_uris": ["http://rp.test/cb"], "policy_uri": "javascript:alert(1)",
            "logo_uri": "data:image/svg+xml,x", "grant_types": ["authorization_code", "client_credentials"] }),
    )
    .await;
    assert_eq!(answer.error(), "invalid_redirect_uri");
    for member in ["redirect_uris", "policy_uri", "logo_uri", "grant_types"] {
        assert!(answer.body.contains(member), "{member} in {}", answer.body);
    }
    for (body, code) in [
        (json!({ "redirect_uris": ["https://rp.test/cb#x"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": CALLBACK }), "invalid_client_metadata"),
        (json!({ "redirect_uris": [CALLBACK], "id_token_signed_response_alg": "HS256" }), "invalid_client_metadata"),
        (json!({ "redirect_uris": [CALLBACK], "scope": "api:read" }), "invalid_client_metadata"),
        (
            json!({ "redirect_uris": [CALLBACK], "jwks": {}, "jwks_uri": "https://rp.test/k" }),
            "invalid_client_metadata",
        ),
        (json!({ "redirect_uris": [CALLBACK], "client_name": "Evil \u{202e}knab" }), "invalid_client_metadata"),
        (json!([]), "invalid_client_metadata"),
        // S160
        (json!({ "redirect_uris": [CALLBACK], "software_statement": "e30.e30." }), "invalid_software_statement"),
    ] {
        let answer = register(&world, body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (400, code), "{body}");
    }
    let twice = format!(r#"{{"redirect_uris": ["{CALLBACK}"], "redirect_uris": ["https://evil.test/cb"]}}"#);
    let twice = world.post_raw("/oauth2/register", &[("content-type", "application/json")], twice).await;
    assert_eq!(twice.error(), "invalid_client_metadata");
    assert!(twice.body.contains("redirect_uris stands there twice"), "{}", twice.body);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(world.post_raw("/oauth2/register", &form, "a=b").await.status, 415);
    assert_eq!(world.rows("clients", "TRUE").await, before);
    assert_eq!(world.rows("client_registrations", "TRUE").await, 0);
}

#[tokio::test]
async fn s151_an_initial_access_token_lets_in_as_often_as_it_says() {
    let world = World::with(BY_TOKEN).await;
    let body = json!({ "redirect_uris": [CALLBACK] });
    let refused = register(&world, body.clone()).await;
    assert_eq!((refused.status.as_u16(), refused.error().as_str()), (401, "invalid_token"));
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    let token = initial_access_token(&world, 2).await;
    let wrong = format!("{}{}", &token[..token.len() - 1], if token.ends_with('x') { 'y' } else { 'x' });
    assert_eq!(register_with(&world, Some(&wrong), &body).await.status, 401);
    // What is refused for its metadata takes no use.
    assert_eq!(register_with(&world, Some(&token), &json!({ "redirect_uris": ["x"] })).await.status, 400);
    created(register_with(&world, Some(&token), &body).await);
    created(register_with(&world, Some(&token), &body).await);
    assert_eq!(register_with(&world, Some(&token), &body).await.status, 401);
    assert_eq!(world.rows("client_registrations", "TRUE").await, 2);
    let late = initial_access_token(&world, 2).await;
    world.advance(3601);
    assert_eq!(register_with(&world, Some(&late), &body).await.status, 401);
    assert!(!world.dump().await.contains(&late));
}

#[tokio::test]
async fn an_initial_access_token_for_one_lets_one_of_many_in() {
    let world = World::with(BY_TOKEN).await;
    let token = initial_access_token(&world, 1).await;
    let body = json!({ "redirect_uris": [CALLBACK] });
    let answers = futures_util::future::join_all((0..8).map(|_| register_with(&world, Some(&token), &body))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(world.rows("client_registrations", "TRUE").await, 1);
}

#[tokio::test]
async fn a_registration_is_read_changed_and_removed_with_its_own_token_alone() {
    let world = World::with(OPEN).await;
    let client = created(register(&world, json!({ "redirect_uris": [CALLBACK], "client_name": "One" })).await);
    let other = created(register(&world, json!({ "redirect_uris": [CALLBACK] })).await);
    let token = text(&client, "registration_access_token");
    for wrong in [text(&other, "registration_access_token"), text(&client, "client_secret"), "x"] {
        for method in ["GET", "DELETE"] {
            assert_eq!(manage(&world, method, &client, wrong, None).await.status, 401, "{method}");
        }
    }
    let nul = world.http.get(world.url("/oauth2/register/%00")).bearer_auth(token).send().await.unwrap();
    assert_eq!(nul.status(), 401, "what no database takes is no client");
    let read = manage(&world, "GET", &client, token, None).await.ok();
    assert_eq!(read["client_name"], "One");
    assert!(read.get("client_secret").is_none(), "it is not known any more");
    let mut changed = read.clone();
    changed["client_name"] = json!("Two");
    let answer = manage(&world, "PUT", &client, token, Some(&changed)).await.ok();
    assert_eq!(answer["client_name"], "Two");
    let rotated = text(&answer, "registration_access_token");
    assert_ne!(rotated, token);
    assert_eq!(manage(&world, "GET", &client, token, None).await.status, 401, "the old token is void");
    for (name, value) in [("client_id", json!("c1")), ("client_id", Value::Null), ("client_secret", json!("mine"))] {
        let mut wrong = changed.clone();
        wrong[name] = value;
        assert_eq!(manage(&world, "PUT", &client, rotated, Some(&wrong)).await.status, 400, "{name}");
    }
    let mut right = changed.clone();
    right["client_secret"] = client["client_secret"].clone();
    let answer = manage(&world, "PUT", &client, rotated, Some(&right)).await.ok();
    let rotated = text(&answer, "registration_access_token");
    assert_eq!(manage(&world, "DELETE", &client, rotated, None).await.status, 204);
    assert_eq!(manage(&world, "GET", &client, rotated, None).await.status, 401);
    let page = world.browser().open(&world.authorize_url(text(&client, "client_id"), "openid", &[])).await;
    assert_eq!(page.answer.status, 400);
    assert_eq!(world.rows("client_registrations", "TRUE").await, 1, "the other one's");
}

#[tokio::test]
async fn s158_what_the_operator_decides_about_a_client_survives_its_own_changes() {
    let world = World::with(OPEN).await;
    let client = created(
        register(
            &world,
            json!({ "redirect_uris": [CALLBACK], "skip_consent": true, "resource_server": true, "require_pkce": false,
                "registered_by": "operator" }),
        )
        .await,
    );
    let id = text(&client, "client_id");
    let of = |name: &str| {
        let client = world.app.oauth.clients.get(id).unwrap();
        serde_json::to_value(&client.metadata).unwrap()[name].clone()
    };
    let said = || ["skip_consent", "resource_server", "require_pkce", "registered_by"].map(of);
    assert_eq!(said(), [json!(false), json!(false), json!(true), json!("itself")]);
    world.change_client(id, |metadata| metadata["access_token_format"] = json!("opaque")).await;
    let token = text(&client, "registration_access_token");
    let read = manage(&world, "GET", &client, token, None).await.ok();
    let again = manage(&world, "PUT", &client, token, Some(&read)).await.ok();
    assert_eq!(of("access_token_format"), "opaque");
    assert_eq!(said(), [json!(false), json!(false), json!(true), json!("itself")]);
    for (name, value) in read.as_object().unwrap().iter().filter(|(name, _)| *name != "registration_access_token") {
        assert_eq!(again[name], *value, "{name}");
    }
}

#[tokio::test]
async fn s158_scopes_and_grants_that_the_operator_took_away_do_not_come_back_by_the_clients_own_hand() {
    let world = World::with(OPEN).await;
    let body = json!({ "redirect_uris": [CALLBACK], "scope": "openid profile email offline_access",
        "grant_types": ["authorization_code", "refresh_token"] });
    let client = created(register(&world, body.clone()).await);
    let id = text(&client, "client_id");
    let put = async |token: &str, scope: Option<&str>| {
        let mut body = body.clone();
        body["client_id"] = json!(id);
        match scope {
            Some(scope) => body["scope"] = json!(scope),
            None => drop(body.as_object_mut().unwrap().remove("scope")),
        }
        manage(&world, "PUT", &client, token, Some(&body)).await
    };
    // Until the operator says something it is the client's own affair.
    let narrow = put(text(&client, "registration_access_token"), Some("openid")).await.ok();
    let wide = put(text(&narrow, "registration_access_token"), Some("openid profile email offline_access")).await.ok();
    assert_eq!(wide["scope"], "openid profile email offline_access");
    let operator = async |change: &dyn Fn(&mut Value)| {
        let cx = &world.app.oauth;
        let registry = Registry {
            store: &cx.store,
            sealer: &cx.sealer,
            random: cx.random.as_ref(),
            abilities: world.app.config.as_ref().into(),
            now: cx.now(),
        };
        let mut metadata: Value = serde_json::from_str(&registry.find(id).await.unwrap().metadata).unwrap();
        change(&mut metadata);
        registry.update(id, &serde_json::from_value(metadata).unwrap()).await.unwrap();
        cx.follow_clients().await.unwrap();
    };
    operator(&|metadata| {
        metadata["scope"] = json!("openid email");
        metadata["grant_types"] = json!(["authorization_code"]);
    })
    .await;
    let mut token = text(&wide, "registration_access_token").to_owned();
    for asked in [Some("openid profile email offline_access"), None] {
        let answer = put(&token, asked).await.ok();
        assert_eq!(
            (&answer["scope"], &answer["grant_types"]),
            (&json!("openid email"), &json!(["authorization_code"]))
        );
        assert!(answer.get("scope_ceiling").is_none(), "the operator's affair");
        token = text(&answer, "registration_access_token").to_owned();
        let known = world.app.oauth.clients.get(id).unwrap();
        assert!(!known.scope.contains("profile") && !known.may_use_grant("refresh_token"));
    }
    assert_eq!(put(&token, Some("profile")).await.error(), "invalid_client_metadata");
    let less = put(&token, Some("openid")).await.ok();
    assert_eq!(less["scope"], "openid");
    token = text(&less, "registration_access_token").to_owned();
    assert_eq!(put(&token, Some("openid email")).await.ok()["scope"], "openid email", "its own narrowing binds nobody");
}

#[tokio::test]
async fn s048_a_disabled_client_cannot_look_at_its_registration() {
    let world = World::with(OPEN).await;
    let client = created(register(&world, json!({ "redirect_uris": [CALLBACK] })).await);
    world.disable_client(text(&client, "client_id")).await;
    let answer = manage(&world, "GET", &client, text(&client, "registration_access_token"), None).await;
    assert_eq!((answer.status.as_u16(), answer.error().as_str()), (401, "invalid_client"));
}

#[tokio::test]
async fn s156_a_sector_document_must_list_each_redirect_uri() {
    let world = World::with(OPEN).await;
    let host = MockServer::start().await;
    let serve = |name: &str, answer: ResponseTemplate| Mock::given(path(name.to_owned())).respond_with(answer);
    let listed = ResponseTemplate::new(200).set_body_json([CALLBACK, "https://rp.test/other"]);
    serve("/good", listed).mount(&host).await;
    serve("/lacking", ResponseTemplate::new(200).set_body_json(["https://rp.test/other"])).mount(&host).await;
    serve("/object", ResponseTemplate::new(200).set_body_json(json!({ CALLBACK: true }))).mount(&host).await;
    let away = format!("{}/good", host.uri());
    serve("/redirect", ResponseTemplate::new(302).insert_header("location", away)).mount(&host).await;
    let with =
        async |uri: &str| register(&world, json!({ "redirect_uris": [CALLBACK], "sector_identifier_uri": uri })).await;
    assert!(text(&created(with(&format!("{}/good", host.uri())).await), "sector_identifier_uri").ends_with("/good"));
    for name in ["lacking", "object", "redirect", "absent"] {
        assert_eq!(with(&format!("{}/{name}", host.uri())).await.error(), "invalid_client_metadata", "{name}");
    }
    for uri in ["http://rp.test/sector", "https://169.254.169.254/sector", "file:///etc/passwd"] {
        assert_eq!(with(uri).await.error(), "invalid_client_metadata", "{uri}");
    }
}

#[tokio::test]
async fn s161_there_are_so_many_clients_that_nobody_vouches_for() {
    let world = World::with(&format!("{OPEN}\nclient_registration.max_clients = 2")).await;
    let body = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" });
    created(register(&world, body.clone()).await);
    let second = created(register(&world, body.clone()).await);
    let refused = register(&world, body.clone()).await;
    assert_eq!(refused.status, 503);
    assert!(refused.body.contains("temporarily_unavailable") && !refused.header("retry-after").is_empty());
    assert_eq!(world.rows("client_registrations", "TRUE").await, 2);
    manage(&world, "DELETE", &second, text(&second, "registration_access_token"), None).await;
    created(register(&world, body).await);
}

#[tokio::test]
async fn s161_one_address_registers_so_many_and_what_is_never_used_goes() {
    let world = World::with(&format!("{OPEN}\nclient_registration.registrations_per_address = 3")).await;
    let body = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" });
    let kept = created(register(&world, body.clone()).await);
    let mut last = register(&world, body.clone()).await;
    for _ in 0..10 {
        last = register(&world, body.clone()).await;
    }
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(world.rows("client_registrations", "TRUE").await < 6);
    let id = text(&kept, "client_id");
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(id, "openid", &[("redirect_uri", CALLBACK)])).await;
    let end = world.answer_pages(&browser, page, "alice").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("code", &end.param("code").unwrap()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    Answer::read(world.http.post(world.url("/oauth2/token")).form(&form).send().await.unwrap()).await.ok();
    world.advance(8 * 86_400);
    while world.app.oauth.store.sweep(world.clock.now().millis(), 100).await.unwrap() > 0 {}
    assert_eq!(world.rows("client_registrations", "TRUE").await, 1);
    world.follow().await;
    assert!(world.app.oauth.clients.get(id).is_some(), "the one that was used stays");
    world.advance(181 * 86_400);
    while world.app.oauth.store.sweep(world.clock.now().millis(), 100).await.unwrap() > 0 {}
    world.follow().await;
    assert!(world.app.oauth.clients.get(id).is_none());
    assert!(world.app.oauth.clients.get(C1).is_some(), "the operator's clients stay");
}

#[tokio::test]
async fn browser_clients_may_register_from_anywhere() {
    let world = World::with(OPEN).await;
    let preflight = world.http.request(reqwest::Method::OPTIONS, world.url("/oauth2/register"));
    let answer = preflight.header("Origin", "https://x.test").send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert_eq!(answer.headers()["access-control-allow-methods"], "POST, OPTIONS");
    let answer = register(&world, json!({ "redirect_uris": [CALLBACK] })).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    for path in ["/authorize", "/logout"] {
        let answer = world.http.get(world.url(path)).header("Origin", "https://x.test").send().await.unwrap();
        assert!(answer.headers().get("access-control-allow-origin").is_none(), "{path}");
    }
}

#[tokio::test]
async fn a_mistake_of_a_client_that_nobody_vouches_for_is_shown_before_anybody_is_sent_there() {
    let world = World::with(OPEN).await;
    let client = created(register(&world, json!({ "redirect_uris": [CALLBACK], "client_name": "Your Bank" })).await);
    let id = text(&client, "client_id");
    let wrong = |more: &[(&str, &str)]| {
        let mut changes = vec![("redirect_uri", CALLBACK), ("response_type", "token")];
        changes.extend(more);
        world.authorize_url(id, "openid", &changes)
    };
    let browser = world.browser();
    for more in [vec![], vec![("response_mode", "form_post")]] {
        let page = browser.open(&wrong(&more)).await;
        assert_eq!(page.answer.status, 400, "{more:?}");
        assert!(page.answer.headers.get("location").is_none() && !page.has("form[action^='https://rp.test']"));
        assert!(page.answer.body.contains("unsupported_response_type"));
        assert_eq!(page.text("a.button"), "Back to \u{2068}rp.test\u{2069}", "its host, and not what it calls itself");
        let onward = page.attr("a.button", "href").unwrap();
        assert!(onward.starts_with(CALLBACK) && onward.contains("error=unsupported_response_type"), "{onward}");
    }
    let app = json!({ "redirect_uris": ["com.example.app:/cb"], "application_type": "native",
        "token_endpoint_auth_method": "none" });
    let app = created(register(&world, app).await);
    let changes = [("redirect_uri", "com.example.app:/cb"), ("response_type", "token")];
    let page = browser.open(&world.authorize_url(text(&app, "client_id"), "openid", &changes)).await;
    assert_eq!(page.text("a.button"), "Back to \u{2068}com.example.app\u{2069}");
    // So is the way to begin again, on a page that outlives its transaction and on the one after signing out.
    let body = json!({ "redirect_uris": [CALLBACK], "client_name": "Your Bank", "client_uri": "https://rp.test/home" });
    let homely = created(register(&world, body).await);
    let lost = "/login?tx=01900000-0000-7000-8000-000000000000&client_id=";
    let page = browser.open(&world.url(&format!("{lost}{}", text(&homely, "client_id")))).await;
    assert_eq!(page.attr("a.button", "href").as_deref(), Some("https://rp.test/home"));
    assert_eq!(page.text("a.button"), "Back to \u{2068}rp.test\u{2069}");
    let out = browser.open(&world.logout_url(&[("client_id", text(&homely, "client_id"))])).await;
    assert_eq!(out.text("a.button"), "Back to \u{2068}rp.test\u{2069}");
    let own = browser.open(&world.url(&format!("{lost}{C1}"))).await;
    assert_eq!(own.text("a.button"), "Back to \u{2068}First App\u{2069}");
    // Who wants no page gets none, and who is signed in knows where they are.
    let silent = browser.get(&wrong(&[("response_type", "code"), ("prompt", "none")])).await;
    assert_eq!(silent.redirect_param("error").as_deref(), Some("login_required"));
    let both = browser.get(&wrong(&[("response_type", "code"), ("prompt", "none login")])).await;
    assert_eq!(both.redirect_param("error").as_deref(), Some("invalid_request"));
    world.code(&browser, C1, "openid").await;
    let known = browser.get(&wrong(&[])).await;
    assert_eq!(known.response_param("error").as_deref(), Some("unsupported_response_type"));
    // The operator's own clients are told at once.
    let own = world.browser().get(&world.authorize_url(C1, "openid", &[("response_type", "token")])).await;
    assert_eq!(own.response_param("error").as_deref(), Some("unsupported_response_type"));
    assert_eq!(world.rows("transactions", "completed_at IS NULL").await, 0);
}
