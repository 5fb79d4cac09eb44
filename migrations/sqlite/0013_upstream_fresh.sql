-- When a sign-in that is not older was asked of the provider; NULL where any counts.
ALTER TABLE upstream_logins ADD COLUMN fresh_since INTEGER;

-- Connections that a person has taken away: an address alone does not make them again.
CREATE TABLE upstream_partings (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    parted_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX upstream_partings_user_id ON upstream_partings (user_id);
