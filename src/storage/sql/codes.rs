macro_rules! columns {
    () => {
        "id, secret_hash, client_id, user_id, session_id, family_id, details, created_at, expires_at, consumed_at"
    };
}

statements! {
    INSERT = concat!(
        "INSERT INTO authorization_codes (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    FIND = concat!("SELECT ", columns!(), " FROM authorization_codes WHERE id = $1 AND secret_hash = $2");
    CONSUME = concat!(
        "UPDATE authorization_codes SET consumed_at = $3
        WHERE id = $1 AND secret_hash = $2 AND consumed_at IS NULL AND expires_at > $3
        RETURNING ", columns!()
    );
    /// Consumes only what its session, user and family still stand behind.
    REDEEM = concat!(
        "UPDATE authorization_codes AS c SET consumed_at = $3
        WHERE c.id = $1 AND c.secret_hash = $2 AND c.consumed_at IS NULL AND c.expires_at > $3
            AND EXISTS (SELECT 1 FROM sessions s
                WHERE s.id = c.session_id AND s.ended_at IS NULL AND s.expires_at > $3)
            AND EXISTS (SELECT 1 FROM users u
                WHERE u.id = c.user_id AND u.disabled_at IS NULL AND u.tokens_not_before <= c.created_at)
            AND NOT EXISTS (SELECT 1 FROM revocations r WHERE r.kind = 'family' AND r.key = c.family_id)
        RETURNING ", columns!()
    );
    DELETE_OF_USER = "DELETE FROM authorization_codes WHERE user_id = $1 AND consumed_at IS NULL";
}
