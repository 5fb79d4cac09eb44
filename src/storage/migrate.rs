//! Migrations: all that are pending in one transaction, under a lock that dies with its holder.

use sqlx::{Connection as _, PgConnection};

use super::sql::dialect::{postgres, sqlite};
use super::sqlite::{Connection, Sqlite, beside};
use super::store::Database;
use super::{Error, Result};

struct Migration {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal),+ $(,)?) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),+]
    };
}

const MIGRATIONS: &[Migration] = migrations![
    1 "0001_first",
    2 "0002_factors",
    3 "0003_passkeys",
    4 "0004_mail",
    5 "0005_api_keys",
    6 "0006_registration",
    7 "0007_logout",
    9 "0009_account",
    10 "0010_upstream",
    13 "0013_upstream_fresh",
    14 "0014_upstream_sessions",
    15 "0015_session_proved_at",
    16 "0016_device_decided_at",
    17 "0017_names",
    18 "0018_outbox_failed",
];

const CREATE_TABLE: &str = "CREATE TABLE schema_migrations (
    version BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    made_by TEXT NOT NULL
)";
const LATEST: &str = "SELECT version, made_by FROM schema_migrations ORDER BY version DESC LIMIT 1";
const RECORD: &str = "INSERT INTO schema_migrations (version, name, made_by) VALUES ($1, $2, $3)";

/// The last migration applied, and the version of the program that applied it.
#[derive(Debug, Default, sqlx::FromRow)]
struct Applied {
    version: i64,
    made_by: String,
}

/// Every migration's text in order.
#[cfg(test)]
pub fn texts_for_postgres() -> impl Iterator<Item = &'static str> {
    MIGRATIONS.iter().map(|migration| migration.postgres)
}

fn known() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// What `applied` lacks, in order; refuses a schema that is ahead of this program.
fn missing(applied: &Applied) -> Result<impl Iterator<Item = &'static Migration>> {
    if applied.version > known() {
        return Err(Error::SchemaTooNew { found: applied.version, known: known(), made_by: applied.made_by.clone() });
    }
    let version = applied.version;
    Ok(MIGRATIONS.iter().filter(move |migration| migration.version > version))
}

/// Reads the last migration, on a connection of either driver.
macro_rules! applied {
    ($connection:expr, $has_migrations:expr) => {{
        let present: i64 = sqlx::query_scalar($has_migrations).persistent(false).fetch_one(&mut *$connection).await?;
        if present == 0 {
            Applied::default()
        } else {
            sqlx::query_as(LATEST).persistent(false).fetch_optional(&mut *$connection).await?.unwrap_or_default()
        }
    }};
}

/// Applies what is missing inside the transaction that `$connection` is in.
macro_rules! apply {
    ($connection:expr, $has_migrations:expr, $text:ident) => {{
        let before: Applied = applied!($connection, $has_migrations);
        if before.version == 0 {
            sqlx::raw_sql(CREATE_TABLE).execute(&mut *$connection).await?;
        }
        let mut versions = Vec::new();
        for migration in missing(&before)? {
            sqlx::raw_sql(migration.$text).execute(&mut *$connection).await?;
            sqlx::query(RECORD)
                .persistent(false)
                .bind(migration.version)
                .bind(migration.name)
                .bind(env!("CARGO_PKG_VERSION"))
                .execute(&mut *$connection)
                .await?;
            tracing::info!(version = migration.version, name = migration.name, "migrated the database");
            versions.push(migration.version);
        }
        versions
    }};
}

pub async fn schema_version(database: &Database) -> Result<i64> {
    Ok(applied(database).await?.version)
}

pub async fn pending(database: &Database) -> Result<Vec<(i64, &'static str)>> {
    Ok(missing(&applied(database).await?)?.map(|migration| (migration.version, migration.name)).collect())
}

async fn applied(database: &Database) -> Result<Applied> {
    match database {
        Database::Sqlite(_) => read!(database, |connection| applied!(connection, sqlite::HAS_MIGRATIONS)),
        Database::Postgres(_) => read!(database, |connection| applied!(connection, postgres::HAS_MIGRATIONS)),
    }
}

pub async fn migrate(database: &Database) -> Result<Vec<i64>> {
    if pending(database).await?.is_empty() {
        return Ok(Vec::new());
    }
    match database {
        Database::Sqlite(db) => {
            copy_first(db).await?;
            let mut connection = db.connect()?;
            let versions = migrate_sqlite(&mut connection).await.map_err(Error::settled);
            // A failed migration is undone with its connection.
            let _ = connection.close().await;
            versions
        }
        Database::Postgres(db) => {
            let mut connection = db.acquire().await?;
            migrate_postgres(&mut connection).await.map_err(Error::settled)
        }
    }
}

/// `BEGIN IMMEDIATE` is the lock: SQLite gives it up with the process.
async fn migrate_sqlite(connection: &mut Connection) -> Result<Vec<i64>> {
    let mut transaction = connection.begin_with(sqlite::BEGIN).await?;
    let versions = apply!(transaction, sqlite::HAS_MIGRATIONS, sqlite);
    transaction.commit().await?;
    Ok(versions)
}

async fn migrate_postgres(connection: &mut PgConnection) -> Result<Vec<i64>> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(postgres::NO_TIMEOUT).execute(&mut *transaction).await?;
    sqlx::raw_sql(postgres::LOCK_MIGRATIONS).execute(&mut *transaction).await?;
    let versions = apply!(transaction, postgres::HAS_MIGRATIONS, postgres);
    transaction.commit().await?;
    Ok(versions)
}

/// Copies a database that already holds something to `FILE.before-VERSION`.
async fn copy_first(db: &Sqlite) -> Result<()> {
    let Some(path) = db.path() else { return Ok(()) };
    let mut reader = db.reader()?;
    let connection = &mut reader.connection;
    let before: Applied = applied!(connection, sqlite::HAS_MIGRATIONS);
    reader.give_back();
    if before.version == 0 {
        return Ok(());
    }
    let copy = beside(path, &format!(".before-{}", known()));
    let unfinished = beside(&copy, ".unfinished");
    for stale in [&unfinished, &copy] {
        // Left by a migration that failed and changed nothing: the database of now is the one to keep.
        match std::fs::remove_file(stale) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::Unavailable(format!("cannot replace {}: {error}", stale.display())));
            }
            _ => {}
        }
    }
    db.copy_to(&unfinished).await?;
    std::fs::rename(&unfinished, &copy)
        .map_err(|error| Error::Unavailable(format!("cannot write {}: {error}", copy.display())))?;
    tracing::info!(copy = %copy.display(), "kept a copy of the database as it was before the migration");
    Ok(())
}
