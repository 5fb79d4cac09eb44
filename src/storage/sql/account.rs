statements! {
    REPLACE_CLAIMS = "UPDATE users SET claims = $3, updated_at = $4 WHERE id = $1 AND claims = $2";
    LIST_SESSIONS = "SELECT s.id, s.secret_hash, s.user_id, s.auth_time, s.acr, s.amr, s.address, s.user_agent,
            s.created_at, s.last_seen_at, s.expires_at, s.ended_at, COALESCE(s.proved_at, s.auth_time) AS proved_at
        FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE s.user_id = $1 AND s.ended_at IS NULL AND s.expires_at > $2
            AND COALESCE(s.proved_at, s.auth_time) >= u.tokens_not_before
        ORDER BY s.last_seen_at DESC, s.id DESC";
    IS_SESSION_OF = "SELECT COUNT(*) FROM sessions WHERE id = $2 AND user_id = $1";
    LIST_SESSION_CLIENTS = "SELECT sc.session_id, sc.client_id
        FROM session_clients sc JOIN sessions s ON s.id = sc.session_id
        WHERE s.user_id = $1 AND s.ended_at IS NULL ORDER BY sc.first_at, sc.client_id";
    SIGN_OUT_EVERYWHERE = "UPDATE users SET tokens_not_before = $2, updated_at = $2 WHERE id = $1";
    /// What was mailed to their address before there was an account, and to whoever else wanted it.
    DELETE_CHALLENGES_OF_ADDRESS = "DELETE FROM email_challenges
        WHERE email = (SELECT u.email_key FROM users u WHERE u.id = $1 AND u.email_verified)";
    DELETE_USER = "DELETE FROM users WHERE id = $1";
    LIST_GRANTS = "SELECT client_id, scope, created_at, last_used_at FROM consents WHERE user_id = $1
        UNION ALL SELECT f.client_id, f.scope, f.created_at, f.rotated_at FROM refresh_families f
            WHERE f.user_id = $1 AND f.revoked_at IS NULL AND f.expires_at > $2 AND f.idle_expires_at > $2
                AND (f.offline OR EXISTS (SELECT 1 FROM sessions s
                    WHERE s.id = f.session_id AND s.ended_at IS NULL AND s.expires_at > $2))";
    TOUCH_CONSENT = "UPDATE consents SET last_used_at = $3
        WHERE user_id = $1 AND client_id = $2 AND last_used_at <= $3 - 60000";
    LIST_ACTIVITY = "SELECT id, at, event, user_id, client_id, session_id, address, request_id, details
        FROM audit_events WHERE user_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4";
    PAGE_OF_REVOCATIONS = "SELECT seq, kind, key, not_before, expires_at FROM revocations
        WHERE seq > $1 AND expires_at > $2 ORDER BY seq LIMIT $3";
}
