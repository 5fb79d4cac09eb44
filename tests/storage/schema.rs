//! The two schemas side by side, and migrations.

use std::collections::BTreeMap;

use portcullis::storage::*;
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::world::*;

#[tokio::test]
async fn a_new_database_is_migrated_once() {
    for world in [Some(World::sqlite().await), World::postgres().await].into_iter().flatten() {
        let version = world.store.schema_version().await.unwrap();
        assert!(version > 0);
        assert_eq!(world.store.pending_migrations().await.unwrap(), []);
        assert_eq!(world.store.migrate().await.unwrap(), [] as [i64; 0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_instances_that_migrate_at_once_one_does() {
    let directory = tempfile::tempdir().unwrap();
    let mut urls = vec![format!("sqlite:{}", directory.path().join("test.db").display())];
    if let Ok(server) = std::env::var("PORTCULLIS_TEST_POSTGRES") {
        let name = format!("test_migrate_{}", std::process::id());
        run_on_postgres(&server, &format!("CREATE SCHEMA {name}")).await;
        urls.push(format!("{server}?options=-csearch_path%3D{name}"));
    }
    for url in urls {
        let applied = at_once(5, |_| {
            let url = url.clone();
            async move {
                let store = Store::open(&url.into()).await.unwrap();
                assert_eq!(store.schema_version().await.unwrap().min(0), 0);
                store.migrate().await.unwrap().len()
            }
        })
        .await;
        assert_eq!(applied.iter().filter(|applied| **applied > 0).count(), 1, "{applied:?}");
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_the_version_that_made_it() {
    let newer = "INSERT INTO schema_migrations (version, name, made_by) VALUES (999, '0999_future', '9.9.9')";
    let sqlite = World::sqlite().await;
    let mut connection = SqliteConnection::connect(&sqlite.url).await.unwrap();
    sqlx::raw_sql(newer).execute(&mut connection).await.unwrap();
    let mut worlds = vec![sqlite];
    if let Some(postgres) = World::postgres().await {
        run_on_postgres(&postgres.url, newer).await;
        worlds.push(postgres);
    }
    for world in worlds {
        let store = world.another().await;
        let error = store.migrate().await.unwrap_err();
        assert!(matches!(&error, Error::SchemaTooNew { found: 999, made_by, .. } if made_by == "9.9.9"), "{error}");
        assert!(matches!(store.pending_migrations().await, Err(Error::SchemaTooNew { .. })));
        assert_eq!(store.schema_version().await.unwrap(), 999);
    }
}

/// Table to column to whether it may be null.
type Columns = BTreeMap<String, BTreeMap<String, (String, bool)>>;

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_indices() {
    let Some(postgres) = World::postgres().await else { return };
    let sqlite = World::sqlite().await;
    let mut sqlite = SqliteConnection::connect(&sqlite.url).await.unwrap();
    let mut postgres = PgConnection::connect(&postgres.url).await.unwrap();

    let mut left = Columns::new();
    let rows: Vec<(String, String, String, bool)> = sqlx::query_as(
        "SELECT t.name, c.name, c.type, c.\"notnull\" FROM sqlite_schema t, pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
    )
    .fetch_all(&mut sqlite)
    .await
    .unwrap();
    for (table, column, kind, not_null) in rows {
        left.entry(table).or_default().insert(column, (kind, !not_null));
    }
    let mut right = Columns::new();
    let rows: Vec<(String, String, String, bool)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES'
        FROM information_schema.columns WHERE table_schema = current_schema()",
    )
    .fetch_all(&mut postgres)
    .await
    .unwrap();
    for (table, column, kind, nullable) in rows {
        let kind = match kind.as_str() {
            "bigint" if table == "schema_migrations" => "BIGINT",
            "bigint" | "boolean" => "INTEGER",
            "bytea" => "BLOB",
            "text" => "TEXT",
            other => panic!("{table}.{column} is {other}"),
        };
        right.entry(table).or_default().insert(column, (kind.to_owned(), nullable));
    }
    assert!(left.len() > 15, "{left:?}");
    assert_eq!(left, right);

    let names = "SELECT name FROM sqlite_schema WHERE type = 'index' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let left: Vec<String> = sqlx::query_scalar(names).fetch_all(&mut sqlite).await.unwrap();
    let names = "SELECT indexname::text FROM pg_indexes
        WHERE schemaname = current_schema() AND indexname NOT LIKE '%_pkey' ORDER BY indexname";
    let right: Vec<String> = sqlx::query_scalar(names).fetch_all(&mut postgres).await.unwrap();
    assert_eq!(left, right);
}
