//! Device access token request (RFC 8628 §3.4).

use super::TokenRequest;
use crate::base::{OpaqueToken, Timestamp, TokenKind};
use crate::oauth::device::{APPROVED, ApprovalDetails, CONSUMED, DENIED};
use crate::oauth::issue::{Issuance, begin_family, issue};
use crate::oauth::{Client, Context, Error, PersonGrant, Subject, TokenResponse, may_issue, resource};
use crate::storage::{DeviceRecord, Devices as _};

/// Answers a device's poll.
///
/// Errors: `authorization_pending`, `slow_down`, `access_denied`, `expired_token`; `invalid_grant` for a device code
/// that is unknown, another client's, or has given its tokens.
pub async fn redeem(cx: &Context, request: TokenRequest<'_>) -> Result<TokenResponse, Error> {
    let client: &Client = request.client;
    let text = request.params.require("device_code")?;
    let code = OpaqueToken::parse(TokenKind::DeviceCode, text).ok_or_else(unknown)?;
    let found = cx.store.find_device(&code.id.to_string(), code.hash().as_bytes()).await?;
    let device = found.filter(|device| device.client_id == client.client_id).ok_or_else(unknown)?;
    match device.status.as_str() {
        CONSUMED => Err(unknown()),
        DENIED => Err(Error::AccessDenied { hint: "the person denied the request".into() }),
        _ if device.expires_at <= cx.now().millis() => Err(Error::ExpiredToken),
        // A device that has kept to its interval so far may be early once the person has decided; one that was told to slow
        // down gets no tokens either before it does (RFC 8628 §3.5).
        APPROVED if !cx.was_slowed_down(&device) => exchange(cx, request, &device).await,
        status => {
            cx.polled(&device).await?;
            if status == APPROVED { exchange(cx, request, &device).await } else { Err(Error::AuthorizationPending) }
        }
    }
}

async fn exchange(cx: &Context, request: TokenRequest<'_>, device: &DeviceRecord) -> Result<TokenResponse, Error> {
    let client: &Client = request.client;
    let approval: ApprovalDetails =
        serde_json::from_str(&device.details).map_err(|error| Error::Internal(Box::new(error)))?;
    let grant = PersonGrant {
        user_id: device.user_id.as_deref().ok_or_else(unknown)?,
        session_id: device.session_id.as_deref().ok_or_else(unknown)?,
        family_id: &device.family_id,
        offline: approval.scope.contains("offline_access"),
        granted_at: Timestamp::from_millis(device.decided_at.unwrap_or(device.created_at)),
        authentication: &approval.authentication,
    };
    let audience = &resource::audience(cx, request.params, approval.authentication.resource.as_ref())?;
    let now = cx.now();
    let permit = may_issue(cx, client, Subject::Person(grant), now).await?;
    let family = begin_family(cx, client, &grant, &approval.scope)?;
    let record = family.as_ref().map(|(record, _)| record);
    // Before the code is gone.
    cx.recipient(client, client.metadata.id_token_encrypted_response_alg).await?;
    cx.store.consume_device(&device.id, now.millis(), record).await?.ok_or_else(unknown)?;
    let refresh_token = family.as_ref().map(|(_, token)| token);
    let issuance = Issuance { scope: &approval.scope, audience, nonce: None, refresh_token };
    issue(cx, permit, issuance).await
}

fn unknown() -> Error {
    Error::invalid_grant("the device code is unknown, was used, or was issued to another client")
}
