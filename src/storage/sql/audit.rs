macro_rules! columns {
    () => {
        "id, at, event, user_id, client_id, session_id, address, request_id, details"
    };
}

statements! {
    /// An event written twice (the first answer was lost) stays one.
    INSERT = concat!(
        "INSERT INTO audit_events (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (id) DO NOTHING"
    );
    SWEEP = "DELETE FROM audit_events WHERE id IN
        (SELECT id FROM audit_events WHERE at < $1 ORDER BY at LIMIT $2)";
    LIST = concat!("SELECT ", columns!(), " FROM audit_events ORDER BY at DESC, id DESC LIMIT $1");
    LIST_OF_EVENT = concat!(
        "SELECT ", columns!(), " FROM audit_events WHERE event = $1 ORDER BY at DESC, id DESC LIMIT $2"
    );
}
