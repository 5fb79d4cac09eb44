//! A database of its own for each test, and records to put into it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use portcullis::storage::*;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// The tests' time: far from zero, so that what lies before it can be told from what was never set.
pub const NOW: i64 = 1_000_000_000;
pub const SECOND: i64 = 1000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const LATER: i64 = NOW + 24 * HOUR;

pub struct World {
    pub store: Store,
    pub url: String,
    pub directory: Option<tempfile::TempDir>,
    pub redis: Option<RedisOptions>,
}

impl World {
    /// An SQLite file, with the schema.
    pub async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("test.db").display());
        Self::start(url, Some(directory)).await
    }

    /// A schema of its own in the server of `PORTCULLIS_TEST_POSTGRES`, if there is one.
    pub async fn postgres() -> Option<Self> {
        let server = std::env::var("PORTCULLIS_TEST_POSTGRES").ok()?;
        let name = unique_name();
        run_on_postgres(&server, &format!("CREATE SCHEMA {name}")).await;
        Some(Self::start(format!("{server}?options=-csearch_path%3D{name}"), None).await)
    }

    /// A whole database of its own in that server, for what is set per database.
    pub async fn postgres_database() -> Option<(Self, String)> {
        let server = std::env::var("PORTCULLIS_TEST_POSTGRES").ok()?;
        let name = unique_name();
        run_on_postgres(&server, &format!("CREATE DATABASE {name}")).await;
        let (base, _) = server.rsplit_once('/').unwrap();
        Some((Self::start(format!("{base}/{name}"), None).await, name))
    }

    /// An SQLite file with keys of its own in the Redis of `PORTCULLIS_TEST_REDIS`, if there is one.
    pub async fn redis() -> Option<Self> {
        let server = std::env::var("PORTCULLIS_TEST_REDIS").ok()?;
        Some(Self::sqlite_and_redis(&server).await)
    }

    /// The same on the Redis at `url`, which need not be there.
    pub async fn sqlite_and_redis(url: &str) -> Self {
        let mut world = Self::sqlite().await;
        let options = RedisOptions {
            url: url.into(),
            key_prefix: format!("{}:", unique_name()),
            sessions: Some(std::time::Duration::from_secs(3600)),
            throttles: true,
        };
        world.store = world.store.clone().with_redis(options.clone()).unwrap();
        world.redis = Some(options);
        world
    }

    async fn start(url: String, directory: Option<tempfile::TempDir>) -> Self {
        let store = Store::open(&SecretString::from(url.as_str())).await.unwrap();
        store.migrate().await.unwrap();
        Self { store, url, directory, redis: None }
    }

    /// Another instance on the same database.
    pub async fn another(&self) -> Store {
        let store = Store::open(&SecretString::from(self.url.as_str())).await.unwrap();
        match self.redis.clone() {
            Some(redis) => store.with_redis(redis).unwrap(),
            None => store,
        }
    }

    /// alice with a session, and the client `app`: what most records hang on.
    pub async fn with_alice_and_app(self) -> Self {
        self.store.insert_user(&user("alice")).await.unwrap();
        self.store.insert_session(&session("s1", "alice"), 0).await.unwrap();
        self.store.insert_client(&client("app")).await.unwrap();
        self
    }
}

