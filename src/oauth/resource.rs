//! Resource indicators (RFC 8707): which resource servers an access token is for.
//!
//! A resource is the issuer itself, the client_id of a client registered with `resource_server: true`, or one of that
//! client's `resource_uris`. A token is for those that were asked for; without any it is for the issuer.

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Client, Context, Error, Params};

/// Most resources of one grant.
const MAX_RESOURCES: usize = 10;

/// The resources that a token is for; at least one. As `aud` (RFC 7519 §4.1.3) a single one is a string, several are an
/// array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OneOrMany", into = "OneOrMany")]
pub struct Audience(Vec<String>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    pub fn one(resource: &str) -> Self {
        Self(vec![resource.to_owned()])
    }

    pub fn contains(&self, resource: &str) -> bool {
        self.0.iter().any(|known| known == resource)
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl TryFrom<OneOrMany> for Audience {
    type Error = &'static str;

    fn try_from(value: OneOrMany) -> Result<Self, &'static str> {
        match value {
            OneOrMany::One(resource) => Ok(Self(vec![resource])),
            OneOrMany::Many(resources) if resources.is_empty() => Err("an audience names somebody"),
            OneOrMany::Many(resources) => Ok(Self(resources)),
        }
    }
}

impl From<Audience> for OneOrMany {
    fn from(mut audience: Audience) -> Self {
        match audience.0.pop() {
            Some(only) if audience.0.is_empty() => Self::One(only),
            Some(last) => {
                audience.0.push(last);
                Self::Many(audience.0)
            }
            None => Self::Many(Vec::new()),
        }
    }
}

/// The resources that an authorization, device authorization or client credentials request names.
///
/// `invalid_target` for one that is no absolute URI without fragment (§2), for one unknown here, for too many.
pub fn named(cx: &Context, params: &Params) -> Result<Option<Audience>, Error> {
    let resources = distinct(params, "resource")?;
    for resource in &resources {
        if resource.contains('#') || Url::parse(resource).is_err() {
            return Err(refused("resource must be an absolute URI without fragment"));
        }
        known(cx, resource)?;
    }
    Ok((!resources.is_empty()).then_some(Audience(resources)))
}

/// The target that a token exchange names, by `resource` or by `audience` (RFC 8693 §2.1), which here are one: the logical
/// name of a resource server is its client_id.
pub fn target(cx: &Context, params: &Params) -> Result<Option<Audience>, Error> {
    let by_uri = named(cx, params)?;
    let names = distinct(params, "audience")?;
    for name in &names {
        known(cx, name)?;
    }
    match by_uri {
        _ if names.is_empty() => Ok(by_uri),
        Some(by_uri) if by_uri.iter().any(|uri| !names.iter().any(|name| name == uri)) => {
            Err(refused("resource and audience name different targets"))
        }
        _ => Ok(Some(Audience(names))),
    }
}

/// The audience of a token of a grant that is for `granted`: a token request may name some of its resources (§2.2), and no
/// other.
pub fn audience(cx: &Context, params: &Params, granted: Option<&Audience>) -> Result<Audience, Error> {
    let of_issuer = Audience::one(cx.config.issuer.as_str());
    let granted = granted.unwrap_or(&of_issuer);
    let asked = distinct(params, "resource")?;
    if asked.iter().any(|resource| !granted.contains(resource)) {
        return Err(refused("resource is not one of the grant"));
    }
    let audience = if asked.is_empty() { granted.clone() } else { Audience(asked) };
    for resource in audience.iter() {
        known(cx, resource)?;
    }
    Ok(audience)
}

/// Whether `client` is a resource server that `audience` names.
pub fn is_for(audience: &Audience, client: &Client) -> bool {
    audience.contains(&client.client_id)
        || (client.metadata.resource_server
            && client.metadata.resource_uris.iter().any(|resource| audience.contains(resource)))
}

fn distinct(params: &Params, name: &str) -> Result<Vec<String>, Error> {
    let mut resources: Vec<String> = Vec::new();
    for resource in params.all(name) {
        if !resources.iter().any(|known| known == resource) {
            resources.push(resource.to_owned());
        }
    }
    if resources.len() > MAX_RESOURCES { Err(refused("too many resources")) } else { Ok(resources) }
}

fn known(cx: &Context, resource: &str) -> Result<(), Error> {
    if resource == cx.config.issuer.as_str() || cx.clients.is_resource(resource) {
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
            ("resource=https://api.test/v1&resource=https://id.test", true),
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
            let resource = resource.map(Audience::one);
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
            world.code_with(C1, "openid", |details| details.authentication.resource = Some(Audience::one(API))).await;
        let tokens = world.redeem(C1, &code).await.unwrap();
        let outcome = crate::oidc::userinfo::userinfo(&world.cx, &tokens.access_token).await;
        assert_eq!(refused(outcome), "invalid_token");
    }
}
