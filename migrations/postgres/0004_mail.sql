-- What is told by mail: `due_at` is the next attempt, and while one is made the end of its lease.
CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    recipient TEXT,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    content BYTEA NOT NULL,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    give_up_at BIGINT NOT NULL,
    sent_at BIGINT,
    failed_at BIGINT,
    expires_at BIGINT NOT NULL
);
CREATE INDEX outbox_due_at ON outbox (due_at) WHERE sent_at IS NULL AND failed_at IS NULL;
CREATE INDEX outbox_user_id ON outbox (user_id);
CREATE INDEX outbox_expires_at ON outbox (expires_at);

-- What a mailed link or code proves: that whoever comes with it reads the mails of that address.
CREATE TABLE email_challenges (
    id TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    secret_hash BYTEA NOT NULL,
    code_sealed BYTEA,
    browser_hash BYTEA,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    email TEXT,
    details TEXT NOT NULL,
    tries BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    consumed_at BIGINT
);
CREATE INDEX email_challenges_user_id ON email_challenges (user_id, purpose);
CREATE INDEX email_challenges_email ON email_challenges (email, purpose);
CREATE INDEX email_challenges_expires_at ON email_challenges (expires_at);

CREATE TABLE terms_acceptances (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version TEXT NOT NULL,
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, version)
);
