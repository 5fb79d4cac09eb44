use super::Store;
use crate::storage::{Maintenance, Result, sql};

/// How long codes and device authorizations are kept after they expired. A replay must be known for what it is, and
/// while a short-lived access token lives, its family must be found when the consent is taken back. Milliseconds.
const KEPT_AFTER_EXPIRY: i64 = 30 * 60 * 1000;

/// An API key that has expired is still on its owner's list for a month, so that what stopped working can be told.
/// Milliseconds.
const API_KEYS_KEPT: i64 = 30 * 24 * 60 * 60 * 1000;

const SWEPT: &[(&str, i64)] = &[
    (sql::maintenance::SWEEP_API_KEYS, API_KEYS_KEPT),
    (sql::maintenance::SWEEP_SESSIONS, 0),
    (sql::maintenance::SWEEP_TRANSACTIONS, 0),
    (sql::maintenance::SWEEP_CODES, KEPT_AFTER_EXPIRY),
    (sql::maintenance::SWEEP_FAMILIES, 0),
    (sql::maintenance::SWEEP_ACCESS_TOKENS, 0),
    (sql::maintenance::SWEEP_REVOCATIONS, 0),
    (sql::maintenance::SWEEP_DEVICES, KEPT_AFTER_EXPIRY),
    (sql::maintenance::SWEEP_THROTTLES, 0),
    (sql::maintenance::SWEEP_REPLAYS, 0),
    (sql::maintenance::SWEEP_LEASES, 0),
    (sql::maintenance::SWEEP_LOGOUT_NOTICES, 0),
    (sql::maintenance::SWEEP_PENDING_LOGINS, 0),
    (sql::maintenance::SWEEP_TOTP_ENROLMENTS, 0),
    (sql::maintenance::SWEEP_KNOWN_DEVICES, 0),
    (sql::maintenance::SWEEP_INITIAL_ACCESS_TOKENS, 0),
    (sql::maintenance::SWEEP_UPSTREAM_LOGINS, 0),
    (sql::maintenance::SWEEP_UPSTREAM_SESSIONS, 0),
    (sql::maintenance::SWEEP_SETUP_LINKS, 0),
    (sql::maintenance::SWEEP_PASSKEY_CHALLENGES, 0),
    (sql::maintenance::SWEEP_OUTBOX, 0),
    (sql::maintenance::SWEEP_CHALLENGES, 0),
];

impl Maintenance for Store {
    async fn sweep(&self, now: i64, limit: i64) -> Result<u64> {
        let mut swept = 0;
        // One write each, so that requests come between.
        for &(statement, kept) in SWEPT {
            let before = now.saturating_sub(kept);
            swept += write!(self, |connection| {
                sqlx::query(statement).bind(before).bind(limit).execute(connection).await?.rows_affected()
            })?;
        }
        Ok(swept + self.sweep_clients(now, limit).await?)
    }

    async fn ping(&self) -> Result<()> {
        write!(self, |connection| {
            sqlx::query(sql::maintenance::PING).execute(connection).await?;
        })
    }

    async fn hold_lease(&self, name: &str, holder: &str, now: i64, expires_at: i64) -> Result<bool> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        write!(self, |connection| {
            sqlx::query(sql::maintenance::HOLD_LEASE)
                .bind(&name)
                .bind(&holder)
                .bind(expires_at)
                .bind(now)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }
}
