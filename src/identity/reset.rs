//! A new password for whoever has lost theirs: by a mailed link, or by the code in the same mail, in the browser that asked.

use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::outbox::{Content, Message, Notice};
use super::{Identity, LoginError, Origin, UserError, normalise_username};
use crate::base::{OpaqueToken, TokenHash, TokenKind, new_id};
use crate::storage::{self, ChallengeRecord, Challenges as _, Throttles as _, UserRecord, Users as _};

/// How long link and code work.
pub const RESET_TTL: Duration = Duration::from_mins(30);
/// Codes that may be tried before the link alone is left.
const MAX_TRIES: i64 = 5;
/// Requests from one address within the window before delays begin.
const FREE_REQUESTS: u32 = 20;
/// What the challenge is good for. Part of what is hashed: no other link of ours resets a password.
const PURPOSE: &str = "password_reset";

/// A new password was set.
#[derive(Debug)]
pub struct Reset {
    pub user: UserRecord,
    /// What the person wanted to sign in for when they asked.
    pub transaction: Option<String>,
}

/// What is kept with a challenge.
#[derive(Default, Serialize, Deserialize)]
struct Details {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transaction: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    #[error("this link has been used or has expired")]
    DeadLink,
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

impl Identity {
    /// Whether a lost password can be replaced by mail.
    pub fn resets_passwords(&self) -> bool {
        self.outbox.is_some()
    }

    /// Starts a reset for whoever `login` names, in the same way whether there is such a person or not: who it is, is looked
    /// up when the mail is sent. Gives the id that the code is entered for, in the browser named `browser`; `transaction`, the
    /// one that the person signs in for, comes back with the new password.
    pub async fn ask_for_reset(
        &self,
        login: &str,
        browser: &str,
        transaction: Option<&str>,
        locale: &str,
        origin: &Origin,
    ) -> Result<String, LoginError> {
        let key = format!("mail_request:{}", origin.throttle_key());
        self.reserve_keys(&[self.throttle_key(&key, FREE_REQUESTS)], origin).await?;
        let (now, random) = (self.now(), self.random.as_ref());
        let token = OpaqueToken::generate(TokenKind::MailLink, new_id(now, random), random);
        let (id, code) = (token.id.to_string(), self.six_digits());
        let expires_at = now.plus(RESET_TTL);
        self.store
            .insert_challenge(&ChallengeRecord {
                purpose: PURPOSE.to_owned(),
                secret_hash: hash(&token).as_bytes().to_vec(),
                code_sealed: self.seal_code(&id, &code),
                browser_hash: Some(browser_hash(&id, browser)),
                user_id: None,
                email: None,
                details: json!(Details { transaction: transaction.map(str::to_owned) }).to_string(),
                tries: 0,
                created_at: now.millis(),
                expires_at: expires_at.millis(),
                consumed_at: None,
                id: id.clone(),
            })
            .await?;
        let content = Content {
            username: None,
            login: Some(login.chars().take(256).collect()),
            locale: locale.to_owned(),
            message: Message::PasswordReset { challenge: id.clone(), token: token.expose().to_owned(), code },
        };
        self.queue_until(&content, None, None, expires_at).await?;
        Ok(id)
    }

    /// Finds out whom a requested mail goes to, within the limit of mails that one address is sent; `None` when nobody.
    pub(super) async fn recipient_of_reset(
        &self,
        challenge: &str,
        login: &str,
    ) -> storage::Result<Option<(UserRecord, String)>> {
        let Some(login) = normalise_username(login) else { return Ok(None) };
        let user = self.store.find_user_by_login(&login).await?;
        let Some(user) = user.filter(|user| user.disabled_at.is_none() && user.email_verified) else { return Ok(None) };
        let Some(email) = user.email.clone() else { return Ok(None) };
        let now = self.now();
        let hour = Duration::from_hours(1);
        let limit = storage::ThrottleKey {
            key: format!("mail:{}", TokenHash::of(&email.to_lowercase()).hex()),
            free: i64::from(self.config.mail.hourly_limit) - 1,
            base_ms: 3_600_000,
            cap_ms: 3_600_000,
        };
        if self.store.reserve_attempt(&[limit], now.millis(), now.minus(hour).millis()).await?.is_err() {
            return Ok(None);
        }
        let live = self.store.address_challenge(challenge, PURPOSE, &user.id, now.millis()).await?;
        Ok(live.then_some((user, email)))
    }

