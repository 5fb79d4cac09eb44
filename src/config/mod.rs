//! Settings: one typed tree, read from file and environment. Defaults and units are documented on the field.

mod client_id_metadata_documents;
mod client_registration;
mod contradictions;
mod load;
mod mail;
mod outbound;
mod passkeys;
mod registration;
mod sign_in;
mod tree;
mod types;
mod upstream;

pub use client_id_metadata_documents::ClientIdMetadataDocuments;
pub use client_registration::{ClientRegistration, ClientRegistrationMode};
pub use load::{ConfigErrors, Finding, Loaded, Origin, Problem, Source, load, load_and_check};
pub use mail::{Mail, SmtpUrl, SmtpUrlError, StartTls, smtp_password};
pub use outbound::Outbound;
pub use passkeys::{NotAnOrigin, Passkeys, WebOrigin};
pub use registration::{Registration, RegistrationMode, Terms};
pub use sign_in::{RequireMfa, SignIn};
pub use types::{Algorithm, Issuer, IssuerError, Ttl};
pub use upstream::{MAPPED_CLAIMS, Upstream};

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// The whole configuration (`portcullis.toml`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The issuer URL, exactly as it shall stand in every token and document: `https`, no trailing slash, no query;
    /// plain http only on loopback.
    pub issuer: Issuer,
    /// Address and port of the public listener.
    #[serde(default = "defaults::listen")]
    pub listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://...`.
    #[serde(default = "defaults::database", serialize_with = "masked_url")]
    pub database: SecretString,
    #[serde(default)]
    pub server: Server,
    #[serde(default)]
    pub secrets: Secrets,
    #[serde(default)]
    pub keys: Keys,
    #[serde(default)]
    pub tokens: Tokens,
    #[serde(default)]
    pub sessions: Sessions,
    #[serde(default)]
    pub redis: Redis,
    #[serde(default)]
    pub passwords: Passwords,
    #[serde(default)]
    pub sign_in: SignIn,
    #[serde(default)]
    pub registration: Registration,
    #[serde(default)]
    pub passkeys: Passkeys,
    #[serde(default)]
    pub throttle: Throttle,
    #[serde(default)]
    pub client_registration: ClientRegistration,
    #[serde(default)]
    pub client_id_metadata_documents: ClientIdMetadataDocuments,
    #[serde(default)]
    pub outbound: Outbound,
    #[serde(default)]
    pub api_keys: ApiKeys,
    #[serde(default)]
    pub upstream: BTreeMap<String, Upstream>,
    #[serde(default)]
    pub metadata: Metadata,
    #[serde(default)]
    pub pages: Pages,
    /// `[places]`: names for ranges of addresses, such as `"10.2.0.0/16" = "Lund"`, by which people see where they are
    /// signed in. The smallest range counts; without any no place is shown.
    #[serde(default)]
    pub places: BTreeMap<IpNet, String>,
    #[serde(default)]
    pub mail: Mail,
    #[serde(default)]
    pub audit: Audit,
    #[serde(default)]
    pub log: Log,
}

/// `[server]`: listeners and limits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Where metrics and detailed readiness are served; unset turns them off. Never the public listener.
    pub metrics_listen: Option<SocketAddr>,
    /// Worker threads; 0 means one per core.
    pub workers: usize,
    /// Connections held at once, over all workers; more wait to be accepted.
    pub max_connections: usize,
    /// Proxies whose `X-Forwarded-For` is believed, as addresses or CIDR ranges. None by default.
    #[serde(deserialize_with = "types::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// How long requests in flight may take to finish after SIGTERM. Seconds.
    pub shutdown_grace: Ttl,
    /// How long a client may take to send its request head. Seconds.
    pub request_head_timeout: Ttl,
    /// How long a client may take to send its request body. Seconds.
    pub request_body_timeout: Ttl,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            metrics_listen: None,
            workers: 0,
            max_connections: 10_000,
            trusted_proxies: Vec::new(),
            shutdown_grace: Ttl::seconds(10),
            request_head_timeout: Ttl::seconds(10),
            request_body_timeout: Ttl::seconds(20),
        }
    }
}

/// `[secrets]`: the key that seals what must be stored but not readable (signing keys, TOTP secrets).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    /// File with the master keys, one `ID:BASE64` per line, first one seals, all open. Mode 0600.
    pub master_key_file: PathBuf,
    /// The same content from the environment (`PORTCULLIS__SECRETS__MASTER_KEY`), instead of a file.
    #[serde(serialize_with = "masked_option")]
    pub master_key: Option<SecretString>,
}

impl Default for Secrets {
    fn default() -> Self {
        Self { master_key_file: PathBuf::from("keys/master.key"), master_key: None }
    }
}

