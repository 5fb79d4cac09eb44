//! API keys: long-lived secrets of a person or a service client, for programs that cannot do more than send one string.
//!
//! A key opens nothing here. A resource server that is handed one asks about it (RFC 7662), or the program exchanges it
//! for a short-lived access token (RFC 8693).

mod known;
mod registry;

pub use known::{ApiKey, KnownApiKeys};
pub use registry::{ApiKeyError, ApiKeys, MadeApiKey, NewApiKey};

use super::client::STANDARD_SCOPES;
use super::{Client, ScopeSet};
use crate::base::TokenKind;
use crate::config::Config;
use crate::storage::ApiKeyRecord;

/// Whose a key is: it never reaches further than its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// By user id.
    Person(String),
    /// By client_id.
    Client(String),
}

impl Owner {
    /// The `sub` of what the key stands for.
    pub fn id(&self) -> &str {
        match self {
            Self::Person(id) | Self::Client(id) => id,
        }
    }

    /// `None` for a row without owner, which the schema does not let be.
    pub fn of(record: &ApiKeyRecord) -> Option<Self> {
        let person = record.user_id.clone().map(Self::Person);
        person.or_else(|| record.client_id.clone().map(Self::Client))
    }
}

/// Whether `text` claims to be an API key.
pub fn has_form(text: &str) -> bool {
    text.starts_with(TokenKind::ApiKey.prefix())
}

/// What a person may give a key.
pub fn scopes_of_people(config: &Config) -> ScopeSet {
    let standard = STANDARD_SCOPES.into_iter().filter(|scope| *scope != "offline_access");
    standard.chain(config.api_keys.scopes.iter().map(String::as_str)).collect()
}

/// What a service may give a key: what it may ask for itself, without the scopes that are about a person.
pub fn scopes_of_client(client: &Client) -> ScopeSet {
    client.scope.filter(|scope| !STANDARD_SCOPES.contains(&scope))
}
