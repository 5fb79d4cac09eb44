use crate::common::{C1, CS, World, claims, header};

#[tokio::test]
async fn a_service_gets_an_rfc_9068_jwt_and_nothing_else() {
    let world = World::new().await;
    let answer = world.token(CS, &[("grant_type", "client_credentials"), ("scope", "api:read")]).await;
    let body = answer.ok();
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 900);
    assert_eq!(body["scope"], "api:read");
    assert!(body.get("refresh_token").is_none() && body.get("id_token").is_none());
    let token = body["access_token"].as_str().unwrap();
    assert_eq!(header(token)["typ"], "at+jwt");
    assert_eq!(header(token)["alg"], "ES256");
    let claims = claims(token);
    assert_eq!(claims["iss"], world.issuer);
    assert_eq!(claims["aud"], world.issuer);
    assert_eq!(claims["sub"], CS);
    assert_eq!(claims["client_id"], CS);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    assert!(claims.get("sid").is_none() && claims.get("auth_time").is_none());
    assert_eq!(world.introspect(token).await["active"], true);
}

#[tokio::test]
async fn s061_a_service_gets_no_scope_of_persons_and_no_user() {
    let world = World::new().await;
    for scope in ["openid", "openid offline_access admin", "profile"] {
        let answer = world.token(CS, &[("grant_type", "client_credentials"), ("scope", scope)]).await;
        assert_eq!(answer.error(), "invalid_scope", "{scope}");
    }
    // Also not a client that may have them for its users.
    let answer = world.token(C1, &[("grant_type", "client_credentials"), ("scope", "openid")]).await;
    assert_eq!(answer.error(), "invalid_scope");
    assert_eq!(world.rows("access_tokens", "TRUE").await, 0);
}
