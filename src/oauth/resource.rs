//! Resource indicators (RFC 8707): which resource server an access token is for.
//!
//! A resource is the issuer itself, or the client_id of a client registered with `resource_server: true`. One token is
//! for one resource; without any it is for the issuer.

use url::Url;

use super::{Context, Error, Params};

/// The resource that an authorization, device authorization or client credentials request names.
///
/// `invalid_target` for one that is no absolute URI without fragment (§2), for one unknown here, for more than one.
pub fn named(cx: &Context, params: &Params) -> Result<Option<String>, Error> {
    let mut resources = params.all("resource");
    let Some(resource) = resources.next() else { return Ok(None) };
    if resources.any(|other| other != resource) {
        return Err(refused("a token is for one resource; name one"));
    }
    if resource.contains('#') || Url::parse(resource).is_err() {
        return Err(refused("resource must be an absolute URI without fragment"));
    }
    known(cx, resource)?;
    Ok(Some(resource.to_owned()))
}

/// The target that a token exchange names, by `resource` or by `audience` (RFC 8693 §2.1), which here are one: the logical
/// name of a resource server is its client_id.
pub fn target(cx: &Context, params: &Params) -> Result<Option<String>, Error> {
    let by_uri = named(cx, params)?;
    let mut names = params.all("audience");
    let Some(name) = names.next() else { return Ok(by_uri) };
    if names.any(|other| other != name) || by_uri.as_deref().is_some_and(|uri| uri != name) {
        return Err(refused("a token is for one resource; name one"));
    }
    known(cx, name)?;
    Ok(Some(name.to_owned()))
}

/// The audience of a token of a grant that is for `granted`: a token request may repeat it, and name no other.
pub fn audience<'a>(cx: &'a Context, params: &Params, granted: Option<&'a str>) -> Result<&'a str, Error> {
    let granted = granted.unwrap_or(cx.config.issuer.as_str());
    if params.all("resource").any(|resource| resource != granted) {
        return Err(refused("resource is not that of the grant"));
    }
    known(cx, granted)?;
    Ok(granted)
}

fn known(cx: &Context, resource: &str) -> Result<(), Error> {
    let is_server =
        || cx.clients.get(resource).is_some_and(|client| client.metadata.resource_server && !client.disabled);
    if resource == cx.config.issuer.as_str() || is_server() {
        Ok(())
    } else {
        Err(refused("no resource server is registered here under that URI"))
    }
}

fn refused(hint: &'static str) -> Error {
    Error::InvalidTarget { hint: hint.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::testing::{C1, C2, World, claims, refused};

    const API: &str = "https://api.test/v1";

    async fn world() -> World {
        let world = World::new().await;
        world.add_resource_server(API).await;
        world
    }

    #[tokio::test]
    async fn s067_only_registered_absolute_uris_are_resources() {
        let world = world().await;
        for (query, good) in [
            ("", true),
            ("resource=", true),
            ("resource=https://api.test/v1", true),
            ("resource=https://id.test", true),
            ("resource=https://api.test/v1&resource=https://api.test/v1", true),
            ("resource=https://api.test/v1&resource=https://id.test", false),
            ("resource=https://api.test", false),
            ("resource=https://api.test/v1/", false),
            ("resource=https://api.test/v1%23", false),
            ("resource=/v1", false),
            ("resource=c1", false),
        ] {
            let outcome = named(&world.cx, &Params::parse(query.as_bytes()).unwrap());
            assert_eq!(outcome.is_ok(), good, "{query}");
        }
    }

    #[tokio::test]
    async fn the_audience_is_the_resource_of_the_grant_and_no_other() {
        let world = world().await;
        let code = |resource: Option<&str>| {
            let resource = resource.map(str::to_owned);
            world.code_with(C1, "openid offline_access", |details| details.authentication.resource = resource)
        };
        let redeem = async |code: &str, resource: &str| {
            let params = [
                ("grant_type", "authorization_code"),
                ("code", code),
                ("code_verifier", crate::oauth::testing::VERIFIER),
                ("resource", resource),
            ];
            world.token(C1, &params).await
        };
        let tokens = redeem(code(Some(API)).await.expose(), "").await.unwrap();
        assert_eq!(claims(&tokens.access_token)["aud"], API);
        assert_eq!(claims(tokens.id_token.as_deref().unwrap())["aud"], C1);
        let refresh_token = tokens.refresh_token.unwrap();
        let refresh = async |resource: &str| {
            let params =
                [("grant_type", "refresh_token"), ("refresh_token", refresh_token.as_str()), ("resource", resource)];
            world.token(C1, &params).await
        };
        assert_eq!(refused(refresh("https://id.test").await), "invalid_target");
        let tokens = refresh(API).await.unwrap();
        assert_eq!(claims(&tokens.access_token)["aud"], API, "the refusal has not used the token up");
        assert_eq!(refused(redeem(code(None).await.expose(), API).await), "invalid_target");
        assert!(redeem(code(Some(API)).await.expose(), API).await.is_ok());
    }

    #[tokio::test]
    async fn a_service_names_the_resource_itself() {
        let world = world().await;
        let params = [("grant_type", "client_credentials"), ("scope", "api:read"), ("resource", API)];
        let tokens = world.token(C2, &params).await.unwrap();
        assert_eq!(claims(&tokens.access_token)["aud"], API);
        world.change_client(API, |_| {}, true).await;
        assert_eq!(refused(world.token(C2, &params).await), "invalid_target");
    }

    #[tokio::test]
    async fn a_token_for_another_resource_opens_nothing_here() {
        let world = world().await;
        let code =
            world.code_with(C1, "openid", |details| details.authentication.resource = Some(API.to_owned())).await;
        let tokens = world.redeem(C1, &code).await.unwrap();
        let outcome = crate::oidc::userinfo::userinfo(&world.cx, &tokens.access_token).await;
        assert_eq!(refused(outcome), "invalid_token");
    }
}
