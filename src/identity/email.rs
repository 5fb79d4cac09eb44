//! A person's own address: it becomes theirs, and counts as verified, only by a link or code that was mailed to it.

use serde_json::json;

use super::challenges::{Details, Purpose, WayOn};
use super::outbox::{Content, Message, Notice};
use super::profile::chosen;
use super::users::normalise_email;
use super::{ActiveSession, Identity, LoginError, Origin, UserError};
use crate::storage::{self, Challenges as _, Error, UserRecord, Users as _};

#[derive(Debug, thiserror::Error)]
pub enum EmailError {
    #[error("this is no e-mail address")]
    NoAddress,
    #[error("this address is the account's own already")]
    Same,
    #[error("this link has been used or has expired")]
    DeadLink,
    #[error("this address belongs to another account")]
    Taken,
    #[error(transparent)]
    Login(#[from] LoginError),
    #[error(transparent)]
    Storage(#[from] Error),
}

impl Identity {
    /// Sends a link and a code to the address that is to be the person's own, in the same way whether it is another's or
    /// not. Gives the id that the code is entered for, in the browser named `browser`.
    pub async fn ask_for_email(
        &self,
        user: &UserRecord,
        email: &str,
        browser: &str,
        locale: &str,
        origin: &Origin,
    ) -> Result<String, EmailError> {
        let email = normalise_email(email).ok_or(EmailError::NoAddress)?;
        if user.email_verified && user.email.as_ref() == Some(&email) {
            return Err(EmailError::Same);
        }
        self.reserve_mail_request(Some(user), origin).await?;
        let details = Details::asked(&email, WayOn::default());
        let issued = self.issue_challenge(Purpose::Email, browser, Some(&email), &details).await?;
        let content = Content {
            username: Some(user.username.clone()),
            login: Some(email),
            device: None,
            locale: Some(chosen(user, "locale"))
                .filter(|locale| !locale.is_empty())
                .unwrap_or_else(|| locale.to_owned()),
            zoneinfo: chosen(user, "zoneinfo"),
            message: Message::ConfirmEmail { challenge: issued.id.clone(), token: issued.token, code: issued.code },
        };
        // Earlier links of the person end here: nobody but them has asked.
        let now = self.now().millis();
        self.store.address_challenge(&issued.id, Purpose::Email.name(), &user.id, now).await?;
        self.queue_until(&content, None, Some(user.id.clone()), issued.expires_at).await?;
        Ok(issued.id)
    }

    /// Whether the mail about an address is sent to it, within the limit of mails that one address is sent. Where it is
    /// another's already, its owner is told instead.
    pub(super) async fn may_ask_address(&self, email: &str, user_id: &str) -> storage::Result<bool> {
        let holder = self.store.find_user_by_login(email).await?.filter(|holder| holder.id != user_id);
        if !self.may_mail(email, holder.is_some()).await? {
            return Ok(false);
        }
        if let Some(holder) = &holder {
            self.notify(holder, Notice::AddressWanted, "").await;
        }
        Ok(holder.is_none())
    }

    /// The address that a link is about, where it still works and is this person's. Uses nothing up.
    pub async fn email_of_link(&self, user: &UserRecord, token: &str) -> storage::Result<Option<String>> {
        let found = self.find_mail_link(Purpose::Email, token).await?;
        let found = found.filter(|challenge| challenge.user_id.as_ref() == Some(&user.id));
        Ok(found.and_then(|challenge| challenge.email))
    }

    /// Uses a link of this person: its address is theirs from now on, and the old one is told. Other mailed links of the
    /// person end.
    pub async fn confirm_email(&self, session: &ActiveSession, token: &str, origin: &Origin) -> Result<(), EmailError> {
        let user = &session.user;
        // Looked at first, so that a link does not end at somebody whose it is not.
        let email = self.email_of_link(user, token).await?.ok_or(EmailError::DeadLink)?;
        self.spend_mail_link(Purpose::Email, token).await?.ok_or(EmailError::DeadLink)?;
        if self.store.find_user_by_login(&email).await?.is_some_and(|holder| holder.id != user.id) {
            return Err(EmailError::Taken);
        }
        match self
            .store
            .set_email(&user.id, Some(&email), true, Some(user.tokens_not_before), self.now().millis())
            .await
        {
            Ok(true) => {}
            Ok(false) => return Err(EmailError::DeadLink),
            Err(Error::Conflict(_)) => return Err(EmailError::Taken),
            Err(error) => return Err(error.into()),
        }
        if user.email.as_ref() == Some(&email) {
            self.audit("email_verified", Some(&user.id), Some(&session.sid), origin, &json!({}));
        } else {
            self.audit("email_changed", Some(&user.id), Some(&session.sid), origin, &json!({}));
            self.notify(user, Notice::EmailChanged { to: email }, origin.locale).await;
        }
        Ok(())
    }

    /// Gives a user an address, as the operator knows it; the old one is told.
    pub async fn set_email(
        &self,
        user: &UserRecord,
        email: &str,
        verified: bool,
        origin: &Origin,
    ) -> Result<(), UserError> {
        let email = normalise_email(email).ok_or(UserError::Email)?;
        if self.store.find_user_by_login(&email).await?.is_some_and(|holder| holder.id != user.id) {
            return Err(Error::Conflict("email").into());
        }
        if !self.store.set_email(&user.id, Some(&email), verified, None, self.now().millis()).await? {
            return Err(UserError::Unknown);
        }
        self.audit("email_changed", Some(&user.id), None, origin, &json!({ "verified": verified }));
        if user.email.as_ref() != Some(&email) {
            self.notify(user, Notice::EmailChanged { to: email }, origin.locale).await;
        }
        Ok(())
    }
}
