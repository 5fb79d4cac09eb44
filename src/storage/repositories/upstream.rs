use crate::storage::{Result, UpstreamIdentityRecord, UpstreamLoginRecord, UpstreamSessionRecord, UserRecord};

/// Accounts at other providers, and browsers on their way to them.
pub trait UpstreamAccounts {
    async fn insert_upstream_login(&self, login: &UpstreamLoginRecord) -> Result<()>;
    /// Takes it: of any number of concurrent calls exactly one gets it. `None` also when it has expired at `now`, or was
    /// begun for another provider.
    async fn consume_upstream_login(
        &self,
        id: &str,
        secret_hash: &[u8],
        upstream: &str,
        now: i64,
    ) -> Result<Option<UpstreamLoginRecord>>;
    /// The person behind an account there; notes the use.
    async fn find_user_by_upstream(&self, issuer: &str, subject: &str, now: i64) -> Result<Option<UserRecord>>;
    /// False when the account there, or another of the same provider for this person, is connected already. That the person
    /// has taken the connection away before is forgotten. False too when the person's `tokens_not_before` is another than
    /// `as_of`.
    async fn insert_upstream_identity(&self, identity: &UpstreamIdentityRecord, as_of: i64) -> Result<bool>;
    /// As [`Self::insert_upstream_identity`], but also false when the person has taken this connection away.
    async fn insert_upstream_identity_unless_parted(&self, identity: &UpstreamIdentityRecord) -> Result<bool>;
    /// A new person with an account there, in one transaction. `Error::Conflict("username" | "email" | "upstream")`.
    async fn insert_user_with_upstream(&self, user: &UserRecord, identity: &UpstreamIdentityRecord) -> Result<()>;
    async fn list_upstream_identities(&self, user_id: &str) -> Result<Vec<UpstreamIdentityRecord>>;
    /// Takes the connection away, and remembers that, unless it is the person's last way in (no password, no passkey, no
    /// other connection, as far as `taken` has them).
    async fn delete_upstream_identity(&self, user_id: &str, issuer: &str, taken: &WaysIn, now: i64) -> Result<bool>;
    /// Notes what the session stands on; the last word for each provider counts. All that is known of it expires with it,
    /// at `expires_at`.
    async fn tie_upstream_sessions(
        &self,
        session_id: &str,
        expires_at: i64,
        there: &[UpstreamSessionRecord],
    ) -> Result<()>;
    /// A session in place of another stands on what that one stood on, and as long as it lasts.
    async fn move_upstream_sessions(&self, from: &str, to: &str, expires_at: i64) -> Result<()>;
    /// The sessions that stand on those of `issuer` with this subject and this session there; without either, on all that
    /// have the other.
    async fn list_upstream_sessions(
        &self,
        issuer: &str,
        subject: Option<&str>,
        sid: Option<&str>,
    ) -> Result<Vec<UpstreamSessionRecord>>;
}

/// What a server lets people in by, beside their passwords.
#[derive(Clone, Debug)]
pub struct WaysIn {
    pub passkeys: bool,
    /// Of providers.
    pub issuers: Vec<String>,
}

impl WaysIn {
    /// Whether it takes what a person has, as `sql::upstream::WAYS_IN` calls it.
    pub(in crate::storage) fn takes(&self, kind: &str, name: &str) -> bool {
        match kind {
            "passkey" => self.passkeys,
            "upstream" => self.issuers.iter().any(|issuer| issuer == name),
            _ => true,
        }
    }
}
