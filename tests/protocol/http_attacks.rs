//! Attacks on the HTTP around the protocol: methods, encodings, caching, what errors tell, what lies on which listener.

use crate::common::*;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn s021_answers_to_forms_are_303_so_that_no_password_is_sent_on() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let (url, answer) = browser.post_form(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303);
    let url: url::Url = url.parse().unwrap();
    let consent = browser.open(url.join(answer.header("location")).unwrap().as_str()).await;
    let (_, answer) = browser.post_form(&consent, &[("decision", "allow")]).await;
    assert_eq!(answer.status, 303);
    assert!(answer.header("location").starts_with(REDIRECT_URI));
}

#[tokio::test]
async fn s226_refusals_tell_nothing_of_the_inside_and_have_a_request_id() {
    let world = World::new().await;
    let basic = basic(C1, &secret_of(C1));
    let mut answers = vec![
        world.get("/nothing").await,
        world.get("/oauth2/nothing").await,
        world.get("/oauth2/token").await,
        world.get("/authorize?client_id=%00").await,
        world.get("/login?tx=%27%20OR%201%3D1--").await,
        world.get("/static/../../etc/passwd").await,
    ];
    for body in ["grant_type=%ff", "grant_type=authorization_code&code='", "grant_type=refresh_token&refresh_token=\\"]
    {
        answers.push(world.post_raw("/oauth2/token", &[FORM, ("authorization", &basic)], body).await);
    }
    for answer in answers {
        assert!(answer.status.is_client_error(), "{}", answer.status);
        assert!(!answer.header("x-request-id").is_empty());
        let lower = answer.body.to_lowercase();
        for inside in ["sqlite", "postgres", "select ", "panicked", "src/", ".rs", "sqlx", "actix", "/work", "stack"] {
            assert!(!lower.contains(inside), "{inside}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn s227_what_is_about_somebody_is_never_cached_and_public_documents_are() {
    let world = World::new().await;
    let access = world.sign_in(C1, "openid").await["access_token"].as_str().unwrap().to_owned();
    let browser = world.browser();
    let private = [
        world.token(CS, &[("grant_type", "client_credentials")]).await,
        world.userinfo(&access).await,
        world.as_client("/oauth2/introspect", RS, &[("token", &access)]).await,
        world.as_client("/oauth2/device", CD, &[]).await,
        browser.get(&world.url("/login")).await,
        browser.get(&world.url("/device")).await,
        browser.get(&world.url("/logout")).await,
        browser.get(&world.url("/setup")).await,
        browser.get(&world.authorize_url(C1, "openid", &[])).await,
    ];
    for answer in private {
        assert_eq!(answer.header("cache-control"), "no-store", "{} {}", answer.status, answer.body);
    }
    for public in ["/.well-known/openid-configuration", "/.well-known/jwks.json"] {
        let answer = world.get(public).await;
        assert!(
            answer.header("cache-control").contains("public") && answer.header("cache-control").contains("max-age=")
        );
    }
}

#[tokio::test]
async fn s228_a_foreign_host_name_changes_no_answer() {
    let world = World::new().await;
    // Programs find the same document by whatever name, people are told where this server is.
    for (path, status) in [("/.well-known/openid-configuration", 200), ("/login", 421), ("/authorize", 421)] {
        let request = world.http.get(world.url(path)).header("Host", "evil.test");
        let answer = Answer::read(request.send().await.unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(!answer.body.contains("//evil.test"), "{path}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    let document = world.http.get(world.url("/.well-known/openid-configuration")).header("Host", "evil.test");
    let document = Answer::read(document.send().await.unwrap()).await;
    assert_eq!(document.body, world.get("/.well-known/openid-configuration").await.body);
}

#[tokio::test]
async fn s233_other_methods_are_not_allowed_and_cannot_be_pretended() {
    let world = World::new().await;
    for method in ["TRACE", "PUT", "DELETE", "PATCH"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        for path in ["/oauth2/token", "/login", "/authorize", "/.well-known/jwks.json"] {
            let answer = Answer::read(world.http.request(method.clone(), world.url(path)).send().await.unwrap()).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert!(!answer.header("allow").is_empty(), "{method} {path}");
        }
    }
    let pretended = world.http.get(world.url("/oauth2/token?_method=POST&grant_type=client_credentials"));
    let pretended =
        pretended.header("X-HTTP-Method-Override", "POST").header("Authorization", basic(CS, &secret_of(CS)));
    let answer = Answer::read(pretended.send().await.unwrap()).await;
    assert!(answer.status.is_client_error() && !answer.body.contains("access_token"));
}

#[tokio::test]
async fn s239_an_encoded_name_is_the_name() {
    let world = World::new().await;
    let basic = basic(CS, &secret_of(CS));
    let headers = [FORM, ("authorization", basic.as_str())];
    let answer = world.post_raw("/oauth2/token", &headers, "%67rant_type=client_credentials&sco%70e=api:read").await;
    assert_eq!(answer.ok()["scope"], "api:read");
    let twice = "grant_type=client_credentials&scope=api:read&sco%70e=api:write";
    assert_eq!(world.post_raw("/oauth2/token", &headers, twice).await.error(), "invalid_request");
    let browser = world.browser();
    let url = world.authorize_url(C1, "openid", &[("client_id", "")]);
    let page = browser.open(&format!("{url}&%63lient_id={C1}")).await;
    assert!(page.has("#password"), "{}", page.answer.body);
}

#[tokio::test]
async fn s241_numbers_beyond_all_measure_are_refused() {
    let world = World::new().await;
    let browser = world.browser();
    for age in ["-1", "abc", "1e9", "99999999999999999999", "0x10", " 5", "5.0"] {
        let answer = browser.get(&world.authorize_url(C1, "openid", &[("max_age", age)])).await;
        assert_eq!(answer.redirect_param("error").as_deref(), Some("invalid_request"), "{age}");
    }
}

#[tokio::test]
async fn s242_deep_and_enormous_json_is_refused_without_harm() {
    let world = World::new().await;
    let browser = world.browser();
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    let nested = format!("{}1{}", r#"{"userinfo":"#.repeat(150), "}".repeat(150));
    for claims in [deep.as_str(), nested.as_str(), r#"{"userinfo":{"name":{"value":1e400}}}"#, "{\"userinfo\":"] {
        let answer = browser.get(&world.authorize_url(C1, "openid", &[("claims", claims)])).await;
        assert_eq!(answer.redirect_param("error").as_deref(), Some("invalid_request"), "{claims:.30}");
    }
    assert_eq!(world.get("/livez").await.status, 200);
}

#[tokio::test]
async fn s243_a_compressed_body_is_not_inflated() {
    let world = World::new().await;
    let basic = basic(CS, &secret_of(CS));
    for encoding in ["gzip", "br", "deflate", "zstd"] {
        let headers = [FORM, ("authorization", basic.as_str()), ("content-encoding", encoding)];
        let answer = world.post_raw("/oauth2/token", &headers, vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0]).await;
        assert!([400, 415].contains(&answer.status.as_u16()), "{encoding}: {}", answer.status);
    }
}

#[tokio::test]
async fn s281_metrics_and_reasons_are_not_on_the_public_listener() {
    let world = World::new().await;
    for path in ["/metrics", "/debug", "/debug/pprof", "/debug/vars", "/actuator", "/admin"] {
        assert_eq!(world.get(path).await.status, 404, "{path}");
    }
    assert_eq!(world.get("/readyz").await.body, "ready\n");
    world.sign_in(C1, "openid").await;
    let metrics = world.app.metrics.render();
    assert!(metrics.contains("portcullis_token_requests_total"));
    for name in ["alice", "bob", C1] {
        assert!(!metrics.contains(&format!("\"{name}\"")), "{name} is a label");
    }
}

#[tokio::test]
async fn s280_signing_keys_and_secrets_of_the_server_are_sealed() {
    let world = World::new().await;
    world.sign_in(C1, "openid").await;
    let dump = world.dump().await;
    for plain in ["PRIVATE KEY", "\"d\":", PASSWORD, "$argon2id$v=19$m=65536,t=3,p=1$AAAA"] {
        assert!(!dump.contains(plain), "{plain}");
    }
    assert!(world.rows("signing_keys", "TRUE").await > 0);
}
