//! Registering clients: what their metadata may say (RFC 7591 §2, OpenID Connect Registration §2), and their secrets.

mod authentication;
pub mod document;
pub mod dynamic;
mod grants;
mod logout;
mod members;
mod openid;
mod own;
mod presentation;
mod registry;
mod sector;
mod statement;
mod uris;

pub use members::members;
pub use own::Origin;
pub use registry::{RegistrationError, Registry, sealed_secret_purpose};
pub use sector::problem as sector_problem;
pub use statement::{StatementIssuers, StatementIssuersError};

use serde_json::{Map, Value};

use super::client::ClientMetadata;
use crate::config::{Algorithm, Config};

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

const MAX_URI_BYTES: usize = 2048;

/// What this server can do, as far as metadata may ask for it.
#[derive(Clone, Copy, Debug)]
pub struct Abilities<'a> {
    /// The algorithms it signs with.
    pub algorithms: &'a [Algorithm],
    /// Whether id_tokens may go without a signature.
    pub unsigned_id_tokens: bool,
}

impl Abilities<'_> {
    /// The algorithms by name, for a message.
    fn signs_with(self) -> String {
        self.algorithms.iter().map(|alg| alg.name()).collect::<Vec<_>>().join(", ")
    }
}

impl<'a> From<&'a Config> for Abilities<'a> {
    fn from(config: &'a Config) -> Self {
        Self { algorithms: &config.keys.algorithms, unsigned_id_tokens: config.tokens.unsigned_id_tokens }
    }
}

/// Members as metadata; the error names the member and what it may be on a server of these abilities.
fn read(members: Map<String, Value>, abilities: Abilities<'_>) -> Result<ClientMetadata, String> {
    serde_path_to_error::deserialize(Value::Object(members)).map_err(|error| {
        let member = error.path().to_string();
        if matches!(member.as_str(), "id_token_signed_response_alg" | "userinfo_signed_response_alg") {
            return format!("{member}: this server signs with {}", abilities.signs_with());
        }
        format!("{member}: {}", error.inner())
    })
}

/// Everything that is wrong with `metadata`, on a server of these abilities.
pub fn problems(metadata: &ClientMetadata, abilities: Abilities<'_>) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    grants::grants(metadata, &mut found);
    authentication::authentication(metadata, &mut found);
    uris::redirect_uris(metadata, &mut found);
    uris::resource_uris(metadata, &mut found);
    logout::logout(metadata, &mut found);
    presentation::presentation(metadata, &mut found);
    openid::openid(metadata, abilities, &mut found);
    if let Err(error) = metadata.allowed_scope() {
        found.metadata("scope", error);
    }
    found.0
}

