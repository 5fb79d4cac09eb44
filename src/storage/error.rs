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
        "the database schema is at version {found}, this program knows up to {known}; run the newer program or restore the copy made before its migration"
    )]
    SchemaTooNew { found: i64, known: i64 },
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("a stored value cannot be read: {0}")]
    Corrupt(String),
}

pub type Result<T> = std::result::Result<T, Error>;
