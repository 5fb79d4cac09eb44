//! Audit events on their way to the database: a bounded queue, written in batches, never in a request's way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::store::Database;
use super::{AuditRecord, Result, sql};

const QUEUE: usize = 8192;
const BATCH: usize = 256;
/// How long the first event of a batch waits for others.
const LINGER: Duration = Duration::from_millis(20);
/// Between two tries while the database is away.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct AuditQueue {
    queue: mpsc::Sender<Message>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Event(AuditRecord),
    /// Answered when everything queued before it has been tried.
    Flush(oneshot::Sender<()>),
}

impl AuditQueue {
    pub fn start(database: Database) -> Self {
        let (queue, messages) = mpsc::channel(QUEUE);
        tokio::spawn(run(database, messages));
        Self { queue, dropped: Arc::new(AtomicU64::new(0)) }
    }

    /// Never waits: an event that finds the queue full is counted and lost.
    pub fn push(&self, event: AuditRecord) {
        if self.queue.try_send(Message::Event(event)).is_err() && self.dropped.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::error!("the queue of audit events is full: events are lost until the database takes writes again");
        }
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub async fn flush(&self) {
        let (reply, done) = oneshot::channel();
        if self.queue.send(Message::Flush(reply)).await.is_ok() {
            let _ = done.await;
        }
    }
}

async fn run(database: Database, mut messages: mpsc::Receiver<Message>) {
    let mut unwritten: Vec<AuditRecord> = Vec::new();
    let mut open = true;
    while open {
        let mut flushes = Vec::new();
        open = collect(&mut messages, &mut unwritten, &mut flushes).await;
        if !unwritten.is_empty() {
            let events = std::mem::take(&mut unwritten);
            if let Err(error) = write(&database, &events).await {
                tracing::error!(%error, events = events.len(), "audit events could not be written; trying again");
                unwritten = events;
            }
        }
        for reply in flushes {
            let _ = reply.send(());
        }
    }
}

/// Gathers the next batch; false when no more can come.
async fn collect(
    messages: &mut mpsc::Receiver<Message>,
    events: &mut Vec<AuditRecord>,
    flushes: &mut Vec<oneshot::Sender<()>>,
) -> bool {
    let retrying = !events.is_empty();
    let mut deadline = retrying.then(|| Instant::now() + RETRY);
    loop {
        let message = match deadline {
            None => messages.recv().await,
            Some(deadline) => match timeout_at(deadline, messages.recv()).await {
                Ok(message) => message,
                Err(_) => return true,
            },
        };
        match message {
            None => return false,
            Some(Message::Flush(reply)) => {
                flushes.push(reply);
                return true;
            }
            Some(Message::Event(event)) => events.push(event),
        }
        if events.len() >= BATCH {
            if !retrying {
                return true;
            }
            // The rest stays in the queue, whose bound is the bound of all that waits.
            tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)).await;
            return true;
        }
        deadline.get_or_insert_with(|| Instant::now() + LINGER);
    }
}

async fn write(database: &Database, events: &[AuditRecord]) -> Result<()> {
    let events = events.to_vec();
    transaction!(database, |connection| {
        for event in &events {
            sqlx::query(sql::audit::INSERT)
                .bind(&event.id)
                .bind(event.at)
                .bind(&event.event)
                .bind(&event.user_id)
                .bind(&event.client_id)
                .bind(&event.session_id)
                .bind(&event.address)
                .bind(&event.request_id)
                .bind(&event.details)
                .execute(&mut *connection)
                .await?;
        }
    })
}
