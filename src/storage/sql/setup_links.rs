macro_rules! columns {
    () => {
        "id, secret_hash, user_id, created_at, expires_at, consumed_at"
    };
}

statements! {
    INSERT = concat!("INSERT INTO setup_links (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6)");
    FIND = concat!(
        "SELECT ", columns!(), " FROM setup_links
        WHERE id = $1 AND secret_hash = $2 AND consumed_at IS NULL AND expires_at > $3"
    );
    CONSUME = concat!(
        "UPDATE setup_links SET consumed_at = $3
        WHERE id = $1 AND secret_hash = $2 AND consumed_at IS NULL AND expires_at > $3
        RETURNING ", columns!()
    );
}
