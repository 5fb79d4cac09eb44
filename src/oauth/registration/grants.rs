use super::{Found, printable};
use crate::oauth::ClientMetadata;
use crate::oauth::client_auth::AuthMethod;
use crate::oauth::grant::GrantType;

/// Grants, and what they need.
pub(super) fn grants(metadata: &ClientMetadata, found: &mut Found) {
    let uses = |grant: GrantType| metadata.grant_types.iter().any(|name| name == grant.name());
    for name in &metadata.grant_types {
        if GrantType::from_name(name).is_none() {
            let known: Vec<&str> = GrantType::ALL.into_iter().map(GrantType::name).collect();
            found.metadata("grant_types", format!("{} is none of {}", printable(name), known.join(", ")));
        }
    }
    if metadata.response_types.iter().any(|name| name != "code") {
        found.metadata("response_types", "only code is supported");
    }
    if uses(GrantType::AuthorizationCode) && metadata.response_types.is_empty() {
        found.metadata("response_types", "authorization_code needs code");
    }
    if uses(GrantType::AuthorizationCode) && metadata.redirect_uris.is_empty() {
        found.redirect_uri("redirect_uris", "authorization_code needs at least one");
    }
    if uses(GrantType::RefreshToken) && !uses(GrantType::AuthorizationCode) && !uses(GrantType::DeviceCode) {
        found.metadata("grant_types", "refresh_token needs a grant that gives refresh tokens");
    }
    let is_public = metadata.token_endpoint_auth_method == AuthMethod::None.name();
    if uses(GrantType::ClientCredentials) && is_public {
        found.metadata("grant_types", "client_credentials needs a client that authenticates");
    }
    if is_public && metadata.resource_server {
        found.metadata("resource_server", "introspection needs a client that authenticates");
    }
    if is_public && !metadata.require_pkce {
        found.metadata("require_pkce", "a public client cannot be exempted");
    }
    if !matches!(metadata.application_type.as_str(), "web" | "native") {
        found.metadata("application_type", "must be web or native");
    }
}
