//! Registering clients: what their metadata may say (RFC 7591 §2, OpenID Connect Registration §2), and their secrets.

use std::net::IpAddr;

use url::{Host, Url};

use super::client::ClientMetadata;
use super::client_auth::AuthMethod;
use super::grant::GrantType;
use crate::base::{OpaqueToken, Random, Timestamp, TokenKind, new_id};
use crate::config::Algorithm;
use crate::jose::{ForeignKeys, Sealer};
use crate::storage::{self, ClientRecord, Clients as _, Store};

/// One thing wrong with a client's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// RFC 7591 §3.2.2: `invalid_redirect_uri` or `invalid_client_metadata`.
    pub code: &'static str,
    pub member: &'static str,
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ({})", self.member, self.message, self.code)
    }
}

const MAX_URIS: usize = 100;
const MAX_URI_BYTES: usize = 2048;
const MAX_NAME_CHARS: usize = 200;
const MAX_CLIENT_ID_BYTES: usize = 200;
const MAX_CONTACTS: usize = 20;
const MAX_ACR_VALUES: usize = 20;
const MAX_LINE_CHARS: usize = 200;
/// Schemes that browsers run or read from themselves.
const DANGEROUS_SCHEMES: [&str; 9] =
    ["javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source", "ws"];

/// Everything that is wrong with `metadata`, on a server that signs with `algorithms`.
pub fn problems(metadata: &ClientMetadata, algorithms: &[Algorithm]) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    grants(metadata, &mut found);
    authentication(metadata, &mut found);
    redirect_uris(metadata, &mut found);
    presentation(metadata, &mut found);
    if !algorithms.contains(&metadata.id_token_signed_response_alg) {
        let names: Vec<&str> = algorithms.iter().map(|alg| alg.name()).collect();
        found.metadata("id_token_signed_response_alg", format!("this server signs with {}", names.join(", ")));
    }
    if let Err(error) = metadata.allowed_scope() {
        found.metadata("scope", error);
    }
    found.0
}

struct Found(Vec<Problem>);

impl Found {
    fn metadata(&mut self, member: &'static str, message: impl Into<String>) {
        self.0.push(Problem { code: "invalid_client_metadata", member, message: message.into() });
    }

    fn redirect_uri(&mut self, member: &'static str, message: impl Into<String>) {
        self.0.push(Problem { code: "invalid_redirect_uri", member, message: message.into() });
    }
}

