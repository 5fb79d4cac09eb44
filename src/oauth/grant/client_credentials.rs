//! Client credentials grant (RFC 6749 §4.4).

use super::TokenRequest;
use crate::oauth::client::STANDARD_SCOPES;
use crate::oauth::engine::client_credentials::negotiated;
use crate::oauth::issue::{Issuance, issue};
use crate::oauth::resource::Audience;
use crate::oauth::{Client, Context, Error, ScopeSet, Subject, TokenResponse, may_issue, resource};

/// Gives a client a token of its own: without a person, hence without the scopes that are about one, and without
/// refresh token (RFC 6749 §4.4.3).
///
/// Errors: `unauthorized_client` for public clients, `invalid_scope` for a scope beyond what is registered,
/// `invalid_target`.
pub async fn grant(cx: &Context, request: TokenRequest<'_>) -> Result<TokenResponse, Error> {
    let client: &Client = request.client;
    if client.is_public() {
        return Err(Error::unauthorized_client("a public client has no credentials"));
    }
    let scope = negotiated(client, || negotiate(client, request.params.get("scope")))?;
    let named = resource::named(cx, request.params)?;
    let audience = &named.unwrap_or_else(|| Audience::one(cx.config.issuer.as_str()));
    let permit = may_issue(cx, client, Subject::Client, cx.now()).await?;
    issue(cx, permit, Issuance { scope: &scope, audience, nonce: None, refresh_token: None }).await
}

/// What was asked for, if all of it may be given; everything that may be given when nothing was asked for.
fn negotiate(client: &Client, asked: Option<&str>) -> Result<ScopeSet, Error> {
    let allowed = client.scope.filter(|scope| !STANDARD_SCOPES.contains(&scope));
    let Some(asked) = asked else { return Ok(allowed) };
    let asked = ScopeSet::parse(asked).map_err(|error| Error::invalid_scope(error.to_string()))?;
    if asked.is_subset_of(&allowed) {
        Ok(asked)
    } else {
        let hint = format!("the scope exceeds what the client is registered for without a person: {allowed}");
        Err(Error::invalid_scope(hint))
    }
}
