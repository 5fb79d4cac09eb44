use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::process;
use crate::mail::Round;

/// Seconds; from a cached answer to a password login that had to wait.
const REQUEST_BUCKETS: [f64; 14] =
    [0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Grant types that are counted by name; whatever else was sent is counted as `other`, so that nobody outside can
/// make new time series.
const GRANT_TYPES: [&str; 4] =
    ["authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"];

/// What is counted, for Prometheus. No label names a person. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Instruments>);

struct Instruments {
    registry: Registry,
    requests: Family<RequestLabels, Histogram, fn() -> Histogram>,
    token_requests: Family<TokenLabels, Counter>,
    login_attempts: Family<LoginLabels, Counter>,
    signing_key_age: Family<KeyLabels, Gauge>,
    sessions_active: Gauge,
    logout_notices: Family<OutcomeLabels, Counter>,
    logout_notices_kept: Family<StateLabels, Gauge>,
    mails: Family<OutcomeLabels, Counter>,
    mails_waiting: Gauge,
    mails_failed: Gauge,
    database_up: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    http_route: &'static str,
    http_response_status_code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    grant_type: &'static str,
    outcome: &'static str,
    error: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoginLabels {
    method: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyLabels {
    alg: &'static str,
}

impl Metrics {
    /// The layers below count on instruments of their own: `password_hash` is the password pool's, `refresh_reuse` the
    /// refresh grant's.
    pub fn new(password_hash: &Histogram, refresh_reuse: &Counter) -> Self {
        let requests: Family<_, _, fn() -> Histogram> = Family::new_with_constructor(request_histogram);
        let instruments = Instruments {
            registry: Registry::default(),
            requests,
            token_requests: Family::default(),
            login_attempts: Family::default(),
            signing_key_age: Family::default(),
            sessions_active: Gauge::default(),
            logout_notices: Family::default(),
            logout_notices_kept: Family::default(),
            mails: Family::default(),
            mails_waiting: Gauge::default(),
            mails_failed: Gauge::default(),
            database_up: Gauge::default(),
        };
        Self(Arc::new(instruments.registered(password_hash, refresh_reuse)))
    }

    /// One answered request. `http_route` is the route's pattern, never the path that was asked for.
    pub fn request(&self, http_route: &'static str, http_response_status_code: u16, took: Duration) {
        let labels = RequestLabels { http_route, http_response_status_code };
        self.0.requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// One request to the token endpoint; `error` is the RFC's code, `None` for a success.
    pub fn token_request(&self, grant_type: &str, error: Option<&'static str>) {
        let grant_type = GRANT_TYPES.into_iter().find(|known| *known == grant_type).unwrap_or("other");
        let outcome = if error.is_some() { "error" } else { "success" };
        self.0.token_requests.get_or_create(&TokenLabels { grant_type, outcome, error: error.unwrap_or("") }).inc();
    }

    /// One attempt to prove who somebody is. `method` is an RFC 8176 value such as `pwd`.
    pub fn login_attempt(&self, method: &'static str, outcome: &'static str) {
        self.0.login_attempts.get_or_create(&LoginLabels { method, outcome }).inc();
    }

    /// How long the signing key of `alg` has been signing.
    pub fn signing_key_age(&self, alg: &'static str, age: Duration) {
        let seconds = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        self.0.signing_key_age.get_or_create(&KeyLabels { alg }).set(seconds);
    }

    pub fn sessions_active(&self, count: i64) {
        self.0.sessions_active.set(count);
    }

    /// One attempt to tell a client of a logout: `delivered`, `failed` or `given_up`.
    pub fn logout_notice(&self, outcome: &'static str) {
        self.0.logout_notices.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// Logout notices that no client has taken yet.
    pub fn logout_notices_kept(&self, waiting: i64, given_up: i64) {
        for (state, count) in [("waiting", waiting), ("given_up", given_up)] {
            self.0.logout_notices_kept.get_or_create(&StateLabels { state }).set(count);
        }
    }

    /// What became of mails.
    pub fn mails(&self, round: Round) {
        for (outcome, count) in [("sent", round.sent), ("delayed", round.delayed), ("failed", round.failed)] {
            if count > 0 {
                self.0.mails.get_or_create(&OutcomeLabels { outcome }).inc_by(count);
            }
        }
    }

    /// Mails that wait for the next attempt, and mails that are not tried any more.
    pub fn mails_kept(&self, waiting: i64, failed: i64) {
        self.0.mails_waiting.set(waiting);
        self.0.mails_failed.set(failed);
    }

    pub fn database_up(&self, up: bool) {
        self.0.database_up.set(i64::from(up));
    }

    /// All of it as OpenMetrics text.
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(16 << 10);
        if encode(&mut text, &self.0.registry).is_err() {
            text.clear();
        }
        text
    }
}

fn request_histogram() -> Histogram {
    Histogram::new(REQUEST_BUCKETS)
}

impl Instruments {
    fn registered(mut self, password_hash: &Histogram, refresh_reuse: &Counter) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "http_server_request_duration_seconds",
            "Time from a request's head to its answer",
            self.requests.clone(),
        );
        registry.register("portcullis_token_requests", "Requests to the token endpoint", self.token_requests.clone());
        registry.register(
            "portcullis_login_attempts",
            "Attempts to prove who somebody is",
            self.login_attempts.clone(),
        );
        registry.register(
            "portcullis_refresh_reuse",
            "Refresh tokens presented again after their grace",
            refresh_reuse.clone(),
        );
        registry.register(
            "portcullis_signing_key_age_seconds",
            "How long the current signing key has been signing",
            self.signing_key_age.clone(),
        );
        registry.register(
            "portcullis_password_hash_seconds",
            "Time one password hash took, without waiting",
            password_hash.clone(),
        );
        registry.register("portcullis_sessions_active", "Signed-in browsers", self.sessions_active.clone());
        registry.register(
            "portcullis_logout_notices",
            "Attempts to tell a client of a logout",
            self.logout_notices.clone(),
        );
        registry.register(
            "portcullis_logout_notices_kept",
            "Logout notices that no client has taken yet",
            self.logout_notices_kept.clone(),
        );
        registry.register("portcullis_mails", "Attempts to deliver a mail", self.mails.clone());
        registry.register("portcullis_mails_waiting", "Mails to be tried again", self.mails_waiting.clone());
        registry.register("portcullis_mails_failed", "Mails that are not tried any more", self.mails_failed.clone());
        registry.register("portcullis_database_up", "1 while the database answers", self.database_up.clone());
        registry.register(
            "portcullis_build",
            "The running version",
            Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register_collector(Box::new(ProcessCollector));
        self
    }
}

/// The process as the kernel sees it, read at each scrape.
#[derive(Debug)]
struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let usage = process::usage();
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Resident memory size", usage.resident_bytes),
            ("process_open_fds", "Open file descriptors", usage.open_fds),
            ("process_threads", "Threads", usage.threads),
        ] {
            if let Some(value) = value {
                let gauge = ConstGauge::new(value);
                gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_name_is_there_and_strangers_make_no_new_series() {
        let (hashes, reuse) = (Histogram::new([0.1, 1.0]), Counter::default());
        let metrics = Metrics::new(&hashes, &reuse);
        metrics.request("/oauth2/token", 200, Duration::from_millis(3));
        metrics.token_request("refresh_token", None);
        metrics.token_request("made-up-1", Some("unsupported_grant_type"));
        metrics.token_request("made-up-2", Some("unsupported_grant_type"));
        metrics.login_attempt("pwd", "rejected");
        metrics.signing_key_age("ES256", Duration::from_mins(1));
        metrics.sessions_active(7);
        metrics.logout_notice("delivered");
        metrics.logout_notices_kept(3, 1);
        metrics.mails(Round { sent: 2, ..Round::default() });
        metrics.mails_kept(3, 1);
        metrics.database_up(true);
        hashes.observe(0.08);
        reuse.inc();
        let text = metrics.render();
        for line in [
            r#"http_server_request_duration_seconds_bucket{le="0.005",http_route="/oauth2/token",http_response_status_code="200"} 1"#,
            r#"portcullis_token_requests_total{grant_type="refresh_token",outcome="success",error=""} 1"#,
            r#"portcullis_token_requests_total{grant_type="other",outcome="error",error="unsupported_grant_type"} 2"#,
            r#"portcullis_login_attempts_total{method="pwd",outcome="rejected"} 1"#,
            "portcullis_refresh_reuse_total 1",
            r#"portcullis_signing_key_age_seconds{alg="ES256"} 60"#,
            "portcullis_password_hash_seconds_count 1",
            "portcullis_sessions_active 7",
            r#"portcullis_logout_notices_total{outcome="delivered"} 1"#,
            r#"portcullis_logout_notices_kept{state="waiting"} 3"#,
            r#"portcullis_mails_total{outcome="sent"} 2"#,
            "portcullis_mails_waiting 3",
            "portcullis_mails_failed 1",
            "portcullis_database_up 1",
        ] {
            assert!(text.lines().any(|have| have == line), "{line} is not in:\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
