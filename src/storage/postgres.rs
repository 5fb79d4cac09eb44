//! PostgreSQL: one pool, short time limits, and a bounded number of new tries.

use std::ops::ControlFlow;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

use super::{Error, Result, sql};

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
const STATEMENT_TIMEOUT_MS: &str = "5000";
/// How long closing waits for what is under way.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);
/// An abandoned transaction (the network went) gives its locks back after this.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: &str = "10000";
const MAX_CONNECTIONS: u32 = 16;
const MAX_ATTEMPTS: u32 = 3;
/// A connection that lay idle for longer is asked whether it still lives before it is trusted.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Postgres {
    pool: PgPool,
    losses: Arc<Losses>,
}

/// When a connection was last found lost: the others may have gone with it.
#[derive(Default)]
struct Losses(Mutex<Option<Instant>>);

impl Losses {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// A connection that has been idle for `idle` was put aside before the last loss.
    fn concern(&self, idle: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|lost| lost.elapsed() < idle)
    }
}

/// What may be done again after which failure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// A lost connection too: nothing was changed, or nothing was committed.
    Always,
    /// Only when the database says that nothing was done.
    Contention,
}

impl Postgres {
    /// Connects lazily, so that a server starts (and reports unready) while its database is away.
    pub fn open(url: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| Error::Setting(format!("is no PostgreSQL URL: {}", without_source(&error))))?
            .application_name("portcullis")
            .statement_cache_capacity(256)
            .options([
                ("statement_timeout", STATEMENT_TIMEOUT_MS),
                ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT_MS),
            ])
            .disable_statement_logging();
        let losses = Arc::new(Losses::default());
        let seen = Arc::clone(&losses);
        let pool = PgPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(move |connection, meta| {
                let suspect = meta.idle_for > TRUSTED_IDLE || seen.concern(meta.idle_for);
                Box::pin(async move {
                    if suspect {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        Ok(Self { pool, losses })
    }

    pub async fn acquire(&self) -> Result<PoolConnection<sqlx::Postgres>> {
        self.pool.acquire().await.map_err(|error| Error::from(error).settled())
    }

    /// Ends the attempt, or says that another may be made. A spoilt connection does not return to the pool.
    pub fn judge<T>(
        &self,
        outcome: Result<T>,
        mut connection: PoolConnection<sqlx::Postgres>,
        retry: Retry,
        attempt: &mut u32,
    ) -> ControlFlow<Result<T>> {
        let Err(error) = &outcome else { return ControlFlow::Break(outcome) };
        if error.spoils_connection() {
            connection.close_on_drop();
        }
        if error.is_lost_connection() {
            self.losses.note();
        }
        let again = error.is_contention() || (retry == Retry::Always && error.is_lost_connection());
        if again && *attempt < MAX_ATTEMPTS {
            *attempt += 1;
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(outcome.map_err(Error::settled))
    }

    /// Waits for connections in use, but not for ever: one that a runtime which is gone has taken along never returns.
    pub async fn close(&self) {
        if tokio::time::timeout(CLOSE_LIMIT, self.pool.close()).await.is_err() {
            tracing::warn!("connections to the database were still in use at the end");
        }
    }
}

/// A COMMIT whose answer was lost may have been done: it must not be tried again.
pub fn uncommitted(error: sqlx::Error) -> Error {
    let error = Error::from(error);
    if error.is_lost_connection() { error.settled() } else { error }
}

/// The text of a configuration error without what it quotes, which may be a password.
fn without_source(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Configuration(_) => "write postgres://USER:PASSWORD@HOST:PORT/DATABASE",
        _ => "it cannot be read",
    }
}

/// Holds the family until the transaction ends, so that its insertion and its revocation take turns.
pub async fn lock_family(connection: &mut PgConnection, family_id: &str) -> Result<()> {
    sqlx::query(sql::dialect::postgres::LOCK_FAMILY).bind(family_id).execute(connection).await?;
    Ok(())
}
