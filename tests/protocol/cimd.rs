use serde_json::{Value, json};
use wiremock::matchers::{path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::common::*;

const ALL: &str = "client_id_metadata_documents.allow = [\"*\"]";
const CALLBACK: &str = "http://127.0.0.1/cb";

/// The client's own host.
struct Host(MockServer);

impl Host {
    async fn start() -> Self {
        Self(MockServer::start().await)
    }

    fn client_id(&self, name: &str) -> String {
        format!("http://localhost:{}/{name}", self.0.address().port())
    }

    async fn serve(&self, name: &str, answer: ResponseTemplate) {
        Mock::given(path(format!("/{name}"))).respond_with(answer).mount(&self.0).await;
    }

    /// The document at `name`, a good one but for `changes`; its client_id.
    async fn document(&self, name: &str, changes: Value) -> String {
        let client_id = self.client_id(name);
        let mut document = json!({ "client_id": client_id, "client_name": "Documented", "application_type": "native",
            "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token", "urn:other"] });
        document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        self.serve(
            name,
            ResponseTemplate::new(200).set_body_json(document).insert_header("cache-control", "max-age=600"),
        )
        .await;
        client_id
    }

    async fn asked(&self) -> usize {
        self.0.received_requests().await.unwrap().len()
    }
}

async fn open(world: &World, browser: &Browser, client_id: &str) -> Page {
    browser.open(&world.authorize_url(client_id, "openid offline_access", &[("redirect_uri", CALLBACK)])).await
}

async fn sign_in(world: &World, client_id: &str) -> Value {
    let browser = world.browser();
    let page = open(world, &browser, client_id).await;
    let end = world.answer_pages(&browser, page, "alice").await;
    let code = end.param("code").unwrap_or_else(|| panic!("{}: {}", end.url, end.answer.body));
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    Answer::read(world.http.post(world.url("/oauth2/token")).form(&form).send().await.unwrap()).await.ok()
}

#[tokio::test]
async fn a_client_is_known_by_its_document_and_shown_by_its_host() {
    let world = World::with(ALL).await;
    let metadata = world.get("/.well-known/openid-configuration").await.ok();
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
    let host = Host::start().await;
    let client_id =
        host.document("client.json", json!({ "client_uri": "https://bank.test/", "skip_consent": true })).await;
    let browser = world.browser();
    let page = open(&world, &browser, &client_id).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(page.has("#allow"), "{}", page.answer.body);
    assert!(page.answer.body.contains("localhost") && page.answer.body.contains("registered itself"));
    assert!(!page.answer.body.contains("bank.test"), "a home page of its own host alone is shown");
    let tokens = sign_in(&world, &client_id).await;
    assert_eq!(claims(tokens["access_token"].as_str().unwrap())["client_id"], client_id);
    assert_eq!(claims(tokens["id_token"].as_str().unwrap())["aud"], client_id);
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", &client_id),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    Answer::read(world.http.post(world.url("/oauth2/token")).form(&form).send().await.unwrap()).await.ok();
    assert_eq!(host.asked().await, 1, "the document is kept");
    assert_eq!(world.rows("client_registrations", "token_hash IS NULL").await, 1);
}

#[tokio::test]
async fn where_such_clients_are_off_nothing_is_fetched() {
    let host = Host::start().await;
    let client_id = host.document("client.json", json!({})).await;
    for more in ["", "client_id_metadata_documents.allow = [\"app.test\"]"] {
        let world = World::with(more).await;
        let listed = world.get("/.well-known/openid-configuration").await.ok();
        assert_eq!(listed.get("client_id_metadata_document_supported").is_some(), !more.is_empty());
        let page = open(&world, &world.browser(), &client_id).await;
        assert_eq!(page.answer.status, 400, "{}", page.answer.body);
        assert_eq!(world.rows("client_registrations", "TRUE").await, 0);
    }
    assert_eq!(host.asked().await, 0);
}

