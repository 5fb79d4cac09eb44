use super::Found;
use super::uris::is_fetchable;
use crate::jose::ForeignKeys;
use crate::oauth::ClientMetadata;
use crate::oauth::client_auth::AuthMethod;

/// How the client proves itself, and the keys it does it with.
pub(super) fn authentication(metadata: &ClientMetadata, found: &mut Found) {
    let Some(method) = AuthMethod::from_name(&metadata.token_endpoint_auth_method) else {
        let known: Vec<&str> = AuthMethod::ALL.into_iter().map(AuthMethod::name).collect();
        found.metadata("token_endpoint_auth_method", format!("must be one of {}", known.join(", ")));
        return;
    };
    if let Some(uri) = &metadata.jwks_uri {
        if !is_fetchable(uri) {
            found.metadata("jwks_uri", "must be an https URL");
        }
        if metadata.jwks.is_some() {
            found.metadata("jwks_uri", "keys are given as jwks or by jwks_uri, not both (RFC 7591 2)");
        }
    }
    let keys = metadata.jwks.as_ref().map_or_else(|| Ok(ForeignKeys::default()), ForeignKeys::parse);
    if let Err(error) = &keys {
        found.metadata("jwks", error.clone());
    }
    let alg = metadata.token_endpoint_auth_signing_alg.as_deref();
    let allowed = method.algorithms().iter().copied().filter(|allowed| alg.is_none_or(|alg| alg == allowed.name()));
    if alg.is_some() && allowed.clone().next().is_none() {
        let names: Vec<&str> = method.algorithms().iter().map(|alg| alg.name()).collect();
        let message = if names.is_empty() {
            "this method signs nothing".to_owned()
        } else {
            format!("must be one of {}", names.join(", "))
        };
        found.metadata("token_endpoint_auth_signing_alg", message);
    } else if let Ok(keys) = keys
        && method == AuthMethod::PrivateKeyJwt
        && metadata.jwks_uri.is_none()
        && !allowed.clone().any(|alg| keys.supports(alg))
    {
        found.metadata("jwks", "private_key_jwt needs a public signature key for its algorithm, or jwks_uri");
    }
}
