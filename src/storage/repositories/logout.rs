use crate::storage::{LogoutNoticeCount, LogoutNoticeRecord, Result};

/// The clients that a session has signed in to. They are noted with each code and approved device.
pub trait SessionClients {
    /// In the order in which they were first signed in to.
    async fn clients_of_session(&self, session_id: &str) -> Result<Vec<String>>;
}

/// What clients have yet to be told. A notice is queued by whatever ends the session, in the same transaction.
pub trait LogoutNotices {
    /// Takes up to `limit` notices that are due at `now`, and counts the attempt: of several callers one gets each. One
    /// whose taker is gone without a word is due again at `taken_until`.
    async fn take_logout_notices(&self, now: i64, taken_until: i64, limit: i64) -> Result<Vec<LogoutNoticeRecord>>;
    async fn logout_notice_delivered(&self, session_id: &str, client_id: &str) -> Result<()>;
    /// Notes why; without `next_attempt_at` it is given up.
    async fn logout_notice_failed(
        &self,
        session_id: &str,
        client_id: &str,
        next_attempt_at: Option<i64>,
        error: &str,
    ) -> Result<()>;
    /// Leaves the client alone until `at`.
    async fn postpone_logout_notices(&self, client_id: &str, at: i64) -> Result<()>;
    /// The oldest first.
    async fn list_logout_notices(&self, limit: i64) -> Result<Vec<LogoutNoticeRecord>>;
    /// Makes all of them due at `now`, or one client's, those that were given up included; how many.
    async fn retry_logout_notices(&self, client_id: Option<&str>, now: i64) -> Result<u64>;
    async fn count_logout_notices(&self) -> Result<LogoutNoticeCount>;
}
