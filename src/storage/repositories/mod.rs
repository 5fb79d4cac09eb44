//! What the layers above may ask of the storage, in the domain's words. [`super::Store`] answers all of it on both
//! databases; `tests/storage` runs the same suite on each.
#![allow(async_fn_in_trait, reason = "only ever called on the concrete Store, whose futures are Send")]

mod account;
mod api_keys;
mod factors;
mod imports;
mod logout;
mod mail;
mod new_accounts;
mod passkeys;
mod registration;
mod upstream;

pub use account::*;
pub use api_keys::*;
pub use factors::*;
pub use imports::*;
pub use logout::*;
pub use mail::*;
pub use new_accounts::*;
pub use passkeys::*;
pub use registration::*;
pub use upstream::*;

use super::records::*;
use super::{Consumed, Result};

pub trait Clients {
    /// Every client, disabled ones included, by client_id.
    async fn list_clients(&self) -> Result<Vec<ClientRecord>>;
    async fn find_client(&self, client_id: &str) -> Result<Option<ClientRecord>>;
    /// `Error::Conflict` when the id is taken. Moves the clients' version.
    async fn insert_client(&self, client: &ClientRecord) -> Result<()>;
    /// False when there is no such client. Moves the clients' version.
    async fn update_client(&self, client: &ClientRecord) -> Result<bool>;
    /// Deletes the client with its consents, codes and families. Moves the clients' version.
    async fn delete_client(&self, client_id: &str) -> Result<bool>;
    /// Grows with each change of any client, on whichever instance: caches compare it.
    async fn clients_version(&self) -> Result<i64>;
}

pub trait Users {
    async fn find_user(&self, id: &str) -> Result<Option<UserRecord>>;
    /// By normalised user name or, failing that, by e-mail (compared in lower case).
    async fn find_user_by_login(&self, login: &str) -> Result<Option<UserRecord>>;
    /// Users after `after` (a username; empty for the first page) in the order of usernames.
    async fn list_users(&self, after: &str, limit: i64) -> Result<Vec<UserRecord>>;
    /// `Error::Conflict("username" | "email")` when taken.
    async fn insert_user(&self, user: &UserRecord) -> Result<()>;
    /// Only inserts while no administrator exists; false when one does. One statement.
    async fn insert_first_admin(&self, user: &UserRecord) -> Result<bool>;
    async fn any_admin(&self) -> Result<Option<UserRecord>>;
    /// Replaces the address, and ends what was mailed to the old one; one transaction. `Error::Conflict("email")` when
    /// taken; false where there is no such user, or their `tokens_not_before` is another than `as_of`.
    async fn set_email(
        &self,
        user_id: &str,
        email: Option<&str>,
        verified: bool,
        as_of: Option<i64>,
        now: i64,
    ) -> Result<bool>;
    /// Stores a re-hash of the same password; nothing else changes.
    async fn upgrade_password_hash(&self, user_id: &str, old_hash: &str, new_hash: &str) -> Result<bool>;
    /// A new password: ends every session and refresh family of the user, with `end_keys` their API keys too, sets
    /// `tokens_not_before`, and writes the `user` revocation, in one transaction. Gives the keys; `None` where there is no
    /// such user, or their `tokens_not_before` is another than `as_of`.
    async fn change_password(
        &self,
        user_id: &str,
        new_hash: &str,
        as_of: Option<i64>,
        end_keys: bool,
        now: i64,
        revocation_expires_at: i64,
    ) -> Result<Option<Vec<ApiKeyRecord>>>;
    /// Disables (ending sessions and families, with the `user` revocation) or enables, in one transaction.
    async fn set_user_disabled(
        &self,
        user_id: &str,
        disabled: bool,
        now: i64,
        revocation_expires_at: i64,
    ) -> Result<bool>;
}

pub trait Sessions {
    /// False, with nothing inserted, when the person's `tokens_not_before` is another than `as_of`, or they are disabled: what
    /// was proved is void by now.
    async fn insert_session(&self, session: &SessionRecord, as_of: i64) -> Result<bool>;
    /// The session if secret, idle and absolute end, and its user (enabled, not signed out everywhere since) allow.
    async fn find_session(
        &self,
        id: &str,
        secret_hash: &[u8],
        now: i64,
        idle_since: i64,
    ) -> Result<Option<(SessionRecord, UserRecord)>>;
    /// Moves `last_seen_at` forward, at most once a minute per session.
    async fn touch_session(&self, id: &str, now: i64) -> Result<()>;
    /// A renewed login in the same browser: new secret, `auth_time`, `acr`, `amr`; the id (`sid`) stays. `as_of` as with
    /// [`Self::insert_session`].
    async fn renew_session(&self, id: &str, old_secret_hash: &[u8], new: &SessionRecord, as_of: i64) -> Result<bool>;
    /// Ends the session and the refresh families bound to it (not the offline ones), with the `session` revocation and
    /// the notices to its clients, in one transaction. False when it had ended already.
    async fn end_session(&self, id: &str, now: i64, revocation_expires_at: i64) -> Result<bool>;
    async fn count_live_sessions(&self, now: i64) -> Result<i64>;
}

