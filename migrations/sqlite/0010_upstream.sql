CREATE TABLE upstream_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX upstream_identities_user_id ON upstream_identities (user_id, issuer);

-- The browser's cookie derives state, nonce and code verifier: nothing here is worth stealing.
CREATE TABLE upstream_logins (
    id TEXT NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    upstream TEXT NOT NULL,
    transaction_id TEXT,
    next TEXT,
    link_session_id TEXT,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX upstream_logins_expires_at ON upstream_logins (expires_at);
