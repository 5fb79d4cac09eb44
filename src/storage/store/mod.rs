//! The store: every repository on either database.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::audit_queue::AuditQueue;
use super::postgres::Postgres;
use super::redis::{Redis, RedisOptions};
use super::sqlite::Sqlite;
use super::{Error, Result, migrate};

mod account;
mod api_keys;
mod audit;
mod challenges;
mod clients;
mod codes;
mod devices;
mod factors;
pub(super) mod families;
mod imports;
mod keys;
pub(super) mod logout;
mod mail;
mod maintenance;
mod passkeys;
mod registration;
mod sessions;
mod setup_links;
mod throttles;
mod transactions;
#[macro_use]
pub(super) mod users;
mod new_accounts;
mod upstream;

/// All repositories of `storage::repositories`, on SQLite or PostgreSQL. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    database: Database,
    audit: AuditQueue,
    redis: Option<Redis>,
}

#[derive(Clone)]
pub(super) enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Database {
    pub(super) const fn database(&self) -> &Self {
        self
    }
}

impl Store {
    /// Opens `sqlite:PATH`, `sqlite::memory:` (a database of its own, gone with the store) or `postgres://...`.
    ///
    /// The schema is not touched: see [`Store::migrate`]. Must be called on a tokio runtime that outlives the store.
    #[allow(clippy::unused_async, reason = "that no database needs to be waited for is not the callers' concern")]
    pub async fn open(url: &SecretString) -> Result<Self> {
        let url = url.expose_secret();
        let database = match url.split_once(':') {
            Some(("sqlite", ":memory:")) => Database::Sqlite(Sqlite::open_in_memory()?),
            Some(("sqlite", path)) => Database::Sqlite(Sqlite::open(sqlite_path(path)?)?),
            Some(("postgres" | "postgresql", _)) => Database::Postgres(Postgres::open(url)?),
            _ => return Err(Error::Setting("must begin with sqlite: or postgres://".to_owned())),
        };
        let audit = AuditQueue::start(database.clone());
        Ok(Self { database, audit, redis: None })
    }

    /// The same store with Redis beside it. Whether it is there is seen when it is needed.
    pub fn with_redis(mut self, options: RedisOptions) -> Result<Self> {
        self.redis = Some(Redis::open(options)?);
        Ok(self)
    }

    /// Asks Redis, where there is one, whether it is there; why not, if it does not answer.
    pub async fn redis_problem(&self) -> Option<String> {
        let redis = self.redis.as_ref()?;
        redis.ping().await;
        redis.problem().map(|problem| problem.as_ref().clone())
    }

    /// Brings the schema up to this program's version, in one transaction and under a lock; gives the versions that
    /// were applied. An existing SQLite file is copied to `FILE.before-VERSION` first.
    pub async fn migrate(&self) -> Result<Vec<i64>> {
        migrate::migrate(&self.database).await
    }

    /// The schema's version; 0 for an empty database.
    pub async fn schema_version(&self) -> Result<i64> {
        migrate::schema_version(&self.database).await
    }

    /// What `migrate` would apply, as versions with their names. `Error::SchemaTooNew` when the schema is ahead.
    pub async fn pending_migrations(&self) -> Result<Vec<(i64, &'static str)>> {
        migrate::pending(&self.database).await
    }

    /// Claims an SQLite file for this process as its only server (`Error::InUse` otherwise); PostgreSQL serves many.
    /// Commands beside the server need no claim: their transactions wait for its turn.
    pub fn lock_for_serving(&self) -> Result<()> {
        match &self.database {
            Database::Sqlite(db) => db.lock_for_serving(),
            Database::Postgres(_) => Ok(()),
        }
    }

    /// Writes a consistent copy of an SQLite database to `target` while everything goes on. PostgreSQL has `pg_dump`.
    pub async fn backup(&self, target: &Path) -> Result<()> {
        match &self.database {
            Database::Sqlite(db) => db.copy_to(target).await,
            Database::Postgres(_) => Err(Error::Setting("names PostgreSQL: back it up with pg_dump".to_owned())),
        }
    }

    /// Writes what is queued and closes every connection; whatever is asked afterwards is `Unavailable`.
    pub async fn close(&self) {
        self.audit.flush().await;
        match &self.database {
            Database::Sqlite(db) => db.close().await,
            Database::Postgres(db) => db.close().await,
        }
    }

    /// Audit events lost because the database took no writes for too long.
    pub fn dropped_audit_events(&self) -> u64 {
        self.audit.dropped()
    }

    pub(super) const fn database(&self) -> &Database {
        &self.database
    }
}

/// The path of `sqlite:PATH`, `sqlite://PATH`.
fn sqlite_path(text: &str) -> Result<&Path> {
    let path = text.strip_prefix("//").unwrap_or(text);
    if path.is_empty() {
        return Err(Error::Setting("names no file: write sqlite:PATH".to_owned()));
    }
    if path.contains('?') {
        return Err(Error::Setting("takes no parameters after the path of an SQLite file".to_owned()));
    }
    Ok(Path::new(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Codes, Families, RotateFamily, Users};

    fn assert_send<T: Send>(_: T) {}

    #[test]
    fn the_repositories_futures_may_move_between_threads() {
        // Never polled: that it compiles is the test.
        fn check(store: &Store, rotation: RotateFamily) {
            assert_send(store.rotate_family(rotation));
            assert_send(store.consume_code("", &[], 0));
            assert_send(store.redeem_code("", &[], 0, None));
            assert_send(store.find_user(""));
            assert_send(store.change_password("", "", None, false, 0, 0));
            assert_send(store.migrate());
            assert_send(store.close());
        }
        let _ = check;
    }

    #[test]
    fn a_database_setting_that_cannot_be_used_is_named_without_being_shown() {
        assert_eq!(sqlite_path("a b.db").unwrap(), Path::new("a b.db"));
        assert_eq!(sqlite_path("///var/x.db").unwrap(), Path::new("/var/x.db"));
        assert!(sqlite_path("//").is_err());
        assert!(sqlite_path("x.db?mode=ro").is_err());
    }
}
