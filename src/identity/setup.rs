use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{Identity, NewUser, Notice, Origin, UserError};
use crate::base::{OpaqueToken, TokenKind, new_id};
use crate::storage::{self, SetupLinkRecord, SetupLinks, UserRecord, Users};

/// How long a set-up link works.
const LINK_TTL: Duration = Duration::from_hours(1);

/// What an operator enters behind a set-up link.
#[derive(Debug)]
pub struct SetupForm {
    /// The link's token.
    pub code: SecretString,
    /// Ignored when the link lets an existing administrator back in.
    pub username: String,
    pub email: Option<String>,
    pub password: SecretString,
}

#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("this link has been used or has expired; `portcullis admin login-link` makes a new one")]
    DeadLink,
    #[error("there is an administrator already; `portcullis admin login-link` makes a link for them")]
    AdminExists,
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

impl Identity {
    /// Makes a one-time link: for the first administrator while there is none, else for the one there is.
    pub async fn make_setup_link(&self) -> storage::Result<OpaqueToken> {
        let now = self.now();
        let token =
            OpaqueToken::generate(TokenKind::SetupLink, new_id(now, self.random.as_ref()), self.random.as_ref());
        let admin = self.store.any_admin().await?;
        self.store
            .insert_setup_link(&SetupLinkRecord {
                id: token.id.to_string(),
                secret_hash: token.hash().as_bytes().to_vec(),
                user_id: admin.map(|admin| admin.id),
                created_at: now.millis(),
                expires_at: now.plus(LINK_TTL).millis(),
                consumed_at: None,
            })
            .await?;
        Ok(token)
    }

    /// Uses a link: makes the first administrator, of any number of concurrent attempts exactly once, or gives the
    /// existing one a new password. The form is checked before the link is spent.
    pub async fn redeem_setup_link(&self, form: SetupForm, origin: &Origin) -> Result<UserRecord, SetupError> {
        let token =
            OpaqueToken::parse(TokenKind::SetupLink, form.code.expose_secret().trim()).ok_or(SetupError::DeadLink)?;
        let (id, hash, now) = (token.id.to_string(), token.hash(), self.now());
        let link = self.store.find_setup_link(&id, hash.as_bytes(), now.millis()).await?.ok_or(SetupError::DeadLink)?;
        let spend = async || -> Result<(), SetupError> {
            let spent = self.store.consume_setup_link(&id, hash.as_bytes(), now.millis()).await?;
            spent.map(drop).ok_or(SetupError::DeadLink)
        };
        let user = if let Some(user_id) = &link.user_id {
            let user = self.store.find_user(user_id).await?.ok_or(SetupError::DeadLink)?;
            let password_hash = self.hash_new_password(&form.password, &user.username, user.email.as_deref()).await?;
            spend().await?;
            self.store_password(&user.id, &password_hash, None, false).await?;
            self.notify(&user, Notice::PasswordChanged, origin.locale).await;
            user
        } else {
            if self.store.any_admin().await?.is_some() {
                return Err(SetupError::AdminExists);
            }
            let new = NewUser {
                username: form.username,
                email: form.email,
                password: Some(form.password),
                is_admin: true,
                ..NewUser::default()
            };
            self.check_free(&new).await?;
            let record = self.new_record(new).await?;
            spend().await?;
            if !self.store.insert_first_admin(&record).await? {
                return Err(SetupError::AdminExists);
            }
            record
        };
        self.audit("setup_link_used", Some(&user.id), None, origin, &json!({ "first_admin": link.user_id.is_none() }));
        Ok(user)
    }
}
