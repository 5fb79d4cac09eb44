use super::{Found, printable};
use crate::oauth::ClientMetadata;
use crate::oauth::authorize::ResponseType;
use crate::oauth::client_auth::AuthMethod;
use crate::oauth::grant::GrantType;

/// What OpenID Connect Registration §2 wants named beside `authorization_code` for response types with an id_token. It is
/// no grant of the token endpoint, and alone it allows nothing here.
const IMPLICIT: &str = "implicit";

/// Grants, and what they need.
pub(super) fn grants(metadata: &ClientMetadata, found: &mut Found) {
    let uses = |grant: GrantType| metadata.grant_types.iter().any(|name| name == grant.name());
    for name in &metadata.grant_types {
        if GrantType::from_name(name).is_none() && name != IMPLICIT {
            let known: Vec<&str> = GrantType::ALL.into_iter().map(GrantType::name).collect();
            found.metadata("grant_types", format!("{} is none of {}", printable(name), known.join(", ")));
        }
    }
    response_types(metadata, found);
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

fn response_types(metadata: &ClientMetadata, found: &mut Found) {
    let uses_code = metadata.grant_types.iter().any(|name| name == GrantType::AuthorizationCode.name());
    let registered = || metadata.response_types.iter().filter_map(|name| ResponseType::from_name(name));
    if metadata.grant_types.iter().any(|name| name == IMPLICIT) && !registered().any(ResponseType::gives_id_token) {
        found.metadata("grant_types", "implicit has a meaning only beside the response type code id_token");
    }
    if registered().count() < metadata.response_types.len() {
        let known = ResponseType::SUPPORTED.map(ResponseType::name).join(", ");
        found.metadata("response_types", format!("only these are supported: {known}"));
        return;
    }
    let gives_code = registered().any(ResponseType::gives_code);
    if uses_code && !gives_code {
        found.metadata("response_types", "authorization_code needs code");
    }
    if !uses_code && registered().any(ResponseType::gives_id_token) {
        found.metadata("grant_types", "the response type code id_token needs authorization_code");
    }
}
