//! Accounts that people make themselves: with an address by a mailed link or code, without one where no mail is written.

use secrecy::SecretString;
use serde_json::json;

use super::challenges::{Details, Purpose, WayOn};
use super::outbox::{Content, Message};
use super::users::normalise_email;
use super::{Identity, LoginError, NewUser, Origin, UserError, normalise_username};
use crate::config::RegistrationMode;
use crate::storage::{self, ChallengeRecord, Error, NewAccounts as _, UserRecord, Users as _};

/// What lets somebody make an account.
#[derive(Debug)]
pub enum Admission {
    /// Everybody may.
    Open,
    /// Whoever comes by this link.
    Link(Box<ChallengeRecord>),
}

impl Admission {
    /// The address that the account is for.
    pub fn email(&self) -> Option<&str> {
        match self {
            Self::Open => None,
            Self::Link(link) => link.email.as_deref(),
        }
    }

    /// Whether nobody but whoever reads the mails of the address can have come by the link.
    fn shows_address(&self) -> bool {
        match self {
            Self::Open => false,
            Self::Link(link) => link.email.is_some() && Details::of(link).mailed,
        }
    }

    /// What the person wanted to sign in for when they asked, where they did.
    pub fn way_on(&self) -> Option<WayOn> {
        match self {
            Self::Open => None,
            Self::Link(link) => Some(Details::of(link).way_on),
        }
    }
}

/// What somebody fills in.
pub struct NewAccount {
    pub username: String,
    pub password: SecretString,
    /// The version of the terms that they accept.
    pub accepts: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    #[error("this is no e-mail address")]
    NoAddress,
    #[error("an account cannot have an address of this domain")]
    Domain,
    #[error("this link has been used or has expired")]
    DeadLink,
    #[error("the terms are not accepted")]
    Terms,
    #[error("a user name that looks like an address must be the account's own")]
    ForeignAddress,
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    Login(#[from] LoginError),
    #[error(transparent)]
    Storage(#[from] Error),
}

impl Identity {
    /// Sends a link and a code to whoever wants an account, in the same way whether the address has one or not: that is
    /// looked up when the mail is sent. Gives the id that the code is entered for, in the browser named `browser`.
    pub async fn ask_for_account(
        &self,
        email: &str,
        browser: &str,
        way_on: WayOn,
        locale: &str,
        origin: &Origin,
    ) -> Result<String, RegistrationError> {
        let email = normalise_email(email).ok_or(RegistrationError::NoAddress)?;
        if !self.config.registration.admits(&email) {
            return Err(RegistrationError::Domain);
        }
        self.reserve_mail_request(None, origin).await?;
        let details = Details::asked(&email, way_on);
        let issued = self.issue_challenge(Purpose::Registration, browser, None, &details).await?;
        let content = Content {
            username: None,
            login: Some(email),
            device: None,
            locale: locale.to_owned(),
            zoneinfo: String::new(),
            message: Message::Registration { challenge: issued.id.clone(), token: issued.token, code: issued.code },
        };
        self.queue_until(&content, None, None, issued.expires_at).await?;
        Ok(issued.id)
    }

    /// Whether the mail about a new account is sent to `email`, within the limit of mails that one address is sent. Where it
    /// has an account, its owner is told instead.
    pub(super) async fn may_register(&self, challenge: &str, email: &str, locale: &str) -> storage::Result<bool> {
        let holder = self.store.find_user_by_login(email).await?;
        if !self.may_mail(email, holder.is_some()).await? {
            return Ok(false);
        }
        if let Some(holder) = holder {
            self.tell_account_exists(&holder, email, locale).await?;
            return Ok(false);
        }
        self.store.address_registration(challenge, Purpose::Registration.name(), email, self.now().millis()).await
    }

    /// What whoever comes with `token`, or with none, may make an account by; `None` when nothing.
    pub async fn admission(&self, token: &str) -> storage::Result<Option<Admission>> {
        let registration = &self.config.registration;
        if registration.mode == RegistrationMode::Off {
            return Ok(None);
        }
        if let Some(link) = self.find_mail_link(Purpose::Invitation, token).await? {
            return Ok(Some(Admission::Link(Box::new(link))));
        }
        if registration.is_open() && !self.writes_mails() {
            return Ok(Some(Admission::Open));
        }
        let found = self.find_mail_link(Purpose::Registration, token).await?;
        let found = found.filter(|link| link.email.as_ref().is_some_and(|email| registration.admits(email)));
        Ok(found.map(|link| Admission::Link(Box::new(link))))
    }

    /// Makes the account: of any number of concurrent attempts with a link one does. Everything is checked before the link is
    /// spent.
    pub async fn register(
        &self,
        admission: &Admission,
        new: NewAccount,
        origin: &Origin,
    ) -> Result<UserRecord, RegistrationError> {
        self.reserve_registration(origin).await?;
        let terms = self.config.registration.terms().map(|terms| terms.version);
        if terms != new.accepts.as_deref().filter(|_| terms.is_some()) {
            return Err(RegistrationError::Terms);
        }
        let email = admission.email();
        let username = normalise_username(&new.username).ok_or(UserError::Username)?;
        if username.contains('@') && Some(username.as_str()) != email {
            return Err(RegistrationError::ForeignAddress);
        }
        let link = match admission {
            Admission::Open => None,
            Admission::Link(link) => Some(link.as_ref()),
        };
        let new = NewUser {
            username,
            email: email.map(str::to_owned),
            email_verified: admission.shows_address(),
            password: Some(new.password),
            ..NewUser::default()
        };
        self.check_free(&new).await?;
        let user = self.new_record(new).await?;
        if !self.store.insert_new_account(&user, link, terms).await? {
            return Err(RegistrationError::DeadLink);
        }
        self.begin_with_browser(&user, origin).await?;
        self.audit("user_registered", Some(&user.id), None, origin, &json!({ "terms": terms }));
        Ok(user)
    }
}
