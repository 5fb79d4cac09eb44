//! Token revocation (RFC 7009).

use serde_json::json;

use super::context::{AuditSubject, Caller};
use super::{Client, Context, Error, Params, api_keys};
use crate::base::{RefreshToken, Timestamp};
use crate::storage::Families as _;

/// Revokes a token of the authenticated client: an access token alone, a refresh token with its whole family, an API key
/// with the tokens that it was exchanged for.
///
/// A token that is unknown, expired or another client's is no error and nothing happens (§2.2); `token_type_hint` is not
/// needed, a wrong one does no harm.
pub async fn revoke(cx: &Context, client: &Client, params: &Params, caller: Caller<'_>) -> Result<(), Error> {
    let text = params.require("token")?;
    if let Some(token) = RefreshToken::parse(text, &cx.refresh_key) {
        return revoke_family_of(cx, client, &token, caller).await;
    }
    if api_keys::has_form(text) {
        return revoke_api_key(cx, client, text, caller).await;
    }
    if let Some(token) = cx.verify_access_token(text).await?.filter(|token| token.claims.client_id == client.client_id)
    {
        cx.revoke_jti(&token.claims.jti, Timestamp::from_seconds(token.claims.exp)).await?;
    }
    Ok(())
}

async fn revoke_family_of(
    cx: &Context,
    client: &Client,
    token: &RefreshToken,
    caller: Caller<'_>,
) -> Result<(), Error> {
    let found = cx.store.find_family(&token.family_id.to_string()).await?;
    let Some(family) = found.filter(|family| family.client_id == client.client_id && family.revoked_at.is_none())
    else {
        return Ok(());
    };
    cx.revoke_family(&family.id, "revoked_by_client").await?;
    let about = AuditSubject {
        user_id: Some(&family.user_id),
        client_id: Some(&family.client_id),
        session_id: Some(&family.session_id),
    };
    cx.audit("refresh_token_revoked", about, caller, &json!({ "family_id": family.id }));
    Ok(())
}

/// Whoever may ask about a key may also end one that has come to it: a resource server that finds a leaked one does.
async fn revoke_api_key(cx: &Context, client: &Client, text: &str, caller: Caller<'_>) -> Result<(), Error> {
    let seen = cx.verify_api_key(text).await?.filter(|key| !client.is_public() && key.may_be_seen_by(client));
    let Some(key) = seen else { return Ok(()) };
    cx.revoke_api_key(key.id(), None, &client.client_id, caller).await?;
    Ok(())
}
