use serde_json::json;

use super::{ActiveSession, Identity, Origin};
use crate::storage::{self, Factors as _, TotpFactorRecord, UserRecord};

/// What a person has besides a first factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactors {
    /// An authenticator app.
    pub totp: bool,
    /// Recovery codes not used yet. They stand in for a lost factor, and are none by themselves.
    pub recovery_codes: i64,
}

impl SecondFactors {
    /// Whether a sign-in has to prove one.
    pub const fn any(self) -> bool {
        self.totp
    }
}

impl Identity {
    pub async fn second_factors(&self, user_id: &str) -> storage::Result<SecondFactors> {
        let counts = self.store.factor_counts(user_id).await?;
        Ok(SecondFactors { totp: counts.totp > 0, recovery_codes: counts.recovery_codes })
    }

    /// The authenticator app, for its owner to see: since when, and when it was used last.
    pub async fn totp_factor(&self, user_id: &str) -> storage::Result<Option<TotpFactorRecord>> {
        self.store.find_totp_factor(user_id).await
    }

    /// Removes the authenticator app; with the last second factor the recovery codes go too. False when there was none.
    pub async fn remove_totp(&self, session: &ActiveSession, origin: &Origin) -> storage::Result<bool> {
        let user_id = &session.user.id;
        if !self.store.delete_totp_factor(user_id).await? {
            return Ok(false);
        }
        if !self.second_factors(user_id).await?.any() {
            self.store.replace_recovery_codes(user_id, &[], self.now().millis()).await?;
        }
        self.audit("totp_removed", Some(user_id), Some(&session.sid), origin, &json!({}));
        Ok(true)
    }

    /// Removes every second factor and recovery code of somebody who has lost them.
    pub async fn reset_factors(&self, user: &UserRecord, origin: &Origin) -> storage::Result<()> {
        self.store.delete_factors(&user.id).await?;
        self.audit("factors_reset", Some(&user.id), None, origin, &json!({}));
        Ok(())
    }
}
