//! Refreshing (RFC 6749 §6) with rotation and reuse detection (RFC 9700 §4.14.2).

use serde_json::json;

use super::TokenRequest;
use crate::base::{RefreshToken, Timestamp};
use crate::oauth::context::AuditSubject;
use crate::oauth::engine::refresh::{RefreshMachine, unknown_token};
use crate::oauth::issue::{Issuance, issue};
use crate::oauth::{
    Authentication, Client, Context, Error, PersonGrant, RevocationKind, ScopeSet, Subject, TokenResponse, may_issue,
    resource,
};
use crate::storage::{Families as _, FamilyRecord, RotateFamily, Rotation};

/// Exchanges a refresh token for new tokens and its successor.
///
/// The same token presented again within the grace, its successor unused, gives that same successor; presented again
/// later it ends the family. Errors: `invalid_grant` for anything wrong with the token, `invalid_scope` for a scope
/// beyond the grant, which leaves the token usable.
pub async fn refresh(cx: &Context, request: TokenRequest<'_>) -> Result<TokenResponse, Error> {
    let client: &Client = request.client;
    let text = request.params.require("refresh_token")?;
    let asked = asked_scope(request)?;
    let machine = RefreshMachine::start(client, text)?;
    // Every token of ours proves itself by its key, so that an invented one costs no query.
    let token = RefreshToken::parse(text, &cx.refresh_key).ok_or_else(unknown_token)?;
    let family_id = token.family_id.to_string();
    let now = cx.now();

    // Before the token is used up.
    cx.recipient(client, client.metadata.id_token_encrypted_response_alg).await?;
    // What may be refused without using the token up is looked at first.
    let family = if asked.is_some() || request.params.get("resource").is_some() {
        let family = cx.store.find_family(&family_id).await?.ok_or_else(unknown_token)?;
        if family.client_id != client.client_id {
            return Err(refuse_other_client(cx, request, &family));
        }
        machine.recovered(&family.client_id, &granted(&family, client)?, asked.as_ref(), is_live(cx, &family))?;
        resource::audience(cx, request.params, authentication(&family)?.resource.as_ref())?;
        rotate(cx, request, &token, family_id, now).await?
    } else {
        let family = rotate(cx, request, &token, family_id, now).await?;
        machine.recovered(&family.client_id, &granted(&family, client)?, None, is_live(cx, &family))?;
        family
    };

    let scope = match asked {
        Some(asked) => asked,
        None => granted(&family, client)?,
    };
    let mut authentication = authentication(&family)?;
    let audience = &resource::audience(cx, request.params, authentication.resource.as_ref())?;
    authentication.claims = authentication.claims.within(&client.scope);
    let grant = PersonGrant {
        user_id: &family.user_id,
        session_id: &family.session_id,
        family_id: &family.id,
        offline: family.offline,
        granted_at: Timestamp::from_millis(family.created_at),
        authentication: &authentication,
    };
    let permit = may_issue(cx, client, Subject::Person(grant), now).await?;
    let successor = token.successor(&cx.refresh_key);
    issue(cx, permit, Issuance { scope: &scope, audience, nonce: None, refresh_token: Some(&successor) }).await
}

fn asked_scope(request: TokenRequest<'_>) -> Result<Option<ScopeSet>, Error> {
    let parsed = request.params.get("scope").map(ScopeSet::parse).transpose();
    parsed.map_err(|error| Error::invalid_scope(error.to_string()))
}

fn authentication(family: &FamilyRecord) -> Result<Authentication, Error> {
    serde_json::from_str(&family.details).map_err(|error| Error::Internal(Box::new(error)))
}

/// What the person allowed, as far as the client is still registered for it.
fn granted(family: &FamilyRecord, client: &Client) -> Result<ScopeSet, Error> {
    let scope = ScopeSet::parse(&family.scope).map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(scope.filter(|word| client.scope.contains(word)))
}

fn is_live(cx: &Context, family: &FamilyRecord) -> bool {
    let now = cx.now().millis();
    family.revoked_at.is_none() && family.expires_at > now && family.idle_expires_at > now
}

async fn rotate(
    cx: &Context,
    request: TokenRequest<'_>,
    token: &RefreshToken,
    family_id: String,
    now: Timestamp,
) -> Result<FamilyRecord, Error> {
    let tokens = &cx.config.tokens;
    let rotation = RotateFamily {
        family_id,
        client_id: request.client.client_id.clone(),
        generation: i64::try_from(token.generation).map_err(|_| unknown_token())?,
        token_hash: token.hash().as_bytes().to_vec(),
        successor_hash: token.successor(&cx.refresh_key).hash().as_bytes().to_vec(),
        now: now.millis(),
        idle_expires_at: now.plus(tokens.refresh_token_idle_ttl.duration()).millis(),
        grace_since: now.minus(tokens.refresh_token_grace.duration()).millis(),
        revocation_expires_at: cx.revocation_expires_at(now).millis(),
    };
    let family_id = rotation.family_id.clone();
    match cx.store.rotate_family(rotation).await? {
        Rotation::Rotated(family) | Rotation::Repeated(family) => Ok(family),
        Rotation::Replayed(family) => Err(replayed(cx, request, &family)),
        Rotation::Dead => {
            let family = cx.store.find_family(&family_id).await?;
            Err(match family.filter(|family| family.client_id != request.client.client_id) {
                Some(family) => refuse_other_client(cx, request, &family),
                None => unknown_token(),
            })
        }
    }
}

/// Two parties hold tokens of one family: nobody can tell which is the thief, so both have lost them.
fn replayed(cx: &Context, request: TokenRequest<'_>, family: &FamilyRecord) -> Error {
    let now = cx.now();
    cx.revocations.apply(RevocationKind::Family, &family.id, now, cx.revocation_expires_at(now));
    cx.refresh_reuse.inc();
    cx.audit("refresh_reuse", subject(family), request.caller, &json!({ "family_id": family.id }));
    Error::invalid_grant("the refresh token was used before; the grant it belongs to is revoked")
}

/// The family stays as it is: otherwise any client could end another's (RFC 6749 §10.4).
fn refuse_other_client(cx: &Context, request: TokenRequest<'_>, family: &FamilyRecord) -> Error {
    let details = json!({ "family_id": family.id, "presented_by": request.client.client_id });
    cx.audit("refresh_token_of_other_client", subject(family), request.caller, &details);
    unknown_token()
}

fn subject(family: &FamilyRecord) -> AuditSubject<'_> {
    AuditSubject {
        user_id: Some(&family.user_id),
        client_id: Some(&family.client_id),
        session_id: Some(&family.session_id),
    }
}
