macro_rules! columns {
    () => {
        "id, purpose, secret_hash, code_sealed, browser_hash, user_id, email, details, tries, created_at, expires_at, \
         consumed_at"
    };
}

statements! {
    INSERT = concat!(
        "INSERT INTO email_challenges (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    );
    FIND = concat!(
        "SELECT ", columns!(), " FROM email_challenges
        WHERE id = $1 AND purpose = $2 AND secret_hash = $3 AND consumed_at IS NULL AND expires_at > $4"
    );
    FIND_OF_BROWSER = concat!(
        "SELECT ", columns!(), " FROM email_challenges
        WHERE id = $1 AND purpose = $2 AND browser_hash = $3 AND consumed_at IS NULL AND expires_at > $4"
    );
    CONSUME = concat!(
        "UPDATE email_challenges SET consumed_at = $4
        WHERE id = $1 AND purpose = $2 AND secret_hash = $3 AND consumed_at IS NULL AND expires_at > $4
        RETURNING ", columns!()
    );
    TRY_CODE = concat!(
        "UPDATE email_challenges SET tries = tries + 1
        WHERE id = $1 AND purpose = $2 AND browser_hash = $3 AND code_sealed IS NOT NULL AND tries < $4
            AND consumed_at IS NULL AND expires_at > $5
        RETURNING ", columns!()
    );
    EXCHANGE_CODE = "UPDATE email_challenges SET secret_hash = $2, code_sealed = NULL
        WHERE id = $1 AND code_sealed IS NOT NULL AND consumed_at IS NULL AND expires_at > $3";
    /// Whose it is where there is no account: the address that the mail goes to.
    ADDRESS_BY_EMAIL = "UPDATE email_challenges SET email = $2 WHERE id = $1 AND consumed_at IS NULL AND expires_at > $3";
    END_EARLIER_BY_EMAIL = "UPDATE email_challenges SET consumed_at = $4
        WHERE email = $1 AND purpose = $2 AND id <> $3 AND consumed_at IS NULL";
    LIST = concat!(
        "SELECT ", columns!(), " FROM email_challenges
        WHERE purpose = $1 AND email IS NOT NULL AND consumed_at IS NULL AND expires_at > $2 ORDER BY created_at, id"
    );
    END_BY_EMAIL = "UPDATE email_challenges SET consumed_at = $3
        WHERE email = $1 AND purpose = $2 AND consumed_at IS NULL AND expires_at > $3";
    ADDRESS = "UPDATE email_challenges SET user_id = $2 WHERE id = $1 AND consumed_at IS NULL AND expires_at > $3";
    END_EARLIER = "UPDATE email_challenges SET consumed_at = $4
        WHERE user_id = $1 AND purpose = $2 AND id <> $3 AND consumed_at IS NULL";
    END_OF_USER = "UPDATE email_challenges SET consumed_at = $2 WHERE user_id = $1 AND consumed_at IS NULL";
    ACCEPT_TERMS = "INSERT INTO terms_acceptances (user_id, version, accepted_at) VALUES ($1, $2, $3)
        ON CONFLICT (user_id, version) DO NOTHING";
    ACCEPTED_TERMS = "SELECT version, accepted_at FROM terms_acceptances WHERE user_id = $1 ORDER BY accepted_at, version";
}
