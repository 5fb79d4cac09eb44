//! Redis beside the database: how sessions were last used, with their idle end as a native time to live, and the counters
//! of failed attempts, shared by all instances without a database write per visit or attempt.
//!
//! The database stays the record of what may be: whether a session has ended is decided there, in the transaction that
//! ends it, so that nothing which Redis forgets, keeps too long or never heard of revives it. What Redis does not answer,
//! the database does.

mod sessions;
mod throttles;

pub use sessions::DATABASE_TOUCH_MS;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, RedisResult, Script};
use arc_swap::ArcSwapOption;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Error, Result};

/// What Redis is used for.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// `redis://[USER:PASSWORD@]HOST:PORT/NUMBER`, or `unix:///PATH`.
    pub url: SecretString,
    /// What every key begins with.
    pub key_prefix: String,
    /// The idle time of sessions, when their last use is kept here.
    pub sessions: Option<Duration>,
    pub throttles: bool,
}

/// Cheap to clone. Connects when it is first needed, and again after an outage.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    prefix: Arc<str>,
    session_idle_ms: Option<i64>,
    throttles: bool,
    scripts: Arc<Scripts>,
    problem: Arc<ArcSwapOption<String>>,
}

struct Scripts {
    touch: Script,
    reserve: Script,
    refund: Script,
}

/// The database answers what Redis has not within this time.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a lost connection is waited for at most between two tries.
const RECONNECT_WITHIN: Duration = Duration::from_secs(1);

impl Redis {
    pub fn open(options: RedisOptions) -> Result<Self> {
        // The driver's own words would show the password.
        let unusable = |_| Error::RedisSetting("is no redis:// or unix:// URL");
        let client = Client::open(options.url.expose_secret()).map_err(unusable)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1)
            .set_max_delay(RECONNECT_WITHIN);
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config).map_err(unusable)?,
            prefix: options.key_prefix.into(),
            session_idle_ms: options.sessions.map(|idle| i64::try_from(idle.as_millis()).unwrap_or(i64::MAX)),
            throttles: options.throttles,
            scripts: Arc::new(Scripts {
                touch: Script::new(sessions::TOUCH),
                reserve: Script::new(throttles::RESERVE),
                refund: Script::new(throttles::REFUND),
            }),
            problem: Arc::default(),
        })
    }

    /// Why Redis does not answer; `None` while it does.
    pub fn problem(&self) -> Option<Arc<String>> {
        self.problem.load_full()
    }

    /// Asks Redis whether it is there.
    pub async fn ping(&self) {
        let mut connection = self.connection.clone();
        let _: Option<String> = self.ask(async move { ::redis::cmd("PING").query_async(&mut connection).await }).await;
    }

    fn key(&self, kind: &str, id: &str) -> String {
        format!("{}{kind}:{id}", self.prefix)
    }

    /// The answer; `None` when Redis gave none in time. An outage is said once, and so is its end.
    async fn ask<T>(&self, question: impl Future<Output = RedisResult<T>>) -> Option<T> {
        let answer = tokio::time::timeout(PATIENCE * 2, question).await;
        let problem = match answer {
            Ok(Ok(answer)) => {
                if self.problem.swap(None).is_some() {
                    tracing::info!("Redis answers again");
                }
                return Some(answer);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not answer".to_owned(),
        };
        if self.problem.swap(Some(Arc::new(problem.clone()))).is_none() {
            tracing::error!(error = %problem, "Redis fails; the database answers in its place, and this is said once");
        }
        None
    }
}
