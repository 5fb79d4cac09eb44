use sqlx::FromRow;

/// Something that a client has of a person: a remembered consent, or a live refresh family.
#[derive(Clone, Debug, FromRow)]
pub struct GrantRecord {
    pub client_id: String,
    /// Space-separated.
    pub scope: String,
    pub created_at: i64,
    pub last_used_at: i64,
}
