//! SQLite behind sqlx's queries, run in the thread that asks.
//!
//! sqlx's own driver sends each statement to a thread that belongs to the connection, and the answer back: several times
//! the work of the statement itself. Here a query's future is done when it is polled once. See
//! `docs/adr/0021-sqlite-in-the-thread-that-asks.md`.

mod connection;
mod error;
mod row;
mod statement;
mod value;

pub use connection::{Connection, Options, wal_pages};
pub use row::{Column, Row};
pub use statement::Statement;
pub use value::{Arguments, Kind, Value, ValueRef};

/// What sqlx's generic types are told to use.
#[derive(Debug)]
pub struct Driver;

impl sqlx::Database for Driver {
    type Connection = Connection;
    type TransactionManager = connection::Transactions;
    type Row = Row;
    type QueryResult = Done;
    type Column = Column;
    type TypeInfo = Kind;
    type Value = Value;
    type ValueRef<'r> = ValueRef<'r>;
    type Arguments = Arguments;
    type ArgumentBuffer = Vec<rusqlite::types::Value>;
    type Statement = Statement;

    const NAME: &'static str = "SQLite";
    const URL_SCHEMES: &'static [&'static str] = &["sqlite"];
}

impl sqlx::database::HasStatementCache for Driver {}

/// What a statement that gives no rows did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    changes: u64,
}

impl Done {
    pub const fn rows_affected(self) -> u64 {
        self.changes
    }
}

impl Extend<Self> for Done {
    fn extend<T: IntoIterator<Item = Self>>(&mut self, others: T) {
        self.changes += others.into_iter().map(Self::rows_affected).sum::<u64>();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::Connection as _;

    use super::*;

    async fn with_table(name: &str) -> Connection {
        let path = format!("/driver-{name}").into();
        let options = Options { path, in_memory: true, busy_timeout: Duration::ZERO, pragmas: Vec::new() };
        let mut connection = options.open().unwrap();
        let table = "CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY, number BIGINT, body BLOB); INSERT INTO t VALUES ('a', 1, X'00')";
        sqlx::raw_sql(table).execute(&mut connection).await.unwrap();
        connection
    }

    async fn rows(connection: &mut Connection) -> i64 {
        sqlx::query_scalar("SELECT COUNT(*) FROM t").fetch_one(connection).await.unwrap()
    }

    #[tokio::test]
    async fn parameters_are_bound_by_their_numbers_in_whatever_order_they_stand() {
        let mut connection = with_table("parameters").await;
        let sql = "SELECT $2 || $1 || $2, $3";
        let seen: (String, Option<i64>) =
            sqlx::query_as(sql).bind("b").bind("a").bind(None::<i64>).fetch_one(&mut connection).await.unwrap();
        assert_eq!(seen, ("aba".to_owned(), None));
    }

    #[tokio::test]
    async fn a_statement_that_gives_back_what_it_changed_changes_all_of_it_though_one_row_is_read() {
        let mut connection = with_table("returning").await;
        sqlx::query("INSERT INTO t VALUES ('b', NULL, NULL)").execute(&mut connection).await.unwrap();
        let sql = "UPDATE t SET number = 7 RETURNING id";
        let first: Option<String> = sqlx::query_scalar(sql).fetch_optional(&mut connection).await.unwrap();
        assert!(first.is_some());
        let changed: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM t WHERE number = 7").fetch_one(&mut connection).await.unwrap();
        assert_eq!(changed, 2);
        let done = sqlx::query("DELETE FROM t WHERE number = $1").bind(7_i64).execute(&mut connection).await.unwrap();
        assert_eq!((done.rows_affected(), rows(&mut connection).await), (2, 0));
    }

    #[tokio::test]
    async fn a_name_that_is_taken_is_told_from_other_errors() {
        let mut connection = with_table("taken").await;
        for (sql, taken) in [
            ("INSERT INTO t VALUES ('a', 2, NULL)", true),
            ("INSERT INTO t VALUES (NULL, 2, NULL)", false),
            ("INSERT INTO nowhere VALUES (1)", false),
        ] {
            let error = sqlx::query(sql).execute(&mut connection).await.unwrap_err();
            assert_eq!(error.as_database_error().unwrap().is_unique_violation(), taken, "{error}");
        }
        assert_eq!(rows(&mut connection).await, 1);
    }

    #[tokio::test]
    async fn a_value_of_another_kind_or_none_at_all_is_refused() {
        let mut connection = with_table("kinds").await;
        for sql in ["SELECT id FROM t", "SELECT NULL", "SELECT 1.5", "SELECT body FROM t"] {
            assert!(sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut connection).await.is_err(), "{sql}");
        }
        let body: Vec<u8> = sqlx::query_scalar("SELECT body FROM t").fetch_one(&mut connection).await.unwrap();
        assert_eq!(body, [0]);
    }

    #[tokio::test]
    async fn a_transaction_that_is_let_go_of_is_undone() {
        let mut connection = with_table("transaction").await;
        let mut transaction = connection.begin().await.unwrap();
        sqlx::query("DELETE FROM t").execute(&mut *transaction).await.unwrap();
        drop(transaction);
        assert_eq!(rows(&mut connection).await, 1);
        let mut transaction = connection.begin().await.unwrap();
        sqlx::query("DELETE FROM t").execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(rows(&mut connection).await, 0);
    }
}
