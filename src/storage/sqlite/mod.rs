//! SQLite: WAL with `synchronous=FULL`, one writer connection with group commit, several readers.

mod checkpoint;
mod driver;
mod readers;
mod rotation;
mod writer;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use driver::Connection;
use driver::Options;
use futures_util::future::BoxFuture;
use readers::{Reader, Readers};

use super::{Error, Result, RotateFamily, Rotation, sql};
pub use writer::Shape;
use writer::Writer;

/// How long another process may hold the database before a request is refused.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
const PATIENT_BUSY_TIMEOUT: Duration = Duration::from_mins(1);
const PRAGMAS: [&str; 2] = ["PRAGMA foreign_keys = ON", "PRAGMA temp_store = MEMORY"];
const FILE_PRAGMAS: [&str; 3] =
    ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA wal_autocheckpoint = 0"];

#[derive(Clone)]
pub struct Sqlite {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Writer,
    readers: Readers,
    options: Options,
    /// `None` for a database in memory.
    path: Option<PathBuf>,
    serving: Mutex<Option<File>>,
}

impl Sqlite {
    /// Opens the file, making it (readable by its owner alone) when it is missing.
    pub fn open(path: &Path) -> Result<Self> {
        create_private(path)?;
        let pragmas = PRAGMAS.into_iter().chain(FILE_PRAGMAS).collect();
        let options = Options { path: path.to_owned(), in_memory: false, busy_timeout: BUSY_TIMEOUT, pragmas };
        Self::start(options, Some(path.to_owned()))
    }

    /// A database of its own in memory: gone with the last clone of this value.
    pub fn open_in_memory() -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let path = format!("/portcullis-{}", NUMBER.fetch_add(1, Ordering::Relaxed)).into();
        let options = Options { path, in_memory: true, busy_timeout: BUSY_TIMEOUT, pragmas: PRAGMAS.to_vec() };
        Self::start(options, None)
    }

    fn start(options: Options, path: Option<PathBuf>) -> Result<Self> {
        let cannot_open = |error| cannot_open(path.as_deref(), error);
        let connection = options.open().map_err(cannot_open)?;
        let readers = Readers::open(options.clone()).map_err(cannot_open)?;
        let writer = Writer::start(connection, options.clone(), path.is_some())?;
        Ok(Self { inner: Arc::new(Inner { writer, readers, options, path, serving: Mutex::new(None) }) })
    }

    pub fn reader(&self) -> Result<Reader> {
        self.inner.readers.acquire()
    }

    /// Runs `job` in the writer's next transaction and answers after its COMMIT. When the caller goes away, the job
    /// is done all the same, as a whole.
    pub async fn write<T, F>(&self, shape: Shape, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        self.inner.writer.write(shape, job).await
    }

    /// Rotates together with all the rotations that wait beside it.
    pub async fn rotate(&self, rotation: RotateFamily) -> Result<Rotation> {
        self.inner.writer.rotate(rotation).await
    }

    /// A connection outside the writer's transactions, for migrations and copies: in no hurry, nobody waits for it.
    pub fn connect(&self) -> Result<Connection> {
        let options = Options { busy_timeout: PATIENT_BUSY_TIMEOUT, ..self.inner.options.clone() };
        options.open().map_err(|error| cannot_open(self.path(), error))
    }

    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// Claims the file for one serving process. The operating system gives the lock up with the process.
    pub fn lock_for_serving(&self) -> Result<()> {
        let Some(path) = self.path() else { return Ok(()) };
        let mut serving = self.inner.serving.lock().unwrap_or_else(PoisonError::into_inner);
        if serving.is_some() {
            return Ok(());
        }
        let lock_path = beside(path, ".lock");
        let file = private_file(&lock_path)
            .map_err(|error| Error::Unavailable(format!("cannot open {}: {error}", lock_path.display())))?;
        match file.try_lock() {
            Ok(()) => {
                *serving = Some(file);
                Ok(())
            }
            Err(TryLockError::WouldBlock) => Err(Error::InUse(path.display().to_string())),
            Err(TryLockError::Error(error)) => {
                Err(Error::Unavailable(format!("cannot lock {}: {error}", lock_path.display())))
            }
        }
    }

    /// Writes a consistent copy to `target`, which must not exist, while everything goes on.
    pub async fn copy_to(&self, target: &Path) -> Result<()> {
        private_new_file(target)
            .map_err(|error| Error::Unavailable(format!("cannot write {}: {error}", target.display())))?;
        let mut connection = self.connect()?;
        sqlx::query(sql::dialect::sqlite::COPY)
            .bind(target.to_string_lossy().into_owned())
            .execute(&mut connection)
            .await
            .map_err(|error| Error::from(error).settled())?;
        sync_file(target).map_err(|error| Error::Unavailable(format!("cannot write {}: {error}", target.display())))
    }

    /// Finishes what is queued, moves the WAL into the file, and closes every connection.
    pub async fn close(&self) {
        self.inner.writer.close().await;
        self.inner.readers.close();
        *self.inner.serving.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// `DB` with `suffix` after its whole name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// SQLite gives its `-wal` and `-shm` files the mode of the database, so the database is made before it is opened.
fn create_private(path: &Path) -> Result<()> {
    private_file(path).map(drop).map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => ": its directory does not exist, create it first",
            io::ErrorKind::PermissionDenied => ": the server's user needs to read and write it and its directory",
            _ => "",
        };
        Error::Unavailable(format!("cannot open {}: {error}{remedy}", path.display()))
    })
}

fn private_file(path: &Path) -> io::Result<File> {
    private_options().create(true).truncate(false).open(path)
}

fn private_new_file(path: &Path) -> io::Result<File> {
    private_options().create_new(true).open(path)
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn sync_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).write(true).open(path)?.sync_all()
}

fn cannot_open(path: Option<&Path>, error: sqlx::Error) -> Error {
    match path {
        Some(path) => Error::Unavailable(format!("cannot open {}: {error}", path.display())),
        None => Error::from(error).settled(),
    }
}
