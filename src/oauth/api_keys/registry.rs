use std::time::Duration;

use uuid::Uuid;

use super::{Owner, scopes_of_client, scopes_of_people};
use crate::base::{OpaqueToken, Random, Timestamp, TokenKind};
use crate::config::Config;
use crate::oauth::{Client, ScopeSet};
use crate::storage::{self, ApiKeyRecord, ApiKeys as _, Clients as _, Store};

/// Makes and lists keys, for the web and for the command line.
#[derive(Clone, Copy)]
pub struct ApiKeys<'a> {
    pub store: &'a Store,
    pub config: &'a Config,
    pub random: &'a dyn Random,
    pub now: Timestamp,
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// By [`ApiKeys::draw_id`]; one that is there already is a `Conflict`, so that a form sent twice makes one key.
    pub id: Uuid,
    pub owner: Owner,
    /// For a person who makes it: `tokens_not_before` as their session has it. When it is another by now, no key is made.
    pub as_of: Option<i64>,
    /// What its owner calls it.
    pub name: String,
    /// Space-separated.
    pub scope: String,
    pub lifetime: Duration,
}

/// A new key: what is listed from now on, and the key itself, for the one answer that shows it.
#[derive(Debug)]
pub struct MadeApiKey {
    pub record: ApiKeyRecord,
    pub key: OpaqueToken,
}

/// Why no key was made; the text is for whoever asked for it.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    #[error("API keys are switched off here (api_keys.enabled)")]
    Off,
    #[error("a key needs a name of 1 to 100 characters in one line")]
    Name,
    #[error("a key needs at least one scope")]
    NoScope,
    #[error("the scope is malformed: {0}")]
    Malformed(String),
    #[error("{excess} goes beyond what the owner may give a key; that is: {allowed}")]
    Scope { excess: ScopeSet, allowed: ScopeSet },
    #[error("a key lives for {max_days} days at most")]
    Lifetime { max_days: u64 },
    #[error("the owner has {limit} keys already; revoke one first")]
    TooMany { limit: u32 },
    #[error("there is no enabled client {0}")]
    UnknownClient(String),
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

const MAX_NAME_CHARS: usize = 100;
/// How much of a key is kept to know it by.
const PREFIX_CHARS: usize = 12;

impl ApiKeys<'_> {
    /// Random and not by time: the first characters, by which a key is known again, would be alike for hours.
    pub fn draw_id(&self) -> Uuid {
        let mut bytes = [0_u8; 16];
        self.random.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// Makes a key.
    pub async fn create(&self, new: NewApiKey) -> Result<MadeApiKey, ApiKeyError> {
        let settings = &self.config.api_keys;
        if !settings.enabled {
            return Err(ApiKeyError::Off);
        }
        let name = new.name.trim();
        if !(1..=MAX_NAME_CHARS).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(ApiKeyError::Name);
        }
        let scope = self.bounded(&new).await?;
        if new.lifetime.is_zero() || new.lifetime > settings.max_ttl.duration() {
            return Err(ApiKeyError::Lifetime { max_days: settings.max_ttl.as_secs() / 86400 });
        }
        let key = OpaqueToken::generate(TokenKind::ApiKey, new.id, self.random);
        let (user_id, client_id) = match new.owner {
            Owner::Person(id) => (Some(id), None),
            Owner::Client(id) => (None, Some(id)),
        };
        let record = ApiKeyRecord {
            id: new.id.to_string(),
            secret_hash: key.hash().as_bytes().to_vec(),
            prefix: key.expose().chars().take(PREFIX_CHARS).collect(),
            name: name.to_owned(),
            scope: scope.to_string(),
            user_id,
            client_id,
            created_at: self.now.millis(),
            expires_at: self.now.plus(new.lifetime).millis(),
            last_used_at: None,
            revoked_at: None,
        };
        if self.store.insert_api_key(&record, new.as_of, i64::from(settings.max_per_owner)).await? {
            Ok(MadeApiKey { record, key })
        } else {
            Err(ApiKeyError::TooMany { limit: settings.max_per_owner })
        }
    }

    async fn bounded(&self, new: &NewApiKey) -> Result<ScopeSet, ApiKeyError> {
        let scope = ScopeSet::parse(&new.scope).map_err(|error| ApiKeyError::Malformed(error.to_string()))?;
        if scope.is_empty() {
            return Err(ApiKeyError::NoScope);
        }
        let allowed = match &new.owner {
            Owner::Person(_) => scopes_of_people(self.config),
            Owner::Client(client_id) => {
                let unknown = || ApiKeyError::UnknownClient(client_id.clone());
                let record = self.store.find_client(client_id).await?.ok_or_else(unknown)?;
                let client = Client::from_record(&record).ok().filter(|client| !client.disabled);
                scopes_of_client(&client.ok_or_else(unknown)?)
            }
        };
        let excess = scope.without(&allowed);
        if excess.is_empty() { Ok(scope) } else { Err(ApiKeyError::Scope { excess, allowed }) }
    }

    /// The owner's keys that are not revoked, newest first.
    pub async fn list(&self, owner: &Owner) -> storage::Result<Vec<ApiKeyRecord>> {
        match owner {
            Owner::Person(user_id) => self.store.list_api_keys_of_user(user_id).await,
            Owner::Client(client_id) => self.store.list_api_keys_of_client(client_id).await,
        }
    }
}
