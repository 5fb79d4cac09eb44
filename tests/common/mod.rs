//! A real server over HTTP for the tests: its own database, keys, people and clients, and a clock that is moved by hand.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part")]

mod answer;
pub mod authenticator;
mod browser;
mod database;
mod factors;
mod flows;
mod jwt;
mod listener;
mod sink;

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use portcullis::base::{ManualClock, SystemRandom, Timestamp, TokenHash};
use portcullis::cli::boot;
use portcullis::config::Config;
use portcullis::identity::NewUser;
use portcullis::storage::{Audit as _, ClientRecord, Clients as _};
use portcullis::web::{App, server};
use serde_json::{Value, json};

pub use answer::{Answer, fragment_param};
pub use authenticator::SoftKey;
pub use browser::{Browser, Page};
pub use factors::{Authenticator, app_of};
pub use flows::basic;
pub use jwt::{claims, header};
pub use listener::Listener;
pub use sink::{Delivered, Sink, until};

/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const REDIRECT_URI: &str = "https://app.test/cb";
pub const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// Confidential, `client_secret_basic`, every grant.
pub const C1: &str = "c1";
/// Another one.
pub const C2: &str = "c2";
/// Confidential, `client_secret_post`.
pub const C3: &str = "c3";
/// Public, code and refresh.
pub const CP: &str = "cp";
/// Native, loopback redirect.
pub const CN: &str = "cn";
/// Public, device and refresh.
pub const CD: &str = "cd";
/// A service: client credentials alone.
pub const CS: &str = "cs";
/// Opaque access tokens.
pub const CO: &str = "co";
/// Trusted: no consent page.
pub const CT: &str = "ct";
/// A resource server: may introspect everybody's tokens.
pub const RS: &str = "rs";

pub const PASSWORD: &str = "correct horse battery";