fn grants(metadata: &ClientMetadata, found: &mut Found) {
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

fn authentication(metadata: &ClientMetadata, found: &mut Found) {
    let Some(method) = AuthMethod::from_name(&metadata.token_endpoint_auth_method) else {
        let known: Vec<&str> = AuthMethod::ALL.into_iter().map(AuthMethod::name).collect();
        found.metadata("token_endpoint_auth_method", format!("must be one of {}", known.join(", ")));
        return;
    };
    if metadata.jwks_uri.is_some() {
        found.metadata("jwks_uri", "keys are not fetched; give them as jwks");
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
        && !allowed.clone().any(|alg| keys.supports(alg))
    {
        found.metadata("jwks", "private_key_jwt needs a public signature key for its algorithm");
    }
}

fn redirect_uris(metadata: &ClientMetadata, found: &mut Found) {
    let native = metadata.application_type == "native";
    for (member, uris) in
        [("redirect_uris", &metadata.redirect_uris), ("post_logout_redirect_uris", &metadata.post_logout_redirect_uris)]
    {
        if uris.len() > MAX_URIS {
            found.redirect_uri(member, format!("holds more than {MAX_URIS}"));
        }
        for uri in uris {
            if let Err(message) = redirect_uri(uri, native) {
                found.redirect_uri(member, format!("{}: {message}", printable(uri)));
            }
        }
    }
}

/// Whether `uri` may be registered: https; http on loopback; for native apps a scheme of their own (RFC 8252 §7.1).
fn redirect_uri(uri: &str, native: bool) -> Result<(), String> {
    if uri.len() > MAX_URI_BYTES {
        return Err(format!("longer than {MAX_URI_BYTES} bytes"));
    }
    if uri.contains('#') {
        return Err("must have no fragment (RFC 6749 §3.1.2)".to_owned());
    }
    if uri.contains('*') {
        return Err("wildcards are not supported; register each URI".to_owned());
    }
    if !uri.bytes().all(|byte| byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte)) {
        return Err("must be an ASCII URI (RFC 3986); write an international host in its xn-- form".to_owned());
    }
    let url = Url::parse(uri).map_err(|error| format!("is no absolute URI: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must have no user info".to_owned());
    }
    match url.scheme() {
        // What browsers forgive (`https:app.test`, `https:///app.test`) would be read otherwise by others.
        "http" | "https" if !has_authority(uri) => Err("must have // and a host after the scheme".to_owned()),
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err("plain http is for loopback addresses only".to_owned()),
        scheme if DANGEROUS_SCHEMES.contains(&scheme) => Err("this scheme is not allowed".to_owned()),
        _ if !native => Err("a scheme of its own is for application_type native".to_owned()),
        scheme if !scheme.contains('.') => {
            Err("a scheme of its own must be a domain name in reverse, as in com.example.app:/cb".to_owned())
        }
        _ => Ok(()),
    }
}

fn has_authority(uri: &str) -> bool {
    let after_scheme = uri.split_once(':').and_then(|(_, rest)| rest.strip_prefix("//"));
    after_scheme.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', ':']))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

fn presentation(metadata: &ClientMetadata, found: &mut Found) {
    if let Some(name) = &metadata.client_name {
        // Controls and direction marks could make a page say something else.
        let deceives = |c: char| {
            c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        if name.trim().is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(deceives) {
            found.metadata("client_name", format!("must be 1 to {MAX_NAME_CHARS} characters that can be seen"));
        }
    }
    if metadata.contacts.len() > MAX_CONTACTS || !metadata.contacts.iter().all(|contact| is_line(contact)) {
        found.metadata("contacts", format!("must be at most {MAX_CONTACTS} lines of text"));
    }
    if metadata.default_acr_values.len() > MAX_ACR_VALUES || !metadata.default_acr_values.iter().all(|acr| is_line(acr))
    {
        found.metadata("default_acr_values", format!("must be at most {MAX_ACR_VALUES} names of classes"));
    }
    for (member, uri) in [
        ("client_uri", &metadata.client_uri),
        ("logo_uri", &metadata.logo_uri),
        ("policy_uri", &metadata.policy_uri),
        ("tos_uri", &metadata.tos_uri),
        ("initiate_login_uri", &metadata.initiate_login_uri),
    ] {
        if uri.as_deref().is_some_and(|uri| !is_web_page(uri)) {
            found.metadata(member, "must be an https URL");
        }
    }
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= MAX_LINE_CHARS && !text.chars().any(char::is_control)
}

fn is_web_page(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    uri.len() <= MAX_URI_BYTES && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)))
}

