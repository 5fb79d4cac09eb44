//! The one writer: takes what is queued, does it in one transaction, and answers after COMMIT.
//!
//! One `fsync` serves a whole batch. A job that fails undoes itself alone; a failure of the transaction (disk full,
//! I/O) fails every job of its batch, since none of them is durable.

use std::thread;

use futures_util::future::BoxFuture;
use sqlx::Connection as _;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::{Mover, checkpoint};
use super::driver::{Connection, Options, wal_pages};
use super::rotation;
use crate::storage::sql::dialect::sqlite as dialect;
use crate::storage::{Error, Result, RotateFamily, Rotation};

/// Jobs that may wait; more are refused at once.
const QUEUE: usize = 4096;
/// Jobs of one transaction.
const BATCH: usize = 512;
/// Pages (of 4 KiB) written to the WAL between two checkpoints: a job alone writes some 20, one of a large batch 3.
const CHECKPOINT_EVERY: u32 = 8_192;

/// How a job stands in the batch's transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One writing statement, which undoes itself when it fails.
    Statement,
    /// Several statements: inside a savepoint, so that all are undone when one fails.
    Savepoint,
}

#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Message>,
}

enum Message {
    Job(Box<dyn Job>),
    Rotate(Box<Rotating>),
    /// Move the rest of the WAL while nothing is written.
    Checkpoint,
    Close(oneshot::Sender<()>),
}

impl Writer {
    /// Starts the writer's thread. With `wal` it sees to it that the WAL is moved now and then.
    pub fn start(connection: Connection, options: Options, wal: bool) -> Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let weak = queue.downgrade();
        let overdue = move || {
            if let Some(queue) = weak.upgrade() {
                // A full queue is no loss: the next checkpoint asks again.
                let _ = queue.try_send(Message::Checkpoint);
            }
        };
        let mover = wal.then(|| Mover::new(options.clone(), overdue));
        let runtime = Handle::current();
        thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || runtime.block_on(run(connection, options, jobs, mover)))
            .map_err(|error| Error::Unavailable(format!("no thread for the database: {error}")))?;
        Ok(Self { queue })
    }

    pub async fn write<T, F>(&self, shape: Shape, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Job(Box::new(Call { shape, work: Some(job), outcome: None, reply })))?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    pub async fn rotate(&self, request: RotateFamily) -> Result<Rotation> {
        let (reply, answer) = oneshot::channel();
        self.send(Message::Rotate(Box::new(Rotating { request, outcome: None, reply })))?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    pub async fn close(&self) {
        let (reply, answer) = oneshot::channel();
        if self.queue.send(Message::Close(reply)).await.is_ok() {
            let _ = answer.await;
        }
    }

    fn send(&self, message: Message) -> Result<()> {
        self.queue.try_send(message).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Unavailable("too many writes are waiting".to_owned()),
            mpsc::error::TrySendError::Closed(_) => stopped(),
        })
    }
}

fn stopped() -> Error {
    Error::Unavailable("the database is closed".to_owned())
}

/// A queued job, whatever it answers.
trait Job: Send {
    /// Does the work and keeps its outcome. An error means that the transaction is lost.
    fn run<'c>(&'c mut self, connection: &'c mut Connection) -> BoxFuture<'c, Result<()>>;
    /// Answers the caller: with the outcome when the transaction is committed, otherwise with why it is not.
    fn answer(self: Box<Self>, committed: &std::result::Result<(), String>);
}

struct Call<T, F> {
    shape: Shape,
    work: Option<F>,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Call<T, F>
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
{
    fn run<'c>(&'c mut self, connection: &'c mut Connection) -> BoxFuture<'c, Result<()>> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return Ok(()) };
            if self.shape == Shape::Savepoint {
                exec(connection, dialect::SAVEPOINT).await?;
            }
            let outcome = match work(connection).await {
                Err(error) if error.ends_transaction() => return Err(error),
                outcome => outcome,
            };
            if self.shape == Shape::Savepoint {
                if outcome.is_err() {
                    exec(connection, dialect::ROLLBACK_TO).await?;
                }
                exec(connection, dialect::RELEASE).await?;
            }
            self.outcome = Some(outcome.map_err(Error::settled));
            Ok(())
        })
    }

    fn answer(self: Box<Self>, committed: &std::result::Result<(), String>) {
        let _ = self.reply.send(settle(self.outcome, committed));
    }
}

struct Rotating {
    request: RotateFamily,
    outcome: Option<Rotation>,
    reply: oneshot::Sender<Result<Rotation>>,
}

