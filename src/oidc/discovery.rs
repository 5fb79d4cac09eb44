//! The metadata document (OpenID Connect Discovery §3, RFC 8414 §2), written from the tables that requests are served by.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::claims::STANDARD_CLAIMS;
use crate::base::TokenHash;
use crate::config::{Algorithm, ClientRegistrationMode, Config};
use crate::jose::{ContentEncryption, ForeignAlgorithm, KeyManagement};
use crate::oauth::client::STANDARD_SCOPES;
use crate::oauth::client_auth::{AuthMethod, Endpoint};
use crate::oauth::endpoints;
use crate::oauth::grant::GrantType;
use crate::oauth::pkce::CHALLENGE_METHODS;
use crate::oauth::{IdTokenAlgorithm, SubjectType};

/// What the document tells of other parts of the program.
pub struct Offered<'a> {
    pub id_token_algorithms: &'a [Algorithm],
    pub ui_locales: &'a [&'a str],
    pub acr_values: &'a [&'a str],
    pub response_types: &'a [&'a str],
    pub response_modes: &'a [&'a str],
    pub prompt_values: &'a [&'a str],
}

/// A document as it goes over the wire.
pub struct Rendered {
    pub body: String,
    /// A strong entity tag, quotes included.
    pub etag: String,
}

/// Claims that tokens carry besides those about a person.
const TOKEN_CLAIMS: [&str; 9] = ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid"];

/// Writes the document; both well-known addresses serve the same.
pub fn render(config: &Config, offered: &Offered<'_>) -> Rendered {
    let body = Value::Object(document(config, offered)).to_string();
    let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(TokenHash::of(&body).as_bytes()));
    Rendered { body, etag }
}

fn document(config: &Config, offered: &Offered<'_>) -> Map<String, Value> {
    let issuer = &config.issuer;
    let extra_scopes = config.metadata.scopes.keys().map(String::as_str);
    let scopes: Vec<&str> = STANDARD_SCOPES.into_iter().chain(extra_scopes).collect();
    let claims: Vec<&str> = TOKEN_CLAIMS.into_iter().chain(STANDARD_CLAIMS.iter().map(|claim| claim.name)).collect();
    // Metadata for response types with an id_token names it (OpenID Connect Registration §2); the token endpoint has none.
    let implicit = offered.response_types.iter().any(|name| name.contains("id_token")).then_some("implicit");
    let grants: Vec<&str> = GrantType::offered(config).map(GrantType::name).chain(implicit).collect();
    let methods = |endpoint: Endpoint| json!(endpoint.methods().map(AuthMethod::name).collect::<Vec<_>>());
    let algorithms = |endpoint: Endpoint| json!(endpoint.algorithms().map(ForeignAlgorithm::name).collect::<Vec<_>>());
    let signing: Vec<&str> = offered.id_token_algorithms.iter().map(|alg| alg.name()).collect();
    let unsigned = config.tokens.unsigned_id_tokens.then_some(IdTokenAlgorithm::UNSIGNED);
    let id_token_algorithms: Vec<&str> = signing.iter().copied().chain(unsigned).collect();
    let key_management = KeyManagement::ALL.map(KeyManagement::name);
    let content_encryption = ContentEncryption::ALL.map(ContentEncryption::name);

    let members = [
        ("issuer", json!(issuer.as_str())),
        ("authorization_endpoint", json!(issuer.endpoint(endpoints::AUTHORIZE))),
        ("token_endpoint", json!(issuer.endpoint(endpoints::TOKEN))),
        ("userinfo_endpoint", json!(issuer.endpoint(endpoints::USERINFO))),
        ("jwks_uri", json!(issuer.endpoint(endpoints::JWKS))),
        ("introspection_endpoint", json!(issuer.endpoint(endpoints::INTROSPECT))),
        ("revocation_endpoint", json!(issuer.endpoint(endpoints::REVOKE))),
        ("revocation_list_endpoint", json!(issuer.endpoint(endpoints::REVOCATIONS))),
        ("device_authorization_endpoint", json!(issuer.endpoint(endpoints::DEVICE_AUTHORIZATION))),
        ("end_session_endpoint", json!(issuer.endpoint(endpoints::LOGOUT))),
        ("scopes_supported", json!(scopes)),
        ("response_types_supported", json!(offered.response_types)),
        ("response_modes_supported", json!(offered.response_modes)),
        ("grant_types_supported", json!(grants)),
        ("subject_types_supported", json!(SubjectType::SUPPORTED.map(SubjectType::name))),
        ("id_token_signing_alg_values_supported", json!(id_token_algorithms)),
        ("id_token_encryption_alg_values_supported", json!(key_management)),
        ("id_token_encryption_enc_values_supported", json!(content_encryption)),
        ("userinfo_signing_alg_values_supported", json!(signing)),
        ("userinfo_encryption_alg_values_supported", json!(key_management)),
        ("userinfo_encryption_enc_values_supported", json!(content_encryption)),
        ("token_endpoint_auth_methods_supported", methods(Endpoint::Token)),
        ("token_endpoint_auth_signing_alg_values_supported", algorithms(Endpoint::Token)),
        ("introspection_endpoint_auth_methods_supported", methods(Endpoint::Introspection)),
        ("introspection_endpoint_auth_signing_alg_values_supported", algorithms(Endpoint::Introspection)),
        ("revocation_endpoint_auth_methods_supported", methods(Endpoint::Revocation)),
        ("revocation_endpoint_auth_signing_alg_values_supported", algorithms(Endpoint::Revocation)),
        ("code_challenge_methods_supported", json!(CHALLENGE_METHODS)),
        ("claims_supported", json!(claims)),
        ("claim_types_supported", json!(["normal"])),
        ("claims_parameter_supported", json!(true)),
        ("request_parameter_supported", json!(false)),
        ("request_uri_parameter_supported", json!(false)),
        ("authorization_response_iss_parameter_supported", json!(true)),
        ("acr_values_supported", json!(offered.acr_values)),
        ("prompt_values_supported", json!(offered.prompt_values)),
        ("ui_locales_supported", json!(offered.ui_locales)),
        ("backchannel_logout_supported", json!(true)),
        ("backchannel_logout_session_supported", json!(true)),
        ("frontchannel_logout_supported", json!(true)),
        ("frontchannel_logout_session_supported", json!(true)),
    ];
    let mut document: Map<String, Value> = members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
    if config.sessions.check_session_iframe {
        document.insert("check_session_iframe".to_owned(), json!(issuer.endpoint(endpoints::CHECK_SESSION)));
    }
    if config.client_registration.mode != ClientRegistrationMode::Off {
        document.insert("registration_endpoint".to_owned(), json!(issuer.endpoint(endpoints::REGISTER)));
    }
    if config.client_id_metadata_documents.is_on() {
        document.insert("client_id_metadata_document_supported".to_owned(), json!(true));
    }
    let links = [
        ("service_documentation", &config.metadata.service_documentation),
        ("op_policy_uri", &config.metadata.op_policy_uri),
        ("op_tos_uri", &config.metadata.op_tos_uri),
    ];
    for (name, url) in links {
        if let Some(url) = url {
            document.insert(name.to_owned(), json!(url.as_str()));
        }
    }
    document
}
