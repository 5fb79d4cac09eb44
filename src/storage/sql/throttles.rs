statements! {
    /// Makes the row when it is missing and locks it either way.
    HOLD = "INSERT INTO throttles (key, failures, window_started_at, blocked_until, expires_at)
        VALUES ($1, 0, $2, 0, $3)
        ON CONFLICT (key) DO UPDATE SET key = excluded.key
        RETURNING key, failures, window_started_at, blocked_until";
    COUNT = "UPDATE throttles SET failures = $2, window_started_at = $3, blocked_until = $4, expires_at = $5
        WHERE key = $1";
    /// The block that the attempt brought goes with it: an earlier one had passed, or it could not have been made. A later
    /// failure's block is another one, and stays.
    REFUND = "UPDATE throttles SET failures = CASE WHEN failures > 0 THEN failures - 1 ELSE 0 END,
            blocked_until = CASE WHEN blocked_until = $2 THEN 0 ELSE blocked_until END
        WHERE key = $1";
    CLEAR = "DELETE FROM throttles WHERE key = $1";
}
