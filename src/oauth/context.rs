use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_lc_rs::hmac;
use moka::sync::Cache;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::Notify;

use super::access_token::VerifiedTokens;
use super::api_keys::KnownApiKeys;
use super::beginnings::Beginnings;
use super::client_auth::ClientThrottle;
use super::client_keys::FetchedKeys;
use super::device::DevicePolls;
use super::logo::Logos;
use super::registration::StatementIssuers;
use super::registration::document::Documents;
use super::{ApiKeys, ClientDirectory, Error, RevocationKind, RevocationView};
use crate::base::{Clock, Random, Timestamp};
use crate::config::{Algorithm, Config};
use crate::jose::{KeyRing, Pseudonyms, Sealer, server_secret};
use crate::oidc::discovery::Rendered;
use crate::oidc::userinfo::UserCache;
use crate::outbound;
use crate::storage::{Audit as _, AuditRecord, Clients as _, Families as _, Revocations as _, Store};

/// What every decision of the protocol may need: settings, storage, keys, and what is kept in memory of the database.
pub struct Context {
    pub config: Arc<Config>,
    pub store: Store,
    pub keys: KeyRing,
    pub sealer: Arc<Sealer>,
    pub outbound: outbound::Client,
    pub clients: ClientDirectory,
    pub client_throttle: ClientThrottle,
    pub beginnings: Beginnings,
    pub revocations: RevocationView,
    /// Derives refresh tokens.
    pub refresh_key: hmac::Key,
    /// Hashes user codes, which are too short for a plain hash.
    pub lookup_key: hmac::Key,
    /// Pairwise subjects.
    pub pseudonyms: Pseudonyms,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// Refresh tokens presented again after their grace.
    pub refresh_reuse: Counter,
    /// The metadata document, once it has been asked for.
    pub metadata: OnceLock<Rendered>,
    /// Told when a session has ended, here or elsewhere, so that its clients hear of it at once.
    pub session_ended: Notify,
    pub(super) statement_issuers: StatementIssuers,
    pub(super) used: Cache<String, ()>,
    pub(super) documents: Documents,
    pub(super) fetched_keys: FetchedKeys,
    pub(super) logos: Logos,
    pub(super) verified: VerifiedTokens,
    pub(super) api_keys: KnownApiKeys,
    pub(super) polls: DevicePolls,
    pub(crate) users: UserCache,
}

/// Where a request came from, for the audit log.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    pub address: IpAddr,
    pub request_id: &'a str,
}

/// Clocks of two instances may differ by this much, and a token may be checked this much after it expired.
const REVOCATION_MARGIN: Duration = Duration::from_mins(5);