pub struct World {
    pub issuer: String,
    /// Where this instance is reached; the issuer, unless there are several.
    base: String,
    pub clock: Arc<ManualClock>,
    pub app: Arc<App>,
    pub http: reqwest::Client,
    database: database::Database,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

/// The secret of a test client.
pub fn secret_of(client_id: &str) -> String {
    format!("secret-of-{client_id}")
}

pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl World {
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// A world whose configuration has `more` TOML below `issuer` and `database`.
    pub async fn with(more: &str) -> Self {
        Self::at("", more).await
    }

    /// A world whose issuer has a host name, as passkeys need one.
    pub async fn on_localhost(more: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_790_000_000_250)));
        let world = Self::start(issuer, listener, database::Database::create().await, clock, more);
        world.fill().await;
        world
    }

    /// A world whose issuer has the path `path`.
    pub async fn at(path: &str, more: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}{path}", listener.local_addr().unwrap());
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_millis(1_790_000_000_250)));
        let world = Self::start(issuer, listener, database::Database::create().await, clock, more);
        world.fill().await;
        world
    }

    /// Another instance of the same server on the same database, as behind one address. Only where databases can be
    /// shared: `None` on SQLite, whose file serves one process.
    pub fn beside(&self) -> Option<Self> {
        if !database::Database::is_shared() {
            return None;
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut other = Self::start(self.issuer.clone(), listener, self.database.clone(), Arc::clone(&self.clock), "");
        // Requests come by the one name, as through a balancer, and reach this instance.
        let mut headers = reqwest::header::HeaderMap::new();
        let authority = self.issuer.strip_prefix("http://").unwrap();
        headers.insert("host", authority.parse().unwrap());
        other.http = client().default_headers(headers).build().unwrap();
        other.base = base;
        Some(other)
    }

    fn start(
        issuer: String,
        listener: TcpListener,
        database: database::Database,
        clock: Arc<ManualClock>,
        more: &str,
    ) -> Self {
        let config: Config = toml::from_str(&format!(
            r#"
            issuer = "{issuer}"
            database = "{}"
            secrets.master_key = "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
            passwords.memory_kib = 64
            passwords.iterations = 1
            log.access = false
            server.workers = 1
            {more}
            "#,
            database.url()
        ))
        .unwrap();
        let (app, handle, thread) = serve(config, listener, clock.clone());
        let http = client().build().unwrap();
        Self { base: issuer.clone(), issuer, clock, app, http, database, handle, thread: Some(thread) }
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(secs(seconds));
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Number of rows of `table` that satisfy `condition` (`TRUE` for all).
    pub async fn rows(&self, table: &str, condition: &str) -> i64 {
        self.database.number(&format!("SELECT count(*) FROM {table} WHERE {condition}")).await
    }

    /// Every value of the database as text, to look for what must not be there.
    pub async fn dump(&self) -> String {
        self.database.dump().await
    }

    /// How often `event` was audited. What this server was asked to do has been written when it is counted; what it does
    /// by itself, and what another one does, is waited for until there is one.
    pub async fn audited(&self, event: &str) -> i64 {
        for _ in 0..100 {
            // Listing them writes those in the queue first.
            self.app.oauth.store.list_audit_events(Some(event), 1).await.unwrap();
            let count = self.rows("audit_events", &format!("event = '{event}'")).await;
            if count > 0 {
                return count;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        0
    }

    /// Waits until `event` was audited `times` times; how often it was.
    pub async fn audited_times(&self, event: &str, times: i64) -> i64 {
        for _ in 0..500 {
            if self.audited(event).await >= times {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.audited(event).await
    }

    /// Waits until that many rows of `table` satisfy `condition`: for what is done beside the requests.
    pub async fn rows_become(&self, table: &str, condition: &str, count: i64) {
        let mut found = 0;
        for _ in 0..500 {
            found = self.rows(table, condition).await;
            if found == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{found} rows of {table} where {condition}");
    }

    pub fn now(&self) -> Timestamp {
        self.app.oauth.now()
    }

    /// Lets the instance look at the database as it does twice a second.
    pub async fn follow(&self) {
        self.app.oauth.follow().await.unwrap();
    }

    pub async fn add_client(&self, client_id: &str, metadata: &Value) {
        let is_public = metadata["token_endpoint_auth_method"] == "none";
        let secret = secret_of(client_id);
        let cx = &self.app.oauth;
        let record = ClientRecord {
            client_id: client_id.to_owned(),
            metadata: metadata.to_string(),
            secret_hash: (!is_public).then(|| TokenHash::of(&secret).as_bytes().to_vec()),
            secret_sealed: (metadata["token_endpoint_auth_method"] == "client_secret_jwt")
                .then(|| cx.sealer.seal(&format!("client_secret:{client_id}"), secret.as_bytes(), cx.random.as_ref())),
            disabled_at: None,
            created_at: 1,
            updated_at: 1,
        };
        cx.store.insert_client(&record).await.unwrap();
        cx.follow_clients().await.unwrap();
    }

    pub async fn change_client(&self, client_id: &str, change: impl FnOnce(&mut Value)) {
        let mut record = self.app.oauth.store.find_client(client_id).await.unwrap().unwrap();
        let mut metadata = serde_json::from_str(&record.metadata).unwrap();
        change(&mut metadata);
        record.metadata = metadata.to_string();
        self.app.oauth.store.update_client(&record).await.unwrap();
        self.app.oauth.follow_clients().await.unwrap();
    }

    pub async fn disable_client(&self, client_id: &str) {
        let mut record = self.app.oauth.store.find_client(client_id).await.unwrap().unwrap();
        record.disabled_at = Some(1);
        self.app.oauth.store.update_client(&record).await.unwrap();
        self.app.oauth.follow_clients().await.unwrap();
    }

    pub async fn disable_user(&self, name: &str) {
        let user = self.app.identity.find_user(name).await.unwrap().unwrap();
        assert!(
            self.app
                .identity
                .set_disabled(&user.id, true, &portcullis::identity::Origin::new([127, 0, 0, 1].into(), "operator", ""))
                .await
                .unwrap()
        );
        self.follow().await;
    }

    async fn fill(&self) {
        let everything = json!({
            "client_name": "First App", "client_uri": "https://app.test",
            "grant_types": ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE, TOKEN_EXCHANGE],
            "redirect_uris": [REDIRECT_URI, "https://app.test/cb?a=1"],
            "post_logout_redirect_uris": ["https://app.test/bye"],
            "scope": "openid profile email address phone offline_access api:read api:write",
        });
        let with = |changes: Value| {
            let mut metadata = everything.clone();
            metadata.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            metadata
        };
        let public = json!({ "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"], "client_name": "Public App" });
        for (client_id, metadata) in [
            (C1, everything.clone()),
            (C2, with(json!({ "client_name": "Second App", "redirect_uris": ["https://other.test/cb"] }))),
            (C3, with(json!({ "token_endpoint_auth_method": "client_secret_post" }))),
            (CP, with(public.clone())),
            (
                CN,
                json!({ "client_name": "Native App", "application_type": "native", "token_endpoint_auth_method": "none",
                    "grant_types": ["authorization_code", "refresh_token"],
                    "redirect_uris": ["http://127.0.0.1/cb", "http://localhost/cb", "com.example.app:/cb"] }),
            ),
            (
                CD,
                json!({ "client_name": "Television", "token_endpoint_auth_method": "none",
                    "grant_types": [DEVICE_CODE, "refresh_token"] }),
            ),
            (
                CS,
                json!({ "client_name": "Service", "grant_types": ["client_credentials"],
                    "scope": "api:read api:write" }),
            ),
            (CO, with(json!({ "access_token_format": "opaque" }))),
            (CT, with(json!({ "skip_consent": true }))),
            (RS, json!({ "client_name": "Resource", "grant_types": [], "resource_server": true })),
        ] {
            self.add_client(client_id, &metadata).await;
        }
        for name in ["alice", "bob"] {
            let claims = json!({ "name": name, "given_name": name, "phone_number": "+46 70 000 00 00",
                "phone_number_verified": true, "address": { "country": "SE" } });
            let user = NewUser {
                username: name.to_owned(),
                email: Some(format!("{name}@example.test")),
                email_verified: true,
                password: Some(PASSWORD.into()),
                claims: claims.as_object().unwrap().clone(),
                is_admin: false,
            };
            self.app.identity.create_user(user).await.unwrap();
        }
    }
}

fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none())
}

impl Drop for World {
    fn drop(&mut self) {
        // The command is sent at once; the future only waits for the answer.
        drop(self.handle.stop(false));
        // Connections that this thread has used go back to their pool on its runtime, which stands still here: the pool of
        // PostgreSQL would wait for them.
        if let Some(thread) = self.thread.take().filter(|_| !database::Database::is_shared()) {
            let _ = thread.join();
        }
    }
}

/// Runs the server on a thread of its own, as `main` does.
fn serve(config: Config, listener: TcpListener, clock: Arc<ManualClock>) -> (Arc<App>, ServerHandle, JoinHandle<()>) {
    let (tell, told) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let instance = boot::open(Arc::new(config), clock, Arc::new(SystemRandom::default()))
                .await
                .expect("the server starts");
            let server = server::run(Arc::clone(&instance.app), vec![listener]).unwrap();
            tell.send((Arc::clone(&instance.app), server.handle())).unwrap();
            server.await.unwrap();
            instance.close().await;
        });
    });
    let (app, handle) = told.recv().expect("the server starts");
    (app, handle, thread)
}
