//! Repositories over SQLite and PostgreSQL: the only place that knows SQL.
//!
//! Every secret column holds a hash or a sealed blob. Everything that may be used once is consumed by one conditional
//! statement, whose affected row decides. Times are epoch milliseconds, ids are text, hashes are blobs.

#[macro_use]
mod dispatch;
#[macro_use]
mod endings;

mod audit_queue;
mod error;
mod migrate;
mod postgres;
pub mod records;
mod redis;
pub mod repositories;
mod sql;
mod sqlite;
mod store;

use error::conflict;
pub use error::{Error, Result};
pub use records::*;
pub use redis::RedisOptions;
pub use repositories::*;
pub use store::Store;
