use sqlx::FromRow;

/// `logout_notices`: a session's end that a client has yet to be told (OpenID Connect Back-Channel Logout). A session
/// ends once, so the pair of session and client names the notice.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct LogoutNoticeRecord {
    pub session_id: String,
    pub client_id: String,
    pub user_id: String,
    /// Deliveries begun.
    pub attempts: i64,
    /// `None` when it was given up.
    pub next_attempt_at: Option<i64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    pub created_at: i64,
    /// When it is forgotten, delivered or not.
    pub expires_at: i64,
}

/// How many notices there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogoutNoticeCount {
    /// To be tried again.
    pub waiting: i64,
    pub given_up: i64,
}
