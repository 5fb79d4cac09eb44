use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::authorize::ResponseType;
use super::grant::GrantType;
use super::registration::Origin;
use super::{IdTokenAlgorithm, ScopeSet, SubjectType};
use crate::config::Algorithm;
use crate::jose::{ContentEncryption, ForeignKeys, KeyManagement};
use crate::storage::ClientRecord;

/// The scopes that OpenID Connect Core defines (§5.4, §11).
pub const STANDARD_SCOPES: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

/// Client metadata as RFC 7591 §2 and OpenID Connect Registration §2 name it: the same keys in the file, the CLI's JSON,
/// the database and the registration API. Unknown members are ignored (RFC 7591 §2).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// Matched byte for byte; the port of a loopback IP literal of a native client alone is free (RFC 8252 §7.3).
    pub redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    pub grant_types: Vec<String>,
    pub response_types: Vec<String>,
    /// Space-separated; what the client may ask for. Empty: the standard OpenID scopes for clients with users, nothing
    /// for service clients.
    pub scope: String,
    pub token_endpoint_auth_method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<String>,
    /// `web` or `native` (OpenID Connect Registration §2).
    pub application_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    pub subject_type: SubjectType,
    /// Whose host names the sector of a pairwise client, in place of that of its redirect URIs (§8.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    pub id_token_signed_response_alg: IdTokenAlgorithm,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_alg: Option<KeyManagement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<ContentEncryption>,
    /// Without one userinfo answers in JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<Algorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_alg: Option<KeyManagement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_enc: Option<ContentEncryption>,
    /// Kept for the day when request objects are accepted; until then all are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u64>,
    pub require_auth_time: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    /// Told by the server itself when a session ends (OpenID Connect Back-Channel Logout §2.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub backchannel_logout_session_required: bool,
    /// Opened in a frame of the page that says that one is signed out (OpenID Connect Front-Channel Logout §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// Adds `iss` and `sid` to that URI.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub frontchannel_logout_session_required: bool,
    // Ours, beyond the RFCs.
    /// `jwt` (RFC 9068) or `opaque`.
    pub access_token_format: AccessTokenFormat,
    /// False exempts a confidential client from sending a code challenge; public clients always must.
    pub require_pkce: bool,
    /// People sign in to this client with two factors, or do not.
    pub require_mfa: bool,
    /// The operator answers for this client: no consent page.
    pub skip_consent: bool,
    /// A resource server: its client_id is a resource that tokens may be asked for (RFC 8707). It may introspect the tokens
    /// for it, and those of every client for the issuer.
    pub resource_server: bool,
    /// Further resources of a resource server (RFC 8707 §2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_uris: Vec<String>,
    /// Accepts a client assertion whose `aud` is the token endpoint, for old libraries.
    pub allow_token_endpoint_audience: bool,
    #[serde(skip_serializing_if = "Origin::is_operator")]
    pub registered_by: Origin,
    /// Of a client that registered itself: the scopes that the operator has left it, beyond which it asks in vain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_ceiling: Option<String>,
    /// The same for its grants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types_ceiling: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessTokenFormat {
    #[default]
    Jwt,
    Opaque,
}

