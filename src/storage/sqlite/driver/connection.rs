use std::cell::Cell;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use futures_util::future::{self, BoxFuture, FutureExt as _};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use rusqlite::OpenFlags;
use sqlx::{Either, Error, Execute, SqlStr, Transaction};
use sqlx_core::transaction::TransactionManager;

use super::error::failed;
use super::{Arguments, Column, Done, Driver, Kind, Row, Statement};

const STATEMENT_CACHE: usize = 256;

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    pub path: PathBuf,
    /// SQLite's own module for files in memory, which are made by being opened.
    pub in_memory: bool,
    /// How long a statement waits for another connection.
    pub busy_timeout: Duration,
    /// `PRAGMA`s for the new connection.
    pub pragmas: Vec<&'static str>,
}

impl Options {
    pub fn open(&self) -> Result<Connection, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = if self.in_memory {
            let flags = flags | OpenFlags::SQLITE_OPEN_CREATE;
            rusqlite::Connection::open_with_flags_and_vfs(&self.path, flags, c"memdb")
        } else {
            rusqlite::Connection::open_with_flags(&self.path, flags)
        };
        let connection = opened.map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        connection.busy_timeout(self.busy_timeout).map_err(failed)?;
        for pragma in &self.pragmas {
            connection.execute_batch(pragma).map_err(failed)?;
        }
        // After them: `wal_autocheckpoint` sets a hook of its own.
        connection.wal_hook(Some(|_, pages| {
            WAL_PAGES.set(pages.unsigned_abs());
            Ok(())
        }));
        Ok(Connection(connection))
    }
}

thread_local! {
    /// SQLite's hook carries nothing along, so what it says is kept for the thread that it runs in.
    static WAL_PAGES: Cell<u32> = const { Cell::new(0) };
}

/// Pages in the WAL after the last COMMIT of a connection in this thread, those that a checkpoint has moved included.
pub fn wal_pages() -> u32 {
    WAL_PAGES.get()
}

pub struct Connection(rusqlite::Connection);

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl Connection {
    /// Runs one statement, and reads at most `most` rows of what it gives.
    fn run<'q>(&self, mut query: impl Execute<'q, Driver>, most: usize) -> Result<(Vec<Row>, Done), Error> {
        let arguments = query.take_arguments().map_err(Error::Encode)?;
        let persistent = query.persistent();
        let sql = query.sql();
        let Some(arguments) = arguments else {
            self.0.execute_batch(sql.as_str()).map_err(failed)?;
            return Ok((Vec::new(), self.done()));
        };
        let rows = if persistent {
            read(&mut *self.0.prepare_cached(sql.as_str()).map_err(failed)?, &arguments, most)
        } else {
            read(&mut self.0.prepare(sql.as_str()).map_err(failed)?, &arguments, most)
        }?;
        Ok((rows, self.done()))
    }

    fn done(&self) -> Done {
        Done { changes: self.0.changes() }
    }

    fn exec(&self, sql: &str) -> Result<(), Error> {
        self.0.execute_batch(sql).map_err(failed)
    }
}

fn read(statement: &mut rusqlite::Statement<'_>, arguments: &Arguments, most: usize) -> Result<Vec<Row>, Error> {
    for index in 1..=statement.parameter_count() {
        // SQLite numbers `$2`, `$1` in the order in which they come.
        let name = statement.parameter_name(index).and_then(|name| name.strip_prefix('$'));
        let number: usize = name.and_then(|name| name.parse().ok()).unwrap_or(index);
        if let Some(value) = number.checked_sub(1).and_then(|position| arguments.0.get(position)) {
            statement.raw_bind_parameter(index, value).map_err(failed)?;
        }
    }
    let columns = Column::of(statement);
    let mut given = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = given.next().map_err(failed)? {
        rows.push(Row::read(&columns, row)?);
        if rows.len() == most {
            break;
        }
    }
    Ok(rows)
}

impl<'c> sqlx::Executor<'c> for &'c mut Connection {
    type Database = Driver;

    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Done, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Driver>,
    {
        future::lazy(move |_| Ok(self.run(query, usize::MAX)?.1)).boxed()
    }

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<Done, Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Driver>,
    {
        let steps = future::lazy(move |_| match self.run(query, usize::MAX) {
            Ok((rows, done)) => {
                let rows = rows.into_iter().map(Either::Right);
                rows.chain([Either::Left(done)]).map(Ok).collect()
            }
            Err(error) => vec![Err(error)],
        });
        steps.map(stream::iter).flatten_stream().boxed()
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Driver>,
    {
        future::lazy(move |_| Ok(self.run(query, usize::MAX)?.0)).boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Driver>,
    {
        future::lazy(move |_| Ok(self.run(query, 1)?.0.pop())).boxed()
    }

    fn prepare_with<'e>(self, sql: SqlStr, _parameters: &'e [Kind]) -> BoxFuture<'e, Result<Statement, Error>>
    where
        'c: 'e,
    {
        future::lazy(move |_| {
            let prepared = self.0.prepare_cached(sql.as_str()).map_err(failed)?;
            let (parameters, columns) = (prepared.parameter_count(), Column::of(&prepared));
            drop(prepared);
            Ok(Statement { sql, parameters, columns })
        })
        .boxed()
    }
}

impl sqlx::Connection for Connection {
    type Database = Driver;
    type Options = Options;

    async fn close(self) -> Result<(), Error> {
        self.0.close().map_err(|(_, error)| failed(error))
    }

    async fn close_hard(self) -> Result<(), Error> {
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn begin(&mut self) -> impl Future<Output = Result<Transaction<'_, Driver>, Error>> + Send + '_ {
        Transaction::begin(self, None)
    }

    fn shrink_buffers(&mut self) {}

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn should_flush(&self) -> bool {
        false
    }
}

impl FromStr for Options {
    type Err = Error;

    fn from_str(path: &str) -> Result<Self, Error> {
        Ok(Self { path: path.into(), in_memory: false, busy_timeout: Duration::ZERO, pragmas: Vec::new() })
    }
}

impl sqlx::ConnectOptions for Options {
    type Connection = Connection;

    fn from_url(url: &url::Url) -> Result<Self, Error> {
        url.path().parse()
    }

    async fn connect(&self) -> Result<Connection, Error> {
        self.open()
    }

    /// Statements are never logged.
    fn log_statements(self, _level: log::LevelFilter) -> Self {
        self
    }

    fn log_slow_statements(self, _level: log::LevelFilter, _duration: Duration) -> Self {
        self
    }
}

pub struct Transactions;

impl TransactionManager for Transactions {
    type Database = Driver;

    async fn begin(connection: &mut Connection, statement: Option<SqlStr>) -> Result<(), Error> {
        connection.exec(statement.as_ref().map_or("BEGIN", SqlStr::as_str))
    }

    async fn commit(connection: &mut Connection) -> Result<(), Error> {
        connection.exec("COMMIT")
    }

    async fn rollback(connection: &mut Connection) -> Result<(), Error> {
        connection.exec("ROLLBACK")
    }

    /// What was begun and not committed is undone with the value that stood for it.
    fn start_rollback(connection: &mut Connection) {
        if let Err(error) = connection.exec("ROLLBACK") {
            tracing::warn!(%error, "a transaction could not be undone");
        }
    }

    fn get_transaction_depth(connection: &Connection) -> usize {
        usize::from(!connection.0.is_autocommit())
    }
}
