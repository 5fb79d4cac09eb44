use serde::Deserialize;
use serde_json::{Map, Value};

use super::passwords::{HashError, check_hash};
use super::users::{NewUser, UserError};
use super::{Identity, totp};
use crate::jose::Sealer;
use crate::storage::{self, ImportOutcome, ImportRecord, Imports as _, UserRecord};

/// A person as another system has them. Unknown members are refused, since what is left out unseen is lost.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedUser {
    pub username: String,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub email_verified: bool,
    /// Standard claims (OpenID Connect Core §5.1).
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// As it was stored there: verified as it is, and made anew as Argon2id at the next login.
    #[serde(default)]
    pub password_hash: Option<String>,
    /// Of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds), in base32.
    #[serde(default)]
    pub totp_secret: Option<String>,
    #[serde(default)]
    pub disabled: bool,
}

/// Why a person is not taken; the text is for the operator and repeats no secret.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    PasswordHash(#[from] HashError),
    #[error("the TOTP secret is no base32 of 16 to 64 bytes")]
    TotpSecret,
}

impl Identity {
    /// The rows of an imported person, checked and not yet stored.
    pub async fn imported(&self, user: ImportedUser, sealer: &Sealer) -> Result<ImportRecord, ImportError> {
        let password_hash = user.password_hash.filter(|hash| !hash.is_empty());
        if let Some(hash) = &password_hash {
            check_hash(hash)?;
        }
        let new = NewUser {
            username: user.username,
            email: user.email,
            email_verified: user.email_verified,
            password: None,
            claims: user.claims,
            is_admin: false,
        };
        let record = self.new_record(new).await?;
        let disabled_at = user.disabled.then_some(record.created_at);
        let record = UserRecord { password_hash, disabled_at, ..record };
        let totp = match user.totp_secret.as_deref().filter(|secret| !secret.is_empty()) {
            Some(secret) => {
                let factor = totp::imported(secret, &record, sealer, self.random.as_ref());
                Some(factor.ok_or(ImportError::TotpSecret)?)
            }
            None => None,
        };
        Ok(ImportRecord { user: record, totp })
    }

    /// Stores them in one transaction; what became of each stands at its place.
    pub async fn import(&self, people: &[ImportRecord]) -> storage::Result<Vec<ImportOutcome>> {
        self.store.import_users(people).await
    }

    /// What would become of one.
    pub async fn would_import(&self, person: &ImportRecord) -> storage::Result<ImportOutcome> {
        self.store.would_import_user(&person.user).await
    }
}
