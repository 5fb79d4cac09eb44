use std::fmt::Display;
use std::time::Instant;

/// Turns the outcomes of something that is tried over and over into one line when it begins to fail and one when it
/// works again.
#[derive(Debug)]
pub struct Outage {
    /// What is tried, as the subject of the line.
    task: &'static str,
    since: Option<Instant>,
}

impl Outage {
    pub const fn watch(task: &'static str) -> Self {
        Self { task, since: None }
    }

    pub fn note<E: Display>(&mut self, outcome: Result<(), E>) {
        match (outcome, self.since) {
            (Err(error), None) => {
                self.since = Some(Instant::now());
                tracing::error!(task = self.task, %error, "fails; it is tried on, and this is said once");
            }
            (Ok(()), Some(since)) => {
                self.since = None;
                tracing::info!(task = self.task, seconds = since.elapsed().as_secs(), "works again");
            }
            _ => {}
        }
    }
}