impl Default for ClientMetadata {
    fn default() -> Self {
        Self {
            client_name: None,
            client_uri: None,
            logo_uri: None,
            policy_uri: None,
            tos_uri: None,
            contacts: Vec::new(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            grant_types: vec!["authorization_code".to_owned()],
            response_types: vec!["code".to_owned()],
            scope: String::new(),
            token_endpoint_auth_method: "client_secret_basic".to_owned(),
            token_endpoint_auth_signing_alg: None,
            application_type: "web".to_owned(),
            jwks: None,
            jwks_uri: None,
            subject_type: SubjectType::Public,
            sector_identifier_uri: None,
            id_token_signed_response_alg: IdTokenAlgorithm::Signed(Algorithm::ES256),
            id_token_encrypted_response_alg: None,
            id_token_encrypted_response_enc: None,
            userinfo_signed_response_alg: None,
            userinfo_encrypted_response_alg: None,
            userinfo_encrypted_response_enc: None,
            request_object_signing_alg: None,
            default_max_age: None,
            require_auth_time: false,
            default_acr_values: Vec::new(),
            initiate_login_uri: None,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            access_token_format: AccessTokenFormat::Jwt,
            require_pkce: true,
            require_mfa: false,
            skip_consent: false,
            resource_server: false,
            resource_uris: Vec::new(),
            allow_token_endpoint_audience: false,
            registered_by: Origin::Operator,
            scope_ceiling: None,
            grant_types_ceiling: None,
        }
    }
}

impl ClientMetadata {
    /// The scopes behind `scope`; the error tells the operator what is wrong with it.
    pub fn allowed_scope(&self) -> Result<ScopeSet, String> {
        let may_use = |grant: GrantType| self.grant_types.iter().any(|name| name == grant.name());
        let has_users = may_use(GrantType::AuthorizationCode) || may_use(GrantType::DeviceCode);
        let text =
            if self.scope.trim().is_empty() && has_users { STANDARD_SCOPES.join(" ") } else { self.scope.clone() };
        let scope = ScopeSet::parse(&text).map_err(|error| error.to_string())?;
        Ok(if may_use(GrantType::RefreshToken) { scope } else { scope.filter(|word| word != "offline_access") })
    }
}

impl ClientMetadata {
    /// What the `sub` of a person depends on besides the person (OpenID Connect Core §8.1); `None` for public subjects. The
    /// error tells why there is none although there must be.
    pub fn sector(&self) -> Result<Option<String>, &'static str> {
        if self.subject_type == SubjectType::Public {
            return Ok(None);
        }
        let host = |uri: &str| Url::parse(uri).ok()?.host_str().map(str::to_owned);
        if let Some(uri) = &self.sector_identifier_uri {
            return host(uri).map(Some).ok_or("must be an https URL");
        }
        if self.application_type == "native" {
            return Err("pairwise subjects of a native application need it: its redirect URIs are everybody's");
        }
        let hosts: BTreeSet<Option<String>> = self.redirect_uris.iter().map(|uri| host(uri)).collect();
        let mut hosts = hosts.into_iter();
        match (hosts.next(), hosts.next()) {
            (Some(Some(host)), None) => Ok(Some(host)),
            _ => Err("pairwise subjects need it unless all redirect_uris have one host"),
        }
    }
}

/// A registered client as requests meet it.
#[derive(Clone, Debug)]
pub struct Client {
    pub client_id: String,
    pub metadata: ClientMetadata,
    /// What it may ask for; `offline_access` only where it may refresh, since otherwise it would mean nothing.
    pub scope: ScopeSet,
    /// Of pairwise subjects alone.
    pub sector: Option<String>,
    pub secret_hash: Option<Vec<u8>>,
    pub secret_sealed: Option<Vec<u8>>,
    pub disabled: bool,
    keys: OnceLock<ForeignKeys>,
}

impl Client {
    /// Reads a stored client. The error tells why its metadata is unreadable.
    pub fn from_record(record: &ClientRecord) -> Result<Self, String> {
        let metadata: ClientMetadata = serde_json::from_str(&record.metadata).map_err(|error| error.to_string())?;
        Ok(Self {
            client_id: record.client_id.clone(),
            scope: metadata.allowed_scope()?,
            sector: metadata.sector()?,
            metadata,
            secret_hash: record.secret_hash.clone(),
            secret_sealed: record.secret_sealed.clone(),
            disabled: record.disabled_at.is_some(),
            keys: OnceLock::new(),
        })
    }

    /// The keys of `jwks`, parsed when they are first needed. None where it is unusable.
    pub fn keys(&self) -> &ForeignKeys {
        self.keys.get_or_init(|| {
            let Some(jwks) = &self.metadata.jwks else { return ForeignKeys::default() };
            ForeignKeys::parse(jwks).unwrap_or_else(|error| {
                tracing::error!(oauth.client_id = %self.client_id, %error, "the client's jwks cannot be used");
                ForeignKeys::default()
            })
        })
    }

    /// Public clients have no credentials (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.metadata.token_endpoint_auth_method == "none"
    }

    pub fn may_use_response_type(&self, response_type: ResponseType) -> bool {
        self.metadata.response_types.iter().any(|allowed| ResponseType::from_name(allowed) == Some(response_type))
    }

    pub fn may_use_grant(&self, grant_type: &str) -> bool {
        self.metadata.grant_types.iter().any(|allowed| allowed == grant_type)
    }
}
