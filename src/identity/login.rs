use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::passwords::{PoolError, Verdict};
use super::users::normalise_username;
use super::{Identity, Origin};
use crate::base::{Timestamp, TokenHash};
use crate::storage::{self, ThrottleKey, Throttles, UserRecord, Users};

/// Proof that a person knew the password of an account, just now. Only [`Identity::verify_password`] makes one.
#[derive(Debug)]
pub struct PasswordVerified {
    user: UserRecord,
    at: Timestamp,
}

impl PasswordVerified {
    pub fn user(&self) -> &UserRecord {
        &self.user
    }

    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// Why nobody was signed in. `Rejected` is the same for an unknown user, a wrong password and a disabled account.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error("user name or password is wrong")]
    Rejected,
    /// Seconds until the next attempt is looked at.
    #[error("too many attempts; again in {retry_after} s")]
    Throttled { retry_after: u64 },
    #[error("too many logins at once; again in {retry_after} s")]
    Busy { retry_after: u64 },
    #[error(transparent)]
    Storage(#[from] storage::Error),
    #[error("hashing failed")]
    Hashing,
}

impl From<PoolError> for LoginError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Busy { retry_after } => Self::Busy { retry_after },
            PoolError::Failed => Self::Hashing,
        }
    }
}

/// Longest password that is hashed, in bytes.
pub(super) const MAX_PASSWORD_BYTES: usize = 4000;

impl Identity {
    /// The password step: counts the attempt before any work, does the same work for whoever does not exist, and makes
    /// the proof.
    pub async fn verify_password(
        &self,
        login: &str,
        password: &SecretString,
        origin: &Origin,
    ) -> Result<PasswordVerified, LoginError> {
        let login = normalise_username(login);
        let user = match &login {
            Some(login) => self.store.find_user_by_login(login).await?,
            None => None,
        };
        let account_key = match &user {
            Some(user) => format!("account:{}", user.id),
            None => format!("account:{}", hex(TokenHash::of(login.as_deref().unwrap_or_default()).as_bytes())),
        };
        let address_key = origin.throttle_key();
        self.reserve(&account_key, &address_key, origin).await?;

        let usable = user.as_ref().filter(|user| user.disabled_at.is_none());
        let stored = usable.and_then(|user| user.password_hash.as_deref());
        let affordable = password.expose_secret().len() <= MAX_PASSWORD_BYTES;
        let empty = SecretString::from("");
        let verdict = self.passwords.verify(if affordable { password } else { &empty }, stored, origin.address).await;
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(error) => {
                // The attempt was never looked at, so it does not count.
                self.store.refund_attempts(&[&account_key, &address_key]).await?;
                return Err(error.into());
            }
        };
        let (Verdict::Right { outdated }, Some(user), true) = (verdict, user.clone(), affordable) else {
            let user_id = user.as_ref().map(|user| user.id.as_str());
            self.audit("login_failed", user_id, None, origin, &json!({ "method": "pwd" }));
            return Err(LoginError::Rejected);
        };
        self.store.clear_attempts(&[&account_key]).await?;
        self.store.refund_attempts(&[&address_key]).await?;
        if outdated {
            self.rehash(&user, password).await;
        }
        Ok(PasswordVerified { user, at: self.now() })
    }

    async fn reserve(&self, account_key: &str, address_key: &str, origin: &Origin) -> Result<(), LoginError> {
        let settings = &self.config.throttle;
        let keys = [
            self.throttle_key(account_key, settings.account_failures),
            self.throttle_key(address_key, settings.address_failures),
        ];
        self.reserve_keys(&keys, origin).await
    }

    fn throttle_key(&self, key: &str, free: u32) -> ThrottleKey {
        let settings = &self.config.throttle;
        ThrottleKey {
            key: key.to_owned(),
            free: i64::from(free),
            base_ms: millis(settings.base_delay.duration()),
            cap_ms: millis(settings.max_delay.duration()),
        }
    }

    async fn reserve_keys(&self, keys: &[ThrottleKey], origin: &Origin) -> Result<(), LoginError> {
        let now = self.now();
        let window_start = now.minus(self.config.throttle.window.duration());
        match self.store.reserve_attempt(keys, now.millis(), window_start.millis()).await? {
            Ok(_) => Ok(()),
            Err(blocking) => {
                self.audit("login_throttled", None, None, origin, &json!({ "key": blocking.key }));
                let wait = Timestamp::from_millis(blocking.blocked_until).since(now);
                Err(LoginError::Throttled { retry_after: wait.as_secs() + 1 })
            }
        }
    }

    /// Counts a guess at a device's user code against the address it comes from; `Throttled` when there were too many.
    pub async fn reserve_user_code_guess(&self, origin: &Origin) -> Result<(), LoginError> {
        let key = self.throttle_key(&user_code_key(origin), self.config.throttle.account_failures);
        self.reserve_keys(&[key], origin).await
    }

    /// The guess was right.
    pub async fn refund_user_code_guess(&self, origin: &Origin) -> storage::Result<()> {
        self.store.refund_attempts(&[&user_code_key(origin)]).await
    }

    /// Hashes a known-right password again under the configured parameters. Failing to is no reason to refuse a login.
    async fn rehash(&self, user: &UserRecord, password: &SecretString) {
        let Some(old) = &user.password_hash else { return };
        let Ok(new) = self.passwords.hash(password, self.random.as_ref()).await else { return };
        if let Err(error) = self.store.upgrade_password_hash(&user.id, old, &new).await {
            tracing::warn!(user.id = %user.id, %error, "the password hash could not be upgraded");
        }
    }
}

fn user_code_key(origin: &Origin) -> String {
    format!("user_code:{}", origin.throttle_key())
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