impl Context {
    /// Reads clients, revocations, keys and server secrets; makes keys and secrets that are missing.
    pub async fn open(
        config: Arc<Config>,
        store: Store,
        sealer: Arc<Sealer>,
        outbound: outbound::Client,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Error> {
        let now = clock.now();
        let keys = KeyRing::load(&store, Arc::clone(&sealer), config.keys.clone(), now, Arc::clone(&random)).await?;
        let version = store.clients_version().await?;
        let clients = ClientDirectory::new(version, &store.list_clients().await?);
        let revocations = RevocationView::default();
        revocations.take_in(&store.revocations_after(0, now.millis()).await?);
        let refresh_key = server_key("refresh", &store, &sealer, random.as_ref()).await?;
        let lookup_key = server_key("user_code", &store, &sealer, random.as_ref()).await?;
        let names = server_secret(&store, &sealer, "pairwise_subject", random.as_ref()).await?;
        let veil = server_secret(&store, &sealer, "veiled_user", random.as_ref()).await?;
        Ok(Self {
            pseudonyms: Pseudonyms::new(&names, &veil)?,
            statement_issuers: StatementIssuers::load(&config).map_err(|error| Error::Internal(Box::new(error)))?,
            used: Cache::builder().max_capacity(10_000).time_to_live(Duration::from_hours(12)).build(),
            documents: Documents::default(),
            fetched_keys: FetchedKeys::default(),
            logos: Logos::default(),
            verified: VerifiedTokens::default(),
            api_keys: KnownApiKeys::default(),
            polls: DevicePolls::new(config.tokens.device_code_ttl),
            users: UserCache::default(),
            client_throttle: ClientThrottle::new(&config.throttle),
            beginnings: Beginnings::new(&config.throttle),
            config,
            store,
            keys,
            sealer,
            outbound,
            clients,
            revocations,
            refresh_key,
            lookup_key,
            clock,
            random,
            refresh_reuse: Counter::default(),
            metadata: OnceLock::new(),
            session_ended: Notify::new(),
        })
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// One round of following the database: keys that are due, clients that changed, revocations of other instances.
    pub async fn follow(&self) -> Result<(), Error> {
        let now = self.now();
        self.follow_revocations().await?;
        self.follow_clients().await?;
        self.revocations.drop_expired(now);
        self.keys.refresh(&self.store, now).await?;
        Ok(())
    }

    /// Takes in revocations written since the last look. Whoever has just ended something in the database calls it, so
    /// that the end is in force here before the answer leaves.
    pub async fn follow_revocations(&self) -> Result<(), Error> {
        let now = self.now();
        let rows = self.store.revocations_after(self.revocations.position(), now.millis()).await?;
        self.revocations.take_in(&rows);
        if rows.iter().any(|row| matches!(row.kind.as_str(), "session" | "user")) {
            self.session_ended.notify_one();
        }
        Ok(())
    }

    /// Reads the clients anew if any has changed.
    pub async fn follow_clients(&self) -> Result<(), Error> {
        let version = self.store.clients_version().await?;
        if version != self.clients.version() {
            self.clients.replace(version, &self.store.list_clients().await?);
        }
        Ok(())
    }

    /// The algorithm of access tokens: ES256 unless the operator has switched it off.
    pub fn access_token_alg(&self) -> Algorithm {
        let live = self.keys.algorithms();
        if live.contains(&Algorithm::ES256) {
            Algorithm::ES256
        } else {
            live.first().copied().unwrap_or(Algorithm::ES256)
        }
    }

    /// When a revocation made at `now` may be forgotten: no access token issued until then is unexpired.
    pub fn revocation_expires_at(&self, now: Timestamp) -> Timestamp {
        now.plus(self.config.tokens.access_token_ttl.duration()).plus(REVOCATION_MARGIN)
    }

    /// Ends everything that came from one code or device authorization, here at once and elsewhere with the next poll.
    pub async fn revoke_family(&self, family_id: &str, reason: &str) -> Result<(), Error> {
        let now = self.now();
        let expires_at = self.revocation_expires_at(now);
        self.store.revoke_family(family_id, reason, now.millis(), expires_at.millis()).await?;
        self.revocations.apply(RevocationKind::Family, family_id, now, expires_at);
        Ok(())
    }

    /// Ends one access token.
    pub async fn revoke_jti(&self, jti: &str, expires_at: Timestamp) -> Result<(), Error> {
        let (now, expires_at) = (self.now(), expires_at.plus(REVOCATION_MARGIN));
        let kind = RevocationKind::Jti;
        self.store.insert_revocation(kind.name(), jti, now.millis(), expires_at.millis()).await?;
        self.revocations.apply(kind, jti, now, expires_at);
        Ok(())
    }

    /// Where API keys are made, listed and revoked.
    pub fn api_key_registry(&self) -> ApiKeys<'_> {
        ApiKeys { store: &self.store, config: &self.config, random: self.random.as_ref(), now: self.now() }
    }

    /// Queues an audit event. `details` holds no secret.
    pub fn audit(&self, event: &str, about: AuditSubject<'_>, caller: Caller<'_>, details: &serde_json::Value) {
        let now = self.now();
        self.store.audit(AuditRecord {
            id: crate::base::new_id(now, self.random.as_ref()).to_string(),
            at: now.millis(),
            event: event.to_owned(),
            user_id: about.user_id.map(str::to_owned),
            client_id: about.client_id.map(str::to_owned),
            session_id: about.session_id.map(str::to_owned),
            address: Some(caller.address.to_string()),
            request_id: Some(caller.request_id.to_owned()),
            details: details.to_string(),
        });
    }
}

/// Whom an audit event concerns.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditSubject<'a> {
    pub user_id: Option<&'a str>,
    pub client_id: Option<&'a str>,
    pub session_id: Option<&'a str>,
}

async fn server_key(name: &str, store: &Store, sealer: &Sealer, random: &dyn Random) -> Result<hmac::Key, Error> {
    let secret = server_secret(store, sealer, name, random).await?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice()))
}
