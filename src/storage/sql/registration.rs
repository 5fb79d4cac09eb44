macro_rules! registration {
    () => {
        "client_id, token_hash, address, created_at, last_used_at, expires_at"
    };
}

macro_rules! token {
    () => {
        "id, secret_hash, note, uses_left, created_at, expires_at"
    };
}

statements! {
    INSERT = concat!("INSERT INTO client_registrations (", registration!(), ") VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (client_id) DO NOTHING");
    FIND = concat!("SELECT ", registration!(), " FROM client_registrations WHERE client_id = $1");
    ROTATE_TOKEN = "UPDATE client_registrations SET token_hash = $3 WHERE client_id = $1 AND token_hash = $2";
    USED = "UPDATE client_registrations SET last_used_at = $2, expires_at = $3 WHERE client_id = $1 AND expires_at < $3";
    SAVE_DOCUMENT = "INSERT INTO clients (client_id, metadata, created_at, updated_at) VALUES ($1, $2, $3, $3)
        ON CONFLICT (client_id) DO UPDATE SET metadata = excluded.metadata, updated_at = excluded.updated_at";
    /// A client goes with everything it has; so does its registration.
    SWEEP_CLIENTS = "DELETE FROM clients WHERE client_id IN (
        SELECT client_id FROM client_registrations WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    INSERT_TOKEN = concat!("INSERT INTO initial_access_tokens (", token!(), ") VALUES ($1, $2, $3, $4, $5, $6)");
    FIND_TOKEN = concat!(
        "SELECT ", token!(), " FROM initial_access_tokens
        WHERE id = $1 AND secret_hash = $2 AND uses_left > 0 AND expires_at > $3"
    );
    TAKE_USE = "UPDATE initial_access_tokens SET uses_left = uses_left - 1
        WHERE id = $1 AND secret_hash = $2 AND uses_left > 0 AND expires_at > $3";
    LIST_TOKENS = concat!("SELECT ", token!(), " FROM initial_access_tokens ORDER BY created_at DESC, id");
    DELETE_TOKEN = "DELETE FROM initial_access_tokens WHERE id = $1";
}
