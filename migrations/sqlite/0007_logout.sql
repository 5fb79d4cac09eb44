-- The clients that a session has signed in to: whom its end concerns.
CREATE TABLE session_clients (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (session_id, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_clients_client_id ON session_clients (client_id);

-- Outlives its session and user, who may be what has ended.
CREATE TABLE logout_notices (
    session_id TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (session_id, client_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX logout_notices_client_id ON logout_notices (client_id);
CREATE INDEX logout_notices_next_attempt_at ON logout_notices (next_attempt_at);
CREATE INDEX logout_notices_expires_at ON logout_notices (expires_at);
