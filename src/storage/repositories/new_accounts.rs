use crate::storage::{ChallengeRecord, Result, UserRecord};

/// Accounts that people make themselves.
pub trait NewAccounts {
    /// Says which address a mailed link is going to, once it is known that it belongs to nobody here, and ends earlier ones
    /// of the same address and purpose. False when it is over.
    async fn address_registration(&self, id: &str, purpose: &str, email: &str, now: i64) -> Result<bool>;
    /// Uses `link` up, and makes the user with their acceptance of the version `terms`; one transaction. False when the link
    /// is over, `Error::Conflict("username" | "email")` when taken: then it still works.
    async fn insert_new_account(
        &self,
        user: &UserRecord,
        link: Option<&ChallengeRecord>,
        terms: Option<&str>,
    ) -> Result<bool>;
}