/// `[keys]`: signing keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// Algorithms that are live at once. `ES256` and `RS256` are what OpenID Connect clients expect.
    pub algorithms: Vec<Algorithm>,
    /// How long a key signs. Seconds; 90 days.
    pub rotation_period: Ttl,
    /// How long a key is published before it signs. Seconds; 1 day. At least the JWKS cache time.
    pub publish_before: Ttl,
    /// How long a key is published after it signed last. Seconds; 1 day. At least the longest token life.
    pub publish_after: Ttl,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            algorithms: vec![Algorithm::ES256, Algorithm::RS256, Algorithm::EdDSA],
            rotation_period: Ttl::days(90),
            publish_before: Ttl::days(1),
            publish_after: Ttl::days(1),
        }
    }
}

/// `[tokens]`: lifetimes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tokens {
    /// Authorization code. Seconds; 60, and not more.
    pub authorization_code_ttl: Ttl,
    /// Access token. Seconds; 15 minutes.
    pub access_token_ttl: Ttl,
    /// id_token. Seconds; 15 minutes.
    pub id_token_ttl: Ttl,
    /// How long a refresh token may lie unused. Seconds; 14 days.
    pub refresh_token_idle_ttl: Ttl,
    /// Absolute life of a refresh family. Seconds; 30 days.
    pub refresh_token_ttl: Ttl,
    /// A refresh token presented again within this time, its successor unused, gives the same successor. Seconds; 10.
    pub refresh_token_grace: Ttl,
    /// Device code and user code. Seconds; 10 minutes.
    pub device_code_ttl: Ttl,
    /// Least time between two polls of a device. Seconds; 5.
    pub device_poll_interval: Ttl,
    /// How long a person may take to answer an authorization request. Seconds; 1 hour.
    pub transaction_ttl: Ttl,
    /// Lets clients register `none` as the algorithm of the id_tokens that they fetch at the token endpoint.
    pub unsigned_id_tokens: bool,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            authorization_code_ttl: Ttl::seconds(60),
            access_token_ttl: Ttl::minutes(15),
            id_token_ttl: Ttl::minutes(15),
            refresh_token_idle_ttl: Ttl::days(14),
            refresh_token_ttl: Ttl::days(30),
            refresh_token_grace: Ttl::seconds(10),
            device_code_ttl: Ttl::minutes(10),
            device_poll_interval: Ttl::seconds(5),
            transaction_ttl: Ttl::hours(1),
            unsigned_id_tokens: false,
        }
    }
}

/// `[sessions]`: signed-in browsers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// Absolute life. Seconds; 7 days.
    pub ttl: Ttl,
    /// Ends when unused for this long. Seconds; 2 days.
    pub idle_ttl: Ttl,
    /// Whether the sign-in page lets people choose not to be kept signed in; without it every browser is remembered.
    pub remember_me: bool,
    /// Absolute life where a person chose so; the cookie goes with the browser's window. Seconds; 12 hours.
    pub brief_ttl: Ttl,
    /// Ends a session for whoever comes with its cookie from another address (IPv6: another /64). Off: phones change theirs
    /// all day.
    pub bind_address: bool,
    /// Where the last use is kept: `database`, or `redis`, where the idle end is a native time to live. Whether a session
    /// has ended is decided by the database either way.
    pub store: Keeper,
    /// Whether applications may see in a frame of this server that the person has changed (OpenID Connect Session
    /// Management): `check_session_iframe` and `session_state`.
    pub check_session_iframe: bool,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            ttl: Ttl::days(7),
            idle_ttl: Ttl::days(2),
            remember_me: true,
            brief_ttl: Ttl::hours(12),
            bind_address: false,
            store: Keeper::Database,
            check_session_iframe: true,
        }
    }
}

/// Who keeps what is short-lived and shared between instances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keeper {
    #[default]
    Database,
    Redis,
}

/// `[redis]`: a Redis (or Valkey) beside the database. While it does not answer, the database does.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redis {
    /// `redis://[USER:PASSWORD@]HOST:PORT/NUMBER` or `unix:///PATH`; or in the file that `PORTCULLIS__REDIS__URL_FILE` names.
    /// Without TLS: keep it on a network of your own.
    #[serde(serialize_with = "masked_option")]
    pub url: Option<SecretString>,
    /// What every key begins with.
    pub key_prefix: String,
}

impl Default for Redis {
    fn default() -> Self {
        Self { url: None, key_prefix: "portcullis:".to_owned() }
    }
}

/// `[passwords]`: Argon2id cost and the queue in front of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// Argon2id memory. KiB; 65536.
    pub memory_kib: u32,
    /// Argon2id passes.
    pub iterations: u32,
    /// Argon2id lanes.
    pub parallelism: u32,
    /// Hashes computed at once; 0 means one per core.
    pub concurrency: usize,
    /// Logins that may wait for a free place; more are answered 503 at once.
    pub queue: usize,
    /// Least length of a new password, in characters.
    pub min_length: usize,
    /// How hard a new password must be to guess, as zxcvbn scores it: 0 (anything goes) to 4 (very hard). 2 keeps out
    /// what is guessed within a million tries.
    pub min_strength: u8,
    /// List of leaked passwords in which new ones are looked up, such as `https://api.pwnedpasswords.com/range`. It is sent
    /// five digits of a SHA-1 hash, and never the password. None asks nobody; while it does not answer nothing is refused.
    pub breach_check_url: Option<String>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            memory_kib: 65536,
            iterations: 3,
            parallelism: 1,
            concurrency: 0,
            queue: 32,
            min_length: 8,
            min_strength: 2,
            breach_check_url: None,
        }
    }
}

