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
    database_answered: ArcSwapOption<Instant>,
    database_problem: ArcSwapOption<String>,
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
        if let Some(problem) = self.0.database_problem.load_full() {
            return Ready::DatabaseGone(problem.as_ref().clone());
        }
        match self.0.database_answered.load_full() {
            Some(answered) if now.saturating_duration_since(*answered) <= PATIENCE => Ready::Yes,
            Some(_) => Ready::DatabaseGone("it has stopped answering".to_owned()),
            None => Ready::DatabaseGone("it has not been asked yet".to_owned()),
        }
    }

    /// Red from now on, before the listener closes.
    pub fn stopping(&self) {
        self.0.stopping.store(true, Ordering::Release);
    }

    pub fn database_answered(&self) {
        self.answered_at(Instant::now());
    }

    fn answered_at(&self, now: Instant) {
        self.0.database_answered.store(Some(Arc::new(now)));
        self.0.database_problem.store(None);
    }

    pub fn database_failed(&self, problem: String) {
        self.0.database_problem.store(Some(Arc::new(problem)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_while_the_database_answers_and_nobody_asked_to_stop() {
        let readiness = Readiness::default();
        let start = Instant::now();
        assert!(matches!(readiness.at(start), Ready::DatabaseGone(_)));
        readiness.answered_at(start);
        assert_eq!(readiness.at(start + PATIENCE), Ready::Yes);
        readiness.database_failed("read-only".to_owned());
        assert_eq!(readiness.at(start), Ready::DatabaseGone("read-only".to_owned()));
        readiness.answered_at(start);
        assert_eq!(readiness.at(start), Ready::Yes);
        readiness.stopping();
        assert_eq!(readiness.at(start), Ready::Stopping);
    }

    #[test]
    fn a_database_that_hangs_without_an_error_is_gone_after_a_while() {
        let readiness = Readiness::default();
        let start = Instant::now();
        readiness.answered_at(start);
        let later = start + PATIENCE + Duration::from_millis(1);
        assert!(matches!(readiness.at(later), Ready::DatabaseGone(_)));
    }
}
