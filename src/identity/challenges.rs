//! What a mailed link or code proves: that whoever comes with it reads the mails of an address. The link works in every
//! browser, the code in the one that asked.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::throttle::named;
use super::users::normalise_login;
use super::{Identity, LoginError, Origin, device_of};
use crate::base::{OpaqueToken, Timestamp, TokenHash, TokenKind, new_id};
use crate::storage::{self, ChallengeRecord, Challenges as _, Throttles as _, UserRecord, Users as _};

/// How long link and code work.
pub const MAIL_LINK_TTL: Duration = Duration::from_mins(30);
/// Codes that may be tried before the link alone is left.
const MAX_TRIES: i64 = 5;
/// Requests from one place within the window before delays begin.
const FREE_REQUESTS: u32 = 20;

/// What a link is good for. Part of what is hashed, so that no link does what another was mailed for (S211).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    PasswordReset,
    /// The person signs in. By code alone: there is no link.
    SignIn,
    /// The address is to become the person's own.
    Email,
    /// The address is to have an account.
    Registration,
    /// As an operator has wished.
    Invitation,
}

impl Purpose {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PasswordReset => "password_reset",
            Self::SignIn => "sign_in",
            Self::Email => "email",
            Self::Registration => "registration",
            Self::Invitation => "invitation",
        }
    }

    fn hash(self, token: &OpaqueToken) -> TokenHash {
        TokenHash::of(&format!("{}:{}", self.name(), token.expose()))
    }
}

/// What a person wanted to sign in for when they asked for a mail.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WayOn {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// A page of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What is kept with a challenge.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Details {
    #[serde(flatten)]
    pub way_on: WayOn,
    /// Nobody was shown the link but whoever reads the mails of its address.
    #[serde(default)]
    pub mailed: bool,
    /// The name or address that was typed to ask for it, hashed: what wrong codes count against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_for: Option<String>,
}

impl Details {
    /// Of a mail that somebody asks for by the name or address `login`.
    pub fn asked(login: &str, way_on: WayOn) -> Self {
        let login = normalise_login(login).unwrap_or_default();
        Self { way_on, mailed: true, asked_for: Some(named(&login)) }
    }

    pub fn of(challenge: &ChallengeRecord) -> Self {
        serde_json::from_str(&challenge.details).unwrap_or_default()
    }
}

/// A challenge that was just made, with what goes into its mail.
pub(super) struct Issued {
    pub id: String,
    pub token: String,
    pub code: String,
    pub expires_at: Timestamp,
}

impl Identity {
    /// Counts a request for a mail against where it comes from, and against `user` where there is one.
    pub(super) async fn reserve_mail_request(
        &self,
        user: Option<&UserRecord>,
        origin: &Origin,
    ) -> Result<(), LoginError> {
        let mut keys = vec![self.throttle_key(&format!("mail_request:{}", origin.throttle_key()), FREE_REQUESTS)];
        keys.extend(user.map(|user| self.throttle_key(&format!("mail_request:user:{}", user.id), FREE_REQUESTS)));
        self.reserve_keys(&keys, origin).await?;
        Ok(())
    }

    /// Makes a link and a code, the latter for the browser named `browser`.
    pub(super) async fn issue_challenge(
        &self,
        purpose: Purpose,
        browser: &str,
        email: Option<&str>,
        details: &Details,
    ) -> storage::Result<Issued> {
        let (token, mut challenge) = self.draw_link(purpose, details, self.now().plus(MAIL_LINK_TTL));
        let (id, code) = (challenge.id.clone(), self.six_digits());
        challenge.code_sealed = self.seal_code(&id, &code);
        challenge.browser_hash = Some(browser_hash(&id, browser));
        challenge.email = email.map(str::to_owned);
        self.store.insert_challenge(&challenge).await?;
        let expires_at = Timestamp::from_millis(challenge.expires_at);
        Ok(Issued { id, token: token.expose().to_owned(), code, expires_at })
    }

    /// A link without a code, not yet stored.
    pub(super) fn draw_link(
        &self,
        purpose: Purpose,
        details: &Details,
        expires_at: Timestamp,
    ) -> (OpaqueToken, ChallengeRecord) {
        let (now, random) = (self.now(), self.random.as_ref());
        let token = OpaqueToken::generate(TokenKind::MailLink, new_id(now, random), random);
        let challenge = ChallengeRecord {
            id: token.id.to_string(),
            purpose: purpose.name().to_owned(),
            secret_hash: purpose.hash(&token).as_bytes().to_vec(),
            code_sealed: None,
            browser_hash: None,
            user_id: None,
            email: None,
            details: json!(details).to_string(),
            tries: 0,
            created_at: now.millis(),
            expires_at: expires_at.millis(),
            consumed_at: None,
        };
        (token, challenge)
    }

    /// Counts an attempt to make an account against where it comes from.
    pub(super) async fn reserve_registration(&self, origin: &Origin) -> Result<(), LoginError> {
        let key = self.throttle_key(&format!("registration:{}", origin.throttle_key()), FREE_REQUESTS);
        self.reserve_keys(&[key], origin).await?;
        Ok(())
    }

