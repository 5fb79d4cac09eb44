use crate::storage::{ChallengeRecord, MailRecord, Result};

pub trait Outbox {
    async fn insert_mail(&self, mail: &MailRecord) -> Result<()>;
    /// Takes up to `limit` mails that are due, each by one caller alone until `leased_until`, and counts the attempt.
    async fn claim_mails(&self, now: i64, leased_until: i64, limit: i64) -> Result<Vec<MailRecord>>;
    /// Notes to whom it goes, as it was looked up.
    async fn address_mail(&self, id: &str, user_id: Option<&str>, recipient: &str) -> Result<()>;
    /// It was taken by the server, or is kept in place of that; `content` replaces what it said. False when another
    /// instance has taken it over since attempt `attempt`.
    async fn mail_sent(&self, id: &str, attempt: i64, content: &[u8], now: i64) -> Result<bool>;
    /// To be tried again at `due_at`.
    async fn mail_delayed(&self, id: &str, attempt: i64, error: &str, due_at: i64) -> Result<bool>;
    /// Not to be tried again, unless an operator says so.
    async fn mail_failed(&self, id: &str, attempt: i64, error: &str, now: i64) -> Result<bool>;
    /// There is nobody to send it to.
    async fn remove_mail(&self, id: &str) -> Result<()>;
    /// The newest first.
    async fn list_mails(&self, limit: i64) -> Result<Vec<MailRecord>>;
    /// Those to a person, the oldest first.
    async fn list_mails_of_user(&self, user_id: &str) -> Result<Vec<MailRecord>>;
    async fn find_mail(&self, id: &str) -> Result<Option<MailRecord>>;
    /// Makes a mail that waits or has failed due now; every such mail without an `id`. How many there were.
    async fn retry_mails(&self, id: Option<&str>, now: i64, give_up_at: i64) -> Result<u64>;
    /// Mails that wait, and those that have failed.
    async fn count_mails(&self) -> Result<(i64, i64)>;
}

pub trait Challenges {
    async fn insert_challenge(&self, challenge: &ChallengeRecord) -> Result<()>;
    /// By its link's token. Changes nothing.
    async fn find_challenge(
        &self,
        id: &str,
        purpose: &str,
        secret_hash: &[u8],
        now: i64,
    ) -> Result<Option<ChallengeRecord>>;
    /// As the browser that asked knows it, by its id alone. Changes nothing.
    async fn find_challenge_of_browser(
        &self,
        id: &str,
        purpose: &str,
        browser_hash: &[u8],
        now: i64,
    ) -> Result<Option<ChallengeRecord>>;
    /// Uses it: of any number of concurrent calls exactly one gets it.
    async fn consume_challenge(
        &self,
        id: &str,
        purpose: &str,
        secret_hash: &[u8],
        now: i64,
    ) -> Result<Option<ChallengeRecord>>;
    /// Counts a try at its code before anybody looks at the code; `None` after `max_tries`, and for another browser.
    async fn try_code(
        &self,
        id: &str,
        purpose: &str,
        browser_hash: &[u8],
        max_tries: i64,
        now: i64,
    ) -> Result<Option<ChallengeRecord>>;
    /// The code was right: it is spent, and a new token in its place opens the challenge. Once.
    async fn exchange_code(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<bool>;
    /// Says whose it is, once that has been looked up, and ends earlier ones of the same person and purpose. False when
    /// it is over.
    async fn address_challenge(&self, id: &str, purpose: &str, user_id: &str, now: i64) -> Result<bool>;
    /// Those of a purpose that are not over and went to an address, the oldest first.
    async fn list_challenges(&self, purpose: &str, now: i64) -> Result<Vec<ChallengeRecord>>;
    /// Ends those of a purpose that went to an address; false when all were over.
    async fn end_challenges(&self, purpose: &str, email: &str, now: i64) -> Result<bool>;
}

pub trait Terms {
    /// Notes that a person accepted a version of the terms; the first time counts.
    async fn accept_terms(&self, user_id: &str, version: &str, now: i64) -> Result<()>;
    /// Versions with the time of acceptance.
    async fn accepted_terms(&self, user_id: &str) -> Result<Vec<(String, i64)>>;
}
