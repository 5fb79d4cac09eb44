//! The reading connections: as many as threads that read at the same moment, since a read is done before its thread
//! turns to anything else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::driver::{Connection, Options};
use crate::storage::{Error, Result};

#[derive(Clone)]
pub struct Readers {
    inner: Arc<Inner>,
}

struct Inner {
    /// `None` once closed.
    idle: Mutex<Option<Vec<Connection>>>,
    options: Options,
}

impl Readers {
    /// Opens one connection now and others when they are needed.
    pub fn open(mut options: Options) -> std::result::Result<Self, sqlx::Error> {
        options.pragmas.push("PRAGMA query_only = ON");
        let idle = Mutex::new(Some(vec![options.open()?]));
        Ok(Self { inner: Arc::new(Inner { idle, options }) })
    }

    pub fn acquire(&self) -> Result<Reader> {
        let Some(idle) = self.inner.idle().as_mut().map(Vec::pop) else {
            return Err(Error::Unavailable("the database is closed".to_owned()));
        };
        let connection = match idle {
            Some(connection) => connection,
            None => self.inner.options.open().map_err(|error| Error::from(error).settled())?,
        };
        Ok(Reader { connection, pool: Arc::clone(&self.inner) })
    }

    pub fn close(&self) {
        self.inner.idle().take();
    }
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reading connection on loan. One that is dropped instead of given back (an error) closes.
pub struct Reader {
    pub connection: Connection,
    pool: Arc<Inner>,
}

impl Reader {
    pub fn give_back(self) {
        if let Some(idle) = self.pool.idle().as_mut() {
            idle.push(self.connection);
        }
    }
}
