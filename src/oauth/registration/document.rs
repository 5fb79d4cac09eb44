//! Clients that are known by a document of their own (draft-ietf-oauth-client-id-metadata-document): their client_id is the
//! https address where it stands. Fetched when such a client first asks, kept as a row like any other's, fetched again
//! when it may have changed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::{Host, Url};

use super::dynamic::{self, ClientInformation};
use super::own::{self, Origin};
use super::{Abilities, problems, problems_of_change, sector};
use crate::base::Timestamp;
use crate::oauth::client_auth::AuthMethod;
use crate::oauth::grant::GrantType;
use crate::oauth::{Client, ClientMetadata, Context, Error};
use crate::outbound::Limits;
use crate::storage::{ClientRecord, ClientRegistrationRecord, ClientRegistrations as _};

/// Longest client_id that is an address.
const MAX_URL_BYTES: usize = 500;
/// Largest document.
const MAX_DOCUMENT_BYTES: usize = 16 * 1024;
/// A document is kept at least this long, whatever `Cache-Control` says, and at most the other.
const MIN_FRESH: Duration = Duration::from_mins(1);
const MAX_FRESH: Duration = Duration::from_hours(24);
/// Where it says nothing.
const DEFAULT_FRESH: Duration = Duration::from_mins(15);
/// What was believed serves this much longer while its host gives nothing.
const STALE: Duration = Duration::from_hours(24);
/// A document that cannot be used is not looked at again before.
const RETRY: Duration = Duration::from_secs(30);
/// Clients whose documents are remembered.
const MAX_CLIENTS: u64 = 10_000;

/// What is known of documents, by client_id.
pub struct Documents(Cache<String, Arc<Mutex<State>>>);

impl Default for Documents {
    fn default() -> Self {
        Self(Cache::new(MAX_CLIENTS))
    }
}

#[derive(Default)]
struct State {
    fresh_until: Option<Timestamp>,
    /// The last attempt that failed, and what DEV is told of it.
    failed: Option<(Timestamp, String)>,
}

impl Context {
    /// A client that may act now: enabled and, if it is known by a document, of a host that the operator believes.
    pub fn active_client(&self, client_id: &str) -> Option<Arc<Client>> {
        self.clients.get(client_id).filter(|client| !client.disabled && is_allowed(self, client))
    }

