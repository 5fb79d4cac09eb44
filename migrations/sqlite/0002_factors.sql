-- A sign-in that still lacks a factor. It opens nothing.
CREATE TABLE pending_logins (
    id TEXT NOT NULL PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    proofs TEXT NOT NULL,
    transaction_id TEXT,
    next TEXT,
    tries INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    consumed_at INTEGER
) STRICT;
CREATE INDEX pending_logins_user_id ON pending_logins (user_id);
CREATE INDEX pending_logins_expires_at ON pending_logins (expires_at);

CREATE TABLE totp_factors (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    secret_sealed BLOB NOT NULL,
    last_step INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- A secret shown to be scanned, until a right code proves that it was.
CREATE TABLE totp_enrolments (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id TEXT NOT NULL,
    secret_sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX totp_enrolments_user_id ON totp_enrolments (user_id);
CREATE INDEX totp_enrolments_expires_at ON totp_enrolments (expires_at);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (user_id, code_hash)
) STRICT;

-- Browsers in which a person has signed in before; the key is a hash of both.
CREATE TABLE known_devices (
    id BLOB NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX known_devices_user_id ON known_devices (user_id);
CREATE INDEX known_devices_expires_at ON known_devices (expires_at);
