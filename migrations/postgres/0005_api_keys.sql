CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    secret_hash BYTEA NOT NULL,
    prefix TEXT NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT REFERENCES clients (client_id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT,
    CHECK ((user_id IS NULL) <> (client_id IS NULL))
);
CREATE INDEX api_keys_user_id ON api_keys (user_id);
CREATE INDEX api_keys_client_id ON api_keys (client_id);
CREATE INDEX api_keys_expires_at ON api_keys (expires_at);
