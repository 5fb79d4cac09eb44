//! Token exchange (RFC 8693 §2): an API key for a short-lived access token.

use super::TokenRequest;
use crate::oauth::api_keys::ApiKey;
use crate::oauth::client::AccessTokenFormat;
use crate::oauth::issue::{Issuance, issue};
use crate::oauth::resource::Audience;
use crate::oauth::{Client, Context, Error, Params, ScopeSet, Subject, TokenResponse, may_issue, resource};

/// The `subject_token_type` of an API key.
pub const API_KEY: &str = "urn:portcullis:params:oauth:token-type:api_key";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// Gives an access token for whom the key stands for, with the key's scopes or fewer. No refresh token: the key itself
/// is what lasts.
///
/// Errors: `invalid_request` for other token types than these and for an actor, `invalid_grant` for a key that is not
/// live, `invalid_scope` beyond the key's, `invalid_target`.
pub async fn exchange(cx: &Context, request: TokenRequest<'_>) -> Result<TokenResponse, Error> {
    let (client, params): (&Client, &Params) = (request.client, request.params);
    token_types(client, params)?;
    let key = cx.verify_api_key(params.require("subject_token")?).await?.ok_or_else(unknown)?;
    let scope = narrowed(client, &key, params.get("scope"))?;
    let target = resource::target(cx, params)?;
    let audience = &target.unwrap_or_else(|| Audience::one(cx.config.issuer.as_str()));
    let permit = may_issue(cx, client, Subject::ApiKey(&key), cx.now()).await?;
    let issued = issue(cx, permit, Issuance { scope: &scope, audience, nonce: None, refresh_token: None }).await?;
    Ok(TokenResponse { issued_token_type: Some(ACCESS_TOKEN), ..issued })
}

fn token_types(client: &Client, params: &Params) -> Result<(), Error> {
    if params.require("subject_token_type")? != API_KEY {
        return Err(Error::invalid_request(format!("subject_token_type must be {API_KEY}")));
    }
    if params.get("actor_token").or_else(|| params.get("actor_token_type")).is_some() {
        return Err(Error::invalid_request("an API key acts for nobody else: actor_token is not supported"));
    }
    let is_jwt = client.metadata.access_token_format == AccessTokenFormat::Jwt;
    match params.get("requested_token_type") {
        None | Some(ACCESS_TOKEN) => Ok(()),
        Some(JWT) if is_jwt => Ok(()),
        Some(JWT) => Err(Error::invalid_request("the client is registered for opaque access tokens")),
        Some(_) => Err(Error::invalid_request(format!("requested_token_type must be {ACCESS_TOKEN}"))),
    }
}

/// What was asked for, if the key has all of it and the client may ask for it; all of both when nothing was asked for.
fn narrowed(client: &Client, key: &ApiKey, asked: Option<&str>) -> Result<ScopeSet, Error> {
    let available = key.scope().filter(|scope| client.scope.contains(scope));
    let Some(asked) = asked else { return Ok(available) };
    let asked = ScopeSet::parse(asked).map_err(|error| Error::invalid_scope(error.to_string()))?;
    if asked.is_subset_of(&available) {
        Ok(asked)
    } else {
        Err(Error::invalid_scope("the scope exceeds that of the API key, or of the client that exchanges it"))
    }
}

fn unknown() -> Error {
    Error::invalid_grant("the API key is unknown, expired or revoked, or its owner is disabled")
}
