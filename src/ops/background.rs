use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::janitor::Janitor;
use super::logout_notices;
use super::mailer;
use super::outage::Outage;
use super::{Metrics, Readiness};
use crate::mail::PostOffice;
use crate::oauth::Context;
use crate::storage::{LogoutNotices, Maintenance, Sessions};

/// Another instance's change (a client, a revocation, a key) is seen after this time at most, and a little more.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
/// A look at the database that takes longer has failed.
const FOLLOW_LIMIT: Duration = Duration::from_secs(5);
/// How often the database is asked to take a write.
const WRITE_EVERY: Duration = Duration::from_secs(5);
/// How often what only metrics need is counted.
const COUNT_EVERY: Duration = Duration::from_secs(30);

/// How often the last uses of API keys are written.
const WRITE_USES_EVERY: Duration = Duration::from_secs(10);

/// What goes on beside the requests: following the database, sweeping it, watching over it, telling clients of logouts, and
/// delivering mails.
pub struct Background {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts it on the runtime of the caller.
    pub fn start(context: &Arc<Context>, mails: Option<PostOffice>, readiness: &Readiness, metrics: &Metrics) -> Self {
        let (stop, stopped) = watch::channel(false);
        let stopping = || Stop(stopped.clone());
        let mut tasks = vec![
            tokio::spawn(follow(Arc::clone(context), readiness.clone(), metrics.clone(), stopping())),
            tokio::spawn(watch_writes(Arc::clone(context), readiness.clone(), stopping())),
            tokio::spawn(count(Arc::clone(context), metrics.clone(), stopping())),
            tokio::spawn(write_uses(Arc::clone(context), stopping())),
            tokio::spawn(logout_notices::deliver(Arc::clone(context), metrics.clone(), stopping())),
            tokio::spawn(Janitor::new(Arc::clone(context)).run(stopping())),
        ];
        tasks.extend(mails.map(|mails| tokio::spawn(mailer::run(mails, metrics.clone(), stopping()))));
        Self { stop, tasks }
    }

    /// Ends it, each task between two of its rounds.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = timeout(FOLLOW_LIMIT, task).await;
        }
    }
}

/// Tells a task that it should end.
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Waits for `pause`; false when the task should end.
    pub async fn pause(&mut self, pause: Duration) -> bool {
        tokio::select! {
            () = sleep(pause) => true,
            _ = self.0.wait_for(|stop| *stop) => false,
        }
    }
}

/// Keeps what is held in memory of the database up to date, and says whether the database can be read.
async fn follow(context: Arc<Context>, readiness: Readiness, metrics: Metrics, mut stop: Stop) {
    let mut outage = Outage::watch("reading the database");
    loop {
        let outcome = match timeout(FOLLOW_LIMIT, context.follow()).await {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err("it does not answer".to_owned()),
        };
        metrics.database_up(outcome.is_ok());
        readiness.read(outcome.clone());
        outage.note(outcome);
        if !stop.pause(FOLLOW_EVERY).await {
            return;
        }
    }
}

/// A disk that is full or a replica that was demoted can still be read: only a write finds out.
async fn watch_writes(context: Arc<Context>, readiness: Readiness, mut stop: Stop) {
    let mut outage = Outage::watch("writing to the database");
    loop {
        let outcome = match timeout(FOLLOW_LIMIT, context.store.ping()).await {
            Ok(outcome) => outcome.map_err(|error| error.to_string()),
            Err(_) => Err("it does not answer".to_owned()),
        };
        readiness.written(outcome.clone());
        readiness.redis(context.store.redis_problem().await);
        outage.note(outcome);
        if !stop.pause(WRITE_EVERY).await {
            return;
        }
    }
}

async fn count(context: Arc<Context>, metrics: Metrics, mut stop: Stop) {
    loop {
        let now = context.now();
        if let Ok(sessions) = context.store.count_live_sessions(now.millis()).await {
            metrics.sessions_active(sessions);
        }
        if let Ok(notices) = context.store.count_logout_notices().await {
            metrics.logout_notices_kept(notices.waiting, notices.given_up);
        }
        for (alg, since) in context.keys.signing_since() {
            metrics.signing_key_age(alg.name(), now.since(since));
        }
        if !stop.pause(COUNT_EVERY).await {
            return;
        }
    }
}

/// Writes what requests have only noted; once more at the end.
async fn write_uses(context: Arc<Context>, mut stop: Stop) {
    let mut outage = Outage::watch("writing the last uses of API keys");
    loop {
        let goes_on = stop.pause(WRITE_USES_EVERY).await;
        outage.note(context.write_api_key_uses().await);
        if !goes_on {
            return;
        }
    }
}
