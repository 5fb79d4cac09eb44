/// Deletes up to `$2` rows that expired at or before `$1`, by the index on `expires_at`.
macro_rules! sweep {
    ($table:literal, $key:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $key,
            " IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)"
        )
    };
}

statements! {
    PING = "UPDATE counters SET value = value + 1 WHERE name = 'ping'";
    HOLD_LEASE = "INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
        WHERE leases.holder = excluded.holder OR leases.expires_at <= $4";
    SWEEP_API_KEYS = sweep!("api_keys", "id");
    SWEEP_SESSIONS = sweep!("sessions", "id");
    SWEEP_TRANSACTIONS = sweep!("transactions", "id");
    SWEEP_CODES = sweep!("authorization_codes", "id");
    SWEEP_FAMILIES = sweep!("refresh_families", "id");
    SWEEP_ACCESS_TOKENS = sweep!("access_tokens", "id");
    SWEEP_REVOCATIONS = sweep!("revocations", "seq");
    SWEEP_DEVICES = sweep!("device_authorizations", "id");
    SWEEP_THROTTLES = sweep!("throttles", "key");
    SWEEP_REPLAYS = sweep!("replays", "key");
    SWEEP_LEASES = sweep!("leases", "name");
    SWEEP_UPSTREAM_LOGINS = sweep!("upstream_logins", "id");
    /// By session: what it stands on with other providers expires with it.
    SWEEP_UPSTREAM_SESSIONS = sweep!("upstream_sessions", "session_id");
    /// By session: the others of the same session have expired as well.
    SWEEP_LOGOUT_NOTICES = sweep!("logout_notices", "session_id");
    SWEEP_PENDING_LOGINS = sweep!("pending_logins", "id");
    SWEEP_TOTP_ENROLMENTS = sweep!("totp_enrolments", "id");
    SWEEP_KNOWN_DEVICES = sweep!("known_devices", "id");
    SWEEP_INITIAL_ACCESS_TOKENS = sweep!("initial_access_tokens", "id");
    SWEEP_SETUP_LINKS = sweep!("setup_links", "id");
    SWEEP_PASSKEY_CHALLENGES = sweep!("passkey_challenges", "id");
    SWEEP_OUTBOX = sweep!("outbox", "id");
    SWEEP_CHALLENGES = sweep!("email_challenges", "id");
}
