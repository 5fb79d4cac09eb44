use crate::storage::{PasskeyChallengeRecord, PasskeyRecord, Result, WaysIn};

pub trait Passkeys {
    /// `Error::Conflict("passkey")` when any account has this credential already. False, with nothing inserted, when its
    /// owner's `tokens_not_before` is another than `as_of`.
    async fn insert_passkey(&self, passkey: &PasskeyRecord, as_of: i64) -> Result<bool>;
    async fn find_passkey(&self, credential_id: &[u8]) -> Result<Option<PasskeyRecord>>;
    /// A person's passkeys, the oldest first.
    async fn list_passkeys(&self, user_id: &str) -> Result<Vec<PasskeyRecord>>;
    /// Notes a use, if the counter has grown or there is none; false when it has not. `verified` says that the
    /// authenticator is now known to verify its user.
    async fn note_passkey_use(
        &self,
        id: &str,
        sign_count: i64,
        backed_up: bool,
        verified: bool,
        now: i64,
    ) -> Result<bool>;
    /// False when the person has no such passkey.
    async fn rename_passkey(&self, id: &str, user_id: &str, name: &str) -> Result<bool>;
    /// What was removed; `None` when the person has no such passkey, or no other way in that `taken` has.
    async fn delete_passkey(&self, id: &str, user_id: &str, taken: &WaysIn) -> Result<Option<PasskeyRecord>>;
    async fn insert_passkey_challenge(&self, challenge: &PasskeyChallengeRecord) -> Result<()>;
    /// Takes the challenge away: of any number of concurrent calls exactly one gets it.
    async fn consume_passkey_challenge(
        &self,
        id: &str,
        browser_hash: &[u8],
        purpose: &str,
        now: i64,
    ) -> Result<Option<PasskeyChallengeRecord>>;
    /// Notes that a passkey is offered, unless one was offered after `before`; false then.
    async fn note_passkey_offer(&self, user_id: &str, now: i64, before: i64) -> Result<bool>;
}
