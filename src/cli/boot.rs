//! From a configuration to a running instance; every command that serves, and the tests, begin here.

use std::sync::{Arc, OnceLock};

use crate::base::{Clock, Random};
use crate::config::{Config, Keeper};
use crate::identity::Identity;
use crate::identity::upstream::{UnreadableSecret, Upstreams};
use crate::jose::{MasterKeyError, Sealer};
use crate::mail::{PostOffice, SmtpSetupError};
use crate::oauth::{self, Context};
use crate::ops::{Background, Metrics, Readiness};
use crate::outbound;
use crate::storage::{self, RedisOptions, Store};
use crate::web::App;
use crate::web::interaction::Finished;

/// Why an instance cannot start; each text is one line that says what to change.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error("outbound.ca_file: {0}")]
    Outbound(#[from] outbound::SetupError),
    #[error(transparent)]
    Upstream(#[from] UnreadableSecret),
    #[error(transparent)]
    Storage(#[from] storage::Error),
    #[error(transparent)]
    Protocol(#[from] oauth::Error),
    #[error(transparent)]
    Mail(#[from] SmtpSetupError),
}

/// Everything that serves requests, and what goes on beside them.
pub struct Instance {
    pub app: Arc<App>,
    background: Background,
}

/// Opens the database of `config`, brings its schema up to date, reads keys and clients, and starts the background work.
pub async fn open(config: Arc<Config>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Instance, BootError> {
    let sealer = Arc::new(Sealer::load(&config.secrets)?);
    let store = open_store(&config).await?;
    store.lock_for_serving()?;
    store.migrate().await?;
    serve_from(config, store, sealer, clock, random).await
}

/// The database, with Redis beside it where the configuration says so.
pub async fn open_store(config: &Config) -> Result<Store, storage::Error> {
    let store = Store::open(&config.database).await?;
    let Some(url) = &config.redis.url else { return Ok(store) };
    store.with_redis(RedisOptions {
        url: url.clone(),
        key_prefix: config.redis.key_prefix.clone(),
        sessions: (config.sessions.store == Keeper::Redis).then(|| config.sessions.idle_ttl.duration()),
        throttles: config.throttle.store == Keeper::Redis,
    })
}

/// The part of [`open`] after the database: for a store that is open, locked and migrated.
pub async fn serve_from(
    config: Arc<Config>,
    store: Store,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<Instance, BootError> {
    let outbound = outbound::Client::new(&config)?;
    let identity = Identity::new(Arc::clone(&config), store.clone(), Arc::clone(&clock), Arc::clone(&random))
        .with_outbox(Arc::clone(&sealer))
        .with_outbound(outbound.clone());
    let mails = PostOffice::open(
        Arc::clone(&config),
        store.clone(),
        identity.clone(),
        Arc::clone(&clock),
        Arc::clone(&random),
    )?;
    let upstreams = Upstreams::new(&config, &outbound, &clock)?;
    let oauth = Context::open(Arc::clone(&config), store, sealer, outbound, clock, random).await?;
    let oauth = Arc::new(oauth);
    let metrics = Metrics::new(identity.password_hash_seconds(), &oauth.refresh_reuse);
    let readiness = Readiness::default();
    // What was just opened has been read: the first probe need not wait for the first look.
    readiness.read(Ok(()));
    let background = Background::start(&oauth, mails, &readiness, &metrics);
    Ok(Instance {
        app: Arc::new(App {
            config,
            oauth,
            identity,
            upstreams,
            metrics,
            readiness,
            finished: Finished::default(),
            playground: OnceLock::new(),
        }),
        background,
    })
}

impl Instance {
    /// Ends the background work and closes the database, what is queued written.
    pub async fn close(self) {
        self.background.stop().await;
        self.app.oauth.store.close().await;
    }
}
