//! The reading connections. Not the driver's pool: that one asks a connection whether it lives each time it comes
//! back, which costs as much as the query it was for, and a connection to a file does not die.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::storage::{Error, Result};

/// How long a read waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Readers {
    inner: Arc<Inner>,
}

struct Inner {
    idle: Mutex<Vec<SqliteConnection>>,
    permits: Arc<Semaphore>,
    options: SqliteConnectOptions,
}

impl Readers {
    /// Opens one connection now and up to `most` when they are needed.
    pub async fn open(options: SqliteConnectOptions, most: usize) -> std::result::Result<Self, sqlx::Error> {
        let options = options.pragma("query_only", "ON");
        let first = options.connect().await?;
        let (idle, permits) = (Mutex::new(vec![first]), Arc::new(Semaphore::new(most)));
        Ok(Self { inner: Arc::new(Inner { idle, permits, options }) })
    }

    pub async fn acquire(&self) -> Result<Reader> {
        let permits = &self.inner.permits;
        let permit = match Arc::clone(permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => timeout(ACQUIRE_TIMEOUT, Arc::clone(permits).acquire_owned())
                .await
                .map_err(|_| Error::Unavailable("every reading connection is busy".to_owned()))?
                .map_err(|_| Error::Unavailable("the database is closed".to_owned()))?,
        };
        let connection = match self.inner.take() {
            Some(connection) => connection,
            None => self.inner.options.connect().await.map_err(|error| Error::from(error).settled())?,
        };
        Ok(Reader { connection, pool: Arc::clone(&self.inner), _permit: permit })
    }

    pub async fn close(&self) {
        self.inner.permits.close();
        while let Some(connection) = self.inner.take() {
            let _ = connection.close().await;
        }
    }
}

impl Inner {
    fn take(&self) -> Option<SqliteConnection> {
        self.idle().pop()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reading connection on loan. One that is dropped instead of given back (an error, a caller that went away) closes.
pub struct Reader {
    pub connection: SqliteConnection,
    pool: Arc<Inner>,
    _permit: OwnedSemaphorePermit,
}

impl Reader {
    pub fn give_back(self) {
        if !self.pool.permits.is_closed() {
            self.pool.idle().push(self.connection);
        }
    }
}
