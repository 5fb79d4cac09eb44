//! A small world for the unit tests of this layer: an SQLite database in memory, a clock that is moved by hand, four
//! clients, one person with a session.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::client_auth::{self, Credentials, Endpoint};
use super::grant::authorization_code::{CodeDetails, CodeGrant, issue_code};
use super::grant::{self, TokenRequest};
use super::pkce::CodeChallenge;
use super::{Authentication, Caller, Context, Error, Params, ScopeSet, TokenResponse};
use crate::base::{ManualClock, OpaqueToken, SystemRandom, Timestamp, TokenHash};
use crate::config::Config;
use crate::jose::Sealer;
use crate::oidc::ClaimsRequest;
use crate::outbound;
use crate::storage::{
    Audit as _, ClientRecord, Clients as _, SessionRecord, Sessions as _, Store, UserRecord, Users as _,
};

/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const REDIRECT_URI: &str = "https://app.test/cb";
pub const SECRET: &str = "a secret";
/// Confidential, with every grant.
pub const C1: &str = "c1";
/// Another confidential one.
pub const C2: &str = "c2";
/// Public, code and refresh.
pub const CP: &str = "cp";
/// Public, device and refresh.
pub const CD: &str = "cd";

pub const ALICE: &str = "01900000-0000-7000-8000-000000000001";
pub const SESSION: &str = "01900000-0000-7000-8000-000000000002";

pub struct World {
    pub cx: Context,
    pub clock: Arc<ManualClock>,
}

