/// Why a repository could not answer. None of these is the caller's fault; a missing or used-up row is no error but a
/// value of the answer's type.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached, is read-only, full or too busy: try again later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A unique name is taken (user name, e-mail, client id).
    #[error("{0} is taken already")]
    Conflict(&'static str),
    /// The schema was made by a newer version of the program.
    #[error(
        "the database schema is at version {found}, made by portcullis {made_by}; this program knows up to {known}: run the newer program or restore the copy made before its migration"
    )]
    SchemaTooNew { found: i64, known: i64, made_by: String },
    /// The `database` setting cannot be used. Never holds the URL itself, which may carry a password.
    #[error("the database setting {0}")]
    Setting(String),
    /// The `redis.url` setting cannot be used. Never holds the URL itself.
    #[error("the redis.url setting {0}")]
    RedisSetting(&'static str),
    /// Another process serves from the same SQLite file.
    #[error("{0} is in use by another running portcullis; stop it first, or use PostgreSQL for several instances")]
    InUse(String),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("a stored value cannot be read: {0}")]
    Corrupt(String),
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// What the caller sees of a driver's error: `Unavailable` for everything that time may heal.
    pub(super) fn settled(self) -> Self {
        match self {
            Self::Database(error) if is_transient(&error) => Self::Unavailable(error.to_string()),
            other => other,
        }
    }

    /// The statement or transaction lost against a concurrent one and did nothing: it may be tried again.
    pub(super) fn is_contention(&self) -> bool {
        matches!(self, Self::Database(error) if matches!(code(error).as_deref(), Some("40001" | "40P01")))
    }

    /// The connection must not be used again: it is broken, or leads to a server that no longer takes writes.
    pub(super) fn spoils_connection(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed) => true,
            Self::Database(error) => code(error).is_some_and(|code| is_lost_connection(&code) || code == "25006"),
            _ => false,
        }
    }

    /// The connection was gone before it could take the statement, or went while it ran.
    pub(super) fn is_lost_connection(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Io(_)) => true,
            Self::Database(error) => code(error).is_some_and(|code| is_lost_connection(&code)),
            _ => false,
        }
    }

    /// SQLite has given up, or may have given up, the whole transaction and not just the statement.
    pub(super) fn ends_transaction(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error
                .code()
                .and_then(|code| code.parse::<i32>().ok())
                // SQLITE_BUSY, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB.
                .is_none_or(|code| matches!(code & 0xff, 5 | 7 | 8 | 9 | 10 | 11 | 13 | 14 | 15 | 26)),
            Self::Database(error) => !is_decoding(error),
            _ => false,
        }
    }
}

/// A unique violation as `Conflict(what)`, anything else as it is.
pub(super) fn conflict(error: sqlx::Error, what: &'static str) -> Error {
    match &error {
        sqlx::Error::Database(cause) if cause.is_unique_violation() => Error::Conflict(what),
        _ => Error::Database(error),
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).map(std::borrow::Cow::into_owned)
}

/// Connection exceptions, administrator shutdown, crash shutdown, starting up, database dropped or idle time-out.
fn is_lost_connection(code: &str) -> bool {
    code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03")
}

fn is_decoding(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_)
            | sqlx::Error::RowNotFound
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
    )
}

fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(cause) => match cause.code().as_deref() {
            // PostgreSQL: insufficient resources, operator intervention (statement time-out among them), read-only,
            // serialization failure, deadlock, lock not available.
            Some(code) if code.len() == 5 => {
                is_lost_connection(code)
                    || code.starts_with("53")
                    || matches!(code, "57014" | "25006" | "40001" | "40P01" | "55P03")
            }
            // SQLite: BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL.
            Some(code) => {
                code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 7 | 8 | 9 | 10 | 13 | 14 | 15))
            }
            None => false,
        },
        _ => false,
    }
}
