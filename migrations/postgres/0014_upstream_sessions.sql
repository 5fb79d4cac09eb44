-- Which session of another provider a session here stands on: it ends when that one does.
CREATE TABLE upstream_sessions (
    session_id TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    sid TEXT,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, issuer)
);
CREATE INDEX upstream_sessions_subject ON upstream_sessions (issuer, subject);
CREATE INDEX upstream_sessions_sid ON upstream_sessions (issuer, sid);
CREATE INDEX upstream_sessions_user_id ON upstream_sessions (user_id);
CREATE INDEX upstream_sessions_expires_at ON upstream_sessions (expires_at);
