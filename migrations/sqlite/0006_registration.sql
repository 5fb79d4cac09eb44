-- Clients that no operator registered: by the registration endpoint, or by a metadata document. They go when they are not
-- used until `expires_at`.
CREATE TABLE client_registrations (
    client_id TEXT NOT NULL PRIMARY KEY REFERENCES clients (client_id) ON DELETE CASCADE,
    token_hash BLOB,
    address TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX client_registrations_expires_at ON client_registrations (expires_at);

CREATE TABLE initial_access_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    note TEXT NOT NULL,
    uses_left INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX initial_access_tokens_expires_at ON initial_access_tokens (expires_at);
