use serde_json::json;

use super::{ActiveSession, Factor, Identity, Notice, Origin};
use crate::base::acr::Acr;
use crate::config::RequireMfa;
use crate::storage::{self, Factors as _, Passkeys as _, TotpFactorRecord, UserRecord, WaysIn};

/// What a person has besides a first factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactors {
    /// An authenticator app.
    pub totp: bool,
    /// None count where passkeys are off: they could not be proved.
    pub passkeys: bool,
    /// Recovery codes not used yet. They stand in for a lost factor, and are none by themselves.
    pub recovery_codes: i64,
}

impl SecondFactors {
    /// Whether a sign-in has to prove one.
    pub const fn any(self) -> bool {
        self.totp || self.passkeys
    }

    /// The strongest class that the person can prove.
    pub const fn reachable(self) -> Acr {
        if self.passkeys {
            Acr::PhishingResistant
        } else if self.totp {
            Acr::MultiFactor
        } else {
            Acr::SingleFactor
        }
    }
}

impl Identity {
    pub async fn second_factors(&self, user_id: &str) -> storage::Result<SecondFactors> {
        let counts = self.store.factor_counts(user_id).await?;
        let passkeys = self.has_passkeys() && !self.store.list_passkeys(user_id).await?.is_empty();
        Ok(SecondFactors { totp: counts.totp > 0, passkeys, recovery_codes: counts.recovery_codes })
    }

    /// What people get in by here: passkeys and providers may have been switched off since somebody had them.
    pub(super) fn ways_in(&self) -> WaysIn {
        let providers = self.config.upstream.values().filter(|provider| provider.enabled);
        WaysIn { passkeys: self.has_passkeys(), issuers: providers.map(|provider| provider.issuer.clone()).collect() }
    }

    /// The class that this server wants of a person (`sign_in.require_mfa`).
    pub fn required_class(&self, user: &UserRecord) -> Acr {
        match self.config.sign_in.require_mfa {
            RequireMfa::All => Acr::MultiFactor,
            RequireMfa::Admins if user.is_admin => Acr::MultiFactor,
            _ => Acr::SingleFactor,
        }
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
        self.drop_codes_of_nothing(user_id).await?;
        self.audit("totp_removed", Some(user_id), Some(&session.sid), origin, &json!({}));
        self.notify(&session.user, Notice::FactorRemoved { factor: Factor::Totp }, origin.locale).await;
        Ok(true)
    }

    /// Recovery codes stand in for a second factor: they go with the last one.
    pub(super) async fn drop_codes_of_nothing(&self, user_id: &str) -> storage::Result<()> {
        if self.second_factors(user_id).await?.any() {
            return Ok(());
        }
        self.store.replace_recovery_codes(user_id, &[], self.now().millis()).await
    }

    /// Removes every second factor, passkeys too, and recovery code of somebody who has lost them.
    pub async fn reset_factors(&self, user: &UserRecord, origin: &Origin) -> storage::Result<()> {
        let has_app = self.store.find_totp_factor(&user.id).await?.is_some();
        let passkeys = self.store.list_passkeys(&user.id).await?;
        self.store.delete_factors(&user.id).await?;
        self.audit("factors_reset", Some(&user.id), None, origin, &json!({}));
        let passkeys = passkeys.into_iter().map(|passkey| Factor::Passkey { name: passkey.name });
        for factor in has_app.then_some(Factor::Totp).into_iter().chain(passkeys) {
            self.notify(user, Notice::FactorRemoved { factor }, origin.locale).await;
        }
        Ok(())
    }
}
