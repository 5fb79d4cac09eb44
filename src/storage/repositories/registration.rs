use crate::storage::{ClientRecord, ClientRegistrationRecord, InitialAccessTokenRecord, Result};

/// Clients that no operator registered.
pub trait ClientRegistrations {
    /// Inserts client and registration, in one transaction; with an initial access token only if that has a use left, which
    /// is taken: false, with nothing changed, when it has none. `Error::Conflict` when the id is taken.
    async fn register_client(
        &self,
        client: &ClientRecord,
        registration: &ClientRegistrationRecord,
        initial_access_token: Option<&InitialAccessTokenRecord>,
        now: i64,
    ) -> Result<bool>;
    async fn find_client_registration(&self, client_id: &str) -> Result<Option<ClientRegistrationRecord>>;
    /// Replaces the client and the registration access token, in one transaction, if `old_hash` still is that token's:
    /// false, with nothing changed, when it is not.
    async fn replace_registered_client(&self, client: &ClientRecord, old_hash: &[u8], new_hash: &[u8]) -> Result<bool>;
    /// Stores what the client's own document says: a new client, or the old one changed.
    async fn save_document_client(&self, client: &ClientRecord, registration: &ClientRegistrationRecord) -> Result<()>;
    /// Puts the client's end off to `expires_at`.
    async fn client_used(&self, client_id: &str, now: i64, expires_at: i64) -> Result<()>;
}

pub trait InitialAccessTokens {
    async fn insert_initial_access_token(&self, token: &InitialAccessTokenRecord) -> Result<()>;
    /// With a use left, and unexpired. Takes none.
    async fn find_initial_access_token(
        &self,
        id: &str,
        secret_hash: &[u8],
        now: i64,
    ) -> Result<Option<InitialAccessTokenRecord>>;
    /// The newest first.
    async fn list_initial_access_tokens(&self) -> Result<Vec<InitialAccessTokenRecord>>;
    async fn delete_initial_access_token(&self, id: &str) -> Result<bool>;
}
