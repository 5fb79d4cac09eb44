macro_rules! columns {
    () => {
        "id, client_id, user_id, session_id, offline, scope, details, generation, token_hash, rotated_at, created_at, \
         expires_at, idle_expires_at, revoked_at, revoked_reason"
    };
}

/// The family `f` may be used at `$now`: neither it nor what it hangs on has ended.
macro_rules! alive {
    ($now:literal) => {
        concat!(
            "f.revoked_at IS NULL AND f.expires_at > ",
            $now,
            " AND f.idle_expires_at > ",
            $now,
            "
            AND (f.offline OR EXISTS (SELECT 1 FROM sessions s
                WHERE s.id = f.session_id AND s.ended_at IS NULL AND s.expires_at > ",
            $now,
            "))
            AND EXISTS (SELECT 1 FROM users u
                WHERE u.id = f.user_id AND u.disabled_at IS NULL AND u.tokens_not_before <= f.created_at)"
        )
    };
}

statements! {
    /// Inserts only what would be alive: its end may have come between the code and this statement.
    INSERT = concat!(
        "INSERT INTO refresh_families (", columns!(), ")
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
        WHERE NOT EXISTS (SELECT 1 FROM revocations WHERE kind = 'family' AND key = $1)
            AND ($5 OR EXISTS (SELECT 1 FROM sessions WHERE id = $4 AND ended_at IS NULL))
            AND EXISTS (SELECT 1 FROM users WHERE id = $3 AND disabled_at IS NULL AND tokens_not_before <= $11)"
    );
    FIND = concat!("SELECT ", columns!(), " FROM refresh_families WHERE id = $1");
    FIND_LIVE = concat!("SELECT ", columns!(), " FROM refresh_families AS f WHERE f.id = $1 AND ", alive!("$2"));
    ROTATE = concat!(
        "UPDATE refresh_families AS f
        SET generation = f.generation + 1, token_hash = $5, rotated_at = $6, idle_expires_at = $7
        WHERE f.id = $1 AND f.client_id = $2 AND f.generation = $3 AND f.token_hash = $4 AND ",
        alive!("$6"),
        " RETURNING ", columns!()
    );
    FIND_WITH_STATE = concat!(
        "SELECT ", columns!(), ", CASE WHEN ", alive!("$3"), " THEN 1 ELSE 0 END AS alive
        FROM refresh_families AS f WHERE f.id = $1 AND f.client_id = $2"
    );
    REVOKE = "UPDATE refresh_families SET revoked_at = $2, revoked_reason = $3 WHERE id = $1 AND revoked_at IS NULL";
    /// The offline ones outlive it.
    REVOKE_OF_SESSION = "UPDATE refresh_families SET revoked_at = $2, revoked_reason = $3
        WHERE session_id = $1 AND revoked_at IS NULL AND NOT offline";
    REVOKE_OF_USER = "UPDATE refresh_families SET revoked_at = $2, revoked_reason = $3
        WHERE user_id = $1 AND revoked_at IS NULL RETURNING id, offline";
}
