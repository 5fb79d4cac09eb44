macro_rules! columns {
    () => {
        "id, secret_hash, user_id, auth_time, acr, amr, address, user_agent, created_at, last_seen_at, expires_at, ended_at, \
         proved_at"
    };
}

statements! {
    INSERT = concat!(
        "INSERT INTO sessions (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    );
    /// A session proved before the user signed out everywhere (or changed the password) is void, also one that was
    /// written a moment later.
    FIND = "SELECT s.id, s.secret_hash, s.user_id, s.auth_time, s.acr, s.amr, s.address, s.user_agent, s.created_at,
            s.last_seen_at, s.expires_at, s.ended_at, COALESCE(s.proved_at, s.auth_time) AS proved_at,
            u.id AS u_id, u.username AS u_username, u.email AS u_email, u.email_verified AS u_email_verified,
            u.password_hash AS u_password_hash, u.claims AS u_claims, u.is_admin AS u_is_admin,
            u.disabled_at AS u_disabled_at, u.tokens_not_before AS u_tokens_not_before,
            u.password_changed_at AS u_password_changed_at, u.created_at AS u_created_at, u.updated_at AS u_updated_at
        FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE s.id = $1 AND s.secret_hash = $2 AND s.ended_at IS NULL AND s.expires_at > $3 AND s.last_seen_at > $4
            AND u.disabled_at IS NULL AND COALESCE(s.proved_at, s.auth_time) >= u.tokens_not_before";
    TOUCH = "UPDATE sessions SET last_seen_at = $2
        WHERE id = $1 AND ended_at IS NULL AND last_seen_at <= $2 - CAST($3 AS BIGINT)";
    RENEW = "UPDATE sessions SET secret_hash = $3, auth_time = $4, acr = $5, amr = $6, address = $7, user_agent = $8,
            last_seen_at = $9, expires_at = $10, proved_at = $12
        WHERE id = $1 AND secret_hash = $2 AND user_id = $11 AND ended_at IS NULL";
    END = "UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
    END_OF_USER = "UPDATE sessions SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL
        RETURNING id";
    COUNT_LIVE = "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL AND expires_at > $1";
}
