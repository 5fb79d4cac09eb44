//! Passkeys: WebAuthn credentials, to sign in alone or as a second factor.
//!
//! A ceremony has two halves. The first makes a challenge, kept here and bound to the browser that asked; the second
//! takes it away, of any number of answers exactly once, and then looks at what the authenticator says. Where no user
//! name was asked for, the options name no credential, so that they are alike whoever exists.

mod answer;
mod assertion;
mod providers;
mod registration;
mod relying_party;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;
use webauthn_rs_core::error::WebauthnError;

use super::{ActiveSession, Factor, Identity, LoginError, Notice, Origin};
use crate::base::{TokenHash, new_id};
use crate::storage::{self, PasskeyChallengeRecord, PasskeyRecord, Passkeys as _};

pub use answer::Answer;
pub use assertion::PasskeyVerified;
pub(super) use relying_party::RelyingParty;

/// How long an answer may take.
const CHALLENGE_TTL: Duration = Duration::from_mins(5);
/// Nobody is offered a passkey twice within this time.
const OFFER_AGAIN_AFTER: Duration = Duration::from_hours(30 * 24);
/// Passkeys of one person.
const MAX_PASSKEYS: usize = 20;
/// Longest name that a person may give one. Characters.
pub const MAX_NAME_CHARS: usize = 64;

/// Why a ceremony did not succeed, or a passkey could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    #[error("passkeys are not used on this server")]
    Off,
    /// The challenge was answered already, has expired, or is another browser's.
    #[error("the challenge is not open any more")]
    Expired,
    /// No account has this credential, or not the one that has to answer.
    #[error("the passkey is not registered here")]
    Unknown,
    /// The authenticator has not verified its user, which is asked of whoever signs in with nothing else.
    #[error("the authenticator did not verify its user")]
    Unverified,
    #[error("the answer is not acceptable: {0}")]
    Refused(String),
    #[error("the passkey is registered already")]
    Taken,
    #[error("there are {MAX_PASSKEYS} passkeys already")]
    TooMany,
    #[error("a name has 1 to {MAX_NAME_CHARS} characters")]
    Name,
    /// Too many attempts came from this address: again after so many seconds.
    #[error("too many attempts")]
    Throttled { retry_after: u64 },
    #[error("without this passkey the person could not sign in any more")]
    LastWayIn,
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

impl PasskeyError {
    /// The reason may quote what was sent, so it is cut short.
    #[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
    fn refused(reason: impl ToString) -> Self {
        const MAX_CHARS: usize = 200;
        Self::Refused(reason.to_string().chars().take(MAX_CHARS).collect())
    }
}

impl From<LoginError> for PasskeyError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Throttled { retry_after } => Self::Throttled { retry_after },
            LoginError::Storage(error) => Self::Storage(error),
            error => Self::refused(error),
        }
    }
}

impl From<WebauthnError> for PasskeyError {
    fn from(error: WebauthnError) -> Self {
        match error {
            WebauthnError::UserNotVerified => Self::Unverified,
            error => Self::refused(error),
        }
    }
}

/// What a browser needs to ask its authenticators.
#[derive(Debug, Serialize)]
pub struct Ceremony {
    /// Goes along with the answer.
    pub challenge: String,
    /// `publicKey` of `navigator.credentials.create()` or `get()`, in the JSON form of WebAuthn Level 3 §5.1.
    #[serde(rename = "publicKey")]
    pub options: Value,
}

/// What a challenge is for: an answer to one is none to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Registration,
    SignIn,
    SecondFactor,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::SignIn => "sign_in",
            Self::SecondFactor => "second_factor",
        }
    }
}

impl Identity {
    /// Whether passkeys are used at all.
    pub fn has_passkeys(&self) -> bool {
        self.relying_party.is_some()
    }

    pub async fn list_passkeys(&self, user_id: &str) -> storage::Result<Vec<PasskeyRecord>> {
        self.store.list_passkeys(user_id).await
    }

    /// False when the person has no such passkey.
    pub async fn rename_passkey(&self, session: &ActiveSession, id: &str, name: &str) -> Result<bool, PasskeyError> {
        let name = clean_name(name).ok_or(PasskeyError::Name)?;
        Ok(self.store.rename_passkey(id, &session.user.id, &name).await?)
    }