/// `[throttle]`: delays for failed attempts. Failures are forgotten after `window`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Throttle {
    /// Failures of one name (user name or e-mail address) or known browser before delays begin.
    pub account_failures: u32,
    /// Failures of one address (IPv6: its /64) before delays begin.
    pub address_failures: u32,
    /// Failures of one client's authentication from one address before delays begin.
    pub client_failures: u32,
    /// Sign-ins, device requests, ways to other providers and passkey challenges that one address (IPv6: its /64) may begin
    /// at an instance at once, and as many again over the next ten minutes; 0 for any number. Loopback is not limited.
    pub begun_per_address: u32,
    /// The first delay; it doubles with each further failure. Seconds; 1.
    pub base_delay: Ttl,
    /// The longest delay. Seconds; 15 minutes.
    pub max_delay: Ttl,
    /// After this time without a failure the count begins anew. Seconds; 1 hour.
    pub window: Ttl,
    /// Where failures are counted for all instances: `database` or `redis`.
    pub store: Keeper,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            account_failures: 5,
            address_failures: 50,
            client_failures: 50,
            begun_per_address: 10_000,
            base_delay: Ttl::seconds(1),
            max_delay: Ttl::minutes(15),
            window: Ttl::hours(1),
            store: Keeper::Database,
        }
    }
}

/// `[api_keys]`: keys that people and services make for their programs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiKeys {
    /// Off: no key can be made, none is accepted, and token exchange is not offered.
    pub enabled: bool,
    /// Scopes that a person may give a key, beyond `openid`, `profile`, `email`, `address` and `phone`. A service's keys
    /// are bounded by the scope that it is registered with. Each should have its sentence in `metadata.scopes`.
    pub scopes: Vec<String>,
    /// The longest life of a key. Seconds; 365 days.
    pub max_ttl: Ttl,
    /// Live keys that one owner may have.
    pub max_per_owner: u32,
}

impl Default for ApiKeys {
    fn default() -> Self {
        Self { enabled: true, scopes: Vec::new(), max_ttl: Ttl::days(365), max_per_owner: 50 }
    }
}

/// `[metadata]`: optional members of the discovery document.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metadata {
    /// `service_documentation` (RFC 8414 §2).
    pub service_documentation: Option<url::Url>,
    /// `op_policy_uri`.
    pub op_policy_uri: Option<url::Url>,
    /// `op_tos_uri`.
    pub op_tos_uri: Option<url::Url>,
    /// Scopes beyond the standard ones, with the sentence that the consent page shows for each.
    pub scopes: BTreeMap<String, String>,
}

/// `[pages]`: what end users see.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pages {
    /// The name of this service on its pages.
    pub service_name: String,
    /// Language when the browser asks for none that is shipped.
    pub default_locale: String,
}

impl Default for Pages {
    fn default() -> Self {
        Self { service_name: "Portcullis".to_owned(), default_locale: "en".to_owned() }
    }
}

/// `[log]`: what is written to standard error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `tracing` filter directives, such as `info` or `portcullis=debug`.
    pub filter: String,
    /// `text` or `json`; by default text on a terminal, JSON otherwise.
    pub format: Option<LogFormat>,
    /// One line per answered request. Whoever has them from a proxy can turn them off.
    pub access: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: None, access: true }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// `[audit]`: the audit log, which is also what people see as their activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// How long an event is kept. Seconds; 365 days.
    pub kept_for: Ttl,
}

impl Default for Audit {
    fn default() -> Self {
        Self { kept_for: Ttl::days(365) }
    }
}

/// What stands for a secret wherever settings are shown.
const MASK: &str = "***";

/// The database without what lets one in: no user, password or parameter of a URL.
fn masked_url<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    let text = secret.expose_secret();
    if text.starts_with("sqlite:") {
        return serializer.serialize_str(text);
    }
    let shown = url::Url::parse(text).ok().and_then(|url| {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{}://{MASK}@{}{port}{}", url.scheme(), url.host_str()?, url.path()))
    });
    serializer.serialize_str(shown.as_deref().unwrap_or(MASK))
}

#[expect(clippy::ref_option, reason = "serde passes the field by reference")]
fn masked_option<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(|_| MASK).serialize(serializer)
}

mod defaults {
    use std::net::{Ipv4Addr, SocketAddr};

    use secrecy::SecretString;

    pub fn listen() -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))
    }

    pub fn database() -> SecretString {
        SecretString::from("sqlite:portcullis.db")
    }
}