    /// As [`Self::active_client`], after a look whether the document of a client that is known by one still makes it a client.
    pub(crate) async fn current_client(&self, client_id: &str, caller: IpAddr) -> Result<Option<Arc<Client>>, Error> {
        match learn(self, client_id, caller).await {
            Ok(()) => Ok(self.active_client(client_id)),
            // What the document says wrong is told at the authorization endpoint; elsewhere it is a client that is none.
            Err(Error::InvalidClient { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn is_allowed(cx: &Context, client: &Client) -> bool {
    client.metadata.registered_by != Origin::Document || address(cx, &client.client_id).is_ok_and(|url| url.is_some())
}

/// Makes the client known whose client_id is the address of its document, or sees whether the document has changed. Does
/// nothing for other clients; an unknown one stays unknown.
///
/// `invalid_client` where the document cannot be used, `TooManyAttempts` for a caller that names too many new ones,
/// `TemporarilyUnavailable` where there are too many of them already.
pub async fn learn(cx: &Context, client_id: &str, caller: IpAddr) -> Result<(), Error> {
    let known = cx.clients.get(client_id);
    if known.as_ref().is_some_and(|client| client.metadata.registered_by != Origin::Document) {
        return Ok(());
    }
    let Some(url) = address(cx, client_id)? else { return Ok(()) };
    let state = cx.documents.0.get_with_by_ref(client_id, Arc::default);
    let mut state = state.lock().await;
    let now = cx.now();
    // Another request may have made it known while this one waited.
    let known = cx.clients.get(client_id).or(known);
    if known.is_some() && state.fresh_until.is_some_and(|until| now < until) {
        return Ok(());
    }
    // A client that this process has not yet seen fresh is served as if it just had been, and no longer.
    let fresh_until = *state.fresh_until.get_or_insert(now);
    let serves = known.is_some() && now < fresh_until.plus(STALE);
    let failed_lately = state.failed.as_ref().filter(|(at, _)| now < at.plus(RETRY));
    let reason = if let Some((_, reason)) = failed_lately {
        reason.clone()
    } else {
        if known.is_none() {
            dynamic::count(cx, caller).await?;
            dynamic::has_room(cx)?;
        }
        match fetch(cx, client_id, &url, known.as_deref()).await {
            Ok((metadata, lifetime)) => {
                save(cx, client_id, &metadata, caller).await?;
                *state = State { fresh_until: Some(now.plus(lifetime)), failed: None };
                return Ok(());
            }
            Err(reason) => {
                tracing::warn!(oauth.client_id = %client_id, %reason, "the client's metadata document cannot be used");
                state.failed = Some((now, reason.clone()));
                reason
            }
        }
    };
    if serves { Ok(()) } else { Err(refused(&reason)) }
}

fn refused(reason: &str) -> Error {
    let shown = |c: char| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') { c } else { '?' };
    let reason: String = reason.chars().map(shown).collect();
    Error::invalid_client(format!("the document at client_id cannot be used: {reason}"))
}

/// `client_id` as the address of a document; `None` where it is no address, or such clients are off. `invalid_client` for an
/// address that no document may have (§3 of the draft), or of a host that the operator does not believe.
fn address(cx: &Context, client_id: &str) -> Result<Option<Url>, Error> {
    let settings = &cx.config.client_id_metadata_documents;
    if !settings.is_on() || !(client_id.starts_with("https://") || client_id.starts_with("http://")) {
        return Ok(None);
    }
    let wrong = |hint: &'static str| Err(Error::invalid_client(hint));
    let Ok(url) = Url::parse(client_id) else { return wrong("client_id is no URL") };
    // One spelling: what a parser would mend (dot segments, case, a default port) names another client.
    if url.as_str() != client_id || client_id.len() > MAX_URL_BYTES {
        return wrong("client_id must be a URL as URLs are written, without dot segments");
    }
    if client_id.contains('#') || !url.username().is_empty() || url.password().is_some() {
        return wrong("client_id must have no fragment and no user info");
    }
    if url.path() == "/" {
        return wrong("client_id must have a path");
    }
    let Some(Host::Domain(host)) = url.host() else { return wrong("the host of client_id must be a name") };
    let is_local = host == "localhost" && cx.config.issuer.is_loopback();
    if url.scheme() != "https" && !is_local {
        return wrong("client_id must be an https URL");
    }
    if !settings.allows(host) {
        return wrong("this server does not take clients of that host");
    }
    Ok(Some(url))
}

async fn fetch(
    cx: &Context,
    client_id: &str,
    url: &Url,
    known: Option<&Client>,
) -> Result<(ClientMetadata, Duration), String> {
    let limits = Limits::of_bytes(MAX_DOCUMENT_BYTES);
    let answer = cx.outbound.get(client_id, limits).await.map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("it answers {}", answer.status));
    }
    let document = super::members(&answer.body)?;
    let lifetime = answer.max_age().unwrap_or(DEFAULT_FRESH).clamp(MIN_FRESH, MAX_FRESH);
    let before = known.map(|client| &client.metadata);
    let metadata = described(cx, client_id, url, document, before)?;
    // OpenID Connect Registration §5: whose sector a client is in is not its own to say.
    if let Some(problem) = sector::problem(&cx.outbound, &metadata).await {
        return Err(format!("{}: {}", problem.member, problem.message));
    }
    Ok((metadata, lifetime))
}

/// The metadata that the document gives the client here.
fn described(
    cx: &Context,
    client_id: &str,
    url: &Url,
    mut document: ClientInformation,
    before: Option<&ClientMetadata>,
) -> Result<ClientMetadata, String> {
    if document.get("client_id").and_then(Value::as_str) != Some(client_id) {
        return Err("its client_id is not its own address".to_owned());
    }
    if document.contains_key("client_secret") || document.contains_key("client_secret_expires_at") {
        return Err("it holds a client_secret, which would be nobody's secret".to_owned());
    }
    document.retain(|_, value| !value.is_null());
    let method = document.entry("token_endpoint_auth_method").or_insert_with(|| json!(AuthMethod::None.name()));
    if ![AuthMethod::None.name(), AuthMethod::PrivateKeyJwt.name()].contains(&method.as_str().unwrap_or_default()) {
        return Err("its token_endpoint_auth_method must be none or private_key_jwt".to_owned());
    }
    dynamic::default_algorithm(cx, &mut document);
    // What the operator has decided about the client stays.
    let kept = before.and_then(|before| serde_json::to_value(before).ok());
    let document = own::settled(document, Origin::Document, kept.as_ref().and_then(Value::as_object), true);
    let mut metadata = super::read(document, Abilities::from(cx.config.as_ref()))?;
    // One document serves every server: what this one does not offer is left out instead of refused.
    let grants = &cx.config.client_registration.grant_types;
    metadata.grant_types.retain(|name| grants.contains(name) && GrantType::from_name(name).is_some());
    metadata.response_types.retain(|name| name == "code");
    // Its home page is its own, or none is shown.
    let is_own = |uri: &String| Url::parse(uri).is_ok_and(|uri| uri.host() == url.host());
    metadata.client_uri = metadata.client_uri.filter(is_own);
    let mut found = own::limit(&mut metadata, &cx.config);
    found.extend(problems(&metadata, Abilities::from(cx.config.as_ref())));
    if let Some(before) = before {
        found.extend(problems_of_change(before, &metadata));
    }
    if found.is_empty() {
        return Ok(metadata);
    }
    let lines: Vec<String> = found.iter().map(|problem| format!("{}: {}", problem.member, problem.message)).collect();
    Err(lines.join("; "))
}

/// Stores what the document says, if it is not what is stored already.
async fn save(cx: &Context, client_id: &str, metadata: &ClientMetadata, caller: IpAddr) -> Result<(), Error> {
    let internal = |error| Error::Internal(Box::new(error));
    let text = serde_json::to_string(metadata).map_err(internal)?;
    if let Some(known) = cx.clients.get(client_id)
        && serde_json::to_string(&known.metadata).map_err(internal)? == text
    {
        return Ok(());
    }
    let now = cx.now();
    let record = ClientRecord {
        client_id: client_id.to_owned(),
        metadata: text,
        secret_hash: None,
        secret_sealed: None,
        disabled_at: None,
        created_at: now.millis(),
        updated_at: now.millis(),
    };
    let registration = ClientRegistrationRecord {
        client_id: client_id.to_owned(),
        token_hash: None,
        address: caller.to_string(),
        created_at: now.millis(),
        last_used_at: None,
        expires_at: now.plus(cx.config.client_registration.unused_ttl.duration()).millis(),
    };
    cx.store.save_document_client(&record, &registration).await?;
    cx.follow_clients().await
}