impl World {
    pub async fn new() -> Self {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_700_000_000_250)));
        let random = Arc::new(SystemRandom::default());
        let config: Config = toml::from_str(
            r#"
            issuer = "https://id.test"
            [secrets]
            master_key = "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
            [keys]
            algorithms = ["ES256", "EdDSA"]
            "#,
        )
        .unwrap();
        let store = Store::open(&SecretString::from("sqlite::memory:")).await.unwrap();
        store.migrate().await.unwrap();
        let every_grant = ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE];
        let confidential = json!({
            "grant_types": every_grant, "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "client_secret_post",
            "scope": "openid profile email offline_access api:read api:write",
        });
        insert_client(&store, C1, &confidential).await;
        insert_client(&store, C2, &confidential).await;
        let public = |grant: &str| {
            json!({
                "grant_types": [grant, "refresh_token"], "redirect_uris": [REDIRECT_URI],
                "token_endpoint_auth_method": "none", "id_token_signed_response_alg": "EdDSA",
            })
        };
        insert_client(&store, CP, &public("authorization_code")).await;
        insert_client(&store, CD, &public(DEVICE_CODE)).await;
        insert_person(&store).await;
        let sealer = Arc::new(Sealer::load(&config.secrets).unwrap());
        let outbound = outbound::Client::new(&config).unwrap();
        let cx = Context::open(Arc::new(config), store, sealer, outbound, clock.clone(), random).await.unwrap();
        Self { cx, clock }
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A code of `client` for alice, with the challenge of [`VERIFIER`].
    pub async fn code(&self, client: &str, scope: &str) -> OpaqueToken {
        self.code_with(client, scope, |_| {}).await
    }

    pub async fn code_with(&self, client: &str, scope: &str, change: impl FnOnce(&mut CodeDetails)) -> OpaqueToken {
        let client = self.cx.clients.get(client).unwrap();
        let mut details = CodeDetails {
            redirect_uri: REDIRECT_URI.to_owned(),
            code_challenge: Some(CodeChallenge::parse(CHALLENGE).unwrap()),
            nonce: Some("n-0S6".to_owned()),
            scope: ScopeSet::parse(scope).unwrap(),
            authentication: self.authentication(),
        };
        change(&mut details);
        let grant = CodeGrant { client: &client, user_id: ALICE, session_id: SESSION, details };
        issue_code(&self.cx, grant).await.unwrap().code
    }

    pub fn authentication(&self) -> Authentication {
        Authentication {
            auth_time: self.cx.now().seconds() - 60,
            acr: "urn:portcullis:acr:1fa".to_owned(),
            amr: vec!["pwd".to_owned()],
            claims: ClaimsRequest::default(),
            resource: None,
        }
    }

    /// Sends a token request; `secret` is added for confidential clients.
    pub async fn token(&self, client: &str, params: &[(&str, &str)]) -> Result<TokenResponse, Error> {
        let params = self.params(client, params);
        let client = self.authenticated(&params, Endpoint::Token).await?;
        let caller = Caller { address: IpAddr::V4(Ipv4Addr::LOCALHOST), request_id: "r" };
        grant::dispatch(&self.cx, TokenRequest { client: &client, params: &params, caller }).await
    }

    pub fn params(&self, client: &str, params: &[(&str, &str)]) -> Params {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("client_id", client);
        if !self.cx.clients.get(client).unwrap().is_public() && params.iter().all(|(name, _)| *name != "client_secret")
        {
            form.append_pair("client_secret", SECRET);
        }
        form.extend_pairs(params);
        Params::parse(form.finish().as_bytes()).unwrap()
    }

    pub async fn authenticated(
        &self,
        params: &Params,
        endpoint: Endpoint,
    ) -> Result<client_auth::AuthenticatedClient, Error> {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        client_auth::authenticate(&self.cx, &Credentials { authorization: None, params, endpoint, address }).await
    }

    /// Exchanges `code` as its client should.
    pub async fn redeem(&self, client: &str, code: &OpaqueToken) -> Result<TokenResponse, Error> {
        let params = [
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        self.token(client, &params).await
    }

    pub async fn refresh(&self, client: &str, refresh_token: &str) -> Result<TokenResponse, Error> {
        self.token(client, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// Tokens of a fresh code.
    pub async fn signed_in(&self, client: &str, scope: &str) -> TokenResponse {
        let code = self.code(client, scope).await;
        self.redeem(client, &code).await.unwrap()
    }

    pub async fn is_live(&self, access_token: &str) -> bool {
        self.cx.verify_access_token(access_token).await.unwrap().is_some()
    }

    pub async fn audited(&self, event: &str) -> usize {
        // The queue is written in batches.
        for _ in 0..200 {
            let events = self.cx.store.list_audit_events(Some(event), 100).await.unwrap();
            if !events.is_empty() {
                return events.len();
            }
            tokio::task::yield_now().await;
        }
        0
    }

    pub async fn change_client(&self, client_id: &str, change: impl FnOnce(&mut Value), disabled: bool) {
        let mut record = self.cx.store.find_client(client_id).await.unwrap().unwrap();
        let mut metadata = serde_json::from_str(&record.metadata).unwrap();
        change(&mut metadata);
        record.metadata = metadata.to_string();
        record.disabled_at = disabled.then_some(1);
        self.cx.store.update_client(&record).await.unwrap();
        self.cx.follow_clients().await.unwrap();
    }

    /// A client that is a resource, by its URI.
    pub async fn add_resource_server(&self, uri: &str) {
        let metadata =
            json!({ "grant_types": [], "resource_server": true, "token_endpoint_auth_method": "client_secret_post" });
        insert_client(&self.cx.store, uri, &metadata).await;
        self.cx.follow_clients().await.unwrap();
    }

    pub async fn end_session(&self) {
        let now = self.cx.now();
        let expires_at = self.cx.revocation_expires_at(now).millis();
        assert!(self.cx.store.end_session(SESSION, now.millis(), expires_at).await.unwrap());
        self.cx.follow_revocations().await.unwrap();
    }

    pub async fn disable_alice(&self) {
        let now = self.cx.now();
        let expires_at = self.cx.revocation_expires_at(now).millis();
        assert!(self.cx.store.set_user_disabled(ALICE, true, now.millis(), expires_at).await.unwrap());
        self.cx.follow_revocations().await.unwrap();
    }
}

pub const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn insert_client(store: &Store, client_id: &str, metadata: &Value) {
    let is_public = metadata["token_endpoint_auth_method"] == "none";
    let record = ClientRecord {
        client_id: client_id.to_owned(),
        metadata: metadata.to_string(),
        secret_hash: (!is_public).then(|| TokenHash::of(SECRET).as_bytes().to_vec()),
        secret_sealed: None,
        disabled_at: None,
        created_at: 1,
        updated_at: 1,
    };
    store.insert_client(&record).await.unwrap();
}

async fn insert_person(store: &Store) {
    let user = UserRecord {
        id: ALICE.to_owned(),
        username: "alice".to_owned(),
        email: Some("alice@example.test".to_owned()),
        email_verified: true,
        password_hash: None,
        claims: json!({ "name": "Alice", "address": { "country": "SE" } }).to_string(),
        is_admin: false,
        disabled_at: None,
        tokens_not_before: 0,
        password_changed_at: None,
        created_at: 1,
        updated_at: 1_600_000_000_000,
    };
    store.insert_user(&user).await.unwrap();
    let session = SessionRecord {
        id: SESSION.to_owned(),
        secret_hash: TokenHash::of("session").as_bytes().to_vec(),
        user_id: ALICE.to_owned(),
        auth_time: 1_700_000_000_000,
        acr: String::new(),
        amr: "[]".to_owned(),
        address: String::new(),
        user_agent: String::new(),
        created_at: 1_700_000_000_000,
        last_seen_at: 1_700_000_000_000,
        expires_at: 1_800_000_000_000,
        ended_at: None,
        proved_at: 1_700_000_000_000,
    };
    store.insert_session(&session, 0).await.unwrap();
}

/// The claims of a JWT, unverified.
pub fn claims(jwt: &str) -> Value {
    use base64::Engine as _;
    let payload = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// The error code of a refused request.
pub fn refused<T>(outcome: Result<T, Error>) -> &'static str {
    match outcome {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}