impl Rotating {
    fn answer(self, committed: &std::result::Result<(), String>) {
        let _ = self.reply.send(settle(self.outcome.map(Ok), committed));
    }
}

fn settle<T>(outcome: Option<Result<T>>, committed: &std::result::Result<(), String>) -> Result<T> {
    match (outcome, committed) {
        (Some(outcome), Ok(())) => outcome,
        (_, Err(cause)) => Err(Error::Unavailable(cause.clone())),
        (None, Ok(())) => Err(stopped()),
    }
}

async fn exec(connection: &mut Connection, sql: &'static str) -> Result<()> {
    sqlx::query(sql).execute(connection).await?;
    Ok(())
}

/// Takes batches until the last handle is gone or `Close` is read.
async fn run(first: Connection, options: Options, mut jobs: mpsc::Receiver<Message>, mut mover: Option<Mover>) {
    let mut connection = Some(first);
    let mut messages = Vec::with_capacity(BATCH);
    let mut moved = 0;
    let mut closing = None;
    while closing.is_none() && jobs.recv_many(&mut messages, BATCH).await > 0 {
        let mut batch = Batch::default();
        let mut checkpoint_now = false;
        for message in messages.drain(..) {
            match message {
                Message::Job(job) => batch.jobs.push(job),
                Message::Rotate(rotating) => batch.rotations.push(*rotating),
                Message::Checkpoint => checkpoint_now = true,
                Message::Close(reply) => closing = Some(reply),
            }
        }
        if closing.is_some() {
            jobs.close();
        }
        connection = batch.commit(connection, &options).await;
        if checkpoint_now && let Some(open) = &mut connection {
            if let Err(error) = checkpoint(open).await {
                tracing::warn!(%error, "the checkpoint of the database failed");
            }
            continue;
        }
        let pages = wal_pages();
        if pages < moved {
            // All of it was moved, and it began anew.
            moved = 0;
        }
        if pages - moved >= CHECKPOINT_EVERY {
            moved = pages;
            if let Some(mover) = &mut mover {
                mover.start();
            }
        }
    }
    if let Some(mover) = mover {
        mover.finish();
    }
    if let Some(mut open) = connection {
        // Without this the WAL is read again at the next start; nothing depends on it.
        let _ = exec(&mut open, dialect::CHECKPOINT_TRUNCATE).await;
        let _ = open.close().await;
    }
    if let Some(reply) = closing {
        let _ = reply.send(());
    }
}

#[derive(Default)]
struct Batch {
    jobs: Vec<Box<dyn Job>>,
    rotations: Vec<Rotating>,
}

impl Batch {
    fn len(&self) -> usize {
        self.jobs.len() + self.rotations.len()
    }

    /// Does the batch in one transaction and answers everyone. Gives back the connection unless it failed: what a
    /// failed COMMIT left behind is best forgotten together with the connection.
    async fn commit(mut self, connection: Option<Connection>, options: &Options) -> Option<Connection> {
        if self.len() == 0 {
            return connection;
        }
        let opened = match connection {
            Some(open) => Ok(open),
            None => options.open().map_err(Error::from),
        };
        let (connection, committed) = match opened {
            Err(error) => (None, Err(error)),
            Ok(mut open) => match self.perform(&mut open).await {
                Ok(()) => (Some(open), Ok(())),
                Err(error) => {
                    let _ = exec(&mut open, dialect::ROLLBACK).await;
                    (is_busy(&error).then_some(open), Err(error))
                }
            },
        };
        let committed = committed.map_err(|error| {
            tracing::error!(%error, jobs = self.len(), "writes to the database failed");
            error.to_string()
        });
        for job in self.jobs {
            job.answer(&committed);
        }
        for rotating in self.rotations {
            rotating.answer(&committed);
        }
        connection
    }

    async fn perform(&mut self, connection: &mut Connection) -> Result<()> {
        exec(connection, dialect::BEGIN).await?;
        if !self.rotations.is_empty() {
            let requests: Vec<&RotateFamily> = self.rotations.iter().map(|rotating| &rotating.request).collect();
            let outcomes = rotation::rotate_all(connection, &requests).await?;
            for (rotating, outcome) in self.rotations.iter_mut().zip(outcomes) {
                rotating.outcome = Some(outcome);
            }
        }
        for job in &mut self.jobs {
            job.run(connection).await?;
        }
        exec(connection, dialect::COMMIT).await
    }
}

/// Another process held the database too long: the connection itself is fine.
fn is_busy(error: &Error) -> bool {
    matches!(error, Error::Database(sqlx::Error::Database(cause)) if cause.code().is_some_and(|code| code == "5"))
}
