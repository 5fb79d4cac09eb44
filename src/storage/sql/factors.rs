macro_rules! pending {
    () => {
        "id, secret_hash, user_id, proofs, transaction_id, next, tries, created_at, expires_at, consumed_at"
    };
}

macro_rules! totp {
    () => {
        "user_id, id, secret_sealed, last_step, last_used_at, created_at"
    };
}

macro_rules! enrolment {
    () => {
        "id, user_id, session_id, secret_sealed, created_at, expires_at"
    };
}

statements! {
    INSERT_PENDING = concat!(
        "INSERT INTO pending_logins (", pending!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    );
    FIND_PENDING = concat!(
        "SELECT ", pending!(), " FROM pending_logins
        WHERE id = $1 AND secret_hash = $2 AND consumed_at IS NULL AND expires_at > $3"
    );
    TRY_PENDING = "UPDATE pending_logins SET tries = tries + 1
        WHERE id = $1 AND secret_hash = $2 AND consumed_at IS NULL AND expires_at > $3 AND tries < $4";
    CONSUME_PENDING = "UPDATE pending_logins SET consumed_at = $3
        WHERE id = $1 AND secret_hash = $2 AND consumed_at IS NULL AND expires_at > $3";
    DELETE_PENDING_OF_USER = "DELETE FROM pending_logins WHERE user_id = $1";

    COUNTS = "SELECT (SELECT COUNT(*) FROM totp_factors WHERE user_id = $1) AS totp,
        (SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL) AS recovery_codes";
    FIND_TOTP = concat!("SELECT ", totp!(), " FROM totp_factors WHERE user_id = $1");
    USE_TOTP_STEP = "UPDATE totp_factors SET last_step = $3, last_used_at = $4
        WHERE user_id = $1 AND id = $2 AND last_step < $3";
    RESEAL_TOTP = "UPDATE totp_factors SET secret_sealed = $3 WHERE user_id = $1 AND secret_sealed = $2";
    PUT_TOTP = concat!(
        "INSERT INTO totp_factors (", totp!(), ") VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, secret_sealed = excluded.secret_sealed,
            last_step = excluded.last_step, last_used_at = excluded.last_used_at, created_at = excluded.created_at"
    );
    DELETE_TOTP = "DELETE FROM totp_factors WHERE user_id = $1";

    PUT_ENROLMENT = concat!(
        "INSERT INTO totp_enrolments (", enrolment!(), ") VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, session_id = excluded.session_id,
            secret_sealed = excluded.secret_sealed, created_at = excluded.created_at, expires_at = excluded.expires_at"
    );
    FIND_ENROLMENT = concat!(
        "SELECT ", enrolment!(), " FROM totp_enrolments WHERE user_id = $1 AND session_id = $2 AND expires_at > $3"
    );
    TAKE_ENROLMENT = "DELETE FROM totp_enrolments WHERE id = $1 AND user_id = $2 AND expires_at > $3";
    DELETE_ENROLMENT = "DELETE FROM totp_enrolments WHERE user_id = $1";

    INSERT_RECOVERY_CODE = "INSERT INTO recovery_codes (user_id, code_hash, created_at) VALUES ($1, $2, $3)";
    USE_RECOVERY_CODE = "UPDATE recovery_codes SET used_at = $3
        WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL";
    DELETE_RECOVERY_CODES = "DELETE FROM recovery_codes WHERE user_id = $1";

    REMEMBER_DEVICE = "INSERT INTO known_devices (id, user_id, created_at, last_seen_at, expires_at)
        VALUES ($1, $2, $3, $3, $4)
        ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at, expires_at = excluded.expires_at";
    LIST_DEVICES = "SELECT created_at, last_seen_at, expires_at FROM known_devices WHERE user_id = $1 AND expires_at > $2
        ORDER BY created_at";
    FIND_DEVICE = "SELECT COUNT(*) FROM known_devices WHERE id = $1 AND user_id = $2 AND expires_at > $3";
}
