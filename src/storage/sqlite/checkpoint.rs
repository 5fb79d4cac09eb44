//! Moves committed pages from the WAL into the database file, beside the writer and not in its way.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use futures_util::FutureExt as _;

use super::driver::{Connection, Options};
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

pub async fn checkpoint(connection: &mut Connection) -> Result<Moved, sqlx::Error> {
    sqlx::query_as(dialect::CHECKPOINT).fetch_one(connection).await
}

/// The checkpoint that is under way beside the writer: one at a time, each in a thread and on a connection of its own.
pub struct Mover {
    options: Options,
    overdue: Arc<dyn Fn() + Send + Sync>,
    thread: Option<JoinHandle<()>>,
}

impl Mover {
    /// `overdue` is called when the WAL has grown too long.
    pub fn new(options: Options, overdue: impl Fn() + Send + Sync + 'static) -> Self {
        Self { options, overdue: Arc::new(overdue), thread: None }
    }

    /// Moves what can be moved; nothing when that is still being done.
    pub fn start(&mut self) {
        if self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let (options, overdue) = (self.options.clone(), Arc::clone(&self.overdue));
        let run = move || match move_once(&options) {
            Ok(moved) if moved.is_overdue() => overdue(),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the checkpoint of the database failed"),
        };
        match thread::Builder::new().name("checkpoint".to_owned()).spawn(run) {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => tracing::warn!(%error, "no thread for the checkpoint of the database"),
        }
    }

    /// Waits for the one under way.
    pub fn finish(self) {
        if let Some(thread) = self.thread {
            let _ = thread.join();
        }
    }
}

fn move_once(options: &Options) -> Result<Moved, sqlx::Error> {
    let mut connection = options.open()?;
    checkpoint(&mut connection).now_or_never().unwrap_or(Err(sqlx::Error::WorkerCrashed))
}