/// What was sent, fit for a message.
fn printable(text: &str) -> String {
    text.chars().take(100).map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Why a client was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Metadata(Vec<Problem>),
    #[error("a client_id has 1 to {MAX_CLIENT_ID_BYTES} characters of %x20-7E")]
    ClientId,
    #[error("there is no client {0}")]
    Unknown(String),
    #[error("the client {0} has no secret: it authenticates by {1}")]
    NoSecret(String, String),
    #[error(transparent)]
    Storage(#[from] storage::Error),
    #[error("the metadata cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

/// Registers, changes and removes clients in the database. Running instances see it within their next look.
pub struct Registry<'a> {
    pub store: &'a Store,
    pub sealer: &'a Sealer,
    pub random: &'a dyn Random,
    pub algorithms: &'a [Algorithm],
    pub now: Timestamp,
}

impl Registry<'_> {
    /// Stores a new client; without `client_id` one is drawn. The secret, if its method has one, is told this once.
    pub async fn register(
        &self,
        client_id: Option<String>,
        metadata: &ClientMetadata,
    ) -> Result<(ClientRecord, Option<OpaqueToken>), RegistrationError> {
        self.check(metadata)?;
        let client_id = match client_id {
            Some(client_id) => client_id,
            None => new_id(self.now, self.random).to_string(),
        };
        // RFC 6749 Appendix A.1.
        let legal = client_id.bytes().all(|byte| (0x20..=0x7E).contains(&byte));
        if client_id.is_empty() || client_id.len() > MAX_CLIENT_ID_BYTES || !legal {
            return Err(RegistrationError::ClientId);
        }
        let mut record = ClientRecord {
            client_id,
            metadata: serde_json::to_string(metadata)?,
            secret_hash: None,
            secret_sealed: None,
            disabled_at: None,
            created_at: self.now.millis(),
            updated_at: self.now.millis(),
        };
        let secret = self.give_secret(&mut record, metadata);
        self.store.insert_client(&record).await?;
        Ok((record, secret))
    }

    /// Replaces the metadata. A method that needs a secret which is not there gives one, told this once.
    pub async fn update(
        &self,
        client_id: &str,
        metadata: &ClientMetadata,
    ) -> Result<(ClientRecord, Option<OpaqueToken>), RegistrationError> {
        self.check(metadata)?;
        let mut record = self.find(client_id).await?;
        record.metadata = serde_json::to_string(metadata)?;
        record.updated_at = self.now.millis();
        let method = AuthMethod::from_name(&metadata.token_endpoint_auth_method);
        let kept = match method {
            Some(AuthMethod::ClientSecretJwt) => record.secret_sealed.is_some(),
            Some(AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost) => record.secret_hash.is_some(),
            _ => false,
        };
        let secret = if kept { None } else { self.give_secret(&mut record, metadata) };
        self.store.update_client(&record).await?;
        Ok((record, secret))
    }

    /// A new secret; the old one is void at once.
    pub async fn rotate_secret(&self, client_id: &str) -> Result<OpaqueToken, RegistrationError> {
        let mut record = self.find(client_id).await?;
        let metadata: ClientMetadata = serde_json::from_str(&record.metadata)?;
        record.updated_at = self.now.millis();
        let secret = self.give_secret(&mut record, &metadata);
        let method = metadata.token_endpoint_auth_method;
        let secret = secret.ok_or_else(|| RegistrationError::NoSecret(client_id.to_owned(), method))?;
        self.store.update_client(&record).await?;
        Ok(secret)
    }

    pub async fn find(&self, client_id: &str) -> Result<ClientRecord, RegistrationError> {
        let found = self.store.find_client(client_id).await?;
        found.ok_or_else(|| RegistrationError::Unknown(client_id.to_owned()))
    }

    fn check(&self, metadata: &ClientMetadata) -> Result<(), RegistrationError> {
        let problems = problems(metadata, self.algorithms);
        if problems.is_empty() { Ok(()) } else { Err(RegistrationError::Metadata(problems)) }
    }

    fn give_secret(&self, record: &mut ClientRecord, metadata: &ClientMetadata) -> Option<OpaqueToken> {
        (record.secret_hash, record.secret_sealed) = (None, None);
        let method = AuthMethod::from_name(&metadata.token_endpoint_auth_method)?;
        if !method.has_secret() {
            return None;
        }
        let id = new_id(self.now, self.random);
        let secret = OpaqueToken::generate(TokenKind::ClientSecret, id, self.random);
        record.secret_hash = Some(secret.hash().as_bytes().to_vec());
        if method == AuthMethod::ClientSecretJwt {
            let purpose = sealed_secret_purpose(&record.client_id);
            record.secret_sealed = Some(self.sealer.seal(&purpose, secret.expose().as_bytes(), self.random));
        }
        Some(secret)
    }
}

