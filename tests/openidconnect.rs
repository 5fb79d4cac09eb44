//! The crate `openidconnect` against the server, over HTTP: discovery, code flow, userinfo, refresh, introspection,
//! revocation, device grant.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod common;

use common::*;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreDeviceAuthorizationResponse, CoreIdTokenVerifier, CoreProviderMetadata,
    CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DeviceAuthorizationUrl, IntrospectionUrl,
    IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, RedirectUrl, RevocationUrl, Scope,
    TokenIntrospectionResponse as _, TokenResponse as _,
};

type Request = openidconnect::HttpRequest;
type Response = openidconnect::HttpResponse;

/// The crate's requests through our HTTP client, which follows no redirects.
async fn send(http: &reqwest::Client, request: Request) -> Result<Response, reqwest::Error> {
    let (parts, body) = request.into_parts();
    // The crate revokes over https alone, without an exception for loopback: the test server speaks http.
    let url = parts.uri.to_string().replacen("https://", "http://", 1);
    let sent = http.request(parts.method, url).headers(parts.headers).body(body).send().await?;
    let mut response = openidconnect::http::Response::new(Vec::new());
    *response.status_mut() = sent.status();
    *response.headers_mut() = sent.headers().clone();
    *response.body_mut() = sent.bytes().await?.to_vec();
    Ok(response)
}

#[tokio::test]
async fn a_strict_relying_party_signs_in_refreshes_introspects_and_revokes() {
    let world = World::new().await;
    let http = |request: Request| send(&world.http, request);
    let issuer = IssuerUrl::new(world.issuer.clone()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &http).await.unwrap();
    let document = world.get("/.well-known/openid-configuration").await.json();
    let endpoint = |name: &str| document[name].as_str().unwrap().to_owned();
    let client =
        CoreClient::from_provider_metadata(metadata, ClientId::new(C1.into()), Some(ClientSecret::new(secret_of(C1))))
            .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.into()).unwrap())
            .set_introspection_url(IntrospectionUrl::new(endpoint("introspection_endpoint")).unwrap())
            .set_revocation_url(
                RevocationUrl::new(endpoint("revocation_endpoint").replacen("http://", "https://", 1)).unwrap(),
            );
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(["email", "profile", "offline_access"].map(|scope| Scope::new(scope.into())))
        .set_pkce_challenge(challenge)
        .url();
    let browser = world.browser();
    let page = browser.open(url.as_str()).await;
    let end = world.answer_pages(&browser, page, "alice").await;
    assert_eq!(end.param("state").as_deref(), Some(state.secret().as_str()));
    let tokens = client
        .exchange_code(AuthorizationCode::new(end.param("code").unwrap()))
        .unwrap()
        .set_pkce_verifier(verifier)
        .request_async(&http)
        .await
        .unwrap();
    let verifier: CoreIdTokenVerifier<'_> = client.id_token_verifier();
    // The clock of this world stands in another year than the machine's.
    let now = chrono::DateTime::from_timestamp_millis(portcullis::base::Clock::now(world.clock.as_ref()).millis());
    let verifier = verifier.set_time_fn(move || now.unwrap());
    let id_token = tokens.id_token().unwrap().claims(&verifier, &nonce).unwrap();
    let userinfo: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(id_token.subject().clone()))
        .unwrap()
        .request_async(&http)
        .await
        .unwrap();
    assert_eq!(userinfo.email().unwrap().as_str(), "alice@example.test");
    let refreshed =
        client.exchange_refresh_token(tokens.refresh_token().unwrap()).unwrap().request_async(&http).await.unwrap();
    let active = async |token: &AccessToken| client.introspect(token).request_async(&http).await.unwrap().active();
    assert!(active(refreshed.access_token()).await);
    client.revoke_token(refreshed.refresh_token().unwrap().clone().into()).unwrap().request_async(&http).await.unwrap();
    assert!(!active(refreshed.access_token()).await);
}

#[tokio::test]
async fn a_device_is_let_in() {
    let world = World::new().await;
    let http = |request: Request| send(&world.http, request);
    let issuer = IssuerUrl::new(world.issuer.clone()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &http).await.unwrap();
    let url = DeviceAuthorizationUrl::new(world.url("/oauth2/device")).unwrap();
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new(CD.into()), None)
        .set_device_authorization_url(url)
        .set_auth_type(openidconnect::AuthType::RequestBody);
    let details: CoreDeviceAuthorizationResponse = client.exchange_device_code().request_async(&http).await.unwrap();
    let browser = world.browser();
    let page = browser.open(details.verification_uri_complete().unwrap().secret()).await;
    let user_code = details.user_code().secret().clone();
    let page = browser.submit(&page, &[("user_code", &user_code)]).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    browser.submit(&page, &[("decision", "allow")]).await;
    let tokens = client
        .exchange_device_access_token(&details)
        .unwrap()
        .request_async(&http, |_| std::future::ready(()), None)
        .await
        .unwrap();
    assert!(tokens.id_token().is_some());
}
