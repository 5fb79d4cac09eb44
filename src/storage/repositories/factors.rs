use crate::storage::Result;
use crate::storage::records::*;

pub trait PendingLogins {
    async fn insert_pending_login(&self, login: &PendingLoginRecord) -> Result<()>;
    /// The live one: neither finished nor expired.
    async fn find_pending_login(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Option<PendingLoginRecord>>;
    /// Counts one try while there are fewer than `most`; false when it is used up, finished or expired.
    async fn try_pending_login(&self, id: &str, secret_hash: &[u8], most: i64, now: i64) -> Result<bool>;
    /// Finishes it: of any number of concurrent calls exactly one gets true.
    async fn consume_pending_login(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<bool>;
}

pub trait Factors {
    async fn factor_counts(&self, user_id: &str) -> Result<FactorCounts>;
    async fn find_totp_factor(&self, user_id: &str) -> Result<Option<TotpFactorRecord>>;
    /// Accepts a code of time step `step`: of any number of concurrent calls for it, or an earlier one, exactly one gets
    /// true.
    async fn use_totp_step(&self, user_id: &str, factor_id: &str, step: i64, now: i64) -> Result<bool>;
    /// Replaces the sealed secret if it still is `old`.
    async fn reseal_totp_factor(&self, user_id: &str, old: &[u8], new: &[u8]) -> Result<bool>;
    /// Begins to set up an app; one begun before is forgotten.
    async fn begin_totp_enrolment(&self, enrolment: &TotpEnrolmentRecord) -> Result<()>;
    /// The enrolment that this session began.
    async fn find_totp_enrolment(
        &self,
        user_id: &str,
        session_id: &str,
        now: i64,
    ) -> Result<Option<TotpEnrolmentRecord>>;
    /// Makes the enrolment the person's one factor, its step `step` used, in one transaction. Exactly one call gets true; none
    /// when the person's `tokens_not_before` is another than `as_of`.
    async fn confirm_totp_enrolment(
        &self,
        enrolment: &TotpEnrolmentRecord,
        step: i64,
        as_of: i64,
        now: i64,
    ) -> Result<bool>;
    /// Removes the app, and what was begun of one.
    async fn delete_totp_factor(&self, user_id: &str) -> Result<bool>;
    /// Replaces all recovery codes.
    async fn replace_recovery_codes(&self, user_id: &str, hashes: &[Vec<u8>], now: i64) -> Result<()>;
    /// Uses a code: of any number of concurrent calls exactly one gets true.
    async fn use_recovery_code(&self, user_id: &str, hash: &[u8], now: i64) -> Result<bool>;
    /// Removes every second factor, passkeys too, and recovery code, and whatever sign-in waits for one.
    async fn delete_factors(&self, user_id: &str) -> Result<()>;
}

pub trait KnownDevices {
    /// Remembers a browser, or that it was seen again.
    async fn remember_device(&self, id: &[u8], user_id: &str, now: i64, expires_at: i64) -> Result<()>;
    async fn is_known_device(&self, id: &[u8], user_id: &str, now: i64) -> Result<bool>;
    /// The browsers that are known as this person's.
    async fn list_known_devices(&self, user_id: &str, now: i64) -> Result<Vec<KnownDeviceRecord>>;
}
