use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use moka::sync::Cache;
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use tokio::sync::Mutex;

use super::http::{Call, CallError, Reply};
use super::tokens::TokenView;
use crate::base::Random;

/// Runs kept in memory, for all browsers together.
const MAX_RUNS: u64 = 200;
const IDLE: Duration = Duration::from_hours(1);
/// Steps of one run; the oldest make room.
const MAX_STEPS: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Code,
    Service,
    Device,
}

/// One flow from its first request on, as this browser's client.
pub struct Run {
    pub id: String,
    /// The browser that began it, and that alone may see it.
    browser: String,
    pub flow: Flow,
    /// What discovery said.
    pub metadata: Option<Value>,
    pub steps: Vec<Step>,
    pub tokens: Tokens,
    /// Decoded and checked.
    pub views: Vec<TokenView>,
    /// The authorization request that waits for its response.
    pub request: Option<Request>,
    pub device: Option<DeviceAuthorization>,
    pub nonce: Option<String>,
}

/// An authorization request under way.
pub struct Request {
    pub url: String,
    pub state: String,
    pub verifier: String,
}

/// An answer of the device authorization endpoint (RFC 8628 §3.2).
pub struct DeviceAuthorization {
    pub device_code: String,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
}

#[derive(Default)]
pub struct Tokens {
    pub access: Option<String>,
    pub refresh: Option<String>,
    pub id: Option<String>,
}

/// One exchange, in words and on the wire.
pub struct Step {
    pub title: &'static str,
    /// What it is for, and where that is written.
    pub about: &'static str,
    pub request: String,
    pub status: String,
    pub ok: bool,
    pub answer: String,
}

impl Run {
    pub fn new(flow: Flow, browser: &str, random: &dyn Random) -> Self {
        Self {
            id: unguessable(random),
            browser: browser.to_owned(),
            flow,
            metadata: None,
            steps: Vec::new(),
            tokens: Tokens::default(),
            views: Vec::new(),
            request: None,
            device: None,
            nonce: None,
        }
    }

    /// Notes an exchange and hands its answer on, if it was a good one.
    pub fn note(
        &mut self,
        title: &'static str,
        about: &'static str,
        call: &Call,
        outcome: Result<Reply, CallError>,
    ) -> Option<Reply> {
        let (status, ok, answer) = match &outcome {
            Ok(reply) => (reply.status_line(), reply.is_success(), reply.shown()),
            Err(error) => ("no answer".to_owned(), false, error.to_string()),
        };
        self.add(Step { title, about, request: call.shown(), status, ok, answer });
        outcome.ok().filter(Reply::is_success)
    }

    pub fn add(&mut self, step: Step) {
        if self.steps.len() >= MAX_STEPS {
            self.steps.remove(0);
        }
        self.steps.push(step);
    }

    /// Takes the request that `state` answers; each state is good once.
    pub fn answered(&mut self, state: &str) -> Option<Request> {
        self.request.take_if(|request| bool::from(request.state.as_bytes().ct_eq(state.as_bytes())))
    }
}

/// The runs, by id.
pub struct Runs(Cache<String, (String, Arc<Mutex<Run>>)>);

impl Default for Runs {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MAX_RUNS).time_to_idle(IDLE).build())
    }
}

impl Runs {
    pub fn keep(&self, run: Run) {
        self.0.insert(run.id.clone(), (run.browser.clone(), Arc::new(Mutex::new(run))));
    }

    /// The run of this id, if `browser` began it.
    pub fn find(&self, id: &str, browser: &str) -> Option<Arc<Mutex<Run>>> {
        let (owner, run) = self.0.get(id)?;
        bool::from(owner.as_bytes().ct_eq(browser.as_bytes())).then_some(run)
    }
}

/// 256 bits, base64url: fit for a `state`, a `nonce` and a `code_verifier` (RFC 7636 §4.1).
pub fn unguessable(random: &dyn Random) -> String {
    let mut bytes = [0_u8; 32];
    random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRandom;

    #[test]
    fn a_run_is_seen_by_the_browser_that_began_it_alone() {
        let runs = Runs::default();
        let run = Run::new(Flow::Code, "mine", &SystemRandom::default());
        let id = run.id.clone();
        runs.keep(run);
        assert!(runs.find(&id, "mine").is_some());
        assert!(runs.find(&id, "another").is_none() && runs.find("x", "mine").is_none());
    }

    #[test]
    fn a_state_is_good_for_one_answer() {
        let mut run = Run::new(Flow::Code, "b", &SystemRandom::default());
        let request = Request { url: String::new(), state: "s1".to_owned(), verifier: "v".to_owned() };
        run.request = Some(request);
        assert!(run.answered("s2").is_none());
        assert_eq!(run.answered("s1").unwrap().verifier, "v");
        assert!(run.answered("s1").is_none());
    }
}
