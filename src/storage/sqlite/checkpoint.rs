//! Moves committed pages from the WAL into the database file, beside the writer and not in its way.

use std::sync::Arc;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::sync::Notify;

use crate::storage::sql::dialect::sqlite as dialect;

/// When this much has been written since the WAL was last moved as a whole, the writer pauses for the rest of it:
/// beside a writer that never rests a checkpoint never catches up, and the WAL would grow without end.
const WAL_FRAMES_MAX: i64 = 16_384;

/// What a checkpoint left behind: frames in the WAL and those of them already moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Moved {
    pub log: i64,
    pub checkpointed: i64,
}

impl Moved {
    pub fn is_overdue(self) -> bool {
        self.log > WAL_FRAMES_MAX
    }
}

pub async fn checkpoint(connection: &mut SqliteConnection) -> Result<Moved, sqlx::Error> {
    sqlx::query_as(dialect::CHECKPOINT).fetch_one(connection).await
}

/// Waits for `due` and moves what it can, on its own connection; calls `overdue` when the WAL has grown too long.
/// Ends with the writer that owns the task.
pub async fn run(options: SqliteConnectOptions, due: Arc<Notify>, overdue: impl Fn() + Send) {
    let mut connection: Option<SqliteConnection> = None;
    loop {
        due.notified().await;
        let mut open = match connection.take() {
            Some(open) => open,
            None => match options.connect().await {
                Ok(open) => open,
                Err(error) => {
                    tracing::warn!(%error, "no connection for the checkpoint of the database");
                    continue;
                }
            },
        };
        match checkpoint(&mut open).await {
            Ok(moved) => {
                if moved.is_overdue() {
                    overdue();
                }
                connection = Some(open);
            }
            Err(error) => tracing::warn!(%error, "the checkpoint of the database failed"),
        }
    }
}
