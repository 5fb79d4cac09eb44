//! Every SQL statement, one file per topic. One text serves both databases: `$n` placeholders, `ON CONFLICT`,
//! `RETURNING`, `CASE` instead of functions that differ. The few that cannot be shared stand as a pair in `dialect`.
//!
//! Columns are listed, never `*`: a migration that adds one must not change what a prepared statement returns.

/// Names statements and lists them all, so that a test can prepare each on both databases.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$doc])* pub const $name: &str = $sql;)+
        #[cfg(test)]
        pub const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}

pub mod account;
pub mod api_keys;
pub mod audit;
pub mod challenges;
pub mod clients;
pub mod codes;
pub mod devices;
pub mod dialect;
pub mod factors;
pub mod families;
pub mod imports;
pub mod keys;
pub mod logout;
pub mod mail;
pub mod maintenance;
pub mod passkeys;
pub mod registration;
pub mod revocations;
pub mod sessions;
pub mod setup_links;
pub mod throttles;
pub mod tokens;
pub mod transactions;
pub mod upstream;
pub mod users;

/// All shared statements with their names.
#[cfg(test)]
pub fn all() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    [
        api_keys::ALL,
        account::ALL,
        audit::ALL,
        challenges::ALL,
        clients::ALL,
        codes::ALL,
        devices::ALL,
        factors::ALL,
        families::ALL,
        imports::ALL,
        keys::ALL,
        logout::ALL,
        mail::ALL,
        maintenance::ALL,
        passkeys::ALL,
        registration::ALL,
        revocations::ALL,
        sessions::ALL,
        setup_links::ALL,
        throttles::ALL,
        tokens::ALL,
        transactions::ALL,
        upstream::ALL,
        users::ALL,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, Executor, PgConnection};

    use super::*;
    use crate::storage::Store;
    use crate::storage::store::Database;

    #[tokio::test]
    async fn every_statement_prepares_on_sqlite() {
        let store = Store::open(&"sqlite::memory:".into()).await.unwrap();
        store.migrate().await.unwrap();
        let Database::Sqlite(db) = store.database() else { panic!("not SQLite") };
        let mut connection = db.connect().unwrap();
        for (name, sql) in all() {
            connection.prepare(sqlx::SqlStr::from_static(sql)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    /// Needs a database of its own in `PORTCULLIS_TEST_POSTGRES`; passes without a word where there is none.
    #[tokio::test]
    async fn every_statement_prepares_on_postgres() {
        let Ok(url) = std::env::var("PORTCULLIS_TEST_POSTGRES") else { return };
        let schema = format!("prepare_{}", std::process::id());
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let make = format!("CREATE SCHEMA {schema}; SET search_path = {schema};");
        sqlx::raw_sql(sqlx::AssertSqlSafe(make)).execute(&mut connection).await.unwrap();
        for migration in crate::storage::migrate::texts_for_postgres() {
            sqlx::raw_sql(migration).execute(&mut connection).await.unwrap();
        }
        for (name, sql) in all() {
            connection.prepare(sqlx::SqlStr::from_static(sql)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let drop = format!("DROP SCHEMA {schema} CASCADE");
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut connection).await.unwrap();
    }
}
