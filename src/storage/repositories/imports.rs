use crate::storage::{ImportOutcome, Result, UserRecord};

pub trait Imports {
    /// Inserts those whose names and addresses are free, in one transaction; what became of each, in their order.
    async fn import_users(&self, users: &[UserRecord]) -> Result<Vec<ImportOutcome>>;
    /// What [`Self::import_users`] would make of it now.
    async fn would_import_user(&self, user: &UserRecord) -> Result<ImportOutcome>;
}