#[tokio::test]
async fn a_changed_document_counts_when_its_time_is_over() {
    let world = World::with(ALL).await;
    let host = Host::start().await;
    let client_id = host.document("client.json", json!({})).await;
    sign_in(&world, &client_id).await;
    host.0.reset().await;
    host.document("client.json", json!({ "redirect_uris": ["https://elsewhere.test/cb"] })).await;
    sign_in(&world, &client_id).await;
    world.advance(601);
    let page = open(&world, &world.browser(), &client_id).await;
    assert_eq!(page.answer.status, 400, "its redirect URI is registered no more");
    // An outage of its host is none of the client's for a day.
    host.0.reset().await;
    host.document("client.json", json!({})).await;
    world.advance(601);
    sign_in(&world, &client_id).await;
    host.0.reset().await;
    Mock::given(path_regex(".*")).respond_with(ResponseTemplate::new(503)).mount(&host.0).await;
    world.advance(20 * 3600);
    sign_in(&world, &client_id).await;
    world.advance(5 * 3600);
    let page = open(&world, &world.browser(), &client_id).await;
    assert_eq!(page.answer.status, 400, "{}", page.answer.body);
}

#[tokio::test]
async fn s162_addresses_that_no_document_may_have_are_invalid_clients() {
    let world = World::with(ALL).await;
    let host = Host::start().await;
    Mock::given(path_regex(".*")).respond_with(ResponseTemplate::new(200)).mount(&host.0).await;
    let port = host.0.address().port();
    for client_id in [
        format!("http://localhost:{port}/c#x"),
        format!("http://localhost:{port}/c#"),
        format!("http://u:p@localhost:{port}/c"),
        format!("http://localhost:{port}/a/../c"),
        format!("http://localhost:{port}/./c"),
        format!("http://localhost:{port}/a/%2e%2e/c"),
        format!("http://localhost:{port}"),
        format!("http://localhost:{port}/"),
        format!("http://127.0.0.1:{port}/c"),
        format!("https://[::1]:{port}/c"),
        "http://app.test/c".to_owned(),
        "https://192.0.2.1/c".to_owned(),
        "https://APP.test/c".to_owned(),
        "https://app.test:443/c".to_owned(),
        format!("https://app.test/{}", "c".repeat(600)),
    ] {
        let page = open(&world, &world.browser(), &client_id).await;
        assert_eq!(page.answer.status, 400, "{client_id}");
        assert!(page.answer.body.contains("invalid_client"), "{client_id}: {}", page.answer.body);
        assert!(page.answer.headers.get("location").is_none());
    }
    assert_eq!(host.asked().await, 0, "nothing is fetched");
    assert_eq!(world.rows("client_registrations", "TRUE").await, 0);
}

#[tokio::test]
async fn s162_documents_that_are_not_the_clients_own_are_refused() {
    let world = World::with(&format!("{ALL}\nclient_registration.registrations_per_address = 100")).await;
    let host = Host::start().await;
    for (index, changes) in [
        json!({ "client_id": "https://app.test/client.json" }),
        json!({ "client_id": null }),
        json!({ "client_secret": "s" }),
        json!({ "client_secret_expires_at": 0 }),
        json!({ "token_endpoint_auth_method": "client_secret_basic" }),
        json!({ "token_endpoint_auth_method": "client_secret_post" }),
        json!({ "token_endpoint_auth_method": "private_key_jwt" }),
        json!({ "redirect_uris": ["javascript:alert(1)"] }),
        json!({ "redirect_uris": CALLBACK }),
        json!({ "logo_uri": "data:image/svg+xml,x" }),
        json!({ "padding": "x".repeat(200 * 1024) }),
    ]
    .into_iter()
    .enumerate()
    {
        let client_id = host.document(&format!("{index}.json"), changes.clone()).await;
        let page = open(&world, &world.browser(), &client_id).await;
        assert_eq!(page.answer.status, 400, "{changes:.80}");
        assert!(page.answer.body.contains("invalid_client"), "{changes:.80}: {}", page.answer.body);
    }
    let elsewhere = host.document("good.json", json!({})).await;
    host.serve("moved.json", ResponseTemplate::new(302).insert_header("location", elsewhere.as_str())).await;
    host.serve("text.json", ResponseTemplate::new(200).set_body_string("hello")).await;
    for name in ["moved.json", "text.json", "missing.json"] {
        let page = open(&world, &world.browser(), &host.client_id(name)).await;
        assert!(page.answer.body.contains("invalid_client"), "{name}: {}", page.answer.body);
    }
    assert_eq!(world.rows("client_registrations", "TRUE").await, 0);
}