/// What binds a sealed client secret to its client.
pub fn sealed_secret_purpose(client_id: &str) -> String {
    format!("client_secret:{client_id}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::base::SystemRandom;
    use crate::jose::SigningKey;

    const LIVE: [Algorithm; 2] = [Algorithm::ES256, Algorithm::RS256];

    fn found(metadata: Value) -> Vec<(&'static str, &'static str)> {
        let metadata: ClientMetadata = serde_json::from_value(metadata).unwrap();
        problems(&metadata, &LIVE).into_iter().map(|problem| (problem.code, problem.member)).collect()
    }

    #[test]
    fn s007_s013_only_uris_that_can_be_compared_and_trusted_are_registered() {
        for good in ["https://app.test/cb", "https://app.test/cb?a=1", "http://localhost:3000/cb", "http://[::1]/cb"] {
            assert_eq!(redirect_uri(good, false), Ok(()), "{good}");
        }
        assert_eq!(redirect_uri("com.example.app:/cb", true), Ok(()));
        for bad in [
            "https://app.test/cb#x",
            "https://app.test/cb#",
            "https://*.app.test/cb",
            "http://app.test/cb",
            "https://u:p@app.test/cb",
            "https://app。test/cb",
            "https://app.test/c b",
            "https:app.test/cb",
            "https:/app.test/cb",
            "https:///app.test/cb",
            "https:\\\\app.test/cb",
            "https://app.test\\@evil.test/cb",
            "https://",
            "http:127.0.0.1/cb",
            "/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://app.test/x",
            "about:blank",
            "com.example.app:/cb",
        ] {
            assert!(redirect_uri(bad, false).is_err(), "{bad}");
        }
        for bad in ["myapp:/cb", "javascript:alert(1)", "data:x"] {
            assert!(redirect_uri(bad, true).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_mistake_is_named_at_once_with_the_rfcs_code() {
        let wrong = json!({
            "client_name": "Evil \u{202e}knab", "client_uri": "javascript:alert(1)", "logo_uri": "data:image/svg+xml,x",
            "redirect_uris": ["http://app.test/cb"], "grant_types": ["authorization_code", "implicit"],
            "response_types": ["token"], "token_endpoint_auth_method": "secret", "scope": "a\"b",
            "application_type": "spa", "id_token_signed_response_alg": "EdDSA",
        });
        let expected = [
            ("invalid_client_metadata", "grant_types"),
            ("invalid_client_metadata", "response_types"),
            ("invalid_client_metadata", "application_type"),
            ("invalid_client_metadata", "token_endpoint_auth_method"),
            ("invalid_redirect_uri", "redirect_uris"),
            ("invalid_client_metadata", "client_name"),
            ("invalid_client_metadata", "client_uri"),
            ("invalid_client_metadata", "logo_uri"),
            ("invalid_client_metadata", "id_token_signed_response_alg"),
            ("invalid_client_metadata", "scope"),
        ];
        assert_eq!(found(wrong), expected);
        assert_eq!(found(json!({ "redirect_uris": ["https://app.test/cb"], "unknown_member": 1 })), []);
    }

    #[test]
    fn methods_grants_and_keys_must_fit_together() {
        let public = json!({ "token_endpoint_auth_method": "none", "grant_types": ["client_credentials"] });
        assert_eq!(found(public), [("invalid_client_metadata", "grant_types")]);
        assert_eq!(
            found(json!({ "grant_types": ["authorization_code"] })),
            [("invalid_redirect_uri", "redirect_uris")]
        );
        let keyless = json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt" });
        assert_eq!(found(keyless), [("invalid_client_metadata", "jwks")]);
        let private = json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt",
            "jwks": { "keys": [{ "kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "c" }] } });
        assert_eq!(found(private), [("invalid_client_metadata", "jwks")]);
        for (method, alg) in
            [("client_secret_basic", "none"), ("private_key_jwt", "HS256"), ("client_secret_jwt", "ES256")]
        {
            let wrong = json!({ "grant_types": [], "token_endpoint_auth_method": method,
                "token_endpoint_auth_signing_alg": alg });
            assert_eq!(found(wrong), [("invalid_client_metadata", "token_endpoint_auth_signing_alg")], "{method}");
        }
        let unanswered = json!({ "redirect_uris": ["https://app.test/cb"], "response_types": [] });
        assert_eq!(found(unanswered), [("invalid_client_metadata", "response_types")]);
        let reader = json!({ "grant_types": [], "token_endpoint_auth_method": "none", "resource_server": true });
        assert_eq!(found(reader), [("invalid_client_metadata", "resource_server")]);
        let lines = json!({ "grant_types": [], "contacts": ["a\nb"], "default_acr_values": [""] });
        let expected = [("invalid_client_metadata", "contacts"), ("invalid_client_metadata", "default_acr_values")];
        assert_eq!(found(lines), expected);
    }

    #[test]
    fn the_keys_of_a_private_key_jwt_client_must_fit_its_algorithm() {
        let key = |alg: Algorithm| {
            let der = SigningKey::generate(alg, &SystemRandom::default()).unwrap();
            SigningKey::from_pkcs8(alg, &der).unwrap().public_jwk
        };
        let with = |keys: Value, alg: Option<&str>| {
            found(json!({ "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt",
                "jwks": { "keys": keys }, "token_endpoint_auth_signing_alg": alg }))
        };
        let wrong = [("invalid_client_metadata", "jwks")];
        let ec = key(Algorithm::ES256);
        assert_eq!(with(json!([ec]), None), []);
        assert_eq!(with(json!([ec]), Some("ES256")), []);
        assert_eq!(with(json!([ec]), Some("PS256")), wrong);
        assert_eq!(with(json!([]), None), wrong);
        assert_eq!(with(json!([{ "kty": "oct", "k": "AAAA" }]), None), wrong);
    }
}
