use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

/// The database counts as gone when it has not answered for this long.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// Whether this instance should get requests. Read from memory, so that asking costs nothing and waits for nobody.
///
/// Cheap to clone. Judged by the monotonic clock: a jump of the system time changes nothing here.
#[derive(Clone, Default)]
pub struct Readiness(Arc<State>);

#[derive(Default)]
struct State {
    stopping: AtomicBool,
    answered: ArcSwapOption<Instant>,
    reads_fail: ArcSwapOption<String>,
    writes_fail: ArcSwapOption<String>,
    redis_fails: ArcSwapOption<String>,
}

/// The answer, worst reason first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ready {
    Yes,
    /// SIGTERM has come: requests in flight finish, new ones should go elsewhere.
    Stopping,
    /// Why the database cannot be used; for operators, not for the public listener.
    DatabaseGone(String),
}

impl Readiness {
    pub fn get(&self) -> Ready {
        self.at(Instant::now())
    }

    fn at(&self, now: Instant) -> Ready {
        if self.0.stopping.load(Ordering::Acquire) {
            return Ready::Stopping;
        }
        if let Some(problem) = self.0.reads_fail.load_full().or_else(|| self.0.writes_fail.load_full()) {
            return Ready::DatabaseGone(problem.as_ref().clone());
        }
        match self.0.answered.load_full() {
            Some(answered) if now.saturating_duration_since(*answered) <= PATIENCE => Ready::Yes,
            Some(_) => Ready::DatabaseGone("the database has stopped answering".to_owned()),
            None => Ready::DatabaseGone("the database has not been asked yet".to_owned()),
        }
    }

    /// Redis answered, or why not. No reason to get no requests: the database answers in its place.
    pub fn redis(&self, problem: Option<String>) {
        self.0.redis_fails.store(problem.map(Arc::new));
    }

    /// What does not work although requests are served; for operators.
    pub fn degraded(&self) -> Option<String> {
        self.0.redis_fails.load_full().map(|problem| format!("redis: {problem}; the database answers in its place"))
    }

    /// Red from now on, before the listener closes.
    pub fn stopping(&self) {
        self.0.stopping.store(true, Ordering::Release);
    }

    /// The database was read, or could not be.
    pub fn read(&self, outcome: Result<(), String>) {
        self.read_at(outcome, Instant::now());
    }

    fn read_at(&self, outcome: Result<(), String>, now: Instant) {
        if outcome.is_ok() {
            self.0.answered.store(Some(Arc::new(now)));
        }
        self.0.reads_fail.store(outcome.err().map(Arc::new));
    }

    /// The database took a write, or did not.
    pub fn written(&self, outcome: Result<(), String>) {
        self.0.writes_fail.store(outcome.err().map(Arc::new));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_while_the_database_is_read_and_written_and_nobody_asked_to_stop() {
        let readiness = Readiness::default();
        let start = Instant::now();
        assert!(matches!(readiness.at(start), Ready::DatabaseGone(_)));
        readiness.read_at(Ok(()), start);
        assert_eq!(readiness.at(start + PATIENCE), Ready::Yes);
        readiness.written(Err("disk full".to_owned()));
        readiness.read_at(Ok(()), start);
        assert_eq!(readiness.at(start), Ready::DatabaseGone("disk full".to_owned()));
        readiness.written(Ok(()));
        assert_eq!(readiness.at(start), Ready::Yes);
        readiness.read_at(Err("refused".to_owned()), start);
        assert_eq!(readiness.at(start), Ready::DatabaseGone("refused".to_owned()));
        readiness.read_at(Ok(()), start);
        assert_eq!(readiness.at(start), Ready::Yes);
        readiness.stopping();
        assert_eq!(readiness.at(start), Ready::Stopping);
    }

    #[test]
    fn a_database_that_hangs_without_an_error_is_gone_after_a_while() {
        let readiness = Readiness::default();
        let start = Instant::now();
        readiness.read_at(Ok(()), start);
        let later = start + PATIENCE + Duration::from_millis(1);
        assert!(matches!(readiness.at(later), Ready::DatabaseGone(_)));
    }
}
