//! Rows as the database keeps them: plain strings, bytes and numbers. Meaning is given to them by the layers above.

mod account;
mod api_keys;
mod factors;
mod imports;
mod logout;
mod mail;
mod passkeys;
mod registration;
mod upstream;

use sqlx::FromRow;

pub use account::*;
pub use api_keys::*;
pub use factors::*;
pub use imports::*;
pub use logout::*;
pub use mail::*;
pub use passkeys::*;
pub use registration::*;
pub use upstream::*;

/// `clients`: one registered client. `metadata` is the RFC 7591 document as JSON text.
#[derive(Clone, Debug, FromRow)]
pub struct ClientRecord {
    pub client_id: String,
    pub metadata: String,
    /// SHA-256 of the client secret; `None` for public clients and those with keys.
    pub secret_hash: Option<Vec<u8>>,
    /// The secret sealed under the server's key: only for `client_secret_jwt`, which needs it as an HMAC key.
    pub secret_sealed: Option<Vec<u8>>,
    pub disabled_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// `users`: one end user. `id` is the `sub` of tokens.
#[derive(Clone, Debug, FromRow)]
pub struct UserRecord {
    pub id: String,
    /// Unique, as compared (NFKC, lower case).
    pub username: String,
    pub email: Option<String>,
    pub email_verified: bool,
    /// PHC string; `None` for an account without a password.
    pub password_hash: Option<String>,
    /// Standard claims (OpenID Connect Core §5.1) other than those with a column here, as a JSON object.
    pub claims: String,
    pub is_admin: bool,
    pub disabled_at: Option<i64>,
    /// Whatever was issued for this user before this time is void ("sign out everywhere").
    pub tokens_not_before: i64,
    pub password_changed_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
}

/// `sessions`: one signed-in browser. `id` is the `sid` of id_tokens; the cookie holds a token whose hash is here.
#[derive(Clone, Debug, FromRow)]
pub struct SessionRecord {
    pub id: String,
    pub secret_hash: Vec<u8>,
    pub user_id: String,
    /// When the person last signed in: here, or before that at a provider which says so.
    pub auth_time: i64,
    pub acr: String,
    /// JSON array of RFC 8176 values.
    pub amr: String,
    pub address: String,
    pub user_agent: String,
    pub created_at: i64,
    pub last_seen_at: i64,
    /// Absolute end; the idle end is `last_seen_at` + the configured idle time.
    pub expires_at: i64,
    pub ended_at: Option<i64>,
    /// When they proved that here: what was proved before they signed out everywhere is void.
    pub proved_at: i64,
}

/// `transactions`: an authorization request while a person answers it. `request` is frozen, `progress` moves.
#[derive(Clone, Debug, FromRow)]
pub struct TransactionRecord {
    pub id: String,
    pub secret_hash: Vec<u8>,
    pub client_id: String,
    /// The validated request as JSON.
    pub request: String,
    /// What has been done in this transaction so far, as JSON (steps passed, consent given).
    pub progress: String,
    pub created_at: i64,
    pub expires_at: i64,
    pub completed_at: Option<i64>,
}

/// `consents`: what a person allowed a client, remembered.
#[derive(Clone, Debug, FromRow)]
pub struct ConsentRecord {
    pub user_id: String,
    pub client_id: String,
    /// Space-separated scopes, the union of all that was allowed.
    pub scope: String,
    pub created_at: i64,
    pub last_used_at: i64,
}

/// `authorization_codes`: a code and everything that the token request needs. `details` is JSON of the layer above.
#[derive(Clone, Debug, FromRow)]
pub struct CodeRecord {
    pub id: String,
    pub secret_hash: Vec<u8>,
    pub client_id: String,
    pub user_id: String,
    pub session_id: String,
    /// Names the tokens issued from this code, so that a replay can end them.
    pub family_id: String,
    pub details: String,
    pub created_at: i64,
    pub expires_at: i64,
    pub consumed_at: Option<i64>,
}

/// What an attempt to consume something single-use found.
#[derive(Clone, Debug)]
pub enum Consumed<T> {
    /// This call, and no other, consumed it.
    Fresh(T),
    /// It was consumed before (and is within its retention).
    Replayed(T),
    /// Never issued, expired, or not this secret.
    Unknown,
}

/// `refresh_families`: the refresh tokens of one grant, one row however often they rotate.
#[derive(Clone, Debug, FromRow)]
pub struct FamilyRecord {
    pub id: String,
    pub client_id: String,
    pub user_id: String,
    pub session_id: String,
    /// Outlives its session (`offline_access`).
    pub offline: bool,
    pub scope: String,
    /// What later id_tokens and access tokens repeat (`auth_time`, `acr`, `amr`, claims request), as JSON.
    pub details: String,
    /// The generation of the one live token.
    pub generation: i64,
    /// SHA-256 of the live token.
    pub token_hash: Vec<u8>,
    pub rotated_at: i64,
    pub created_at: i64,
    /// Absolute end of the family.
    pub expires_at: i64,
    /// End if not used before.
    pub idle_expires_at: i64,
    pub revoked_at: Option<i64>,
    pub revoked_reason: Option<String>,
}

/// One rotation, as asked for.
#[derive(Clone, Debug)]
pub struct RotateFamily {
    pub family_id: String,
    pub client_id: String,
    /// Generation and hash of the token presented.
    pub generation: i64,
    pub token_hash: Vec<u8>,
    /// Hash of the derived token of `generation + 1`.
    pub successor_hash: Vec<u8>,
    pub now: i64,
    pub idle_expires_at: i64,
    /// A token rotated away at or after this time may still be exchanged for its same successor.
    pub grace_since: i64,
    /// Until when the `family` revocation is kept that a replay writes: no access token of the family lives longer.
    pub revocation_expires_at: i64,
}

/// The outcome of a rotation.
#[derive(Clone, Debug)]
pub enum Rotation {
    /// The presented token was the live one; the successor is live now.
    Rotated(FamilyRecord),
    /// Presented again within the grace while its successor is unused: the same successor stands.
    Repeated(FamilyRecord),
    /// Presented again later: this call, and no other, has revoked the family for it.
    Replayed(FamilyRecord),
    /// Revoked before, expired, ended with its session or user, another client's, or unknown.
    Dead,
}

/// `access_tokens`: opaque access tokens of clients that asked for them.
#[derive(Clone, Debug, FromRow)]
pub struct AccessTokenRecord {
    pub id: String,
    pub secret_hash: Vec<u8>,
    /// The claims a JWT access token would carry, as JSON.
    pub claims: String,
    pub expires_at: i64,
}

/// `revocations`: something whose tokens are void although they have not expired. Instances follow the table by `seq`.
#[derive(Clone, Debug, FromRow)]
pub struct RevocationRecord {
    pub seq: i64,
    /// `jti`, `family`, `session`, `user` or `client`.
    pub kind: String,
    pub key: String,
    /// Tokens issued (`iat`) at or before this time are void.
    pub not_before: i64,
    /// After this no token it concerns can be unexpired.
    pub expires_at: i64,
}

/// `device_authorizations` (RFC 8628).
#[derive(Clone, Debug, FromRow)]
pub struct DeviceRecord {
    pub id: String,
    pub secret_hash: Vec<u8>,
    /// Keyed hash of the normalised user code.
    pub user_code_hash: Vec<u8>,
    pub client_id: String,
    pub scope: String,
    /// `pending`, `approved`, `denied` or `consumed`.
    pub status: String,
    /// Seconds between polls; grows by 5 with each `slow_down`.
    pub interval_seconds: i64,
    pub user_id: Option<String>,
    pub session_id: Option<String>,
    pub family_id: String,
    /// JSON: further request parameters, and after approval `auth_time`, `acr`, `amr`, granted scope.
    pub details: String,
    pub address: String,
    pub user_agent: String,
    pub created_at: i64,
    pub expires_at: i64,
    /// When a person let the device in, or refused it.
    pub decided_at: Option<i64>,
}

/// `signing_keys`: one key pair through its life. Times in order: `created_at` (published from), `sign_at`,
/// `retire_at` (signs no more), `remove_at` (published no more).
#[derive(Clone, Debug, FromRow)]
pub struct SigningKeyRecord {
    pub kid: String,
    pub alg: String,
    pub public_jwk: String,
    /// PKCS#8 DER sealed under the server's key.
    pub private_sealed: Vec<u8>,
    pub created_at: i64,
    pub sign_at: i64,
    pub retire_at: i64,
    pub remove_at: i64,
}

/// `audit_events`: who did what to whom; append-only.
#[derive(Clone, Debug, FromRow)]
pub struct AuditRecord {
    pub id: String,
    pub at: i64,
    /// Snake-case name such as `login_failed`, `refresh_reuse`, `code_replay`.
    pub event: String,
    pub user_id: Option<String>,
    pub client_id: Option<String>,
    pub session_id: Option<String>,
    pub address: Option<String>,
    pub request_id: Option<String>,
    /// JSON object without secrets.
    pub details: String,
}

/// `throttles`: failures counted against one key (account, address, client).
#[derive(Clone, Debug, FromRow)]
pub struct ThrottleRecord {
    pub key: String,
    pub failures: i64,
    /// The last failure: a window after it the count begins anew.
    pub window_started_at: i64,
    /// No further attempt before this time.
    pub blocked_until: i64,
}

/// `setup_links`: one-time links by which an operator becomes, or comes back as, an administrator.
#[derive(Clone, Debug, FromRow)]
pub struct SetupLinkRecord {
    pub id: String,
    pub secret_hash: Vec<u8>,
    /// The administrator it lets in; `None` when it makes the first one.
    pub user_id: Option<String>,
    pub created_at: i64,
    pub expires_at: i64,
    pub consumed_at: Option<i64>,
}
