macro_rules! notice {
    () => {
        "session_id, client_id, user_id, attempts, next_attempt_at, last_error, created_at, expires_at"
    };
}

/// Notices for the clients of the sessions `s` that want them. The metadata is the document as it was written by us,
/// in which quotes inside of a string are escaped: nothing but the member itself looks like this.
macro_rules! queue {
    ($sessions:literal) => {
        concat!(
            "INSERT INTO logout_notices (",
            notice!(),
            ") SELECT sc.session_id, sc.client_id, s.user_id, 0, $2, NULL, $2, $3
            FROM session_clients sc JOIN sessions s ON s.id = sc.session_id
                JOIN clients c ON c.client_id = sc.client_id
            WHERE s.ended_at IS NULL AND s.expires_at > $2
                AND c.metadata LIKE '%\"backchannel_logout_uri\":\"%' AND ",
            $sessions,
            " ON CONFLICT (session_id, client_id) DO NOTHING"
        )
    };
}

statements! {
    /// A session that has ended takes nobody in any more.
    NOTE_CLIENT = "INSERT INTO session_clients (session_id, client_id, first_at, last_at)
        SELECT s.id, $2, $3, $3 FROM sessions s WHERE s.id = $1 AND s.ended_at IS NULL
        ON CONFLICT (session_id, client_id) DO UPDATE SET last_at = excluded.last_at";
    NOTE_CLIENT_OF_DEVICE = "INSERT INTO session_clients (session_id, client_id, first_at, last_at)
        SELECT s.id, d.client_id, $2, $2 FROM device_authorizations d JOIN sessions s ON s.id = d.session_id
        WHERE d.id = $1 AND s.ended_at IS NULL
        ON CONFLICT (session_id, client_id) DO UPDATE SET last_at = excluded.last_at";
    CLIENTS_OF_SESSION = "SELECT client_id FROM session_clients WHERE session_id = $1 ORDER BY first_at, client_id";
    /// Comes before the session ends, in the same transaction.
    QUEUE_OF_SESSION = queue!("s.id = $1");
    QUEUE_OF_USER = queue!("s.user_id = $1");
    /// Until `$2` nobody else takes the same notices: whoever has taken them and is gone has lost them by then.
    TAKE_DUE = concat!(
        "UPDATE logout_notices SET attempts = attempts + 1, next_attempt_at = $2
        WHERE next_attempt_at <= $1 AND (session_id, client_id) IN (
            SELECT session_id, client_id FROM logout_notices WHERE next_attempt_at <= $1
            ORDER BY next_attempt_at LIMIT $3)
        RETURNING ", notice!()
    );
    DELIVERED = "DELETE FROM logout_notices WHERE session_id = $1 AND client_id = $2";
    FAILED = "UPDATE logout_notices SET next_attempt_at = $3, last_error = $4
        WHERE session_id = $1 AND client_id = $2";
    /// What waits for a client that cannot be reached waits together.
    POSTPONE_OF_CLIENT = "UPDATE logout_notices SET next_attempt_at = $2
        WHERE client_id = $1 AND next_attempt_at < $2";
    LIST = concat!(
        "SELECT ", notice!(), " FROM logout_notices ORDER BY created_at, session_id, client_id LIMIT $1"
    );
    RETRY = "UPDATE logout_notices SET next_attempt_at = $1";
    RETRY_OF_CLIENT = "UPDATE logout_notices SET next_attempt_at = $1 WHERE client_id = $2";
    COUNT = "SELECT COUNT(*), COUNT(next_attempt_at) FROM logout_notices";
}
