//! What clients that no operator registered may not decide themselves.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

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

/// What a client says of itself: the metadata that RFCs and OpenID Connect have registered with IANA. Everything else is the
/// operator's, and stays so when a member is added.
const OF_THE_CLIENT: [&str; 45] = [
    "application_type",
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
    "authorization_signed_response_alg",
    "backchannel_logout_session_required",
    "backchannel_logout_uri",
    "client_name",
    "client_uri",
    "contacts",
    "default_acr_values",
    "default_max_age",
    "dpop_bound_access_tokens",
    "frontchannel_logout_session_required",
    "frontchannel_logout_uri",
    "grant_types",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "id_token_signed_response_alg",
    "initiate_login_uri",
    "introspection_signed_response_alg",
    "jwks",
    "jwks_uri",
    "logo_uri",
    "policy_uri",
    "post_logout_redirect_uris",
    "redirect_uris",
    "request_object_signing_alg",
    "require_auth_time",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "response_types",
    "scope",
    "sector_identifier_uri",
    "subject_type",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_subject_dn",
    "tls_client_certificate_bound_access_tokens",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "tos_uri",
    "use_mtls_endpoint_aliases",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "userinfo_signed_response_alg",
];

/// Leaves out what is not the client's to say.
pub(super) fn keep_said(members: &mut Map<String, Value>) {
    members.retain(|name, _| OF_THE_CLIENT.contains(&name.as_str()));
}

/// What the client says, with what is said for it: by the operator in `before`, else by `require_pkce` and the defaults.
pub(super) fn settled(
    mut said: Map<String, Value>,
    origin: Origin,
    before: Option<&Map<String, Value>>,
    require_pkce: bool,
) -> Map<String, Value> {
    keep_said(&mut said);
    let mut members = before.cloned().unwrap_or_default();
    members.retain(|name, _| !OF_THE_CLIENT.contains(&name.as_str()));
    members.entry("require_pkce").or_insert_with(|| json!(require_pkce));
    if said.get("token_endpoint_auth_method").is_some_and(|method| method == "none") {
        members.insert("require_pkce".to_owned(), json!(true));
    }
    members.insert("registered_by".to_owned(), json!(origin));
    members.extend(said);
    members
}

/// The metadata that the operator gives a client. What they change about scopes and grants of one that registered itself is
/// from then on the most that it may give itself.
pub(super) fn by_operator(before: &ClientMetadata, mut after: ClientMetadata) -> ClientMetadata {
    if before.registered_by.is_operator() {
        return after;
    }
    if after.scope != before.scope {
        after.scope_ceiling = Some(after.scope.clone()).filter(|scope| !scope.trim().is_empty());
    }
    if after.grant_types != before.grant_types {
        after.grant_types_ceiling = Some(after.grant_types.clone());
    }
    after
}

/// Leaves out what is beyond the operator's ceilings, if they have set any.
fn below_ceilings(metadata: &mut ClientMetadata, found: &mut Found) {
    if let Some(most) = &metadata.grant_types_ceiling {
        metadata.grant_types.retain(|name| most.contains(name));
        if metadata.grant_types.is_empty() {
            found.metadata("grant_types", "none of these grants is open to this client");
        }
    }
    let (Some(most), Ok(asked)) = (&metadata.scope_ceiling, ScopeSet::parse(&metadata.scope)) else { return };
    // What cannot be read leaves nothing.
    let most = ScopeSet::parse(most).unwrap_or_default();
    let granted = asked.filter(|scope| most.contains(scope));
    if granted.is_empty() {
        found.metadata("scope", "none of these scopes is open to this client");
    }
    metadata.scope = granted.to_string();
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
    below_ceilings(metadata, &mut found);
    found.0
}