    /// Exchanges the mailed code, in the browser that asked, for what the link would have brought. Each try counts before the
    /// code is looked at, for the challenge and for whom and where it comes from.
    pub async fn enter_reset_code(
        &self,
        id: &str,
        code: &str,
        browser: &str,
        origin: &Origin,
    ) -> Result<OpaqueToken, LoginError> {
        let attempt = self.reserve(None, id, origin).await?;
        let now = self.now();
        let tried = self.store.try_code(id, PURPOSE, &browser_hash(id, browser), MAX_TRIES, now.millis()).await?;
        let Some(challenge) = tried.filter(|challenge| challenge.user_id.is_some()) else {
            return Err(LoginError::Rejected);
        };
        let code: String = code.chars().filter(char::is_ascii_digit).collect();
        let right = self.open_code(&challenge).is_some_and(|right| right.as_bytes().ct_eq(code.as_bytes()).into());
        let row: uuid::Uuid = challenge.id.parse().map_err(|_| LoginError::Rejected)?;
        let token = OpaqueToken::generate(TokenKind::MailLink, row, self.random.as_ref());
        if !right || !self.store.exchange_code(&challenge.id, hash(&token).as_bytes(), now.millis()).await? {
            self.audit("reset_code_failed", challenge.user_id.as_deref(), None, origin, &json!({}));
            return Err(LoginError::Rejected);
        }
        self.refund(attempt).await?;
        Ok(token)
    }

    /// Whether a link still works. Uses nothing up.
    pub async fn reset_link_works(&self, token: &str) -> storage::Result<bool> {
        let Some(token) = OpaqueToken::parse(TokenKind::MailLink, token) else { return Ok(false) };
        let (id, hash) = (token.id.to_string(), hash(&token));
        let found = self.store.find_challenge(&id, PURPOSE, hash.as_bytes(), self.now().millis()).await?;
        Ok(found.is_some_and(|challenge| challenge.user_id.is_some()))
    }

    /// Uses a link: of any number of concurrent attempts one sets its password, and everything that the account was signed in
    /// to ends. The password is checked before the link is spent.
    pub async fn reset_password(
        &self,
        token: &str,
        password: &SecretString,
        origin: &Origin,
    ) -> Result<Reset, ResetError> {
        let token = OpaqueToken::parse(TokenKind::MailLink, token).ok_or(ResetError::DeadLink)?;
        let (id, hash, now) = (token.id.to_string(), hash(&token), self.now().millis());
        let found = self.store.find_challenge(&id, PURPOSE, hash.as_bytes(), now).await?;
        let found = found.ok_or(ResetError::DeadLink)?;
        let details: Details = serde_json::from_str(&found.details).unwrap_or_default();
        let user_id = found.user_id.ok_or(ResetError::DeadLink)?;
        let user = self.store.find_user(&user_id).await?.filter(|user| user.disabled_at.is_none());
        let user = user.ok_or(ResetError::DeadLink)?;
        let new_hash = self.hash_new_password(password, &user.username, user.email.as_deref()).await?;
        let spent = self.store.consume_challenge(&id, PURPOSE, hash.as_bytes(), now).await?;
        spent.ok_or(ResetError::DeadLink)?;
        self.store_password(&user.id, &new_hash).await?;
        self.audit("password_reset", Some(&user.id), None, origin, &json!({}));
        self.notify(&user, Notice::PasswordChanged).await;
        Ok(Reset { user, transaction: details.transaction })
    }

    fn six_digits(&self) -> String {
        let mut bytes = [0_u8; 8];
        self.random.fill(&mut bytes);
        format!("{:06}", u64::from_be_bytes(bytes) % 1_000_000)
    }

    fn seal_code(&self, id: &str, code: &str) -> Option<Vec<u8>> {
        let outbox = self.outbox.as_ref()?;
        Some(outbox.sealer.seal(&code_purpose(id), code.as_bytes(), self.random.as_ref()))
    }

    fn open_code(&self, challenge: &ChallengeRecord) -> Option<String> {
        let outbox = self.outbox.as_ref()?;
        let plain = outbox.sealer.open(&code_purpose(&challenge.id), challenge.code_sealed.as_ref()?).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }
}

fn hash(token: &OpaqueToken) -> TokenHash {
    TokenHash::of(&format!("{PURPOSE}:{}", token.expose()))
}

fn browser_hash(id: &str, browser: &str) -> Vec<u8> {
    TokenHash::of(&format!("{id}:{browser}")).as_bytes().to_vec()
}

fn code_purpose(id: &str) -> String {
    format!("email_code:{id}")
}
