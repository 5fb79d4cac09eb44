//! Failed attempts make the next ones wait: per address, and per account or, in a browser that the person has signed in
//! with before, per that browser, so that a stranger's guesses keep nobody out of their own account. The same counters hold
//! for every secret: password, code of an app, recovery code.

use serde_json::json;

use super::{Identity, LoginError, Notice, Origin};
use crate::base::{Timestamp, TokenHash};
use crate::storage::{self, KnownDevices as _, ThrottleKey, ThrottleRecord, Throttles as _, UserRecord};

/// An attempt that has been counted as a failure, before anything about it was looked at.
#[derive(Debug)]
pub struct Reservation(Vec<ThrottleRecord>);

/// How long a browser is remembered as one that a person has signed in with: as long as it keeps its own cookie.
const KNOWN_FOR: std::time::Duration = std::time::Duration::from_hours(400 * 24);

impl Identity {
    /// Counts an attempt to prove something about `user`, or about whoever `login` would name.
    pub(super) async fn reserve(
        &self,
        user: Option<&UserRecord>,
        login: &str,
        origin: &Origin,
    ) -> Result<Reservation, LoginError> {
        let account = match user {
            Some(user) => self.account_key(user, origin).await?,
            None => format!("account:{}", TokenHash::of(login).hex()),
        };
        let account = self.throttle_key(&account, self.config.throttle.account_failures);
        self.reserve_keys(&[account, self.address_key(origin)], origin).await
    }

    /// Counts an attempt against its address alone: a passkey names nobody before it is looked at.
    pub(super) async fn reserve_at_address(&self, origin: &Origin) -> Result<Reservation, LoginError> {
        self.reserve_keys(&[self.address_key(origin)], origin).await
    }

    fn address_key(&self, origin: &Origin) -> ThrottleKey {
        self.throttle_key(&origin.throttle_key(), self.config.throttle.address_failures)
    }

    /// The attempt was right, or never looked at.
    pub(super) async fn refund(&self, reservation: Reservation) -> storage::Result<()> {
        self.store.refund_attempts(&reservation.0).await
    }

    /// Signed in: earlier failures of this browser, or of all that are not known, are forgotten, and the browser is known
    /// from now on. Of one that was not, the person is told.
    pub(super) async fn forget_failures(&self, user: &UserRecord, origin: &Origin) -> storage::Result<()> {
        let key = self.account_key(user, origin).await?;
        self.store.clear_attempts(&[&key]).await?;
        if let Some(device) = origin.known_as(&user.id) {
            let now = self.now();
            if !self.store.is_known_device(device.as_bytes(), &user.id, now.millis()).await? {
                let (address, user_agent) = (origin.address.to_string(), origin.user_agent.clone());
                self.notify(user, Notice::NewSignIn { address, user_agent }, "").await;
            }
            self.store.remember_device(device.as_bytes(), &user.id, now.millis(), now.plus(KNOWN_FOR).millis()).await?;
        }
        Ok(())
    }

    /// The browser in which an account was made is known to it from the start: of a sign-in there nobody has to be told.
    pub(super) async fn begin_with_browser(&self, user: &UserRecord, origin: &Origin) -> storage::Result<()> {
        let Some(device) = origin.known_as(&user.id) else { return Ok(()) };
        let now = self.now();
        self.store.remember_device(device.as_bytes(), &user.id, now.millis(), now.plus(KNOWN_FOR).millis()).await
    }

    /// Counts a guess at a device's user code against the address it comes from; `Throttled` when there were too many.
    pub async fn reserve_user_code_guess(&self, origin: &Origin) -> Result<Reservation, LoginError> {
        let key = format!("user_code:{}", origin.throttle_key());
        self.reserve_keys(&[self.throttle_key(&key, self.config.throttle.account_failures)], origin).await
    }

    /// The guess was right.
    pub async fn refund_user_code_guess(&self, guess: Reservation) -> storage::Result<()> {
        self.refund(guess).await
    }

    async fn account_key(&self, user: &UserRecord, origin: &Origin) -> storage::Result<String> {
        if let Some(device) = origin.known_as(&user.id)
            && self.store.is_known_device(device.as_bytes(), &user.id, self.now().millis()).await?
        {
            return Ok(format!("device:{}", device.hex()));
        }
        Ok(format!("account:{}", user.id))
    }

    pub(super) fn throttle_key(&self, key: &str, free: u32) -> ThrottleKey {
        let settings = &self.config.throttle;
        ThrottleKey {
            key: key.to_owned(),
            free: i64::from(free),
            base_ms: millis(settings.base_delay.duration()),
            cap_ms: millis(settings.max_delay.duration()),
        }
    }

    pub(super) async fn reserve_keys(&self, keys: &[ThrottleKey], origin: &Origin) -> Result<Reservation, LoginError> {
        let now = self.now();
        let window_start = now.minus(self.config.throttle.window.duration());
        match self.store.reserve_attempt(keys, now.millis(), window_start.millis()).await? {
            Ok(counted) => Ok(Reservation(counted)),
            Err(blocking) => {
                self.audit("login_throttled", None, None, origin, &json!({ "key": blocking.key }));
                let wait = Timestamp::from_millis(blocking.blocked_until).since(now);
                Err(LoginError::Throttled { retry_after: wait.as_secs() + 1 })
            }
        }
    }
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