pub async fn run_on_postgres(server: &str, statement: &str) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn unique_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    format!("test_{}_{time}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Runs `count` copies of an operation at once.
pub async fn at_once<T, F>(count: usize, operation: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|number| tokio::spawn(operation(number))).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

pub fn hash(of: &str) -> Vec<u8> {
    let mut hash = vec![0; 32];
    hash[..of.len()].copy_from_slice(of.as_bytes());
    hash
}

pub fn client(client_id: &str) -> ClientRecord {
    ClientRecord {
        client_id: client_id.into(),
        metadata: format!(r#"{{"client_name":"{client_id}"}}"#),
        secret_hash: Some(hash("secret")),
        secret_sealed: None,
        disabled_at: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// A user whose id is its name.
pub fn user(name: &str) -> UserRecord {
    UserRecord {
        id: name.into(),
        username: name.into(),
        email: Some(format!("{name}@example.test")),
        email_verified: true,
        password_hash: Some("hash 1".into()),
        claims: r#"{"name":"Somebody"}"#.into(),
        is_admin: false,
        disabled_at: None,
        tokens_not_before: 0,
        password_changed_at: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub fn session(id: &str, user_id: &str) -> SessionRecord {
    SessionRecord {
        id: id.into(),
        secret_hash: hash("cookie"),
        user_id: user_id.into(),
        auth_time: NOW,
        acr: "urn:acr".into(),
        amr: r#"["pwd"]"#.into(),
        address: "192.0.2.1".into(),
        user_agent: "Browser/1".into(),
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: LATER,
        ended_at: None,
        proved_at: NOW,
    }
}

/// An authorization request of `app`.
pub fn transaction(id: &str) -> TransactionRecord {
    TransactionRecord {
        id: id.into(),
        secret_hash: hash("cookie"),
        client_id: "app".into(),
        request: "{}".into(),
        progress: "start".into(),
        created_at: NOW,
        expires_at: NOW + HOUR,
        completed_at: None,
    }
}

pub fn consent(scope: &str) -> ConsentRecord {
    ConsentRecord {
        user_id: "alice".into(),
        client_id: "app".into(),
        scope: scope.into(),
        created_at: NOW,
        last_used_at: NOW,
    }
}

/// alice's code for `app`, in session `s1`, whose family is `id` after `f-`.
pub fn code(id: &str) -> CodeRecord {
    CodeRecord {
        id: id.into(),
        secret_hash: hash("code"),
        client_id: "app".into(),
        user_id: "alice".into(),
        session_id: "s1".into(),
        family_id: format!("f-{id}"),
        details: "{}".into(),
        created_at: NOW,
        expires_at: NOW + MINUTE,
        consumed_at: None,
    }
}

/// alice's family for `app`, in session `s1`, not offline, at generation 1.
pub fn family(id: &str) -> FamilyRecord {
    FamilyRecord {
        id: id.into(),
        client_id: "app".into(),
        user_id: "alice".into(),
        session_id: "s1".into(),
        offline: false,
        scope: "openid".into(),
        details: r#"{"auth_time":1}"#.into(),
        generation: 1,
        token_hash: token_hash(1),
        rotated_at: NOW,
        created_at: NOW,
        expires_at: LATER,
        idle_expires_at: NOW + HOUR,
        revoked_at: None,
        revoked_reason: None,
    }
}

pub fn token_hash(generation: i64) -> Vec<u8> {
    hash(&format!("generation {generation}"))
}

/// The presentation of `family_id`'s token of `generation` at `now`, with a grace of ten seconds.
pub fn rotation(family_id: &str, generation: i64, now: i64) -> RotateFamily {
    RotateFamily {
        family_id: family_id.into(),
        client_id: "app".into(),
        generation,
        token_hash: token_hash(generation),
        successor_hash: token_hash(generation + 1),
        now,
        idle_expires_at: now + HOUR,
        grace_since: now - 10 * SECOND,
        revocation_expires_at: now + HOUR,
    }
}

/// A device authorization of `app`, pending, with the user code `code-ID`.
pub fn device(id: &str) -> DeviceRecord {
    DeviceRecord {
        id: id.into(),
        secret_hash: hash("device code"),
        user_code_hash: hash(&format!("code-{id}")),
        client_id: "app".into(),
        scope: "openid".into(),
        status: "pending".into(),
        interval_seconds: 5,
        user_id: None,
        session_id: None,
        family_id: format!("f-{id}"),
        details: "{}".into(),
        address: "192.0.2.7".into(),
        user_agent: "TV/1".into(),
        created_at: NOW,
        expires_at: NOW + 10 * MINUTE,
        decided_at: None,
    }
}

pub fn signing_key(kid: &str, alg: &str, sign_at: i64) -> SigningKeyRecord {
    SigningKeyRecord {
        kid: kid.into(),
        alg: alg.into(),
        public_jwk: "{}".into(),
        private_sealed: vec![1, 2, 3],
        created_at: NOW,
        sign_at,
        retire_at: sign_at + HOUR,
        remove_at: sign_at + 2 * HOUR,
    }
}

pub fn audit_event(id: &str, at: i64, event: &str) -> AuditRecord {
    AuditRecord {
        id: id.into(),
        at,
        event: event.into(),
        user_id: Some("alice".into()),
        client_id: None,
        session_id: None,
        address: Some("192.0.2.1".into()),
        request_id: Some("r1".into()),
        details: "{}".into(),
    }
}

/// The revocations on record, as `kind:key`, in their order.
pub async fn revocations(store: &Store) -> Vec<String> {
    let all = store.revocations_after(0, 0).await.unwrap();
    all.into_iter().map(|revocation| format!("{}:{}", revocation.kind, revocation.key)).collect()
}

/// A server that lets people in by everything there is in these tests.
pub fn all() -> WaysIn {
    WaysIn { passkeys: true, issuers: vec!["i1".into(), "i2".into()] }
}
