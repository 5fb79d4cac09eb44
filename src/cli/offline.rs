//! The database for commands that run beside the server, or without one.

use std::path::Path;
use std::sync::Arc;

use super::{Failure, settings};
use crate::base::{Clock, Random, SystemClock, SystemRandom, Timestamp};
use crate::config::Config;
use crate::identity::Identity;
use crate::jose::Sealer;
use crate::outbound;
use crate::storage::Store;

/// An opened database with a schema that this program knows.
pub struct Offline {
    pub config: Arc<Config>,
    pub store: Store,
    clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

impl Offline {
    /// Opens it; a schema that lacks migrations is brought up to date, as at every start of the server.
    pub async fn open(file: Option<&Path>) -> Result<Self, Failure> {
        let config = settings::config(file)?;
        let store = Store::open(&config.database).await?;
        store.migrate().await?;
        Ok(Self { config, store, clock: Arc::new(SystemClock), random: Arc::new(SystemRandom::default()) })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn sealer(&self) -> Result<Arc<Sealer>, Failure> {
        Ok(Arc::new(Sealer::load(&self.config.secrets)?))
    }

    /// The people. Mails are queued for the server to send, if the key that seals them can be read here.
    pub fn identity(&self) -> Identity {
        let identity = Identity::new(
            Arc::clone(&self.config),
            self.store.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&self.random),
        );
        let identity = match outbound::Client::new(&self.config) {
            Ok(client) => identity.with_outbound(client),
            // As when the list does not answer.
            Err(_) => identity,
        };
        match self.sealer() {
            Ok(sealer) => identity.with_outbox(sealer),
            Err(_) => identity,
        }
    }

    /// Ends with the outcome of what was done, the queue of audit events written.
    pub async fn done<T>(self, outcome: Result<T, Failure>) -> Result<T, Failure> {
        self.store.close().await;
        outcome
    }
}
