use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use serde_json::json;

use super::{Owner, scopes_of_client, scopes_of_people};
use crate::base::{OpaqueToken, Timestamp, TokenHash, TokenKind};
use crate::oauth::context::{AuditSubject, Caller};
use crate::oauth::{Client, Context, Error, RevocationKind, ScopeSet, TokenMarks};
use crate::storage::{ApiKeyRecord, ApiKeys as _};

/// A presented key that is live, with what it may do as of now. Only [`Context::verify_api_key`] makes one.
#[derive(Debug)]
pub struct ApiKey {
    known: Arc<Known>,
    scope: ScopeSet,
    issuer: String,
}

/// A key as the database had it at `read_at`.
#[derive(Debug)]
struct Known {
    id: String,
    owner: Owner,
    scope: ScopeSet,
    created_at: Timestamp,
    expires_at: Timestamp,
    read_at: Timestamp,
}

/// Keys that were found before, by SHA-256 of the key, and uses that are not written yet.
///
/// What was found holds until a revocation names the key, or something happened to its owner since: then the database
/// is asked again. Hence a revoked key, or one of a disabled owner, ends on all instances as access tokens do.
pub struct KnownApiKeys {
    keys: Cache<[u8; 32], Arc<Known>>,
    uses: Mutex<HashMap<String, i64>>,
}

const KNOWN_KEYS: u64 = 20_000;
/// Shorter than any revocation is kept.
const KNOWN_FOR: Duration = Duration::from_mins(1);
/// An end is dated before it is committed, by a clock that may be another: what was read this much later may not have
/// seen it.
const LATE_COMMIT: Duration = Duration::from_secs(10);

impl Default for KnownApiKeys {
    fn default() -> Self {
        Self { keys: Cache::new(KNOWN_KEYS), uses: Mutex::default() }
    }
}

impl ApiKey {
    pub fn id(&self) -> &str {
        &self.known.id
    }

    pub fn owner(&self) -> &Owner {
        &self.known.owner
    }

    /// The person it stands for; `None` where it is a service's.
    pub fn user_id(&self) -> Option<&str> {
        match &self.known.owner {
            Owner::Person(id) => Some(id),
            Owner::Client(_) => None,
        }
    }

    /// What it was given, without what its owner has lost since.
    pub fn scope(&self) -> &ScopeSet {
        &self.scope
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    pub fn created_at(&self) -> Timestamp {
        self.known.created_at
    }

    pub fn expires_at(&self) -> Timestamp {
        self.known.expires_at
    }

    /// When the database was last asked about it.
    pub(in crate::oauth) fn read_at(&self) -> Timestamp {
        self.known.read_at
    }

    /// Every resource server may be handed a key; a service may ask about its own.
    pub fn may_be_seen_by(&self, client: &Client) -> bool {
        client.metadata.resource_server
            || matches!(&self.known.owner, Owner::Client(owner) if *owner == client.client_id)
    }
}

impl Known {
    fn of(record: ApiKeyRecord, read_at: Timestamp) -> Option<Self> {
        Some(Self {
            owner: Owner::of(&record)?,
            id: record.id,
            scope: ScopeSet::parse(&record.scope).ok()?,
            created_at: Timestamp::from_millis(record.created_at),
            expires_at: Timestamp::from_millis(record.expires_at),
            read_at,
        })
    }

    /// Whether the database need not be asked again.
    fn holds(&self, cx: &Context) -> bool {
        let now = cx.now();
        self.expires_at > now && self.read_at.plus(KNOWN_FOR) > now && !cx.revocations.is_void(&self.marks())
    }

    fn marks(&self) -> TokenMarks<'_> {
        let (client_id, user_id) = match &self.owner {
            Owner::Person(id) => ("", Some(id.as_str())),
            Owner::Client(id) => (id.as_str(), None),
        };
        let issued = self.read_at.minus(LATE_COMMIT);
        TokenMarks { jti: "", issued, client_id, user_id, family: Some(&self.id), sid: None }
    }
}

