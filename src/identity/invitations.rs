//! Invitations to make an account with one's own address.

use serde_json::json;

use super::challenges::{Details, Purpose};
use super::outbox::{Content, Message};
use super::users::normalise_email;
use super::{Identity, Origin};
use crate::base::{OpaqueToken, Timestamp};
use crate::config::RegistrationMode;
use crate::storage::{self, ChallengeRecord, Challenges as _, Error, NewAccounts as _, Users as _};

/// How an invitation reaches whom it is for.
pub enum Invited {
    ByMail {
        expires_at: Timestamp,
    },
    /// No mail is written here: whoever has invited hands it over.
    ByLink {
        token: OpaqueToken,
        expires_at: Timestamp,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    #[error("registration.mode is off: set it to invitation")]
    Off,
    #[error("this is no e-mail address")]
    NoAddress,
    #[error("somebody signs in with this address already")]
    HasAccount,
    #[error(transparent)]
    Storage(#[from] Error),
}

impl Identity {
    /// Invites whoever reads the mails of `email` to make an account with that address; earlier invitations of it end.
    pub async fn invite(&self, email: &str, origin: &Origin) -> Result<Invited, InvitationError> {
        let registration = &self.config.registration;
        if registration.mode == RegistrationMode::Off {
            return Err(InvitationError::Off);
        }
        let email = normalise_email(email).ok_or(InvitationError::NoAddress)?;
        if self.store.find_user_by_login(&email).await?.is_some() {
            return Err(InvitationError::HasAccount);
        }
        let (now, mailed) = (self.now(), self.writes_mails());
        let expires_at = now.plus(registration.invitation_ttl.duration());
        let details = Details { mailed, ..Details::default() };
        let (token, challenge) = self.draw_link(Purpose::Invitation, &details, expires_at);
        self.store.insert_challenge(&challenge).await?;
        self.store.address_registration(&challenge.id, Purpose::Invitation.name(), &email, now.millis()).await?;
        self.audit("user_invited", None, None, origin, &json!({ "mailed": mailed }));
        if !mailed {
            return Ok(Invited::ByLink { token, expires_at });
        }
        let content = Content {
            username: None,
            login: None,
            device: None,
            locale: String::new(),
            zoneinfo: String::new(),
            message: Message::Invitation { token: token.expose().to_owned(), expires_at },
        };
        self.queue(&content, Some(email), None).await?;
        Ok(Invited::ByMail { expires_at })
    }

    /// Invitations that can still be used, the oldest first.
    pub async fn invitations(&self) -> storage::Result<Vec<ChallengeRecord>> {
        self.store.list_challenges(Purpose::Invitation.name(), self.now().millis()).await
    }

    /// Takes back what `email` was invited by. False when there is nothing.
    pub async fn uninvite(&self, email: &str, origin: &Origin) -> storage::Result<bool> {
        let Some(email) = normalise_email(email) else { return Ok(false) };
        let ended = self.store.end_challenges(Purpose::Invitation.name(), &email, self.now().millis()).await?;
        if ended {
            self.audit("user_uninvited", None, None, origin, &json!({}));
        }
        Ok(ended)
    }
}
