use crate::common::*;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PROGRAM_PATHS: [&str; 4] = ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/device"];

#[tokio::test]
async fn s231_s234_malformed_parameters_are_invalid_requests_and_change_nothing() {
    let world = World::new().await;
    let many: String = (0..101).map(|n| format!("p{n}=x&")).collect();
    for body in [
        "grant_type=client_credentials&grant_type=client_credentials".to_owned(),
        "grant_type=client_credentials&scope=%ff".to_owned(),
        "grant_type=client_credentials&scope=a%00b".to_owned(),
        "grant_type=client_credentials&scope=%4".to_owned(),
        "grant_type=client_credentials&scope=%zz".to_owned(),
        format!("grant_type=client_credentials&scope={}", "a".repeat(20_000)),
        many,
        "grant_type=client_credentials&%63lient_id=x&client_id=y".to_owned(),
    ] {
        for path in PROGRAM_PATHS {
            let authorization = basic(C1, &secret_of(C1));
            let answer = world.post_raw(path, &[FORM, ("authorization", &authorization)], body.clone()).await;
            assert_eq!(
                (answer.status.as_u16(), answer.error().as_str()),
                (400, "invalid_request"),
                "{path} {body:.60}"
            );
        }
    }
    let missing = world.token(C1, &[]).await;
    assert_eq!(missing.error(), "invalid_request");
    assert!(missing.json()["error_description"].as_str().unwrap().contains("grant_type"));
    assert_eq!(world.token(C1, &[("grant_type", "password")]).await.error(), "unsupported_grant_type");
    assert_eq!(world.token(CP, &[("grant_type", "client_credentials")]).await.error(), "unauthorized_client");
    for table in ["authorization_codes", "refresh_families", "device_authorizations"] {
        assert_eq!(world.rows(table, "TRUE").await, 0, "{table}");
    }
}

#[tokio::test]
async fn s232_only_forms_are_read() {
    let world = World::new().await;
    let authorization = basic(C1, &secret_of(C1));
    for kind in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/x-www-form-urlencoded; charset=utf-7",
    ] {
        let headers = [("content-type", kind), ("authorization", authorization.as_str())];
        for path in PROGRAM_PATHS {
            let answer = world.post_raw(path, &headers, "grant_type=client_credentials").await;
            assert_eq!(answer.status, 415, "{path} {kind}");
            assert_eq!(answer.error(), "invalid_request");
        }
    }
}

#[tokio::test]
async fn a_large_body_is_413_and_a_wrong_method_405() {
    let world = World::new().await;
    for path in PROGRAM_PATHS.into_iter().chain(["/login", "/consent", "/authorize", "/device", "/logout", "/setup"]) {
        let answer = world.post_raw(path, &[FORM], "a".repeat(1 << 20)).await;
        assert_eq!(answer.status, 413, "{path}");
    }
    for path in PROGRAM_PATHS {
        let answer = world.get(path).await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(answer.header("allow").contains("POST"));
        assert!(!answer.header("x-request-id").is_empty());
    }
    for (path, status) in
        [("/nothing", 404), ("/oauth2/nothing", 404), ("/.well-known/nothing", 404), ("/static/../x", 404)]
    {
        let answer = world.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    }
}

#[tokio::test]
async fn pages_answer_bad_input_with_a_page_that_has_a_request_id() {
    let world = World::new().await;
    let browser = world.browser();
    let url = |query: &str| format!("{}/authorize?{query}", world.issuer);
    for query in [
        String::new(),
        "client_id=unknown&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&response_type=code".to_owned(),
        format!("client_id={C1}&response_type=code"),
        format!("client_id={C1}&client_id={C1}&redirect_uri=https%3A%2F%2Fapp.test%2Fcb"),
        format!("client_id={C1}&redirect_uri=%ff"),
        format!("client_id={C1}%00&redirect_uri=x"),
    ] {
        let answer = browser.get(&url(&query)).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.headers.get("location").is_none());
        assert!(answer.header("content-type").starts_with("text/html"), "{query}");
        assert!(answer.body.contains(answer.header("x-request-id")));
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
    }
    assert_eq!(world.rows("transactions", "TRUE").await, 0);
    // A tx that never was, or is no id at all.
    for tx in ["x", "01900000-0000-7000-8000-000000000001", "../..", "%00"] {
        for path in ["login", "consent"] {
            let answer = browser.get(&format!("{}/{path}?tx={tx}", world.issuer)).await;
            assert_eq!(answer.status, 400, "{path} {tx}");
        }
    }
}
