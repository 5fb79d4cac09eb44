use sqlx::FromRow;

/// `outbox`: one mail, to be sent or sent.
#[derive(Clone, Debug, FromRow)]
pub struct MailRecord {
    pub id: String,
    /// What it is about, for operators: `password_reset`, `notice_password_changed`, ...
    pub kind: String,
    /// The address; `None` until it is looked up at the first attempt.
    pub recipient: Option<String>,
    pub user_id: Option<String>,
    /// What it says, as sealed JSON of the layer above. Empty once it was sent.
    pub content: Vec<u8>,
    /// How often it was tried, the running attempt included.
    pub attempts: i64,
    pub last_error: Option<String>,
    pub created_at: i64,
    /// The next attempt; while one is made, when another instance may take it over.
    pub due_at: i64,
    /// After this it is tried no more.
    pub give_up_at: i64,
    pub sent_at: Option<i64>,
    pub failed_at: Option<i64>,
    pub expires_at: i64,
}

/// `email_challenges`: a link and a code that were mailed. The link's token has its hash here, the code is sealed.
#[derive(Clone, Debug, FromRow)]
pub struct ChallengeRecord {
    pub id: String,
    /// The one thing it is good for.
    pub purpose: String,
    pub secret_hash: Vec<u8>,
    /// `None` when there is no code, or when it was used.
    pub code_sealed: Option<Vec<u8>>,
    /// SHA-256 of what names the browser that asked: the code works there alone.
    pub browser_hash: Option<Vec<u8>>,
    pub user_id: Option<String>,
    /// The address that it proves, where that is not the one of the user.
    pub email: Option<String>,
    /// JSON of the layer above.
    pub details: String,
    /// Codes tried.
    pub tries: i64,
    pub created_at: i64,
    pub expires_at: i64,
    pub consumed_at: Option<i64>,
}
