use sqlx::FromRow;

/// `pending_logins`: a sign-in that still lacks a factor. Its cookie holds a token whose hash is here.
#[derive(Clone, Debug, FromRow)]
pub struct PendingLoginRecord {
    pub id: String,
    pub secret_hash: Vec<u8>,
    pub user_id: String,
    /// What the person has proved so far, as JSON.
    pub proofs: String,
    /// The authorization request that it is for.
    pub transaction_id: Option<String>,
    /// The page of ours that it is for.
    pub next: Option<String>,
    /// Codes tried so far, right or wrong.
    pub tries: i64,
    pub created_at: i64,
    pub expires_at: i64,
    pub consumed_at: Option<i64>,
}

/// `totp_factors`: a person's authenticator app (RFC 6238).
#[derive(Clone, Debug, FromRow)]
pub struct TotpFactorRecord {
    pub user_id: String,
    /// Another one for each set-up, so that a code of the factor before never counts for this one.
    pub id: String,
    /// The shared secret, sealed under the server's key.
    pub secret_sealed: Vec<u8>,
    /// The time step of the last accepted code: none at or before it counts again.
    pub last_step: i64,
    pub last_used_at: i64,
    pub created_at: i64,
}

/// `totp_enrolments`: a secret that was shown, and no code of it seen yet.
#[derive(Clone, Debug, FromRow)]
pub struct TotpEnrolmentRecord {
    pub id: String,
    pub user_id: String,
    /// The session that sees the secret.
    pub session_id: String,
    pub secret_sealed: Vec<u8>,
    pub created_at: i64,
    pub expires_at: i64,
}

/// What second factors a person has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct FactorCounts {
    /// 1 with an authenticator app.
    pub totp: i64,
    /// Recovery codes not used yet.
    pub recovery_codes: i64,
}

/// `known_devices`: a browser that a person has signed in with. What names it is hashed, and left out here.
#[derive(Clone, Debug, FromRow)]
pub struct KnownDeviceRecord {
    pub created_at: i64,
    pub last_seen_at: i64,
    pub expires_at: i64,
}
