macro_rules! columns {
    () => {
        "id, user_id, credential_id, credential, name, sign_count, user_verified, backup_eligible, backed_up, \
         created_at, last_used_at"
    };
}

statements! {
    INSERT = concat!(
        "INSERT INTO passkeys (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    );
    FIND = concat!("SELECT ", columns!(), " FROM passkeys WHERE credential_id = $1");
    OF_USER = concat!("SELECT ", columns!(), " FROM passkeys WHERE user_id = $1 ORDER BY created_at, id");
    /// A counter has to grow, except where the authenticator has none and it is always 0 (WebAuthn §6.1.1).
    NOTE_USE = "UPDATE passkeys SET sign_count = $2, backed_up = $3, last_used_at = $4,
            user_verified = CASE WHEN $5 THEN TRUE ELSE user_verified END
        WHERE id = $1 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0))";
    RENAME = "UPDATE passkeys SET name = $3 WHERE id = $1 AND user_id = $2";
    DELETE = concat!("DELETE FROM passkeys WHERE id = $1 AND user_id = $2 RETURNING ", columns!());
    DELETE_OF_USER = "DELETE FROM passkeys WHERE user_id = $1";
    INSERT_CHALLENGE = "INSERT INTO passkey_challenges (id, browser_hash, purpose, user_id, state, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    CONSUME_CHALLENGE = "DELETE FROM passkey_challenges
        WHERE id = $1 AND browser_hash = $2 AND purpose = $3 AND expires_at > $4
        RETURNING id, browser_hash, purpose, user_id, state, expires_at";
    NOTE_OFFER = "INSERT INTO passkey_offers (user_id, offered_at) VALUES ($1, $2)
        ON CONFLICT (user_id) DO UPDATE SET offered_at = excluded.offered_at WHERE passkey_offers.offered_at <= $3";
}
