use sqlx::FromRow;

/// `passkeys`: one WebAuthn credential of a person.
#[derive(Clone, Debug, FromRow)]
pub struct PasskeyRecord {
    pub id: String,
    pub user_id: String,
    /// As the authenticator names it; unique among all accounts.
    pub credential_id: Vec<u8>,
    /// JSON: the public key and what was registered with it. Never changes; what does has a column.
    pub credential: String,
    /// The person's own name for it.
    pub name: String,
    /// The authenticator's signature counter; 0 where it has none.
    pub sign_count: i64,
    /// Whether it has verified its user (PIN, fingerprint) where that was sure: only then does it sign in alone.
    pub user_verified: bool,
    /// Whether it may be copied to other devices of the person.
    pub backup_eligible: bool,
    pub backed_up: bool,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
}

/// `passkey_challenges`: a ceremony that a browser has begun.
#[derive(Clone, Debug, FromRow)]
pub struct PasskeyChallengeRecord {
    pub id: String,
    /// Hash of what names the browser: no other one may answer.
    pub browser_hash: Vec<u8>,
    /// `registration`, `sign_in` or `second_factor`.
    pub purpose: String,
    /// Who has to answer; `None` where that is not known yet.
    pub user_id: Option<String>,
    /// JSON: the challenge and what was asked for with it.
    pub state: String,
    pub expires_at: i64,
}
