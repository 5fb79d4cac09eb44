//! How answers reach programs: what browsers let applications read of them, what caches keep, what developers are told.

use serde_json::json;

use crate::common::*;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn described(answer: &Answer) -> String {
    answer.json()["error_description"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_application_in_a_browser_reads_refusals_too_and_only_where_it_has_business() {
    let world = World::with("client_registration.mode = \"open\"").await;
    let foreign = |answer: &Answer| answer.header("access-control-allow-origin").to_owned();
    let large = "a".repeat(70_000);
    for path in ["/oauth2/token", "/oauth2/revoke", "/oauth2/userinfo", "/oauth2/register"] {
        for (headers, body, status) in
            [(vec![FORM], large.as_str(), 413), (vec![FORM, ("content-encoding", "gzip")], "a=b", 415)]
        {
            let answer = world.post_raw(path, &headers, body.to_owned()).await;
            assert_eq!((answer.status.as_u16(), foreign(&answer).as_str()), (status, "*"), "{path}");
            assert!(answer.header("access-control-expose-headers").contains("Retry-After"), "{path}");
        }
        let answer = Answer::read(world.http.patch(world.url(path)).send().await.unwrap()).await;
        assert_eq!((answer.status.as_u16(), foreign(&answer).as_str()), (405, "*"), "{path}");
    }
    for path in
        ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"]
    {
        assert_eq!(foreign(&world.get(path).await), "*", "{path}");
    }
    for path in
        ["/authorize", "/logout", "/login", "/device", "/oauth2/introspect", "/oauth2/device", "/oauth2/revocations"]
    {
        assert_eq!(foreign(&world.get(path).await), "", "{path}");
    }
}

#[tokio::test]
async fn tokens_are_kept_by_no_cache_old_or_new() {
    let world = World::new().await;
    let answer = world.token(CS, &[("grant_type", "client_credentials")]).await;
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
}

#[tokio::test]
async fn a_refused_client_is_told_what_would_be_accepted() {
    let world = World::new().await;
    let unknown = world.token(C1, &[("grant_type", "password")]).await;
    assert_eq!(unknown.error(), "unsupported_grant_type");
    assert!(described(&unknown).contains("authorization_code, client_credentials, refresh_token"));
    let foreign = world.token(CP, &[("grant_type", "client_credentials")]).await;
    assert_eq!(foreign.error(), "unauthorized_client");
    assert!(described(&foreign).ends_with(": authorization_code, refresh_token"));
    let wide = world.token(CS, &[("grant_type", "client_credentials"), ("scope", "api:read admin")]).await;
    assert_eq!(wide.error(), "invalid_scope");
    assert!(described(&wide).ends_with(": api:read api:write") && !described(&wide).contains("admin"));
    let device = world.as_client("/oauth2/device", CD, &[("scope", "openid admin")]).await;
    assert_eq!(device.error(), "invalid_scope");
    assert!(described(&device).contains("openid profile email"));
    let tokens = world.sign_in(C1, "openid offline_access").await;
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let params = [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("scope", "openid email")];
    let beyond = world.token(C1, &params).await;
    assert_eq!(beyond.error(), "invalid_scope");
    assert!(described(&beyond).ends_with(": openid offline_access"));
    world.refresh(C1, refresh_token).await.ok();
    let twice = world.post_raw("/oauth2/token", &[FORM], "grant_type=a&grant_type=b").await;
    assert_eq!(twice.error(), "invalid_request");
    assert_eq!(described(&twice), "grant_type was sent more than once");
    // Who is nobody learns nothing.
    let stranger = world.post_raw("/oauth2/token", &[FORM], "client_id=nobody&grant_type=password").await;
    assert_eq!(
        (stranger.error().as_str(), described(&stranger).as_str()),
        ("invalid_client", "client authentication failed")
    );
}

#[tokio::test]
async fn a_parameter_without_a_value_counts_as_omitted() {
    let world = World::new().await;
    let url = world.authorize_url(C1, "openid", &[]);
    let page =
        world.browser().open(&format!("{url}&request=&request_uri=&registration=&claims=&max_age=&prompt=")).await;
    assert!(page.has("#password"), "{}", page.url);
    let empty = [("scope", "openid"), ("code_challenge", ""), ("code_challenge_method", "")];
    assert!(world.as_client("/oauth2/device", CD, &empty).await.ok()["user_code"].is_string());
    assert_eq!(world.token(C1, &[("grant_type", "")]).await.error(), "invalid_request");
}

#[tokio::test]
async fn a_client_that_registers_itself_is_told_which_algorithms_there_are() {
    let world = World::with("client_registration.mode = \"open\"\nkeys.algorithms = [\"ES256\", \"RS256\"]").await;
    for member in ["id_token_signed_response_alg", "userinfo_signed_response_alg"] {
        for alg in ["HS256", "none", "PS256"] {
            let body = json!({ "redirect_uris": [REDIRECT_URI], member: alg });
            let request = world.http.post(world.url("/oauth2/register")).json(&body);
            let answer = Answer::read(request.send().await.unwrap()).await;
            assert_eq!(answer.error(), "invalid_client_metadata", "{member} {alg}");
            let told = described(&answer);
            assert!(told.starts_with(member) && told.ends_with("this server signs with ES256, RS256"), "{told}");
        }
    }
    assert_eq!(world.rows("client_registrations", "TRUE").await, 0);
}