#[tokio::test]
async fn s161_who_names_too_many_new_clients_has_to_wait() {
    let world = World::with(&format!("{ALL}\nclient_registration.registrations_per_address = 2")).await;
    let host = Host::start().await;
    let mut last = 0;
    for index in 0..8 {
        let client_id = host.document(&format!("{index}.json"), json!({})).await;
        last = open(&world, &world.browser(), &client_id).await.answer.status.as_u16();
    }
    assert_eq!(last, 429);
    assert!(world.rows("client_registrations", "TRUE").await < 6);
}

/// A refresh by the client itself.
async fn refreshed(world: &World, client_id: &str, tokens: &Value) -> Answer {
    let token = tokens["refresh_token"].as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("client_id", client_id), ("refresh_token", token)];
    Answer::read(world.http.post(world.url("/oauth2/token")).form(&form).send().await.unwrap()).await
}

#[tokio::test]
async fn a_document_that_is_gone_for_a_day_makes_its_client_none_everywhere() {
    let world = World::with(ALL).await;
    let host = Host::start().await;
    let client_id = host.document("client.json", json!({})).await;
    let tokens = sign_in(&world, &client_id).await;
    host.0.reset().await;
    Mock::given(path_regex(".*")).respond_with(ResponseTemplate::new(404)).mount(&host.0).await;
    world.advance(20 * 3600);
    let tokens = refreshed(&world, &client_id, &tokens).await.ok();
    world.advance(5 * 3600);
    assert_eq!(refreshed(&world, &client_id, &tokens).await.error(), "invalid_client");
    // Back again, it is the client that it was, and its refresh token has not been touched.
    host.0.reset().await;
    host.document("client.json", json!({})).await;
    world.advance(31);
    refreshed(&world, &client_id, &tokens).await.ok();
}

#[tokio::test]
async fn the_device_page_shows_what_the_document_says_now() {
    let device = "client_registration.grant_types = [\"authorization_code\", \"refresh_token\", \
                  \"urn:ietf:params:oauth:grant-type:device_code\"]";
    let world = World::with(&format!("{ALL}\n{device}")).await;
    let host = Host::start().await;
    let grants = json!(["authorization_code", "refresh_token", DEVICE_CODE]);
    let client_id = host.document("client.json", json!({ "grant_types": grants })).await;
    let browser = world.browser();
    let begun = async || {
        let form = [("client_id", client_id.as_str()), ("scope", "openid")];
        let request = world.http.post(world.url("/oauth2/device")).form(&form);
        let begun = Answer::read(request.send().await.unwrap()).await.ok();
        begun["user_code"].as_str().unwrap().to_owned()
    };
    let typed = async |user_code: &str| {
        let page = browser.open(&world.url("/device")).await;
        let page = browser.submit(&page, &[("user_code", user_code)]).await;
        if !page.has("#password") {
            return page;
        }
        browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await
    };
    let user_code = begun().await;
    assert!(typed(&user_code).await.has("#allow"));
    world.advance(590);
    let user_code = begun().await;
    world.advance(11);
    host.0.reset().await;
    host.document("client.json", json!({ "client_name": "Renamed", "grant_types": grants })).await;
    let page = typed(&user_code).await;
    assert!(page.has("#allow") && page.answer.body.contains("Renamed"), "{}", page.answer.body);
}

#[tokio::test]
async fn a_client_that_is_left_from_when_documents_were_believed_can_do_nothing() {
    let metadata = json!({ "client_name": "Documented", "registered_by": "document", "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid offline_access" });
    for more in ["", "client_id_metadata_documents.allow = [\"other.test\"]"] {
        let world = World::with(more).await;
        let client_id = "https://app.test/client.json";
        world.add_client(client_id, &metadata).await;
        let page = world.browser().open(&world.authorize_url(client_id, "openid", &[])).await;
        assert_eq!(page.answer.status, 400, "{}", page.answer.body);
        assert!(!page.has("#password") && page.answer.headers.get("location").is_none());
        let form = [("grant_type", "authorization_code"), ("client_id", client_id), ("code", "x")];
        let answer = Answer::read(world.http.post(world.url("/oauth2/token")).form(&form).send().await.unwrap()).await;
        assert_eq!(answer.error(), "invalid_client");
    }
}
