use sqlx::FromRow;

/// `api_keys`: one key of a person or of a service client; exactly one of `user_id` and `client_id` is there.
#[derive(Clone, Debug, FromRow)]
pub struct ApiKeyRecord {
    pub id: String,
    pub secret_hash: Vec<u8>,
    /// The first 12 characters of the key, by which its owner knows it again.
    pub prefix: String,
    pub name: String,
    /// Space-separated scopes as they were given; the owner may have lost some since.
    pub scope: String,
    pub user_id: Option<String>,
    pub client_id: Option<String>,
    pub created_at: i64,
    pub expires_at: i64,
    /// Written in batches, hence a little late.
    pub last_used_at: Option<i64>,
    pub revoked_at: Option<i64>,
}