impl Context {
    /// Checks an API key, and notes its use. `None` for whatever is not one, expired, revoked, or of an owner who is
    /// disabled.
    pub async fn verify_api_key(&self, text: &str) -> Result<Option<ApiKey>, Error> {
        if !self.config.api_keys.enabled {
            return Ok(None);
        }
        let Some(token) = OpaqueToken::parse(TokenKind::ApiKey, text) else { return Ok(None) };
        let hash = token.hash();
        let remembered = self.api_keys.keys.get(hash.array()).filter(|known| known.holds(self));
        let known = match remembered {
            Some(known) => known,
            None => match self.read_api_key(&token, &hash).await? {
                Some(known) => known,
                None => return Ok(None),
            },
        };
        let allowed = match &known.owner {
            Owner::Person(_) => scopes_of_people(&self.config),
            Owner::Client(client_id) => match self.active_client(client_id) {
                Some(client) => scopes_of_client(&client),
                None => return Ok(None),
            },
        };
        self.api_keys.note_use(&known.id, self.now());
        let scope = known.scope.filter(|scope| allowed.contains(scope));
        Ok(Some(ApiKey { known, scope, issuer: self.config.issuer.as_str().to_owned() }))
    }

    async fn read_api_key(&self, token: &OpaqueToken, hash: &TokenHash) -> Result<Option<Arc<Known>>, Error> {
        let now = self.now();
        let found = self.store.find_live_api_key(&token.id.to_string(), hash.as_bytes(), now.millis()).await?;
        let Some(known) = found.and_then(|record| Known::of(record, now)).map(Arc::new) else {
            self.api_keys.keys.invalidate(hash.array());
            return Ok(None);
        };
        self.api_keys.keys.insert(*hash.array(), Arc::clone(&known));
        Ok(Some(known))
    }

    /// Revokes a key, here at once and elsewhere with the next poll; with `user_id` only when it is that person's.
    /// `by` tells the audit log who did it. False when there is nothing to revoke.
    pub async fn revoke_api_key(
        &self,
        id: &str,
        user_id: Option<&str>,
        by: &str,
        caller: Caller<'_>,
    ) -> Result<bool, Error> {
        let now = self.now();
        let expires_at = self.revocation_expires_at(now);
        let revoked = self.store.revoke_api_key(id, user_id, now.millis(), expires_at.millis()).await?;
        let Some(record) = revoked else { return Ok(false) };
        self.revocations.apply(RevocationKind::Family, id, now, expires_at);
        let about = AuditSubject {
            user_id: record.user_id.as_deref(),
            client_id: record.client_id.as_deref(),
            session_id: None,
        };
        let details = json!({ "api_key_id": record.id, "prefix": record.prefix, "by": by });
        self.audit("api_key_revoked", about, caller, &details);
        Ok(true)
    }

    /// Writes the last uses that were noted since the last time.
    pub async fn write_api_key_uses(&self) -> Result<(), Error> {
        let uses = self.api_keys.take_uses();
        if uses.is_empty() {
            return Ok(());
        }
        let outcome = self.store.touch_api_keys(&uses).await;
        if outcome.is_err() {
            for (id, at) in &uses {
                self.api_keys.note_use(id, Timestamp::from_millis(*at));
            }
        }
        Ok(outcome?)
    }
}

impl KnownApiKeys {
    fn note_use(&self, id: &str, now: Timestamp) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = uses.get_mut(id) {
            *last = now.millis().max(*last);
        } else {
            uses.insert(id.to_owned(), now.millis());
        }
    }

    /// In the order of ids, so that instances that write at once take the rows' locks in one order.
    fn take_uses(&self) -> Vec<(String, i64)> {
        let uses = std::mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner));
        let mut uses: Vec<_> = uses.into_iter().collect();
        uses.sort_unstable();
        uses
    }
}
