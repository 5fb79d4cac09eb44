statements! {
    INSERT_ACCESS_TOKEN = "INSERT INTO access_tokens (id, secret_hash, claims, expires_at) VALUES ($1, $2, $3, $4)";
    FIND_ACCESS_TOKEN = "SELECT id, secret_hash, claims, expires_at FROM access_tokens
        WHERE id = $1 AND secret_hash = $2 AND expires_at > $3";
    /// A key that is remembered and not expired is left alone: no row is affected.
    REMEMBER_ONCE = "INSERT INTO replays (key, expires_at) VALUES ($1, $2)
        ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at WHERE replays.expires_at <= $3";
    IS_REMEMBERED = "SELECT COUNT(*) FROM replays WHERE key = $1 AND expires_at > $2";
}
