macro_rules! columns {
    () => {
        "id, kind, recipient, user_id, content, attempts, last_error, created_at, due_at, give_up_at, sent_at, \
         failed_at, expires_at"
    };
}

statements! {
    INSERT = concat!(
        "INSERT INTO outbox (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    );
    /// The condition stands outside again: on PostgreSQL a row that another instance has just taken is looked at once
    /// more with it.
    CLAIM = concat!(
        "UPDATE outbox SET attempts = attempts + 1, due_at = $2
        WHERE sent_at IS NULL AND failed_at IS NULL AND due_at <= $1 AND id IN (
            SELECT id FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL AND due_at <= $1
            ORDER BY due_at, id LIMIT $3)
        RETURNING ", columns!()
    );
    ADDRESS = "UPDATE outbox SET user_id = $2, recipient = $3 WHERE id = $1";
    SENT = "UPDATE outbox SET sent_at = $4, content = $3, last_error = NULL
        WHERE id = $1 AND attempts = $2 AND sent_at IS NULL AND failed_at IS NULL";
    DELAYED = "UPDATE outbox SET due_at = $4, last_error = $3
        WHERE id = $1 AND attempts = $2 AND sent_at IS NULL AND failed_at IS NULL";
    FAILED = "UPDATE outbox SET failed_at = $4, last_error = $3
        WHERE id = $1 AND attempts = $2 AND sent_at IS NULL AND failed_at IS NULL";
    REMOVE = "DELETE FROM outbox WHERE id = $1";
    LIST = concat!("SELECT ", columns!(), " FROM outbox ORDER BY id DESC LIMIT $1");
    LIST_OF_USER = concat!("SELECT ", columns!(), " FROM outbox WHERE user_id = $1 ORDER BY id");
    FIND = concat!("SELECT ", columns!(), " FROM outbox WHERE id = $1");
    RETRY = "UPDATE outbox SET failed_at = NULL, due_at = $2, give_up_at = $3 WHERE id = $1 AND sent_at IS NULL";
    RETRY_ALL = "UPDATE outbox SET failed_at = NULL, due_at = $1, give_up_at = $2 WHERE sent_at IS NULL";
    COUNT_WAITING = "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL";
    COUNT_FAILED = "SELECT COUNT(*) FROM outbox WHERE failed_at IS NOT NULL";
}
