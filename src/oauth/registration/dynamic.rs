//! Clients that register themselves (RFC 7591 §3) and manage their registration (RFC 7592 §2).

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::own::{self, Origin};
use super::registry::Drafted;
use super::{Abilities, Problem, Registry, sector, statement};
use crate::base::{OpaqueToken, Timestamp, TokenHash, TokenKind, new_id, subscriber};
use crate::config::{Algorithm, ClientRegistrationMode};
use crate::oauth::context::AuditSubject;
use crate::oauth::{Caller, Client, ClientMetadata, Context, Error, RevocationKind, endpoints};
use crate::storage::{
    ClientRecord, ClientRegistrationRecord, ClientRegistrations as _, Clients as _, InitialAccessTokenRecord,
    InitialAccessTokens as _, Revocations as _, ThrottleKey, Throttles as _,
};

/// The first delay after too many registrations, and the longest. Milliseconds.
const BASE_DELAY: i64 = 60 * 1000;
const MAX_DELAY: i64 = 60 * 60 * 1000;
/// Registrations are counted within this time. Milliseconds.
const WINDOW: i64 = 60 * 60 * 1000;

/// A client information response (RFC 7591 §3.2.1).
pub type ClientInformation = Map<String, Value>;

/// Registers the client that `body` describes.
///
/// Errors: `invalid_token` where an initial access token is needed and `bearer` is none, `TooManyAttempts`,
/// `TemporarilyUnavailable`, and those of RFC 7591 §3.2.2.
pub async fn register(
    cx: &Context,
    bearer: Option<&str>,
    body: ClientInformation,
    caller: Caller<'_>,
) -> Result<ClientInformation, Error> {
    let initial = admitted(cx, bearer, caller).await?;
    let stated = body.get("software_statement").and_then(Value::as_str).map(str::to_owned);
    let metadata = described(cx, body, None).await?;
    let registry = registry(cx);
    let Drafted { record, secret } = registry.draft(None, &metadata)?;
    let token = OpaqueToken::generate(
        TokenKind::RegistrationAccessToken,
        new_id(cx.now(), cx.random.as_ref()),
        cx.random.as_ref(),
    );
    let now = cx.now();
    let registration = ClientRegistrationRecord {
        client_id: record.client_id.clone(),
        token_hash: Some(token.hash().as_bytes().to_vec()),
        address: caller.address.to_string(),
        created_at: now.millis(),
        last_used_at: None,
        expires_at: now.plus(cx.config.client_registration.unused_ttl.duration()).millis(),
    };
    if !cx.store.register_client(&record, &registration, initial.as_ref(), now.millis()).await? {
        return Err(refused_token());
    }
    cx.follow_clients().await?;
    let about = AuditSubject { client_id: Some(&record.client_id), ..AuditSubject::default() };
    cx.audit("client_registered", about, caller, &json!({ "client_name": metadata.client_name }));
    let mut information = information(cx, &record, secret.as_ref(), Some(&token))?;
    if let Some(stated) = stated {
        information.insert("software_statement".to_owned(), json!(stated));
    }
    Ok(information)
}

/// The client as it is registered (RFC 7592 §2.1).
pub async fn read(cx: &Context, client_id: &str, bearer: Option<&str>) -> Result<ClientInformation, Error> {
    let managed = Managed::open(cx, client_id, bearer).await?;
    information(cx, &managed.record, None, Some(&managed.token))
}

/// Replaces what the client has registered of itself (RFC 7592 §2.2); what the operator decides about it stays. The
/// answer brings another registration access token, and the old one is void.
pub async fn update(
    cx: &Context,
    client_id: &str,
    bearer: Option<&str>,
    body: ClientInformation,
    caller: Caller<'_>,
) -> Result<ClientInformation, Error> {
    let managed = Managed::open(cx, client_id, bearer).await?;
    if body.get("client_id").is_none_or(|named| named != client_id) {
        return Err(Error::invalid_request("client_id must be that of the registration"));
    }
    if body.get("client_secret").is_some_and(|secret| !managed.has_secret(secret)) {
        return Err(Error::invalid_request("client_secret is not the client's; a client does not choose it"));
    }
    let metadata = described(cx, body, Some(&managed.metadata)).await?;
    let Drafted { record, secret } = registry(cx).redraft(managed.record.clone(), &metadata)?;
    let token = OpaqueToken::generate(TokenKind::RegistrationAccessToken, managed.token.id, cx.random.as_ref());
    let (old, new) = (managed.token.hash(), token.hash());
    if !cx.store.replace_registered_client(&record, old.as_bytes(), new.as_bytes()).await? {
        return Err(refused_token());
    }
    cx.follow_clients().await?;
    let about = AuditSubject { client_id: Some(client_id), ..AuditSubject::default() };
    cx.audit("client_registration_changed", about, caller, &json!({}));
    information(cx, &record, secret.as_ref(), Some(&token))
}

