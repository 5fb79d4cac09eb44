use crate::storage::{ApiKeyRecord, Result};

pub trait ApiKeys {
    /// Inserts unless its owner has `limit` keys that are neither revoked nor expired at its `created_at`; false when refused.
    /// `Error::Conflict("owner")` for a person whose `tokens_not_before` is another than `as_of`.
    async fn insert_api_key(&self, key: &ApiKeyRecord, as_of: Option<i64>, limit: i64) -> Result<bool>;
    /// The key, if it is neither revoked nor expired and the person it belongs to is enabled.
    async fn find_live_api_key(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Option<ApiKeyRecord>>;
    /// Keys that are not revoked, expired ones included, newest first.
    async fn list_api_keys_of_user(&self, user_id: &str) -> Result<Vec<ApiKeyRecord>>;
    /// Keys that are not revoked, expired ones included, newest first.
    async fn list_api_keys_of_client(&self, client_id: &str) -> Result<Vec<ApiKeyRecord>>;
    /// Keys after `after` (an id; empty for the first page) that are not revoked, in the order of ids.
    async fn list_api_keys(&self, after: &str, limit: i64) -> Result<Vec<ApiKeyRecord>>;
    /// Keys of this prefix that are not revoked.
    async fn find_api_keys_by_prefix(&self, prefix: &str) -> Result<Vec<ApiKeyRecord>>;
    /// Revokes the key, with a `family` revocation under its id, which voids what it was exchanged for, in one
    /// transaction. With `user_id` only when it is that person's. `None` when nothing was revoked.
    async fn revoke_api_key(
        &self,
        id: &str,
        user_id: Option<&str>,
        now: i64,
        revocation_expires_at: i64,
    ) -> Result<Option<ApiKeyRecord>>;
    /// Moves `last_used_at` of each key forward to the time beside it.
    async fn touch_api_keys(&self, uses: &[(String, i64)]) -> Result<()>;
}
