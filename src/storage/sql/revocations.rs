statements! {
    /// The row's lock is held until COMMIT, so that numbers appear in the order in which they were drawn: who follows
    /// the table never skips one that commits late. Every transaction that revokes draws before it locks other rows.
    DRAW_SEQ = "UPDATE counters SET value = value + 1 WHERE name = 'revocations' RETURNING value";
    RECORD = "INSERT INTO revocations (seq, kind, key, not_before, expires_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (kind, key) DO UPDATE SET seq = excluded.seq,
            not_before = CASE WHEN revocations.not_before > excluded.not_before
                THEN revocations.not_before ELSE excluded.not_before END,
            expires_at = CASE WHEN revocations.expires_at > excluded.expires_at
                THEN revocations.expires_at ELSE excluded.expires_at END";
    AFTER = "SELECT seq, kind, key, not_before, expires_at FROM revocations
        WHERE seq > $1 AND expires_at > $2 ORDER BY seq";
}
