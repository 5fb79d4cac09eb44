use sqlx::FromRow;

/// `upstream_identities`: an account at another provider by which a person signs in here.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct UpstreamIdentityRecord {
    pub issuer: String,
    pub subject: String,
    pub user_id: String,
    /// By what the person knows it: an e-mail address or name there.
    pub label: String,
    pub created_at: i64,
    pub last_used_at: i64,
}

/// `upstream_logins`: a browser that is on its way to another provider and back.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct UpstreamLoginRecord {
    pub id: String,
    pub secret_hash: Vec<u8>,
    /// The provider's name in the settings.
    pub upstream: String,
    /// What the person signs in for.
    pub transaction_id: Option<String>,
    /// The page of ours that the person signs in for.
    pub next: Option<String>,
    /// The session whose person connects the account there with the one here; nobody is signed in then.
    pub link_session_id: Option<String>,
    /// The person is to have signed in at the provider no earlier. `None`: whenever.
    pub fresh_since: Option<i64>,
    pub expires_at: i64,
}

/// `upstream_sessions`: a session that stands on one of another provider. It may have ended since.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct UpstreamSessionRecord {
    pub session_id: String,
    pub issuer: String,
    pub subject: String,
    /// The session there, where the provider names it.
    pub sid: Option<String>,
    pub user_id: String,
    pub expires_at: i64,
}
