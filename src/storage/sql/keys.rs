macro_rules! columns {
    () => {
        "kid, alg, public_jwk, private_sealed, created_at, sign_at, retire_at, remove_at"
    };
}

statements! {
    LIST = concat!("SELECT ", columns!(), " FROM signing_keys WHERE remove_at > $1 ORDER BY created_at, kid");
    /// Taken before looking for a later key: two instances that both saw none would both insert one.
    LOCK = "UPDATE counters SET value = value + 1 WHERE name = 'signing_keys'";
    INSERT = concat!(
        "INSERT INTO signing_keys (", columns!(), ") SELECT $1, $2, $3, $4, $5, $6, $7, $8
        WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE alg = $2 AND sign_at >= $6)"
    );
    RETIRE = "UPDATE signing_keys SET retire_at = $3, remove_at = $4
        WHERE alg = $1 AND kid <> $2 AND retire_at > $3";
    INSERT_SECRET = "INSERT INTO server_secrets (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    FIND_SECRET = "SELECT sealed FROM server_secrets WHERE name = $1";
}
