macro_rules! columns {
    () => {
        "client_id, metadata, secret_hash, secret_sealed, disabled_at, created_at, updated_at"
    };
}

statements! {
    LIST = concat!("SELECT ", columns!(), " FROM clients ORDER BY client_id");
    FIND = concat!("SELECT ", columns!(), " FROM clients WHERE client_id = $1");
    INSERT = concat!("INSERT INTO clients (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7)");
    UPDATE = "UPDATE clients SET metadata = $2, secret_hash = $3, secret_sealed = $4, disabled_at = $5, updated_at = $6
        WHERE client_id = $1";
    DELETE = "DELETE FROM clients WHERE client_id = $1";
    VERSION = "SELECT value FROM counters WHERE name = 'clients'";
    MOVE_VERSION = "UPDATE counters SET value = value + 1 WHERE name = 'clients'";
}
