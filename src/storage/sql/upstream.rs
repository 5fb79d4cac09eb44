macro_rules! identity {
    () => {
        "issuer, subject, user_id, label, created_at, last_used_at"
    };
}

macro_rules! login {
    () => {
        "id, secret_hash, upstream, transaction_id, next, link_session_id, fresh_since, expires_at"
    };
}

macro_rules! session {
    () => {
        "session_id, issuer, subject, sid, user_id, expires_at"
    };
}

statements! {
    INSERT_LOGIN = concat!("INSERT INTO upstream_logins (", login!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    CONSUME_LOGIN = concat!(
        "DELETE FROM upstream_logins WHERE id = $1 AND secret_hash = $2 AND upstream = $3 AND expires_at > $4
        RETURNING ", login!()
    );
    USE_IDENTITY = "UPDATE upstream_identities SET last_used_at = $3 WHERE issuer = $1 AND subject = $2
        RETURNING user_id";
    INSERT_IDENTITY = concat!(
        "INSERT INTO upstream_identities (", identity!(), ") VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"
    );
    /// By an address alone: not against what the person has decided.
    INSERT_UNLESS_PARTED = concat!(
        "INSERT INTO upstream_identities (", identity!(), ") SELECT $1, $2, u.id, $4, $5, $6 FROM users u
        WHERE u.id = $3 AND NOT EXISTS (
            SELECT 1 FROM upstream_partings p WHERE p.issuer = $1 AND p.subject = $2 AND p.user_id = u.id)
        ON CONFLICT DO NOTHING"
    );
    LIST_OF_USER = concat!("SELECT ", identity!(), " FROM upstream_identities WHERE user_id = $1 ORDER BY created_at");
    /// A passkey is one when it signs in alone.
    WAYS_IN = "SELECT 'password' AS kind, id AS name FROM users WHERE id = $1 AND password_hash IS NOT NULL
        UNION ALL SELECT 'passkey', id FROM passkeys WHERE user_id = $1 AND user_verified
        UNION ALL SELECT 'upstream', issuer FROM upstream_identities WHERE user_id = $1";
    DELETE = "DELETE FROM upstream_identities WHERE user_id = $1 AND issuer = $2 RETURNING subject";
    INSERT_PARTING = "INSERT INTO upstream_partings (issuer, subject, user_id, parted_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING";
    MOVE_SESSIONS = "UPDATE upstream_sessions SET session_id = $2, expires_at = $3 WHERE session_id = $1";
    EXTEND_SESSIONS = "UPDATE upstream_sessions SET expires_at = $2 WHERE session_id = $1";
    PUT_SESSION = concat!(
        "INSERT INTO upstream_sessions (", session!(), ") VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (session_id, issuer) DO UPDATE SET subject = excluded.subject, sid = excluded.sid,
            user_id = excluded.user_id, expires_at = excluded.expires_at"
    );
    SESSIONS_OF_SUBJECT = concat!("SELECT ", session!(), " FROM upstream_sessions WHERE issuer = $1 AND subject = $2");
    SESSIONS_OF_SID = concat!("SELECT ", session!(), " FROM upstream_sessions WHERE issuer = $1 AND sid = $2");
    DELETE_PARTING = "DELETE FROM upstream_partings WHERE issuer = $1 AND subject = $2 AND user_id = $3";
}
