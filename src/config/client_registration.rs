use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Ttl;

/// `[client_registration]`: clients that register themselves (RFC 7591, OpenID Connect Registration).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientRegistration {
    /// Who may: `off` nobody, `initial_access_token` whoever holds a token made by `portcullis client
    /// initial-access-token create`, `open` everybody.
    pub mode: ClientRegistrationMode,
    /// Grants that such a client may register for.
    pub grant_types: Vec<String>,
    /// Scopes that such a client may ask for; empty means those that the discovery document lists.
    pub scopes: Vec<String>,
    /// Whether such a client must send a code challenge also when it is confidential.
    pub require_pkce: bool,
    /// Registrations of one address (IPv6: its /64) within an hour before delays begin; those by token are not counted.
    pub registrations_per_address: u32,
    /// Clients that nobody vouches for, by registration or by document, of which there may be so many; then no more are
    /// taken until some have gone. Those registered with a token are always taken.
    pub max_clients: u32,
    /// A client that has never been used goes after this time. Seconds; 7 days.
    pub unused_ttl: Ttl,
    /// A client goes when it has not been used for this long. Seconds; 180 days.
    pub idle_ttl: Ttl,
    /// Issuers whose software statements are accepted, each with the file of its JWK Set. Without any every statement is
    /// refused.
    pub software_statement_issuers: BTreeMap<String, PathBuf>,
}

impl Default for ClientRegistration {
    fn default() -> Self {
        Self {
            mode: ClientRegistrationMode::Off,
            grant_types: vec!["authorization_code".to_owned(), "refresh_token".to_owned()],
            scopes: Vec::new(),
            require_pkce: true,
            registrations_per_address: 100,
            max_clients: 10_000,
            unused_ttl: Ttl::days(7),
            idle_ttl: Ttl::days(180),
            software_statement_issuers: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientRegistrationMode {
    #[default]
    Off,
    InitialAccessToken,
    Open,
}
