//! A new password for whoever has lost theirs: by a mailed link, or by the code in the same mail, in the browser that asked.

use secrecy::SecretString;
use serde_json::json;

use super::challenges::{Details, Purpose, WayOn};
use super::outbox::{Content, Message, Notice};
use super::{Identity, LoginError, Origin, UserError};
use crate::storage::{self, UserRecord, Users as _};

#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    #[error("this link has been used or has expired")]
    DeadLink,
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

/// Where a link that still works leads.
pub struct PendingReset {
    pub user: UserRecord,
    pub way_on: WayOn,
}

impl Identity {
    /// Starts a reset for whoever `login` names, in the same way whether there is such a person or not: who it is, is looked
    /// up when the mail is sent. Gives the id that the code is entered for, in the browser named `browser`; `way_on` comes
    /// back with the new password.
    pub async fn ask_for_reset(
        &self,
        login: &str,
        browser: &str,
        way_on: WayOn,
        locale: &str,
        origin: &Origin,
    ) -> Result<String, LoginError> {
        self.reserve_mail_request(None, origin).await?;
        let details = Details::asked(login, way_on);
        let issued = self.issue_challenge(Purpose::PasswordReset, browser, None, &details).await?;
        let content = Content {
            username: None,
            login: Some(login.chars().take(256).collect()),
            device: origin.device.clone(),
            locale: locale.to_owned(),
            zoneinfo: String::new(),
            message: Message::PasswordReset { challenge: issued.id.clone(), token: issued.token, code: issued.code },
        };
        self.queue_until(&content, None, None, issued.expires_at).await?;
        Ok(issued.id)
    }

    /// Where a link leads, if it still works. Uses nothing up.
    pub async fn find_reset(&self, token: &str) -> storage::Result<Option<PendingReset>> {
        let Some(challenge) = self.find_mail_link(Purpose::PasswordReset, token).await? else { return Ok(None) };
        let Some(user_id) = &challenge.user_id else { return Ok(None) };
        let user = self.store.find_user(user_id).await?.filter(|user| user.disabled_at.is_none());
        Ok(user.map(|user| PendingReset { user, way_on: Details::of(&challenge).way_on }))
    }

    /// Uses a link: of any number of concurrent attempts one sets its password, and everything that the account was signed in
    /// to ends. The password is checked before the link is spent.
    pub async fn reset_password(
        &self,
        token: &str,
        password: &SecretString,
        end_keys: bool,
        origin: &Origin,
    ) -> Result<UserRecord, ResetError> {
        let PendingReset { user, .. } = self.find_reset(token).await?.ok_or(ResetError::DeadLink)?;
        let new_hash = self.hash_new_password(password, &user.username, user.email.as_deref()).await?;
        self.spend_mail_link(Purpose::PasswordReset, token).await?.ok_or(ResetError::DeadLink)?;
        let (_, keys) = self.store_password(&user.id, &new_hash, None, end_keys).await?;
        self.audit("password_reset", Some(&user.id), None, origin, &json!({}));
        self.audit_ended_keys(&user.id, &keys, "owner", origin);
        self.notify(&user, Notice::PasswordChanged, origin.locale).await;
        Ok(user)
    }
}
