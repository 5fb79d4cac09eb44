//! What clients that no operator registered may not decide themselves.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Found, Problem};
use crate::config::Config;
use crate::oauth::client::STANDARD_SCOPES;
use crate::oauth::grant::GrantType;
use crate::oauth::{ClientMetadata, ScopeSet};

/// Who registered a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    #[default]
    Operator,
    /// By the registration endpoint.
    Itself,
    /// By its client id metadata document.
    Document,
}

impl Origin {
    pub fn is_operator(&self) -> bool {
        *self == Self::Operator
    }
}

/// Members that are the operator's, or this server's answer.
const MEMBERS: [&str; 12] = [
    "access_token_format",
    "require_pkce",
    "skip_consent",
    "resource_server",
    "allow_token_endpoint_audience",
    "registered_by",
    "client_id",
    "client_secret",
    "client_id_issued_at",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
];

/// Leaves out what is not the client's to say.
pub(super) fn remove(members: &mut Map<String, Value>) {
    members.retain(|name, _| !MEMBERS.contains(&name.as_str()));
}

/// Puts in what is said for it: by the operator `before`, else the default.
pub(super) fn settle(
    metadata: &mut ClientMetadata,
    origin: Origin,
    before: Option<&ClientMetadata>,
    require_pkce: bool,
) {
    let is_public = metadata.token_endpoint_auth_method == "none";
    let default = ClientMetadata { require_pkce, ..ClientMetadata::default() };
    let said = before.unwrap_or(&default);
    metadata.access_token_format = said.access_token_format;
    metadata.require_pkce = said.require_pkce || is_public;
    metadata.skip_consent = said.skip_consent;
    metadata.resource_server = said.resource_server;
    metadata.allow_token_endpoint_audience = said.allow_token_endpoint_audience;
    metadata.registered_by = origin;
}

/// Keeps grants and scopes within what such clients may have. Scopes beyond are left out, since a client asks for what it
/// knows (RFC 7591 §2); none left is a problem.
pub(super) fn limit(metadata: &mut ClientMetadata, config: &Config) -> Vec<Problem> {
    let settings = &config.client_registration;
    let mut found = Found(Vec::new());
    for name in &metadata.grant_types {
        if !settings.grant_types.contains(name) && GrantType::from_name(name).is_some() {
            let may = settings.grant_types.join(", ");
            found.metadata("grant_types", format!("a client that registers itself may have {may}"));
        }
    }
    let may_ask = |scope: &str| match settings.scopes.as_slice() {
        [] => STANDARD_SCOPES.contains(&scope) || config.metadata.scopes.contains_key(scope),
        scopes => scopes.iter().any(|allowed| allowed == scope),
    };
    match ScopeSet::parse(&metadata.scope) {
        // The general check names it.
        Err(_) => {}
        Ok(asked) if asked.is_empty() => {
            let all = match settings.scopes.as_slice() {
                [] => STANDARD_SCOPES
                    .iter()
                    .map(ToString::to_string)
                    .chain(config.metadata.scopes.keys().cloned())
                    .collect(),
                scopes => scopes.to_vec(),
            };
            let may_refresh = metadata.grant_types.iter().any(|grant| grant == "refresh_token");
            let all: Vec<String> = all.into_iter().filter(|scope| may_refresh || scope != "offline_access").collect();
            metadata.scope = all.join(" ");
        }
        Ok(asked) => {
            let granted = asked.filter(may_ask);
            if granted.is_empty() {
                found.metadata("scope", "none of these scopes is open to clients that register themselves");
            }
            metadata.scope = granted.to_string();
        }
    }
    found.0
}
