//! Everything that is kept of one person, as JSON: what they may know, and nothing by which somebody could sign in.

use serde_json::{Value, json};

use crate::base::Timestamp;
use crate::oauth::Context;
use crate::storage::{
    Accounts as _, ApiKeys as _, AuditRecord, Factors as _, KnownDevices as _, Outbox as _, Passkeys as _, Result,
    Terms as _, UpstreamAccounts as _, UserRecord,
};
use crate::web::pages::iso;

/// Events that are read at a time.
const BATCH: i64 = 500;

/// The document. Times are written as in RFC 3339, in UTC.
pub async fn document(cx: &Context, user: &UserRecord) -> Result<Value> {
    let now = cx.now();
    // Whatever has not expired yet, idle or not: it is kept.
    let sessions = cx.store.list_sessions(&user.id, now.millis()).await?;
    let grants = cx.store.list_grants(&user.id, now.millis()).await?;
    let used = cx.store.list_session_clients(&user.id).await?;
    let factors = cx.store.factor_counts(&user.id).await?;
    let totp = cx.store.find_totp_factor(&user.id).await?;
    let passkeys = cx.store.list_passkeys(&user.id).await?;
    let api_keys = cx.store.list_api_keys_of_user(&user.id).await?;
    let terms = cx.store.accepted_terms(&user.id).await?;
    let connections = cx.store.list_upstream_identities(&user.id).await?;
    let devices = cx.store.list_known_devices(&user.id, now.millis()).await?;
    let mails = cx.store.list_mails_of_user(&user.id).await?;
    let claims: Value = serde_json::from_str(&user.claims).unwrap_or_default();
    Ok(json!({
        "issuer": cx.config.issuer.as_str(),
        "exported_at": time(now.millis()),
        "account": {
            "sub": user.id,
            "username": user.username,
            "email": user.email,
            "email_verified": user.email_verified,
            "claims": claims,
            "is_admin": user.is_admin,
            "has_password": user.password_hash.is_some(),
            "password_changed_at": user.password_changed_at.map(time),
            "created_at": time(user.created_at),
            "updated_at": time(user.updated_at),
        },
        "sessions": sessions.iter().map(|session| json!({
            "sid": session.id,
            "created_at": time(session.created_at),
            "last_seen_at": time(session.last_seen_at),
            "expires_at": time(session.expires_at),
            "address": session.address,
            "user_agent": session.user_agent,
            "clients": used.iter().filter(|(sid, _)| *sid == session.id).map(|(_, client_id)| client_id).collect::<Vec<_>>(),
            "amr": serde_json::from_str::<Value>(&session.amr).unwrap_or_default(),
        })).collect::<Vec<_>>(),
        "second_factors": {
            "totp": totp.map(|factor| json!({
                "created_at": time(factor.created_at),
                "last_used_at": time(factor.last_used_at),
            })),
            "recovery_codes_left": factors.recovery_codes,
        },
        "passkeys": passkeys.iter().map(|passkey| json!({
            "name": passkey.name,
            "created_at": time(passkey.created_at),
            "last_used_at": passkey.last_used_at.map(time),
        })).collect::<Vec<_>>(),
        "connections": connections.iter().map(|connection| json!({
            "issuer": connection.issuer,
            "sub": connection.subject,
            "label": connection.label,
            "created_at": time(connection.created_at),
            "last_used_at": time(connection.last_used_at),
        })).collect::<Vec<_>>(),
        "known_devices": devices.iter().map(|device| json!({
            "created_at": time(device.created_at),
            "last_seen_at": time(device.last_seen_at),
            "expires_at": time(device.expires_at),
        })).collect::<Vec<_>>(),
        "api_keys": api_keys.iter().map(|key| json!({
            "name": key.name,
            "prefix": key.prefix,
            "scope": key.scope,
            "created_at": time(key.created_at),
            "expires_at": time(key.expires_at),
            "last_used_at": key.last_used_at.map(time),
        })).collect::<Vec<_>>(),
        "apps": grants.iter().map(|grant| json!({
            "client_id": grant.client_id,
            "client_name": cx.clients.get(&grant.client_id).and_then(|client| client.metadata.client_name.clone()),
            "scope": grant.scope,
            "created_at": time(grant.created_at),
            "last_used_at": time(grant.last_used_at),
        })).collect::<Vec<_>>(),
        // Those to one's own address: what became of a mail to another would tell whether somebody here has that one.
        "mails": mails.iter().filter(|mail| mail.recipient.is_some() && mail.recipient == user.email).map(|mail| json!({
            "kind": mail.kind,
            "recipient": mail.recipient,
            "created_at": time(mail.created_at),
            "sent_at": mail.sent_at.map(time),
        })).collect::<Vec<_>>(),
        "terms": terms.iter().map(|(version, at)| json!({ "version": version, "accepted_at": time(*at) })).collect::<Vec<_>>(),
        "activity": activity(cx, &user.id).await?.iter().map(|event| json!({
            "at": time(event.at),
            "event": event.event,
            "client_id": event.client_id,
            "sid": event.session_id,
            "address": event.address,
            "details": serde_json::from_str::<Value>(&event.details).unwrap_or_default(),
        })).collect::<Vec<_>>(),
    }))
}

async fn activity(cx: &Context, user_id: &str) -> Result<Vec<AuditRecord>> {
    let mut events: Vec<AuditRecord> = Vec::new();
    loop {
        let before = events.last().map(|event| (event.at, event.id.as_str()));
        let batch = cx.store.list_activity(user_id, before, BATCH).await?;
        let is_last = i64::try_from(batch.len()).unwrap_or(BATCH) < BATCH;
        events.extend(batch);
        if is_last {
            return Ok(events);
        }
        // Years of events keep nobody else waiting.
        tokio::task::yield_now().await;
    }
}

fn time(millis: i64) -> String {
    iso(Timestamp::from_millis(millis))
}
