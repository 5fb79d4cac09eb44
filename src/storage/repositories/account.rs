use crate::storage::{ApiKeyRecord, AuditRecord, GrantRecord, Result, RevocationRecord, SessionRecord};

/// What people see of their own account, and change in it.
pub trait Accounts {
    /// Replaces the claims, if they still are `old`: of two changes at once one is lost to be seen, not overwritten.
    async fn replace_claims(&self, user_id: &str, old: &str, new: &str, now: i64) -> Result<bool>;
    /// The user's sessions that have not ended, the most recently used first; also those that have been idle for too long
    /// to be let in, which may have refresh tokens.
    async fn list_sessions(&self, user_id: &str, now: i64) -> Result<Vec<SessionRecord>>;
    /// Whether the session is this person's, be it over or not.
    async fn is_session_of(&self, user_id: &str, sid: &str) -> Result<bool>;
    /// Ends every session, family, code and approved device of the user, with `end_keys` their API keys too, sets
    /// `tokens_not_before`, and writes the `user` revocation, in one transaction. Gives the keys.
    async fn sign_out_everywhere(
        &self,
        user_id: &str,
        end_keys: bool,
        now: i64,
        revocation_expires_at: i64,
    ) -> Result<Vec<ApiKeyRecord>>;
    /// Deletes the user and all that hangs on them, with the `user` revocation, in one transaction.
    async fn delete_user(&self, user_id: &str, now: i64, revocation_expires_at: i64) -> Result<bool>;
    /// The clients that the user's sessions have signed in to: ids of session and client, in the order of their first use.
    async fn list_session_clients(&self, user_id: &str) -> Result<Vec<(String, String)>>;
    /// What clients have of the user: consents and live families, in no order.
    async fn list_grants(&self, user_id: &str, now: i64) -> Result<Vec<GrantRecord>>;
    /// Notes that a remembered consent was used, at most once a minute.
    async fn touch_consent(&self, user_id: &str, client_id: &str, now: i64) -> Result<()>;
    /// The user's audit events before `before` (time and id of one), the latest first.
    async fn list_activity(&self, user_id: &str, before: Option<(i64, &str)>, limit: i64) -> Result<Vec<AuditRecord>>;
}

/// The table of revocations as others follow it.
pub trait RevocationList {
    /// Unexpired revocations with `seq` above `after`, in order, `limit` at most.
    async fn page_of_revocations(&self, after: i64, now: i64, limit: i64) -> Result<Vec<RevocationRecord>>;
}