    /// What was removed; `None` when the person has no such passkey.
    pub async fn remove_passkey(
        &self,
        session: &ActiveSession,
        id: &str,
        origin: &Origin,
    ) -> Result<Option<PasskeyRecord>, PasskeyError> {
        let user = &session.user;
        let Some(passkey) = self.store.delete_passkey(id, &user.id, &self.ways_in()).await? else {
            let is_there = self.store.list_passkeys(&user.id).await?.iter().any(|passkey| passkey.id == id);
            return if is_there { Err(PasskeyError::LastWayIn) } else { Ok(None) };
        };
        self.drop_codes_of_nothing(&user.id).await?;
        let details = json!({ "passkey": passkey.id, "name": passkey.name });
        self.audit("passkey_removed", Some(&user.id), Some(&session.sid), origin, &details);
        self.notify(
            user,
            Notice::FactorRemoved { factor: Factor::Passkey { name: passkey.name.clone() } },
            origin.locale,
        )
        .await;
        Ok(Some(passkey))
    }

    /// Whether to offer a passkey to this person now; then not again for 30 days.
    pub async fn offer_passkey(&self, user_id: &str) -> storage::Result<bool> {
        if !self.has_passkeys() || !self.config.passkeys.offer || !self.store.list_passkeys(user_id).await?.is_empty() {
            return Ok(false);
        }
        let now = self.now();
        self.store.note_passkey_offer(user_id, now.millis(), now.minus(OFFER_AGAIN_AFTER).millis()).await
    }

    /// What authenticators know a person by.
    pub fn passkey_user_handle(user_id: &str) -> Vec<u8> {
        user_handle(user_id)
    }

    fn relying_party(&self) -> Result<&RelyingParty, PasskeyError> {
        self.relying_party.as_deref().ok_or(PasskeyError::Off)
    }

    async fn keep_challenge(
        &self,
        purpose: Purpose,
        user_id: Option<&str>,
        browser: &str,
        options: Value,
        state: &impl Serialize,
    ) -> Result<Ceremony, PasskeyError> {
        let now = self.now();
        let record = PasskeyChallengeRecord {
            id: new_id(now, self.random.as_ref()).to_string(),
            browser_hash: browser_hash(browser),
            purpose: purpose.name().to_owned(),
            user_id: user_id.map(str::to_owned),
            state: serde_json::to_string(state).map_err(PasskeyError::refused)?,
            expires_at: now.plus(CHALLENGE_TTL).millis(),
        };
        self.store.insert_passkey_challenge(&record).await?;
        Ok(Ceremony { challenge: record.id, options })
    }

    /// The state of a challenge, which is gone with this.
    async fn take_challenge<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        user_id: Option<&str>,
        browser: &str,
        challenge: &str,
    ) -> Result<T, PasskeyError> {
        let (hash, now) = (browser_hash(browser), self.now().millis());
        let taken = self.store.consume_passkey_challenge(challenge, &hash, purpose.name(), now).await?;
        let record = taken.filter(|record| record.user_id.as_deref() == user_id).ok_or(PasskeyError::Expired)?;
        let state = serde_json::from_str(&record.state);
        state.map_err(|error| storage::Error::Corrupt(format!("passkey challenge: {error}")).into())
    }
}

fn browser_hash(browser: &str) -> Vec<u8> {
    TokenHash::of(browser).as_bytes().to_vec()
}

/// What authenticators know a person by: neither name nor `sub`, and the same size whatever the id.
fn user_handle(user_id: &str) -> Vec<u8> {
    TokenHash::of(user_id).as_bytes().to_vec()
}

/// A name as it is kept; `None` for one that is empty or too long.
fn clean_name(name: &str) -> Option<String> {
    let name: String = name.nfc().filter(|c| !c.is_control()).collect();
    let name = name.trim();
    (1..=MAX_NAME_CHARS).contains(&name.chars().count()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_has_no_control_characters() {
        assert_eq!(clean_name("  My\u{0} phone\r\n ").as_deref(), Some("My phone"));
        assert_eq!(clean_name("<b>").as_deref(), Some("<b>"));
        assert_eq!(clean_name(" \u{1b} "), None);
        assert_eq!(clean_name(&"ü".repeat(64)).map(|name| name.chars().count()), Some(64));
        assert_eq!(clean_name(&"u".repeat(65)), None);
    }
}
