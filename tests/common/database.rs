//! A database per test: a file of SQLite, or one of the PostgreSQL server that `PORTCULLIS_TEST_POSTGRES` names when
//! `PORTCULLIS_TEST_DATABASE` is `postgres`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Column as _, Row as _, TypeInfo as _};
use tempfile::TempDir;

#[derive(Clone)]
pub enum Database {
    Sqlite(Arc<TempDir>),
    Postgres { server: String, name: String },
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Database {
    /// Whether the tests run on PostgreSQL, which several instances may share.
    pub fn is_shared() -> bool {
        std::env::var("PORTCULLIS_TEST_DATABASE").as_deref() == Ok("postgres")
    }

    pub async fn create() -> Self {
        if !Self::is_shared() {
            return Self::Sqlite(Arc::new(tempfile::tempdir().unwrap()));
        }
        let server = std::env::var("PORTCULLIS_TEST_POSTGRES").expect("PORTCULLIS_TEST_POSTGRES names a server");
        let name = format!("world_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let pool = sqlx::PgPool::connect(&server).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&pool).await.unwrap();
        pool.close().await;
        Self::Postgres { server, name }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(dir) => format!("sqlite:{}", dir.path().join("portcullis.db").display()),
            Self::Postgres { server, name } => {
                let mut url: url::Url = server.parse().unwrap();
                url.set_path(name);
                url.to_string()
            }
        }
    }

    pub async fn number(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(_) => {
                let pool = sqlx::SqlitePool::connect(&self.url()).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap()
            }
            Self::Postgres { .. } => {
                let pool = sqlx::PgPool::connect(&self.url()).await.unwrap();
                let number = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
                pool.close().await;
                number
            }
        }
    }

    pub async fn dump(&self) -> String {
        let mut text = String::new();
        match self {
            Self::Sqlite(_) => {
                let pool = sqlx::SqlitePool::connect(&self.url()).await.unwrap();
                let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
                    .fetch_all(&pool)
                    .await
                    .unwrap();
                for table in tables {
                    let sql = sqlx::AssertSqlSafe(format!("SELECT * FROM {table}"));
                    for row in sqlx::query(sql).fetch_all(&pool).await.unwrap() {
                        for (index, column) in row.columns().iter().enumerate() {
                            let value = match column.type_info().name() {
                                "BLOB" => row.try_get::<Vec<u8>, _>(index).map(|value| lossy(&value)),
                                _ => row.try_get_unchecked::<String, _>(index),
                            };
                            let _ = writeln!(text, "{table}.{}: {}", column.name(), value.unwrap_or_default());
                        }
                    }
                }
            }
            Self::Postgres { .. } => {
                let pool = sqlx::PgPool::connect(&self.url()).await.unwrap();
                let tables: Vec<String> =
                    sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
                        .fetch_all(&pool)
                        .await
                        .unwrap();
                for table in tables {
                    let sql = sqlx::AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
                    let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
                    for row in rows {
                        let _ = writeln!(text, "{table}: {row}");
                    }
                }
                pool.close().await;
            }
        }
        text
    }
}

/// The bytes as text and as hexadecimal digits.
fn lossy(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