    /// Whether one more mail may go to this address; it is counted. Within an hour there are `mail.hourly_limit` in all, and one
    /// less for strangers: those who ask in a browser that the owner has not signed in with. They would keep the owner's own
    /// mails from them.
    pub(super) async fn may_mail(&self, email: &str, by_a_stranger: bool) -> storage::Result<bool> {
        let (now, hour) = (self.now(), Duration::from_hours(1));
        let (name, most) = (named(email), i64::from(self.config.mail.hourly_limit));
        let limit = |key, most: i64| storage::ThrottleKey {
            key,
            free: most.max(1) - 1,
            base_ms: 3_600_000,
            cap_ms: 3_600_000,
            is_rate: true,
        };
        let mut limits = vec![limit(format!("mail:{name}"), most)];
        if by_a_stranger {
            limits.push(limit(format!("mail:strangers:{name}"), most - 1));
        }
        Ok(self.store.reserve_attempt(&limits, now.millis(), now.minus(hour).millis()).await?.is_ok())
    }

    /// Finds out whom a mail goes to that was asked for by name, within the limit of mails that one address is sent; `None`
    /// when nobody. `device` names the browser in which they were.
    pub(super) async fn recipient_by_login(
        &self,
        purpose: Purpose,
        challenge: &str,
        (login, device): (&str, Option<&str>),
    ) -> storage::Result<Option<(UserRecord, String)>> {
        let Some(login) = normalise_login(login) else { return Ok(None) };
        let user = self.store.find_user_by_login(&login).await?;
        let Some(user) = user.filter(|user| user.disabled_at.is_none() && user.email_verified) else { return Ok(None) };
        let Some(email) = user.email.clone() else { return Ok(None) };
        let device = device.map(|device| device_of(device, &user.id));
        let is_known = self.known_device(device, &user.id).await?.is_some();
        if !self.may_mail(&email, !is_known).await? {
            return Ok(None);
        }
        let now = self.now().millis();
        let live = self.store.address_challenge(challenge, purpose.name(), &user.id, now).await?;
        Ok(live.then_some((user, email)))
    }

    /// Exchanges the mailed code, in the browser that asked, for what the link would have brought. Each try counts before the
    /// code is looked at, for the challenge and for whom and where it comes from.
    pub async fn enter_mail_code(
        &self,
        purpose: Purpose,
        id: &str,
        code: &str,
        browser: &str,
        origin: &Origin,
    ) -> Result<OpaqueToken, LoginError> {
        let (now, browser) = (self.now(), browser_hash(id, browser));
        let asked = self.store.find_challenge_of_browser(id, purpose.name(), &browser, now.millis()).await?;
        let attempt = self.reserve_mail_code(asked.as_ref(), origin).await?;
        let tried = self.store.try_code(id, purpose.name(), &browser, MAX_TRIES, now.millis()).await?;
        let Some(challenge) = tried.filter(is_addressed) else {
            return Err(LoginError::Rejected);
        };
        let code: String = code.chars().filter(char::is_ascii_digit).collect();
        let right = self.open_code(&challenge).is_some_and(|right| right.as_bytes().ct_eq(code.as_bytes()).into());
        let row: uuid::Uuid = challenge.id.parse().map_err(|_| LoginError::Rejected)?;
        let token = OpaqueToken::generate(TokenKind::MailLink, row, self.random.as_ref());
        let hash = purpose.hash(&token);
        if !right || !self.store.exchange_code(&challenge.id, hash.as_bytes(), now.millis()).await? {
            let event = match purpose {
                Purpose::PasswordReset => "reset_code_failed",
                Purpose::SignIn => "sign_in_code_failed",
                Purpose::Email => "email_code_failed",
                Purpose::Registration | Purpose::Invitation => "registration_code_failed",
            };
            self.audit(event, challenge.user_id.as_deref(), None, origin, &json!({}));
            return Err(LoginError::Rejected);
        }
        self.refund(attempt).await?;
        Ok(token)
    }

    /// What a link opens, if it still works and it is known whose it is. Uses nothing up.
    pub(super) async fn find_mail_link(
        &self,
        purpose: Purpose,
        token: &str,
    ) -> storage::Result<Option<ChallengeRecord>> {
        let Some(token) = OpaqueToken::parse(TokenKind::MailLink, token) else { return Ok(None) };
        let (id, hash) = (token.id.to_string(), purpose.hash(&token));
        let found = self.store.find_challenge(&id, purpose.name(), hash.as_bytes(), self.now().millis()).await?;
        Ok(found.filter(is_addressed))
    }

    /// Uses a link: of any number of concurrent attempts one gets it.
    pub(super) async fn spend_mail_link(
        &self,
        purpose: Purpose,
        token: &str,
    ) -> storage::Result<Option<ChallengeRecord>> {
        let Some(token) = OpaqueToken::parse(TokenKind::MailLink, token) else { return Ok(None) };
        let (id, hash) = (token.id.to_string(), purpose.hash(&token));
        self.store.consume_challenge(&id, purpose.name(), hash.as_bytes(), self.now().millis()).await
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

/// Whether it was found out whose it is: until then no mail has left.
fn is_addressed(challenge: &ChallengeRecord) -> bool {
    challenge.user_id.is_some() || challenge.email.is_some()
}

fn browser_hash(id: &str, browser: &str) -> Vec<u8> {
    TokenHash::of(&format!("{id}:{browser}")).as_bytes().to_vec()
}

fn code_purpose(id: &str) -> String {
    format!("email_code:{id}")
}