pub trait Transactions {
    async fn insert_transaction(&self, transaction: &TransactionRecord) -> Result<()>;
    /// Live or completed, by id and secret; `None` when expired.
    async fn find_transaction(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Option<TransactionRecord>>;
    /// Replaces `progress` if it still is `expected` (a double submit loses) and the transaction is not completed.
    async fn advance_transaction(&self, id: &str, expected: &str, progress: &str, now: i64) -> Result<bool>;
    /// Completes it: of any number of concurrent calls exactly one gets true.
    async fn complete_transaction(&self, id: &str, now: i64) -> Result<bool>;
}

pub trait Consents {
    async fn find_consent(&self, user_id: &str, client_id: &str) -> Result<Option<ConsentRecord>>;
    /// Inserts or replaces the scopes.
    async fn save_consent(&self, consent: &ConsentRecord) -> Result<()>;
    /// Removes it and ends the client's families and codes for this user, in one transaction.
    async fn revoke_consent(
        &self,
        user_id: &str,
        client_id: &str,
        now: i64,
        revocation_expires_at: i64,
    ) -> Result<bool>;
}

pub trait Codes {
    async fn insert_code(&self, code: &CodeRecord) -> Result<()>;
    /// Reads an unconsumed, unexpired code, or a consumed one within its retention, without changing it.
    async fn find_code(&self, id: &str, secret_hash: &[u8]) -> Result<Option<CodeRecord>>;
    /// Consumes a code atomically: of any number of concurrent calls exactly one gets `Fresh`.
    async fn consume_code(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Consumed<CodeRecord>>;
    /// Consumes a code like [`Self::consume_code`] and begins its refresh family, if one is given, in one transaction.
    /// `Unknown`, with nothing changed, unless at `now` the code's session is alive, its user is enabled and has not
    /// signed out everywhere since the code was made, and no revocation of its family is on record.
    async fn redeem_code(
        &self,
        id: &str,
        secret_hash: &[u8],
        now: i64,
        family: Option<&FamilyRecord>,
    ) -> Result<Consumed<CodeRecord>>;
}

pub trait Families {
    /// Fails with `Conflict("family")` when a revocation of that family is on record (the code was replayed meanwhile).
    async fn insert_family(&self, family: &FamilyRecord) -> Result<()>;
    async fn find_family(&self, id: &str) -> Result<Option<FamilyRecord>>;
    /// The family, if [`Self::rotate_family`] would not find it dead at `now`.
    async fn find_live_family(&self, id: &str, now: i64) -> Result<Option<FamilyRecord>>;
    /// Rotates atomically, durably. Refuses a family whose session ended (unless offline) or whose user is disabled.
    async fn rotate_family(&self, rotation: RotateFamily) -> Result<Rotation>;
    /// Revokes the family, with the `family` revocation, in one transaction. False when it was revoked already; the
    /// revocation is on record either way (also for a family without refresh token).
    async fn revoke_family(&self, id: &str, reason: &str, now: i64, revocation_expires_at: i64) -> Result<bool>;
}

pub trait AccessTokens {
    async fn insert_access_token(&self, token: &AccessTokenRecord) -> Result<()>;
    async fn find_access_token(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Option<AccessTokenRecord>>;
}

pub trait Revocations {
    async fn insert_revocation(&self, kind: &str, key: &str, not_before: i64, expires_at: i64) -> Result<()>;
    /// Unexpired revocations with `seq` above `after`, in order.
    async fn revocations_after(&self, after: i64, now: i64) -> Result<Vec<RevocationRecord>>;
}

pub trait Devices {
    /// `Conflict("user_code")` when a live one has the same user code.
    async fn insert_device(&self, device: &DeviceRecord) -> Result<()>;
    async fn find_device(&self, id: &str, secret_hash: &[u8]) -> Result<Option<DeviceRecord>>;
    /// Only while pending and unexpired.
    async fn find_device_by_user_code(&self, user_code_hash: &[u8], now: i64) -> Result<Option<DeviceRecord>>;
    /// `pending` → `approved`/`denied`, once.
    async fn decide_device(
        &self,
        id: &str,
        approved: bool,
        user_id: &str,
        session_id: &str,
        details: &str,
        now: i64,
    ) -> Result<bool>;
    /// Adds `by` seconds to the interval, for good.
    async fn slow_device_down(&self, id: &str, by: i64) -> Result<()>;
    /// `approved` → `consumed`: exactly one concurrent call gets the record; begins the refresh family, if one is given,
    /// in the same transaction. `None`, with nothing changed, also when it has expired or, at `now`, its session has
    /// ended, its user is disabled or has signed out everywhere since `created_at`, or its family is revoked.
    async fn consume_device(&self, id: &str, now: i64, family: Option<&FamilyRecord>) -> Result<Option<DeviceRecord>>;
}

pub trait SigningKeys {
    /// All keys not yet past `remove_at`, oldest first.
    async fn list_signing_keys(&self, now: i64) -> Result<Vec<SigningKeyRecord>>;
    /// Inserts unless another key of this algorithm already has this `sign_at` or a later one: two instances rotating
    /// at once make one key. False when refused.
    async fn insert_signing_key(&self, key: &SigningKeyRecord) -> Result<bool>;
    /// Ends signing by all other keys of the algorithm at `retire_at` (and publication at `remove_at`).
    async fn retire_signing_keys(&self, alg: &str, except_kid: &str, retire_at: i64, remove_at: i64) -> Result<u64>;
    /// Stores `sealed` under `name` unless present; returns what is stored (server secrets shared by instances).
    async fn server_secret(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>>;
}

pub trait Audit {
    /// Queues the event; written in batches, flushed on shutdown.
    fn audit(&self, event: AuditRecord);
    async fn list_audit_events(&self, event: Option<&str>, limit: i64) -> Result<Vec<AuditRecord>>;
    /// Removes up to `limit` events from before `before`; returns how many went.
    async fn sweep_audit_events(&self, before: i64, limit: i64) -> Result<u64>;
}

pub trait Throttles {
    /// Reserves one attempt against every key in one transaction: counts it as failed now. A key whose window is older
    /// than `window_start` begins anew. Returns the records after counting, or, when one is blocked at `now`, nothing
    /// is counted and the blocking record is returned as `Err`.
    async fn reserve_attempt(
        &self,
        keys: &[ThrottleKey],
        now: i64,
        window_start: i64,
    ) -> Result<std::result::Result<Vec<ThrottleRecord>, ThrottleRecord>>;
    /// Takes back what [`Self::reserve_attempt`] counted: the attempt succeeded, or was never looked at. A block that
    /// another attempt has brought since stays.
    async fn refund_attempts(&self, counted: &[ThrottleRecord]) -> Result<()>;
    /// Forgets the failures of these keys (after a success).
    async fn clear_attempts(&self, keys: &[&str]) -> Result<()>;
}

/// A throttle key with its policy: after `free` failures the n-th further one blocks for `base` × 2^n ms, at most `cap`.
#[derive(Clone, Debug)]
pub struct ThrottleKey {
    pub key: String,
    pub free: i64,
    pub base_ms: i64,
    pub cap_ms: i64,
    /// It is a rate: the window begins with its first attempt and not anew with each, and after more than `free` the rest of it
    /// is blocked, whatever the delays.
    pub is_rate: bool,
}

pub trait Replays {
    /// Remembers `key` until `expires_at`; true only for the first caller (client assertion `jti`).
    async fn remember_once(&self, key: &[u8], expires_at: i64, now: i64) -> Result<bool>;
    /// For what may be done twice at once, but not again later: it is remembered after it was done.
    async fn is_remembered(&self, key: &[u8], now: i64) -> Result<bool>;
}

pub trait SetupLinks {
    async fn insert_setup_link(&self, link: &SetupLinkRecord) -> Result<()>;
    async fn find_setup_link(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Option<SetupLinkRecord>>;
    /// Exactly one concurrent caller gets it.
    async fn consume_setup_link(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Option<SetupLinkRecord>>;
}

pub trait Maintenance {
    /// Removes up to `limit` expired rows of each kind; returns how many went. Called until it returns less.
    async fn sweep(&self, now: i64, limit: i64) -> Result<u64>;
    /// A trivial round trip, for readiness; includes that the database accepts writes.
    async fn ping(&self) -> Result<()>;
    /// Takes or extends the named lease for `holder`; true when held.
    async fn hold_lease(&self, name: &str, holder: &str, now: i64, expires_at: i64) -> Result<bool>;
}