/// Everything that keeps `after` from taking the place of `before`.
fn problems_of_change(before: &ClientMetadata, after: &ClientMetadata) -> Vec<Problem> {
    let mut found = Found(Vec::new());
    openid::changes(before, after, &mut found);
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

/// What was sent, fit for a message.
fn printable(text: &str) -> String {
    text.chars().take(100).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::uris::redirect_uri;
    use super::*;
    use crate::base::SystemRandom;
    use crate::jose::SigningKey;

    const LIVE: Abilities<'_> =
        Abilities { algorithms: &[Algorithm::ES256, Algorithm::RS256], unsigned_id_tokens: false };

    fn found(metadata: Value) -> Vec<(&'static str, &'static str)> {
        let metadata: ClientMetadata = serde_json::from_value(metadata).unwrap();
        problems(&metadata, LIVE).into_iter().map(|problem| (problem.code, problem.member)).collect()
    }

    #[test]
    fn s142_a_client_is_told_of_logouts_at_its_own_address_only() {
        let with = |member: &str, uri: &str| {
            found(json!({ "redirect_uris": ["https://app.test/cb", "https://app.test:8443/cb"], member: uri }))
        };
        for good in ["https://app.test/out", "https://app.test/out?a=1", "https://app.test:8443/", "https://app.test"] {
            assert_eq!(with("frontchannel_logout_uri", good), [], "{good}");
            assert_eq!(with("backchannel_logout_uri", good), [], "{good}");
        }
        assert_eq!(with("backchannel_logout_uri", "https://elsewhere.test/out"), []);
        for bad in ["https://elsewhere.test/out", "http://app.test/out", "https://app.test:444/out"] {
            assert_eq!(with("frontchannel_logout_uri", bad), [("invalid_client_metadata", "frontchannel_logout_uri")]);
        }
        for bad in ["http://app.test/out", "https://app.test/out#x", "com.example.app:/out", "javascript:1", "/out"] {
            assert_eq!(with("backchannel_logout_uri", bad), [("invalid_client_metadata", "backchannel_logout_uri")]);
            assert!(!with("frontchannel_logout_uri", bad).is_empty(), "{bad}");
        }
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
        let hybrid = |grants: Value| {
            found(json!({ "redirect_uris": ["https://app.test/cb"], "grant_types": grants,
                "response_types": ["id_token code", "none"] }))
        };
        assert_eq!(hybrid(json!(["authorization_code", "implicit"])), []);
        assert_eq!(hybrid(json!(["implicit"])), [("invalid_client_metadata", "grant_types")]);
        let implicit =
            json!({ "redirect_uris": ["https://app.test/cb"], "grant_types": ["authorization_code", "implicit"] });
        assert_eq!(found(implicit), [("invalid_client_metadata", "grant_types")]);
        let reader = json!({ "grant_types": [], "token_endpoint_auth_method": "none", "resource_server": true });
        assert_eq!(found(reader), [("invalid_client_metadata", "resource_server")]);
        let lines = json!({ "grant_types": [], "contacts": ["a\nb"], "default_acr_values": [""] });
        let expected = [("invalid_client_metadata", "contacts"), ("invalid_client_metadata", "default_acr_values")];
        assert_eq!(found(lines), expected);
    }

    #[test]
    fn s156_pairwise_subjects_need_one_sector_and_keep_it() {
        let pairwise = |more: Value| {
            let mut metadata = json!({ "subject_type": "pairwise", "redirect_uris": ["https://app.test/cb"] });
            metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            metadata
        };
        let wrong = [("invalid_client_metadata", "sector_identifier_uri")];
        let several = json!(["https://app.test/cb", "https://other.test/cb"]);
        assert_eq!(found(pairwise(json!({}))), []);
        assert_eq!(found(pairwise(json!({ "redirect_uris": ["https://app.test/a", "https://app.test:8443/b"] }))), []);
        assert_eq!(found(pairwise(json!({ "redirect_uris": several }))), wrong);
        let named = json!({ "redirect_uris": several, "sector_identifier_uri": "https://app.test/sector.json" });
        assert_eq!(found(pairwise(named)), []);
        assert_eq!(found(pairwise(json!({ "sector_identifier_uri": "http://app.test/sector.json" }))), wrong);
        let native = json!({ "application_type": "native", "redirect_uris": ["http://127.0.0.1/cb"] });
        assert_eq!(found(pairwise(native)), wrong);
        let device = json!({ "redirect_uris": [], "response_types": [], "grant_types": [] });
        assert_eq!(found(pairwise(device)), wrong);

        let read = |metadata: Value| serde_json::from_value::<ClientMetadata>(metadata).unwrap();
        let before = read(pairwise(json!({})));
        let moved = pairwise(json!({ "redirect_uris": ["https://new.test/cb"] }));
        assert_eq!(problems_of_change(&before, &read(moved)).len(), 1);
        let kept = json!({ "redirect_uris": ["https://new.test/cb"], "client_name": "New",
            "sector_identifier_uri": "https://app.test/sector.json" });
        assert_eq!(problems_of_change(&before, &read(pairwise(kept))), []);
        assert_eq!(problems_of_change(&ClientMetadata::default(), &before), []);
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