/// Removes the client (RFC 7592 §2.3), with everything that was issued to it.
pub async fn delete(cx: &Context, client_id: &str, bearer: Option<&str>, caller: Caller<'_>) -> Result<(), Error> {
    Managed::open(cx, client_id, bearer).await?;
    let (now, kind) = (cx.now(), RevocationKind::Client);
    let expires_at = cx.revocation_expires_at(now);
    cx.store.insert_revocation(kind.name(), client_id, now.millis(), expires_at.millis()).await?;
    cx.store.delete_client(client_id).await?;
    cx.follow_revocations().await?;
    cx.follow_clients().await?;
    let about = AuditSubject { client_id: Some(client_id), ..AuditSubject::default() };
    cx.audit("client_registration_deleted", about, caller, &json!({}));
    Ok(())
}

/// Notes that a client which no operator registered is used, and so stays: about twice a day, for that is exact enough.
pub async fn used(cx: &Context, client: &Client) -> Result<(), Error> {
    if client.metadata.registered_by.is_operator() || cx.used.contains_key(&client.client_id) {
        return Ok(());
    }
    let now = cx.now();
    let expires_at = now.plus(cx.config.client_registration.idle_ttl.duration());
    cx.store.client_used(&client.client_id, now.millis(), expires_at.millis()).await?;
    cx.used.insert(client.client_id.clone(), ());
    Ok(())
}

/// Whether this caller may register a client now; the initial access token, if that is why.
async fn admitted(
    cx: &Context,
    bearer: Option<&str>,
    caller: Caller<'_>,
) -> Result<Option<InitialAccessTokenRecord>, Error> {
    let token = bearer.and_then(|text| OpaqueToken::parse(TokenKind::InitialAccessToken, text));
    let found = match &token {
        Some(token) => {
            let now = cx.now().millis();
            cx.store.find_initial_access_token(&token.id.to_string(), token.hash().as_bytes(), now).await?
        }
        None => None,
    };
    if found.is_some() {
        return Ok(found);
    }
    count(cx, caller.address).await?;
    match cx.config.client_registration.mode {
        ClientRegistrationMode::Open if bearer.is_none() => has_room(cx).map(|()| None),
        _ => Err(refused_token()),
    }
}

/// `TemporarilyUnavailable` where there are as many clients as there may be that nobody vouches for.
pub(super) fn has_room(cx: &Context) -> Result<(), Error> {
    let most = cx.config.client_registration.max_clients;
    if cx.clients.unvouched() < usize::try_from(most).unwrap_or(usize::MAX) {
        return Ok(());
    }
    Err(Error::TemporarilyUnavailable { cause: format!("client_registration.max_clients = {most} are registered") })
}

/// Counts a registration, or a wrong token, against the address it comes from.
pub(super) async fn count(cx: &Context, caller: IpAddr) -> Result<(), Error> {
    let now = cx.now();
    let key = ThrottleKey {
        key: format!("registration:{}", subscriber(caller)),
        free: i64::from(cx.config.client_registration.registrations_per_address),
        base_ms: BASE_DELAY,
        cap_ms: MAX_DELAY,
        is_rate: false,
    };
    match cx.store.reserve_attempt(&[key], now.millis(), now.millis() - WINDOW).await? {
        Ok(_) => Ok(()),
        Err(blocking) => {
            let wait = Timestamp::from_millis(blocking.blocked_until).since(now);
            Err(Error::TooManyAttempts { retry_after: wait.as_secs() + 1 })
        }
    }
}

fn refused_token() -> Error {
    Error::invalid_token("a valid token is needed; it may have expired or been used up")
}

