use sqlx::FromRow;

/// `client_registrations`: how a client came that no operator registered.
#[derive(Clone, Debug, FromRow)]
pub struct ClientRegistrationRecord {
    pub client_id: String,
    /// SHA-256 of the registration access token; `None` for a client that is known by its metadata document.
    pub token_hash: Option<Vec<u8>>,
    pub address: String,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
    /// The client goes when it has not been used until then.
    pub expires_at: i64,
}

/// `initial_access_tokens`: what lets a client register where not everybody may (RFC 7591 §3).
#[derive(Clone, Debug, FromRow)]
pub struct InitialAccessTokenRecord {
    pub id: String,
    pub secret_hash: Vec<u8>,
    /// For whom it is, in the operator's words.
    pub note: String,
    pub uses_left: i64,
    pub created_at: i64,
    pub expires_at: i64,
}
