macro_rules! columns {
    () => {
        "id, secret_hash, client_id, request, progress, created_at, expires_at, completed_at"
    };
}

statements! {
    INSERT = concat!("INSERT INTO transactions (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    FIND = concat!(
        "SELECT ", columns!(), " FROM transactions WHERE id = $1 AND secret_hash = $2 AND expires_at > $3"
    );
    ADVANCE = "UPDATE transactions SET progress = $3
        WHERE id = $1 AND progress = $2 AND completed_at IS NULL AND expires_at > $4";
    COMPLETE = "UPDATE transactions SET completed_at = $2
        WHERE id = $1 AND completed_at IS NULL AND expires_at > $2";
    FIND_CONSENT = "SELECT user_id, client_id, scope, created_at, last_used_at FROM consents
        WHERE user_id = $1 AND client_id = $2";
    SAVE_CONSENT = "INSERT INTO consents (user_id, client_id, scope, created_at, last_used_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (user_id, client_id) DO UPDATE SET scope = excluded.scope, last_used_at = excluded.last_used_at";
    DELETE_CONSENT = "DELETE FROM consents WHERE user_id = $1 AND client_id = $2";
    /// Every family that can have come from this consent; those without refresh token are known by their code or
    /// device authorization alone.
    FAMILIES_OF_CONSENT = "SELECT id FROM refresh_families
            WHERE user_id = $1 AND client_id = $2 AND revoked_at IS NULL AND expires_at > $3
        UNION SELECT family_id FROM authorization_codes WHERE user_id = $1 AND client_id = $2
        UNION SELECT family_id FROM device_authorizations WHERE user_id = $1 AND client_id = $2";
    DELETE_CODES_OF_CONSENT = "DELETE FROM authorization_codes
        WHERE user_id = $1 AND client_id = $2 AND consumed_at IS NULL";
    DELETE_DEVICES_OF_CONSENT = "DELETE FROM device_authorizations
        WHERE user_id = $1 AND client_id = $2 AND status = 'approved'";
}