/// The metadata that `body` asks for, if all of it can be had.
async fn described(
    cx: &Context,
    mut body: ClientInformation,
    before: Option<&ClientInformation>,
) -> Result<ClientMetadata, Error> {
    // RFC 7592 §2.2: null is omitted.
    body.retain(|_, value| !value.is_null());
    if let Some(statement) = body.remove("software_statement") {
        // What the statement says goes before what the client says (RFC 7591 §3.1.1).
        body.extend(statement::verified(cx, &statement)?);
    }
    default_algorithm(cx, &mut body);
    let require_pkce = cx.config.client_registration.require_pkce;
    let body = own::settled(body, Origin::Itself, before, require_pkce);
    let read = super::read(body, Abilities::from(cx.config.as_ref()));
    let mut metadata = read.map_err(|message| Error::of_registration("invalid_client_metadata", &message))?;
    let mut problems = own::limit(&mut metadata, &cx.config);
    problems.extend(super::problems(&metadata, Abilities::from(cx.config.as_ref())));
    if problems.is_empty() {
        problems.extend(sector::problem(&cx.outbound, &metadata).await);
    }
    if problems.is_empty() { Ok(metadata) } else { Err(refused(&problems)) }
}

/// OpenID Connect Registration §2: RS256 for who names none, where this server signs with it.
pub(super) fn default_algorithm(cx: &Context, body: &mut ClientInformation) {
    let live = &cx.config.keys.algorithms;
    let default = if live.contains(&Algorithm::RS256) { Some(&Algorithm::RS256) } else { live.first() };
    if let Some(alg) = default {
        body.entry("id_token_signed_response_alg").or_insert_with(|| json!(alg.name()));
    }
}

/// All problems in one answer; its code is that of a redirect URI if one is wrong.
pub(super) fn refused(problems: &[Problem]) -> Error {
    let of_uri = problems.iter().find(|problem| problem.code == "invalid_redirect_uri");
    let code = of_uri.or(problems.first()).map_or("invalid_client_metadata", |problem| problem.code);
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.member, problem.message)).collect();
    Error::of_registration(code, &lines.join("; "))
}

fn registry(cx: &Context) -> Registry<'_> {
    Registry {
        store: &cx.store,
        sealer: &cx.sealer,
        random: cx.random.as_ref(),
        abilities: Abilities::from(cx.config.as_ref()),
        now: cx.now(),
    }
}

/// A registration in the hands of its client.
struct Managed {
    record: ClientRecord,
    metadata: ClientInformation,
    token: OpaqueToken,
}

impl Managed {
    /// `invalid_token` for any other token than the registration's, and for a client that is none: the same answer.
    /// `invalid_client` for one that the operator has disabled (the token is right, so it may know).
    async fn open(cx: &Context, client_id: &str, bearer: Option<&str>) -> Result<Self, Error> {
        let token = bearer.and_then(|text| OpaqueToken::parse(TokenKind::RegistrationAccessToken, text));
        let token = token.ok_or_else(refused_token)?;
        // RFC 6749 appendix A.1; no database is asked for anything else.
        if !client_id.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            return Err(refused_token());
        }
        let registration = cx.store.find_client_registration(client_id).await?;
        let stored = registration.and_then(|registration| registration.token_hash).unwrap_or_default();
        if !token.hash().matches(&stored) {
            return Err(refused_token());
        }
        let record = cx.store.find_client(client_id).await?.ok_or_else(refused_token)?;
        if record.disabled_at.is_some() {
            return Err(Error::invalid_client("the client is disabled"));
        }
        let metadata = serde_json::from_str(&record.metadata).map_err(|error| Error::Internal(Box::new(error)))?;
        Ok(Self { record, metadata, token })
    }

    fn has_secret(&self, secret: &Value) -> bool {
        let stored = self.record.secret_hash.as_deref().unwrap_or_default();
        secret.as_str().is_some_and(|secret| TokenHash::of(secret).matches(stored))
    }
}

fn information(
    cx: &Context,
    record: &ClientRecord,
    secret: Option<&OpaqueToken>,
    token: Option<&OpaqueToken>,
) -> Result<ClientInformation, Error> {
    let mut information = ClientInformation::new();
    let mut add = |name: &str, value: Value| information.insert(name.to_owned(), value);
    add("client_id", json!(record.client_id));
    add("client_id_issued_at", json!(record.created_at / 1000));
    if let Some(secret) = secret {
        add("client_secret", json!(secret.expose()));
    }
    if record.secret_hash.is_some() {
        add("client_secret_expires_at", json!(0));
    }
    if let Some(token) = token {
        add("registration_access_token", json!(token.expose()));
        let uri = cx.config.issuer.endpoint(endpoints::REGISTER);
        add("registration_client_uri", json!(format!("{uri}/{}", record.client_id)));
    }
    let mut metadata: ClientInformation =
        serde_json::from_str(&record.metadata).map_err(|error| Error::Internal(Box::new(error)))?;
    own::keep_said(&mut metadata);
    information.extend(metadata);
    Ok(information)
}
