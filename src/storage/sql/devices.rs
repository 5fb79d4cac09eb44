macro_rules! columns {
    () => {
        "id, secret_hash, user_code_hash, client_id, scope, status, interval_seconds, user_id, session_id, family_id, \
         details, address, user_agent, created_at, expires_at, decided_at"
    };
}

statements! {
    /// Makes room for a user code whose former holder has expired and is kept a while longer.
    DELETE_EXPIRED_USER_CODE = "DELETE FROM device_authorizations WHERE user_code_hash = $1 AND expires_at <= $2";
    INSERT = concat!(
        "INSERT INTO device_authorizations (", columns!(), ")
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    );
    FIND = concat!("SELECT ", columns!(), " FROM device_authorizations WHERE id = $1 AND secret_hash = $2");
    FIND_BY_USER_CODE = concat!(
        "SELECT ", columns!(), " FROM device_authorizations
        WHERE user_code_hash = $1 AND status = 'pending' AND expires_at > $2"
    );
    DECIDE = "UPDATE device_authorizations SET status = $2, user_id = $3, session_id = $4, details = $5, decided_at = $6
        WHERE id = $1 AND status = 'pending' AND expires_at > $6";
    SLOW_DOWN = "UPDATE device_authorizations SET interval_seconds = interval_seconds + $2 WHERE id = $1";
    /// Consumes only what its session, user and family still stand behind.
    CONSUME = concat!(
        "UPDATE device_authorizations AS d SET status = 'consumed'
        WHERE d.id = $1 AND d.status = 'approved' AND d.expires_at > $2
            AND EXISTS (SELECT 1 FROM sessions s
                WHERE s.id = d.session_id AND s.ended_at IS NULL AND s.expires_at > $2)
            AND EXISTS (SELECT 1 FROM users u
                WHERE u.id = d.user_id AND u.disabled_at IS NULL
                    AND u.tokens_not_before <= COALESCE(d.decided_at, d.created_at))
            AND NOT EXISTS (SELECT 1 FROM revocations r WHERE r.kind = 'family' AND r.key = d.family_id)
        RETURNING ", columns!()
    );
    DELETE_OF_USER = "DELETE FROM device_authorizations WHERE user_id = $1 AND status = 'approved'";
}
