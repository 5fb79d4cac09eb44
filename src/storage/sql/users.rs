macro_rules! columns {
    () => {
        "id, username, email, email_verified, password_hash, claims, is_admin, disabled_at, tokens_not_before, \
         password_changed_at, created_at, updated_at"
    };
}

statements! {
    FIND = concat!("SELECT ", columns!(), " FROM users WHERE id = $1");
    /// `$2` is the login in lower case, as e-mail addresses are compared. Another's user name wins over an e-mail.
    FIND_BY_LOGIN = concat!(
        "SELECT ", columns!(), " FROM users WHERE username = $1 OR email_key = $2
        ORDER BY CASE WHEN username = $1 THEN 0 ELSE 1 END LIMIT 1"
    );
    LIST = concat!("SELECT ", columns!(), " FROM users WHERE username > $1 ORDER BY username LIMIT $2");
    /// The last placeholder is the e-mail in lower case.
    INSERT = concat!(
        "INSERT INTO users (", columns!(), ", email_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    );
    /// Comes before a name or an address is taken: the two stand in different columns, which no index compares.
    LOCK_NAMES = "UPDATE counters SET value = value + 1 WHERE name = 'names'";
    /// Which of the name and the address (in lower case) somebody else has as the other.
    CROSSED = "SELECT CASE WHEN email_key = $2 THEN 'username' ELSE 'email' END FROM users
        WHERE id <> $1 AND (email_key = $2 OR username = $3) LIMIT 1";
    /// Taken before looking for an administrator: two callers that both saw none would both insert one.
    LOCK_ADMINISTRATORS = "UPDATE counters SET value = value + 1 WHERE name = 'administrators'";
    ANY_ADMIN = concat!(
        "SELECT ", columns!(), " FROM users WHERE is_admin
        ORDER BY CASE WHEN disabled_at IS NULL THEN 0 ELSE 1 END, created_at, id LIMIT 1"
    );
    SET_EMAIL = "UPDATE users SET email = $2, email_key = $3, email_verified = $4, updated_at = $5 WHERE id = $1";
    UPGRADE_PASSWORD_HASH = "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
    /// Until the transaction is over nobody else does this.
    LOCK = "UPDATE users SET updated_at = updated_at WHERE id = $1";
    /// Until the transaction is over nobody else changes whether what they have proved counts; no row where that has changed
    /// since `$2` was read, or where they are disabled.
    HOLD = "UPDATE users SET updated_at = updated_at
        WHERE id = $1 AND tokens_not_before = CAST($2 AS BIGINT) AND disabled_at IS NULL";
    /// `$4` is `tokens_not_before` as it was read, for whoever only may while nobody else has.
    CHANGE_PASSWORD = "UPDATE users SET password_hash = $2, password_changed_at = $3, tokens_not_before = $3,
        updated_at = $3 WHERE id = $1 AND (CAST($4 AS BIGINT) IS NULL OR tokens_not_before = CAST($4 AS BIGINT))";
    DISABLE = "UPDATE users SET disabled_at = $2, tokens_not_before = $2, updated_at = $2 WHERE id = $1";
    ENABLE = "UPDATE users SET disabled_at = NULL, updated_at = $2 WHERE id = $1";
}
