//! PostgreSQL: one pool, short time limits, and a bounded number of new tries.

use std::ops::ControlFlow;
use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

use super::{Error, Result, sql};

const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
const STATEMENT_TIMEOUT_MS: &str = "5000";
/// An abandoned transaction (the network went) gives its locks back after this.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: &str = "10000";
const MAX_CONNECTIONS: u32 = 16;
const MAX_ATTEMPTS: u32 = 3;
/// A connection that lay idle for longer is asked whether it still lives before it is trusted.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Postgres {
    pool: PgPool,
}

/// What may be done again after which failure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// A lost connection too: the statement changes nothing.
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
        let pool = PgPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        Ok(Self { pool })
    }

    pub async fn acquire(&self) -> Result<PoolConnection<sqlx::Postgres>> {
        self.pool.acquire().await.map_err(|error| Error::from(error).settled())
    }

    /// Ends the attempt, or says that another may be made. A spoilt connection does not return to the pool.
    pub fn judge<T>(
        outcome: Result<T>,
        mut connection: PoolConnection<sqlx::Postgres>,
        retry: Retry,
        attempt: &mut u32,
    ) -> ControlFlow<Result<T>> {
        let Err(error) = &outcome else { return ControlFlow::Break(outcome) };
        if error.spoils_connection() {
            connection.close_on_drop();
        }
        let again = error.is_contention() || (retry == Retry::Always && error.is_lost_connection());
        if again && *attempt < MAX_ATTEMPTS {
            *attempt += 1;
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(outcome.map_err(Error::settled))
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
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
