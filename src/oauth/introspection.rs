//! Token introspection (RFC 7662).
//!
//! Who may see a token: the confidential client it was issued to; the resource server it is for; and, where it is for the
//! issuer, every client that the operator registered with `resource_server: true`. To everybody else it is inactive, as
//! an unknown one is. A refresh token is seen by its own client alone; an API key by every resource server, and by the
//! service client it belongs to.

use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::access_token::AccessToken;
use super::api_keys::{ApiKey, Owner};
use super::{Client, Context, Error, Params, api_keys, resource};
use crate::base::{RefreshToken, Timestamp};
use crate::storage::{Families as _, FamilyRecord};

/// An introspection response (RFC 7662 §2.2).
pub enum Introspection {
    Inactive,
    AccessToken(Arc<AccessToken>),
    RefreshToken {
        family: Box<FamilyRecord>,
        sub: String,
    },
    ApiKey {
        key: ApiKey,
        /// As the client that asks knows the owner.
        sub: String,
    },
}

/// Answers an introspection request of an authenticated client. `token_type_hint` is not needed: what a token is can be
/// seen from its form.
pub async fn introspect(cx: &Context, client: &Client, params: &Params) -> Result<Introspection, Error> {
    if client.is_public() {
        return Err(Error::invalid_client("introspection is for clients with credentials"));
    }
    let text = params.require("token")?;
    if let Some(token) = RefreshToken::parse(text, &cx.refresh_key) {
        return introspect_refresh_token(cx, client, &token).await;
    }
    if api_keys::has_form(text) {
        let key = cx.verify_api_key(text).await?.filter(|key| key.may_be_seen_by(client));
        return Ok(key.map_or(Introspection::Inactive, |key| {
            let sub = match key.owner() {
                Owner::Person(user_id) => cx.subject(client, user_id).into_owned(),
                Owner::Client(client_id) => client_id.clone(),
            };
            Introspection::ApiKey { key, sub }
        }));
    }
    let token = cx.verify_access_token(text).await?.filter(|token| may_see(cx, client, token));
    Ok(token.map_or(Introspection::Inactive, Introspection::AccessToken))
}

fn may_see(cx: &Context, client: &Client, token: &AccessToken) -> bool {
    let claims = &token.claims;
    claims.client_id == client.client_id
        || resource::is_for(&claims.aud, client)
        || (client.metadata.resource_server && claims.aud.contains(cx.config.issuer.as_str()))
}

async fn introspect_refresh_token(cx: &Context, client: &Client, token: &RefreshToken) -> Result<Introspection, Error> {
    let found = cx.store.find_live_family(&token.family_id.to_string(), cx.now().millis()).await?;
    let seen = found.filter(|family| family.client_id == client.client_id && token.hash().matches(&family.token_hash));
    Ok(seen.map_or(Introspection::Inactive, |family| Introspection::RefreshToken {
        sub: cx.subject(client, &family.user_id).into_owned(),
        family: Box::new(family),
    }))
}

impl Serialize for Introspection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Inactive => map.serialize_entry("active", &false)?,
            Self::AccessToken(token) => {
                let claims = &token.claims;
                map.serialize_entry("active", &true)?;
                map.serialize_entry("token_type", "Bearer")?;
                map.serialize_entry("iss", &claims.iss)?;
                map.serialize_entry("sub", &claims.sub)?;
                map.serialize_entry("aud", &claims.aud)?;
                map.serialize_entry("client_id", &claims.client_id)?;
                map.serialize_entry("iat", &claims.iat)?;
                map.serialize_entry("exp", &claims.exp)?;
                map.serialize_entry("jti", &claims.jti)?;
                if !claims.scope.is_empty() {
                    map.serialize_entry("scope", &claims.scope)?;
                }
                if let Some(auth_time) = claims.auth_time {
                    map.serialize_entry("auth_time", &auth_time)?;
                }
                if let Some(acr) = &claims.acr {
                    map.serialize_entry("acr", acr)?;
                }
                if !claims.amr.is_empty() {
                    map.serialize_entry("amr", &claims.amr)?;
                }
            }
            Self::RefreshToken { family, sub } => {
                map.serialize_entry("active", &true)?;
                map.serialize_entry("sub", sub)?;
                map.serialize_entry("client_id", &family.client_id)?;
                map.serialize_entry("scope", &family.scope)?;
                map.serialize_entry("iat", &Timestamp::from_millis(family.rotated_at).seconds())?;
                let end = family.expires_at.min(family.idle_expires_at);
                map.serialize_entry("exp", &Timestamp::from_millis(end).seconds())?;
            }
            Self::ApiKey { key, sub } => {
                map.serialize_entry("active", &true)?;
                map.serialize_entry("token_type", "api_key")?;
                map.serialize_entry("iss", key.issuer())?;
                map.serialize_entry("sub", sub)?;
                if let Owner::Client(client_id) = key.owner() {
                    map.serialize_entry("client_id", client_id)?;
                }
                map.serialize_entry("iat", &key.created_at().seconds())?;
                map.serialize_entry("exp", &key.expires_at().seconds())?;
                map.serialize_entry("jti", key.id())?;
                if !key.scope().is_empty() {
                    map.serialize_entry("scope", key.scope())?;
                }
            }
        }
        map.end()
    }
}
