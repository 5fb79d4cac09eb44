//! `portcullis migrate`.

use std::path::Path;

use super::out::say;
use super::{Failure, settings};
use crate::storage::Store;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only tell what would be done; exit code 3 if anything would.
    #[arg(long)]
    check: bool,
}

pub async fn run(file: Option<&Path>, args: Args) -> Result<(), Failure> {
    let config = settings::config(file)?;
    let store = Store::open(&config.database).await?;
    let outcome = migrate(&store, args.check).await;
    store.close().await;
    outcome
}

async fn migrate(store: &Store, check: bool) -> Result<(), Failure> {
    let pending = store.pending_migrations().await?;
    if check {
        for (version, name) in &pending {
            say(&format!("pending: {version} {name}"));
        }
        if !pending.is_empty() {
            return Err(Failure::problems("the schema is not up to date; `portcullis migrate` brings it there"));
        }
    } else {
        for version in store.migrate().await? {
            say(&format!("applied: {version}"));
        }
    }
    say(&format!("the schema is at version {}", store.schema_version().await?));
    Ok(())
}
