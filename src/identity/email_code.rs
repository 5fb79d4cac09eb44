//! Signing in by a code that is mailed to one's address.

use super::challenges::{Details, Purpose, WayOn};
use super::outbox::{Content, Message};
use super::{Identity, LoginError, Origin};
use crate::base::Timestamp;
use crate::storage::{UserRecord, Users as _};

/// Proof that a person reads the mails of their address. Only [`Identity::verify_email_code`] makes one.
#[derive(Debug)]
pub struct EmailCodeVerified {
    user: UserRecord,
    at: Timestamp,
}

impl EmailCodeVerified {
    pub fn user(&self) -> &UserRecord {
        &self.user
    }

    pub fn at(&self) -> Timestamp {
        self.at
    }
}

impl Identity {
    /// Mails a code to whoever `login` names, in the same way whether there is such a person or not: who it is, is looked up
    /// when the mail is sent. Gives the id that the code is entered for, in the browser named `browser`.
    pub async fn ask_for_sign_in_code(
        &self,
        login: &str,
        browser: &str,
        locale: &str,
        origin: &Origin,
    ) -> Result<String, LoginError> {
        self.reserve_mail_request(None, origin).await?;
        let issued =
            self.issue_challenge(Purpose::SignIn, browser, None, &Details::asked(login, WayOn::default())).await?;
        let content = Content {
            username: None,
            login: Some(login.chars().take(256).collect()),
            device: origin.device.clone(),
            locale: locale.to_owned(),
            zoneinfo: String::new(),
            message: Message::SignInCode { challenge: issued.id.clone(), code: issued.code },
        };
        self.queue_until(&content, None, None, issued.expires_at).await?;
        Ok(issued.id)
    }

    /// Uses a code, in the browser that asked: of any number of concurrent attempts one signs in.
    pub async fn verify_email_code(
        &self,
        id: &str,
        code: &str,
        browser: &str,
        origin: &Origin,
    ) -> Result<EmailCodeVerified, LoginError> {
        let token = self.enter_mail_code(Purpose::SignIn, id, code, browser, origin).await?;
        let spent = self.spend_mail_link(Purpose::SignIn, token.expose()).await?;
        let user_id = spent.and_then(|challenge| challenge.user_id).ok_or(LoginError::Rejected)?;
        let user = self.store.find_user(&user_id).await?;
        let user = user.filter(|user| user.disabled_at.is_none() && user.email_verified).ok_or(LoginError::Rejected)?;
        Ok(EmailCodeVerified { user, at: self.now() })
    }
}
