macro_rules! columns {
    () => {
        "id, secret_hash, prefix, name, scope, user_id, client_id, created_at, expires_at, last_used_at, revoked_at"
    };
}

statements! {
    LOCK_CLIENT = "UPDATE clients SET updated_at = updated_at WHERE client_id = $1";
    /// `$10` is how many live keys an owner may have.
    INSERT = concat!(
        "INSERT INTO api_keys (", columns!(), ")
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL
        WHERE (SELECT COUNT(*) FROM api_keys k
            WHERE k.revoked_at IS NULL AND k.expires_at > $8 AND (k.user_id = $6 OR k.client_id = $7)) < $10"
    );
    FIND_LIVE = concat!(
        "SELECT ", columns!(), " FROM api_keys
        WHERE id = $1 AND secret_hash = $2 AND revoked_at IS NULL AND expires_at > $3
            AND (user_id IS NULL OR EXISTS (SELECT 1 FROM users WHERE users.id = api_keys.user_id
                AND users.disabled_at IS NULL))"
    );
    LIST_OF_USER = concat!(
        "SELECT ", columns!(), " FROM api_keys
        WHERE user_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id"
    );
    LIST_OF_CLIENT = concat!(
        "SELECT ", columns!(), " FROM api_keys
        WHERE client_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id"
    );
    LIST = concat!("SELECT ", columns!(), " FROM api_keys WHERE id > $1 AND revoked_at IS NULL ORDER BY id LIMIT $2");
    FIND_BY_PREFIX = concat!("SELECT ", columns!(), " FROM api_keys WHERE prefix = $1 AND revoked_at IS NULL");
    REVOKE = concat!(
        "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING ", columns!()
    );
    REVOKE_OF_USER = concat!(
        "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL AND user_id = $3
        RETURNING ", columns!()
    );
    REVOKE_ALL_OF_USER = concat!(
        "UPDATE api_keys SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
        RETURNING ", columns!()
    );
    TOUCH = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
}
