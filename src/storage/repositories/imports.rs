use crate::storage::{ImportOutcome, ImportRecord, Result, UserRecord};

pub trait Imports {
    /// Inserts those whose names and addresses are free, in one transaction; what became of each, in their order.
    async fn import_users(&self, people: &[ImportRecord]) -> Result<Vec<ImportOutcome>>;
    /// What [`Self::import_users`] would make of it now.
    async fn would_import_user(&self, user: &UserRecord) -> Result<ImportOutcome>;
}
