use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::passwords::{PoolError, Verdict};
use super::users::normalise_login;
use super::{Identity, Origin};
use crate::base::Timestamp;
use crate::jose::SealError;
use crate::storage::{self, UserRecord, Users};

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
    #[error("the secret of an authenticator app cannot be read: {0}")]
    Unreadable(#[from] SealError),
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
        let login = normalise_login(login);
        let user = match &login {
            Some(login) => self.store.find_user_by_login(login).await?,
            None => None,
        };
        let attempt = self.reserve_login(user.as_ref(), login.as_deref().unwrap_or_default(), origin).await?;

        let usable = user.as_ref().filter(|user| user.disabled_at.is_none());
        let stored = usable.and_then(|user| user.password_hash.as_deref());
        let affordable = password.expose_secret().len() <= MAX_PASSWORD_BYTES;
        let empty = SecretString::from("");
        let verdict = self.passwords.verify(if affordable { password } else { &empty }, stored, origin.address).await;
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(error) => {
                // The attempt was never looked at, so it does not count.
                self.refund(attempt).await?;
                return Err(error.into());
            }
        };
        let (Verdict::Right { outdated }, Some(user), true) = (verdict, user.clone(), affordable) else {
            let user_id = user.as_ref().map(|user| user.id.as_str());
            self.audit("login_failed", user_id, None, origin, &json!({ "method": "pwd" }));
            return Err(LoginError::Rejected);
        };
        // Earlier failures are forgotten with the session, which may want more than a password.
        self.refund(attempt).await?;
        if outdated {
            self.rehash(&user, password).await;
        }
        Ok(PasswordVerified { user, at: self.now() })
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
