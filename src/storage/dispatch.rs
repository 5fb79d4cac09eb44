//! The same body over both drivers. A body is a block that may use `?`, sees the connection under the name it asks
//! for, and ends in the value of the answer. On PostgreSQL it may run again, so it borrows its arguments; on SQLite a
//! writing body is sent to the writer, so its arguments are owned.

/// Reads, on a connection of its own.
macro_rules! read {
    ($store:expr, |$conn:ident| $body:expr) => {
        match $store.database() {
            $crate::storage::store::Database::Sqlite(db) => {
                let mut held = db.reader()?;
                let outcome = async {
                    let $conn: &mut $crate::storage::sqlite::Connection = &mut held.connection;
                    let value = $body;
                    Ok::<_, $crate::storage::Error>(value)
                }
                .await;
                if outcome.is_ok() {
                    held.give_back();
                }
                outcome.map_err($crate::storage::Error::settled)
            }
            $crate::storage::store::Database::Postgres(db) => {
                on_postgres!(db, $crate::storage::postgres::Retry::Always, |held| {
                    let $conn: &mut sqlx::PgConnection = &mut *held;
                    $body
                })
            }
        }
    };
}

/// Writes with one statement (and may read besides).
macro_rules! write {
    ($store:expr, |$conn:ident| $body:expr) => {
        match $store.database() {
            $crate::storage::store::Database::Sqlite(db) => {
                on_writer!(db, $crate::storage::sqlite::Shape::Statement, |$conn| $body)
            }
            $crate::storage::store::Database::Postgres(db) => postgres_write!(db, |$conn| $body),
        }
    };
}

/// Writes with several statements: all of them or none.
macro_rules! transaction {
    ($store:expr, |$conn:ident| $body:expr) => {
        match $store.database() {
            $crate::storage::store::Database::Sqlite(db) => {
                on_writer!(db, $crate::storage::sqlite::Shape::Savepoint, |$conn| $body)
            }
            $crate::storage::store::Database::Postgres(db) => postgres_transaction!(db, |$conn| $body),
        }
    };
}

macro_rules! on_writer {
    ($db:expr, $shape:expr, |$conn:ident| $body:expr) => {
        $db.write($shape, move |$conn: &mut $crate::storage::sqlite::Connection| {
            Box::pin(async move {
                let value = $body;
                Ok::<_, $crate::storage::Error>(value)
            })
        })
        .await
    };
}

macro_rules! postgres_write {
    ($db:expr, |$conn:ident| $body:expr) => {
        on_postgres!($db, $crate::storage::postgres::Retry::Contention, |held| {
            let $conn: &mut sqlx::PgConnection = &mut *held;
            $body
        })
    };
}

macro_rules! postgres_transaction {
    ($db:expr, |$conn:ident| $body:expr) => {
        on_postgres!($db, $crate::storage::postgres::Retry::Always, |held| {
            let mut transaction = sqlx::Connection::begin(&mut *held).await?;
            let value = {
                let $conn: &mut sqlx::PgConnection = &mut *transaction;
                $body
            };
            transaction.commit().await.map_err($crate::storage::postgres::uncommitted)?;
            value
        })
    };
}

macro_rules! on_postgres {
    ($db:expr, $retry:expr, |$held:ident| $body:expr) => {{
        let mut attempt = 1;
        loop {
            let mut connection = $db.acquire().await?;
            let outcome = async {
                let $held: &mut sqlx::PgConnection = &mut *connection;
                let value = $body;
                Ok::<_, $crate::storage::Error>(value)
            }
            .await;
            match $db.judge(outcome, connection, $retry, &mut attempt) {
                std::ops::ControlFlow::Break(outcome) => break outcome,
                std::ops::ControlFlow::Continue(()) => {}
            }
        }
    }};
}
