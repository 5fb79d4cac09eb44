statements! {
    /// The columns are those of `users::INSERT`. Nobody's name is another's address.
    INSERT_UNLESS_TAKEN = "INSERT INTO users (id, username, email, email_verified, password_hash, claims, is_admin,
            disabled_at, tokens_not_before, password_changed_at, created_at, updated_at, email_key)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE username = $13 OR email_key = $2) ON CONFLICT DO NOTHING";
    /// Who signs in by the name or the address (`$2`, in lower case); the name counts first.
    FIND_TAKEN = "SELECT username, email_key FROM users WHERE username IN ($1, $2) OR email_key IN ($1, $2)
        ORDER BY CASE WHEN username = $1 THEN 0 ELSE 1 END LIMIT 1";
}
